package wolkvox

import (
	"testing"

	"arauto/internal/compat/compattest"
)

// TestDocs_Wolkvox: the page shows the goldens as they are. With -update it is rewritten.
func TestDocs_Wolkvox(t *testing.T) {
	compattest.Docs(t, *update, "wolkvox.md", 20)
}
