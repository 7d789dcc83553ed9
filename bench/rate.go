package bench

import (
	"context"
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"arauto"
	"arauto/internal/dispatch"
	"arauto/internal/whatsapp"
)

// PaceConfig is one `bench pace`.
type PaceConfig struct {
	Engine   string
	Rate     int           // messages a second; 0 = no limit but those in flight
	Seconds  int           // that are measured
	Latency  time.Duration // of the stub
	InFlight int           // requests at once
	Within   float64       // the error in % that is allowed of Rate; 0 = only print
	AtLeast  float64       // the part of InFlight/Latency that has to be reached; 0 = only print
}

// Pace has the engine send to the stub for some seconds and prints what went in each: how near it is to the
// rate, or to what as many requests in flight can do at that latency.
func Pace(ctx context.Context, c PaceConfig, out io.Writer) error {
	if c.Seconds < 1 || c.InFlight < 1 || c.Rate < 0 || c.Rate == 0 && c.Latency <= 0 {
		return fmt.Errorf("give --seconds and --in-flight above 0, and --rate or --latency")
	}
	perSecond, err := paceRound(ctx, c)
	if err != nil {
		return err
	}
	total := 0
	for i, n := range perSecond {
		total += n
		fmt.Fprintf(out, "second %d: %d\n", i+1, n)
	}
	mean := float64(total) / float64(c.Seconds)
	v := &verdict{out: out}
	if c.Rate > 0 {
		off := 100 * (mean - float64(c.Rate)) / float64(c.Rate)
		fmt.Fprintf(out, "%d in %d s: %.2f a second, %+.2f %% of %d\n", total, c.Seconds, mean, off, c.Rate)
		if c.Within > 0 && math.Abs(off) > c.Within {
			return fmt.Errorf("the rate is missed by %.2f %%, more than %.2f %%", off, c.Within)
		}
		return nil
	}
	most := float64(c.InFlight) / c.Latency.Seconds()
	v.atLeast(fmt.Sprintf("%.0f a second with %d in flight at %v / %.0f", mean, c.InFlight, c.Latency, most), mean/most, c.AtLeast)
	return v.err()
}

// unlimited is a rate that nothing reaches.
const unlimited = 1_000_000

// paceRound sends and says what went in each second, once it was under way.
func paceRound(ctx context.Context, c PaceConfig) ([]int, error) {
	stub, err := startStub(ctx, c.Latency)
	if err != nil {
		return nil, err
	}
	defer stub.stop()
	p, err := openPlace(ctx, c.Engine)
	if err != nil {
		return nil, err
	}
	defer p.close()
	rate := c.Rate
	if rate == 0 {
		rate = unlimited
	}
	w, err := newWorld(ctx, p.store, stub.url, rate)
	if err != nil {
		return nil, err
	}
	contacts := rate * (c.Seconds + 3)
	if c.Rate == 0 {
		contacts = int(float64(c.InFlight)/c.Latency.Seconds()) * (c.Seconds + 3)
	}
	if _, err := prepareSend(ctx, p, w, contacts+contacts/suppressed+suppressed); err != nil {
		return nil, err
	}
	meter := &meter{Messenger: whatsapp.New(whatsapp.Config{}), warm: time.Second, seconds: make([]int, c.Seconds), done: make(chan struct{})}
	engine := dispatch.New(dispatch.Config{
		Store: p.store, Roster: p.store, Leases: p.store, Messenger: meter, Node: "bench", Now: now, Logger: quiet(), Slots: c.InFlight,
	})
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- engine.Run(running) }()
	select {
	case <-meter.done:
	case <-ctx.Done():
	case <-time.After(time.Duration(c.Seconds+30) * time.Second):
		err = fmt.Errorf("the engine stopped sending before %d s were over", c.Seconds)
	}
	stop()
	if e := <-ended; err == nil {
		err = e
	}
	meter.mu.Lock()
	defer meter.mu.Unlock()
	return meter.seconds, err
}

// meter counts messages by the second in which their request begins, from warm after the first on.
type meter struct {
	dispatch.Messenger
	warm time.Duration

	mu      sync.Mutex
	first   time.Time
	seconds []int
	over    bool
	done    chan struct{}
}

// Send counts and sends.
func (m *meter) Send(ctx context.Context, from arauto.Sender, message arauto.Message) (arauto.Receipt, error) {
	m.count(time.Now())
	return m.Messenger.Send(ctx, from, message)
}

func (m *meter) count(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.first.IsZero() {
		m.first = at
	}
	since := at.Sub(m.first) - m.warm
	if since < 0 {
		return
	}
	if second := int(since / time.Second); second < len(m.seconds) {
		m.seconds[second]++
	} else if !m.over {
		m.over = true
		close(m.done)
	}
}
