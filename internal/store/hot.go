package store

import (
	"context"
	"fmt"
	"reflect"
	"strings"
)

// hot is a statement that is run for every message. Inside SQLite a prepared statement per row is
// fastest; a server is asked once, with arrays. Both take the same rows: the account first, then, for
// statements that answer which rows they changed, what the row is known by.
type hot struct {
	each string // one row: $1, $2, …
	set  string // all rows: $1, $2, … one array per column; returns what it changed. See keyed for why the account is one too
	// silent statements are not asked which rows they changed.
	silent bool
	many   rowsOf // how SQLite writes several rows of a silent INSERT at once; zero = row by row
}

// rowsOf is an INSERT of any number of rows: what stands before them, one of them with ? for what it is given, in
// order, and what stands behind.
type rowsOf struct{ head, row, tail string }

// together is how many rows one statement of SQLite's takes: enough that running it costs little, few enough that
// the last rows, which go one by one, are few.
const together = 16

// insertMany writes rows, several at a time: running a statement costs SQLite's driver about as much as a short row.
func insertMany(ctx context.Context, t querier, h rowsOf, list [][]any) error {
	one, several := h.text(1), h.text(together)
	for len(list) > 0 {
		n, text := 1, one
		if len(list) >= together {
			n, text = together, several
		}
		args := make([]any, 0, n*len(list[0]))
		for _, row := range list[:n] {
			args = append(args, row...)
		}
		if _, err := t.exec(ctx, text, args...); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

func (h rowsOf) text(rows int) string {
	var b strings.Builder
	b.WriteString(h.head)
	n := 0
	for i := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		for part := range strings.SplitAfterSeq(h.row, "?") {
			before, given := strings.CutSuffix(part, "?")
			b.WriteString(before)
			if given {
				n++
				b.WriteString("$" + itoa(n))
			}
		}
	}
	b.WriteString(h.tail)
	return b.String()
}

// run runs h for rows and returns how many rows each changed.
func (s *Store) run(ctx context.Context, t querier, h hot, list [][]any) ([]int64, error) {
	if len(list) > 0 && !s.db.postgres() && h.many.row != "" {
		return nil, insertMany(ctx, t, h.many, list)
	}
	if len(list) == 0 || !s.db.postgres() {
		return t.each(ctx, h.each, list)
	}
	args := make([]any, len(list[0]))
	for i := range args {
		args[i] = array(list, i)
	}
	if h.silent {
		_, err := t.exec(ctx, h.set, args...)
		return nil, err
	}
	if _, named := list[0][1].(string); named {
		return changedOf(ctx, t, scanText, h.set, args, list)
	}
	return changedOf(ctx, t, scanInt, h.set, args, list)
}

// changedOf runs a statement over arrays that returns the keys it changed, and says so row by row.
func changedOf[K comparable](ctx context.Context, t querier, scan func(rows) (K, error), sql string, args []any, list [][]any) ([]int64, error) {
	keys, err := all(ctx, t, scan, sql, args...)
	if err != nil {
		return nil, err
	}
	changed := make(map[K]bool, len(keys))
	for _, k := range keys {
		changed[k] = true
	}
	counts := make([]int64, len(list))
	for i, row := range list {
		if changed[row[1].(K)] {
			counts[i] = 1
		}
	}
	return counts, nil
}

// array is one column of all rows, as int64s, bytes or strings.
func array(list [][]any, i int) any {
	switch list[0][i].(type) {
	case int64:
		return column[int64](list, i)
	case []byte:
		return column[[]byte](list, i)
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

const (
	attemptInserted = `account_id, id, campaign_id, contact_id, sender_id, previous_id, number, epoch, state, provider_id,
	wa_id, code, detail, intended_at, accepted_at, sent_at, delivered_at, read_at, failed_at`
	attemptInsertSet = `INSERT INTO attempt (` + attemptInserted + `)
		SELECT u.account, u.id, u.campaign, u.contact, u.sender, u.previous, u.n, u.epoch, u.state, u.provider, u.waid, u.code, u.detail,
		u.at, u.accepted, 0, 0, 0, u.failed
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[], $10::text[],
		$11::text[], $12::bigint[], $13::text[], $14::bigint[], $15::bigint[], $16::bigint[])
		AS u(account, id, campaign, contact, sender, previous, n, epoch, state, provider, waid, code, detail, at, accepted, failed)
		ON CONFLICT DO NOTHING`
)

var (
	// insertIntent makes an intent durable, if nothing is in flight to its person.
	insertIntent = hot{
		each: `INSERT INTO intent (account_id, person_key, contact_id, attempt_id, campaign_id, sender_id, number, epoch, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
		set: `INSERT INTO intent (account_id, person_key, contact_id, attempt_id, campaign_id, sender_id, number, epoch, at)
			SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])
			AS u(account, key, contact, attempt, campaign, sender, n, epoch, at) ORDER BY u.key ON CONFLICT DO NOTHING RETURNING person_key`,
	}
	deleteIntent = hot{
		each: `DELETE FROM intent WHERE account_id = $1 AND person_key = $2 AND attempt_id = $3`,
		set: `DELETE FROM intent i USING unnest($1::bigint[], $2::text[], $3::bigint[]) AS u(account, key, attempt)
			WHERE i.account_id = u.account AND i.person_key = u.key AND i.attempt_id = u.attempt`,
		silent: true,
	}
	insertAttempt = hot{
		each: `INSERT INTO attempt (` + attemptInserted + `)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, 0, 0, $16) ON CONFLICT DO NOTHING`,
		set: attemptInsertSet + ` RETURNING id`,
	}
	insertAttempts = hot{
		set:    attemptInsertSet,
		silent: true,
		many: rowsOf{
			`INSERT INTO attempt (` + attemptInserted + `) VALUES `,
			`(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?)`, ` ON CONFLICT DO NOTHING`,
		},
	}
	acceptContact = hot{
		each: `UPDATE contact SET state = $4, reason = '', code = 0, detail = '', attempt_id = $5, attempts = $6, due_at = 0, sent_at = $7, updated_at = $8,
			version = version + 1 WHERE account_id = $1 AND id = $2 AND version = $3`,
		set: `UPDATE contact c SET state = u.state, reason = '', code = 0, detail = '', attempt_id = u.attempt, attempts = u.n, due_at = 0, sent_at = u.sent,
			updated_at = u.updated, version = c.version + 1
			FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])
			AS u(account, id, version, state, attempt, n, sent, updated)
			WHERE c.account_id = u.account AND c.id = u.id AND c.version = u.version RETURNING c.id`,
	}
)
