package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"arauto/internal/sandbox"

	"github.com/google/go-cmp/cmp"
)

const reader = "+5511975500010" // reads, does not react

func TestWebhooks_ShapeOfMeta(t *testing.T) {
	inBubble(t, func(c *sandbox.Config) { c.Conversations = true }, func(w *world) {
		a := w.send("+5511975500040", "attempt-1")
		w.settle()
		waID := sandbox.Fate(7, "+5511975500040").WAID
		if got := len(w.receiver.bodies); got != 4 {
			t.Fatalf("%d webhooks, want 4", got)
		}
		var sent, button map[string]any
		if err := errors.Join(json.Unmarshal([]byte(w.receiver.bodies[0]), &sent), json.Unmarshal([]byte(w.receiver.bodies[3]), &button)); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			body map[string]any
			path string
			want any
		}{
			{sent, "object", "whatsapp_business_account"},
			{sent, "entry.0.id", w.cfg.WABAID},
			{sent, "entry.0.changes.0.field", "messages"},
			{sent, "entry.0.changes.0.value.messaging_product", "whatsapp"},
			{sent, "entry.0.changes.0.value.metadata.display_phone_number", "551140001234"},
			{sent, "entry.0.changes.0.value.metadata.phone_number_id", w.cfg.PhoneNumberID},
			{sent, "entry.0.changes.0.value.contacts.0.wa_id", waID},
			{sent, "entry.0.changes.0.value.statuses.0.id", a.id()},
			{sent, "entry.0.changes.0.value.statuses.0.timestamp", "946684800"},
			{sent, "entry.0.changes.0.value.statuses.0.recipient_id", waID},
			{sent, "entry.0.changes.0.value.statuses.0.biz_opaque_callback_data", "attempt-1"},
			{sent, "entry.0.changes.0.value.statuses.0.pricing.category", "marketing"},
			{sent, "entry.0.changes.0.value.statuses.0.pricing.pricing_model", "PMP"},
			{sent, "entry.0.changes.0.value.statuses.0.conversation.origin.type", "marketing"},
			{sent, "entry.0.changes.0.value.statuses.0.conversation.expiration_timestamp", "946771200"},
			{button, "entry.0.changes.0.value.messages.0.from", waID},
			{button, "entry.0.changes.0.value.messages.0.type", "button"},
			{button, "entry.0.changes.0.value.messages.0.context.id", a.id()},
			{button, "entry.0.changes.0.value.messages.0.context.from", "551140001234"},
			{button, "entry.0.changes.0.value.messages.0.button.payload", "yes:1"},
		} {
			if got := dig(c.body, c.path); got != c.want {
				t.Errorf("%s is %v, want %v", c.path, got, c.want)
			}
		}
	})
}

// dig follows a path like "entry.0.id".
func dig(v any, path string) any {
	for _, step := range strings.Split(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[step]
		case []any:
			i := int(step[0] - '0')
			if i >= len(in) {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}

func TestWebhooks_RetriedUntil200(t *testing.T) {
	inBubble(t, func(c *sandbox.Config) { c.Workers = 1 }, func(w *world) {
		w.receiver.failures = 8
		if _, err := w.box.Say(sandbox.Inbound{From: reader, Text: "oi"}); err != nil {
			t.Fatal(err)
		}
		w.settle()
		var gaps []time.Duration
		for i := 1; i < len(w.receiver.at); i++ {
			gaps = append(gaps, w.receiver.at[i].Sub(w.receiver.at[i-1]))
		}
		const ms = time.Millisecond
		want := []time.Duration{0, 200 * ms, 400 * ms, 800 * ms, 1600 * ms, 3200 * ms, 5000 * ms, 5000 * ms}
		if diff := cmp.Diff(want, gaps); diff != "" {
			t.Error(diff)
		}
		if got := w.box.Summary().Webhooks; got.Delivered != 1 || got.Retries != 8 || got.Pending != 0 {
			t.Errorf("summary %+v", got)
		}
	})
}

func TestWebhooks_NobodyListens(t *testing.T) {
	inBubble(t, func(c *sandbox.Config) { c.WebhookURL = "" }, func(w *world) {
		w.send(reader, "")
		w.settle()
		if got := w.box.Summary().Webhooks; got.Discarded != 3 || got.Delivered != 0 {
			t.Errorf("summary %+v", got)
		}
	})
}

func TestRun_StopsAndResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.send(reader, "")
		if got := w.box.Summary().Webhooks.Pending; got != 3 {
			t.Fatalf("%d pending before Run, want 3", got)
		}
		short, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
		defer cancel()
		if err := w.box.Run(short); err != nil {
			t.Fatal(err)
		}
		if err := w.box.Idle(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Idle with something pending: %v", err)
		}
		if got := w.receiver.kinds(); got != "sent" {
			t.Errorf("first Run delivered %q", got)
		}
		long, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := w.box.Run(long); err != nil {
			t.Fatal(err)
		}
		if got := w.receiver.kinds(); got != "sent delivered read" {
			t.Errorf("both Runs delivered %q", got)
		}
	})
}

func TestMessages_LimitsOfTheSandbox(t *testing.T) {
	t.Run("throughput", func(t *testing.T) {
		inBubble(t, func(c *sandbox.Config) { c.MessagesPerSecond = 80 }, func(w *world) {
			codes := map[int]int{}
			for i := range 100 {
				codes[w.send(fmt.Sprintf("+551197550000%d", i%10), "").code()]++
			}
			if diff := cmp.Diff(map[int]int{0: 80, 130429: 20}, codes); diff != "" {
				t.Error(diff)
			}
			time.Sleep(time.Second)
			if a := w.send(reader, ""); a.code() != 0 {
				t.Errorf("a second later: %s", a.raw)
			}
		})
	})
	t.Run("queue", func(t *testing.T) {
		inBubble(t, func(c *sandbox.Config) { c.Queue = 3 }, func(w *world) {
			w.send(reader, "")
			if a := w.send(reader, ""); a.code() != 131016 || a.status != http.StatusServiceUnavailable {
				t.Errorf("answered %d %s", a.status, a.raw)
			}
			w.settle()
			if a := w.send(reader, ""); a.code() != 0 {
				t.Errorf("once delivered: %s", a.raw)
			}
		})
	})
	t.Run("latency", func(t *testing.T) {
		inBubble(t, func(c *sandbox.Config) { c.Latency, c.Pace = 300*time.Millisecond, 0 }, func(w *world) {
			start := time.Now()
			w.send(reader, "")
			if got := time.Since(start); got != 300*time.Millisecond {
				t.Errorf("answered after %s", got)
			}
			w.settle()
			if got := w.receiver.at[0]; !got.Equal(start) {
				t.Errorf("first webhook after %s, want before the answer", got.Sub(start))
			}
		})
	})
}

func TestLedger(t *testing.T) {
	inBubble(t, nil, func(w *world) {
		w.send("+5511975500010", "a1")
		w.send("551175500010", "a2")     // the same person, spelled without the ninth digit
		w.send("+5511975500820", "a3")   // taken, connection closed
		w.send("+5511975500810", "a4")   // never taken
		w.send("+5511975500300", "a5")   // refused
		w.send("+5511975500000", "a3")   // a callback seen before
		w.post(`{"not":"a message"}`)    // refused
		w.call("POST", "/messages", `x`) // nobody's

		t.Run("entries", func(t *testing.T) {
			var got []string
			for e := range w.box.Entries() {
				got = append(got, fmt.Sprintf("%d %s %d %s %s %s", e.Seq, e.Outcome, e.Code, e.Answer, e.To, e.Callback))
			}
			want := []string{
				"1 accepted 0 ok 5511975500010 a1",
				"2 accepted 0 ok 551175500010 a2",
				"3 accepted 0 closed 5511975500820 a3",
				"4 lost 0  5511975500810 a4",
				"5 refused 131026  5511975500300 a5",
				"6 accepted 0 ok 5511975500000 a3",
				"7 refused 100   ",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
		t.Run("summary", func(t *testing.T) {
			got := w.box.Summary()
			got.Webhooks, got.Reach = sandbox.Webhooks{}, sandbox.Reach{}
			want := sandbox.Summary{
				Accepted: 4, Unheard: 1, Refused: map[int]int{131026: 1, 100: 1}, Lost: 1,
				People: 3, Twice: 1, RepeatedCallbacks: 1,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
		t.Run("pages over HTTP", func(t *testing.T) {
			var seqs []any
			after := "0"
			for more := true; more; {
				a := w.call("GET", "/_sandbox/ledger?limit=3&after="+after, "")
				for _, e := range a.body["entries"].([]any) {
					seqs = append(seqs, e.(map[string]any)["seq"])
				}
				after, more = fmt.Sprint(a.body["after"]), a.body["more"].(bool)
			}
			if diff := cmp.Diff([]any{1., 2., 3., 4., 5., 6., 7.}, seqs); diff != "" {
				t.Error(diff)
			}
			for _, bad := range []string{"after=x", "after=-1", "limit=0", "limit=10001"} {
				if a := w.call("GET", "/_sandbox/ledger?"+bad, ""); a.status != http.StatusBadRequest {
					t.Errorf("%s answered %d", bad, a.status)
				}
			}
		})
		w.settle()
	})
}

func TestLedger_ForgetsTheOldest(t *testing.T) {
	w := newWorld(t, func(c *sandbox.Config) { c.LedgerSize = 100 })
	for range 9000 {
		w.post(`{}`)
	}
	page := w.box.Ledger(0, 100_000)
	if len(page) < 100 || len(page) > 4096+100 {
		t.Errorf("%d entries kept", len(page))
	}
	if first, last := page[0].Seq, page[len(page)-1].Seq; last != 9000 || last-first+1 != int64(len(page)) {
		t.Errorf("kept %d to %d in %d entries", first, last, len(page))
	}
	if got := w.box.Summary().Refused[100]; got != 9000 {
		t.Errorf("%d refusals counted, want 9000", got)
	}
}

func TestLedgerFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	w := newWorld(t, func(c *sandbox.Config) { c.LedgerFile = path })
	for run := range 2 {
		ctx, stop := context.WithCancel(t.Context())
		w.send(reader, fmt.Sprint("run", run))
		stop()
		if err := w.box.Run(ctx); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines, want one for each message: %s", len(lines), raw)
	}
	var e sandbox.Entry
	if err := json.Unmarshal([]byte(lines[1]), &e); err != nil || e.Seq != 2 || e.Callback != "run1" || e.ID == "" {
		t.Errorf("second line is %s (%v)", lines[1], err)
	}

	w = newWorld(t, func(c *sandbox.Config) { c.LedgerFile = filepath.Join(path, "not-a-folder") })
	if err := w.box.Run(t.Context()); err == nil {
		t.Error("Run with a ledger file that cannot be opened says nothing")
	}
}

func TestControl(t *testing.T) {
	inBubble(t, nil, func(w *world) {
		id := w.send(reader, "").id()
		w.settle()
		say := func(body string) update {
			t.Helper()
			if a := w.call("POST", "/_sandbox/inbound", body); a.status != http.StatusOK {
				t.Fatalf("answered %d %s", a.status, a.raw)
			}
			w.settle()
			return last(w)
		}
		if got := say(`{"from":"+5511975500010","text":"oi"}`); got.text != "oi" || got.context != "" || got.from != sandbox.Fate(7, reader).WAID {
			t.Errorf("text: %+v", got)
		}
		if got := say(`{"from":"+5511975500010","text":"oi","context":"last"}`); got.context != id {
			t.Errorf("reply to the last: %+v", got)
		}
		if got := say(`{"from":"+5511975500010","button":"Sim","payload":"p","context":"wamid.x"}`); got.kind != "button" || got.payload != "p" || got.context != "wamid.x" {
			t.Errorf("button: %+v", got)
		}
		if got := say(`{"from":"+5511975500010","preference":"stop"}`); got.kind != "stop" {
			t.Errorf("preference: %+v", got)
		}
		if got := say(`{"from":"+5511975500010","text":"oi","hide_phone":true}`); got.from != "" || got.userID != sandbox.Fate(7, reader).UserID {
			t.Errorf("hidden: %+v", got)
		}
		if got := say(`{"from":"+5511975500010","text":"oi","referral":{"ctwa_clid":"abc"}}`); !strings.Contains(got.raw, `"referral":{"ctwa_clid":"abc"}`) {
			t.Errorf("referral: %s", got.raw)
		}
		for _, bad := range []string{`{`, `{"from":"x","text":"a"}`, `{"from":"+5511975500010"}`, `{"from":"+5511975500010","text":"a","button":"b"}`, `{"from":"+5511975500999","text":"a","context":"last"}`} {
			if a := w.call("POST", "/_sandbox/inbound", bad); a.status != http.StatusBadRequest {
				t.Errorf("%s answered %d", bad, a.status)
			}
		}
		if a := w.call("POST", "/_sandbox/template", `{"name":"aviso_simples","language":"pt_BR","status":"PAUSED"}`); a.status != http.StatusOK {
			t.Errorf("template: %s", a.raw)
		}
		w.settle()
		if got := last(w).kind; got != "template aviso_simples PAUSED" {
			t.Errorf("template status told as %q", got)
		}
		if a := w.call("POST", "/_sandbox/webhook", `{"url":"http://receiver.test/other","verify":true}`); a.status != http.StatusOK {
			t.Errorf("webhook: %s", a.raw)
		}
		if a := w.call("GET", "/_sandbox/magic", ""); len(a.body["magic"].([]any)) != len(sandbox.MagicNumbers()) {
			t.Errorf("magic: %s", a.raw)
		}
		if a := w.call("GET", "/_sandbox/summary", ""); a.body["accepted"] != 1. {
			t.Errorf("summary: %s", a.raw)
		}
		if a := w.call("GET", "/_sandbox/other", ""); a.status != http.StatusNotFound {
			t.Errorf("other: %d", a.status)
		}
	})
}

func TestVerifyWebhook_WrongToken(t *testing.T) {
	w := newWorld(t, func(c *sandbox.Config) { c.VerifyToken = "another" })
	if err := w.box.VerifyWebhook(t.Context(), "http://receiver.test/hook"); err == nil {
		t.Error("a receiver that refuses was believed")
	}
}

// The same over real connections, where an abort must look like one.
func TestOnASocket(t *testing.T) {
	var told atomic.Int32
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("X-Hub-Signature-256") == sandbox.Sign(secret, body) {
			told.Add(1)
		}
	}))
	defer hook.Close()
	w := newWorld(t, func(c *sandbox.Config) { c.Pace, c.WebhookURL, c.Client = 0, hook.URL, nil })
	graph := httptest.NewServer(w.box)
	defer graph.Close()
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error)
	go func() { ran <- w.box.Run(ctx) }()

	post := func(to string) (int, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, graph.URL+"/v26.0/"+w.cfg.PhoneNumberID+"/messages", strings.NewReader(offer(to, "")))
		if err != nil {
			return 0, err
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, err
		}
		return resp.StatusCode, resp.Body.Close()
	}
	if status, err := post(reader); status != http.StatusOK || err != nil {
		t.Errorf("got %d, %v", status, err)
	}
	for _, m := range []string{"+5511975500810", "+5511975500820"} {
		if status, err := post(m); err == nil {
			t.Errorf("%s answered %d, want a closed connection", m, status)
		}
	}
	w.settle()
	if got := told.Load(); got != 6 {
		t.Errorf("%d signed webhooks, want 3 of each message that was taken", got)
	}
	stop()
	if err := <-ran; err != nil {
		t.Error(err)
	}
}
