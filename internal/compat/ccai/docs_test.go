package ccai

import (
	"fmt"
	"strings"
	"testing"

	"arauto"
	"arauto/internal/compat/compattest"
)

// TestDocs_CCAI: the page shows the goldens and the table of statuses as they are. With -update it is rewritten.
func TestDocs_CCAI(t *testing.T) {
	compattest.Docs(t, *update, "ccai.md", 1, compattest.Table{Mark: "statuses", Text: statusesTable()})
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
