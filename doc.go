// Package arauto is the business in nouns: what a contact centre's outreach is made of, the
// state tables that say how each thing lives, and the rules that decide.
//
// It does no I/O, reads no clock and imports the standard library only. Engines (internal/dispatch,
// internal/inbound, …) act on these nouns, edges (internal/store, internal/whatsapp, …) translate
// them to one outside thing each.
//
// Read first: contact.go (the row every report is about), then campaign.go, attempt.go, fact.go, gate.go.
package arauto
