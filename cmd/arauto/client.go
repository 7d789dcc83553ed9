package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// remote says which server a client command talks to, and as whom. Every client command has it.
type remote struct {
	URL       string `group:"server" env:"ARAUTO_URL" default:"http://127.0.0.1:8080" help:"The server's address."`
	Token     string `group:"server" env:"ARAUTO_TOKEN" help:"An API token. On a shared machine prefer the variable or the file: others can see a command's flags."`
	TokenFile string `group:"server" env:"ARAUTO_TOKEN_FILE" placeholder:"FILE" help:"A file that holds the token. Without either, admin-token in the data directory is tried."`
	Data      string `group:"server" env:"ARAUTO_DATA" default:"./data" placeholder:"DIR" help:"The data directory of a server on this machine: for its token."`
	JSON      bool   `group:"server" name:"json" help:"Print the API's own answer."`
}

// ProvideClient is kong's: a command's Run takes what it returns.
func (r remote) ProvideClient(s *screen) (*client, error) {
	base, err := url.Parse(strings.TrimRight(r.URL, "/"))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, usageError(fmt.Sprintf("--url: %q is not an address such as http://127.0.0.1:8080", r.URL))
	}
	token, err := r.token()
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = 0 // each call has its own deadline
	return &client{
		screen: s, base: base.String() + "/api/v1", token: token, raw: r.JSON,
		http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}

func (r remote) token() (string, error) {
	if r.Token != "" {
		return r.Token, nil
	}
	file := cmp.Or(r.TokenFile, filepath.Join(r.Data, "admin-token"))
	value, err := readSecret(file)
	if errors.Is(err, os.ErrNotExist) && r.TokenFile == "" {
		return "", nil // the server will say that it wants one
	}
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	return value, nil
}

// client is one server's /api/v1.
type client struct {
	*screen
	base  string
	token string
	raw   bool // print answers as they come
	http  *http.Client
}

const (
	callTime  = 30 * time.Second
	longTime  = 2 * time.Minute // of calls that make the server ask others, or look at a whole list
	maxAnswer = 64 << 20        // a page of 1,000 contacts with 100 fields each is far below
	maxTries  = 5               // of a call that is told to come back
	maxWait   = 10 * time.Second
)

// get reads path into into, and returns the answer as it came.
func (c *client) get(ctx context.Context, path string, into any) (json.RawMessage, error) {
	return c.call(ctx, http.MethodGet, path, nil, into, callTime)
}

// post sends body, which may be nil, as JSON.
func (c *client) post(ctx context.Context, path string, body, into any) (json.RawMessage, error) {
	return c.call(ctx, http.MethodPost, path, body, into, callTime)
}

// call waits and asks again when it is told to; anything else is an answer.
func (c *client) call(ctx context.Context, method, path string, body, into any, limit time.Duration) (json.RawMessage, error) {
	var encoded []byte
	if body != nil {
		var err error
		if encoded, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("encode the request: %w", err)
		}
	}
	for try := 1; ; try++ {
		raw, err := c.once(ctx, method, path, encoded, into, limit)
		p, ok := errors.AsType[*problem](err)
		if !ok || p.retryAfter == 0 || try == maxTries {
			return raw, err
		}
		if err := pause(ctx, min(p.retryAfter, maxWait)); err != nil {
			return nil, err
		}
	}
}

func (c *client) once(ctx context.Context, method, path string, body []byte, into any, limit time.Duration) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errSlow)
	defer cancel()
	r, err := c.request(ctx, method, path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body == nil {
		r.Body, r.ContentLength = http.NoBody, 0
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	return c.send(r, into)
}

func (c *client) request(ctx context.Context, method, path string, body io.Reader) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, fmt.Errorf("build the request: %w", err)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	r.Header.Set("User-Agent", "arauto/"+version)
	return r, nil
}

// send reads a whole answer.
func (c *client) send(r *http.Request, into any) (json.RawMessage, error) {
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, c.unreachable(r, err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, c.unreachable(r, err)
	case len(raw) > maxAnswer:
		return nil, fmt.Errorf("the answer of %s is larger than %s", r.URL.Host, size(maxAnswer))
	case answer.StatusCode >= 300:
		return nil, c.refused(answer, raw)
	case into == nil || len(raw) == 0:
		return raw, nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return nil, fmt.Errorf("%s does not answer as Arauto does: is --url right? (%w)", c.base, err)
	}
	return raw, nil
}

// errSlow is why a call was given up.
var errSlow = errors.New("the server did not answer in time")

func (c *client) unreachable(r *http.Request, err error) error {
	ctx := r.Context()
	switch {
	case errors.Is(context.Cause(ctx), errSlow):
		return lost{fmt.Errorf("%w: %s", errSlow, c.base)}
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, syscall.ECONNREFUSED):
		return lost{fmt.Errorf("no server answers at %s: start one with `arauto serve`, or name another with --url", c.base)}
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err // the rest repeats the address
	}
	return lost{fmt.Errorf("talk to %s: %w", c.base, err)}
}

// lost is a call that brought no answer: the next may.
type lost struct{ error }

func (e lost) Unwrap() error { return e.error }

// problem is a refusal in the server's words.
type problem struct {
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Errors []struct {
		Location string `json:"location"`
		Message  string `json:"message"`
	} `json:"errors"`
	RequestID string `json:"request_id"`

	retryAfter time.Duration // when to come back; 0 = not
	hint       string
}

func (c *client) refused(answer *http.Response, raw []byte) error {
	p := &problem{}
	if json.Unmarshal(raw, p) != nil || p.Detail == "" {
		p.Detail = fmt.Sprintf("%s answered %s: is --url right?", c.base, answer.Status)
	}
	p.Status = answer.StatusCode
	if p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable {
		if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && seconds >= 0 {
			p.retryAfter = max(1, time.Duration(seconds)) * time.Second
		}
	}
	if p.Status == http.StatusUnauthorized && c.token == "" {
		p.hint = "give one with --token-file, ARAUTO_TOKEN or --token; `arauto token create` makes one"
	}
	return p
}

// Error is what the server says, the fields at fault that it does not already name, and how to ask for help.
func (p *problem) Error() string {
	var b strings.Builder
	b.WriteString(plain(p.Detail))
	for _, e := range p.Errors {
		where := strings.TrimPrefix(strings.TrimPrefix(e.Location, "body."), "query.")
		if !strings.Contains(p.Detail, e.Message) {
			fmt.Fprintf(&b, "\n  %s: %s", plain(where), plain(e.Message))
		} else if p.Status == http.StatusUnprocessableEntity && where != "" && !strings.Contains(p.Detail, where) {
			fmt.Fprintf(&b, " (%s)", plain(where))
		}
	}
	if p.hint != "" {
		b.WriteString("\n" + p.hint)
	}
	if p.Status >= 500 && p.RequestID != "" {
		fmt.Fprintf(&b, " (request %s)", plain(p.RequestID))
	}
	return b.String()
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// print shows an answer: as it came with --json, else as human does.
func (c *client) print(raw json.RawMessage, human func() error) error {
	if c.raw {
		return c.json(raw)
	}
	return human()
}
