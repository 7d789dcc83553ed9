package api_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"arauto/internal/api"
)

var update = flag.Bool("update", false, "rewrite the generated parts of docs/")

// TestDocs_Operations keeps the table in docs/api/native.md equal to what is served.
func TestDocs_Operations(t *testing.T) {
	w := newWorld(t)
	var doc struct {
		Paths map[string]map[string]struct {
			Summary string `json:"summary"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(w.do("", "GET", api.Prefix+"/openapi.json", "").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| operation | scope | does |\n|---|---|---|\n")
	for _, r := range w.server.Routes() {
		if r.Surface != "api" || r.Public {
			continue
		}
		path := strings.TrimPrefix(r.Path, api.Prefix)
		fmt.Fprintf(&table, "| `%s %s` | %s | %s |\n", r.Method, path, r.Scope, doc.Paths[path][strings.ToLower(r.Method)].Summary)
	}
	const name, begin, end = "../../docs/api/native.md", "<!-- operations:begin -->\n", "<!-- operations:end -->"
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(page), begin)
	shown, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s lost its markers %q and %q", name, begin, end)
	}
	if shown == table.String() {
		return
	}
	if !*update {
		t.Fatalf("%s does not show what is served: run `make docs`", name)
	}
	if err := os.WriteFile(name, []byte(head+begin+table.String()+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}
