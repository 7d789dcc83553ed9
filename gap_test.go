package arauto

import (
	"strings"
	"testing"
	"time"
)

func TestGap_Words(t *testing.T) {
	from := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	g := Gap{From: from, Until: from.Add(2*time.Hour + 5*time.Minute)}
	for _, l := range []Language{English, Portuguese, Spanish} {
		words := g.Words(l, time.UTC)
		for _, part := range []string{"2026-03-10 14:05 UTC", "2026-03-10 12:00 UTC", "2 h 5 min"} {
			if !strings.Contains(words, part) {
				t.Errorf("%s: %q does not name %s", l, words, part)
			}
		}
	}
	if err := g.Unconfirmed(Campaign{Name: "Março"}, Portuguese, time.UTC); KindOf(err) != KindConflict || !strings.Contains(err.Error(), "Março") {
		t.Errorf("unconfirmed: %v", err)
	}
	if got := (Gap{From: from, Until: from.Add(-time.Hour)}).Length(); got != "0 s" {
		t.Errorf("a gap that ends before it begins is %s long", got)
	}
}
