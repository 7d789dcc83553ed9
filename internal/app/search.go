package app

import "arauto/internal/index"

// searchIndex follows the contacts of every account.
func (a *App) searchIndex() *index.Engine {
	return index.New(index.Config{Store: a.store, Leases: a.store, Node: a.node, Now: clock, Logger: a.logger.With("engine", "index")})
}
