//go:build !unix

package app

import "os"

// lockFile opens path. Where there is no flock, SQLite's own locks are what keeps two servers apart.
func lockFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
}
