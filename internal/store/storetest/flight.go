package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

// Held is a store whose transactions can be stopped just before their commit, to see what others do meanwhile.
type Held interface {
	RecordHeld(ctx context.Context, now time.Time, account int64, answers []arauto.Answer, hold func()) error
	IntendHeld(ctx context.Context, now time.Time, lease arauto.Lease, sender int64, list []arauto.Candidate, hold func()) ([]arauto.Intended, error)
	AddHeld(ctx context.Context, now time.Time, account, campaign int64, list []arauto.Contact, hold func()) error
	ApplyHeld(ctx context.Context, now time.Time, account arauto.Account, app int64, facts []arauto.Fact, hold func()) error
}

// Flights is what messages in flight keep from happening, also while two transactions are under way.
func Flights(t *testing.T, open func(t *testing.T) (*store.Store, Held)) {
	for name, test := range map[string]func(*testing.T, *store.Store, Held){
		"a campaign that moves to another number while a message is in flight": flightMoves,
		"a warm-up counts two transactions of one line":                        flightWarmsUp,
		"a ceiling counts two transactions of one line":                        flightCosts,
		"what is left of a number whose campaign moved away is found":          flightIsFound,
		"who is being sent to is listed and counted as that":                   flightIsListed,
		"and is beside any other state, and never among those who wait":        flightStates,
		"one message to a person at a time, however it landed":                 flightLands,
		"a hold outlives a pause of the engine's":                              flightHolds,
		"one person, whoever names an id at the same moment":                   flightOnePerson,
	} {
		t.Run(name, func(t *testing.T) {
			s, held := open(t)
			test(t, s, held)
		})
	}
}

// holding runs fn, whose transaction stops before its commit until the time is up, and returns once it stands.
func holding(fn func(hold func()) error) (done chan error) {
	stands, done := make(chan struct{}), make(chan error, 1)
	first := true
	go func() {
		done <- fn(func() {
			if first {
				first = false
				close(stands)
			}
			time.Sleep(200 * time.Millisecond)
		})
	}()
	<-stands
	return done
}

func candidates(list []arauto.Contact) (out []arauto.Candidate) {
	for _, c := range list {
		out = append(out, arauto.Candidate{Contact: c})
	}
	return out
}

func went(list []arauto.Intended) (n int) {
	for _, in := range list {
		if in.Verdict.Outcome == arauto.Go {
			n++
		}
	}
	return n
}

// move gives campaign i of n to another of its senders, as after a failure of the first.
func (n *numbers) move(i, to int) {
	n.t.Helper()
	ctx, now, system := n.t.Context(), base(), arauto.System(n.account)
	_, err := n.s.ChangeCampaign(ctx, system, now, n.account, n.campaigns[i], arauto.CampaignPause, "failover")
	ok(n.t, err)
	c, err := n.s.Campaign(ctx, n.account, n.campaigns[i])
	ok(n.t, err)
	c.Sender = n.senders[to].ID
	_, err = n.s.UpdateCampaign(ctx, system, now, c)
	ok(n.t, err)
	_, err = n.s.ChangeCampaign(ctx, system, now, n.account, n.campaigns[i], arauto.CampaignResume, "")
	ok(n.t, err)
}

func (n *numbers) due(i, limit int) []arauto.Contact {
	n.t.Helper()
	list, err := n.s.DueContacts(n.t.Context(), base(), n.account, n.campaigns[i], time.Time{}, 0, limit)
	ok(n.t, err)
	return list
}

func flightMoves(t *testing.T, s *store.Store, held Held) {
	n := newNumbers(t, s, nil)
	n.people(0, 0, 1)
	first, err := s.Intend(t.Context(), base(), n.leases[0], n.senders[0].ID, candidates(n.due(0, 10)))
	ok(t, err)
	n.move(0, 1)
	due := n.due(0, 10)
	answer := arauto.Answer{Contact: first[0].Contact, Attempt: first[0].Attempt, Event: accepted(base()), Receipt: arauto.Receipt{ProviderID: "wamid.1"}}
	done := holding(func(hold func()) error {
		return held.RecordHeld(t.Context(), base(), n.account, []arauto.Answer{answer}, hold)
	})
	second, err := s.Intend(t.Context(), base(), n.leases[1], n.senders[1].ID, candidates(due))
	ok(t, err)
	ok(t, <-done)
	if went(second) > 0 {
		t.Errorf("contact %d is written to twice: attempts %d and %d", due[0].ID, first[0].Attempt.ID, second[0].Attempt.ID)
	}
}

func flightWarmsUp(t *testing.T, s *store.Store, held Held) {
	n := newNumbers(t, s, func(sender *arauto.Sender) { sender.RampUp = 20 })
	n.people(0, 0, 40)
	due := n.due(0, 40)
	var a []arauto.Intended
	done := holding(func(hold func()) (err error) {
		a, err = held.IntendHeld(t.Context(), base(), n.leases[0], n.senders[0].ID, candidates(due[:20]), hold)
		return err
	})
	b, err := s.Intend(t.Context(), base(), n.leases[0], n.senders[0].ID, candidates(due[20:]))
	ok(t, err)
	ok(t, <-done)
	budget, err := s.RampUp(t.Context(), base(), n.senders[0])
	ok(t, err)
	if went(a)+went(b) != 20 || budget.Used != 20 {
		t.Errorf("%d and %d of 20 went; %d are counted", went(a), went(b), budget.Used)
	}
}

func flightCosts(t *testing.T, s *store.Store, held Held) {
	p := newPosted(t, s, 1)
	p.rates(arauto.Rate{Country: "BR", Category: "marketing", Currency: arauto.BRL, Micros: 100}, arauto.Rate{Country: "BR", Category: "utility", Currency: arauto.BRL, Micros: 100})
	var phones []arauto.Phone
	for i := range 20 {
		phones = append(phones, phoneOf(500+i))
	}
	id := p.capped(arauto.Money{Currency: arauto.BRL, Micros: 1000}, phones...)
	now := later().Add(time.Hour)
	due, err := s.DueContacts(t.Context(), now, p.account.ID, id, time.Time{}, 0, 20)
	ok(t, err)
	lease, _, err := s.Take(t.Context(), now, p.account.ID, "sender", "n1", time.Hour)
	ok(t, err)
	var a []arauto.Intended
	done := holding(func(hold func()) (err error) {
		a, err = held.IntendHeld(t.Context(), now, lease, p.business.sender.ID, candidates(due[:10]), hold)
		return err
	})
	b, err := s.Intend(t.Context(), now, lease, p.business.sender.ID, candidates(due[10:]))
	ok(t, err)
	ok(t, <-done)
	if went(a)+went(b) > 10 {
		t.Errorf("the ceiling is for 10: %d and %d went", went(a), went(b))
	}
}

func flightIsFound(t *testing.T, s *store.Store, _ Held) {
	n := newNumbers(t, s, nil)
	n.people(0, 0, 1)
	_, err := s.Intend(t.Context(), base(), n.leases[0], n.senders[0].ID, candidates(n.due(0, 10)))
	ok(t, err)
	n.move(0, 1)
	lost, err := s.Recover(t.Context(), base(), n.leases[0], n.senders[0].ID)
	ok(t, err)
	counts, err := s.Counts(t.Context(), n.account, nil)
	ok(t, err)
	if got := counts[n.campaigns[0]]; lost != 1 || got[arauto.ContactUnknown] != 1 || got[arauto.ContactSending] != 0 {
		t.Errorf("%d are lost: %v", lost, got)
	}
}

func flightIsListed(t *testing.T, s *store.Store, _ Held) {
	n := newNumbers(t, s, nil)
	n.people(0, 0, 3)
	n.people(1, 10, 2)
	_, err := s.Intend(t.Context(), base(), n.leases[0], n.senders[0].ID, candidates(n.due(0, 2)))
	ok(t, err)
	listed := func(what string, f arauto.ContactFilter, want int) {
		t.Helper()
		f.States = []arauto.ContactState{arauto.ContactSending}
		list, err := s.ContactRows(t.Context(), n.account, f, 0, 10)
		ok(t, err)
		count, err := s.CountContacts(t.Context(), n.account, f, 1<<53)
		ok(t, err)
		if len(list) != want || count != int64(want) {
			t.Errorf("%s: %d are listed and %d counted, want %d", what, len(list), count, want)
		}
		for _, r := range list {
			if r.State != arauto.ContactSending {
				t.Errorf("%s: contact %d is %s", what, r.ID, r.State)
			}
		}
	}
	listed("in flight", arauto.ContactFilter{}, 2)
	listed("of the campaign", arauto.ContactFilter{Campaigns: n.campaigns[:1]}, 2)
	listed("of another", arauto.ContactFilter{Campaigns: n.campaigns[1:2]}, 0)
	_, err = s.Recover(t.Context(), base(), n.leases[0], n.senders[0].ID)
	ok(t, err)
	listed("none any more", arauto.ContactFilter{}, 0)
}

// flightStates: whichever states are asked for together, whoever is in flight is among those sent to and not among
// those who wait: in lists of any page size, in counts, skips and edits, by every way in which contacts are found.
func flightStates(t *testing.T, s *store.Store, _ Held) {
	ctx := t.Context()
	n := newNumbers(t, s, nil)
	n.people(0, 0, 6)
	n.people(1, 10, 3)
	going, err := s.Intend(ctx, base(), n.leases[0], n.senders[0].ID, candidates(n.due(0, 3)))
	ok(t, err)
	ok(t, s.Record(ctx, base(), n.account, []arauto.Answer{{
		Contact: going[0].Contact, Attempt: going[0].Attempt, Event: arauto.Event{Kind: arauto.EventAccepted, At: base()}, Receipt: arauto.Receipt{ProviderID: "wamid.A"},
	}}))
	_, err = s.Intend(ctx, base(), n.leases[1], n.senders[1].ID, candidates(n.due(1, 1)))
	ok(t, err)
	everybody, err := s.ContactRows(ctx, n.account, arauto.ContactFilter{}, 0, 100)
	ok(t, err)
	states := []arauto.ContactState{arauto.ContactPending, arauto.ContactSending, arauto.ContactSent, arauto.ContactFailed}
	for mask := range 1 << len(states) {
		var asked []arauto.ContactState
		for i, state := range states {
			if mask>>i&1 == 1 {
				asked = append(asked, state)
			}
		}
		for way, f := range map[string]arauto.ContactFilter{
			"all": {}, "a campaign": {Campaigns: n.campaigns[:1]}, "a name": {Name: everybody[0].Name}, "a person": {PersonKeys: []string{everybody[len(everybody)-2].PersonKey}},
			"a channel": {Channel: arauto.ChannelWhatsApp}, "no calls": {Channel: arauto.ChannelVoice}, "at once": {Intent: arauto.IntentNow},
		} {
			f.States = asked
			what := fmt.Sprint(way, " ", asked)
			var want []int64
			for _, r := range everybody {
				if (len(asked) == 0 || slices.Contains(asked, r.State)) && (len(f.Campaigns) == 0 || r.Campaign == f.Campaigns[0]) && (f.Name == "" || r.Name == f.Name) &&
					(len(f.PersonKeys) == 0 || r.PersonKey == f.PersonKeys[0]) && f.Channel != arauto.ChannelVoice {
					want = append(want, r.ID)
				}
			}
			var got []int64
			for before := int64(0); ; {
				page, err := s.ContactRows(ctx, n.account, f, before, 2)
				ok(t, err)
				for _, r := range page {
					if got, before = append(got, r.ID), r.ID; len(asked) > 0 && !slices.Contains(asked, r.State) {
						t.Errorf("%s: contact %d is %s", what, r.ID, r.State)
					}
				}
				if len(page) < 2 {
					break
				}
			}
			same(t, what, got, want)
			count, err := s.CountContacts(ctx, n.account, f, 1<<53)
			ok(t, err)
			ids, err := s.MatchIDs(ctx, n.account, f, 0, 100)
			ok(t, err)
			if count != int64(len(want)) || !slices.Equal(ids, want) {
				t.Errorf("%s: %d are counted, %v matched; want %v", what, count, ids, want)
			}
			if len(want) > 1 {
				below, err := s.SkipContacts(ctx, n.account, f, 0, 1)
				ok(t, err)
				same(t, what+", skipped", below, want[0])
			}
			changed, err := s.UpdatedContacts(ctx, n.account, f, time.Time{}, 0, 100)
			ok(t, err)
			if len(changed) != len(want) && f.Intent == arauto.IntentAny {
				t.Errorf("%s: %d changed, want %d", what, len(changed), len(want))
			}
		}
	}
}

func flightLands(t *testing.T, s *store.Store, _ Held) {
	n := newNumbers(t, s, nil)
	n.people(0, 0, 1)
	n.people(1, 0, 1)
	try := func(i int) int {
		list, err := s.Intend(t.Context(), base(), n.leases[i], n.senders[i].ID, candidates(n.due(i, 10)))
		ok(t, err)
		return went(list)
	}
	if a, b := try(0), try(1); a != 1 || b != 0 {
		t.Fatalf("%d and %d went", a, b)
	}
	account, err := s.Account(t.Context(), n.account)
	ok(t, err)
	_, err = s.ApplyFacts(t.Context(), base(), account, n.business.app.ID, []arauto.Fact{{
		Kind: arauto.FactReply, At: base(), PhoneNumberID: n.senders[1].PhoneNumberID,
		Reply: arauto.Reply{ProviderID: "wamid.R", WAID: string(phoneOf(0))[1:], Kind: "text", Text: "oi"},
	}})
	ok(t, err)
	if try(1) > 0 {
		t.Error("a second message is in flight to one person")
	}
}

func flightHolds(t *testing.T, s *store.Store, _ Held) {
	n := newNumbers(t, s, nil)
	c, err := s.Campaign(t.Context(), n.account, n.campaigns[0])
	ok(t, err)
	h, err := s.CreateCampaign(t.Context(), arauto.System(n.account), base(), arauto.Campaign{
		Account: n.account, Sender: c.Sender, Template: c.Template, Name: "h", Channel: arauto.ChannelWhatsApp, Standing: true, HoldAfter: 10,
	})
	ok(t, err)
	_, err = s.ChangeCampaign(t.Context(), arauto.System(n.account), base(), n.account, h.ID, arauto.CampaignStart, "")
	ok(t, err)
	ok(t, s.Halt(t.Context(), base(), n.account, arauto.Halt{Scope: arauto.ScopeCampaign, Campaign: h.ID, Reason: arauto.ReasonProviderTrouble, After: 10 * time.Minute}))
	_, _, err = s.TendCampaigns(t.Context(), base().Add(11*time.Minute))
	ok(t, err)
	h, err = s.Campaign(t.Context(), n.account, h.ID)
	ok(t, err)
	if h.State != arauto.CampaignRunning || h.HoldAfter != 10 {
		t.Errorf("the campaign is %s and holds after %d", h.State, h.HoldAfter)
	}
}
