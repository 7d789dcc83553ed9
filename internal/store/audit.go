package store

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"arauto"
)

// audit appends who did what to actor's account, in the transaction that does it. about is a JSON object
// of what changed, without secrets: see detail and diff. Call it last: on PostgreSQL the account's other
// mutations wait from here to the commit, which is what makes the entries' ids ascend.
func (s *Store) audit(ctx context.Context, t querier, now time.Time, actor arauto.Actor, action, subject, about string) error {
	if err := markDone(ctx, t); err != nil {
		return err
	}
	row := []any{actor.Account, ms(now), actor.Token, actor.User, actor.Name, action, subject, about}
	if s.db.postgres() {
		_, err := t.exec(ctx, auditAtOnce, row...)
		return err
	}
	id, err := nextIDs(ctx, t, actor.Account, auditSequence, 1)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO audit (`+auditColumns+`) VALUES ($1, $9, $2, $3, $4, $5, $6, $7, $8)`, append(row, id)...)
	return err
}

const (
	auditSequence = "audit"
	auditColumns  = `account_id, id, at, token_id, user_id, actor, action, subject, detail`
	// auditAtOnce counts and writes in one statement, which SQLite does not have: the others wait for one answer less.
	auditAtOnce = `WITH next AS (
			INSERT INTO sequence (account_id, name, value) VALUES ($1, '` + auditSequence + `', 1)
			ON CONFLICT (account_id, name) DO UPDATE SET value = sequence.value + 1 RETURNING value
		)
		INSERT INTO audit (` + auditColumns + `) SELECT $1, value, $2, $3, $4, $5, $6, $7, $8 FROM next`
)

func subject(thing string, id int64) string { return fmt.Sprintf("%s %d", thing, id) }

// detail is an audit entry's JSON: pairs of key and value, empty values left out.
func detail(pairs ...string) string {
	m := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			m[pairs[i]] = pairs[i+1]
		}
	}
	return jsonOf(m)
}

// diff is the detail of an update: for each field that changed, what it was and what it is.
type diff map[string]any

func (d diff) field(name string, was, is any) {
	if !reflect.DeepEqual(was, is) {
		d[name] = [2]any{was, is}
	}
}

// secret notes that a secret changed, and nothing of it.
func (d diff) secret(name string, was, is arauto.Secret) {
	if was != is {
		d[name] = "changed"
	}
}

func (d diff) json() string { return jsonOf(d) }

// Note keeps that somebody did something which changes nothing in the database itself: a test message,
// a look-up at the provider. detail is JSON.
func (s *Store) Note(ctx context.Context, actor arauto.Actor, now time.Time, action, subject, detail string) error {
	return s.db.write(ctx, func(t querier) error { return s.audit(ctx, t, now, actor, action, subject, detail) })
}

// Audits lists an account's changes, newest first, with ids below before (0 = from the newest).
func (s *Store) Audits(ctx context.Context, account, before int64, limit int) ([]arauto.Audit, error) {
	return readAll(ctx, s, scanAudit, `SELECT `+auditColumns+` FROM audit WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`, account, below(before), limit)
}

func scanAudit(r rows) (arauto.Audit, error) {
	var a arauto.Audit
	var at int64
	err := r.Scan(&a.Account, &a.ID, &at, &a.Actor.Token, &a.Actor.User, &a.Actor.Name, &a.Action, &a.Subject, &a.Detail)
	a.At, a.Actor.Account = moment(at), a.Account
	return a, err
}
