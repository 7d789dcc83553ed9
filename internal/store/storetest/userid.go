package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

// byUserID is somebody known by an id alone; by both, somebody whose number is known as well.
func byUserID(i int) arauto.Contact { return by2("", i) }

func by2(phone arauto.Phone, i int) arauto.Contact {
	c := arauto.Contact{Name: "Ana", PhoneRaw: string(phone), Phone: phone, UserID: arauto.UserID(userID(i)), PersonKey: phone.PersonKey()}
	if phone == "" {
		c.PersonKey = c.UserID.PersonKey()
	}
	return c
}

// runOf is run for contacts.
func (p posted) runOf(list ...arauto.Contact) int64 {
	p.t.Helper()
	campaign := p.run()
	p.addOf(campaign, list...)
	return campaign
}

func (p posted) addOf(campaign int64, list ...arauto.Contact) []arauto.Added {
	p.t.Helper()
	added, err := p.s.AddContacts(p.t.Context(), later(), p.account.ID, campaign, list)
	ok(p.t, err)
	return added
}

// verdicts are the gate's words, by whom.
func verdicts(list []arauto.Intended) string {
	var words []string
	for _, in := range list {
		words = append(words, strings.TrimSpace(fmt.Sprint(in.Contact.Phone, in.Contact.UserID, " ", in.Verdict.Outcome, " ", in.Verdict.Reason)))
	}
	return strings.Join(words, "; ")
}

func testUserIDs(t *testing.T, s *store.Store) {
	p := newPosted(t, s, 30)
	for _, c := range []struct {
		name string
		test func(t *testing.T, p posted)
	}{
		{"are written to and found again", testWrittenByID},
		{"are one person with their number", testOneFlightByID},
		{"twins of a list are one", testTwinsByID},
		{"a new id is followed", testIDFollowed},
		{"opt-outs hold under both", testOptOutByID},
		{"an id is of one number", testIDClash},
		{"count as their country", testIDCountry},
		{"are staged", testIDStaged},
		{"are erased for good", testIDErased},
		{"get no codes", testIDNoCodes},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := p
			p.t = t
			c.test(t, p)
			p.countsHold()
		})
	}
}

// testWrittenByID: a message goes, its status and a reply come back by the id alone, and the contact has them.
func testWrittenByID(t *testing.T, p posted) {
	campaign := p.runOf(byUserID(100), byUserID(101))
	going := p.intend(campaign)
	same(t, "gate", verdicts(going), "BR.1100 go; BR.1101 go")
	same(t, "in flight", verdicts(p.intend(campaign)), "BR.1100 wait just_contacted; BR.1101 wait just_contacted")
	for _, in := range going {
		p.accept(in, "")
	}
	delivered := statusFact(arauto.Status{Event: arauto.EventDelivered, ProviderID: wamidOf(going[0]), UserID: userID(100)})
	delivered.At = later()
	p.facts(delivered)
	same(t, "delivered", p.byID(going[0].Contact.ID).State, arauto.ContactDelivered)
	reply := arauto.Fact{At: later().Add(time.Minute), Kind: arauto.FactReply, Reply: arauto.Reply{ProviderID: "wamid.BYID", UserID: userID(100), Name: "Ana", Kind: "text", Text: "quero"}}
	p.facts(reply, reply)
	got := p.byID(going[0].Contact.ID)
	same(t, "replied", []any{got.State, got.ReplyText, string(got.UserID), got.Phone}, []any{arauto.ContactReplied, "quero", userID(100), arauto.Phone("")})
	person := p.person("bsuid:" + userID(100))
	same(t, "names", person.Aliases, []arauto.Alias{{Kind: arauto.AliasUserID, Value: userID(100)}})
	timeline, err := p.s.Timeline(t.Context(), p.account.ID, person.Key, arauto.Happening{}, 10)
	ok(t, err)
	if len(timeline) < 3 {
		t.Errorf("the message, the answer and the conversation are not in %+v", timeline)
	}
	rows, err := p.s.ContactRows(t.Context(), p.account.ID, arauto.ContactFilter{PersonKeys: []string{person.Key}}, 0, 10)
	ok(t, err)
	if len(rows) != 1 || rows[0].ID != got.ID || string(rows[0].UserID) != userID(100) {
		t.Errorf("found by the id: %+v", rows)
	}
}

// testOneFlightByID: whichever way it is learnt that an id and a number are one person's, two campaigns that know one
// name each have one message in flight.
func testOneFlightByID(t *testing.T, p posted) {
	phone := func(i int) arauto.Phone { return phoneOf(200 + i) }
	fact := func(i int) {
		p.facts(arauto.Fact{Kind: arauto.FactIdentity, Identity: arauto.Identity{WAID: phone(i).Digits(), UserIDs: []string{userID(200 + i)}}})
	}
	for i, c := range []struct {
		name  string
		learn func(i int) // before both campaigns
		late  func(i int) // after them
	}{
		{"told before", fact, nil},
		{"told after", nil, fact},
		{"from a list, before", func(i int) { p.runOf(by2(phone(i), 200+i)) }, nil},
		{"from a list, after", nil, func(i int) { p.runOf(by2(phone(i), 200+i)) }},
	} {
		if c.learn != nil {
			c.learn(i)
		}
		one, two := p.run(phone(i)), p.runOf(byUserID(200+i))
		if c.late != nil {
			c.late(i)
		}
		first := p.intend(two)
		same(t, c.name+": by id", verdicts(first), userID(200+i)+" go")
		same(t, c.name+": by number", verdicts(p.intend(one)), string(phone(i))+" wait just_contacted")
		p.accept(first[0], "")
		same(t, c.name+": one person", p.byID(first[0].Contact.ID).PersonKey, phone(i).PersonKey())
	}
	// It is learnt while the message by id is in flight.
	one, two := p.run(phone(9)), p.runOf(byUserID(209))
	same(t, "not known yet", verdicts(p.intend(two)), userID(209)+" go")
	fact(9)
	same(t, "known by now", verdicts(p.intend(one)), string(phone(9))+" wait just_contacted")
}

// testTwinsByID: a list that says one person by an id and by a number is one contact, in whichever order it does.
func testTwinsByID(t *testing.T, p posted) {
	for i, list := range [][]arauto.Contact{
		{byUserID(300), by2(phoneOf(300), 300)},
		{by2(phoneOf(301), 301), byUserID(301)},
		{byUserID(302), byUserID(302)},
	} {
		campaign := p.run()
		added := p.addOf(campaign, list...)
		if added[0].Duplicate == added[1].Duplicate || added[0].ID != added[1].ID {
			t.Errorf("%d: %+v", i, added)
		}
	}
	// Both were there before anybody knew: one of them is given up.
	campaign := p.runOf(byUserID(303))
	p.add(campaign, phoneOf(303))
	p.facts(arauto.Fact{Kind: arauto.FactIdentity, Identity: arauto.Identity{WAID: phoneOf(303).Digits(), UserIDs: []string{userID(303)}}})
	same(t, "one of both", verdicts(p.intend(campaign)), string(phoneOf(303))+" go")
}

// testIDFollowed: who has another id since is written to by that one, whichever change is told first, and also where a
// list still has the old one.
func testIDFollowed(t *testing.T, p posted) {
	change := func(from, to int) {
		p.facts(arauto.Fact{Kind: arauto.FactIdentity, Identity: arauto.Identity{UserIDs: []string{userID(from), userID(to)}}})
	}
	campaign := p.runOf(byUserID(400), byUserID(410))
	change(400, 401)
	change(401, 402)
	change(411, 412) // told in the wrong order
	change(410, 411)
	change(410, 411)
	same(t, "followed", verdicts(p.intend(campaign)), "BR.1402 go; BR.1412 go")
	old := p.runOf(byUserID(400))
	same(t, "an old list", verdicts(p.intend(old)), "BR.1402 wait just_contacted")
	change(420, 421)
	change(421, 420) // back again: no endless search
	p.intend(p.runOf(byUserID(420)))
}

func testOptOutByID(t *testing.T, p posted) {
	hold := func(key string) {
		_, err := p.s.AddSuppressions(t.Context(), arauto.System(p.account.ID), base(), p.account.ID, []arauto.Suppression{{PersonKey: key, Scope: arauto.SuppressAll, Source: "api", Evidence: "e"}})
		ok(t, err)
	}
	hold("bsuid:" + userID(500))
	same(t, "by id", verdicts(p.intend(p.runOf(byUserID(500)))), "BR.1500 suppress suppressed")
	p.facts(arauto.Fact{Kind: arauto.FactIdentity, Identity: arauto.Identity{WAID: phoneOf(500).Digits(), UserIDs: []string{userID(500)}}})
	same(t, "and by the number of the same person", verdicts(p.intend(p.run(phoneOf(500)))), string(phoneOf(500))+" suppress suppressed")
	hold(phoneOf(501).PersonKey())
	p.facts(arauto.Fact{Kind: arauto.FactIdentity, Identity: arauto.Identity{WAID: phoneOf(501).Digits(), UserIDs: []string{userID(501)}}})
	same(t, "by number, then by id", verdicts(p.intend(p.runOf(byUserID(501)))), "BR.1501 suppress suppressed")
	hold("bsuid:" + userID(501))
	list, err := p.s.Suppressions(t.Context(), p.account.ID, 0, 10, "bsuid:"+userID(501))
	ok(t, err)
	if len(list) != 1 || list[0].PersonKey != phoneOf(501).PersonKey() {
		t.Errorf("an entry that says the same: %+v", list)
	}
	// The provider says who opted out by the id alone.
	p.facts(arauto.Fact{Kind: arauto.FactPreference, Preference: arauto.PreferenceFact{UserID: userID(502), Wish: arauto.PreferenceStop}})
	same(t, "stopped", verdicts(p.intend(p.runOf(byUserID(502)))), "BR.1502 suppress suppressed")
}

func testIDClash(t *testing.T, p posted) {
	campaign := p.run()
	same(t, "first", p.addOf(campaign, by2(phoneOf(600), 600))[0].Err, error(nil))
	added := p.addOf(campaign, by2(phoneOf(601), 600), by2(phoneOf(602), 602))
	refused(t, added[0].Err, arauto.KindInvalid, "user_id")
	if added[1].Err != nil || added[1].ID == 0 {
		t.Errorf("the next one: %+v", added[1])
	}
	p.run(phoneOf(601))
	p.merge(phoneOf(601).PersonKey(), phoneOf(600).PersonKey())
	same(t, "merged", p.addOf(p.run(), by2(phoneOf(601), 600))[0].Err, error(nil))
}

// testIDCountry: the price, the ceiling and the country closed to a WABA go by the id's country, and a number that is
// known beside it comes first.
func testIDCountry(t *testing.T, p posted) {
	p.rates(arauto.Rate{Country: "BR", Category: "marketing", Currency: arauto.BRL, Micros: 300})
	abroad := byUserID(701)
	abroad.UserID, abroad.PersonKey = "AR.701", "bsuid:AR.701"
	campaign := p.capped(arauto.Money{Currency: arauto.BRL, Micros: 500})
	p.addOf(campaign, byUserID(700), by2(other(700), 702), abroad)
	countries, err := p.s.Countries(t.Context(), p.account.ID, []int64{campaign})
	ok(t, err)
	same(t, "estimate", countries[campaign], map[string]int64{"BR": 1, "CO": 1, "AR": 1})
	same(t, "gate", verdicts(p.intend(campaign)), "BR.1700 go; +573000000700BR.1702 wait cost_ceiling; AR.701 wait cost_ceiling")
	if c := p.campaignNow(campaign); !strings.Contains(c.Pause, "AR") {
		t.Errorf("no rate for the id's country: %s", c.Pause)
	}
	same(t, "set aside", p.costs(campaign)[0].Country, "BR")
	shut := p.runOf(abroad)
	first := p.intend(shut)
	ok(t, p.s.Record(t.Context(), later(), p.account.ID, []arauto.Answer{{
		Contact: first[0].Contact, Attempt: first[0].Attempt, Event: arauto.Event{Kind: arauto.EventRefused, At: later(), Reason: arauto.ReasonCountry, Code: 130497, Detail: "closed"},
	}}))
	neighbour := byUserID(703)
	neighbour.UserID, neighbour.PersonKey = "AR.703", "bsuid:AR.703"
	p.addOf(shut, neighbour, byUserID(704))
	p.add(shut, "+541122223333")
	same(t, "closed", verdicts(p.intend(shut)), "AR.703 fail country_not_allowed; BR.1704 go; +541122223333 fail country_not_allowed")
	ok(t, p.s.LiftCountry(t.Context(), ana(p.account.ID), later(), p.account.ID, p.business.waba.ID, "54"))
}

// testIDStaged: a list that goes in whole keeps the ids.
func testIDStaged(t *testing.T, p posted) {
	campaign := p.run()
	l := hold(t, p.s, p.account.ID, "job", "n")
	j, err := p.s.CreateJob(t.Context(), arauto.System(p.account.ID), base(), arauto.Job{Account: p.account.ID, Campaign: campaign, Kind: arauto.JobImport})
	ok(t, err)
	j, err = p.s.StartJob(t.Context(), base(), l, j)
	ok(t, err)
	none := func([]arauto.Added, *arauto.Job) {}
	in := arauto.Intake{Whole: true}
	added, j, err := p.s.StageChunk(t.Context(), later(), l, j, in, []int{2, 3, 4}, []arauto.Contact{byUserID(800), by2(phoneOf(801), 801), byUserID(800)}, none)
	ok(t, err)
	if added[0].Duplicate || added[1].Duplicate || added[2].Row != 2 {
		t.Errorf("%+v", added)
	}
	conflicts, _, err := p.s.Publish(t.Context(), later(), l, j, in, 2, func(int64, int64, *arauto.Job) {})
	ok(t, err)
	same(t, "conflicts", len(conflicts), 0)
	same(t, "published", verdicts(p.intend(campaign)), "BR.1800 go; "+string(phoneOf(801))+"BR.1801 go")
}

// testIDErased: what is erased is neither kept by its id nor taken in again by it.
func testIDErased(t *testing.T, p posted) {
	campaign := p.runOf(byUserID(900), by2(phoneOf(901), 901))
	l := hold(t, p.s, p.account.ID, "job", "n")
	for _, key := range []string{"bsuid:" + userID(900), phoneOf(901).PersonKey()} {
		j, err := p.s.QueueErasure(t.Context(), arauto.System(p.account.ID), base(), p.account.ID, key, "ticket")
		ok(t, err)
		j, err = p.s.StartJob(t.Context(), base(), l, j)
		ok(t, err)
		e, err := p.s.PlanErasure(t.Context(), l, j)
		ok(t, err)
		_, err = p.s.EraseRows(t.Context(), base(), l, j, e)
		ok(t, err)
		ok(t, p.s.EndErasure(t.Context(), base(), l, j))
	}
	rows, err := p.s.ContactRows(t.Context(), p.account.ID, arauto.ContactFilter{Campaigns: []int64{campaign}}, 0, 10)
	ok(t, err)
	for _, r := range rows {
		if r.State != arauto.ContactSuppressed || r.UserID != "" || strings.Contains(r.PersonKey, "BR.") {
			t.Errorf("left: %+v", r.Contact)
		}
	}
	added := p.addOf(p.run(), byUserID(900), byUserID(901), by2(phoneOf(902), 901), byUserID(903))
	for i, a := range added {
		if (a.Err != nil) != (i < 3) {
			t.Errorf("%d: %+v", i, a)
		}
	}
}

// testIDNoCodes: an authentication template goes to numbers only, also where an id is known beside; nothing is tried by
// the id, and `why` says so as the engine does.
func testIDNoCodes(t *testing.T, p posted) {
	ctx := t.Context()
	save := func(category string) {
		t.Helper()
		_, _, err := p.s.SaveTemplates(ctx, later(), p.account.ID, p.business.waba.ID, []arauto.Template{{MetaID: "m1", Name: "aviso", Language: "pt_BR", Category: category, Status: arauto.TemplateApproved, Body: "Olá"}})
		ok(t, err)
	}
	save("AUTHENTICATION")
	defer save("MARKETING")
	campaign := p.run()
	added := p.addOf(campaign, byUserID(950), by2(phoneOf(951), 951))
	asked, err := p.s.GateInputs(ctx, later(), p.account.ID, []int64{added[0].ID, added[1].ID})
	ok(t, err)
	var why []string
	for _, in := range asked {
		v := arauto.Decide(in, later())
		why = append(why, strings.TrimSpace(fmt.Sprint(v.Outcome, " ", v.Reason)))
	}
	same(t, "why", why, []string{"fail needs_phone", "go"})
	same(t, "gate", verdicts(p.intend(campaign)), fmt.Sprintf("BR.1950 fail needs_phone; %sBR.1951 go", phoneOf(951)))
	got := p.byID(added[0].ID)
	same(t, "failed", []any{got.State, got.Reason, got.Attempts}, []any{arauto.ContactFailed, arauto.ReasonNeedsPhone, 0})
}
