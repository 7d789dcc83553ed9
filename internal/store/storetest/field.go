package storetest

import (
	"fmt"
	"sync"
	"testing"

	"arauto"
	"arauto/internal/store"
)

// fieldsOf are the names of custom fields that are kept for what a filter asks.
func fieldsOf(t *testing.T, s *store.Store, account int64, f arauto.ContactFilter) []string {
	t.Helper()
	keys, unknown, err := s.CampaignFields(t.Context(), account, f)
	ok(t, err)
	if len(unknown) > 0 {
		t.Errorf("campaigns %v are not known, though nothing is older than the keeping", unknown)
	}
	return append([]string{}, keys.List...)
}

// withFields is one contact with those custom fields.
func withFields(i int, names ...string) arauto.Contact {
	c := arauto.Contact{PhoneRaw: string(phoneOf(i)), Phone: phoneOf(i), PersonKey: phoneOf(i).PersonKey()}
	for _, name := range names {
		c.Fields = append(c.Fields, arauto.Field{Key: name, Value: "x"})
	}
	return c
}

// testCampaignFields: whatever way a contact or a field comes in, its name is kept for its campaign, and nothing else.
func testCampaignFields(t *testing.T, s *store.Store) {
	ctx, a, other := t.Context(), newAccount(t, s, "a").ID, newAccount(t, s, "b").ID
	c, err := s.CreateCampaign(ctx, arauto.System(a), base(), arauto.Campaign{Account: a, Name: "ofertas", Channel: arauto.ChannelWhatsApp})
	ok(t, err)
	whole := arauto.ContactFilter{}
	same(t, "before any contact", fieldsOf(t, s, a, whole), []string{})
	_, err = s.AddContacts(ctx, base(), a, c.ID, []arauto.Contact{withFields(1, "cpf", "Cidade"), withFields(2, "cidade", "plano"), withFields(1, "twice")})
	ok(t, err)
	same(t, "added", fieldsOf(t, s, a, whole), []string{"cpf", "Cidade", "plano"})

	l := hold(t, s, a, "job:1", "n1")
	j, err := s.StartJob(ctx, base(), l, newJob(t, s, a, c.ID))
	ok(t, err)
	count := func([]arauto.Added, *arauto.Job) {}
	_, j, err = s.ImportChunk(ctx, base(), l, j, arauto.Intake{}, []arauto.Contact{withFields(1, "not taken"), withFields(3, "PLANO", "UF")}, count)
	ok(t, err)
	same(t, "imported", fieldsOf(t, s, a, whole), []string{"cpf", "Cidade", "plano", "UF"})
	_, _, err = s.ImportChunk(ctx, base(), l, j, arauto.Intake{Duplicates: arauto.DuplicatesUpdate}, []arauto.Contact{withFields(1, "a\x00b", "bairro")}, count)
	ok(t, err)
	if got := fieldsOf(t, s, a, whole); len(got) != 6 || got[5] != "bairro" {
		t.Errorf("updated: %q", got)
	}

	voice := newVoiceCampaign(t, s, a, nil)
	added, err := s.AddDialContacts(ctx, base(), a, voice.ID, []arauto.Contact{withFields(1, "Saldo", "CPF"), withFields(2)})
	ok(t, err)
	_, err = s.PatchDialContact(ctx, arauto.System(a), base(), a, voice.ID, added[0].Contact.ID, arauto.DialPatch{Fields: arauto.Fields{{Key: "Vence", Value: "1"}}})
	ok(t, err)
	calls := arauto.ContactFilter{Channel: arauto.ChannelVoice}
	same(t, "of calls", fieldsOf(t, s, a, calls), []string{"Saldo", "CPF", "Vence"})
	same(t, "of a campaign", fieldsOf(t, s, a, arauto.ContactFilter{Campaigns: []int64{voice.ID}, Name: "nobody"}), []string{"Saldo", "CPF", "Vence"})
	if got := fieldsOf(t, s, a, whole); len(got) != 8 || got[0] != "Saldo" || got[1] != "CPF" || got[3] != "Cidade" {
		t.Errorf("of both: %q", got)
	}
	_, err = s.DeleteDialContact(ctx, arauto.System(a), base(), a, voice.ID, arauto.DialKey{ID: added[0].Contact.ID})
	ok(t, err)
	same(t, "after the last contact that had them", fieldsOf(t, s, a, calls), []string{"Saldo", "CPF", "Vence"})
	same(t, "another account's", fieldsOf(t, s, other, whole), []string{})
}

// testCampaignFieldsWriters: writers who bring the same names at the same moment, in any order, lose none, and no more
// are kept than a table has columns for.
func testCampaignFieldsWriters(t *testing.T, s *store.Store) {
	ctx, a := t.Context(), newAccount(t, s, "a").ID
	c, err := s.CreateCampaign(ctx, arauto.System(a), base(), arauto.Campaign{Account: a, Name: "ofertas", Channel: arauto.ChannelWhatsApp})
	ok(t, err)
	names := []string{"a", "b", "c", "d", "e", "f"}
	var all sync.WaitGroup
	for w := range 8 {
		mine := append(append([]string{}, names[w%6:]...), names[:w%6]...)
		all.Go(func() {
			for i := range 4 {
				if w%2 == 0 {
					if _, err := s.AddContacts(ctx, base(), a, c.ID, []arauto.Contact{withFields(10*w+i, mine...)}); err != nil {
						t.Error(err)
					}
				} else if err := s.KeepFields(ctx, a, c.ID, mine, false); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got := fieldsOf(t, s, a, arauto.ContactFilter{}); len(got) != len(names) {
		t.Errorf("kept are %q", got)
	}
	for range 3 {
		more := make([]string, arauto.MaxColumns/2)
		for i := range more {
			more[i] = fmt.Sprint(len(names), "-", i)
		}
		names = append(names, more...)
		ok(t, s.KeepFields(ctx, a, c.ID, more, false))
	}
	if n := len(fieldsOf(t, s, a, arauto.ContactFilter{})); n <= arauto.MaxColumns || n >= len(names) {
		t.Errorf("%d names are kept of %d: more than %d, and not all", n, len(names), arauto.MaxColumns)
	}
}
