// Package sandbox is a pretend Meta Graph API and the people behind the phone
// numbers: they receive, read, reply, tap buttons, click ads and opt out, and the
// webhooks that say so are signed and sent like Meta's.
//
// It stands alone: it knows nothing of campaigns, stores or engines, and may
// import no other part of the program. It is an http.Handler that opens no
// socket, so it works inside a testing/synctest bubble through InProcess, and
// behind a listener for everything else. docs/guide/emulator.md is its manual.
//
// # Where things are
//
//	fate.go magic.go codes.go      what becomes of a message: by seed and number alone
//	script.go fault.go             what goes wrong, and when: by seed, number and request
//	limits.go sender.go            throughput, pair limit, tier; a number and its upgrade
//	graph.go request.go messages.go templateapi.go media.go sample.go errors.go   Graph's side
//	template.go shelf.go lifecycle.go catalogue.go                      templates
//	dataset.go                     events of the Conversions API
//	hold.go inbound.go referral.go crowd.go                             what people and Meta do unasked
//	queue.go deliver.go webhook.go settings.go verify.go                webhooks
//	ledger.go people.go ledgerfile.go                                   what was received
//	control.go controlverbs.go     the API of the sandbox itself
//
// # People
//
// What becomes of a message is decided by the seed and the recipient's digits
// alone, by Fate. Of ordinary numbers:
//
//	 1 %  the request is refused at once with 131026
//	 4 %  accepted, later failed with 131026
//	 2 %  accepted, later failed with 131049
//	 1 %  accepted, later failed with 131050 (this person stopped marketing)
//	 6 %  sent, never delivered
//	86 %  delivered; of these
//	      70 %  read (2 % of them with no webhook for delivered); of these
//	            35 %  react: 38 % tap a button, 30 % reply to the message, 22 % just
//	                  type (no context), 5 % type an opt-out word, 2 % tap the
//	                  opt-out button, 3 % stop marketing in their settings
//
// People react to templates only, never to free-form messages; Say makes them
// write. A free-form message to someone who has not written for 24 hours is
// accepted and then fails with 131047.
//
// # Magic numbers
//
// Numbers of the form +55 11 97550-0XYZ have a fixed fate: XY chooses it, Z is
// ten people who share it. MagicNumbers lists them; an XY that is not listed is an
// ordinary number. CodeNumber has one for each way of meeting each of Codes.
//
// # Faults
//
// Faults and limits are apart from fates: whoever is sent to again after a fault
// meets the fate that they would have met without it.
package sandbox
