package main

import (
	"context"
	"time"

	"arauto/bench"
)

// benchCmd measures this build on this machine.
type benchCmd struct {
	Send    benchSendCmd    `cmd:"" help:"The sending engine beside a bare HTTP client."`
	Pace    benchPaceCmd    `cmd:"" help:"How near the engine comes to a rate, or to what its requests in flight can do."`
	Report  benchReportCmd  `cmd:"" help:"Report pages at any depth, and memory while a report streams."`
	Search  benchSearchCmd  `cmd:"" help:"Names, phones and custom fields among millions, beside a plain walk."`
	Clicks  benchClicksCmd  `cmd:"" help:"A month of the click detail report beside its rows read raw, at millions of clicks."`
	Desk    benchDeskCmd    `cmd:"" help:"Scripted agents and the conversations of a minute: who waits how long, who had what."`
	Webhook benchWebhookCmd `cmd:"" help:"The inbox beside a bare HTTP server, while a campaign is sent."`
	Import  benchImportCmd  `cmd:"" help:"Importing one list in every format into a large database, beside reading it alone."`
	Load    benchLoadCmd    `cmd:"" hidden:"" help:"The other end of bench webhook."`
	Stub    benchStubCmd    `cmd:"" hidden:"" help:"The other end of bench send."`
}

type benchSendCmd struct {
	Engine   string        `enum:"sqlite,postgres" default:"sqlite" help:"sqlite or postgres (a throwaway server)."`
	Contacts int           `default:"40000" help:"How many."`
	Latency  time.Duration `help:"Of the pretended Graph API."`
	Rounds   int           `default:"3" help:"Baseline and engine in turn; medians are compared."`
	AtLeast  float64       `help:"Fail below this ratio."`
	Resident float64       `placeholder:"MB" help:"Fail when the engine holds more memory while it sends."`
	Profile  string        `placeholder:"FILE" help:"Write a CPU profile there."`
}

func (k benchSendCmd) Run(ctx context.Context, s *screen) error {
	return bench.Send(ctx, bench.SendConfig(k), s.Out)
}

type benchPaceCmd struct {
	Engine   string        `enum:"sqlite,postgres" default:"sqlite" help:"sqlite or postgres (a throwaway server)."`
	Rate     int           `help:"Messages a second; 0 = no limit but those in flight."`
	Seconds  int           `default:"10" help:"How long."`
	Latency  time.Duration `help:"Of the pretended Graph API."`
	InFlight int           `default:"256" help:"Requests at once."`
	Within   float64       `placeholder:"PERCENT" help:"Fail when the rate is missed by more."`
	AtLeast  float64       `help:"Fail below this part of in-flight/latency."`
}

func (k benchPaceCmd) Run(ctx context.Context, s *screen) error {
	return bench.Pace(ctx, bench.PaceConfig(k), s.Out)
}

type benchReportCmd struct {
	Engine   string `enum:"sqlite,postgres" default:"sqlite" help:"sqlite or postgres (a throwaway server)."`
	Contacts int    `default:"5000000" help:"How many are stored before measuring."`
	Check    bool   `help:"Fail when a figure is missed."`
}

func (k benchReportCmd) Run(ctx context.Context, s *screen) error {
	return bench.Report(ctx, bench.ReportConfig(k), s.Out)
}

type benchSearchCmd struct {
	Engine   string `enum:"sqlite,postgres" default:"sqlite" help:"sqlite or postgres (a throwaway server)."`
	Database string `placeholder:"FILE|URL" help:"Keep what is stored there, and use it again next time: a file, or postgres://…"`
	Contacts int    `default:"5000000" help:"How many are stored before measuring."`
	Check    bool   `help:"Fail when a figure is missed."`
}

func (k benchSearchCmd) Run(ctx context.Context, s *screen) error {
	return bench.Search(ctx, bench.SearchConfig(k), s.Out)
}

type benchClicksCmd struct {
	Engine   string `enum:"sqlite,postgres" default:"sqlite" help:"sqlite or postgres (a throwaway server)."`
	Clicks   int    `default:"5000000" help:"How many are stored before measuring."`
	Dir      string `placeholder:"DIR" help:"Keep SQLite's there, or go on with those that are."`
	Database string `placeholder:"URL" help:"The same for PostgreSQL: postgres://…"`
	Rounds   int    `default:"5" help:"Months that are read; medians are compared."`
	Check    bool   `help:"Fail when a figure is missed."`
}

func (k benchClicksCmd) Run(ctx context.Context, s *screen) error {
	return bench.Clicks(ctx, bench.ClicksConfig(k), s.Out)
}

type benchWebhookCmd struct {
	Engine   string `enum:"sqlite,postgres" default:"sqlite" help:"sqlite or postgres (a throwaway server)."`
	Seconds  int    `default:"30" help:"How long webhooks are posted."`
	Rate     int    `default:"3500" help:"Webhooks a second with one status each."`
	TenRate  int    `default:"1600" help:"Webhooks a second with ten statuses each."`
	Dispatch int    `default:"80" help:"Messages a second that are sent meanwhile."`
	Require  bool   `help:"Fail when a figure is missed."`
}

func (k benchWebhookCmd) Run(ctx context.Context, s *screen) error {
	return bench.Webhook(ctx, bench.WebhookConfig(k), s.Out)
}

type benchImportCmd struct {
	Engine   string   `enum:"sqlite,postgres" default:"sqlite" help:"sqlite or postgres (a throwaway server)."`
	Format   []string `enum:"csv,json,jsonl,xlsx" default:"csv,json,xlsx" help:"Of the list: csv, json, jsonl, xlsx."`
	Contacts int      `default:"5000000" help:"How many are stored before measuring."`
	Rows     int      `default:"500000" help:"Of the list."`
	Dir      string   `placeholder:"DIR" help:"Keeps the large database and the lists for another run; some 10 GB."`
	AtLeast  float64  `help:"Fail below so many rows a second."`
	Resident float64  `placeholder:"MB" help:"Fail when more memory is held meanwhile."`
	Profile  string   `placeholder:"FILE" help:"Write a CPU profile there."`

	Searchable float64 `placeholder:"SECONDS" help:"Let the search index follow, as serve does; fail when the list is searchable later than so long after its last row was stored."`
}

func (k benchImportCmd) Run(ctx context.Context, s *screen) error {
	return bench.Import(ctx, bench.ImportConfig(k), s.Out)
}

type benchLoadCmd struct{}

func (benchLoadCmd) Run(ctx context.Context, s *screen) error {
	return bench.Load(ctx, s.In, s.Out)
}

type benchStubCmd struct {
	Latency time.Duration `help:"Before each answer."`
}

func (k benchStubCmd) Run(ctx context.Context, s *screen) error {
	return bench.Stub(ctx, k.Latency, s.Out)
}

type benchDeskCmd struct {
	Engine        string        `enum:"sqlite,postgres" default:"sqlite" help:"sqlite or postgres (a throwaway server)."`
	Agents        int           `default:"200" help:"How many."`
	Capacity      int           `default:"5" help:"Conversations that each can have at a time."`
	Conversations int           `default:"20000" help:"How many are opened."`
	Within        time.Duration `default:"60s" help:"In how long."`
	Handling      time.Duration `default:"2s" help:"How long an agent has each."`
	Check         bool          `help:"Fail when a figure is missed."`
}

func (k benchDeskCmd) Run(ctx context.Context, s *screen) error {
	return bench.Desk(ctx, bench.DeskConfig(k), s.Out)
}
