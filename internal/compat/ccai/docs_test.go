package ccai

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"arauto"
)

var (
	goldenBlock   = regexp.MustCompile("<!-- golden: ([a-z0-9_]+) -->\n(?:```http\n(?s:.*?)\n```\n)?")
	statusesBlock = regexp.MustCompile(`<!-- statuses -->\n(?:\|.*\n)*`)
)

// TestDocs_CCAI: the page shows the goldens and the table of statuses as they are. With -update it is rewritten.
func TestDocs_CCAI(t *testing.T) {
	file := filepath.Join("..", "..", "..", "docs", "api", "ccai.md")
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
	want = statusesBlock.ReplaceAllLiteral(want, []byte("<!-- statuses -->\n"+statusesTable()))
	if blocks == 0 || !bytes.Contains(want, []byte(statusesTable())) {
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

func statusesTable() string {
	meaning := map[arauto.Dial]string{
		arauto.DialUpcoming:            "waits for its turn",
		arauto.DialDialing:             "is being called",
		arauto.DialQueued:              "answered, and waits for an agent",
		arauto.DialConnected:           "speaks with an agent",
		arauto.DialFinished:            "spoke with an agent; the call is over",
		arauto.DialTransferred:         "speaks with somebody to whom the agent handed the call",
		arauto.DialTransferredFinished: "that call is over",
		arauto.DialNotPickedUp:         "it rang and nobody answered, was busy, or declined",
		arauto.DialNotReached:          "the call never got there",
		arauto.DialAbandonedByContact:  "hung up before an agent came (preview), or within 5 seconds of one; or before the 2 seconds were over in which one must come",
		arauto.DialSkipped:             "passed over by an agent: offered again, to another",
		arauto.DialSkippedClosed:       "closed by an agent in preview: never again in this campaign",
		arauto.DialInvalidNumber:       "not a number that can be dialled",
		arauto.DialCarrierError:        "the carrier failed",
		arauto.DialAbandonedByDialer:   "a person answered, and no agent was there within 2 seconds",
		arauto.DialVoicemail:           "judged to be a machine, and hung up on",
		arauto.DialDialerError:         "our own fault",
		arauto.DialRedial:              "to be called again, later",
		arauto.DialDoNotCall:           "on a do-not-contact list",
		arauto.DialInvalidOutbound:     "its outbound number is not one of the campaign's caller ids",
		arauto.DialBlocked:             "an international number that may not be dialled",
	}
	var b strings.Builder
	b.WriteString("| `status` | in Arauto | means | done |\n|---|---|---|---|\n")
	for _, d := range arauto.Dials() {
		done := "–"
		if d.Final() {
			done = "yes"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", d.Label(), d, meaning[d], done)
	}
	return b.String()
}
