// Package posting is the inside of the search index: which contacts of a stretch of ids bear which custom values, words
// and digits, as a few hundred small blobs that are read one by one.
//
// A segment covers the contacts of 65,536 ids in a row, or, where so many are not there yet, of 2,048. It is made
// once, from the contacts as they stand, and never changed. Every blob is a Part with a number that says what is
// in it, so that a question reads the same few parts of every segment:
//
//	terms      by hash: custom field = value, four digits of a phone in a row, two words of a name in a row
//	campaigns  which contact is in which
//	words      the words of the names, the most frequent first, and how long the list of each is
//	lists      who has each word
//	names      every name as the numbers of its words, for questions of more words than two
//	phones     every phone, for questions of more than four digits
//	contents   the numbers of the segment's other parts
//	shape      only says how the segment was cut into parts, which were longer and fewer in older ones
//
// It may not know where parts are kept, nor what became of a contact since.
package posting

import "arauto"

// Span is how many ids a full segment covers, and ShortSpan a short one.
const (
	Span      = 1 << spanBits
	ShortSpan = 1 << shortBits
	spanBits  = 16
	shortBits = 11
)

// A Level is how long a segment is.
type Level int64

// The levels there are.
const (
	Short Level = iota
	Full
)

// Bits is how far an id is shifted to be the number of its segment.
func (l Level) Bits() int {
	if l == Full {
		return spanBits
	}
	return shortBits
}

// A Part is one blob of a segment.
type Part struct {
	Number int64
	Data   []byte
}

// What a part's number begins with.
const (
	kindTerms int64 = iota << 20
	kindCampaigns
	kindWords
	kindLists
	kindNames
	kindPhones
	kindContents
	kindShape
	kindShortTerms // in segments of older shapes there are kindTerms instead
)

// Contents is the number of the part that lists the others.
const Contents = kindContents

// column is how many ids a part of names or phones covers.
const columnBits = 12

// A shape is how a segment is cut into parts. What is read for one question should be short enough to lie in the tree
// of the table itself, next to that of other segments: both engines keep values of more than 2,000 bytes elsewhere.
type shape byte

// The shapes there were.
const (
	shapeFirst shape = iota
	shapePairs       // two words in a row are terms, too
	shapeShort       // and parts are short
	shapeNow   = shapeShort
)

// shapeOf is the shape of the segment that has parts.
func shapeOf(parts []Part) shape {
	if data := partOf(parts, kindShape); len(data) > 0 {
		return min(shape(data[0]), shapeNow)
	}
	return shapeFirst
}

// Current is the part that says that a segment is of the shape that a Builder gives it.
func Current() Part { return Part{Number: kindShape, Data: []byte{byte(shapeNow)}} }

// term is 48 bits of a hash. That two that differ have the same one is possible and not worth looking for: it happens
// to one question in millions, and rows are compared with the question anyway.
type term uint64

const termBits = 48

// part is where t is in a segment: the first bits of a term say which part it is in.
func (t term) part(l Level, of shape) int64 {
	kind, bits := kindTerms, 5
	if of >= shapeShort {
		kind = kindShortTerms
	}
	switch {
	case l == Full && of >= shapeShort:
		bits = 11
	case l == Full:
		bits = 10
	}
	return kind + int64(t>>(termBits-bits))
}

// hash is FNV-1a, stirred, so that its first bits are as good as its last.
func hash(kind byte, texts ...string) term {
	const prime = 1099511628211
	h := (14695981039346656037 ^ uint64(kind)) * prime
	for _, text := range texts {
		for i := range len(text) {
			h = (h ^ uint64(text[i])) * prime
		}
		h = (h ^ 0xff) * prime // in no UTF-8 text
	}
	h = (h ^ (h >> 33)) * 0xff51afd7ed558ccd
	h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53
	return term((h ^ (h >> 33)) >> (64 - termBits))
}

func fieldTerm(key, value string) term { return hash('f', arauto.FieldKey(key), value) }

// gram is how many digits of a phone in a row make a term.
const gram = 4

func digitsTerm(digits string) term { return hash('p', digits) }

func pairTerm(first, second string) term { return hash('n', first, second) }
