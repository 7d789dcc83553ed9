package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"strings"

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
	provider, err := goose.NewProvider(dialect, conn, dialectFS{dir, dialect == goose.DialectSQLite3}, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := provider.UpTo(ctx, last); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// dialectFS reads migrations as one engine takes them. For SQLite, a table that is marked as clustered keeps its rows in
// the tree of its key, which saves a second tree where rows are short. What stands behind a line "-- only postgres" or
// "-- only sqlite", up to the next such line or "-- both", is for that engine alone.
type dialectFS struct {
	fs.FS
	sqlite bool
}

func (d dialectFS) Open(name string) (fs.File, error) {
	text, err := fs.ReadFile(d.FS, name)
	if err != nil {
		return d.FS.Open(name) // a directory
	}
	f, err := d.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return dialectFile{f, bytes.NewReader(d.translate(text))}, nil
}

func (d dialectFS) translate(text []byte) []byte {
	other := "-- only sqlite"
	if d.sqlite {
		text = bytes.ReplaceAll(text, []byte("/* CLUSTERED */"), []byte("WITHOUT ROWID"))
		other = "-- only postgres"
	}
	var kept []byte
	skip := false
	for line := range bytes.Lines(text) {
		switch mark := string(bytes.TrimSpace(line)); {
		case mark == other:
			skip = true
		case strings.HasPrefix(mark, "-- only ") || mark == "-- both":
			skip = false
		}
		if !skip {
			kept = append(kept, line...)
		}
	}
	return kept
}

type dialectFile struct {
	fs.File
	text *bytes.Reader
}

func (f dialectFile) Read(p []byte) (int, error) { return f.text.Read(p) }
