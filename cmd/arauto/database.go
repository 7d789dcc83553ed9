package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"

	"arauto/internal/app"
)

type migrateCmd struct{ databaseFlags }

func (k migrateCmd) Run(ctx context.Context, s *screen) error {
	return app.Migrate(ctx, k.config(), s.Out)
}

// databaseFlags are what it takes to open a database. Defaults are those of serve.
type databaseFlags struct {
	Data      string `env:"ARAUTO_DATA" default:"./data" placeholder:"DIR" help:"The data directory. No server may be using it."`
	Database  string `env:"ARAUTO_DATABASE" placeholder:"URL" help:"postgres://… instead of arauto.db in the data directory."`
	Key       string `env:"ARAUTO_KEY" placeholder:"BASE64" help:"Seals the secrets in the database."`
	KeyFile   string `env:"ARAUTO_KEY_FILE" placeholder:"FILE" help:"A file that holds the key; default: key in the data directory."`
	LogFormat string `env:"ARAUTO_LOG_FORMAT" enum:"text,json" default:"text" help:"text or json."`
	LogLevel  string `env:"ARAUTO_LOG_LEVEL" enum:"debug,info,warn,error" default:"info" help:"debug, info, warn or error."`
}

func (f databaseFlags) config() app.Config {
	return app.Config{Data: f.Data, Database: f.Database, Key: f.Key, KeyFile: f.KeyFile, LogFormat: f.LogFormat, LogLevel: f.LogLevel, Version: version}
}

// tokenMaker is the one command of token that is no client: somebody has to make the first token.
type tokenMaker struct {
	Create tokenCreateCmd `cmd:"" help:"Make a token and print it, once. Opens the database: for the first token, or when every other is lost."`
}

type tokenCreateCmd struct {
	databaseFlags
	Account string   `default:"main" placeholder:"SLUG" help:"Whose it is."`
	Name    string   `required:"" help:"What it is for."`
	Scopes  []string `enum:"read,write,reports,desk,admin" default:"admin" placeholder:"SCOPE" help:"What it may do: read, write, reports, desk, admin."`
	Expires when     `placeholder:"TIME" help:"Until then: RFC 3339, \"2027-01-31\" or +90d; default: for good."`
}

func (k tokenCreateCmd) Run(ctx context.Context, s *screen) error {
	return app.CreateToken(ctx, k.config(), app.TokenRequest{Account: k.Account, Name: k.Name, Scopes: k.Scopes, Expires: k.Expires.Time}, s.Out)
}

// userMaker are the commands of user that are no clients: for the first user, and for who is locked out.
type userMaker struct {
	Create   userCreateCmd   `cmd:"" help:"Make a user and print a password, once. Opens the database: with a running server, use invite."`
	Password userPasswordCmd `cmd:"" help:"Give a user another password and print it, once. Opens the database: with a running server, use reset."`
}

// passwordFlags say where a password comes from.
type passwordFlags struct {
	PasswordStdin bool `help:"Read the password from the first line of standard input instead of drawing one."`
}

func (f passwordFlags) read(s *screen) (string, error) {
	if !f.PasswordStdin {
		return "", nil
	}
	line, err := bufio.NewReader(io.LimitReader(s.In, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	password := strings.TrimRight(line, "\r\n")
	if password == "" {
		return "", usageError("there is no password on standard input")
	}
	return password, nil
}

type userCreateCmd struct {
	databaseFlags
	passwordFlags
	Account string `default:"main" placeholder:"SLUG" help:"Whose user it is."`
	Email   string `arg:"" help:"What they log in with."`
	Name    string `required:"" help:"What they are called."`
	Role    string `enum:"admin,supervisor,agent,analyst" default:"admin" placeholder:"ROLE" help:"admin, supervisor, agent or analyst."`
}

func (k userCreateCmd) Run(ctx context.Context, s *screen) error {
	password, err := k.read(s)
	if err != nil {
		return err
	}
	return app.CreateUser(ctx, k.config(), app.UserRequest{Account: k.Account, Email: k.Email, Name: k.Name, Role: k.Role, Password: password}, s.Out)
}

type userPasswordCmd struct {
	databaseFlags
	passwordFlags
	Email string `arg:"" help:"Whose."`
}

func (k userPasswordCmd) Run(ctx context.Context, s *screen) error {
	password, err := k.read(s)
	if err != nil {
		return err
	}
	return app.SetPassword(ctx, k.config(), app.UserRequest{Email: k.Email, Password: password}, s.Out)
}
