// Package compattest is what the tests of the vendors' wires stand on: goldens of whole exchanges, and pages that show
// them. It knows no vendor and no noun.
package compattest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	requestMark  = "-- request --\n"
	responseMark = "-- response --\n"
)

// Run sends each request in testdata, of which there are at least that many, to the handler that serve makes for the
// golden of that name, and compares the whole response with what is kept there. With update it is rewritten.
func Run(t *testing.T, update bool, least int, serve func(t *testing.T, name string) http.Handler) {
	for _, file := range Goldens(t, least) {
		name := strings.TrimSuffix(filepath.Base(file), ".http")
		t.Run(name, func(t *testing.T) {
			request, want := Read(t, file)
			got := Exchange(t, serve(t, name), request)
			if update {
				if err := os.WriteFile(file, []byte(requestMark+request+responseMark+got+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		})
	}
}

// Goldens are the files of testdata, of which there are at least that many.
func Goldens(t testing.TB, least int) []string {
	t.Helper()
	names, err := filepath.Glob("testdata/*.http")
	if err != nil || len(names) < max(least, 1) {
		t.Fatalf("%d goldens in testdata: %v", len(names), err)
	}
	return names
}

// Read is what is in a golden.
func Read(t testing.TB, file string) (request, response string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	request, ok := strings.CutPrefix(string(text), requestMark)
	if !ok {
		t.Fatalf("%s does not begin with %q", file, requestMark)
	}
	request, response, _ = strings.Cut(request, responseMark)
	return request, strings.TrimSuffix(response, "\n")
}

// Exchange sends a raw request, with LF for CRLF and no Content-Length, and returns the raw response in the same
// spelling.
func Exchange(t testing.TB, h http.Handler, request string) string {
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

// A Table is a part of a page that is made: it stands behind the line <!-- mark -->.
type Table struct{ Mark, Text string }

var goldenBlock = regexp.MustCompile("<!-- golden: ([a-z0-9_]+) -->\n(?:```http\n(?s:.*?)\n```\n)?")

// Docs compares a page of docs/api with the goldens and tables it shows: at least that many goldens. With update it is
// rewritten.
func Docs(t *testing.T, update bool, page string, least int, tables ...Table) {
	t.Helper()
	file := filepath.Join("..", "..", "..", "docs", "api", page)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	want := goldenBlock.ReplaceAllFunc(text, func(block []byte) []byte {
		blocks++
		name := string(goldenBlock.FindSubmatch(block)[1])
		request, response := Read(t, filepath.Join("testdata", name+".http"))
		return fmt.Appendf(nil, "<!-- golden: %s -->\n```http\n%s\n\n%s\n```\n", name, strings.TrimSpace(request), spaceOut(t, response))
	})
	if blocks < max(least, 1) {
		t.Fatalf("%s lost its markers", file)
	}
	for _, table := range tables {
		mark := "<!-- " + table.Mark + " -->\n"
		if !bytes.Contains(want, []byte(mark)) {
			t.Fatalf("%s lost its markers", file)
		}
		want = regexp.MustCompile(regexp.QuoteMeta(mark)+`(?:\|.*\n)*`).ReplaceAllLiteral(want, []byte(mark+table.Text))
	}
	if update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(want), string(text)); diff != "" {
		t.Errorf("%s is not current: run `make docs` (-want +got):\n%s", file, diff)
	}
}

// spaceOut indents the JSON of a raw response, if it has any.
func spaceOut(t *testing.T, response string) string {
	t.Helper()
	head, body, _ := strings.Cut(response, "\n\n")
	if strings.TrimSpace(body) == "" {
		return head
	}
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(body), "", "  "); err != nil {
		t.Fatal(err)
	}
	return head + "\n\n" + b.String()
}
