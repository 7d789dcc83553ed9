package arauto

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestTouchesSurviveBeingStored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var touches Touches
		at := time.Unix(1_800_000_000, 0).UTC()
		for range rapid.IntRange(0, 100).Draw(t, "touches") {
			at = at.Add(time.Duration(rapid.IntRange(0, 200_000).Draw(t, "later")) * time.Second)
			touches = touches.Add(Touch{
				At: at, Campaign: rapid.Int64Range(1, 1<<52).Draw(t, "campaign"), Portfolio: rapid.Int64Range(0, 1<<52).Draw(t, "portfolio"),
			}, at)
		}
		if diff := cmp.Diff(touches, ParseTouches(touches.String())); diff != "" {
			t.Fatal(diff)
		}
		if len(touches) > MaxTouches {
			t.Fatalf("%d touches are kept", len(touches))
		}
		if len(touches) > 0 && touches.Since(at.Add(-TouchesKept)) != len(touches) {
			t.Fatal("a touch older than is kept is there")
		}
	})
}

func TestTouchesAnswer(t *testing.T) {
	now := time.Unix(1_800_000_000, 0).UTC()
	touches := Touches{}.
		Add(Touch{At: now.Add(-48 * time.Hour), Campaign: 1, Portfolio: 7}, now).
		Add(Touch{At: now.Add(-time.Hour), Campaign: 2, Portfolio: 8}, now)
	if got := touches.Since(now.Add(-24 * time.Hour)); got != 1 {
		t.Errorf("%d touches in a day, want 1", got)
	}
	if touches.Reached(7, now.Add(-24*time.Hour)) || !touches.Reached(8, now.Add(-24*time.Hour)) {
		t.Error("a portfolio is mistaken for another")
	}
	if got := ParseTouches("*.1.2 " + touches.String() + " 1.1"); len(got) != 2 {
		t.Errorf("what was not written by us is read as %v", got)
	}
}
