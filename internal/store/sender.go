package store

import (
	"context"
	"time"

	"arauto"
)

// The WABA's Meta id comes with a sender: facts name it.
const selectSender = `SELECT account_id, id, uuid, app_id, waba_id, name, phone_number_id, display_phone, token, graph_url, graph_version, rate, ramp_up, pause,
	pause_inherited, ` + causeColumns + `, created_at, (SELECT waba.meta_id FROM waba WHERE waba.account_id = sender.account_id AND waba.id = sender.waba_id) FROM sender`

// CreateSender stores a number under a WABA of the account, whose app it takes. Where s leaves them open,
// Graph's address and version and the rate are the defaults. The error is not found for the WABA, or a
// conflict when the app has that number already.
func (s *Store) CreateSender(ctx context.Context, actor arauto.Actor, now time.Time, n arauto.Sender) (arauto.Sender, error) {
	n = senderDefaults(n)
	token, err := s.sealed(n.Token)
	if err != nil {
		return arauto.Sender{}, err
	}
	n.UUID, n.CreatedAt = newUUID(), moment(ms(now))
	err = s.db.write(ctx, func(t querier) (err error) {
		if n.ID, err = nextIDs(ctx, t, n.Account, "sender", 1); err != nil {
			return err
		}
		var over arauto.WABA
		if n, over, err = underWABA(ctx, t, n); err != nil {
			return err
		}
		n = inherit(n, over)
		added, err := t.exec(ctx, `INSERT INTO sender (account_id, id, uuid, app_id, waba_id, name, phone_number_id, display_phone, token, graph_url,
			graph_version, rate, pause, created_at, pause_inherited, ramp_up, `+causeColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) ON CONFLICT DO NOTHING`,
			append([]any{
				n.Account, n.ID, n.UUID, n.App, n.WABA, n.Name, n.PhoneNumberID, n.DisplayPhone, token, n.GraphURL, n.GraphVersion, n.Rate, n.Pause,
				ms(n.CreatedAt), n.Inherited, n.RampUp,
			}, causeArgs(n.Cause)...)...)
		if err != nil {
			return err
		}
		if added == 0 {
			return numberTaken(n)
		}
		actor.Account = n.Account
		return s.audit(ctx, t, now, actor, "sender.create", subject("sender", n.ID), detail("name", n.Name, "phone_number_id", n.PhoneNumberID))
	})
	return n, doing("create sender", err)
}

// UpdateSender stores what change makes of a sender, which is as stored and waits for it: what was paused or
// rotated meanwhile stays so unless change says otherwise. Its ids and its birth stay as they are. change may
// run more than once. The error is change's, not found, or a conflict as of CreateSender.
func (s *Store) UpdateSender(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, change func(arauto.Sender) (arauto.Sender, error)) (arauto.Sender, error) {
	var n arauto.Sender
	err := s.db.write(ctx, func(t querier) error {
		was, err := one(ctx, t, s.scanSender, selectSender+` WHERE account_id = $1 AND id = $2`+s.db.lock(), account, id)
		if err != nil {
			return missing(err, "sender", id)
		}
		if n, err = change(was); err != nil {
			return err
		}
		n = senderDefaults(n)
		n.Account, n.ID, n.UUID, n.CreatedAt = account, id, was.UUID, was.CreatedAt
		token, err := s.sealed(n.Token)
		if err != nil {
			return err
		}
		var over arauto.WABA
		if n, over, err = underWABA(ctx, t, n); err != nil {
			return err
		}
		if n, err = pausedBy(n, was, over, now); err != nil {
			return err
		}
		changed, err := t.exec(ctx, `UPDATE sender SET app_id = $3, waba_id = $4, name = $5, phone_number_id = $6, display_phone = $7, token = $8,
			graph_url = $9, graph_version = $10, rate = $11, pause = $12, pause_inherited = $13, ramp_up = $14, pause_code = $15,
			pause_reason = $16, paused_at = $17, pause_until = $18 WHERE account_id = $1 AND id = $2 AND NOT EXISTS (
			SELECT 1 FROM sender other WHERE other.account_id = $1 AND other.app_id = $3 AND other.phone_number_id = $6 AND other.id <> $2)`,
			append([]any{
				n.Account, n.ID, n.App, n.WABA, n.Name, n.PhoneNumberID, n.DisplayPhone, token, n.GraphURL, n.GraphVersion, n.Rate, n.Pause, n.Inherited, n.RampUp,
			}, causeArgs(n.Cause)...)...)
		if err != nil {
			return err
		}
		if changed == 0 {
			return numberTaken(n)
		}
		actor.Account = n.Account
		return s.audit(ctx, t, now, actor, "sender.update", subject("sender", n.ID), senderDiff(was, n).json())
	})
	return n, doing("update sender", err)
}

func senderDefaults(n arauto.Sender) arauto.Sender {
	if n.GraphURL == "" {
		n.GraphURL = arauto.DefaultGraphURL
	}
	if n.GraphVersion == "" {
		n.GraphVersion = arauto.DefaultGraphVersion
	}
	if n.Rate == 0 {
		n.Rate = arauto.DefaultRate
	}
	return n
}

func underWABA(ctx context.Context, t querier, n arauto.Sender) (arauto.Sender, arauto.WABA, error) {
	w, err := one(ctx, t, scanWABA, `SELECT `+wabaColumns+` FROM waba WHERE account_id = $1 AND id = $2`, n.Account, n.WABA)
	n.App, n.WABAMetaID = w.App, w.MetaID
	return n, w, missing(err, "WABA", n.WABA)
}

func numberTaken(n arauto.Sender) error {
	return arauto.Errorf(arauto.KindConflict, "phone_number_id", "this account has a sender for the number %s already: change that one", n.PhoneNumberID)
}

func senderDiff(was, is arauto.Sender) diff {
	d := diff{}
	d.field("waba", was.WABA, is.WABA)
	d.field("name", was.Name, is.Name)
	d.field("phone_number_id", was.PhoneNumberID, is.PhoneNumberID)
	d.field("display_phone", was.DisplayPhone, is.DisplayPhone)
	d.field("graph_url", was.GraphURL, is.GraphURL)
	d.field("graph_version", was.GraphVersion, is.GraphVersion)
	d.field("rate", was.Rate, is.Rate)
	d.field("ramp_up", was.RampUp, is.RampUp)
	d.field("pause", was.Pause, is.Pause)
	d.secret("token", was.Token, is.Token)
	return d
}

// Senders lists an account's senders by id, from after.
func (s *Store) Senders(ctx context.Context, account, after int64, limit int) ([]arauto.Sender, error) {
	return readAll(ctx, s, s.scanSender, selectSender+` WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3`, account, after, limit)
}

// Sender is the sender with that id.
func (s *Store) Sender(ctx context.Context, account, id int64) (n arauto.Sender, err error) {
	err = s.db.read(ctx, func(q querier) error {
		n, err = s.sender(ctx, q, account, id)
		return err
	})
	return n, err
}

// SenderByUUID is the sender with that UUID.
func (s *Store) SenderByUUID(ctx context.Context, account int64, uuid string) (arauto.Sender, error) {
	n, err := readOne(ctx, s, s.scanSender, selectSender+` WHERE account_id = $1 AND uuid = $2`, account, uuid)
	return n, missing(err, "sender", uuid)
}

func (s *Store) sender(ctx context.Context, q querier, account, id int64) (arauto.Sender, error) {
	n, err := one(ctx, q, s.scanSender, selectSender+` WHERE account_id = $1 AND id = $2`, account, id)
	return n, missing(err, "sender", id)
}

func (s *Store) scanSender(r rows) (arauto.Sender, error) {
	var n arauto.Sender
	var token []byte
	var created int64
	var cause causeScan
	err := r.Scan(
		&n.Account, &n.ID, &n.UUID, &n.App, &n.WABA, &n.Name, &n.PhoneNumberID, &n.DisplayPhone, &token, &n.GraphURL, &n.GraphVersion,
		&n.Rate, &n.RampUp, &n.Pause, &n.Inherited, &cause.c.Code, &cause.c.Reason, &cause.since, &cause.until, &created, &n.WABAMetaID)
	if err != nil {
		return n, err
	}
	n.CreatedAt, n.Cause = moment(created), cause.cause()
	n.Token, err = s.opened(token)
	return n, err
}
