package store

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"arauto"
)

// What is written under a fence is there before anybody else holds the line: a take-over waits for it.
func TestFenced_TakeOverWaits(t *testing.T) {
	s := OpenPostgres(t)
	now := time.Now()
	l, _, err := s.Take(t.Context(), now, 1, "line", "n1", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	inside, release, wrote := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		wrote <- s.db.write(t.Context(), func(q querier) error {
			if err := s.fenced(t.Context(), q, now, l); err != nil {
				return err
			}
			close(inside)
			<-release
			_, err := q.exec(t.Context(), addValue, "under the old fence")
			return err
		})
	}()
	<-inside
	free := sync.OnceFunc(func() { close(release) })
	defer free() // also when the test fails, or closing the store would wait for the write
	taken := make(chan error, 1)
	go func() {
		_, ok, err := s.Take(t.Context(), now, 1, "line", "n1", time.Hour) // the same node, restarted: nothing else holds it back
		if err == nil && !ok {
			err = errors.New("not taken")
		}
		if there, _ := hasValue(t.Context(), s, "under the old fence"); !there {
			err = errors.Join(err, errors.New("taken before the fenced write was done"))
		}
		taken <- err
	}()
	awaitLockWait(t, s)
	free()
	if err := errors.Join(<-wrote, <-taken); err != nil {
		t.Fatal(err)
	}
	err = s.db.write(t.Context(), func(q querier) error { return s.fenced(t.Context(), q, now, l) })
	if arauto.KindOf(err) != arauto.KindConflict {
		t.Errorf("the old fence after the take-over: %v", err)
	}
}

// awaitLockWait returns when somebody in this database waits for a lock.
func awaitLockWait(t *testing.T, s *Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		n, err := readOne(ctx, s, scanInt, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return
		}
	}
}

// The clock that counts is the parameter on SQLite, the server's on PostgreSQL.
func TestLease_Clock(t *testing.T) {
	past := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	t.Run("sqlite", func(t *testing.T) {
		s := OpenSQLite(t)
		l, _, err := s.Take(t.Context(), past, 1, "line", "n1", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		fenced := func(now time.Time) error {
			return s.db.write(t.Context(), func(q querier) error { return s.fenced(t.Context(), q, now, l) })
		}
		if err := fenced(past.Add(time.Minute - time.Millisecond)); err != nil {
			t.Errorf("within its time: %v", err)
		}
		if err := fenced(past.Add(time.Minute)); arauto.KindOf(err) != arauto.KindConflict {
			t.Errorf("when it ran out: %v", err)
		}
		if _, taken, _ := s.Take(t.Context(), past.Add(time.Minute-time.Millisecond), 1, "line", "n2", time.Minute); taken {
			t.Error("taken within its time")
		}
		if _, taken, _ := s.Take(t.Context(), past.Add(time.Minute), 1, "line", "n2", time.Minute); !taken {
			t.Error("not taken when it ran out")
		}
	})
	t.Run("postgres", func(t *testing.T) {
		s := OpenPostgres(t)
		l, _, err := s.Take(t.Context(), past, 1, "line", "n1", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for _, now := range []time.Time{past, time.Now().AddDate(10, 0, 0)} {
			if _, taken, err := s.Take(t.Context(), now, 1, "line", "n2", time.Hour); taken || err != nil {
				t.Errorf("a node whose clock says %v: taken %v, %v", now, taken, err)
			}
			if err := s.db.write(t.Context(), func(q querier) error { return s.fenced(t.Context(), q, now, l) }); err != nil {
				t.Errorf("its holder, whose clock says %v: %v", now, err)
			}
		}
	})
}
