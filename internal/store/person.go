package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"arauto"
)

// personKey is the key of whom a provider names; "" when it names nobody.
func personKey(waid, userID string) string {
	if phone := arauto.PhoneOfWAID(waid); phone != "" {
		return phone.PersonKey()
	}
	return arauto.PersonKeyOfUserID(userID)
}

// who is a person with a row.
type who struct {
	id  int64
	key string
}

// A claim says that one person goes by all these names.
type claim struct {
	key   string // of the person, where one is known by it; a contact's, or a number's
	name  string // for people to read
	names []arauto.Alias
}

// by adds the names that there are.
func (c claim) by(kind arauto.AliasKind, values ...string) claim {
	for _, v := range values {
		if v != "" {
			c.names = append(c.names, arauto.Alias{Kind: kind, Value: v})
		}
	}
	return c
}

// recognise makes claims true and answers with the person of each, who has a row from then on: names are
// kept, and persons who turn out to be one are merged. It must be asked before contacts of these people are
// read to be changed: a merge changes them. counts takes what a merge did to contacts.
func (s *Store) recognise(ctx context.Context, t querier, now time.Time, account int64, claims []claim, counts changes) ([]who, error) {
	if len(claims) == 0 {
		return nil, nil
	}
	people, late, err := s.recogniseOnce(ctx, t, now, account, claims, counts)
	for tries := 0; err == nil && late && tries < mostLate; tries++ {
		people, late, err = s.recogniseOnce(ctx, t, now, account, claims, counts)
	}
	return people, err
}

// mostLate is how often claims are looked at again because another transaction kept one of their names first.
const mostLate = 3

// recogniseOnce is recognise for names that nobody else keeps at the same moment; late says that somebody did, and
// has committed since.
func (s *Store) recogniseOnce(ctx context.Context, t querier, now time.Time, account int64, claims []claim, counts changes) (_ []who, late bool, err error) {
	r := &recognising{store: s, now: now, account: account, counts: counts}
	if err := r.load(ctx, t, claims); err != nil {
		return nil, false, err
	}
	keys := make([]string, len(claims))
	for i, c := range claims {
		if keys[i], err = r.settle(ctx, t, c); err != nil {
			return nil, false, err
		}
		for _, n := range c.names {
			r.told[n] = keys[i]
		}
	}
	for i := range keys {
		keys[i] = r.current(keys[i])
	}
	if err := r.makePeople(ctx, t, claims, keys); err != nil {
		return nil, false, err
	}
	people := make([]who, len(claims))
	for i, key := range keys {
		people[i] = who{r.ids[key], key}
	}
	late, err = r.keepNames(ctx, t, claims, people)
	return people, late, err
}

// recognising is one call of recognise.
type recognising struct {
	store   *Store
	now     time.Time
	account int64
	counts  changes

	asked map[string]bool         // keys of which moved tells
	moved map[string]string       // keys that stand for another
	known map[arauto.Alias]string // names → key of whose they are
	told  map[arauto.Alias]string // as known, by the claims that were settled
	ids   map[string]int64        // of those who have a row, by key
}

func (r *recognising) load(ctx context.Context, t querier, claims []claim) (err error) {
	keys := make([]string, 0, len(claims))
	values := map[arauto.AliasKind][]string{}
	r.asked = map[string]bool{}
	for _, c := range claims {
		if c.key != "" {
			keys, r.asked[c.key] = append(keys, c.key), true
		}
		for _, n := range c.names {
			values[n.Kind] = append(values[n.Kind], n.Value)
			if n.Kind == arauto.AliasWAID {
				r.asked[arauto.PhoneOfWAID(n.Value).PersonKey()] = true // see settle
			}
		}
	}
	if r.moved, err = r.store.canonical(ctx, t, r.account, slices.Collect(maps.Keys(r.asked))); err != nil {
		return err
	}
	r.known, r.told, r.ids = map[arauto.Alias]string{}, map[arauto.Alias]string{}, map[string]int64{}
	for kind, list := range values {
		if err := r.loadNames(ctx, t, kind, list); err != nil {
			return err
		}
	}
	for i, key := range keys {
		keys[i] = r.current(key)
	}
	return r.loadIDs(ctx, t, keys)
}

func (r *recognising) loadNames(ctx context.Context, t querier, kind arauto.AliasKind, values []string) error {
	_, err := all(ctx, t, func(row rows) (none struct{}, err error) {
		var value string
		var person who
		if err := row.Scan(&value, &person.id, &person.key); err != nil {
			return none, err
		}
		r.known[arauto.Alias{Kind: kind, Value: value}], r.ids[person.key] = person.key, person.id
		return none, nil
	}, `SELECT a.value, p.id, p.key FROM (SELECT account_id, value, person_id FROM person_alias WHERE `+r.store.db.keyed("value", "$1", "$2")+` AND kind = $3) a
		JOIN person p ON p.account_id = a.account_id AND p.id = a.person_id AND p.id <> 0`, r.account, r.store.db.list(values), kind)
	return err
}

func (r *recognising) loadIDs(ctx context.Context, t querier, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	list, err := all(ctx, t, scanNamed, `SELECT key, id FROM person WHERE `+r.store.db.keyed("key", "$1", "$2")+` AND id <> 0`, r.account, r.store.db.list(keys))
	for _, p := range list {
		r.ids[p.name] = p.id
	}
	return err
}

// current follows a key to the one it stands for.
func (r *recognising) current(key string) string {
	for {
		next, moved := r.moved[key]
		if !moved {
			return key
		}
		key = next
	}
}

// settle finds the one person behind a claim, merging whoever else goes by its names.
func (r *recognising) settle(ctx context.Context, t querier, c claim) (string, error) {
	key, others := r.current(c.key), []string{}
	for _, n := range c.names {
		if !n.Kind.Identifies() {
			continue
		}
		other, known := r.known[n]
		if !known {
			other, known = r.told[n]
		}
		if !known && n.Kind == arauto.AliasWAID {
			// What is kept under that number is this person's too.
			other = arauto.PhoneOfWAID(n.Value).PersonKey()
			if err := r.lead(ctx, t, other); err != nil {
				return "", err
			}
		}
		if other = r.current(other); other != "" && !slices.Contains(others, other) {
			others = append(others, other)
		}
	}
	if key == "" {
		key = chosen(others, c.names)
	}
	for _, other := range others {
		if other == key {
			continue
		}
		from, into := other, key
		if arauto.PhoneOfWAID(into) == "" && arauto.PhoneOfWAID(from) != "" {
			from, into = into, from // a number outlasts an id: contacts are found by it
		}
		person, err := r.store.merge(ctx, t, merging{now: r.now, actor: arauto.System(r.account), from: from, into: into, why: "named together by the provider"}, r.counts)
		if err != nil {
			return "", err
		}
		r.moved[from], r.ids[into], key = into, person.id, into
	}
	return key, nil
}

// lead finds whom a key stands for by now, where the claims did not name it.
func (r *recognising) lead(ctx context.Context, t querier, key string) error {
	if key == "" || r.asked[key] {
		return nil
	}
	r.asked[key] = true
	moved, err := r.store.canonical(ctx, t, r.account, []string{key})
	for from, into := range moved {
		r.moved[from] = into
	}
	return err
}

// chosen is the key of a person whom names alone speak of: one that is known, a number if there is one; else a
// new one.
func chosen(known []string, names []arauto.Alias) string {
	for _, key := range known {
		if arauto.PhoneOfWAID(key) != "" {
			return key
		}
	}
	if len(known) > 0 {
		return known[0]
	}
	for _, n := range names {
		if n.Kind.Identifies() && n.Kind != arauto.AliasWAID {
			return arauto.PersonKeyOfUserID(n.Value)
		}
	}
	return ""
}

// makePeople gives a row and an id to those who have none.
func (r *recognising) makePeople(ctx context.Context, t querier, claims []claim, keys []string) error {
	var fresh []string
	var rows [][]any
	seen := map[string]bool{}
	for i, key := range keys {
		if key == "" || r.ids[key] != 0 || seen[key] {
			continue
		}
		seen[key], fresh = true, append(fresh, key)
		rows = append(rows, []any{r.account, int64(0), key, claims[i].name, ms(r.now)})
	}
	if len(fresh) == 0 {
		return nil
	}
	first, err := nextIDs(ctx, t, r.account, "person", int64(len(fresh)))
	if err != nil {
		return err
	}
	for i := range rows {
		rows[i][1] = first + int64(i)
	}
	if _, err := r.store.run(ctx, t, insertPeople, rows); err != nil {
		return err
	}
	return r.loadIDs(ctx, t, fresh) // another node may have been first
}

const insertPerson = `INSERT INTO person AS p (account_id, id, key, name, first_touch_at, last_touch_at) VALUES ($1, $2, $3, $4, $5, 0)
	ON CONFLICT (account_id, key) DO UPDATE SET id = CASE WHEN p.id = 0 THEN excluded.id ELSE p.id END, name = CASE WHEN p.name = '' THEN excluded.name ELSE p.name END`

// insertPeople is insertPerson of several, each once.
var insertPeople = hot{
	each: insertPerson,
	set: `INSERT INTO person AS p (account_id, id, key, name, first_touch_at, last_touch_at)
		SELECT u.account, u.id, u.key, u.name, u.at, 0 FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[]) AS u(account, id, key, name, at) ORDER BY u.key
		ON CONFLICT (account_id, key) DO UPDATE SET id = CASE WHEN p.id = 0 THEN excluded.id ELSE p.id END, name = CASE WHEN p.name = '' THEN excluded.name ELSE p.name END`,
	silent: true,
}

const (
	aliasInto = `INSERT INTO person_alias (account_id, kind, value, person_id) `
	aliasSet  = aliasInto + `SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) AS u(account, kind, value, person) ORDER BY u.kind, u.value `
	aliasKept = `ON CONFLICT DO NOTHING`
	aliasGoes = `ON CONFLICT (account_id, kind, value) DO UPDATE SET person_id = excluded.person_id`
)

// insertNames keeps names with whose they are; moveNames gives them to whoever has them now, each once.
var (
	insertNames = hot{each: aliasInto + `VALUES ($1, $2, $3, $4) ` + aliasKept, set: aliasSet + aliasKept, silent: true}
	moveNames   = hot{each: aliasInto + `VALUES ($1, $2, $3, $4) ` + aliasGoes, set: aliasSet + aliasGoes, silent: true}
)

// keepNames writes names that are new. A username goes to whoever has it now. late says that a name by which a person is
// found was kept by another transaction meanwhile, for somebody else: whoever that is turns out to be the same person.
func (r *recognising) keepNames(ctx context.Context, t querier, claims []claim, people []who) (late bool, err error) {
	var kept, moving [][]any
	last := map[arauto.Alias]int{} // of moving
	for i, c := range claims {
		for _, n := range c.names {
			if people[i].id == 0 || r.current(r.known[n]) == people[i].key {
				continue
			}
			r.known[n] = people[i].key
			row := []any{r.account, n.Kind, n.Value, people[i].id}
			if n.Kind.Identifies() {
				kept = append(kept, row)
			} else if at, again := last[n]; again {
				moving[at] = row
			} else {
				last[n], moving = len(moving), append(moving, row)
			}
		}
	}
	if _, err := r.store.run(ctx, t, insertNames, kept); err != nil {
		return false, err
	}
	if _, err := r.store.run(ctx, t, moveNames, moving); err != nil {
		return false, err
	}
	return r.late(ctx, t, kept)
}

// late reports whether one of those names is somebody else's, who was not seen when the claims were looked at. Inside
// SQLite there is no such moment.
func (r *recognising) late(ctx context.Context, t querier, kept [][]any) (bool, error) {
	if len(kept) == 0 || !r.store.db.postgres() {
		return false, nil
	}
	others, err := one(ctx, t, scanInt, `SELECT count(*) FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) AS u(account, kind, value, person)
		JOIN person_alias a ON a.account_id = u.account AND a.kind = u.kind AND a.value = u.value AND a.person_id <> u.person
		JOIN person p ON p.account_id = a.account_id AND p.id = a.person_id AND p.id <> 0`,
		array(kept, 0), array(kept, 1), array(kept, 2), array(kept, 3))
	return others > 0, err
}

// canonical tells which of those keys stand for another, and for which: persons were merged, or an id is known to be
// that of somebody who goes by a number. Nobody is merged
// until this transaction ends, so that what it writes under the keys it was told stays true.
func (s *Store) canonical(ctx context.Context, t querier, account int64, keys []string) (map[string]string, error) {
	lock := ""
	if s.db.postgres() {
		lock = ` FOR SHARE`
	}
	merges, err := one(ctx, t, scanInt, `SELECT merges FROM account WHERE id = $1`+lock, account)
	into := map[string]string{}
	if err != nil {
		return into, err
	}
	if merges == 0 {
		return into, s.ownersOf(ctx, t, account, idsIn(keys), into)
	}
	return s.moved(ctx, t, account, keys)
}

// moved is canonical for those who only read.
func (s *Store) moved(ctx context.Context, q querier, account int64, keys []string) (map[string]string, error) {
	into := map[string]string{}
	_, err := all(ctx, q, func(r rows) (none struct{}, err error) {
		var from, to string
		if err := r.Scan(&from, &to); err != nil {
			return none, err
		}
		into[from] = to
		return none, nil
	}, `SELECT d.key, p.key FROM (SELECT account_id, key, merged_into FROM person WHERE `+s.db.keyed("key", "$1", "$2")+` AND merged_into <> 0) d
		JOIN person p ON p.account_id = d.account_id AND p.id = d.merged_into AND p.id <> 0`, account, s.db.list(keys))
	if err != nil {
		return into, err
	}
	return into, s.ownersOf(ctx, q, account, idsIn(keys), into)
}

// standsFor is the key that key leads to.
func standsFor(moved map[string]string, key string) string {
	if to, ok := moved[key]; ok {
		return to
	}
	return key
}

// underCurrentKeys is list with each contact under the key that its person is known by.
func (s *Store) underCurrentKeys(ctx context.Context, t querier, account int64, list []arauto.Contact) ([]arauto.Contact, error) {
	keys := make([]string, len(list))
	for i, c := range list {
		keys[i] = c.PersonKey
	}
	moved, err := s.canonical(ctx, t, account, keys)
	if err != nil || len(moved) == 0 {
		return list, err
	}
	list = slices.Clone(list)
	for i := range list {
		list[i].PersonKey = standsFor(moved, keys[i])
	}
	return list, nil
}
