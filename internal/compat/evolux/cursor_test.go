package evolux

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestCursorReadsWhatItWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bound := rapid.Int64Range(1, maxInteger).Draw(t, "bound")
		below := rapid.Int64Range(1, bound).Draw(t, "below")
		want := cursor{
			below: below, bound: bound,
			total:    rapid.Int64Range(0, bound).Draw(t, "total"),
			position: rapid.Int64Range(1, bound-below+1).Draw(t, "position"),
			now:      time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "now")).UTC(),
			filters:  identity(rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "filters")),
		}
		if got, ok := parseCursor(want.String()); !ok || got != want {
			t.Fatalf("got %+v %v, want %+v", got, ok, want)
		}
	})
}

func TestCursorIsReadStrictly(t *testing.T) {
	good := cursor{below: 5, bound: 10, total: 8, position: 4, now: now}
	if _, ok := parseCursor(good.String()); !ok {
		t.Fatal("a good cursor is refused")
	}
	for name, change := range map[string]func(*cursor){
		"below nobody":             func(c *cursor) { c.below = 0 },
		"below above the bound":    func(c *cursor) { c.below = 11 },
		"more matches than ids":    func(c *cursor) { c.total = 11 },
		"more rows than ids":       func(c *cursor) { c.position = 7 },
		"no row yet":               func(c *cursor) { c.position = 0 },
		"a number that is too big": func(c *cursor) { c.bound = maxInteger + 1 },
	} {
		bad := good
		change(&bad)
		if _, ok := parseCursor(bad.String()); ok {
			t.Errorf("%s: %+v is taken", name, bad)
		}
	}
	text := good.String()
	for name, bad := range map[string]string{
		"cut":      text[:len(text)-1],
		"longer":   text + "AA",
		"padded":   text + "=",
		"broken":   text[:4] + "\n" + text[4:],
		"version":  "Ag" + text[2:],
		"nothing":  "AQ",
		"a number": "50",
	} {
		if _, ok := parseCursor(bad); ok {
			t.Errorf("%s: %q is taken", name, bad)
		}
	}
}

// TestCursorKnowsItsFilters: the same rows asked for in another spelling go on; other rows do not.
func TestCursorKnowsItsFilters(t *testing.T) {
	const first = "start=2024-09-05T03:00:00Z&end=2024-09-06&campaigns[]=" + september + "&campaigns[]=" + october
	q, err := parseQuery(first, 7, now)
	if err != nil {
		t.Fatal(err)
	}
	c := cursor{below: 5, bound: 10, total: 8, position: 4, now: q.now, filters: q.identity(7)}.String()
	for query, same := range map[string]bool{
		first: true,
		"start=2024-09-05&end=2024-09-06&_limit=9&timezone=America/Sao_Paulo&campaigns=" + october + "&campaigns=" + september: true,
		first + "&state=sent": false,
		"start=2024-09-05T03:00:00Z&end=2024-09-06&campaigns[]=" + september: false,
		"": false,
	} {
		_, err := parseQuery(query+"&_cursor="+c, 7, now.Add(time.Hour))
		if (err == nil) != same {
			t.Errorf("%q: got %v, want it taken %v", query, err, same)
		}
	}
	if _, err := parseQuery(first+"&_cursor="+c, 8, now); err == nil {
		t.Error("a cursor of another account is taken")
	}
	if _, err := parseQuery(first+"&_cursor="+c, 7, now.Add(-2*time.Hour)); err == nil {
		t.Error("a cursor from the future is taken")
	}
}
