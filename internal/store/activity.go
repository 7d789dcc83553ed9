package store

import (
	"context"
	"errors"
	"time"

	"arauto"
)

const codeColumns = `account_id, id, uuid, parent_id, code, name, suppress, callback, stop_contact, created_at, updated_at, archived_at`

func scanCode(r rows) (arauto.ActivityCode, error) {
	var c arauto.ActivityCode
	var callback, stop, created, updated, archived int64
	err := r.Scan(&c.Account, &c.ID, &c.UUID, &c.Parent, &c.Code, &c.Name, &c.Suppress, &callback, &stop, &created, &updated, &archived)
	c.Callback, c.StopContact = callback == 1, stop == 1
	c.CreatedAt, c.UpdatedAt, c.ArchivedAt = moment(created), moment(updated), moment(archived)
	return c, err
}

// CreateActivityCode stores a code. The error is invalid, not found for the parent, or a conflict when its main code, or
// the account, has that code already.
func (s *Store) CreateActivityCode(ctx context.Context, actor arauto.Actor, now time.Time, c arauto.ActivityCode) (arauto.ActivityCode, error) {
	c.UUID, c.CreatedAt, c.UpdatedAt, c.ArchivedAt = newUUID(), moment(ms(now)), moment(ms(now)), time.Time{}
	err := s.db.write(ctx, func(t querier) (err error) {
		if c.ID, err = nextIDs(ctx, t, c.Account, "activity_code", 1); err != nil {
			return err
		}
		if err := checkCode(ctx, t, c); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `INSERT INTO activity_code (`+codeColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, 0)`,
			c.Account, c.ID, c.UUID, c.Parent, c.Code, c.Name, c.Suppress, flag(c.Callback), flag(c.StopContact), ms(now)); err != nil {
			return err
		}
		actor.Account = c.Account
		return s.audit(ctx, t, now, actor, "activity_code.create", subject("activity code", c.ID), jsonOf(map[string]any{"code": c.Code, "name": c.Name, "parent": c.Parent}))
	})
	return c, doing("create activity code", err)
}

func checkCode(ctx context.Context, t querier, c arauto.ActivityCode) error {
	if err := c.Check(); err != nil {
		return err
	}
	if c.Parent != 0 {
		parent, err := one(ctx, t, scanCode, `SELECT `+codeColumns+` FROM activity_code WHERE account_id = $1 AND id = $2`, c.Account, c.Parent)
		if err != nil {
			return missing(err, "activity code", c.Parent)
		}
		if parent.Parent != 0 {
			return arauto.Errorf(arauto.KindInvalid, "parent_id", "%q is a sub-code itself: sub-codes belong to main ones", parent.Code)
		}
	}
	other, err := one(ctx, t, scanInt, `SELECT id FROM activity_code WHERE account_id = $1 AND parent_id = $2 AND code = $3 AND id <> $4`, c.Account, c.Parent, c.Code, c.ID)
	if errors.Is(err, errNoRow) {
		return nil
	}
	if err == nil {
		return arauto.Errorf(arauto.KindConflict, "code", "%q is taken by number %d: choose another code, or change that one", c.Code, other)
	}
	return err
}

// ChangeActivityCode stores what change makes of a code; its ids and its parent stay.
func (s *Store) ChangeActivityCode(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, change func(arauto.ActivityCode) (arauto.ActivityCode, error)) (arauto.ActivityCode, error) {
	var c arauto.ActivityCode
	err := s.db.write(ctx, func(t querier) error {
		was, err := one(ctx, t, scanCode, `SELECT `+codeColumns+` FROM activity_code WHERE account_id = $1 AND id = $2`+s.db.lock(), account, id)
		if err != nil {
			return missing(err, "activity code", id)
		}
		if c, err = change(was); err != nil {
			return err
		}
		c.Account, c.ID, c.UUID, c.Parent, c.CreatedAt, c.UpdatedAt = account, id, was.UUID, was.Parent, was.CreatedAt, moment(ms(now))
		if err := checkCode(ctx, t, c); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE activity_code SET code = $3, name = $4, suppress = $5, callback = $6, stop_contact = $7, updated_at = $8, archived_at = $9
			WHERE account_id = $1 AND id = $2`, account, id, c.Code, c.Name, c.Suppress, flag(c.Callback), flag(c.StopContact), ms(now), ms(c.ArchivedAt)); err != nil {
			return err
		}
		d := diff{}
		d.field("code", was.Code, c.Code)
		d.field("name", was.Name, c.Name)
		d.field("suppress", was.Suppress, c.Suppress)
		d.field("callback", was.Callback, c.Callback)
		d.field("stop_contact", was.StopContact, c.StopContact)
		d.field("archived", !was.ArchivedAt.IsZero(), !c.ArchivedAt.IsZero())
		actor.Account = account
		return s.audit(ctx, t, now, actor, "activity_code.update", subject("activity code", id), d.json())
	})
	return c, doing("change activity code", err)
}

// ActivityCodes lists an account's codes by id, from after, archived ones too.
func (s *Store) ActivityCodes(ctx context.Context, account, after int64, limit int) ([]arauto.ActivityCode, error) {
	return readAll(ctx, s, scanCode, `SELECT `+codeColumns+` FROM activity_code WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3`, account, after, limit)
}

// ActivityCode is the code with that id.
func (s *Store) ActivityCode(ctx context.Context, account, id int64) (arauto.ActivityCode, error) {
	c, err := readOne(ctx, s, scanCode, `SELECT `+codeColumns+` FROM activity_code WHERE account_id = $1 AND id = $2`, account, id)
	return c, missing(err, "activity code", id)
}

const cannedColumns = `account_id, id, queue_id, title, body, created_at, updated_at`

func scanCanned(r rows) (arauto.Canned, error) {
	var c arauto.Canned
	var created, updated int64
	err := r.Scan(&c.Account, &c.ID, &c.Queue, &c.Title, &c.Text, &created, &updated)
	c.CreatedAt, c.UpdatedAt = moment(created), moment(updated)
	return c, err
}

// SaveCanned stores a canned reply: a new one when it has no id. The error is invalid, or not found for it or its
// queue.
func (s *Store) SaveCanned(ctx context.Context, actor arauto.Actor, now time.Time, c arauto.Canned) (arauto.Canned, error) {
	if err := c.Check(); err != nil {
		return c, err
	}
	fresh := c.ID == 0
	err := s.db.write(ctx, func(t querier) (err error) {
		if c.Queue != 0 {
			if _, err := one(ctx, t, scanInt, `SELECT id FROM queue WHERE account_id = $1 AND id = $2`, c.Account, c.Queue); err != nil {
				return missing(err, "queue", c.Queue)
			}
		}
		c.UpdatedAt = moment(ms(now))
		action := "canned_reply.update"
		if fresh {
			action, c.CreatedAt = "canned_reply.create", c.UpdatedAt
			if c.ID, err = nextIDs(ctx, t, c.Account, "canned_reply", 1); err != nil {
				return err
			}
			_, err = t.exec(ctx, `INSERT INTO canned_reply (`+cannedColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $6)`, c.Account, c.ID, c.Queue, c.Title, c.Text, ms(now))
		} else {
			var created int64
			created, err = one(ctx, t, scanInt, `UPDATE canned_reply SET queue_id = $3, title = $4, body = $5, updated_at = $6 WHERE account_id = $1 AND id = $2 RETURNING created_at`,
				c.Account, c.ID, c.Queue, c.Title, c.Text, ms(now))
			c.CreatedAt, err = moment(created), missing(err, "canned reply", c.ID)
		}
		if err != nil {
			return err
		}
		actor.Account = c.Account
		return s.audit(ctx, t, now, actor, action, subject("canned reply", c.ID), detail("title", c.Title))
	})
	return c, doing("save a canned reply", err)
}

// CannedReplies lists an account's canned replies by id, from after.
func (s *Store) CannedReplies(ctx context.Context, account, after int64, limit int) ([]arauto.Canned, error) {
	return readAll(ctx, s, scanCanned, `SELECT `+cannedColumns+` FROM canned_reply WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3`, account, after, limit)
}

// DeleteCanned forgets a canned reply.
func (s *Store) DeleteCanned(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64) error {
	err := s.db.write(ctx, func(t querier) error {
		title, err := one(ctx, t, scanText, `DELETE FROM canned_reply WHERE account_id = $1 AND id = $2 RETURNING title`, account, id)
		if err != nil {
			return missing(err, "canned reply", id)
		}
		actor.Account = account
		return s.audit(ctx, t, now, actor, "canned_reply.delete", subject("canned reply", id), detail("title", title))
	})
	return doing("delete a canned reply", err)
}
