package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
)

// sqliteDB is one file with one writer and a few readers. Writes from everywhere queue for the writer,
// which runs as many as are waiting in one transaction: one fsync pays for all of them.
type sqliteDB struct {
	driver  *sqlite.Driver
	path    string
	readers chan *sqliteConn
	jobs    chan *sqliteWrite
	written chan sqliteGroup // committed, and to be synced
	stopped chan struct{}
	closed  error // what closing the writer said, once it has stopped
	stop    chan struct{}
	once    sync.Once
}

// sqliteWrite is one transaction waiting for the writer.
type sqliteWrite struct {
	ctx  context.Context
	fn   func(querier) error
	bulk bool // see bulk
	done chan error
}

const (
	sqliteReaders = 4
	// groupLimit bounds how many waiting writes share one commit.
	groupLimit = 128
	writeQueue = 1024
)

// FULL: a commit that was reported is on the disk. The writer's own connection leaves that to the syncer, which
// tells nobody of a commit before the log is synced, but lets the next transaction run meanwhile. The page caches
// are small because the file system's own cache holds the same pages.
const (
	pragmas       = `PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF; PRAGMA busy_timeout=10000; PRAGMA temp_store=MEMORY;`
	writerPragmas = pragmas + `PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16384; PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=67108864;`
	readerPragmas = pragmas + `PRAGMA cache_size=-1024; PRAGMA query_only=ON;`
)

func openSQLite(ctx context.Context, path string) (*sqliteDB, error) {
	if dir := filepath.Dir(path); dir != "." {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	if err := migrateSQLite(ctx, path); err != nil {
		return nil, err
	}
	db := &sqliteDB{
		driver: &sqlite.Driver{}, path: path, readers: make(chan *sqliteConn, sqliteReaders),
		jobs: make(chan *sqliteWrite, writeQueue), written: make(chan sqliteGroup, 1), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	writer, err := db.connect(writerPragmas)
	if err != nil {
		return nil, err
	}
	for range sqliteReaders {
		reader, err := db.connect(readerPragmas)
		if err != nil {
			return nil, errors.Join(err, writer.close())
		}
		db.readers <- reader
	}
	go db.writeLoop(writer)
	go db.syncLoop()
	return db, nil
}

func migrateSQLite(ctx context.Context, path string) error {
	conn, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, `PRAGMA page_size=8192; `+pragmas); err != nil {
		return fmt.Errorf("%s is not usable as a SQLite database: %w", path, err)
	}
	return migrate(ctx, goose.DialectSQLite3, conn)
}

func (db *sqliteDB) connect(pragmas string) (*sqliteConn, error) {
	raw, err := db.driver.Open(db.path)
	if err != nil {
		return nil, err
	}
	c := newSQLiteConn(raw)
	if err := c.script(pragmas); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (db *sqliteDB) read(ctx context.Context, fn func(querier) error) error {
	select {
	case c := <-db.readers:
		defer func() { db.readers <- c }()
		return fn(c)
	case <-ctx.Done():
		return ctx.Err()
	case <-db.stop:
		return errClosed
	}
}

var errClosed = errors.New("the database is closed")

func (db *sqliteDB) write(ctx context.Context, fn func(querier) error) error {
	return db.enqueue(&sqliteWrite{ctx: ctx, fn: fn, done: make(chan error, 1)})
}

func (db *sqliteDB) enqueue(job *sqliteWrite) error {
	ctx := job.ctx
	select {
	case db.jobs <- job:
	case <-ctx.Done():
		return ctx.Err()
	case <-db.stop:
		return errClosed
	}
	select {
	case err := <-job.done:
		return err
	case <-db.stopped:
		// The last group may have been answered just before the writer stopped.
		select {
		case err := <-job.done:
			return err
		default:
			return errClosed
		}
	}
}

func (db *sqliteDB) writeLoop(c *sqliteConn) {
	defer func() {
		db.closed = c.close()
		close(db.written)
	}()
	w := &writer{sqliteConn: c}
	for {
		select {
		case job := <-db.jobs:
			db.serve(w, job)
		case <-db.stop:
			for {
				select {
				case job := <-db.jobs:
					db.serve(w, job)
				default:
					return
				}
			}
		}
	}
}

// gather takes what is waiting behind first, without waiting itself. load is a bulk load that it met: it is next.
func (db *sqliteDB) gather(first *sqliteWrite) (group []*sqliteWrite, load *sqliteWrite) {
	group = []*sqliteWrite{first}
	for len(group) < groupLimit {
		select {
		case job := <-db.jobs:
			if job.bulk {
				return group, job
			}
			group = append(group, job)
		default:
			return group, nil
		}
	}
	return group, nil
}

// runGroup commits a group together, not to be reported before it is synced. A job that fails is rolled back to
// its own savepoint and the others go on; when the commit itself fails, all of them failed. A job alone needs no
// savepoint, which would copy every page that it changes.
func runGroup(c *sqliteConn, group []*sqliteWrite) sqliteGroup {
	errs := make([]error, len(group))
	if len(group) == 1 {
		errs[0] = runAlone(c, group[0])
		return sqliteGroup{group, errs}
	}
	err := c.run("BEGIN IMMEDIATE")
	if err == nil {
		for i, job := range group {
			if errs[i] = job.ctx.Err(); errs[i] != nil {
				continue
			}
			if errs[i], err = c.nested(job.fn); err != nil {
				break // the transaction itself is broken (a full disk, say): nobody's write is in it
			}
		}
		if err == nil {
			err = c.run("COMMIT")
		}
		if err != nil {
			_ = c.run("ROLLBACK") // SQLite may have done it already
		}
	}
	for i := range group {
		if err != nil {
			errs[i] = fmt.Errorf("commit: %w", err)
		}
	}
	return sqliteGroup{group, errs}
}

func runAlone(c *sqliteConn, job *sqliteWrite) error {
	if err := job.ctx.Err(); err != nil {
		return err
	}
	if err := c.run("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := guard(c, job.fn); err != nil {
		_ = c.run("ROLLBACK") // SQLite may have done it already
		return err
	}
	if err := c.run("COMMIT"); err != nil {
		_ = c.run("ROLLBACK")
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

func (db *sqliteDB) list(values any) any {
	text, err := json.Marshal(values)
	if err != nil {
		panic("store: only slices of strings and integers travel as lists: " + err.Error())
	}
	return string(text)
}

func (db *sqliteDB) in(column, placeholder string) string {
	return column + " IN (SELECT value FROM json_each(" + placeholder + "))"
}

func (db *sqliteDB) keyed(column, account, list string) string {
	return "account_id = " + account + " AND " + db.in(column, list)
}

func (db *sqliteDB) lock() string   { return "" }
func (db *sqliteDB) postgres() bool { return false }

func (db *sqliteDB) close() error {
	db.once.Do(func() { close(db.stop) })
	<-db.stopped
	errs := []error{db.closed}
	for range sqliteReaders {
		errs = append(errs, (<-db.readers).close())
	}
	return errors.Join(errs...)
}
