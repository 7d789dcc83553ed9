package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"arauto"
)

// Users is what the API asks of the store about the people who work with it.
type Users interface {
	CreateUser(ctx context.Context, actor arauto.Actor, now time.Time, u arauto.User) (arauto.User, error)
	UpdateUser(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, change func(arauto.User) (arauto.User, error)) (arauto.User, error)
	// SetPassword logs the user out, except from the session keep; 0 = from all.
	SetPassword(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, hash string, temporary bool, keep int64) error
	User(ctx context.Context, account, id int64) (arauto.User, error)
	Users(ctx context.Context, account, after int64, limit int) ([]arauto.User, error)
	EndSessions(ctx context.Context, actor arauto.Actor, now time.Time, account, user int64) error
}

// Passwords hashes passwords and compares them, a few at a time: the errors of both are limited when too many ask.
type Passwords interface {
	Hash(ctx context.Context, password string) (string, error)
	// Match takes as long for "" as for any other hash.
	Match(ctx context.Context, hash, password string) (bool, error)
}

type wireUser struct {
	ID         int64      `json:"id"`
	Email      string     `json:"email"`
	Name       string     `json:"name"`
	Role       string     `json:"role" enum:"admin,supervisor,agent,analyst"`
	Scopes     []string   `json:"scopes" nullable:"false" doc:"What the role may do, in the words that tokens have"`
	Temporary  bool       `json:"temporary_password" doc:"Somebody else knows the password: it lets in only to choose another"`
	CreatedAt  *time.Time `json:"created_at"`
	UpdatedAt  *time.Time `json:"updated_at"`
	PasswordAt *time.Time `json:"password_at" doc:"When the password was set"`
	DisabledAt *time.Time `json:"disabled_at" doc:"null = may log in"`
	LoginAt    *time.Time `json:"login_at" doc:"Last log-in"`
}

func wordUser(u arauto.User) wireUser {
	return wireUser{
		ID: u.ID, Email: u.Email, Name: u.Name, Role: string(u.Role), Scopes: wordScopes(u.Role.Scopes()), Temporary: u.Temporary,
		CreatedAt: at(u.CreatedAt), UpdatedAt: at(u.UpdatedAt), PasswordAt: at(u.PasswordAt), DisabledAt: at(u.DisabledAt), LoginAt: at(u.LoginAt),
	}
}

func wordScopes(scopes []arauto.TokenScope) []string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = string(s)
	}
	return words
}

type freshUser struct {
	wireUser
	Password *string `json:"password" doc:"Drawn for them, shown now and never again; null when you gave one"`
}

type newUser struct {
	Email     string `json:"email" minLength:"3" maxLength:"254"`
	Name      string `json:"name" minLength:"1" maxLength:"100"`
	Role      string `json:"role" enum:"admin,supervisor,agent,analyst"`
	Password  string `json:"password,omitempty" maxLength:"200" doc:"At least 12 characters. Absent = one is drawn and answered, once"`
	Temporary *bool  `json:"temporary_password,omitempty" doc:"They must choose another at their first log-in. Absent = only when the password was drawn"`
}

type userChange struct {
	Email    *string `json:"email,omitempty" maxLength:"254"`
	Name     *string `json:"name,omitempty" maxLength:"100"`
	Role     *string `json:"role,omitempty" enum:"admin,supervisor,agent,analyst"`
	Disabled *bool   `json:"disabled,omitempty" doc:"true logs them out everywhere and lets them in no more"`
}

func (a *API) users() {
	handle(a, op{
		method: http.MethodPost, path: "/users", scope: arauto.TokenAdmin, tag: "users", summary: "Make a user", status: http.StatusCreated, secret: true,
		more: "Without a password one is drawn: give it to them, they choose their own when they log in.",
	}, a.createUser)
	handle(a, op{method: http.MethodGet, path: "/users", scope: arauto.TokenAdmin, tag: "users", summary: "List users, oldest first, disabled ones too"},
		func(ctx context.Context, c Caller, in *Paging) (*page[wireUser], error) {
			after, err := in.key()
			if err != nil {
				return nil, err
			}
			rows, err := a.Store.Users(ctx, c.Account.ID, after, in.Limit)
			return pageOf(ctx, *in, rows, func(u arauto.User) int64 { return u.ID }, wordUser), err
		})
	handle(a, op{method: http.MethodGet, path: "/users/{id}", scope: arauto.TokenAdmin, tag: "users", summary: "A user"},
		func(ctx context.Context, c Caller, in *ByNumber) (*wireUser, error) {
			u, err := a.Store.User(ctx, c.Account.ID, in.ID)
			out := wordUser(u)
			return &out, err
		})
	handle(a, op{
		method: http.MethodPatch, path: "/users/{id}", scope: arauto.TokenAdmin, tag: "users", summary: "Change a user, or disable them",
		more: "What they may do changes at once, on other nodes within ten seconds. The last active administrator stays one.",
	}, a.updateUser)
	handle(a, op{
		method: http.MethodPost, path: "/users/{id}/password", scope: arauto.TokenAdmin, tag: "users", summary: "Give a user another password", status: http.StatusCreated, secret: true,
		more: "Logs them out everywhere. Without a password one is drawn, as for a new user.",
	}, a.resetPassword)
	handle(a, op{
		method: http.MethodDelete, path: "/users/{id}/sessions", scope: arauto.TokenAdmin, tag: "users", summary: "Log a user out everywhere", status: http.StatusNoContent,
	}, func(ctx context.Context, c Caller, in *ByNumber) (*nothing, error) {
		if err := a.Store.EndSessions(ctx, actor(c), a.Now(), c.Account.ID, in.ID); err != nil {
			return nil, err
		}
		a.forgetUser(in.ID)
		return nil, nil
	})
}

// forgetUser makes this node look the user's sessions up again.
func (a *API) forgetUser(id int64) {
	if a.Forget != nil {
		a.Forget(-id)
	}
}

func (a *API) createUser(ctx context.Context, c Caller, in *struct{ Body newUser }) (*freshUser, error) {
	b := in.Body
	u := arauto.User{Account: c.Account.ID, Email: arauto.CleanEmail(b.Email), Name: strings.TrimSpace(b.Name), Role: arauto.Role(b.Role)}
	if err := u.Check(); err != nil {
		return nil, err
	}
	drawn, err := a.givePassword(ctx, &u, b.Password, b.Temporary)
	if err != nil {
		return nil, err
	}
	u, err = a.Store.CreateUser(ctx, actor(c), a.Now(), u)
	return &freshUser{wordUser(u), drawn}, err
}

// givePassword sets u's Password and Temporary, and returns what was drawn when chosen is "".
func (a *API) givePassword(ctx context.Context, u *arauto.User, chosen string, temporary *bool) (drawn *string, err error) {
	password := chosen
	if password == "" {
		if password, err = arauto.NewPassword(a.Random); err != nil {
			return nil, err
		}
		drawn = &password
	} else if err := u.CheckPassword(password); err != nil {
		return nil, err
	}
	u.Temporary = drawn != nil
	set(&u.Temporary, temporary)
	u.Password, err = a.Passwords.Hash(ctx, password)
	return drawn, err
}

func (a *API) updateUser(ctx context.Context, c Caller, in *struct {
	ByNumber
	Body userChange
},
) (*wireUser, error) {
	now := a.Now()
	u, err := a.Store.UpdateUser(ctx, actor(c), now, c.Account.ID, in.ID, func(u arauto.User) (arauto.User, error) {
		if in.Body.Email != nil {
			u.Email = arauto.CleanEmail(*in.Body.Email)
		}
		if in.Body.Name != nil {
			u.Name = strings.TrimSpace(*in.Body.Name)
		}
		if in.Body.Role != nil {
			u.Role = arauto.Role(*in.Body.Role)
		}
		if off := in.Body.Disabled; off != nil && *off == u.Active() {
			u.DisabledAt = time.Time{}
			if *off {
				u.DisabledAt = now
			}
		}
		return u, nil
	})
	if err != nil {
		return nil, err
	}
	a.forgetUser(in.ID)
	out := wordUser(u)
	return &out, nil
}

type givenPassword struct {
	Password  string `json:"password,omitempty" maxLength:"200" doc:"Absent = one is drawn and answered, once"`
	Temporary *bool  `json:"temporary_password,omitempty" doc:"Absent = only when it was drawn"`
}

func (a *API) resetPassword(ctx context.Context, c Caller, in *struct {
	ByNumber
	Body givenPassword
},
) (*freshUser, error) {
	u, err := a.Store.User(ctx, c.Account.ID, in.ID)
	if err != nil {
		return nil, err
	}
	drawn, err := a.givePassword(ctx, &u, in.Body.Password, in.Body.Temporary)
	if err != nil {
		return nil, err
	}
	now := a.Now()
	if err := a.Store.SetPassword(ctx, actor(c), now, c.Account.ID, u.ID, u.Password, u.Temporary, 0); err != nil {
		return nil, err
	}
	a.forgetUser(u.ID)
	u.PasswordAt, u.UpdatedAt = now, now
	return &freshUser{wordUser(u), drawn}, nil
}
