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
	var answered *recording
	if len(answers) > 0 {
		if answered, err = newRecording(now, answers); err != nil {
			return nil, err
		}
	}
	in := intending{store: s, now: now, account: lease.Account, sender: sender, ids: ids}
	var lost error
	err = s.db.write(ctx, func(t querier) error {
		in.answers, lost = nil, nil
		if err := s.record(ctx, t, now, lease.Account, answered); err != nil {
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
	stopped      map[string]arauto.StoppedCountry // of the sender's WABA, by calling code
	campaigns    map[int64]*campaignGate
	portfolio    int64 // of the sender
	reach        *reach
	ramp         *ramp
	rules        *accountGate
	suppressions map[string][]arauto.Suppression
	touches      map[string]arauto.Touches // by person, oldest first
	versions     map[int64]int64           // of contacts, as they are
	talking      map[string]bool           // who is in an open conversation; read only where a campaign asks

	answers []arauto.Intended
	changed []contactChange
	counts  changes
}

// campaignGate is a campaign as the gate sees it, and how many more may go before it holds.
type campaignGate struct {
	campaign  arauto.Campaign
	template  arauto.Template // read only where a message is to be filled
	marketing bool
	// needsPhone says that the template goes to no business-scoped id.
	needsPhone bool
	room       int64    // -1 = no limit
	ceiling    *ceiling // nil = none
}

func (in *intending) run(ctx context.Context, t querier, list []arauto.Candidate) error {
	in.answers, in.changed, in.counts = make([]arauto.Intended, len(list)), make([]contactChange, 0, len(list)), changes{}
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
	if err := in.pauseAtCeiling(ctx, t); err != nil {
		return err
	}
	return in.hold(ctx, t)
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
	if v.Outcome == arauto.Go {
		if wait, fits := g.ceiling.admit(in, c); !fits {
			v = wait
		}
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
		in.reach.touch(c.PersonKey)
		in.ramp.add(1)
		in.touches[c.PersonKey] = in.touches[c.PersonKey].Add(arauto.Touch{At: in.now, Campaign: c.Campaign, Channel: g.campaign.Channel}, in.now)
	}
	if v.Outcome != arauto.Done && (next.State != c.State || !next.DueAt.Equal(c.DueAt)) {
		in.changed = append(in.changed, contactChange{at: i, old: c, new: next})
	}
	return nil
}

// input is what the gate looks at for c.
func (in *intending) input(c arauto.Contact) arauto.GateInput {
	g := in.campaigns[c.Campaign]
	input := arauto.GateInput{
		Contact: c, Campaign: g.campaign, SenderPause: in.pause, Marketing: g.marketing, NeedsPhone: g.needsPhone,
		Suppressions: in.suppressions[c.PersonKey], LastTouch: in.touches[c.PersonKey].Latest(), Touches: in.touches[c.PersonKey],
		OpenConversation: in.talking[c.PersonKey],
	}
	if len(in.stopped) > 0 {
		if stop, closed := in.stopped[c.CallingCode()]; closed {
			input.StoppedCountry = &stop
		}
	}
	in.reach.fill(&input)
	in.ramp.fill(&input)
	in.rules.ask(in.store, &input)
	return input
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
	// What many wait for is in nobody's row: they would all be due at once, and few could go.
	if v.Until.After(c.DueAt) && !v.Shared() {
		c.DueAt, c.UpdatedAt = v.Until, in.now
	}
	return c, nil
}

// hold pauses a campaign whose first contacts have all gone.
func (in *intending) hold(ctx context.Context, t querier) error {
	for _, g := range in.campaigns {
		if g.room != 0 {
			continue
		}
		next, err := g.campaign.Apply(arauto.CampaignPause, heldWords, in.now)
		if err != nil || next.State == g.campaign.State {
			continue // paused or ended by somebody else: nothing to hold
		}
		if _, err := in.store.saveMove(ctx, t, arauto.System(in.account), in.now, g.campaign, next, arauto.CampaignPause, heldWords); err != nil {
			return err
		}
	}
	return nil
}
