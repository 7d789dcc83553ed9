package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"arauto"
)

// Tokens is what the API asks of the store about tokens.
type Tokens interface {
	CreateToken(ctx context.Context, actor arauto.Actor, now time.Time, t arauto.Token) (arauto.Token, error)
	Tokens(ctx context.Context, account, after int64, limit int) ([]arauto.Token, error)
	RevokeToken(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64) error
	Requests(ctx context.Context, account, token int64) ([]arauto.Request, error)
}

// WireToken is a token without its value.
type WireToken struct {
	ID         int64      `json:"id"`
	Name       string     `json:"name"`
	Prefix     string     `json:"prefix" doc:"The value's first characters"`
	Scopes     []string   `json:"scopes" nullable:"false"`
	Rate       int        `json:"rate" doc:"Requests per second; 0 = the server's default"`
	CreatedAt  *time.Time `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at"`
	RevokedAt  *time.Time `json:"revoked_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
}

func wordToken(t arauto.Token) WireToken {
	scopes := make([]string, len(t.Scopes))
	for i, s := range t.Scopes {
		scopes[i] = string(s)
	}
	return WireToken{
		ID: t.ID, Name: t.Name, Prefix: t.Prefix, Scopes: scopes, Rate: t.Rate,
		CreatedAt: at(t.CreatedAt), ExpiresAt: at(t.ExpiresAt), RevokedAt: at(t.RevokedAt), LastUsedAt: at(t.LastUsedAt),
	}
}

type freshToken struct {
	WireToken
	Value string `json:"value" doc:"Shown now and never again"`
}

type newToken struct {
	Name      string     `json:"name" minLength:"1" maxLength:"100"`
	Scopes    []string   `json:"scopes" minItems:"1" maxItems:"5" nullable:"false" enum:"read,write,reports,desk,admin"`
	Rate      int        `json:"rate,omitempty" minimum:"0" maximum:"10000"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

type wireRequest struct {
	At     *time.Time `json:"at"`
	Method string     `json:"method"`
	Path   string     `json:"path" doc:"With the names of the query's keys, not their values"`
	Status int        `json:"status"`
	MS     float64    `json:"ms"`
	Remote string     `json:"remote"`
}

// ByNumber is a path that names a row by its number alone.
type ByNumber struct {
	ID int64 `path:"id" minimum:"1"`
}

func (a *API) tokens() {
	handle(a, op{method: http.MethodPost, path: "/tokens", scope: arauto.TokenAdmin, tag: "tokens", summary: "Make a token", status: http.StatusCreated, secret: true}, a.createToken)
	handle(a, op{method: http.MethodGet, path: "/tokens", scope: arauto.TokenAdmin, tag: "tokens", summary: "List tokens, oldest first"},
		func(ctx context.Context, c Caller, in *Paging) (*page[WireToken], error) {
			after, err := in.key()
			if err != nil {
				return nil, err
			}
			rows, err := a.Store.Tokens(ctx, c.Account.ID, after, in.Limit)
			return pageOf(ctx, *in, rows, func(t arauto.Token) int64 { return t.ID }, wordToken), err
		})
	handle(a, op{
		method: http.MethodDelete, path: "/tokens/{id}", scope: arauto.TokenAdmin, tag: "tokens", summary: "Revoke a token",
		more: "Nobody gets in with it any more, at the latest ten seconds later.", status: http.StatusNoContent,
	}, func(ctx context.Context, c Caller, in *ByNumber) (*nothing, error) {
		if err := a.Store.RevokeToken(ctx, actor(c), a.Now(), c.Account.ID, in.ID); err != nil {
			return nil, err
		}
		if a.Forget != nil {
			a.Forget(in.ID)
		}
		return nil, nil
	})
	handle(a, op{method: http.MethodGet, path: "/tokens/{id}/requests", scope: arauto.TokenAdmin, tag: "tokens", summary: "A token's latest 200 requests, newest first"},
		func(ctx context.Context, c Caller, in *ByNumber) (*page[wireRequest], error) {
			rows, err := a.Store.Requests(ctx, c.Account.ID, in.ID)
			return pageOf(ctx, Paging{Limit: arauto.RequestsKept + 1}, rows, func(arauto.Request) int64 { return 0 }, wordRequest), err
		})
}

func (a *API) createToken(ctx context.Context, c Caller, in *struct{ Body newToken }) (*freshToken, error) {
	value, err := arauto.NewTokenValue(a.Random)
	if err != nil {
		return nil, fmt.Errorf("draw a token: %w", err)
	}
	t := arauto.Token{
		Account: c.Account.ID, Name: in.Body.Name, Prefix: arauto.TokenPrefixOf(value), Hash: arauto.HashToken(value),
		Rate: in.Body.Rate, ExpiresAt: moment(in.Body.ExpiresAt),
	}
	for _, s := range in.Body.Scopes {
		t.Scopes = append(t.Scopes, arauto.TokenScope(s))
	}
	if err := arauto.CheckScopes(t.Scopes); err != nil {
		return nil, err
	}
	now := a.Now()
	if !t.ExpiresAt.IsZero() && !t.ExpiresAt.After(now) {
		return nil, arauto.Errorf(arauto.KindInvalid, "body.expires_at", "a token cannot expire in the past")
	}
	t, err = a.Store.CreateToken(ctx, actor(c), now, t)
	return &freshToken{wordToken(t), value}, err
}

func wordRequest(r arauto.Request) wireRequest {
	return wireRequest{At: at(r.At), Method: r.Method, Path: r.Path, Status: r.Status, MS: float64(r.Duration.Microseconds()) / 1000, Remote: r.Remote}
}
