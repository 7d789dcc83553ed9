//go:build unix

package blob

import (
	"errors"
	"os"
	"syscall"
)

// hold takes a file for whoever opened it, until it is closed. The error is errHeld when somebody else has it; others
// come from file systems that know no locks.
func hold(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errHeld
	}
	return err
}
