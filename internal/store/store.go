// Package store keeps the nouns in a database: SQLite in one file, or PostgreSQL. The SQL is written
// once and by hand; the few statements that must differ stand beside each other.
//
// It applies what the domain decides: state tables, the gate and matching live in the root package and
// are asked inside the transaction that writes. It knows no provider, no vendor wire and no engine.
// Hot methods take slices and answer per element: one bad element never fails the batch.
package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"arauto"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sealer keeps secrets unreadable in the database.
type Sealer interface {
	Seal(plain []byte) ([]byte, error)
	Open(sealed []byte) ([]byte, error)
}

// Store is a database with Arauto's tables in it. It is safe for concurrent use.
type Store struct {
	db    database
	seal  Sealer
	ids   *idBlocks
	epoch int64
	// former are the lives of which a restore lost the end.
	former lives
	pulse  pulse
	places Places // nil = nobody says where people are from
	gates  accountGates
	few    int64 // see fewContacts
	// onHalt hears of pauses and of their ends; nil hears nothing.
	onHalt func(arauto.Halted)
}

// Open connects to the database at address — a path for SQLite, postgres://… for PostgreSQL — and
// brings its tables up to date. now is the moment the deployment is made, if it is new.
func Open(ctx context.Context, address string, seal Sealer, now time.Time, options ...Option) (*Store, error) {
	var db database
	var err error
	if IsPostgres(address) {
		db, err = openPostgres(ctx, address)
	} else {
		db, err = openSQLite(ctx, address)
	}
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	s := &Store{seal: seal, ids: newIDBlocks(db), few: fewContacts}
	s.db = telling{database: db, store: s}
	for _, o := range options {
		o(s)
	}
	if err := s.loadEpoch(ctx, now); err != nil {
		return nil, errors.Join(err, db.close())
	}
	return s, nil
}

// IsPostgres reports whether address names a PostgreSQL database rather than a file.
func IsPostgres(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

// Close waits for the running transaction and lets go of the database.
func (s *Store) Close() error { return s.db.close() }

// Compact makes the database give up what deleted and changed rows leave behind in its file. A big SQLite file is
// left as it is, since nobody could write for too long: see docs/compliance.md.
func (s *Store) Compact(ctx context.Context) error {
	return doing("compact the database", s.db.compact(ctx))
}

// Epoch tells this deployment's attempts from those of a backup's other life.
func (s *Store) Epoch() int64 { return s.epoch }

func (s *Store) loadEpoch(ctx context.Context, now time.Time) error {
	return s.db.write(ctx, func(t querier) error {
		if _, err := t.exec(ctx, `INSERT INTO deployment (id, epoch, made_at) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING`, now.UnixMilli()/1000, ms(now)); err != nil {
			return err
		}
		var err error
		if s.former, err = s.beginLife(ctx, t, now); err != nil {
			return err
		}
		s.epoch, err = one(ctx, t, func(r rows) (n int64, err error) { return n, r.Scan(&n) }, `SELECT epoch FROM deployment WHERE id = 1`)
		return err
	})
}

// database is one engine: how it runs transactions, and the little its SQL says differently.
type database interface {
	// read runs fn on one consistent connection that may not write.
	read(ctx context.Context, fn func(querier) error) error
	// snapshot is read with all of fn's statements seeing the same moment.
	snapshot(ctx context.Context, fn func(querier) error) error
	// write runs fn in one durable transaction; fn may run more than once and must only touch what it
	// sets anew each time.
	write(ctx context.Context, fn func(querier) error) error
	// bulk is write for a load of rows that is done again when it is lost: a power cut may undo it although it was
	// reported, with all that came after, and nothing before it. What is reported as durable later makes it durable.
	bulk(ctx context.Context, fn func(querier) error) error
	// list is how a slice of strings or int64s travels as one argument.
	list(values any) any
	// in is the condition that column is one of the list at placeholder.
	in(column, placeholder string) string
	// keyed is the condition that the row is the account's and column one of the list: the two together, so
	// that rows are looked up one by one.
	keyed(column, account, list string) string
	// lock is what a SELECT ends with to keep its rows for this transaction.
	lock() string
	postgres() bool
	// compact rewrites the database's file without what deleted and changed rows left in it.
	compact(ctx context.Context) error
	close() error
}

// querier runs statements with $1, $2, … as placeholders, in both engines.
type querier interface {
	query(ctx context.Context, sql string, args ...any) (rows, error)
	// exec returns how many rows were changed.
	exec(ctx context.Context, sql string, args ...any) (int64, error)
	// each runs one statement for each element, in order, and returns how many rows each changed.
	each(ctx context.Context, sql string, args [][]any) ([]int64, error)
}

// rows is a result being read. Scan takes pointers to int64, int, bool, string, []byte and the string
// types of the root package.
type rows interface {
	Next() bool
	Scan(into ...any) error
	Err() error
	Close()
}

// all reads every row.
func all[T any](ctx context.Context, q querier, scan func(rows) (T, error), sql string, args ...any) ([]T, error) {
	r, err := q.query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var list []T
	for r.Next() {
		v, err := scan(r)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, r.Err()
}

// one reads the first row; errNoRow when there is none.
func one[T any](ctx context.Context, q querier, scan func(rows) (T, error), sql string, args ...any) (T, error) {
	var zero T
	r, err := q.query(ctx, sql, args...)
	if err != nil {
		return zero, err
	}
	defer r.Close()
	if !r.Next() {
		if err := r.Err(); err != nil {
			return zero, err
		}
		return zero, errNoRow
	}
	return scan(r)
}

var errNoRow = arauto.Errorf(arauto.KindNotFound, "", "there is no such thing here")

// missing turns errNoRow into a not-found error that names the thing.
func missing(err error, thing string, id any) error {
	if errors.Is(err, errNoRow) {
		return arauto.Errorf(arauto.KindNotFound, "", "there is no %s %v in this account", thing, id)
	}
	return err
}

// ms is how a moment is stored: UTC milliseconds, 0 for the zero time.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// moment undoes ms.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
