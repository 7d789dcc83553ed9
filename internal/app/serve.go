package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// Serve runs a node until ctx ends. The first start makes an account and leaves an admin token in a file
// that it names on out.
func Serve(ctx context.Context, c Config, out io.Writer) (err error) {
	a, err := Open(ctx, c, os.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	account, _, made, err := a.first(ctx, defaultAccount())
	if err != nil {
		return err
	}
	if made {
		fmt.Fprintf(out, "First start: account %q was made. Its admin token is in %s, readable by you only.\n", account.Slug, a.data.file(adminToken))
		fmt.Fprintf(out, "A person logs in as %s, with the password in %s.\n", adminEmail, a.data.file(adminPassword))
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	fmt.Fprintf(out, "Arauto %s serves on %s. API: %s/api/v1/docs\n", c.Version, a.address(l), a.address(l))
	return a.Run(ctx, l)
}

// address is the base URL under which l is reached from this machine.
func (a *App) address(l net.Listener) string {
	scheme := "http"
	if a.config.TLSCert != "" {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(l.Addr().String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

const (
	sweepEvery     = 10 * time.Minute
	answersKeptFor = 24 * time.Hour
	// conversationsAtOnce is of each account.
	conversationsAtOnce = 1000
)

// sweep forgets what is kept for a while only.
func (a *App) sweep(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := a.store.SweepIdempotent(ctx, clock().Add(-answersKeptFor)); err != nil && ctx.Err() == nil {
				a.logger.Error("old answers were not swept", "err", err)
			}
			a.sweepSessions(ctx)
			a.retain(ctx)
			a.sweepEvents(ctx)
			a.closeSilent(ctx)
			a.sweepExports(ctx)
			a.sweepUsage(ctx)
		}
	}
}

// closeSilent ends conversations in which the person has not written for as long as their account allows.
func (a *App) closeSilent(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := a.store.CloseSilent(ctx, clock(), conversationsAtOnce)
		if err != nil && ctx.Err() == nil {
			a.logger.Error("silent conversations were not closed", "err", err)
		}
		if err != nil || n == 0 {
			return
		}
	}
}
