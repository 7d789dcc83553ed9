package whatsapp

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"arauto"
)

// A route is where a sender's messages go. It is checked and taken apart once, not for every message.
type route struct {
	url     *url.URL
	key     string // of its connections
	head    string // of a request, up to the length of its body
	proxied bool   // the environment names a proxy for it
}

// routeKey is what of a sender a route depends on.
type routeKey struct{ base, version, number string }

// maxRoutes bounds the routes kept: they are few, unless senders are changed all the time.
const maxRoutes = 10_000

// routeOf is the route of s's messages.
func (c *Client) routeOf(s arauto.Sender) (*route, error) {
	key := routeKey{s.GraphURL, s.GraphVersion, s.PhoneNumberID}
	c.mu.Lock()
	known := c.routes[key]
	c.mu.Unlock()
	if known != nil {
		return known, nil
	}
	address, err := addressOf(s, s.PhoneNumberID, "/messages")
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u})
	r := &route{url: u, key: u.Scheme + "://" + u.Host, proxied: proxy != nil || err != nil}
	r.head = "POST " + u.RequestURI() + " HTTP/1.1\r\nHost: " + u.Host + "\r\nUser-Agent: " + userAgent + "\r\nContent-Type: application/json\r\nContent-Length: "
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.routes) >= maxRoutes {
		clear(c.routes)
	}
	c.routes[key] = r
	return r, nil
}

// posted is what came of one request.
type posted struct {
	status int
	body   []byte
	left   bool // something of the request was written, or may have been
}

// post sends one request and reads its answer, with nothing between the message and the connection: for
// the sending path what net/http does for a request costs more than the request.
func (d *direct) post(ctx context.Context, r *route, token string, payload []byte, deadline time.Time) (p posted, err error) {
	conn := d.reuse(r.key)
	if conn == nil {
		ctx, cancel := context.WithDeadline(ctx, deadline)
		defer cancel()
		if conn, err = d.dial(ctx, r.key, r.url); err != nil {
			return p, err
		}
	}
	_ = conn.SetDeadline(deadline)
	// However the context ends, a blocked read or write ends with it.
	release := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	before := conn.written.Load()
	keep := false
	conn.out = appendRequest(conn.out[:0], r, token, payload)
	if _, err = conn.Write(conn.out); err == nil {
		p.status, p.body, keep, err = conn.answer()
	}
	p.left = conn.written.Load() > before
	if release() && keep && err == nil {
		d.put(conn)
		return p, nil
	}
	_ = conn.Close()
	if err != nil {
		err = cmp.Or(ctx.Err(), err)
	}
	return p, err
}

func appendRequest(b []byte, r *route, token string, payload []byte) []byte {
	b = append(b, r.head...)
	b = strconv.AppendInt(b, int64(len(payload)), 10)
	if token != "" {
		b = append(b, "\r\nAuthorization: Bearer "...)
		b = append(b, token...)
	}
	b = append(b, "\r\n\r\n"...)
	return append(b, payload...)
}

// answer reads an answer to its end; keep tells whether the connection may serve again.
func (c *pooled) answer() (status int, body []byte, keep bool, err error) {
	c.in.N = maxHead
	defer func() { c.in.N = math.MaxInt64 }()
	if _, err := c.r.Peek(1); err != nil {
		return 0, nil, false, err
	}
	buffered, _ := c.r.Peek(c.r.Buffered())
	status, length, size, usual := usualHead(buffered)
	if !usual {
		return c.unusualAnswer()
	}
	if length > maxAnswer {
		return status, nil, false, errTooLong
	}
	c.in.N = math.MaxInt64 // the length is known and bounded
	_, _ = c.r.Discard(size)
	body = make([]byte, length)
	_, err = io.ReadFull(c.r, body)
	return status, body, err == nil, err
}

var errTooLong = errors.New("it is longer than any answer of Meta's")

// unusualAnswer reads what usualHead does not: chunks, ends by closing, interim answers, long heads.
func (c *pooled) unusualAnswer() (status int, body []byte, keep bool, err error) {
	for {
		resp, err := http.ReadResponse(c.r, &http.Request{Method: http.MethodPost})
		if err != nil {
			return 0, nil, false, err
		}
		if resp.StatusCode < 200 && resp.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		c.in.N = math.MaxInt64 // readAnswer bounds the body
		if body, err = readAnswer(resp, maxAnswer); err != nil {
			err = fmt.Errorf("the answer broke off: %w", err)
		}
		return resp.StatusCode, body, err == nil && !resp.Close && resp.ContentLength != -1, err
	}
}

// usualHead reads the head of an answer with a length, if all of it is there and nothing in it needs more
// thought: status and length of the body, and the size of the head.
func usualHead(b []byte) (status, length, size int, usual bool) {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 || end < len("HTTP/1.1 200") || string(b[:9]) != "HTTP/1.1 " {
		return 0, 0, 0, false
	}
	status, err := strconv.Atoi(string(b[9:12]))
	if err != nil || status < 200 || status == http.StatusNoContent || status == http.StatusNotModified {
		return 0, 0, 0, false
	}
	length = -1
	_, lines, _ := bytes.Cut(b[:end], []byte("\r\n"))
	for len(lines) > 0 {
		var line []byte
		line, lines, _ = bytes.Cut(lines, []byte("\r\n"))
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case equalFold(name, "content-length"):
			n, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 10, 31)
			if err != nil || length >= 0 {
				return 0, 0, 0, false
			}
			length = int(n)
		case equalFold(name, "connection") && equalFold(bytes.TrimSpace(value), "keep-alive"):
		case equalFold(name, "transfer-encoding"), equalFold(name, "connection"), equalFold(name, "content-encoding"):
			return 0, 0, 0, false
		}
	}
	return status, length, end + 4, length >= 0
}

// equalFold is bytes.EqualFold for a name that is lower case already.
func equalFold(name []byte, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i := range name {
		if name[i]|0x20 != lower[i] {
			return false
		}
	}
	return true
}
