package main

import (
	"context"

	"arauto/internal/app"
)

// programs are the commands that open a database or pretend to be somebody.
type programs struct {
	Serve   serveCmd   `cmd:"" group:"programs" help:"Run the server."`
	Demo    demoCmd    `cmd:"" group:"programs" help:"Run a whole campaign against a pretend Meta: nothing leaves this machine."`
	Sandbox sandboxCmd `cmd:"" group:"programs" help:"Run the pretend Meta alone."`
	Migrate migrateCmd `cmd:"" group:"programs" help:"Bring the database up to this version, and leave."`
	Backup  backupCmd  `cmd:"" group:"programs" help:"Write everything into one file, also while a server runs."`
	Restore restoreCmd `cmd:"" group:"programs" help:"Put a backup into an empty data directory. Its campaigns come up paused."`
}

// serverFlags are app.Config, field for field: what is missing here does not compile.
type serverFlags struct {
	Listen   string `env:"ARAUTO_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where to listen."`
	Data     string `env:"ARAUTO_DATA" default:"./data" placeholder:"DIR" help:"The data directory: the database, the key, uploads. One server at a time may use it."`
	Database string `env:"ARAUTO_DATABASE" placeholder:"URL" help:"postgres://… instead of arauto.db in the data directory."`

	Key     string `env:"ARAUTO_KEY" placeholder:"BASE64" help:"Seals the secrets in the database: 32 bytes. Prefer the variable or the file: others can see a command's flags."`
	KeyFile string `env:"ARAUTO_KEY_FILE" placeholder:"FILE" help:"A file that holds the key; default: key in the data directory, made at the first start."`

	TLSCert string `name:"tls-cert" env:"ARAUTO_TLS_CERT" placeholder:"FILE" help:"Certificate chain (PEM), together with --tls-key. Without them: plain HTTP, for a proxy in front."`
	TLSKey  string `name:"tls-key" env:"ARAUTO_TLS_KEY" placeholder:"FILE" help:"The certificate's private key (PEM)."`

	TrustedProxies       []string `env:"ARAUTO_TRUSTED_PROXIES" placeholder:"CIDR" help:"Proxies whose X-Forwarded-For is believed."`
	LogFormat            string   `env:"ARAUTO_LOG_FORMAT" enum:"text,json" default:"text" help:"text or json."`
	LogLevel             string   `env:"ARAUTO_LOG_LEVEL" enum:"debug,info,warn,error" default:"info" help:"debug, info, warn or error."`
	UploadLimit          int64    `env:"ARAUTO_UPLOAD_LIMIT" type:"bytes" default:"1GB" placeholder:"SIZE" help:"The largest file that may be imported."`
	TokenRate            int      `env:"ARAUTO_TOKEN_RATE" default:"50" placeholder:"N" help:"Requests a second that a token may make, where it has no rate of its own."`
	AllowPrivateGraph    bool     `env:"ARAUTO_ALLOW_PRIVATE_GRAPH" help:"Senders may name a Graph address on this machine or in a private network, such as a sandbox."`
	AllowPrivateWebhooks bool     `env:"ARAUTO_ALLOW_PRIVATE_WEBHOOKS" help:"Endpoints may be addresses on this machine or in a private network, and plain http."`
	EventDays            int      `env:"ARAUTO_EVENT_DAYS" default:"7" placeholder:"DAYS" help:"How long what endpoints are told is kept, for looking up and telling again."`
	MetricsPublic        bool     `env:"ARAUTO_METRICS_PUBLIC" help:"/metrics needs no token."`
	Roles                []string `env:"ARAUTO_ROLES" enum:"api,dispatch,inbound,jobs" default:"api,dispatch,inbound,jobs" placeholder:"ROLE" help:"What this node does: api, dispatch, inbound, jobs."`

	Version string `kong:"-"`
}

func (f serverFlags) config() app.Config {
	c := app.Config(f)
	c.Version = version
	return c
}

type serveCmd struct{ serverFlags }

func (k serveCmd) Run(ctx context.Context, s *screen) error {
	if (k.TLSCert == "") != (k.TLSKey == "") {
		return usageError("--tls-cert and --tls-key go together")
	}
	return app.Serve(ctx, k.config(), s.Out)
}
