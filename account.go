package arauto

import (
	"regexp"
	"time"
)

// An Account is a tenant. It sees nothing of another.
type Account struct {
	ID   int64
	UUID string
	Slug string // in addresses and as Basic user name: lower case, unique

	Name     string
	Country  string // ISO 3166 alpha-2: national phone numbers are read in it
	TimeZone string // IANA name
	Language Language

	StopWords   []string // whole-message opt-out words
	ResumeWords []string // whole-message words that undo an opt-out
	Rules       Rules

	CreatedAt time.Time
}

var (
	slugShape    = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$`)
	countryShape = regexp.MustCompile(`^[A-Z]{2}$`)
)

// Check is nil for an account that can be stored.
func (a Account) Check() error {
	if !slugShape.MatchString(a.Slug) {
		return Errorf(KindInvalid, "slug", "%q is not a slug: use lower-case letters, digits and inner hyphens, at most 63", a.Slug)
	}
	if !countryShape.MatchString(a.Country) {
		return Errorf(KindInvalid, "country", "%q is not an ISO country code such as BR", a.Country)
	}
	// "" and Local would load, as what this machine happens to have.
	if _, err := time.LoadLocation(a.TimeZone); err != nil || a.TimeZone == "" || a.TimeZone == "Local" {
		return Errorf(KindInvalid, "time_zone", "%q is not an IANA time zone such as America/Sao_Paulo", a.TimeZone)
	}
	return a.Rules.Check()
}
