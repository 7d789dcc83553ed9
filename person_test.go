package arauto

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestTouches_Merge(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	gen := func(t *rapid.T, name string) (list Touches) {
		for _, hours := range rapid.SliceOfN(rapid.IntRange(0, 40*24), 0, 80).Draw(t, name) {
			list = append(list, Touch{At: now.Add(-time.Duration(hours) * time.Hour), Campaign: int64(hours)})
		}
		slices.SortStableFunc(list, func(a, b Touch) int { return a.At.Compare(b.At) })
		return list
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := gen(t, "a"), gen(t, "b")
		got := a.Merge(b, now)
		if d := cmp.Diff(got, b.Merge(a, now)); d != "" {
			t.Fatalf("the order matters: %s", d)
		}
		for _, hours := range []time.Duration{24, 7 * 24, 30 * 24} {
			from := now.Add(-hours * time.Hour)
			if want := min(MaxTouches, a.Since(from)+b.Since(from)); got.Since(from) != want {
				t.Fatalf("%d touches in %s, want %d", got.Since(from), hours, want)
			}
		}
		if !slices.IsSortedFunc(got, func(a, b Touch) int { return a.At.Compare(b.At) }) {
			t.Fatal("not in order of time")
		}
	})
}

func TestContactState_Contacted(t *testing.T) {
	want := map[ContactState]bool{
		ContactSending: true, ContactUnknown: true, ContactSent: true, ContactDelivered: true, ContactRead: true, ContactReplied: true,
	}
	for _, s := range ContactStates() {
		if s.Contacted() != want[s] {
			t.Errorf("%s: %v", s, s.Contacted())
		}
	}
}
