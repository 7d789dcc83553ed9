package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"arauto"
)

// Handler is everything the server answers, for tests and for Run.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{ResponseWriter: w, control: http.NewResponseController(w), fail: plainFail}
		began, clock := s.cfg.Now(), time.Now()
		r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
		s.headers(x, r)
		s.metrics.flying.Inc()
		defer func() {
			x.renew(time.Now()) // for what is still buffered
			s.metrics.flying.Dec()
			s.account(r, x, began, time.Since(clock))
		}()
		defer s.recover(x, r)
		s.mux.ServeHTTP(x, r)
	})
}

// RequestIDHeader carries the request's id to the client, and to whoever writes the answer.
const RequestIDHeader = "X-Request-Id"

func (s *Server) headers(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set(RequestIDHeader, requestID())
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	if r.TLS != nil {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// An exchange is one request being answered: what the log, the metrics and a recovery have to know.
type exchange struct {
	http.ResponseWriter
	control *http.ResponseController
	renewed time.Time

	status  int
	aborted bool // cut off in the middle
	caller  Caller
	fail    Fail
}

type exchangeKey struct{}

func exchangeOf(r *http.Request) *exchange {
	x, _ := r.Context().Value(exchangeKey{}).(*exchange)
	return x
}

func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= 200 {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

func (x *exchange) Write(p []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	if now := time.Now(); now.Sub(x.renewed) > time.Second {
		x.renew(now)
	}
	return x.ResponseWriter.Write(p)
}

// renew gives the client a new term to take what is written: see patience.
func (x *exchange) renew(now time.Time) {
	x.renewed = now
	_ = x.control.SetWriteDeadline(now.Add(patience)) // a test's recorder has no connection
}

// Unwrap lets http.ResponseController reach the connection.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// recover turns a panic into the surface's own 500, or cuts the answer off when it has begun.
func (s *Server) recover(x *exchange, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if err, ok := cause.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
		s.cfg.Logger.ErrorContext(r.Context(), "request panicked", "request", x.Header().Get(RequestIDHeader),
			"route", route(r), "cause", cause, "stack", string(debug.Stack()))
	}
	if x.status != 0 {
		x.aborted = true
		panic(http.ErrAbortHandler)
	}
	x.fail(x, r, arauto.Errorf(arauto.KindInternal, "", "something broke on our side"))
}

// account writes down what happened, for the operator (log, metrics) and for the token's owner.
func (s *Server) account(r *http.Request, x *exchange, began time.Time, took time.Duration) {
	status := x.status
	switch {
	case x.aborted:
		status = 499
	case status == 0:
		status = http.StatusOK
	}
	s.metrics.observe(route(r), r.Method, status, took)
	level := slog.LevelInfo
	if status >= 500 {
		level = slog.LevelError
	} else if x.caller.Token.ID == 0 && status < 400 {
		level = slog.LevelDebug // health checks and webhooks would drown the rest
	}
	remote := s.remote(r)
	s.cfg.Logger.LogAttrs(r.Context(), level, "request answered", slog.String("request", x.Header().Get(RequestIDHeader)),
		slog.String("method", safeMethod(r.Method)), slog.String("path", redacted(r)), slog.Int("status", status), slog.Int64("ms", took.Milliseconds()),
		slog.Int64("account", x.caller.Account.ID), who(x.caller))
	if x.caller.Token.ID > 0 {
		s.log.add(x.caller.Token, arauto.Request{
			At: began, Method: safeMethod(r.Method), Path: redacted(r), Status: status, Duration: took, Remote: remote.String(),
		})
	}
}

// who is a token's name, or a user's number: names of people do not belong into logs.
func who(c Caller) slog.Attr {
	if c.User.ID != 0 {
		return slog.Int64("user", c.User.ID)
	}
	return slog.String("token", c.Token.Name)
}

// route is the pattern that answered: metrics are counted by it, never by what a client typed.
func route(r *http.Request) string {
	if r.Pattern == "" || strings.HasSuffix(r.Pattern, "/") {
		return "other"
	}
	return r.Pattern
}

var keyShape = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.\-\[\]]{0,63}$`)

const maxPath = 500

// redacted is the path with the names of the query's keys: values are people's phones and names, and so
// is what does not look like a key.
func redacted(r *http.Request) string {
	path := r.URL.Path
	if r.URL.RawQuery != "" {
		var keys []string
		for key := range r.URL.Query() {
			if !keyShape.MatchString(key) {
				key = "…"
			}
			keys = append(keys, key)
		}
		slices.Sort(keys)
		path += "?" + strings.Join(slices.Compact(keys), "&")
	}
	if len(path) > maxPath {
		path = strings.ToValidUTF8(path[:maxPath], "") + "…"
	}
	return path
}

func safeMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "OTHER"
}

// remote is the client's address: the peer's, or what trusted proxies say of who is behind them. The last
// untrusted one counts: anything before it can be made up.
func (s *Server) remote(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	addr = addr.Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.trusts(addr); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = hop.Unmap()
	}
	return addr
}

func (s *Server) trusts(addr netip.Addr) bool {
	return slices.ContainsFunc(s.cfg.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// plainFail is the envelope of what belongs to no surface.
func plainFail(w http.ResponseWriter, _ *http.Request, err error) {
	status := map[arauto.Kind]int{
		arauto.KindInvalid: http.StatusBadRequest, arauto.KindNotFound: http.StatusNotFound, arauto.KindConflict: http.StatusConflict,
		arauto.KindUnauthorized: http.StatusUnauthorized, arauto.KindForbidden: http.StatusForbidden, arauto.KindLimited: http.StatusTooManyRequests,
	}[arauto.KindOf(err)]
	if named, ok := errors.AsType[statusError](err); ok {
		status = named.status
	}
	message := "something broke on our side"
	if e, ok := errors.AsType[*arauto.Error](err); ok && status != 0 {
		message = e.Message
	}
	if status == 0 {
		status = http.StatusInternalServerError
	}
	body, _ := json.Marshal(struct { // two plain fields always encode
		Status  int    `json:"status"`
		Message string `json:"message"`
	}{status, message})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}
