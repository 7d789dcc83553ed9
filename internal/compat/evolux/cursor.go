package evolux

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// A cursor is where the next page begins and what the first page fixed for all of them. It holds no secret and grants
// nothing: it is read strictly so that a damaged one is refused instead of giving a wrong report.
type cursor struct {
	below    int64     // the id of the last row shown; the next one has a lower id
	bound    int64     // the highest id there was: what is inserted later is not part of this report
	total    int64     // matches, counted once
	position int64     // rows before the next page
	now      time.Time // the first page's moment: what "end is now" and "in the future" mean on every page
	filters  identity  // of the account and the filters all this belongs to
}

// identity is a short hash: a cursor used with other filters by mistake has to be noticed, nothing more.
type identity [8]byte

const (
	cursorVersion = 1
	maxInteger    = 1 << 53 // beyond, JSON's readers lose digits
)

func (c cursor) String() string {
	b := []byte{cursorVersion}
	for _, n := range []int64{c.below, c.bound, c.total, c.position, c.now.UnixMilli()} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return base64.RawURLEncoding.EncodeToString(append(b, c.filters[:]...))
}

// parseCursor reads what String wrote, and nothing else.
func parseCursor(text string) (cursor, bool) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) == 0 || b[0] != cursorVersion {
		return cursor{}, false
	}
	b = b[1:]
	var numbers [5]int64
	for i := range numbers {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > maxInteger {
			return cursor{}, false
		}
		numbers[i], b = int64(n), b[size:]
	}
	if len(b) != len(identity{}) {
		return cursor{}, false
	}
	c := cursor{
		below: numbers[0], bound: numbers[1], total: numbers[2], position: numbers[3],
		now: time.UnixMilli(numbers[4]).UTC(), filters: identity(b),
	}
	// Between the bound and below there is one id for each row that was shown or passed over.
	possible := c.below >= 1 && c.below <= c.bound && c.total <= c.bound && c.position >= 1 && c.position <= c.bound-c.below+1
	return c, possible && c.String() == text
}

// identity is equal for requests that ask for the same rows, however they are spelt.
func (q *query) identity(account int64) identity {
	campaigns := slices.Sorted(slices.Values(q.campaigns))
	text := fmt.Appendf(nil, "%d %q %q %q %q %q %d %d %q %q", account, q.phone, q.name, q.state, q.template, campaigns,
		q.from.UnixMilli(), q.to.UnixMilli(), q.fieldKey, q.fieldValue)
	sum := sha256.Sum256(text)
	return identity(sum[:len(identity{})])
}
