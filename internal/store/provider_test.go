package store

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pressly/goose/v3"

	"arauto"
)

// A message is found by the provider's id wherever the id is: in a run, or in the index; and by nobody but its
// account.
func TestAttemptsKeyed(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		find := func(account int64, id string) (found []int64) {
			err := s.db.read(t.Context(), func(q querier) (err error) {
				found, err = s.attemptsKeyed(t.Context(), q, account, []int64{providerKey("nobody's"), providerKey(id)})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		keep := func(account int64, list ...arauto.Attempt) {
			var run keyRun
			for i := range list {
				run.add(&list[i])
			}
			if err := s.db.write(t.Context(), func(q querier) error { return s.keepRun(t.Context(), q, account, run) }); err != nil {
				t.Fatal(err)
			}
		}
		keep(1) // nobody answered: there is nothing to keep
		keep(1, arauto.Attempt{ID: 7}, arauto.Attempt{ID: 8, ProviderID: "wamid.8"}, arauto.Attempt{ID: 9, ProviderID: "wamid.9"})
		keep(1, arauto.Attempt{ID: 20, ProviderID: "wamid.20"})
		keep(2, arauto.Attempt{ID: 8, ProviderID: "wamid.other"})
		check := func(when string) {
			t.Helper()
			for id, want := range map[string]int64{"wamid.8": 8, "wamid.9": 9, "wamid.20": 20} {
				if got := find(1, id); !slices.Equal(got, []int64{want}) {
					t.Errorf("%s, %s leads to %v, not to %d", when, id, got, want)
				}
				if got := find(2, id); len(got) != 0 {
					t.Errorf("%s, another account finds %v by %s", when, got, id)
				}
			}
		}
		check("in runs")
		if err := s.moveRuns(t.Context()); err != nil {
			t.Fatal(err)
		}
		check("while there are few")
		if err := s.moveRunsOf(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		check("in the index")
		if left, err := readOne(t.Context(), s, scanInt, `SELECT count(*) FROM attempt_run WHERE account_id = 1`); err != nil || left != 0 {
			t.Errorf("%d runs are left, %v", left, err)
		}
	})
}

// What many transactions left is moved once it is much.
func TestMoveRuns(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		err := s.db.write(t.Context(), func(q querier) error {
			for id := range int64(maxRuns) {
				var run keyRun
				run.add(&arauto.Attempt{ID: id + 1, ProviderID: "wamid." + itoa(int(id))})
				if err := s.keepRun(t.Context(), q, 1, run); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.moveRuns(t.Context()); err != nil {
			t.Fatal(err)
		}
		for table, want := range map[string]int64{"attempt_run": 0, "attempt_key": maxRuns} {
			if n, err := readOne(t.Context(), s, scanInt, `SELECT count(*) FROM `+table); err != nil || n != want {
				t.Errorf("%s has %d rows, not %d; %v", table, n, want, err)
			}
		}
	})
}

// Messages that an earlier release sent are found as well.
func TestMigrate_Keys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "arauto.db")
	conn, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := migrateTo(context.Background(), goose.DialectSQLite3, conn, 10); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(`INSERT INTO attempt (account_id, id, campaign_id, contact_id, sender_id, previous_id, number, epoch, state, provider_id, provider_key, wa_id, code,
		detail, intended_at, accepted_at, sent_at, delivered_at, read_at, failed_at) VALUES (1, 5, 1, 1, 1, 0, 1, 1, 'accepted', 'wamid.5', ?, '', 0, '', 1, 1, 0, 0, 0, 0),
		(1, 6, 1, 2, 1, 0, 1, 1, 'open', '', 0, '', 0, '', 1, 0, 0, 0, 0, 0)`, providerKey("wamid.5")); err != nil {
		t.Fatal(err)
	}
	s := OpenAt(t, path)
	err = s.db.read(t.Context(), func(q querier) error {
		found, err := s.attemptsKeyed(t.Context(), q, 1, []int64{providerKey("wamid.5")})
		if !slices.Equal(found, []int64{5}) {
			t.Errorf("found %v", found)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
