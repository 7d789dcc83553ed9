// Package whatsapp speaks Meta's WhatsApp Cloud API: it sends template messages, says what every refusal
// means, takes webhooks and reads them into facts, and lists templates. It is the only package that knows
// Meta's wire. It may not know campaigns, stores or the sandbox. Client logs nothing: what it learns it returns.
package whatsapp

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"arauto"
)

// Config says how a Client reaches Meta. The zero value works.
type Config struct {
	// Transport carries the requests; nil is a pool of HTTP/1.1 connections of the client's own, the only one
	// that can tell for certain that a request never left. Cookies and redirects are not for us, so this is
	// the transport and not an http.Client.
	Transport http.RoundTripper
	// Timeout of one call, unless the context ends earlier; 0 is 30 s.
	Timeout time.Duration
	// Connections kept open to Meta while nothing is sent; 0 is 1,024: as many as one sender may have in flight.
	Connections int
}

// A Client calls the Cloud API for any number of senders. It is safe for concurrent use.
type Client struct {
	transport http.RoundTripper
	timeout   time.Duration

	mu     sync.Mutex
	routes map[routeKey]*route
}

// New returns a Client. It opens no connection.
func New(c Config) *Client {
	if c.Transport == nil {
		c.Transport = newTransport(dialer(), nil, cmp.Or(c.Connections, 1024))
	}
	return &Client{transport: c.Transport, timeout: cmp.Or(c.Timeout, 30*time.Second), routes: map[routeKey]*route{}}
}

const maxAnswer = 1 << 20

// Send posts m from s, once. The error is always an *arauto.SendError. Its action is retry only where Meta
// certainly did not take the message: nothing was written to it, or it said no. Where the request may have
// been read and no readable answer came, the action is unknown.
//
// Vendor: MD/messages/send-messages.
func (c *Client) Send(ctx context.Context, s arauto.Sender, m arauto.Message) (arauto.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return arauto.Receipt{}, unsent(err)
	}
	token, err := tokenOf(s)
	if err != nil {
		return arauto.Receipt{}, misconfigured(err)
	}
	r, err := c.routeOf(s)
	if err != nil {
		return arauto.Receipt{}, misconfigured(err)
	}
	payload := appendMessage(make([]byte, 0, 1024), m)
	own, ok := c.transport.(*direct)
	if !ok || r.proxied {
		return c.roundTrip(ctx, r, token, payload)
	}
	deadline := time.Now().Add(c.timeout)
	if sooner, ok := ctx.Deadline(); ok && sooner.Before(deadline) {
		deadline = sooner
	}
	p, err := own.post(ctx, r, token, payload, deadline)
	switch {
	case err != nil && !p.left:
		return arauto.Receipt{}, unsent(err)
	case err != nil:
		return arauto.Receipt{}, noAnswer(p.status, clip("no answer: "+conceal(err.Error(), token)))
	}
	return readReceipt(p.status, p.body, token)
}

// roundTrip is a message over a transport that is not the client's own, or through a proxy.
func (c *Client) roundTrip(ctx context.Context, r *route, token string, payload []byte) (arauto.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var seen watch
	req, err := http.NewRequestWithContext(seen.trace(ctx), http.MethodPost, r.url.String(), bytes.NewReader(payload))
	if err != nil {
		return arauto.Receipt{}, misconfigured(err)
	}
	// Without it no transport can send the body a second time behind our back.
	req.GetBody = nil
	authorize(req, token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return arauto.Receipt{}, seen.judge(err, token)
	}
	body, err := readAnswer(resp, maxAnswer)
	if err != nil {
		return arauto.Receipt{}, noAnswer(resp.StatusCode, "the answer broke off: "+err.Error())
	}
	return readReceipt(resp.StatusCode, body, token)
}

// sendAnswer is what Meta says to a message: either what it took or an error.
type sendAnswer struct {
	Contacts []struct {
		WAID string `json:"wa_id"`
	} `json:"contacts"`
	Messages []struct {
		ID     string `json:"id"`
		Status string `json:"message_status"`
	} `json:"messages"`
	Error *graphError `json:"error"`
}

func readReceipt(status int, body []byte, token string) (arauto.Receipt, error) {
	if r, ok := usualReceipt(body); ok && status == http.StatusOK {
		return r, nil
	}
	var a sendAnswer
	if err := unmarshal(body, &a); err != nil {
		return arauto.Receipt{}, noAnswer(status, "the answer is not what Meta writes")
	}
	switch {
	case a.Error != nil && a.Error.Code.known:
		return arauto.Receipt{}, a.Error.classify(status, token)
	case len(a.Messages) == 0 || a.Messages[0].ID == "" || status/100 != 2:
		return arauto.Receipt{}, noAnswer(status, "the answer names no message")
	}
	r := arauto.Receipt{ProviderID: a.Messages[0].ID}
	r.Held = holds[a.Messages[0].Status]
	if len(a.Contacts) > 0 {
		r.WAID = a.Contacts[0].WAID
	}
	return r, nil
}

// holds are the words of message_status for what is taken and waits for Meta's own decision.
var holds = map[string]arauto.Hold{"held_for_quality_assessment": arauto.HoldQuality, "paused": arauto.HoldPaused}

// usualReceipt reads a message taken as Meta nearly always writes it, byte for byte: every message is
// answered so, and decoding costs ten times as much. Anything else is not ok and gets decoded.
func usualReceipt(body []byte) (r arauto.Receipt, ok bool) {
	rest := string(bytes.TrimSpace(body))
	next := func(before string) string {
		tail, found := strings.CutPrefix(rest, before)
		text, after, closed := strings.Cut(tail, `"`)
		if !found || !closed || strings.Contains(text, `\`) {
			ok = false
			return ""
		}
		rest = after
		return text
	}
	ok = true
	next(`{"messaging_product":"whatsapp","contacts":[{"input":"`)
	r.WAID = next(`,"wa_id":"`)
	r.ProviderID = next(`}],"messages":[{"id":"`)
	if rest != `}]}` && ok {
		ok = next(`,"message_status":"`) == "accepted" && rest == `}]}` && ok
	}
	return r, ok && r.ProviderID != ""
}

var (
	graphVersion = regexp.MustCompile(`^v[0-9]{1,3}\.[0-9]$`)
	graphID      = regexp.MustCompile(`^[0-9]{1,32}$`)
)

// addressOf is where the edge of the object with that id is. It checks what a person typed, so that no
// value can lead a request, and the token with it, elsewhere.
func addressOf(s arauto.Sender, id, edge string) (string, error) {
	base := strings.TrimRight(cmp.Or(s.GraphURL, arauto.DefaultGraphURL), "/")
	version := cmp.Or(s.GraphVersion, arauto.DefaultGraphVersion)
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "", arauto.Errorf(arauto.KindInvalid, "graph_url", "%q is not an http address: use %s", base, arauto.DefaultGraphURL)
	case u.User != nil || strings.ContainsAny(base, "?#"):
		return "", arauto.Errorf(arauto.KindInvalid, "graph_url", "the address of Graph has a user or a query: use the address alone, such as %s", arauto.DefaultGraphURL)
	case !graphVersion.MatchString(version):
		return "", arauto.Errorf(arauto.KindInvalid, "graph_version", "%q is not a version of the Graph API: use one like %s", version, arauto.DefaultGraphVersion)
	case !graphID.MatchString(id):
		return "", arauto.Errorf(arauto.KindInvalid, "", "%q is not an id of Meta's: it is digits, as the app's dashboard shows", id)
	}
	return base + "/" + version + "/" + id + edge, nil
}

// tokenOf is the sender's token as it travels; "" sends none. People paste tokens with a line end.
func tokenOf(s arauto.Sender) (string, error) {
	token := strings.TrimSpace(string(s.Token))
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", arauto.Errorf(arauto.KindInvalid, "token", "the access token has a character that no token has: copy it again from Meta")
	}
	return token, nil
}

const userAgent = "arauto"

func authorize(req *http.Request, token string) {
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	req.Header.Set("User-Agent", userAgent)
}

// readAnswer reads and closes resp's body: all of it, so that the connection serves again, or an error
// when it is longer than limit.
func readAnswer(resp *http.Response, limit int64) ([]byte, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return nil, errTooLong
	}
	return body, nil
}

// unmarshal is json.Unmarshal for what strangers write: a value of another type than expected is left out,
// and only a text that is no JSON at all is an error.
func unmarshal(body []byte, v any) error {
	err := json.Unmarshal(body, v)
	if _, mismatch := errors.AsType[*json.UnmarshalTypeError](err); mismatch {
		return nil
	}
	return err
}
