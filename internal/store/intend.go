package store

import (
	"context"
	"time"

	"arauto"
)

// Intend asks the gate for each contact and makes the attempts it allows durable, all in one
// transaction that holds the sender's fence, its campaigns' states, the suppressions and each person's
// last touch. When it returns, every attempt in the answer may be posted, and no other. list holds
// contacts of campaigns of that sender; the answers are in its order.
func (s *Store) Intend(ctx context.Context, now time.Time, lease arauto.Lease, sender int64, list []arauto.Candidate) ([]arauto.Intended, error) {
	return s.Advance(ctx, now, lease, sender, nil, list)
}

// Advance is Record and Intend in one transaction: a busy line does both each time, and the disk is
// synced once. When the lease is no longer held the answers are recorded all the same, nothing is
// intended, and the error is a conflict.
func (s *Store) Advance(ctx context.Context, now time.Time, lease arauto.Lease, sender int64, answers []arauto.Answer, list []arauto.Candidate) ([]arauto.Intended, error) {
	if len(list) == 0 {
		return nil, s.Record(ctx, now, lease.Account, answers)
	}
	ids, err := s.ids.take(ctx, lease.Account, "attempt", len(list))
	if err != nil {
		return nil, err
	}
	in := intending{store: s, now: now, account: lease.Account, sender: sender, ids: ids}
	var lost error
	err = s.db.write(ctx, func(t querier) error {
		in.answers, lost = nil, nil
		if err := s.record(ctx, t, now, lease.Account, answers); err != nil {
			return err
		}
		if lost = s.fenced(ctx, t, now, lease); lost != nil {
			if arauto.KindOf(lost) == arauto.KindConflict {
				return nil
			}
			return lost
		}
		return in.run(ctx, t, list)
	})
	if err == nil {
		err = lost
	}
	return in.answers, err
}

// intending is one call of Intend.
type intending struct {
	store   *Store
	now     time.Time
	account int64
	sender  int64
	ids     []int64 // of attempts

	pause        string
	campaigns    map[int64]*campaignGate
	suppressions map[string][]arauto.Suppression
	touched      map[string]time.Time

	answers []arauto.Intended
	changed []contactChange
	counts  changes
}

// campaignGate is a campaign as the gate sees it, and how many more may go before it holds.
type campaignGate struct {
	campaign  arauto.Campaign
	template  arauto.Template // read only where a message is to be filled
	marketing bool
	room      int64 // -1 = no limit
}

func (in *intending) run(ctx context.Context, t querier, list []arauto.Candidate) error {
	in.answers, in.changed, in.counts = make([]arauto.Intended, len(list)), nil, changes{}
	if err := in.load(ctx, t, list); err != nil {
		return err
	}
	for i, c := range list {
		if err := in.decide(i, c); err != nil {
			return err
		}
	}
	if err := in.save(ctx, t); err != nil {
		return err
	}
	if err := in.counts.apply(ctx, t, in.account, slotDispatch); err != nil {
		return err
	}
	return in.hold(ctx, t)
}

func (in *intending) load(ctx context.Context, t querier, list []arauto.Candidate) error {
	keys := make([]string, len(list))
	campaigns := map[int64]bool{}
	for i, c := range list {
		keys[i] = c.Contact.PersonKey
		campaigns[c.Contact.Campaign] = true
	}
	var err error
	if in.pause, err = one(ctx, t, scanText, `SELECT pause FROM sender WHERE account_id = $1 AND id = $2`, in.account, in.sender); err != nil {
		return missing(err, "sender", in.sender)
	}
	in.campaigns = map[int64]*campaignGate{}
	for id := range campaigns {
		if in.campaigns[id], err = in.loadCampaign(ctx, t, id); err != nil {
			return err
		}
	}
	return in.loadPeople(ctx, t, keys)
}

// loadPeople reads what holds for the persons: their suppressions and when they were last touched.
func (in *intending) loadPeople(ctx context.Context, t querier, keys []string) (err error) {
	if in.suppressions, err = in.store.suppressionsOf(ctx, t, in.account, keys); err != nil {
		return err
	}
	touches, err := all(ctx, t, scanNamed, `SELECT key, last_touch_at FROM person WHERE `+in.store.db.keyed("key", "$1", "$2"), in.account, in.store.db.list(keys))
	in.touched = make(map[string]time.Time, len(touches))
	for _, p := range touches {
		in.touched[p.name] = moment(p.id)
	}
	return err
}

func scanText(r rows) (s string, err error) { return s, r.Scan(&s) }

// loadCampaign keeps the campaign's row as it is until the commit: whoever pauses it waits for this
// transaction, and everything after the pause sees it.
func (in *intending) loadCampaign(ctx context.Context, t querier, id int64) (*campaignGate, error) {
	lock := ""
	if in.store.db.postgres() {
		lock = ` FOR SHARE`
		// Who counts down to a hold does it alone.
		holds, err := one(ctx, t, scanInt, `SELECT hold_after FROM campaign WHERE account_id = $1 AND id = $2`, in.account, id)
		if err != nil {
			return nil, missing(err, "campaign", id)
		}
		if holds > 0 {
			lock = ` FOR UPDATE`
		}
	}
	c, err := one(ctx, t, scanCampaign, `SELECT `+campaignColumns+` FROM campaign WHERE account_id = $1 AND id = $2`+lock, in.account, id)
	if err != nil {
		return nil, missing(err, "campaign", id)
	}
	category, err := one(ctx, t, scanText, `SELECT category FROM template WHERE account_id = $1 AND id = $2`, in.account, c.Template)
	if err != nil {
		return nil, missing(err, "template", c.Template)
	}
	g := &campaignGate{campaign: c, marketing: arauto.Template{Category: category}.Marketing(), room: -1}
	if c.HoldAfter > 0 {
		counts, err := in.store.counts(ctx, t, in.account, []int64{id})
		if err != nil {
			return nil, err
		}
		g.room = max(0, int64(c.HoldAfter)-counts[id].Tried())
	}
	return g, nil
}

func (in *intending) decide(i int, candidate arauto.Candidate) error {
	c := candidate.Contact
	g := in.campaigns[c.Campaign]
	input := in.input(c)
	input.Unfit = candidate.Unfit
	v := arauto.Decide(input, in.now)
	if v.Outcome == arauto.Go && (g.campaign.Sender != in.sender || candidate.Version != 0 && candidate.Version != g.campaign.Version) {
		// The campaign was changed since the message was filled: what was filled is not what is wanted now.
		v = arauto.Verdict{Outcome: arauto.Wait, Reason: arauto.ReasonCampaignState, Words: "changed a moment ago"}
	}
	if v.Outcome == arauto.Go && g.room == 0 {
		v = arauto.Verdict{Outcome: arauto.Wait, Reason: arauto.ReasonCampaignState, Words: heldWords}
	}
	next, err := in.consequence(i, c, v)
	if err != nil {
		return err
	}
	in.answers[i].Verdict, in.answers[i].Contact = v, next
	if v.Outcome == arauto.Go {
		if g.room > 0 {
			g.room--
		}
		in.touched[c.PersonKey] = in.now
	}
	if v.Outcome != arauto.Done && (next.State != c.State || !next.DueAt.Equal(c.DueAt)) {
		in.changed = append(in.changed, contactChange{at: i, old: c, new: next})
	}
	return nil
}

// input is what the gate looks at for c.
func (in *intending) input(c arauto.Contact) arauto.GateInput {
	g := in.campaigns[c.Campaign]
	return arauto.GateInput{
		Contact: c, Campaign: g.campaign, SenderPause: in.pause, Marketing: g.marketing,
		Suppressions: in.suppressions[c.PersonKey], LastTouch: in.touched[c.PersonKey],
	}
}

const heldWords = "held after the first contacts, as asked: look at the results, then resume"

// consequence is the contact after the verdict.
func (in *intending) consequence(i int, c arauto.Contact, v arauto.Verdict) (arauto.Contact, error) {
	switch v.Outcome {
	case arauto.Go:
		return c.Apply(arauto.Event{Kind: arauto.EventIntended, At: in.now, Attempt: in.ids[i]})
	case arauto.Suppress:
		return c.Apply(arauto.Event{Kind: arauto.EventSuppressed, At: in.now, Reason: v.Reason, Detail: v.Words})
	case arauto.Fail:
		return c.Apply(arauto.Event{Kind: arauto.EventRefused, At: in.now, Reason: v.Reason, Detail: v.Words})
	}
	if v.Until.After(c.DueAt) {
		c.DueAt, c.UpdatedAt = v.Until, in.now
	}
	return c, nil
}

// saveContacts writes what became of the contacts. Those about to be sent are nearly all of them, and
// change little: updated_at, which an index follows, moves when the answer is known.
func (in *intending) saveContacts(ctx context.Context, t querier) ([]int64, error) {
	written := make([]int64, len(in.changed))
	var sending [][]any
	var at, others []int
	for i, ch := range in.changed {
		if ch.new.State != arauto.ContactSending {
			others = append(others, i)
			continue
		}
		at = append(at, i)
		sending = append(sending, []any{in.account, ch.old.ID, ch.old.Version, ch.new.Attempt, int64(ch.new.Attempts)})
		in.changed[i].new.Version, in.changed[i].new.UpdatedAt = ch.old.Version+1, ch.old.UpdatedAt
	}
	done, err := in.store.run(ctx, t, intendContact, sending)
	if err != nil {
		return nil, err
	}
	for i, n := range done {
		written[at[i]] = n
	}
	rest := make([]contactChange, len(others))
	for i, k := range others {
		rest[i] = in.changed[k]
	}
	if done, err = in.store.saveContacts(ctx, t, in.now, rest); err != nil {
		return nil, err
	}
	for i, k := range others {
		written[k], in.changed[k] = done[i], rest[i]
	}
	return written, nil
}

// save writes contacts first: an attempt is made only for a contact that was still as it was read.
func (in *intending) save(ctx context.Context, t querier) error {
	written, err := in.saveContacts(ctx, t)
	if err != nil {
		return err
	}
	var attempts, people [][]any
	for n, ch := range in.changed {
		a := &in.answers[ch.at]
		if written[n] == 0 {
			a.Stale, a.Verdict = true, arauto.Verdict{Outcome: arauto.Done, Reason: arauto.ReasonSettled}
			continue
		}
		in.counts.moved(ch.old.Campaign, ch.old.State, ch.new.State)
		a.Contact = ch.new
		if a.Verdict.Outcome != arauto.Go {
			continue
		}
		c := ch.new
		a.Attempt = arauto.Attempt{
			ID: c.Attempt, Account: in.account, Campaign: c.Campaign, Contact: c.ID, Sender: in.sender,
			Previous: ch.old.Attempt, Number: c.Attempts, Epoch: in.store.epoch, State: arauto.AttemptOpen, IntendedAt: in.now,
		}
		attempts = append(attempts, []any{in.account, c.Attempt, c.Campaign, c.ID, in.sender, ch.old.Attempt, int64(c.Attempts), in.store.epoch, ms(in.now)})
		people = append(people, []any{in.account, c.PersonKey, c.Name, ms(in.now)})
	}
	return in.insert(ctx, t, attempts, people)
}

func (in *intending) insert(ctx context.Context, t querier, attempts, people [][]any) error {
	if _, err := in.store.run(ctx, t, insertAttempt, attempts); err != nil {
		return err
	}
	_, err := in.store.run(ctx, t, touchPerson, people)
	return err
}

// hold pauses a campaign whose first contacts have all gone.
func (in *intending) hold(ctx context.Context, t querier) error {
	for id, g := range in.campaigns {
		if g.room != 0 {
			continue
		}
		next, err := g.campaign.Apply(arauto.CampaignPause, heldWords, in.now)
		if err != nil || next.State == g.campaign.State {
			continue // paused or ended by somebody else: nothing to hold
		}
		if _, err := t.exec(ctx, `UPDATE campaign SET state = $3, pause = $4, updated_at = $5, version = version + 1 WHERE account_id = $1 AND id = $2`,
			in.account, id, next.State, next.Pause, ms(in.now)); err != nil {
			return err
		}
		if err := in.store.audit(ctx, t, in.now, arauto.System(in.account), "campaign.pause", subject("campaign", id), detail("why", heldWords)); err != nil {
			return err
		}
	}
	return nil
}
