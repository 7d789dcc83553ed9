package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// InProcess returns a transport that calls h instead of opening a connection, in
// either direction: a client of the sandbox, or the sandbox's own client of a
// webhook receiver. It holds no socket and no goroutine between requests, so it
// may be used in a synctest bubble. Like a connection, it fails when the request's
// context ends, while h goes on until it notices, and fails with
// io.ErrUnexpectedEOF when h panics with http.ErrAbortHandler.
func InProcess(h http.Handler) http.RoundTripper { return inProcess{h} }

type inProcess struct{ handler http.Handler }

// RoundTrip reads the whole request, and the whole answer, before it hands it on.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		defer r.Body.Close()
		read, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, fmt.Errorf("read request: %w", err)
		}
		body = read
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	in.Body = io.NopCloser(bytes.NewReader(body))
	in.ContentLength = int64(len(body))
	in.RequestURI = r.URL.RequestURI()
	in.RemoteAddr = "127.0.0.1:1"
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	out := make(chan *memory, 1)
	go func() {
		m := &memory{header: http.Header{}}
		defer func() {
			if p := recover(); p != nil {
				if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
					panic(p)
				}
				m.aborted = true
			}
			out <- m
		}()
		t.handler.ServeHTTP(m, in)
	}()
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case m := <-out:
		if m.aborted {
			return nil, io.ErrUnexpectedEOF
		}
		return m.response(r), nil
	}
}

// memory is the http.ResponseWriter of one request.
type memory struct {
	header  http.Header
	sent    http.Header // header as it was when the status was written
	status  int
	body    bytes.Buffer
	aborted bool
}

func (m *memory) Header() http.Header { return m.header }

func (m *memory) WriteHeader(status int) {
	if m.status == 0 && status >= 200 {
		m.status, m.sent = status, m.header.Clone()
	}
}

func (m *memory) Write(p []byte) (int, error) {
	m.WriteHeader(http.StatusOK)
	return m.body.Write(p)
}

func (m *memory) response(r *http.Request) *http.Response {
	m.WriteHeader(http.StatusOK)
	return &http.Response{
		Status:     fmt.Sprintf("%d %s", m.status, http.StatusText(m.status)),
		StatusCode: m.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: m.sent, Body: io.NopCloser(&m.body), ContentLength: int64(m.body.Len()), Request: r,
	}
}
