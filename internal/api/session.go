package api

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"arauto"
)

// Sessions is what the API asks of the store about who has logged in.
type Sessions interface {
	// TryLogin counts a wrong password in advance; wait is above zero when none may be looked at. user is zero when
	// nobody has that e-mail.
	TryLogin(ctx context.Context, now time.Time, email, address string) (user arauto.User, wait time.Duration, err error)
	// MissLogin counts a wrong password for the address it came from; wait is above zero when it has to wait by now.
	MissLogin(ctx context.Context, now time.Time, address string) (wait time.Duration, err error)
	// Login takes TryLogin's count back and begins a session; unauthorized when user is not as TryLogin found them any more.
	Login(ctx context.Context, now time.Time, user arauto.User, n arauto.Session) (arauto.Session, error)
	Sessions(ctx context.Context, account, user, after int64, limit int) ([]arauto.Session, error)
	EndSession(ctx context.Context, actor arauto.Actor, now time.Time, account, user, id int64) error
}

// wireCaller is who a caller is here.
type wireCaller struct {
	User    *wireUser    `json:"user" doc:"null for a token"`
	Token   *string      `json:"token" doc:"The token's name; null for a user"`
	Scopes  []string     `json:"scopes" nullable:"false" doc:"What they may do. Empty for a user who has to choose a password first"`
	Account wireTenant   `json:"account"`
	Session *wireSession `json:"session" doc:"null for a token"`
}

type wireTenant struct {
	ID       int64  `json:"id"`
	Slug     string `json:"slug"`
	Name     string `json:"name"`
	TimeZone string `json:"time_zone"`
	Language string `json:"language"`
}

type wireSession struct {
	ID        int64      `json:"id"`
	Address   string     `json:"address" doc:"Where it began"`
	Agent     string     `json:"agent" doc:"What the browser called itself"`
	CreatedAt *time.Time `json:"created_at"`
	SeenAt    *time.Time `json:"seen_at" doc:"Exact to a minute"`
	EndsAt    *time.Time `json:"ends_at" doc:"If nobody uses it any more"`
	Current   bool       `json:"current" doc:"This one"`
}

func wordSession(n arauto.Session, current int64) wireSession {
	return wireSession{
		ID: n.ID, Address: n.Address, Agent: n.Agent, CreatedAt: at(n.CreatedAt), SeenAt: at(n.SeenAt), EndsAt: at(n.EndsAt()), Current: n.ID == current,
	}
}

func wordCaller(c Caller) *wireCaller {
	out := &wireCaller{
		Scopes:  wordScopes(c.Token.Scopes),
		Account: wireTenant{c.Account.ID, c.Account.Slug, c.Account.Name, c.Account.TimeZone, string(c.Account.Language)},
	}
	if c.User.ID == 0 {
		out.Token = &c.Token.Name
		return out
	}
	user, session := wordUser(c.User), wordSession(c.Session, c.Session.ID)
	out.User, out.Session = &user, &session
	return out
}

func (a *API) sessions() {
	handle(a, op{
		method: http.MethodPost, path: "/sessions", tag: "sessions", summary: "Log in", status: http.StatusCreated, guest: true,
		more: "Answers with a cookie that scripts do not see. It lasts for eight hours without use, and for seven days at most. Wrong passwords make the next ones wait, for the e-mail and for the address.",
	}, a.logIn)
	handle(a, op{method: http.MethodGet, path: "/sessions/current", scope: arauto.TokenAny, tag: "sessions", summary: "Who am I, and what may I do"},
		func(_ context.Context, c Caller, _ *struct{}) (*wireCaller, error) { return wordCaller(c), nil })
	handle(a, op{method: http.MethodDelete, path: "/sessions/current", scope: arauto.TokenAny, tag: "sessions", summary: "Log out", status: http.StatusNoContent},
		func(ctx context.Context, c Caller, _ *struct{}) (*nothing, error) {
			if err := needsSession(c); err != nil {
				return nil, err
			}
			return a.logOut(ctx, c, func() error {
				return a.Store.EndSession(ctx, actor(c), a.Now(), c.Account.ID, c.User.ID, c.Session.ID)
			})
		})
	handle(a, op{method: http.MethodGet, path: "/sessions", scope: arauto.TokenAny, tag: "sessions", summary: "Where I am logged in, oldest first"}, a.listSessions)
	handle(a, op{method: http.MethodDelete, path: "/sessions", scope: arauto.TokenAny, tag: "sessions", summary: "Log out everywhere, here too", status: http.StatusNoContent},
		func(ctx context.Context, c Caller, _ *struct{}) (*nothing, error) {
			if err := needsSession(c); err != nil {
				return nil, err
			}
			return a.logOut(ctx, c, func() error { return a.Store.EndSessions(ctx, actor(c), a.Now(), c.Account.ID, c.User.ID) })
		})
	handle(a, op{method: http.MethodDelete, path: "/sessions/{id}", scope: arauto.TokenAny, tag: "sessions", summary: "Log out elsewhere: one of my sessions", status: http.StatusNoContent},
		func(ctx context.Context, c Caller, in *ByNumber) (*nothing, error) {
			if err := a.Store.EndSession(ctx, actor(c), a.Now(), c.Account.ID, c.User.ID, in.ID); err != nil {
				return nil, err
			}
			a.forgetUser(c.User.ID)
			return nil, nil
		})
	handle(a, op{
		method: http.MethodPost, path: "/sessions/current/password", scope: arauto.TokenAny, tag: "sessions", summary: "Choose another password", status: http.StatusNoContent,
		more: "Ends every other session of yours.",
	}, a.changePassword)
}

func needsSession(c Caller) error {
	if c.User.ID == 0 {
		return arauto.Errorf(arauto.KindConflict, "", "you came with a token, which has no session: nothing to do here")
	}
	return nil
}

// logOut ends what end ends, forgets the cookie here and at the client.
func (a *API) logOut(ctx context.Context, c Caller, end func() error) (*nothing, error) {
	if err := end(); err != nil && arauto.KindOf(err) != arauto.KindNotFound {
		return nil, err
	}
	a.forgetUser(c.User.ID)
	x := exchangeOf(ctx)
	a.Remember(x.writer, x.request, "")
	return nil, nil
}

type credentials struct {
	Email    string `json:"email" minLength:"1" maxLength:"254"`
	Password string `json:"password" minLength:"1" maxLength:"200"`
}

// maxAgent is how much of a browser's name for itself is kept.
const maxAgent = 200

func (a *API) logIn(ctx context.Context, _ Caller, in *struct{ Body credentials }) (*wireCaller, error) {
	x := exchangeOf(ctx)
	user, err := a.knows(ctx, arauto.CleanEmail(in.Body.Email), in.Body.Password, x.guest.Address)
	if err != nil {
		return nil, err
	}
	value, err := arauto.NewSessionValue(a.Random)
	if err != nil {
		return nil, err
	}
	agent := x.request.UserAgent()
	session, err := a.Store.Login(ctx, a.Now(), user, arauto.Session{
		Hash: arauto.HashToken(value), Address: x.guest.Address, Agent: strings.ToValidUTF8(agent[:min(len(agent), maxAgent)], ""),
	})
	if err != nil {
		return nil, err
	}
	account, err := a.Store.Account(ctx, user.Account)
	if err != nil {
		return nil, err
	}
	user.LoginAt = session.CreatedAt
	a.Remember(x.writer, x.request, value)
	return wordCaller(Caller{Token: user.Pass(), Account: account, User: user, Session: session}), nil
}

// knows is the user of that e-mail whose password that is. In whichever way it is wrong, the words are the
// same and it takes as long.
func (a *API) knows(ctx context.Context, email, password, address string) (arauto.User, error) {
	user, wait, err := a.Store.TryLogin(ctx, a.Now(), email, address)
	if err != nil {
		return arauto.User{}, err
	}
	if wait > 0 {
		return arauto.User{}, hold(wait)
	}
	match, err := a.Passwords.Match(ctx, user.Password, password)
	if err != nil {
		return arauto.User{}, err
	}
	if match && user.Active() {
		return user, nil
	}
	if wait, err = a.Store.MissLogin(ctx, a.Now(), address); err != nil {
		return arauto.User{}, err
	}
	if wait > 0 {
		return arauto.User{}, hold(wait)
	}
	a.Logger.WarnContext(ctx, "log-in refused", "request", exchangeOf(ctx).id, "account", user.Account, "user", user.ID, "address", address)
	return arauto.User{}, arauto.ErrLogin()
}

// tooSoon is a limited error that knows how long to wait.
type tooSoon struct {
	wait  time.Duration
	cause *arauto.Error
}

func hold(wait time.Duration) error {
	return tooSoon{wait, arauto.Errorf(arauto.KindLimited, "", "too many wrong passwords: wait %d seconds, then try again", seconds(wait))}
}

func (e tooSoon) Error() string      { return e.cause.Error() }
func (e tooSoon) Unwrap() error      { return e.cause }
func (e tooSoon) retryAfter() string { return strconv.Itoa(seconds(e.wait)) }

func seconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }

func (a *API) listSessions(ctx context.Context, c Caller, in *Paging) (*page[wireSession], error) {
	after, err := in.key()
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.Sessions(ctx, c.Account.ID, c.User.ID, after, in.Limit)
	if err != nil {
		return nil, err
	}
	out := pageOf(ctx, *in, rows, func(n arauto.Session) int64 { return n.ID }, func(n arauto.Session) wireSession { return wordSession(n, c.Session.ID) })
	now := a.Now()
	kept := out.Data[:0]
	for i, n := range rows {
		if n.Usable(now) == nil {
			kept = append(kept, out.Data[i])
		}
	}
	out.Data = kept
	return out, nil
}

type passwordChange struct {
	Current  string `json:"current" minLength:"1" maxLength:"200"`
	Password string `json:"password" minLength:"1" maxLength:"200" doc:"At least 12 characters"`
}

// changePassword asks for the current one, as often as a log-in might: who stole a session shall not make
// it theirs.
func (a *API) changePassword(ctx context.Context, c Caller, in *struct{ Body passwordChange }) (*nothing, error) {
	if err := needsSession(c); err != nil {
		return nil, err
	}
	if err := c.User.CheckPassword(in.Body.Password); err != nil {
		return nil, inPassword(err)
	}
	if in.Body.Password == in.Body.Current {
		return nil, arauto.Errorf(arauto.KindInvalid, "body.password", "this is the password you have: choose another")
	}
	user, err := a.knows(ctx, c.User.Email, in.Body.Current, c.Session.Address)
	if arauto.KindOf(err) == arauto.KindUnauthorized {
		return nil, arauto.Errorf(arauto.KindInvalid, "body.current", "this is not your current password")
	}
	if err != nil {
		return nil, err
	}
	hash, err := a.Passwords.Hash(ctx, in.Body.Password)
	if err != nil {
		return nil, err
	}
	if err := a.Store.SetPassword(ctx, actor(c), a.Now(), c.Account.ID, user.ID, hash, false, c.Session.ID); err != nil {
		return nil, err
	}
	a.forgetUser(user.ID)
	return nil, nil
}

func inPassword(err error) error {
	return arauto.Errorf(arauto.KindOf(err), "body.password", "%s", err.(*arauto.Error).Message) //nolint:errorlint,forcetypeassert // CheckPassword's own
}
