package arauto

import (
	"testing"
	"time"
)

func TestTouchesAnswer(t *testing.T) {
	now := time.Unix(1_800_000_000, 0).UTC()
	touches := Touches{{At: now.Add(-time.Hour), Campaign: 2}, {At: now.Add(-48 * time.Hour), Campaign: 1}}
	touches = touches.Newest()
	if got := touches.Latest(); !got.Equal(now.Add(-time.Hour)) {
		t.Errorf("the last touch was at %v", got)
	}
	if got := touches.Since(now.Add(-24 * time.Hour)); got != 1 {
		t.Errorf("%d touches in a day, want 1", got)
	}
	if last := (Touches{}).Latest(); !last.IsZero() {
		t.Errorf("somebody who was never touched was, at %v", last)
	}
}
