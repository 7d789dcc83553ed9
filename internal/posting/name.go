package posting

import (
	"bytes"
	"slices"
	"strings"
)

func containsBytes(text []byte, part string) bool { return strings.Contains(string(text), part) }

// A question is what a name is to hold. Cut at its spaces, it is the end of one word, whole words, and the beginning of
// another; one without spaces is a part of one word.
type question string

func (q question) parts() []string { return strings.Split(string(q), " ") }

// dictionaries are the parts with words that q may have to do with: only what is all digits is found in numbers.
func (q question) dictionaries() []int64 {
	list := []int64{kindWords}
	for _, part := range q.parts() {
		if dictionaryOf(part) == 1 { // also the part of no letters: any word begins with it
			return append(list, kindWords+1)
		}
	}
	return list
}

// find narrows fits to those whose name holds q. All that it needs besides the dictionaries is read at once.
func (q question) find(level Level, of shape, parts []Part, more Reads, exact bool, narrow func(*Set) bool, fits *Set) error {
	row := q.choices(of, parts)
	if row == nil {
		narrow(&Set{}) // nobody has such a word
		return nil
	}
	lookups := lookupsOf(level, of, row)
	var numbers []int64
	for _, l := range lookups {
		numbers = append(numbers, l.numbers(level, of)...)
	}
	slices.Sort(numbers)
	parts, err := more(slices.Compact(numbers))
	if err != nil {
		return err
	}
	for _, l := range lookups {
		var s Set
		l.read(&s, level, of, parts)
		if !narrow(&s) {
			return nil
		}
	}
	switch {
	case len(lookups) == 0: // spaces only
		everybody := Set{}
		for i := range everybody {
			everybody[i] = ^uint64(0)
		}
		narrow(&everybody)
	case !exact || len(row) == 1 || len(row) == 2 && row[0].paired:
		return nil
	}
	return checkNames(fits, row, more)
}

// choices are the words that may stand in each place of q; nil when there is a place for which there are none.
func (q question) choices(of shape, parts []Part) (row []*choice) {
	var books [][]byte
	for d := range int64(dictionaries) {
		books = append(books, partOf(parts, kindWords+d))
	}
	wanted := q.parts()
	for i, part := range wanted {
		c := &choice{empty: part == "", any: part == "" && len(wanted) > 1 && (i == 0 || i == len(wanted)-1)}
		row = append(row, c)
		if c.empty {
			continue // anybody, or two spaces in a row: the names tell
		}
		for d, data := range books {
			if data != nil {
				openDictionary(d, of, data).find(pattern(part, i, len(wanted)), c)
			}
		}
		if len(c.lists) == 0 {
			return nil
		}
	}
	return row
}

// A lookup is a set that all who fit are in: who has one of some words in a row, or one of some words.
type lookup struct {
	pairs []term
	lists []wordList
}

// maxPairs is how many pairs of words are looked up at most: names are read in less time than more of them.
const maxPairs = 64

// lookupsOf are pairs of neighbours, and the words that are in none.
func lookupsOf(level Level, of shape, row []*choice) (list []lookup) {
	for i := 1; i < len(row); i++ {
		a, b := row[i-1], row[i]
		if of < shapePairs || a.empty || b.empty || len(a.texts)*len(b.texts) > maxPairs {
			continue
		}
		var l lookup
		for _, first := range a.texts {
			for _, second := range b.texts {
				l.pairs = append(l.pairs, pairTerm(first, second))
			}
		}
		list, a.paired, b.paired = append(list, l), true, true
	}
	for _, c := range row {
		if !c.paired && !c.empty {
			list = append(list, lookup{lists: c.lists})
		}
	}
	return list
}

func (l lookup) numbers(level Level, of shape) (list []int64) {
	for _, t := range l.pairs {
		list = append(list, t.part(level, of))
	}
	for _, w := range l.lists {
		list = append(list, w.part)
	}
	return list
}

func (l lookup) read(s *Set, level Level, of shape, parts []Part) {
	for _, t := range l.pairs {
		s.readTerm(partOf(parts, t.part(level, of)), t)
	}
	for _, w := range l.lists {
		if data := partOf(parts, w.part); w.from <= w.to && w.to <= len(data) {
			s.readList(data[w.from:w.to], w.words)
		}
	}
}

// pattern is what the ith of n parts looks like between the spaces of a dictionary.
func pattern(part string, i, n int) string {
	if i > 0 {
		part = " " + part
	}
	if i < n-1 {
		part += " "
	}
	return part
}

// A choice is which words may stand in one place of a name.
type choice struct {
	empty  bool // two spaces in a row, or the question's first or last
	any    bool
	codes  []uint64 // as bits
	texts  []string // the words themselves, or so many that they are not looked up
	lists  []wordList
	paired bool // who has them is looked up with a neighbour
}

func (c *choice) add(code uint64) {
	for uint64(len(c.codes)) <= code>>6 {
		c.codes = append(c.codes, make([]uint64, code>>6+1-uint64(len(c.codes)))...)
	}
	c.codes[code>>6] |= 1 << (code & 63)
}

func (c *choice) has(code uint64) bool {
	return c.any || code>>6 < uint64(len(c.codes)) && c.codes[code>>6]>>(code&63)&1 == 1 || code == 0 && c.codes == nil
}

// A dictionary is one part of words.
type dictionary struct {
	which int
	shape shape
	text  []byte
	sizes reader

	at    uint32 // the word that sizes stands before
	chunk int64
	from  int // in the chunk
}

func openDictionary(which int, of shape, data []byte) *dictionary {
	r := reader{data: data}
	r.number()
	text := r.bytes(r.number())
	return &dictionary{which: which, shape: of, text: text, sizes: r}
}

// wordList is where the list of one word is.
type wordList struct {
	part     int64
	from, to int
	words    bool
}

// find adds to c which words look like pattern.
func (d *dictionary) find(pattern string, c *choice) {
	text, at := d.text, uint32(0)
	for {
		hit := bytes.Index(text, []byte(pattern))
		if hit < 0 {
			return
		}
		if pattern[0] == ' ' {
			hit++ // the word begins behind it
		}
		at += uint32(bytes.Count(text[:hit], []byte{' '}))
		c.add(code(d.which, at-1))
		if len(c.texts) <= maxPairs { // more are too many in any case
			begin := bytes.LastIndexByte(text[:hit+1], ' ') + 1
			c.texts = append(c.texts, string(text[begin:hit+max(1, bytes.IndexByte(text[hit:], ' '))]))
		}
		c.lists = append(c.lists, d.list(at-1))
		end := bytes.IndexByte(text[hit:], ' ')
		if end < 0 {
			return
		}
		text = text[hit+end:]
	}
}

// list is where the list of a word is. Words are asked for by ascending number.
func (d *dictionary) list(word uint32) (l wordList) {
	for {
		size := d.sizes.number()
		length := int(size >> 1)
		if d.shape >= shapeShort && d.from > 0 && d.from+length > shortSize {
			d.chunk, d.from = d.chunk+1, 0
		}
		l = wordList{part: listsOf(d.which) + d.chunk, from: d.from, to: d.from + length, words: size&1 == 1}
		if d.from = l.to; d.shape < shapeShort && d.from >= listSize {
			d.chunk, d.from = d.chunk+1, 0
		}
		d.at++
		if d.at > word || !d.sizes.left() {
			return l
		}
	}
}

// checkNames takes out of s in whose name the choices do not stand in a row.
func checkNames(s *Set, row []*choice, more Reads) error {
	parts, err := more(columnsOf(kindNames, s))
	if err != nil {
		return err
	}
	var kept Set
	var codes []uint64
	for _, p := range parts {
		r := reader{data: p.Data}
		for id := (p.Number - kindNames) << columnBits; r.left(); {
			id += int64(r.number())
			name := reader{data: r.bytes(r.number())}
			if !s.Has(id) {
				continue
			}
			for codes = codes[:0]; name.left(); {
				codes = append(codes, name.number())
			}
			if stand(codes, row) {
				kept.Add(id)
			}
		}
	}
	*s = kept
	return nil
}

func stand(codes []uint64, row []*choice) bool {
	for from := 0; from+len(row) <= len(codes); from++ {
		i := 0
		for i < len(row) && row[i].has(codes[from+i]) {
			i++
		}
		if i == len(row) {
			return true
		}
	}
	return false
}
