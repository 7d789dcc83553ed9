package bench

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"arauto"
)

// WebhookConfig is one `bench webhook`.
type WebhookConfig struct {
	Engine   string
	Seconds  int
	Rate     int  // requests a second with one status each
	TenRate  int  // requests a second with ten statuses each
	Dispatch int  // messages a second that the server sends meanwhile
	Require  bool // fail when a figure is missed
}

// What the inbox has to reach: one status a request, and ten.
const (
	leastRequests = 3300
	leastStatuses = 15_000
	mostMedian    = 250 // ms until a webhook is answered, which is after it is durable
	mostSlow      = 0.01
	mostLag       = 2.0 // s until 99 of 100 are applied
	mostBacklog   = 5.0 // s until nothing waits after the end
)

// Webhook posts signed statuses of real attempts to a real server, from another process, while that server
// sends a campaign; beside it stands a bare HTTP server that answers 200 and keeps nothing.
func Webhook(ctx context.Context, c WebhookConfig, out io.Writer) error {
	v := &verdict{out: out}
	for _, each := range []int{1, 10} {
		if err := webhookRound(ctx, c, each, v); err != nil {
			return err
		}
	}
	if !c.Require {
		return nil
	}
	return v.err()
}

func webhookRound(ctx context.Context, c WebhookConfig, each int, v *verdict) error {
	rate := c.Rate
	if each > 1 {
		rate = c.TenRate
	}
	stub, err := startStub(ctx, 0)
	if err != nil {
		return err
	}
	defer stub.stop()
	p, err := openPlace(ctx, c.Engine)
	if err != nil {
		return err
	}
	defer p.close()
	x := &inbox{config: c, place: p, stub: stub, load: load{Rate: rate, Seconds: c.Seconds, Each: each}}
	if err := x.prepare(ctx); err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	fmt.Fprintf(v.out, "\n%d status(es) a request, %d requests a second offered for %d s, %s, %d messages a second sent beside\n", each, rate, c.Seconds, c.Engine, c.Dispatch)
	bare := x.load
	bare.URL, bare.Rate = stub.url+"/", 0
	bareline, err := bare.run(ctx)
	if err != nil {
		return err
	}
	before, err := stub.count()
	if err != nil {
		return err
	}
	if err := x.serve(ctx); err != nil {
		return err
	}
	defer x.kill()
	shown, err := x.measure(ctx, before)
	if err != nil {
		return err
	}
	shown.tell(v, bareline, each, c.Dispatch)
	return nil
}

// inbox is one server being written to.
type inbox struct {
	config  WebhookConfig
	place   *place
	stub    *stub
	load    load
	address string
	token   string
	server  *exec.Cmd
}

// prepare writes to as many people as there will be statuses of, and leaves another campaign to be sent.
func (x *inbox) prepare(ctx context.Context) error {
	s := x.place.store
	w, err := newWorld(ctx, s, x.stub.url, x.config.Dispatch)
	if err != nil {
		return err
	}
	statuses := x.load.Rate * x.load.Seconds * x.load.Each
	path := filepath.Join(x.place.dir, "attempts")
	if err := x.writeTo(ctx, w, statuses/len(story)+1, path); err != nil {
		return err
	}
	beside, err := w.campaign(ctx, s, "beside")
	if err == nil {
		err = fill(ctx, s, beside, 10_000_000, x.config.Dispatch*(x.load.Seconds+20), nil)
	}
	if err == nil {
		_, err = s.ChangeCampaign(ctx, w.actor, now(), beside.Account, beside.ID, arauto.CampaignStart, "")
	}
	if err != nil {
		return err
	}
	apps, err := s.Apps(ctx, w.account.ID, 0, 1)
	if err != nil {
		return err
	}
	x.load.Attempts, x.load.Secret = path, string(apps[0].Secret)
	if x.address, err = freeAddress(); err != nil {
		return err
	}
	x.load.URL = "http://" + x.address + "/webhooks/whatsapp/" + apps[0].UUID
	if x.token, err = arauto.NewTokenValue(rand.Reader); err != nil {
		return err
	}
	_, err = s.CreateToken(ctx, w.actor, now(), arauto.Token{
		Account: w.account.ID, Name: "bench", Prefix: arauto.TokenPrefixOf(x.token), Hash: arauto.HashToken(x.token), Scopes: []arauto.TokenScope{arauto.TokenAdmin},
	})
	return err
}

// writeTo intends and records n messages, and writes down what Meta will call them.
func (x *inbox) writeTo(ctx context.Context, w world, n int, path string) error {
	s := x.place.store
	c, err := w.campaign(ctx, s, "before")
	if err == nil {
		err = fill(ctx, s, c, 0, n, nil)
	}
	if err == nil {
		_, err = s.ChangeCampaign(ctx, w.actor, now(), c.Account, c.ID, arauto.CampaignStart, "")
	}
	if err != nil {
		return err
	}
	lease, _, err := s.Take(ctx, now(), c.Account, "bench", "bench", time.Hour)
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	text := bufio.NewWriter(f)
	for done := 0; done < n; {
		due, err := s.DueContacts(ctx, now(), c.Account, c.ID, time.Time{}, 0, 1000)
		if err != nil {
			return err
		}
		if len(due) == 0 {
			return fmt.Errorf("only %d of %d were due", done, n)
		}
		candidates := make([]arauto.Candidate, len(due))
		for i, contact := range due {
			candidates[i].Contact = contact
		}
		sent, err := s.Intend(ctx, now(), lease, w.sender.ID, candidates)
		if err != nil {
			return err
		}
		answers := make([]arauto.Answer, 0, len(sent))
		for _, in := range sent {
			if in.Verdict.Outcome != arauto.Go {
				return fmt.Errorf("the gate says %+v", in.Verdict)
			}
			waid, wamid := in.Contact.Phone.Digits(), fmt.Sprintf("wamid.HBgNNTUxMTk5OTk5MDAwMBUCABEYEj%d", in.Attempt.ID)
			fmt.Fprintln(text, in.Attempt.Ref(), wamid, waid)
			answers = append(answers, arauto.Answer{
				Contact: in.Contact, Attempt: in.Attempt, Event: arauto.Event{Kind: arauto.EventAccepted, At: now()},
				Receipt: arauto.Receipt{ProviderID: wamid, WAID: waid},
			})
		}
		if err := s.Record(ctx, now(), c.Account, answers); err != nil {
			return err
		}
		done += len(sent)
	}
	return text.Flush()
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// serve lets go of the database and starts the program on it, as anybody would.
func (x *inbox) serve(ctx context.Context) error {
	if err := x.place.store.Close(); err != nil {
		return err
	}
	x.place.store = nil
	self, err := os.Executable()
	if err != nil {
		return err
	}
	args := []string{"serve", "--data", x.place.dir, "--listen", x.address, "--allow-private-graph", "--metrics-public", "--log-level", "error"}
	if x.config.Engine == EnginePostgres {
		args = append(args, "--database", x.place.address)
	}
	x.server = exec.CommandContext(ctx, self, args...)
	x.server.Stderr = os.Stderr
	if err := x.server.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if resp, err := http.Get("http://" + x.address + "/readyz"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
	}
	return errors.New("the server is not ready after 30 s")
}

func (x *inbox) kill() {
	if x.server != nil && x.server.ProcessState == nil {
		x.server.Process.Kill()
		x.server.Wait()
	}
}

// seen is what a round showed.
type seen struct {
	loaded
	lag     float64 // s
	backlog float64 // s
	waiting int64
	sent    float64 // messages a second
}

func (x *inbox) measure(ctx context.Context, before int) (s seen, err error) {
	began := now()
	if s.loaded, err = x.load.run(ctx); err != nil {
		return s, err
	}
	ended := now()
	if s.backlog, err = x.drained(ctx); err != nil {
		return s, err
	}
	after, err := x.stub.count()
	if err != nil {
		return s, err
	}
	s.sent = float64(after-before) / now().Sub(began).Seconds()
	if err := x.server.Process.Signal(syscall.SIGTERM); err != nil {
		return s, err
	}
	if err := x.server.Wait(); err != nil {
		return s, fmt.Errorf("stop the server: %w", err)
	}
	if err := x.place.open(ctx); err != nil {
		return s, err
	}
	delay, err := x.place.store.WebhookDelay(ctx, began.Add(-time.Second), ended.Add(time.Minute))
	s.lag, s.waiting = delay.Most.Seconds(), delay.Waiting
	if err == nil && delay.Applied+delay.Waiting != int64(s.OK) {
		err = fmt.Errorf("%d webhooks were acknowledged, %d are kept", s.OK, delay.Applied+delay.Waiting)
	}
	return s, err
}

// drained is how long it takes until no webhook waits.
func (x *inbox) drained(ctx context.Context) (float64, error) {
	began := time.Now()
	for time.Since(began) < time.Minute {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+x.address+"/api/v1/webhooks?limit=1&state=new", nil)
		if err != nil {
			return 0, err
		}
		req.Header.Set("Authorization", "Bearer "+x.token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, err
		}
		var page struct{ Data []json.RawMessage }
		err = json.NewDecoder(resp.Body).Decode(&page)
		resp.Body.Close()
		if err != nil || len(page.Data) == 0 {
			return time.Since(began).Seconds(), err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return time.Since(began).Seconds(), nil
}

func (s seen) tell(v *verdict, bare loaded, each, dispatch int) {
	name := strconv.Itoa(each) + " a request: "
	fmt.Fprintf(v.out, "bare server %.0f requests/s, Arauto %.0f, ratio %.3f; answered in %.1f ms (median), %.1f ms (99 of 100); %d of %d failed; %.1f messages/s left beside\n",
		bare.rate(), s.rate(), s.rate()/bare.rate(), s.MedianMS, s.P99MS, s.Failed, s.Failed+s.OK, s.sent)
	if each == 1 {
		v.atLeast(name+"requests/s", s.rate(), leastRequests)
	} else {
		v.atLeast(name+"statuses/s", s.rate()*float64(each), leastStatuses)
	}
	v.atMost(name+"answered, median ms", s.MedianMS, mostMedian)
	v.atMost(name+"share that took over 1 s, or failed", s.Slow, mostSlow)
	v.atMost(name+"applied, 99 of 100, s", s.lag, mostLag)
	v.atMost(name+"nothing waits after the end, s", s.backlog, mostBacklog)
	v.atMost(name+"left waiting", float64(s.waiting), 0)
	v.atLeast(name+"messages/s sent beside", s.sent, 0.9*float64(dispatch))
}
