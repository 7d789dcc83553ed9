package ccai

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	requestMark  = "-- request --\n"
	responseMark = "-- response --\n"
)

// TestGoldens sends each request in testdata to a fresh world and compares the whole response with what is kept there.
func TestGoldens(t *testing.T) {
	for _, name := range goldens(t) {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".http"), func(t *testing.T) {
			request, want := readGolden(t, name)
			got := exchange(t, given().serve(t), request)
			if *update {
				if err := os.WriteFile(name, []byte(requestMark+request+responseMark+got+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		})
	}
}

func goldens(t testing.TB) []string {
	names, err := filepath.Glob("testdata/*.http")
	if err != nil || len(names) == 0 {
		t.Fatalf("no goldens in testdata: %v", err)
	}
	return names
}

func readGolden(t testing.TB, name string) (request, response string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	request, ok := strings.CutPrefix(string(text), requestMark)
	if !ok {
		t.Fatalf("%s does not begin with %q", name, requestMark)
	}
	request, response, _ = strings.Cut(request, responseMark)
	return request, strings.TrimSuffix(response, "\n")
}

// exchange sends a raw request, with LF for CRLF and no Content-Length, and returns the raw response in the same spelling.
func exchange(t testing.TB, h http.Handler, request string) string {
	t.Helper()
	head, body, _ := strings.Cut(request, "\n\n")
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head + "\n\n")))
	if err != nil {
		t.Fatalf("read the request: %v", err)
	}
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)

	var b bytes.Buffer
	b.WriteString("HTTP/1.1 " + w.Result().Status + "\n")
	header := w.Result().Header
	var keys []string
	for key := range header {
		keys = append(keys, key)
	}
	for _, key := range slices.Sorted(slices.Values(keys)) {
		b.WriteString(key + ": " + strings.Join(header[key], ", ") + "\n")
	}
	b.WriteString("\n")
	b.Write(w.Body.Bytes())
	return b.String()
}
