package bench

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// load is a stream of webhooks, as Meta would post them.
type load struct {
	URL      string
	Secret   string // signs them
	Attempts string // a file: ref, wamid and wa_id of a message a line
	Rate     int    // requests a second; 0 = as fast as they are answered
	Seconds  int
	Each     int // statuses a request
}

// loaded is what became of it, as JSON on the generator's output.
type loaded struct {
	OK, Failed int
	Seconds    float64
	MedianMS   float64
	P99MS      float64
	Slow       float64 // the share that took over a second, or failed
}

func (l loaded) rate() float64 { return float64(l.OK) / l.Seconds }

// story is what is told of each message, in this order.
var story = [...]string{"sent", "delivered", "read"}

// run posts the load from another process, so that the server does not share a runtime with it.
func (l load) run(ctx context.Context) (loaded, error) {
	var got loaded
	self, err := os.Executable()
	if err != nil {
		return got, err
	}
	cmd := exec.CommandContext(ctx, self, "bench", "load")
	text, err := json.Marshal(l)
	if err != nil {
		return got, err
	}
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return got, fmt.Errorf("post webhooks: %w", err)
	}
	return got, json.Unmarshal(out, &got)
}

// Load is the other process: it reads a load from in, posts it, and writes what became of it to out.
func Load(ctx context.Context, in io.Reader, out io.Writer) error {
	var l load
	if err := json.NewDecoder(in).Decode(&l); err != nil {
		return err
	}
	bodies, err := l.bodies()
	if err != nil {
		return err
	}
	g := &generator{load: l, bodies: bodies, client: &http.Client{
		Transport: &http.Transport{MaxIdleConns: connections, MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}, Timeout: 30 * time.Second,
	}}
	return json.NewEncoder(out).Encode(g.post(ctx))
}

// connections bounds what is asked at once, as Meta does.
const connections = 512

// signed is a webhook that is ready to go.
type signed struct {
	body      []byte
	signature string
}

// bodies makes every webhook beforehand: first what was sent, then what was delivered, then what was read.
func (l load) bodies() ([]signed, error) {
	f, err := os.Open(l.Attempts)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var attempts [][]string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		attempts = append(attempts, strings.Fields(lines.Text()))
	}
	at := time.Now().Unix()
	var list []signed
	var statuses []string
	for n, status := range story {
		for _, a := range attempts {
			statuses = append(statuses, fmt.Sprintf(`{"id":%q,"status":%q,"timestamp":"%d","recipient_id":%q,"biz_opaque_callback_data":%q,"conversation":{"id":"cd0e1f2a3b4c5d6e7f8091a2b3c4d5e6","origin":{"type":"marketing"}},"pricing":{"billable":true,"pricing_model":"PMP","category":"marketing","type":"regular"}}`,
				a[1], status, at+int64(n), a[2], a[0]))
			if len(statuses) == l.Each {
				list = append(list, l.sign(statuses))
				statuses = statuses[:0]
			}
		}
	}
	return list, nil
}

func (l load) sign(statuses []string) signed {
	body := []byte(`{"object":"whatsapp_business_account","entry":[{"id":"2","changes":[{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"551140001234","phone_number_id":"300100200300400"},"statuses":[` +
		strings.Join(statuses, ",") + `]},"field":"messages"}]}]}`)
	mac := hmac.New(sha256.New, []byte(l.Secret))
	mac.Write(body)
	return signed{body, "sha256=" + hex.EncodeToString(mac.Sum(nil))}
}

// generator posts a load.
type generator struct {
	load   load
	bodies []signed
	client *http.Client
	next   atomic.Int64
	mu     sync.Mutex
	took   []time.Duration
	failed int
}

// post keeps the pace whatever the server does: the time of an answer counts from when its request was due.
func (g *generator) post(ctx context.Context) loaded {
	total := len(g.bodies)
	if g.load.Rate > 0 {
		total = min(total, g.load.Rate*g.load.Seconds)
	}
	began := time.Now()
	end := began.Add(time.Duration(g.load.Seconds) * time.Second)
	var group sync.WaitGroup
	for range connections {
		group.Go(func() {
			for ctx.Err() == nil {
				n := int(g.next.Add(1)) - 1
				if n >= total || g.load.Rate == 0 && time.Now().After(end) {
					return
				}
				due := time.Now()
				if g.load.Rate > 0 {
					due = began.Add(time.Duration(n) * time.Second / time.Duration(g.load.Rate))
					time.Sleep(time.Until(due))
				}
				err := g.one(ctx, g.bodies[n])
				g.note(time.Since(due), err)
			}
		})
	}
	group.Wait()
	return g.sum(time.Since(began))
}

func (g *generator) one(ctx context.Context, s signed) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.load.URL, bytes.NewReader(s.body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Hub-Signature-256", s.signature)
	resp, err := g.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}

func (g *generator) note(took time.Duration, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err != nil {
		if g.failed++; g.failed == 1 {
			fmt.Fprintln(os.Stderr, "the first that failed:", err)
		}
		return
	}
	g.took = append(g.took, took)
}

func (g *generator) sum(all time.Duration) loaded {
	out := loaded{OK: len(g.took), Failed: g.failed, Seconds: all.Seconds()}
	if out.OK == 0 {
		return out
	}
	slices.Sort(g.took)
	ms := func(d time.Duration) float64 {
		f, _ := strconv.ParseFloat(fmt.Sprintf("%.3f", float64(d.Microseconds())/1000), 64)
		return f
	}
	out.MedianMS, out.P99MS = ms(g.took[len(g.took)/2]), ms(g.took[len(g.took)*99/100])
	slow := g.failed
	for _, d := range g.took {
		if d > time.Second {
			slow++
		}
	}
	out.Slow = float64(slow) / float64(out.OK+out.Failed)
	return out
}
