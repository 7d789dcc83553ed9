package evolux

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"arauto"

	"github.com/google/go-cmp/cmp"
)

var (
	goldenBlock = regexp.MustCompile("<!-- golden: ([a-z0-9_]+) -->\n(?:```http\n(?s:.*?)\n```\n)?")
	statesBlock = regexp.MustCompile(`<!-- states -->\n(?:\|.*\n)*`)
)

// TestDocs_Evolux: the page shows the goldens and the table of states as they are. With -update it is rewritten.
func TestDocs_Evolux(t *testing.T) {
	file := filepath.Join("..", "..", "..", "docs", "api", "evolux.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	want := goldenBlock.ReplaceAllFunc(text, func(block []byte) []byte {
		blocks++
		name := string(goldenBlock.FindSubmatch(block)[1])
		request, response := readGolden(t, filepath.Join("testdata", name+".http"))
		return fmt.Appendf(nil, "<!-- golden: %s -->\n```http\n%s\n\n%s\n```\n", name, strings.TrimSpace(request), spaceOut(t, response))
	})
	want = statesBlock.ReplaceAllLiteral(want, []byte("<!-- states -->\n"+statesTable()))
	if blocks == 0 || !bytes.Contains(want, []byte(statesTable())) {
		t.Fatalf("%s lost its markers", file)
	}
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(want), string(text)); diff != "" {
		t.Errorf("%s is not current: run `make docs` (-want +got):\n%s", file, diff)
	}
}

// spaceOut indents the JSON of a raw response.
func spaceOut(t *testing.T, response string) string {
	t.Helper()
	head, body, _ := strings.Cut(response, "\n\n")
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(body), "", "  "); err != nil {
		t.Fatal(err)
	}
	return head + "\n\n" + b.String()
}

func statesTable() string {
	meaning := map[arauto.ContactState]string{
		arauto.ContactPending:    "waiting for its turn",
		arauto.ContactSending:    "being sent at this moment",
		arauto.ContactUnknown:    "Meta's answer was lost: it may have been sent",
		arauto.ContactSent:       "accepted by Meta, which may still hold it; no reaction yet",
		arauto.ContactDelivered:  "on the person's phone; no reaction yet",
		arauto.ContactRead:       "opened; no reaction yet",
		arauto.ContactReplied:    "the person wrote, or used a button",
		arauto.ContactSuppressed: "held back: the person is on a do-not-disturb list, or asked for it",
		arauto.ContactFailed:     "refused by Meta, or reported as failed",
		arauto.ContactCancelled:  "given up before sending: the campaign was cancelled, its time ran out, or a limit was reached",
	}
	var b strings.Builder
	b.WriteString("| `state` | in Arauto | means | `error_message` |\n|---|---|---|---|\n")
	for _, p := range projections {
		means, explained := meaning[p.contact], "–"
		if p.intent == arauto.IntentFuture {
			means = "not sent, and its sending time is set in the future"
		}
		if p.reason != "" {
			explained = "why"
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s |\n", p.shown, p.contact, means, explained)
	}
	return b.String()
}
