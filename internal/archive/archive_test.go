package archive_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"arauto"
	"arauto/internal/archive"
)

type manifest struct{ Name string }

func written(t testing.TB, pieces map[string]string, order []string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := archive.New(&b, manifest{"one"}, time.Unix(1, 0))
	for _, name := range order {
		err = errors.Join(err, w.Add(name, int64(len(pieces[name])), strings.NewReader(pieces[name])))
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read returns the pieces, and the error that ended the reading.
func read(text []byte) (m manifest, pieces map[string]string, err error) {
	r, err := archive.Open(bytes.NewReader(text), &m)
	if err != nil {
		return m, nil, err
	}
	pieces = map[string]string{}
	for {
		name, body, err := r.Next()
		if err != nil {
			return m, pieces, err
		}
		text, err := io.ReadAll(body)
		if err != nil {
			return m, pieces, err
		}
		pieces[name] = string(text)
	}
}

func TestArchive(t *testing.T) {
	pieces := map[string]string{"a/1": strings.Repeat("linha\n", 50_000), "b": "", "c.db": "\x00\xff"}
	text := written(t, pieces, []string{"a/1", "b", "c.db"})

	t.Run("what was written is read", func(t *testing.T) {
		m, got, err := read(text)
		if !errors.Is(err, io.EOF) || m.Name != "one" || len(got) != len(pieces) {
			t.Fatalf("%v, %v, %d pieces", m, err, len(got))
		}
		for name, want := range pieces {
			if got[name] != want {
				t.Errorf("%s: %d bytes, want %d", name, len(got[name]), len(want))
			}
		}
	})
	t.Run("nothing that was cut short is whole", func(t *testing.T) {
		for cut := range text {
			if _, _, err := read(text[:cut]); errors.Is(err, io.EOF) || err == nil {
				t.Fatalf("cut after %d of %d bytes: %v", cut, len(text), err)
			}
		}
	})
	t.Run("a flipped bit is found", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			changed := bytes.Clone(text)
			at := rapid.IntRange(10, len(text)-1).Draw(t, "at") // before stands what gzip does not guard
			changed[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			_, got, err := read(changed)
			if errors.Is(err, io.EOF) && got["a/1"]+got["c.db"] != pieces["a/1"]+pieces["c.db"] {
				t.Fatalf("byte %d of %d was changed and nobody saw it", at, len(text))
			}
		})
	})
	t.Run("other files are refused in words", func(t *testing.T) {
		_, _, err := read([]byte("name,phone\n"))
		if arauto.KindOf(err) != arauto.KindInvalid || !strings.Contains(err.Error(), "no backup") {
			t.Errorf("%v", err)
		}
	})
}

// FuzzArchive: whatever the file is, reading ends, and with the error of the file unless it is whole.
func FuzzArchive(f *testing.F) {
	f.Add(written(f, nil, nil))
	f.Add(written(f, map[string]string{"a": "b"}, []string{"a"}))
	f.Fuzz(func(t *testing.T, file []byte) {
		if _, _, err := read(file); !errors.Is(err, io.EOF) && arauto.KindOf(err) != arauto.KindInvalid {
			t.Fatalf("the file is to blame, yet %v", err)
		}
	})
}
