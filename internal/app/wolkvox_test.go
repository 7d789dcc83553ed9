package app_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/compat/wolkvox"
	"arauto/internal/store"
)

// TestWolkvox_TwoNodes: how many requests a token has at once, and an account a day, is counted on all nodes together.
func TestWolkvox_TwoNodes(t *testing.T) {
	x := torture{dir: t.TempDir(), address: freeAddress(t), database: postgres(t)}
	x.serve(t)
	there := vendorDoor{base: x.api.base}
	node := newInsideAt(t, t.TempDir(), x.database)
	p, account, token := newPair(t, node, "dupla")
	here, campaign := p.here, p.campaign
	there.token, p.there = here.token, vendorDoor{there.base, here.token}
	t.Run("together", func(t *testing.T) {
		if err := p.together(t); err != nil {
			t.Error(err)
		}
	})
	t.Run("a node dies", func(t *testing.T) {
		defer there.begin(t, campaign).Close()
		defer there.begin(t, campaign).Close()
		err := here.says(t, http.StatusForbidden, tooMany)
		x.server.kill()
		if err := errors.Join(err, here.says(t, http.StatusForbidden, tooMany)); err != nil {
			t.Error(err)
		}
		here.becomes(t, http.StatusOK)
	})
	x.serve(t)
	t.Run("the last of the day, and the next", func(t *testing.T) {
		useUp(t, node, account.ID, token)
		if err := p.lastOfTheDay(t); err != nil {
			t.Error(err)
		}
	})
}

// TestWolkvox_CountedAlone shows that TestWolkvox_TwoNodes would notice a node that counts for itself what all are to
// count together: places, or the day's requests.
func TestWolkvox_CountedAlone(t *testing.T) {
	n := newInside(t)
	for name, c := range map[string]struct {
		alone alone
		ask   func(pair, *testing.T) error
		fails bool
	}{
		"places-alone": {alone{places: true}, pair.together, true}, "the-day-alone": {alone{day: true}, pair.lastOfTheDay, true},
		"places": {alone{}, pair.together, false}, "the-day": {alone{}, pair.lastOfTheDay, false},
	} {
		t.Run(name, func(t *testing.T) {
			p, account, token := newPair(t, n, name)
			if strings.HasPrefix(name, "the-day") {
				useUp(t, n, account.ID, token)
			}
			p.here.base = c.alone.serve(t, n, account, token)
			err := c.ask(p, t)
			if (err != nil) != c.fails || c.fails && !strings.Contains(err.Error(), " 200 ") {
				t.Errorf("fails: %v, want %v", err, c.fails) // where it ought to, somebody is let in who is one too many
			}
		})
	}
}

// alone is a node that counts some things for itself.
type alone struct {
	wolkvox.Doorman
	places, day bool
}

func (d alone) Admit(ctx context.Context, now time.Time, account, token int64, a arauto.Allowance) (arauto.Admission, error) {
	if d.places {
		token += 1 << 30
	}
	if d.day {
		a.Day++
	}
	return d.Doorman.Admit(ctx, now, account, token, a)
}

// serve is the address of a node beside n, for one token.
func (d alone) serve(t *testing.T, n *inside, account arauto.Account, token int64) string {
	t.Helper()
	d.Doorman = n.Store()
	vendor := wolkvox.New(wolkvox.Config{Doorman: d, Clicks: n.Store(), Records: n.Store(), Uploader: swallow{n.Store()}, Now: func() time.Time { return time.Now().UTC() }, Logger: slog.New(slog.DiscardHandler)})
	who := arauto.Token{Account: account.ID, ID: token}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+wolkvox.InformationPath, func(w http.ResponseWriter, r *http.Request) { vendor.Information(w, r, who, account) })
	mux.HandleFunc("POST "+wolkvox.CampaignPath, func(w http.ResponseWriter, r *http.Request) { vendor.Campaign(w, r, who, account) })
	served := httptest.NewServer(mux)
	t.Cleanup(served.Close)
	return served.URL
}

// swallow takes an upload and keeps nothing of it.
type swallow struct{ *store.Store }

func (swallow) AddRecords(_ context.Context, _ arauto.Actor, _ arauto.Account, _ arauto.Campaign, lines io.Reader) (arauto.Job, error) {
	_, err := io.Copy(io.Discard, lines)
	return arauto.Job{}, err
}

// pair is two nodes and a campaign to upload to.
type pair struct {
	there, here vendorDoor
	campaign    int64
}

// newPair is twice the same node, for a new account and its token.
func newPair(t *testing.T, n *inside, slug string) (pair, arauto.Account, int64) {
	t.Helper()
	admin, account := n.account(t, slug)
	admin.do(t, "PATCH", "/api/v1/account", object{"time_zone": noonZone(time.Now()), "licences": 1}, nil)
	var made struct {
		ID    int64
		Value string
	}
	admin.do(t, "POST", "/api/v1/tokens", object{"name": "vendor", "scopes": []string{"reports", "write"}, "rate": 10_000}, &made)
	campaign, err := n.Store().CreateCampaign(t.Context(), arauto.System(account.ID), time.Now(), arauto.Campaign{
		Account: account.ID, Name: "Carnês", Channel: arauto.ChannelVoice, Standing: true, Voice: arauto.NewVoice(arauto.DialPreview),
	})
	if err == nil {
		account, err = n.Store().Account(t.Context(), account.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	door := vendorDoor{base: n.base, token: made.Value}
	return pair{door, door, campaign.ID}, account, made.ID
}

const tooMany = "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS"

// together is what is wrong with how many requests of one token are let in at once.
func (p pair) together(t *testing.T) error {
	t.Helper()
	first := p.there.begin(t, p.campaign)
	defer first.Close()
	second := p.here.begin(t, p.campaign)
	defer second.Close()
	if err := errors.Join(p.there.says(t, http.StatusForbidden, tooMany), p.here.says(t, http.StatusForbidden, tooMany)); err != nil {
		return err
	}
	first.Close() // its client has gone
	p.here.becomes(t, http.StatusOK)
	err := p.there.says(t, http.StatusOK, `"token_limit"`)
	second.Close()
	p.there.becomes(t, http.StatusOK)
	return err
}

// useUp has a token use up the account's day but for two requests.
func useUp(t *testing.T, node *inside, account, token int64) {
	t.Helper()
	owner, err := node.Store().Account(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation(owner.TimeZone)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	a := arauto.Allowance{Day: arauto.DayNumber(now, zone), Daily: owner.Rules.DailyRequests() - 2, Together: 1, Hold: time.Minute}
	for {
		admission, err := node.Store().Admit(t.Context(), now, account, token, a)
		if err != nil {
			t.Fatal(err)
		}
		if admission.Verdict != arauto.Admitted {
			return
		}
		if err := node.Store().Leave(t.Context(), admission); err != nil {
			t.Fatal(err)
		}
	}
}

// lastOfTheDay is what is wrong with the last two requests of the day, and those behind.
func (p pair) lastOfTheDay(t *testing.T) error {
	t.Helper()
	return errors.Join(
		p.there.says(t, http.StatusOK, `"token_limit"`), p.here.says(t, http.StatusOK, `"token_limit"`),
		p.there.says(t, http.StatusForbidden, "TOKEN LIMIT EXCEEDED"), p.here.says(t, http.StatusForbidden, "TOKEN LIMIT EXCEEDED"),
	)
}

// noonZone is a time zone in which it is about noon: no day ends during a test.
func noonZone(now time.Time) string { return fmt.Sprintf("Etc/GMT%+d", now.UTC().Hour()-12) }

// vendorDoor is one node as the vendor's clients see it.
type vendorDoor struct{ base, token string }

// begin sends the beginning of an upload, which takes its place until it is closed.
func (v vendorDoor) begin(t *testing.T, campaign int64) io.Closer {
	t.Helper()
	body, rest := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, fmt.Sprintf("%s/api/v2/campaign.php?api=add_record&campaign_id=%d", v.base, campaign), body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("wolkvox-token", v.token)
	r.Header.Set("Expect", "100-continue") // which the node answers when it reads the body: then it has let the request in
	in := make(chan struct{})
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{Got100Continue: func() { close(in) }}))
	go func() {
		if resp, err := http.DefaultTransport.RoundTrip(r); err == nil {
			resp.Body.Close()
		}
	}()
	select {
	case <-in:
	case <-time.After(10 * time.Second):
		t.Fatalf("%s did not let an upload in", v.base)
	}
	return held{rest}
}

type held struct{ rest *io.PipeWriter }

func (h held) Close() error { return h.rest.CloseWithError(io.ErrUnexpectedEOF) }

func (v vendorDoor) ask(t *testing.T) (int, string) {
	t.Helper()
	status, text, _ := exchange(t, http.MethodGet, v.base+"/api/v2/information.php?api=token_info", as{"wolkvox-token": v.token}, nil)
	return status, string(text)
}

// says is what is wrong with the answer to a request for the token's use.
func (v vendorDoor) says(t *testing.T, status int, words string) error {
	t.Helper()
	if got, text := v.ask(t); got != status || !strings.Contains(text, words) {
		return fmt.Errorf("%s: %d %s, want %d %s", v.base, got, text, status, words)
	}
	return nil
}

// becomes waits for that answer.
func (v vendorDoor) becomes(t *testing.T, status int) {
	t.Helper()
	got, text := v.ask(t)
	for end := time.Now().Add(20 * time.Second); got != status && time.Now().Before(end); got, text = v.ask(t) {
		time.Sleep(20 * time.Millisecond)
	}
	if got != status {
		t.Errorf("%s: still %d %s, want %d", v.base, got, text, status)
	}
}
