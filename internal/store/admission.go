package store

import (
	"context"
	"errors"
	"time"

	"arauto"
)

// Admit lets a request of a token in, or says why not, and counts it if it is let in. Requests of one account are
// decided on one after the other, on whichever node they come.
func (s *Store) Admit(ctx context.Context, now time.Time, account, token int64, a arauto.Allowance) (out arauto.Admission, err error) {
	err = s.db.write(ctx, func(t querier) error {
		out = arauto.Admission{Account: account, Token: token}
		if _, err := t.exec(ctx, `INSERT INTO api_use (account_id, day, token_id, used) VALUES ($1, $2, 0, 0) ON CONFLICT DO NOTHING`, account, a.Day); err != nil {
			return err
		}
		used, err := one(ctx, t, scanInt, `SELECT used FROM api_use WHERE account_id = $1 AND day = $2 AND token_id = 0`+s.db.lock(), account, a.Day)
		if err != nil {
			return err
		}
		if used >= a.Daily {
			out.Verdict = arauto.OverDaily
			return nil
		}
		taken, err := s.takeSlot(ctx, t, now, &out, a)
		if err != nil || !taken {
			out.Verdict = arauto.OverTogether
			return err
		}
		out.Verdict = arauto.Admitted
		_, err = t.each(ctx, `INSERT INTO api_use (account_id, day, token_id, used) VALUES ($1, $2, $3, 1)
			ON CONFLICT (account_id, day, token_id) DO UPDATE SET used = api_use.used + 1`,
			[][]any{{account, a.Day, int64(0)}, {account, a.Day, token}})
		return err
	})
	return out, doing("admit a request", err)
}

// takeSlot takes the first slot of the token that is free, or whose request is taken for dead.
func (s *Store) takeSlot(ctx context.Context, t querier, now time.Time, out *arauto.Admission, a arauto.Allowance) (bool, error) {
	clock := s.clock("$4")
	for slot := range a.Together {
		fence, err := one(ctx, t, scanInt, `INSERT INTO api_slot (account_id, token_id, slot, fence, until) VALUES ($1, $2, $3, 1, `+clock+` + $5)
			ON CONFLICT (account_id, token_id, slot) DO UPDATE SET fence = api_slot.fence + 1, until = excluded.until WHERE api_slot.until <= `+clock+`
			RETURNING fence`, out.Account, out.Token, slot, ms(now), a.Hold.Milliseconds())
		if err == nil {
			out.Slot, out.Fence = slot, fence
			return true, nil
		}
		if !errors.Is(err, errNoRow) {
			return false, err
		}
	}
	return false, nil
}

// Stay keeps the slot of a request that is still being answered. It does nothing when the request was taken for dead and
// another has the slot.
func (s *Store) Stay(ctx context.Context, now time.Time, a arauto.Admission, hold time.Duration) error {
	err := s.db.write(ctx, func(t querier) error {
		_, err := t.exec(ctx, `UPDATE api_slot SET until = `+s.clock("$5")+` + $6 WHERE account_id = $1 AND token_id = $2 AND slot = $3 AND fence = $4`,
			a.Account, a.Token, a.Slot, a.Fence, ms(now), hold.Milliseconds())
		return err
	})
	return doing("keep a request's slot", err)
}

// Leave frees the slot of a request that has been answered, or whose client went away. It does nothing when the
// request was taken for dead and another has the slot.
func (s *Store) Leave(ctx context.Context, a arauto.Admission) error {
	err := s.db.write(ctx, func(t querier) error {
		_, err := t.exec(ctx, `UPDATE api_slot SET until = 0 WHERE account_id = $1 AND token_id = $2 AND slot = $3 AND fence = $4`, a.Account, a.Token, a.Slot, a.Fence)
		return err
	})
	return doing("free a request's slot", err)
}

// Usage is how often the account's token, and all of them, were let in on that day.
func (s *Store) Usage(ctx context.Context, account, token int64, day int) (arauto.Usage, error) {
	list, err := readAll(ctx, s, scanPair, `SELECT token_id, used FROM api_use WHERE account_id = $1 AND day = $2 AND token_id IN (0, $3)`, account, day, token)
	var u arauto.Usage
	for _, row := range list {
		if row[0] == 0 {
			u.All = row[1]
		} else {
			u.Token = row[1]
		}
	}
	return u, err
}

// SweepUsage forgets the counts of days before that one.
func (s *Store) SweepUsage(ctx context.Context, account int64, before int) error {
	err := s.db.write(ctx, func(t querier) error {
		_, err := t.exec(ctx, `DELETE FROM api_use WHERE account_id = $1 AND day < $2`, account, before)
		return err
	})
	return doing("sweep usage", err)
}
