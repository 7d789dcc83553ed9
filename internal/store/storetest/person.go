package storetest

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"arauto"
	"arauto/internal/store"
)

// later is when the second campaigns of these tests go: no pause between two messages is in their way.
func later() time.Time { return base().Add(2 * time.Hour) }

// run is one more campaign, started, with those phones.
func (p posted) run(phones ...arauto.Phone) int64 {
	p.t.Helper()
	first := p.campaign()
	c, err := p.s.CreateCampaign(p.t.Context(), arauto.System(p.account.ID), later(), arauto.Campaign{
		Account: p.account.ID, Sender: first.Sender, Template: first.Template, Name: "mais", Channel: arauto.ChannelWhatsApp, ReplyWindow: time.Hour,
	})
	ok(p.t, err)
	p.add(c.ID, phones...)
	_, err = p.s.ChangeCampaign(p.t.Context(), arauto.System(p.account.ID), later(), p.account.ID, c.ID, arauto.CampaignStart, "")
	ok(p.t, err)
	return c.ID
}

func (p posted) add(campaign int64, phones ...arauto.Phone) []arauto.Added {
	p.t.Helper()
	var list []arauto.Contact
	for _, phone := range phones {
		list = append(list, arauto.Contact{Name: "Ana", PhoneRaw: string(phone), Phone: phone, PersonKey: phone.PersonKey()})
	}
	added, err := p.s.AddContacts(p.t.Context(), later(), p.account.ID, campaign, list)
	ok(p.t, err)
	return added
}

// intend asks the gate for every contact of a campaign that is due.
func (p posted) intend(campaign int64) []arauto.Intended {
	p.t.Helper()
	ctx := p.t.Context()
	due, err := p.s.DueContacts(ctx, later(), p.account.ID, campaign, time.Time{}, 0, 100)
	ok(p.t, err)
	var candidates []arauto.Candidate
	for _, contact := range due {
		candidates = append(candidates, arauto.Candidate{Contact: contact})
	}
	done, err := p.s.Intend(ctx, later(), hold(p.t, p.s, p.account.ID, "sender", "n1"), p.business.sender.ID, candidates)
	ok(p.t, err)
	return done
}

func (p posted) accept(in arauto.Intended, waid string) {
	p.t.Helper()
	ok(p.t, p.s.Record(p.t.Context(), later(), p.account.ID, []arauto.Answer{{
		Contact: in.Contact, Attempt: in.Attempt, Event: arauto.Event{Kind: arauto.EventAccepted, At: later()},
		Receipt: arauto.Receipt{ProviderID: wamidOf(in), WAID: waid},
	}}))
}

func (p posted) person(key string) arauto.Person {
	p.t.Helper()
	person, err := p.s.Person(p.t.Context(), p.account.ID, key)
	ok(p.t, err)
	return person
}

func (p posted) merge(from, into string) arauto.Person {
	p.t.Helper()
	person, err := p.s.MergePersons(p.t.Context(), ana(p.account.ID), later(), p.account.ID, from, into)
	ok(p.t, err)
	return person
}

func (p posted) suppress(phone arauto.Phone, scope arauto.SuppressionScope) arauto.Suppression {
	p.t.Helper()
	list, err := p.s.AddSuppressions(p.t.Context(), arauto.System(p.account.ID), base(), p.account.ID, []arauto.Suppression{{PersonKey: phone.PersonKey(), Phone: phone, Scope: scope, Source: "api", Evidence: "e"}})
	ok(p.t, err)
	return list[0]
}

func (p posted) byID(id int64) arauto.Contact {
	p.t.Helper()
	row, err := p.s.Contact(p.t.Context(), p.account.ID, id)
	ok(p.t, err)
	return row.Contact
}

// outcomes are the gate's words, by phone.
func outcomes(list []arauto.Intended) map[arauto.Phone]arauto.Outcome {
	m := map[arauto.Phone]arauto.Outcome{}
	for _, in := range list {
		m[in.Contact.Phone] = in.Verdict.Outcome
	}
	return m
}

// other is a second number of each person; userID a business-scoped id.
func other(i int) arauto.Phone { return arauto.Phone(fmt.Sprintf("+57300%07d", i)) }
func userID(i int) string      { return fmt.Sprintf("BR.%d", 1000+i) }

func testPerson(t *testing.T, s *store.Store) {
	p := newPosted(t, s, 30)
	for _, c := range []struct {
		name string
		test func(t *testing.T, p posted)
	}{
		{"an answer's wa_id is an alias", testAnswerAlias},
		{"spellings of one number need no alias", testSpellings},
		{"a user id finds its person", testUserID},
		{"ids come in any order", testUserIDUpdate},
		{"who answers our message is its contact", testAnswersByID},
		{"merge moves everything", testMerge},
		{"twins in one campaign", testTwins},
		{"what is in flight counts as written to", testTwinInFlight},
		{"merging is refused or changes nothing", testMergeAgain},
		{"reports see no merge", testMergeReports},
		{"facts before and after a merge", testMergeCommutes},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := p
			p.t = t
			c.test(t, p)
			p.countsHold()
		})
	}
}

func testAnswerAlias(t *testing.T, p posted) {
	phone := other(100)
	moved := arauto.Phone("+573019990001") // what WhatsApp knows this person by
	p.suppress(moved, arauto.SuppressMarketing)
	in := p.intend(p.run(phone))[0]
	p.accept(in, moved.Digits())
	person := p.person(moved.PersonKey())
	same(t, "one person", []any{person.Key, person.Merged, person.Aliases}, []any{phone.PersonKey(), []string{moved.PersonKey()}, []arauto.Alias{{Kind: arauto.AliasWAID, Value: moved.Digits()}}})
	if c := p.byID(in.Contact.ID); c.Phone != phone || c.State != arauto.ContactSent {
		t.Errorf("contact %+v", c)
	}
	t.Run("a reply from it answers", func(t *testing.T) {
		reply := p.typed(0, "wamid.ALIAS", "Oi")
		reply.Reply.WAID, reply.At = moved.Digits(), later().Add(time.Minute)
		same(t, "contact", p.facts(reply)[0].Contact, in.Contact.ID)
	})
	t.Run("what was asked for under it holds", func(t *testing.T) {
		same(t, "gate", outcomes(p.intend(p.run(phone))), map[arauto.Phone]arauto.Outcome{phone: arauto.Suppress})
	})
	t.Run("new contacts and suppressions come to the person", func(t *testing.T) {
		campaign := p.run(phone)
		if added := p.add(campaign, moved); !added[0].Duplicate {
			t.Error("the same person is in the campaign twice")
		}
		same(t, "key", p.suppress(moved, arauto.SuppressAll).PersonKey, phone.PersonKey())
	})
	p.accept(in, moved.Digits())
	same(t, "again", p.person(moved.PersonKey()), person)
}

func testSpellings(t *testing.T, p posted) {
	for phone, waid := range map[arauto.Phone]string{
		"+5511977770001": "551177770001", "+525512345678": "5215512345678", "+541123456789": "5491123456789", "+5491123456780": "541123456780",
	} {
		in := p.intend(p.run(phone))[0]
		p.accept(in, waid)
		if _, err := p.s.PersonByAlias(t.Context(), p.account.ID, arauto.Alias{Kind: arauto.AliasWAID, Value: waid}); arauto.KindOf(err) != arauto.KindNotFound {
			t.Errorf("%s has a row of its own: %v", waid, err)
		}
		reply := p.typed(0, "wamid.SP"+waid, "SAIR")
		reply.Reply.WAID, reply.At = waid, later().Add(time.Minute)
		same(t, waid+" answers", p.facts(reply)[0].Contact, in.Contact.ID)
		same(t, waid+" is heard", outcomes(p.intend(p.run(phone))), map[arauto.Phone]arauto.Outcome{phone: arauto.Suppress})
	}
}

func testUserID(t *testing.T, p posted) {
	t.Run("from a status", func(t *testing.T) {
		p.facts(statusFact(arauto.Status{Event: arauto.EventDelivered, ProviderID: wamidOf(p.sent[0]), UserID: userID(0), ParentID: "BR.ENT.0", Username: "ana.0"}))
		reply := p.typed(0, "wamid.UID0", "SAIR")
		reply.Reply.WAID, reply.Reply.UserID = "", userID(0)
		same(t, "contact", p.facts(reply)[0].Contact, p.sent[0].Contact.ID)
		same(t, "names", p.person(p.sent[0].Contact.PersonKey).Aliases,
			[]arauto.Alias{{Kind: arauto.AliasParentID, Value: "BR.ENT.0"}, {Kind: arauto.AliasUserID, Value: userID(0)}, {Kind: arauto.AliasUsername, Value: "ana.0"}})
		same(t, "gate", outcomes(p.intend(p.run(phoneOf(0)))), map[arauto.Phone]arauto.Outcome{phoneOf(0): arauto.Suppress})
	})
	t.Run("known alone, then with a number", func(t *testing.T) {
		alone := p.typed(1, "wamid.UID1", "SAIR")
		alone.Reply.WAID, alone.Reply.UserID = "", userID(1)
		same(t, "contact", p.facts(alone)[0].Contact, int64(0))
		both := p.typed(1, "wamid.UID1b", "Oi")
		both.Reply.UserID = userID(1)
		same(t, "contact", p.facts(both)[0].Contact, p.sent[1].Contact.ID)
		person := p.person("bsuid:" + userID(1))
		same(t, "key", person.Key, p.sent[1].Contact.PersonKey)
		same(t, "gate", outcomes(p.intend(p.run(phoneOf(1)))), map[arauto.Phone]arauto.Outcome{phoneOf(1): arauto.Suppress})
		same(t, "audit", p.audited("person.merge")["suppressions"], "1")
		talk, err := p.s.Conversations(t.Context(), p.account.ID, 0, 100)
		ok(t, err)
		talk = slices.DeleteFunc(talk, func(c arauto.Conversation) bool { return c.Person != person.ID || c.State == arauto.ConversationClosed })
		messages, err := p.s.Messages(t.Context(), p.account.ID, talk[0].ID, 0, 10)
		ok(t, err)
		same(t, "conversations and messages", []int{len(talk), len(messages)}, []int{1, 2})
	})
	t.Run("a wish about marketing by id alone", func(t *testing.T) {
		p.facts(statusFact(arauto.Status{Event: arauto.EventRead, ProviderID: wamidOf(p.sent[2]), UserID: userID(2)}))
		p.facts(arauto.Fact{Kind: arauto.FactPreference, Preference: arauto.PreferenceFact{UserID: userID(2), Wish: arauto.PreferenceStop}})
		same(t, "gate", outcomes(p.intend(p.run(phoneOf(2)))), map[arauto.Phone]arauto.Outcome{phoneOf(2): arauto.Suppress})
	})
}

func testUserIDUpdate(t *testing.T, p posted) {
	status := statusFact(arauto.Status{Event: arauto.EventDelivered, ProviderID: wamidOf(p.sent[3]), UserID: userID(3)})
	stop := p.typed(3, "wamid.UPD3", "SAIR")
	stop.Reply.WAID, stop.Reply.UserID = "", userID(33)
	update := arauto.Fact{Kind: arauto.FactIdentity, Identity: arauto.Identity{UserIDs: []string{userID(3), userID(33)}}}
	facts := []arauto.Fact{status, stop, update}
	for round, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}} {
		i := 3 + round
		for k := range facts {
			facts[k].Status.ProviderID, facts[k].Status.UserID = wamidOf(p.sent[i]), userID(i)
			facts[k].Reply.ProviderID, facts[k].Reply.UserID = fmt.Sprint("wamid.UPD", i), userID(i+30)
			facts[k].Identity.UserIDs = []string{userID(i), userID(i + 30)}
		}
		for _, k := range append(order, order...) {
			p.facts(facts[k])
		}
		key := p.sent[i].Contact.PersonKey
		for _, name := range []string{userID(i), userID(i + 30)} {
			person, err := p.s.PersonByAlias(t.Context(), p.account.ID, arauto.Alias{Kind: arauto.AliasUserID, Value: name})
			ok(t, err)
			same(t, fmt.Sprint(order, name), person.Key, key)
		}
		same(t, fmt.Sprint(order), outcomes(p.intend(p.run(phoneOf(i)))), map[arauto.Phone]arauto.Outcome{phoneOf(i): arauto.Suppress})
	}
}

func testAnswersByID(t *testing.T, p posted) {
	reply := p.typed(8, "wamid.CTX8", "SAIR")
	reply.Reply.WAID, reply.Reply.UserID, reply.Reply.Context = "", userID(8), wamidOf(p.sent[8])
	same(t, "contact", p.facts(reply)[0].Contact, p.sent[8].Contact.ID)
	same(t, "gate", outcomes(p.intend(p.run(phoneOf(8)))), map[arauto.Phone]arauto.Outcome{phoneOf(8): arauto.Suppress})
}

func testMerge(t *testing.T, p posted) {
	from, into := phoneOf(9), phoneOf(10)
	p.facts(p.typed(9, "wamid.M9", "Oi"), p.typed(10, "wamid.M10", "Olá"))
	p.suppress(from, arauto.SuppressMarketing)
	waiting := p.run(from)
	person := p.merge(from.PersonKey(), into.PersonKey())
	same(t, "keys", []any{person.Key, person.Merged}, []any{into.PersonKey(), []string{from.PersonKey()}})
	same(t, "gate, under both numbers", outcomes(append(p.intend(waiting), p.intend(p.run(into))...)),
		map[arauto.Phone]arauto.Outcome{from: arauto.Suppress, into: arauto.Suppress})
	about := p.audited("person.merge")
	line, err := p.s.Timeline(t.Context(), p.account.ID, into.PersonKey(), arauto.Happening{}, 50)
	ok(t, err)
	var merged []arauto.Happening
	for _, h := range line {
		if h.Kind == arauto.HappenedMerged {
			merged = append(merged, h)
		}
	}
	if len(merged) != 1 || fmt.Sprint(merged[0].ID) != about["from"] || !merged[0].At.Equal(later()) {
		t.Errorf("the merge on the timeline: %+v, want one of person %s at %v", merged, about["from"], later())
	}
	delete(about, "from")
	same(t, "audit", about, map[string]string{"actor": "Ana", "subject": fmt.Sprint("person ", person.ID), "contacts": "1", "conversations": "1", "suppressions": "1", "names": "1", "twins": "1", "given_up": "0"})
	gone, err := p.s.PersonByID(t.Context(), p.account.ID, person.ID)
	ok(t, err)
	same(t, "by id", gone, person)
	rows, err := p.s.ContactsOfPerson(t.Context(), p.account.ID, from.PersonKey(), 0, 10)
	ok(t, err)
	same(t, "contacts of both, under whichever key", len(rows), 4)
	p.facts(p.typed(9, "wamid.M9c", "VOLTAR"))
	holds, err := p.s.Suppressions(t.Context(), p.account.ID, 0, 10, from.PersonKey())
	ok(t, err)
	if len(holds) != 1 || !holds[0].LiftedAt.IsZero() {
		t.Errorf("what the account's people entered is not the person's to lift: %+v", holds)
	}
}

func testTwins(t *testing.T, p posted) {
	a, b := other(1), other(2)
	t.Run("both wait", func(t *testing.T) {
		campaign := p.run(a, b)
		p.merge(a.PersonKey(), b.PersonKey())
		same(t, "gate", outcomes(p.intend(campaign)), map[arauto.Phone]arauto.Outcome{b: arauto.Go})
		rows, err := p.s.ContactsOfPerson(t.Context(), p.account.ID, a.PersonKey(), 0, 10)
		ok(t, err)
		same(t, "given up", []any{rows[1].Phone, rows[1].State, rows[1].Reason}, []any{a, arauto.ContactCancelled, arauto.ReasonMergedDuplicate})
		if rows[1].Reason.Retryable() {
			t.Error("it could be tried again")
		}
	})
	t.Run("the one that goes away was written to", func(t *testing.T) {
		a, b := other(3), other(4)
		campaign := p.run(a, b)
		for _, in := range p.intend(campaign) {
			if in.Contact.Phone == a {
				p.accept(in, a.Digits())
			} else {
				ok(t, p.s.Record(t.Context(), later(), p.account.ID, []arauto.Answer{{
					Contact: in.Contact, Attempt: in.Attempt, Event: arauto.Event{Kind: arauto.EventDeferred, At: later(), Due: later()},
				}}))
			}
		}
		p.merge(a.PersonKey(), b.PersonKey())
		same(t, "gate", len(p.intend(campaign)), 0)
		rows, err := p.s.ContactsOfPerson(t.Context(), p.account.ID, b.PersonKey(), 0, 10)
		ok(t, err)
		keys := map[arauto.Phone]string{rows[0].Phone: rows[0].PersonKey, rows[1].Phone: rows[1].PersonKey}
		same(t, "who was written to has the key", keys, map[arauto.Phone]string{a: b.PersonKey(), b: a.PersonKey()})
	})
}

func testTwinInFlight(t *testing.T, p posted) {
	a, b := other(5), other(6)
	campaign := p.run(a)
	in := p.intend(campaign)[0]
	p.add(campaign, b)
	p.merge(a.PersonKey(), b.PersonKey())
	same(t, "gate", len(p.intend(campaign)), 0)
	p.accept(in, a.Digits())
	same(t, "the answer is recorded", p.byID(in.Contact.ID).State, arauto.ContactSent)
}

func testMergeAgain(t *testing.T, p posted) {
	ctx := t.Context()
	a, b, c := phoneOf(11).PersonKey(), phoneOf(12).PersonKey(), phoneOf(13).PersonKey()
	once := p.merge(a, b)
	same(t, "again", p.merge(a, b), once)
	same(t, "the other way round", p.merge(b, a), once)
	p.merge(b, c)
	same(t, "a chain leads to its end", p.person(a).Key, c)
	same(t, "with all its keys", p.person(b).Merged, []string{a, b})
	_, err := p.s.MergePersons(ctx, ana(p.account.ID), later(), p.account.ID, a, a)
	refused(t, err, arauto.KindInvalid, "into")
	_, err = p.s.MergePersons(ctx, ana(p.account.ID), later(), p.account.ID, "5511900000099", b)
	if arauto.KindOf(err) != arauto.KindNotFound {
		t.Errorf("nobody was merged: %v", err)
	}
	if list, _ := p.s.Audits(ctx, p.account.ID, 0, 2); strings.Contains(list[0].Detail+list[1].Detail, a) {
		t.Error("the audit log holds a phone number")
	}
}

func testMergeReports(t *testing.T, p posted) {
	a, b := phoneOf(14), phoneOf(15)
	read := func(phone arauto.Phone) (list []arauto.ContactRow) {
		list, err := p.s.ContactsOf(t.Context(), p.account.ID, []string{phone.PersonKey()})
		ok(t, err)
		for i := range list {
			list[i].PersonKey, list[i].Version = "", 0
		}
		return list
	}
	before := [][]arauto.ContactRow{read(a), read(b)}
	p.merge(a.PersonKey(), b.PersonKey())
	same(t, "rows", [][]arauto.ContactRow{read(a), read(b)}, before)
}

// testMergeCommutes applies the same facts before, amid and after the same merges: people end alike.
func testMergeCommutes(t *testing.T, p posted) {
	for seed := range int64(6) {
		var want []string
		for round := range 3 {
			random := rand.New(rand.NewSource(seed))
			n := 200 + int(seed)*20 + round*4
			phones := []arauto.Phone{other(n), other(n + 1), other(n + 2)}
			sent := p.intend(p.run(phones...))
			for _, in := range sent {
				p.accept(in, in.Contact.Phone.Digits())
			}
			slices.SortFunc(sent, func(a, b arauto.Intended) int {
				return strings.Compare(string(a.Contact.Phone), string(b.Contact.Phone))
			})
			var steps []func()
			for k := range 6 {
				i, kind := random.Intn(3), random.Intn(4)
				steps = append(steps, func() {
					fact := statusFact(arauto.Status{Event: []arauto.EventKind{arauto.EventDelivered, arauto.EventRead, arauto.EventFailed}[kind%3], ProviderID: wamidOf(sent[i])})
					if kind == 3 {
						fact = p.typed(0, fmt.Sprintf("wamid.C%d.%d", n, k), []string{"Oi", "SAIR"}[i%2])
						fact.Reply.WAID, fact.Reply.Context = phones[i].Digits(), wamidOf(sent[i])
					}
					fact.At = later().Add(time.Minute)
					p.facts(fact)
				})
			}
			steps = append(steps, func() { p.merge(phones[0].PersonKey(), phones[1].PersonKey()) }, func() { p.merge(phones[1].PersonKey(), phones[2].PersonKey()) })
			rand.New(rand.NewSource(seed*100+int64(round))).Shuffle(len(steps), func(a, b int) { steps[a], steps[b] = steps[b], steps[a] })
			for _, step := range steps {
				step()
			}
			var got []string
			for _, in := range sent {
				c := p.byID(in.Contact.ID)
				got = append(got, fmt.Sprint(c.State, c.ReplyText, !c.DeliveredAt.IsZero(), !c.ReadAt.IsZero()))
			}
			for _, o := range outcomes(p.intend(p.run(phones[0]))) {
				got = append(got, string(o))
			}
			if round == 0 {
				want = got
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("seed %d, round %d (-want +got):\n%s", seed, round, d)
			}
		}
	}
}
