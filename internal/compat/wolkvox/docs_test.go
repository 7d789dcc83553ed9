package wolkvox

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
)

var goldenBlock = regexp.MustCompile("<!-- golden: ([a-z0-9_]+) -->\n(?:```http\n(?s:.*?)\n```\n)?")

// TestDocs_Wolkvox: the page shows the goldens as they are. With -update it is rewritten.
func TestDocs_Wolkvox(t *testing.T) {
	file := filepath.Join("..", "..", "..", "docs", "api", "wolkvox.md")
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
	if blocks < 20 {
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
