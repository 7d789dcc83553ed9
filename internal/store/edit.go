package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"arauto"
)

// MatchIDs is up to limit ids below before of contacts that match f, the highest first. Fewer than limit means there
// are no more.
func (s *Store) MatchIDs(ctx context.Context, account int64, f arauto.ContactFilter, before int64, limit int) (ids []int64, err error) {
	err = s.db.snapshot(ctx, func(q querier) error {
		cq, err := s.contactQuery(ctx, q, account, f)
		if err != nil || cq.nothing() {
			return err
		}
		d, err := newFinder(ctx, q, cq, false)
		if err != nil {
			return err
		}
		ids, err = d.found(ctx, below(before), limit)
		return err
	})
	return ids, doing("match contacts", err)
}

// EditChunk does e to the next contacts of the job's campaign, up to limit of those it picks below the id before, and
// stores what update makes of the job, both or neither: work that goes on after a crash does nothing twice. update
// may run more than once, each time on j as it was given. Contacts are judged once, as they stand when they are
// reached; Chunk.Last is the lowest id looked at. The last chunk writes the audit entry of the whole.
//
// It is a conflict when the lease moved on, the job is no longer running or the campaign takes nobody back.
func (s *Store) EditChunk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, e arauto.Edit, before int64, limit int,
	update func(done arauto.Chunk, j *arauto.Job),
) (arauto.Chunk, arauto.Job, error) {
	who := e.Who
	who.Campaigns = []int64{j.Campaign}
	ids, err := s.MatchIDs(ctx, j.Account, who, before, limit)
	if err != nil {
		return arauto.Chunk{}, j, err
	}
	chunk := arauto.Chunk{}
	stored := j
	err = s.db.write(ctx, func(t querier) error {
		job, err := s.runningJob(ctx, t, now, l, j)
		if err != nil {
			return err
		}
		w := &editing{store: s, now: now, edit: e}
		if err := w.load(ctx, t, j); err != nil {
			return err
		}
		chunk = arauto.Chunk{Last: before, Looked: len(ids), End: len(ids) < limit}
		if len(ids) > 0 {
			chunk.Last = ids[len(ids)-1]
			if err := w.do(ctx, t, ids, &chunk); err != nil {
				return err
			}
		}
		stored = j
		stored.State = job.State
		update(chunk, &stored)
		if err := saveProgress(ctx, t, stored); err != nil || !chunk.End {
			return err
		}
		return s.audit(ctx, t, now, e.By, "campaign.contacts."+string(e.Action), subject("campaign", j.Campaign), detail("job", fmt.Sprint(j.ID),
			"changed", fmt.Sprint(stored.Accepted), "refused", fmt.Sprint(stored.Rejected)))
	})
	if err != nil {
		return arauto.Chunk{}, j, doing("edit a chunk of contacts", err)
	}
	return chunk, stored, nil
}

// editing is one transaction of an edit.
type editing struct {
	store    *Store
	now      time.Time
	edit     arauto.Edit
	campaign arauto.Campaign
}

// load holds the campaign until the commit, as deciding does.
func (w *editing) load(ctx context.Context, t querier, j arauto.Job) (err error) {
	w.campaign, err = one(ctx, t, scanCampaign, `SELECT `+campaignColumns+` FROM campaign WHERE account_id = $1 AND id = $2`+w.store.db.lock(), j.Account, j.Campaign)
	if err != nil {
		return missing(err, "campaign", j.Campaign)
	}
	if w.edit.Action == arauto.EditRequeue {
		return w.campaign.TriesAgain(w.edit.Reopen)
	}
	return nil
}

func (w *editing) do(ctx context.Context, t querier, ids []int64, chunk *arauto.Chunk) error {
	contacts, err := w.store.contactsByID(ctx, t, w.campaign.Account, ids)
	if err != nil {
		return err
	}
	flying, err := w.flying(ctx, t, contacts)
	if err != nil {
		return err
	}
	var changed []contactChange
	for _, id := range ids {
		c, there := contacts[id]
		if !there || !c.DeletedAt.IsZero() || c.Campaign != w.campaign.ID || len(w.edit.Who.States) > 0 && !slices.Contains(w.edit.Who.States, c.State) {
			continue // somebody else was faster
		}
		next, err := c.Edited(w.edit.Action, w.now)
		if err != nil || flying[id] {
			chunk.Refused++
			continue
		}
		changed = append(changed, contactChange{old: c, new: next})
		chunk.Changed++
	}
	if len(changed) == 0 {
		return nil
	}
	if w.edit.Action == arauto.EditRemove {
		return w.remove(ctx, t, changed)
	}
	counts := changes{}
	if err := w.store.saveLocked(ctx, t, w.now, changed, counts); err != nil {
		return err
	}
	if err := counts.apply(ctx, t, w.campaign.Account, slotList); err != nil {
		return err
	}
	if w.edit.Action != arauto.EditRequeue || w.campaign.State != arauto.CampaignCompleted {
		return nil
	}
	_, err = w.store.moveCampaign(ctx, t, w.edit.By, w.now, w.campaign, arauto.CampaignReopen, "")
	return err
}

// flying is to whom something is in flight: their rows do not say so yet.
func (w *editing) flying(ctx context.Context, t querier, contacts map[int64]arauto.Contact) (map[int64]bool, error) {
	var keys []string
	for _, c := range contacts {
		keys = append(keys, c.PersonKey)
	}
	slices.Sort(keys)
	list, err := all(ctx, t, scanInt, `SELECT contact_id FROM intent WHERE `+w.store.db.keyed("person_key", "$1", "$2"), w.campaign.Account, w.store.db.list(keys))
	flying := make(map[int64]bool, len(list))
	for _, id := range list {
		flying[id] = true
	}
	return flying, err
}

// remove takes contacts out, and out of every count.
func (w *editing) remove(ctx context.Context, t querier, list []contactChange) error {
	args := make([][]any, len(list))
	states, missed, dialled, prefixes := changes{}, failures{}, dialCounts{}, map[string]int64{}
	for i, ch := range list {
		args[i] = []any{ch.old.Account, ch.old.ID, ch.old.Version, ms(ch.new.DeletedAt), ms(w.now)}
		states.add(ch.old.Campaign, ch.old.State, -1)
		missed.moved(ch.old, ch.new)
		dialled.moved(ch.old, ch.new)
		prefixes[prefixOf(ch.old)]--
	}
	written, err := t.each(ctx, `UPDATE contact SET deleted_at = $4, updated_at = $5, due_at = 0, version = version + 1 WHERE account_id = $1 AND id = $2 AND version = $3`, args)
	if err != nil {
		return err
	}
	if slices.Contains(written, 0) {
		return errLostRow
	}
	if err := applyPrefixes(ctx, t, w.campaign.Account, w.campaign.ID, prefixes); err != nil {
		return err
	}
	if err := states.apply(ctx, t, w.campaign.Account, slotList); err != nil {
		return err
	}
	if err := missed.apply(ctx, t); err != nil {
		return err
	}
	return dialled.apply(ctx, t)
}
