package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

type userCmd struct {
	userMaker
	Invite  userInviteCmd  `cmd:"" help:"Make a user on a running server and print a password, once."`
	List    userListCmd    `cmd:"" help:"List users, oldest first."`
	Role    userRoleCmd    `cmd:"" help:"Change what somebody may do."`
	Reset   userResetCmd   `cmd:"" help:"Give somebody another password and print it, once; logs them out everywhere."`
	Disable userDisableCmd `cmd:"" help:"Log somebody out and let them in no more."`
	Enable  userEnableCmd  `cmd:"" help:"Let somebody in again."`
	Logout  userLogoutCmd  `cmd:"" help:"Log somebody out everywhere."`
}

type user struct {
	ID         int64      `json:"id"`
	Email      string     `json:"email"`
	Name       string     `json:"name"`
	Role       string     `json:"role"`
	Temporary  bool       `json:"temporary_password"`
	DisabledAt *time.Time `json:"disabled_at"`
	LoginAt    *time.Time `json:"login_at"`
}

func (u user) state() string {
	switch {
	case u.DisabledAt != nil:
		return "disabled " + local(u.DisabledAt)
	case u.Temporary:
		return "has to choose a password"
	}
	return "active"
}

type userInviteCmd struct {
	remote
	Email string `arg:"" help:"What they log in with."`
	Name  string `required:"" help:"What they are called."`
	Role  string `enum:"admin,supervisor,agent,analyst" default:"agent" placeholder:"ROLE" help:"admin, supervisor, agent or analyst."`
}

func (k userInviteCmd) Run(ctx context.Context, c *client) error {
	var got struct {
		user
		Password string `json:"password"`
	}
	raw, err := c.post(ctx, "/users", map[string]string{"email": k.Email, "name": k.Name, "role": k.Role}, &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error {
		return c.say("User %d may log in as %s. Their password, to be changed at the first log-in:\n%s", got.ID, got.Email, got.Password)
	})
}

type userListCmd struct {
	remote
	listing
}

func (k userListCmd) Run(ctx context.Context, c *client) error {
	head := []string{"ID", "E-MAIL", "NAME", "ROLE", "STATE", "LAST LOG-IN"}
	return list(ctx, c, "/users", nil, k.listing, head, func(u user) []string {
		return []string{fmt.Sprint(u.ID), u.Email, plain(u.Name), u.Role, u.state(), local(u.LoginAt)}
	})
}

// byUser names a user as people do.
type byUser struct {
	remote
	User string `arg:"" help:"Their e-mail, or their number as list shows it."`
}

// path is the user's own address in the API.
func (k byUser) path(ctx context.Context, c *client) (string, error) {
	if strings.Trim(k.User, "0123456789") == "" {
		return "/users/" + k.User, nil
	}
	for next := "/users?limit=1000"; next != ""; {
		var got page[user]
		if _, err := c.get(ctx, next, &got); err != nil {
			return "", err
		}
		for _, u := range got.Data {
			if strings.EqualFold(u.Email, strings.TrimSpace(k.User)) {
				return fmt.Sprintf("/users/%d", u.ID), nil
			}
		}
		next = nextOf(got.Next)
	}
	return "", fmt.Errorf("there is no user %q", k.User)
}

// nextOf is a page's next as a path of the API; "" on the last.
func nextOf(next *string) string {
	if next == nil {
		return ""
	}
	u, err := url.Parse(*next)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(u.RequestURI(), "/api/v1")
}

// change patches the user and says what they are now.
func (k byUser) change(ctx context.Context, c *client, body map[string]any) error {
	path, err := k.path(ctx, c)
	if err != nil {
		return err
	}
	var got user
	raw, err := c.call(ctx, http.MethodPatch, path, body, &got, callTime)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.say("%s: %s, %s", got.Email, got.Role, got.state()) })
}

type userRoleCmd struct {
	byUser
	Role string `arg:"" enum:"admin,supervisor,agent,analyst" help:"admin, supervisor, agent or analyst."`
}

func (k userRoleCmd) Run(ctx context.Context, c *client) error {
	return k.change(ctx, c, map[string]any{"role": k.Role})
}

type userDisableCmd struct{ byUser }

func (k userDisableCmd) Run(ctx context.Context, c *client) error {
	return k.change(ctx, c, map[string]any{"disabled": true})
}

type userEnableCmd struct{ byUser }

func (k userEnableCmd) Run(ctx context.Context, c *client) error {
	return k.change(ctx, c, map[string]any{"disabled": false})
}

type userResetCmd struct{ byUser }

func (k userResetCmd) Run(ctx context.Context, c *client) error {
	path, err := k.path(ctx, c)
	if err != nil {
		return err
	}
	var got struct {
		user
		Password string `json:"password"`
	}
	raw, err := c.post(ctx, path+"/password", map[string]any{}, &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error {
		return c.say("%s is logged out everywhere. Their password, to be changed at the next log-in:\n%s", got.Email, got.Password)
	})
}

type userLogoutCmd struct{ byUser }

func (k userLogoutCmd) Run(ctx context.Context, c *client) error {
	path, err := k.path(ctx, c)
	if err != nil {
		return err
	}
	if _, err := c.call(ctx, http.MethodDelete, path+"/sessions", nil, nil, callTime); err != nil {
		return err
	}
	if c.raw {
		return nil
	}
	return c.say("%s is logged out everywhere", k.User)
}
