package store

import (
	"context"
	"errors"
	"time"

	"arauto"
)

// Take makes node the holder of a line when nobody holds it, when the holder's time ran out, or when node
// held it already: a node that restarted goes on at once. Taking always raises the fence, so whatever an
// earlier holder (or an earlier life of this node) still has in hand is refused. taken is false while
// another holds the line, and the lease is then the other's.
//
// On PostgreSQL the database's clock says when a lease runs out. A lease that was taken or renewed has
// Until by the caller's clock: read before the database's, it never promises more.
func (s *Store) Take(ctx context.Context, now time.Time, account int64, line, node string, ttl time.Duration) (l arauto.Lease, taken bool, err error) {
	clock := s.clock("$4")
	err = s.db.write(ctx, func(t querier) error {
		fence, err := one(ctx, t, scanInt, `INSERT INTO lease (account_id, line, holder, fence, until) VALUES ($1, $2, $3, 1, `+clock+` + $5)
			ON CONFLICT (account_id, line) DO UPDATE SET holder = excluded.holder, fence = lease.fence + 1, until = excluded.until
			WHERE lease.holder = excluded.holder OR lease.holder = '' OR lease.until <= `+clock+`
			RETURNING fence`, account, line, node, ms(now), ttl.Milliseconds())
		if taken = err == nil; taken {
			l = arauto.Lease{Account: account, Line: line, Holder: node, Fence: fence, Until: moment(ms(now.Add(ttl)))}
			return nil
		}
		if !errors.Is(err, errNoRow) {
			return err
		}
		l, err = one(ctx, t, scanLease, `SELECT account_id, line, holder, fence, until FROM lease WHERE account_id = $1 AND line = $2`, account, line)
		return err
	})
	return l, taken, doing("take lease", err)
}

// Renew keeps l for ttl more, with its fence. held is false when another took the line, or it was released.
func (s *Store) Renew(ctx context.Context, now time.Time, l arauto.Lease, ttl time.Duration) (_ arauto.Lease, held bool, err error) {
	err = s.db.write(ctx, func(t querier) error {
		n, err := t.exec(ctx, `UPDATE lease SET until = `+s.clock("$5")+` + $6 WHERE account_id = $1 AND line = $2 AND holder = $3 AND fence = $4`,
			l.Account, l.Line, l.Holder, l.Fence, ms(now), ttl.Milliseconds())
		held = n == 1
		return err
	})
	if held && err == nil {
		l.Until = moment(ms(now.Add(ttl)))
	}
	return l, held, doing("renew lease", err)
}

// Release frees the line for whoever comes next. It does nothing when l is no longer held.
func (s *Store) Release(ctx context.Context, l arauto.Lease) error {
	err := s.db.write(ctx, func(t querier) error {
		_, err := t.exec(ctx, `UPDATE lease SET holder = '', until = 0 WHERE account_id = $1 AND line = $2 AND holder = $3 AND fence = $4`,
			l.Account, l.Line, l.Holder, l.Fence)
		return err
	})
	return doing("release lease", err)
}

// fenced is nil while l is held, else a conflict. On PostgreSQL it keeps the lease's row for the rest of
// the transaction: a take-over waits for what is written under the old fence. A zero now asks for the
// fence alone where the database has no clock of its own.
func (s *Store) fenced(ctx context.Context, t querier, now time.Time, l arauto.Lease) error {
	sql := `SELECT fence FROM lease WHERE account_id = $1 AND line = $2 AND holder = $3 AND fence = $4 AND until > ` + s.clock("$5")
	if s.db.postgres() {
		sql += ` FOR SHARE`
	}
	_, err := one(ctx, t, scanInt, sql, l.Account, l.Line, l.Holder, l.Fence, ms(now))
	if errors.Is(err, errNoRow) {
		return &arauto.NotHeld{Lease: l}
	}
	return err
}

// clock is the moment by which leases run out, in milliseconds: placeholder on SQLite, the database's own
// clock on PostgreSQL, where nodes' clocks differ. It names placeholder in both, so that arguments count alike.
func (s *Store) clock(placeholder string) string {
	if s.db.postgres() {
		return "(" + placeholder + "::bigint * 0 + (extract(epoch FROM clock_timestamp()) * 1000)::bigint)"
	}
	return placeholder
}

func scanLease(r rows) (arauto.Lease, error) {
	var l arauto.Lease
	var until int64
	err := r.Scan(&l.Account, &l.Line, &l.Holder, &l.Fence, &until)
	l.Until = moment(until)
	return l, err
}
