package arauto

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Currency is one that Meta bills in and that rates are kept in.
type Currency string

const (
	BRL Currency = "BRL"
	USD Currency = "USD"
)

// Currencies lists every currency.
func Currencies() []Currency { return []Currency{BRL, USD} }

// Money is an amount in millionths of its currency: a message costs parts of a cent.
type Money struct {
	Currency Currency
	Micros   int64
}

// String is "BRL 1234.50": two decimals, and up to six where they say something.
func (m Money) String() string {
	return strings.TrimSpace(string(m.Currency) + " " + FormatMicros(m.Micros))
}

func (m Money) checkCeiling() error {
	if m == (Money{}) {
		return nil
	}
	if !slices.Contains(Currencies(), m.Currency) {
		return Errorf(KindInvalid, "policy.ceiling.currency", "%q is not one of %v", m.Currency, Currencies())
	}
	if m.Micros <= 0 || m.Micros > maxMicros {
		return Errorf(KindInvalid, "policy.ceiling.amount", "a ceiling is more than 0 and at most %s (0 and no currency = none)", FormatMicros(maxMicros))
	}
	return nil
}

// FormatMicros is micros as a decimal with two to six places.
func FormatMicros(micros int64) string {
	sign := ""
	if micros < 0 {
		sign, micros = "-", -micros
	}
	text := fmt.Sprintf("%d.%06d", micros/1_000_000, micros%1_000_000)
	for range 4 {
		text = strings.TrimSuffix(text, "0")
		if len(text)-strings.IndexByte(text, '.') == 3 {
			break
		}
	}
	return sign + text
}

// maxMicros bounds an amount at a billion of its currency.
const maxMicros = 1_000_000_000 * 1_000_000

// ParseMicros reads a decimal of at most six places, with a point or a comma before them, that is not
// negative and at most a billion. The error is invalid.
func ParseMicros(s string) (int64, error) {
	wrong := Errorf(KindInvalid, "", "%q is not an amount: write it as 0.0625, with at most six decimals", s)
	whole, part, _ := strings.Cut(strings.Replace(strings.TrimSpace(s), ",", ".", 1), ".")
	if len(part) > 6 || whole == "" && part == "" {
		return 0, wrong
	}
	digits := whole + part + strings.Repeat("0", 6-len(part))
	if len(digits) > 16 || strings.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' }) {
		return 0, wrong
	}
	micros, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || micros > maxMicros {
		return 0, wrong
	}
	return micros, nil
}

// A Rate is what one message costs, as the account's people entered it: Meta publishes its own as a list that
// changes each quarter, and agrees others.
type Rate struct {
	Country   string // ISO 3166 alpha-2, or AnyCountry
	Category  string // as NormalCategory has it: marketing, utility, authentication, service, …
	Currency  Currency
	Micros    int64
	ValidFrom time.Time // zero = always
}

// AnyCountry is the country of a rate for all countries that have none of their own.
const AnyCountry = "*"

// MaxRates is how many rates an account may keep.
const MaxRates = 5000

// NormalCategory is a category as templates, statuses and people write it, in one spelling.
func NormalCategory(category string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(category)), "-", "_")
}

// Check is nil for a rate that can be kept; the error names the field.
func (r Rate) Check() error {
	country := len(r.Country) == 2 && strings.Trim(r.Country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	switch {
	case !country && r.Country != AnyCountry:
		return Errorf(KindInvalid, "country", "%q is not a country: give two letters such as BR, or * for every other", r.Country)
	case r.Category == "" || len(r.Category) > 50 || strings.Trim(r.Category, "abcdefghijklmnopqrstuvwxyz_") != "":
		return Errorf(KindInvalid, "category", "%q is not a category: use marketing, utility, authentication, service or another that Meta names", r.Category)
	case !slices.Contains(Currencies(), r.Currency):
		return Errorf(KindInvalid, "currency", "%q is not one of %v", r.Currency, Currencies())
	case r.Micros < 0 || r.Micros > maxMicros:
		return Errorf(KindInvalid, "rate", "a message does not cost %s", FormatMicros(r.Micros))
	}
	return nil
}

// Rates are an account's.
type Rates []Rate

// CheckRates is nil for a list that can be kept; the error names the rate by its place.
func CheckRates(list []Rate) error {
	if len(list) > MaxRates {
		return Errorf(KindInvalid, "rates", "%d rates are too many: keep at most %d", len(list), MaxRates)
	}
	type key struct {
		country, category string
		currency          Currency
		from              int64
	}
	seen := make(map[key]bool, len(list))
	for i, r := range list {
		field := fmt.Sprintf("rates[%d]", i)
		if err := r.Check(); err != nil {
			return Errorf(KindInvalid, field, "%s", err.Error())
		}
		k := key{r.Country, r.Category, r.Currency, r.ValidFrom.UnixMilli()}
		if seen[k] {
			return Errorf(KindInvalid, field, "%s %s in %s is listed twice for the same day", r.Country, r.Category, r.Currency)
		}
		seen[k] = true
	}
	return nil
}

// At is the rate that holds at that moment: the country's own, else the one for every other country; of
// several, the one that began last.
func (list Rates) At(country, category string, currency Currency, at time.Time) (Rate, bool) {
	for _, where := range []string{country, AnyCountry} {
		var best Rate
		found := false
		for _, r := range list {
			if r.Country == where && r.Category == category && r.Currency == currency && !r.ValidFrom.After(at) && (!found || r.ValidFrom.After(best.ValidFrom)) {
				best, found = r, true
			}
		}
		if found {
			return best, true
		}
	}
	return Rate{}, false
}

// Currencies lists the currencies that list has rates in.
func (list Rates) Currencies() []Currency {
	return slices.DeleteFunc(Currencies(), func(c Currency) bool {
		return !slices.ContainsFunc(list, func(r Rate) bool { return r.Currency == c })
	})
}
