package main

import (
	"context"

	"arauto/internal/app"
)

type backupCmd struct {
	databaseFlags
	Out     string `short:"o" placeholder:"FILE" help:"The file to write; default: arauto-TIME.tar.gz here. Its directory needs room for a copy of the database."`
	WithKey bool   `help:"Put the key into it: whoever has the file can then send in your name."`
}

func (k backupCmd) Run(ctx context.Context, s *screen) error {
	return app.Backup(ctx, k.config(), app.BackupRequest{Out: k.Out, WithKey: k.WithKey}, s.Out)
}

type restoreCmd struct {
	databaseFlags
	Backup string `arg:"" placeholder:"FILE" help:"What arauto backup wrote."`
	Force  bool   `help:"Where a database stands, set it aside (SQLite) or empty it (PostgreSQL)."`
}

func (k restoreCmd) Run(ctx context.Context, s *screen) error {
	return app.Restore(ctx, k.config(), app.RestoreRequest{From: k.Backup, Force: k.Force}, s.Out)
}
