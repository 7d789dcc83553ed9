package store

import (
	"context"
	"time"

	"arauto"
)

const contactColumns = `account_id, id, campaign_id, external_id, name, phone_raw, phone, person_key, fields, state, reason, code, detail,
	attempts, attempt_id, conversation, reply_action, reply_text, scheduled_for, due_at, inserted_at, updated_at, sent_at, delivered_at,
	read_at, replied_at, failed_at, deleted_at, version, dial, email, outbound, priority, forgiven, user_id`

// contactScan holds what a contact's columns are read into.
type contactScan struct {
	c                                                  arauto.Contact
	fields                                             string
	scheduled, due, inserted, updated, sent, delivered int64
	read, replied, failed, deleted                     int64
}

func (s *contactScan) into() []any {
	c := &s.c
	return []any{
		&c.Account, &c.ID, &c.Campaign, &c.External, &c.Name, &c.PhoneRaw, &c.Phone, &c.PersonKey, &s.fields, &c.State, &c.Reason,
		&c.Code, &c.Detail, &c.Attempts, &c.Attempt, &c.Conversation, &c.ReplyAction, &c.ReplyText, &s.scheduled, &s.due, &s.inserted,
		&s.updated, &s.sent, &s.delivered, &s.read, &s.replied, &s.failed, &s.deleted, &c.Version,
		&c.Dial, &c.Email, &c.Outbound, &c.Priority, &c.Forgiven, &c.UserID,
	}
}

// contact is what was read, without Fields: most readers do not look at them.
func (s *contactScan) contact() arauto.Contact {
	c := s.c
	c.ScheduledFor, c.DueAt, c.InsertedAt, c.UpdatedAt = moment(s.scheduled), moment(s.due), moment(s.inserted), moment(s.updated)
	c.SentAt, c.DeliveredAt, c.ReadAt = moment(s.sent), moment(s.delivered), moment(s.read)
	c.RepliedAt, c.FailedAt, c.DeletedAt = moment(s.replied), moment(s.failed), moment(s.deleted)
	return c
}

func scanContact(r rows) (arauto.Contact, error) {
	var s contactScan
	if err := r.Scan(s.into()...); err != nil {
		return s.c, err
	}
	c := s.contact()
	var err error
	c.Fields, err = arauto.StoredFields(s.fields)
	return c, err
}

// AddContacts puts contacts into a campaign and answers for each of them, in order. A person who is in
// the campaign already, or twice in the list, is not added again. Ids and moments of insertion ascend
// in the order of commit, which is what lets reports page by id while rows come in.
func (s *Store) AddContacts(ctx context.Context, now time.Time, account, campaign int64, list []arauto.Contact) ([]arauto.Added, error) {
	if len(list) == 0 {
		return nil, nil
	}
	var added []arauto.Added
	err := s.db.write(ctx, func(t querier) (err error) {
		added, err = s.addToCampaign(ctx, t, now, account, campaign, arauto.Intake{}, list)
		return err
	})
	return added, err
}

func (s *Store) addContacts(ctx context.Context, t querier, now time.Time, account, campaign int64, list []arauto.Contact) ([]arauto.Added, error) {
	first, at, err := nextMoments(ctx, t, account, "contact", len(list), now)
	if err != nil {
		return nil, err
	}
	d := changes{}
	if list, err = s.identified(ctx, t, now, account, list, d); err != nil {
		return nil, err
	}
	added := make([]arauto.Added, len(list))
	args := make([][]any, len(list))
	var fields []byte
	for i, c := range list {
		added[i].ID = first + int64(i)
		fields = c.Fields.AppendJSON(fields[:0])
		due := max(at, ms(c.ScheduledFor))
		if !c.DueAt.IsZero() && c.ScheduledFor.IsZero() {
			due = min(at, ms(c.DueAt)) // it has waited since then: its turn is before those who came later
		}
		args[i] = []any{
			account, added[i].ID, campaign, c.External, c.Name, arauto.Fold(c.Name), c.PhoneRaw, c.Phone, c.PersonKey, string(fields), c.UserID,
			arauto.ContactPending, ms(c.ScheduledFor), due, at,
		}
	}
	inserted, err := s.insertContacts(ctx, t, args)
	if err != nil {
		return nil, err
	}
	var again []string
	for i := range list {
		if !inserted[i] {
			again = append(again, list[i].PersonKey)
		}
	}
	if len(again) > 0 {
		if err := s.nameDuplicates(ctx, t, account, campaign, list, again, inserted, added); err != nil {
			return nil, err
		}
	}
	if err := countPrefixes(ctx, t, account, campaign, list, inserted); err != nil {
		return nil, err
	}
	if err := s.keepNamesOf(ctx, t, account, campaign, list, func(i int) bool { return inserted[i] }); err != nil {
		return nil, err
	}
	d.add(campaign, arauto.ContactPending, int64(len(list)-len(again)))
	return added, d.apply(ctx, t, account, slotList)
}

func (s *Store) nameDuplicates(ctx context.Context, t querier, account, campaign int64, list []arauto.Contact, again []string, inserted []bool, added []arauto.Added) error {
	there, err := all(ctx, t, func(r rows) (p idOfPerson, err error) { return p, r.Scan(&p.key, &p.id) },
		`SELECT person_key, id FROM contact WHERE `+s.db.keyed("person_key", "$1", "$2")+` AND campaign_id = $3 AND deleted_at = 0`,
		account, s.db.list(again), campaign)
	if err != nil {
		return err
	}
	ids := make(map[string]int64, len(there))
	for _, p := range there {
		ids[p.key] = p.id
	}
	for i := range list {
		if !inserted[i] {
			added[i] = arauto.Added{ID: ids[list[i].PersonKey], Duplicate: true}
		}
	}
	return nil
}

type idOfPerson struct {
	key string
	id  int64
}

const contactInto = `INTO contact (account_id, id, campaign_id, external_id, name, name_fold, phone_raw, phone, person_key, fields, user_id, state,
	reason, code, detail, attempts, attempt_id, conversation, reply_action, reply_text, scheduled_for, due_at, inserted_at, updated_at,
	sent_at, delivered_at, read_at, replied_at, failed_at, deleted_at, version) `

// insertContacts answers for each row whether it went in. The two engines differ: inside SQLite some rows a statement,
// in the order of their person, on a server one statement over arrays.
func (s *Store) insertContacts(ctx context.Context, t querier, args [][]any) ([]bool, error) {
	inserted := make([]bool, len(args))
	if !s.db.postgres() {
		return inserted, insertByPerson(ctx, t, args, inserted)
	}
	ids, err := all(ctx, t, scanInt, `INSERT `+contactInto+`SELECT $1, id, $2, ext, name, fold, raw, phone, key, fields, uid, 'pending', '', 0, '', 0, 0, '', '', '', sched, due, $3, $3,
		0, 0, 0, 0, 0, 0, 1 FROM unnest($4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::bigint[], $14::bigint[])
		AS u(id, ext, name, fold, raw, phone, key, fields, uid, sched, due) ON CONFLICT DO NOTHING RETURNING id`,
		args[0][0], args[0][2], args[0][14], column[int64](args, 1), column[string](args, 3), column[string](args, 4), column[string](args, 5),
		column[string](args, 6), column[arauto.Phone](args, 7), column[string](args, 8), column[string](args, 9), column[arauto.UserID](args, 10), column[int64](args, 12), column[int64](args, 13))
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		inserted[id-args[0][1].(int64)] = true
	}
	return inserted, nil
}

// column turns one argument of every row into an array.
func column[T any](args [][]any, i int) []T {
	list := make([]T, len(args))
	for n, a := range args {
		list[n] = a[i].(T)
	}
	return list
}

// contactChange is one contact before and after something happened to it; at is its place in the
// caller's own list.
type contactChange struct {
	at       int
	old, new arauto.Contact
}

// updateContact writes what happens to contacts that are still as they were read.
var updateContact = hot{
	each: `UPDATE contact SET version = $4, state = $5, reason = $6, code = $7, detail = $8, attempts = $9, attempt_id = $10, conversation = $11,
		reply_action = $12, reply_text = $13, due_at = $14, updated_at = $15, sent_at = $16, delivered_at = $17, read_at = $18, replied_at = $19, failed_at = $20,
		dial = $21, forgiven = $22 WHERE account_id = $1 AND id = $2 AND version = $3`,
	set: `UPDATE contact c SET version = u.version, state = u.state, reason = u.reason, code = u.code, detail = u.detail, attempts = u.attempts,
		attempt_id = u.attempt, conversation = u.conversation, reply_action = u.action, reply_text = u.text, due_at = u.due, updated_at = u.updated,
		sent_at = u.sent, delivered_at = u.delivered, read_at = u.read, replied_at = u.replied, failed_at = u.failed, dial = u.dial,
		forgiven = u.forgiven
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::bigint[], $10::bigint[],
		$11::text[], $12::text[], $13::text[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::text[], $22::bigint[])
		AS u(account, id, was, version, state, reason, code, detail, attempts, attempt, conversation, action, text, due, updated, sent, delivered, read, replied,
		failed, dial, forgiven)
		WHERE c.account_id = u.account AND c.id = u.id AND c.version = u.was RETURNING c.id`,
}

// saveContacts writes changes whose contact is still as it was read, and reports which were written.
// UpdatedAt becomes the moment of writing and Version one more, in list too.
func (s *Store) saveContacts(ctx context.Context, t querier, now time.Time, list []contactChange) ([]int64, error) {
	args := make([][]any, len(list))
	for i := range list {
		ch := &list[i]
		ch.new.Version, ch.new.UpdatedAt = ch.old.Version+1, moment(ms(now))
		n := ch.new
		args[i] = []any{
			n.Account, n.ID, ch.old.Version, n.Version, n.State, n.Reason, int64(n.Code), n.Detail, int64(n.Attempts), n.Attempt,
			n.Conversation, n.ReplyAction, n.ReplyText, ms(n.DueAt), ms(now), ms(n.SentAt), ms(n.DeliveredAt), ms(n.ReadAt), ms(n.RepliedAt), ms(n.FailedAt), n.Dial,
			int64(n.Forgiven),
		}
	}
	written, err := s.run(ctx, t, updateContact, args)
	if err != nil {
		return nil, err
	}
	tell(t).contactsMoved(now, list, written)
	if err := countDials(ctx, t, list, written); err != nil {
		return nil, err
	}
	return written, countFailures(ctx, t, list, written)
}

// contactsByID reads contacts to change them; on PostgreSQL their rows are kept for this transaction.
func (s *Store) contactsByID(ctx context.Context, t querier, account int64, ids []int64) (map[int64]arauto.Contact, error) {
	list, err := all(ctx, t, scanContact, `SELECT `+contactColumns+` FROM contact WHERE `+s.db.keyed("id", "$1", "$2")+
		` ORDER BY id`+s.db.lock(), account, s.db.list(ids))
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]arauto.Contact, len(list))
	for _, c := range list {
		byID[c.ID] = c
	}
	return byID, nil
}
