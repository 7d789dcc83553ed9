package wolkvox

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

// special are the worlds of goldens that need one of their own.
var special = map[string]func(w *world){
	"over_daily":    func(w *world) { w.used[[2]int64{20261128, 0}] = 10_000 },
	"over_together": func(w *world) { w.slots[caller.ID] = 2 },
	"too_many":      func(w *world) { w.limits.Records = 2 },
	"too_large":     func(w *world) { w.limits.Bytes = 700 },
	"records_many":  func(w *world) { w.limits.Upload = 1 },
	"token_info":    func(w *world) { w.used[[2]int64{20261128, 0}], w.used[[2]int64{20261128, 3}] = 41, 16 },
}

// TestGoldens sends each request in testdata to a fresh world and compares the whole response with what is kept there.
func TestGoldens(t *testing.T) {
	used := map[string]bool{}
	for _, file := range goldens(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".http")
		t.Run(name, func(t *testing.T) {
			request, want := readGolden(t, file)
			w := given()
			if change := special[name]; change != nil {
				change(w)
				used[name] = true
			}
			got := exchange(t, w.serve(), request)
			if *update {
				if err := os.WriteFile(file, []byte(requestMark+request+responseMark+got+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		})
	}
	if len(used) != len(special) {
		t.Errorf("%d of %d special worlds have a golden", len(used), len(special))
	}
}

func goldens(t testing.TB) []string {
	names, err := filepath.Glob("testdata/*.http")
	if err != nil || len(names) < 20 {
		t.Fatalf("%d goldens in testdata: %v", len(names), err)
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
