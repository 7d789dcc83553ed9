package main

import (
	"context"
	"time"

	"arauto/internal/app"
)

// programs are the commands that open a database or pretend to be somebody.
type programs struct {
	Serve   serveCmd   `cmd:"" group:"programs" help:"Run the server."`
	Demo    demoCmd    `cmd:"" group:"programs" help:"Run a whole campaign against a pretend Meta: nothing leaves this machine."`
	Sandbox sandboxCmd `cmd:"" group:"programs" help:"Run the pretend Meta alone."`
	Migrate migrateCmd `cmd:"" group:"programs" help:"Bring the database up to this version, and leave."`
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

	TrustedProxies    []string `env:"ARAUTO_TRUSTED_PROXIES" placeholder:"CIDR" help:"Proxies whose X-Forwarded-For is believed."`
	LogFormat         string   `env:"ARAUTO_LOG_FORMAT" enum:"text,json" default:"text" help:"text or json."`
	LogLevel          string   `env:"ARAUTO_LOG_LEVEL" enum:"debug,info,warn,error" default:"info" help:"debug, info, warn or error."`
	UploadLimit       int64    `env:"ARAUTO_UPLOAD_LIMIT" type:"bytes" default:"1GB" placeholder:"SIZE" help:"The largest file that may be imported."`
	TokenRate         int      `env:"ARAUTO_TOKEN_RATE" default:"50" placeholder:"N" help:"Requests a second that a token may make, where it has no rate of its own."`
	AllowPrivateGraph bool     `env:"ARAUTO_ALLOW_PRIVATE_GRAPH" help:"Senders may name a Graph address on this machine or in a private network, such as a sandbox."`
	MetricsPublic     bool     `env:"ARAUTO_METRICS_PUBLIC" help:"/metrics needs no token."`
	Roles             []string `env:"ARAUTO_ROLES" enum:"api,dispatch,inbound,jobs" default:"api,dispatch,inbound,jobs" placeholder:"ROLE" help:"What this node does: api, dispatch, inbound, jobs."`

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

type migrateCmd struct{ databaseFlags }

func (k migrateCmd) Run(ctx context.Context, s *screen) error {
	return app.Migrate(ctx, k.config(), s.Out)
}

// databaseFlags are what it takes to open a database. Defaults are those of serve.
type databaseFlags struct {
	Data      string `env:"ARAUTO_DATA" default:"./data" placeholder:"DIR" help:"The data directory. No server may be using it."`
	Database  string `env:"ARAUTO_DATABASE" placeholder:"URL" help:"postgres://… instead of arauto.db in the data directory."`
	Key       string `env:"ARAUTO_KEY" placeholder:"BASE64" help:"Seals the secrets in the database."`
	KeyFile   string `env:"ARAUTO_KEY_FILE" placeholder:"FILE" help:"A file that holds the key; default: key in the data directory."`
	LogFormat string `env:"ARAUTO_LOG_FORMAT" enum:"text,json" default:"text" help:"text or json."`
	LogLevel  string `env:"ARAUTO_LOG_LEVEL" enum:"debug,info,warn,error" default:"info" help:"debug, info, warn or error."`
}

func (f databaseFlags) config() app.Config {
	return app.Config{Data: f.Data, Database: f.Database, Key: f.Key, KeyFile: f.KeyFile, LogFormat: f.LogFormat, LogLevel: f.LogLevel, Version: version}
}

// tokenMaker is the one command of token that is no client: somebody has to make the first token.
type tokenMaker struct {
	Create tokenCreateCmd `cmd:"" help:"Make a token and print it, once. Opens the database: for the first token, or when every other is lost."`
}

type tokenCreateCmd struct {
	databaseFlags
	Account string   `default:"main" placeholder:"SLUG" help:"Whose it is."`
	Name    string   `required:"" help:"What it is for."`
	Scopes  []string `enum:"read,write,reports,admin" default:"admin" placeholder:"SCOPE" help:"What it may do: read, write, reports, admin."`
	Expires when     `placeholder:"TIME" help:"Until then: RFC 3339, \"2027-01-31\" or +90d; default: for good."`
}

func (k tokenCreateCmd) Run(ctx context.Context, s *screen) error {
	return app.CreateToken(ctx, k.config(), app.TokenRequest{Account: k.Account, Name: k.Name, Scopes: k.Scopes, Expires: k.Expires.Time}, s.Out)
}

type demoCmd struct {
	Listen    string `env:"ARAUTO_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where to listen."`
	Data      string `default:"./demo-data" placeholder:"DIR" help:"The demo's own data directory."`
	Contacts  int    `default:"0" help:"How many people the campaign has; 0 = the example file as it is."`
	Seed      int64  `default:"1" help:"The same seed brings the same people."`
	LogFormat string `env:"ARAUTO_LOG_FORMAT" enum:"text,json" default:"text" help:"text or json."`
	LogLevel  string `env:"ARAUTO_LOG_LEVEL" enum:"debug,info,warn,error" default:"warn" help:"debug, info, warn or error."`
}

func (k demoCmd) Run(ctx context.Context, s *screen) error {
	if k.Contacts < 0 {
		return usageError("--contacts: give a number above 0")
	}
	return app.Demo(ctx, app.DemoConfig{
		Config:   app.Config{Listen: k.Listen, Data: k.Data, LogFormat: k.LogFormat, LogLevel: k.LogLevel, Version: version},
		Contacts: k.Contacts, Seed: k.Seed,
	}, s.Out)
}

// sandboxCmd is app.SandboxConfig, field for field.
type sandboxCmd struct {
	Listen     string `env:"ARAUTO_SANDBOX_LISTEN" default:"127.0.0.1:8090" placeholder:"HOST:PORT" help:"Where to listen. It asks for no credentials: never on a public address."`
	WebhookURL string `name:"webhook-url" env:"ARAUTO_SANDBOX_WEBHOOK_URL" placeholder:"URL" help:"Where its webhooks go; default: nowhere."`
	LedgerFile string `env:"ARAUTO_SANDBOX_LEDGER_FILE" placeholder:"FILE" help:"Append every message taken, as a line of JSON."`

	AppSecret   string `env:"ARAUTO_SANDBOX_APP_SECRET" help:"Signs the webhooks."`
	VerifyToken string `env:"ARAUTO_SANDBOX_VERIFY_TOKEN" help:"Shown when the webhook's address is verified."`

	Seed              int64         `default:"1" help:"Decides what each phone number does."`
	Pace              float64       `default:"1" help:"Multiplies people's delays: 1 lifelike but quick, 0 at once."`
	Latency           time.Duration `help:"Before a message is answered."`
	MessagesPerSecond int           `placeholder:"N" help:"Above it messages are refused; 0 = no limit."`
}

func (k sandboxCmd) Run(ctx context.Context, s *screen) error {
	if k.Pace < 0 || k.Latency < 0 || k.MessagesPerSecond < 0 {
		return usageError("--pace, --latency and --messages-per-second cannot be negative")
	}
	return app.Sandbox(ctx, app.SandboxConfig(k), s.Out)
}
