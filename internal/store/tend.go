package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"arauto"
)

// TendCampaigns does what campaigns do by themselves: it lets go on what rested long enough, senders and WABAs
// too, starts the scheduled ones whose time has come, or
// pauses those that missed it by more than they bear,
// completes those whose list is exhausted, and cancels the pending contacts of cancelled ones, archived by now
// or not, a bounded number per call. It returns the campaigns it changed, and whether there is more to do at once.
// What goes wrong with one, which the error tells, keeps nothing from the others.
func (s *Store) TendCampaigns(ctx context.Context, now time.Time) (changed []arauto.Campaign, more bool, err error) {
	err = errors.Join(s.resumeDue(ctx, now), s.moveRuns(ctx))
	due, exhausted, cancelled, wrong := s.campaignsToTend(ctx, now)
	err = errors.Join(err, wrong)
	each := func(list []arauto.Campaign, what string, tend func(context.Context, time.Time, arauto.Campaign) (arauto.Campaign, error)) {
		for _, c := range list {
			next, wrong := tend(ctx, now, c)
			if wrong != nil {
				err = errors.Join(err, fmt.Errorf("%s campaign %d of account %d: %w", what, c.ID, c.Account, wrong))
			} else if next.State != c.State {
				changed = append(changed, next)
			}
		}
	}
	each(due, "start", s.startDue)
	each(exhausted, "complete", s.completeExhausted)
	each(cancelled, "cancel the contacts of", func(ctx context.Context, now time.Time, c arauto.Campaign) (arauto.Campaign, error) {
		n, err := s.cancelPending(ctx, now, c)
		more = more || n == cancelChunk
		return c, err
	})
	return changed, more, err
}

// startDue starts c unless it was changed since it was read: whoever unscheduled or paused it meanwhile meant
// it. One that cannot start any more, for whatever reason, goes back to whoever prepared it: tried each
// second, it would hold up everybody else's.
func (s *Store) startDue(ctx context.Context, now time.Time, c arauto.Campaign) (arauto.Campaign, error) {
	change := func(e arauto.CampaignEvent, why string) (arauto.Campaign, error) {
		return s.changeCampaign(ctx, arauto.System(c.Account), now, c.Account, c.ID, c.Version, e, why)
	}
	if late := c.Missed(now); late > 0 {
		account, err := s.Account(ctx, c.Account)
		if err != nil {
			return c, err
		}
		return change(arauto.CampaignPause, arauto.MissedWords(late, account.Language))
	}
	next, err := change(arauto.CampaignStart, "")
	if err != nil && arauto.KindOf(err) != arauto.KindInternal {
		return change(arauto.CampaignUnschedule, err.Error())
	}
	return next, err
}

func (s *Store) campaignsToTend(ctx context.Context, now time.Time) (due, exhausted, cancelled []arauto.Campaign, err error) {
	// EXHAUSTED and CANCELLED look at kept counts; they are confirmed in the transaction that acts on them.
	const pendingCount = `(SELECT COALESCE(SUM(n), 0) FROM campaign_count k WHERE k.account_id = campaign.account_id AND k.campaign_id = campaign.id`
	err = s.db.read(ctx, func(q querier) error {
		if due, err = all(ctx, q, scanCampaign, `SELECT `+campaignColumns+` FROM campaign
			WHERE state = 'scheduled' AND scheduled_for <= $1 LIMIT 100`, ms(now)); err != nil {
			return err
		}
		if exhausted, err = all(ctx, q, scanCampaign, `SELECT `+campaignColumns+` FROM campaign
			WHERE state = 'running' AND NOT standing
			  AND `+pendingCount+` AND k.state IN ('pending', 'sending')) = 0 AND `+pendingCount+`) > 0 LIMIT 100`); err != nil {
			return err
		}
		// One that waits for more contacts waits until its end, if it has one.
		standing, err := all(ctx, q, scanCampaign, `SELECT `+campaignColumns+` FROM campaign
			WHERE state = 'running' AND standing AND `+pendingCount+` AND k.state IN ('pending', 'sending')) = 0`)
		if err != nil {
			return err
		}
		for _, c := range standing {
			if end := c.Policy.EndAt; !end.IsZero() && !end.After(now) {
				exhausted = append(exhausted, c)
			}
		}
		cancelled, err = all(ctx, q, scanCampaign, `SELECT `+campaignColumns+` FROM campaign
			WHERE (state = 'cancelled' OR state = 'archived' AND updated_at > $1) AND `+pendingCount+` AND k.state = 'pending') > 0 LIMIT 20`,
			ms(now.AddDate(0, 0, -7)))
		return err
	})
	return due, exhausted, cancelled, err
}

// completeExhausted completes c unless contacts were added meanwhile or an import is still adding some.
func (s *Store) completeExhausted(ctx context.Context, now time.Time, c arauto.Campaign) (arauto.Campaign, error) {
	next := c
	err := s.db.write(ctx, func(t querier) error {
		// Whoever is adding contacts holds the campaign (see AddContacts): their counts are waited for.
		if _, err := one(ctx, t, scanInt, `SELECT version FROM campaign WHERE account_id = $1 AND id = $2`+s.db.lock(), c.Account, c.ID); err != nil {
			return missing(err, "campaign", c.ID)
		}
		counts, err := s.counts(ctx, t, c.Account, []int64{c.ID})
		if err != nil {
			return err
		}
		imports, err := one(ctx, t, scanInt, `SELECT count(*) FROM job WHERE account_id = $1 AND state IN ('queued', 'running') AND campaign_id = $2`, c.Account, c.ID)
		if err != nil || imports > 0 || !counts[c.ID].Exhausted() {
			return err
		}
		decided, err := c.Apply(arauto.CampaignComplete, "", now)
		if err != nil {
			return err
		}
		n, err := t.exec(ctx, `UPDATE campaign SET state = $4, ended_at = $5, updated_at = $5, version = version + 1 WHERE account_id = $1 AND id = $2 AND version = $3`,
			c.Account, c.ID, c.Version, decided.State, ms(now))
		if err != nil || n == 0 {
			return err
		}
		next = decided
		tell(t).campaignMoved(now, c, decided)
		return s.audit(ctx, t, now, arauto.System(c.Account), "campaign.complete", subject("campaign", c.ID), detail())
	})
	return next, err
}

const cancelChunk = 1000

func (s *Store) cancelPending(ctx context.Context, now time.Time, c arauto.Campaign) (int, error) {
	var n int
	err := s.db.write(ctx, func(t querier) error {
		list, err := all(ctx, t, scanContact, `SELECT `+contactColumns+` FROM contact
			WHERE account_id = $1 AND campaign_id = $2 AND state = 'pending' AND deleted_at = 0
			  AND NOT EXISTS (SELECT 1 FROM intent i WHERE i.account_id = contact.account_id AND i.contact_id = contact.id)
			ORDER BY id LIMIT $3`+s.db.lock(), c.Account, c.ID, cancelChunk)
		if err != nil {
			return err
		}
		var changed []contactChange
		for _, contact := range list {
			next, err := contact.Apply(arauto.Event{Kind: arauto.EventCancelled, At: now, Reason: arauto.ReasonCancelled})
			if err != nil {
				return err
			}
			changed = append(changed, contactChange{old: contact, new: next})
		}
		written, err := s.saveContacts(ctx, t, now, changed)
		if err != nil {
			return err
		}
		counts := changes{}
		for i, w := range written {
			if w == 1 {
				counts.moved(c.ID, changed[i].old.State, changed[i].new.State)
			}
		}
		n = len(list)
		return counts.apply(ctx, t, c.Account, slotList)
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
