package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"arauto"
	"arauto/internal/server"
)

// clock is a time that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fakeTokens are two tokens of the account acme: "good" and "slow".
type fakeTokens struct {
	mu      sync.Mutex
	byHash  map[string]arauto.Token
	lookups int
	broken  error
	logged  map[int64][]arauto.Request
}

func newTokens() *fakeTokens {
	f := &fakeTokens{byHash: map[string]arauto.Token{}, logged: map[int64][]arauto.Request{}}
	f.add(arauto.Token{ID: 1, Account: 7, Name: "erp", Scopes: []arauto.TokenScope{arauto.TokenRead}}, "good")
	f.add(arauto.Token{ID: 2, Account: 7, Name: "bi", Scopes: []arauto.TokenScope{arauto.TokenAdmin}, Rate: 2}, "slow")
	return f
}

func (f *fakeTokens) add(t arauto.Token, value string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t.Hash = arauto.HashToken(value)
	f.byHash[t.Hash] = t
}

func (f *fakeTokens) TokenByHash(_ context.Context, hash string) (arauto.Token, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lookups++
	if f.broken != nil {
		return arauto.Token{}, f.broken
	}
	t, ok := f.byHash[hash]
	if !ok {
		return t, arauto.Errorf(arauto.KindNotFound, "", "there is no such token")
	}
	return t, nil
}

func (f *fakeTokens) Account(context.Context, int64) (arauto.Account, error) {
	return arauto.Account{ID: 7, Slug: "acme"}, nil
}

func (f *fakeTokens) LogRequests(_ context.Context, _, token int64, list []arauto.Request) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.logged[token] = append(f.logged[token], list...)
	return nil
}

type world struct {
	*server.Server
	tokens *fakeTokens
	clock  *clock
	log    *bytes.Buffer
}

func newWorld(change func(*server.Config)) *world {
	w := &world{tokens: newTokens(), clock: &clock{now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}, log: &bytes.Buffer{}}
	cfg := server.Config{Tokens: w.tokens, Now: w.clock.Now, Logger: slog.New(slog.NewTextHandler(w.log, nil))}
	if change != nil {
		change(&cfg)
	}
	w.Server = server.New(cfg)
	f := w.Surface("test", "/test/", fail)
	f.Handle("GET /test/hello", arauto.TokenRead, 0, func(w http.ResponseWriter, _ *http.Request, c server.Caller) {
		fmt.Fprintf(w, "%s of %s", c.Token.Name, c.Account.Slug)
	})
	f.Handle("POST /test/hello", arauto.TokenWrite, 0, func(http.ResponseWriter, *http.Request, server.Caller) {})
	f.Handle("POST /test/echo", arauto.TokenRead, 10, func(w http.ResponseWriter, r *http.Request, _ server.Caller) {
		if _, err := io.Copy(w, r.Body); err != nil {
			fail(w, r, err)
		}
	})
	f.Handle("/test/any", arauto.TokenRead, 0, func(w http.ResponseWriter, r *http.Request, _ server.Caller) { fmt.Fprint(w, r.Method) })
	f.Handle("GET /test/panic", arauto.TokenRead, 0, func(http.ResponseWriter, *http.Request, server.Caller) { panic("boom") })
	return w
}

// fail is a surface's envelope: "status kind".
func fail(w http.ResponseWriter, _ *http.Request, err error) {
	status := map[arauto.Kind]int{arauto.KindUnauthorized: 401, arauto.KindForbidden: 403, arauto.KindLimited: 429, arauto.KindNotFound: 404, arauto.KindInternal: 500}[arauto.KindOf(err)]
	var named interface{ HTTPStatus() int }
	if errors.As(err, &named) {
		status = named.HTTPStatus()
	}
	w.WriteHeader(status)
	fmt.Fprintf(w, "failed: %s", arauto.KindOf(err))
}

func (w *world) do(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.Handler().ServeHTTP(rec, r)
	return rec
}

func basic(user, password string) string {
	r := httptest.NewRequest("GET", "/", nil)
	r.SetBasicAuth(user, password)
	return r.Header.Get("Authorization")
}
