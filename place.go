package arauto

import "time"

// A Place is what a number says about where its person is: a plan's answer, not a position. People move
// and keep their number.
type Place struct {
	Country string           // ISO 3166 alpha-2; "" = the number does not say
	Region  string           // the state, as ISO 3166-2 has it without its country: "SP", "FL"; "" = not known
	Area    string           // the area code, where the region was read from it
	Zones   []*time.Location // every zone the person may be in; none = not known
	// UnitedStates says that the number has an area code of one of the fifty states or of the District of
	// Columbia: those are where Meta delivers no marketing. Territories have codes of their own.
	UnitedStates bool
	// Whole says that no more than the country is known: the person may be in any of its states, and what is forbidden
	// in one of them is not done.
	Whole bool
}

// Within reports whether p is in region: "" is everywhere, "BR" a country, "BR-SP" a state. A place whose
// state is not known is in none.
func (p Place) Within(region string) bool {
	if region == "" {
		return true
	}
	if len(region) < 2 || region[:2] != p.Country {
		return false
	}
	return len(region) == 2 || len(region) > 3 && region[2] == '-' && region[3:] == p.Region
}
