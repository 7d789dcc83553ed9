package posting

import (
	"encoding/binary"
	"math/bits"
)

// A Set is some of the Span ids that begin at a multiple of Span, by their last bits.
type Set [Span / 64]uint64

// Add puts id in.
func (s *Set) Add(id int64) { s[uint16(id)>>6] |= 1 << (id & 63) }

// Remove takes id out.
func (s *Set) Remove(id int64) { s[uint16(id)>>6] &^= 1 << (id & 63) }

// Has reports whether id is in.
func (s *Set) Has(id int64) bool { return s[uint16(id)>>6]>>(id&63)&1 == 1 }

// And keeps what is in both.
func (s *Set) And(o *Set) {
	for i := range s {
		s[i] &= o[i]
	}
}

// Or adds what is in o.
func (s *Set) Or(o *Set) {
	for i := range s {
		s[i] |= o[i]
	}
}

// Keep drops what is not from ≤ id < to; both are of the set's own stretch, or to is its end.
func (s *Set) Keep(base, from, to int64) {
	for i := range s {
		first := base + int64(i)*64
		switch {
		case first+64 <= from || first >= to:
			s[i] = 0
		default:
			if from > first {
				s[i] &= ^uint64(0) << (from - first)
			}
			if to < first+64 {
				s[i] &= 1<<(to-first) - 1
			}
		}
	}
}

// Len is how many are in.
func (s *Set) Len() (n int) {
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// Empty reports whether none is in.
func (s *Set) Empty() bool {
	for _, word := range s {
		if word != 0 {
			return false
		}
	}
	return true
}

// Last appends up to n ids to list, the highest first, and takes them out. base is the set's first id.
func (s *Set) Last(list []int64, base int64, n int) []int64 {
	for i := len(s) - 1; i >= 0 && n > 0; i-- {
		for s[i] != 0 && n > 0 {
			high := 63 - bits.LeadingZeros64(s[i])
			s[i] &^= 1 << high
			list = append(list, base+int64(i)*64+int64(high))
			n--
		}
	}
	return list
}

// A list is a set as bytes: the distances between its members, or, where that is shorter, the stretch of words from its
// first to its last.

// appendList writes ids, which ascend, and says whether it wrote words.
func appendList(dst []byte, ids []uint16) (out []byte, words bool) {
	first, last := int(ids[0])>>6, int(ids[len(ids)-1])>>6
	// No distance takes less than a byte.
	if asWords := 4 + (last-first+1)*8; asWords < len(ids) {
		return appendWords(dst, ids, first, last), true
	}
	before := -1
	for _, id := range ids {
		dst = binary.AppendUvarint(dst, uint64(int(id)-before-1))
		before = int(id)
	}
	return dst, false
}

func appendWords(dst []byte, ids []uint16, first, last int) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(first))
	at := len(dst)
	dst = append(dst, make([]byte, (last-first+1)*8)...)
	for _, id := range ids {
		bit := int(id) - first*64
		dst[at+bit>>3] |= 1 << (bit & 7)
	}
	return dst
}

// readList adds what appendList wrote. A list that is damaged adds what can be read of it.
func (s *Set) readList(data []byte, words bool) {
	if words {
		if len(data) < 2 {
			return
		}
		at := int(binary.LittleEndian.Uint16(data))
		for data = data[2:]; len(data) >= 8 && at < len(s); data = data[8:] {
			s[at] |= binary.LittleEndian.Uint64(data)
			at++
		}
		return
	}
	id := int64(-1)
	for len(data) > 0 {
		gap, n := binary.Uvarint(data)
		if n <= 0 {
			return
		}
		id += int64(gap) + 1
		if id >= Span {
			return
		}
		s.Add(id)
		data = data[n:]
	}
}

// sized is how long a list is, and of which kind, in one number.
func sized(length int, words bool) uint64 {
	if words {
		return uint64(length)<<1 | 1
	}
	return uint64(length) << 1
}
