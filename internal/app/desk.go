package app

import (
	"context"
	"io"

	"golang.org/x/sync/errgroup"

	"arauto"
	"arauto/internal/blob"
	"arauto/internal/courier"
	"arauto/internal/desk"
	"arauto/internal/floor"
)

// makeDesk makes the engines of agents and of their conversations, which are everywhere the API is: who waits for
// work is told by the node that they ask.
func (a *App) makeDesk() {
	a.desk = desk.New(desk.Config{
		Queues: a.store, Outbox: a.store, Files: a.store, Provider: a.meta, Blobs: a.blobs,
		Links: courier.New(courier.Config{AllowPrivate: a.config.AllowPrivateGraph, Version: a.config.Version}),
		Now:   clock, Logger: a.logger.With("engine", "desk"),
	})
	a.floor = floor.New(floor.Config{Store: a.store, Now: clock, Logger: a.logger.With("engine", "floor"), Wake: a.desk.Wake})
}

// runDesk has both work until ctx ends.
func (a *App) runDesk(ctx context.Context, group *errgroup.Group) {
	if !a.has(roleAPI) {
		return
	}
	group.Go(func() error { return a.floor.Run(ctx) })
	group.Go(func() error { return a.desk.Run(ctx) })
}

// attachments keeps the files that our own users send.
type attachments struct{ *blob.Dir }

func (f attachments) Keep(ctx context.Context, a arauto.Attachment, said string, body io.Reader) (arauto.Attachment, error) {
	return desk.Keep(ctx, f.Dir, a, said, body)
}
