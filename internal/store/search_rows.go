package store

import (
	"context"
	"slices"

	"arauto"
	"arauto/internal/posting"
)

const (
	// firstLook is how many candidates are looked at first; each further look is at four times as many.
	firstLook = 64
	lastLook  = 4096
	// sparse: of so many looked at in one stretch, not one in sparse fitted. Whoever is in the states that are asked
	// for is then read from their index first.
	sparse = 16
)

// found is the ids of up to limit matching contacts below before, the highest first.
func (d *finder) found(ctx context.Context, before int64, limit int) ([]int64, error) {
	if d.cq.named() {
		return d.foundNamed(ctx, before, limit)
	}
	if err := d.begin(ctx, before); err != nil {
		return nil, err
	}
	list, err := d.tail(ctx, before, limit)
	if err != nil || len(list) == limit {
		return list, err
	}
	d.limit = limit - len(list)
	size := d.looksFirst(d.limit)
	var few []int64 // are looked at together
	look := func() (fitted int, err error) {
		fit, err := d.look(ctx, few)
		list, few = append(list, fit[:min(len(fit), limit-len(list))]...), nil
		return len(fit), err
	}
	err = d.down(ctx, before, func(in segment, candidates *posting.Set) (bool, error) {
		for looked, fitted := 0, 0; len(list) < limit; size = min(4*size, lastLook) {
			if d.cq.byIndex() && !d.cq.stateless() && looked >= 2*firstLook && fitted*sparse < looked {
				if err := d.keepStates(ctx, in, candidates); err != nil {
					return false, err
				}
				looked, fitted = -1<<30, 0 // once is enough
			}
			few = candidates.Last(few, in.base(), size-len(few))
			n := len(few)
			if n < min(size, limit-len(list)) { // the next segment may have more
				return true, nil
			}
			fit, err := look()
			if err != nil {
				return false, err
			}
			looked, fitted = looked+n, fitted+fit
		}
		return false, nil
	})
	if err == nil {
		_, err = look()
	}
	return list, err
}

// looksFirst is at how many candidates it looks first where so many are wanted: hardly one of them does not fit where
// nothing but the index had to be asked.
func (d *finder) looksFirst(wanted int) int {
	if d.cq.stateless() && !d.cq.byRow() && d.ask.Sure() {
		return min(wanted, lastLook)
	}
	return firstLook
}

func (d *finder) foundNamed(ctx context.Context, before int64, limit int) (list []int64, err error) {
	for ids := range slices.Chunk(d.named, lastLook) {
		ids = slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return id >= before })
		if len(list) == limit || len(ids) == 0 {
			continue
		}
		fit, err := d.look(ctx, ids)
		if err != nil {
			return nil, err
		}
		list = append(list, fit[:min(len(fit), limit-len(list))]...)
	}
	return list, nil
}

// tail is found among the contacts that are in no segment yet.
func (d *finder) tail(ctx context.Context, before int64, limit int) ([]int64, error) {
	tail := *d.cq
	tail.from = max(tail.from, d.state.indexed())
	var list []int64
	for next := before; len(list) < limit; {
		if tail.from >= min(next, tail.upTo+1) {
			break
		}
		want := limit - len(list)
		rows, err := page(ctx, d.q, &tail, func(r rows) (v idOfPerson, err error) { return v, r.Scan(&v.id, &v.key) }, "c.id, c.fields", "", next, want)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			next = r.id
			if matchesField(tail.filter, r.key) {
				list = append(list, r.id)
			}
		}
		if len(rows) < want {
			break
		}
	}
	return list, nil
}

// byIndex reports whether the states asked for are all that the segments do not know, and can be read from their own
// index, stretch by stretch.
func (cq *contactQuery) byIndex() bool {
	return !cq.byRow() && len(cq.streams) <= maxStreams
}

// byRow reports whether only the rows know who is meant.
func (cq *contactQuery) byRow() bool {
	return cq.flights != flightsAsRows || cq.filter.Intent != arauto.IntentAny || len(cq.filter.Reasons) > 0 || len(cq.filter.Dials) > 0 || len(cq.filter.Campaigns) > maxAsked
}

// stateless reports whether the states that are asked for leave nobody out: they are not asked for, or nobody of the
// campaigns is in another.
func (cq *contactQuery) stateless() bool { return len(cq.filter.States) == 0 || cq.others == 0 }

// keepStates keeps who is in the campaigns and states asked for, as their index says.
func (d *finder) keepStates(ctx context.Context, in segment, set *posting.Set) error {
	kept := &posting.Set{}
	for _, st := range d.cq.streams {
		r, err := d.q.query(ctx, `SELECT id FROM contact WHERE account_id = $1 AND campaign_id = $2 AND state = $3 AND id >= $4 AND id < $5 AND deleted_at = 0`,
			d.cq.account, st.campaign, st.state, in.from(), in.to())
		if err != nil {
			return err
		}
		for r.Next() {
			var id int64
			if err := r.Scan(&id); err != nil {
				r.Close()
				return err
			}
			kept.Add(id)
		}
		r.Close()
		if err := r.Err(); err != nil {
			return err
		}
	}
	set.And(kept)
	return nil
}

// rowsOf reads the contacts of ids, the highest first.
func (s *Store) rowsOf(ctx context.Context, q querier, account int64, ids []int64) ([]arauto.ContactRow, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return all(ctx, q, scanContactRow, `SELECT `+qualified()+rowColumns+` FROM contact c`+contactJoins+` WHERE `+s.contactsIn("$2")+` ORDER BY c.id DESC`,
		account, s.db.list(ids))
}

// count is how many match. Where states are asked for, either those who fit are looked up, or the states are read from
// their index: whichever is less.
func (d *finder) count(ctx context.Context) (int64, error) {
	if d.cq.named() {
		list, err := d.foundNamed(ctx, 1<<53, 1<<31-1)
		return int64(len(list)), err
	}
	if err := d.begin(ctx, 1<<53); err != nil {
		return 0, err
	}
	tail, err := d.tail(ctx, 1<<53, 1<<31-1)
	if err != nil {
		return 0, err
	}
	n := int64(len(tail))
	err = d.down(ctx, 1<<53, func(in segment, candidates *posting.Set) (bool, error) {
		fit, err := d.countIn(ctx, in, candidates)
		n += fit
		return true, err
	})
	return n, err
}

// lookUp is what a look at a row costs, in entries of an index that are read in order.
const lookUp = 8

func (d *finder) countIn(ctx context.Context, in segment, candidates *posting.Set) (n int64, err error) {
	if d.cq.stateless() && !d.cq.byRow() {
		return int64(candidates.Len()), nil
	}
	if d.cq.byIndex() && int64(candidates.Len())*lookUp > min(d.cq.most(), in.to()-in.from()) {
		err := d.keepStates(ctx, in, candidates)
		return int64(candidates.Len()), err
	}
	for !candidates.Empty() {
		fit, err := d.look(ctx, candidates.Last(nil, in.base(), lastLook))
		if err != nil {
			return 0, err
		}
		n += int64(len(fit))
	}
	return n, nil
}
