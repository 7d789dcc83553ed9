package ccai

import (
	"net/http"
	"testing"

	"arauto/internal/compat/compattest"
)

// TestGoldens sends each request in testdata to a fresh world and compares the whole response with what is kept there.
func TestGoldens(t *testing.T) {
	compattest.Run(t, *update, 1, func(t *testing.T, _ string) http.Handler { return given().serve(t) })
}
