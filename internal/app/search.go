package app

import (
	"context"
	"io"

	"arauto"
	"arauto/internal/api"
	"arauto/internal/bulk"
	"arauto/internal/exporter"
	"arauto/internal/index"
	"arauto/internal/whatsapp"
)

// searchIndex follows the contacts of every account.
func (a *App) searchIndex() *index.Engine {
	return index.New(index.Config{Store: a.store, Leases: a.store, Node: a.node, Now: clock, Logger: a.logger.With("engine", "index")})
}

func (a *App) newEdits() *bulk.Edits {
	return &bulk.Edits{Store: a.store, Now: clock, Wake: func() { a.jobs.Wake() }}
}

func (a *App) newExports() *exporter.Exports {
	document := api.Document{Store: a.store, Codes: whatsapp.Codes{}, Now: clock}
	return &exporter.Exports{
		Store: a.store, Columns: a.store, Shelf: a.store, Blobs: a.blobs, People: a.store, Document: document.Write, Now: clock, Wake: func() { a.jobs.Wake() },
	}
}

// exports is the exporter as our own API asks for it.
type exports struct{ *exporter.Exports }

func (e exports) File(ctx context.Context, j arauto.Job) (io.ReadCloser, string, string, error) {
	f, err := e.Open(ctx, j)
	return f, f.Name, f.Type, err
}

// sweepExports removes files whose time is over.
func (a *App) sweepExports(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := a.exports.Sweep(ctx, exportsAtOnce)
		if err != nil && ctx.Err() == nil {
			a.logger.Error("old exports were not removed", "err", err)
		}
		if err != nil || n < exportsAtOnce {
			return
		}
	}
}

const exportsAtOnce = 100
