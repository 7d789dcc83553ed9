package store

import (
	"context"
	"fmt"
	"reflect"
)

// hot is a statement that is run for every message. Inside SQLite a prepared statement per row is
// fastest; a server is asked once, with arrays. Both take the same rows: the account first, then, for
// statements that answer which rows they changed, the row's id.
type hot struct {
	each string // one row: $1, $2, …
	set  string // all rows: $1, $2, … one array per column; returns the ids it changed. See keyed for why the account is one too
	// silent statements are not asked which rows they changed.
	silent bool
}

// run runs h for rows and returns how many rows each changed.
func (s *Store) run(ctx context.Context, t querier, h hot, list [][]any) ([]int64, error) {
	if len(list) == 0 || !s.db.postgres() {
		return t.each(ctx, h.each, list)
	}
	args := make([]any, len(list[0]))
	for i := range args {
		args[i] = array(list, i)
	}
	ids, err := all(ctx, t, scanInt, h.set, args...)
	if err != nil {
		return nil, err
	}
	if h.silent {
		return nil, nil
	}
	changed := make(map[int64]bool, len(ids))
	for _, id := range ids {
		changed[id] = true
	}
	counts := make([]int64, len(list))
	for i, row := range list {
		if changed[row[1].(int64)] {
			counts[i] = 1
		}
	}
	return counts, nil
}

// array is one column of all rows, as int64s or strings.
func array(list [][]any, i int) any {
	if _, ok := list[0][i].(int64); ok {
		return column[int64](list, i)
	}
	texts := make([]string, len(list))
	for n, row := range list {
		switch v := row[i].(type) {
		case string:
			texts[n] = v
		default:
			r := reflect.ValueOf(v)
			if r.Kind() != reflect.String {
				panic(fmt.Sprintf("store: %T does not travel in an array", v))
			}
			texts[n] = r.String()
		}
	}
	return texts
}

var (
	intendContact = hot{
		each: `UPDATE contact SET state = 'sending', reason = '', code = 0, detail = '', attempt_id = $4, attempts = $5, due_at = 0, version = version + 1
			WHERE account_id = $1 AND id = $2 AND version = $3`,
		set: `UPDATE contact c SET state = 'sending', reason = '', code = 0, detail = '', attempt_id = u.attempt, attempts = u.n, due_at = 0, version = c.version + 1
			FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS u(account, id, version, attempt, n)
			WHERE c.account_id = u.account AND c.id = u.id AND c.version = u.version RETURNING c.id`,
	}
	insertAttempt = hot{
		each: `INSERT INTO attempt (account_id, id, campaign_id, contact_id, sender_id, previous_id, number, epoch, state, provider_id, provider_key,
			wa_id, code, detail, intended_at, accepted_at, sent_at, delivered_at, read_at, failed_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', '', 0, '', 0, '', $9, 0, 0, 0, 0, 0)`,
		set: `INSERT INTO attempt (account_id, id, campaign_id, contact_id, sender_id, previous_id, number, epoch, state, provider_id, provider_key,
			wa_id, code, detail, intended_at, accepted_at, sent_at, delivered_at, read_at, failed_at)
			SELECT u.account, u.id, u.campaign, u.contact, u.sender, u.previous, u.n, u.epoch, 'open', '', 0, '', 0, '', u.at, 0, 0, 0, 0, 0
			FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])
			AS u(account, id, campaign, contact, sender, previous, n, epoch, at) RETURNING id`,
	}
	// A person's phone is no row in person_alias: the key says it, in every spelling.
	touchPerson = hot{
		each: `INSERT INTO person (account_id, id, key, name, first_touch_at, last_touch_at) VALUES ($1, 0, $2, $3, $4, $4)
			ON CONFLICT (account_id, key) DO UPDATE SET last_touch_at = excluded.last_touch_at`,
		set: `INSERT INTO person (account_id, id, key, name, first_touch_at, last_touch_at)
			SELECT u.account, 0, u.key, u.name, u.at, u.at FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) AS u(account, key, name, at) ORDER BY u.key
			ON CONFLICT (account_id, key) DO UPDATE SET last_touch_at = excluded.last_touch_at RETURNING id`,
		silent: true,
	}
	acceptAttempt = hot{
		each: `UPDATE attempt SET state = $4, provider_id = $5, provider_key = $6, wa_id = $7, accepted_at = $8
			WHERE account_id = $1 AND id = $2 AND state = $3`,
		set: `UPDATE attempt a SET state = u.next, provider_id = u.provider, provider_key = u.key, wa_id = u.waid, accepted_at = u.at
			FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::bigint[]) AS u(account, id, was, next, provider, key, waid, at)
			WHERE a.account_id = u.account AND a.id = u.id AND a.state = u.was RETURNING a.id`,
	}
	acceptContact = hot{
		each: `UPDATE contact SET state = $4, sent_at = $5, updated_at = $6, version = version + 1
			WHERE account_id = $1 AND id = $2 AND version = $3`,
		set: `UPDATE contact c SET state = u.state, sent_at = u.sent, updated_at = u.updated, version = c.version + 1
			FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[]) AS u(account, id, version, state, sent, updated)
			WHERE c.account_id = u.account AND c.id = u.id AND c.version = u.version RETURNING c.id`,
	}
)
