package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"arauto"
)

// GateInputs is what the gate looks at, at now, for those contacts, by ascending id: for `why` and the dry run,
// which ask the same function on the same input as the engine does. Campaigns that have no sender or
// template yet are looked at without.
func (s *Store) GateInputs(ctx context.Context, now time.Time, account int64, contacts []int64) (list []arauto.GateInput, err error) {
	err = s.db.read(ctx, func(q querier) error {
		list = nil
		rows, err := all(ctx, q, scanContact, `SELECT `+contactColumns+` FROM contact WHERE `+s.db.keyed("id", "$1", "$2")+` ORDER BY id`, account, s.db.list(contacts))
		if err != nil {
			return err
		}
		in := &intending{store: s, now: now, account: account, campaigns: map[int64]*campaignGate{}}
		if in.rules, err = s.accountGate(ctx, q, account); err != nil {
			return err
		}
		seen := map[int64]looked{}
		keys := make([]string, len(rows))
		for i, c := range rows {
			keys[i] = c.PersonKey
			if err := in.look(ctx, q, c.Campaign, seen); err != nil {
				return err
			}
		}
		if err := in.loadPeople(ctx, q, keys); err != nil {
			return err
		}
		if err := in.lookAtBudgets(ctx, q, seen, keys); err != nil {
			return err
		}
		flights, err := all(ctx, q, scanFlight, `SELECT `+flightColumns+` FROM intent i WHERE `+s.db.keyed("i.person_key", "$1", "$2"), account, s.db.list(keys))
		if err != nil {
			return err
		}
		for _, f := range flights {
			i, found := slices.BinarySearchFunc(rows, f.contact, func(c arauto.Contact, id int64) int { return cmp.Compare(c.ID, id) })
			if found {
				rows[i] = flying(rows[i], f)
			}
		}
		for _, c := range rows {
			l := seen[c.Campaign]
			in.stopped, in.reach, in.ramp = l.stopped, l.reach, l.ramp
			input := in.input(c)
			input.SenderPause = l.sender.Pause
			g := in.campaigns[c.Campaign]
			if _, err := g.template.Render(g.campaign.Mapping, c); err != nil && c.State == arauto.ContactPending {
				input.Unfit = err.Error()
			}
			list = append(list, input)
		}
		return nil
	})
	return list, err
}

// looked is what the gate is told of a campaign's sender.
type looked struct {
	sender  arauto.Sender
	stopped map[string]arauto.StoppedCountry
	reach   *reach
	ramp    *ramp
}

// lookAtBudgets reads what the senders may still send to those people.
func (in *intending) lookAtBudgets(ctx context.Context, q querier, seen map[int64]looked, keys []string) error {
	for id, l := range seen {
		if err := in.budgets(ctx, q, l.sender, keys); err != nil {
			return err
		}
		l.reach, l.ramp = in.reach, in.ramp
		seen[id] = l
	}
	return nil
}

// look reads a campaign for the gate without holding its row.
func (in *intending) look(ctx context.Context, q querier, id int64, seen map[int64]looked) error {
	if in.campaigns[id] != nil {
		return nil
	}
	c, err := in.store.campaign(ctx, q, in.account, id)
	if err != nil {
		return err
	}
	g := &campaignGate{campaign: c, marketing: true, room: -1}
	if c.Template != 0 {
		t, err := in.store.template(ctx, q, in.account, c.Template)
		if err != nil {
			return err
		}
		g.marketing, g.needsPhone, g.template = t.Marketing(), t.NeedsPhone(), t
	}
	if c.Sender != 0 {
		sender, err := in.store.sender(ctx, q, in.account, c.Sender)
		if err != nil {
			return err
		}
		l := looked{sender: sender}
		if l.stopped, err = in.store.stopped(ctx, q, in.account, sender.WABA); err != nil {
			return err
		}
		seen[id] = l
	}
	in.campaigns[id] = g
	return nil
}
