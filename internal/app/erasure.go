package app

import "arauto/internal/erasure"

// erasure is who forgets people.
func (a *App) erasure() *erasure.Worker {
	return &erasure.Worker{Store: a.store, Files: a.blobs, Now: clock, Logger: a.logger, Compact: a.store.Compact}
}
