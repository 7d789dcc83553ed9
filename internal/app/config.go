// Package app wires the engines and the edges into programs: the server, the demo, the sandbox. It knows
// everybody, so that nobody else has to; it decides nothing about campaigns itself.
package app

import "time"

// Config is everything `arauto serve` can be told. Each field has a flag and an environment variable of
// the same name: Listen is --listen and ARAUTO_LISTEN.
type Config struct {
	Listen   string // host:port
	Data     string // the data directory
	Database string // postgres://…; "" = arauto.db in Data

	Key     string // seals secrets at rest: 32 bytes in base64; "" = read KeyFile
	KeyFile string // "" = key in Data, drawn when it is not there

	TLSCert string // PEM file; "" = plain HTTP
	TLSKey  string // PEM file

	TrustedProxies       []string // CIDRs whose X-Forwarded-For is believed
	LogFormat            string   // text or json
	LogLevel             string   // debug, info, warn or error
	UploadLimit          int64    // bytes of one uploaded file
	TokenRate            int      // requests per second per token that has no rate of its own
	AllowPrivateGraph    bool     // senders may name a Graph address on loopback and private networks
	AllowPrivateWebhooks bool     // endpoints may be told on loopback and private networks, and without TLS
	EventDays            int      // how long what endpoints are told is kept
	MetricsPublic        bool     // /metrics needs no token
	Roles                []string // api, dispatch, inbound, jobs

	Version string // of the program, for the log and the API's document
}

// DemoConfig is a server with a sandbox beside it, and a campaign to look at.
type DemoConfig struct {
	Config
	Contacts int   // in the demo's campaign
	Seed     int64 // the same seed brings the same people
}

// TokenRequest is the API token that `arauto token create` asks for.
type TokenRequest struct {
	Account string    // slug
	Name    string    // what it is for
	Scopes  []string  // read, write, reports, desk, admin
	Expires time.Time // zero = never
}

// UserRequest is what `arauto user create` and `arauto user password` ask for.
type UserRequest struct {
	Account  string // slug; of a user to be made
	Email    string
	Name     string
	Role     string
	Password string // "" = one is drawn and printed, once
}
