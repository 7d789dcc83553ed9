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
	if len(q.parts()) > 1 {
		list = append(list, kindPairs)
	}
	for _, part := range q.parts() {
		if dictionaryOf(part) == 1 { // also the part of no letters: any word begins with it
			return append(list, kindWords+1)
		}
	}
	return list
}

// find narrows fits to those whose name holds q.
func (q question) find(level Level, parts []Part, more Reads, exact bool, narrow func(*Set) bool, fits *Set) error {
	var books []dictionary
	for d := range dictionaries {
		if data := partOf(parts, kindWords+int64(d)); data != nil {
			books = append(books, openDictionary(d, data))
		}
	}
	wanted := q.parts()
	looked := false
	var hits []*choice
	for i, part := range wanted {
		c := &choice{any: part == "" && len(wanted) > 1 && (i == 0 || i == len(wanted)-1)}
		hits = append(hits, c)
		if part == "" {
			continue // anybody, or two spaces in a row: the names tell
		}
		var s Set
		for _, b := range books {
			if err := b.find(pattern(part, i, len(wanted)), c, &s, more); err != nil {
				return err
			}
		}
		looked = true
		if !narrow(&s) {
			return nil
		}
	}
	if len(wanted) == 1 || !exact && looked {
		return nil
	}
	if !looked { // spaces only
		everybody := Set{}
		for i := range everybody {
			everybody[i] = ^uint64(0)
		}
		narrow(&everybody)
	}
	if partOf(parts, kindPairs) != nil {
		if left, err := checkPairs(level, wanted, hits, more, narrow); err != nil || !left {
			return err
		}
	}
	return checkNames(fits, hits, more)
}

// maxPairs is how many pairs of words are looked up at most: names are read in less time than more of them.
const maxPairs = 64

// checkPairs narrows to those who have each two neighbours of the question in a row. left is false where nothing is
// left to check: nobody fits, or all that was asked is two words.
func checkPairs(level Level, wanted []string, hits []*choice, more Reads, narrow func(*Set) bool) (left bool, err error) {
	for i := 1; i < len(hits); i++ {
		first, second := hits[i-1].texts, hits[i].texts
		if wanted[i-1] == "" || wanted[i] == "" || len(first)*len(second) > maxPairs {
			left = true
			continue
		}
		var terms []term
		var numbers []int64
		for _, a := range first {
			for _, b := range second {
				t := pairTerm(a, b)
				terms, numbers = append(terms, t), append(numbers, t.part(level))
			}
		}
		slices.Sort(numbers)
		parts, err := more(slices.Compact(numbers))
		if err != nil {
			return false, err
		}
		var s Set
		for _, t := range terms {
			s.readTerm(partOf(parts, t.part(level)), t)
		}
		if !narrow(&s) {
			return false, nil
		}
	}
	return left || len(hits) > 2, nil
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
	any   bool
	codes []uint64 // as bits
	texts []string // the words themselves, or so many that they are not looked up
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
	text  []byte
	sizes reader

	at    uint32 // the word that sizes stands before
	chunk int64
	from  int // in the chunk
}

func openDictionary(which int, data []byte) dictionary {
	r := reader{data: data}
	r.number()
	text := r.bytes(r.number())
	return dictionary{which: which, text: text, sizes: r}
}

// wordList is where the list of one word is.
type wordList struct {
	part     int64
	from, to int
	words    bool
}

// find adds to s who has a word that looks like pattern, and to c which words these are.
func (d dictionary) find(pattern string, c *choice, s *Set, more Reads) error {
	var lists []wordList
	var numbers []int64
	text, at := d.text, uint32(0)
	for {
		hit := bytes.Index(text, []byte(pattern))
		if hit < 0 {
			break
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
		list := d.list(at - 1)
		lists = append(lists, list)
		if n := len(numbers); n == 0 || numbers[n-1] != list.part {
			numbers = append(numbers, list.part)
		}
		end := bytes.IndexByte(text[hit:], ' ')
		if end < 0 {
			break
		}
		text = text[hit+end:]
	}
	if len(lists) == 0 {
		return nil
	}
	parts, err := more(numbers)
	if err != nil {
		return err
	}
	for _, l := range lists {
		if data := partOf(parts, l.part); l.to <= len(data) {
			s.readList(data[l.from:l.to], l.words)
		}
	}
	return nil
}

// list is where the list of a word is. Words are asked for by ascending number.
func (d *dictionary) list(word uint32) (l wordList) {
	for {
		size := d.sizes.number()
		l = wordList{part: listsOf(d.which) + d.chunk, from: d.from, to: d.from + int(size>>1), words: size&1 == 1}
		if d.from = l.to; d.from >= listSize {
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
