package store

import (
	"context"
	"slices"
	"time"

	"arauto"
)

// scrubbed is a table whose rows are texts about many people, or about whom is only to be seen by reading
// them. Its rows are read in the order of id, and cleaned column by column.
type scrubbed struct {
	table, id string
	columns   []string
	clean     func(arauto.Traces, []byte) ([]byte, bool)
}

// scrubbedTables are looked through one after the other. What is kept for a day or for 200 requests only is
// among them: a request to be forgotten does not wait for it.
var scrubbedTables = []scrubbed{
	{"notice", "id", []string{"data"}, arauto.Traces.Blank},
	{"audit", "id", []string{"detail", "subject"}, arauto.Traces.Blank},
	{"job", "id", []string{"params", "error", "resume"}, arauto.Traces.Blank},
	{"suppression", "id", []string{"phone", "evidence"}, arauto.Traces.Blank},
	{"webhook", "id", []string{"body", "note"}, arauto.Traces.Without},
}

// Scrub takes what speaks of the person out of the next rows of the tables that speak of many. at is where an
// earlier call got to, 0 being the beginning, and next where this one did; end says that everything was looked
// at. waiting counts webhooks that were met before they were applied: they cannot be touched yet.
func (s *Store) Scrub(ctx context.Context, l arauto.Lease, j arauto.Job, traces arauto.Traces, at int64) (next int64, waiting int, end bool, err error) {
	table, after := int(at>>scrubShift), at&(1<<scrubShift-1)
	if table > len(scrubbedTables) {
		return at, 0, true, nil
	}
	err = s.db.write(ctx, func(t querier) error {
		if _, err := s.leasedJob(ctx, t, time.Time{}, l, j); err != nil {
			return err
		}
		next, waiting = 0, 0
		if table == len(scrubbedTables) {
			next = int64(table+1) << scrubShift
			return s.scrubRequests(ctx, t, j.Account, traces)
		}
		last, n, w, err := s.scrubPage(ctx, t, j, scrubbedTables[table], after, traces)
		waiting = w
		if next = int64(table)<<scrubShift | last; n < scrubAtOnce {
			next = int64(table+1) << scrubShift
		}
		return err
	})
	return next, waiting, false, doing("take a person out of texts", err)
}

const (
	scrubAtOnce = 500
	// scrubShift leaves room for a row's id below the table's place.
	scrubShift = 53
)

// aText is a row with the texts that are looked into.
type aText struct {
	id    int64
	state string
	texts [][]byte
}

func (s *Store) scrubPage(ctx context.Context, t querier, j arauto.Job, what scrubbed, after int64, traces arauto.Traces) (last int64, n, waiting int, err error) {
	state := `''`
	if what.table == "webhook" || what.table == "job" {
		state = "state"
	}
	list := what.columns[0]
	for _, c := range what.columns[1:] {
		list += ", " + c
	}
	found, err := all(ctx, t, func(r rows) (row aText, err error) {
		row.texts = make([][]byte, len(what.columns))
		into := []any{&row.id, &row.state}
		for i := range row.texts {
			into = append(into, &row.texts[i])
		}
		if err := r.Scan(into...); err != nil {
			return row, err
		}
		if !slices.ContainsFunc(row.texts, traces.In) {
			row.texts = nil
		}
		return row, nil
	}, `SELECT id, `+state+`, `+list+` FROM `+what.table+` WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3`, j.Account, after, scrubAtOnce)
	if err != nil {
		return after, 0, 0, err
	}
	for _, row := range found {
		last = row.id
		switch {
		case row.texts == nil, what.table == "job" && row.id == j.ID:
			continue
		case what.table == "webhook" && row.state == "new", what.table == "job" && !arauto.JobState(row.state).Ended():
			waiting++ // it speaks of others too, and of what has yet to be done
			continue
		}
		if err := scrubRow(ctx, t, j.Account, what, row, traces); err != nil {
			return after, 0, 0, err
		}
	}
	return last, len(found), waiting, nil
}

func scrubRow(ctx context.Context, t querier, account int64, what scrubbed, row aText, traces arauto.Traces) error {
	for i, column := range what.columns {
		clean, changed := what.clean(traces, row.texts[i])
		if !changed {
			continue
		}
		var value any = string(clean)
		if column == "body" {
			value = append([]byte{}, clean...)
		}
		if _, err := t.exec(ctx, `UPDATE `+what.table+` SET `+column+` = $3 WHERE account_id = $1 AND `+what.id+` = $2`, account, row.id, value); err != nil {
			return err
		}
	}
	return nil
}

// scrubRequests looks through what is remembered of requests: paths, and answers for who repeats one.
func (s *Store) scrubRequests(ctx context.Context, t querier, account int64, traces arauto.Traces) error {
	type request struct {
		token, slot int64
		key         string
		text        []byte
	}
	paths, err := all(ctx, t, func(r rows) (q request, err error) { return q, r.Scan(&q.token, &q.slot, &q.text) },
		`SELECT token_id, slot, path FROM token_request WHERE account_id = $1`, account)
	if err != nil {
		return err
	}
	for _, q := range paths {
		if !traces.In(q.text) {
			continue
		}
		if _, err := t.exec(ctx, `UPDATE token_request SET path = '' WHERE account_id = $1 AND token_id = $2 AND slot = $3`, account, q.token, q.slot); err != nil {
			return err
		}
	}
	answers, err := all(ctx, t, func(r rows) (q request, err error) {
		if err := r.Scan(&q.token, &q.key, &q.text); err != nil || !traces.In(q.text) {
			q.text = nil
			return q, err
		}
		q.text, _ = traces.Blank(q.text)
		return q, nil
	}, `SELECT token_id, key, body FROM idempotency WHERE account_id = $1 AND status <> 0`, account)
	if err != nil {
		return err
	}
	for _, q := range answers {
		if q.text == nil {
			continue
		}
		if _, err := t.exec(ctx, `UPDATE idempotency SET body = $4 WHERE account_id = $1 AND token_id = $2 AND key = $3`, account, q.token, q.key, q.text); err != nil {
			return err
		}
	}
	return nil
}

// ScrubDeleted empties contacts of the person that were deleted before: no index finds them by it. It looks at
// the contacts behind after, and returns where it got to.
func (s *Store) ScrubDeleted(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, e arauto.Erasure, after int64) (next int64, end bool, err error) {
	const span = 20_000
	err = s.db.write(ctx, func(t querier) error {
		if _, err := s.leasedJob(ctx, t, time.Time{}, l, j); err != nil {
			return err
		}
		h, err := s.hasher(ctx, t, j.Account)
		if err != nil {
			return err
		}
		bound, err := one(ctx, t, scanInt, `SELECT COALESCE(MAX(id), 0) FROM contact WHERE account_id = $1`, j.Account)
		if err != nil {
			return err
		}
		next = after + span
		end = next >= bound
		list, err := all(ctx, t, scanContact, `SELECT `+contactColumns+` FROM contact WHERE account_id = $1 AND id > $3 AND id <= $4 AND deleted_at <> 0 AND `+
			s.db.in("person_key", "$2"), j.Account, s.db.list(e.Keys), after, next)
		if err != nil {
			return err
		}
		return s.emptyContacts(ctx, t, now, h, list, changes{})
	})
	return next, end, doing("empty deleted contacts", err)
}

// EndErasure forgets what the job had to know, and keeps how much it found.
func (s *Store) EndErasure(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job) error {
	err := s.db.write(ctx, func(t querier) error {
		if _, err := s.leasedJob(ctx, t, time.Time{}, l, j); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE job SET params = '{}' WHERE account_id = $1 AND id = $2`, j.Account, j.ID); err != nil {
			return err
		}
		return s.audit(ctx, t, now, arauto.System(j.Account), "person.erased", subject("job", j.ID), detail())
	})
	return doing("end an erasure", err)
}
