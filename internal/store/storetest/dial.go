package storetest

import (
	"fmt"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

func newVoiceCampaign(t *testing.T, s *store.Store, account int64, change func(*arauto.Campaign)) arauto.Campaign {
	t.Helper()
	c := arauto.Campaign{Account: account, Name: "Cobrança", Channel: arauto.ChannelVoice, Standing: true, Voice: arauto.NewVoice(arauto.DialPredictive)}
	if change != nil {
		change(&c)
	}
	c, err := s.CreateCampaign(t.Context(), arauto.System(account), base(), c)
	ok(t, err)
	return c
}

// dialCountsHold: what is kept is what is there, of every kind of count.
func dialCountsHold(t *testing.T, s *store.Store, account, campaign int64) arauto.DialCounts {
	t.Helper()
	kept, err := s.DialCounts(t.Context(), account, nil)
	ok(t, err)
	there, err := s.RecountDials(t.Context(), account)
	ok(t, err)
	if len(there) > 0 || len(kept[campaign]) > 0 {
		same(t, "dial counts", kept, there)
	}
	counts, err := s.Counts(t.Context(), account, []int64{campaign})
	ok(t, err)
	recounted, err := s.Recount(t.Context(), account)
	ok(t, err)
	if len(recounted[campaign]) > 0 {
		same(t, "counts", counts[campaign], recounted[campaign])
	}
	missed, err := s.Failures(t.Context(), account, campaign)
	ok(t, err)
	recountedMissed, err := s.RecountFailures(t.Context(), account, campaign)
	ok(t, err)
	same(t, "failures", missed, recountedMissed)
	states := arauto.Counts{}
	for d, n := range kept[campaign] {
		states[d.State()] += n
	}
	for _, state := range arauto.ContactStates() {
		if states[state] != counts[campaign][state] {
			t.Errorf("%d contacts are %s, by their dial statuses %d", counts[campaign][state], state, states[state])
		}
	}
	return kept[campaign]
}

// testVoiceCampaign: how it dials is kept, checked and changed like a campaign's other settings.
func testVoiceCampaign(t *testing.T, s *store.Store) {
	ctx, a := t.Context(), newAccount(t, s, "a").ID
	c := newVoiceCampaign(t, s, a, func(c *arauto.Campaign) {
		c.Voice.CallerIDs = []arauto.Phone{"+551140000000"}
		c.Voice.Redials = []arauto.RedialRule{{On: arauto.DialVoicemail, Max: 1, Interval: time.Hour}}
		c.Voice.External, c.Voice.Target = "CRM-7", 500
	})
	read, err := s.VoiceCampaign(ctx, a, c.ID)
	ok(t, err)
	c.Mapping = read.Mapping // nil, or empty
	same(t, "as created", read, c)
	wrong := c
	wrong.Voice.Overdial = 11
	_, err = s.CreateCampaign(ctx, arauto.System(a), base(), wrong)
	refused(t, err, arauto.KindInvalid, "voice.overdial_multiplier")
	_, err = s.UpdateCampaign(ctx, arauto.System(a), base(), wrong)
	refused(t, err, arauto.KindInvalid, "voice.overdial_multiplier")

	_, err = s.ChangeCampaign(ctx, arauto.System(a), base(), a, c.ID, arauto.CampaignStart, "")
	refused(t, err, arauto.KindConflict, "queue")
	foreign := c
	foreign.Queue = 999
	_, err = s.UpdateCampaign(ctx, arauto.System(a), base(), foreign)
	refused(t, err, arauto.KindNotFound, "")
	c.Queue = newQueue(t, s, a, "Vendas")
	c, err = s.UpdateCampaign(ctx, arauto.System(a), base(), c)
	ok(t, err)
	c, err = s.ChangeCampaign(ctx, arauto.System(a), base(), a, c.ID, arauto.CampaignStart, "")
	ok(t, err)
	c.Voice.Overdial = 2
	c, err = s.UpdateCampaign(ctx, arauto.System(a), base(), c)
	ok(t, err)
	if c.Voice.Overdial != 2 {
		t.Errorf("overdial %v", c.Voice.Overdial)
	}
	c.Voice.Mode = arauto.DialPreview
	_, err = s.UpdateCampaign(ctx, arauto.System(a), base(), c)
	refused(t, err, arauto.KindConflict, "state")
	_, err = s.ChangeCampaign(ctx, arauto.System(a), base(), a, c.ID, arauto.CampaignCancel, "")
	refused(t, err, arauto.KindConflict, "state")

	whatsapp, err := s.CreateCampaign(ctx, arauto.System(a), base(), arauto.Campaign{Account: a, Name: "ofertas", Channel: arauto.ChannelWhatsApp})
	ok(t, err)
	_, err = s.VoiceCampaign(ctx, a, whatsapp.ID)
	refused(t, err, arauto.KindNotFound, "")
	_, err = s.AddDialContacts(ctx, base(), a, whatsapp.ID, []arauto.Contact{{PhoneRaw: "+551140000001"}})
	refused(t, err, arauto.KindConflict, "campaign")
	second := newVoiceCampaign(t, s, a, nil)
	list, err := s.VoiceCampaigns(ctx, a, 0, 10)
	ok(t, err)
	same(t, "voice campaigns", ids(list), []int64{c.ID, second.ID})
	list, err = s.VoiceCampaigns(ctx, a, c.ID, 10)
	ok(t, err)
	same(t, "after the first", ids(list), []int64{second.ID})
}

func ids(list []arauto.Campaign) (ids []int64) {
	for _, c := range list {
		ids = append(ids, c.ID)
	}
	return ids
}

// testDialContacts: contacts go in by the rules of voice, are found by every key, patched and removed, and every
// count follows.
func testDialContacts(t *testing.T, s *store.Store) {
	ctx, a := t.Context(), newAccount(t, s, "a").ID
	c := newVoiceCampaign(t, s, a, func(c *arauto.Campaign) { c.Voice.CallerIDs = []arauto.Phone{"+17608675309"} })
	added, err := s.AddDialContacts(ctx, base(), a, c.ID, []arauto.Contact{
		{Name: "Ana", Email: "ana@example.com", PhoneRaw: "+1 111-111-1111", Outbound: "+1 760-867-5309", External: "U1", Fields: arauto.Fields{{Key: "cpf", Value: "1"}}},
		{Name: "Bia", PhoneRaw: "ligar depois", External: "U2"},
		{Name: "Caio", PhoneRaw: "+5511987654321", Outbound: "+1 760-867-5300", External: "U3", Priority: 7},
		{Name: "Ana de novo", PhoneRaw: "+1 (111) 111-1111"},
		{Name: "sem telefone"},
		{Name: "Bia de novo", PhoneRaw: "LIGAR DEPOIS "},
		{Name: "Davi", PhoneRaw: "+551187654321", External: "U2"},
	})
	ok(t, err)
	for i, want := range []struct {
		dial      arauto.Dial
		duplicate int // the element that was there
	}{{arauto.DialUpcoming, -1}, {arauto.DialInvalidNumber, -1}, {arauto.DialInvalidOutbound, -1}, {"", 0}, {"", -1}, {"", 1}, {"", 2}} {
		got := added[i]
		switch {
		case i == 4:
			refused(t, got.Err, arauto.KindInvalid, "phone_number")
		case got.Err != nil:
			t.Errorf("element %d: %v", i, got.Err)
		case want.duplicate >= 0 != got.Duplicate || got.Duplicate && got.Contact.ID != added[want.duplicate].Contact.ID:
			t.Errorf("element %d: %+v", i, got)
		case !got.Duplicate && got.Contact.Dial != want.dial:
			t.Errorf("element %d is %s", i, got.Contact.Dial)
		}
	}
	list, err := s.DialContacts(ctx, a, c.ID, 0, 10)
	ok(t, err)
	same(t, "as kept", list, []arauto.Contact{added[0].Contact, added[1].Contact, added[2].Contact})
	if n := dialCountsHold(t, s, a, c.ID); n.Total() != 3 || n.Completed() != 2 || n[arauto.DialUpcoming] != 1 {
		t.Errorf("counts %v", n)
	}
	later, err := s.DialContacts(ctx, a, c.ID, list[0].ID, 1)
	ok(t, err)
	same(t, "the next page", later, list[1:2])

	ana, bia, caio := list[0], list[1], list[2]
	for what, k := range map[string]arauto.DialKey{
		"id": {ID: ana.ID}, "phone": {PhoneRaw: "+11111111111"}, "external id": {External: "U1"},
		"all": {ID: ana.ID, PhoneRaw: "+1 111-111-1111", External: "U1"},
	} {
		found, err := s.DialContactBy(ctx, a, c.ID, k)
		ok(t, err)
		same(t, "by "+what, found, ana)
	}
	_, err = s.DialContactBy(ctx, a, c.ID, arauto.DialKey{})
	refused(t, err, arauto.KindInvalid, "contact_id")
	for _, k := range []arauto.DialKey{{ID: ana.ID + 999}, {External: "U9"}, {ID: ana.ID, External: "U2"}, {PhoneRaw: bia.PhoneRaw, External: "U1"}} {
		_, err = s.DialContactBy(ctx, a, c.ID, k)
		refused(t, err, arauto.KindNotFound, "")
	}
	patchDialled(t, s, a, c, ana, bia, caio)
	removeDialled(t, s, a, c, ana)
}

func patchDialled(t *testing.T, s *store.Store, a int64, c arauto.Campaign, ana, bia, caio arauto.Contact) {
	t.Helper()
	ctx, by, at := t.Context(), arauto.System(a), base().Add(time.Minute)
	text := func(s string) *string { return &s }
	got, err := s.PatchDialContact(ctx, by, at, a, c.ID, bia.ID, arauto.DialPatch{PhoneRaw: text("+55 11 4000-1234"), External: text("U1")})
	ok(t, err)
	read, err := s.DialContactBy(ctx, a, c.ID, arauto.DialKey{ID: bia.ID})
	ok(t, err)
	same(t, "as patched", read, got)
	if got.Dial != arauto.DialUpcoming || got.Phone != "+551140001234" || !got.DueAt.Equal(at) || !got.UpdatedAt.Equal(at) {
		t.Errorf("a phone that was put right: %+v", got)
	}
	_, err = s.DialContactBy(ctx, a, c.ID, arauto.DialKey{External: "U1"})
	refused(t, err, arauto.KindInvalid, "external_unique_id")
	changed, err := s.DialContactsSince(ctx, a, c.ID, at, time.Time{}, 0, 10)
	ok(t, err)
	same(t, "changed since", changed, []arauto.Contact{got})
	changed, err = s.DialContactsSince(ctx, a, c.ID, at, got.UpdatedAt, got.ID, 10)
	ok(t, err)
	same(t, "changed since then", changed, nil)

	_, err = s.PatchDialContact(ctx, by, at, a, c.ID, bia.ID, arauto.DialPatch{PhoneRaw: text(ana.PhoneRaw)})
	refused(t, err, arauto.KindConflict, "phone_number")
	_, err = s.PatchDialContact(ctx, by, at, a, c.ID, bia.ID, arauto.DialPatch{PhoneRaw: text("")})
	refused(t, err, arauto.KindInvalid, "phone_number")
	got, err = s.PatchDialContact(ctx, by, at, a, c.ID, caio.ID, arauto.DialPatch{Outbound: text("")})
	ok(t, err)
	if got.Dial != arauto.DialUpcoming || got.Reason != "" || !got.FailedAt.IsZero() {
		t.Errorf("an outbound number that was put right: %+v", got)
	}
	got, err = s.PatchDialContact(ctx, by, at, a, c.ID, caio.ID, arauto.DialPatch{PhoneRaw: text("x")})
	ok(t, err)
	if got.Dial != arauto.DialInvalidNumber || !got.DueAt.IsZero() {
		t.Errorf("a phone that was spoiled: %+v", got)
	}
	had := got.Fields
	for _, set := range []arauto.Fields{{{Key: "loja", Value: "Centro"}}, {{Key: "LOJA", Value: "Norte"}, {Key: "vip", Value: ""}}} {
		got, err = s.PatchDialContact(ctx, by, at, a, c.ID, caio.ID, arauto.DialPatch{Fields: set})
		ok(t, err)
	}
	read, err = s.DialContactBy(ctx, a, c.ID, arauto.DialKey{ID: caio.ID})
	ok(t, err)
	same(t, "fields as patched", read.Fields, append(had, arauto.Field{Key: "loja", Value: "Norte"}, arauto.Field{Key: "vip", Value: ""}))
	skipDialled(t, s, a, c)
	dialCountsHold(t, s, a, c.ID)
}

// skipDialled: behind the n-th contact are those that come after n others.
func skipDialled(t *testing.T, s *store.Store, a int64, c arauto.Campaign) {
	t.Helper()
	all, err := s.DialContacts(t.Context(), a, c.ID, 0, 1000)
	ok(t, err)
	for n := range all {
		id, err := s.SkipDialContacts(t.Context(), a, c.ID, int64(n+1))
		ok(t, err)
		if id != all[n].ID {
			t.Errorf("contact %d is %d, want %d", n+1, id, all[n].ID)
		}
	}
	id, err := s.SkipDialContacts(t.Context(), a, c.ID, int64(len(all)+1))
	ok(t, err)
	if id != 0 {
		t.Errorf("behind the last there is %d", id)
	}
}

func removeDialled(t *testing.T, s *store.Store, a int64, c arauto.Campaign, ana arauto.Contact) {
	t.Helper()
	ctx, by, at := t.Context(), arauto.System(a), base().Add(2*time.Minute)
	before := dialCountsHold(t, s, a, c.ID).Total()
	gone, err := s.DeleteDialContact(ctx, by, at, a, c.ID, arauto.DialKey{PhoneRaw: "+1 111 111 1111"})
	ok(t, err)
	if gone.ID != ana.ID || !gone.DeletedAt.Equal(at) || gone.Dial != arauto.DialUpcoming {
		t.Errorf("removed %+v", gone)
	}
	_, err = s.DeleteDialContact(ctx, by, at, a, c.ID, arauto.DialKey{ID: ana.ID})
	refused(t, err, arauto.KindNotFound, "")
	if n := dialCountsHold(t, s, a, c.ID).Total(); n != before-1 {
		t.Errorf("%d contacts of %d", n, before)
	}
	again, err := s.AddDialContacts(ctx, at, a, c.ID, []arauto.Contact{{PhoneRaw: ana.PhoneRaw}})
	ok(t, err)
	if again[0].Duplicate || again[0].Contact.ID == ana.ID {
		t.Errorf("the phone came back as %+v", again[0])
	}
	dialCountsHold(t, s, a, c.ID)
}

// testDueDials: in dial order, and at once when the campaign runs already; what waits for later is passed over.
func testDueDials(t *testing.T, s *store.Store) {
	ctx, a := t.Context(), newAccount(t, s, "a").ID
	c := newVoiceCampaign(t, s, a, func(c *arauto.Campaign) { c.Queue = newQueue(t, s, a, "Vendas") })
	_, err := s.ChangeCampaign(ctx, arauto.System(a), base(), a, c.ID, arauto.CampaignStart, "")
	ok(t, err)
	var list []arauto.Contact
	for i := range 8 {
		contact := arauto.Contact{Name: fmt.Sprint(i), PhoneRaw: fmt.Sprintf("+5511400000%02d", i), Priority: []int{0, 50, 100}[i%3]}
		if i == 2 || i == 4 {
			contact.ScheduledFor = base().Add(time.Hour)
		}
		list = append(list, contact)
	}
	_, err = s.AddDialContacts(ctx, base(), a, c.ID, list)
	ok(t, err)
	order := func(at time.Time, limit int) (names string) {
		t.Helper()
		due, err := s.DueDials(ctx, at, a, c.ID, limit)
		ok(t, err)
		for _, contact := range due {
			names += contact.Name
		}
		return names
	}
	same(t, "due now", order(base(), 10), "517036")
	same(t, "the first of them", order(base(), 2), "51")
	same(t, "an hour later", order(base().Add(time.Hour), 10), "52174036")
	_, err = s.AddDialContacts(ctx, base().Add(time.Second), a, c.ID, []arauto.Contact{{Name: "n", PhoneRaw: "+551150000000", Priority: 100}})
	ok(t, err)
	same(t, "with one that came while it runs", order(base().Add(time.Second), 3), "5n1")

	senders, err := s.LiveSenders(ctx)
	ok(t, err)
	same(t, "senders that a voice campaign keeps busy", senders, nil)
	changed, _, err := s.TendCampaigns(ctx, base().Add(time.Hour))
	ok(t, err)
	same(t, "a standing campaign goes on", changed, nil)
}

// testDialImport: an import into a voice campaign goes by the same rules.
func testDialImport(t *testing.T, s *store.Store) {
	ctx, a := t.Context(), newAccount(t, s, "a").ID
	c := newVoiceCampaign(t, s, a, func(c *arauto.Campaign) {
		c.Standing, c.Queue = false, newQueue(t, s, a, "Vendas")
	})
	l := hold(t, s, a, "job:1", "n1")
	j, err := s.StartJob(ctx, base(), l, newJob(t, s, a, c.ID))
	ok(t, err)
	added, j, err := s.AddChunk(ctx, base(), l, j, []arauto.Contact{{PhoneRaw: "+551140000000"}, {PhoneRaw: "x"}, {PhoneRaw: "+551140000000"}, {Name: "sem"}},
		func(added []arauto.Added, j *arauto.Job) { j.Accepted = int64(len(added)) })
	ok(t, err)
	if added[0].Err != nil || added[1].Err != nil || !added[2].Duplicate || added[2].ID != added[0].ID || added[3].Err == nil || j.Accepted != 4 {
		t.Errorf("answers %+v", added)
	}
	if n := dialCountsHold(t, s, a, c.ID); n[arauto.DialUpcoming] != 1 || n[arauto.DialInvalidNumber] != 1 {
		t.Errorf("counts %v", n)
	}
	_, err = s.AddContacts(ctx, base(), a, c.ID, []arauto.Contact{{PhoneRaw: "y"}})
	ok(t, err)
	dialCountsHold(t, s, a, c.ID)
	ok(t, s.CancelJob(ctx, arauto.System(a), base(), a, j.ID))

	// One that does not stand completes when everybody is settled.
	due, err := s.DueDials(ctx, base(), a, c.ID, 10)
	ok(t, err)
	_, err = s.ChangeCampaign(ctx, arauto.System(a), base(), a, c.ID, arauto.CampaignStart, "")
	ok(t, err)
	changed, _, err := s.TendCampaigns(ctx, base())
	ok(t, err)
	same(t, "while somebody waits", changed, nil)
	_, err = s.DeleteDialContact(ctx, arauto.System(a), base(), a, c.ID, arauto.DialKey{ID: due[0].ID})
	ok(t, err)
	changed, _, err = s.TendCampaigns(ctx, base())
	ok(t, err)
	if len(changed) != 1 || changed[0].State != arauto.CampaignCompleted {
		t.Errorf("changed %+v", changed)
	}
	_, err = s.AddDialContacts(ctx, base(), a, c.ID, []arauto.Contact{{PhoneRaw: "+551140000009"}})
	refused(t, err, arauto.KindConflict, "campaign")
}

// testDialMoves: what happened to contacts is applied in order, each for itself; during a call only words change.
func testDialMoves(t *testing.T, s *store.Store) {
	ctx, a, by := t.Context(), newAccount(t, s, "a").ID, arauto.System
	c := newVoiceCampaign(t, s, a, nil)
	added, err := s.AddDialContacts(ctx, base(), a, c.ID, []arauto.Contact{{PhoneRaw: "+551140000000"}, {PhoneRaw: "+551140000001"}})
	ok(t, err)
	one, two := added[0].Contact.ID, added[1].Contact.ID
	at := base().Add(time.Second)
	move := func(contact int64, kind arauto.DialEvent) arauto.DialMove {
		return arauto.DialMove{Contact: contact, Fact: arauto.DialFact{Kind: kind, At: at, Attempt: 9, Due: at.Add(time.Hour)}}
	}
	moved, err := s.MoveDials(ctx, at, a, []arauto.DialMove{
		move(one, arauto.DialEventDialed), move(two, arauto.DialEventDialed), move(two, arauto.DialEventEnded), move(999, arauto.DialEventDialed),
		move(one, arauto.DialEventUnanswered), move(one, arauto.DialEventRedial),
	})
	ok(t, err)
	refused(t, moved[2].Err, arauto.KindConflict, "dial_status")
	refused(t, moved[3].Err, arauto.KindNotFound, "contact_id")
	for i, want := range map[int]arauto.Dial{0: arauto.DialDialing, 1: arauto.DialDialing, 2: arauto.DialDialing, 4: arauto.DialNotPickedUp, 5: arauto.DialRedial} {
		if moved[i].Contact.Dial != want {
			t.Errorf("move %d led to %s, want %s", i, moved[i].Contact.Dial, want)
		}
	}
	kept, err := s.DialContactBy(ctx, a, c.ID, arauto.DialKey{ID: one})
	ok(t, err)
	same(t, "as moved", kept, moved[5].Contact)
	dialCountsHold(t, s, a, c.ID)

	word, phone := "Ana", "+551140000002"
	_, err = s.PatchDialContact(ctx, by(a), at, a, c.ID, two, arauto.DialPatch{PhoneRaw: &phone})
	refused(t, err, arauto.KindConflict, "contact_id")
	_, err = s.PatchDialContact(ctx, by(a), at, a, c.ID, two, arauto.DialPatch{Fields: arauto.Fields{{Key: "loja", Value: "Centro"}}})
	refused(t, err, arauto.KindConflict, "contact_id")
	on, err := s.DialContactBy(ctx, a, c.ID, arauto.DialKey{ID: two})
	ok(t, err)
	_, err = s.PatchDialContact(ctx, by(a), at, a, c.ID, two, arauto.DialPatch{Name: &word, Email: &word, External: &word, PhoneRaw: &on.PhoneRaw})
	ok(t, err)
	_, err = s.DeleteDialContact(ctx, by(a), at, a, c.ID, arauto.DialKey{ID: two})
	refused(t, err, arauto.KindConflict, "contact_id")
	_, err = s.MoveDials(ctx, at, a, []arauto.DialMove{
		move(two, arauto.DialEventAnswered), move(two, arauto.DialEventConnected), move(two, arauto.DialEventTransferred), move(two, arauto.DialEventEnded),
	})
	ok(t, err)
	n := dialCountsHold(t, s, a, c.ID)
	same(t, "counts", n, arauto.DialCounts{arauto.DialRedial: 1, arauto.DialTransferredFinished: 1})
}

// testDialErased: who was erased is not dialled, is nobody in the list, and does not come in again by any door.
func testDialErased(t *testing.T, s *store.Store) {
	ctx, a := t.Context(), newAccount(t, s, "a").ID
	c := newVoiceCampaign(t, s, a, nil)
	added, err := s.AddDialContacts(ctx, base(), a, c.ID, []arauto.Contact{{Name: "Ana", Email: "ana@example.com", PhoneRaw: "+551140000000"}, {PhoneRaw: "+551140000001"}})
	ok(t, err)
	ana, other := added[0].Contact, added[1].Contact
	j, err := s.QueueErasure(ctx, arauto.System(a), base(), a, ana.PersonKey, "asked")
	ok(t, err)
	l := hold(t, s, a, "job:1", "n1")
	j, err = s.StartJob(ctx, base(), l, j)
	ok(t, err)
	plan, err := s.PlanErasure(ctx, l, j)
	ok(t, err)
	for left := true; left; {
		left, err = s.EraseRows(ctx, base(), l, j, plan)
		ok(t, err)
	}
	gone, err := s.DialContactBy(ctx, a, c.ID, arauto.DialKey{ID: ana.ID})
	ok(t, err)
	if gone.Dial != arauto.DialDoNotCall || gone.Name != "" || gone.Email != "" || gone.PhoneRaw != "" || gone.Phone != "" || !gone.DueAt.IsZero() {
		t.Errorf("what is left is %+v", gone)
	}
	same(t, "counts", dialCountsHold(t, s, a, c.ID), arauto.DialCounts{arauto.DialDoNotCall: 1, arauto.DialUpcoming: 1})
	added, err = s.AddDialContacts(ctx, base(), a, c.ID, []arauto.Contact{{PhoneRaw: "+55 11 4000-0000"}, {PhoneRaw: "+551140000002"}})
	ok(t, err)
	refused(t, added[0].Err, arauto.KindInvalid, "phone")
	if added[1].Err != nil || added[1].Contact.Phone != "+551140000002" {
		t.Errorf("the other one %+v", added[1])
	}
	_, err = s.PatchDialContact(ctx, arauto.System(a), base(), a, c.ID, other.ID, arauto.DialPatch{PhoneRaw: &ana.PhoneRaw})
	refused(t, err, arauto.KindInvalid, "phone")
	dialCountsHold(t, s, a, c.ID)
}

// newQueue is the id of a new queue.
func newQueue(t *testing.T, s *store.Store, account int64, name string) int64 {
	t.Helper()
	q, err := s.CreateQueue(t.Context(), arauto.System(account), base(), arauto.Queue{Account: account, Name: name})
	ok(t, err)
	return q.ID
}
