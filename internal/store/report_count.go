package store

import (
	"context"

	"arauto"
)

// CountContacts is the number of matching contacts up to that id. Filters by campaign and state are
// answered from kept counts, names, custom fields and digits from the search index; others walk an index.
func (s *Store) CountContacts(ctx context.Context, account int64, f arauto.ContactFilter, upTo int64) (n int64, err error) {
	err = s.db.snapshot(ctx, func(q querier) error {
		cq, err := s.contactQuery(ctx, q, account, f)
		if err != nil || cq.nothing() {
			return err
		}
		cq.upTo = min(cq.upTo, upTo)
		switch {
		case cq.indexed:
			n, err = cq.countFound(ctx, q)
		case f.FieldKey != "":
			n, err = cq.countFields(ctx, q)
		case f.Name != "" || f.Digits != "" || len(f.Reasons) > 0 || len(f.Dials) > 0 || f.Intent != arauto.IntentAny:
			n, err = cq.countRows(ctx, q)
		default:
			n, err = cq.countStreams(ctx, q)
		}
		return err
	})
	return n, err
}

// countStreams adds up kept counts where a whole stream matches, and counts index entries where a bound
// cuts it.
func (cq *contactQuery) countStreams(ctx context.Context, q querier) (int64, error) {
	last, err := lastContact(ctx, q, cq.account)
	if err != nil {
		return 0, err
	}
	sum, err := cq.countFlights(ctx, q)
	if err != nil {
		return 0, err
	}
	for _, st := range cq.streams {
		if cq.from <= 1 && cq.upTo >= last {
			sum += st.n
			continue
		}
		n, err := one(ctx, q, scanInt, `SELECT count(*) FROM contact WHERE account_id = $1 AND campaign_id = $2 AND state = $3
			AND id >= $4 AND id <= $5 AND deleted_at = 0`, cq.account, st.campaign, st.state, cq.from, cq.upTo)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

func (cq *contactQuery) countFound(ctx context.Context, q querier) (int64, error) {
	d, err := newFinder(ctx, q, cq, true)
	if err != nil {
		return 0, err
	}
	return d.count(ctx)
}

// countRows and countFields keep no row: there may be millions.
func (cq *contactQuery) countRows(ctx context.Context, q querier) (int64, error) {
	list, err := page(ctx, q, cq, func(rows) (none struct{}, err error) { return none, nil }, "c.id", "", cq.upTo+1, 1<<31-1)
	return int64(len(list)), err
}

func (cq *contactQuery) countFields(ctx context.Context, q querier) (n int64, err error) {
	_, err = page(ctx, q, cq, func(r rows) (none struct{}, err error) {
		var raw string
		if err = r.Scan(&raw); err == nil && matchesField(cq.filter, raw) {
			n++
		}
		return none, err
	}, "c.fields", "", cq.upTo+1, 1<<31-1)
	return n, err
}

// SkipContacts is the id below which the page after the n newest matching contacts begins. It walks
// those n: for clients that count instead of following a cursor.
func (s *Store) SkipContacts(ctx context.Context, account int64, f arauto.ContactFilter, before, n int64) (int64, error) {
	const chunk = 5000
	for n > 0 {
		want := min(n, chunk)
		var ids []int64
		var full bool
		err := s.db.snapshot(ctx, func(q querier) error {
			cq, err := s.contactQuery(ctx, q, account, f)
			if err != nil || cq.nothing() {
				return err
			}
			if cq.indexed {
				d, err := newFinder(ctx, q, cq, false)
				if err != nil {
					return err
				}
				ids, err = d.found(ctx, below(before), int(want))
				if full = int64(len(ids)) == want; len(ids) > 0 {
					before = ids[len(ids)-1]
				}
				return err
			}
			rows, err := page(ctx, q, cq, func(r rows) (v idOfPerson, err error) { return v, r.Scan(&v.id, &v.key) }, "c.id, c.fields", "", below(before), int(want))
			full = int64(len(rows)) == want
			for _, r := range rows {
				before = r.id
				if matchesField(f, r.key) {
					ids = append(ids, r.id)
				}
			}
			return err
		})
		if err != nil {
			return 0, err
		}
		n -= int64(len(ids))
		if !full {
			if n > 0 {
				return 1, nil // fewer match than were to be skipped: nothing is below id 1
			}
			break
		}
	}
	return before, nil
}
