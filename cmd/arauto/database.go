package main

import (
	"context"

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
