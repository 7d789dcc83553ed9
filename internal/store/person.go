package store

import (
	"context"
	"errors"

	"arauto"
)

// personKey is the key of whom a provider names; "" when it names nobody.
func personKey(waid, userID string) string {
	if phone := arauto.PhoneOfWAID(waid); phone != "" {
		return phone.PersonKey()
	}
	return arauto.PersonKeyOfUserID(userID)
}

// who is a person as the look-up by alias finds them: key "" = nobody, id 0 = nothing points there yet.
type who struct {
	id  int64
	key string
}

// knownPerson finds a person by key, else by any alias. The key found is the one the person is known by,
// which may be another than the one asked for.
func (f *applying) knownPerson(ctx context.Context, t querier, key, waid, userID string) (who, error) {
	find := func(where string, args ...any) (who, error) {
		return one(ctx, t, func(r rows) (w who, err error) { return w, r.Scan(&w.id, &w.key) }, `SELECT p.id, p.key FROM person p `+where, args...)
	}
	const byAlias = `JOIN person_alias a ON a.account_id = p.account_id AND a.person_id = p.id WHERE p.account_id = $1 AND a.kind = $2 AND a.value = $3`
	w, err := find(`WHERE p.account_id = $1 AND p.key = $2`, f.account.ID, key)
	if errors.Is(err, errNoRow) && userID != "" {
		w, err = find(byAlias, f.account.ID, arauto.AliasUserID, userID)
	}
	if errors.Is(err, errNoRow) && waid != "" {
		w, err = find(byAlias, f.account.ID, arauto.AliasWAID, waid)
	}
	if errors.Is(err, errNoRow) {
		return who{}, nil
	}
	return w, err
}

// person is who wrote, made now if this is the first touch, with every alias that the message shows.
func (f *applying) person(ctx context.Context, t querier, r arauto.Reply, key string) (who, error) {
	w, err := f.knownPerson(ctx, t, key, r.WAID, r.UserID)
	if err != nil {
		return w, err
	}
	if w.key == "" {
		w.key = key
	}
	if w.id == 0 {
		if w.id, err = nextIDs(ctx, t, f.account.ID, "person", 1); err != nil {
			return w, err
		}
		if _, err = t.exec(ctx, `INSERT INTO person (account_id, id, key, name, first_touch_at, last_touch_at) VALUES ($1, $2, $3, $4, $5, 0)
			ON CONFLICT (account_id, key) DO UPDATE SET id = excluded.id`, f.account.ID, w.id, w.key, r.Name, ms(f.now)); err != nil {
			return w, err
		}
	}
	var aliases [][]any
	for kind, value := range map[arauto.AliasKind]string{arauto.AliasWAID: r.WAID, arauto.AliasUserID: r.UserID, arauto.AliasUsername: r.Username} {
		if value != "" {
			aliases = append(aliases, []any{f.account.ID, kind, value, w.id})
		}
	}
	_, err = t.each(ctx, `INSERT INTO person_alias (account_id, kind, value, person_id) VALUES ($1, $2, $3, $4) ON CONFLICT (account_id, kind, value) DO NOTHING`, aliases)
	return w, err
}
