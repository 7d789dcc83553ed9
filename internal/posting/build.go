package posting

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"arauto"
)

// A Builder makes a segment of contacts, which are added by ascending id. Its zero value is ready.
type Builder struct {
	terms     []uint64 // a term and the last bits of an id
	campaigns map[int64][]uint16
	numbers   map[string]uint32 // of the words
	words     []word
	names     []name
	sequence  []uint32 // the words of all names
	phones    []phone
}

type word struct {
	text string
	ids  []uint16 // who has it
	at   uint32   // in its dictionary, once that is in order
}

type name struct {
	id    uint16
	words int
}

type phone struct {
	id     uint16
	number uint64
}

// Add adds one contact: name is its name, folded.
func (b *Builder) Add(id, campaign int64, name string, tel arauto.Phone, fields arauto.Fields) {
	if b.numbers == nil {
		b.numbers, b.campaigns = map[string]uint32{}, map[int64][]uint16{}
	}
	local := uint16(id)
	b.campaigns[campaign] = append(b.campaigns[campaign], local)
	for _, f := range fields {
		b.term(fieldTerm(f.Key, f.Value), local)
	}
	b.addName(name, local)
	digits := digitsOf(tel)
	for i := 0; i+gram <= len(digits); i++ {
		b.term(digitsTerm(digits[i:i+gram]), local)
	}
	if digits != "" {
		b.phones = append(b.phones, phone{local, packed(digits)})
	}
}

func (b *Builder) term(t term, id uint16) {
	if len(b.terms) == cap(b.terms) { // they are many: append alone would copy them a dozen times
		b.terms = slices.Grow(b.terms, max(len(b.terms), 1<<12))
	}
	b.terms = append(b.terms, uint64(t)<<16|uint64(id))
}

func (b *Builder) addName(text string, id uint16) {
	if text == "" {
		return
	}
	n, before := 0, ""
	for part := range strings.SplitSeq(text, " ") {
		b.sequence = append(b.sequence, b.number(part, id))
		if n++; before != "" && part != "" {
			b.term(pairTerm(before, part), id)
		}
		before = part
	}
	b.names = append(b.names, name{id, n})
}

// number is one more than the word's place in b.words; 0 is the word of no letters, which two spaces in a row make.
func (b *Builder) number(text string, id uint16) uint32 {
	if text == "" {
		return 0
	}
	n, known := b.numbers[text]
	if !known {
		n = uint32(len(b.words))
		text = strings.Clone(text)
		b.numbers[text] = n
		b.words = append(b.words, word{text: text})
	}
	w := &b.words[n]
	if k := len(w.ids); k == 0 || w.ids[k-1] != id {
		w.ids = append(w.ids, id)
	}
	return n + 1
}

// digitsOf is a phone without its plus. What is longer than any phone is not looked at.
func digitsOf(tel arauto.Phone) string {
	digits := strings.TrimPrefix(string(tel), "+")
	return digits[:min(len(digits), maxDigits)]
}

const maxDigits = 18

// packed is digits as a number, behind a one that keeps zeros in front.
func packed(digits string) uint64 {
	n := uint64(1)
	for i := range len(digits) {
		n = n*10 + uint64(digits[i]-'0')
	}
	return n
}

// Parts are the segment's, by number; those that would be empty are left out.
func (b *Builder) Parts(level Level) []Part {
	parts := b.termParts(level)
	if len(b.campaigns) > 0 {
		parts = append(parts, b.campaignPart())
	}
	parts = append(append(append(parts, Current()), b.wordParts()...), b.columns()...)
	slices.SortFunc(parts, func(a, b Part) int { return cmp.Compare(a.Number, b.Number) })
	contents := Part{Number: Contents, Data: []byte{}}
	for _, p := range parts {
		contents.Data = binary.AppendUvarint(contents.Data, uint64(p.Number))
	}
	return append(parts, contents)
}

// Listed are the numbers in a part of contents, and its own.
func Listed(contents []byte) []int64 {
	list := []int64{Contents}
	for r := (reader{data: contents}); r.left(); {
		list = append(list, int64(r.number()))
	}
	return list
}

func (b *Builder) termParts(level Level) []Part {
	slices.Sort(b.terms)
	b.terms = slices.Compact(b.terms)
	var parts []Part
	var ids []uint16
	before := uint64(0)
	for i := 0; i < len(b.terms); {
		t := b.terms[i] >> 16
		for ids = ids[:0]; i < len(b.terms) && b.terms[i]>>16 == t; i++ {
			ids = append(ids, uint16(b.terms[i]))
		}
		number := term(t).part(level, shapeNow)
		if n := len(parts); n == 0 || parts[n-1].Number != number {
			parts, before = append(parts, Part{Number: number}), 0
		}
		part := &parts[len(parts)-1]
		part.Data = binary.AppendUvarint(part.Data, t-before)
		part.Data = appendSized(part.Data, ids)
		before = t
	}
	return parts
}

// appendSized writes a list behind its size.
func appendSized(dst []byte, ids []uint16) []byte {
	list, words := appendList(nil, ids)
	return append(binary.AppendUvarint(dst, sized(len(list), words)), list...)
}

func (b *Builder) campaignPart() Part {
	part := Part{Number: kindCampaigns}
	for campaign, ids := range b.campaigns {
		part.Data = binary.AppendUvarint(part.Data, uint64(campaign))
		part.Data = appendSized(part.Data, ids)
	}
	return part
}

// Words that are numbers stand in a dictionary of their own: there may be as many as contacts, and few look for them.
const dictionaries = 2

func dictionaryOf(text string) int {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return 0
		}
	}
	return 1
}

// listSize is at which size a part of lists was full in older shapes, and shortSize beyond which another is begun now.
const (
	listSize  = 16 << 10
	shortSize = 1900
)

// wordParts are the dictionaries and their lists. A dictionary is the number of its words, the words between spaces,
// and the size of each list; the lists stand in one row, cut where one more would be too much for a part.
func (b *Builder) wordParts() []Part {
	var sorted [dictionaries][]*word
	for i := range b.words {
		w := &b.words[i]
		sorted[dictionaryOf(w.text)] = append(sorted[dictionaryOf(w.text)], w)
	}
	var parts []Part
	var list []byte
	for d, words := range sorted {
		if len(words) == 0 {
			continue
		}
		slices.SortFunc(words, func(a, b *word) int {
			return cmp.Or(cmp.Compare(len(b.ids), len(a.ids)), strings.Compare(a.text, b.text))
		})
		text, sizes := []byte{' '}, []byte(nil)
		lists := Part{Number: listsOf(d)}
		for at, w := range words {
			w.at = uint32(at)
			text = append(append(text, w.text...), ' ')
			var asWords bool
			list, asWords = appendList(list[:0], w.ids)
			sizes = binary.AppendUvarint(sizes, sized(len(list), asWords))
			if len(lists.Data) > 0 && len(lists.Data)+len(list) > shortSize {
				parts, lists = append(parts, lists), Part{Number: lists.Number + 1}
			}
			lists.Data = append(lists.Data, list...)
		}
		if len(lists.Data) > 0 {
			parts = append(parts, lists)
		}
		data := binary.AppendUvarint(nil, uint64(len(words)))
		data = append(binary.AppendUvarint(data, uint64(len(text))), text...)
		parts = append(parts, Part{Number: kindWords + int64(d), Data: append(data, sizes...)})
	}
	return parts
}

func listsOf(dictionary int) int64 { return kindLists + int64(dictionary)<<16 }

// code is a word's number in the names: the frequent ones take a byte.
func code(dictionary int, at uint32) uint64 { return uint64(at)*dictionaries + uint64(dictionary) + 1 }

// columns are the names and phones, behind the distance of each id from the one before. A name begins with how many
// bytes it takes, and a phone always takes eight, so that those who are not asked for are passed over.
func (b *Builder) columns() []Part {
	var parts []Part
	before := 0
	into := func(kind int64, id uint16) *Part {
		number := kind + int64(id>>columnBits)
		if n := len(parts); n == 0 || parts[n-1].Number != number {
			parts, before = append(parts, Part{Number: number}), int(id>>columnBits)<<columnBits
		}
		part := &parts[len(parts)-1]
		part.Data = binary.AppendUvarint(part.Data, uint64(int(id)-before))
		before = int(id)
		return part
	}
	words := b.sequence
	var codes []byte
	for _, n := range b.names {
		codes = codes[:0]
		for _, number := range words[:n.words] {
			c := uint64(0)
			if number > 0 {
				w := &b.words[number-1]
				c = code(dictionaryOf(w.text), w.at)
			}
			codes = binary.AppendUvarint(codes, c)
		}
		words = words[n.words:]
		part := into(kindNames, n.id)
		part.Data = append(binary.AppendUvarint(part.Data, uint64(len(codes))), codes...)
	}
	for _, p := range b.phones {
		part := into(kindPhones, p.id)
		part.Data = binary.LittleEndian.AppendUint64(part.Data, p.number)
	}
	return parts
}
