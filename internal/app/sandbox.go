package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"arauto/internal/sandbox"
)

// Sandbox runs the pretend Graph API on a socket until ctx ends. Nothing leaves this machine but what
// goes to the webhook's address.
func Sandbox(ctx context.Context, c SandboxConfig, out io.Writer) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	config := sandbox.Config{
		Seed: c.Seed, AppSecret: c.AppSecret, VerifyToken: c.VerifyToken, WebhookURL: c.WebhookURL, LedgerFile: c.LedgerFile,
		Latency: c.Latency, Pace: c.Pace, MessagesPerSecond: c.MessagesPerSecond,
	}.WithDefaults()
	fmt.Fprintf(out, "A pretend Graph API listens on http://%s\n  phone number id %s, WABA %s, app %s, app secret %s\n  what it received: http://%s/_sandbox/summary\n",
		l.Addr(), config.PhoneNumberID, config.WABAID, config.AppID, config.AppSecret, l.Addr())
	return runSandbox(ctx, sandbox.New(config), l)
}

// runSandbox answers on l and delivers webhooks until ctx ends.
func runSandbox(ctx context.Context, meta *sandbox.Sandbox, l net.Listener) error {
	srv := &http.Server{Handler: meta, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return meta.Run(ctx) })
	group.Go(func() error {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if srv.Shutdown(wait) != nil {
			return srv.Close()
		}
		return nil
	})
	return group.Wait()
}
