package store

import (
	"fmt"
	"testing"
	"time"

	"arauto"
)

// One number's token cannot be opened: its pause cannot end and its campaign cannot start. Everybody else's do.
func TestTendCampaigns_OneThatCannotBeReadHoldsUpNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		ctx, now := t.Context(), time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
		check := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		var accounts, senders, campaigns [3]int64
		for i := range accounts {
			account, err := s.CreateAccount(ctx, arauto.Actor{Name: "cli"}, now, arauto.Account{Slug: fmt.Sprint("a", i), Name: "A", TimeZone: "America/Sao_Paulo", Country: "BR", Language: arauto.Portuguese})
			check(err)
			a, by := account.ID, arauto.System(account.ID)
			accounts[i] = a
			app, err := s.CreateApp(ctx, by, now, arauto.App{Account: a, MetaID: fmt.Sprint(700 + i), Name: "app", Secret: "s3cret", VerifyToken: "v3rify"})
			check(err)
			waba, err := s.SaveWABA(ctx, by, now, arauto.WABA{Account: a, App: app.ID, MetaID: "8001", Name: "waba"}, "9001")
			check(err)
			sender, err := s.CreateSender(ctx, by, now, arauto.Sender{Account: a, WABA: waba.ID, Name: "vendas", PhoneNumberID: "6001", DisplayPhone: "+5511987654321", Token: "EAAG"})
			check(err)
			senders[i] = sender.ID
			_, _, err = s.SaveTemplates(ctx, now, a, waba.ID, []arauto.Template{{MetaID: "m1", Name: "aviso", Language: "pt_BR", Category: "UTILITY", Status: arauto.TemplateApproved, Body: "Olá"}})
			check(err)
			templates, err := s.Templates(ctx, a, 0, 1)
			check(err)
			c, err := s.CreateCampaign(ctx, by, now, arauto.Campaign{Account: a, Sender: sender.ID, Template: templates[0].ID, Name: "ofertas", Channel: arauto.ChannelWhatsApp, Standing: true, ScheduledFor: now.Add(time.Minute)})
			check(err)
			campaigns[i] = c.ID
			if c.State != arauto.CampaignScheduled {
				_, err = s.ChangeCampaign(ctx, by, now, a, c.ID, arauto.CampaignSchedule, "")
				check(err)
			}
			check(s.Halt(ctx, now, a, arauto.Halt{Scope: arauto.ScopeSender, Sender: sender.ID, Reason: arauto.ReasonTooFast, After: time.Second}))
		}
		s.must(t, `UPDATE sender SET token = $1 WHERE account_id = $2`, []byte("garbage"), accounts[0])
		changed, _, err := s.TendCampaigns(ctx, now.Add(2*time.Minute))
		if err == nil || len(changed) != 2 {
			t.Errorf("changed %d, %v", len(changed), err)
		}
		for i := 1; i < 3; i++ {
			c, err := s.Campaign(ctx, accounts[i], campaigns[i])
			check(err)
			n, err := s.Sender(ctx, accounts[i], senders[i])
			check(err)
			if c.State != arauto.CampaignRunning || n.Pause != "" {
				t.Errorf("account %d: the campaign is %s, the number's pause is %q", i, c.State, n.Pause)
			}
		}
	})
}
