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
	named   []int64                  // contacts that were asked for themselves, the highest first
	ahead   map[segment]*posting.Set // who fits in segments further down
	windows int                      // segments that are asked at once
	limit   int                      // how many are wanted; 0 = all
	walked  int                      // segments so far
	met     int                      // who fitted in them
	changed []int64                  // contacts that changed since, from settled on, of segments still to come; the highest first
	settled int64                    // changed has all from there on

	seen map[int64]arauto.ContactRow // whole rows of whom was looked at, for a page; nil = nobody wants them
}

// maxAsked is how many campaigns are asked of the index; more are looked up on the rows.
const maxAsked = 200

func newFinder(ctx context.Context, q querier, cq *contactQuery, exact bool) (*finder, error) {
	f := cq.filter
	d := &finder{cq: cq, q: q, exact: exact, ahead: map[segment]*posting.Set{}, windows: 1, settled: 1 << 53, ask: posting.Query{Name: arauto.Fold(f.Name), Digits: f.Digits}}
	if f.FieldKey != "" {
		d.ask.Fields = arauto.Fields{{Key: f.FieldKey, Value: f.FieldValue}}
	}
	if len(f.Campaigns) <= maxAsked {
		d.ask.Campaigns = f.Campaigns
	}
	var err error
	if cq.named() {
		d.named, err = cq.names(ctx, q)
	}
	return d, err
}

// begin looks how far the index has come, and at the first changes that it does not know: those of contacts below
// before.
func (d *finder) begin(ctx context.Context, before int64) error {
	if !d.cq.indexed { // nobody is taken to be in a segment, and all are read row by row
		return nil
	}
	list, err := all(ctx, d.q, func(r rows) (v [3]int64, err error) { return v, r.Scan(&v[0], &v[1], &v[2]) },
		`SELECT 0, full_n, short_n FROM search_state WHERE account_id = $1 UNION ALL
		SELECT 1, id, 0 FROM (SELECT id FROM search_stale WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3) k`, d.cq.account, before, changesAhead)
	var changed []int64
	for _, v := range list {
		if v[0] == 0 {
			d.state = searchState{v[1], v[2]}
		} else {
			changed = append(changed, v[1])
		}
	}
	slices.Sort(changed)
	slices.Reverse(changed)
	d.settle(changed)
	return err
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

// down calls each for every segment with ids from the query's lowest up to before, the highest first, with the
// candidates in it, until it returns false.
func (d *finder) down(ctx context.Context, before int64, each func(in segment, candidates *posting.Set) (bool, error)) error {
	before = min(before, d.cq.upTo+1, d.state.indexed())
	for lowest := max(d.cq.from, 0); before > lowest; {
		in := d.state.at(before - 1)
		found, err := d.segment(ctx, in)
		if err != nil {
			return err
		}
		found.Keep(in.base(), max(in.from(), lowest), before)
		before = in.from()
		d.walked, d.met = d.walked+1, d.met+found.Len()
		if found.Empty() {
			continue
		}
		if more, err := each(in, found); err != nil || !more {
			return err
		}
	}
	return nil
}

// segment is who fits in one segment, those that changed since looked at themselves.
func (d *finder) segment(ctx context.Context, in segment) (*posting.Set, error) {
	found, err := d.indexed(ctx, in)
	if err != nil {
		return nil, err
	}
	ids, err := d.changes(ctx, in)
	if err != nil || len(ids) == 0 {
		return found, err
	}
	for _, id := range ids {
		found.Remove(id)
	}
	fit, err := d.look(ctx, ids)
	for _, id := range fit {
		found.Add(id)
	}
	return found, err
}

// changesAhead is how many changes are read at once: mostly there are fewer in all.
const changesAhead = 512

// changes are the contacts of a segment that changed since it was made. Segments are asked for from the highest down.
func (d *finder) changes(ctx context.Context, of segment) (in []int64, err error) {
	if of.from() < d.settled {
		changed, err := all(ctx, d.q, scanInt, `SELECT id FROM search_stale WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`, d.cq.account, of.to(), changesAhead)
		if err != nil {
			return nil, err
		}
		if d.settle(changed); of.from() < d.settled { // there are more in this segment alone
			d.changed, d.settled = nil, of.from()
			return all(ctx, d.q, scanInt, `SELECT id FROM search_stale WHERE account_id = $1 AND id >= $2 AND id < $3`, d.cq.account, of.from(), of.to())
		}
	}
	for len(d.changed) > 0 && d.changed[0] >= of.from() {
		if id := d.changed[0]; id < of.to() { // else it is in no segment yet, and was read row by row
			in = append(in, id)
		}
		d.changed = d.changed[1:]
	}
	return in, nil
}

// settle takes the next changesAhead changes, or all that are left.
func (d *finder) settle(changed []int64) {
	d.changed, d.settled = changed, 0
	if n := len(changed); n == changesAhead {
		d.settled = changed[n-1]
	}
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
