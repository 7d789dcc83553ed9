package store

import (
	"context"
	"time"

	"arauto"
)

// RecordHeld is Record whose commit waits for hold.
func (s *Store) RecordHeld(ctx context.Context, now time.Time, account int64, answers []arauto.Answer, hold func()) error {
	r, err := newRecording(now, answers)
	if err != nil {
		return err
	}
	return s.db.write(ctx, func(t querier) error {
		err := s.record(ctx, t, now, account, r)
		hold()
		return err
	})
}

// IntendHeld is Intend whose commit waits for hold.
func (s *Store) IntendHeld(ctx context.Context, now time.Time, lease arauto.Lease, sender int64, list []arauto.Candidate, hold func()) ([]arauto.Intended, error) {
	ids, err := s.ids.take(ctx, lease.Account, "attempt", len(list))
	if err != nil {
		return nil, err
	}
	in := intending{store: s, now: now, account: lease.Account, sender: sender, ids: ids}
	err = s.db.write(ctx, func(t querier) error {
		if err := s.fenced(ctx, t, now, lease); err != nil {
			return err
		}
		err := in.run(ctx, t, list)
		hold()
		return err
	})
	return in.answers, err
}
