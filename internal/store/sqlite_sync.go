package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// sqliteGroup is writes that were committed together, or failed, and what each of them is told.
type sqliteGroup struct {
	jobs []*sqliteWrite
	errs []error
}

// tell reports to everybody, or lost to those whose write was believed to be in.
func (g sqliteGroup) tell(lost error) {
	for i, job := range g.jobs {
		err := g.errs[i]
		if err == nil {
			err = lost
		}
		job.done <- err
	}
}

// syncLoop syncs the log behind the writer's commits and reports them. While one sync is under way the writer runs
// the next group, which is built on the first and is synced after it: what was reported is always on the disk, and
// so is all that it was built on. Others may read what is not synced yet; only a power cut can take that back.
//
// Once a sync has failed nobody knows what the disk holds: every write fails from then on, until a restart has
// read it.
func (db *sqliteDB) syncLoop() {
	defer close(db.stopped)
	var log *os.File
	var lost error
	defer func() {
		if log != nil {
			log.Close()
		}
	}()
	for group := range db.written {
		groups := []sqliteGroup{group}
		for more := true; more; {
			select {
			case group, more = <-db.written:
				if more {
					groups = append(groups, group)
				}
			default:
				more = false
			}
		}
		if lost == nil {
			log, lost = syncLog(log, db.path+"-wal")
		}
		for _, g := range groups {
			g.tell(lost)
		}
	}
}

// syncLog brings the write-ahead log to the disk; log is nil until there was one to open.
func syncLog(log *os.File, path string) (*os.File, error) {
	if log == nil {
		opened, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil // nothing was written yet
		}
		if err != nil {
			return nil, fmt.Errorf("open the log: %w", err)
		}
		log = opened
		// A file that was made just now is found after a power cut only once its directory is on the disk, too.
		if err := syncDir(filepath.Dir(path)); err != nil {
			return log, fmt.Errorf("sync the log's directory, restart: %w", err)
		}
	}
	if err := datasync(log); err != nil {
		return log, fmt.Errorf("sync the log, restart: %w", err)
	}
	return log, nil
}

func syncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil // which has no such thing
	}
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
