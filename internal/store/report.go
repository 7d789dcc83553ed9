package store

import (
	"context"
	"strings"
	"time"

	"arauto"
)

// page reads up to limit matching rows with from ≤ id < before, newest first. key is the column list.
func page[T any](ctx context.Context, q querier, cq *contactQuery, scan func(rows) (T, error), columns, joins string, before int64, limit int) ([]T, error) {
	before = min(before, cq.upTo+1)
	args := append([]any{cq.account, cq.from, before, limit}, cq.args...)
	if cq.filter.Intent != arauto.IntentAny && !strings.Contains(joins, "JOIN campaign p") {
		joins = contactJoins
	}
	if cq.walk {
		return all(ctx, q, scan, `SELECT `+columns+` FROM contact c`+joins+` WHERE c.account_id = $1 AND c.id >= $2 AND c.id < $3 AND c.deleted_at = 0`+
			cq.where+` ORDER BY c.id DESC LIMIT $4`, args...)
	}
	var ids strings.Builder
	for i, st := range cq.streams {
		if i > 0 {
			ids.WriteString(" UNION ALL ")
		}
		n := len(args)
		args = append(args, st.campaign, st.state)
		ids.WriteString(`SELECT * FROM (SELECT c.account_id, c.id FROM contact c`)
		if cq.filter.Intent != arauto.IntentAny {
			ids.WriteString(contactJoins)
		}
		ids.WriteString(` WHERE c.account_id = $1 AND c.campaign_id = $` + itoa(n+1) + ` AND c.state = $` + itoa(n+2) +
			` AND c.id >= $2 AND c.id < $3 AND c.deleted_at = 0` + cq.where + ` ORDER BY c.id DESC LIMIT $4) s` + itoa(i))
	}
	if cq.flights == flightsToo {
		if len(cq.streams) > 0 {
			ids.WriteString(" UNION ALL ")
		}
		var leg string
		leg, args = cq.flightsLeg(args)
		ids.WriteString(leg)
	}
	// The contact's account is k's and not $1, so that no planner takes the account's contacts first and looks for each
	// among those found.
	return all(ctx, q, scan, `SELECT `+columns+` FROM (SELECT account_id, id FROM (`+ids.String()+`) m ORDER BY id DESC LIMIT $4) k
		JOIN contact c ON c.account_id = k.account_id AND c.id = k.id`+joins+` ORDER BY k.id DESC`, args...)
}

func itoa(n int) string {
	var b [8]byte
	i := len(b)
	for {
		i--
		b[i] = byte('0' + n%10)
		if n /= 10; n == 0 {
			return string(b[i:])
		}
	}
}

// nothing reports a query that cannot match.
func (cq *contactQuery) nothing() bool {
	return cq.filter.Empty || cq.from > cq.upTo || (!cq.walk && len(cq.streams) == 0 && cq.flights != flightsToo)
}

// ContactRows reads up to limit matching contacts below that id (0 = from the newest), newest first.
// Fewer than limit means there are no more.
func (s *Store) ContactRows(ctx context.Context, account int64, f arauto.ContactFilter, before int64, limit int) (list []arauto.ContactRow, err error) {
	err = s.db.snapshot(ctx, func(q querier) error {
		cq, err := s.contactQuery(ctx, q, account, f)
		if err != nil || cq.nothing() {
			return err
		}
		if cq.indexed {
			list, err = cq.search(ctx, q, below(before), limit)
			return err
		}
		next := below(before)
		for len(list) < limit {
			want := limit - len(list)
			rows, err := page(ctx, q, cq, scanContactRow, qualified()+rowColumns, contactJoins, next, want)
			if err != nil {
				return err
			}
			for _, r := range rows {
				if matchesField(f, r.RawFields) {
					list = append(list, r)
				}
			}
			if len(rows) < want {
				break
			}
			next = rows[len(rows)-1].ID
		}
		return s.showFlights(ctx, q, account, list)
	})
	return list, err
}

// search is ContactRows by the search index.
func (cq *contactQuery) search(ctx context.Context, q querier, before int64, limit int) ([]arauto.ContactRow, error) {
	d, err := newFinder(ctx, q, cq, false)
	if err != nil {
		return nil, err
	}
	d.seen = map[int64]arauto.ContactRow{}
	ids, err := d.found(ctx, before, limit)
	if err != nil {
		return nil, err
	}
	list, err := d.rows(ctx, ids)
	if err != nil {
		return nil, err
	}
	return list, cq.store.showFlights(ctx, q, cq.account, list)
}

// matchesField finishes what the SQL prefilter on fields began: which key holds the value.
func matchesField(f arauto.ContactFilter, raw string) bool {
	if f.FieldKey == "" {
		return true
	}
	fields, err := arauto.StoredFields(raw)
	if err != nil {
		return false
	}
	v, ok := fields.Get(f.FieldKey)
	return ok && v == f.FieldValue
}

// ContactBound is the highest contact id given out: rows above it came later.
func (s *Store) ContactBound(ctx context.Context, account int64) (id int64, err error) {
	err = s.db.read(ctx, func(q querier) error {
		id, err = lastContact(ctx, q, account)
		return err
	})
	return id, err
}

// Contact is the contact with that id, with what a report says about it.
func (s *Store) Contact(ctx context.Context, account, id int64) (row arauto.ContactRow, err error) {
	err = s.db.read(ctx, func(q querier) error {
		row, err = one(ctx, q, scanContactRow, `SELECT `+qualified()+rowColumns+` FROM contact c`+contactJoins+` WHERE c.account_id = $1 AND c.id = $2`, account, id)
		if err != nil {
			return missing(err, "contact", id)
		}
		list := []arauto.ContactRow{row}
		err = s.showFlights(ctx, q, account, list)
		row = list[0]
		return err
	})
	return row, err
}

// ContactsOf lists the contacts of those persons over all campaigns, newest first, at most 500.
func (s *Store) ContactsOf(ctx context.Context, account int64, personKeys []string) ([]arauto.ContactRow, error) {
	return s.ContactRows(ctx, account, arauto.ContactFilter{PersonKeys: personKeys}, 0, 500)
}

// UpdatedContacts reads up to limit matching contacts that changed at or after since, by (updated_at,
// id) ascending, after the position (since, idAfter). A contact that changes again while one reads shows
// up again, later.
func (s *Store) UpdatedContacts(ctx context.Context, account int64, f arauto.ContactFilter, since time.Time, idAfter int64, limit int) (list []arauto.ContactRow, err error) {
	err = s.db.read(ctx, func(q querier) error {
		cq := &contactQuery{store: s, account: account, filter: f, walk: true}
		if f.Empty {
			return nil
		}
		if err := cq.inFlight(ctx, q); err != nil {
			return err
		}
		if err := cq.people(ctx, q); err != nil {
			return err
		}
		cq.conditions()
		args := append([]any{account, ms(since), idAfter, limit}, cq.args...)
		where := cq.where
		if !f.InsertedFrom.IsZero() {
			args = append(args, ms(f.InsertedFrom))
			where += ` AND c.inserted_at >= $` + itoa(len(args))
		}
		if !f.InsertedTo.IsZero() {
			args = append(args, ms(f.InsertedTo))
			where += ` AND c.inserted_at <= $` + itoa(len(args))
		}
		if f.Template != 0 {
			args = append(args, f.Template)
			where += ` AND p.template_id = $` + itoa(len(args))
		}
		list, err = all(ctx, q, scanContactRow, `SELECT `+qualified()+rowColumns+` FROM contact c`+contactJoins+`
			WHERE c.account_id = $1 AND (c.updated_at, c.id) > ($2, $3) AND c.deleted_at = 0`+where+` ORDER BY c.updated_at, c.id LIMIT $4`, args...)
		if err != nil {
			return err
		}
		return s.showFlights(ctx, q, account, list)
	})
	return list, err
}
