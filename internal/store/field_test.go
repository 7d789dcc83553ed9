package store

import (
	"slices"
	"testing"

	"arauto"
)

// TestFields_Former: of a campaign that is older than the keeping nothing is known until somebody looked through it.
func TestFields_Former(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		a, err := s.CreateAccount(ctx, arauto.Actor{Name: "cli"}, opened, arauto.Account{Slug: "a", Name: "Loja", Country: "BR", TimeZone: "America/Sao_Paulo", Language: arauto.Portuguese})
		if err != nil {
			t.Fatal(err)
		}
		c, err := s.CreateCampaign(ctx, arauto.System(a.ID), opened, arauto.Campaign{Account: a.ID, Name: "ofertas", Channel: arauto.ChannelWhatsApp})
		if err != nil {
			t.Fatal(err)
		}
		s.must(t, `UPDATE campaign SET fields_known = 0 WHERE account_id = $1`, a.ID)
		add := arauto.Contact{PhoneRaw: "+5511987654321", Phone: "+5511987654321", PersonKey: "5511987654321", Fields: arauto.Fields{{Key: "new", Value: "1"}}}
		if _, err := s.AddContacts(ctx, opened, a.ID, c.ID, []arauto.Contact{add}); err != nil {
			t.Fatal(err)
		}
		check := func(wantUnknown []int64, want ...string) {
			t.Helper()
			keys, unknown, err := s.CampaignFields(ctx, a.ID, arauto.ContactFilter{Campaigns: []int64{c.ID}})
			if err != nil || !slices.Equal(keys.List, want) || !slices.Equal(unknown, wantUnknown) {
				t.Errorf("fields %q, unknown %v (%v)", keys.List, unknown, err)
			}
		}
		check([]int64{c.ID}, "new")
		if err := s.KeepFields(ctx, a.ID, c.ID, []string{"late"}, false); err != nil {
			t.Fatal(err)
		}
		check([]int64{c.ID}, "new", "late")
		if err := s.KeepFields(ctx, a.ID, c.ID, []string{"old", "NEW"}, true); err != nil {
			t.Fatal(err)
		}
		check(nil, "new", "late", "old")
	})
}
