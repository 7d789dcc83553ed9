package server

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"arauto"
)

// admit is the one way in: who is calling, is it too fast, may it. On an error the headers that go with
// it are set.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, f *Surface, scope arauto.TokenScope) (Caller, error) {
	caller, err := s.callerAt(f, r)
	if err != nil {
		if arauto.KindOf(err) == arauto.KindUnauthorized && !f.ownDoor() {
			w.Header().Set("WWW-Authenticate", challenge(r))
		}
		if limited, ok := errors.AsType[tooFast](err); ok && !f.ownDoor() {
			w.Header().Set("Retry-After", limited.retryAfter())
		}
		return Caller{}, err
	}
	if x := exchangeOf(r); x != nil {
		x.caller = caller
	}
	if err := s.pace(f, caller); err != nil {
		w.Header().Set("Retry-After", err.retryAfter())
		return Caller{}, *err
	}
	if !caller.Token.Allows(scope) {
		return Caller{}, lacks(caller, scope)
	}
	return caller, nil
}

// pace takes one request of what the token may make, and of what its account may where the surface bounds that; f may
// be nil.
func (s *Server) pace(f *Surface, caller Caller) *tooFast {
	if f.ownDoor() {
		return nil
	}
	rate := caller.Token.Rate
	if rate <= 0 {
		rate = s.cfg.DefaultRate
	}
	if wait := s.rates.take(strconv.FormatInt(caller.Token.ID, 10), rate); wait > 0 {
		return &tooFast{wait, arauto.Errorf(arauto.KindLimited, "", "%s may ask %d times a second: wait", nameOf(caller), rate)}
	}
	if f == nil || f.accounts == nil {
		return nil
	}
	rate = f.perSecond(caller.Account)
	if wait := f.accounts.take(strconv.FormatInt(caller.Account.ID, 10), rate); wait > 0 {
		return &tooFast{wait, arauto.Errorf(arauto.KindLimited, "", "the account %q may ask %d times a second of this API: wait", caller.Account.Slug, rate)}
	}
	return nil
}

func nameOf(c Caller) string {
	if c.User.ID != 0 {
		return fmt.Sprintf("the user %s", c.User.Email)
	}
	return fmt.Sprintf("the token %q", c.Token.Name)
}

func lacks(c Caller, scope arauto.TokenScope) error {
	switch {
	case c.User.Temporary:
		return arauto.Errorf(arauto.KindForbidden, "", "the password of %s is known to somebody else: choose one of your own first", nameOf(c))
	case c.User.ID != 0:
		return arauto.Errorf(arauto.KindForbidden, "", "%s, who is %s here, may not do this: it takes the scope %q", nameOf(c), c.User.Role, scope)
	}
	return arauto.Errorf(arauto.KindForbidden, "", "%s lacks the scope %q: ask an administrator for one that has it", nameOf(c), scope)
}

// challenge names the ways in. A script's request is not told of Basic, for which a browser would ask the
// person behind it.
func challenge(r *http.Request) string {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" && mode != "navigate" {
		return `Bearer realm="arauto"`
	}
	return `Bearer realm="arauto", Basic realm="arauto"`
}

// Authenticate is the token a request comes with: `Authorization: Bearer`, Basic with the token as its
// password and the account's slug or the token's name as its user, or the header `wolkvox-token`. The
// error is unauthorized, limited (too many wrong ones from one address) or the store's own.
func (s *Server) Authenticate(r *http.Request) (arauto.Token, error) {
	caller, err := s.caller(r)
	return caller.Token, err
}

// Forget makes this process look a token up again at its next use, or, with a user's number below zero, that
// user's sessions; others do within ten seconds.
func (s *Server) Forget(token int64) { s.tokens.forget(token) }

func (f *Surface) ownDoor() bool { return f != nil && f.header != "" }

// callerAt is who calls at a surface's door.
func (s *Server) callerAt(f *Surface, r *http.Request) (Caller, error) {
	if !f.ownDoor() {
		return s.caller(r)
	}
	value := strings.TrimSpace(r.Header.Get(f.header))
	if value == "" {
		return Caller{}, ErrNoToken
	}
	return s.usable(r, nil, value)
}

func (s *Server) caller(r *http.Request) (Caller, error) {
	if value := s.cookie(r); value != "" && !showsToken(r) {
		return s.guardedSession(r, value)
	}
	user, value, err := credentials(r)
	if err != nil {
		return Caller{}, err
	}
	return s.usable(r, user, value)
}

func (s *Server) usable(r *http.Request, user *string, value string) (Caller, error) {
	caller, err := s.known(r, arauto.HashToken(value), s.tokenCaller)
	if arauto.KindOf(err) == arauto.KindNotFound {
		return Caller{}, arauto.Errorf(arauto.KindUnauthorized, "", "this token is not known: check that it was copied whole")
	}
	if err != nil {
		return Caller{}, err
	}
	if err := caller.Token.Usable(s.cfg.Now()); err != nil {
		return Caller{}, err
	}
	if user != nil && *user != caller.Account.Slug && *user != caller.Token.Name {
		return Caller{}, arauto.Errorf(arauto.KindUnauthorized, "", "the user name must be the account's slug or the token's name")
	}
	return caller, nil
}

// credentials are what a request shows. user is nil where none belongs to it.
func credentials(r *http.Request) (user *string, value string, err error) {
	header := r.Header.Get("Authorization")
	scheme, rest, _ := strings.Cut(header, " ")
	switch {
	case strings.EqualFold(scheme, "bearer") && strings.TrimSpace(rest) != "":
		return nil, strings.TrimSpace(rest), nil
	case strings.EqualFold(scheme, "basic"):
		if name, password, ok := r.BasicAuth(); ok && password != "" {
			return &name, password, nil
		}
	case header == "":
		if value := strings.TrimSpace(r.Header.Get("wolkvox-token")); value != "" {
			return nil, value, nil
		}
		return nil, "", ErrNoToken
	}
	return nil, "", arauto.Errorf(arauto.KindUnauthorized, "", "the Authorization header holds no token: send Bearer …, or Basic with the token as password")
}

// missRate is how many wrong tokens a second one address may show before it is told to wait. Values have
// 256 random bits, so this protects the database, not the tokens.
const missRate = 20

func (s *Server) known(r *http.Request, hash string, lookUp func(context.Context, string) (Caller, error)) (Caller, error) {
	if caller, ok := s.tokens.get(hash); ok {
		return caller, nil
	}
	remote := s.remote(r).String()
	if wait := s.misses.wait(remote, missRate); wait > 0 {
		return Caller{}, tooFast{wait, arauto.Errorf(arauto.KindLimited, "", "too many wrong tokens from this address: wait")}
	}
	round := s.tokens.begin()
	caller, err := lookUp(r.Context(), hash)
	switch {
	case arauto.KindOf(err) == arauto.KindNotFound:
		s.misses.take(remote, missRate)
	case err == nil:
		s.tokens.put(hash, caller, round)
	}
	return caller, err
}

func (s *Server) tokenCaller(ctx context.Context, hash string) (Caller, error) {
	token, err := s.cfg.Tokens.TokenByHash(ctx, hash)
	if err != nil {
		return Caller{}, err
	}
	account, err := s.cfg.Tokens.Account(ctx, token.Account)
	if err != nil {
		return Caller{}, err
	}
	return Caller{Token: token, Account: account}, nil
}

// tooFast is a limited error that knows how long to wait.
type tooFast struct {
	wait  time.Duration
	cause *arauto.Error
}

func (e tooFast) Error() string { return e.cause.Error() }
func (e tooFast) Unwrap() error { return e.cause }

func (e tooFast) retryAfter() string {
	return strconv.Itoa(max(1, int(math.Ceil(e.wait.Seconds()))))
}

const (
	cacheFor  = 10 * time.Second
	cacheSize = 4096
)

// tokenCache spares the database a look-up per request. Only tokens that exist are in it.
type tokenCache struct {
	now func() time.Time

	mu     sync.Mutex
	round  int64 // grows with every forget: what was read before is not put in after
	byHash map[string]cached
}

type cached struct {
	caller Caller
	until  time.Time
}

func newTokenCache(now func() time.Time) *tokenCache {
	return &tokenCache{now: now, byHash: map[string]cached{}}
}

func (c *tokenCache) get(hash string) (Caller, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byHash[hash]
	if !ok || !c.now().Before(e.until) {
		return Caller{}, false
	}
	return e.caller, true
}

func (c *tokenCache) begin() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.round
}

func (c *tokenCache) put(hash string, caller Caller, round int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.round != round {
		return
	}
	if len(c.byHash) >= cacheSize {
		clear(c.byHash) // rare, and what is used comes back with its next request
	}
	c.byHash[hash] = cached{caller, c.now().Add(cacheFor)}
}

func (c *tokenCache) forget(token int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.round++
	for hash, e := range c.byHash {
		if e.caller.Token.ID == token {
			delete(c.byHash, hash)
		}
	}
}
