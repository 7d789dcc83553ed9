package server

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"arauto"
)

// Caller is who a request comes from: a usable token and its account. With a session the token is the
// user's pass, and User and Session say whose and which; with a token they are zero. It is an alias of an
// unnamed type, so that an edge can declare the same without importing this package.
type Caller = struct {
	Token   arauto.Token
	Account arauto.Account
	User    arauto.User
	Session arauto.Session
}

// Guest is who comes to log in: nobody yet.
type Guest = struct {
	Address string // where from; an IPv6 network, since a household has all of it
}

// A Surface is one API: routes below a prefix, and its own words for an error.
type Surface struct {
	server *Server
	name   string
	fail   Fail

	accounts  *limiter // nil = only tokens are limited
	perSecond func(arauto.Account) int
	header    string // the only header that a token may come in; "" = ours
}

// OwnDoor is for a vendor whose clients show their token in a header of its own, and whose limits are not ours: tokens
// come in that header alone, and no rate per second holds. A request without it fails with ErrNoToken.
func (f *Surface) OwnDoor(header string) { f.header = header }

// ErrNoToken is how a request without a token fails; every other one that is not let in showed a token that is wrong.
var ErrNoToken = arauto.Errorf(arauto.KindUnauthorized, "", "no token: send the header Authorization: Bearer …, or log in")

// LimitAccounts bounds how many requests a second each account makes of this surface, with whichever of its tokens,
// besides what each token may. perSecond is asked with every request.
func (f *Surface) LimitAccounts(perSecond func(arauto.Account) int) {
	f.accounts, f.perSecond = newLimiter(f.server.cfg.Now), perSecond
}

// Fail writes err in a surface's envelope, with the status that the error's kind has there. An error with
// a method HTTPStatus() int names its status itself (405, 413); headers such as Allow, WWW-Authenticate
// and Retry-After are set already.
type Fail func(w http.ResponseWriter, r *http.Request, err error)

// A Route is one thing that can be asked for.
type Route struct {
	Surface string
	Method  string // "" = any
	Path    string // as in http.ServeMux
	Scope   arauto.TokenScope
	Public  bool // nobody is asked who they are
}

// Surface opens an API. Paths below prefix ("/api/v1/") that no route answers are its own 404s; prefix ""
// leaves them to others, for a surface whose routes live among those of another.
func (s *Server) Surface(name, prefix string, fail Fail) *Surface {
	if prefix != "" {
		s.mux.HandleFunc(prefix, func(w http.ResponseWriter, r *http.Request) { fail(w, r, errNoPath(r)) })
	}
	return &Surface{server: s, name: name, fail: fail}
}

// Handle lets callers whose token or session allows scope come to h. pattern is "METHOD /path/{wildcard}", or a path
// alone for every method; GET answers HEAD too. maxBody bounds the request's body in bytes; 0 is the
// server's default. This is the only place where a surface asks who is calling.
func (f *Surface) Handle(pattern string, scope arauto.TokenScope, maxBody int64, h func(http.ResponseWriter, *http.Request, Caller)) {
	s := f.server
	s.add(f, pattern, Route{Surface: f.name, Scope: scope}, maxBody, func(w http.ResponseWriter, r *http.Request) {
		caller, err := s.admit(w, r, f, scope)
		if err != nil {
			if arauto.KindOf(err) == arauto.KindInternal && r.Context().Err() == nil {
				s.cfg.Logger.ErrorContext(r.Context(), "caller not looked up", "request", w.Header().Get(RequestIDHeader), "err", err)
			}
			f.fail(w, r, err)
			return
		}
		h(w, r, caller)
	})
}

// Guest lets everybody come to h who wants to log in, from our own pages or from no page at all.
func (f *Surface) Guest(pattern string, maxBody int64, h func(http.ResponseWriter, *http.Request, Guest)) {
	s := f.server
	s.add(f, pattern, Route{Surface: f.name, Public: true}, maxBody, func(w http.ResponseWriter, r *http.Request) {
		if err := s.crossSite(r); err != nil {
			f.fail(w, r, err)
			return
		}
		h(w, r, Guest{Address: network(s.remote(r))})
	})
}

// Public lets everybody come to h.
func (f *Surface) Public(pattern string, h http.Handler) {
	f.server.add(f, pattern, Route{Surface: f.name, Public: true}, 0, h.ServeHTTP)
}

// Public hangs a handler that asks for no token: webhooks, which are signed instead. pattern and maxBody
// are as in Surface.Handle.
func (s *Server) Public(pattern string, maxBody int64, h http.Handler) {
	plain := &Surface{server: s, name: "public", fail: plainFail}
	s.add(plain, pattern, Route{Surface: plain.name, Public: true}, maxBody, h.ServeHTTP)
}

// Routes lists everything that was registered, in that order.
func (s *Server) Routes() []Route { return slices.Clone(s.routes) }

// A resource is one path with what each method does. Patterns are given to the mux without their method:
// two that overlap with different methods would conflict there, and the 405 would not be the surface's.
type resource struct {
	methods map[string]*endpoint
	surface *Surface // whose 405 it is
}

type endpoint struct {
	serve   http.HandlerFunc
	surface *Surface
	maxBody int64
}

func (s *Server) add(f *Surface, pattern string, route Route, maxBody int64, h http.HandlerFunc) {
	method, path, found := strings.Cut(pattern, " ")
	if !found {
		method, path = "", pattern
	}
	if maxBody == 0 {
		maxBody = s.cfg.MaxBody
	}
	res := s.paths[path]
	if res == nil {
		res = &resource{methods: map[string]*endpoint{}, surface: f}
		s.paths[path] = res
		s.mux.Handle(path, res)
	}
	if res.methods[method] != nil {
		panic(fmt.Sprintf("server: %q is registered twice", pattern))
	}
	res.methods[method] = &endpoint{serve: h, surface: f, maxBody: maxBody}
	route.Method, route.Path = method, path
	s.routes = append(s.routes, route)
}

func (res *resource) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := res.methods[r.Method]
	if e == nil && r.Method == http.MethodHead {
		e = res.methods[http.MethodGet]
	}
	if e == nil {
		e = res.methods[""]
	}
	if e == nil {
		w.Header().Set("Allow", res.allow())
		res.surface.fail(w, r, statusError{http.StatusMethodNotAllowed, arauto.Errorf(arauto.KindInvalid, "",
			"%s is not something this path can do; it takes %s", safeMethod(r.Method), res.allow())})
		return
	}
	if x := exchangeOf(r); x != nil {
		x.fail = e.surface.fail
	}
	if r.ContentLength > e.maxBody {
		w.Header().Set("Connection", "close") // or the client goes on sending what nobody reads
		e.surface.fail(w, r, statusError{http.StatusRequestEntityTooLarge, arauto.Errorf(arauto.KindInvalid, "",
			"the request's body is larger than %d bytes: send it in parts", e.maxBody)})
		return
	}
	limitBody(w, r, e.maxBody)
	e.serve(w, r)
}

func (res *resource) allow() string {
	var list []string
	for m := range res.methods {
		list = append(list, m)
		if m == http.MethodGet && res.methods[http.MethodHead] == nil {
			list = append(list, http.MethodHead)
		}
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// A statusError names a status that no kind of error stands for.
type statusError struct {
	status int
	cause  *arauto.Error
}

func (e statusError) HTTPStatus() int { return e.status }
func (e statusError) Error() string   { return e.cause.Error() }
func (e statusError) Unwrap() error   { return e.cause }

func errNoPath(r *http.Request) error {
	return arauto.Errorf(arauto.KindNotFound, "", "nothing is served at %s", r.URL.Path)
}
