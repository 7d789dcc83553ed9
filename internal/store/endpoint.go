package store

import (
	"context"
	"errors"
	"time"

	"arauto"
)

const endpointColumns = `account_id, id, uuid, url, description, types, secret, previous, previous_until, state, cursor_id, last_id, tries, next_at,
	failing_since, last_status, last_error, tried_at, delivered_at, created_at, updated_at`

func (s *Store) scanEndpoint(r rows) (arauto.Endpoint, error) {
	var e arauto.Endpoint
	var types string
	var secret, previous []byte
	var until, next, failing, tried, delivered, created, updated int64
	err := r.Scan(&e.Account, &e.ID, &e.UUID, &e.URL, &e.Description, &types, &secret, &previous, &until, &e.State, &e.Cursor, &e.Last, &e.Tries, &next,
		&failing, &e.LastStatus, &e.LastError, &tried, &delivered, &created, &updated)
	if err != nil {
		return e, err
	}
	e.PreviousUntil, e.NextAt, e.FailingSince = moment(until), moment(next), moment(failing)
	e.TriedAt, e.DeliveredAt, e.CreatedAt, e.UpdatedAt = moment(tried), moment(delivered), moment(created), moment(updated)
	if err := fromJSON(types, &e.Types); err != nil {
		return e, err
	}
	if e.Secret, err = s.opened(secret); err != nil {
		return e, err
	}
	e.Previous, err = s.opened(previous)
	return e, err
}

// CreateEndpoint stores an endpoint: its address, description, types and secret are the caller's. It is told what
// happens from now on. The error is invalid, or a conflict when the account has MaxEndpoints.
func (s *Store) CreateEndpoint(ctx context.Context, actor arauto.Actor, now time.Time, e arauto.Endpoint) (arauto.Endpoint, error) {
	if err := arauto.CheckNoticeTypes(e.Types); err != nil {
		return e, err
	}
	secret, err := s.sealed(e.Secret)
	if err != nil {
		return e, err
	}
	e.UUID, e.State = newUUID(), arauto.EndpointActive
	e.CreatedAt, e.UpdatedAt = moment(ms(now)), moment(ms(now))
	err = s.db.write(ctx, func(t querier) (err error) {
		// The ids of endpoints are taken in turn, so that two creations count one after the other.
		if e.ID, err = nextIDs(ctx, t, e.Account, "endpoint", 1); err != nil {
			return err
		}
		n, err := one(ctx, t, scanInt, `SELECT count(*) FROM endpoint WHERE account_id = $1`, e.Account)
		if err != nil {
			return err
		}
		if n >= arauto.MaxEndpoints {
			return arauto.Errorf(arauto.KindConflict, "", "an account has at most %d endpoints: delete one that is not needed any more", arauto.MaxEndpoints)
		}
		if e.Cursor, err = lastNotice(ctx, t, e.Account); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `INSERT INTO endpoint (`+endpointColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, 0, 0, 0, 0, 0, '', 0, 0, $11, $11)`,
			e.Account, e.ID, e.UUID, e.URL, e.Description, jsonOf(types(e.Types)), secret, []byte{}, e.State, e.Cursor, ms(e.CreatedAt)); err != nil {
			return err
		}
		actor.Account = e.Account
		return s.audit(ctx, t, now, actor, "endpoint.create", subject("endpoint", e.ID), jsonOf(map[string]any{"url": e.URL, "types": types(e.Types)}))
	})
	return e, doing("create endpoint", err)
}

// types is an empty list rather than none: everything.
func types(list []arauto.NoticeType) []arauto.NoticeType {
	if list == nil {
		return []arauto.NoticeType{}
	}
	return list
}

// lastNotice is the id of the account's newest notice: all up to it are committed, and no other ever gets one of
// these ids.
func lastNotice(ctx context.Context, q querier, account int64) (int64, error) {
	last, err := one(ctx, q, scanInt, `SELECT value FROM sequence WHERE account_id = $1 AND name = '`+noticeSequence+`'`, account)
	if errors.Is(err, errNoRow) {
		return 0, nil
	}
	return last, err
}

// Endpoints lists an account's endpoints by id, from after.
func (s *Store) Endpoints(ctx context.Context, account, after int64, limit int) ([]arauto.Endpoint, error) {
	return readAll(ctx, s, s.scanEndpoint, `SELECT `+endpointColumns+` FROM endpoint WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3`, account, after, limit)
}

// Endpoint is the endpoint with that id.
func (s *Store) Endpoint(ctx context.Context, account, id int64) (arauto.Endpoint, error) {
	e, err := readOne(ctx, s, s.scanEndpoint, `SELECT `+endpointColumns+` FROM endpoint WHERE account_id = $1 AND id = $2`, account, id)
	return e, missing(err, "endpoint", id)
}

// ChangeEndpoint stores what change makes of an endpoint's address, description, types, secrets, state and place,
// and says in the audit log that action was done to it. change may run more than once; its error is returned.
// A delivery that is under way meanwhile is not counted when the place changed.
func (s *Store) ChangeEndpoint(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, action string, change func(arauto.Endpoint) (arauto.Endpoint, error)) (arauto.Endpoint, error) {
	var e arauto.Endpoint
	err := s.db.write(ctx, func(t querier) error {
		was, err := s.lockEndpoint(ctx, t, account, id)
		if err != nil {
			return err
		}
		if e, err = change(was); err != nil {
			return err
		}
		if err := arauto.CheckNoticeTypes(e.Types); err != nil {
			return err
		}
		e.UpdatedAt = moment(ms(now))
		if err := s.saveEndpoint(ctx, t, e); err != nil {
			return err
		}
		d := diff{}
		d.field("url", was.URL, e.URL)
		d.field("description", was.Description, e.Description)
		d.field("types", types(was.Types), types(e.Types))
		d.field("state", was.State, e.State)
		d.field("cursor", was.Cursor, e.Cursor)
		d.secret("secret", was.Secret, e.Secret)
		actor.Account = account
		return s.audit(ctx, t, now, actor, "endpoint."+action, subject("endpoint", id), d.json())
	})
	return e, doing("change endpoint", err)
}

func (s *Store) lockEndpoint(ctx context.Context, t querier, account, id int64) (arauto.Endpoint, error) {
	e, err := one(ctx, t, s.scanEndpoint, `SELECT `+endpointColumns+` FROM endpoint WHERE account_id = $1 AND id = $2`+s.db.lock(), account, id)
	return e, missing(err, "endpoint", id)
}

func (s *Store) saveEndpoint(ctx context.Context, t querier, e arauto.Endpoint) error {
	secret, err := s.sealed(e.Secret)
	if err != nil {
		return err
	}
	previous, err := s.sealed(e.Previous)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `UPDATE endpoint SET url = $3, description = $4, types = $5, secret = $6, previous = $7, previous_until = $8, state = $9,
		cursor_id = $10, last_id = $11, tries = $12, next_at = $13, failing_since = $14, last_status = $15, last_error = $16, tried_at = $17,
		delivered_at = $18, updated_at = $19 WHERE account_id = $1 AND id = $2`,
		e.Account, e.ID, e.URL, e.Description, jsonOf(types(e.Types)), secret, previous, ms(e.PreviousUntil), e.State,
		e.Cursor, e.Last, int64(e.Tries), ms(e.NextAt), ms(e.FailingSince), int64(e.LastStatus), e.LastError, ms(e.TriedAt),
		ms(e.DeliveredAt), ms(e.UpdatedAt))
	return err
}

// DeleteEndpoint tells it nothing any more. Notices that no other endpoint wants stay until their time is over.
func (s *Store) DeleteEndpoint(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64) error {
	err := s.db.write(ctx, func(t querier) error {
		url, err := one(ctx, t, scanText, `DELETE FROM endpoint WHERE account_id = $1 AND id = $2 RETURNING url`, account, id)
		if err != nil {
			return missing(err, "endpoint", id)
		}
		actor.Account = account
		return s.audit(ctx, t, now, actor, "endpoint.delete", subject("endpoint", id), detail("url", url))
	})
	return doing("delete endpoint", err)
}

// DueEndpoints names active endpoints of every account with something to be told, whose next try has come; those
// that wait longest come first. Who is behind only with what it does not want is among them.
func (s *Store) DueEndpoints(ctx context.Context, now time.Time, limit int) ([]arauto.EndpointKey, error) {
	return readAll(ctx, s, func(r rows) (k arauto.EndpointKey, err error) { return k, r.Scan(&k.Account, &k.ID) },
		`SELECT e.account_id, e.id FROM endpoint e JOIN sequence q ON q.account_id = e.account_id AND q.name = '`+noticeSequence+`' AND q.value > e.cursor_id
		 WHERE e.state = 'active' AND e.next_at <= $1 ORDER BY e.tried_at, e.account_id, e.id LIMIT $2`, ms(now), limit)
}

const (
	// lookAhead is how many notices are looked at for those that an endpoint wants.
	lookAhead = 20_000
	// deliveryBytes is about how long a delivery may become.
	deliveryBytes = 1 << 20
)

// Delivery is what an endpoint is to be told next. One that failed is the same again, as far as its notices are
// still kept.
func (s *Store) Delivery(ctx context.Context, account, id int64) (d arauto.Delivery, err error) {
	err = s.db.read(ctx, func(q querier) error {
		e, err := one(ctx, q, s.scanEndpoint, `SELECT `+endpointColumns+` FROM endpoint WHERE account_id = $1 AND id = $2`, account, id)
		if err != nil {
			return missing(err, "endpoint", id)
		}
		// Whatever is committed after this is not looked at.
		newest, err := lastNotice(ctx, q, account)
		if err != nil {
			return err
		}
		d = arauto.Delivery{Endpoint: e, To: max(e.Cursor, min(newest, e.Cursor+lookAhead))}
		if e.Last > e.Cursor {
			d.To = min(d.To, e.Last)
		}
		if err := s.fill(ctx, q, &d); err != nil {
			return err
		}
		d.More = d.To < newest
		return nil
	})
	return d, doing("read a delivery", err)
}

// fill reads the notices behind the cursor up to d.To, or to where the delivery is full.
func (s *Store) fill(ctx context.Context, q querier, d *arauto.Delivery) error {
	e := d.Endpoint
	wants, args := "", []any{e.Account, e.Cursor, d.To, arauto.NoticesPerDelivery}
	if len(e.Types) > 0 {
		wants, args = ` AND `+s.db.in("type", "$5"), append(args, s.db.list(texts(e.Types)))
	}
	list, err := all(ctx, q, scanNotice, `SELECT `+noticeColumns+` FROM notice WHERE account_id = $1 AND id > $2 AND id <= $3`+wants+` ORDER BY id LIMIT $4`, args...)
	if err != nil {
		return err
	}
	size, n := 0, 0
	for n < len(list) && (n == 0 || size+len(list[n].Data) <= deliveryBytes) {
		size += len(list[n].Data)
		n++
	}
	d.Notices = list[:n]
	if n == arauto.NoticesPerDelivery || n < len(list) {
		d.To = list[n-1].ID
	}
	return nil
}

const noticeColumns = `account_id, id, epoch, type, at, data`

func scanNotice(r rows) (arauto.Notice, error) {
	var n arauto.Notice
	var at int64
	err := r.Scan(&n.Account, &n.ID, &n.Epoch, &n.Type, &at, &n.Data)
	n.At = moment(at)
	return n, err
}

// Told keeps what became of a delivery, and returns the endpoint as it stands then. It is a conflict when the lease
// moved on, or when somebody moved the endpoint to another place meanwhile: then nothing is kept. spread is
// Endpoint.Told's.
func (s *Store) Told(ctx context.Context, now time.Time, l arauto.Lease, d arauto.Delivery, h arauto.Handover, spread float64) (arauto.Endpoint, error) {
	var e arauto.Endpoint
	err := s.db.write(ctx, func(t querier) error {
		if err := s.fenced(ctx, t, now, l); err != nil {
			return err
		}
		was, err := s.lockEndpoint(ctx, t, d.Endpoint.Account, d.Endpoint.ID)
		if err != nil {
			return err
		}
		if was.Cursor != d.Endpoint.Cursor {
			return arauto.Errorf(arauto.KindConflict, "cursor", "endpoint %d was moved to another place meanwhile", was.ID)
		}
		e = was.Told(d, h, spread, now)
		if err := s.saveEndpoint(ctx, t, e); err != nil || e.State == was.State {
			return err
		}
		return s.audit(ctx, t, now, arauto.System(e.Account), "endpoint."+string(e.State), subject("endpoint", e.ID),
			detail("url", e.URL, "why", e.LastError))
	})
	return e, doing("keep what became of a delivery", err)
}

// Notices lists what an account's endpoints are told, newest first, below that id (0 = from the newest).
func (s *Store) Notices(ctx context.Context, account, before int64, limit int) ([]arauto.Notice, error) {
	return readAll(ctx, s, scanNotice, `SELECT `+noticeColumns+` FROM notice WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`, account, below(before), limit)
}

// Notice is the notice with that id.
func (s *Store) Notice(ctx context.Context, account, id int64) (arauto.Notice, error) {
	n, err := readOne(ctx, s, scanNotice, `SELECT `+noticeColumns+` FROM notice WHERE account_id = $1 AND id = $2`, account, id)
	return n, missing(err, "event", id)
}

// NoticeSince is the id of the first of an account's notices that is not older than since; one more than the
// newest when there is none. Moments ascend with ids, so a few look-ups find it among any number.
func (s *Store) NoticeSince(ctx context.Context, account int64, since time.Time) (id int64, err error) {
	err = s.db.read(ctx, func(q querier) error {
		newest, err := lastNotice(ctx, q, account)
		if err != nil {
			return err
		}
		low, high := int64(1), newest+1 // the answer is among low..high
		for low < high {
			middle := low + (high-low)/2
			// The first that is kept from the middle on: what is forgotten is older than it.
			found, err := all(ctx, q, scanNotice, `SELECT `+noticeColumns+` FROM notice WHERE account_id = $1 AND id >= $2 AND id < $3 ORDER BY id LIMIT 1`, account, middle, high)
			switch {
			case err != nil:
				return err
			case len(found) == 0:
				high = middle
			case found[0].At.Before(since):
				low = found[0].ID + 1
			default:
				high = middle
			}
		}
		id = low
		return nil
	})
	return id, doing("look for a moment among notices", err)
}

// EndpointLags tells how far every endpoint, of every account, is behind.
func (s *Store) EndpointLags(ctx context.Context) ([]arauto.EndpointLag, error) {
	return readAll(ctx, s, func(r rows) (l arauto.EndpointLag, err error) {
		var oldest int64
		err = r.Scan(&l.Account, &l.ID, &l.State, &l.Notices, &oldest)
		l.Oldest = moment(oldest)
		return l, err
	}, `SELECT e.account_id, e.id, e.state, COALESCE(q.value, e.cursor_id) - e.cursor_id, COALESCE((SELECT n.at FROM notice n
		WHERE n.account_id = e.account_id AND n.id > e.cursor_id ORDER BY n.id LIMIT 1), 0)
		FROM endpoint e LEFT JOIN sequence q ON q.account_id = e.account_id AND q.name = '`+noticeSequence+`' ORDER BY e.account_id, e.id LIMIT 10000`)
}

// SweepNotices forgets notices of every account that are older than before, whoever was not told of them yet, up
// to limit of each account, and returns how many.
func (s *Store) SweepNotices(ctx context.Context, before time.Time, limit int) (forgotten int64, err error) {
	accounts, err := s.Accounts(ctx)
	if err != nil {
		return 0, err
	}
	for _, a := range accounts {
		var n int64
		err := s.db.write(ctx, func(t querier) (err error) {
			n, err = t.exec(ctx, `DELETE FROM notice WHERE account_id = $1 AND at < $2 AND id <= (SELECT MAX(id) FROM
				(SELECT id FROM notice WHERE account_id = $1 ORDER BY id LIMIT $3) oldest)`, a.ID, ms(before), limit)
			return err
		})
		if forgotten += n; err != nil {
			return forgotten, doing("forget notices", err)
		}
	}
	return forgotten, nil
}
