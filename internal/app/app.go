package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"time"
	_ "time/tzdata" // time zones wherever the binary runs

	"golang.org/x/sync/errgroup"

	"arauto/internal/blob"
	"arauto/internal/bulk"
	"arauto/internal/courier"
	"arauto/internal/desk"
	"arauto/internal/dispatch"
	"arauto/internal/exporter"
	"arauto/internal/feedback"
	"arauto/internal/floor"
	"arauto/internal/importer"
	"arauto/internal/inbound"
	"arauto/internal/jobs"
	"arauto/internal/notify"
	"arauto/internal/numbering"
	"arauto/internal/seal"
	"arauto/internal/server"
	"arauto/internal/store"
	"arauto/internal/whatsapp"
)

// App is one node, put together and not started. Make it with Open.
type App struct {
	config Config
	logger *slog.Logger
	data   *dataDir
	store  *store.Store
	blobs  *blob.Dir
	node   string

	meta      *whatsapp.Client
	imports   *importer.Imports
	decisions *bulk.Decisions
	audiences *bulk.Audiences
	edits     *bulk.Edits
	exports   *exporter.Exports
	dispatch  *dispatch.Engine
	inbound   *inbound.Engine
	jobs      *jobs.Runner
	notify    *notify.Engine
	feedback  *feedback.Engine
	floor     *floor.Floor
	desk      *desk.Desk
	server    *server.Server
	passwords *seal.Passwords
}

// roles a node can have; none named = all of them.
const (
	roleAPI      = "api"
	roleDispatch = "dispatch"
	roleInbound  = "inbound"
	roleJobs     = "jobs"
)

func clock() time.Time { return time.Now().UTC() }

// Open puts a node together: data directory, database, engines, edges. What it logs goes to logs.
func Open(ctx context.Context, c Config, logs io.Writer) (*App, error) {
	logger, err := newLogger(c, logs)
	if err != nil {
		return nil, err
	}
	a := &App{config: c, logger: logger}
	if err := a.openStore(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	if err := a.checkKey(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	if err := a.assemble(); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// openStore opens what is kept: the directory, the files in it, the database.
func (a *App) openStore(ctx context.Context) (err error) {
	if a.data, err = openData(a.config.Data); err != nil {
		return err
	}
	keys, err := a.data.keys(a.config)
	if err != nil {
		return err
	}
	if a.node, err = a.data.node(); err != nil {
		return err
	}
	places, err := numbering.NewPlaces()
	if err != nil {
		return err
	}
	if a.store, err = store.Open(ctx, a.data.database(a.config), keys, clock(), store.Located(places)); err != nil {
		return err
	}
	if err := a.data.emptyTemp(); err != nil {
		return err
	}
	a.blobs, err = blob.New(a.data.file("files"))
	return err
}

// checkKey opens one stored secret of each account: that the key is another's shall come out now, not when
// a campaign starts.
func (a *App) checkKey(ctx context.Context) error {
	accounts, err := a.store.Accounts(ctx)
	if err != nil {
		return err
	}
	for _, account := range accounts {
		if _, err := a.store.Apps(ctx, account.ID, 0, 1); err != nil {
			return fmt.Errorf("account %q: %w", account.Slug, err)
		}
	}
	return nil
}

// assemble makes the engines and the edges, each knowing only what it asked for.
func (a *App) assemble() error {
	proxies, err := parseProxies(a.config.TrustedProxies)
	if err != nil {
		return err
	}
	if days := a.config.EventDays; days != 0 && days < leastEventDays {
		return fmt.Errorf("--event-days %d: keep events for at least %d days, deliveries are repeated for three", days, leastEventDays)
	}
	metrics := newMetrics(a.logger)
	a.store.OnHalt(metrics.Halted)
	a.meta = whatsapp.New(whatsapp.Config{})
	a.dispatch = dispatch.New(dispatch.Config{
		Store: a.store, Roster: a.store, Leases: a.store, Messenger: a.meta, Observer: metrics,
		Node: a.node, Now: clock, Logger: a.logger.With("engine", "dispatch"),
	})
	a.inbound = inbound.New(inbound.Config{
		Store: a.store, Leases: a.store, Decoder: decoder{}, Node: a.node, Now: clock,
		Logger: a.logger.With("engine", "inbound"), UnknownCode: metrics.UnknownCode, Trouble: metrics.Trouble,
	})
	wake := func() { a.jobs.Wake() }
	a.imports = importer.New(importer.Config{Store: a.store, Staging: a.store, Blobs: a.blobs, Phones: importPhones, Now: clock, Wake: wake})
	a.decisions = &bulk.Decisions{Store: a.store, Now: clock, Wake: wake}
	a.edits, a.exports = a.newEdits(), a.newExports()
	a.audiences = &bulk.Audiences{Store: a.store, People: a.store, Now: clock, Wake: wake}
	a.jobs = jobs.New(jobs.Config{Store: a.store, Leases: a.store, Node: a.node, Now: clock, Logger: a.logger.With("engine", "jobs"), Workers: a.workers()})
	a.notify = notify.New(notify.Config{
		Store: a.store, Leases: a.store, Poster: courier.New(courier.Config{AllowPrivate: a.config.AllowPrivateWebhooks, Version: a.config.Version}),
		Observer: newTellingMetrics(metrics.registry), Node: a.node, Now: clock, Logger: a.logger.With("engine", "notify"), Spread: rand.Float64,
	})
	a.feedback = feedback.New(feedback.Config{
		Store: a.store, Leases: a.store, Poster: conversionPost{a.meta, a.store}, Node: a.node, Now: clock, Logger: a.logger.With("engine", "feedback"),
	})
	a.makeDesk()
	a.server = server.New(server.Config{
		Tokens: a.store, Sessions: a.store, Now: clock, Logger: a.logger, Registry: metrics.registry,
		Checks: map[string]func(context.Context) error{"database": a.store.Ping}, TrustedProxies: proxies, MetricsPublic: a.config.MetricsPublic,
		DefaultRate: a.config.TokenRate, CertFile: a.config.TLSCert, KeyFile: a.config.TLSKey,
	})
	a.passwords = seal.NewPasswords()
	a.mount()
	return nil
}

// Run serves on l and drives the engines until ctx ends; then the door closes first, the engines finish
// what is in flight, and the database goes last, in Close.
func (a *App) Run(ctx context.Context, l net.Listener) error {
	engines, stopEngines := context.WithCancel(context.WithoutCancel(ctx))
	defer stopEngines()
	group, failed := errgroup.WithContext(engines)
	if a.has(roleInbound) {
		group.Go(func() error { return a.inbound.Apply(engines) })
	}
	if a.has(roleDispatch) {
		group.Go(func() error { return a.dispatch.Run(engines) })
	}
	if a.has(roleJobs) {
		group.Go(func() error { return a.jobs.Run(engines) })
		group.Go(func() error { return a.notify.Run(engines) })
		group.Go(func() error { return a.feedback.Run(engines) })
		group.Go(func() error { return a.searchIndex().Run(engines) })
	}
	a.runDesk(engines, group)
	group.Go(func() error { return a.inbound.Keep(engines) })
	group.Go(func() error { return a.sweep(engines) })

	serving, stopServing := context.WithCancel(ctx)
	defer stopServing()
	context.AfterFunc(failed, stopServing)
	err := a.server.Run(serving, l)
	stopEngines()
	return errors.Join(err, group.Wait())
}

func (a *App) has(role string) bool {
	return len(a.config.Roles) == 0 || slices.Contains(a.config.Roles, role)
}

// Close lets go of the database and the directory. It is safe on an App that was opened in part.
func (a *App) Close() error {
	var errs []error
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	if a.blobs != nil {
		errs = append(errs, a.blobs.Close())
	}
	if a.data != nil {
		errs = append(errs, a.data.close())
	}
	return errors.Join(errs...)
}

func newLogger(c Config, w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if c.LogLevel != "" {
		if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
			return nil, fmt.Errorf("--log-level %q: use debug, info, warn or error", c.LogLevel)
		}
	}
	options := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return slog.New(slog.NewTextHandler(w, options)), nil
}

func parseProxies(list []string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for _, text := range list {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("--trusted-proxies %q is no address range such as 10.0.0.0/8", text)
		}
		prefixes = append(prefixes, p)
	}
	return prefixes, nil
}
