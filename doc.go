// Package arauto is the business in nouns: what a contact centre's outreach is made of, the
// state tables that say how each thing lives, and the rules that decide.
//
// A row of a customer's file becomes a Contact of a Campaign. When it is due, the gate (Decide) says
// whether the person may be written to now; then an Attempt is opened, durably, and a Message that
// carries the attempt's reference leaves through a Sender. What the provider reports of it comes back as
// Facts, which move attempt and contact by their tables; what the person writes opens a Conversation or
// makes a Suppression. Reports read contacts, in our words or in a vendor's.
//
// It does no I/O, reads no clock and imports the standard library only. Engines (internal/dispatch,
// internal/inbound, …) act on these nouns, edges (internal/store, internal/whatsapp, …) translate
// them to one outside thing each.
//
// Read first: contact.go (the row every report is about), then campaign.go, attempt.go, fact.go, gate.go.
package arauto
