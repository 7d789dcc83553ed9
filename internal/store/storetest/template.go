package storetest

import (
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

func promo(name, language string) arauto.Template {
	return arauto.Template{
		MetaID: "m-" + name + language, Name: name, Language: language, Category: "MARKETING", Status: arauto.TemplateApproved, Quality: "GREEN",
		Named: true, Header: arauto.Header{Format: "TEXT", Text: "Olá {{nome}}"}, Body: "Só hoje: {{oferta}} \"50%\" 🎉", Footer: "Responda SAIR",
		Buttons: []arauto.Button{{Type: "QUICK_REPLY", Text: "Quero"}, {Type: "URL", Text: "Ver", URL: "https://example.com/{{1}}"}},
	}
}

func testTemplate(t *testing.T, s *store.Store) {
	ctx := t.Context()
	a := newAccount(t, s, "a").ID
	b := newBusiness(t, s, a)
	plain := arauto.Template{MetaID: "m-aviso", Name: "aviso", Language: "pt_BR", Category: "UTILITY", Status: "PENDING", Body: "Chegou"}
	first := base().Add(time.Minute)
	added, changed, err := s.SaveTemplates(ctx, first, a, b.waba.ID, []arauto.Template{promo("promo", "pt_BR"), promo("promo", "en_US"), plain, plain})
	ok(t, err)
	same(t, "added, changed", []int{added, changed}, []int{3, 0})
	list, err := s.Templates(ctx, a, 0, 10)
	ok(t, err)
	if len(list) != 3 {
		t.Fatalf("%d templates, want 3", len(list))
	}
	t.Run("reads back", func(t *testing.T) {
		want := promo("promo", "pt_BR")
		want.ID, want.UUID, want.Account, want.WABA, want.SyncedAt = list[0].ID, list[0].UUID, a, b.waba.ID, first
		same(t, "listed", list[0], want)
		got, err := s.Template(ctx, a, want.ID)
		ok(t, err)
		same(t, "by id", got, want)
		got, err = s.TemplateByUUID(ctx, a, want.UUID)
		ok(t, err)
		same(t, "by UUID", got, want)
		w, err := s.WABA(ctx, a, b.waba.ID)
		ok(t, err)
		same(t, "the WABA's sync", w.SyncedAt, first)
	})
	t.Run("sync again", func(t *testing.T) {
		later := base().Add(time.Hour)
		edited := promo("promo", "pt_BR")
		edited.Body, edited.MetaID = "Só amanhã: {{oferta}}", "m-new"
		added, changed, err := s.SaveTemplates(ctx, later, a, b.waba.ID, []arauto.Template{promo("promo", "en_US"), edited, promo("novo", "es")})
		ok(t, err)
		same(t, "added, changed (edited, and one gone)", []int{added, changed}, []int{1, 2})
		now, err := s.Templates(ctx, a, 0, 10)
		ok(t, err)
		for i, was := range list {
			if now[i].ID != was.ID || now[i].UUID != was.UUID || now[i].Name != was.Name {
				t.Errorf("%s became %+v", was.Name, now[i])
			}
		}
		if now[0].Body != edited.Body || now[0].MetaID != "m-new" || now[1].Status != arauto.TemplateApproved || now[2].Status != "DELETED" || now[2].Body != "Chegou" {
			t.Errorf("after the sync: %+v", now)
		}
		for waba, want := range map[int64]int{0: 3, b.waba.ID: 3, b.waba.ID + 1: 0} {
			approved, err := s.ApprovedTemplates(ctx, a, waba, 0, 10)
			ok(t, err)
			same(t, "approved ones, the one gone left out", len(approved), want)
		}
		rest, err := s.ApprovedTemplates(ctx, a, b.waba.ID, list[0].ID, 1)
		ok(t, err)
		if len(rest) != 1 || rest[0].ID != list[1].ID {
			t.Errorf("the page after the first: %+v", rest)
		}
		added, changed, err = s.SaveTemplates(ctx, later, a, b.waba.ID, []arauto.Template{promo("promo", "en_US"), edited, promo("novo", "es"), plain})
		ok(t, err)
		same(t, "added, changed (the one gone is back)", []int{added, changed}, []int{0, 1})
	})
	t.Run("a webhook's word", func(t *testing.T) { testTemplateStatus(t, s, a, list) })
	_, _, err = s.SaveTemplates(ctx, base(), a, 999, nil)
	refused(t, err, arauto.KindNotFound, "")
}

func testTemplateStatus(t *testing.T, s *store.Store, a int64, list []arauto.Template) {
	ctx := t.Context()
	status := func(id int64) string {
		m, err := s.Template(ctx, a, id)
		ok(t, err)
		return m.Status + " " + m.Rejected
	}
	say := func(waba string, f arauto.TemplateFact) {
		ok(t, s.SetTemplateStatus(ctx, base().Add(2*time.Hour), base().Add(2*time.Hour), a, waba, f))
	}
	pt, en := list[0].ID, list[1].ID
	say("8001", arauto.TemplateFact{Name: "promo", Language: "en-US", Status: "REJECTED", Reason: "ABUSIVE_CONTENT"})
	same(t, "by name, however the language is written", status(en), "REJECTED ABUSIVE_CONTENT")
	same(t, "the other language", status(pt), "APPROVED ")
	say("8001", arauto.TemplateFact{MetaID: "m-new", Name: "promo", Language: "en_US", Status: "PAUSED"})
	same(t, "Meta's id decides", status(pt), "PAUSED ")
	same(t, "not the name beside it", status(en), "REJECTED ABUSIVE_CONTENT")
	for _, f := range []arauto.TemplateFact{{Name: "unheard of", Language: "pt_BR", Status: "PAUSED"}, {Name: "promo", Language: "en_US"}} {
		say("8001", f)
	}
	say("another WABA", arauto.TemplateFact{Name: "promo", Language: "en_US", Status: "APPROVED"})
	same(t, "nothing changed", status(en), "REJECTED ABUSIVE_CONTENT")
}
