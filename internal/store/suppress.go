package store

import (
	"context"
	"fmt"
	"time"

	"arauto"
)

// SuppressChunk stores do-not-contact entries of a file and what update makes of the job, both or neither: as
// AddChunk does for contacts. One that is in force already is a duplicate.
func (s *Store) SuppressChunk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, list []arauto.Suppression,
	update func(added []arauto.Added, j *arauto.Job),
) ([]arauto.Added, arauto.Job, error) {
	for i, p := range list {
		if err := checkSuppression(p, i); err != nil {
			return nil, j, err
		}
	}
	var answers []arauto.Added
	var after arauto.Job
	err := s.db.write(ctx, func(t querier) error {
		running, err := s.runningJob(ctx, t, now, l, j)
		if err != nil {
			return err
		}
		stored, added, err := s.suppressAll(ctx, t, now, j.Account, list)
		if err != nil {
			return err
		}
		fresh := make(map[int64]bool, len(added))
		for _, p := range added {
			fresh[p.ID] = true
		}
		answers = make([]arauto.Added, len(stored))
		for i, p := range stored {
			answers[i] = arauto.Added{ID: p.ID, Duplicate: !fresh[p.ID]}
			delete(fresh, p.ID) // a second row that says the same
		}
		after = j
		after.State = running.State
		update(answers, &after)
		return saveProgress(ctx, t, after)
	})
	if err != nil {
		return nil, j, doing("add a chunk of suppressions", err)
	}
	return answers, after, nil
}

// LiftSuppressions ends entries as LiftSuppression does, in one transaction with one audit entry, and returns how
// many were in force. An id that names nothing, or what was lifted before, is left out.
func (s *Store) LiftSuppressions(ctx context.Context, actor arauto.Actor, now time.Time, account int64, ids []int64, evidence string) (lifted []int64, err error) {
	args := make([][]any, len(ids))
	for i, id := range ids {
		args[i] = []any{account, id, ms(now), liftedBy + evidence}
	}
	err = s.db.write(ctx, func(t querier) error {
		lifted = nil
		written, err := t.each(ctx, `UPDATE suppression SET lifted_at = $3, evidence = evidence || $4 WHERE account_id = $1 AND id = $2 AND lifted_at = 0`, args)
		if err != nil {
			return err
		}
		for i, n := range written {
			if n > 0 {
				lifted = append(lifted, ids[i])
			}
		}
		if len(lifted) == 0 {
			return nil
		}
		actor.Account = account
		return s.audit(ctx, t, now, actor, "suppression.lift", subject("suppression", lifted[0]),
			detail("lifted", fmt.Sprint(len(lifted)), "suppressions", jsonOf(lifted), "evidence", evidence))
	})
	return lifted, doing("lift suppressions", err)
}

const (
	findChunk = 1000
	// findMost is how many entries one call looks at: a filter that fits nobody must not walk the whole list.
	findMost = 50_000
)

// FindSuppressions lists an account's entries that f picks at now, newest first, below that id (0 = from the newest),
// and where to go on: 0 at the end. A page may be short, even empty, and not be the last.
func (s *Store) FindSuppressions(ctx context.Context, now time.Time, account int64, f arauto.SuppressionFilter, before int64, limit int) (list []arauto.Suppression, next int64, err error) {
	for looked := 0; looked < findMost; {
		page, err := s.Suppressions(ctx, account, before, findChunk, f.PersonKey)
		if err != nil {
			return nil, 0, doing("find suppressions", err)
		}
		for _, p := range page {
			before = p.ID
			if looked++; f.Picks(p, now) {
				if list = append(list, p); len(list) == limit {
					return list, before, nil
				}
			}
		}
		if len(page) < findChunk {
			return list, 0, nil
		}
	}
	return list, before, nil
}
