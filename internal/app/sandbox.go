package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"arauto"
	"arauto/internal/sandbox"
)

// SandboxConfig is the pretend Graph API on a real socket.
type SandboxConfig struct {
	Listen     string // host:port
	WebhookURL string // where its webhooks go; "" = nowhere
	LedgerFile string // every request to send is appended here as a line of JSON; "" = nowhere
	Script     string // file with the faults and events to begin with; "" = none

	AppSecret   string   // signs the webhooks; "" = the sandbox's own
	VerifyToken string   // shown when a webhook address is verified
	AccessToken string   // the bearer token to ask for; "" = any
	Numbers     []string // ID=DISPLAY of each number besides the first

	Seed       int64         // decides what each phone number does
	Repeatable bool          // the same requests bring the same ids, and webhooks in one order
	Pace       float64       // multiplies people's delays: 1 lifelike but quick, 0 at once
	Latency    time.Duration // before a message is answered
	Review     time.Duration // before a template is judged; 0 = 2 s paced, negative = never
	HoldFor    time.Duration // before a held message is released; 0 = 2 s paced, negative = never

	MessagesPerSecond int  // above it messages are refused; 0 = no limit
	PairLimit         bool // to one person
	Tier              string
	EnforceTier       bool

	Batch     int           // updates in one webhook
	Tidy      bool          // no webhook twice or out of order
	Shape     string        // of webhooks, "v23" or "v24"
	RetryMost time.Duration // between two tries of one webhook at most
}

// Sandbox runs the pretend Graph API on a socket until ctx ends. Nothing leaves this machine but what
// goes to the webhook's address.
func Sandbox(ctx context.Context, c SandboxConfig, out io.Writer) error {
	config, err := c.sandbox()
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	fmt.Fprintf(out, "A pretend Graph API listens on http://%s\n  phone number id %s, WABA %s, app %s, app secret %s\n  what it received: http://%s/_sandbox/summary\n",
		l.Addr(), config.PhoneNumberID, config.WABAID, config.AppID, config.AppSecret, l.Addr())
	return runSandbox(ctx, sandbox.New(config), l)
}

// sandbox returns the sandbox's own configuration.
func (c SandboxConfig) sandbox() (sandbox.Config, error) {
	config := sandbox.Config{
		Seed: c.Seed, AppSecret: c.AppSecret, VerifyToken: c.VerifyToken, AccessToken: c.AccessToken, WebhookURL: c.WebhookURL, LedgerFile: c.LedgerFile,
		Latency: c.Latency, Pace: c.Pace, Review: c.Review, HoldFor: c.HoldFor, Repeatable: c.Repeatable,
		MessagesPerSecond: c.MessagesPerSecond, PairLimit: c.PairLimit, Tier: c.Tier, EnforceTier: c.EnforceTier,
		Batch: c.Batch, Tidy: c.Tidy, Conversations: c.Shape == sandbox.ShapeV23, RetryMost: c.RetryMost,
	}
	if c.Repeatable {
		config.Workers = 1
	}
	for _, n := range c.Numbers {
		id, display, ok := strings.Cut(n, "=")
		if !ok || id == "" || display == "" {
			return sandbox.Config{}, arauto.Errorf(arauto.KindInvalid, "number", "%q is not ID=DISPLAY, like 300100200300401=+55 11 4000-5678", n)
		}
		config.Numbers = append(config.Numbers, sandbox.Number{ID: id, DisplayPhone: display, VerifiedName: "Loja Arauto"})
	}
	script, err := sandboxScript(c.Script)
	config.Script = script
	return config.WithDefaults(), err
}

// sandboxScript reads and checks a script; no path is none.
func sandboxScript(path string) (sandbox.Script, error) {
	if path == "" {
		return sandbox.Script{}, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return sandbox.Script{}, fmt.Errorf("read script: %w", err)
	}
	script, err := sandbox.ParseScript(text)
	if err != nil {
		return sandbox.Script{}, arauto.Errorf(arauto.KindInvalid, "script", "%s: %v", path, err)
	}
	return script, nil
}

// runSandbox answers on l and delivers webhooks until ctx ends.
func runSandbox(ctx context.Context, meta *sandbox.Sandbox, l net.Listener) error {
	srv := &http.Server{Handler: meta, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return meta.Run(ctx) })
	group.Go(func() error {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if srv.Shutdown(wait) != nil {
			return srv.Close()
		}
		return nil
	})
	return group.Wait()
}
