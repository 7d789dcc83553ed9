package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"arauto"
	"arauto/internal/server"
)

func TestAuthenticate(t *testing.T) {
	for _, c := range []struct {
		name, header, value string
		status              int
	}{
		{"bearer", "Authorization", "Bearer good", 200},
		{"bearer in any case", "authorization", "bEARER  good", 200},
		{"basic with the account's slug", "Authorization", basic("acme", "good"), 200},
		{"basic with the token's name", "Authorization", basic("erp", "good"), 200},
		{"wolkvox-token", "wolkvox-token", "good", 200},
		{"Wolkvox-Token", "Wolkvox-Token", "good", 200},
		{"error/basic with another user", "Authorization", basic("bi", "good"), 401},
		{"error/basic without a user", "Authorization", basic("", "good"), 401},
		{"error/basic without a password", "Authorization", basic("acme", ""), 401},
		{"error/basic that is no base64", "Authorization", "Basic %%%", 401},
		{"error/unknown", "Authorization", "Bearer bad", 401},
		{"error/the hash itself", "Authorization", "Bearer " + arauto.HashToken("good"), 401},
		{"error/empty", "Authorization", "Bearer ", 401},
		{"error/another scheme", "Authorization", "Digest good", 401},
		{"error/nothing", "X-Nothing", "", 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := newWorld(nil).do("GET", "/test/hello", "", c.header, c.value)
			if rec.Code != c.status {
				t.Fatalf("got %d, want %d: %s", rec.Code, c.status, rec.Body)
			}
			if asked := rec.Header().Get("WWW-Authenticate") != ""; asked != (c.status == 401) {
				t.Errorf("WWW-Authenticate: %q", rec.Header().Get("WWW-Authenticate"))
			}
			if c.status == 200 && rec.Body.String() != "erp of acme" {
				t.Errorf("caller %q", rec.Body)
			}
		})
	}
}

func TestToken_EndsInTime(t *testing.T) {
	w := newWorld(nil)
	get := func() int { return w.do("GET", "/test/hello", "", "Authorization", "Bearer good").Code }
	for range 5 {
		get()
	}
	if w.tokens.lookups != 1 {
		t.Errorf("%d look-ups for five requests", w.tokens.lookups)
	}
	w.tokens.add(arauto.Token{ID: 1, Account: 7, Name: "erp", Scopes: []arauto.TokenScope{arauto.TokenRead}, RevokedAt: w.clock.Now()}, "good")
	w.clock.pass(9 * time.Second)
	if got := get(); got != 200 {
		t.Fatalf("the cache did not hold: %d", got)
	}
	w.clock.pass(2 * time.Second)
	if got := get(); got != 401 {
		t.Errorf("eleven seconds after it was revoked: %d", got)
	}

	w = newWorld(nil)
	get()
	w.tokens.add(arauto.Token{ID: 1, Account: 7, Name: "erp", Scopes: []arauto.TokenScope{arauto.TokenRead}, RevokedAt: w.clock.Now()}, "good")
	w.Forget(1)
	if got := get(); got != 401 {
		t.Errorf("forgotten: %d", got)
	}

	w = newWorld(nil)
	w.tokens.add(arauto.Token{ID: 1, Account: 7, Name: "erp", Scopes: []arauto.TokenScope{arauto.TokenRead}, ExpiresAt: w.clock.Now().Add(time.Second)}, "good")
	get()
	w.clock.pass(time.Second)
	if got := get(); got != 401 {
		t.Errorf("expired while cached: %d", got)
	}
}

func TestRate(t *testing.T) {
	w := newWorld(nil)
	get := func(token string) *httptest.ResponseRecorder {
		return w.do("GET", "/test/hello", "", "Authorization", "Bearer "+token)
	}
	var codes []int
	for range 3 {
		codes = append(codes, get("slow").Code)
	}
	if diff := cmp.Diff([]int{200, 200, 429}, codes); diff != "" {
		t.Fatal(diff)
	}
	if after := get("slow").Header().Get("Retry-After"); after != "1" {
		t.Errorf("Retry-After %q", after)
	}
	if got := get("good").Code; got != 200 {
		t.Errorf("another token: %d", got)
	}
	w.clock.pass(time.Second)
	if got := get("slow").Code; got != 200 {
		t.Errorf("a second later: %d", got)
	}
	t.Run("accounts", func(t *testing.T) {
		perSecond := 3
		f := w.Surface("bounded", "/bounded/", fail)
		f.LimitAccounts(func(arauto.Account) int { return perSecond })
		f.Handle("GET /bounded/hello", arauto.TokenRead, 0, func(http.ResponseWriter, *http.Request, server.Caller) {})
		get := func(token string) *httptest.ResponseRecorder {
			return w.do("GET", "/bounded/hello", "", "Authorization", "Bearer "+token)
		}
		w.clock.pass(time.Second)
		codes := []int{get("slow").Code, get("good").Code, get("good").Code, get("good").Code}
		if diff := cmp.Diff([]int{200, 200, 200, 429}, codes); diff != "" {
			t.Errorf("with two tokens of one account: %s", diff)
		}
		if after := get("good").Header().Get("Retry-After"); after != "1" {
			t.Errorf("Retry-After %q", after)
		}
		if got := w.do("GET", "/test/hello", "", "Authorization", "Bearer good").Code; got != 200 {
			t.Errorf("another surface: %d", got)
		}
		perSecond = 100
		get("good") // from here on
		w.clock.pass(100 * time.Millisecond)
		for range 5 {
			if got := get("good").Code; got != 200 {
				t.Errorf("allowed more: %d", got)
			}
		}
	})
	t.Run("wrong tokens", func(t *testing.T) {
		for range 20 {
			get("wrong")
		}
		before := w.tokens.lookups
		if rec := get("wrong"); rec.Code != 429 || rec.Header().Get("Retry-After") == "" || w.tokens.lookups != before {
			t.Errorf("got %d after %d look-ups", rec.Code, w.tokens.lookups-before)
		}
	})
}

func TestSurface(t *testing.T) {
	w := newWorld(nil)
	token := []string{"Authorization", "Bearer good"}
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		says                     string
	}{
		{"any method", "PURGE", "/test/any", "", 200, "PURGE"},
		{"HEAD", "HEAD", "/test/hello", "", 200, ""},
		{"another scope", "POST", "/test/hello", "", 403, "failed: forbidden"},
		{"another method", "DELETE", "/test/hello", "", 405, "failed: invalid"},
		{"an unknown path", "GET", "/test/nothing", "", 404, "failed: not_found"},
		{"an unknown path of nobody", "GET", "/nothing", "", 404, `"status":404`},
		{"a body", "POST", "/test/echo", "0123456789", 200, "0123456789"},
		{"a long body", "POST", "/test/echo", "0123456789a", 413, "failed: invalid"},
		{"a panic", "GET", "/test/panic", "", 500, "failed: internal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := w.do(c.method, c.path, c.body, token...)
			if rec.Code != c.status || !strings.Contains(rec.Body.String(), c.says) {
				t.Errorf("got %d %q", rec.Code, rec.Body)
			}
			if rec.Header().Get("X-Request-Id") == "" || rec.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers %v", rec.Header())
			}
		})
	}
	if allow := w.do("DELETE", "/test/hello", "").Header().Get("Allow"); allow != "GET, HEAD, POST" {
		t.Errorf("Allow %q", allow)
	}
	if !strings.Contains(w.log.String(), "cause=boom") {
		t.Error("the panic is not in the log")
	}
}

func TestToken_LookUpThatBreaksIsOurFault(t *testing.T) {
	w := newWorld(nil)
	w.tokens.broken = errors.New("disk is gone")
	rec := w.do("GET", "/test/hello", "", "Authorization", "Bearer good")
	if rec.Code != 500 || strings.Contains(rec.Body.String(), "disk") || !strings.Contains(w.log.String(), "disk is gone") {
		t.Errorf("got %d %q, log %s", rec.Code, rec.Body, w.log)
	}
}

func TestHealth(t *testing.T) {
	down := errors.New("disk is gone")
	var broken error
	w := newWorld(func(c *server.Config) {
		c.Checks = map[string]func(context.Context) error{"store": func(context.Context) error { return broken }}
	})
	if rec := w.do("GET", "/readyz", ""); rec.Code != 200 {
		t.Errorf("ready: %d", rec.Code)
	}
	broken = down
	if rec := w.do("GET", "/readyz", ""); rec.Code != 503 || strings.Contains(rec.Body.String(), "disk") {
		t.Errorf("not ready: %d %q", rec.Code, rec.Body)
	}
	if rec := w.do("GET", "/healthz", ""); rec.Code != 200 {
		t.Errorf("alive: %d", rec.Code)
	}
}

func TestMetrics_AreNotForEverybody(t *testing.T) {
	w := newWorld(nil)
	w.do("GET", "/test/hello?phone=551199", "", "Authorization", "Bearer good")
	w.do("GET", "/test/whatever", "")
	get := func(remote string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.RemoteAddr = remote
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		rec := httptest.NewRecorder()
		w.Handler().ServeHTTP(rec, r)
		return rec
	}
	if got := get("192.0.2.1:1").Code; got != 401 {
		t.Errorf("a stranger: %d", got)
	}
	if got := get("127.0.0.1:1", "X-Forwarded-For", "192.0.2.1").Code; got != 401 {
		t.Errorf("a stranger behind a proxy nobody told us of: %d", got)
	}
	if got := get("192.0.2.1:1", "Authorization", "Bearer good").Code; got != 403 {
		t.Errorf("a reader: %d", got)
	}
	if got := get("192.0.2.1:1", "Authorization", "Bearer slow").Code; got != 200 {
		t.Errorf("an administrator: %d", got)
	}
	rec := get("[::1]:1")
	for _, want := range []string{
		`arauto_http_requests_total{method="GET",route="/test/hello",status="200"} 1`,
		`arauto_http_requests_total{method="GET",route="other",status="404"} 1`, "go_goroutines",
	} {
		if !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%d, lacks %s", rec.Code, want)
		}
	}
}

func TestRun_RemembersRequestsAndDrains(t *testing.T) {
	w := newWorld(func(c *server.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
	})
	slow := make(chan struct{})
	began := make(chan struct{})
	w.Public("POST /webhooks/{app}", 5, http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		close(began)
		<-slow
		fmt.Fprint(out, r.PathValue("app"))
	}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx, l) }()
	base := "http://" + l.Addr().String()

	r, _ := http.NewRequest("GET", base+"/test/hello?phone=5511999&name=Ana&%2B5511=1", nil)
	r.Header.Set("Authorization", "Bearer good")
	r.Header.Set("X-Forwarded-For", "203.0.113.9, 198.51.100.7, 10.1.2.3")
	if res, err := http.DefaultClient.Do(r); err != nil || res.StatusCode != 200 {
		t.Fatalf("got %v, %v", res, err)
	}
	answered := make(chan string, 1)
	go func() {
		res, err := http.Post(base+"/webhooks/x", "text/plain", nil)
		if err != nil {
			answered <- err.Error()
			return
		}
		body, _ := io.ReadAll(res.Body)
		answered <- string(body)
	}()
	<-began
	stop()
	close(slow)
	if got := <-answered; got != "x" {
		t.Errorf("a request in progress got %q", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
	logged := w.tokens.logged[1]
	if len(logged) != 1 {
		t.Fatalf("remembered %v", logged)
	}
	if got := logged[0]; got.Path != "/test/hello?name&phone&…" || got.Status != 200 || got.Remote != "198.51.100.7" || got.At != w.clock.Now() {
		t.Errorf("remembered %+v", got)
	}
	if strings.Contains(w.log.String(), "5511") || strings.Contains(w.log.String(), "Ana") || !strings.Contains(w.log.String(), "token=erp") {
		t.Errorf("log: %s", w.log)
	}
}

func TestRoutes(t *testing.T) {
	w := newWorld(nil)
	var open []string
	for _, r := range w.Routes() {
		if r.Public {
			open = append(open, r.Method+" "+r.Path)
		} else if r.Scope == "" {
			t.Errorf("%+v needs no scope", r)
		}
	}
	if diff := cmp.Diff([]string{"GET /healthz", "GET /readyz", "GET /metrics"}, open); diff != "" {
		t.Error(diff)
	}
}

// TestOwnDoor: a vendor's token comes in its own header alone, and no rate per second holds there.
func TestOwnDoor(t *testing.T) {
	w := newWorld(nil)
	var failed error
	f := w.Surface("vendor", "/vendor/", func(rw http.ResponseWriter, _ *http.Request, err error) {
		failed = err
		rw.WriteHeader(http.StatusTeapot)
	})
	f.OwnDoor("vendor-token")
	f.Handle("GET /vendor/hello", arauto.TokenRead, 0, func(http.ResponseWriter, *http.Request, server.Caller) {})
	for range 10 {
		if got := w.do("GET", "/vendor/hello", "", "VENDOR-Token", "slow").Code; got != 200 {
			t.Fatalf("a slow token: %d", got)
		}
	}
	for name, c := range map[string]struct {
		header, value string
		none          bool
	}{
		"nothing": {"X-None", "good", true}, "ours": {"Authorization", "Bearer good", true}, "blank": {"vendor-token", " ", true}, "wrong": {"vendor-token", "wrong", false},
	} {
		got := w.do("GET", "/vendor/hello", "", c.header, c.value)
		if got.Code != http.StatusTeapot || errors.Is(failed, server.ErrNoToken) != c.none || got.Header().Get("WWW-Authenticate") != "" {
			t.Errorf("%s: %d, %v", name, got.Code, failed)
		}
	}
}
