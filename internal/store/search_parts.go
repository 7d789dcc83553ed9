package store

import (
	"context"
	"errors"
	"iter"

	"arauto/internal/posting"
)

// A segment is one piece of the index.
type segment struct {
	level  posting.Level
	number int64
}

// at is the segment that id is in. It must be below indexed.
func (st searchState) at(id int64) segment {
	if full := id >> posting.Full.Bits(); full < st.full {
		return segment{posting.Full, full}
	}
	return segment{posting.Short, id >> posting.Short.Bits()}
}

func (g segment) from() int64 { return g.number << g.level.Bits() }
func (g segment) to() int64   { return (g.number + 1) << g.level.Bits() }

// base is the first id of a Set that holds the segment's.
func (g segment) base() int64 { return g.from() &^ (posting.Span - 1) }

// maxWindow is how many segments are asked at once.
const maxWindow = 16

// indexed is who fits of a segment, as the index says. Segments further down are asked with it: as many as will be
// walked if they are like those before, and twice as many each time while nobody is found.
func (d *finder) indexed(ctx context.Context, in segment) (*posting.Set, error) {
	if found, known := d.ahead[in]; known {
		delete(d.ahead, in)
		return found, nil
	}
	if d.limit > 0 && d.met > 0 {
		d.windows = (max(d.limit-d.met, 1)*d.walked + d.met - 1) / d.met
		d.windows += d.windows / 4 // a few too many cost less than asking once more
	}
	d.windows = min(d.windows, maxWindow)
	lowest := max(d.cq.from, 0)
	if in.level == posting.Short {
		lowest = max(lowest, d.state.full<<posting.Full.Bits())
	}
	if err := d.window(ctx, in.level, max(in.number-int64(d.windows)+1, lowest>>in.level.Bits()), in.number); err != nil {
		return nil, err
	}
	d.windows *= 2
	found := d.ahead[in]
	delete(d.ahead, in)
	return found, nil
}

// An answer of one segment goes on until it needs parts, and then waits for them.
type answer struct {
	in    segment
	found *posting.Set
	err   error
	given []posting.Part
	wants []int64 // none: it is done

	next func() ([]int64, bool)
	stop func()
}

var errGivenUp = errors.New("nobody waits for the answer")

func (d *finder) answer(in segment, parts []posting.Part) *answer {
	a := &answer{in: in, found: &posting.Set{}}
	a.next, a.stop = iter.Pull(func(yield func([]int64) bool) {
		a.err = d.ask.Find(a.found, in.level, parts, d.exact, func(numbers []int64) ([]posting.Part, error) {
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

// window finds who fits in segments from ≤ number ≤ to: what their answers need is read for all of them together.
func (d *finder) window(ctx context.Context, level posting.Level, from, to int64) error {
	parts, err := d.read(ctx, level, d.ask.Numbers(level), from, to)
	if err != nil {
		return err
	}
	var waiting []*answer
	for n := from; n <= to; n++ {
		in := segment{level, n}
		a := d.answer(in, parts[n])
		defer a.stop()
		d.ahead[in] = a.found
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
			parts, err := d.read(ctx, a.in.level, a.wants, a.in.number, a.in.number)
			if err != nil {
				return err
			}
			a.given = parts[a.in.number]
		}
		return nil
	}
	var numbers, segments []int64
	for _, a := range waiting {
		for _, n := range a.wants {
			numbers, segments = append(numbers, n), append(segments, a.in.number)
		}
	}
	r, err := d.q.query(ctx, `SELECT segment, part, data FROM search_part
		WHERE (account_id, level, part, segment) IN (SELECT $1::bigint, $2::bigint, unnest($3::bigint[]), unnest($4::bigint[]))`,
		d.cq.account, int64(waiting[0].in.level), numbers, segments)
	if err != nil {
		return err
	}
	parts, err := scanParts(r)
	for _, a := range waiting {
		a.given = parts[a.in.number]
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
