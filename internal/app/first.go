package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"arauto"
	"arauto/internal/seal"
)

// adminToken is the file that a first start leaves an administrator's token in, for programs;
// adminPassword the one with the password of adminEmail, for a person.
const (
	adminToken    = "admin-token"
	adminPassword = "admin-password"
	adminEmail    = "admin@localhost"
)

// first makes the account, the user and the token that a new deployment begins with. A start that was cut
// short in between is finished by the next. made is false when there was nothing to do.
func (a *App) first(ctx context.Context, wanted arauto.Account) (account arauto.Account, token string, made bool, err error) {
	accounts, err := a.store.Accounts(ctx)
	if err != nil {
		return account, "", false, err
	}
	if len(accounts) == 0 {
		if account, err = a.store.CreateAccount(ctx, arauto.Actor{Name: "first start"}, clock(), wanted); err != nil {
			return account, "", false, err
		}
	} else {
		account = accounts[0]
	}
	tokens, err := a.store.Tokens(ctx, account.ID, 0, 1)
	if err != nil || len(tokens) > 0 {
		return account, "", false, err
	}
	if err := a.firstUser(ctx, account); err != nil {
		return account, "", false, err
	}
	if token, err = arauto.NewTokenValue(rand.Reader); err != nil {
		return account, "", false, err
	}
	// The file first: a token that nobody can read would lock its owner out.
	if err := writePrivate(a.data.file(adminToken), token+"\n"); err != nil {
		return account, "", false, fmt.Errorf("write the admin token: %w", err)
	}
	_, err = a.store.CreateToken(ctx, arauto.Actor{Account: account.ID, Name: "first start"}, clock(), arauto.Token{
		Account: account.ID, Name: "admin",
		Prefix: arauto.TokenPrefixOf(token), Hash: arauto.HashToken(token), Scopes: []arauto.TokenScope{arauto.TokenAdmin},
	})
	return account, token, err == nil, err
}

// firstUser makes an administrator, unless the account has users already.
func (a *App) firstUser(ctx context.Context, account arauto.Account) error {
	users, err := a.store.Users(ctx, account.ID, 0, 1)
	if err != nil || len(users) > 0 {
		return err
	}
	password, err := arauto.NewPassword(rand.Reader)
	if err != nil {
		return err
	}
	hash, err := seal.NewPasswords().Hash(ctx, password)
	if err != nil {
		return err
	}
	if err := writePrivate(a.data.file(adminPassword), password+"\n"); err != nil {
		return fmt.Errorf("write the admin password: %w", err)
	}
	_, err = a.store.CreateUser(ctx, arauto.Actor{Account: account.ID, Name: "first start"}, clock(), arauto.User{
		Account: account.ID, Email: adminEmail, Name: "Administrator", Role: arauto.RoleAdmin, Password: hash,
	})
	return err
}

// defaultAccount is what a first start makes; its owner changes it with PATCH /api/v1/account.
func defaultAccount() arauto.Account {
	return arauto.Account{Slug: "main", Name: "Main", Country: "BR", TimeZone: "America/Sao_Paulo", Language: arauto.Portuguese}
}

// CreateToken makes a token in the database of a node that is not running and prints its value, once.
func CreateToken(ctx context.Context, c Config, r TokenRequest, out io.Writer) (err error) {
	a := &App{config: c}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := a.openStore(ctx); err != nil {
		return err
	}
	account, err := a.store.AccountBySlug(ctx, r.Account)
	if err != nil {
		return err
	}
	scopes := make([]arauto.TokenScope, len(r.Scopes))
	for i, s := range r.Scopes {
		scopes[i] = arauto.TokenScope(s)
	}
	if err := arauto.CheckScopes(scopes); err != nil {
		return err
	}
	value, err := arauto.NewTokenValue(rand.Reader)
	if err != nil {
		return err
	}
	_, err = a.store.CreateToken(ctx, arauto.Actor{Account: account.ID, Name: "cli"}, clock(), arauto.Token{
		Account: account.ID, Name: r.Name,
		Prefix: arauto.TokenPrefixOf(value), Hash: arauto.HashToken(value), Scopes: scopes, ExpiresAt: r.Expires,
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, value)
	return err
}

// Migrate brings the database up to this version.
func Migrate(ctx context.Context, c Config, out io.Writer) (err error) {
	a := &App{config: c}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := a.openStore(ctx); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "The database is up to date.")
	return err
}
