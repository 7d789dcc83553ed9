package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"arauto"
)

// Settle applies a person's decision to contacts of a campaign whose message's fate is unknown, and answers for
// each id in order: one that is no longer unknown keeps what settled it, and is a conflict. A contact that is to
// be sent to again is due at once; what is reported of its earlier message later still counts. reopen lets a
// completed campaign run again for it.
//
// The error is invalid or not found, or a conflict: the campaign takes nobody back. Then nothing is changed.
func (s *Store) Settle(ctx context.Context, actor arauto.Actor, now time.Time, account, campaign int64, d arauto.Decision, ids []int64, reopen bool) ([]arauto.Settled, error) {
	if err := d.Check(); err != nil {
		return nil, err
	}
	var answers []arauto.Settled
	err := s.db.write(ctx, func(t querier) error {
		w := &deciding{store: s, now: now, decision: d, from: []arauto.ContactState{arauto.ContactUnknown}, reopen: reopen, actor: actor}
		if err := w.load(ctx, t, account, campaign); err != nil {
			return err
		}
		contacts, err := s.contactsByID(ctx, t, account, ids)
		if err != nil {
			return err
		}
		if answers, err = w.each(ctx, t, contacts, ids); err != nil {
			return err
		}
		if err := w.finish(ctx, t); err != nil || len(w.done) == 0 {
			return err
		}
		return s.audit(ctx, t, now, actor, "campaign.settle", subject("campaign", campaign),
			detail("decision", string(d), "changed", fmt.Sprint(len(w.done)), "refused", fmt.Sprint(len(ids)-len(w.done)), "contacts", jsonOf(w.done)))
	})
	return answers, doing("settle contacts", err)
}

// DecideChunk applies b to the next contacts of the job's campaign, those that it picks among up to limit behind
// the id after, and stores what update makes of the job, both or neither: work that goes on after a crash
// decides nothing twice. update may run more than once, each time on j as it was given. The job is returned
// as stored. The last chunk writes the audit entry of the whole.
//
// It is a conflict when the lease moved on, the job is no longer running or the campaign takes nobody back.
func (s *Store) DecideChunk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, b arauto.Bulk, after int64, limit int,
	update func(done arauto.Chunk, j *arauto.Job),
) (arauto.Chunk, arauto.Job, error) {
	var chunk arauto.Chunk
	var stored arauto.Job
	err := s.db.write(ctx, func(t querier) error {
		job, err := s.runningJob(ctx, t, now, l, j)
		if err != nil {
			return err
		}
		w := &deciding{store: s, now: now, decision: b.Decision, from: b.Who.States, reopen: b.Reopen, actor: b.By}
		if err := w.load(ctx, t, j.Account, j.Campaign); err != nil {
			return err
		}
		if chunk, err = w.chunk(ctx, t, b.Who, after, limit); err != nil {
			return err
		}
		if err := w.finish(ctx, t); err != nil {
			return err
		}
		stored = j
		stored.State = job.State
		update(chunk, &stored)
		if err := saveProgress(ctx, t, stored); err != nil || !chunk.End {
			return err
		}
		return s.audit(ctx, t, now, b.By, bulkAction[j.Kind], subject("campaign", j.Campaign), detail("job", fmt.Sprint(j.ID),
			"decision", string(b.Decision), "changed", fmt.Sprint(stored.Accepted), "refused", fmt.Sprint(stored.Rejected), "who", jsonOf(b.Who)))
	})
	if err != nil {
		return arauto.Chunk{}, j, doing("decide on a chunk of contacts", err)
	}
	return chunk, stored, nil
}

// bulkAction is what the audit calls the work of a job.
var bulkAction = map[arauto.JobKind]string{
	arauto.JobSettle: "campaign.settle", arauto.JobRetry: "campaign.retry", arauto.JobAudience: "campaign.audience", arauto.JobSuppressions: "suppression.import",
}

// runningJob is the job as stored, under its lease; a conflict once it has ended.
func (s *Store) runningJob(ctx context.Context, t querier, now time.Time, l arauto.Lease, j arauto.Job) (arauto.Job, error) {
	stored, err := s.leasedJob(ctx, t, now, l, j)
	if err == nil && stored.State != arauto.JobRunning {
		err = arauto.Errorf(arauto.KindConflict, "state", "job %d is %s: stop working on it", j.ID, stored.State)
	}
	return stored, err
}

// deciding is one transaction in which a person's decision is applied to contacts.
type deciding struct {
	store    *Store
	now      time.Time
	decision arauto.Decision
	from     []arauto.ContactState // whom it is about
	reopen   bool
	actor    arauto.Actor

	campaign arauto.Campaign
	counts   changes
	done     []int64 // contacts that were changed
}

// load holds the campaign until the commit: it must not complete between a contact's being put back and the
// moment that everybody sees it.
func (w *deciding) load(ctx context.Context, t querier, account, campaign int64) (err error) {
	w.campaign, err = one(ctx, t, scanCampaign, `SELECT `+campaignColumns+` FROM campaign WHERE account_id = $1 AND id = $2`+w.store.db.lock(), account, campaign)
	if err != nil {
		return missing(err, "campaign", campaign)
	}
	w.counts = changes{}
	if w.decision == arauto.DecideAgain {
		return w.campaign.TriesAgain(w.reopen)
	}
	return nil
}

// chunk decides on those that sel picks among the next contacts.
func (w *deciding) chunk(ctx context.Context, t querier, sel arauto.Selection, after int64, limit int) (arauto.Chunk, error) {
	ids, err := w.store.nextSelected(ctx, t, w.campaign.Account, w.campaign.ID, sel, after, limit)
	if err != nil {
		return arauto.Chunk{}, err
	}
	c := arauto.Chunk{Last: after, Looked: len(ids), End: len(ids) < limit}
	if len(ids) > 0 {
		c.Last = ids[len(ids)-1]
	}
	contacts, err := w.store.contactsByID(ctx, t, w.campaign.Account, ids)
	if err != nil {
		return c, err
	}
	picked := slices.DeleteFunc(ids, func(id int64) bool { return !sel.Picks(contacts[id]) })
	answers, err := w.each(ctx, t, contacts, picked)
	for _, a := range answers {
		if a.Err != nil {
			c.Refused++
		} else {
			c.Changed++
		}
	}
	return c, err
}

// each decides on the contacts of ids, which are locked, and answers in the order of ids.
func (w *deciding) each(ctx context.Context, t querier, contacts map[int64]arauto.Contact, ids []int64) ([]arauto.Settled, error) {
	attempts, err := w.attempts(ctx, t, contacts)
	if err != nil {
		return nil, err
	}
	answers := make([]arauto.Settled, len(ids))
	var changed []contactChange
	var told [][]any // attempts whose evidence grows
	for i, id := range ids {
		c, ok := contacts[id]
		if !ok || c.Campaign != w.campaign.ID || !c.DeletedAt.IsZero() {
			answers[i] = arauto.Settled{ID: id, Err: arauto.Errorf(arauto.KindNotFound, "", "there is no contact %d in campaign %q", id, w.campaign.Name)}
			continue
		}
		event := w.decision.Event(attempts[c.Attempt], w.actor.Name, w.now)
		next, err := w.decide(c, event)
		if answers[i] = (arauto.Settled{ID: id, State: next.State, Err: err}); err != nil {
			continue
		}
		changed = append(changed, contactChange{old: c, new: next})
		contacts[id] = next // named twice, it is settled by now
		w.done = append(w.done, id)
		a := attempts[c.Attempt]
		if known, err := a.Apply(event); err == nil && known != a {
			told = append(told, attemptUpdate(known, a.State))
		}
	}
	written, err := w.store.saveContacts(ctx, t, w.now, changed)
	if err != nil {
		return nil, err
	}
	for i, ch := range changed {
		if written[i] == 0 {
			return nil, errLostRow
		}
		w.counts.moved(w.campaign.ID, ch.old.State, ch.new.State)
	}
	_, err = w.store.run(ctx, t, updateAttempt, told)
	return answers, err
}

// decide asks the tables. An unknown outcome is settled once: who was settled by a fact is not sent to again.
func (w *deciding) decide(c arauto.Contact, e arauto.Event) (arauto.Contact, error) {
	if !slices.Contains(w.from, c.State) {
		return c, arauto.Errorf(arauto.KindConflict, "state", "contact %d is %s: there is nothing to decide", c.ID, c.State)
	}
	if e.Kind == arauto.EventAgain && !c.MayBeRetried() {
		return c, arauto.Errorf(arauto.KindConflict, "reason", "contact %d is never tried again: %s", c.ID, c.Reason.Words(arauto.English))
	}
	return c.Apply(e)
}

// attempts reads the latest attempt of each contact, after the contacts were locked.
func (w *deciding) attempts(ctx context.Context, t querier, contacts map[int64]arauto.Contact) (map[int64]arauto.Attempt, error) {
	if w.decision != arauto.DecideSent {
		return nil, nil
	}
	var ids []int64
	for _, c := range contacts {
		if c.Attempt != 0 {
			ids = append(ids, c.Attempt)
		}
	}
	slices.Sort(ids)
	return w.store.attemptsByID(ctx, t, w.campaign.Account, ids, w.store.db.lock())
}

func (s *Store) attemptsByID(ctx context.Context, q querier, account int64, ids []int64, lock string) (map[int64]arauto.Attempt, error) {
	list, err := all(ctx, q, scanAttempt, `SELECT `+attemptColumns+` FROM attempt WHERE `+s.db.keyed("id", "$1", "$2")+` ORDER BY id`+lock, account, s.db.list(ids))
	byID := make(map[int64]arauto.Attempt, len(list))
	for _, a := range list {
		byID[a.ID] = a
	}
	return byID, err
}

// finish writes the counts and reopens the campaign if somebody waits in it again.
func (w *deciding) finish(ctx context.Context, t querier) error {
	if err := w.counts.apply(ctx, t, w.campaign.Account, slotList); err != nil {
		return err
	}
	if len(w.done) == 0 || w.decision != arauto.DecideAgain || w.campaign.State != arauto.CampaignCompleted {
		return nil
	}
	_, err := w.store.moveCampaign(ctx, t, w.actor, w.now, w.campaign, arauto.CampaignReopen, "")
	return err
}

// nextSelected is the ids of up to limit contacts of a campaign behind after, ascending, that are in the states of
// sel: what else it asks for is judged on the rows. Each state is one ordered run of the index contact_state.
func (s *Store) nextSelected(ctx context.Context, q querier, account, campaign int64, sel arauto.Selection, after int64, limit int) ([]int64, error) {
	states := sel.States
	if len(states) == 0 {
		states = arauto.ContactStates()
	}
	upTo := sel.UpTo
	if upTo == 0 {
		upTo = 1 << 53
	}
	text, args := "", []any{account, campaign, after, upTo, limit}
	for i, state := range states {
		if i > 0 {
			text += " UNION ALL "
		}
		args = append(args, state)
		text += `SELECT id FROM (SELECT id FROM contact WHERE account_id = $1 AND campaign_id = $2 AND state = $` + itoa(len(args)) +
			` AND id > $3 AND id <= $4 AND deleted_at = 0 ORDER BY id LIMIT $5) s` + itoa(i)
	}
	return all(ctx, q, scanInt, `SELECT id FROM (`+text+`) m ORDER BY id LIMIT $5`, args...)
}

// Unknowns lists the contacts of a campaign whose message's fate is unknown, with what is known of it, by id
// from after.
func (s *Store) Unknowns(ctx context.Context, account, campaign, after int64, limit int) (list []arauto.Unknown, err error) {
	err = s.db.read(ctx, func(q querier) error {
		contacts, err := all(ctx, q, scanContact, `SELECT `+contactColumns+` FROM contact WHERE account_id = $1 AND campaign_id = $2
			AND state = 'unknown' AND deleted_at = 0 AND id > $3 ORDER BY id LIMIT $4`, account, campaign, after, limit)
		if err != nil {
			return err
		}
		ids := make([]int64, len(contacts))
		for i, c := range contacts {
			ids[i] = c.Attempt
		}
		attempts, err := s.attemptsByID(ctx, q, account, ids, "")
		if err != nil {
			return err
		}
		heard := map[int64]time.Time{} // by sender
		list = make([]arauto.Unknown, len(contacts))
		for i, c := range contacts {
			a := attempts[c.Attempt]
			if _, known := heard[a.Sender]; !known {
				if heard[a.Sender], err = lastHeard(ctx, q, account, a.Sender); err != nil {
					return err
				}
			}
			list[i] = arauto.Unknown{Contact: c, Attempt: a, WebhookAt: heard[a.Sender]}
		}
		return nil
	})
	return list, doing("list unknown outcomes", err)
}

// lastHeard is when the sender's app last sent a webhook, as far as the account's newest ones tell.
func lastHeard(ctx context.Context, q querier, account, sender int64) (time.Time, error) {
	at, err := one(ctx, q, scanInt, `SELECT COALESCE(MAX(w.received_at), 0) FROM (SELECT app_id, received_at FROM webhook WHERE account_id = $1
		ORDER BY id DESC LIMIT 1000) w WHERE w.app_id = (SELECT app_id FROM sender WHERE account_id = $1 AND id = $2)`, account, sender)
	return moment(at), err
}
