package store

import (
	"context"
	"time"

	"arauto"
)

// FieldKeys adds to keys the custom fields of up to limit contacts below an id that match f, the highest first. last is
// the lowest id that was looked at, and n how many there were; fewer than limit are the last.
func (s *Store) FieldKeys(ctx context.Context, account int64, f arauto.ContactFilter, before int64, limit int, keys *arauto.FieldKeys) (last int64, n int, err error) {
	last = below(before)
	err = s.db.snapshot(ctx, func(q querier) error {
		cq, err := s.contactQuery(ctx, q, account, f)
		if err != nil || cq.nothing() {
			return err
		}
		rows, err := cq.fieldsOf(ctx, q, last, limit)
		if err != nil {
			return err
		}
		before := ""
		for _, r := range rows {
			if r.key == before || !matchesField(f, r.key) {
				continue
			}
			before = r.key
			fields, err := arauto.StoredFields(r.key)
			if err != nil {
				return err
			}
			keys.Add(fields)
		}
		if n = len(rows); n > 0 {
			last = rows[n-1].id
		}
		return nil
	})
	return last, n, doing("read the names of custom fields", err)
}

// fieldsOf is the next contacts with their fields as they are stored.
func (cq *contactQuery) fieldsOf(ctx context.Context, q querier, before int64, limit int) ([]idOfPerson, error) {
	scan := func(r rows) (v idOfPerson, err error) { return v, r.Scan(&v.id, &v.key) }
	if !cq.indexed {
		return page(ctx, q, cq, scan, "c.id, c.fields", "", before, limit)
	}
	d, err := newFinder(ctx, q, cq, false)
	if err != nil {
		return nil, err
	}
	ids, err := d.found(ctx, before, limit)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return all(ctx, q, scan, `SELECT c.id, c.fields FROM contact c WHERE `+cq.store.contactsIn("$2")+` ORDER BY c.id DESC`, cq.account, cq.store.db.list(ids))
}

// ExpiredExports lists exports of every account that were done before then and still have their file.
func (s *Store) ExpiredExports(ctx context.Context, before time.Time, limit int) ([]arauto.Job, error) {
	return readAll(ctx, s, scanJob, `SELECT `+jobColumns+` FROM job WHERE kind IN ('export', 'person_export') AND resume = 'written' AND finished_at > 0 AND finished_at <= $1
		ORDER BY account_id, finished_at LIMIT $2`, ms(before), limit)
}

// DropExport notes that the file of an export is gone.
func (s *Store) DropExport(ctx context.Context, account, id int64) error {
	err := s.db.write(ctx, func(t querier) error {
		_, err := t.exec(ctx, `UPDATE job SET resume = '' WHERE account_id = $1 AND id = $2 AND kind IN ('export', 'person_export')`, account, id)
		return err
	})
	return doing("forget an export's file", err)
}
