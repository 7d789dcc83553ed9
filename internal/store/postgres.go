package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// postgresDB is a PostgreSQL database, shared with other nodes. Transactions are short and retried when
// the server asks for it; no advisory locks, no LISTEN.
type postgresDB struct {
	pool *pgxpool.Pool
	sync *postgresSync
	// writing is held for reading by every write, so that close can wait for the last of them.
	writing sync.RWMutex
	writers atomic.Int64 // how many
}

const postgresRetries = 6

func openPostgres(ctx context.Context, address string) (*postgresDB, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, err
	}
	config.MaxConns = max(config.MaxConns, 12)
	config.ConnConfig.RuntimeParams["application_name"] = "arauto"
	config.ConnConfig.RuntimeParams["timezone"] = "UTC"
	// Every statement goes by a key. A plan made while a table was small would walk it, and a prepared
	// statement keeps its plan while the table grows to millions; so plans are made once, without looking at
	// how much there is, and for disks on which the next page costs what any page costs. What is left of
	// walking is of tables that stay small, and is not worth compiling.
	config.ConnConfig.RuntimeParams["enable_seqscan"] = "off"
	config.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
	config.ConnConfig.RuntimeParams["random_page_cost"] = "1.1"
	config.ConnConfig.RuntimeParams["jit"] = "off"
	config.AfterConnect = knowServer
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	conn := stdlib.OpenDBFromPool(pool)
	err = migrate(ctx, goose.DialectPostgres, conn)
	conn.Close()
	if err != nil {
		pool.Close()
		return nil, err
	}
	own := config.ConnConfig.Copy()
	own.RuntimeParams["application_name"] = "arauto sync"
	return &postgresDB{pool: pool, sync: newPostgresSync(own)}, nil
}

func (db *postgresDB) read(ctx context.Context, fn func(querier) error) error {
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return fn(postgresQuerier{conn})
}

func (db *postgresDB) write(ctx context.Context, fn func(querier) error) error {
	return db.again(ctx, func() error {
		seat, err := db.commit(ctx, fn, false)
		if err != nil || seat == nil {
			return err
		}
		return seat.kept()
	})
}

func (db *postgresDB) bulk(ctx context.Context, fn func(querier) error) error {
	return db.again(ctx, func() error {
		_, err := db.commit(ctx, fn, true)
		return err
	})
}

// again does what the server undid for another's sake once more.
func (db *postgresDB) again(ctx context.Context, do func() error) error {
	db.writing.RLock()
	defer db.writing.RUnlock()
	db.writers.Add(1)
	defer db.writers.Add(-1)
	for try := 1; ; try++ {
		err := do()
		if err == nil || !retryable(err) || try == postgresRetries {
			return err
		}
		select {
		case <-time.After(time.Duration(rand.IntN(5<<try)) * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// unsynced begins a transaction whose commit does not wait for the disk.
const unsynced = `BEGIN; SET LOCAL synchronous_commit = off`

// commit runs fn in a transaction and lets go of its connection. It returns who is to be asked whether what was
// committed is on the disk; nil = it is, or need not be.
func (db *postgresDB) commit(ctx context.Context, fn func(querier) error, bulk bool) (*syncSeat, error) {
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Release()
	var options pgx.TxOptions
	var seat *syncSeat
	if !bulk && db.writers.Load() > 1 { // who is alone keeps nobody waiting
		seat = db.sync.now(serverOf(conn.Conn()))
	}
	if bulk || seat != nil {
		options.BeginQuery = unsynced
	}
	tx, err := conn.BeginTx(ctx, options)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if err := fn(postgresQuerier{tx}); err != nil {
		return nil, err
	}
	return seat, tx.Commit(ctx)
}

// retryable reports a transaction that the server undid for another's sake.
func retryable(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01")
}

func (db *postgresDB) list(values any) any { return values }

func (db *postgresDB) in(column, placeholder string) string {
	return column + " IN (SELECT unnest(" + placeholder + "::" + arrayOf(column) + "))"
}

// keyed hides the account from the planner. While it believes that an account has few rows — of a table
// that was empty when it looked — it would walk all of them instead of looking up those that are asked for.
func (db *postgresDB) keyed(column, account, list string) string {
	return "(account_id, " + column + ") IN (SELECT " + account + "::bigint, unnest(" + list + "::" + arrayOf(column) + "))"
}

// arrayOf is the type of a list of a column's values: ids and hashes are numbers, all else is text.
func arrayOf(column string) string {
	if strings.HasSuffix(column, "id") || column == "provider_key" {
		return "bigint[]"
	}
	return "text[]"
}

func (db *postgresDB) lock() string   { return " FOR UPDATE" }
func (db *postgresDB) postgres() bool { return true }

func (db *postgresDB) close() error {
	db.writing.Lock()
	defer db.writing.Unlock()
	db.pool.Close()
	db.sync.close()
	return nil
}

// postgresQuerier is a connection or a transaction.
type postgresQuerier struct {
	on interface {
		Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
		Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
		SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
	}
}

func (q postgresQuerier) query(ctx context.Context, sql string, args ...any) (rows, error) {
	r, err := q.on.Query(ctx, sql, storable(args)...) //nolint:sqlclosecheck // whoever asked reads them and closes them
	if err != nil {
		return nil, fmt.Errorf("query %q: %w", sql, err)
	}
	return r, nil
}

func (q postgresQuerier) exec(ctx context.Context, sql string, args ...any) (int64, error) {
	tag, err := q.on.Exec(ctx, sql, storable(args)...)
	if err != nil {
		return 0, fmt.Errorf("run %q: %w", sql, err)
	}
	return tag.RowsAffected(), nil
}

func (q postgresQuerier) each(ctx context.Context, sql string, args [][]any) ([]int64, error) {
	if len(args) == 0 {
		return nil, nil
	}
	batch := &pgx.Batch{}
	for _, a := range args {
		batch.Queue(sql, storable(a)...)
	}
	results := q.on.SendBatch(ctx, batch)
	defer results.Close()
	changed := make([]int64, len(args))
	for i := range args {
		tag, err := results.Exec()
		if err != nil {
			return nil, fmt.Errorf("run %q: %w", sql, err)
		}
		changed[i] = tag.RowsAffected()
	}
	return changed, results.Close()
}

// storable drops the NUL characters that strangers put into texts: PostgreSQL has no place for them and
// would refuse the whole batch.
func storable(args []any) []any {
	for i, a := range args {
		switch v := a.(type) {
		case string:
			if strings.IndexByte(v, 0) >= 0 {
				args[i] = strings.ReplaceAll(v, "\x00", "")
			}
		case []string:
			for n, text := range v {
				if strings.IndexByte(text, 0) >= 0 {
					v[n] = strings.ReplaceAll(text, "\x00", "")
				}
			}
		}
	}
	return args
}
