package blob

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path"
	"time"
)

// unfinished is where a file is written before it has its name. No key begins with a dot.
const unfinished = ".unfinished"

// abandoned is when a draft is nobody's any more where it cannot be told who holds it.
const abandoned = 24 * time.Hour

// draft makes a file that has no key yet. Who writes it holds it until it is closed or the process ends, however it
// ends: others tell by that whether a crash left it.
func (d *Dir) draft(flags int) (f *os.File, name string, err error) {
	for {
		name = path.Join(unfinished, rand.Text())
		if f, err = d.root.OpenFile(name, flags|os.O_CREATE|os.O_EXCL, fileMode); err != nil {
			return nil, "", err
		}
		_ = hold(f) // where files cannot be held, drafts go by their age
		if _, err = d.root.Stat(name); err == nil {
			return f, name, nil
		}
		if err = errors.Join(err, f.Close()); !errors.Is(err, fs.ErrNotExist) {
			return nil, "", err
		}
		// Somebody swept before it was held.
	}
}

// sweep removes what a crash left half-written, and nothing that another process is writing.
func (d *Dir) sweep() error {
	drafts, err := fs.ReadDir(d.root.FS(), unfinished)
	if err != nil {
		return err
	}
	for _, draft := range drafts {
		name := path.Join(unfinished, draft.Name())
		if !d.left(name) {
			continue
		}
		if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// left reports whether a draft is nobody's.
func (d *Dir) left(name string) bool {
	info, err := d.root.Stat(name)
	if err != nil {
		return false // it has its name by now
	}
	f, err := d.root.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	err = hold(f)
	return err == nil || !errors.Is(err, errHeld) && time.Since(info.ModTime()) >= abandoned
}

// errHeld is hold's when somebody else holds the file.
var errHeld = errors.New("another process is writing it")
