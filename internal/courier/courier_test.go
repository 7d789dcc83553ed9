package courier_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"arauto"
	"arauto/internal/courier"
)

var base = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// receiver answers with a status and remembers what it was given.
type receiver struct {
	*httptest.Server
	status int
	header http.Header
	got    []*http.Request
	bodies []string
}

func newReceiver(t *testing.T, status int) *receiver {
	t.Helper()
	r := &receiver{status: status, header: http.Header{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			t.Error(err)
		}
		r.got, r.bodies = append(r.got, q), append(r.bodies, string(body))
		for k, v := range r.header {
			w.Header()[k] = v
		}
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) endpoint() arauto.Endpoint {
	return arauto.Endpoint{ID: 3, UUID: "0192f0c1", URL: r.URL + "/hook?k=v", Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
}

var private = courier.Config{AllowPrivate: true, Version: "v1"}

func notices() []arauto.Notice {
	return []arauto.Notice{
		{ID: 7, Epoch: 35, Type: arauto.NoticeContactState, At: base, Data: `{"phone":"+55 <&>"}`},
		{ID: 9, Epoch: 35, Type: arauto.NoticeImportFinished, At: base.Add(1500 * time.Millisecond), Data: `{"a":1.0}`},
	}
}

func TestPost(t *testing.T) {
	r := newReceiver(t, 204)
	h := courier.New(private).Post(t.Context(), base, r.endpoint(), notices())
	if !h.Taken() || h.Status != 204 || h.Words != "" {
		t.Fatalf("%+v", h)
	}
	q := r.got[0]
	if q.Method != "POST" || q.RequestURI != "/hook?k=v" || q.Header.Get("Content-Type") != "application/json" || q.Header.Get("User-Agent") != "arauto/v1" {
		t.Errorf("%s %s %v", q.Method, q.RequestURI, q.Header)
	}
	want := `{"type":"events","timestamp":"2026-03-10T12:00:01.500Z","data":[` +
		`{"id":"ez.7","type":"contact.state","timestamp":"2026-03-10T12:00:00.000Z","data":{"phone":"+55 <&>"}},` +
		`{"id":"ez.9","type":"import.finished","timestamp":"2026-03-10T12:00:01.500Z","data":{"a":1.0}}]}`
	if r.bodies[0] != want {
		t.Errorf("got  %s\nwant %s", r.bodies[0], want)
	}
	if id := q.Header.Get("webhook-id"); id != "msg_0192f0c1_ez-7_ez-9" {
		t.Errorf("webhook-id %s", id)
	}
	if at := q.Header.Get("webhook-timestamp"); at != "1773144000" {
		t.Errorf("webhook-timestamp %s", at)
	}
	again := courier.New(private).Post(t.Context(), base.Add(time.Hour), r.endpoint(), notices())
	if !again.Taken() || r.bodies[1] != want || r.got[1].Header.Get("webhook-id") != q.Header.Get("webhook-id") || r.got[1].Header.Get("webhook-signature") == q.Header.Get("webhook-signature") {
		t.Error("the same notices make another delivery, or its signature does not hold the moment")
	}
}

func TestPost_Ping(t *testing.T) {
	r := newReceiver(t, 200)
	courier.New(private).Post(t.Context(), base, r.endpoint(), []arauto.Notice{{Type: arauto.NoticePing, At: base, Data: `{}`}})
	var body struct {
		Data []struct{ ID, Type string }
	}
	if err := json.Unmarshal([]byte(r.bodies[0]), &body); err != nil || len(body.Data) != 1 || body.Data[0].Type != "ping" || body.Data[0].ID != "ping" {
		t.Errorf("%s, %v", r.bodies[0], err)
	}
}

func TestPost_NotTaken(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		header string
		words  string
		after  time.Duration
	}{
		"refused":    {400, "", "answered 400 Bad Request", 0},
		"broken":     {500, "nonsense", "answered 500 Internal Server Error", 0},
		"too many":   {429, "120", "answered 429 Too Many Requests", 2 * time.Minute},
		"until then": {503, base.Add(time.Minute).Format(http.TimeFormat), "answered 503 Service Unavailable", time.Minute},
		"gone":       {410, "", "answered 410 Gone: it does not want to be told any more", 0},
		"elsewhere":  {302, "", "answered 302: redirects are not followed, give the address they lead to", 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t, c.status)
			r.header.Set("Retry-After", c.header)
			r.header.Set("Location", r.URL+"/elsewhere")
			h := courier.New(private).Post(t.Context(), base, r.endpoint(), notices())
			if h.Taken() || h != (arauto.Handover{Status: c.status, Words: c.words, After: c.after}) {
				t.Errorf("%+v", h)
			}
			if len(r.got) != 1 {
				t.Errorf("%d requests", len(r.got))
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		r := newReceiver(t, 200)
		r.Close()
		if h := courier.New(private).Post(t.Context(), base, r.endpoint(), notices()); h.Status != 0 || !strings.Contains(h.Words, "refused") {
			t.Errorf("%+v", h)
		}
	})
	t.Run("an answer without end", func(t *testing.T) {
		endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			for q.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}))
		defer endless.Close()
		if h := courier.New(private).Post(t.Context(), base, arauto.Endpoint{URL: endless.URL, Secret: "whsec_eA=="}, notices()); !h.Taken() {
			t.Errorf("%+v", h)
		}
	})
	t.Run("no answer in time", func(t *testing.T) {
		release := make(chan struct{})
		slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
		defer slow.Close()
		defer close(release)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if h := courier.New(private).Post(ctx, base, arauto.Endpoint{URL: slow.URL, Secret: "whsec_eA=="}, notices()); h.Status != 0 || h.Words != "did not answer within 15s" {
			t.Errorf("%+v", h)
		}
	})
}

// TestPost_Private: without the operator's word nothing gets to this machine or into its network, whether the
// address says so itself or a name leads there.
func TestPost_Private(t *testing.T) {
	r := newReceiver(t, 200)
	port := r.URL[strings.LastIndex(r.URL, ":"):]
	for name, url := range map[string]string{
		"literal": "https://127.0.0.1" + port, "plain": "http://example.com", "metadata": "https://169.254.169.254/latest/meta-data", "name": "https://localhost" + port,
	} {
		h := courier.New(courier.Config{}).Post(t.Context(), base, arauto.Endpoint{URL: url, Secret: "whsec_eA=="}, notices())
		if h.Status != 0 || h.Words == "" {
			t.Errorf("%s: %+v", name, h)
		}
	}
	for _, text := range []string{"127.0.0.1", "10.1.2.3", "172.20.0.1", "192.168.0.9", "169.254.169.254", "100.64.3.4", "224.0.0.5", "0.0.0.0"} {
		h := courier.New(courier.Config{Resolver: resolver(t, text)}).Post(t.Context(), base, arauto.Endpoint{URL: "https://rebound.example.com" + port, Secret: "whsec_eA=="}, notices())
		if h.Status != 0 || !strings.Contains(h.Words, "its address "+text+" is on this machine or inside a private network") {
			t.Errorf("a name that leads to %s: %+v", text, h)
		}
	}
	if len(r.got) > 0 {
		t.Errorf("%d requests came in", len(r.got))
	}
}

// TestPost_Rebound: what counts is the address of the very connection. A name that leads outside when somebody
// looks and inside when it is used gets nowhere.
func TestPost_Rebound(t *testing.T) {
	var lookups atomic.Int64
	answers := func() string {
		if lookups.Add(1) == 1 {
			return "192.0.2.1" // whoever checked first would have seen something else
		}
		return "127.0.0.1"
	}
	c := courier.New(courier.Config{Resolver: resolverOf(t, answers)})
	for range 3 {
		if h := c.Post(t.Context(), base, arauto.Endpoint{URL: "https://rebound.example.com", Secret: "whsec_eA=="}, notices()); h.Status != 0 || !strings.Contains(h.Words, "private network") {
			t.Errorf("%+v", h)
		}
	}
	if n := lookups.Load(); n < 3 {
		t.Errorf("looked up %d times", n)
	}
}

func resolver(t *testing.T, address string) *net.Resolver {
	return resolverOf(t, func() string { return address })
}

// resolverOf answers every question for an IPv4 address with what address says.
func resolverOf(t *testing.T, address func() string) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(dnsAnswer(buf[:n], address), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// dnsAnswer answers a question of RFC 1035: its own header and question, then one record of type A.
func dnsAnswer(question []byte, address func() string) []byte {
	end := 12
	for question[end] != 0 {
		end += int(question[end]) + 1
	}
	kind := question[end+2]
	out := append([]byte{}, question[:end+5]...)
	out[2], out[3] = 0x81, 0x80                                         // an answer, by one who recurses
	out[6], out[7], out[8], out[9], out[10], out[11] = 0, 0, 0, 0, 0, 0 // no records yet
	if kind == 1 {
		out[7] = 1
		a := netip.MustParseAddr(address()).As4()
		out = append(out, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		out = append(out, a[:]...)
	}
	return out
}
