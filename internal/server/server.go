// Package server is the one door to Arauto: HTTP, TLS, who is calling, how fast and how much, the request
// log, health and metrics.
//
// What is served is handed in. It may not know any API, the database or an engine: a surface says how it
// words an error, a handler gets the caller, and everything in between happens here, once.
package server

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"arauto"
)

// Tokens is what the server asks of the store.
type Tokens interface {
	// TokenByHash is the token with that arauto.HashToken, whatever its account; not found when there is none.
	TokenByHash(ctx context.Context, hash string) (arauto.Token, error)
	Account(ctx context.Context, id int64) (arauto.Account, error)
	// LogRequests remembers what a token was used for; the oldest may be forgotten.
	LogRequests(ctx context.Context, account, token int64, requests []arauto.Request) error
}

// Sessions is what the server asks of the store about users who have logged in.
type Sessions interface {
	// SessionByHash is the session with that arauto.HashToken, whatever its account, and its user as they are now;
	// not found when there is none.
	SessionByHash(ctx context.Context, hash string) (arauto.Session, arauto.User, error)
	// SeeSession writes down that a session is in use.
	SeeSession(ctx context.Context, now time.Time, account, id int64) error
}

// Config is everything a Server needs. Tokens, Now and Logger must be set; the rest has defaults.
type Config struct {
	Tokens Tokens
	// Sessions lets users in; nil = tokens only.
	Sessions Sessions
	Now      func() time.Time
	Logger   *slog.Logger

	// Registry receives the HTTP metrics and is what /metrics shows; nil makes a new one.
	Registry *prometheus.Registry
	// Checks are asked by /readyz, by name: the store answers, the engines run.
	Checks map[string]func(context.Context) error
	// TrustedProxies may say in X-Forwarded-For who is behind them. Nobody else is believed.
	TrustedProxies []netip.Prefix
	// MetricsPublic opens /metrics to everybody who reaches the port.
	MetricsPublic bool

	DefaultRate int   // requests per second for tokens that name none; 0 = 50
	MaxBody     int64 // bytes of a request's body where its route names no other limit; 0 = 1 MB

	CertFile, KeyFile string // PEM; both empty = plain HTTP
}

// A Server answers HTTP. Make it with New, hang handlers on it with Surface and Public, then Run it. It
// must not be changed any more once it runs.
type Server struct {
	cfg     Config
	mux     *http.ServeMux
	paths   map[string]*resource
	routes  []Route
	tokens  *tokenCache
	rates   *limiter // per token
	misses  *limiter // wrong tokens, per remote address
	origins *http.CrossOriginProtection
	log     *requestLog
	metrics *metrics
}

// New returns a server with /healthz, /readyz and /metrics.
func New(cfg Config) *Server {
	if cfg.DefaultRate == 0 {
		cfg.DefaultRate = 50
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 1 << 20
	}
	if cfg.Registry == nil {
		cfg.Registry = prometheus.NewRegistry()
		cfg.Registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	s := &Server{
		cfg:     cfg,
		mux:     http.NewServeMux(),
		paths:   map[string]*resource{},
		tokens:  newTokenCache(cfg.Now),
		rates:   newLimiter(cfg.Now),
		misses:  newLimiter(cfg.Now),
		metrics: newMetrics(cfg.Registry),
		origins: http.NewCrossOriginProtection(),
	}
	s.log = newRequestLog(cfg.Tokens, cfg.Logger, s.metrics.lost)
	s.health()
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { plainFail(w, r, errNoPath(r)) })
	return s
}

const (
	headerTimeout = 10 * time.Second
	// patience is how long a client may take for the next bytes of its body, or to take the next of ours.
	// A big upload on a slow line may last; one that stands still may not.
	patience    = 30 * time.Second
	idleTimeout = 2 * time.Minute
	drain       = 15 * time.Second
	maxHeaders  = 64 << 10
)

// Run serves on l until ctx ends, then lets requests in progress finish for up to 15 seconds and writes
// down what is left of the request log. It closes l. The error is nil after an orderly end.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaders,
		ErrorLog:          slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelDebug),
	}
	if s.cfg.CertFile != "" || s.cfg.KeyFile != "" {
		pair, err := tls.LoadX509KeyPair(s.cfg.CertFile, s.cfg.KeyFile)
		if err != nil {
			_ = l.Close()
			return fmt.Errorf("load the TLS certificate: %w", err)
		}
		srv.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	}
	// The log outlives ctx: requests that are drained are remembered too.
	logCtx, stopLog := context.WithCancel(context.WithoutCancel(ctx))
	logged := make(chan struct{})
	go func() {
		defer close(logged)
		s.log.run(logCtx)
	}()
	err := serve(ctx, srv, l)
	stopLog()
	<-logged
	return err
}

func serve(ctx context.Context, srv *http.Server, l net.Listener) error {
	ended := make(chan error, 1)
	go func() {
		if srv.TLSConfig != nil {
			ended <- srv.ServeTLS(l, "", "")
			return
		}
		ended <- srv.Serve(l)
	}()
	select {
	case err := <-ended:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	err := srv.Shutdown(wait)
	if err != nil {
		// What has not finished by now would not in time: the process is going away.
		_ = srv.Close()
		err = fmt.Errorf("drain requests within %s: %w", drain, err)
	}
	if served := <-ended; err == nil && !errors.Is(served, http.ErrServerClosed) {
		return fmt.Errorf("serve HTTP: %w", served)
	}
	return err
}

// requestID is 64 random bits: enough to find one request in a log.
func requestID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b[:])
}
