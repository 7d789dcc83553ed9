package main

import (
	"context"

	"arauto/internal/app"
)

type demoCmd struct {
	Listen    string `env:"ARAUTO_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where to listen."`
	Data      string `default:"./demo-data" placeholder:"DIR" help:"The demo's own data directory."`
	Contacts  int    `default:"0" help:"How many people the campaign has; 0 = the example file as it is."`
	Seed      int64  `default:"1" help:"The same seed brings the same people."`
	LogFormat string `env:"ARAUTO_LOG_FORMAT" enum:"text,json" default:"text" help:"text or json."`
	LogLevel  string `env:"ARAUTO_LOG_LEVEL" enum:"debug,info,warn,error" default:"warn" help:"debug, info, warn or error."`
}

func (k demoCmd) Run(ctx context.Context, s *screen) error {
	if k.Contacts < 0 {
		return usageError("--contacts: give a number above 0")
	}
	return app.Demo(ctx, app.DemoConfig{
		Config:   app.Config{Listen: k.Listen, Data: k.Data, LogFormat: k.LogFormat, LogLevel: k.LogLevel, Version: version},
		Contacts: k.Contacts, Seed: k.Seed,
	}, s.Out)
}
