package store

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"

	"arauto"
)

// An Image says what a backup of a database is: everything a restore must know before the first byte.
type Image struct {
	Engine    string  `json:"engine"`    // sqlite or postgres
	Epoch     int64   `json:"epoch"`     // of the life it was taken of
	Migration int64   `json:"migration"` // the last that its tables had
	Tables    []Table `json:"tables,omitempty"`
}

// A Table is one that an Image holds as rows, and its columns in the rows' order. SQLite's is a file.
type Table struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
}

// Engines of an Image.
const (
	EngineSQLite   = "sqlite"
	EnginePostgres = "postgres"
)

// Keeper takes a backup's pieces, in order: Begin first, once.
type Keeper interface {
	Begin(Image) error
	Add(name string, size int64, body io.Reader) error
}

// Backup hands keeper everything that the database at address holds, as it is at one moment. It needs no
// lock and stops nobody: a server may go on writing. On SQLite it makes a copy in scratch, a directory
// with room for the whole database, and removes it again.
func Backup(ctx context.Context, address, scratch string, keeper Keeper) error {
	if IsPostgres(address) {
		return doing("back up the database", backupPostgres(ctx, address, keeper))
	}
	return doing("back up the database", backupSQLite(ctx, address, scratch, keeper))
}

// sqlitePiece is the name of the one piece of a SQLite image.
const sqlitePiece = "arauto.db"

func backupSQLite(ctx context.Context, path, scratch string, keeper Keeper) error {
	if _, err := os.Stat(path); err != nil {
		return arauto.Errorf(arauto.KindNotFound, "data", "there is no database at %s: name the data directory with --data", path)
	}
	copied := filepath.Join(scratch, ".arauto-backup.db")
	if err := os.Remove(copied); err != nil && !os.IsNotExist(err) {
		return err
	}
	defer func() { _ = os.Remove(copied) }() // the next backup removes what is left
	if err := copySQLite(ctx, path, copied); err != nil {
		return err
	}
	image, err := imageOfSQLite(ctx, copied)
	if err != nil {
		return err
	}
	if err := keeper.Begin(image); err != nil {
		return err
	}
	f, err := os.Open(copied)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return keeper.Add(sqlitePiece, info.Size(), f)
}

// copySQLite writes the database as one reader sees it into a new file. In WAL mode readers and the
// writer are in nobody's way; only what is written meanwhile stays in the log until the copy is done.
func copySQLite(ctx context.Context, from, to string) error {
	conn, err := sql.Open("sqlite", from)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetMaxOpenConns(1)
	// The copy is rows and indexes once more: a page cache makes it no faster.
	if _, err := conn.ExecContext(ctx, `PRAGMA busy_timeout=10000; PRAGMA cache_size=-8192`); err != nil {
		return err
	}
	if f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil {
		return err
	} else if err := f.Close(); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, `VACUUM INTO $1`, to)
	return err
}

func imageOfSQLite(ctx context.Context, path string) (Image, error) {
	image := Image{Engine: EngineSQLite}
	conn, err := sql.Open("sqlite", path)
	if err != nil {
		return image, err
	}
	defer conn.Close()
	image.Epoch, image.Migration, err = standing(func(sql string) (n int64, err error) {
		return n, conn.QueryRowContext(ctx, sql).Scan(&n)
	})
	return image, err
}

// standing is whose life it is, and how far the tables have come.
func standing(ask func(sql string) (int64, error)) (epoch, migration int64, err error) {
	if epoch, err = ask(`SELECT epoch FROM deployment WHERE id = 1`); err != nil {
		return 0, 0, fmt.Errorf("this is no database of Arauto's: %w", err)
	}
	migration, err = ask(`SELECT MAX(version_id) FROM goose_db_version WHERE is_applied`)
	return epoch, migration, err
}

// newestMigration is the last that this program knows.
func newestMigration() (newest int64, err error) {
	list, err := fs.Glob(migrations, "migrations/*.sql")
	for _, name := range list {
		n, err := goose.NumericComponent(name)
		if err != nil {
			return 0, err
		}
		newest = max(newest, n)
	}
	return newest, err
}
