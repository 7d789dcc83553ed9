package storetest

import (
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

func testAudit(t *testing.T, s *store.Store) {
	ctx := t.Context()
	a := newAccount(t, s, "a")
	actor := arauto.Actor{Account: a.ID, Token: 5, Name: "ana"}
	now := base().Add(time.Minute)
	b := newBusiness(t, s, a.ID)
	steps := []struct {
		action string
		do     func() error
	}{
		{"account.update", func() error { a.Name = "Nova"; _, err := s.UpdateAccount(ctx, actor, now, a); return err }},
		{"app.update", func() error { b.app.Secret = "an0ther"; _, err := s.UpdateApp(ctx, actor, now, b.app); return err }},
		{"waba.update", func() error {
			b.waba.Name = "nova"
			_, err := s.SaveWABA(ctx, actor, now, b.waba, "9001")
			return err
		}},
		{"sender.update", func() error {
			b.sender.Token, b.sender.Rate = "EAAG-new", 10
			_, err := s.UpdateSender(ctx, actor, now, a.ID, b.sender.ID, to(b.sender))
			return err
		}},
		{"suppression.add", func() error {
			_, err := s.AddSuppressions(ctx, actor, now, a.ID, []arauto.Suppression{{PersonKey: "551", Scope: arauto.SuppressAll, Source: "api"}})
			return err
		}},
		{"suppression.lift", func() error { return s.LiftSuppression(ctx, actor, now, a.ID, 1, "asked by e-mail") }},
		{"job.create", func() error {
			_, err := s.CreateJob(ctx, actor, now, arauto.Job{Account: a.ID, Kind: arauto.JobImport})
			return err
		}},
		{"job.cancel", func() error { return s.CancelJob(ctx, actor, now, a.ID, 1) }},
		{"token.create", func() error {
			_, err := s.CreateToken(ctx, actor, now, arauto.Token{Account: a.ID, Name: "bi", Prefix: "arauto_x", Hash: "hash-of-it", Scopes: []arauto.TokenScope{arauto.TokenRead}})
			return err
		}},
		{"token.revoke", func() error { return s.RevokeToken(ctx, actor, now, a.ID, 1) }},
	}
	for _, step := range steps {
		t.Run(step.action, func(t *testing.T) {
			before, err := s.Audits(ctx, a.ID, 0, 100)
			ok(t, err)
			ok(t, step.do())
			after, err := s.Audits(ctx, a.ID, 0, 100)
			ok(t, err)
			if len(after) != len(before)+1 {
				t.Fatalf("%d entries more, want one", len(after)-len(before))
			}
			e := after[0]
			if e.Action != step.action || e.Actor != actor || e.Account != a.ID || !e.At.Equal(now) || e.Subject == "" || !strings.HasPrefix(e.Detail, "{") {
				t.Errorf("got %+v", e)
			}
		})
	}
	t.Run("no secret in it", func(t *testing.T) {
		list, err := s.Audits(ctx, a.ID, 0, 100)
		ok(t, err)
		for _, e := range list {
			for _, secret := range []string{"s3cret", "v3rify", "an0ther", "EAAG", "hash-of-it"} {
				if strings.Contains(e.Detail, secret) {
					t.Errorf("%s says %s", e.Action, e.Detail)
				}
			}
		}
	})
	t.Run("a change that fails leaves none", func(t *testing.T) {
		before, err := s.Audits(ctx, a.ID, 0, 100)
		ok(t, err)
		if _, err := s.CreateSender(ctx, actor, now, b.sender); err == nil {
			t.Fatal("the same number went in twice")
		}
		after, err := s.Audits(ctx, a.ID, 0, 100)
		ok(t, err)
		same(t, "entries", after, before)
	})
	t.Run("pages from the newest", func(t *testing.T) {
		all, err := s.Audits(ctx, a.ID, 0, 100)
		ok(t, err)
		var paged []arauto.Audit
		for before := int64(0); ; {
			page, err := s.Audits(ctx, a.ID, before, 3)
			ok(t, err)
			if len(page) == 0 {
				break
			}
			paged = append(paged, page...)
			before = page[len(page)-1].ID
		}
		same(t, "pages put together", paged, all)
	})
}
