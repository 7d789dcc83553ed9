package store

import (
	"context"
	"errors"
	"os"
	"time"
)

const (
	// compactMost is a file that is rewritten within a few seconds, for which nobody else can write.
	compactMost  = 256 << 20
	compactTries = 20
)

func (db *sqliteDB) compact(ctx context.Context) (err error) {
	info, err := os.Stat(db.path)
	if err != nil {
		return err
	}
	c, err := db.connect(writerPragmas)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if info.Size() <= compactMost {
		if err := c.run(`VACUUM`); err != nil {
			return err
		}
	}
	return emptyLog(ctx, c)
}

// emptyLog moves the write-ahead log into the file and cuts it to nothing, which takes a moment in which
// nobody reads.
func emptyLog(ctx context.Context, c *sqliteConn) error {
	for range compactTries {
		busy, err := one(ctx, c, func(r rows) (busy int64, err error) {
			var log, moved int64
			err = r.Scan(&busy, &log, &moved)
			return busy, err
		}, `PRAGMA wal_checkpoint(TRUNCATE)`)
		if err != nil {
			return err
		}
		if busy == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return errors.New("the write-ahead log is being read without end: try again")
}

// compact leaves it to autovacuum, which reuses the room of dead rows.
func (db *postgresDB) compact(context.Context) error { return nil }
