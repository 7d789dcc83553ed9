package app

import "context"

// sessionsAtOnce are forgotten in one transaction.
const sessionsAtOnce = 1000

// sweepSessions forgets sessions that have ended, and wrong passwords of long ago.
func (a *App) sweepSessions(ctx context.Context) {
	for more := true; more && ctx.Err() == nil; {
		var err error
		if more, err = a.store.SweepSessions(ctx, clock(), sessionsAtOnce); err != nil {
			if ctx.Err() == nil {
				a.logger.Error("old sessions were not swept", "err", err)
			}
			return
		}
	}
}
