package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"arauto"
)

const suppressionColumns = `account_id, id, person_key, phone, scope, channel, source, evidence, contact_id, created_at, expires_at, lifted_at`

// AddSuppressions stores do-not-contact entries and answers with them, in order. One that is in force
// already (same person, scope and channel, at least as long) is not stored again: the answer holds the
// older one. The error is invalid and names the entry; then none is stored.
func (s *Store) AddSuppressions(ctx context.Context, actor arauto.Actor, now time.Time, account int64, list []arauto.Suppression) ([]arauto.Suppression, error) {
	if len(list) == 0 {
		return nil, nil
	}
	for i, p := range list {
		if err := checkSuppression(p, i); err != nil {
			return nil, err
		}
	}
	var stored []arauto.Suppression
	err := s.db.write(ctx, func(t querier) (err error) {
		var added []arauto.Suppression
		if stored, added, err = s.suppressAll(ctx, t, now, account, list); err != nil || len(added) == 0 {
			return err
		}
		actor.Account = account
		return s.audit(ctx, t, now, actor, "suppression.add", subject("suppression", added[0].ID),
			detail("added", strconv.Itoa(len(added)), "last", fmt.Sprint(added[len(added)-1].ID), "scope", string(added[0].Scope), "source", added[0].Source))
	})
	return stored, doing("add suppressions", err)
}

func checkSuppression(p arauto.Suppression, i int) error {
	field := fmt.Sprintf("suppressions[%d]", i)
	switch {
	case p.PersonKey == "":
		return arauto.Errorf(arauto.KindInvalid, field+".phone", "it says nobody: give a phone in international form")
	case p.Scope != arauto.SuppressMarketing && p.Scope != arauto.SuppressAll:
		return arauto.Errorf(arauto.KindInvalid, field+".scope", "%q is not a scope: use marketing or all", p.Scope)
	case p.Channel != "" && p.Channel != arauto.ChannelWhatsApp && p.Channel != arauto.ChannelVoice:
		return arauto.Errorf(arauto.KindInvalid, field+".channel", "%q is not a channel: use whatsapp or voice, or leave it out for every channel", p.Channel)
	}
	return nil
}

// suppress stores one entry that was asked for at said, unless it is in force already, or was lifted by
// what was asked for later. Its own row is its evidence: no audit.
func (s *Store) suppress(ctx context.Context, t querier, said time.Time, p arauto.Suppression) error {
	moved, err := s.canonical(ctx, t, p.Account, []string{p.PersonKey})
	if err != nil {
		return err
	}
	p.PersonKey = standsFor(moved, p.PersonKey)
	there, err := s.suppressionsOf(ctx, t, p.Account, []string{p.PersonKey})
	if err != nil {
		return err
	}
	for _, old := range there[p.PersonKey] {
		if old.Scope == p.Scope && old.Channel == p.Channel && !old.CreatedAt.After(said) && old.LiftedAt.After(said) {
			return nil
		}
	}
	_, _, err = s.suppressAll(ctx, t, said, p.Account, []arauto.Suppression{p})
	return err
}

// suppressAll answers with each entry as it is stored, and with those that are new.
func (s *Store) suppressAll(ctx context.Context, t querier, now time.Time, account int64, list []arauto.Suppression) (stored, added []arauto.Suppression, err error) {
	keys := make([]string, len(list))
	for i, p := range list {
		keys[i] = p.PersonKey
	}
	moved, err := s.canonical(ctx, t, account, keys)
	if err != nil {
		return nil, nil, err
	}
	list = slices.Clone(list)
	for i := range list {
		list[i].PersonKey = standsFor(moved, list[i].PersonKey)
		keys[i] = list[i].PersonKey
	}
	if err := s.nameIDs(ctx, t, now, account, keys); err != nil {
		return nil, nil, err
	}
	there, err := s.suppressionsOf(ctx, t, account, keys)
	if err != nil {
		return nil, nil, err
	}
	first, err := nextIDs(ctx, t, account, "suppression", int64(len(list)))
	if err != nil {
		return nil, nil, err
	}
	var args [][]any
	for _, p := range list {
		if old, ok := covering(there[p.PersonKey], p, now); ok {
			stored = append(stored, old)
			continue
		}
		p.ID, p.Account, p.CreatedAt, p.ExpiresAt, p.LiftedAt = first+int64(len(added)), account, moment(ms(now)), moment(ms(p.ExpiresAt)), time.Time{}
		args = append(args, []any{account, p.ID, p.PersonKey, p.Phone, p.Scope, p.Channel, p.Source, p.Evidence, p.Contact, ms(now), ms(p.ExpiresAt)})
		there[p.PersonKey] = append(there[p.PersonKey], p)
		stored, added = append(stored, p), append(added, p)
	}
	_, err = t.each(ctx, `INSERT INTO suppression (`+suppressionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)`, args)
	return stored, added, err
}

// covering is the entry among those that already says all that p says.
func covering(there []arauto.Suppression, p arauto.Suppression, now time.Time) (arauto.Suppression, bool) {
	for _, old := range there {
		inForce := old.LiftedAt.IsZero() && (old.ExpiresAt.IsZero() || old.ExpiresAt.After(now))
		asLong := old.ExpiresAt.IsZero() || !p.ExpiresAt.IsZero() && !p.ExpiresAt.After(old.ExpiresAt)
		if inForce && asLong && old.Scope == p.Scope && old.Channel == p.Channel {
			return old, true
		}
	}
	return arauto.Suppression{}, false
}

// LiftSuppression ends an entry; evidence says why and is kept beside what was there. Lifting it again
// changes nothing.
func (s *Store) LiftSuppression(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, evidence string) error {
	err := s.db.write(ctx, func(t querier) error {
		p, err := one(ctx, t, scanSuppression, `SELECT `+suppressionColumns+` FROM suppression WHERE account_id = $1 AND id = $2`+s.db.lock(), account, id)
		if err != nil {
			return missing(err, "suppression", id)
		}
		if !p.LiftedAt.IsZero() {
			return nil
		}
		if _, err := t.exec(ctx, `UPDATE suppression SET lifted_at = $3, evidence = $4 WHERE account_id = $1 AND id = $2`,
			account, id, ms(now), p.Evidence+liftedBy+evidence); err != nil {
			return err
		}
		actor.Account = account
		return s.audit(ctx, t, now, actor, "suppression.lift", subject("suppression", id), detail("evidence", evidence))
	})
	return doing("lift suppression", err)
}

// liftedBy stands between why an entry was made and why it was lifted.
const liftedBy = " | lifted: "

// lift ends those of a person's entries in force that came from one of sources and were made before said,
// with the evidence for it. What was asked for after that stays: said may be told late, and again. A
// provider tells whole seconds.
func (s *Store) lift(ctx context.Context, t querier, said time.Time, account int64, personKey string, sources []string, evidence string) error {
	_, err := t.exec(ctx, `UPDATE suppression SET lifted_at = $3, evidence = evidence || $4 WHERE account_id = $1 AND person_key = $2
		AND lifted_at = 0 AND created_at < $6 AND `+s.db.in("source", "$5"), account, personKey, ms(said), liftedBy+evidence, s.db.list(sources), ms(said.Add(time.Second)))
	return err
}

// Suppressions lists an account's entries, newest first, below that id (0 = from the newest), of one
// person or, for "", of everybody; lifted and expired ones too.
func (s *Store) Suppressions(ctx context.Context, account, before int64, limit int, personKey string) ([]arauto.Suppression, error) {
	if personKey == "" {
		return readAll(ctx, s, scanSuppression, `SELECT `+suppressionColumns+` FROM suppression WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`,
			account, below(before), limit)
	}
	var list []arauto.Suppression
	err := s.db.read(ctx, func(q querier) error {
		moved, err := s.moved(ctx, q, account, []string{personKey})
		if err != nil {
			return err
		}
		list, err = all(ctx, q, scanSuppression, `SELECT `+suppressionColumns+` FROM suppression WHERE account_id = $1 AND person_key = $2 AND id < $3
			ORDER BY id DESC LIMIT $4`, account, standsFor(moved, personKey), below(before), limit)
		return err
	})
	return list, err
}

// SuppressionsOf is every entry of those people, by person and then by id, in force or not: the gate judges.
func (s *Store) SuppressionsOf(ctx context.Context, account int64, personKeys []string) (m map[string][]arauto.Suppression, err error) {
	err = s.db.read(ctx, func(q querier) error {
		moved, err := s.moved(ctx, q, account, personKeys)
		if err != nil {
			return err
		}
		keys := slices.Clone(personKeys)
		for i, key := range keys {
			keys[i] = standsFor(moved, key)
		}
		if m, err = s.holdsOf(ctx, q, account, keys); err != nil {
			return err
		}
		for from, into := range moved {
			if holds, ok := m[into]; ok {
				m[from] = holds
			}
		}
		return nil
	})
	return m, err
}

func (s *Store) suppressionsOf(ctx context.Context, q querier, account int64, personKeys []string) (map[string][]arauto.Suppression, error) {
	list, err := all(ctx, q, scanSuppression, `SELECT `+suppressionColumns+` FROM suppression WHERE `+s.db.keyed("person_key", "$1", "$2"), account, s.db.list(personKeys))
	m := map[string][]arauto.Suppression{}
	for _, p := range list {
		m[p.PersonKey] = append(m[p.PersonKey], p)
	}
	return m, err
}

func scanSuppression(r rows) (arauto.Suppression, error) {
	var p arauto.Suppression
	var created, expires, lifted int64
	err := r.Scan(&p.Account, &p.ID, &p.PersonKey, &p.Phone, &p.Scope, &p.Channel, &p.Source, &p.Evidence, &p.Contact, &created, &expires, &lifted)
	p.CreatedAt, p.ExpiresAt, p.LiftedAt = moment(created), moment(expires), moment(lifted)
	return p, err
}
