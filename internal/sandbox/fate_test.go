package sandbox_test

import (
	"fmt"
	"testing"

	"arauto/internal/sandbox"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func mobile(i int) string { return fmt.Sprintf("+55119%08d", 60_000_000+i) }

func TestFate_OneNumberOneStory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Int64().Draw(t, "seed")
		number := rapid.StringMatching(`55[1-9][1-9]9[6-9][0-9]{7}`).Draw(t, "number")
		want := sandbox.Fate(seed, number)
		for _, spelling := range []string{"+" + number, number[:4] + number[5:], "+" + number[:2] + " (" + number[2:4] + ") " + number[4:9] + "-" + number[9:], want.WAID} {
			if diff := cmp.Diff(want, sandbox.Fate(seed, spelling)); diff != "" {
				t.Fatalf("%q has another fate than %q: %s", spelling, number, diff)
			}
		}
	})
}

func TestFate_SeedMatters(t *testing.T) {
	differ := 0
	for i := range 1000 {
		if sandbox.Fate(1, mobile(i)).End() != sandbox.Fate(2, mobile(i)).End() {
			differ++
		}
	}
	if differ < 300 {
		t.Errorf("two seeds differ for %d of 1000 people", differ)
	}
}

// The mix that the package comment promises, over 20,000 consecutive numbers.
func TestFate_Mix(t *testing.T) {
	const people = 20_000
	count := map[string]float64{}
	for i := range people {
		s := sandbox.Fate(42, mobile(i))
		tally(count, s)
	}
	of := func(part, whole string) float64 { return 100 * count[part] / count[whole] }
	for _, c := range []struct {
		part, whole    string
		want, tolerate float64
	}{
		{"refused 131026", "all", 1, 0.3},
		{"failed 131026", "all", 4, 0.5},
		{"failed 131049", "all", 2, 0.4},
		{"failed 131050", "all", 1, 0.3},
		{"never delivered", "all", 6, 0.6},
		{"delivered", "all", 86, 1},
		{"read", "delivered", 70, 1.2},
		{"quiet", "read", 2, 0.5},
		{"react", "read", 35, 1.5},
		{"button", "react", 40, 2.5},
		{"swipe", "react", 30, 2.5},
		{"typed", "react", 27, 2.5},
		{"opt-out keyword", "react", 5, 1.2},
		{"opt-out button", "react", 2, 0.8},
		{"opt-out preference", "react", 3, 1},
		{"no ninth digit", "all", 50, 1.5},
	} {
		if got := of(c.part, c.whole); got < c.want-c.tolerate || got > c.want+c.tolerate {
			t.Errorf("%s: %.2f %% of %s, want %.1f ± %.1f", c.part, got, c.whole, c.want, c.tolerate)
		}
	}
}

func tally(count map[string]float64, s sandbox.Story) {
	for name, is := range map[string]bool{
		"all":                               true,
		fmt.Sprint("refused ", s.SyncCode):  s.SyncCode != 0,
		fmt.Sprint("failed ", s.FailedCode): s.FailedCode != 0,
		"never delivered":                   s.End() == sandbox.EndSent,
		"delivered":                         s.Delivered,
		"read":                              s.Read,
		"quiet":                             s.Quiet,
		"react":                             s.Reply != "" || s.OptOut != "",
		string(s.Reply):                     s.Reply != "",
		fmt.Sprint("opt-out ", s.OptOut):    s.OptOut != "",
		"no ninth digit":                    len(s.WAID) == 12,
	} {
		if is {
			count[name]++
		}
	}
}

func TestUserID_Reversible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := sandbox.Canonical(rapid.StringMatching(`[1-9][0-9]{9,14}`).Draw(t, "number"))
		if got, ok := sandbox.NumberOf(sandbox.UserID(number)); !ok || got != number {
			t.Fatalf("%s became %s became %q", number, sandbox.UserID(number), got)
		}
		if got := sandbox.Canonical(sandbox.Alias(number)); got != number {
			t.Fatalf("%s is known as %s, which is %s", number, sandbox.Alias(number), got)
		}
	})
}
