package whatsapp

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"time"
)

// direct carries requests in the caller's own goroutine over pooled HTTP/1.1 connections: for the sending
// path two goroutines per connection, as net/http has them, cost more than the request. A connection
// carries one request at a time, so the bytes counted on it are that request's, and nothing is ever sent
// a second time. Where the environment names a proxy, net/http does the work.
type direct struct {
	open    dial
	trust   *tls.Config
	most    int // idle connections kept per address
	proxied *http.Transport

	mu       sync.Mutex
	idle     map[string][]*pooled // by scheme and host, the latest used last
	sweeping bool
}

const (
	// idleFor is well before Meta's end closes: a request that meets a closing connection is an unknown
	// message.
	idleFor = 30 * time.Second
	// maxHead is what an answer may have before its body.
	maxHead = 64 << 10
	// usualAnswer is room for what Meta says to a message: there are as many of these as requests in flight.
	usualAnswer = 1 << 10
)

// pooled is a connection between requests, or under one.
type pooled struct {
	*meteredConn
	key   string
	in    io.LimitedReader // what an answer may have before its body
	r     *bufio.Reader
	out   []byte    // the request of the last post
	since time.Time // idle since
}

func (d *direct) RoundTrip(req *http.Request) (*http.Response, error) {
	if proxy, err := http.ProxyFromEnvironment(req); err != nil || proxy != nil {
		return d.proxied.RoundTrip(req)
	}
	conn, err := d.take(req.Context(), req.URL)
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Time{}) // of whoever had it last
	// However the context ends, a blocked read or write ends with it.
	release := context.AfterFunc(req.Context(), func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	resp, err := conn.exchange(req)
	if err != nil {
		release()
		_ = conn.Close()
		if cause := req.Context().Err(); cause != nil {
			err = cause
		}
		return nil, err
	}
	resp.Body = &answerBody{ReadCloser: resp.Body, done: func(whole bool) {
		if release() && whole && !resp.Close && !req.Close {
			d.put(conn)
			return
		}
		_ = conn.Close()
	}}
	return resp, nil
}

// exchange writes the request and reads the head of its answer.
func (c *pooled) exchange(req *http.Request) (*http.Response, error) {
	c.in.N = maxHead
	w := bufio.NewWriter(c.meteredConn)
	if err := req.Write(w); err != nil {
		return nil, err
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	for {
		resp, err := http.ReadResponse(c.r, req)
		if err != nil || resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			c.in.N = math.MaxInt64 // whoever reads the body bounds it
			return resp, err
		}
	}
}

// answerBody tells whether the answer was read to its end when it is closed.
type answerBody struct {
	io.ReadCloser
	whole, closed bool
	done          func(whole bool)
}

func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.whole = b.whole || errors.Is(err, io.EOF)
	return n, err
}

func (b *answerBody) Close() error {
	if b.closed {
		return nil
	}
	b.closed = true
	if !b.whole {
		// The end of the answer may not have been asked for yet, though it is there.
		n, err := b.ReadCloser.Read(make([]byte, 1))
		b.whole = n == 0 && errors.Is(err, io.EOF)
	}
	err := b.ReadCloser.Close()
	b.done(b.whole)
	return err
}

// take is an idle connection that is still good, or a new one.
func (d *direct) take(ctx context.Context, u *url.URL) (*pooled, error) {
	trace := httptrace.ContextClientTrace(ctx)
	if trace != nil && trace.GetConn != nil {
		trace.GetConn(u.Host)
	}
	key := u.Scheme + "://" + u.Host
	conn := d.reuse(key)
	if conn == nil {
		var err error
		if conn, err = d.dial(ctx, key, u); err != nil {
			return nil, err
		}
	}
	if trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Conn: conn.meteredConn})
	}
	return conn, nil
}

func (d *direct) reuse(key string) *pooled {
	for {
		d.mu.Lock()
		list := d.idle[key]
		if len(list) == 0 {
			d.mu.Unlock()
			return nil
		}
		conn := list[len(list)-1]
		d.idle[key] = list[:len(list)-1]
		d.mu.Unlock()
		if time.Since(conn.since) < idleFor && conn.r.Buffered() == 0 && quiet(conn.Conn) {
			return conn
		}
		_ = conn.Close()
	}
}

func (d *direct) dial(ctx context.Context, key string, u *url.URL) (*pooled, error) {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	address := net.JoinHostPort(u.Hostname(), port)
	var raw net.Conn
	var err error
	if u.Scheme == "https" {
		raw, err = shake(ctx, d.open, d.trust, "tcp", address)
	} else {
		raw, err = d.open(ctx, "tcp", address)
	}
	if err != nil {
		return nil, err
	}
	c := &pooled{meteredConn: &meteredConn{Conn: raw}, key: key}
	c.in.R = c.meteredConn
	c.r = bufio.NewReaderSize(&c.in, usualAnswer)
	return c, nil
}

func (d *direct) put(c *pooled) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.idle[c.key]) >= d.most {
		_ = c.Close()
		return
	}
	c.since = time.Now()
	d.idle[c.key] = append(d.idle[c.key], c)
	if !d.sweeping {
		d.sweeping = true
		time.AfterFunc(idleFor, d.sweep)
	}
}

// sweep closes what nobody used for idleFor, until nothing is idle.
func (d *direct) sweep() {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := 0
	for key, list := range d.idle {
		for len(list) > 0 && time.Since(list[0].since) >= idleFor {
			_ = list[0].Close()
			list = list[1:]
		}
		if left += len(list); len(list) == 0 {
			delete(d.idle, key)
			continue
		}
		d.idle[key] = list
	}
	if d.sweeping = left > 0; d.sweeping {
		time.AfterFunc(idleFor/2, d.sweep)
	}
}

// CloseIdleConnections closes what carries no request.
func (d *direct) CloseIdleConnections() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, list := range d.idle {
		for _, c := range list {
			_ = c.Close()
		}
		delete(d.idle, key)
	}
}
