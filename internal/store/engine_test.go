package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"arauto"
)

const addValue = `INSERT INTO sequence (account_id, name, value) VALUES (9, $1, 1)`

func hasValue(ctx context.Context, s *Store, name string) (bool, error) {
	n, err := readOne(ctx, s, scanInt, `SELECT count(*) FROM sequence WHERE account_id = 9 AND name = $1`, name)
	return n == 1, err
}

func TestWrite_NeighboursDoNotUndoEachOther(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		const writers = 300
		failed := errors.New("this one fails")
		errs := make([]error, writers)
		var wait sync.WaitGroup
		for i := range writers {
			wait.Go(func() {
				errs[i] = s.db.write(t.Context(), func(q querier) error {
					if _, err := q.exec(t.Context(), addValue, fmt.Sprint(i)); err != nil {
						return err
					}
					switch i % 10 {
					case 3:
						return failed
					case 7: // a statement the database itself refuses
						_, err := q.exec(t.Context(), addValue, fmt.Sprint(i))
						return err
					}
					return nil
				})
			})
		}
		wait.Wait()
		for i, err := range errs {
			fails := i%10 == 3 || i%10 == 7
			if fails != (err != nil) || i%10 == 3 && !errors.Is(err, failed) {
				t.Errorf("write %d: %v", i, err)
			}
			there, err := hasValue(t.Context(), s, fmt.Sprint(i))
			if err != nil || there == fails {
				t.Errorf("write %d: failed %v, stored %v, %v", i, fails, there, err)
			}
		}
	})
}

// On PostgreSQL a panic stays in the caller's goroutine; SQLite's writer is everybody's.
func TestWrite_PanicUndoesOnlyItself(t *testing.T) {
	s := OpenSQLite(t)
	var wait sync.WaitGroup
	errs := make([]error, 50)
	for i := range errs {
		wait.Go(func() {
			errs[i] = s.db.write(t.Context(), func(q querier) error {
				_, err := q.exec(t.Context(), addValue, fmt.Sprint(i))
				if i == 25 {
					panic("oh no")
				}
				return err
			})
		})
	}
	wait.Wait()
	for i, err := range errs {
		if (i == 25) != (err != nil) {
			t.Errorf("write %d: %v", i, err)
		}
		if there, _ := hasValue(t.Context(), s, fmt.Sprint(i)); there == (i == 25) {
			t.Errorf("write %d: stored %v", i, there)
		}
	}
	if !strings.Contains(fmt.Sprint(errs[25]), "oh no") {
		t.Errorf("the panic's words are lost: %v", errs[25])
	}
}

func TestWrite_IsDurableWhenReported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "arauto.db")
	s := OpenAt(t, path)
	var wait sync.WaitGroup
	for i := range 100 {
		wait.Go(func() { s.must(t, addValue, fmt.Sprint(i)) })
	}
	wait.Wait()
	// Another process's view, while the first still has the file open: nothing waits for Close.
	again := OpenAt(t, path)
	n, err := readOne(t.Context(), again, scanInt, `SELECT count(*) FROM sequence WHERE account_id = 9`)
	if err != nil || n != 100 {
		t.Fatalf("%d of 100 rows, %v", n, err)
	}
	if again.Epoch() != s.Epoch() {
		t.Errorf("the epoch moved from %d to %d without a restore", s.Epoch(), again.Epoch())
	}
}

func TestWrite_CancelledContextWritesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		ran := false
		err := s.db.write(ctx, func(q querier) error { ran = true; return nil })
		if !errors.Is(err, context.Canceled) || ran {
			t.Errorf("ran %v, %v", ran, err)
		}
		if err := s.db.read(ctx, func(q querier) error { _, err := one(ctx, q, scanInt, `SELECT 1`); return err }); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("read: %v", err)
		}
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("the store is of no more use: %v", err)
		}
	})
}

// A wait for the writer ends with the context, also behind a write that takes its time.
func TestWrite_CancelledWhileWaiting(t *testing.T) {
	s := OpenSQLite(t)
	holding, release := make(chan struct{}), make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		s.db.write(t.Context(), func(querier) error { close(holding); <-release; return nil })
	})
	<-holding
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() {
		result <- s.db.write(ctx, func(q querier) error { _, err := q.exec(ctx, addValue, "late"); return err })
	}()
	cancel()
	close(release)
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	wait.Wait()
	if there, err := hasValue(t.Context(), s, "late"); there || err != nil {
		t.Errorf("a cancelled write was stored: %v, %v", there, err)
	}
}

func TestClosed(t *testing.T) {
	for name, address := range map[string]func(testing.TB) string{
		"sqlite":   func(t testing.TB) string { return filepath.Join(t.TempDir(), "a.db") },
		"postgres": PostgresURL,
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Open(t.Context(), address(t), mirror{}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if err := s.Ping(t.Context()); err == nil {
				t.Error("a closed store answers")
			}
			if err := s.db.write(t.Context(), func(querier) error { return nil }); err == nil {
				t.Error("a closed store writes")
			}
		})
	}
}

func TestOpen_SaysWhatIsWrong(t *testing.T) {
	for name, address := range map[string]string{
		"a directory":      t.TempDir(),
		"nobody listening": "postgres://127.0.0.1:1/x?connect_timeout=2",
	} {
		if s, err := Open(t.Context(), address, mirror{}, time.Now()); err == nil {
			s.Close()
			t.Errorf("%s: opened", name)
		}
	}
}

func TestIDs_UniqueUnderConcurrency(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		other := newIDBlocks(s.db) // another node's blocks
		var mu sync.Mutex
		var got []int64
		keep := func(ids ...int64) {
			mu.Lock()
			got = append(got, ids...)
			mu.Unlock()
		}
		var wait sync.WaitGroup
		for i := range 8 {
			blocks := []*idBlocks{s.ids, other}[i%2]
			wait.Go(func() {
				for n := range 40 {
					ids, err := blocks.take(t.Context(), 1, "thing", 1+n*7)
					if err != nil || !slices.IsSorted(ids) {
						t.Errorf("ascending: %v, %v", slices.IsSorted(ids), err)
					}
					keep(ids...)
				}
			})
			wait.Go(func() {
				for range 20 {
					var first int64
					err := s.db.write(t.Context(), func(q querier) (err error) {
						first, err = nextIDs(t.Context(), q, 1, "thing", 3)
						return err
					})
					if err != nil {
						t.Error(err)
					}
					keep(first, first+1, first+2)
				}
			})
		}
		wait.Wait()
		slices.Sort(got)
		if n := len(slices.Compact(slices.Clone(got))); n != len(got) || got[0] < 1 || got[len(got)-1] >= 1<<53 {
			t.Errorf("%d ids, %d different, from %d to %d", len(got), n, got[0], got[len(got)-1])
		}
	})
}

func TestIDs_LargerThanABlock(t *testing.T) {
	s := OpenSQLite(t)
	ids, err := s.ids.take(t.Context(), 1, "thing", 3*blockSize+1)
	if err != nil || len(slices.Compact(ids)) != 3*blockSize+1 {
		t.Errorf("%d ids, %v", len(ids), err)
	}
}

func TestSecrets_AreSealedInTheDatabase(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		app, err := s.CreateApp(t.Context(), arauto.System(1), now, arauto.App{Account: 1, MetaID: "77", Secret: "hush", VerifyToken: "verify-me"})
		if err != nil {
			t.Fatal(err)
		}
		w, err := s.SaveWABA(t.Context(), arauto.System(1), now, arauto.WABA{Account: 1, App: app.ID, MetaID: "88"}, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.CreateSender(t.Context(), arauto.System(1), now, arauto.Sender{Account: 1, WABA: w.ID, PhoneNumberID: "99", Token: "EAAG-token"}); err != nil {
			t.Fatal(err)
		}
		for sql, plain := range map[string]string{
			`SELECT secret FROM app`: "hush", `SELECT verify_token FROM app`: "verify-me", `SELECT token FROM sender`: "EAAG-token",
		} {
			kept, err := readOne(t.Context(), s, func(r rows) (b []byte, err error) { return b, r.Scan(&b) }, sql)
			if err != nil || len(kept) == 0 || strings.Contains(string(kept), plain) {
				t.Errorf("%s is kept as %q, %v", sql, kept, err)
			}
		}
	})
}
