package app_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"arauto"
)

// TestWolkvox_TwoNodes: how many requests a token has at once, and an account a day, is counted on all nodes together.
func TestWolkvox_TwoNodes(t *testing.T) {
	x := torture{dir: t.TempDir(), address: freeAddress(t), database: postgres(t)}
	x.serve(t)
	there := vendorDoor{base: x.api.base}
	node := newInsideAt(t, t.TempDir(), x.database)
	here := vendorDoor{base: node.base}
	admin, account := node.account(t, "dupla")
	admin.do(t, "PATCH", "/api/v1/account", object{"time_zone": noonZone(time.Now()), "licences": 1}, nil)
	var made struct {
		ID    int64
		Value string
	}
	admin.do(t, "POST", "/api/v1/tokens", object{"name": "vendor", "scopes": []string{"reports", "write"}, "rate": 10_000}, &made)
	there.token, here.token = made.Value, made.Value
	campaign, err := node.Store().CreateCampaign(t.Context(), arauto.System(account.ID), time.Now(), arauto.Campaign{
		Account: account.ID, Name: "Carnês", Channel: arauto.ChannelVoice, Standing: true, Voice: arauto.NewVoice(arauto.DialPreview),
	})
	if err != nil {
		t.Fatal(err)
	}
	const together = "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS"
	t.Run("together", func(t *testing.T) {
		first := there.begin(t, campaign.ID)
		second := here.begin(t, campaign.ID)
		there.says(t, http.StatusForbidden, together)
		here.says(t, http.StatusForbidden, together)
		first.Close() // its client has gone
		here.becomes(t, http.StatusOK)
		there.says(t, http.StatusOK, `"token_limit"`)
		second.Close()
		there.becomes(t, http.StatusOK)
	})
	t.Run("a node dies", func(t *testing.T) {
		defer there.begin(t, campaign.ID).Close()
		defer there.begin(t, campaign.ID).Close()
		here.says(t, http.StatusForbidden, together)
		x.server.kill()
		here.says(t, http.StatusForbidden, together)
		here.becomes(t, http.StatusOK)
	})
	x.serve(t)
	t.Run("the last of the day, and the next", func(t *testing.T) {
		account, err := node.Store().Account(t.Context(), account.ID)
		if err != nil {
			t.Fatal(err)
		}
		zone, err := time.LoadLocation(account.TimeZone)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		a := arauto.Allowance{Day: arauto.DayNumber(now, zone), Daily: account.Rules.DailyRequests() - 2, Together: 1, Hold: time.Minute}
		for verdict := arauto.Admitted; verdict == arauto.Admitted; {
			admission, err := node.Store().Admit(t.Context(), now, account.ID, made.ID, a)
			if err != nil {
				t.Fatal(err)
			}
			if verdict = admission.Verdict; verdict != arauto.Admitted {
				break
			}
			if err := node.Store().Leave(t.Context(), admission); err != nil {
				t.Fatal(err)
			}
		}
		there.says(t, http.StatusOK, `"token_limit"`)
		here.says(t, http.StatusOK, `"token_limit"`)
		there.says(t, http.StatusForbidden, "TOKEN LIMIT EXCEEDED")
		here.says(t, http.StatusForbidden, "TOKEN LIMIT EXCEEDED")
	})
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
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.base+"/api/v2/information.php?api=token_info", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("wolkvox-token", v.token)
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func (v vendorDoor) says(t *testing.T, status int, words string) {
	t.Helper()
	if got, text := v.ask(t); got != status || !strings.Contains(text, words) {
		t.Errorf("%s: %d %s, want %d %s", v.base, got, text, status, words)
	}
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
