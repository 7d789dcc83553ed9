package storetest

import (
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

func testAccount(t *testing.T, s *store.Store) {
	ctx, cli := t.Context(), arauto.Actor{Name: "cli"}
	a := newAccount(t, s, "loja-azul")
	if a.ID == 0 || a.UUID == "" || len(a.StopWords) == 0 || len(a.ResumeWords) == 0 || !a.CreatedAt.Equal(base()) {
		t.Fatalf("not filled in: %+v", a)
	}
	t.Run("reads back what was stored", func(t *testing.T) {
		got, err := s.Account(ctx, a.ID)
		ok(t, err)
		same(t, "by id", got, a)
		got, err = s.AccountBySlug(ctx, "loja-azul")
		ok(t, err)
		same(t, "by slug", got, a)
	})
	t.Run("slug taken", func(t *testing.T) {
		_, err := s.CreateAccount(ctx, cli, base(), a)
		refused(t, err, arauto.KindConflict, "slug")
		b := newAccount(t, s, "loja-verde")
		b.Slug = a.Slug
		_, err = s.UpdateAccount(ctx, cli, base(), b)
		refused(t, err, arauto.KindConflict, "slug")
	})
	t.Run("invalid", func(t *testing.T) {
		_, err := s.CreateAccount(ctx, cli, base(), arauto.Account{Slug: "Maiúscula", Country: "BR", TimeZone: "UTC"})
		refused(t, err, arauto.KindInvalid, "slug")
	})
	t.Run("unknown", func(t *testing.T) {
		_, err := s.Account(ctx, 999)
		refused(t, err, arauto.KindNotFound, "account")
		_, err = s.AccountBySlug(ctx, "ninguem")
		refused(t, err, arauto.KindNotFound, "account")
		_, err = s.UpdateAccount(ctx, cli, base(), arauto.Account{ID: 999, Slug: "x", Country: "BR", TimeZone: "UTC"})
		refused(t, err, arauto.KindNotFound, "account")
	})
	t.Run("update", func(t *testing.T) {
		b := a
		b.Name, b.StopWords, b.UUID, b.CreatedAt = "Loja Azul S.A.", []string{}, "another", time.Time{}
		got, err := s.UpdateAccount(ctx, cli, base().Add(time.Hour), b)
		ok(t, err)
		b.UUID, b.CreatedAt = a.UUID, a.CreatedAt
		same(t, "answer", got, b)
		got, err = s.Account(ctx, a.ID)
		ok(t, err)
		same(t, "stored: no stop words is a choice", got, b)
	})
	t.Run("all by id", func(t *testing.T) {
		list, err := s.Accounts(ctx)
		ok(t, err)
		if len(list) != 2 || list[0].Slug != "loja-azul" || list[1].Slug != "loja-verde" || list[0].ID >= list[1].ID {
			t.Fatalf("got %+v", list)
		}
	})
}
