package sandbox

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Config says which business the sandbox pretends to host and how its people
// behave. The zero value works; see WithDefaults.
type Config struct {
	Seed int64 // decides everybody's Fate

	AppID       string
	AppSecret   string // signs webhooks
	VerifyToken string // sent when a webhook address is verified
	PortfolioID string
	WABAID      string

	PhoneNumberID string
	DisplayPhone  string // as Meta shows it, "+55 11 4000-1234"
	VerifiedName  string
	Tier          string // whatsapp_business_manager_messaging_limit, "TIER_100K"
	AccessToken   string // the bearer token that is asked for; "" asks for none

	WebhookURL string        // "" discards webhooks as they come due
	Client     *http.Client  // delivers webhooks; nil is a client of its own
	Deadline   time.Duration // of one webhook delivery; 0 is 10 s
	Workers    int           // webhook deliveries at once; 0 is 16
	Batch      int           // updates in one webhook at most; 0 is 1
	Queue      int           // updates waiting at most, beyond which messages are refused with 131016; 0 is 1,000,000

	Conversations bool // statuses carry `conversation`, as subscriptions up to v23.0 get
	Tidy          bool // no webhook twice or out of order, other than a magic number's

	Latency           time.Duration // before POST messages is answered
	SlowAnswer        time.Duration // before a magic slow answer; 0 is 60 s
	MessagesPerSecond int           // above it 130429; 0 is no limit
	Pace              float64       // multiplies people's delays: 1 lifelike but quick, 0 at once

	LedgerSize int    // newest entries kept; 0 is 1,000,000
	LedgerFile string // JSON lines appended here while Run runs; "" is none

	Logger *slog.Logger // nil discards
}

// WithDefaults returns c with every empty field filled by what New would use, so
// that a caller can learn the ids and the secret. Seed, VerifyToken, AccessToken,
// WebhookURL, Latency, MessagesPerSecond, Pace and LedgerFile stay as given.
func (c Config) WithDefaults() Config {
	c.AppID = cmp.Or(c.AppID, "900100200300400")
	c.AppSecret = cmp.Or(c.AppSecret, "sandbox-app-secret")
	c.PortfolioID = cmp.Or(c.PortfolioID, "700100200300400")
	c.WABAID = cmp.Or(c.WABAID, "500100200300400")
	c.PhoneNumberID = cmp.Or(c.PhoneNumberID, "300100200300400")
	c.DisplayPhone = cmp.Or(c.DisplayPhone, "+55 11 4000-1234")
	c.VerifiedName = cmp.Or(c.VerifiedName, "Loja Arauto")
	c.Tier = cmp.Or(c.Tier, "TIER_100K")
	c.Deadline = cmp.Or(c.Deadline, 10*time.Second)
	c.Workers = cmp.Or(c.Workers, 16)
	c.Batch = cmp.Or(c.Batch, 1)
	c.Queue = cmp.Or(c.Queue, 1_000_000)
	c.SlowAnswer = cmp.Or(c.SlowAnswer, time.Minute)
	c.LedgerSize = cmp.Or(c.LedgerSize, 1_000_000)
	if c.Client == nil {
		c.Client = webhookClient(c.Workers)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// A Sandbox is one pretend business and its public. It is an http.Handler for the
// Graph API (under any /vN.N or none) and for its own control API under /_sandbox/.
// The control API asks for no credentials: never listen with it on a public address.
type Sandbox struct {
	cfg       Config
	templates *shelf
	ledger    *ledger
	queue     *queue
	webhook   atomic.Pointer[string]
	rate      *rate.Limiter
	boot      uint64 // keeps message ids of two runs with one seed apart
	said      atomic.Int64
	media     atomic.Int64
	traces    atomic.Int64
	counts    webhookCounts
}

// New returns a Sandbox with the shipped templates. Webhooks wait until Run runs.
func New(c Config) *Sandbox {
	c = c.WithDefaults()
	s := &Sandbox{
		cfg:       c,
		templates: newShelf(catalogue()),
		ledger:    newLedger(c.LedgerSize),
		queue:     newQueue(c.Queue),
		rate:      rate.NewLimiter(rate.Inf, 0),
		boot:      uint64(time.Now().UnixNano()),
	}
	s.webhook.Store(&c.WebhookURL)
	if c.MessagesPerSecond > 0 {
		s.rate = rate.NewLimiter(rate.Limit(c.MessagesPerSecond), c.MessagesPerSecond)
	}
	return s
}

// Run delivers webhooks until ctx ends, then returns nil; what is still due stays
// queued for another Run. It returns an error only if the ledger file cannot be
// opened or written. One Run at a time.
func (s *Sandbox) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()

	file, err := openLedgerFile(s.cfg.LedgerFile)
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	var fileErr error
	if file != nil {
		all.Go(func() {
			defer stop()
			fileErr = file.follow(ctx, s.ledger)
		})
	}
	work := make(chan delivery)
	for range s.cfg.Workers {
		all.Go(func() {
			for d := range work {
				s.deliver(ctx, d)
			}
		})
	}
	s.hand(ctx, work)
	close(work)
	all.Wait()
	return fileErr
}

// Idle waits until no webhook is waiting or under way. It returns ctx's error if
// that comes first; without Run it can only be idle already.
func (s *Sandbox) Idle(ctx context.Context) error { return s.queue.idle(ctx) }

// AddTemplate puts t on the WABA. ID, Status and ParameterFormat may be empty: a
// new id, APPROVED and POSITIONAL. It returns an error if the name is not lowercase
// letters, digits and underscores, the body is missing, or the name already exists
// in that language.
func (s *Sandbox) AddTemplate(t Template) error { return s.templates.add(t) }

// Templates returns what is on the WABA, by id.
func (s *Sandbox) Templates() []Template { return s.templates.after(0, -1) }
