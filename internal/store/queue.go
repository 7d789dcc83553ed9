package store

import (
	"context"
	"errors"
	"time"

	"arauto"
)

const queueColumns = `account_id, id, uuid, name, windows, time_zone, work_holidays, away_text, wait_text, wait_minutes, wrap_up_seconds, code_required, created_at, updated_at`

func scanQueue(r rows) (arauto.Queue, error) {
	var q arauto.Queue
	var windows string
	var holidays, wait, wrap, code, created, updated int64
	err := r.Scan(&q.Account, &q.ID, &q.UUID, &q.Name, &windows, &q.Zone, &holidays, &q.AwayText, &q.WaitText, &wait, &wrap, &code, &created, &updated)
	if err != nil {
		return q, err
	}
	q.WorkHolidays, q.CodeRequired = holidays == 1, code == 1
	q.WaitAfter, q.WrapUp = time.Duration(wait)*time.Minute, time.Duration(wrap)*time.Second
	q.CreatedAt, q.UpdatedAt = moment(created), moment(updated)
	return q, fromJSON(windows, &q.Windows)
}

func queueArgs(q arauto.Queue) []any {
	windows := q.Windows
	if windows == nil {
		windows = arauto.Windows{}
	}
	return []any{
		q.Account, q.ID, q.UUID, q.Name, jsonOf(windows), q.Zone, flag(q.WorkHolidays), q.AwayText, q.WaitText,
		int64(q.WaitAfter / time.Minute), int64(q.WrapUp / time.Second), flag(q.CodeRequired), ms(q.CreatedAt), ms(q.UpdatedAt),
	}
}

// flag is a yes or no as a column keeps it.
func flag(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// CreateQueue stores a queue. The error is invalid, or a conflict when the account has one of that name.
func (s *Store) CreateQueue(ctx context.Context, actor arauto.Actor, now time.Time, q arauto.Queue) (arauto.Queue, error) {
	if err := q.Check(); err != nil {
		return q, err
	}
	q.UUID, q.CreatedAt, q.UpdatedAt = newUUID(), moment(ms(now)), moment(ms(now))
	err := s.db.write(ctx, func(t querier) (err error) {
		if q.ID, err = nextIDs(ctx, t, q.Account, "queue", 1); err != nil {
			return err
		}
		if err := nameIsNew(ctx, t, "queue", q.Account, q.ID, q.Name); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `INSERT INTO queue (`+queueColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`, queueArgs(q)...); err != nil {
			return err
		}
		actor.Account = q.Account
		return s.audit(ctx, t, now, actor, "queue.create", subject("queue", q.ID), detail("name", q.Name))
	})
	return q, doing("create queue", err)
}

// ChangeQueue stores what change makes of a queue; its ids and its birth stay. change may run more than once. The
// error is change's, not found, or as of CreateQueue.
func (s *Store) ChangeQueue(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, change func(arauto.Queue) (arauto.Queue, error)) (arauto.Queue, error) {
	var q arauto.Queue
	err := s.db.write(ctx, func(t querier) error {
		was, err := one(ctx, t, scanQueue, `SELECT `+queueColumns+` FROM queue WHERE account_id = $1 AND id = $2`+s.db.lock(), account, id)
		if err != nil {
			return missing(err, "queue", id)
		}
		if q, err = change(was); err != nil {
			return err
		}
		q.Account, q.ID, q.UUID, q.CreatedAt, q.UpdatedAt = account, id, was.UUID, was.CreatedAt, moment(ms(now))
		if err := q.Check(); err != nil {
			return err
		}
		if err := nameIsNew(ctx, t, "queue", account, id, q.Name); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE queue SET uuid = $3, name = $4, windows = $5, time_zone = $6, work_holidays = $7, away_text = $8, wait_text = $9,
			wait_minutes = $10, wrap_up_seconds = $11, code_required = $12, created_at = $13, updated_at = $14 WHERE account_id = $1 AND id = $2`, queueArgs(q)...); err != nil {
			return err
		}
		actor.Account = account
		return s.audit(ctx, t, now, actor, "queue.update", subject("queue", id), queueDiff(was, q).json())
	})
	return q, doing("change queue", err)
}

func queueDiff(was, is arauto.Queue) diff {
	d := diff{}
	d.field("name", was.Name, is.Name)
	d.field("windows", was.Windows, is.Windows)
	d.field("time_zone", was.Zone, is.Zone)
	d.field("work_holidays", was.WorkHolidays, is.WorkHolidays)
	d.field("away_text", was.AwayText, is.AwayText)
	d.field("wait_text", was.WaitText, is.WaitText)
	d.field("wait_minutes", was.WaitAfter/time.Minute, is.WaitAfter/time.Minute)
	d.field("wrap_up_seconds", was.WrapUp/time.Second, is.WrapUp/time.Second)
	d.field("code_required", was.CodeRequired, is.CodeRequired)
	return d
}

// nameIsNew is a conflict when another row of that table has the name.
func nameIsNew(ctx context.Context, t querier, table string, account, id int64, name string) error {
	other, err := one(ctx, t, scanInt, `SELECT id FROM `+table+` WHERE account_id = $1 AND name = $2 AND id <> $3`, account, name, id)
	if errors.Is(err, errNoRow) {
		return nil
	}
	if err == nil {
		return arauto.Errorf(arauto.KindConflict, "name", "%q is taken by number %d: choose another name, or change that one", name, other)
	}
	return err
}

// Queues lists an account's queues by id, from after.
func (s *Store) Queues(ctx context.Context, account, after int64, limit int) ([]arauto.Queue, error) {
	return readAll(ctx, s, scanQueue, `SELECT `+queueColumns+` FROM queue WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3`, account, after, limit)
}

// Queue is the queue with that id.
func (s *Store) Queue(ctx context.Context, account, id int64) (arauto.Queue, error) {
	q, err := readOne(ctx, s, scanQueue, `SELECT `+queueColumns+` FROM queue WHERE account_id = $1 AND id = $2`, account, id)
	return q, missing(err, "queue", id)
}

// QueueByUUID is the queue with that UUID.
func (s *Store) QueueByUUID(ctx context.Context, account int64, uuid string) (arauto.Queue, error) {
	q, err := readOne(ctx, s, scanQueue, `SELECT `+queueColumns+` FROM queue WHERE account_id = $1 AND uuid = $2`, account, uuid)
	return q, missing(err, "queue", uuid)
}
