package arauto

import (
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Meta's tree is App → Portfolio → WABA → Sender: secrets sit on the app, messaging tiers on the
// portfolio, templates and account facts on the WABA, speed on the sender.

// An App is a Meta app. Its secret signs every webhook, so what a webhook may speak of is what the
// app's own WABAs and numbers are.
type App struct {
	ID   int64
	UUID string // in the webhook's path

	Account int64
	MetaID  string

	Name        string
	Secret      Secret // signs webhooks
	VerifyToken Secret // answers the subscription handshake

	CreatedAt time.Time
}

// A Portfolio is a Meta business portfolio: it shares one budget of people per moving 24 hours.
type Portfolio struct {
	ID, Account, App int64
	MetaID           string
	Name             string
	// Limit is how many people Meta lets it reach in any 24 hours; 0 = no limit, or none that is known.
	Limit int
}

// A WABA is a WhatsApp Business Account.
type WABA struct {
	ID, Account, App, Portfolio int64
	MetaID                      string
	Name                        string
	SyncedAt                    time.Time // of its templates; zero = never
	Pause                       string    // why nothing is sent from any of its numbers, in words; "" = they send
	Cause                       Cause     // of the pause, or of the last one that there was
}

// A Sender is a WhatsApp number that we speak from. It is a line: one node at a time drives it.
type Sender struct {
	ID   int64
	UUID string

	Account int64
	App     int64
	WABA    int64

	Name          string
	WABAMetaID    string
	PhoneNumberID string // Meta's id of the number
	DisplayPhone  Phone
	Token         Secret // Meta access token
	GraphURL      string // base address, "https://graph.facebook.com"
	GraphVersion  string // "v25.0"
	Rate          int    // messages per second
	RampUp        int    // messages on a new number's first day, see RampUp; 0 = it is not being warmed up
	Pause         string // why nothing is sent from it, in words; "" = it sends
	Cause         Cause  // of the pause, or of the last one that there was
	Inherited     bool   // the pause is its WABA's

	CreatedAt time.Time
}

// Defaults of a sender: where Graph is, its version and a standard number's throughput.
const (
	DefaultGraphURL     = "https://graph.facebook.com"
	DefaultGraphVersion = "v25.0"
	DefaultRate         = 80
	HighRate            = 1000 // what Meta raises a number to
)

// Secret is a value that must not reach a log, an answer or a file in the clear.
type Secret string

// String hides the value.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[secret]"
}

// Format hides the value from fmt whatever the verb, also inside a struct whose fields are exported.
func (s Secret) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, s.String()) }

// LogValue hides the value from logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the value from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
