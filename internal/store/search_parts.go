package store

import (
	"context"
	"errors"
	"iter"

	"arauto/internal/posting"
)

// maxWindow is how many full segments are asked at once.
const maxWindow = 16

// full is who fits of a full segment. Segments further down are asked with it, more of them each time: whoever gets
// there will go on.
func (d *finder) full(ctx context.Context, n int64) (*posting.Set, error) {
	if found, known := d.ahead[n]; known {
		delete(d.ahead, n)
		return found, nil
	}
	from := max(n-int64(d.windows)+1, d.cq.from>>posting.Full.Bits(), 0)
	if err := d.window(ctx, from, n); err != nil {
		return nil, err
	}
	d.windows = min(2*d.windows, maxWindow)
	found := d.ahead[n]
	delete(d.ahead, n)
	return found, nil
}

// An answer of one segment goes on until it needs parts, and then waits for them.
type answer struct {
	segment int64
	found   *posting.Set
	err     error
	given   []posting.Part
	wants   []int64 // none: it is done

	next func() ([]int64, bool)
	stop func()
}

var errGivenUp = errors.New("nobody waits for the answer")

func (d *finder) answer(segment int64, parts []posting.Part) *answer {
	a := &answer{segment: segment, found: &posting.Set{}}
	a.next, a.stop = iter.Pull(func(yield func([]int64) bool) {
		a.err = d.ask.Find(a.found, posting.Full, parts, d.exact, func(numbers []int64) ([]posting.Part, error) {
			if len(numbers) > 0 && !yield(numbers) {
				return nil, errGivenUp
			}
			given := a.given
			a.given = nil
			return given, nil
		})
	})
	return a
}

// window finds who fits in full segments from ≤ number ≤ to: what their answers need is read for all of them together.
func (d *finder) window(ctx context.Context, from, to int64) error {
	parts, err := d.read(ctx, posting.Full, d.ask.Numbers(posting.Full), from, to)
	if err != nil {
		return err
	}
	var waiting []*answer
	for n := from; n <= to; n++ {
		a := d.answer(n, parts[n])
		defer a.stop()
		d.ahead[n] = a.found
		waiting = append(waiting, a)
	}
	for len(waiting) > 0 {
		var still []*answer
		for _, a := range waiting {
			wants, more := a.next()
			if a.err != nil {
				return a.err
			}
			if more {
				a.wants = wants
				still = append(still, a)
			}
		}
		if waiting = still; len(waiting) > 0 {
			if err := d.give(ctx, waiting); err != nil {
				return err
			}
		}
	}
	return nil
}

// give reads what answers wait for: on PostgreSQL in one question, since each costs a way there and back.
func (d *finder) give(ctx context.Context, waiting []*answer) error {
	if !d.cq.store.db.postgres() {
		for _, a := range waiting {
			parts, err := d.read(ctx, posting.Full, a.wants, a.segment, a.segment)
			if err != nil {
				return err
			}
			a.given = parts[a.segment]
		}
		return nil
	}
	var numbers, segments []int64
	for _, a := range waiting {
		for _, n := range a.wants {
			numbers, segments = append(numbers, n), append(segments, a.segment)
		}
	}
	r, err := d.q.query(ctx, `SELECT segment, part, data FROM search_part
		WHERE (account_id, level, part, segment) IN (SELECT $1::bigint, $2::bigint, unnest($3::bigint[]), unnest($4::bigint[]))`,
		d.cq.account, int64(posting.Full), numbers, segments)
	if err != nil {
		return err
	}
	parts, err := scanParts(r)
	for _, a := range waiting {
		a.given = parts[a.segment]
	}
	return err
}

// read gets parts of segments from ≤ number ≤ to, by segment.
func (d *finder) read(ctx context.Context, level posting.Level, numbers []int64, from, to int64) (map[int64][]posting.Part, error) {
	if len(numbers) == 0 {
		return nil, nil
	}
	named := `account_id = $1 AND level = $2 AND part IN (SELECT value FROM json_each($3))`
	if d.cq.store.db.postgres() {
		named = `(account_id, level, part) IN (SELECT $1::bigint, $2::bigint, unnest($3::bigint[]))`
	}
	r, err := d.q.query(ctx, `SELECT segment, part, data FROM search_part WHERE `+named+` AND segment >= $4 AND segment <= $5`,
		d.cq.account, int64(level), d.cq.store.db.list(numbers), from, to)
	if err != nil {
		return nil, err
	}
	return scanParts(r)
}

// scanParts reads parts by segment, and closes r.
func scanParts(r rows) (map[int64][]posting.Part, error) {
	defer r.Close()
	parts := map[int64][]posting.Part{}
	for r.Next() {
		var segment int64
		var p posting.Part
		if err := r.Scan(&segment, &p.Number, &p.Data); err != nil {
			return nil, err
		}
		parts[segment] = append(parts[segment], p)
	}
	return parts, r.Err()
}
