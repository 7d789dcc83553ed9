package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"arauto"
)

// Caller is who a request comes from. It is an alias of an unnamed type, so that whoever lets callers in
// can declare the same.
type Caller = struct {
	Token   arauto.Token // with a session, the user's pass
	Account arauto.Account
	User    arauto.User    // with a session; else zero
	Session arauto.Session // the same
}

// Guest is who comes to log in.
type Guest = struct {
	Address string // where from, as guesses are counted by
}

// A Door lets callers in whose token or session allows a scope, within a rate, and bounds what they send.
type Door interface {
	Handle(pattern string, scope arauto.TokenScope, maxBody int64, h func(http.ResponseWriter, *http.Request, Caller))
	Guest(pattern string, maxBody int64, h func(http.ResponseWriter, *http.Request, Guest))
	Public(pattern string, h http.Handler)
}

// requestIDHeader is where whoever lets callers in has put the request's id.
const requestIDHeader = "X-Request-Id"

// adapter hangs huma's operations on a Door.
type adapter struct {
	door    Door
	answers Answers
	logger  *slog.Logger
	now     func() time.Time
}

const metaOp = "op"

// An exchange is the request behind an operation. It travels in the request's context only as far as
// handle, which makes parameters of it.
type exchange struct {
	caller  Caller
	guest   Guest // where nobody is asked who they are
	id      string
	request *http.Request
	writer  http.ResponseWriter
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange { return ctx.Value(exchangeKey{}).(*exchange) }

// Handle is huma's.
func (d *adapter) Handle(operation *huma.Operation, handler func(huma.Context)) {
	o := operation.Metadata[metaOp].(op)
	limit := operation.MaxBodyBytes
	if o.guest {
		d.door.Guest(operation.Method+" "+Prefix+operation.Path, limit, func(w http.ResponseWriter, r *http.Request, g Guest) {
			x := &exchange{guest: g, id: w.Header().Get(requestIDHeader), writer: w}
			x.request = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
			handler(humago.NewContext(operation, x.request, w))
		})
		return
	}
	d.door.Handle(operation.Method+" "+Prefix+operation.Path, o.scope, limit, func(w http.ResponseWriter, r *http.Request, c Caller) {
		run := func(w http.ResponseWriter, r *http.Request) {
			x := &exchange{caller: c, id: w.Header().Get(requestIDHeader), writer: w}
			x.request = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
			handler(humago.NewContext(operation, x.request, w))
		}
		if key := r.Header.Get(keyHeader); key != "" && r.Method == http.MethodPost {
			d.once(w, r, c, o, key, run)
			return
		}
		run(w, r)
	})
}

// ServeHTTP is huma's, for its own tests; requests come through the Door.
func (d *adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }
