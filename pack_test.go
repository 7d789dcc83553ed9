package arauto_test

import (
	"slices"
	"testing"
	"time"

	"arauto"
)

func day(t *testing.T, text string) arauto.Date {
	t.Helper()
	d, err := arauto.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Whole years as their official calendars had them.
func TestPack_HolidaysOfAYear(t *testing.T) {
	for _, c := range []struct {
		pack  string
		place arauto.Place
		year  int
		want  []string
	}{
		{"colombia", arauto.Place{Country: "CO"}, 2025, []string{
			"01-01", "01-06", "03-24", "04-17", "04-18", "05-01", "06-02", "06-23", "06-30", "07-20", "08-07", "08-18", "10-13", "11-03", "11-17", "12-08", "12-25",
		}},
		{"colombia", arauto.Place{Country: "CO"}, 2026, []string{
			"01-01", "01-12", "03-23", "04-02", "04-03", "05-01", "05-18", "06-08", "06-15", "06-29", "07-20", "08-07", "08-17", "10-12", "11-02", "11-16", "12-08", "12-25",
		}},
		{"brazil", arauto.Place{Country: "BR", Region: "PR"}, 2026, []string{
			"01-01", "02-16", "02-17", "04-03", "04-21", "05-01", "06-04", "09-07", "10-12", "11-02", "11-15", "11-20", "12-25",
		}},
		{"brazil", arauto.Place{Country: "BR", Region: "SP"}, 2023, []string{
			"01-01", "02-20", "02-21", "04-07", "04-21", "05-01", "06-08", "07-09", "09-07", "10-12", "11-02", "11-15", "12-25",
		}},
		{"brazil", arauto.Place{Country: "BR", Region: "ES"}, 2026, []string{
			"01-01", "02-16", "02-17", "04-03", "04-13", "04-21", "05-01", "06-04", "09-07", "10-12", "11-02", "11-15", "11-20", "12-25",
		}},
		// 4 July 2026 is a Saturday: it is kept on the Friday too.
		{"united-states", arauto.Place{Country: "US", Region: "AL"}, 2026, []string{
			"01-01", "01-19", "02-16", "05-25", "06-19", "07-03", "07-04", "09-07", "10-12", "11-11", "11-26", "12-25",
		}},
	} {
		t.Run(c.pack, func(t *testing.T) {
			pack := arauto.PackOf(arauto.PackRef{Name: c.pack, Version: 1})
			var got []string
			for d := time.Date(c.year, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() == c.year; d = d.AddDate(0, 0, 1) {
				if _, found := pack.Holiday(arauto.DateOf(d), c.place); found {
					got = append(got, d.Format("01-02"))
				}
			}
			var listed []string
			for _, h := range pack.Calendar(c.year) {
				if h.Region == "" || h.Region == c.place.Region {
					listed = append(listed, h.Date.String()[5:])
				}
			}
			if listed = slices.Compact(listed); !slices.Equal(listed, got) {
				t.Errorf("the calendar lists %v", listed)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%d of %s-%s:\n got %v\nwant %v", c.year, c.place.Country, c.place.Region, got, c.want)
			}
		})
	}
}

// The shifted new year of a year that begins on a Saturday is in the year before.
func TestPack_NearestOverTheYearsEnd(t *testing.T) {
	pack := arauto.PackOf(arauto.PackRef{Name: "united-states", Version: 1})
	if _, found := pack.Holiday(day(t, "2021-12-31"), arauto.Place{Country: "US"}); !found {
		t.Error("31 December 2021 was New Year's Day observed")
	}
}

func TestPacks_AreWhole(t *testing.T) {
	seen := map[arauto.PackRef]bool{}
	for _, p := range arauto.Packs() {
		ref := arauto.PackRef{Name: p.Name, Version: p.Version}
		if seen[ref] || p.Version < 1 || p.Title == "" {
			t.Errorf("%v is there twice, or has no title or version", ref)
		}
		seen[ref] = true
		if got := arauto.PackOf(ref); got == nil || got.Name != p.Name {
			t.Errorf("%v is not found", ref)
		}
		for _, r := range p.Rules {
			if r.Title == "" || r.Source == "" || r.Certainty == "" {
				t.Errorf("%s: rule %q has no title, source or certainty", p.Name, r.Title)
			}
			if err := (arauto.Rules{Windows: r.Windows, Caps: r.Caps}).Check(); err != nil {
				t.Errorf("%s: rule %q: %v", p.Name, r.Title, err)
			}
		}
	}
	for _, name := range []string{"default", "brazil", "colombia", "united-states"} {
		if !seen[arauto.PackRef{Name: name, Version: 1}] {
			t.Errorf("there is no %s", name)
		}
	}
}

func TestRules_Check(t *testing.T) {
	for name, r := range map[string]arauto.Rules{
		"a pack that is not there":      {Packs: []arauto.PackRef{{Name: "atlantis", Version: 1}}},
		"a version that is not there":   {Packs: []arauto.PackRef{{Name: "brazil", Version: 99}}},
		"a pack twice":                  {Packs: []arauto.PackRef{{Name: "brazil", Version: 1}, {Name: "brazil", Version: 1}}},
		"a cap of neither":              {Caps: []arauto.Cap{{Limit: 1}}},
		"a cap of both":                 {Caps: []arauto.Cap{{Limit: 1, Days: 1, Hours: 1}}},
		"a cap of nothing":              {Caps: []arauto.Cap{{Days: 1}}},
		"a cap above what is kept":      {Caps: []arauto.Cap{{Limit: arauto.MaxTouches + 1, Days: 1}}},
		"a cap longer than what's kept": {Caps: []arauto.Cap{{Limit: 1, Days: 31}}},
		"a holiday without a name":      {Holidays: arauto.Holidays{{Date: day(t, "2026-01-25")}}},
		"a holiday nowhere":             {Holidays: arauto.Holidays{{Date: day(t, "2026-01-25"), Name: "x", Region: "Brasil"}}},
		"more attempts than tries":      {Attempts: arauto.RetryBudget + 1},
	} {
		if err := r.Check(); arauto.KindOf(err) != arauto.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHolidays(t *testing.T) {
	sp := arauto.Place{Country: "BR", Region: "SP"}
	list := arauto.Holidays{}.With(arauto.Holiday{Date: day(t, "--12-24"), Region: "BR", Name: "Véspera"}).
		With(arauto.Holiday{Date: day(t, "2026-01-25"), Region: "BR-SP", Name: "Aniversário"}).
		With(arauto.Holiday{Date: day(t, "2026-01-25"), Region: "BR-SP", Name: "Aniversário de São Paulo"})
	if len(list) != 2 {
		t.Fatalf("%v", list)
	}
	for _, c := range []struct {
		day   string
		place arauto.Place
		want  string
	}{
		{"2026-01-25", sp, "Aniversário de São Paulo"},
		{"2027-01-25", sp, ""},
		{"2026-01-25", arauto.Place{Country: "BR", Region: "RJ"}, ""},
		{"2026-01-25", arauto.Place{Country: "BR"}, ""},
		{"2031-12-24", sp, "Véspera"},
		{"2031-12-24", arauto.Place{Country: "CO"}, ""},
	} {
		if got, _ := list.On(day(t, c.day), c.place); got.Name != c.want {
			t.Errorf("%s at %v: %q, want %q", c.day, c.place, got.Name, c.want)
		}
	}
	for _, h := range list {
		text, _ := h.MarshalText()
		var again arauto.Holiday
		if err := again.UnmarshalText(text); err != nil || again != h {
			t.Errorf("%q reads as %v, %v", text, again, err)
		}
	}
	for _, bad := range []string{"", "2026-02-30", "--02-30", "25/12/2026"} {
		if _, err := arauto.ParseDate(bad); err == nil {
			t.Errorf("%q is a day", bad)
		}
	}
}
