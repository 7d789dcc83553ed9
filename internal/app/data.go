package app

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"arauto"
	"arauto/internal/seal"
)

// dataDir is the directory that a node keeps what is its own in: the SQLite file, the key, its name,
// uploads. One process at a time may use it.
type dataDir struct {
	path string
	lock *os.File
}

func openData(path string) (*dataDir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	lock, err := lockFile(filepath.Join(path, "lock"))
	if err != nil {
		return nil, arauto.Errorf(arauto.KindConflict, "data", "another Arauto is using %s: stop it, or choose another directory with --data (%v)", path, err)
	}
	return &dataDir{path: path, lock: lock}, nil
}

// close lets go of the directory.
func (d *dataDir) close() error { return d.lock.Close() }

func (d *dataDir) file(name string) string { return filepath.Join(d.path, name) }

// emptyTemp makes the directory for what is spooled anew: what a crash left there is nobody's.
func (d *dataDir) emptyTemp() error {
	if err := os.RemoveAll(d.file("tmp")); err != nil {
		return fmt.Errorf("empty the directory for temporary files: %w", err)
	}
	return os.MkdirAll(d.file("tmp"), 0o700)
}

// database is the address of the database: c's own, or the file in the directory.
func (d *dataDir) database(c Config) string {
	if c.Database != "" {
		return c.Database
	}
	return d.file("arauto.db")
}

// keys are what secrets are sealed with.
func (d *dataDir) keys(c Config) (*seal.Keys, error) {
	if c.Key != "" {
		return seal.Parse(c.Key)
	}
	if c.KeyFile != "" {
		if _, err := os.Stat(c.KeyFile); err != nil {
			return nil, fmt.Errorf("read the key file: %w", err)
		}
		return seal.File(c.KeyFile)
	}
	return seal.File(d.file("key"))
}

// node is this node's name, drawn once: after a restart it takes its own lines back at once.
func (d *dataDir) node() (string, error) {
	text, err := os.ReadFile(d.file("node"))
	if err == nil && len(strings.TrimSpace(string(text))) > 0 {
		return strings.TrimSpace(string(text)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the node's name: %w", err)
	}
	var b [8]byte
	rand.Read(b[:])
	name := hex.EncodeToString(b[:])
	return name, writePrivate(d.file("node"), name+"\n")
}

// writePrivate writes a file that only its owner may read, all of it or nothing.
func writePrivate(path, text string) error {
	temp := path + ".new"
	if err := os.WriteFile(temp, []byte(text), 0o600); err != nil {
		return err
	}
	if err := os.Chmod(temp, 0o600); err != nil {
		return err
	}
	return os.Rename(temp, path)
}
