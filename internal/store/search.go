package store

import (
	"context"
	"slices"

	"arauto"
	"arauto/internal/posting"
)

// finder answers what a contactQuery asks of names, phones and fields. It goes down the ids: first those that are in no
// segment yet, which are read row by row, then stretch by stretch of posting.Span ids, with the parts of the index
// that the question needs. Each stretch gives candidates, who are then looked at, or counted.
type finder struct {
	cq    *contactQuery
	q     querier
	ask   posting.Query
	exact bool // candidates fit the question; else they only may

	state   searchState
	named   []int64                // contacts that were asked for themselves, the highest first
	ahead   map[int64]*posting.Set // who fits in stretches further down, by stretch
	windows int                    // stretches that are read at once
	changed []int64                // contacts that changed since, from settled on, of stretches still to come; the highest first
	settled int64                  // the first id of the lowest stretch of which changed has all

	seen map[int64]arauto.ContactRow // whole rows of whom was looked at, for a page; nil = nobody wants them
}

// maxAsked is how many campaigns are asked of the index; more are looked up on the rows.
const maxAsked = 200

func newFinder(ctx context.Context, q querier, cq *contactQuery, exact bool) (*finder, error) {
	f := cq.filter
	d := &finder{cq: cq, q: q, exact: exact, ahead: map[int64]*posting.Set{}, windows: 1, settled: 1 << 53, ask: posting.Query{Name: arauto.Fold(f.Name), Digits: f.Digits}}
	if f.FieldKey != "" {
		d.ask.Fields = arauto.Fields{{Key: f.FieldKey, Value: f.FieldValue}}
	}
	if len(f.Campaigns) <= maxAsked {
		d.ask.Campaigns = f.Campaigns
	}
	var err error
	switch {
	case cq.named():
		d.named, err = cq.names(ctx, q)
	case cq.indexed: // else nobody is taken to be in a segment, and all are read row by row
		d.state, err = loadSearch(ctx, q, cq.account)
	}
	return d, err
}

// names are the contacts that are asked for themselves.
func (cq *contactQuery) names(ctx context.Context, q querier) (ids []int64, err error) {
	ids = slices.Clone(cq.filter.IDs)
	if len(cq.filter.PersonKeys) > 0 {
		of, err := all(ctx, q, scanInt, `SELECT id FROM contact WHERE `+cq.store.db.keyed("person_key", "$1", "$2")+` AND deleted_at = 0`,
			cq.account, cq.store.db.list(cq.filter.PersonKeys))
		if err != nil {
			return nil, err
		}
		if ids != nil {
			of = intersect(ids, of)
		}
		ids = of
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	slices.Reverse(ids)
	return ids, nil
}

// down calls each for every stretch with ids from the query's lowest up to before, the highest first, with the
// candidates in it, until it returns false. base is the set's first id.
func (d *finder) down(ctx context.Context, before int64, each func(base int64, candidates *posting.Set) (bool, error)) error {
	before = min(before, d.cq.upTo+1, d.state.indexed())
	if before <= d.cq.from {
		return nil
	}
	for stretch := (before - 1) >> posting.Full.Bits(); stretch >= d.cq.from>>posting.Full.Bits() && stretch >= 0; stretch-- {
		base := stretch << posting.Full.Bits()
		found, err := d.stretch(ctx, stretch)
		if err != nil {
			return err
		}
		found.Keep(base, max(base, d.cq.from), min(base+posting.Span, before))
		if found.Empty() {
			continue
		}
		if more, err := each(base, found); err != nil || !more {
			return err
		}
	}
	return nil
}

// stretch is who fits among the ids of one stretch, those that changed since looked at themselves.
func (d *finder) stretch(ctx context.Context, n int64) (*posting.Set, error) {
	found := &posting.Set{}
	if n < d.state.full {
		var err error
		if found, err = d.full(ctx, n); err != nil {
			return nil, err
		}
	} else {
		const each = posting.Span / posting.ShortSpan
		for short := min((n+1)*each, d.state.short) - 1; short >= n*each; short-- {
			parts, err := d.read(ctx, posting.Short, d.ask.Numbers(posting.Short), short, short)
			if err != nil {
				return nil, err
			}
			more := func(numbers []int64) ([]posting.Part, error) {
				parts, err := d.read(ctx, posting.Short, numbers, short, short)
				return parts[short], err
			}
			if err := d.ask.Find(found, posting.Short, parts[short], d.exact, more); err != nil {
				return nil, err
			}
		}
	}
	return found, d.stale(ctx, n, found)
}

// stale puts those right whom the index no longer tells the truth of.
func (d *finder) stale(ctx context.Context, n int64, found *posting.Set) error {
	ids, err := d.changes(ctx, n<<posting.Full.Bits())
	if err != nil || len(ids) == 0 {
		return err
	}
	for _, id := range ids {
		found.Remove(id)
	}
	fit, err := d.look(ctx, ids)
	for _, id := range fit {
		found.Add(id)
	}
	return err
}

// changesAhead is how many changes are read at once: mostly there are fewer in all.
const changesAhead = 512

// changes are the contacts of a stretch that changed since it was indexed. Stretches are asked for from the highest
// down.
func (d *finder) changes(ctx context.Context, base int64) (in []int64, err error) {
	if base < d.settled {
		if d.changed, err = all(ctx, d.q, scanInt, `SELECT id FROM search_stale WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`,
			d.cq.account, base+posting.Span, changesAhead); err != nil {
			return nil, err
		}
		d.settled = 0
		if n := len(d.changed); n == changesAhead {
			d.settled = (d.changed[n-1]>>posting.Full.Bits() + 1) << posting.Full.Bits()
		}
		if base < d.settled { // there are more in this stretch alone
			d.settled = base
			d.changed, err = all(ctx, d.q, scanInt, `SELECT id FROM search_stale WHERE account_id = $1 AND id >= $2 AND id < $3`, d.cq.account, base, base+posting.Span)
			in, d.changed = d.changed, nil
			return in, err
		}
	}
	for len(d.changed) > 0 && d.changed[0] >= base {
		in, d.changed = append(in, d.changed[0]), d.changed[1:]
	}
	return in, nil
}

// look is who of ids fits the whole query as the rows say, in the order of ids descending.
func (d *finder) look(ctx context.Context, ids []int64) ([]int64, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	cq := d.cq
	if d.seen != nil && len(ids) <= mostSeen {
		return d.see(ctx, ids)
	}
	joins := ""
	if cq.filter.Intent != arauto.IntentAny {
		joins = contactJoins
	}
	args := append([]any{cq.account, cq.store.db.list(ids), cq.from, cq.upTo}, cq.args...)
	rows, err := all(ctx, d.q, func(r rows) (v idOfPerson, err error) { return v, r.Scan(&v.id, &v.key) },
		`SELECT c.id, c.fields FROM contact c`+joins+` WHERE `+cq.store.contactsIn("$2")+` AND c.id >= $3 AND c.id <= $4 AND c.deleted_at = 0`+cq.where+` ORDER BY c.id DESC`, args...)
	fit := make([]int64, 0, len(rows))
	for _, r := range rows {
		if matchesField(cq.filter, r.key) {
			fit = append(fit, r.id)
		}
	}
	return fit, err
}

// mostSeen: of so many the whole rows are read where they are looked at, since most of them will be asked for.
const mostSeen = 2 * firstLook

// see is look, and keeps the rows.
func (d *finder) see(ctx context.Context, ids []int64) ([]int64, error) {
	cq := d.cq
	args := append([]any{cq.account, cq.store.db.list(ids), cq.from, cq.upTo}, cq.args...)
	list, err := all(ctx, d.q, scanContactRow, `SELECT `+qualified()+rowColumns+` FROM contact c`+contactJoins+
		` WHERE `+cq.store.contactsIn("$2")+` AND c.id >= $3 AND c.id <= $4 AND c.deleted_at = 0`+cq.where+` ORDER BY c.id DESC`, args...)
	fit := make([]int64, 0, len(list))
	for i := range list {
		if matchesField(cq.filter, list[i].RawFields) {
			fit = append(fit, list[i].ID)
			d.seen[list[i].ID] = list[i]
		}
	}
	return fit, err
}

// rows are the contacts of ids, the highest first: those that were seen are not read again.
func (d *finder) rows(ctx context.Context, ids []int64) ([]arauto.ContactRow, error) {
	list := make([]arauto.ContactRow, 0, len(ids))
	for _, id := range ids {
		row, seen := d.seen[id]
		if !seen {
			return d.cq.store.rowsOf(ctx, d.q, d.cq.account, ids)
		}
		list = append(list, row)
	}
	return list, nil
}

// contactsIn is the condition that c is of the account $1 and one of the list. See keyed for why PostgreSQL is asked so.
func (s *Store) contactsIn(list string) string {
	if s.db.postgres() {
		return "(c.account_id, c.id) IN (SELECT $1::bigint, unnest(" + list + "::bigint[]))"
	}
	return "c.account_id = $1 AND c.id IN (SELECT value FROM json_each(" + list + "))"
}
