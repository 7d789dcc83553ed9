package store

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Once the log could not be synced nobody is told that a write is kept, whatever the disk says later.
func TestSyncLoop_Broken(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs a file that cannot be synced")
	}
	db := &sqliteDB{path: filepath.Join(t.TempDir(), "arauto.db"), written: make(chan sqliteGroup), stopped: make(chan struct{})}
	go db.syncLoop()
	write := func(errs ...error) (told []error) {
		g := sqliteGroup{errs: errs}
		for range errs {
			g.jobs = append(g.jobs, &sqliteWrite{done: make(chan error, 1)})
		}
		db.written <- g
		for _, job := range g.jobs {
			told = append(told, <-job.done)
		}
		return told
	}
	if told := write(nil); told[0] != nil {
		t.Errorf("before there is a log: %v", told)
	}
	log := db.path + "-wal"
	if err := os.Symlink("/dev/null", log); err != nil {
		t.Fatal(err)
	}
	own := errors.New("its own")
	if told := write(nil, own); told[0] == nil || !errors.Is(told[1], own) {
		t.Errorf("told %v", told)
	}
	if err := errors.Join(os.Remove(log), os.WriteFile(log, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if told := write(nil); told[0] == nil {
		t.Error("a write is said to be kept, though one that it may be built on is not")
	}
	close(db.written)
	<-db.stopped
}
