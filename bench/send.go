package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"arauto"
	"arauto/internal/dispatch"
	"arauto/internal/whatsapp"
)

// SendConfig is one `bench send`.
type SendConfig struct {
	Engine   string
	Contacts int
	Latency  time.Duration // of the stub
	Rounds   int           // of baseline and engine in turn; the medians are compared
	AtLeast  float64       // the ratio that has to be reached; 0 = only print
	Resident float64       // MB that the engine may take at most while it sends; 0 = only print
	Profile  string        // a file for a CPU profile of the engine's rounds; "" = none
}

// slots is how many requests both sides keep in flight.
const slots = 256

// suppressed is one in how many contacts is on the do-not-contact list.
const suppressed = 50

// Send compares the engine — every contact through gate, suppressions, durable intent (synchronous=FULL),
// counters and recording — with a bare HTTP client that posts as many bodies of the same size, to the
// same kind of stub in another process, in turn.
func Send(ctx context.Context, c SendConfig, out io.Writer) error {
	var bare, engine, memory []float64
	for round := range c.Rounds {
		b, err := bareRound(ctx, c)
		if err != nil {
			return err
		}
		e, err := engineRound(ctx, c)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "round %d: bare %.0f/s, engine on %s %.0f/s, ratio %.3f; own processor time per message %.0f and %.0f µs; resident at most %.0f MB\n",
			round+1, b.rate, c.Engine, e.rate, e.rate/b.rate, b.cost, e.cost, e.peak)
		bare, engine, memory = append(bare, b.rate), append(engine, e.rate), append(memory, e.peak)
	}
	v := &verdict{out: out}
	v.atLeast(fmt.Sprintf("send, %s, %v stub: engine / bare client", c.Engine, c.Latency), median(engine)/median(bare), c.AtLeast)
	if c.Resident > 0 {
		v.atMost(fmt.Sprintf("resident while %d are sent, MB", c.Contacts), slices.Max(memory), c.Resident)
	}
	return v.err()
}

// pace is what one round showed.
type pace struct {
	rate float64 // messages a second
	cost float64 // µs of this process's processor time per message
	peak float64 // MB of resident memory at most, where the system tells
}

func paceOf(n int, took, processor time.Duration) pace {
	return pace{rate: float64(n) / took.Seconds(), cost: float64(processor.Microseconds()) / float64(n)}
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// bareRound is the rate of a plain client with the same connections.
func bareRound(ctx context.Context, c SendConfig) (p pace, err error) {
	stub, err := startStub(ctx, c.Latency)
	if err != nil {
		return p, err
	}
	defer stub.stop()
	client := &http.Client{Transport: &http.Transport{MaxIdleConns: slots, MaxIdleConnsPerHost: slots}, Timeout: 30 * time.Second}
	url := stub.url + "/" + arauto.DefaultGraphVersion + "/300100200300400/messages"
	body := []byte(sampleBody)
	var next atomic.Int64
	var failed atomic.Value
	var group sync.WaitGroup
	began, spent := time.Now(), processorTime()
	for range slots {
		group.Go(func() {
			for next.Add(1) <= int64(c.Contacts) && failed.Load() == nil {
				if err := post(ctx, client, url, body); err != nil {
					failed.Store(err)
				}
			}
		})
	}
	group.Wait()
	took := time.Since(began)
	p = paceOf(c.Contacts, took, processorTime()-spent)
	if err, ok := failed.Load().(error); ok {
		return p, err
	}
	if n, err := stub.count(); err != nil || n != c.Contacts {
		return p, fmt.Errorf("the stub counted %d of %d (%w)", n, c.Contacts, err)
	}
	return p, nil
}

func post(ctx context.Context, client *http.Client, url string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer token")
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// sampleBody is as long as what the engine sends for one of the made-up contacts.
const sampleBody = `{"messaging_product":"whatsapp","recipient_type":"individual","to":"+5511999990000","type":"template","template":{"name":"oferta","language":{"code":"pt_BR"},"components":[{"type":"body","parameters":[{"type":"text","text":"Maria"},{"type":"text","text":"123456"}]}]},"biz_opaque_callback_data":"ax1y2z3.123456"}`

// engineRound is the rate of the engine over a fresh database.
func engineRound(ctx context.Context, c SendConfig) (rated pace, err error) {
	stub, err := startStub(ctx, c.Latency)
	if err != nil {
		return rated, err
	}
	defer stub.stop()
	p, err := openPlace(ctx, c.Engine)
	if err != nil {
		return rated, err
	}
	defer p.close()
	w, err := newWorld(ctx, p.store, stub.url, 1_000_000)
	if err != nil {
		return rated, err
	}
	campaign, err := prepareSend(ctx, p, w, c.Contacts)
	if err != nil {
		return rated, err
	}
	engine := dispatch.New(dispatch.Config{
		Store: p.store, Roster: p.store, Leases: p.store, Messenger: whatsapp.New(whatsapp.Config{}), Node: "bench", Now: now,
		Logger: quiet(),
	})
	if err := profile(c.Profile); err != nil {
		return rated, err
	}
	debug.FreeOSMemory() // what filling took
	running, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	began, spent := time.Now(), processorTime()
	go func() { done <- engine.Run(running) }()
	took, peak, err := untilDone(ctx, p, campaign, began)
	pprof.StopCPUProfile()
	rated = paceOf(sentOf(c.Contacts), took, processorTime()-spent)
	rated.peak = peak
	stop()
	if e := <-done; err == nil {
		err = e
	}
	if err != nil {
		return rated, err
	}
	return rated, agree(ctx, p, stub, campaign, c.Contacts)
}

// profile starts a CPU profile into a file; "" does nothing. The last round's is what stays.
func profile(path string) error {
	if path == "" {
		return nil
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return pprof.StartCPUProfile(f)
}

func sentOf(contacts int) int { return contacts - (contacts+suppressed-1)/suppressed }

// prepareSend fills a campaign, puts every fiftieth person on the list, and starts it.
func prepareSend(ctx context.Context, p *place, w world, n int) (arauto.Campaign, error) {
	c, err := w.campaign(ctx, p.store, "bench")
	if err != nil {
		return c, err
	}
	if err := fill(ctx, p.store, c, 0, n, nil); err != nil {
		return c, err
	}
	const chunk = 20_000
	for from := 0; from < n; from += chunk {
		var list []arauto.Suppression
		for i, contact := range contacts(from, min(chunk, n-from)) {
			if (from+i)%suppressed == 0 {
				list = append(list, arauto.Suppression{Account: w.account.ID, PersonKey: contact.PersonKey, Phone: contact.Phone, Scope: arauto.SuppressAll, Source: "upload"})
			}
		}
		if _, err := p.store.AddSuppressions(ctx, w.actor, now(), w.account.ID, list); err != nil {
			return c, err
		}
	}
	return p.store.ChangeCampaign(ctx, w.actor, now(), c.Account, c.ID, arauto.CampaignStart, "")
}

// untilDone waits until nobody is left to try, and says how long that took and how much memory this process
// held at most.
func untilDone(ctx context.Context, p *place, c arauto.Campaign, began time.Time) (took time.Duration, peak float64, err error) {
	for {
		if mb, err := resident(os.Getpid()); err == nil {
			peak = max(peak, mb)
		}
		counts, err := p.store.Counts(ctx, c.Account, []int64{c.ID})
		if err != nil {
			return 0, 0, err
		}
		if counts[c.ID].Exhausted() {
			return time.Since(began), peak, nil
		}
		select {
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// agree checks that the stub, the counters and the contacts tell the same.
func agree(ctx context.Context, p *place, s *stub, c arauto.Campaign, n int) error {
	taken, err := s.count()
	if err != nil {
		return err
	}
	kept, err := p.store.Counts(ctx, c.Account, []int64{c.ID})
	if err != nil {
		return err
	}
	counted, err := p.store.Recount(ctx, c.Account)
	if err != nil {
		return err
	}
	sent := sentOf(n)
	if taken != sent || kept[c.ID][arauto.ContactSent] != int64(sent) || counted[c.ID][arauto.ContactSent] != int64(sent) ||
		kept[c.ID][arauto.ContactSuppressed] != int64(n-sent) || counted[c.ID][arauto.ContactSuppressed] != int64(n-sent) {
		return fmt.Errorf("of %d contacts %d should be sent: the stub took %d, kept %v, counted %v", n, sent, taken, kept[c.ID], counted[c.ID])
	}
	return nil
}
