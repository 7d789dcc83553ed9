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

// AddHeld is AddContacts whose commit waits for hold.
func (s *Store) AddHeld(ctx context.Context, now time.Time, account, campaign int64, list []arauto.Contact, hold func()) error {
	_, err := s.heldBy(hold).AddContacts(ctx, now, account, campaign, list)
	return err
}

// ApplyHeld is ApplyFacts whose commit waits for hold.
func (s *Store) ApplyHeld(ctx context.Context, now time.Time, account arauto.Account, app int64, facts []arauto.Fact, hold func()) error {
	_, err := s.heldBy(hold).ApplyFacts(ctx, now, account, app, facts)
	return err
}

func (s *Store) heldBy(hold func()) *Store {
	return &Store{db: heldDB{s.db, hold}, seal: s.seal, ids: s.ids, epoch: s.epoch, places: s.places, few: s.few}
}

// heldDB is a database whose commits wait.
type heldDB struct {
	database
	hold func()
}

func (db heldDB) write(ctx context.Context, fn func(querier) error) error {
	return db.database.write(ctx, func(t querier) error {
		err := fn(t)
		db.hold()
		return err
	})
}
