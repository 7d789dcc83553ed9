package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

type tokenCmd struct {
	tokenMaker
	List     tokenListCmd     `cmd:"" help:"List API tokens, oldest first."`
	Revoke   tokenRevokeCmd   `cmd:"" help:"Let nobody in with it any more."`
	Requests tokenRequestsCmd `cmd:"" help:"What was asked with it lately, newest first."`
}

type apiToken struct {
	ID         int64      `json:"id"`
	Name       string     `json:"name"`
	Prefix     string     `json:"prefix"`
	Scopes     []string   `json:"scopes"`
	CreatedAt  *time.Time `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at"`
	RevokedAt  *time.Time `json:"revoked_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
}

func (t apiToken) state() string {
	switch {
	case t.RevokedAt != nil:
		return "revoked " + local(t.RevokedAt)
	case t.ExpiresAt != nil && t.ExpiresAt.Before(time.Now()):
		return "expired " + local(t.ExpiresAt)
	case t.ExpiresAt != nil:
		return "until " + local(t.ExpiresAt)
	}
	return "in use"
}

type tokenListCmd struct {
	remote
	listing
}

func (k tokenListCmd) Run(ctx context.Context, c *client) error {
	head := []string{"ID", "NAME", "BEGINS", "SCOPES", "STATE", "LAST USED", "CREATED"}
	return list(ctx, c, "/tokens", nil, k.listing, head, func(t apiToken) []string {
		return []string{fmt.Sprint(t.ID), t.Name, t.Prefix, strings.Join(t.Scopes, ","), t.state(), local(t.LastUsedAt), local(t.CreatedAt)}
	})
}

type tokenRevokeCmd struct {
	remote
	ID int64 `arg:"" name:"id" help:"Number, as list shows it."`
}

func (k tokenRevokeCmd) Run(ctx context.Context, c *client) error {
	if _, err := c.call(ctx, http.MethodDelete, fmt.Sprintf("/tokens/%d", k.ID), nil, nil, callTime); err != nil {
		return err
	}
	if c.raw {
		return nil
	}
	return c.say("Token %d is revoked", k.ID)
}

type tokenRequestsCmd struct {
	remote
	ID int64 `arg:"" name:"id" help:"Number, as list shows it."`
}

func (k tokenRequestsCmd) Run(ctx context.Context, c *client) error {
	var got page[struct {
		At     *time.Time `json:"at"`
		Method string     `json:"method"`
		Path   string     `json:"path"`
		Status int        `json:"status"`
		MS     float64    `json:"ms"`
		Remote string     `json:"remote"`
	}]
	raw, err := c.get(ctx, fmt.Sprintf("/tokens/%d/requests", k.ID), &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error {
		var rows [][]string
		for _, r := range got.Data {
			rows = append(rows, []string{local(r.At), fmt.Sprint(r.Status), r.Method, r.Path, fmt.Sprintf("%.1f ms", r.MS), r.Remote})
		}
		return c.table([]string{"AT", "STATUS", "METHOD", "PATH", "TOOK", "FROM"}, rows)
	})
}
