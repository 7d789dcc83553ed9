package app_test

import (
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"arauto"
	"arauto/internal/app"
	"arauto/internal/sandbox"
)

// inside is a node that runs in this process, for tests that look behind its door.
type inside struct {
	*app.App
	base string
}

func newInside(t *testing.T) *inside { return newInsideAt(t, t.TempDir(), "") }

// newInsideAt uses that data directory, and that database unless it is "".
func newInsideAt(t *testing.T, data, database string) *inside {
	t.Helper()
	c := app.Config{Data: data, Database: database, AllowPrivateGraph: true, AllowPrivateWebhooks: true, TokenRate: 100_000, LogLevel: "error"}
	a, err := app.Open(t.Context(), c, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() {
		if err := a.Run(ctx, l); err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(func() {
		stop()
		running.Wait()
		if err := a.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return &inside{App: a, base: "http://" + l.Addr().String()}
}

// account makes an account and an administrator's way into it.
func (n *inside) account(t *testing.T, slug string) (client, arauto.Account) {
	t.Helper()
	who := arauto.Actor{Name: "test"}
	account, err := n.Store().CreateAccount(t.Context(), who, time.Now().UTC(), arauto.Account{Slug: slug, Name: slug, Country: "BR", TimeZone: "America/Sao_Paulo", Language: arauto.Portuguese})
	if err != nil {
		t.Fatal(err)
	}
	value, err := arauto.NewTokenValue(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	who.Account = account.ID
	if _, err := n.Store().CreateToken(t.Context(), who, time.Now().UTC(), arauto.Token{
		Account: account.ID, Name: "admin", Prefix: arauto.TokenPrefixOf(value),
		Hash: arauto.HashToken(value), Scopes: []arauto.TokenScope{arauto.TokenAdmin},
	}); err != nil {
		t.Fatal(err)
	}
	return client{n.base, value}, account
}

// mute is a pretend Meta in this process that takes messages and tells nothing: tests post its webhooks.
func mute(t *testing.T, c sandbox.Config) (*sandbox.Sandbox, string) {
	t.Helper()
	meta := sandbox.New(c)
	served := httptest.NewServer(meta)
	t.Cleanup(served.Close)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() { meta.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	return meta, served.URL
}

// post sends a webhook signed with secret and is the status it is answered with.
func post(t *testing.T, address, secret, body string) int {
	t.Helper()
	status, _, _ := exchange(t, http.MethodPost, address, as{"Content-Type": "application/json", "X-Hub-Signature-256": sandbox.Sign(secret, []byte(body))}, strings.NewReader(body))
	return status
}
