package posting

import (
	"encoding/binary"
	"slices"
	"strconv"

	"arauto"
)

// A Query is what is asked of a segment; all that is set must hold. Name is folded and contained, Digits are four or
// more of a phone's in a row, a field has exactly that value.
type Query struct {
	Campaigns []int64
	Name      string
	Digits    string
	Fields    arauto.Fields
}

// Reads gets parts of the segment that is asked, in the order of their numbers; those there are none of are left out.
type Reads func(numbers []int64) ([]Part, error)

// Numbers are the parts with which every answer begins.
func (q Query) Numbers(level Level) []int64 {
	list := []int64{kindShape}
	if len(q.Campaigns) > 0 {
		list = append(list, kindCampaigns)
	}
	if q.Name != "" {
		list = append(list, question(q.Name).dictionaries()...)
	}
	for _, t := range q.terms() {
		list = append(list, t.part(level, shapeNow), t.part(level, shapeFirst))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (q Query) terms() []term {
	var list []term
	for _, f := range q.Fields {
		list = append(list, fieldTerm(f.Key, f.Value))
	}
	for i := 0; i+gram <= len(q.Digits); i++ {
		list = append(list, digitsTerm(q.Digits[i:i+gram]))
	}
	return list
}

// Sure reports whether hardly anybody is found who does not fit, also where it need not be exact.
func (q Query) Sure() bool { return len(q.Digits) <= gram && len(question(q.Name).parts()) <= 2 }

// Find adds to found who fits. parts are those of Numbers; more reads others. Where exact is false there may be
// some who do not fit, but nobody is missing: whoever looks at the rows anyway need not read the columns.
func (q Query) Find(found *Set, level Level, parts []Part, exact bool, more Reads) error {
	var fits Set
	of, first := shapeOf(parts), true
	narrow := func(s *Set) bool {
		if first {
			fits, first = *s, false
		} else {
			fits.And(s)
		}
		return !fits.Empty()
	}
	for _, t := range q.terms() {
		var s Set
		s.readTerm(partOf(parts, t.part(level, of)), t)
		if !narrow(&s) {
			return nil
		}
	}
	if len(q.Campaigns) > 0 {
		var s Set
		s.readCampaigns(partOf(parts, kindCampaigns), q.Campaigns)
		if !narrow(&s) {
			return nil
		}
	}
	if q.Name != "" {
		if err := question(q.Name).find(level, of, parts, more, exact, narrow, &fits); err != nil {
			return err
		}
	}
	if exact && len(q.Digits) > gram && !fits.Empty() {
		if err := checkPhones(&fits, q.Digits, more); err != nil {
			return err
		}
	}
	found.Or(&fits)
	return nil
}

// partOf is the data of the part of that number; nil when there is none.
func partOf(parts []Part, number int64) []byte {
	for _, p := range parts {
		if p.Number == number {
			return p.Data
		}
	}
	return nil
}

// readTerm adds who bears wanted.
func (s *Set) readTerm(data []byte, wanted term) {
	r := reader{data: data}
	for t := uint64(0); r.left(); {
		t += r.number()
		list, words := r.list()
		if term(t) >= wanted {
			if term(t) == wanted {
				s.readList(list, words)
			}
			return
		}
	}
}

func (s *Set) readCampaigns(data []byte, wanted []int64) {
	r := reader{data: data}
	for r.left() {
		campaign := int64(r.number())
		list, words := r.list()
		if slices.Contains(wanted, campaign) {
			s.readList(list, words)
		}
	}
}

// A reader goes through a part. One that is damaged ends early.
type reader struct{ data []byte }

func (r *reader) left() bool { return len(r.data) > 0 }

func (r *reader) number() uint64 {
	if len(r.data) > 0 && r.data[0] < 0x80 {
		n := r.data[0]
		r.data = r.data[1:]
		return uint64(n)
	}
	v, n := binary.Uvarint(r.data)
	if n <= 0 {
		r.data = nil
		return 0
	}
	r.data = r.data[n:]
	return v
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.data)) {
		r.data = nil
		return nil
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b
}

func (r *reader) list() (list []byte, words bool) {
	size := r.number()
	return r.bytes(size >> 1), size&1 == 1
}

// columnsOf are the parts of a column that hold members of s.
func columnsOf(kind int64, s *Set) []int64 {
	const each = 1 << columnBits / 64
	var list []int64
	for i := 0; i < len(s); i += each {
		if slices.ContainsFunc(s[i:i+each], func(word uint64) bool { return word != 0 }) {
			list = append(list, kind+int64(i/each))
		}
	}
	return list
}

// checkPhones takes out of s whose phone does not hold digits.
func checkPhones(s *Set, digits string, more Reads) error {
	parts, err := more(columnsOf(kindPhones, s))
	if err != nil {
		return err
	}
	var kept Set
	var text []byte
	for _, p := range parts {
		r := reader{data: p.Data}
		for id := (p.Number - kindPhones) << columnBits; r.left(); {
			id += int64(r.number())
			number := r.bytes(8)
			if s.Has(id) && len(number) == 8 {
				text = strconv.AppendUint(text[:0], binary.LittleEndian.Uint64(number), 10)
				if containsBytes(text[1:], digits) {
					kept.Add(id)
				}
			}
		}
	}
	*s = kept
	return nil
}
