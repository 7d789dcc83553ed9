package store

import (
	"context"
	"slices"
	"strings"

	"arauto"
)

// The names of custom fields are kept for each campaign, since an export needs them before its first row. Whatever
// writes a contact's fields adds those that are new, in the same transaction; none is ever taken away, so that a column
// stays when the last contact that had it is gone.

// CampaignFields are the custom fields of the campaigns whose contacts f asks for, whoever of them matches: the newest
// campaign's first, each campaign's in the order in which they were met. unknown are campaigns of which not all are
// kept yet: see KeepFields. Of those who have more than arauto.MaxColumns not all may be told.
func (s *Store) CampaignFields(ctx context.Context, account int64, f arauto.ContactFilter) (keys arauto.FieldKeys, unknown []int64, err error) {
	err = s.db.snapshot(ctx, func(q querier) error {
		keys, unknown = arauto.FieldKeys{}, nil
		cq, err := s.contactQuery(ctx, q, account, f)
		if err != nil || cq.nothing() {
			return err
		}
		where, args := ` WHERE c.account_id = $1`, []any{account}
		if cq.filter.Channel != "" {
			args = append(args, cq.filter.Channel)
			where += ` AND c.channel = $` + itoa(len(args))
		}
		if len(cq.filter.Campaigns) > 0 {
			args = append(args, s.db.list(cq.filter.Campaigns))
			where += ` AND ` + s.db.in("c.id", "$"+itoa(len(args)))
		}
		if unknown, err = all(ctx, q, scanInt, `SELECT c.id FROM campaign c`+where+` AND c.fields_known = 0 ORDER BY c.id DESC`, args...); err != nil {
			return err
		}
		names, err := all(ctx, q, scanText, `SELECT f.name FROM campaign c JOIN campaign_field f ON f.account_id = c.account_id AND f.campaign_id = c.id`+where+
			` ORDER BY c.id DESC, f.n, f.field_key`, args...)
		for _, name := range names {
			keys.Add(arauto.Fields{{Key: name}})
		}
		return err
	})
	return keys, unknown, doing("read the names of custom fields", err)
}

// KeepFields adds names to those that are kept for a campaign. all says that its contacts have no others.
func (s *Store) KeepFields(ctx context.Context, account, campaign int64, names []string, all bool) error {
	err := s.db.write(ctx, func(t querier) error {
		if err := s.keepFields(ctx, t, account, campaign, names); err != nil || !all {
			return err
		}
		_, err := t.exec(ctx, `UPDATE campaign SET fields_known = 1 WHERE account_id = $1 AND id = $2`, account, campaign)
		return err
	})
	return doing("keep the names of custom fields", err)
}

// keepNamesOf keeps the names of the fields of those contacts of a campaign that kept tells of.
func (s *Store) keepNamesOf(ctx context.Context, t querier, account, campaign int64, list []arauto.Contact, kept func(i int) bool) error {
	var keys arauto.FieldKeys
	var before arauto.Fields
	for i := range list {
		fields := list[i].Fields
		if !kept(i) || slices.EqualFunc(fields, before, func(a, b arauto.Field) bool { return a.Key == b.Key }) {
			continue // mostly the contacts of a list have the same
		}
		before = fields
		keys.Add(fields)
	}
	return s.keepFields(ctx, t, account, campaign, keys.List)
}

// keepFields adds those names that are new, and none to a campaign that has more than a table has room for.
func (s *Store) keepFields(ctx context.Context, t querier, account, campaign int64, names []string) error {
	if len(names) == 0 {
		return nil
	}
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = storedKey(name)
	}
	there, err := all(ctx, t, scanText, `SELECT field_key FROM campaign_field WHERE account_id = $1 AND campaign_id = $2 AND `+s.db.in("field_key", "$3"),
		account, campaign, s.db.list(keys))
	if err != nil || len(there) == len(names) {
		return err
	}
	n, err := one(ctx, t, scanInt, `SELECT count(*) FROM campaign_field WHERE account_id = $1 AND campaign_id = $2`, account, campaign)
	if err != nil || n > arauto.MaxColumns {
		return err
	}
	var args [][]any
	for i, key := range keys {
		if !slices.Contains(there, key) {
			n++
			args = append(args, []any{account, campaign, key, names[i], n})
		}
	}
	// Two transactions that add the same wait for one another in one order.
	slices.SortFunc(args, func(a, b []any) int { return strings.Compare(a[2].(string), b[2].(string)) })
	_, err = t.each(ctx, `INSERT INTO campaign_field (account_id, campaign_id, field_key, name, n) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`, args)
	return err
}

// storedKey is a name's key as both engines keep it: see storable.
func storedKey(name string) string { return arauto.FieldKey(strings.ReplaceAll(name, "\x00", "")) }
