package store

import (
	"context"
	"strings"
	"time"

	"arauto"
)

// thereAlready is a person's contact.
type thereAlready struct {
	key          string
	id, campaign int64
}

func scanThere(r rows) (p thereAlready, err error) { return p, r.Scan(&p.key, &p.id, &p.campaign) }

// inCampaign is who of those people is in a campaign already, by key.
func (s *Store) inCampaign(ctx context.Context, q querier, account, campaign int64, keys []string) (map[string]thereAlready, error) {
	list, err := all(ctx, q, scanThere, `SELECT person_key, id, campaign_id FROM contact
		WHERE `+s.db.keyed("person_key", "$1", "$2")+` AND campaign_id = $3 AND deleted_at = 0`, account, s.db.list(keys), campaign)
	return byKey(list), err
}

func byKey(list []thereAlready) map[string]thereAlready {
	m := make(map[string]thereAlready, len(list))
	for _, p := range list {
		if _, named := m[p.key]; !named {
			m[p.key] = p
		}
	}
	return m
}

// nameElsewhere marks those of list who count as duplicates because they are in another campaign, as across has it.
func (s *Store) nameElsewhere(ctx context.Context, q querier, account, campaign int64, across arauto.Across, list []arauto.Contact, added []arauto.Added) error {
	if across == arauto.AcrossNone {
		return nil
	}
	states := arauto.CampaignStates()
	if across == arauto.AcrossOpen {
		states = nil
		for _, state := range arauto.CampaignStates() {
			if (arauto.Campaign{State: state}).Accepts() == nil {
				states = append(states, state)
			}
		}
	}
	rows, err := all(ctx, q, scanThere, `SELECT k.person_key, k.id, k.campaign_id FROM (SELECT account_id, person_key, id, campaign_id FROM contact
		WHERE `+s.db.keyed("person_key", "$1", "$2")+` AND campaign_id <> $3 AND deleted_at = 0) k
		JOIN campaign c ON c.account_id = k.account_id AND c.id = k.campaign_id
		WHERE c.state IN ('`+strings.Join(textsOf(states), "', '")+`') ORDER BY k.id DESC`, account, s.db.list(keysOfContacts(list)), campaign)
	if err != nil {
		return err
	}
	there := byKey(rows)
	for i, c := range list {
		if p, ok := there[c.PersonKey]; ok && c.PersonKey != "" {
			added[i] = arauto.Added{ID: p.id, Duplicate: true, Campaign: p.campaign}
		}
	}
	return nil
}

func textsOf[T ~string](list []T) []string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = string(v)
	}
	return texts
}

func keysOfContacts(list []arauto.Contact) []string {
	keys := make([]string, len(list))
	for i, c := range list {
		keys[i] = c.PersonKey
	}
	return keys
}

// updateDuplicates changes those who were in the campaign already by what the list says of them.
func (s *Store) updateDuplicates(ctx context.Context, t querier, now time.Time, account, campaign int64, list []arauto.Contact, added []arauto.Added) error {
	var ids []int64
	var twice []arauto.Contact
	for i, a := range added {
		if a.Duplicate && a.Campaign == 0 {
			ids, twice = append(ids, a.ID), append(twice, list[i])
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if err := s.keepNamesOf(ctx, t, account, campaign, twice, func(int) bool { return true }); err != nil {
		return err
	}
	return s.updateContacts(ctx, t, now, account, ids, twice)
}

// updateContacts gives contacts what newer rows say of them: their name, their external id and their custom fields,
// as far as the rows have them. The later row of one contact wins.
func (s *Store) updateContacts(ctx context.Context, t querier, now time.Time, account int64, ids []int64, list []arauto.Contact) error {
	there, err := s.contactsByID(ctx, t, account, ids)
	if err != nil {
		return err
	}
	args := make([][]any, 0, len(list))
	for i, id := range ids {
		old, ok := there[id]
		if !ok {
			continue
		}
		c := old.UpdatedBy(list[i])
		there[id] = c
		args = append(args, []any{account, id, c.Name, arauto.Fold(c.Name), c.External, string(c.Fields.AppendJSON(nil)), ms(now), c.Email})
	}
	_, err = t.each(ctx, `UPDATE contact SET name = $3, name_fold = $4, external_id = $5, fields = $6, updated_at = $7, email = $8, version = version + 1
		WHERE account_id = $1 AND id = $2`, args)
	return err
}

// Present answers for each of those people, by key, whether they are in that campaign, or in another of the account as
// across has it.
func (s *Store) Present(ctx context.Context, account, campaign int64, across arauto.Across, keys []string) ([]arauto.Added, error) {
	list := make([]arauto.Contact, len(keys))
	for i, key := range keys {
		list[i].PersonKey = key
	}
	var added []arauto.Added
	err := s.db.read(ctx, func(q querier) error {
		added = make([]arauto.Added, len(keys))
		into, err := s.moved(ctx, q, account, keys)
		if err != nil {
			return err
		}
		for i := range list {
			list[i].PersonKey = standsFor(into, keys[i])
		}
		if err := s.nameElsewhere(ctx, q, account, campaign, across, list, added); err != nil {
			return err
		}
		there, err := s.inCampaign(ctx, q, account, campaign, keysOfContacts(list))
		for i, c := range list {
			if p, ok := there[c.PersonKey]; ok {
				added[i] = arauto.Added{ID: p.id, Duplicate: true}
			}
		}
		return err
	})
	return added, doing("look for people in campaigns", err)
}
