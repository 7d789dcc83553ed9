package store

import (
	"context"
	"time"

	"arauto"
)

// AddChunk puts contacts into a job's campaign and stores the job's progress, both or neither: an import that
// goes on after a crash adds nothing twice and counts nothing twice. It answers for each contact as AddContacts
// does. update sets the numbers and Resume of j from these answers; it may run more than once, each time on j as
// it was given, and does no I/O. The job is returned as stored.
//
// It is a conflict when the lease moved on, the job is no longer running or the campaign takes no more contacts.
func (s *Store) AddChunk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, list []arauto.Contact,
	update func(added []arauto.Added, j *arauto.Job),
) ([]arauto.Added, arauto.Job, error) {
	return s.ImportChunk(ctx, now, l, j, arauto.Intake{}, list, update)
}

// ImportChunk is AddChunk for people of whom in says what is done with those who are there already. in is not
// Staged.
func (s *Store) ImportChunk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, in arauto.Intake, list []arauto.Contact,
	update func(added []arauto.Added, j *arauto.Job),
) ([]arauto.Added, arauto.Job, error) {
	var added []arauto.Added
	var after arauto.Job
	err := s.db.bulk(ctx, func(t querier) error {
		stored, err := s.runningJob(ctx, t, now, l, j)
		if err != nil {
			return err
		}
		if added, err = s.addToCampaign(ctx, t, now, j.Account, j.Campaign, in, list); err != nil {
			return err
		}
		after = j
		after.State = stored.State
		update(added, &after)
		tell(t).jobMoved(now, stored, after)
		return saveProgress(ctx, t, after)
	})
	if err != nil {
		return nil, j, doing("add a chunk of contacts", err)
	}
	return added, after, nil
}

// addToCampaign asks the campaign before it adds; an empty list asks all the same.
func (s *Store) addToCampaign(ctx context.Context, t querier, now time.Time, account, campaign int64, in arauto.Intake, list []arauto.Contact) ([]arauto.Added, error) {
	c, err := s.addingTo(ctx, t, account, campaign)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	added := make([]arauto.Added, len(list))
	erased, err := s.refuseErased(ctx, t, account, list, added)
	if err != nil {
		return nil, err
	}
	clash, err := s.refuseClashes(ctx, t, account, list, added)
	if err != nil {
		return nil, err
	}
	if !erased && !clash && in.Across == arauto.AcrossNone && in.Duplicates != arauto.DuplicatesUpdate {
		return s.addAll(ctx, t, now, c, list)
	}
	if err := s.nameElsewhere(ctx, t, account, campaign, in.Across, list, added); err != nil {
		return nil, err
	}
	rest, places := make([]arauto.Contact, 0, len(list)), make([]int, 0, len(list))
	for i := range list {
		if !added[i].Duplicate && added[i].Err == nil {
			rest, places = append(rest, list[i]), append(places, i)
		}
	}
	if len(rest) == 0 {
		return added, nil
	}
	there, err := s.addAll(ctx, t, now, c, rest)
	if err != nil {
		return nil, err
	}
	for k, i := range places {
		added[i] = there[k]
	}
	if in.Duplicates == arauto.DuplicatesUpdate {
		return added, s.updateDuplicates(ctx, t, now, account, campaign, list, added)
	}
	return added, nil
}

// addAll adds by the rules of the campaign's channel.
func (s *Store) addAll(ctx context.Context, t querier, now time.Time, c arauto.Campaign, list []arauto.Contact) ([]arauto.Added, error) {
	if c.Channel == arauto.ChannelVoice {
		dialled, err := s.addDialled(ctx, t, now, c, list)
		return addedOf(dialled), err
	}
	return s.addContacts(ctx, t, now, c.Account, c.ID, list)
}

// addingTo is a campaign that takes contacts. It is held until the commit, or it could complete before the new
// contacts are seen: they would wait in it for ever.
func (s *Store) addingTo(ctx context.Context, t querier, account, campaign int64) (arauto.Campaign, error) {
	share := ""
	if s.db.postgres() {
		share = ` FOR SHARE`
	}
	c, err := one(ctx, t, scanCampaign, `SELECT `+campaignColumns+` FROM campaign WHERE account_id = $1 AND id = $2`+share, account, campaign)
	if err != nil {
		return c, missing(err, "campaign", campaign)
	}
	return c, c.Accepts()
}
