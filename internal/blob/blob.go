// Package blob keeps files: uploads and what is made of them. Today they live in a directory; a bucket fits
// behind the same few methods.
//
// It may not know what is in a file, nor who may read it: keys are made by us, and begin with the account.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"runtime"
	"syscall"
	"time"

	"arauto"
)

// Dir is a directory of files, readable by its owner alone. It is safe for concurrent use; one key is written
// by one caller at a time.
type Dir struct {
	root *os.Root
}

const (
	dirMode  = 0o700
	fileMode = 0o600
	maxKey   = 300
)

// New uses the directory at name, which is made when it is not there. Close it at the end.
func New(name string) (*Dir, error) {
	if err := os.MkdirAll(name, dirMode); err != nil {
		return nil, fmt.Errorf("make the directory for files: %w", err)
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("open the directory for files: %w", err)
	}
	d := &Dir{root: root}
	if err := root.MkdirAll(unfinished, dirMode); err != nil {
		return nil, errors.Join(d.explain("make the directory for files", err), root.Close())
	}
	if err := d.sweep(); err != nil {
		return nil, errors.Join(fmt.Errorf("remove unfinished files: %w", err), root.Close())
	}
	return d, nil
}

// Close lets go of the directory. Files that are open stay readable.
func (d *Dir) Close() error { return d.root.Close() }

// Put stores everything body gives under key, in place of what was there, and returns its length in bytes. The
// file is on the disk when Put returns, and nothing of it can be seen before: an error of body, or the end of
// ctx, keeps what was there. The error wraps body's own.
func (d *Dir) Put(ctx context.Context, key string, body io.Reader) (size int64, err error) {
	if err := check(key); err != nil {
		return 0, err
	}
	f, draft, err := d.draft(os.O_WRONLY)
	if err != nil {
		return 0, d.explain("store a file", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.root.Remove(draft))
		}
	}()
	size, err = io.Copy(f, &interruptible{ctx, body})
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return 0, d.explain("store a file", err)
	}
	if err := d.root.MkdirAll(path.Dir(key), dirMode); err != nil {
		return 0, d.explain("store a file", err)
	}
	if err := d.root.Rename(draft, key); err != nil {
		return 0, d.explain("store a file", err)
	}
	return size, d.syncNames(key)
}

// Scratch is a file for the caller alone, which has no key and is gone once it is closed, or with the program.
func (d *Dir) Scratch() (*os.File, error) {
	f, name, err := d.draft(os.O_RDWR)
	if err != nil {
		return nil, d.explain("make a file for the meantime", err)
	}
	if err := d.root.Remove(name); err != nil && runtime.GOOS != "windows" { // which does not let go of open files: see sweep
		return nil, errors.Join(d.explain("make a file for the meantime", err), f.Close())
	}
	return f, nil
}

// Append makes the file under key end with data, which begins at that offset: what stood there or behind is
// cut off first. So a writer that remembers how much it had written can go on after a crash, and may repeat
// itself. An offset of 0 makes the file; one past its end is an error. What was appended is on the disk.
func (d *Dir) Append(ctx context.Context, key string, at int64, data []byte) error {
	if err := check(key); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	flags := os.O_WRONLY
	if at == 0 {
		flags |= os.O_CREATE
		if err := d.root.MkdirAll(path.Dir(key), dirMode); err != nil {
			return d.explain("append to a file", err)
		}
	}
	f, err := d.root.OpenFile(key, flags, fileMode)
	if err != nil {
		return d.explain("append to "+key, err)
	}
	if err := errors.Join(appendAt(f, key, at, data), f.Close()); err != nil {
		return d.explain("append to a file", err)
	}
	if at == 0 {
		return d.syncNames(key)
	}
	return nil
}

func appendAt(f *os.File, key string, at int64, data []byte) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() < at {
		return fmt.Errorf("%s has %d bytes and should have %d or more: part of it was lost", key, info.Size(), at)
	}
	if err := f.Truncate(at); err != nil {
		return err
	}
	if _, err := f.WriteAt(data, at); err != nil {
		return err
	}
	return f.Sync()
}

// Open reads the file under key as it is now; not found when there is none. The caller closes it.
func (d *Dir) Open(_ context.Context, key string) (io.ReadSeekCloser, error) {
	if err := check(key); err != nil {
		return nil, err
	}
	f, err := d.root.Open(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, arauto.Errorf(arauto.KindNotFound, "", "there is no file %s: it was removed, or never written", key)
	}
	if err != nil {
		return nil, d.explain("open a file", err)
	}
	return f, nil
}

// Remove takes the file under key away. Removing what is not there is no error.
func (d *Dir) Remove(_ context.Context, key string) error {
	if err := check(key); err != nil {
		return err
	}
	if err := d.root.Remove(key); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return d.explain("remove a file", err)
	}
	return nil
}

// List is every key below a folder, such as an account's number, in their order; none when there is no such folder.
func (d *Dir) List(ctx context.Context, folder string) (keys []string, err error) {
	if !keyShape.MatchString(folder + "/x") {
		return nil, check(folder)
	}
	err = fs.WalkDir(d.root.FS(), folder, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // removed meanwhile
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case !entry.IsDir():
			keys = append(keys, name)
		}
		return nil
	})
	return keys, err
}

// Older is every key below a folder whose file was last written before that moment.
func (d *Dir) Older(ctx context.Context, folder string, before time.Time) (keys []string, err error) {
	all, err := d.List(ctx, folder)
	for _, key := range all {
		info, err := fs.Stat(d.root.FS(), key)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, d.explain("look at a file", err)
		}
		if info.ModTime().Before(before) {
			keys = append(keys, key)
		}
	}
	return keys, err
}

// syncNames makes a new name in key's directory, and that directory's own, outlast a power cut.
func (d *Dir) syncNames(key string) error {
	if runtime.GOOS == "windows" { // directories cannot be synced there
		return nil
	}
	for name := path.Dir(key); ; name = path.Dir(name) {
		dir, err := d.root.Open(name)
		if err != nil {
			return d.explain("store a file", err)
		}
		if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
			return d.explain("store a file", err)
		}
		if name == "." {
			return nil
		}
	}
}

// explain says what was being done, and names the remedy when there is no room left.
func (d *Dir) explain(doing string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%s: the disk that holds %s is full: make room on it and try again: %w", doing, d.root.Name(), err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// keyShape is account/kind/name.ext and its like: two parts or more, none of which begins with a dot.
var keyShape = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*(\.[a-z0-9]+)*)+$`)

func check(key string) error {
	if len(key) > maxKey || !keyShape.MatchString(key) {
		return arauto.Errorf(arauto.KindInvalid, "key", "%.80q cannot name a file: use account/kind/name.ext in lower-case letters, digits, - and _", key)
	}
	return nil
}

// interruptible ends a long copy when nobody waits for it any more.
type interruptible struct {
	ctx context.Context // of the one Put that made it
	r   io.Reader
}

func (i *interruptible) Read(p []byte) (int, error) {
	if err := context.Cause(i.ctx); err != nil {
		return 0, err
	}
	return i.r.Read(p)
}
