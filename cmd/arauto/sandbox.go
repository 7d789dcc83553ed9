package main

import (
	"context"
	"time"

	"arauto/internal/app"
)

// sandboxCmd is app.SandboxConfig, field for field.
type sandboxCmd struct {
	Listen     string `env:"ARAUTO_SANDBOX_LISTEN" default:"127.0.0.1:8090" placeholder:"HOST:PORT" help:"Where to listen. It asks for no credentials: never on a public address."`
	WebhookURL string `name:"webhook-url" env:"ARAUTO_SANDBOX_WEBHOOK_URL" placeholder:"URL" help:"Where its webhooks go; default: nowhere."`
	LedgerFile string `env:"ARAUTO_SANDBOX_LEDGER_FILE" placeholder:"FILE" help:"Append every request to send, as a line of JSON."`
	Script     string `env:"ARAUTO_SANDBOX_SCRIPT" placeholder:"FILE" help:"JSON with the faults and events to begin with."`

	AppSecret   string   `env:"ARAUTO_SANDBOX_APP_SECRET" help:"Signs the webhooks."`
	VerifyToken string   `env:"ARAUTO_SANDBOX_VERIFY_TOKEN" help:"Shown when the webhook's address is verified."`
	AccessToken string   `env:"ARAUTO_SANDBOX_ACCESS_TOKEN" help:"The bearer token to ask for; default: any will do."`
	Numbers     []string `name:"number" sep:"none" placeholder:"ID=DISPLAY" help:"One more phone number on the WABA, as 300100200300401=+55 11 4000-5678. May be repeated."`

	Seed       int64         `default:"1" help:"Decides what each phone number does."`
	Repeatable bool          `help:"The same requests in the same order bring the same ids, and webhooks one after the other."`
	Pace       float64       `default:"1" help:"Multiplies people's delays: 1 lifelike but quick, 0 at once."`
	Latency    time.Duration `help:"Before a message is answered."`
	Review     time.Duration `help:"Before a new template is judged; default: 2s at this pace, negative: never."`
	HoldFor    time.Duration `help:"Before a held message is released; default: 2s at this pace, negative: never."`

	MessagesPerSecond int    `placeholder:"N" help:"Above it messages are refused with 130429; 0 = no limit."`
	PairLimit         bool   `help:"More than 45 messages at once, or one in 6 s, to one person are refused with 131056."`
	Tier              string `enum:"TIER_250,TIER_2K,TIER_10K,TIER_100K,TIER_UNLIMITED" default:"TIER_100K" help:"The portfolio's messaging limit."`
	EnforceTier       bool   `help:"More people than the tier allows in a moving day are refused with 131048."`

	Batch     int           `default:"1" help:"Updates in one webhook at most, up to 1,000."`
	Tidy      bool          `help:"No webhook twice or out of order."`
	Shape     string        `enum:"v23,v24" default:"v24" help:"The version that webhooks look like: v23 or v24."`
	RetryMost time.Duration `default:"5s" help:"Between two tries of one webhook at most. Meta's grow to hours."`
}

func (k sandboxCmd) Run(ctx context.Context, s *screen) error {
	if k.Pace < 0 || k.Latency < 0 || k.MessagesPerSecond < 0 || k.RetryMost < 0 {
		return usageError("--pace, --latency, --messages-per-second and --retry-most cannot be negative")
	}
	if k.Batch < 1 || k.Batch > 1000 {
		return usageError("--batch: give a number from 1 to 1000")
	}
	return app.Sandbox(ctx, app.SandboxConfig(k), s.Out)
}
