package arauto

import (
	"log/slog"
	"strings"
	"unicode"
)

// A Phone is a number in E.164 with its leading '+', exactly as it is dialled; "" is none.
//
// One person's number is written in several ways: Brazil added a ninth digit to mobiles, Mexico dropped a 1 after
// the country code, Argentina has a 9 there that not every network keeps. WhatsApp answers with whichever it knew
// first. So a Phone is never rewritten: PersonKey says who is behind it, and Variants how else they may be written.
//
// A Phone logs itself redacted when it is a slog value of its own (inside a slice or a struct it does not).
type Phone string

const (
	minPhoneDigits = 8
	maxPhoneDigits = 15 // E.164
)

// ParseE164 reads an international number: '+' or '00', then digits, with spaces (also no-break and invisible ones),
// dots, dashes and parentheses between them. It checks shape and length only, not whether the country has such a
// number. It refuses what needs a judgement: a trunk zero in parentheses, or the decimals a spreadsheet added.
// A number that is already plain E.164 costs no allocation.
func ParseE164(raw string) (Phone, bool) {
	if p := Phone(raw); p.Valid() {
		return p, true
	}
	if strings.Contains(raw, "(0)") || endsInDecimals(raw) {
		return "", false
	}
	var buf [maxPhoneDigits + 2]byte
	digits := buf[:0]
	plus := false
	for _, r := range raw {
		switch {
		case r >= '0' && r <= '9':
			if len(digits) == cap(digits) {
				return "", false
			}
			digits = append(digits, byte(r))
		case r == '+' && !plus && len(digits) == 0:
			plus = true
		case !separates(r):
			return "", false
		}
	}
	if !plus {
		if len(digits) < 2 || digits[0] != '0' || digits[1] != '0' {
			return "", false
		}
		digits = digits[2:]
	}
	p := Phone("+" + string(digits))
	if !p.Valid() {
		return "", false
	}
	return p, true
}

// endsInDecimals tells the decimals in 5511987654321.0 from dots between digits: one dot, and one or two zeros after it.
func endsInDecimals(raw string) bool {
	_, decimals, _ := strings.Cut(strings.TrimSpace(raw), ".")
	return decimals == "0" || decimals == "00"
}

// separates reports whether r may stand between the digits of a number without meaning anything. Beyond what people
// type, that is what copying from web pages, contact lists and chats leaves behind: other dashes, spaces that do not
// break, marks of writing direction.
func separates(r rune) bool {
	return r == '.' || r == '(' || r == ')' || r == '\u2212' || unicode.IsSpace(r) || unicode.In(r, unicode.Pd, unicode.Cf)
}

// PhoneOfWAID is the number in a WhatsApp wa_id: E.164 digits without '+'. It is "" when waid is not a number,
// as for a person whom Meta names by a business-scoped id only.
func PhoneOfWAID(waid string) Phone {
	p := Phone("+" + strings.TrimPrefix(waid, "+"))
	if !p.Valid() {
		return ""
	}
	return p
}

// Valid reports whether p has the shape of E.164: '+', then 8 to 15 digits of which the first is not 0.
// Whether such a number can exist is the numbering plan's question.
func (p Phone) Valid() bool {
	if len(p) < 1+minPhoneDigits || len(p) > 1+maxPhoneDigits || p[0] != '+' || p[1] == '0' {
		return false
	}
	for i := 1; i < len(p); i++ {
		if p[i] < '0' || p[i] > '9' {
			return false
		}
	}
	return true
}

// Digits is p without its '+': what WhatsApp takes and gives.
func (p Phone) Digits() string { return strings.TrimPrefix(string(p), "+") }

// PersonKey identifies the person behind p: equal for every spelling of one number, different for different numbers,
// "" for no phone. It is digits without '+': Brazilian mobiles with their ninth digit, Mexico without the 1 and
// Argentina without the 9 after the country code. It is for comparing, never for dialling.
func (p Phone) PersonKey() string {
	d := p.Digits()
	switch spellingOf(d) {
	case brazilWithoutNinth:
		return d[:4] + "9" + d[4:]
	case mexicoWithOne, argentinaWithNine:
		return d[:2] + d[3:]
	}
	return d
}

// PersonKeyOfUserID is the key of a person known only by Meta's business-scoped user id, such as US.13491208655302741918.
// It never equals the key of a phone, and is "" for an empty id. The id is kept as given: it is opaque.
func PersonKeyOfUserID(bsuid string) string {
	if bsuid == "" {
		return ""
	}
	return keyOfUserID + bsuid
}

const keyOfUserID = "bsuid:"

// UserIDOfKey is the business-scoped id whose key that is; false for every other key.
func UserIDOfKey(key string) (id string, ok bool) { return strings.CutPrefix(key, keyOfUserID) }

// NameOfKey is a person's key as people write it: a number with its '+', a user id as the provider has it.
func NameOfKey(key string) string {
	if phone := PhoneOfWAID(key); phone != "" {
		return string(phone)
	}
	return strings.TrimPrefix(key, keyOfUserID)
}

// Variants lists every spelling of p's person, p itself first: one or two numbers, none for "".
// All share one PersonKey.
func (p Phone) Variants() []Phone {
	if p == "" {
		return nil
	}
	d := p.Digits()
	switch spellingOf(d) {
	case brazilWithNinth:
		return []Phone{p, Phone("+" + d[:4] + d[5:])}
	case brazilWithoutNinth:
		return []Phone{p, Phone("+" + d[:4] + "9" + d[4:])}
	case mexicoWithOne, argentinaWithNine:
		return []Phone{p, Phone("+" + d[:2] + d[3:])}
	case mexicoWithoutOne:
		return []Phone{p, Phone("+521" + d[2:])}
	case argentinaWithoutNine:
		return []Phone{p, Phone("+549" + d[2:])}
	}
	return []Phone{p}
}

// A spelling names one of the two ways in which a country's numbers are written. The rest have only one.
type spelling int

const (
	onlySpelling spelling = iota
	brazilWithNinth
	brazilWithoutNinth
	mexicoWithOne
	mexicoWithoutOne
	argentinaWithNine
	argentinaWithoutNine
)

func spellingOf(digits string) spelling {
	if len(digits) != 12 && len(digits) != 13 || digits[0] != '5' {
		return onlySpelling
	}
	long := len(digits) == 13
	switch digits[1] {
	case '5':
		return brazilSpelling(digits, long)
	case '2':
		if long && digits[2] == '1' && mexicanSubscriber(digits[3:]) {
			return mexicoWithOne
		}
		if !long && mexicanSubscriber(digits[2:]) {
			return mexicoWithoutOne
		}
	case '4':
		if long && digits[2] == '9' && argentineSubscriber(digits[3:]) {
			return argentinaWithNine
		}
		if !long && argentineSubscriber(digits[2:]) {
			return argentinaWithoutNine
		}
	}
	return onlySpelling
}

// brazilSpelling looks at the first of the last eight digits. From 6 up it was a mobile before the ninth digit came;
// below, those eight digits alone are somebody's landline, so 9 3xxx-xxxx has no short spelling.
// No area code has a 0: with one it is 0800 or another service.
func brazilSpelling(digits string, long bool) spelling {
	if digits[2] == '0' || digits[3] == '0' || digits[len(digits)-8] < '6' {
		return onlySpelling
	}
	if !long {
		return brazilWithoutNinth
	}
	if digits[4] == '9' {
		return brazilWithNinth
	}
	return onlySpelling
}

// mexicanSubscriber leaves out 800 and 900, which never had the 1.
func mexicanSubscriber(national string) bool {
	return national[0] >= '2' && national[:3] != "800" && national[:3] != "900"
}

// argentineSubscriber: area codes start with 1, 2 or 3; 0600, 0800 and 0810 are services.
func argentineSubscriber(national string) bool {
	return national[0] >= '1' && national[0] <= '3'
}

// LogValue keeps the country, the start of the area and the last digits, enough to recognise a number one already
// knows: +5511•••••5678. What is not a phone is hidden whole.
func (p Phone) LogValue() slog.Value {
	if p == "" {
		return slog.StringValue("")
	}
	if !p.Valid() {
		return slog.StringValue("•••")
	}
	d := p.Digits()
	head, tail := 4, 4
	if len(d) < 12 {
		head, tail = 3, 2
	}
	return slog.StringValue("+" + d[:head] + strings.Repeat("•", len(d)-head-tail) + d[len(d)-tail:])
}

// CallingCode is the country that p is dialled in, as its digits say it: "55", "351". Where several
// countries share a code, what follows it is taken along: four digits in North America, two after +7.
// It is "" for no phone.
func (p Phone) CallingCode() string {
	d := p.Digits()
	n := 3
	switch {
	case len(d) < minPhoneDigits:
		return ""
	case d[0] == '1':
		n = 4
	case d[0] == '7' || strings.Contains(twoDigitCodes, " "+d[:2]+" "):
		n = 2
	}
	return d[:n]
}

// Calling codes of two digits, by E.164; all others but 1 and 7 have three.
const twoDigitCodes = " 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98 "
