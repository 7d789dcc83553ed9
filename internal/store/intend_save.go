package store

import (
	"context"
	"slices"
	"time"

	"arauto"
)

// save writes down what the gate decided: the intents of those that go, and what became of the others.
func (in *intending) save(ctx context.Context, t querier) error {
	going := make([]contactChange, 0, len(in.changed))
	var rest []contactChange
	for _, ch := range in.changed {
		if in.answers[ch.at].Verdict.Outcome == arauto.Go {
			going = append(going, ch)
			continue
		}
		rest = append(rest, ch)
	}
	if err := in.saveIntents(ctx, t, going); err != nil {
		return err
	}
	if err := in.store.addReach(ctx, t, in.reach); err != nil {
		return err
	}
	if err := in.store.addRamp(ctx, t, in.ramp); err != nil {
		return err
	}
	written, err := in.store.saveContacts(ctx, t, in.now, rest)
	if err != nil {
		return err
	}
	for i, ch := range rest {
		if written[i] == 0 {
			in.stale(ch.at)
			continue
		}
		in.counts.moved(ch.old.Campaign, ch.old.State, ch.new.State)
		in.answers[ch.at].Contact = ch.new
	}
	return nil
}

// saveIntents makes intents durable, of contacts that are as they were read. The contact's own row is left as it is
// until the answer comes: see the table intent.
func (in *intending) saveIntents(ctx context.Context, t querier, going []contactChange) error {
	intents, at := make([][]any, 0, len(going)), make([]int, 0, len(going))
	for i, ch := range going {
		if in.versions[ch.old.ID] != ch.old.Version {
			continue
		}
		at = append(at, i)
		intents = append(intents, []any{
			in.account, ch.old.PersonKey, ch.old.ID, ch.new.Attempt, ch.old.Campaign, in.sender, int64(ch.new.Attempts), in.store.epoch, ms(in.now),
		})
	}
	kept, err := in.store.keepIntents(ctx, t, intents)
	if err != nil {
		return err
	}
	made := make([]bool, len(going))
	for k, i := range at {
		made[i] = kept[k] == 1
	}
	if err := in.changedMeanwhile(ctx, t, going, made); err != nil {
		return err
	}
	var not []contactChange
	for i, ch := range going {
		if !made[i] {
			not = append(not, ch)
			continue
		}
		in.answers[ch.at].Attempt = arauto.Attempt{
			ID: ch.new.Attempt, Account: in.account, Campaign: ch.old.Campaign, Contact: ch.old.ID, Sender: in.sender,
			Previous: ch.old.Attempt, Number: ch.new.Attempts, Epoch: in.store.epoch, State: arauto.AttemptOpen, IntendedAt: in.now,
		}
	}
	in.ramp.add(-len(not))
	for _, ch := range not {
		if g := in.campaigns[ch.old.Campaign]; g.room >= 0 {
			g.room++
		}
	}
	if err := in.notMade(ctx, t, not); err != nil {
		return err
	}
	return in.reserve(ctx, t, going)
}

// changedMeanwhile takes back the intents for contacts that were written, and for people whom another sender
// wrote to and had its answer recorded, between our look at them and now: an insert may have waited for another's
// flight to the same person to end. Now that the intents are there nobody else can begin. SQLite has one writer,
// and no meanwhile.
func (in *intending) changedMeanwhile(ctx context.Context, t querier, going []contactChange, made []bool) error {
	if !in.store.db.postgres() || len(going) == 0 {
		return nil
	}
	keys, before := make([]string, len(going)), in.touches
	for i, ch := range going {
		keys[i] = ch.old.PersonKey
	}
	if err := in.loadContacts(ctx, t, keys); err != nil {
		return err
	}
	now := in.touches
	in.touches = before
	// Where an account has no caps, only the contact itself counts.
	capped := len(in.rules.rules.Caps)+len(in.rules.rules.Packs) > 0
	var back [][]any
	for i, ch := range going {
		known := before[ch.old.PersonKey]
		known = known[:len(known)-1] // the last is what was decided just now
		touched := capped && now[ch.old.PersonKey].Latest().After(known.Latest())
		if made[i] && (touched || in.versions[ch.old.ID] != ch.old.Version) {
			made[i], back = false, append(back, []any{in.account, ch.old.PersonKey, ch.new.Attempt})
		}
	}
	_, err := in.store.run(ctx, t, deleteIntent, back)
	return err
}

// notMade says why intents were not made: something is in flight to the person, from whichever campaign
// and sender, or the contact was changed since it was read.
func (in *intending) notMade(ctx context.Context, t querier, list []contactChange) error {
	if len(list) == 0 {
		return nil
	}
	keys := make([]string, len(list))
	for i, ch := range list {
		keys[i] = ch.old.PersonKey
	}
	flying, err := all(ctx, t, scanText, `SELECT person_key FROM intent WHERE `+in.store.db.keyed("person_key", "$1", "$2"), in.account, in.store.db.list(keys))
	if err != nil {
		return err
	}
	for _, ch := range list {
		if !slices.Contains(flying, ch.old.PersonKey) {
			in.stale(ch.at)
			continue
		}
		in.answers[ch.at] = arauto.Intended{
			Contact: ch.old, InFlight: true, Verdict: arauto.Verdict{Outcome: arauto.Wait, Reason: arauto.ReasonJustContacted, Until: in.now.Add(time.Second)},
		}
	}
	return nil
}

// stale notes that a contact was changed since it was read.
func (in *intending) stale(i int) {
	in.answers[i] = arauto.Intended{Contact: in.answers[i].Contact, Stale: true, Verdict: arauto.Verdict{Outcome: arauto.Done, Reason: arauto.ReasonSettled}}
}
