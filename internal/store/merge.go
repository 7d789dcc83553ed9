package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"arauto"
)

// MergePersons makes one person of two, in one transaction that the audit log tells of: into takes over
// everything of from, by their keys. What forbade to contact either forbids to contact both. Where a campaign
// holds both, the one who was not written to yet is given up (merged_duplicate). Contacts keep the phone that
// was dialled. Merging again changes nothing; the answer is into as it is then. A key that nothing is known of
// is not found.
func (s *Store) MergePersons(ctx context.Context, actor arauto.Actor, now time.Time, account int64, from, into string) (arauto.Person, error) {
	if from == into {
		return arauto.Person{}, arauto.Errorf(arauto.KindInvalid, "into", "these are the same person already")
	}
	var person arauto.Person
	err := s.db.write(ctx, func(t querier) error {
		moved, err := s.canonical(ctx, t, account, []string{from, into})
		if err != nil {
			return err
		}
		from, into := standsFor(moved, from), standsFor(moved, into)
		for _, key := range []string{from, into} {
			if _, err := s.personByKey(ctx, t, account, key); err != nil {
				return err
			}
		}
		if from != into {
			counts := changes{}
			actor.Account = account
			if _, err := s.merge(ctx, t, merging{now: now, actor: actor, from: from, into: into}, counts); err != nil {
				return err
			}
			if err := counts.apply(ctx, t, account, slotList); err != nil {
				return err
			}
		}
		person, err = s.personByKey(ctx, t, account, into)
		return err
	})
	return person, doing("merge persons", err)
}

// merging is what one merge is told, and what it moved.
type merging struct {
	now        time.Time
	actor      arauto.Actor
	from, into string // keys
	why        string

	old, kept                                  who
	contacts, talks, holds, names, gone, twins int64
}

// merge does what MergePersons promises, to keys that stand for themselves and differ.
func (s *Store) merge(ctx context.Context, t querier, m merging, counts changes) (who, error) {
	account := m.actor.Account
	// From here on nobody adds contacts or suppressions until the commit: see canonical.
	if _, err := t.exec(ctx, `UPDATE account SET merges = merges + 1 WHERE id = $1`, account); err != nil {
		return who{}, err
	}
	for _, step := range []func(context.Context, querier, *merging, changes) error{
		s.mergeRows, s.mergeFlights, s.mergeTwins, s.mergeContacts, s.mergeSuppressions, s.mergeConversations,
	} {
		if err := step(ctx, t, &m, counts); err != nil {
			return who{}, err
		}
	}
	return m.kept, s.audit(ctx, t, m.now, m.actor, "person.merge", subject("person", m.kept.id), detail(
		"from", fmt.Sprint(m.old.id), "contacts", fmt.Sprint(m.contacts), "conversations", fmt.Sprint(m.talks), "suppressions", fmt.Sprint(m.holds),
		"names", fmt.Sprint(m.names), "twins", fmt.Sprint(m.twins), "given_up", fmt.Sprint(m.gone), "why", m.why))
}

// mergeRows lets from's row, and whoever was merged into it, lead to into's.
func (s *Store) mergeRows(ctx context.Context, t querier, m *merging, _ changes) error {
	account := m.actor.Account
	first, err := nextIDs(ctx, t, account, "person", 2)
	if err != nil {
		return err
	}
	people := make(map[string]who, 2)
	for i, key := range []string{m.from, m.into} {
		if _, err := t.exec(ctx, insertPerson, account, first+int64(i), key, "", ms(m.now)); err != nil {
			return err
		}
		id, err := one(ctx, t, scanInt, `SELECT id FROM person WHERE account_id = $1 AND key = $2`+s.db.lock(), account, key)
		if err != nil {
			return err
		}
		people[key] = who{id, key}
	}
	m.old, m.kept = people[m.from], people[m.into]
	// id <> 0 and its like let the partial indexes serve: without, a look-up by id walks the account's people.
	// Which rows is asked beside: SQLite looks for none by an index that it changes.
	for _, which := range []string{`id = $2 AND id <> 0`, `merged_into = $2 AND merged_into <> 0`} {
		if _, err := t.exec(ctx, `UPDATE person SET merged_into = $3 WHERE account_id = $1 AND key IN (SELECT key FROM person WHERE account_id = $1 AND `+which+`)`, account, m.old.id, m.kept.id); err != nil {
			return err
		}
	}
	if _, err := t.exec(ctx, `UPDATE person SET merged_at = $3 WHERE account_id = $1 AND id = $2 AND id <> 0`, account, m.old.id, ms(m.now)); err != nil {
		return err
	}
	if _, err := t.exec(ctx, `UPDATE person SET name = CASE WHEN name = '' THEN COALESCE((SELECT o.name FROM person o WHERE o.account_id = $1 AND o.id = $3 AND o.id <> 0), '') ELSE name END,
		first_touch_at = COALESCE((SELECT MIN(o.first_touch_at) FROM person o WHERE o.account_id = $1 AND o.id IN ($2, $3) AND o.id <> 0 AND o.first_touch_at > 0), 0)
		WHERE account_id = $1 AND id = $2 AND id <> 0`, account, m.kept.id, m.old.id); err != nil {
		return err
	}
	m.names, err = t.exec(ctx, `UPDATE person_alias SET person_id = $3 WHERE account_id = $1 AND (kind, value) IN (SELECT kind, value FROM person_alias WHERE account_id = $1 AND person_id = $2)`,
		account, m.old.id, m.kept.id)
	return err
}

// mergeFlights gives what is in flight to either of them its rows, so that the contacts say who was written to.
func (s *Store) mergeFlights(ctx context.Context, t querier, m *merging, counts changes) error {
	for _, key := range []string{m.from, m.into} {
		flights, err := s.flightsTo(ctx, t, m.actor.Account, key)
		if err != nil {
			return err
		}
		if err := s.land(ctx, t, m.now, m.actor.Account, flights, counts); err != nil {
			return err
		}
	}
	return nil
}

// mergeTwins looks at campaigns that hold both. One contact of each stays under from's key, where nothing can be
// sent any more: preferably the one who was not written to, and that one is given up if it still waits.
func (s *Store) mergeTwins(ctx context.Context, t querier, m *merging, counts changes) error {
	account := m.actor.Account
	pairs, err := all(ctx, t, scanPair, `SELECT f.id, i.id FROM contact f JOIN contact i
		ON i.account_id = f.account_id AND i.campaign_id = f.campaign_id AND i.person_key = $3 AND i.deleted_at = 0
		WHERE f.account_id = $1 AND f.person_key = $2 AND f.deleted_at = 0`, account, m.from, m.into)
	if err != nil || len(pairs) == 0 {
		return err
	}
	// Sorted here: asked for that order, SQLite walks all the account's contacts.
	slices.SortFunc(pairs, func(a, b [2]int64) int { return cmp.Compare(a[0], b[0]) })
	ids := make([]int64, 0, 2*len(pairs))
	for _, p := range pairs {
		ids = append(ids, p[0], p[1])
	}
	contacts, err := s.contactsByID(ctx, t, account, ids)
	if err != nil {
		return err
	}
	var given []contactChange
	var swap []([2]int64) // loser, winner
	for _, p := range pairs {
		loser, winner := contacts[p[0]], contacts[p[1]]
		if progress(loser) > progress(winner) {
			loser, winner = winner, loser
			swap = append(swap, [2]int64{loser.ID, winner.ID})
		}
		m.twins++
		if next, err := loser.Apply(arauto.Event{Kind: arauto.EventCancelled, At: m.now, Reason: arauto.ReasonMergedDuplicate}); err == nil && next.State != loser.State {
			given = append(given, contactChange{old: loser, new: next})
			m.gone++
		}
	}
	if err := s.saveLocked(ctx, t, m.now, given, counts); err != nil {
		return err
	}
	for _, p := range swap {
		if err := m.swap(ctx, t, p[0], p[1]); err != nil {
			return err
		}
	}
	return s.guard(ctx, t, m)
}

// progress is how far a contact came: written to, waiting, or neither.
func progress(c arauto.Contact) int {
	switch {
	case c.State.Contacted():
		return 2
	case c.State == arauto.ContactPending:
		return 1
	}
	return 0
}

const rekey = `UPDATE contact SET person_key = $3, version = version + 1 WHERE account_id = $1 AND id = $2`

// swap gives the winner into's key and the loser from's; no two may have one key at any moment.
func (m *merging) swap(ctx context.Context, t querier, loser, winner int64) error {
	aside := "merge:" + strconv.FormatInt(loser, 10)
	for _, step := range []struct {
		id  int64
		key string
	}{{loser, aside}, {winner, m.into}, {loser, m.from}} {
		if _, err := t.exec(ctx, rekey, m.actor.Account, step.id, step.key); err != nil {
			return err
		}
	}
	return nil
}

// guard keeps everything from what stays under from's key. It costs sending nothing: the gate looks at the key's
// suppressions anyway. Nobody new comes under that key: see canonical.
func (s *Store) guard(ctx context.Context, t querier, m *merging) error {
	id, err := nextIDs(ctx, t, m.actor.Account, "suppression", 1)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO suppression (`+suppressionColumns+`) VALUES ($1, $2, $3, '', $4, '', $5, $6, 0, $7, 0, 0)`,
		m.actor.Account, id, m.from, arauto.SuppressAll, sourceMerge, fmt.Sprintf("merged into person %d", m.kept.id), ms(m.now))
	return err
}

// mergeContacts gives all of from's contacts but the twins to into.
func (s *Store) mergeContacts(ctx context.Context, t querier, m *merging, _ changes) (err error) {
	m.contacts, err = t.exec(ctx, `UPDATE contact SET person_key = $3, version = version + 1
		WHERE account_id = $1 AND person_key = $2 AND deleted_at = 0 AND NOT EXISTS (SELECT 1 FROM contact i
			WHERE i.account_id = $1 AND i.person_key = $3 AND i.campaign_id = contact.campaign_id AND i.deleted_at = 0)`, m.actor.Account, m.from, m.into)
	return err
}

// mergeSuppressions moves every entry, in force or not: the strictest of both holds then.
func (s *Store) mergeSuppressions(ctx context.Context, t querier, m *merging, _ changes) (err error) {
	m.holds, err = t.exec(ctx, `UPDATE suppression SET person_key = $3 WHERE account_id = $1 AND person_key = $2 AND source <> $4`,
		m.actor.Account, m.from, m.into, sourceMerge)
	return err
}

// mergeConversations moves from's conversations. Where both talk with one sender, the older conversation goes on
// with the messages of both.
func (s *Store) mergeConversations(ctx context.Context, t querier, m *merging, _ changes) error {
	account := m.actor.Account
	open := map[int64]arauto.Conversation{} // by sender, the one that stays open
	list, err := all(ctx, t, scanConversation, `SELECT `+conversationColumns+` FROM conversation
		WHERE account_id = $1 AND person_key IN ($2, $3) AND state <> 'closed' ORDER BY opened_at, id`+s.db.lock(), account, m.from, m.into)
	if err != nil {
		return err
	}
	for _, c := range list {
		first, both := open[c.Sender]
		if !both {
			open[c.Sender] = c
			continue
		}
		if err := s.joinConversations(ctx, t, m.now, account, c, first); err != nil {
			return err
		}
	}
	if err := mergeClicks(ctx, t, account, m.old.id, m.kept.id); err != nil {
		return err
	}
	m.talks, err = t.exec(ctx, `UPDATE conversation SET person_key = $3, person_id = $4 WHERE account_id = $1 AND person_key = $2`, account, m.from, m.into, m.kept.id)
	return err
}

func (s *Store) joinConversations(ctx context.Context, t querier, now time.Time, account int64, from, into arauto.Conversation) error {
	if _, err := t.exec(ctx, `UPDATE message SET conversation_id = $3 WHERE account_id = $1 AND conversation_id = $2`, account, from.ID, into.ID); err != nil {
		return err
	}
	if _, err := t.exec(ctx, `UPDATE click SET conversation_id = $3, opened = 0 WHERE account_id = $1 AND conversation_id = $2`, account, from.ID, into.ID); err != nil {
		return err
	}
	for _, table := range []string{"outgoing", "attachment", "conversation_note"} {
		if _, err := t.exec(ctx, `UPDATE `+table+` SET conversation_id = $3 WHERE account_id = $1 AND conversation_id = $2`, account, from.ID, into.ID); err != nil {
			return err
		}
	}
	_, closed, err := s.turn(ctx, t, now, "", account, from.ID, func(arauto.Conversation) (arauto.Turn, error) {
		return arauto.Turn{Event: arauto.ConversationEnded, Reason: closedByMerge}, nil
	})
	if err != nil {
		return err
	}
	tell(t).conversation(now, arauto.NoticeConversationClosed, closed, "", closedByMerge)
	if err := heard(ctx, t, account, into.ID, from.LastAt); err != nil {
		return err
	}
	// Only contacts of these two can point there.
	_, err = t.exec(ctx, `UPDATE contact SET conversation = $4, version = version + 1 WHERE account_id = $1 AND person_key = $2 AND deleted_at = 0 AND conversation = $3`,
		account, from.PersonKey, from.UUID, into.UUID)
	return err
}

// Person is the one of that key, or of a key that was merged into it: also somebody of whom there are only
// contacts or suppressions, with id 0.
func (s *Store) Person(ctx context.Context, account int64, key string) (p arauto.Person, err error) {
	err = s.db.read(ctx, func(q querier) error {
		p, err = s.personByKey(ctx, q, account, key)
		return err
	})
	return p, err
}

// PersonByID is the person with that id, or whom they were merged into.
func (s *Store) PersonByID(ctx context.Context, account, id int64) (p arauto.Person, err error) {
	err = s.db.read(ctx, func(q querier) error {
		key, err := one(ctx, q, scanText, `SELECT key FROM person WHERE account_id = $1 AND id = $2 AND id <> 0`, account, id)
		if err != nil {
			return missing(err, "person", id)
		}
		p, err = s.personByKey(ctx, q, account, key)
		return err
	})
	return p, err
}

// PersonByAlias is whoever goes by that name.
func (s *Store) PersonByAlias(ctx context.Context, account int64, alias arauto.Alias) (p arauto.Person, err error) {
	err = s.db.read(ctx, func(q querier) error {
		key, err := one(ctx, q, scanText, `SELECT p.key FROM person_alias a JOIN person p ON p.account_id = a.account_id AND p.id = a.person_id AND p.id <> 0
			WHERE a.account_id = $1 AND a.kind = $2 AND a.value = $3`, account, alias.Kind, alias.Value)
		if err != nil {
			return missing(err, "person with "+string(alias.Kind), alias.Value)
		}
		p, err = s.personByKey(ctx, q, account, key)
		return err
	})
	return p, err
}

func (s *Store) personByKey(ctx context.Context, q querier, account int64, key string) (arauto.Person, error) {
	moved, err := s.moved(ctx, q, account, []string{key})
	if err != nil {
		return arauto.Person{}, err
	}
	p := arauto.Person{Account: account, Key: standsFor(moved, key)}
	found, err := all(ctx, q, func(r rows) (none struct{}, err error) {
		var first, last int64
		err = r.Scan(&p.ID, &p.Name, &first, &last)
		p.FirstTouchAt, p.LastTouchAt = moment(first), moment(last)
		return none, err
	}, `SELECT id, name, first_touch_at, last_touch_at FROM person WHERE account_id = $1 AND key = $2`, account, p.Key)
	if err != nil {
		return p, err
	}
	if len(found) == 0 {
		p.Name, err = s.nameOf(ctx, q, account, p.Key)
		return p, err
	}
	if p.Merged, err = all(ctx, q, scanText, `SELECT key FROM person WHERE account_id = $1 AND merged_into = $2 AND merged_into <> 0 ORDER BY key`, account, p.ID); err != nil {
		return p, err
	}
	p.Aliases, err = all(ctx, q, func(r rows) (a arauto.Alias, err error) { return a, r.Scan(&a.Kind, &a.Value) },
		`SELECT kind, value FROM person_alias WHERE account_id = $1 AND person_id = $2 ORDER BY kind, value`, account, p.ID)
	return p, err
}

// nameOf is the name of somebody without a row, of whom there are contacts or suppressions; not found when there is
// nothing.
func (s *Store) nameOf(ctx context.Context, q querier, account int64, key string) (string, error) {
	names, err := all(ctx, q, scanText, `SELECT name FROM contact WHERE account_id = $1 AND person_key = $2 AND deleted_at = 0 ORDER BY id DESC LIMIT 1`, account, key)
	if err != nil || len(names) > 0 {
		return strings.Join(names, ""), err
	}
	held, err := all(ctx, q, scanInt, `SELECT id FROM suppression WHERE account_id = $1 AND person_key = $2 LIMIT 1`, account, key)
	if err == nil && len(held) == 0 {
		err = arauto.Errorf(arauto.KindNotFound, "", "nothing is known of such a person in this account")
	}
	return "", err
}

// ContactsOfPerson lists the contacts of a person over all campaigns, newest first, with ids below before (0 =
// from the newest), under every key they were ever known by.
func (s *Store) ContactsOfPerson(ctx context.Context, account int64, key string, before int64, limit int) (list []arauto.ContactRow, err error) {
	err = s.db.read(ctx, func(q querier) error {
		keys, err := s.keysFor(ctx, q, account, []string{key})
		if err != nil {
			return err
		}
		list, err = all(ctx, q, scanContactRow, `SELECT `+qualified()+rowColumns+` FROM contact c`+contactJoins+` WHERE c.account_id = $1
			AND `+s.db.in("c.person_key", "$2")+` AND c.deleted_at = 0 AND c.id < $3 ORDER BY c.id DESC LIMIT $4`, account, s.db.list(keys), below(before), limit)
		return err
	})
	return list, err
}

// keysFor is every key that stands for the persons of those keys, theirs first.
func (s *Store) keysFor(ctx context.Context, q querier, account int64, keys []string) ([]string, error) {
	moved, err := s.moved(ctx, q, account, keys)
	if err != nil {
		return nil, err
	}
	list := make([]string, 0, len(keys))
	for _, key := range keys {
		list = append(list, standsFor(moved, key))
	}
	also, err := all(ctx, q, scanText, `SELECT d.key FROM (SELECT account_id, id FROM person WHERE `+s.db.keyed("key", "$1", "$2")+` AND id <> 0) p
		JOIN person d ON d.account_id = p.account_id AND d.merged_into = p.id AND d.merged_into <> 0 ORDER BY d.key`, account, s.db.list(list))
	return append(list, also...), err
}
