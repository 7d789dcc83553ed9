package storetest

import (
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

// testIsolation asks, as one account, for everything another account has.
func testIsolation(t *testing.T, s *store.Store) {
	ctx := t.Context()
	theirs, mine := newAccount(t, s, "theirs").ID, newAccount(t, s, "mine").ID
	b := newBusiness(t, s, theirs)
	_, _, err := s.SaveTemplates(ctx, base(), theirs, b.waba.ID, []arauto.Template{promo("promo", "pt_BR")})
	ok(t, err)
	templates, err := s.Templates(ctx, theirs, 0, 1)
	ok(t, err)
	token := newToken(t, s, theirs, "token")
	ok(t, s.LogRequests(ctx, theirs, token.ID, []arauto.Request{{At: base(), Method: "GET", Path: "/"}}))
	people, err := s.AddSuppressions(ctx, arauto.System(theirs), base(), theirs, []arauto.Suppression{{PersonKey: "1", Scope: arauto.SuppressAll, Source: "api"}})
	ok(t, err)
	job := newJob(t, s, theirs, 1)
	lease := hold(t, s, theirs, "line", "n1")

	as, later := arauto.System(mine), base().Add(time.Hour)
	gets := map[string]func() error{
		"App":             func() error { _, err := s.App(ctx, mine, b.app.ID); return err },
		"WABA":            func() error { _, err := s.WABA(ctx, mine, b.waba.ID); return err },
		"Sender":          func() error { _, err := s.Sender(ctx, mine, b.sender.ID); return err },
		"SenderByUUID":    func() error { _, err := s.SenderByUUID(ctx, mine, b.sender.UUID); return err },
		"Template":        func() error { _, err := s.Template(ctx, mine, templates[0].ID); return err },
		"TemplateByUUID":  func() error { _, err := s.TemplateByUUID(ctx, mine, templates[0].UUID); return err },
		"Job":             func() error { _, err := s.Job(ctx, mine, job.ID); return err },
		"JobByUUID":       func() error { _, err := s.JobByUUID(ctx, mine, job.UUID); return err },
		"RevokeToken":     func() error { return s.RevokeToken(ctx, as, later, mine, token.ID) },
		"LiftSuppression": func() error { return s.LiftSuppression(ctx, as, later, mine, people[0].ID, "") },
		"CancelJob":       func() error { return s.CancelJob(ctx, as, later, mine, job.ID) },
		"Halt": func() error {
			return s.Halt(ctx, later, mine, arauto.Halt{Scope: arauto.ScopeSender, Sender: b.sender.ID, Reason: arauto.ReasonSenderTrouble})
		},
		"PauseWABA":     func() error { _, err := s.PauseWABA(ctx, arauto.System(mine), later, mine, b.waba.ID, "x"); return err },
		"LiftCountry":   func() error { return s.LiftCountry(ctx, arauto.System(mine), later, mine, b.waba.ID, "55") },
		"SaveTemplates": func() error { _, _, err := s.SaveTemplates(ctx, later, mine, b.waba.ID, nil); return err },
		"UpdateApp":     func() error { a := b.app; a.Account = mine; _, err := s.UpdateApp(ctx, as, later, a); return err },
		"SaveWABA":      func() error { w := b.waba; w.Account = mine; _, err := s.SaveWABA(ctx, as, later, w, ""); return err },
		"CreateSender":  func() error { n := b.sender; n.Account = mine; _, err := s.CreateSender(ctx, as, later, n); return err },
		"UpdateSender":  func() error { _, err := s.UpdateSender(ctx, as, later, mine, b.sender.ID, to(b.sender)); return err },
	}
	for name, get := range gets {
		t.Run(name, func(t *testing.T) {
			if err := get(); arauto.KindOf(err) != arauto.KindNotFound {
				t.Errorf("got %v", err)
			}
		})
	}
	lists := map[string]func() (int, error){
		"Apps":              func() (int, error) { l, err := s.Apps(ctx, mine, 0, 10); return len(l), err },
		"WABAs":             func() (int, error) { l, err := s.WABAs(ctx, mine, 0, 10); return len(l), err },
		"Senders":           func() (int, error) { l, err := s.Senders(ctx, mine, 0, 10); return len(l), err },
		"ApprovedTemplates": func() (int, error) { l, err := s.ApprovedTemplates(ctx, mine, b.waba.ID, 0, 10); return len(l), err },
		"Templates":         func() (int, error) { l, err := s.Templates(ctx, mine, 0, 10); return len(l), err },
		"Tokens":            func() (int, error) { l, err := s.Tokens(ctx, mine, 0, 10); return len(l), err },
		"Requests":          func() (int, error) { l, err := s.Requests(ctx, mine, token.ID); return len(l), err },
		"Suppressions":      func() (int, error) { l, err := s.Suppressions(ctx, mine, 0, 10, ""); return len(l), err },
		"of a person":       func() (int, error) { l, err := s.Suppressions(ctx, mine, 0, 10, "1"); return len(l), err },
		"SuppressionsOf":    func() (int, error) { l, err := s.SuppressionsOf(ctx, mine, []string{"1"}); return len(l), err },
		"Jobs":              func() (int, error) { l, err := s.Jobs(ctx, mine, 0, 0, 10); return len(l), err },
	}
	for name, list := range lists {
		t.Run(name, func(t *testing.T) {
			if n, err := list(); n != 0 || err != nil {
				t.Errorf("%d of another's, %v", n, err)
			}
		})
	}
	t.Run("Audits", func(t *testing.T) {
		list, err := s.Audits(ctx, mine, 0, 100)
		ok(t, err)
		if len(list) != 1 || list[0].Action != "account.create" {
			t.Errorf("more than my own: %+v", list)
		}
	})
	t.Run("Release and Renew", func(t *testing.T) {
		stolen := lease
		stolen.Account = mine
		ok(t, s.Release(ctx, stolen))
		if _, held, err := s.Renew(ctx, later, stolen, time.Hour); held || err != nil {
			t.Errorf("renewed %v, %v", held, err)
		}
		if _, held, err := s.Renew(ctx, later, lease, time.Hour); !held || err != nil {
			t.Errorf("its holder: %v, %v", held, err)
		}
	})
	t.Run("SetTemplateStatus", func(t *testing.T) {
		ok(t, s.SetTemplateStatus(ctx, later, later, mine, b.waba.MetaID, arauto.TemplateFact{Name: "promo", Language: "pt_BR", Status: "PAUSED"}))
		m, err := s.Template(ctx, theirs, templates[0].ID)
		ok(t, err)
		same(t, "theirs", m.Status, arauto.TemplateApproved)
	})
}
