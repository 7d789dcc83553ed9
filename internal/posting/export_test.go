package posting

import (
	"encoding/binary"
	"slices"
)

// Older are parts as they were before parts were short, or before pairs were.
func Older(level Level, parts []Part, pairs bool) []Part {
	older := slices.DeleteFunc(slices.Clone(parts), func(p Part) bool {
		return p.Number>>20 == kindShortTerms>>20 || p.Number>>20 == kindLists>>20 || p.Number == kindShape
	})
	if pairs {
		older = append(older, Part{kindShape, []byte{byte(shapePairs)}})
	}
	older = append(older, longTerms(level, parts)...)
	for d := range dictionaries {
		older = append(older, longLists(d, parts)...)
	}
	return older
}

func longTerms(level Level, parts []Part) (long []Part) {
	before := term(0)
	for _, p := range parts {
		if p.Number>>20 != kindShortTerms>>20 {
			continue
		}
		t := term(0)
		for r := (reader{data: p.Data}); r.left(); {
			t += term(r.number())
			list, words := r.list()
			number := t.part(level, shapePairs)
			if n := len(long); n == 0 || long[n-1].Number != number {
				long, before = append(long, Part{Number: number}), 0
			}
			part := &long[len(long)-1]
			part.Data = binary.AppendUvarint(part.Data, uint64(t-before))
			part.Data = append(binary.AppendUvarint(part.Data, sized(len(list), words)), list...)
			before = t
		}
	}
	return long
}

func longLists(which int, parts []Part) (long []Part) {
	d := openDictionary(which, shapeNow, partOf(parts, kindWords+int64(which)))
	for word := uint32(0); d.sizes.left(); word++ {
		l := d.list(word)
		if n := len(long); n == 0 || len(long[n-1].Data) >= listSize {
			long = append(long, Part{Number: listsOf(which) + int64(n)})
		}
		part := &long[len(long)-1]
		part.Data = append(part.Data, partOf(parts, l.part)[l.from:l.to]...)
	}
	return long
}
