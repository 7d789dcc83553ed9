// Package courier carries deliveries to the addresses that accounts have named: signed as Standard Webhooks has
// it, with a deadline, and never into the network that this machine stands in unless its operator allows that.
//
// It is the only package that connects to strangers' addresses. It may not know why something is told, what a
// delivery's outcome changes, or where anything is kept.
package courier

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"

	"arauto"
)

// Config is what a Courier is made of. Version names the program in User-Agent.
type Config struct {
	// AllowPrivate lets deliveries go to this machine and into private networks, and without TLS.
	AllowPrivate bool
	Version      string
	// Resolver finds addresses; nil = the system's. What it answers is looked at before anything is sent.
	Resolver *net.Resolver
}

// Courier posts deliveries. Make it with New; it is safe for concurrent use.
type Courier struct {
	client  *http.Client
	agent   string
	private bool
}

const (
	dialTimeout = 5 * time.Second
	// PostTimeout is how long a receiver has to answer: what takes longer belongs behind its answer.
	PostTimeout = 15 * time.Second
	// answerBytes is how much of an answer's body is read, only so that its connection can be used again.
	answerBytes = 64 << 10
	headerBytes = 64 << 10
)

// New is a Courier.
func New(c Config) *Courier {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second, Resolver: c.Resolver}
	if !c.AllowPrivate {
		dialer.Control = refusePrivate
	}
	version := c.Version
	if version == "" {
		version = "dev"
	}
	return &Courier{
		agent: "arauto/" + version, private: c.AllowPrivate,
		client: &http.Client{
			Timeout: PostTimeout,
			Transport: &http.Transport{
				Proxy:       nil, // a proxy would look names up itself, behind our back
				DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
				TLSHandshakeTimeout: dialTimeout, MaxResponseHeaderBytes: headerBytes,
				MaxIdleConns: 100, MaxIdleConnsPerHost: 2, MaxConnsPerHost: 32, IdleConnTimeout: time.Minute,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Post hands notices over to e, of which there is at least one, and says what became of it. The same notices make
// the same body and the same webhook-id each time.
func (c *Courier) Post(ctx context.Context, now time.Time, e arauto.Endpoint, list []arauto.Notice) arauto.Handover {
	if _, err := arauto.EndpointURL(e.URL, c.private); err != nil {
		return arauto.Handover{Words: err.Error()} // what was allowed when it was made may not be any more
	}
	id, body := deliveryID(e, list), bodyOf(list)
	signature, err := sign(e.Secrets(now), id, now, body)
	if err != nil {
		return arauto.Handover{Words: err.Error()}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(body))
	if err != nil {
		return arauto.Handover{Words: err.Error()}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", c.agent)
	r.Header.Set("webhook-id", id)
	r.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	r.Header.Set("webhook-signature", signature)
	answer, err := c.client.Do(r)
	if err != nil {
		return arauto.Handover{Words: explain(err)}
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, answerBytes)) // what it says is nobody's business: the status counts
	h := arauto.Handover{Status: answer.StatusCode, After: retryAfter(answer.Header.Get("Retry-After"), now)}
	if !h.Taken() {
		h.Words = refusal(answer.StatusCode)
	}
	return h
}

func refusal(status int) string {
	switch {
	case status >= 300 && status <= 399:
		return fmt.Sprintf("answered %d: redirects are not followed, give the address they lead to", status)
	case status == http.StatusGone:
		return "answered 410 Gone: it does not want to be told any more"
	}
	return strings.TrimSpace(fmt.Sprintf("answered %d %s", status, http.StatusText(status)))
}

// retryAfter is how long a receiver asks to be left alone, in seconds or until a date; 0 = it does not say.
func retryAfter(v string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(v); err == nil && seconds > 0 {
		return time.Duration(min(seconds, 1<<20)) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// explain words why there was no answer, without the address: that is beside it anyway.
func explain(err error) string {
	if refused, ok := errors.AsType[*privateAddress](err); ok {
		return refused.Error()
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return fmt.Sprintf("did not answer within %s", PostTimeout)
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok && e.IsNotFound {
		return "its name " + e.Name + " is not known"
	}
	if inner := errors.Unwrap(err); inner != nil {
		return inner.Error()
	}
	return err.Error()
}

// privateAddress is where a delivery was not sent.
type privateAddress struct{ address netip.Addr }

func (p *privateAddress) Error() string {
	return fmt.Sprintf("its address %s is on this machine or inside a private network: have this server's operator allow private addresses", p.address)
}

// refusePrivate looks at the very address that is about to be connected to, after its name was looked up: a name
// that is public when it is checked and private when it is used gets nowhere.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("read the address to connect to: %w", err)
	}
	if !arauto.PublicAddress(at.Addr()) {
		return &privateAddress{at.Addr()}
	}
	return nil
}
