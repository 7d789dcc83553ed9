package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"arauto/internal/store/pgtest"
)

// keptRows is what was told to those who write rows one by one.
type keptRows struct {
	mu     sync.Mutex
	told   []int64
	failed []error
}

// begin has several write a row each, again and again, until what it returns is called, or the test ends.
func (k *keptRows) begin(t *testing.T, db *postgresDB) (end func()) {
	const writers = 16
	var next atomic.Int64
	var ended atomic.Bool
	var g sync.WaitGroup
	for range writers {
		g.Go(func() {
			for !ended.Load() {
				n := next.Add(1)
				err := db.write(t.Context(), func(q querier) error {
					_, err := q.exec(t.Context(), `INSERT INTO sequence (account_id, name, value) VALUES ($1, 'kept', 1)`, n)
					return err
				})
				k.note(n, err)
			}
		})
	}
	end = func() { ended.Store(true); g.Wait() }
	t.Cleanup(end)
	return end
}

func (k *keptRows) note(n int64, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err == nil {
		k.told = append(k.told, n)
	} else {
		k.failed = append(k.failed, err)
	}
}

func (k *keptRows) count() (told, failed int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.told), len(k.failed)
}

// lost are the rows that were reported as kept and are not there.
func (k *keptRows) lost(ctx context.Context, db *postgresDB) (lost []int64, err error) {
	there := map[int64]bool{}
	err = db.read(ctx, func(q querier) error {
		list, err := all(ctx, q, scanInt, `SELECT account_id FROM sequence WHERE name = 'kept'`)
		for _, n := range list {
			there[n] = true
		}
		return err
	})
	for _, n := range k.told {
		if !there[n] {
			lost = append(lost, n)
		}
	}
	return lost, err
}

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited too long until " + what)
		}
	}
}

// A server that crashes takes back nothing that was reported, though it was committed without waiting for the disk.
func TestPostgresSync_Crash(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "arauto-crash-") //nolint:usetesting // a socket's path must be short, and its directory the server's own
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	server, err := pgtest.StartIn(dir, func(string) {})
	if errors.Is(err, pgtest.ErrMissing) && os.Getenv("ARAUTO_NO_SKIP") == "" {
		t.Skipf("NOT TESTED ON POSTGRESQL: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { server.Stop() }()
	address, _, err := server.Database(t.Context(), "crash", "")
	if err != nil {
		t.Fatal(err)
	}
	db, err := openPostgres(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	var k keptRows
	end := k.begin(t, db)
	until(t, "somebody syncs", func() bool { return db.sync.sitting() })
	before, _ := k.count()
	until(t, "there are rows", func() bool { told, _ := k.count(); return told > before+1000 })
	if err := server.Crash(); err != nil {
		t.Fatal(err)
	}
	end()
	if err := db.close(); err != nil {
		t.Fatal(err)
	}
	if server, err = restart(dir); err != nil {
		t.Fatal(err)
	}
	if db, err = openPostgres(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	defer db.close()
	lost, err := k.lost(t.Context(), db)
	told, failed := k.count()
	if err != nil || len(lost) > 0 {
		t.Errorf("%d of %d rows that were reported as kept are lost, %v", len(lost), told, err)
	}
	if failed == 0 {
		t.Error("nobody met the crash: nothing was tried")
	}
}

// restart waits until the last of a crashed server's processes has gone.
func restart(dir string) (c *pgtest.Cluster, err error) {
	for range 50 {
		if c, err = pgtest.StartIn(dir, func(string) {}); err == nil {
			return c, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil, err
}

// Whoever waits for a connection that is lost is told that nothing is known; all others' writes go on, before there is
// another and with it.
func TestPostgresSync_Lost(t *testing.T) {
	db, err := openPostgres(t.Context(), PostgresURL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.close()
	var k keptRows
	end := k.begin(t, db)
	for range 3 {
		until(t, "somebody syncs", func() bool { return db.sync.sitting() })
		before, _ := k.count()
		if err := terminate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		until(t, "the connection is missed", func() bool { return !db.sync.sitting() })
		until(t, "there are other writes", func() bool { told, _ := k.count(); return told > before+100 })
	}
	end()
	lost, err := k.lost(t.Context(), db)
	if err != nil || len(lost) > 0 {
		t.Errorf("%d rows that were reported as kept are lost, %v", len(lost), err)
	}
	for _, err := range k.failed {
		if !errors.Is(err, errNotKept) {
			t.Errorf("a write failed otherwise: %v", err)
		}
	}
}

// terminate ends the connection that syncs.
func terminate(ctx context.Context, db *postgresDB) error {
	conn, err := pgx.ConnectConfig(ctx, db.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	n, err := conn.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'arauto sync' AND datname = current_database()`)
	if err == nil && n.RowsAffected() != 1 {
		err = fmt.Errorf("%d connections sync", n.RowsAffected())
	}
	return err
}

func (p *postgresSync) sitting() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seat != nil
}

// Writers that all change one row, as audited changes of one account do: with a connection that syncs for all of them,
// against each waiting for the disk by itself. ratio is the first to the second.
func BenchmarkPostgresSync(b *testing.B) {
	rate := func(together bool) float64 {
		db, err := openPostgres(b.Context(), PostgresURL(b))
		if err != nil {
			b.Fatal(err)
		}
		defer db.close()
		if !together {
			db.sync.begin.Do(func() { close(db.sync.stopped) })
		}
		var left atomic.Int64
		left.Store(3000)
		began := time.Now()
		var g sync.WaitGroup
		for range 12 {
			g.Go(func() {
				for left.Add(-1) >= 0 {
					err := db.write(b.Context(), func(t querier) error {
						_, err := nextIDs(b.Context(), t, 1, "common", 1)
						return err
					})
					if err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		g.Wait()
		return 3000 / time.Since(began).Seconds()
	}
	var alone, together float64
	for b.Loop() {
		alone += rate(false)
		together += rate(true)
	}
	b.ReportMetric(alone/float64(b.N), "writes/s-alone")
	b.ReportMetric(together/float64(b.N), "writes/s-together")
	b.ReportMetric(together/alone, "ratio")
	b.ReportMetric(0, "ns/op")
}
