package api

import (
	"slices"
	"testing"

	"arauto"
)

// FuzzCursor: a cursor is read as what was written into it, whatever else somebody sends is refused as theirs,
// and nothing is read in two ways.
func FuzzCursor(f *testing.F) {
	f.Add("", int64(0), int64(0))
	f.Add(writeCursor(7), int64(1), int64(1<<53))
	f.Add(writeCursor(7, 8), int64(-1), int64(1))
	f.Add("Ny4", int64(3), int64(3))
	f.Fuzz(func(t *testing.T, sent string, a, b int64) {
		for n := 1; n <= 2; n++ {
			keys, err := readCursor(sent, n)
			switch {
			case err != nil && arauto.KindOf(err) != arauto.KindInvalid:
				t.Fatalf("%q: %v", sent, err)
			case err != nil && keys != nil:
				t.Fatalf("%q: both %v and %v", sent, keys, err)
			case keys != nil && len(keys) != n:
				t.Fatalf("%q: %d keys instead of %d", sent, len(keys), n)
			}
			if again, err := readCursor(writeCursor(keys...), n); keys != nil && (err != nil || !slices.Equal(again, keys)) {
				t.Fatalf("%q reads as %v, which reads as %v (%v)", sent, keys, again, err)
			}
		}
		if a > 0 && b > 0 {
			if keys, err := readCursor(writeCursor(a, b), 2); err != nil || !slices.Equal(keys, []int64{a, b}) {
				t.Fatalf("%d and %d come back as %v, %v", a, b, keys, err)
			}
		}
	})
}
