package whatsapp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"arauto"
	"arauto/internal/whatsapp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "EAAGtoken0123456789secret"

func sender(address string) arauto.Sender {
	return arauto.Sender{
		Account: 3, WABA: 5, Name: "Vendas", WABAMetaID: "500100200300400", PhoneNumberID: "300100200300400",
		Token: token, GraphURL: address, GraphVersion: "v25.0",
	}
}

// serve is a Meta that answers as h says, and a client of it; both end with the test.
func serve(t *testing.T, h http.HandlerFunc) (*whatsapp.Client, arauto.Sender) {
	t.Helper()
	srv := httptest.NewServer(h)
	transport := whatsapp.DialedBy((&net.Dialer{}).DialContext)
	t.Cleanup(func() {
		transport.(interface{ CloseIdleConnections() }).CloseIdleConnections()
		srv.CloseClientConnections()
		srv.Close()
	})
	return whatsapp.New(whatsapp.Config{Transport: transport}), sender(srv.URL)
}

func TestSend_Request(t *testing.T) {
	var got *http.Request
	var body []byte
	c, s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Clone(context.Background())
		body, _ = io.ReadAll(r.Body)
		io.WriteString(w, `{"messaging_product":"whatsapp","contacts":[{"input":"+5511987654321","wa_id":"551187654321"}],"messages":[{"id":"wamid.A","message_status":"accepted"}]}`)
	})
	s.Token += "\n"
	r, err := c.Send(t.Context(), s, message("+5511987654321"))
	if err != nil {
		t.Fatal(err)
	}
	if want := (arauto.Receipt{ProviderID: "wamid.A", WAID: "551187654321"}); r != want {
		t.Errorf("receipt %+v, want %+v", r, want)
	}
	if got.Method != "POST" || got.URL.String() != "/v25.0/300100200300400/messages" {
		t.Errorf("%s %s", got.Method, got.URL)
	}
	if got.Header.Get("Authorization") != "Bearer "+token || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", got.Header)
	}
	var v struct{ To string }
	if err := json.Unmarshal(body, &v); err != nil || v.To != "+5511987654321" {
		t.Errorf("to %q, %v", v.To, err)
	}
}

func TestSend_Answers(t *testing.T) {
	const trouble = `{"error":{"message":"(#%d) m","type":"%s","code":%[1]d,"error_data":{"details":"d"}}}`
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   arauto.Receipt
		refuse arauto.SendError
	}{
		{name: "held", status: 200, body: `{"contacts":[],"messages":[{"id":"wamid.H","message_status":"held_for_quality_assessment"}]}`, want: arauto.Receipt{ProviderID: "wamid.H", Held: arauto.HoldQuality}},
		{name: "paused", status: 200, body: `{"contacts":[],"messages":[{"id":"wamid.P","message_status":"paused"}]}`, want: arauto.Receipt{ProviderID: "wamid.P", Held: arauto.HoldPaused}},
		{name: "a type we did not expect", status: 200, body: `{"contacts":"?","messages":[{"id":"wamid.T"}]}`, want: arauto.Receipt{ProviderID: "wamid.T"}},
		{name: "error with details", status: 400, body: fmt.Sprintf(trouble, 131026, "OAuthException"), refuse: arauto.SendError{Code: 131026, Detail: "d", Reason: arauto.ReasonNotOnWhatsApp, Action: arauto.ActionFail, Scope: arauto.ScopeContact}},
		{name: "error under HTTP 200", status: 200, body: fmt.Sprintf(trouble, 131026, "x"), refuse: arauto.SendError{Code: 131026, Detail: "d", Reason: arauto.ReasonNotOnWhatsApp, Action: arauto.ActionFail, Scope: arauto.ScopeContact}},
		{name: "error whose data is text", status: 400, body: `{"error":{"message":"m","code":"131026","error_data":"?"}}`, refuse: arauto.SendError{Code: 131026, Detail: "m", Reason: arauto.ReasonNotOnWhatsApp, Action: arauto.ActionFail, Scope: arauto.ScopeContact}},
		{name: "the number does not exist", status: 400, body: fmt.Sprintf(trouble, 100, "GraphMethodException"), refuse: arauto.SendError{Code: 100, Detail: "d", Reason: arauto.ReasonSenderTrouble, Action: arauto.ActionPause, Scope: arauto.ScopeSender}},
		{name: "bad parameter", status: 400, body: fmt.Sprintf(trouble, 100, "OAuthException"), refuse: arauto.SendError{Code: 100, Detail: "d", Reason: arauto.ReasonRefused, Action: arauto.ActionFail, Scope: arauto.ScopeContact}},
		{name: "transient", status: 503, body: fmt.Sprintf(trouble, 131016, "x"), refuse: arauto.SendError{Code: 131016, Detail: "d", Reason: arauto.ReasonProviderTrouble, Action: arauto.ActionRetry, Scope: arauto.ScopeContact}},
		{name: "HTTP 500 without words", status: 500, body: `<html>`, refuse: lost},
		{name: "HTTP 502 with an empty error", status: 502, body: `{"error":{}}`, refuse: lost},
		{name: "HTTP 200 without an id", status: 200, body: `{"messages":[]}`, refuse: lost},
		{name: "HTTP 200 that is no JSON", status: 200, body: `ok`, refuse: lost},
		{name: "an endless answer", status: 200, body: strings.Repeat(" ", 2<<20), refuse: lost},
		{name: "HTTP 408", status: 408, refuse: lost},
		{name: "HTTP 429 without words", status: 429, refuse: arauto.SendError{Reason: arauto.ReasonTooFast, Action: arauto.ActionRetry, Scope: arauto.ScopeSender, After: 30}},
		{name: "HTTP 407 of a proxy", status: 407, refuse: arauto.SendError{Reason: arauto.ReasonSenderTrouble, Action: arauto.ActionPause, Scope: arauto.ScopeSender, After: 300}},
		{name: "HTTP 403 of a firewall", status: 403, body: `<html>`, refuse: arauto.SendError{Reason: arauto.ReasonSenderTrouble, Action: arauto.ActionPause, Scope: arauto.ScopeSender, After: 300}},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				w.WriteHeader(c.status)
				io.WriteString(w, c.body)
			})
			r, err := client.Send(t.Context(), s, message("+5511987654321"))
			if r != c.want {
				t.Errorf("receipt %+v, want %+v", r, c.want)
			}
			if c.want != (arauto.Receipt{}) {
				if err != nil {
					t.Error(err)
				}
				return
			}
			refused(t, err, c.refuse)
		})
	}
}

// lost is what every silence comes to, and unsent every fault before the first byte.
var (
	lost   = arauto.SendError{Reason: arauto.ReasonNoAnswer, Action: arauto.ActionUnknown, Scope: arauto.ScopeContact}
	unsent = arauto.SendError{Reason: arauto.ReasonProviderTrouble, Action: arauto.ActionRetry, Scope: arauto.ScopeSender, After: 5}
)

// refused compares err with want; the words of faults that have no code are free.
func refused(t *testing.T, err error, want arauto.SendError) {
	t.Helper()
	e, ok := errors.AsType[*arauto.SendError](err)
	if !ok {
		t.Fatalf("error %v (%T), want a SendError", err, err)
	}
	got := *e
	if want.Detail == "" && got.Detail != "" {
		got.Detail = ""
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s\n%s", e.Detail, diff)
	}
}

func TestSend_Faults(t *testing.T) {
	t.Run("nobody listens", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		_, err = whatsapp.New(whatsapp.Config{}).Send(t.Context(), sender("http://"+l.Addr().String()), message("+5511987654321"))
		refused(t, err, unsent)
	})
	t.Run("TLS is not agreed on", func(t *testing.T) {
		srv := httptest.NewUnstartedServer(http.NotFoundHandler())
		srv.Config.ErrorLog = log.New(io.Discard, "", 0)
		srv.StartTLS()
		defer srv.Close()
		_, err := whatsapp.New(whatsapp.Config{}).Send(t.Context(), sender(srv.URL), message("+5511987654321"))
		refused(t, err, unsent)
	})
	t.Run("read, then closed", func(t *testing.T) {
		var requests atomic.Int32
		c, s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			if requests.Add(1) > 1 { // the first one makes a connection that is then used again
				panic(http.ErrAbortHandler)
			}
			io.WriteString(w, `{"messages":[{"id":"wamid.1"}]}`)
		})
		if _, err := c.Send(t.Context(), s, message("+5511987654321")); err != nil {
			t.Fatal(err)
		}
		_, err := c.Send(t.Context(), s, message("+5511987654321"))
		refused(t, err, lost)
		if n := requests.Load(); n != 2 {
			t.Errorf("the server saw %d requests for 2 messages", n)
		}
	})
	t.Run("the answer breaks off", func(t *testing.T) {
		c, s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Length", "900")
			io.WriteString(w, `{"messages":[{"id":"wamid.1"`)
		})
		_, err := c.Send(t.Context(), s, message("+5511987654321"))
		refused(t, err, lost)
	})
	t.Run("no answer in time", func(t *testing.T) {
		c, s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := c.Send(ctx, s, message("+5511987654321"))
		refused(t, err, lost)
	})
	t.Run("given up before", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := whatsapp.New(whatsapp.Config{}).Send(ctx, sender("http://127.0.0.1:9"), message("+5511987654321"))
		refused(t, err, arauto.SendError{Reason: arauto.ReasonProviderTrouble, Action: arauto.ActionRetry, Scope: arauto.ScopeContact})
	})
	t.Run("given up while dialling", func(t *testing.T) {
		hang := func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
		c := whatsapp.New(whatsapp.Config{Transport: whatsapp.DialedBy(hang), Timeout: 20 * time.Millisecond})
		_, err := c.Send(t.Context(), sender("http://127.0.0.1:9"), message("+5511987654321"))
		refused(t, err, unsent)
	})
	for written, want := range map[int]arauto.SendError{0: unsent, 1: lost} {
		t.Run(fmt.Sprintf("the connection dies after %d bytes", written), func(t *testing.T) {
			open := func(context.Context, string, string) (net.Conn, error) { return newDying(written), nil }
			_, err := whatsapp.New(whatsapp.Config{Transport: whatsapp.DialedBy(open)}).Send(t.Context(), sender("http://127.0.0.1:9"), message("+5511987654321"))
			refused(t, err, want)
		})
	}
	t.Run("a transport that tells nothing", func(t *testing.T) {
		c := whatsapp.New(whatsapp.Config{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })})
		_, err := c.Send(t.Context(), sender(""), message("+5511987654321"))
		refused(t, err, lost)
	})
	t.Run("a redirect is not followed", func(t *testing.T) {
		var elsewhere atomic.Int32
		other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
		defer other.Close()
		c, s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		})
		_, err := c.Send(t.Context(), s, message("+5511987654321"))
		refused(t, err, arauto.SendError{Reason: arauto.ReasonSenderTrouble, Action: arauto.ActionPause, Scope: arauto.ScopeSender, After: 300})
		if elsewhere.Load() != 0 {
			t.Error("it was followed")
		}
	})
}

func TestSend_OverTLS(t *testing.T) {
	var requests atomic.Int32
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if requests.Add(1) == 3 {
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, `{"messages":[{"id":"wamid.`+r.Proto+`"}]}`)
	}))
	defer srv.Close()
	transport := whatsapp.Trusting(srv.Client().Transport.(*http.Transport).TLSClientConfig)
	defer transport.(interface{ CloseIdleConnections() }).CloseIdleConnections()
	c, s := whatsapp.New(whatsapp.Config{Transport: transport}), sender(srv.URL)
	for range 2 {
		r, err := c.Send(t.Context(), s, message("+5511987654321"))
		if err != nil || r.ProviderID != "wamid.HTTP/1.1" {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	_, err := c.Send(t.Context(), s, message("+5511987654321"))
	refused(t, err, lost)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// dying is a connection that takes some bytes and then breaks.
type dying struct {
	net.Conn
	left int
}

func newDying(bytes int) *dying {
	conn, _ := net.Pipe()
	return &dying{Conn: conn, left: bytes}
}

func (d *dying) Write(p []byte) (int, error) {
	n := min(d.left, len(p))
	d.left -= n
	if n < len(p) {
		return n, errors.New("broken pipe")
	}
	return n, nil
}

func TestSend_Misconfigured(t *testing.T) {
	for name, change := range map[string]func(*arauto.Sender){
		"number id": func(s *arauto.Sender) { s.PhoneNumberID = "../me" },
		"version":   func(s *arauto.Sender) { s.GraphVersion = "latest" },
		"address":   func(s *arauto.Sender) { s.GraphURL = "graph.facebook.com" },
		"no host":   func(s *arauto.Sender) { s.GraphURL = "https://" },
		"user":      func(s *arauto.Sender) { s.GraphURL = "https://a:b@graph.example" },
		"query":     func(s *arauto.Sender) { s.GraphURL = "https://graph.example?x=" },
		"token":     func(s *arauto.Sender) { s.Token = "EAAG 1" },
	} {
		t.Run(name, func(t *testing.T) {
			c := whatsapp.New(whatsapp.Config{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				t.Errorf("asked %s", r.URL)
				return nil, io.EOF
			})})
			s := sender("https://graph.example")
			change(&s)
			_, err := c.Send(t.Context(), s, message("+5511987654321"))
			refused(t, err, arauto.SendError{Reason: arauto.ReasonSenderTrouble, Action: arauto.ActionPause, Scope: arauto.ScopeSender})
		})
	}
}

// TestTokenStaysHidden has every way in which a call fails, with a Meta that quotes the token back.
func TestTokenStaysHidden(t *testing.T) {
	quote := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			fmt.Fprintf(w, body, r.Header.Get("Authorization"))
		}
	}
	for name, h := range map[string]http.HandlerFunc{
		"message":  quote(401, `{"error":{"message":"Malformed access token %s","code":190}}`),
		"details":  quote(400, `{"error":{"message":"m","code":100,"error_data":{"details":"%s"}}}`),
		"no words": quote(500, `%s`),
		"no HTTP": func(w http.ResponseWriter, r *http.Request) {
			conn, out, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			fmt.Fprintf(out, "%s\r\n\r\n", r.Header.Get("Authorization"))
			out.Flush()
			conn.Close()
		},
		"nothing": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			c, s := serve(t, h)
			_, sendErr := c.Send(t.Context(), s, message("+5511987654321"))
			_, listErr := c.Templates(t.Context(), s, s.WABAMetaID)
			_, numberErr := c.Number(t.Context(), s)
			var out bytes.Buffer
			logger := slog.New(slog.NewJSONHandler(&out, nil))
			for _, err := range []error{sendErr, listErr, numberErr} {
				if err == nil {
					t.Fatal("no error")
				}
				logger.Error("call failed", "err", err, "sender", s)
				fmt.Fprintf(&out, "%v %+v %#v", err, err, err)
				if e, ok := errors.AsType[*arauto.SendError](err); ok {
					fmt.Fprintf(&out, "%+v", *e)
				}
			}
			if strings.Contains(out.String(), token) {
				t.Error("the token shows: " + out.String())
			}
		})
	}
}

func BenchmarkSend(b *testing.B) {
	answer := `{"messaging_product":"whatsapp","contacts":[{"input":"+5511987654321","wa_id":"5511987654321"}],"messages":[{"id":"wamid.HBgNNTUxMTk4NzY1NDMyMRUCABEYEjEyMzQ1Njc4OTAxMjM0NTY3OAA=","message_status":"accepted"}]}`
	c := whatsapp.New(whatsapp.Config{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		r.Body.Close()
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(answer))}, nil
	})})
	s, m := sender("https://graph.facebook.com"), message("+5511987654321")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Send(b.Context(), s, m); err != nil {
			b.Fatal(err)
		}
	}
}
