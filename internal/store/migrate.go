package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// migrate brings the tables up to date. Migrations are numbered and go forward only.
func migrate(ctx context.Context, dialect goose.Dialect, conn *sql.DB) error {
	return migrateTo(ctx, dialect, conn, goose.MaxVersion)
}

// migrateTo goes no further than to that migration.
func migrateTo(ctx context.Context, dialect goose.Dialect, conn *sql.DB, last int64) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	if dialect == goose.DialectSQLite3 {
		dir = clustered{dir}
	}
	provider, err := goose.NewProvider(dialect, conn, dir, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := provider.UpTo(ctx, last); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// clustered reads migrations for SQLite: a table that is marked as clustered keeps its rows in the tree
// of its key, which saves a second tree where rows are short.
type clustered struct{ fs.FS }

func (c clustered) Open(name string) (fs.File, error) {
	text, err := fs.ReadFile(c.FS, name)
	if err != nil {
		return c.FS.Open(name) // a directory
	}
	f, err := c.FS.Open(name)
	if err != nil {
		return nil, err
	}
	text = bytes.ReplaceAll(text, []byte("/* CLUSTERED */"), []byte("WITHOUT ROWID"))
	return clusteredFile{f, bytes.NewReader(text)}, nil
}

type clusteredFile struct {
	fs.File
	text *bytes.Reader
}

func (f clusteredFile) Read(p []byte) (int, error) { return f.text.Read(p) }
