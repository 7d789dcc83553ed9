package numbering

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"arauto"

	"github.com/nyaruka/phonenumbers"
)

// Places says where numbers are from. Make it with NewPlaces; it is safe for concurrent use.
//
// Brazil and the states of the United States are tables of ours, by area code. The rest is libphonenumber's
// word, remembered by the first digits of the number: a plan gives those to one place.
type Places struct {
	brazil map[string]arauto.Place // by area code
	states map[string]string       // of the United States, by area code
	zones  map[string]*time.Location

	mu         sync.RWMutex
	remembered map[string]arauto.Place // by first digits
	countries  map[string]arauto.Place // by ISO 3166 alpha-2
}

// maxRemembered bounds what is remembered; when it is reached, remembering begins anew. Every prefix of the
// countries one business writes to fits many times.
const maxRemembered = 1 << 14

// NewPlaces loads the time zones of the tables. It fails where the program has no time zone database.
func NewPlaces() (*Places, error) {
	p := &Places{
		brazil: map[string]arauto.Place{}, states: map[string]string{}, zones: map[string]*time.Location{},
		remembered: map[string]arauto.Place{}, countries: map[string]arauto.Place{},
	}
	for _, row := range brazilPlaces() {
		zones, err := p.load(row.zones)
		if err != nil {
			return nil, err
		}
		for area := range strings.FieldsSeq(row.areas) {
			p.brazil[area] = arauto.Place{Country: "BR", Region: row.state, Area: area, Zones: zones}
		}
	}
	for state, areas := range unitedStates() {
		for area := range strings.FieldsSeq(areas) {
			p.states[area] = state
		}
	}
	for _, name := range append(strings.Fields(everyBrazil), strings.Fields(everyUnitedStates)...) {
		if _, err := p.load(name); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// load gives the zones with those names, each loaded once. It is not for concurrent use.
func (p *Places) load(names string) ([]*time.Location, error) {
	var list []*time.Location
	for name := range strings.FieldsSeq(names) {
		zone := p.zones[name]
		if zone == nil {
			var err error
			if zone, err = time.LoadLocation(name); err != nil {
				return nil, fmt.Errorf("load a time zone: %w", err)
			}
			p.zones[name] = zone
		}
		list = append(list, zone)
	}
	return list, nil
}

// Place says where phone is from. What it cannot say is empty: a number without a place, such as 0800, is in every
// zone of its country, and one of no country in none.
func (p *Places) Place(phone arauto.Phone) arauto.Place {
	if !phone.Valid() {
		return arauto.Place{}
	}
	digits := string(phone[1:])
	if digits[:2] == "55" {
		return p.inBrazil(digits[2:])
	}
	known := digits[:min(len(digits), knownBy(digits))]
	p.mu.RLock()
	place, found := p.remembered[known]
	p.mu.RUnlock()
	if found {
		return place
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if place, found = p.remembered[known]; found {
		return place
	}
	if len(p.remembered) >= maxRemembered {
		clear(p.remembered)
	}
	known = strings.Clone(known) // not the whole number
	place = p.find(known, digits)
	p.remembered[known] = place
	return place
}

// inBrazil knows one island: Fernando de Noronha has landlines 3619 of Recife's area code, and an hour more. A mobile
// of that code is taken to be on the mainland, as all but three thousand people are.
func (p *Places) inBrazil(national string) arauto.Place {
	place, found := p.brazil[national[:2]]
	if !found {
		place = arauto.Place{Country: "BR", Zones: p.brazil["*"].Zones}
	}
	if place.Area == "81" && len(national) == 10 && national[2:6] == "3619" {
		place.Zones = p.brazil["81*"].Zones
	}
	return place
}

// knownBy is how many digits tell a number's place: its country code and four more, in North America the area
// code and the exchange.
func knownBy(digits string) int {
	if digits[0] == '1' {
		return 7
	}
	return countryDigits(digits) + 4
}

// countryDigits is how long the country code is.
func countryDigits(digits string) int {
	switch digits[:2] {
	case "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49",
		"51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66",
		"81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98":
		return 2
	}
	if digits[0] == '1' || digits[0] == '7' {
		return 1
	}
	return 3
}

// find asks the tables and the library. p.mu is held: zones are loaded.
func (p *Places) find(known, digits string) arauto.Place {
	if digits[0] == '1' {
		if state, found := p.states[digits[1:4]]; found {
			return arauto.Place{Country: "US", Region: state, Area: known[1:4], Zones: p.zonesOf(known), UnitedStates: true}
		}
	}
	country := country(digits)
	switch {
	case country == "" && digits[0] == '1', country == "US":
		// Toll-free and such: shared by North America, and nearly always the United States'.
		zones, _ := p.load(everyUnitedStates)
		return arauto.Place{Country: "US", Zones: zones}
	case country == "":
		return arauto.Place{}
	}
	return arauto.Place{Country: country, Zones: p.zonesOf(known)}
}

// country is the number's, by its own digits or, where the plan does not know them, by its country code.
func country(digits string) string {
	number, err := phonenumbers.Parse("+"+digits, "")
	if err != nil {
		return ""
	}
	region := phonenumbers.GetRegionCodeForNumber(number)
	if region == "" && digits[0] == '1' {
		// The exchange is one that is never given out; the area code says enough.
		if number, err = phonenumbers.Parse("+"+digits[:4]+"2345678", ""); err == nil {
			region = phonenumbers.GetRegionCodeForNumber(number)
		}
		return region
	}
	if region == "" {
		region = phonenumbers.GetRegionCodeForCountryCode(int(number.GetCountryCode()))
	}
	if region == "001" || region == "ZZ" {
		return "" // satellites and other numbers of no country
	}
	return region
}

// zonesOf is what the library believes of numbers that begin so. A zone that this machine does not have is left out.
func (p *Places) zonesOf(known string) []*time.Location {
	names, err := phonenumbers.GetTimezonesForPrefix(known)
	if err != nil {
		return nil
	}
	var list []*time.Location
	for _, name := range names {
		if zones, err := p.load(name); err == nil {
			list = append(list, zones...)
		}
	}
	return list
}
