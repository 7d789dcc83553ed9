package sandbox

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// parseNumber returns the digits of a phone number as Meta accepts it in `to`:
// plus, spaces, hyphens and parentheses are let through, anything else is not.
func parseNumber(raw string) (digits string, ok bool) {
	if len(raw) > 40 {
		return "", false
	}
	var b strings.Builder
	for i, c := range []byte(raw) {
		switch {
		case c >= '0' && c <= '9':
			b.WriteByte(c)
		case c == '+' && i == 0, c == ' ', c == '-', c == '(', c == ')':
		default:
			return "", false
		}
	}
	digits = b.String()
	return digits, len(digits) >= 8 && len(digits) <= 15 && digits[0] != '0'
}

// onlyDigits drops everything else.
func onlyDigits(raw string) string {
	return strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' {
			return c
		}
		return -1
	}, raw)
}

// canonical writes the variants of one mobile number one way, so that a person is
// one person: Brazil with the ninth digit, Mexico without the 1, Argentina with
// the 9. Other numbers are returned as they are.
func canonical(digits string) string {
	switch {
	case len(digits) == 12 && strings.HasPrefix(digits, "55") && digits[4] >= '6':
		return digits[:4] + "9" + digits[4:]
	case len(digits) == 13 && strings.HasPrefix(digits, "521"):
		return "52" + digits[3:]
	case len(digits) == 12 && strings.HasPrefix(digits, "54"):
		return "549" + digits[2:]
	}
	return digits
}

// alias returns the id WhatsApp knows a canonical number by, in its other spelling.
// Only numbers that existed before the ninth digit may lack it.
func alias(number string) string {
	switch {
	case len(number) == 13 && strings.HasPrefix(number, "55") && number[4] == '9' && number[5] >= '6':
		return number[:4] + number[5:]
	case len(number) == 12 && strings.HasPrefix(number, "52"):
		return "521" + number[2:]
	}
	return number
}

const (
	userIDFactor  = 0x9E3779B97F4A7C15
	userIDInverse = 0xF1DE83E19937733D // userIDFactor · userIDInverse = 1 mod 2⁶⁴
)

// userID is the business-scoped id of a canonical number, reversible so that the
// sandbox needs no table of people it has never met.
func userID(number string) string {
	n, _ := strconv.ParseUint(number, 10, 64)
	return country(number) + "." + strconv.FormatUint(n*userIDFactor, 10)
}

// NumberOf is whose business-scoped id that is, as canonical digits: any number's has one, met or not.
func NumberOf(id string) (number string, ok bool) {
	cc, rest, found := strings.Cut(id, ".")
	n, err := strconv.ParseUint(rest, 10, 64)
	if !found || err != nil {
		return "", false
	}
	number, ok = parseNumber(strconv.FormatUint(n*userIDInverse, 10))
	return number, ok && country(number) == cc && number == canonical(number)
}

func country(number string) string {
	for _, c := range []struct{ prefix, code string }{
		{"55", "BR"},
		{"52", "MX"},
		{"54", "AR"},
		{"57", "CO"},
		{"56", "CL"},
		{"51", "PE"},
		{"34", "ES"},
		{"351", "PT"},
		{"44", "GB"},
		{"49", "DE"},
		{"1", "US"},
	} {
		if strings.HasPrefix(number, c.prefix) {
			return c.code
		}
	}
	return "ZZ"
}

// wamid has the look of Meta's: base64 of a frame that holds the number and a
// unique part. It is a function of its arguments.
func wamid(boot uint64, number string, n int, part string) string {
	d := roll(int64(boot), number, strconv.Itoa(n), part)
	var unique [16]byte
	binary.BigEndian.PutUint64(unique[:8], d.next())
	binary.BigEndian.PutUint64(unique[8:], d.next())
	frame := append([]byte{0x1c, 0x18, byte(len(number))}, number...)
	frame = append(frame, 0x15, 0x02, 0x00, 0x11, 0x18, 0x12)
	frame = fmt.Appendf(frame, "%X", unique[:9])
	return "wamid." + base64.StdEncoding.EncodeToString(append(frame, 0))
}
