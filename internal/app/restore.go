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

// RestoreRequest is what `arauto restore` asks for.
type RestoreRequest struct {
	From  string // the backup
	Force bool   // make room for it where something stands
}

// Restore puts a backup into an empty data directory, or an empty PostgreSQL database and a data directory,
// and begins the new life: every campaign that was running comes up paused. Nothing of it is in its place
// until all of the backup was found to be whole.
func Restore(ctx context.Context, c Config, r RestoreRequest, out io.Writer) (err error) {
	f, err := os.Open(r.From)
	if err != nil {
		return fmt.Errorf("open the backup: %w", err)
	}
	defer f.Close()
	x := &restoring{config: c, force: r.Force, now: clock()}
	if x.data, err = openData(c.Data); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.data.close()) }()
	if err := x.read(ctx, f); err != nil {
		return errors.Join(err, os.RemoveAll(x.draft()))
	}
	if err := x.begin(ctx); err != nil {
		return err
	}
	return x.tell(out)
}

// restoring is one call of Restore.
type restoring struct {
	config   Config
	force    bool
	now      time.Time
	data     *dataDir
	manifest backupManifest
	database *store.Restore
	paused   []string
}

// draft is where files are put until all of them are there.
func (x *restoring) draft() string { return x.data.file("restoring") }

func (x *restoring) read(ctx context.Context, from io.Reader) error {
	pieces, err := archive.Open(from, &x.manifest)
	if err != nil {
		return err
	}
	if x.manifest.Format != backupFormat {
		return arauto.Errorf(arauto.KindConflict, "", "the backup was written by Arauto %s in a way that this version does not know: use that version or a later one", x.manifest.Arauto)
	}
	if err := os.RemoveAll(x.draft()); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(x.draft(), "files"), 0o700); err != nil {
		return err
	}
	if err := x.roomForFiles(); err != nil {
		return err
	}
	if x.database, err = store.NewRestore(ctx, x.data.database(x.config), x.manifest.Image, x.force, x.now); err != nil {
		return err
	}
	if err := x.readPieces(ctx, pieces); err != nil {
		return errors.Join(err, x.database.Abort(context.WithoutCancel(ctx)))
	}
	if err := x.placeFiles(); err != nil {
		return errors.Join(err, x.database.Abort(context.WithoutCancel(ctx)))
	}
	return x.database.Commit(ctx, x.manifest.TakenAt, x.now)
}

// roomForFiles is a conflict where uploads of another life lie, which the backup's would be mixed with.
func (x *restoring) roomForFiles() error {
	there, err := hasFiles(x.data.file("files"))
	if err != nil || !there || x.force {
		return err
	}
	return arauto.Errorf(arauto.KindConflict, "data", "there are files in %s already: choose an empty directory with --data, or set them aside with --force", x.data.file("files"))
}

func hasFiles(dir string) (there bool, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		there = there || err == nil && !d.IsDir()
		return err
	})
	return there, err
}

func (x *restoring) readPieces(ctx context.Context, pieces *archive.Reader) error {
	for {
		name, body, err := pieces.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = x.piece(ctx, name, body)
		}
		if err != nil {
			return err
		}
	}
}

func (x *restoring) piece(ctx context.Context, name string, body io.Reader) error {
	if part, ok := strings.CutPrefix(name, databasePieces); ok {
		return x.database.Add(ctx, part, body)
	}
	if name != keyPiece && !strings.HasPrefix(name, filePieces) || !filepath.IsLocal(name) {
		return arauto.Errorf(arauto.KindInvalid, "", "the backup holds %q, which this version does not know", name)
	}
	path := filepath.Join(x.draft(), filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, body)
	return errors.Join(err, f.Sync(), f.Close())
}

// placeFiles moves the uploads and the key to where they belong. A key that is there stays.
func (x *restoring) placeFiles() error {
	files := x.data.file("files")
	if there, err := hasFiles(files); err != nil {
		return err
	} else if there {
		if err := os.Rename(files, files+x.now.Format(".before-20060102-150405")); err != nil {
			return err
		}
	} else if err := os.RemoveAll(files); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(x.draft(), "files"), files); err != nil {
		return err
	}
	if x.manifest.Key && x.config.Key == "" && x.config.KeyFile == "" {
		if _, err := os.Stat(x.data.file("key")); errors.Is(err, fs.ErrNotExist) {
			if err := os.Rename(filepath.Join(x.draft(), keyPiece), x.data.file("key")); err != nil {
				return err
			}
		}
	}
	return os.RemoveAll(x.draft())
}

// begin opens the database, which begins the new life, and reads which campaigns it paused. Secrets stay
// closed: the key may come later.
func (x *restoring) begin(ctx context.Context) (err error) {
	s, err := store.Open(ctx, x.data.database(x.config), nil, clock())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	accounts, err := s.Accounts(ctx)
	for _, a := range accounts {
		if err != nil {
			return err
		}
		var list []arauto.Campaign
		list, err = s.Campaigns(ctx, a.ID, 0, 1000, []arauto.CampaignState{arauto.CampaignPaused})
		for _, c := range list {
			x.paused = append(x.paused, fmt.Sprintf("%s: campaign %d %q", a.Slug, c.ID, c.Name))
		}
	}
	return err
}

func (x *restoring) tell(out io.Writer) error {
	gap := arauto.Gap{From: x.manifest.TakenAt, Until: x.now}
	fmt.Fprintf(out, "Restored the backup of %s. What was sent in the %s since is not known here.\n", x.manifest.TakenAt.Format(time.RFC3339), gap.Length())
	fmt.Fprintf(out, "%d campaigns are paused; each sends nothing until somebody says: arauto campaign resume --confirm-gap CAMPAIGN\n", len(x.paused))
	for _, line := range x.paused {
		fmt.Fprintln(out, " ", line)
	}
	if x.config.Key == "" && x.config.KeyFile == "" {
		if _, err := os.Stat(x.data.file("key")); errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintf(out, "THE KEY IS MISSING: put the one of the lost server into %s (mode 0600), or into ARAUTO_KEY, before you start. A server that starts without it draws another, which opens nothing.\n", x.data.file("key"))
		}
	}
	return nil
}
