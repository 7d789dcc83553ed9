package numbering

import (
	"strings"

	"arauto"
)

// wellFormed knows by length and first digits the plans that nearly every number here belongs to, so that those need
// no look-up, and accepts the spellings that libphonenumber no longer does. For Brazil its word is final; elsewhere
// false only means that the plan must be asked.
//
// In North America only the area code is judged: Meta's test numbers have exchanges that are never given out.
func wellFormed(phone arauto.Phone) bool {
	if !phone.Valid() {
		return false
	}
	d := phone.Digits()
	switch d[0] {
	case '1':
		return len(d) == 11 && d[1] >= '2'
	case '3':
		return len(d) == 11 && d[1] == '4' && d[2] >= '6' || // Spain
			len(d) == 12 && d[1:3] == "51" && (d[3] == '9' || d[3] == '2') // Portugal: mobiles, landlines
	case '5':
		switch d[1] {
		case '1': // Peru: mobiles
			return len(d) == 11 && d[2] == '9'
		case '2': // Mexico, with and without its old 1
			return len(d) == 12 && d[2] >= '2' || len(d) == 13 && d[2] == '1' && d[3] >= '2'
		case '4': // Argentina, with and without the 9 of mobiles
			return len(d) == 12 && argentineArea(d[2]) || len(d) == 13 && d[2] == '9' && argentineArea(d[3])
		case '5':
			return checkBrazil(d[2:]) == nil
		case '6': // Chile: mobiles
			return len(d) == 11 && d[2] == '9'
		case '7': // Colombia: mobiles, landlines
			return len(d) == 12 && (d[2] == '3' || d[2:4] == "60")
		}
	}
	return false
}

func argentineArea(first byte) bool { return first >= '1' && first <= '3' }

func brazilian(phone arauto.Phone) bool { return strings.HasPrefix(string(phone), "+55") }

// readInBrazil reads digits as dialled or noted in Brazil, also whole numbers that lost their '+'.
// A national number that starts with 55 (Santa Maria) has 10 or 11 digits, a whole one 12 or 13.
func readInBrazil(digits string) (arauto.Phone, error) {
	if national, found := strings.CutPrefix(digits, "55"); found && (len(digits) >= 12 || strings.HasPrefix(national, "0")) {
		return readBrazil(national)
	}
	return readBrazil(digits)
}

// readBrazil reads what follows +55, or a number as dialled inside the country: 11 98765-4321, 011 98765-4321, and
// 0 15 11 98765-4321 where 15 is the carrier.
func readBrazil(national string) (arauto.Phone, error) {
	if dialled, found := strings.CutPrefix(national, "0"); found {
		national = dialled
		if len(national) == 12 || len(national) == 13 {
			national = national[2:]
		}
	}
	if err := checkBrazil(national); err != nil {
		return "", err
	}
	return arauto.Phone("+55" + national), nil
}

// checkBrazil says what is wrong with an area code (DDD) and its subscriber, or 0800 and its kind without the 0.
// Mobiles pass with nine digits and, as they were until 2016 and WhatsApp still knows many of them, with eight.
func checkBrazil(national string) error {
	switch n := len(national); {
	case n < 8:
		return tooShort()
	case n < 10:
		return reject("area_code", "phone has no area code: write the DDD before it, as in 11 91234-5678")
	case n > 11:
		return tooManyDigits()
	}
	if len(national) == 10 && (national[:3] == "800" || national[:3] == "300" || national[:3] == "500") {
		return nil
	}
	if !brazilArea(national[:2]) {
		return reject("area_code", "phone has the area code %s, which does not exist in Brazil: check the DDD", national[:2])
	}
	switch first := national[2]; {
	case len(national) == 11 && first != '9':
		return reject("subscriber", "phone has nine digits after the area code but they do not start with 9: check for a digit too many")
	case len(national) == 10 && first < '2':
		return reject("subscriber", "phone starts with %c after the area code, which no phone in Brazil does: check its digits", first)
	}
	return nil
}

// brazilArea holds Anatel's 67 area codes.
func brazilArea(code string) bool {
	switch code {
	case "11", "12", "13", "14", "15", "16", "17", "18", "19",
		"21", "22", "24", "27", "28",
		"31", "32", "33", "34", "35", "37", "38",
		"41", "42", "43", "44", "45", "46", "47", "48", "49",
		"51", "53", "54", "55",
		"61", "62", "63", "64", "65", "66", "67", "68", "69",
		"71", "73", "74", "75", "77", "79",
		"81", "82", "83", "84", "85", "86", "87", "88", "89",
		"91", "92", "93", "94", "95", "96", "97", "98", "99":
		return true
	}
	return false
}

// withoutMexicanPrefixes drops what was dialled before the ten digits until 2019: 01 to landlines, 044 and 045 to mobiles.
func withoutMexicanPrefixes(national string) string {
	for _, prefix := range []string{"01", "044", "045"} {
		if rest, found := strings.CutPrefix(national, prefix); found && len(rest) == 10 {
			return rest
		}
	}
	return national
}
