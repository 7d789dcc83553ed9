package store

import (
	"context"
	"time"

	"arauto"
)

// People known by a business-scoped id alone. Whatever is kept under the key of such an id has a person with that id as
// a name: so a webhook that names the id and a number finds it, and makes one person of both.

// identified is list with each contact under the key that its person is known by, and the id that they are written to
// by now. Who comes with an id gets a row here, not at first touch. counts takes what a merge did to contacts.
func (s *Store) identified(ctx context.Context, t querier, now time.Time, account int64, list []arauto.Contact, counts changes) ([]arauto.Contact, error) {
	list, err := s.underCurrentKeys(ctx, t, account, list)
	if err != nil {
		return nil, err
	}
	var both, alone []claim // those with a number first: an id that comes alone later in the list may be theirs
	var bothAt, aloneAt []int
	var ids []string
	for i, c := range list {
		if c.UserID == "" {
			continue
		}
		named := claim{name: c.Name}.by(arauto.AliasUserID, string(c.UserID))
		ids = append(ids, string(c.UserID))
		if named.key = c.Phone.PersonKey(); named.key != "" {
			named.key = c.PersonKey
			both, bothAt = append(both, named), append(bothAt, i)
		} else {
			alone, aloneAt = append(alone, named), append(aloneAt, i)
		}
	}
	if len(ids) == 0 {
		return list, nil
	}
	list = append([]arauto.Contact{}, list...)
	for _, group := range []struct {
		claims []claim
		at     []int
	}{{both, bothAt}, {alone, aloneAt}} {
		people, err := s.recognise(ctx, t, now, account, group.claims, counts)
		if err != nil {
			return nil, err
		}
		for k, p := range people {
			list[group.at[k]].PersonKey = p.key
		}
	}
	// Another node may have named the same id at the same moment: it has the last word now.
	if list, err = s.underCurrentKeys(ctx, t, account, list); err != nil {
		return nil, err
	}
	newest, err := s.successors(ctx, t, account, ids)
	for i, c := range list {
		if id, replaced := newest[string(c.UserID)]; replaced && c.Phone == "" {
			list[i].UserID = arauto.UserID(id)
		}
	}
	return list, err
}

// refuseClashes says of each contact whose id is known to be that of another number that it is not taken in: one of
// the two would be written to in place of the other.
func (s *Store) refuseClashes(ctx context.Context, t querier, account int64, list []arauto.Contact, added []arauto.Added) (any bool, err error) {
	var keys []string
	for _, c := range list {
		if c.UserID != "" && c.Phone != "" {
			keys = append(keys, c.UserID.PersonKey(), c.Phone.PersonKey())
		}
	}
	if len(keys) == 0 {
		return false, nil
	}
	moved, err := s.canonical(ctx, t, account, keys)
	for i, c := range list {
		if c.UserID == "" || c.Phone == "" || added[i].Err != nil {
			continue
		}
		owner := standsFor(moved, c.UserID.PersonKey())
		if arauto.PhoneOfWAID(owner) != "" && owner != standsFor(moved, c.Phone.PersonKey()) {
			any = true
			added[i].Err = arauto.Errorf(arauto.KindInvalid, "user_id", "this id is known to be that of another number: leave out the id or the number, or merge the two persons first")
		}
	}
	return any, err
}

// maxSuccessors bounds how many changes of number one id is followed through.
const maxSuccessors = 16

// successors tells of those ids that were replaced which one their person has now.
func (s *Store) successors(ctx context.Context, q querier, account int64, ids []string) (map[string]string, error) {
	newest, ask := map[string]string{}, ids
	for range maxSuccessors {
		if len(ask) == 0 {
			break
		}
		next := map[string]string{}
		if _, err := all(ctx, q, func(r rows) (none struct{}, err error) {
			var id, successor string
			err = r.Scan(&id, &successor)
			next[id] = successor
			return none, err
		}, `SELECT value, successor FROM person_alias WHERE `+s.db.keyed("value", "$1", "$2")+` AND kind = 'user_id' AND successor <> ''`, account, s.db.list(ask)); err != nil {
			return nil, err
		}
		ask = nil
		for _, id := range ids {
			at := id
			if known, replaced := newest[id]; replaced {
				at = known
			}
			if successor, replaced := next[at]; replaced && successor != id {
				newest[id], ask = successor, append(ask, successor)
			}
		}
	}
	return newest, nil
}

// succeeded keeps that a person's ids replaced one another, the latest last, and has contacts follow who are written to
// by one that was replaced.
func (f *applying) succeeded(ctx context.Context, t querier, key string, ids []string) error {
	for i := 1; i < len(ids); i++ {
		if _, err := t.exec(ctx, `UPDATE person_alias SET successor = $4 WHERE account_id = $1 AND kind = $2 AND value = $3`,
			f.account.ID, arauto.AliasUserID, ids[i-1], ids[i]); err != nil {
			return err
		}
	}
	if len(ids) < 2 || key == "" {
		return nil
	}
	flights, err := f.store.flightsTo(ctx, t, f.account.ID, key)
	if err != nil {
		return err
	}
	if err := f.store.land(ctx, t, f.now, f.account.ID, flights, f.counts); err != nil {
		return err
	}
	newest, err := f.store.successors(ctx, t, f.account.ID, ids)
	for _, id := range keysSorted(newest) {
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, `UPDATE contact SET user_id = $4, version = version + 1 WHERE account_id = $1 AND person_key = $2 AND user_id = $3 AND phone = '' AND deleted_at = 0`,
			f.account.ID, key, id, newest[id])
	}
	return err
}

// nameIDs gives a person to each of those keys that is a business-scoped id's.
func (s *Store) nameIDs(ctx context.Context, t querier, now time.Time, account int64, keys []string) error {
	var claims []claim
	for _, id := range idsIn(keys) {
		claims = append(claims, claim{}.by(arauto.AliasUserID, id))
	}
	_, err := s.recognise(ctx, t, now, account, claims, changes{})
	return err
}

// ownersOf tells whose those ids are, by the keys of both, where that is not the id's own.
func (s *Store) ownersOf(ctx context.Context, q querier, account int64, ids []string, into map[string]string) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := all(ctx, q, func(r rows) (none struct{}, err error) {
		var id, key string
		if err := r.Scan(&id, &key); err != nil {
			return none, err
		}
		if own := arauto.PersonKeyOfUserID(id); own != key {
			into[own] = key
		}
		return none, nil
	}, `SELECT a.value, p.key FROM (SELECT account_id, value, person_id FROM person_alias WHERE `+s.db.keyed("value", "$1", "$2")+` AND kind = 'user_id') a
		JOIN person p ON p.account_id = a.account_id AND p.id = a.person_id AND p.id <> 0`, account, s.db.list(ids))
	return err
}

// idsIn are the business-scoped ids among persons' keys.
func idsIn(keys []string) (ids []string) {
	for _, key := range keys {
		if id, ok := arauto.UserIDOfKey(key); ok {
			ids = append(ids, id)
		}
	}
	return ids
}
