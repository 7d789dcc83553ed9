package importer

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// A numberStyle is how a cell shows its number, as far as that changes what it says.
type numberStyle struct {
	date  bool
	clock bool // it shows a time of day
	width int  // it is filled up with zeros to so many digits
}

// builtInDates are the number formats of dates and times that have a number instead of a code.
func builtInDates(id int) (numberStyle, bool) {
	switch {
	case id >= 14 && id <= 17, id >= 27 && id <= 31, id == 36, id >= 50 && id <= 54, id == 57, id == 58:
		return numberStyle{date: true}, true
	case id >= 18 && id <= 21, id >= 32 && id <= 35, id >= 45 && id <= 47, id == 55, id == 56:
		return numberStyle{date: true, clock: true}, true
	case id == 22:
		return numberStyle{date: true, clock: true}, true
	}
	return numberStyle{}, false
}

// styleOf reads a format's code: dd/mm/yyyy is a date, 00000000000 fills up with zeros.
func styleOf(code string) numberStyle {
	code, _, _ = strings.Cut(code, ";")
	if code != "" && strings.Trim(code, "0") == "" {
		return numberStyle{width: len(code)}
	}
	var s numberStyle
	for i := 0; i < len(code); i++ {
		switch code[i] {
		case '"': // a text
			if end := strings.IndexByte(code[i+1:], '"'); end >= 0 {
				i += 1 + end
			}
		case '[': // a colour, a language or a condition; [h] is hours
			end := strings.IndexByte(code[i:], ']')
			if end < 0 {
				return s
			}
			if inside := strings.ToLower(code[i+1 : i+end]); strings.Trim(inside, "hms") == "" {
				s.date, s.clock = true, true
			}
			i += end
		case '\\', '_', '*':
			i++
		case 'd', 'D', 'y', 'Y', 'm', 'M':
			s.date = true
		case 'h', 'H', 's', 'S':
			s.date, s.clock = true, true
		case '0', '#', '?', 'E', 'e', '@':
			if !s.date {
				return numberStyle{}
			}
		}
	}
	return s
}

// write is a number as the cell means it: digits without exponent, a date as 2006-01-02.
func (s numberStyle) write(raw string, since1904 bool) string {
	if s == (numberStyle{}) && strings.Trim(raw, "0123456789") == "" {
		return raw
	}
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return raw
	}
	if s.date {
		if text, ok := dateOf(f, s.clock, since1904); ok {
			return text
		}
	}
	if math.Abs(f) >= 1e21 {
		return raw
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if missing := s.width - len(text); missing > 0 && f >= 0 && f == math.Trunc(f) {
		text = strings.Repeat("0", missing) + text
	}
	return text
}

// dateOf is the moment that a number stands for: days since the end of 1899, or since 1904.
func dateOf(days float64, clock, since1904 bool) (string, bool) {
	if days < 0 || days >= 2958466 { // the end of 9999
		return "", false
	}
	if since1904 {
		days += 1462
	} else if days < 60 {
		days++ // Excel has a 29 February 1900
	}
	whole := math.Floor(days)
	seconds := int(math.Round((days - whole) * 86400))
	at := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(whole)).Add(time.Duration(seconds) * time.Second)
	form := "2006-01-02"
	switch {
	case clock && whole <= 1 && !since1904:
		form = "15:04:05"
	case clock && at.Second() != 0:
		form += " 15:04:05"
	case clock || seconds != 0:
		form += " 15:04"
	}
	return at.Format(form), true
}
