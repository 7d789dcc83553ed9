package wire_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"arauto/internal/compat/wire"
)

// TestAppendString: whatever the text, it is JSON that says the same, and nothing is escaped for a browser's sake.
func TestAppendString(t *testing.T) {
	if got := string(wire.AppendString([]byte("x"), "São <b> & \"d'Ávila\"\n")); got != `x"São <b> & \"d'Ávila\"\n"` {
		t.Error(got)
	}
	if got := string(wire.AppendText(nil, "")) + string(wire.AppendText(nil, "a")); got != `null"a"` {
		t.Error(got)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) })).Draw(t, "text")
		var back string
		if err := json.Unmarshal(wire.AppendString(nil, text), &back); err != nil || back != strings.ToValidUTF8(text, "\ufffd") && back != string([]rune(text)) {
			t.Fatalf("%q became %q (%v)", text, back, err)
		}
	})
}

func TestRemembered(t *testing.T) {
	whole := &wire.Remembered{Reader: strings.NewReader("abc")}
	if _, err := io.Copy(io.Discard, whole); err != nil || whole.Err != nil {
		t.Error(err, whole.Err)
	}
	gone := errors.New("the line is dead")
	broken := &wire.Remembered{Reader: io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(gone))}
	if _, err := io.Copy(io.Discard, broken); !errors.Is(err, gone) || !errors.Is(broken.Err, gone) {
		t.Error(err, broken.Err)
	}
}
