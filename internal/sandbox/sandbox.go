package sandbox

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
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
	Numbers       []Number // on the WABA besides that one
	Tier          string   // whatsapp_business_manager_messaging_limit, "TIER_100K"; EnforceTier makes it bite
	AccessToken   string   // the bearer token that is asked for; "" asks for none

	WebhookURL string        // "" discards webhooks as they come due
	Client     *http.Client  // delivers webhooks; nil is a client of its own
	Deadline   time.Duration // of one webhook delivery; 0 is 10 s
	Workers    int           // webhook deliveries at once; 0 is 16; 1 keeps them in order
	Batch      int           // updates in one webhook at most, up to 1,000; 0 is 1
	Queue      int           // updates waiting at most, beyond which messages are refused with 131016; 0 is 1,000,000
	RetryMost  time.Duration // between two tries of one webhook at most; 0 is 5 s, Meta's grow to hours
	RetryFor   time.Duration // before a webhook is given up; 0 is Meta's 7 days

	Conversations bool // webhooks have the shape that subscriptions up to v23.0 get: statuses carry `conversation`
	Tidy          bool // no webhook twice or out of order, other than a magic number's
	Repeatable    bool // ids are functions of the seed too, so that two runs can be compared byte for byte

	Latency           time.Duration // before POST messages is answered
	SlowAnswer        time.Duration // before a magic slow answer, and of a hang; 0 is 60 s
	MessagesPerSecond int           // of one number, above it 130429; 0 is no limit
	PairLimit         bool          // one message in 6 s to one person, 45 on credit; beyond it 131056
	EnforceTier       bool          // beyond Tier people in a moving day, see Limits
	Pace              float64       // multiplies people's delays: 1 lifelike but quick, 0 at once
	Review            time.Duration // before a template that was made or edited is judged; 0 is 2 s paced, negative never
	HoldFor           time.Duration // before a held message is released; 0 is 2 s paced, negative never

	Script Script // faults and events, from the start

	AdsURL string // before the pictures and films of ads, "http://127.0.0.1:8090": this sandbox serves them there; "" is an address where nobody is

	LedgerSize int    // newest entries kept; 0 is 1,000,000
	MediaBytes int64  // of uploads kept, the newest; 0 is 256 MB
	LedgerFile string // JSON lines appended here while Run runs; "" is none

	Logger *slog.Logger // nil discards
}

// WithDefaults returns c with every empty field filled by what New would use, so
// that a caller can learn the ids and the secret. Seed, VerifyToken, AccessToken,
// WebhookURL, Latency, Pace, LedgerFile, limits and script stay as given.
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
	c.Batch = min(cmp.Or(c.Batch, 1), maxBatch)
	c.RetryMost = cmp.Or(c.RetryMost, 5*time.Second)
	c.RetryFor = cmp.Or(c.RetryFor, 7*24*time.Hour)
	c.Review = cmp.Or(c.Review, paced(2*time.Second, c.Pace))
	c.HoldFor = cmp.Or(c.HoldFor, paced(2*time.Second, c.Pace))
	c.Queue = cmp.Or(c.Queue, 1_000_000)
	c.SlowAnswer = cmp.Or(c.SlowAnswer, time.Minute)
	c.LedgerSize = cmp.Or(c.LedgerSize, 1_000_000)
	c.MediaBytes = cmp.Or(c.MediaBytes, 256<<20)
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
	told      tellings
	cfg       Config
	seed      atomic.Int64
	boot      atomic.Uint64 // keeps message ids of two runs with one seed apart
	numbers   []*number
	templates *shelf
	media     *attic
	ledger    *ledger
	queue     *queue
	limits    *limiter
	held      *shed
	delivery  atomic.Pointer[Delivery]
	script    atomic.Pointer[script]
	account   atomic.Pointer[graphError] // what every message of the WABA is refused with
	webhook   atomic.Pointer[string]
	said      atomic.Int64
	traces    atomic.Int64
	counts    webhookCounts
}

// New returns a Sandbox with the shipped templates. Webhooks wait until Run runs. It
// panics if c.Script is not valid: see Script.Check.
func New(c Config) *Sandbox {
	c = c.WithDefaults()
	s := &Sandbox{
		cfg:       c,
		templates: newShelf(),
		media:     newAttic(c.MediaBytes),
		ledger:    newLedger(c.LedgerSize),
		queue:     newQueue(c.Queue),
		limits:    newLimiter(),
		held:      newShed(),
	}
	for _, n := range append([]Number{{c.PhoneNumberID, c.DisplayPhone, c.VerifiedName}}, c.Numbers...) {
		s.numbers = append(s.numbers, newNumber(n))
	}
	s.SetWebhook(c.WebhookURL)
	if err := s.begin(c.Seed); err != nil {
		panic("sandbox: " + err.Error())
	}
	return s
}

// Reset forgets everything that happened, webhooks that wait included, and begins
// again as New did, with another seed if it is not 0. The webhook's address stays.
func (s *Sandbox) Reset(seed int64) {
	s.queue.clear()
	s.ledger.clear()
	s.held.clear()
	s.media.clear()
	s.told.clear()
	s.counts.clear()
	s.said.Store(0)
	s.traces.Store(0)
	if err := s.begin(cmp.Or(seed, s.seed.Load())); err != nil {
		panic("sandbox: " + err.Error()) // New took the same script
	}
}

// begin sets what a run starts with.
func (s *Sandbox) begin(seed int64) error {
	c := s.cfg
	s.seed.Store(seed)
	s.boot.Store(0)
	if !c.Repeatable {
		s.boot.Store(uint64(time.Now().UnixNano()))
	}
	for _, n := range s.numbers {
		n.begin(c.MessagesPerSecond)
	}
	s.templates.begin(catalogue())
	s.limits.set(Limits{MessagesPerSecond: c.MessagesPerSecond, Pair: c.PairLimit, Tier: c.Tier, EnforceTier: c.EnforceTier})
	d := Delivery{Batch: c.Batch, Shape: ShapeV24}
	if c.Conversations {
		d.Shape = ShapeV23
	}
	if !c.Tidy {
		d.Twice, d.Late = 1, 1
	}
	s.delivery.Store(&d)
	s.account.Store(nil)
	return s.SetScript(c.Script)
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

// paced is a delay at a pace.
func paced(d time.Duration, pace float64) time.Duration { return time.Duration(float64(d) * pace) }

// AddTemplate puts t on the WABA. ID, Status and ParameterFormat may be empty: a
// new id, APPROVED and POSITIONAL. It returns an error if the name is not lowercase
// letters, digits and underscores, the body is missing, or the name already exists
// in that language.
func (s *Sandbox) AddTemplate(t Template) error {
	_, err := s.templates.add(t)
	return err
}

// Templates returns what is on the WABA, by id.
func (s *Sandbox) Templates() []Template { return s.templates.after(0, -1) }
