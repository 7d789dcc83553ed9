package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"arauto/internal/store/pgtest"
)

// cluster is the one PostgreSQL that this binary's tests share; each test has a database of its own.
var cluster struct {
	once sync.Once
	*pgtest.Cluster
	err error

	empty func() (string, error) // name of a database in which nothing happened yet: making its tables takes longer than most tests
	made  atomic.Int64
}

func TestMain(m *testing.M) {
	code := m.Run()
	if cluster.Cluster != nil {
		cluster.Stop()
	}
	os.Exit(code)
}

// PostgresURL is the address of an empty database. Where there is no PostgreSQL the test is skipped, or
// fails when ARAUTO_NO_SKIP is set.
func PostgresURL(t testing.TB) string {
	t.Helper()
	startPostgres(t)
	address, err := cluster.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func startPostgres(t testing.TB) {
	t.Helper()
	cluster.once.Do(func() {
		cluster.Cluster, cluster.err = pgtest.Start(nil)
		cluster.empty = sync.OnceValues(emptyPostgres)
	})
	if errors.Is(cluster.err, pgtest.ErrMissing) && os.Getenv("ARAUTO_NO_SKIP") == "" {
		t.Skipf("NOT TESTED ON POSTGRESQL: %v", cluster.err)
	}
	if cluster.err != nil {
		t.Fatal(cluster.err)
	}
}

func emptyPostgres() (string, error) {
	const name = "empty"
	address, _, err := cluster.Database(context.Background(), name, "")
	if err != nil {
		return "", err
	}
	s, err := Open(context.Background(), address, mirror{}, opened)
	if err != nil {
		return "", err
	}
	return name, s.Close()
}

// OpenSQLite is a store on a fresh file.
func OpenSQLite(t testing.TB) *Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "arauto.db")
	content, err := emptySQLite()
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return OpenAt(t, path)
}

// emptySQLite is a database in which nothing happened yet, made once: making its tables takes longer than most tests.
var emptySQLite = sync.OnceValues(func() (_ []byte, err error) {
	dir, err := os.MkdirTemp("", "arauto-empty-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "arauto.db")
	s, err := Open(context.Background(), path, mirror{}, opened)
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// opened is when the databases of tests are made.
var opened = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// OpenPostgres is a store on a fresh database.
func OpenPostgres(t testing.TB) *Store {
	t.Helper()
	startPostgres(t)
	empty, err := cluster.empty()
	if err != nil {
		t.Fatal(err)
	}
	address, _, err := cluster.Database(t.Context(), fmt.Sprint("copy_", cluster.made.Add(1)), empty)
	if err != nil {
		t.Fatal(err)
	}
	return OpenAt(t, address)
}

// OpenAt is a store at an address, until the test ends.
func OpenAt(t testing.TB, address string) *Store {
	t.Helper()
	s, err := Open(t.Context(), address, mirror{}, opened)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// onBoth runs a test on each engine.
func onBoth(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Run("sqlite", func(t *testing.T) { test(t, OpenSQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, OpenPostgres(t)) })
}

// mirror is a Sealer that only has to differ from the plain text and notice what it did not seal.
type mirror struct{}

func (mirror) Seal(plain []byte) ([]byte, error) {
	b := slices.Clone(plain)
	slices.Reverse(b)
	return append([]byte("sealed:"), b...), nil
}

func (mirror) Open(sealed []byte) ([]byte, error) {
	if len(sealed) < 7 || string(sealed[:7]) != "sealed:" {
		return nil, fmt.Errorf("%d bytes that were never sealed", len(sealed))
	}
	b := slices.Clone(sealed[7:])
	slices.Reverse(b)
	return b, nil
}

// must runs one statement.
func (s *Store) must(t testing.TB, sql string, args ...any) {
	t.Helper()
	err := s.db.write(context.WithoutCancel(t.Context()), func(q querier) error {
		_, err := q.exec(context.WithoutCancel(t.Context()), sql, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
