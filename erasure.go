package arauto

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// An Erasure is what has to be known of a person in order to forget them: under which names they are kept,
// and what of them may stand in texts that are not about them alone. It is made anew from what is there
// whenever the work begins, added to what was known before, and sealed until the work is done.
type Erasure struct {
	Keys   []string // of the person, and of whoever was merged into them
	IDs    []int64  // the same
	Phones []Phone
	Names  []string // what nobody else goes by: ids of theirs and of their messages at the provider
	Words  []string // what others may share: their name, what they wrote, their custom fields
	Files  []string // whose content is theirs alone
}

// ErasedSource is what the gate names who holds back somebody who was erased.
const ErasedSource = "erased"

// Add keeps what more is known.
func (e *Erasure) Add(more Erasure) {
	e.Keys, e.IDs, e.Phones = union(e.Keys, more.Keys), union(e.IDs, more.IDs), union(e.Phones, more.Phones)
	e.Names, e.Words, e.Files = union(e.Names, more.Names), union(e.Words, more.Words), union(e.Files, more.Files)
}

func union[T comparable](a, b []T) []T {
	var zero T
	known := make(map[T]bool, len(a)+len(b))
	var list []T
	for _, v := range slices.Concat(a, b) {
		if v != zero && !known[v] {
			known[v] = true
			list = append(list, v)
		}
	}
	return list
}

// Traces finds an erasure's person in texts. Make it with Erasure.Traces.
type Traces struct{ digits, names, words []string }

const (
	// leastDigits is how much of a number makes it one: an area and eight digits.
	leastDigits = 10
	// leastName and leastWord keep what is short from being found everywhere.
	leastName = 6
	leastWord = 3
)

// Traces is e ready to be looked for.
func (e Erasure) Traces() Traces {
	var t Traces
	for _, p := range e.Phones {
		t.digits = union(t.digits, spellings(p))
	}
	for _, key := range e.Keys {
		if p := PhoneOfWAID(key); p != "" {
			t.digits = union(t.digits, spellings(p))
		} else {
			t.names = union(t.names, []string{NameOfKey(key)})
		}
	}
	t.names = union(t.names, e.Names)
	t.names = slices.DeleteFunc(t.names, func(s string) bool { return len(s) < leastName })
	t.words = slices.DeleteFunc(slices.Clone(e.Words), func(s string) bool { return len(s) < leastWord })
	return t
}

// spellings are the digits of a number with and without its country, and in Brazil its ninth digit.
func spellings(p Phone) []string {
	all := strings.TrimPrefix(string(p), "+")
	code := strings.TrimPrefix(p.CallingCode(), "+")
	list := []string{all}
	national := strings.TrimPrefix(all, code)
	if code == "55" {
		switch {
		case len(national) == 11:
			list = append(list, code+national[:2]+national[3:], national, national[:2]+national[3:])
		case len(national) == 10:
			list = append(list, code+national[:2]+"9"+national[2:], national, national[:2]+"9"+national[2:])
		}
	} else {
		list = append(list, national)
	}
	return slices.DeleteFunc(list, func(s string) bool { return len(s) < leastDigits })
}

// In reports whether text speaks of the person for certain: by a number, however it is spaced, or by an id.
func (t Traces) In(text []byte) bool {
	for _, name := range t.names {
		if bytes.Contains(text, []byte(name)) {
			return true
		}
	}
	return len(t.digits) > 0 && t.dials(text)
}

// dials looks for a number among the digits of text; what people put between digits does not part them.
func (t Traces) dials(text []byte) bool {
	run := make([]byte, 0, 32)
	found := func() bool {
		for _, d := range t.digits {
			if bytes.Contains(run, []byte(d)) {
				return true
			}
		}
		return false
	}
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9':
			run = append(run, c)
		case c == ' ' || c == '-' || c == '(' || c == ')' || c == '.' || c == '/' || c == '+':
		default:
			if len(run) >= leastDigits && found() {
				return true
			}
			run = run[:0]
		}
	}
	return len(run) >= leastDigits && found()
}

// says reports whether a text that stands beside the person's own may be theirs as well.
func (t Traces) says(text string) bool {
	for _, word := range t.words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// Blank is text without what is the person's: JSON with its texts and numbers emptied, anything else gone.
// changed is false, and text as it was, when it does not speak of them.
func (t Traces) Blank(text []byte) (clean []byte, changed bool) {
	if !t.In(text) {
		return text, false
	}
	v, ok := decodeJSON(text)
	if !ok {
		return nil, true
	}
	clean, err := json.Marshal(t.blank(v))
	if err != nil || t.In(clean) { // a key of an object, or a number that two texts make together
		return []byte(`{}`), true
	}
	return clean, true
}

func (t Traces) blank(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = t.blank(value)
		}
	case []any:
		for i := range v {
			v[i] = t.blank(v[i])
		}
	case string:
		if t.In([]byte(v)) || t.says(v) {
			return ""
		}
	case json.Number:
		if t.In([]byte(v)) {
			return json.Number("0")
		}
	}
	return v
}

// Without is a provider's report without the entries that speak of the person: what it says of others stays.
func (t Traces) Without(report []byte) (clean []byte, changed bool) {
	if !t.In(report) {
		return report, false
	}
	v, ok := decodeJSON(report)
	if !ok {
		return []byte(`{}`), true
	}
	clean, err := json.Marshal(t.without(v))
	if err != nil || t.In(clean) {
		return []byte(`{}`), true
	}
	return clean, true
}

// without drops from each list what still speaks of the person once its own lists were looked through.
func (t Traces) without(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = t.without(value)
		}
	case []any:
		kept := []any{}
		for _, one := range v {
			text, err := json.Marshal(one)
			if err == nil && t.In(text) {
				if one = t.without(one); t.inJSON(one) {
					continue
				}
			}
			kept = append(kept, one)
		}
		return kept
	}
	return v
}

func (t Traces) inJSON(v any) bool {
	text, err := json.Marshal(v)
	return err != nil || t.In(text)
}

// decodeJSON keeps numbers as they were written.
func decodeJSON(text []byte) (v any, ok bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil || d.More() {
		return nil, false
	}
	return v, true
}
