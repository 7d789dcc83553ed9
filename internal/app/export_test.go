package app

import (
	"context"

	"arauto/internal/server"
	"arauto/internal/store"
)

// Routes lists everything that a node answers to.
func (a *App) Routes() []server.Route { return a.server.Routes() }

// Store is the node's own, for what no API does: making a second account, counting again.
func (a *App) Store() *store.Store { return a.store }

// Retain forgets, now, what accounts keep for a while only.
func (a *App) Retain(ctx context.Context) { a.retain(ctx) }
