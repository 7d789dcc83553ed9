package numbering

import (
	"fmt"
	"slices"
	"time"

	"arauto"

	"github.com/nyaruka/phonenumbers"
)

// Country is the place of somebody of whom no more is known than the country, by its ISO 3166 alpha-2 code: in any of
// its states and time zones. A code that is no country's has none, and is in no country.
func (p *Places) Country(code string) arauto.Place {
	p.mu.RLock()
	place, found := p.countries[code]
	p.mu.RUnlock()
	if found {
		return place
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	place = p.whole(code)
	if place.Country != "" { // no more of them than there are countries
		p.countries[code] = place
	}
	return place
}

// whole asks the tables and the library. p.mu is held.
func (p *Places) whole(code string) arauto.Place {
	calling := phonenumbers.GetCountryCodeForRegion(code)
	if calling == 0 {
		return arauto.Place{}
	}
	place := arauto.Place{Country: code, Whole: true, UnitedStates: code == "US"}
	switch {
	case code == "BR":
		place.Zones = p.brazil["*"].Zones
	case code == "US":
		place.Zones, _ = p.load(everyUnitedStates)
	case calling == 1 || calling == 7:
		place.Zones = p.zonesOfAreas(code, calling)
	default:
		// Where a few islands share the code, theirs too.
		place.Zones = p.zonesOf(fmt.Sprint(calling))
	}
	return place
}

// zonesOfAreas are the zones of all area codes that are the country's, where several countries share a calling code.
func (p *Places) zonesOfAreas(code string, calling int) (list []*time.Location) {
	for area := 200; area < 1000; area++ {
		digits := fmt.Sprintf("%d%d2345678", calling, area)
		if country(digits) != code {
			continue
		}
		for _, zone := range p.zonesOf(digits[:4]) {
			if !slices.Contains(list, zone) {
				list = append(list, zone)
			}
		}
	}
	return list
}
