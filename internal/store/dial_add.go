package store

import (
	"context"
	"time"

	"arauto"
)

// AddDialContacts puts contacts into a voice campaign and answers for each of them, in order: as it is kept, a
// duplicate with the id of the one that was there, or why it cannot be taken in. A phone that cannot be dialled,
// or an outbound number that is not the campaign's, is no error: it is the contact's status. Phone is set by
// whoever could read a national number; else PhoneRaw is read.
//
// A contact is due at once, in the campaign's dial order, whatever state the campaign is in; see DueDials. It is
// a conflict when the campaign takes no more contacts, or does not dial.
func (s *Store) AddDialContacts(ctx context.Context, now time.Time, account, campaign int64, list []arauto.Contact) ([]arauto.AddedDial, error) {
	var added []arauto.AddedDial
	err := s.db.write(ctx, func(t querier) error {
		c, err := s.addingTo(ctx, t, account, campaign)
		if err != nil {
			return err
		}
		if c.Channel != arauto.ChannelVoice {
			return errNotDialled(c)
		}
		added, err = s.addDialled(ctx, t, now, c, list)
		return err
	})
	return added, doing("add contacts to a voice campaign", err)
}

func errNotDialled(c arauto.Campaign) error {
	return arauto.Errorf(arauto.KindConflict, "campaign", "campaign %q is for %s: only voice campaigns dial their contacts", c.Name, c.Channel)
}

// addDialled is addContacts by the rules of a voice campaign, which this transaction holds.
func (s *Store) addDialled(ctx context.Context, t querier, now time.Time, c arauto.Campaign, list []arauto.Contact) ([]arauto.AddedDial, error) {
	if len(list) == 0 {
		return nil, nil
	}
	first, at, err := nextMoments(ctx, t, c.Account, "contact", len(list), now)
	if err != nil {
		return nil, err
	}
	added := make([]arauto.AddedDial, len(list))
	taken := make([]arauto.Contact, len(list))
	erased := make([]arauto.Added, len(list))
	for i, given := range list {
		contact, err := c.Voice.Dialable(given, moment(at))
		added[i] = arauto.AddedDial{Contact: given, Err: err}
		contact.ID, contact.Account, contact.Campaign, contact.Version = first+int64(i), c.Account, c.ID, 1
		contact.InsertedAt, contact.UpdatedAt = moment(at), moment(at)
		taken[i] = contact
	}
	if _, err := s.refuseErased(ctx, t, c.Account, taken, erased); err != nil {
		return nil, err
	}
	var place []int // of each that is taken, in list
	for i := range list {
		if added[i].Err == nil {
			added[i].Err = erased[i].Err
		}
		if added[i].Err == nil {
			taken[len(place)], place = taken[i], append(place, i)
		}
	}
	if taken, err = s.underCurrentKeys(ctx, t, c.Account, taken[:len(place)]); err != nil || len(taken) == 0 {
		return added, err
	}
	inserted, err := s.insertDialled(ctx, t, taken)
	if err != nil {
		return nil, err
	}
	for i, contact := range taken {
		added[place[i]] = arauto.AddedDial{Contact: contact, Duplicate: !inserted[i]}
	}
	if err := s.nameDialled(ctx, t, c, taken, inserted, place, added); err != nil {
		return nil, err
	}
	if err := s.keepNamesOf(ctx, t, c.Account, c.ID, taken, func(i int) bool { return inserted[i] }); err != nil {
		return nil, err
	}
	return added, countAdded(ctx, t, c, taken, inserted)
}

// nameDialled gives duplicates the ids of those that were there.
func (s *Store) nameDialled(ctx context.Context, t querier, c arauto.Campaign, taken []arauto.Contact, inserted []bool, place []int, added []arauto.AddedDial) error {
	var again []string
	for i := range taken {
		if !inserted[i] {
			again = append(again, taken[i].PersonKey)
		}
	}
	if len(again) == 0 {
		return nil
	}
	named := make([]arauto.Added, len(taken))
	if err := s.nameDuplicates(ctx, t, c.Account, c.ID, taken, again, inserted, named); err != nil {
		return err
	}
	for i, n := range named {
		if n.Duplicate {
			added[place[i]].Contact.ID = n.ID
		}
	}
	return nil
}

// countAdded keeps every count of contacts for those that went in.
func countAdded(ctx context.Context, t querier, c arauto.Campaign, taken []arauto.Contact, inserted []bool) error {
	if err := countPrefixes(ctx, t, c.Account, c.ID, taken, inserted); err != nil {
		return err
	}
	states, missed, at := changes{}, failures{}, dialCounts{}
	for i, contact := range taken {
		if inserted[i] {
			states.add(c.ID, contact.State, 1)
			missed.moved(arauto.Contact{}, contact)
			at.moved(arauto.Contact{}, contact)
		}
	}
	if err := states.apply(ctx, t, c.Account, slotList); err != nil {
		return err
	}
	if err := missed.apply(ctx, t); err != nil {
		return err
	}
	return at.apply(ctx, t)
}

const dialInsert = `INSERT INTO contact (account_id, campaign_id, inserted_at, updated_at, id, external_id, name, name_fold, phone_raw, phone, person_key,
	fields, state, reason, scheduled_for, due_at, failed_at, dial, email, outbound, priority,
	code, detail, attempts, attempt_id, conversation, reply_action, reply_text, sent_at, delivered_at, read_at, replied_at, deleted_at, version) `

// insertDialled is insertContacts with what voice needs.
func (s *Store) insertDialled(ctx context.Context, t querier, list []arauto.Contact) ([]bool, error) {
	args := make([][]any, len(list))
	place := make(map[int64]int, len(list))
	for i, c := range list {
		place[c.ID] = i
		args[i] = []any{
			c.Account, c.Campaign, ms(c.InsertedAt), ms(c.UpdatedAt), c.ID, c.External, c.Name, arauto.Fold(c.Name), c.PhoneRaw, string(c.Phone), c.PersonKey,
			string(c.Fields.AppendJSON(nil)), string(c.State), string(c.Reason), ms(c.ScheduledFor), ms(c.DueAt), ms(c.FailedAt), string(c.Dial),
			c.Email, c.Outbound, int64(c.Priority),
		}
	}
	inserted := make([]bool, len(list))
	if !s.db.postgres() {
		changed, err := t.each(ctx, dialInsert+`VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
			0, '', 0, 0, '', '', '', 0, 0, 0, 0, 0, 1) ON CONFLICT DO NOTHING`, args)
		for i := range changed {
			inserted[i] = changed[i] == 1
		}
		return inserted, err
	}
	arrays := args[0][:4:4]
	for i := 4; i < len(args[0]); i++ {
		switch args[0][i].(type) {
		case int64:
			arrays = append(arrays, column[int64](args, i))
		default:
			arrays = append(arrays, column[string](args, i))
		}
	}
	ids, err := all(ctx, t, scanInt, dialInsert+`SELECT $1, $2, $3, $4, u.*, 0, '', 0, 0, '', '', '', 0, 0, 0, 0, 0, 1
		FROM unnest($5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
		$15::bigint[], $16::bigint[], $17::bigint[], $18::text[], $19::text[], $20::text[], $21::bigint[]) AS u
		ON CONFLICT DO NOTHING RETURNING id`, arrays...)
	for _, id := range ids {
		inserted[place[id]] = true
	}
	return inserted, err
}

// addedOf is what an import is told.
func addedOf(list []arauto.AddedDial) []arauto.Added {
	added := make([]arauto.Added, len(list))
	for i, d := range list {
		added[i] = arauto.Added{ID: d.Contact.ID, Duplicate: d.Duplicate, Err: d.Err}
	}
	return added
}
