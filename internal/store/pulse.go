package store

import (
	"context"
	"sync"
	"time"
)

// pulse is what the latest look at the database's health found. Whoever reaches the port may ask for it,
// so it looks once a second at most.
type pulse struct {
	mu  sync.Mutex
	at  time.Time
	err error
}

const (
	pulseEvery = time.Second
	pulseLimit = 5 * time.Second
)

// Ping is nil when the database takes writes: on a full disk, or a read-only one, it would still answer
// questions. What it returns may be a second old.
func (s *Store) Ping(ctx context.Context) error {
	p := &s.pulse
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.at) < pulseEvery {
		return p.err
	}
	// Who hangs up must not make the next one believe that the database is gone.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pulseLimit)
	defer cancel()
	p.err = s.db.write(ctx, func(t querier) error {
		// SQLite does not write a row that stays as it is.
		_, err := t.exec(ctx, `INSERT INTO sequence (account_id, name, value) VALUES (0, 'pulse', 1)
			ON CONFLICT (account_id, name) DO UPDATE SET value = sequence.value + 1`)
		return err
	})
	p.at = time.Now()
	return p.err
}
