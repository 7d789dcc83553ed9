package store

import (
	"context"
	"time"

	"arauto"
)

// authors finds who wrote each, with every name that the message shows. Only the person a message went to can answer
// it: who names a message of ours is the contact's person, whatever else they go by.
func (f *applying) authors(ctx context.Context, t querier, list []arrived) error {
	keys, err := f.answering(ctx, t, list)
	if err != nil {
		return err
	}
	claims := make([]claim, len(list))
	for i, m := range list {
		r := m.fact.Reply
		claims[i] = claim{key: arauto.PhoneOfWAID(r.WAID).PersonKey(), name: r.Name}.by(arauto.AliasWAID, r.WAID).
			by(arauto.AliasUserID, r.UserID).by(arauto.AliasParentID, r.ParentID).by(arauto.AliasUsername, r.Username)
		if key, known := keys[r.Context]; known && r.Reacts() {
			claims[i].key = key
		}
	}
	people, err := f.store.recognise(ctx, t, f.now, f.account.ID, claims, f.counts)
	if err != nil {
		return err
	}
	for i := range list {
		list[i].person = people[i]
	}
	return nil
}

// answering is the key of the person whom each message went to that is named, by its provider's id.
func (f *applying) answering(ctx context.Context, t querier, list []arrived) (map[string]string, error) {
	named, err := f.byContext(ctx, t, list)
	if err != nil || len(named) == 0 {
		return nil, err
	}
	var ids []int64
	for _, attempts := range named {
		for _, a := range attempts {
			ids = append(ids, a.contact)
		}
	}
	found, err := all(ctx, t, scanNamed, `SELECT person_key, id FROM contact WHERE `+f.store.db.keyed("id", "$1", "$2"), f.account.ID, f.store.db.list(ids))
	of := make(map[int64]string, len(found))
	for _, c := range found {
		of[c.id] = c.name
	}
	keys := make(map[string]string, len(named))
	for context, attempts := range named {
		for _, a := range attempts {
			if key, there := of[a.contact]; there {
				keys[context] = key
			}
		}
	}
	return keys, err
}

// recipients keeps the ids by which statuses name the persons of their contacts. A status's wa_id is left out where a
// number was dialled: the answer has told it.
func (f *applying) recipients(ctx context.Context, t querier, facts []arauto.Fact, attempts map[int]int64, contacts map[int64]arauto.Contact) error {
	byAttempt := map[int64]arauto.Contact{}
	for _, c := range contacts {
		byAttempt[c.Attempt] = c
	}
	var claims []claim
	told := map[string]bool{}
	for i, fact := range facts {
		s := fact.Status
		c, ok := byAttempt[attempts[i]]
		if fact.Kind != arauto.FactStatus || !ok || f.done[i].Refused || s.UserID == "" && s.ParentID == "" && s.Username == "" && (s.WAID == "" || c.Phone != "") {
			continue
		}
		named := claim{key: c.PersonKey, name: c.Name}.by(arauto.AliasUserID, s.UserID).by(arauto.AliasParentID, s.ParentID).by(arauto.AliasUsername, s.Username)
		if c.Phone == "" && arauto.PhoneOfWAID(s.WAID) != "" {
			named = named.by(arauto.AliasWAID, s.WAID)
		}
		if id := c.PersonKey + " " + s.UserID + " " + s.ParentID + " " + s.Username; !told[id] {
			told[id], claims = true, append(claims, named)
		}
	}
	_, err := f.store.recognise(ctx, t, f.now, f.account.ID, claims, f.counts)
	return err
}

// identity applies what the provider says of who is who.
func (f *applying) identity(ctx context.Context, t querier, who arauto.Identity) error {
	c := claim{key: arauto.PhoneOfWAID(who.WAID).PersonKey()}.by(arauto.AliasWAID, who.WAID).
		by(arauto.AliasUserID, who.UserIDs...).by(arauto.AliasParentID, who.ParentIDs...)
	if len(c.names) == 0 {
		return nil
	}
	people, err := f.store.recognise(ctx, t, f.now, f.account.ID, []claim{c}, f.counts)
	if err != nil {
		return err
	}
	return f.succeeded(ctx, t, people[0].key, who.UserIDs)
}

// recogniseAnswers keeps the wa_id of answers in which it is not the number that was dialled, in any of its
// spellings: on most days, of none.
func (s *Store) recogniseAnswers(ctx context.Context, t querier, now time.Time, account int64, answers []arauto.Answer, counts changes) error {
	var claims []claim
	for i := range answers {
		a := &answers[i]
		waid := a.Receipt.WAID
		if waid == "" || waid == a.Contact.Phone.Digits() {
			continue
		}
		if key := arauto.PhoneOfWAID(waid).PersonKey(); key != "" && key != a.Contact.PersonKey {
			claims = append(claims, claim{key: a.Contact.PersonKey, name: a.Contact.Name}.by(arauto.AliasWAID, waid))
		}
	}
	_, err := s.recognise(ctx, t, now, account, claims, counts)
	return err
}
