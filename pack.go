package arauto

import (
	"slices"
	"time"
)

// A Pack is a set of rules about contacting people of some countries, kept as data. An account chooses packs,
// each at one version: a rule that changes comes as a new version beside the old one, and never by itself.
// Packs are what we read in the sources they name; they are no legal advice. See docs/compliance.md.
type Pack struct {
	Name      string
	Version   int
	Countries []string // whose numbers it is about, ISO 3166 alpha-2; none = every number
	Title     string   // the country, in its own language
	Rules     []PackRule
	feasts    []feast
}

// A PackRule is one rule of a pack. What it leaves empty it does not ask for; where several speak of a place,
// all hold.
type PackRule struct {
	Regions    []string // states, as Place.Region has them; none = everywhere in the pack's countries
	Marketing  bool     // speaks of marketing only
	Windows    Windows
	Holidays   bool  // no contact on the pack's holidays
	Caps       []Cap // each one's own Marketing is not looked at
	OneChannel bool  // who was contacted by one channel is not contacted by another in the same week
	Title      string
	Source     string // law and article
	Certainty  Certainty
}

// Certainty is how far a rule may be relied on.
type Certainty string

const (
	ByLaw       Certainty = "law"        // the text of the law was read
	ByReport    Certainty = "report"     // known from reports about the law: check the text
	ByCode      Certainty = "code"       // a code of conduct or an authority's order to some companies
	ByOurChoice Certainty = "our_choice" // stricter than the source, to be safe
)

// A PackRef is a pack at a version.
type PackRef struct {
	Name    string
	Version int
}

// Packs lists every pack in every version, newest version last.
func Packs() []Pack { return slices.Clone(packs) }

// packs are small and few: looking one up is looking at each.
var packs = []Pack{packDefault, packBrazil, packColombia, packUnitedStates}

// packDefault asks for nothing: it is there to be chosen on purpose.
var packDefault = Pack{Name: "default", Version: 1, Title: "Default"}

// PackOf is the pack that ref names; nil when there is none.
func PackOf(ref PackRef) *Pack {
	for i := range packs {
		if packs[i].Name == ref.Name && packs[i].Version == ref.Version {
			return &packs[i]
		}
	}
	return nil
}

// covers reports whether the pack speaks of that place.
func (p *Pack) covers(place Place) bool {
	return len(p.Countries) == 0 || slices.Contains(p.Countries, place.Country)
}

// speaks reports whether the rule is about that place and kind of message.
func (r *PackRule) speaks(place Place, marketing bool) bool {
	return (marketing || !r.Marketing) && (len(r.Regions) == 0 || place.Whole || slices.Contains(r.Regions, place.Region))
}

// A feast is a holiday as a law has it. One of its day, nth and easter is set.
type feast struct {
	name    string
	month   time.Month
	day     int
	nth     int          // of weekday in month; -1 = the last
	weekday time.Weekday // for nth
	easter  int          // days after Easter Sunday, where month is 0
	monday  bool         // kept on the Monday that follows, unless it is one
	nearest bool         // also kept on the Friday before a Saturday and the Monday after a Sunday
	region  string       // a state; "" = the whole country
	from    int          // first year; 0 = always
}

// Holiday is the pack's holiday of that day at that place, if there is one.
func (p *Pack) Holiday(day Date, place Place) (name string, found bool) {
	easter := 0 // in days of the year's calendar: worked out once, when it is needed
	for i := range p.feasts {
		f := &p.feasts[i]
		if f.region != "" && f.region != place.Region || day.Year < f.from {
			continue
		}
		if f.month == 0 && easter == 0 {
			easter = easterOf(day.Year)
		}
		if f.falls(day, easter) {
			return f.name, true
		}
	}
	return "", false
}

// Calendar lists the pack's holidays of a year, by date. A state's own has it as region.
func (p *Pack) Calendar(year int) Holidays {
	var list Holidays
	first, easter := Date{year, time.January, 1}, easterOf(year)
	for day := first; day.Year == year; day = day.plus(1) {
		for i := range p.feasts {
			if f := &p.feasts[i]; year >= f.from && f.falls(day, easter) {
				list = append(list, Holiday{Date: day, Region: f.region, Name: f.name})
			}
		}
	}
	return list
}

// falls reports whether f is kept on that day; easter is easterOf its year.
func (f *feast) falls(day Date, easter int) bool {
	switch {
	case f.nth > 0:
		return day.Month == f.month && day.weekday() == f.weekday && (day.Day-1)/7 == f.nth-1
	case f.nth < 0:
		return day.Month == f.month && day.weekday() == f.weekday && day.plus(7).Month != f.month
	case f.month == 0:
		// Days after Easter are few and in one year: the ordinals of March and later do not ask which.
		return ordinal(day) == easter+f.easter
	case f.monday:
		return f.onMonday(day)
	}
	if day.Month == f.month && day.Day == f.day {
		return true
	}
	if !f.nearest {
		return false
	}
	shifted := day
	switch day.weekday() {
	case time.Friday:
		shifted = day.plus(1)
	case time.Monday:
		shifted = day.plus(-1)
	}
	return shifted.Month == f.month && shifted.Day == f.day
}

// onMonday reports whether day is the Monday on which f is kept: its own, or the first one after it.
func (f *feast) onMonday(day Date) bool {
	if day.weekday() != time.Monday {
		return false
	}
	for back := range 7 {
		if d := day.plus(-back); d.Month == f.month && d.Day == f.day {
			return true
		}
	}
	return false
}

func ordinal(d Date) int {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).YearDay()
}

// easterOf is the day of the year of Easter Sunday in the Gregorian calendar (the anonymous algorithm that
// Butcher published in 1876).
func easterOf(year int) int {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	month := (h + l - 7*m + 114) / 31
	day := (h+l-7*m+114)%31 + 1
	return ordinal(Date{year, time.Month(month), day})
}
