package store

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"arauto"
)

// A Restore puts an image's pieces back into a database. It is all there after Commit, and not at all
// before; the new life begins when the database is opened next.
type Restore struct {
	image Image
	into  interface {
		add(ctx context.Context, name string, body io.Reader) error
		commit(ctx context.Context, x restore) error
		abort(ctx context.Context) error
	}
}

const insertRestore = `INSERT INTO restore (epoch, former, taken_at, restored_at, begun_at) VALUES ($1, $2, $3, $4, 0)`

// NewRestore begins to restore an image into the database at address, which must be of the image's engine
// and empty; force makes room: a SQLite file is set aside under another name, PostgreSQL's tables are
// emptied. An image of a newer program is refused.
func NewRestore(ctx context.Context, address string, image Image, force bool, now time.Time) (*Restore, error) {
	newest, err := newestMigration()
	if err != nil {
		return nil, err
	}
	if image.Migration > newest {
		return nil, arauto.Errorf(arauto.KindConflict, "", "the backup is of a newer Arauto (migration %d, this one knows %d): restore it with that version or a later one", image.Migration, newest)
	}
	r := &Restore{image: image}
	switch {
	case image.Engine == EngineSQLite && !IsPostgres(address):
		r.into, err = restoreSQLite(address, force, now)
	case image.Engine == EnginePostgres && IsPostgres(address):
		r.into, err = restorePostgres(ctx, address, image, force)
	default:
		err = arauto.Errorf(arauto.KindConflict, "database", "the backup is of %s: a backup is restored into the engine that it was taken from", image.Engine)
	}
	if err != nil {
		return nil, doing("restore the database", err)
	}
	return r, nil
}

// Add puts one piece back; pieces come in the order in which the backup gave them.
func (r *Restore) Add(ctx context.Context, name string, body io.Reader) error {
	return doing("restore the database", r.into.add(ctx, name, body))
}

// Commit makes the restored database the one at address. takenAt is the moment of the backup.
func (r *Restore) Commit(ctx context.Context, takenAt, now time.Time) error {
	x := restore{epoch: newEpoch(r.image.Epoch, now), former: r.image.Epoch, takenAt: takenAt, restoredAt: now}
	return doing("restore the database", r.into.commit(ctx, x))
}

// Abort leaves the database at address as it was.
func (r *Restore) Abort(ctx context.Context) error { return r.into.abort(ctx) }

// sqliteRestore writes a file beside the database's place.
type sqliteRestore struct {
	path, draft string
	aside       string // where what stands there goes
}

func restoreSQLite(path string, force bool, now time.Time) (*sqliteRestore, error) {
	r := &sqliteRestore{path: path, draft: path + ".restoring", aside: path + now.Format(".before-20060102-150405")}
	if _, err := os.Stat(path); err == nil && !force {
		return nil, arauto.Errorf(arauto.KindConflict, "data", "there is a database at %s already: choose an empty directory with --data, or set it aside with --force", path)
	}
	return r, r.abort(context.Background())
}

func (r *sqliteRestore) add(ctx context.Context, name string, body io.Reader) error {
	if name != sqlitePiece {
		return arauto.Errorf(arauto.KindInvalid, "", "the backup holds %q, which is no part of a SQLite database", name)
	}
	f, err := os.OpenFile(r.draft, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, body)
	return errors.Join(err, f.Sync(), f.Close(), ctx.Err())
}

func (r *sqliteRestore) commit(ctx context.Context, x restore) error {
	if err := r.mark(ctx, x); err != nil {
		return err
	}
	// The log first: beside another file it would be taken for that one's.
	for _, part := range []string{"-wal", "-shm", ""} {
		if err := os.Rename(r.path+part, r.aside+part); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.Rename(r.draft, r.path)
}

// mark writes into the draft that it is a restore. Without a log: the draft is one file.
func (r *sqliteRestore) mark(ctx context.Context, x restore) error {
	conn, err := sql.Open("sqlite", r.draft)
	if err != nil {
		return err
	}
	conn.SetMaxOpenConns(1)
	_, err = conn.ExecContext(ctx, `PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL`)
	if err == nil {
		_, err = conn.ExecContext(ctx, insertRestore, x.epoch, x.former, ms(x.takenAt), ms(x.restoredAt))
	}
	return errors.Join(err, conn.Close())
}

func (r *sqliteRestore) abort(context.Context) error {
	for _, part := range []string{"", "-journal", "-wal", "-shm"} {
		if err := os.Remove(r.draft + part); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
