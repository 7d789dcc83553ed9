package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"arauto"
)

// TestDial_IndexesAreVoiceOnly: messages pay for no index of calls: each says so in its condition.
func TestDial_IndexesAreVoiceOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		sql := `SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'contact' AND name LIKE 'contact_dial%'`
		if s.db.postgres() {
			sql = `SELECT indexdef FROM pg_indexes WHERE tablename = 'contact' AND indexname LIKE 'contact_dial%'`
		}
		list, err := readAll(t.Context(), s, scanText, sql)
		if err != nil || len(list) != 4 {
			t.Fatalf("%d indexes, %v", len(list), err)
		}
		for _, text := range list {
			_, where, _ := strings.Cut(text, " WHERE ")
			if !strings.Contains(where, "dial <> ''") {
				t.Errorf("%s holds contacts of every channel", text)
			}
		}
	})
}

// BenchmarkDueDials reads who is next while the highest priority holds 100,000 who wait for their redial.
func BenchmarkDueDials(b *testing.B) {
	s := OpenSQLite(b)
	ctx, now := b.Context(), time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	a, err := s.CreateAccount(ctx, arauto.Actor{Name: "cli"}, now, arauto.Account{Slug: "a", Name: "a", Country: "BR", TimeZone: "America/Sao_Paulo", Language: arauto.Portuguese})
	if err != nil {
		b.Fatal(err)
	}
	c, err := s.CreateCampaign(ctx, arauto.System(a.ID), now, arauto.Campaign{Account: a.ID, Name: "c", Channel: arauto.ChannelVoice, Voice: arauto.NewVoice(arauto.DialPredictive)})
	if err != nil {
		b.Fatal(err)
	}
	for n := range 200 {
		list := make([]arauto.Contact, 1000)
		for i := range list {
			list[i] = arauto.Contact{PhoneRaw: fmt.Sprintf("+55119%08d", n*1000+i)}
			if n%2 == 0 {
				list[i].Priority, list[i].ScheduledFor = 100, now.Add(time.Hour)
			}
		}
		if _, err := s.AddDialContacts(ctx, now, a.ID, c.ID, list); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if due, err := s.DueDials(ctx, now, a.ID, c.ID, 50); err != nil || len(due) != 50 {
			b.Fatalf("%d, %v", len(due), err)
		}
	}
}
