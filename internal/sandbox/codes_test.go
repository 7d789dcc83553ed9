package sandbox_test

import (
	"fmt"
	"regexp"
	"testing"

	"arauto/internal/sandbox"
)

// Each code of Meta's table that a client must tell apart.
var known = []int{
	0, 1, 2, 3, 4, 10, 100, 190, 200, 299, 368, 80007,
	130403, 130429, 130472, 130497, 131000, 131005, 131008, 131009, 131016, 131021, 131026, 131030, 131031, 131037, 131042, 131045, 131047,
	131048, 131049, 131050, 131051, 131052, 131053, 131055, 131056, 131057, 131062, 131063, 131064,
	132000, 132001, 132005, 132007, 132008, 132012, 132015, 132016, 132018, 132068, 132069, 133004, 133010, 133016,
	134100, 134101, 134102, 135000, 137000,
}

func TestCodes_EveryOneHasItsNumbers(t *testing.T) {
	listed := map[int]bool{}
	for _, c := range sandbox.Codes() {
		listed[c.Code] = true
		if c.Title == "" || c.Status < 400 {
			t.Errorf("%d: %+v", c.Code, c)
		}
	}
	seen := map[string]bool{}
	for _, code := range known {
		if !listed[code] {
			t.Errorf("%d is not in Codes", code)
		}
		for fate := sandbox.CodeRefused; fate <= sandbox.CodeBoth; fate++ {
			number := sandbox.CodeNumber(code, fate)
			if !regexp.MustCompile(`^\+55119\d{8}$`).MatchString(number) || seen[number] {
				t.Errorf("%d, fate %d: number %q", code, fate, number)
			}
			seen[number] = true
		}
	}
	if sandbox.CodeNumber(139999, sandbox.CodeRefused) != "" || sandbox.CodeNumber(190, 0) != "" {
		t.Error("a code or fate that does not exist has a number")
	}
}

func TestCodes_DoWhatTheirNumbersSay(t *testing.T) {
	for _, c := range sandbox.Codes() {
		t.Run(fmt.Sprint(c.Code), func(t *testing.T) {
			inBubble(t, func(c *sandbox.Config) { c.Pace, c.Workers = 0, 1 }, func(w *world) {
				number := func(fate sandbox.CodeFate) string { return sandbox.CodeNumber(c.Code, fate) }
				refused := func(fate sandbox.CodeFate) {
					t.Helper()
					a := w.send(number(fate), "cb")
					if e := dig(a.body, "error.code"); e != float64(c.Code) || a.status != c.Status {
						t.Errorf("fate %d answered %d %s", fate, a.status, a.raw)
					}
				}
				refused(sandbox.CodeRefused)
				refused(sandbox.CodeRefused)
				refused(sandbox.CodeOnce)
				w.settle()
				if got := w.receiver.kinds(); got != "" {
					t.Errorf("what was refused is told: %s", got)
				}
				for _, fate := range []sandbox.CodeFate{sandbox.CodeOnce, sandbox.CodeFailed} {
					if a := w.send(number(fate), "cb"); a.id() == "" {
						t.Errorf("fate %d answered %s", fate, a.raw)
					}
					w.settle()
				}
				refused(sandbox.CodeBoth)
				w.settle()
				all := w.receiver.all()
				if got := w.receiver.kinds(); got != "sent delivered failed failed" {
					t.Errorf("told %q", got)
					return
				}
				for _, u := range all[2:] {
					if u.code != c.Code || u.callback != "cb" {
						t.Errorf("told %+v", u)
					}
				}
			})
		})
	}
}

func TestCodeNumber_OtherAreaCodes(t *testing.T) {
	for _, number := range []string{"+5521975511026", "+554875511026", "+55 85 97551-1026"} {
		if got := sandbox.Fate(7, number).SyncCode; got != 131026 {
			t.Errorf("%s is refused with %d", number, got)
		}
	}
	if got := sandbox.Fate(7, "+5511975519999"); got.SyncCode != 0 && got.SyncCode != 131026 {
		t.Errorf("a code nobody knows is %+v", got)
	}
}
