package seal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"arauto/internal/seal"
)

const (
	oldKey = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	newKey = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
)

func TestSeal(t *testing.T) {
	keys := parse(t, oldKey)
	sealed, err := keys.Seal([]byte("segredo"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("segredo")) {
		t.Fatal("the secret is readable in what was sealed")
	}

	t.Run("opens", func(t *testing.T) {
		if plain, err := keys.Open(sealed); err != nil || string(plain) != "segredo" {
			t.Fatalf("Open = %q, %v", plain, err)
		}
	})
	t.Run("twice differs", func(t *testing.T) {
		if again, _ := keys.Seal([]byte("segredo")); bytes.Equal(again, sealed) {
			t.Fatal("sealing twice gave the same bytes")
		}
	})
	t.Run("rotation", func(t *testing.T) {
		if plain, err := parse(t, newKey+","+oldKey).Open(sealed); err != nil || string(plain) != "segredo" {
			t.Fatalf("Open with the old key behind the new one = %q, %v", plain, err)
		}
	})
	t.Run("error/other key", func(t *testing.T) {
		if _, err := parse(t, newKey).Open(sealed); err == nil {
			t.Fatal("another key opened it")
		}
	})
	t.Run("error/every flipped byte", func(t *testing.T) {
		for i := range sealed {
			damaged := bytes.Clone(sealed)
			damaged[i] ^= 1
			if _, err := keys.Open(damaged); err == nil {
				t.Fatalf("byte %d was changed and it still opened", i)
			}
		}
	})
	t.Run("nothing", func(t *testing.T) {
		empty, _ := keys.Seal(nil)
		if plain, err := keys.Open(empty); err != nil || len(plain) != 0 {
			t.Fatalf("Open of nothing = %q, %v", plain, err)
		}
	})
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "key")
	first, err := seal.File(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("key file mode = %v, %v; want 0600", info.Mode(), err)
	}
	sealed, _ := first.Seal([]byte("x"))
	second, err := seal.File(path)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := second.Open(sealed); err != nil || string(plain) != "x" {
		t.Fatalf("the file read again opens %q, %v", plain, err)
	}
	if _, err := seal.Parse("short"); err == nil {
		t.Fatal("a short key was taken")
	}
}

func parse(t *testing.T, text string) *seal.Keys {
	t.Helper()
	keys, err := seal.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}
