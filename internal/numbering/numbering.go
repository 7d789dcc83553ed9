// Package numbering reads phone numbers as people write them: with or without country code, trunk prefixes and
// carrier codes, and with what spreadsheets, contact lists and lead forms do to them. It is the edge over the
// libphonenumber port, with rules of its own where that one refuses numbers that WhatsApp uses every day.
//
// It reads and never repairs: the ninth digit of Brazil, the 1 of Mexico and the 9 of Argentina stay as written, since
// only the network knows which spelling it answers to. It knows no campaigns, contacts or files.
package numbering

import (
	"errors"
	"slices"
	"strings"
	"unicode"

	"arauto"

	"github.com/nyaruka/phonenumbers"
)

// A Plan reads numbers as someone in one country writes them. It is a value, safe to share; make it with New.
type Plan struct {
	country string // ISO 3166 alpha-2
}

// New is the plan of an account whose country is the given ISO 3166 alpha-2 code, in either case.
// A country without a numbering plan is an invalid Error on the field "country".
func New(country string) (Plan, error) {
	code := strings.ToUpper(strings.TrimSpace(country))
	if phonenumbers.GetCountryCodeForRegion(code) == 0 {
		return Plan{}, arauto.Errorf(arauto.KindInvalid, "country",
			"%.20q is not a country with phones: give its two letters, such as BR, MX or PT", country)
	}
	return Plan{country: code}, nil
}

// Parse reads one number. What starts with '+' or '00' is international; the rest is read in the plan's country, or
// as that country's number without its '+'. Every phone it returns is Valid and parses to itself.
//
// An error is an *arauto.Error of kind invalid on the field "phone". Its message says what is wrong and what to do,
// never repeats the number, and ends in a stable code in brackets: [empty] [too_long] [scientific] [extension]
// [letters] [two_numbers] [character] [too_short] [too_many_digits] [area_code] [subscriber] [country_code]
// [no_such_number].
func (p Plan) Parse(raw string) (arauto.Phone, error) {
	if phone, ok := arauto.ParseE164(raw); ok && wellFormed(phone) {
		return phone, nil
	}
	w, err := clean(raw)
	if err != nil {
		return "", err
	}
	if w.international {
		return p.international(w.digits)
	}
	if abroad, found := strings.CutPrefix(w.digits, "00"); found {
		return p.doubleZero(abroad)
	}
	switch p.country {
	case "BR":
		return readInBrazil(w.digits)
	case "MX":
		// libphonenumber does not know that 521… is a whole number that lost its '+'.
		if whole := arauto.PhoneOfWAID(w.digits); strings.HasPrefix(w.digits, "521") && wellFormed(whole) {
			return whole, nil
		}
		return p.lookUp(withoutMexicanPrefixes(w.digits))
	}
	return p.lookUp(w.digits)
}

// Search lists every full number that someone may mean by typing raw into a filter, each with the other spellings of
// the same person, likeliest first. A space in front may have been a '+' that a URL did not encode, and bare digits may
// be a wa_id of another country. It never completes a part of a number: nothing plausible is an empty list.
func (p Plan) Search(raw string) []arauto.Phone {
	typed := strings.TrimFunc(raw, unicode.IsSpace)
	readings := []string{typed, "+" + typed}
	if typed != "" && strings.HasPrefix(raw, " ") {
		slices.Reverse(readings)
	}
	found := []arauto.Phone{}
	for _, reading := range readings {
		phone, err := p.Parse(reading)
		if err != nil {
			continue
		}
		for _, v := range phone.Variants() {
			if !slices.Contains(found, v) {
				found = append(found, v)
			}
		}
	}
	return found
}

// international reads digits that start with a country code.
func (p Plan) international(digits string) (arauto.Phone, error) {
	if national, found := strings.CutPrefix(digits, "55"); found {
		return readBrazil(national)
	}
	if national, found := strings.CutPrefix(digits, "52"); found {
		digits = "52" + withoutMexicanPrefixes(national)
	}
	return p.lookUp("+" + digits)
}

// doubleZero reads what follows 00. In Brazil that may be the carrier that is to take the call abroad.
func (p Plan) doubleZero(digits string) (arauto.Phone, error) {
	phone, err := p.international(digits)
	if err != nil && p.country == "BR" && len(digits) > 2 {
		if carried, carriedErr := p.international(digits[2:]); carriedErr == nil {
			return carried, nil
		}
	}
	return phone, err
}

// lookUp asks libphonenumber, about digits as dialled in the plan's country or a '+' with digits.
func (p Plan) lookUp(number string) (arauto.Phone, error) {
	read, err := phonenumbers.Parse(number, p.country)
	if err != nil {
		return "", p.explain(err)
	}
	phone := arauto.Phone(phonenumbers.Format(read, phonenumbers.E164))
	if phone.Valid() && (wellFormed(phone) || !brazilian(phone) && phonenumbers.IsValidNumber(read)) {
		return phone, nil
	}
	// Colombians and others still write a trunk zero that their plan has given up.
	if rest, found := strings.CutPrefix(number, "0"); found {
		if again, err := p.lookUp(rest); err == nil {
			return again, nil
		}
	}
	switch phonenumbers.IsPossibleNumberWithReason(read) {
	case phonenumbers.TOO_SHORT, phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return "", tooShort()
	case phonenumbers.TOO_LONG:
		return "", tooManyDigits()
	case phonenumbers.INVALID_COUNTRY_CODE:
		return "", noCountryCode()
	}
	country := phonenumbers.GetRegionCodeForCountryCode(int(read.GetCountryCode()))
	return "", reject("no_such_number",
		"phone does not exist in the numbering plan of %s: check its digits, or write it with + and country code", country)
}

func (p Plan) explain(err error) error {
	switch {
	case errors.Is(err, phonenumbers.ErrInvalidCountryCode):
		return noCountryCode()
	case errors.Is(err, phonenumbers.ErrTooShortNSN), errors.Is(err, phonenumbers.ErrTooShortAfterIDD):
		return tooShort()
	case errors.Is(err, phonenumbers.ErrNumTooLong):
		return tooManyDigits()
	}
	return reject("no_such_number", "phone cannot be read as a number of %s: write it with + and country code", p.country)
}
