package arauto

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Date is a day of some calendar on a wall. Year 0 is every year.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the day on which t is, in t's own zone.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{year, month, day}
}

// ParseDate reads 2026-12-25, or --12-25 for every year.
func ParseDate(text string) (Date, error) {
	layout, every := "2006-01-02", strings.HasPrefix(text, "--")
	if every {
		text = "2000-" + text[2:] // a leap year: 29 February is a day
	}
	t, err := time.Parse(layout, text)
	if err != nil {
		return Date{}, Errorf(KindInvalid, "date", "%q is not a day: write 2026-12-25, or --12-25 for every year", text)
	}
	d := DateOf(t)
	if every {
		d.Year = 0
	}
	return d, nil
}

func (d Date) String() string {
	if d.Year == 0 {
		return fmt.Sprintf("--%02d-%02d", int(d.Month), d.Day)
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

// falls reports whether day is d, or d in its year.
func (d Date) falls(day Date) bool {
	return d.Month == day.Month && d.Day == day.Day && (d.Year == 0 || d.Year == day.Year)
}

func (d Date) plus(days int) Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+days, 0, 0, 0, 0, time.UTC))
}

func (d Date) weekday() time.Weekday {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Weekday()
}

// A Holiday is a day on which an account contacts nobody there.
type Holiday struct {
	Date   Date
	Region string // "" = everywhere, "BR" = a country, "BR-SP" = a state
	Name   string
}

// Holidays are an account's own, by date.
type Holidays []Holiday

// MaxHolidays is how many an account may have.
const MaxHolidays = 500

// On is the holiday of that day at that place, if there is one.
func (h Holidays) On(day Date, place Place) (Holiday, bool) {
	for _, x := range h {
		if x.Date.falls(day) && place.Within(x.Region) {
			return x, true
		}
	}
	return Holiday{}, false
}

// With is h and x, which takes the place of one with the same day and region.
func (h Holidays) With(x Holiday) Holidays {
	list := append(h.Without(x.Date, x.Region), x)
	slices.SortFunc(list, func(a, b Holiday) int {
		return strings.Compare(a.Date.String()+a.Region, b.Date.String()+b.Region)
	})
	return list
}

// Without is h but for the one with that day and region.
func (h Holidays) Without(day Date, region string) Holidays {
	list := make(Holidays, 0, len(h)+1)
	for _, x := range h {
		if x.Date != day || x.Region != region {
			list = append(list, x)
		}
	}
	return list
}

// Check is nil for holidays that can be kept.
func (h Holidays) Check() error {
	if len(h) > MaxHolidays {
		return Errorf(KindLimited, "rules.holidays", "an account has at most %d holidays: remove those that have passed", MaxHolidays)
	}
	for _, x := range h {
		if r := x.Region; r != "" && !regionShape(r) {
			return Errorf(KindInvalid, "region", "%q is no region: write BR for a country or BR-SP for a state, or leave it out", r)
		}
		if x.Name == "" || len(x.Name) > 200 || strings.ContainsRune(x.Name, '\n') {
			return Errorf(KindInvalid, "name", "say in at most 200 letters what day %s is", x.Date)
		}
	}
	return nil
}

func regionShape(r string) bool {
	upper := func(s string) bool {
		return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
	}
	country, state, divided := strings.Cut(r, "-")
	return len(country) == 2 && upper(country) && (!divided || len(state) <= 3 && upper(state))
}

// MarshalText keeps a holiday in one short word of text: an account's rules are read often.
func (x Holiday) MarshalText() ([]byte, error) {
	return []byte(x.Date.String() + " " + x.Region + " " + x.Name), nil
}

// UnmarshalText undoes MarshalText.
func (x *Holiday) UnmarshalText(text []byte) (err error) {
	day, rest, _ := strings.Cut(string(text), " ")
	x.Region, x.Name, _ = strings.Cut(rest, " ")
	x.Date, err = ParseDate(day)
	return err
}
