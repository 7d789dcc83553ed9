package store

import (
	"os"
	"syscall"
)

// datasync is f.Sync without the times of the file, which nobody reads.
func datasync(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR { //nolint:errorlint // a plain number
			return err
		}
	}
}
