package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"arauto"
)

// Select reads those contacts of a campaign that sel picks among up to limit behind the id after, ascending, and
// how far it looked. A contact is judged once, as it stands when it is read.
func (s *Store) Select(ctx context.Context, account, campaign int64, sel arauto.Selection, after int64, limit int) (picked []arauto.Contact, looked arauto.Chunk, err error) {
	err = s.db.snapshot(ctx, func(q querier) error {
		ids, err := s.nextSelected(ctx, q, account, campaign, sel, after, limit)
		if err != nil {
			return err
		}
		looked = arauto.Chunk{Last: after, Looked: len(ids), End: len(ids) < limit}
		if len(ids) == 0 {
			picked = nil
			return nil
		}
		looked.Last = ids[len(ids)-1]
		picked, err = all(ctx, q, scanContact, `SELECT `+contactColumns+` FROM contact WHERE `+s.db.keyed("id", "$1", "$2")+` ORDER BY id`, account, s.db.list(ids))
		picked = slices.DeleteFunc(picked, func(c arauto.Contact) bool { return !sel.Picks(c) })
		return err
	})
	return picked, looked, doing("select contacts", err)
}

// InCampaign tells which of those people are in a campaign already.
func (s *Store) InCampaign(ctx context.Context, account, campaign int64, personKeys []string) (there map[string]bool, err error) {
	err = s.db.read(ctx, func(q querier) error {
		list, err := all(ctx, q, scanText, `SELECT person_key FROM contact WHERE `+s.db.keyed("person_key", "$1", "$2")+` AND campaign_id = $3 AND deleted_at = 0`,
			account, s.db.list(personKeys), campaign)
		there = make(map[string]bool, len(list))
		for _, key := range list {
			there[key] = true
		}
		return err
	})
	return there, doing("look for people in a campaign", err)
}

// QueueBulk queues work on many contacts, of j's campaign unless it is 0. The audit keeps what was asked for, so that the work is
// explained even if it is cancelled half-way; what came of it is in the entry that ends it, and in the job.
func (s *Store) QueueBulk(ctx context.Context, actor arauto.Actor, now time.Time, j arauto.Job, asked string) (arauto.Job, error) {
	err := s.db.write(ctx, func(t querier) (err error) {
		if j.Campaign != 0 {
			if _, err := s.campaign(ctx, t, j.Account, j.Campaign); err != nil {
				return err
			}
		}
		if j, err = s.queue(ctx, t, now, j); err != nil {
			return err
		}
		return s.audit(ctx, t, now, actor, "job.create", subject("job", j.ID),
			detail("kind", string(j.Kind), "campaign", fmt.Sprint(j.Campaign), "asked", asked))
	})
	return j, doing("queue work on contacts", err)
}

// AuditBulk writes what came of a job that ends with j, once: update's Resume must say that it was written.
func (s *Store) AuditBulk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, by arauto.Actor, asked string) error {
	err := s.db.write(ctx, func(t querier) error {
		if _, err := s.runningJob(ctx, t, now, l, j); err != nil {
			return err
		}
		if err := saveProgress(ctx, t, j); err != nil {
			return err
		}
		return s.audit(ctx, t, now, by, bulkAction[j.Kind], subject("campaign", j.Campaign), detail("job", fmt.Sprint(j.ID),
			"added", fmt.Sprint(j.Accepted), "duplicate", fmt.Sprint(j.Duplicate), "rejected", fmt.Sprint(j.Rejected), "asked", asked))
	})
	return doing("audit work on contacts", err)
}
