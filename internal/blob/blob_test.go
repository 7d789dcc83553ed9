package blob_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"arauto"
	"arauto/internal/blob"

	"github.com/google/go-cmp/cmp"
)

const key = "7/uploads/0190c1.csv"

func open(t *testing.T) (*blob.Dir, string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "files")
	d, err := blob.New(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d, name
}

func put(t *testing.T, d *blob.Dir, text string) {
	t.Helper()
	size, err := d.Put(t.Context(), key, strings.NewReader(text))
	if err != nil || size != int64(len(text)) {
		t.Fatalf("put: %d bytes, %v", size, err)
	}
}

func read(t *testing.T, d *blob.Dir) string {
	t.Helper()
	f, err := d.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// files lists every file below name with its mode, and fails on a directory others can look into.
func files(t *testing.T, name string) map[string]fs.FileMode {
	t.Helper()
	found := map[string]fs.FileMode{}
	err := filepath.WalkDir(name, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if e.IsDir() {
			if info.Mode().Perm() != 0o700 {
				t.Errorf("%s has mode %v", p, info.Mode())
			}
			return nil
		}
		rel, err := filepath.Rel(name, p)
		found[filepath.ToSlash(rel)] = info.Mode().Perm()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestPut(t *testing.T) {
	d, name := open(t)
	put(t, d, "nome;fone\n")
	put(t, d, "again")
	if got := read(t, d); got != "again" {
		t.Errorf("read %q", got)
	}
	if diff := cmp.Diff(map[string]fs.FileMode{key: 0o600}, files(t, name)); diff != "" {
		t.Error(diff)
	}
}

func TestPut_BodyFails(t *testing.T) {
	broken := errors.New("the connection was reset")
	for name, before := range map[string]string{"nothing there": "", "a file there": "whole"} {
		t.Run(name, func(t *testing.T) {
			d, dir := open(t)
			want := map[string]fs.FileMode{}
			if before != "" {
				put(t, d, before)
				want[key] = 0o600
			}
			_, err := d.Put(t.Context(), key, io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)))
			if !errors.Is(err, broken) {
				t.Errorf("got %v", err)
			}
			if diff := cmp.Diff(want, files(t, dir)); diff != "" {
				t.Error(diff)
			}
			if before != "" && read(t, d) != before {
				t.Error("the file that was there has changed")
			}
		})
	}
}

func TestPut_Cancelled(t *testing.T) {
	d, name := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	endless := readFunc(func(p []byte) (int, error) { cancel(); return len(p), nil })
	if _, err := d.Put(ctx, key, endless); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got := files(t, name); len(got) > 0 {
		t.Errorf("left %v", got)
	}
}

type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func TestAppend(t *testing.T) {
	d, _ := open(t)
	steps := []struct {
		at   int64
		data string
		want string
	}{
		{0, "head\n", "head\n"},
		{5, "one\n", "head\none\n"},
		{9, "two\n", "head\none\ntwo\n"},
		{9, "2\n", "head\none\n2\n"}, // repeated after a crash, shorter than before
		{9, "", "head\none\n"},
		{0, "anew", "anew"},
	}
	for _, s := range steps {
		if err := d.Append(t.Context(), key, s.at, []byte(s.data)); err != nil {
			t.Fatal(err)
		}
		if got := read(t, d); got != s.want {
			t.Errorf("after %q at %d: %q, want %q", s.data, s.at, got, s.want)
		}
	}
	if err := d.Append(t.Context(), key, 100, []byte("x")); err == nil || read(t, d) != "anew" {
		t.Errorf("past the end: %v, and the file is %q", err, read(t, d))
	}
	if err := d.Append(t.Context(), "7/uploads/other.csv", 1, []byte("x")); err == nil {
		t.Error("appended to a file that is not there")
	}
}

func TestOpen_NotThere(t *testing.T) {
	d, _ := open(t)
	put(t, d, "x")
	for range 2 {
		if err := d.Remove(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Open(t.Context(), key); arauto.KindOf(err) != arauto.KindNotFound {
		t.Errorf("got %v", err)
	}
}

func TestKeys_Refused(t *testing.T) {
	d, name := open(t)
	secret := filepath.Join(filepath.Dir(name), "secret")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{
		"", "/", "x", "/etc/passwd", "..", "../secret", "7/../../secret", "7/..", "7/./x", "7//x", "7/x/", "7/.x", "7/x.", "7/a..b", ".unfinished/x",
		"7/Ana", "7/josé.csv", "7/a b", "7\\x", "7/x\x00", "7/x\n", "7/" + strings.Repeat("x", 300), "c:/x/y",
	} {
		_, putErr := d.Put(t.Context(), key, strings.NewReader("x"))
		_, openErr := d.Open(t.Context(), key)
		for what, err := range map[string]error{"put": putErr, "open": openErr, "append": d.Append(t.Context(), key, 0, nil), "remove": d.Remove(t.Context(), key)} {
			if arauto.KindOf(err) != arauto.KindInvalid {
				t.Errorf("%s %q: %v", what, key, err)
			}
		}
	}
	if got := files(t, name); len(got) > 0 {
		t.Errorf("left %v", got)
	}
}

func TestDiskFull(t *testing.T) {
	d, name := open(t)
	err := d.Explain("store a file", &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC})
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "the disk that holds "+name+" is full") {
		t.Errorf("got %v", err)
	}
}
