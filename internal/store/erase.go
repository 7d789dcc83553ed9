package store

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"arauto"
)

// QueueErasure begins to forget a person: from its commit on nobody contacts them or takes them in, and the
// job it returns does the rest. why is kept in the audit. It is not found when nothing is known of key.
func (s *Store) QueueErasure(ctx context.Context, actor arauto.Actor, now time.Time, account int64, key, why string) (arauto.Job, error) {
	var j arauto.Job
	err := s.db.write(ctx, func(t querier) error {
		p, err := s.personByKey(ctx, t, account, key)
		if err != nil {
			return err
		}
		h, err := s.makeHasher(ctx, t, account)
		if err != nil {
			return err
		}
		e := arauto.Erasure{Keys: append([]string{p.Key}, p.Merged...), IDs: []int64{p.ID}}
		if err := s.forbid(ctx, t, now, account, h, p, e.Keys); err != nil {
			return err
		}
		sealed, err := s.sealErasure(e)
		if err != nil {
			return err
		}
		if j, err = s.queue(ctx, t, now, arauto.Job{Account: account, Kind: arauto.JobErase, Params: sealed}); err != nil {
			return err
		}
		actor.Account = account
		return s.audit(ctx, t, now, actor, "person.erase", subject("person", p.ID), detail("job", fmt.Sprint(j.ID), "why", why))
	})
	return j, doing("erase a person", err)
}

// forbid keeps the hashes of every key that a person is or may come to be known by.
func (s *Store) forbid(ctx context.Context, t querier, now time.Time, account int64, h hasher, p arauto.Person, keys []string) error {
	keys = slices.Clone(keys)
	for _, a := range p.Aliases {
		switch a.Kind {
		case arauto.AliasWAID:
			keys = append(keys, arauto.PhoneOfWAID(a.Value).PersonKey())
		case arauto.AliasUserID:
			keys = append(keys, arauto.PersonKeyOfUserID(a.Value))
		}
	}
	for _, key := range keys {
		if key == "" {
			continue
		}
		if _, err := t.exec(ctx, `INSERT INTO erased (account_id, hash, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, account, h.of(key), ms(now)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) sealErasure(e arauto.Erasure) (string, error) {
	sealed, err := s.seal.Seal([]byte(jsonOf(e)))
	return base64.StdEncoding.EncodeToString(sealed), err
}

func (s *Store) openErasure(params string) (e arauto.Erasure, err error) {
	sealed, err := base64.StdEncoding.DecodeString(params)
	if err != nil {
		return e, fmt.Errorf("read what is to be erased: %w", err)
	}
	plain, err := s.seal.Open(sealed)
	if err != nil {
		return e, fmt.Errorf("open what is to be erased: %w", err)
	}
	return e, json.Unmarshal(plain, &e)
}

// PlanErasure gathers what is there of a job's person now, adds it to what the job knew, and keeps it with
// the job, sealed, before anything of it goes.
func (s *Store) PlanErasure(ctx context.Context, l arauto.Lease, j arauto.Job) (arauto.Erasure, error) {
	var e arauto.Erasure
	err := s.db.write(ctx, func(t querier) error {
		stored, err := s.leasedJob(ctx, t, time.Time{}, l, j)
		if err != nil {
			return err
		}
		if e, err = s.openErasure(stored.Params); err != nil {
			return err
		}
		for _, gather := range []func(context.Context, querier, int64, *arauto.Erasure) error{s.gatherNames, s.gatherContacts, s.gatherTalks} {
			if err := gather(ctx, t, j.Account, &e); err != nil {
				return err
			}
		}
		sealed, err := s.sealErasure(e)
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, `UPDATE job SET params = $3 WHERE account_id = $1 AND id = $2`, j.Account, j.ID, sealed)
		return err
	})
	return e, doing("plan an erasure", err)
}

func (s *Store) gatherNames(ctx context.Context, t querier, account int64, e *arauto.Erasure) error {
	var more arauto.Erasure
	_, err := all(ctx, t, func(r rows) (none struct{}, err error) {
		var id int64
		var name string
		err = r.Scan(&id, &name)
		more.IDs, more.Words = append(more.IDs, id), append(more.Words, name)
		return none, err
	}, `SELECT id, name FROM person WHERE `+s.db.keyed("key", "$1", "$2"), account, s.db.list(e.Keys))
	if err != nil {
		return err
	}
	e.Add(more)
	if len(e.IDs) == 0 {
		return nil
	}
	names, err := all(ctx, t, func(r rows) (a arauto.Alias, err error) { return a, r.Scan(&a.Kind, &a.Value) },
		`SELECT kind, value FROM person_alias WHERE `+s.db.keyed("person_id", "$1", "$2"), account, s.db.list(e.IDs))
	for _, a := range names {
		if a.Kind.Identifies() {
			e.Add(arauto.Erasure{Names: []string{a.Value}, Phones: []arauto.Phone{arauto.PhoneOfWAID(a.Value)}})
		} else {
			e.Add(arauto.Erasure{Words: []string{a.Value}})
		}
	}
	return err
}

// eraseAtOnce is how many contacts, conversations or rows of a table one transaction looks at.
const eraseAtOnce = 200

func (s *Store) gatherContacts(ctx context.Context, t querier, account int64, e *arauto.Erasure) error {
	list, err := all(ctx, t, scanContact, `SELECT `+contactColumns+` FROM contact WHERE `+s.db.keyed("person_key", "$1", "$2")+` AND deleted_at = 0`, account, s.db.list(e.Keys))
	if err != nil {
		return err
	}
	for _, c := range list {
		attempts, err := s.chain(ctx, t, c)
		if err != nil {
			return err
		}
		e.Add(known(c))
		for _, a := range attempts {
			e.Add(arauto.Erasure{Names: []string{a.ProviderID, a.WAID}, Phones: []arauto.Phone{arauto.PhoneOfWAID(a.WAID)}})
		}
	}
	return nil
}

// known is what a contact shows of its person.
func known(c arauto.Contact) arauto.Erasure {
	e := arauto.Erasure{Phones: []arauto.Phone{c.Phone}, Names: []string{string(c.UserID)}, Words: []string{c.Name, c.PhoneRaw, c.External, c.Email, c.ReplyText}}
	for _, f := range c.Fields {
		e.Words = append(e.Words, f.Value)
	}
	return e
}

// chain is every attempt at a contact, the latest first.
func (s *Store) chain(ctx context.Context, t querier, c arauto.Contact) (list []arauto.Attempt, err error) {
	for id := c.Attempt; id != 0; {
		found, err := all(ctx, t, scanAttempt, `SELECT `+attemptColumns+` FROM attempt WHERE account_id = $1 AND id = $2`, c.Account, id)
		if err != nil || len(found) == 0 {
			return list, err
		}
		list, id = append(list, found[0]), found[0].Previous
	}
	return list, nil
}

func (s *Store) gatherTalks(ctx context.Context, t querier, account int64, e *arauto.Erasure) error {
	talks, err := all(ctx, t, scanInt, `SELECT id FROM conversation WHERE `+s.db.keyed("person_key", "$1", "$2"), account, s.db.list(e.Keys))
	if err != nil || len(talks) == 0 {
		return err
	}
	pairs := func(into func(name, word string), sql string) error {
		_, err := all(ctx, t, func(r rows) (none struct{}, err error) {
			var name, word string
			err = r.Scan(&name, &word)
			into(name, word)
			return none, err
		}, sql, account, s.db.list(talks))
		return err
	}
	var more arauto.Erasure
	say := func(name, word string) { more.Names, more.Words = append(more.Names, name), append(more.Words, word) }
	in := s.db.keyed("conversation_id", "$1", "$2")
	if err := pairs(say, `SELECT provider_id, body FROM message WHERE `+in); err != nil {
		return err
	}
	if err := pairs(say, `SELECT provider_id, '' FROM outgoing WHERE `+in); err != nil {
		return err
	}
	if err := pairs(func(_, word string) { more.Words = append(more.Words, word) }, `SELECT '', body FROM conversation_note WHERE `+in); err != nil {
		return err
	}
	err = pairs(func(file, name string) { more.Files, more.Words = append(more.Files, file), append(more.Words, name) },
		`SELECT blob, name FROM attachment WHERE `+in+notOfAd)
	e.Add(more)
	return err
}

// notOfAd leaves the pictures of ads alone: they are the advertiser's.
const notOfAd = ` AND NOT EXISTS (SELECT 1 FROM click k WHERE k.account_id = attachment.account_id AND k.conversation_id = attachment.conversation_id AND k.attachment_id = attachment.id)`

// EraseRows empties what is the person's alone, a bounded number of rows a call. left says that there may be more.
func (s *Store) EraseRows(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, e arauto.Erasure) (left bool, err error) {
	err = s.db.write(ctx, func(t querier) error {
		if _, err := s.leasedJob(ctx, t, time.Time{}, l, j); err != nil {
			return err
		}
		h, err := s.hasher(ctx, t, j.Account)
		if err != nil {
			return err
		}
		x := erasing{store: s, now: now, account: j.Account, hash: h, plan: e}
		left = false
		for _, step := range []func(context.Context, querier) (bool, error){x.contacts, x.hangUp, x.talks, x.rest} {
			more, err := step(ctx, t)
			if err != nil {
				return err
			}
			left = left || more
		}
		return nil
	})
	return left, doing("erase a person's rows", err)
}

// erasing is one call of EraseRows.
type erasing struct {
	store   *Store
	now     time.Time
	account int64
	hash    hasher
	plan    arauto.Erasure
}

func (x *erasing) contacts(ctx context.Context, t querier) (bool, error) {
	counts := changes{}
	for _, key := range x.plan.Keys {
		flights, err := x.store.flightsTo(ctx, t, x.account, key)
		if err != nil {
			return false, err
		}
		if err := x.store.land(ctx, t, x.now, x.account, flights, counts); err != nil {
			return false, err
		}
	}
	list, err := all(ctx, t, scanContact, `SELECT `+contactColumns+` FROM contact WHERE `+x.store.db.keyed("person_key", "$1", "$2")+
		fmt.Sprintf(` AND deleted_at = 0 ORDER BY id LIMIT %d`, eraseAtOnce)+x.store.db.lock(), x.account, x.store.db.list(x.plan.Keys))
	if err != nil {
		return false, err
	}
	if err := x.store.emptyContacts(ctx, t, x.now, x.hash, list, counts); err != nil {
		return false, err
	}
	return len(list) == eraseAtOnce, counts.apply(ctx, t, x.account, slotList)
}

// emptyContacts gives up who still waits, and leaves of the others what reports count.
func (s *Store) emptyContacts(ctx context.Context, t querier, now time.Time, h hasher, list []arauto.Contact, counts changes) error {
	var waiting []contactChange
	for _, c := range list {
		if c.State != arauto.ContactPending || !c.DeletedAt.IsZero() {
			continue
		}
		next, err := c.Apply(arauto.Event{Kind: arauto.EventSuppressed, At: now, Reason: arauto.ReasonSuppressed, Detail: arauto.ErasedSource})
		if err != nil {
			return err
		}
		waiting = append(waiting, contactChange{old: c, new: next})
	}
	if err := s.saveLocked(ctx, t, now, waiting, counts); err != nil {
		return err
	}
	for _, c := range list {
		attempts, err := s.chain(ctx, t, c)
		if err != nil {
			return err
		}
		for _, a := range attempts {
			if _, err := t.exec(ctx, `UPDATE attempt SET provider_id = '', wa_id = '', detail = '' WHERE account_id = $1 AND id = $2`, a.Account, a.ID); err != nil {
				return err
			}
		}
		if _, err := t.exec(ctx, `UPDATE contact SET person_key = $3, name = '', name_fold = '', phone_raw = '', phone = '', user_id = '', fields = '{}', external_id = '', email = '',
			reply_text = '', detail = CASE WHEN detail = $4 THEN detail ELSE '' END, version = version + 1 WHERE account_id = $1 AND id = $2`,
			c.Account, c.ID, h.stand(c.PersonKey), arauto.ErasedSource); err != nil {
			return err
		}
	}
	return nil
}

// hangUp ends conversations that are still open: nobody answers who is not there any more. Agents are locked for it, so
// it comes before the conversations are.
func (x *erasing) hangUp(ctx context.Context, t querier) (bool, error) {
	open, err := all(ctx, t, scanInt, `SELECT id FROM conversation WHERE `+x.store.db.keyed("person_key", "$1", "$2")+
		fmt.Sprintf(` AND state <> 'closed' ORDER BY id LIMIT %d`, eraseAtOnce), x.account, x.store.db.list(x.plan.Keys))
	if err != nil {
		return false, err
	}
	for _, id := range open {
		was, is, err := x.store.turn(ctx, t, x.now, "erasure", x.account, id, func(arauto.Conversation) (arauto.Turn, error) {
			return arauto.Turn{Event: arauto.ConversationEnded, Reason: closedByErasure}, nil
		})
		if err != nil {
			return false, err
		}
		if was.State != is.State {
			tell(t).conversation(x.now, arauto.NoticeConversationClosed, is, "", closedByErasure)
		}
	}
	return len(open) == eraseAtOnce, nil
}

// talks empties conversations: that there was one, with how many messages, when and how it ended stays.
func (x *erasing) talks(ctx context.Context, t querier) (bool, error) {
	type talk struct {
		id  int64
		key string
	}
	list, err := all(ctx, t, func(r rows) (k talk, err error) { return k, r.Scan(&k.id, &k.key) },
		`SELECT id, person_key FROM conversation WHERE `+x.store.db.keyed("person_key", "$1", "$2")+fmt.Sprintf(` ORDER BY id LIMIT %d`, eraseAtOnce)+x.store.db.lock(),
		x.account, x.store.db.list(x.plan.Keys))
	if err != nil {
		return false, err
	}
	for _, k := range list {
		for _, sql := range []string{
			`UPDATE message SET provider_id = '', context = '', body = '', action = '' WHERE account_id = $1 AND conversation_id = $2`,
			`UPDATE outgoing SET provider_id = '', parameters = '{}', detail = '' WHERE account_id = $1 AND conversation_id = $2`,
			`UPDATE attachment SET address = '', name = '', sha256 = '', blob = '', detail = '' WHERE account_id = $1 AND conversation_id = $2` + notOfAd,
			`UPDATE conversation_note SET body = '' WHERE account_id = $1 AND conversation_id = $2`,
			`UPDATE callback SET note = '' WHERE account_id = $1 AND conversation_id = $2`,
			`DELETE FROM conversion WHERE account_id = $1 AND conversation_id = $2 AND state = 'pending'`,
			`UPDATE conversion SET clid = '', once_key = '~' || CAST(id AS text), detail = '' WHERE account_id = $1 AND conversation_id = $2`,
			`UPDATE click SET clid = CASE WHEN clid IS NULL THEN NULL ELSE '' END, raw = '{}' WHERE account_id = $1 AND conversation_id = $2`,
		} {
			if _, err := t.exec(ctx, sql, x.account, k.id); err != nil {
				return false, err
			}
		}
		if _, err := t.exec(ctx, `UPDATE conversation SET person_key = $3 WHERE account_id = $1 AND id = $2`, x.account, k.id, x.hash.stand(k.key)); err != nil {
			return false, err
		}
	}
	return len(list) == eraseAtOnce, nil
}

// rest gives up the keys themselves, wherever else they stand, and the names that lead to them.
func (x *erasing) rest(ctx context.Context, t querier) (bool, error) {
	for _, id := range x.plan.IDs {
		if _, err := t.exec(ctx, `DELETE FROM person_alias WHERE account_id = $1 AND person_id = $2`, x.account, id); err != nil {
			return false, err
		}
	}
	for _, key := range x.plan.Keys {
		stand := x.hash.stand(key)
		for _, sql := range []string{
			// Somebody who was erased before and came back has rows under that key from the first time.
			`DELETE FROM reached WHERE account_id = $1 AND person_key = $3 AND EXISTS (SELECT 1 FROM reached o WHERE o.account_id = $1 AND o.person_key = $2)`,
			`DELETE FROM person WHERE account_id = $1 AND key = $3 AND EXISTS (SELECT 1 FROM person o WHERE o.account_id = $1 AND o.key = $2)`,
			`UPDATE reached SET person_key = $3 WHERE account_id = $1 AND person_key = $2`,
			`UPDATE person SET key = $3, name = '' WHERE account_id = $1 AND key = $2`,
			`UPDATE suppression SET person_key = $3, phone = '', evidence = '' WHERE account_id = $1 AND person_key = $2`,
			`UPDATE gap_message SET person_key = $3 WHERE account_id = $1 AND person_key = $2`,
		} {
			if _, err := t.exec(ctx, sql, x.account, key, stand); err != nil {
				return false, err
			}
		}
	}
	return false, nil
}
