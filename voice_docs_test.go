package arauto_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"arauto"
)

// dialWords say for people what each status means.
var dialWords = map[arauto.Dial]string{
	arauto.DialUpcoming:            "waits for its turn",
	arauto.DialDialing:             "is being called",
	arauto.DialQueued:              "answered, waits for an agent",
	arauto.DialConnected:           "speaks with an agent",
	arauto.DialFinished:            "spoke with an agent",
	arauto.DialTransferred:         "speaks with somebody whom the agent handed the call to",
	arauto.DialTransferredFinished: "spoke with them",
	arauto.DialNotPickedUp:         "it rang: nobody answered, it was busy or declined",
	arauto.DialNotReached:          "the call never got there",
	arauto.DialAbandonedByContact:  "hung up before an agent, or within five seconds of one",
	arauto.DialSkipped:             "an agent passed it over; it is offered to another",
	arauto.DialSkippedClosed:       "an agent closed it; never again in this campaign",
	arauto.DialInvalidNumber:       "not a number that can be dialled",
	arauto.DialCarrierError:        "the carrier failed",
	arauto.DialAbandonedByDialer:   "a person answered, and no agent was there within two seconds",
	arauto.DialVoicemail:           "judged to be an answering machine",
	arauto.DialDialerError:         "our own fault",
	arauto.DialRedial:              "to be called again, later",
	arauto.DialDoNotCall:           "on the do-not-contact list",
	arauto.DialInvalidOutbound:     "asks to be called from a number that is not the campaign's",
	arauto.DialBlocked:             "abroad, where this campaign may not call",
}

// TestDocs_Dials: the guide shows the table of statuses. With -update it is rewritten.
func TestDocs_Dials(t *testing.T) {
	file := filepath.Join("docs", "guide", "voice-campaigns.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, d := range arauto.Dials() {
		if dialWords[d] == "" {
			t.Errorf("the guide has no words for %s", d)
		}
		over := ""
		if d.Final() {
			over = "yes"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d, d.Label(), dialWords[d], over)
	}
	const begin, end = "|---|---|---|---|\n", "\nContact lists filter"
	before, rest, ok := strings.Cut(string(text), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s lost its table", file)
	}
	want := before + begin + b.String() + end + tail
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatalf("%s does not show the dial statuses: run `make docs`", file)
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
