package store

import (
	"context"
	"errors"
	"time"

	"arauto"
)

const dialled = ` account_id = $1 AND campaign_id = $2 AND dial <> '' AND deleted_at = 0 `

// VoiceCampaigns lists an account's voice campaigns, oldest first, after that id. Archived ones are not in it.
func (s *Store) VoiceCampaigns(ctx context.Context, account, after int64, limit int) ([]arauto.Campaign, error) {
	list, err := readAll(ctx, s, scanCampaign, `SELECT `+campaignColumns+` FROM campaign
		WHERE account_id = $1 AND id > $2 AND channel = 'voice' AND state <> 'archived' ORDER BY id LIMIT $3`, account, after, limit)
	return list, doing("list voice campaigns", err)
}

// VoiceCampaign is the voice campaign with that id; not found when it is another channel's.
func (s *Store) VoiceCampaign(ctx context.Context, account, id int64) (arauto.Campaign, error) {
	c, err := readOne(ctx, s, scanCampaign, `SELECT `+campaignColumns+` FROM campaign WHERE account_id = $1 AND id = $2 AND channel = 'voice'`, account, id)
	return c, missing(err, "voice campaign", id)
}

// DialContacts lists a voice campaign's contacts by id, after that one: a stream is many such reads.
func (s *Store) DialContacts(ctx context.Context, account, campaign, after int64, limit int) ([]arauto.Contact, error) {
	list, err := readAll(ctx, s, scanContact, `SELECT `+contactColumns+` FROM contact WHERE`+dialled+`AND id > $3 ORDER BY id LIMIT $4`,
		account, campaign, after, limit)
	return list, doing("list contacts to dial", err)
}

// SkipDialContacts is the id of a voice campaign's n-th contact, behind which DialContacts goes on when n are to be
// passed over; 0 when there are fewer. What it passes over it does walk, in the index.
func (s *Store) SkipDialContacts(ctx context.Context, account, campaign, n int64) (int64, error) {
	id, err := readOne(ctx, s, scanInt, `SELECT id FROM contact WHERE`+dialled+`ORDER BY id LIMIT 1 OFFSET $3`, account, campaign, n-1)
	if errors.Is(err, errNoRow) {
		return 0, nil
	}
	return id, doing("skip contacts to dial", err)
}

// DialContactsSince lists those of a voice campaign's contacts that were changed at or after since, in the order
// of their changes, after the position of the last of an earlier read (its UpdatedAt and ID; zero = from since).
// One that changes meanwhile comes again, further on.
func (s *Store) DialContactsSince(ctx context.Context, account, campaign int64, since, after time.Time, idAfter int64, limit int) ([]arauto.Contact, error) {
	from := ms(after)
	if after.IsZero() {
		from, idAfter = ms(since)-1, 1<<53
	}
	list, err := readAll(ctx, s, scanContact, `SELECT `+contactColumns+` FROM contact WHERE`+dialled+
		`AND (updated_at, id) > ($3, $4) ORDER BY updated_at, id LIMIT $5`, account, campaign, from, idAfter, limit)
	return list, doing("list changed contacts to dial", err)
}

// DueDials reads up to limit contacts of a voice campaign that are due at now, in dial order: the highest
// priority first, then by due time and id. It reserves nothing: the caller drives the account's voice line. The
// contacts that a priority holds for later are not walked.
func (s *Store) DueDials(ctx context.Context, now time.Time, account, campaign int64, limit int) (list []arauto.Contact, err error) {
	const waiting = `WHERE` + dialled + `AND state = 'pending' AND priority `
	err = s.db.snapshot(ctx, func(q querier) error {
		list = nil
		for below := int64(arauto.MaxDialPriority + 1); len(list) < limit; {
			priorities, err := all(ctx, q, scanInt, `SELECT priority FROM contact `+waiting+`< $3 ORDER BY priority DESC LIMIT 1`, account, campaign, below)
			if err != nil || len(priorities) == 0 {
				return err
			}
			below = priorities[0]
			due, err := all(ctx, q, scanContact, `SELECT `+contactColumns+` FROM contact `+waiting+`= $3 AND due_at <= $4 ORDER BY due_at, id LIMIT $5`,
				account, campaign, below, ms(now), limit-len(list))
			if err != nil {
				return err
			}
			list = append(list, due...)
		}
		return nil
	})
	return list, doing("read who is to be dialled", err)
}

// DialContactBy is a voice campaign's contact under every key that k gives. It is invalid when k gives none, or
// when several contacts bear the customer's own id, and not found when the keys do not agree.
func (s *Store) DialContactBy(ctx context.Context, account, campaign int64, k arauto.DialKey) (c arauto.Contact, err error) {
	err = s.db.read(ctx, func(q querier) error {
		c, err = s.dialContactBy(ctx, q, account, campaign, k, "")
		return err
	})
	return c, err
}

func (s *Store) dialContactBy(ctx context.Context, q querier, account, campaign int64, k arauto.DialKey, lock string) (arauto.Contact, error) {
	if err := k.Check(); err != nil {
		return arauto.Contact{}, err
	}
	text, arg := `external_id <> '' AND external_id = $3`, any(k.External)
	switch {
	case k.ID != 0:
		text, arg = `id = $3`, k.ID
	case k.PhoneRaw != "":
		keys, err := s.keysFor(ctx, q, account, []string{k.PersonKey()})
		if err != nil {
			return arauto.Contact{}, err
		}
		text, arg = s.db.keyed("person_key", "$1", "$3"), s.db.list(keys)
	}
	// In no order: asked for one, SQLite would rather walk the campaign by id than sort two rows.
	list, err := all(ctx, q, scanContact, `SELECT `+contactColumns+` FROM contact WHERE`+dialled+`AND `+text+` LIMIT 2`+lock, account, campaign, arg)
	if err != nil {
		return arauto.Contact{}, err
	}
	return k.Among(list)
}
