package server

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
)

// TestLimitBody: whatever breaks a body on its way, who reads it is told that it was cut off; one that is too large is
// told apart.
func TestLimitBody(t *testing.T) {
	chunks := errors.New("invalid byte in chunk length")
	for name, c := range map[string]struct {
		body io.Reader
		want error
		big  bool
	}{
		"whole":         {strings.NewReader("nome"), nil, false},
		"chunks":        {iotest.ErrReader(chunks), chunks, false},
		"stands still":  {iotest.ErrReader(os.ErrDeadlineExceeded), os.ErrDeadlineExceeded, false},
		"closed":        {iotest.ErrReader(io.ErrUnexpectedEOF), io.ErrUnexpectedEOF, false},
		"just so":       {strings.NewReader("nome;fone;"), nil, false},
		"one too large": {strings.NewReader("nome;fone;c"), nil, true},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", io.NopCloser(c.body))
		limitBody(w, r, 10)
		_, err := io.ReadAll(r.Body)
		_, big := errors.AsType[*http.MaxBytesError](err)
		if big != c.big || !big && !errors.Is(err, c.want) || errors.Is(err, io.ErrUnexpectedEOF) != (c.want != nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
