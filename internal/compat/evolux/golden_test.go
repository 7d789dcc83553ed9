package evolux

import (
	"net/http"
	"strings"
	"testing"

	"arauto"
	"arauto/internal/compat/compattest"
)

// TestGoldens sends each request in testdata to a fresh world and compares the whole response with what is kept there.
func TestGoldens(t *testing.T) {
	compattest.Run(t, *update, 1, func(t *testing.T, name string) http.Handler {
		w := given()
		if strings.HasPrefix(name, "in_conversation") {
			w.add("Olga Dutra", arauto.ContactFailed, `{}`, func(c *arauto.Contact) { c.Reason = arauto.ReasonOpenConversation })
		}
		return w.serve(t)
	})
}
