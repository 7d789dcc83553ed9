package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"arauto"
)

// PatchDialContact changes a voice campaign's contact as Voice.Patched says and returns it. It is a conflict when
// another contact of the campaign has the phone.
func (s *Store) PatchDialContact(ctx context.Context, actor arauto.Actor, now time.Time, account, campaign, id int64, p arauto.DialPatch) (arauto.Contact, error) {
	return s.changeDialled(ctx, actor, now, account, campaign, arauto.DialKey{ID: id}, "contact.update", func(t querier, c arauto.Campaign, was arauto.Contact) (arauto.Contact, error) {
		is, err := c.Voice.Patched(was, p, moment(ms(now)))
		if err != nil || is.PersonKey == was.PersonKey {
			return is, err
		}
		erased := make([]arauto.Added, 1)
		if _, err := s.refuseErased(ctx, t, account, []arauto.Contact{is}, erased); err != nil || erased[0].Err != nil {
			return is, errors.Join(err, erased[0].Err)
		}
		keys, err := s.underCurrentKeys(ctx, t, account, []arauto.Contact{is})
		if err != nil {
			return is, err
		}
		is = keys[0]
		others, err := all(ctx, t, scanInt, `SELECT id FROM contact WHERE account_id = $1 AND person_key = $2 AND campaign_id = $3 AND deleted_at = 0 AND id <> $4`,
			account, is.PersonKey, campaign, id)
		if err == nil && len(others) > 0 {
			err = arauto.Errorf(arauto.KindConflict, "phone_number", "contact %d of this campaign has this phone already: remove one of the two", others[0])
		}
		return is, err
	})
}

// DeleteDialContact takes a contact out of a voice campaign and returns it as it was then. What was attempted is
// kept, and the phone may be added again. It is a conflict while the contact is on a call.
func (s *Store) DeleteDialContact(ctx context.Context, actor arauto.Actor, now time.Time, account, campaign int64, k arauto.DialKey) (arauto.Contact, error) {
	return s.changeDialled(ctx, actor, now, account, campaign, k, "contact.delete", func(_ querier, _ arauto.Campaign, was arauto.Contact) (arauto.Contact, error) {
		if was.Dial.Live() {
			return was, arauto.Errorf(arauto.KindConflict, "contact_id", "contact %d is on a call: remove it when the call is over", was.ID)
		}
		is := was
		is.DeletedAt, is.DueAt, is.UpdatedAt = moment(ms(now)), time.Time{}, moment(ms(now))
		return is, nil
	})
}

// changeDialled writes what decide makes of the contact under k. The campaign is held meanwhile, so that nobody
// adds the phone that the contact is to have.
func (s *Store) changeDialled(ctx context.Context, actor arauto.Actor, now time.Time, account, campaign int64, k arauto.DialKey, action string,
	decide func(querier, arauto.Campaign, arauto.Contact) (arauto.Contact, error),
) (is arauto.Contact, err error) {
	err = s.db.write(ctx, func(t querier) error {
		c, err := one(ctx, t, scanCampaign, `SELECT `+campaignColumns+` FROM campaign WHERE account_id = $1 AND id = $2 AND channel = 'voice'`+s.db.lock(), account, campaign)
		if err != nil {
			return missing(err, "voice campaign", campaign)
		}
		was, err := s.dialContactBy(ctx, t, account, campaign, k, s.db.lock())
		if err != nil {
			return err
		}
		if is, err = decide(t, c, was); err != nil {
			return err
		}
		is.Version = was.Version + 1
		if err := saveDialled(ctx, t, was, is); err != nil {
			return err
		}
		if err := countDialled(ctx, t, was, is); err != nil {
			return err
		}
		if err := s.keepNamesOf(ctx, t, account, campaign, []arauto.Contact{is}, func(int) bool { return !slices.Equal(was.Fields, is.Fields) }); err != nil {
			return err
		}
		tell(t).contactMoved(now, was.State, &is)
		return s.audit(ctx, t, now, actor, action, subject("contact", is.ID),
			detail("campaign", fmt.Sprint(campaign), "changed", strings.Join(changedFields(was, is), ", ")))
	})
	return is, doing("change a contact to dial", err)
}

func saveDialled(ctx context.Context, t querier, was, is arauto.Contact) error {
	n, err := t.exec(ctx, `UPDATE contact SET version = $4, external_id = $5, name = $6, name_fold = $7, phone_raw = $8, phone = $9, person_key = $10, state = $11,
		reason = $12, code = $13, detail = $14, due_at = $15, updated_at = $16, failed_at = $17, deleted_at = $18, dial = $19, email = $20, outbound = $21,
		priority = $22, sent_at = $23, fields = $24 WHERE account_id = $1 AND id = $2 AND version = $3`,
		is.Account, is.ID, was.Version, is.Version, is.External, is.Name, arauto.Fold(is.Name), is.PhoneRaw, is.Phone, is.PersonKey, is.State,
		is.Reason, int64(is.Code), is.Detail, ms(is.DueAt), ms(is.UpdatedAt), ms(is.FailedAt), ms(is.DeletedAt), is.Dial, is.Email, is.Outbound,
		int64(is.Priority), ms(is.SentAt), string(is.Fields.AppendJSON(nil)))
	if err == nil && n == 0 {
		err = arauto.Errorf(arauto.KindConflict, "contact_id", "contact %d was changed by somebody else meanwhile: read it again", is.ID)
	}
	return err
}

// countDialled keeps every count for one contact that was changed, or removed.
func countDialled(ctx context.Context, t querier, was, is arauto.Contact) error {
	states, missed, at := changes{}, failures{}, dialCounts{}
	if is.DeletedAt.IsZero() {
		states.moved(is.Campaign, was.State, is.State)
	} else {
		states.add(is.Campaign, was.State, -1)
	}
	missed.moved(was, is)
	at.moved(was, is)
	if err := movePrefix(ctx, t, was, is); err != nil {
		return err
	}
	if err := states.apply(ctx, t, is.Account, slotList); err != nil {
		return err
	}
	if err := missed.apply(ctx, t); err != nil {
		return err
	}
	return at.apply(ctx, t)
}

// changedFields names what changed, without saying what it was: the audit keeps no personal data.
func changedFields(was, is arauto.Contact) (names []string) {
	for _, f := range []struct {
		name    string
		changed bool
	}{
		{"name", was.Name != is.Name},
		{"email", was.Email != is.Email},
		{"phone_number", was.PhoneRaw != is.PhoneRaw},
		{"outbound_number", was.Outbound != is.Outbound},
		{"external_unique_id", was.External != is.External},
		{"priority", was.Priority != is.Priority},
		{"fields", !slices.Equal(was.Fields, is.Fields)},
		{"dial_status", was.Dial != is.Dial},
	} {
		if f.changed {
			names = append(names, f.name)
		}
	}
	return names
}
