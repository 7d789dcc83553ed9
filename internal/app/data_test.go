package app

import (
	"os"
	"path/filepath"
	"testing"
)

// TestEmptyTemp: what an upload had spooled when its node was killed is gone with the next start.
func TestEmptyTemp(t *testing.T) {
	path := t.TempDir()
	for range 2 {
		d, err := openData(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.emptyTemp(); err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(filepath.Join(path, "tmp")); err != nil || len(left) > 0 {
			t.Fatalf("%d files are left (%v)", len(left), err)
		}
		if err := os.WriteFile(filepath.Join(path, "tmp", "subscribers-1.csv"), []byte("Maria;+5511987654321"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := d.close(); err != nil {
			t.Fatal(err)
		}
	}
}
