package arauto

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxFields is how many custom fields one contact may carry.
const MaxFields = 100

// A Field is one custom column of one contact: cpf = 111.
type Field struct{ Key, Value string }

// Fields are a contact's custom columns in the order of the file they came from. Values are always text; an
// empty cell is an empty value, so that every contact of a file shows the same columns. No two keys are equal
// when case is ignored.
type Fields []Field

// Get is the value under key, compared without case: CPF finds cpf.
func (f Fields) Get(key string) (string, bool) {
	for _, field := range f {
		if strings.EqualFold(field.Key, key) {
			return field.Value, true
		}
	}
	return "", false
}

// With is f with those set, under the keys that f has for them where it has them; f itself is left alone. The error is
// invalid: more than MaxFields.
func (f Fields) With(set Fields) (Fields, error) {
	if len(set) == 0 {
		return f, nil
	}
	out := append(make(Fields, 0, len(f)+len(set)), f...)
	for _, field := range set {
		at := slices.IndexFunc(out, func(has Field) bool { return strings.EqualFold(has.Key, field.Key) })
		switch {
		case at >= 0:
			out[at].Value = field.Value
		case len(out) == MaxFields:
			return f, Errorf(KindInvalid, "fields", "there would be more than %d custom fields; set fewer", MaxFields)
		default:
			out = append(out, field)
		}
	}
	return out, nil
}

// AppendJSON appends f as one JSON object in f's order, {"cpf":"111","perfil":"Pessoa Jurídica"}, and {} when
// f is empty. Only what JSON requires is escaped: '&', '<' and accents stay as they are. Bytes that are not
// UTF-8 become U+FFFD. The same fields always give the same bytes.
func (f Fields) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	for i, field := range f {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendJSONString(dst, field.Key)
		dst = append(dst, ':')
		dst = appendJSONString(dst, field.Value)
	}
	return append(dst, '}')
}

func appendJSONString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0 // of the stretch that needs no escape and is not copied yet
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(dst, s[start:i]...)
				dst = append(dst, "\uFFFD"...)
				start = i + 1
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		}
		i++
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// ParseFields reads a JSON object in the order it is written. Numbers and booleans keep their literal text and
// null is empty, so it also takes what integrators send. Nothing at all, or null, is no fields. The error is
// invalid: not an object, an object or a list inside it, a key that comes twice, more than MaxFields.
func ParseFields[T ~string | ~[]byte](data T) (Fields, error) {
	text := bytes.TrimSpace([]byte(data))
	if len(text) == 0 || string(text) == "null" {
		return nil, nil
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, Errorf(KindInvalid, "fields", "custom fields must be one JSON object of texts, such as {\"cpf\":\"111\"}")
	}
	var fields Fields
	for dec.More() {
		field, err := parseField(dec)
		if err != nil {
			return nil, err
		}
		if _, twice := fields.Get(field.Key); twice {
			return nil, Errorf(KindInvalid, field.Key, "this custom field comes twice; case does not tell two apart: keep one")
		}
		if len(fields) == MaxFields {
			return nil, Errorf(KindInvalid, "fields", "there are more than %d custom fields; send fewer", MaxFields)
		}
		fields = append(fields, field)
	}
	if _, err := dec.Token(); err != nil {
		return nil, errFieldsJSON(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, Errorf(KindInvalid, "fields", "something follows the JSON object of custom fields; send one object only")
	}
	return fields, nil
}

// StoredFields reads what AppendJSON wrote, as fast as that allows: no text in it is copied unless
// something was escaped. The errors are those of ParseFields.
func StoredFields(text string) (Fields, error) {
	rest, ok := strings.CutPrefix(text, `{"`)
	if !ok || strings.IndexByte(text, '\\') >= 0 {
		return ParseFields(text)
	}
	fields := make(Fields, 0, strings.Count(text, `":"`))
	for {
		key, tail, hasKey := strings.Cut(rest, `":"`)
		value, after, hasValue := strings.Cut(tail, `"`)
		if !hasKey || !hasValue {
			return ParseFields(text)
		}
		fields = append(fields, Field{Key: key, Value: value})
		if after == "}" {
			return fields, nil
		}
		if rest, ok = strings.CutPrefix(after, `,"`); !ok {
			return ParseFields(text)
		}
	}
}

func parseField(dec *json.Decoder) (Field, error) {
	key, err := dec.Token()
	if err != nil {
		return Field{}, errFieldsJSON(err)
	}
	field := Field{Key: key.(string)} // the decoder takes nothing else before a colon
	value, err := dec.Token()
	if err != nil {
		return Field{}, errFieldsJSON(err)
	}
	switch v := value.(type) {
	case string:
		field.Value = v
	case json.Number:
		field.Value = v.String()
	case bool:
		field.Value = strconv.FormatBool(v)
	case nil:
	default:
		return Field{}, Errorf(KindInvalid, field.Key, "a custom field holds one text, not an object or a list")
	}
	return field, nil
}

func errFieldsJSON(err error) *Error {
	return Errorf(KindInvalid, "fields", "custom fields are not valid JSON: %v", err)
}
