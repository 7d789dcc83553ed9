package sheet

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxText is how many UTF-16 units a cell has room for.
const maxText = 1<<15 - 1

// appendText writes text as a cell has it.
func appendText(dst []byte, text string) []byte {
	if len(text) > maxText {
		text = cut(text)
	}
	start := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '&' && c != '<' && c != '>' && c != '_' {
			i++
			continue
		}
		size, instead := 1, ""
		switch {
		case c >= utf8.RuneSelf:
			var r rune
			if r, size = utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && size == 1 || r == '\uFFFE' || r == '\uFFFF' {
				instead = "\uFFFD"
			}
		case c == '&':
			instead = "&amp;"
		case c == '<':
			instead = "&lt;"
		case c == '>':
			instead = "&gt;"
		case c == '\r':
			instead = "&#xD;" // as it is, a reader makes a line feed of it
		case c == '_' && encoded(text[i:]):
			instead = "_x005F_"
		case c < ' ' && c != '\t' && c != '\n':
			instead = "\uFFFD"
		}
		if instead != "" {
			dst = append(append(dst, text[start:i]...), instead...)
			start = i + size
		}
		i += size
	}
	return append(dst, text[start:]...)
}

// encoded reports whether text begins with what readers take for a character by its number, such as _x000D_.
func encoded(text string) bool {
	if len(text) < 7 || text[1] != 'x' || text[6] != '_' {
		return false
	}
	for _, c := range []byte(text[2:6]) {
		if !strings.ContainsRune("0123456789abcdefABCDEF", rune(c)) {
			return false
		}
	}
	return true
}

// cut is what a cell has room for of a text.
func cut(text string) string {
	units := 0
	for i, r := range text {
		if units += max(1, utf16.RuneLen(r)); units > maxText {
			return text[:i]
		}
	}
	return text
}

// attribute is text as an attribute's value.
func attribute(text string) string {
	return strings.ReplaceAll(string(appendText(nil, text)), `"`, "&quot;")
}
