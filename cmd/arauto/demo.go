package main

import (
	"context"
	"time"

	"arauto/internal/app"
)

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
