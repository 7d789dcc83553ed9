package importer

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"arauto"
)

// object is one person as a file says it, key by key, in order.
type object []arauto.Field

// fieldsKey is the key under which our own API has a contact's custom fields.
const fieldsKey = "fields"

// parseObject reads one JSON object without objects in it, but for the one under "fields". Texts without escapes are
// parts of one copy of raw. Under the keys of texts nothing but a text or null may stand. The error is invalid, and about
// this object alone.
func parseObject(raw []byte, texts ...string) (object, error) {
	p := &objectParser{text: string(raw), texts: texts}
	o, err := p.object(make(object, 0, 8), false)
	if err != nil {
		return nil, err
	}
	if p.blanks(); p.at < len(p.text) {
		return nil, p.wrong("something follows the object")
	}
	if n := len(o); n > 2 && o[n-2].Key == rejectRow && o[n-1].Key == rejectReason {
		o = o[:n-2] // a file of rejects, corrected
	}
	if len(o) > maxColumns {
		return nil, arauto.Errorf(arauto.KindInvalid, "", "the row has %d keys and %d is the most: leave out those you do not need", len(o), maxColumns)
	}
	return o, nil
}

// objectParser reads one object. Nothing in it calls itself deeper than once: nesting costs no stack.
type objectParser struct {
	text  string
	at    int
	texts []string
}

func (p *objectParser) wrong(what string) error {
	near := p.text[min(p.at, len(p.text)):]
	if len(near) > 20 {
		near = strings.ToValidUTF8(near[:20], "") + "…"
	}
	return arauto.Errorf(arauto.KindInvalid, "", "this is not valid JSON: %s, at %q", what, near)
}

func (p *objectParser) blanks() {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\n' || p.text[p.at] == '\t' || p.text[p.at] == '\r') {
		p.at++
	}
}

// next reports whether c stands here, and steps over it.
func (p *objectParser) next(c byte) bool {
	p.blanks()
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *objectParser) object(o object, inner bool) (object, error) {
	if !p.next('{') {
		return nil, arauto.Errorf(arauto.KindInvalid, "", "a row must be an object, such as {\"name\":\"Ana\",\"phone\":\"+5511987654321\"}, not %s", kindOfJSON(p.text[min(p.at, len(p.text)):]))
	}
	for !p.next('}') {
		if p.at == len(p.text) || p.text[p.at] != '"' {
			return nil, p.wrong("a key in quotes must come here")
		}
		key, err := p.quoted()
		if err != nil {
			return nil, err
		}
		if !p.next(':') {
			return nil, p.wrong("a colon must follow the key")
		}
		p.blanks()
		if p.at < len(p.text) && p.text[p.at] == '{' && !inner && strings.EqualFold(key, fieldsKey) {
			if o, err = p.object(o, true); err != nil {
				return nil, err
			}
		} else {
			value, err := p.value(key)
			if err != nil {
				return nil, err
			}
			if o, err = o.with(clean(key), value); err != nil {
				return nil, err
			}
		}
		if p.next(',') {
			continue // also before the end
		}
		if p.blanks(); p.at == len(p.text) || p.text[p.at] != '}' {
			return nil, p.wrong("a comma or the end of the object must come here")
		}
	}
	return o, nil
}

// with adds one key.
func (o object) with(key, value string) (object, error) {
	switch {
	case key == "":
		return nil, arauto.Errorf(arauto.KindInvalid, "", "a key is empty: give it a name, or leave it out")
	case len(key) > maxKey:
		return nil, arauto.Errorf(arauto.KindInvalid, "", "a key is longer than %d bytes: shorten it", maxKey)
	}
	for _, f := range o {
		if f.Key == key || len(f.Key) == len(key) && strings.EqualFold(f.Key, key) {
			return nil, arauto.Errorf(arauto.KindInvalid, key, "this key comes twice; case does not tell two apart: keep one")
		}
	}
	return append(o, arauto.Field{Key: key, Value: value}), nil
}

// value reads what stands under key.
func (p *objectParser) value(key string) (string, error) {
	if p.at == len(p.text) {
		return "", p.wrong("a value is missing")
	}
	switch c := p.text[p.at]; c {
	case '"':
		text, err := p.quoted()
		switch {
		case err != nil:
			return "", err
		case len(text) > maxCell:
			return "", arauto.Errorf(arauto.KindInvalid, key, "the text is longer than 64 KB: shorten it")
		case strings.IndexByte(text, 0) >= 0:
			return "", arauto.Errorf(arauto.KindInvalid, key, "the text holds a NUL character: remove it")
		}
		return text, nil
	case '{', '[':
		return "", arauto.Errorf(arauto.KindInvalid, key, "a field holds one text, not %s", kindOfJSON(p.text[p.at:]))
	}
	end := p.at
	for end < len(p.text) && strings.IndexByte(" \t\r\n,}]{[\":", p.text[end]) < 0 {
		end++
	}
	word := p.text[p.at:end]
	switch {
	case word == "null":
		word = ""
	case word == "true", word == "false":
	case !isNumber(word):
		return "", p.wrong("a text in quotes, a number, true, false or null must come here")
	}
	if word != "" && slices.Contains(p.texts, key) {
		return "", arauto.Errorf(arauto.KindInvalid, key, "must be a text in quotes, not %s", kindOfJSON(word))
	}
	p.at = end
	return word, nil
}

// isNumber reports whether word is a number as JSON has it.
func isNumber(word string) bool {
	if word == "" || word[0] != '-' && (word[0] < '0' || word[0] > '9') {
		return false
	}
	digits := strings.TrimPrefix(word, "-")
	if len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9' {
		return false
	}
	if strings.Trim(word, "0123456789+-.eE") != "" {
		return false
	}
	_, err := strconv.ParseFloat(word, 64)
	return err == nil || strings.Trim(digits, "0123456789") == ""
}

// quoted reads the text that begins with the quote here.
func (p *objectParser) quoted() (string, error) {
	start := p.at + 1
	for i := start; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '"':
			p.at = i + 1
			return p.text[start:i], nil
		case c == '\\':
			return p.escaped(start, i)
		case c < ' ':
			p.at = i
			return "", p.wrong("a text holds a line break or another character that must be escaped")
		}
	}
	p.at = start
	return "", p.wrong("a text is never closed")
}

// escaped reads on a text in which the first escape stands at i.
func (p *objectParser) escaped(start, i int) (string, error) {
	out := append(make([]byte, 0, 2*(i-start)+32), p.text[start:i]...)
	for i < len(p.text) {
		c := p.text[i]
		switch {
		case c == '"':
			p.at = i + 1
			return string(out), nil
		case c < ' ':
			p.at = i
			return "", p.wrong("a text holds a line break or another character that must be escaped")
		case c != '\\':
			out = append(out, c)
			i++
			continue
		}
		r, size := unescape(p.text[i:])
		if size == 0 {
			p.at = i
			return "", p.wrong("a backslash is followed by something that is no escape")
		}
		out = utf8.AppendRune(out, r)
		i += size
	}
	p.at = start
	return "", p.wrong("a text is never closed")
}

// unescape reads one escape; a size of 0 is none. Half of a pair stands for a character that cannot be read.
func unescape(text string) (r rune, size int) {
	if len(text) < 2 {
		return 0, 0
	}
	if plain := strings.IndexByte(`"\/bfnrt`, text[1]); plain >= 0 {
		return rune("\"\\/\b\f\n\r\t"[plain]), 2
	}
	first, ok := hex4(text)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(first) {
		return first, 6
	}
	if second, ok := hex4(text[6:]); ok {
		if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
			return r, 12
		}
	}
	return utf8.RuneError, 6
}

func hex4(text string) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(text[2:6], 16, 16)
	return rune(n), err == nil
}

// kindOfJSON says what a value is, for a person.
func kindOfJSON(text string) string {
	if text == "" {
		return "nothing"
	}
	switch c := text[0]; {
	case c == '{':
		return "an object"
	case c == '[':
		return "a list"
	case c == '"':
		return "a text"
	case c == '-' || c >= '0' && c <= '9':
		return "a number"
	case strings.HasPrefix(text, "null"):
		return "null"
	case strings.HasPrefix(text, "true"), strings.HasPrefix(text, "false"):
		return "true or false"
	}
	return "something else"
}

// validJSON reports whether any reader takes text as JSON.
func validJSON(text string) bool { return json.Valid([]byte(text)) }
