package arauto_test

import (
	"testing"
	"time"

	"arauto"

	"pgregory.net/rapid"
)

func zone(t interface{ Fatal(...any) }, name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	m, err := time.Parse("2006-01-02 15:04:05 -07:00", text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var office = arauto.Windows{{Days: arauto.Workdays, From: 9 * 60, To: 21 * 60}, {Days: arauto.Saturday, From: 10 * 60, To: 16 * 60}}

func TestWindows_Open(t *testing.T) {
	night := arauto.Windows{{Days: arauto.Friday, From: 22 * 60, To: 2 * 60}}
	brief := arauto.Windows{{Days: arauto.EveryDay, From: 2*60 + 15, To: 2*60 + 45}}
	twice := arauto.Windows{{Days: arauto.EveryDay, From: 60 + 15, To: 60 + 45}}
	for _, c := range []struct {
		name    string
		windows arauto.Windows
		zones   []string
		now     string
		next    string // "" = open, "never"
	}{
		{"no windows", nil, []string{"America/Bogota"}, "2026-03-01 03:00:00 +00:00", ""},
		{"inside", office, []string{"America/Sao_Paulo"}, "2026-03-02 09:00:00 -03:00", ""},
		{"a moment before it opens", office, []string{"America/Sao_Paulo"}, "2026-03-02 08:59:59 -03:00", "2026-03-02 09:00:00 -03:00"},
		{"the moment it closes", office, []string{"America/Sao_Paulo"}, "2026-03-02 21:00:00 -03:00", "2026-03-03 09:00:00 -03:00"},
		{"Saturday evening", office, []string{"America/Sao_Paulo"}, "2026-03-07 16:00:00 -03:00", "2026-03-09 09:00:00 -03:00"},
		{"two zones: the western one opens last", office, []string{"America/Manaus", "America/Eirunepe"}, "2026-03-02 09:30:00 -04:00", "2026-03-02 10:00:00 -04:00"},
		{"two zones: the eastern one closes first", office, []string{"America/Manaus", "America/Eirunepe"}, "2026-03-02 21:00:00 -04:00", "2026-03-03 10:00:00 -04:00"},
		{"past midnight, before", night, []string{"America/Bogota"}, "2026-03-06 23:59:00 -05:00", ""},
		{"past midnight, after", night, []string{"America/Bogota"}, "2026-03-07 01:59:00 -05:00", ""},
		{"past midnight, over", night, []string{"America/Bogota"}, "2026-03-07 02:00:00 -05:00", "2026-03-13 22:00:00 -05:00"},
		{"past midnight, on Friday's own early hours", night, []string{"America/Bogota"}, "2026-03-06 01:00:00 -05:00", "2026-03-06 22:00:00 -05:00"},
		// New York puts its clocks forward at 02:00 on 8 March 2026: there is no 02:15 that day.
		{"an hour that is skipped opens nothing", brief, []string{"America/New_York"}, "2026-03-08 01:00:00 -05:00", "2026-03-09 02:15:00 -04:00"},
		// and back at 02:00 on 1 November: 01:15 comes twice.
		{"an hour that comes twice opens twice", twice, []string{"America/New_York"}, "2026-11-01 01:45:00 -04:00", "2026-11-01 01:15:00 -05:00"},
		// São Paulo skipped midnight itself on 4 November 2018.
		{"a midnight that is skipped", arauto.Windows{{Days: arauto.Sunday, From: 0, To: 180}}, []string{"America/Sao_Paulo"}, "2018-11-03 23:00:00 -03:00", "2018-11-04 01:00:00 -02:00"},
		{"half an hour off", office, []string{"Asia/Kolkata"}, "2026-03-02 00:00:00 +00:00", "2026-03-02 09:00:00 +05:30"},
		{"nothing in common", arauto.Windows{{Days: arauto.EveryDay, From: 8 * 60, To: 12 * 60}}, []string{"America/Los_Angeles", "Asia/Tokyo"}, "2026-03-02 00:00:00 +00:00", "never"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var zones []*time.Location
			for _, name := range c.zones {
				zones = append(zones, zone(t, name))
			}
			open, next := c.windows.Open(at(t, c.now), zones, nil)
			switch c.next {
			case "":
				if !open {
					t.Errorf("shut until %s", next)
				}
			case "never":
				if open || !next.IsZero() {
					t.Errorf("open %v, next %s", open, next)
				}
			default:
				if want := at(t, c.next); open || !next.Equal(want) {
					t.Errorf("open %v, next %s, want %s", open, next.In(zones[0]), want.In(zones[0]))
				}
			}
		})
	}
}

func TestWindows_HolidaysShutTheWholeDay(t *testing.T) {
	carnival := func(d arauto.Date) bool { return d == arauto.Date{Year: 2026, Month: 2, Day: 17} }
	open, next := office.Open(at(t, "2026-02-17 10:00:00 -03:00"), []*time.Location{zone(t, "America/Sao_Paulo")}, carnival)
	if want := at(t, "2026-02-18 09:00:00 -03:00"); open || !next.Equal(want) {
		t.Errorf("open %v, next %s", open, next)
	}
}

func TestWindows_Check(t *testing.T) {
	for name, w := range map[string]arauto.Windows{
		"no day":          {{From: 0, To: 60}},
		"an eighth day":   {{Days: 128, From: 0, To: 60}},
		"begins too late": {{Days: arauto.Monday, From: 1440, To: 60}},
		"ends at 0":       {{Days: arauto.Monday, From: 60, To: 0}},
		"ends too late":   {{Days: arauto.Monday, From: 60, To: 1441}},
		"of no length":    {{Days: arauto.Monday, From: 60, To: 60}},
		"too many":        make(arauto.Windows, arauto.MaxWindows+1),
	} {
		if err := w.Check("windows"); arauto.KindOf(err) != arauto.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := office.Check("windows"); err != nil {
		t.Error(err)
	}
}

func drawWindows(t *rapid.T) arauto.Windows {
	var list arauto.Windows
	for range rapid.IntRange(1, 3).Draw(t, "windows") {
		w := arauto.Window{
			Days: arauto.Days(rapid.IntRange(1, 127).Draw(t, "days")),
			From: rapid.IntRange(0, 95).Draw(t, "from") * 15, To: rapid.IntRange(1, 96).Draw(t, "to") * 15,
		}
		if w.From != w.To {
			list = append(list, w)
		}
	}
	return list
}

func drawZones(t *rapid.T) []*time.Location {
	// With clocks that change, and that changed.
	names := []string{"America/Sao_Paulo", "America/New_York", "America/Santiago", "Asia/Kolkata", "Australia/Lord_Howe", "UTC", "America/Eirunepe"}
	var zones []*time.Location
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 3, rapid.ID).Draw(t, "zones") {
		zones = append(zones, zone(t, name))
	}
	return zones
}

// The next opening is one, nothing before it is, and asking later never names an earlier one.
func TestWindows_Properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		windows, zones := drawWindows(t), drawZones(t)
		// 2015 to 2026: São Paulo's last summer times are among them.
		now := time.Unix(rapid.Int64Range(1420070400, 1790000000).Draw(t, "now"), 0)
		off := time.Weekday(rapid.IntRange(0, 9).Draw(t, "a weekday off"))
		closed := func(d arauto.Date) bool {
			return time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC).Weekday() == off
		}
		open, next := windows.Open(now, zones, closed)
		if open {
			if !next.IsZero() {
				t.Fatalf("open, and next %s", next)
			}
			return
		}
		end := next
		if next.IsZero() {
			end = now.Add(arauto.Horizon)
		} else {
			if again, _ := windows.Open(next, zones, closed); !again {
				t.Fatalf("it is not open at %s", next)
			}
			if before, _ := windows.Open(next.Add(-time.Nanosecond), zones, closed); before {
				t.Fatalf("it is open just before %s", next)
			}
		}
		// Windows are of quarters of an hour and so are the zones: nothing opens in between.
		for probe := now; probe.Before(end); probe = probe.Add(15 * time.Minute) {
			early, later := windows.Open(probe, zones, closed)
			if early {
				t.Fatalf("next is %s, and yet it is open at %s", next, probe)
			}
			if !next.IsZero() && !later.Equal(next) {
				t.Fatalf("from %s the next is %s, from %s it is %s", now, next, probe, later)
			}
			if probe.Sub(now) > 48*time.Hour {
				break // enough: the rest is the same week again
			}
		}
	})
}
