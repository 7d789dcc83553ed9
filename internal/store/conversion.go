package store

import (
	"context"
	"errors"
	"strconv"
	"time"

	"arauto"
)

const conversionColumns = `account_id, id, click_id, conversation_id, activity_code_id, sender_id, clid, event, currency, micros, at, clicked_at, state, detail, error_code,
	tries, due_at, created_at, done_at`

// converted makes a conversion of a conversation that a click brought and that is closed with a code that has a rule; a
// sub-code without one has its main code's. Each click's event exists once, so closing again makes no other.
func (s *Store) converted(ctx context.Context, t querier, now time.Time, v arauto.Conversation) error {
	if v.Code == 0 {
		return nil
	}
	rule, err := one(ctx, t, scanConversionRule, `SELECT r.account_id, r.activity_code_id, r.event, r.currency, r.micros FROM activity_code k
		JOIN conversion_rule r ON r.account_id = k.account_id AND (r.activity_code_id = k.id OR r.activity_code_id = k.parent_id)
		WHERE k.account_id = $1 AND k.id = $2 ORDER BY CASE WHEN r.activity_code_id = k.id THEN 0 ELSE 1 END LIMIT 1`, v.Account, v.Code)
	if err != nil {
		return ifThere(err)
	}
	c := arauto.Conversion{Account: v.Account, Conversation: v.ID, Code: v.Code, Event: rule.Event, Value: rule.Value, At: moment(ms(now)), State: arauto.ConversionPending}
	var clicked int64
	// The last click that Meta named, else the last one.
	if _, err := one(ctx, t, func(r rows) (none struct{}, err error) {
		return none, r.Scan(&c.Click, &c.Sender, &c.Clid, &clicked)
	}, `SELECT id, sender_id, COALESCE(clid, ''), at FROM click WHERE account_id = $1 AND conversation_id = $2
		ORDER BY CASE WHEN COALESCE(clid, '') = '' THEN 1 ELSE 0 END, id DESC LIMIT 1`, v.Account, v.ID); err != nil {
		return ifThere(err)
	}
	once := c.Clid
	if c.Clid == "" {
		once = "click " + strconv.FormatInt(c.Click, 10)
		c.State, c.Detail, c.DoneAt = arauto.ConversionSkipped, "Meta did not name the click", c.At
	}
	if c.ID, err = nextIDs(ctx, t, c.Account, "conversion", 1); err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO conversion (`+conversionColumns+`, once_key, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, 0, $11, $11, $15, $16, 0) ON CONFLICT DO NOTHING`,
		c.Account, c.ID, c.Click, c.Conversation, c.Code, c.Sender, c.Clid, c.Event, c.Value.Currency, c.Value.Micros, ms(c.At), clicked, c.State, c.Detail, ms(c.DoneAt), once)
	return err
}

// ifThere is nil for what is not there.
func ifThere(err error) error {
	if errors.Is(err, errNoRow) {
		return nil
	}
	return err
}

func scanConversion(r rows) (arauto.Conversion, error) {
	var c arauto.Conversion
	var at, clicked, due, created, done int64
	err := r.Scan(&c.Account, &c.ID, &c.Click, &c.Conversation, &c.Code, &c.Sender, &c.Clid, &c.Event, &c.Value.Currency, &c.Value.Micros, &at, &clicked, &c.State, &c.Detail,
		&c.ErrorCode, &c.Tries, &due, &created, &done)
	c.At, c.ClickedAt, c.DueAt, c.CreatedAt, c.DoneAt = moment(at), moment(clicked), moment(due), moment(created), moment(done)
	return c, err
}

// Conversions lists an account's conversions, newest first, below that id (0 = from the newest), in that state ("" = any).
func (s *Store) Conversions(ctx context.Context, account int64, state arauto.ConversionState, before int64, limit int) ([]arauto.Conversion, error) {
	where := `state = $2`
	if state == "" {
		where = `$2 = ''`
	}
	return readAll(ctx, s, scanConversion, `SELECT `+conversionColumns+` FROM conversion WHERE account_id = $1 AND `+where+` AND id < $3 ORDER BY id DESC LIMIT $4`,
		account, state, below(before), limit)
}

// DueConversions are those of an account whose (next) try has come, the oldest first.
func (s *Store) DueConversions(ctx context.Context, now time.Time, account int64, limit int) ([]arauto.Conversion, error) {
	return readAll(ctx, s, scanConversion, `SELECT `+conversionColumns+` FROM conversion WHERE account_id = $1 AND state = 'pending' AND due_at <= $2 ORDER BY due_at, id LIMIT $3`,
		account, ms(now), limit)
}

// MoveConversion keeps what happened to a conversion, under the lease of whoever tells conversions; a zero lease is for
// what is true whoever asked. It answers with the conversion as it is then.
func (s *Store) MoveConversion(ctx context.Context, now time.Time, l arauto.Lease, account, id int64, e arauto.ConversionEvent, code int, detail string) (arauto.Conversion, error) {
	var c arauto.Conversion
	err := s.db.write(ctx, func(t querier) (err error) {
		if l.Line != "" {
			if err := s.fenced(ctx, t, now, l); err != nil {
				return err
			}
		}
		c, err = s.moveConversion(ctx, t, now, account, id, e, code, detail)
		return err
	})
	return c, doing("move conversion", err)
}

func (s *Store) moveConversion(ctx context.Context, t querier, now time.Time, account, id int64, e arauto.ConversionEvent, code int, detail string) (arauto.Conversion, error) {
	was, err := one(ctx, t, scanConversion, `SELECT `+conversionColumns+` FROM conversion WHERE account_id = $1 AND id = $2`+s.db.lock(), account, id)
	if err != nil {
		return was, missing(err, "conversion", id)
	}
	c, err := was.Apply(e, moment(ms(now)), code, detail)
	if err != nil || c == was {
		return c, err
	}
	_, err = t.exec(ctx, `UPDATE conversion SET state = $3, detail = $4, error_code = $5, tries = $6, due_at = $7, done_at = $8, version = version + 1 WHERE account_id = $1 AND id = $2`,
		account, id, c.State, c.Detail, c.ErrorCode, c.Tries, ms(c.DueAt), ms(c.DoneAt))
	return c, err
}

// StrandedConversions are those of an account that were leaving when whoever told them died.
func (s *Store) StrandedConversions(ctx context.Context, account int64, limit int) ([]arauto.Conversion, error) {
	return readAll(ctx, s, scanConversion, `SELECT `+conversionColumns+` FROM conversion WHERE account_id = $1 AND state = 'sending' ORDER BY id LIMIT $2`, account, limit)
}

// ReplayConversion tells one again because somebody says so: one that Meta refused, or whose fate is not known. Of the
// latter they take it on themselves that Meta may count it twice.
func (s *Store) ReplayConversion(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64) (arauto.Conversion, error) {
	var c arauto.Conversion
	err := s.db.write(ctx, func(t querier) (err error) {
		if c, err = s.moveConversion(ctx, t, now, account, id, arauto.ConversionAgain, 0, ""); err != nil {
			return err
		}
		actor.Account = account
		return s.audit(ctx, t, now, actor, "conversion.replay", subject("conversion", id), detail("event", c.Event))
	})
	return c, doing("replay conversion", err)
}

func scanConversionRule(r rows) (c arauto.ConversionRule, err error) {
	return c, r.Scan(&c.Account, &c.Code, &c.Event, &c.Value.Currency, &c.Value.Micros)
}

// ConversionRules lists an account's rules by activity code, from after.
func (s *Store) ConversionRules(ctx context.Context, account, after int64, limit int) ([]arauto.ConversionRule, error) {
	return readAll(ctx, s, scanConversionRule, `SELECT account_id, activity_code_id, event, currency, micros FROM conversion_rule
		WHERE account_id = $1 AND activity_code_id > $2 ORDER BY activity_code_id LIMIT $3`, account, after, limit)
}

// SaveConversionRule stores the rule of an activity code, in place of the one it had. It holds for what is closed from
// now on. The error is invalid, or not found when the account has no such code.
func (s *Store) SaveConversionRule(ctx context.Context, actor arauto.Actor, now time.Time, r arauto.ConversionRule) error {
	if err := r.Check(); err != nil {
		return err
	}
	err := s.db.write(ctx, func(t querier) error {
		if _, err := one(ctx, t, scanInt, `SELECT id FROM activity_code WHERE account_id = $1 AND id = $2`, r.Account, r.Code); err != nil {
			return missing(err, "activity code", r.Code)
		}
		if _, err := t.exec(ctx, `INSERT INTO conversion_rule (account_id, activity_code_id, event, currency, micros) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (account_id, activity_code_id) DO UPDATE SET event = excluded.event, currency = excluded.currency, micros = excluded.micros`,
			r.Account, r.Code, r.Event, r.Value.Currency, r.Value.Micros); err != nil {
			return err
		}
		actor.Account = r.Account
		return s.audit(ctx, t, now, actor, "conversion_rule.save", subject("activity_code", r.Code), detail("event", r.Event, "value", r.Value.String()))
	})
	return doing("save conversion rule", err)
}

// DeleteConversionRule ends a rule: nothing is told of that code any more. The error is not found.
func (s *Store) DeleteConversionRule(ctx context.Context, actor arauto.Actor, now time.Time, account, code int64) error {
	err := s.db.write(ctx, func(t querier) error {
		n, err := t.exec(ctx, `DELETE FROM conversion_rule WHERE account_id = $1 AND activity_code_id = $2`, account, code)
		if err != nil {
			return err
		}
		if n == 0 {
			return missing(errNoRow, "conversion rule of activity code", code)
		}
		actor.Account = account
		return s.audit(ctx, t, now, actor, "conversion_rule.delete", subject("activity_code", code), detail())
	})
	return doing("delete conversion rule", err)
}

// Dataset is the id of the dataset that a WABA's events go to; "" when it is not known yet.
func (s *Store) Dataset(ctx context.Context, account, waba int64) (string, error) {
	id, err := readOne(ctx, s, scanText, `SELECT dataset_id FROM dataset WHERE account_id = $1 AND waba_id = $2`, account, waba)
	return id, ifThere(err)
}

// SaveDataset remembers it.
func (s *Store) SaveDataset(ctx context.Context, account, waba int64, dataset string) error {
	err := s.db.write(ctx, func(t querier) error {
		_, err := t.exec(ctx, `INSERT INTO dataset (account_id, waba_id, dataset_id) VALUES ($1, $2, $3)
			ON CONFLICT (account_id, waba_id) DO UPDATE SET dataset_id = excluded.dataset_id`, account, waba, dataset)
		return err
	})
	return doing("save dataset", err)
}
