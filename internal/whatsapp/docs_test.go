package whatsapp_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/whatsapp"
)

// TestDocs_Errors keeps the table in docs/guide/errors.md equal to the one that is used. With -update it is rewritten.
func TestDocs_Errors(t *testing.T) {
	var table strings.Builder
	table.WriteString("| code | what happened | scope | action | not before | next step |\n|---|---|---|---|---|---|\n")
	for _, r := range (whatsapp.Codes{}).Table() {
		code, action, wait := fmt.Sprint(r.First), string(r.Action), "–"
		if r.Last != r.First {
			code = fmt.Sprintf("%d–%d", r.First, r.Last)
		}
		if r.Tries > 0 {
			action = fmt.Sprintf("%s, %d tries", action, r.Tries)
		}
		if r.After > 0 {
			wait = strings.TrimSuffix(strings.TrimSuffix((time.Duration(r.After)*time.Second).String(), "0s"), "0m")
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s | %s | %s |\n", code, r.What[arauto.English], r.Scope, action, wait, r.Next[arauto.English])
	}
	const name, begin, end = "../../docs/guide/errors.md", "<!-- errors:begin -->\n", "<!-- errors:end -->"
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(page), begin)
	shown, tail, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s lost its markers", name)
	}
	if shown == table.String() {
		return
	}
	if !*update {
		t.Fatalf("%s does not show the table that is used: run `make docs`", name)
	}
	if err := os.WriteFile(name, []byte(head+begin+table.String()+end+tail), 0o600); err != nil {
		t.Fatal(err)
	}
}
