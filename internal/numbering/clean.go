package numbering

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"arauto"
)

// maxRaw bounds what is looked at: the longest number with every separator and label fits several times.
const maxRaw = 100

// written is what is left of a raw number when labels, separators and spreadsheet habits are gone.
type written struct {
	international bool // it had a '+'
	digits        string
}

func clean(raw string) (written, error) {
	if len(raw) > maxRaw {
		return written{}, reject("too_long", "phone is longer than %d characters: keep one number per row and notes in another column", maxRaw)
	}
	text := unlabelled(raw)
	if text == "" {
		return written{}, reject("empty", "phone is empty: every row needs one")
	}
	if scientific(text) {
		return written{}, reject("scientific",
			"phone was turned into scientific notation by a spreadsheet: format the column as text and export it again, its last digits are lost")
	}
	w, err := digitsOf(withoutDecimals(text))
	if err == nil && w.digits == "" {
		err = reject("empty", "phone has no digits: every row needs a number")
	}
	return w, err
}

// unlabelled takes off what programs put around a number: quotes and ="…" that keep a spreadsheet from counting it,
// URI schemes, and the p: of Facebook's lead forms.
func unlabelled(raw string) string {
	text := strings.TrimFunc(raw, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(`'"=`, r)
	})
	for _, label := range []string{"whatsapp:", "tel:", "p:"} {
		if len(text) > len(label) && strings.EqualFold(text[:len(label)], label) {
			return strings.TrimSpace(text[len(label):])
		}
	}
	return text
}

// scientific tells 5.51199E+12 and 5,51199e12.
func scientific(text string) bool {
	mantissa, exponent, found := strings.Cut(strings.ToLower(text), "e")
	if !found {
		return false
	}
	exponent = strings.TrimLeft(exponent, "+-")
	mantissa = strings.TrimLeft(mantissa, "+-")
	return len(exponent) <= 2 && onlyDigits(exponent) && onlyDigits(strings.NewReplacer(".", "", ",", "").Replace(mantissa))
}

// withoutDecimals undoes 5511987654321.0 and its comma, but leaves 98765.0000 and 01.23.45.67.00 alone.
func withoutDecimals(text string) string {
	at := strings.IndexAny(text, ".,")
	if at < 0 || countDigits(text[:at]) < 8 {
		return text
	}
	if decimals := text[at+1:]; decimals != "0" && decimals != "00" {
		return text
	}
	return text[:at]
}

func onlyDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func digitsOf(text string) (written, error) {
	var w written
	digits := make([]byte, 0, maxRaw)
	for i, r := range text {
		switch {
		case r >= '0' && r <= '9':
			digits = append(digits, byte(r))
		case r == '+' && len(digits) == 0 && !w.international:
			w.international = true
		case r == '.' || r == '(' || r == ')' || r == '\u2212' || unicode.IsSpace(r) || unicode.In(r, unicode.Pd, unicode.Cf):
		default:
			return written{}, stray(len(digits), r, text[i:])
		}
	}
	w.digits = string(digits)
	return w, nil
}

// stray explains the first character that is no part of a number, by what comes before and after it.
func stray(digitsBefore int, r rune, rest string) error {
	word := strings.ToLower(rest)
	if end := strings.IndexFunc(word, func(r rune) bool { return !unicode.IsLetter(r) }); end >= 0 {
		word = word[:end]
	}
	after := strings.IndexFunc(rest, unicode.IsDigit) >= 0
	switch word {
	case "ramal", "rml", "r", "ext", "extn", "extension", "extensão", "extensión", "x", "anexo", "interno", "int":
		if digitsBefore >= 7 && after {
			return reject("extension", "phone has an extension, and messages reach whole numbers only: give a direct number")
		}
	}
	if r == '#' && digitsBefore >= 7 && after {
		return reject("extension", "phone has an extension, and messages reach whole numbers only: give a direct number")
	}
	if digitsBefore >= 8 && countDigits(rest) >= 8 {
		return reject("two_numbers", "phone holds more than one number: keep one per row")
	}
	switch {
	case unicode.IsLetter(r):
		return reject("letters", "phone contains letters: write it in digits")
	case !unicode.IsPrint(r) || r == utf8.RuneError:
		return reject("character", "phone contains a character that cannot be read: save the file as UTF-8, or type the number again")
	}
	return reject("character", "phone contains %q, which belongs in no number: write it in digits", r)
}

func countDigits(s string) int {
	n := 0
	for _, r := range s {
		if r >= '0' && r <= '9' {
			n++
		}
	}
	return n
}

// reject is an answer about one number. The code in brackets is for counting rejects by cause: never change one.
func reject(code, format string, args ...any) error {
	return arauto.Errorf(arauto.KindInvalid, "phone", format+" ["+code+"]", args...)
}

func tooShort() error {
	return reject("too_short", "phone is too short: write it with its area code, or with + and country code")
}

func tooManyDigits() error {
	return reject("too_many_digits", "phone has too many digits: check them, and write numbers of other countries with + and country code")
}

func noCountryCode() error {
	return reject("country_code", "phone starts with a country code that does not exist: check what follows the +")
}
