package storetest

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

// A Place is where a database may stand: its address, and a way to open it.
type Place struct {
	Address string
	Open    func(t *testing.T) *store.Store
}

// Restore takes a backup in first, has that life go on, and restores it two hours later into second and third,
// which are empty.
func Restore(t *testing.T, first, second, third Place) {
	ctx, later := t.Context(), base().Add(2*time.Hour)
	lost := newAnswered(t, first.Open(t), 3, func(i int, in arauto.Intended) (arauto.Event, arauto.Receipt) {
		if i == 2 { // the answer never came
			return arauto.Event{Kind: arauto.EventLost, At: base(), Reason: arauto.ReasonNoAnswer}, arauto.Receipt{}
		}
		return arauto.Event{Kind: arauto.EventAccepted, At: base()}, arauto.Receipt{ProviderID: wamidOf(in), WAID: in.Contact.Phone.Digits()}
	})
	campaign := lost.sent[0].Contact.Campaign
	lost.addPeople(campaign, 3)
	reply := lost.replies(base())
	taken := takeBackup(t, first.Address)
	gone := lost.write(base().Add(time.Minute), campaign) // what the backup does not know

	taken.into(t, second.Address, later, false)
	s := second.Open(t)
	if s.Epoch() == lost.s.Epoch() {
		t.Fatal("the restored database goes on in the lost life's epoch")
	}
	p := posted{t: t, s: s, account: lost.account, business: lost.business, sent: lost.sent}
	t.Run("running campaigns come up paused and name the gap", func(t *testing.T) {
		c, err := s.Campaign(ctx, p.account.ID, campaign)
		ok(t, err)
		if c.State != arauto.CampaignPaused || !strings.Contains(c.Pause, "2 h 0 min") || c.Cause.Reason != arauto.ReasonRestored {
			t.Errorf("the campaign is %s: %q (%s)", c.State, c.Pause, c.Cause.Reason)
		}
		for _, e := range []arauto.CampaignEvent{arauto.CampaignResume, arauto.CampaignStart} {
			_, err := s.ChangeCampaign(ctx, arauto.System(p.account.ID), later, p.account.ID, campaign, e, "")
			refused(t, err, arauto.KindConflict, "confirm")
		}
		_, _, err = s.TendCampaigns(ctx, later)
		ok(t, err)
		if work, err := s.Work(ctx, p.account.ID, p.business.sender.ID); err != nil || len(work) > 0 {
			t.Errorf("%d campaigns send, %v", len(work), err)
		}
	})
	t.Run("a reply that waited is not sent a second time", func(t *testing.T) {
		posting, _, err := s.OpenOutgoing(ctx, base().Add(time.Minute), p.account.ID, 10)
		ok(t, err)
		list, err := s.OutgoingOf(ctx, p.account.ID, []int64{reply.ID})
		ok(t, err)
		if is := list[reply.ID]; len(posting) != 0 || is.State != arauto.OutgoingFailed || is.Reason != arauto.ReasonRestored {
			t.Errorf("%d are posted; it is %s (%s)", len(posting), is.State, is.Reason)
		}
	})
	p.confirmed(t, campaign, later, gone, lost.s.Epoch())
	t.Run("two restores of one backup are two lives", func(t *testing.T) {
		taken.into(t, third.Address, later, false)
		if other := third.Open(t); other.Epoch() == s.Epoch() {
			t.Error("both have the same epoch")
		}
	})
	t.Run("what is not empty is left alone", func(t *testing.T) {
		_, err := store.NewRestore(ctx, third.Address, taken.image, false, later)
		if arauto.KindOf(err) != arauto.KindConflict {
			t.Errorf("got %v", err)
		}
		image := taken.image
		image.Migration += 1000
		if _, err := store.NewRestore(ctx, third.Address, image, true, later); arauto.KindOf(err) != arauto.KindConflict || !strings.Contains(err.Error(), "newer") {
			t.Errorf("an image of a newer program: %v", err)
		}
	})
}

// confirmed sees the gap confirmed, and the new life give the lost one's ids to messages of its own.
func (p posted) confirmed(t *testing.T, campaign int64, now time.Time, gone []arauto.Intended, former int64) {
	ctx, account := t.Context(), p.account.ID
	// An attempt of before the backup is found by its ref alone: its answer never came.
	heard := func(ref, wamid string, to arauto.Intended) arauto.Fact {
		return statusFact(arauto.Status{Event: arauto.EventDelivered, ProviderID: wamid, Ref: ref, WAID: to.Contact.Phone.Digits()})
	}
	for i, a := range p.facts(heard(p.sent[2].Attempt.Ref(), "wamid.LATE", p.sent[2]), heard(gone[0].Attempt.Ref(), "wamid.GONE", gone[0])) {
		if a.Orphan || a.Refused != (i == 1) || i == 1 && !strings.Contains(a.Note, "backup") {
			t.Errorf("fact %d: %+v", i, a)
		}
	}
	if c := p.contact(2); c.State != arauto.ContactDelivered {
		t.Errorf("who was delivered to is %s", c.State)
	}
	gaps, err := p.s.Gaps(ctx, account, []int64{campaign})
	ok(t, err)
	if g := gaps[campaign]; g.Heard != 1 || g.Length() != "2 h 0 min" || g.Former != former {
		t.Errorf("the gap is %+v", g)
	}
	ok(t, p.s.ConfirmGap(ctx, arauto.System(account), now, account, campaign))
	_, err = p.s.ChangeCampaign(ctx, arauto.System(account), now, account, campaign, arauto.CampaignResume, "")
	ok(t, err)
	again := p.write(now, campaign)
	p.sent = append(p.sent, again...)
	for _, in := range again {
		// The lost life gave the same id to a message of its own.
		ref := arauto.AttemptRef(former, in.Attempt.ID)
		for _, a := range p.facts(heard(ref, "wamid."+ref, in)) {
			if !a.Refused {
				t.Errorf("a fact of the lost life was applied: %+v", a)
			}
		}
	}
	for i := range again {
		if c := p.contact(len(p.sent) - 1 - i); c.State != arauto.ContactSent {
			t.Errorf("a message of the new life is %s by news of the lost one's", c.State)
		}
	}
	p.countsHold()
}

// replies has the first person write and be answered; the answer waits to be posted.
func (p posted) replies(now time.Time) arauto.Outgoing {
	p.t.Helper()
	f := p.typed(0, "wamid.IN", "Oi")
	f.At, f.PhoneNumberID = now, p.business.sender.PhoneNumberID
	_, err := p.s.ApplyFacts(p.t.Context(), now, p.account, p.business.app.ID, []arauto.Fact{f})
	ok(p.t, err)
	list, err := p.s.FindConversations(p.t.Context(), p.account.ID, arauto.ConversationFilter{PersonKey: phoneOf(0).PersonKey()}, 0, 1)
	ok(p.t, err)
	o, err := p.s.Say(p.t.Context(), ana(p.account.ID), now, arauto.Outgoing{Account: p.account.ID, Conversation: list[0].ID, Author: "Ana", Text: "Bom dia"}, false)
	ok(p.t, err)
	return o
}

// addPeople puts n more people into the campaign.
func (p posted) addPeople(campaign int64, n int) {
	p.t.Helper()
	var list []arauto.Contact
	for i := range n {
		phone := phoneOf(1000 + i)
		list = append(list, arauto.Contact{Name: "Rui", PhoneRaw: string(phone), Phone: phone, PersonKey: phone.PersonKey()})
	}
	_, err := p.s.AddContacts(p.t.Context(), base(), p.account.ID, campaign, list)
	ok(p.t, err)
}

// write writes to everybody who is due.
func (p posted) write(now time.Time, campaign int64) []arauto.Intended {
	p.t.Helper()
	ctx, account := p.t.Context(), p.account.ID
	due, err := p.s.DueContacts(ctx, now, account, campaign, time.Time{}, 0, 100)
	ok(p.t, err)
	var candidates []arauto.Candidate
	for _, c := range due {
		candidates = append(candidates, arauto.Candidate{Contact: c})
	}
	lease, taken, err := p.s.Take(ctx, now, account, "sender", "n1", time.Hour)
	if ok(p.t, err); !taken {
		p.t.Fatal("a lost life's lease is still held")
	}
	sent, err := p.s.Intend(ctx, now, lease, p.business.sender.ID, candidates)
	ok(p.t, err)
	if len(sent) != 3 {
		p.t.Fatalf("%d were due", len(sent))
	}
	var answers []arauto.Answer
	for _, in := range sent {
		answers = append(answers, arauto.Answer{
			Contact: in.Contact, Attempt: in.Attempt, Event: arauto.Event{Kind: arauto.EventAccepted, At: now},
			Receipt: arauto.Receipt{ProviderID: "wamid." + in.Attempt.Ref(), WAID: in.Contact.Phone.Digits()},
		})
	}
	ok(p.t, p.s.Record(ctx, now, account, answers))
	return sent
}

// kept is a backup in memory.
type kept struct {
	image  store.Image
	names  []string
	pieces [][]byte
}

func takeBackup(t *testing.T, address string) *kept {
	t.Helper()
	k := &kept{}
	ok(t, store.Backup(t.Context(), address, t.TempDir(), k))
	return k
}

func (k *kept) Begin(image store.Image) error { k.image = image; return nil }

func (k *kept) Add(name string, size int64, body io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(body, size))
	k.names, k.pieces = append(k.names, name), append(k.pieces, text)
	return err
}

func (k *kept) into(t *testing.T, address string, now time.Time, force bool) {
	t.Helper()
	r, err := store.NewRestore(t.Context(), address, k.image, force, now)
	ok(t, err)
	for i, name := range k.names {
		ok(t, r.Add(t.Context(), name, bytes.NewReader(k.pieces[i])))
	}
	ok(t, r.Commit(t.Context(), base(), now))
}
