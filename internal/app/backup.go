package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"arauto"
	"arauto/internal/archive"
	"arauto/internal/store"
)

// backupManifest is what a backup says of itself.
type backupManifest struct {
	Format  int         `json:"format"`
	Arauto  string      `json:"arauto"` // the version that wrote it
	TakenAt time.Time   `json:"taken_at"`
	Key     bool        `json:"key"` // whether what opens the sealed secrets is in it
	Image   store.Image `json:"database"`
}

const backupFormat = 1

// Pieces of a backup, by the beginning of their names.
const (
	databasePieces = "database/"
	filePieces     = "files/"
	keyPiece       = "key"
)

// BackupRequest is what `arauto backup` asks for.
type BackupRequest struct {
	Out     string // the file to write; "" = a name with the moment, in the working directory
	WithKey bool   // put the key that opens the sealed secrets into it
}

// Backup writes everything a node keeps into one file, while a server may be running: the database as it
// is at one moment, then the uploads. It takes no lock.
func Backup(ctx context.Context, c Config, r BackupRequest, out io.Writer) (err error) {
	now := clock()
	if r.Out == "" {
		r.Out = now.Format("arauto-20060102-150405.tar.gz")
	}
	if _, err := os.Stat(r.Out); err == nil {
		return arauto.Errorf(arauto.KindConflict, "out", "%s is there already: name another file", r.Out)
	}
	draft := r.Out + ".unfinished"
	f, err := os.OpenFile(draft, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make the backup's file: %w", err)
	}
	b := &backup{data: &dataDir{path: c.Data}, config: c, request: r, at: now, to: f}
	err = b.write(ctx)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(draft))
	}
	if err := os.Rename(draft, r.Out); err != nil {
		return err
	}
	return b.tell(out)
}

// backup is one call of Backup.
type backup struct {
	data    *dataDir
	config  Config
	request BackupRequest
	at      time.Time
	to      io.Writer
	archive *archive.Writer
	files   int
}

func (b *backup) write(ctx context.Context) error {
	scratch := filepath.Dir(b.request.Out)
	if err := store.Backup(ctx, b.data.database(b.config), scratch, b); err != nil {
		return err
	}
	if err := b.addFiles(ctx); err != nil {
		return err
	}
	if b.request.WithKey {
		if err := b.addKey(); err != nil {
			return err
		}
	}
	return b.archive.Close()
}

// Begin is store.Keeper's.
func (b *backup) Begin(image store.Image) (err error) {
	b.archive, err = archive.New(b.to, backupManifest{
		Format: backupFormat, Arauto: b.config.Version, TakenAt: b.at, Key: b.request.WithKey, Image: image,
	}, b.at)
	return err
}

// Add is store.Keeper's.
func (b *backup) Add(name string, size int64, body io.Reader) error {
	return b.archive.Add(databasePieces+name, size, body)
}

// addFiles comes after the database, so that whatever the database names is there, unless it was removed
// meanwhile because nobody needs it any more.
func (b *backup) addFiles(ctx context.Context) error {
	root := os.DirFS(b.data.file("files"))
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && name != ".":
			return fs.SkipDir // what is half-written
		case d.IsDir():
			return ctx.Err()
		}
		return b.addFile(root, name)
	})
	return err
}

func (b *backup) addFile(root fs.FS, name string) error {
	f, err := root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return err
	}
	b.files++
	return b.archive.Add(filePieces+name, info.Size(), f)
}

func (b *backup) addKey() error {
	text := b.config.Key
	if text == "" {
		path := b.config.KeyFile
		if path == "" {
			path = b.data.file("key")
		}
		read, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read the key: %w", err)
		}
		text = string(read)
	}
	return b.archive.Add(keyPiece, int64(len(text)), strings.NewReader(text))
}

func (b *backup) tell(out io.Writer) error {
	info, err := os.Stat(b.request.Out)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: the database as of %s and %d files, %d bytes.\n", b.request.Out, b.at.Format(time.RFC3339), b.files, info.Size())
	if b.request.WithKey {
		fmt.Fprintln(out, "THE KEY IS IN IT: whoever has this file can send in your name. Keep it where you keep secrets.")
		return nil
	}
	fmt.Fprintln(out, "THE KEY IS NOT IN IT: without the key (ARAUTO_KEY, or the file key in the data directory) the tokens and secrets in this backup can never be read again. Keep the key elsewhere.")
	return nil
}
