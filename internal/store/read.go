package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

func (db *sqliteDB) snapshot(ctx context.Context, fn func(querier) error) error {
	return db.read(ctx, func(q querier) (err error) {
		if _, err := q.exec(ctx, `BEGIN`); err != nil {
			return err
		}
		defer func() { // also when fn panics: the connection goes on serving others
			_, ended := q.exec(ctx, `ROLLBACK`) // nothing was written
			err = errors.Join(err, ended)
		}()
		return fn(q)
	})
}

func (db *postgresDB) snapshot(ctx context.Context, fn func(querier) error) error {
	return pgx.BeginTxFunc(ctx, db.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly},
		func(tx pgx.Tx) error { return fn(postgresQuerier{tx}) })
}

// readOne answers one statement with its first row; errNoRow when there is none.
func readOne[T any](ctx context.Context, s *Store, scan func(rows) (T, error), sql string, args ...any) (v T, err error) {
	err = s.db.read(ctx, func(q querier) error {
		v, err = one(ctx, q, scan, sql, args...)
		return err
	})
	return v, err
}

// readAll answers one statement with its rows. The statement has a limit of its own.
func readAll[T any](ctx context.Context, s *Store, scan func(rows) (T, error), sql string, args ...any) (list []T, err error) {
	err = s.db.read(ctx, func(q querier) error {
		list, err = all(ctx, q, scan, sql, args...)
		return err
	})
	return list, err
}

// scanInt reads a single number.
func scanInt(r rows) (n int64, err error) { return n, r.Scan(&n) }

// scanText reads a single text.
func scanText(r rows) (s string, err error) { return s, r.Scan(&s) }

// scanPair reads two numbers.
func scanPair(r rows) (p [2]int64, err error) { return p, r.Scan(&p[0], &p[1]) }

// below is the upper bound of a page that comes before id; 0 is no bound.
func below(id int64) int64 {
	if id == 0 {
		return 1 << 53
	}
	return id
}

// newUUID is a public id: version 7, so that an index on it grows at one end.
func newUUID() string { return uuid.Must(uuid.NewV7()).String() }

// jsonOf is v as it is kept in a text column. v is of our own making: it can always be written.
func jsonOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("store: %T does not travel as JSON: %v", v, err))
	}
	return string(text)
}

// fromJSON undoes jsonOf.
func fromJSON(text string, into any) error {
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("read a stored JSON column: %w", err)
	}
	return nil
}

// doing says what was being done when err came; nil stays nil.
func doing(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
