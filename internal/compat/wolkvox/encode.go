package wolkvox

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// A member is one key of a row with its value, all of which are texts.
type member struct{ key, value string }

// appendMembers is a row whose keys are few and rows are fewer.
func appendMembers(dst []byte, members ...member) []byte {
	for i, m := range members {
		if i == 0 {
			dst = append(dst, '{')
		} else {
			dst = append(dst, ',')
		}
		dst = appendString(dst, m.key)
		dst = append(dst, ':')
		dst = appendString(dst, m.value)
	}
	return append(dst, '}')
}

const hexDigits = "0123456789abcdef"

// appendString is a JSON string that escapes what JSON requires only: '/', '&' and accents stay as they are.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			if r, size := utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
			dst = append(append(dst, s[start:i]...), "\ufffd"...)
		} else {
			dst = appendEscape(append(dst, s[start:i]...), c)
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// appendID is an id as a text, "" for none.
func appendID(dst []byte, id int64) []byte {
	dst = append(dst, '"')
	if id != 0 {
		dst = strconv.AppendInt(dst, id, 10)
	}
	return append(dst, '"')
}

const moments = "2006-01-02 15:04:05"

// appendMoment is a moment in a zone, "" for none.
func appendMoment(dst []byte, t time.Time, zone *time.Location) []byte {
	dst = append(dst, '"')
	if !t.IsZero() {
		dst = t.In(zone).AppendFormat(dst, moments)
	}
	return append(dst, '"')
}
