package ccai

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"arauto"
)

// A member is one key of a JSON object with the scalar under it.
type member struct {
	key  string
	kind kind
	text string // of a string, or the literal of a number or a boolean
}

type kind int

const (
	null kind = iota
	text
	number
	boolean
)

// An object is its members in the order in which they were sent. No key comes twice.
type object []member

// get is the member under key; a null one is as good as none.
func (o object) get(key string) (member, bool) {
	for _, m := range o {
		if m.key == key {
			return m, m.kind != null
		}
	}
	return member{}, false
}

// text is the string under key, "" when there is none; anything but a string is invalid.
func (o object) text(key string) (value string, sent bool, err error) {
	m, sent := o.get(key)
	if sent && m.kind != text {
		return "", true, invalid(key, "is not a string: send it in quotes")
	}
	return m.text, sent, nil
}

// How much a body may hold.
const (
	maxKey       = 200     // bytes of a key
	maxValue     = 10_000  // bytes of a text
	maxListBody  = 4 << 20 // of POST contacts, which takes a list
	maxList      = 1_000   // contacts in it
	maxOneObject = 256 << 10
)

// readObject reads a body that is one JSON object.
func readObject(r *http.Request) (object, error) {
	list, isList, err := readObjects(r)
	if err == nil && isList {
		err = invalid("", "the body is a JSON array: send one object")
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// readObjects reads a body that is one JSON object or an array of them, at least one.
func readObjects(r *http.Request) (list []object, isList bool, err error) {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, false, refusal{http.StatusUnsupportedMediaType, "the body is compressed: send it as it is"}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, false, unreadable(err)
	}
	return parseObjects(body)
}

func unreadable(err error) error {
	if big, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return tooLargeFor(big.Limit)
	}
	return invalid("", "the body cannot be read (%v): nothing was done, send it again", err)
}

func parseObjects(body []byte) (list []object, isList bool, err error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !utf8.Valid(body) {
		return nil, false, invalid("", "the body is not UTF-8 text: send JSON in UTF-8")
	}
	body = withoutTrailingComma(body)
	// Checked as a whole first: the decoder below would let some things pass between two tokens.
	if !json.Valid(body) {
		return nil, false, notJSON(body)
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	open, err := dec.Token()
	if err != nil {
		return nil, false, notJSON(body)
	}
	if open == json.Delim('{') {
		o, err := parseObject(dec)
		return []object{o}, false, err
	}
	if open != json.Delim('[') {
		return nil, false, invalid("", "the body is not a JSON object: send one in braces")
	}
	for dec.More() {
		if len(list) == maxList {
			return nil, true, invalid("", "the array has more than %d contacts: send fewer at a time, or import a file", maxList)
		}
		if open, err := dec.Token(); err != nil || open != json.Delim('{') {
			return nil, true, invalid("", "element %d of the array is not an object", len(list))
		}
		o, err := parseObject(dec)
		if err != nil {
			return nil, true, inElement(len(list), err)
		}
		list = append(list, o)
	}
	if len(list) == 0 {
		return nil, true, invalid("", "the array is empty: send at least one contact")
	}
	return list, true, nil
}

// inElement says which element of a list an error is about.
func inElement(i int, err error) error {
	if e, ok := errors.AsType[*arauto.Error](err); ok {
		return invalid("", "element %d of the array: %s", i, e)
	}
	return err
}

// parseObject reads the rest of an object whose brace was read.
func parseObject(dec *json.Decoder) (object, error) {
	var o object
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, invalid("", "the body is not JSON: %v", err)
		}
		m := member{key: token.(string)} // the decoder takes nothing else before a colon
		if err := checkText(m.key, m.key, maxKey); err != nil {
			return nil, err
		}
		if seen[m.key] {
			return nil, invalid(m.key, "comes twice: send it once")
		}
		seen[m.key] = true
		value, err := dec.Token()
		if err != nil {
			return nil, invalid("", "the body is not JSON: %v", err)
		}
		switch v := value.(type) {
		case string:
			m.kind, m.text = text, v
		case json.Number:
			m.kind, m.text = number, v.String()
		case bool:
			m.kind, m.text = boolean, map[bool]string{true: "true", false: "false"}[v]
		case nil:
		default:
			return nil, invalid(m.key, "holds an object or an array: send a text")
		}
		if err := checkText(m.key, m.text, maxValue); err != nil {
			return nil, err
		}
		o = append(o, m)
	}
	_, err := dec.Token()
	return o, err
}

func checkText(key, text string, most int) error {
	if len(text) > most {
		return invalid(key[:min(len(key), maxKey)], "is %d bytes long: send at most %d", len(text), most)
	}
	if strings.ContainsRune(text, 0) {
		return invalid(strings.ReplaceAll(key, "\x00", "�"), "holds a NUL character: leave it out")
	}
	return nil
}

func notJSON(body []byte) error {
	var into any
	err := json.Unmarshal(body, &into)
	if len(bytes.TrimSpace(body)) == 0 {
		return invalid("", "the body is empty: send a JSON object")
	}
	return invalid("", "the body is not JSON: %v", err)
}

// withoutTrailingComma blanks the one comma that stands before a closing brace or bracket, as in the vendor's own
// example of a removal (docs/api/ccai.md#remove-a-contact). With a second one the body is left as it is, which is no JSON.
func withoutTrailingComma(body []byte) []byte {
	at, last := -1, -1        // the comma to blank, and the latest one
	var previous, before byte // the last character that was no space, outside of strings; what stood before the comma
	inString, escaped := false, false
	for i, c := range body {
		switch {
		case inString:
			switch {
			case escaped:
				escaped = false
			case c == '\\':
				escaped = true
			case c == '"':
				inString = false
			}
			continue
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			continue
		case c == '"':
			inString = true
		case c == ',':
			last, before = i, previous
		case (c == '}' || c == ']') && previous == ',' && !strings.ContainsRune("{[,:", rune(before)):
			if at >= 0 {
				return body
			}
			at = last
		}
		previous = c
	}
	if at < 0 {
		return body
	}
	body = bytes.Clone(body)
	body[at] = ' '
	return body
}
