package evolux

import (
	"fmt"
	"strings"
	"testing"

	"arauto"
	"arauto/internal/compat/compattest"
)

// TestDocs_Evolux: the page shows the goldens and the table of states as they are. With -update it is rewritten.
func TestDocs_Evolux(t *testing.T) {
	compattest.Docs(t, *update, "evolux.md", 1, compattest.Table{Mark: "states", Text: statesTable()})
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
