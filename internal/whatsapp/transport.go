package whatsapp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"time"

	"arauto"
)

type dial func(ctx context.Context, network, address string) (net.Conn, error)

func dialer() dial {
	return (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext
}

// newTransport is the client's own transport. HTTP/1.1 on purpose: a connection carries one request at a
// time, so its bytes are that request's. trust is nil but in tests.
func newTransport(open dial, trust *tls.Config, idle int) *direct {
	return &direct{
		open: open, trust: trust, most: idle, idle: map[string][]*pooled{},
		proxied: &http.Transport{
			// Through a proxy the transport speaks TLS itself, above the count; then fewer faults are certain.
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            open,
			MaxIdleConns:           idle,
			MaxIdleConnsPerHost:    idle,
			IdleConnTimeout:        idleFor,
			MaxResponseHeaderBytes: maxHead,
			DisableCompression:     true,
		},
	}
}

// shake dials and agrees on TLS, so that the count is of the request's bytes and not of the handshake's.
func shake(ctx context.Context, open dial, trust *tls.Config, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	raw, err := open(ctx, network, address)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if trust != nil {
		config = trust.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	return conn, nil
}

// A meteredConn counts the bytes that left through it.
type meteredConn struct {
	net.Conn
	written atomic.Int64
}

func (c *meteredConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	return n, err
}

// A watch sees how far one request went.
type watch struct {
	asked, got bool
	conn       *meteredConn // nil if the connection does not count
	before     int64        // what conn had written when this request got it
}

func (w *watch) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { w.asked = true },
		GotConn: func(info httptrace.GotConnInfo) {
			w.got = true
			if c, ok := info.Conn.(*meteredConn); ok {
				w.conn, w.before = c, c.written.Load()
			}
		},
	})
}

// nothingWritten reports whether the request of a RoundTrip that failed with err certainly never left. A
// transport that tells the watch nothing leaves only a failed dial as certain.
func (w *watch) nothingWritten(err error) bool {
	switch {
	case w.conn != nil:
		return w.conn.written.Load() == w.before
	case w.got:
		return false
	case w.asked:
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// judge says what to do about err. A line that is not HTTP is quoted in it, and may quote us.
func (w *watch) judge(err error, token string) *arauto.SendError {
	if w.nothingWritten(err) {
		return unsent(err)
	}
	return noAnswer(0, clip("no answer: "+conceal(err.Error(), token)))
}

// unsent is a fault before the first byte. Unless we gave up ourselves, the next message would meet it too.
func unsent(err error) *arauto.SendError {
	e := &arauto.SendError{
		Detail: "nothing was sent: " + err.Error(), Reason: arauto.ReasonProviderTrouble,
		Scope: arauto.ScopeSender, Action: arauto.ActionRetry, After: 5,
	}
	if errors.Is(err, context.Canceled) {
		e.Scope, e.After = arauto.ScopeContact, 0
	}
	return e
}

func misconfigured(err error) *arauto.SendError {
	return &arauto.SendError{
		Detail: "nothing was sent: " + err.Error(), Reason: arauto.ReasonSenderTrouble,
		Scope: arauto.ScopeSender, Action: arauto.ActionPause,
	}
}

// turnedAway is for how many seconds a sender rests that something other than Meta turned away.
const turnedAway = 5 * minute

// noAnswer is the verdict when no words of Meta's came: by the HTTP status, or 0 when not even that came.
func noAnswer(status int, detail string) *arauto.SendError {
	e := &arauto.SendError{Detail: detail, Reason: arauto.ReasonNoAnswer, Scope: arauto.ScopeContact, Action: arauto.ActionUnknown}
	if status != 0 {
		e.Detail += " (HTTP " + strconv.Itoa(status) + ")"
	}
	switch {
	case status == http.StatusTooManyRequests:
		e.Reason, e.Scope, e.Action, e.After = arauto.ReasonTooFast, arauto.ScopeSender, arauto.ActionRetry, 30
	case status == http.StatusRequestTimeout:
		// Said of a request that was cut off, and by proxies of one that was not.
	case status >= 300 && status < 500:
		// Something between us and Meta, or an address that is not Meta's, turned the request away: it
		// would turn away every other one. What stands between may be mended without anybody here: one message
		// tries that now and then.
		e.Reason, e.Scope, e.Action, e.After = arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, turnedAway
	}
	return e
}
