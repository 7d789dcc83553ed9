package storetest

import (
	"fmt"
	"testing"

	"arauto"
	"arauto/internal/store"
)

// searched is an account with a list of names in a campaign of each channel.
type searched struct {
	t        *testing.T
	s        *store.Store
	account  int64
	campaign int64 // the voice campaign
	contacts map[string]int64
}

func newSearched(t *testing.T, s *store.Store) *searched {
	t.Helper()
	ctx := t.Context()
	w := &searched{t: t, s: s, account: newAccount(t, s, "a").ID, contacts: map[string]int64{}}
	w.campaign = newVoiceCampaign(t, s, w.account, nil).ID
	for i, name := range []string{"José da Conceição", "Maria da Silva", "MARIANA SOUZA", "Ana", "Silvia d'Ávila"} {
		fields := arauto.Fields{{Key: "Cidade", Value: []string{"Recife", "São Paulo"}[i%2]}, {Key: "cpf", Value: fmt.Sprint(100 + i)}}
		added, err := s.AddDialContacts(ctx, base(), w.account, w.campaign, []arauto.Contact{{
			Name: name, PhoneRaw: string(phoneOf(i)), Phone: phoneOf(i), PersonKey: phoneOf(i).PersonKey(), Fields: fields,
		}})
		ok(t, err)
		w.contacts[name] = added[0].Contact.ID
	}
	return w
}

// finds checks the list, its pages of one, the count and what a job would be given.
func (w *searched) finds(what string, f arauto.ContactFilter, names ...string) {
	w.t.Helper()
	ctx := w.t.Context()
	want := make([]int64, 0, len(names))
	for _, name := range names {
		want = append(want, w.contacts[name])
	}
	got := []int64{}
	for below := int64(0); ; {
		rows, err := w.s.ContactRows(ctx, w.account, f, below, 1)
		ok(w.t, err)
		if len(rows) == 0 {
			break
		}
		below = rows[0].ID
		got = append(got, below)
	}
	same(w.t, what, got, want)
	n, err := w.s.CountContacts(ctx, w.account, f, 1<<53)
	ok(w.t, err)
	same(w.t, what+", counted", n, int64(len(want)))
	ids, err := w.s.MatchIDs(ctx, w.account, f, 1<<53, 100)
	ok(w.t, err)
	same(w.t, what+", for a job", append([]int64{}, ids...), want)
}

// indexed lets the index follow as far as it goes.
func (w *searched) indexed(l arauto.Lease) {
	w.t.Helper()
	for more := true; more; {
		var err error
		_, more, err = w.s.Index(w.t.Context(), base(), l, w.account)
		ok(w.t, err)
	}
}

// testSearch: names, phones, fields and dial statuses are found alike before the contacts are in the index and after,
// and who changed or went is found as they are.
func testSearch(t *testing.T, s *store.Store) {
	ctx := t.Context()
	w := newSearched(t, s)
	l := hold(t, s, 0, "search", "n1")
	other := newAccount(t, s, "b").ID
	w.questions("in no segment")
	w.fill()
	w.indexed(l)
	progress, err := s.SearchProgress(ctx, w.account)
	ok(t, err)
	if progress.IndexedTo < w.contacts["Silvia d'Ávila"] || progress.Stale != 0 {
		t.Fatalf("the index did not follow: %+v", progress)
	}
	w.questions("in a segment")
	rows, err := s.ContactRows(ctx, other, arauto.ContactFilter{Name: "maria"}, 0, 10)
	ok(t, err)
	same(t, "another account's", len(rows), 0)

	name, id := "Mariana Prado", w.contacts["MARIANA SOUZA"]
	_, err = s.PatchDialContact(ctx, arauto.System(w.account), base(), w.account, w.campaign, id, arauto.DialPatch{Name: &name})
	ok(t, err)
	w.contacts[name] = id
	_, err = s.DeleteDialContact(ctx, arauto.System(w.account), base(), w.account, w.campaign, arauto.DialKey{ID: w.contacts["Maria da Silva"]})
	ok(t, err)
	w.changed("changed since")
	stale, err := s.SearchStale(ctx, 10)
	ok(t, err)
	if len(stale) != 1 || stale[0].Stale != 2 || stale[0].Account != w.account {
		t.Fatalf("stale: %+v", stale)
	}
	ok(t, s.Reindex(ctx, base(), l, stale[0]))
	if stale, err = s.SearchStale(ctx, 10); err != nil || len(stale) != 0 {
		t.Fatalf("made anew, and still stale: %+v (%v)", stale, err)
	}
	w.changed("made anew")
}

func (w *searched) questions(when string) {
	w.t.Helper()
	w.finds(when+": a part of a word", arauto.ContactFilter{Name: "maria"}, "MARIANA SOUZA", "Maria da Silva")
	w.finds(when+": without accents, over a space", arauto.ContactFilter{Name: "DA CONCEICAO"}, "José da Conceição")
	w.finds(when+": an apostrophe", arauto.ContactFilter{Name: "d'av"}, "Silvia d'Ávila")
	w.finds(when+": nobody", arauto.ContactFilter{Name: "zuleica"})
	w.finds(when+": a field, its key in any case", arauto.ContactFilter{FieldKey: "CIDADE", FieldValue: "São Paulo"}, "Ana", "Maria da Silva")
	w.finds(when+": a field's value is compared exactly", arauto.ContactFilter{FieldKey: "cidade", FieldValue: "são paulo"})
	w.finds(when+": name and field", arauto.ContactFilter{Name: "silv", FieldKey: "cidade", FieldValue: "Recife"}, "Silvia d'Ávila")
	w.finds(when+": digits", arauto.ContactFilter{Digits: "80000003", Campaigns: []int64{w.campaign}}, "Ana")
	w.finds(when+": dial status and name", arauto.ContactFilter{Name: "maria", Dials: []arauto.Dial{arauto.DialUpcoming, arauto.DialRedial}}, "MARIANA SOUZA", "Maria da Silva")
	w.finds(when+": another dial status", arauto.ContactFilter{Name: "maria", Dials: []arauto.Dial{arauto.DialVoicemail}})
	w.finds(when+": dial status alone", arauto.ContactFilter{Campaigns: []int64{w.campaign}, Dials: []arauto.Dial{arauto.DialUpcoming}},
		"Silvia d'Ávila", "Ana", "MARIANA SOUZA", "Maria da Silva", "José da Conceição")
	w.finds(when+": state and name", arauto.ContactFilter{Name: "maria", States: []arauto.ContactState{arauto.ContactPending}}, "MARIANA SOUZA", "Maria da Silva")
}

func (w *searched) changed(when string) {
	w.t.Helper()
	w.finds(when+": the new name", arauto.ContactFilter{Name: "prado"}, "Mariana Prado")
	w.finds(when+": the old name", arauto.ContactFilter{Name: "souza"})
	w.finds(when+": who was removed", arauto.ContactFilter{Name: "maria"}, "Mariana Prado")
	w.finds(when+": a field of who was removed", arauto.ContactFilter{FieldKey: "cidade", FieldValue: "São Paulo"}, "Ana")
}

// fill adds others, as many as a segment needs to be made.
func (w *searched) fill() {
	w.t.Helper()
	b := newBusiness(w.t, w.s, w.account)
	_, _, err := w.s.SaveTemplates(w.t.Context(), base(), w.account, b.waba.ID, []arauto.Template{{MetaID: "m1", Name: "aviso", Language: "pt_BR", Category: "UTILITY", Status: arauto.TemplateApproved, Body: "Olá"}})
	ok(w.t, err)
	templates, err := w.s.Templates(w.t.Context(), w.account, 0, 1)
	ok(w.t, err)
	c, err := w.s.CreateCampaign(w.t.Context(), arauto.System(w.account), base(), arauto.Campaign{
		Account: w.account, Sender: b.sender.ID, Template: templates[0].ID, Name: "aviso", Channel: arauto.ChannelWhatsApp, Standing: true,
	})
	ok(w.t, err)
	var list []arauto.Contact
	for i := range 2048 {
		phone := arauto.Phone(fmt.Sprintf("+5521%09d", 911000000+i))
		list = append(list, arauto.Contact{Name: "Pedro", PhoneRaw: string(phone), Phone: phone, PersonKey: phone.PersonKey()})
	}
	_, err = w.s.AddContacts(w.t.Context(), base(), w.account, c.ID, list)
	ok(w.t, err)
}
