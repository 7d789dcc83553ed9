package storetest

import (
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

func testBusiness(t *testing.T, s *store.Store) {
	a, other := newAccount(t, s, "a"), newAccount(t, s, "b")
	b := newBusiness(t, s, a.ID)
	t.Run("app", func(t *testing.T) { testApp(t, s, b.app, other.ID) })
	t.Run("waba", func(t *testing.T) { testWABA(t, s, b, other.ID) })
}

func testApp(t *testing.T, s *store.Store, app arauto.App, other int64) {
	ctx := t.Context()
	got, err := s.App(ctx, app.Account, app.ID)
	ok(t, err)
	same(t, "by id", got, app)
	got, err = s.AppByUUID(ctx, app.UUID)
	ok(t, err)
	same(t, "by UUID, from whichever account", got, app)

	_, err = s.CreateApp(ctx, arauto.System(app.Account), base(), arauto.App{Account: app.Account, MetaID: app.MetaID})
	refused(t, err, arauto.KindConflict, "meta_id")
	theirs, err := s.CreateApp(ctx, arauto.System(other), base(), arauto.App{Account: other, MetaID: app.MetaID, Name: "agency"})
	ok(t, err) // an agency's app may serve several accounts
	if theirs.Secret != "" {
		t.Error("a secret from nowhere")
	}
	second, err := s.CreateApp(ctx, arauto.System(app.Account), base(), arauto.App{Account: app.Account, MetaID: "7999"})
	ok(t, err)
	list, err := s.Apps(ctx, app.Account, app.ID, 10)
	ok(t, err)
	same(t, "page after the first", list, []arauto.App{second})
	second.MetaID = app.MetaID
	_, err = s.UpdateApp(ctx, arauto.System(app.Account), base(), second)
	refused(t, err, arauto.KindConflict, "meta_id")

	app.Name, app.Secret, app.VerifyToken = "renamed", "n3w", ""
	_, err = s.UpdateApp(ctx, arauto.System(app.Account), base(), app)
	ok(t, err)
	got, err = s.App(ctx, app.Account, app.ID)
	ok(t, err)
	same(t, "updated", got, app)
	app.Account = other
	app.ID = 999
	_, err = s.UpdateApp(ctx, arauto.System(other), base(), app)
	refused(t, err, arauto.KindNotFound, "")
	_, err = s.AppByUUID(ctx, "none")
	refused(t, err, arauto.KindNotFound, "app")
}

func testWABA(t *testing.T, s *store.Store, b business, other int64) {
	ctx, actor := t.Context(), arauto.System(b.waba.Account)
	got, err := s.WABA(ctx, b.waba.Account, b.waba.ID)
	ok(t, err)
	same(t, "by id", got, b.waba)

	again := arauto.WABA{Account: b.waba.Account, App: b.app.ID, MetaID: b.waba.MetaID, Name: "renamed", SyncedAt: base().Add(time.Hour)}
	saved, err := s.SaveWABA(ctx, actor, base(), again, "")
	ok(t, err)
	if saved.ID != b.waba.ID || saved.Portfolio != b.waba.Portfolio || saved.Name != "renamed" {
		t.Fatalf("it must stay the same one, under its portfolio: %+v", saved)
	}
	again.SyncedAt = time.Time{}
	saved, err = s.SaveWABA(ctx, actor, base(), again, "9002")
	ok(t, err)
	if saved.ID != b.waba.ID || saved.Portfolio == b.waba.Portfolio || !saved.SyncedAt.Equal(base().Add(time.Hour)) {
		t.Fatalf("moved to another portfolio: %+v", saved)
	}
	got, err = s.WABA(ctx, b.waba.Account, b.waba.ID)
	ok(t, err)
	same(t, "stored", got, saved)

	sibling, err := s.SaveWABA(ctx, actor, base(), arauto.WABA{Account: b.waba.Account, App: b.app.ID, MetaID: "8002"}, "9002")
	ok(t, err)
	if sibling.Portfolio != saved.Portfolio {
		t.Error("two WABAs of one portfolio have two")
	}
	unknown, err := s.SaveWABA(ctx, actor, base(), arauto.WABA{Account: b.waba.Account, App: b.app.ID, MetaID: "8003"}, "")
	ok(t, err)
	if unknown.Portfolio == 0 || unknown.Portfolio == saved.Portfolio {
		t.Errorf("portfolio %d for one that is not known", unknown.Portfolio)
	}
	list, err := s.WABAs(ctx, b.waba.Account, b.waba.ID, 10)
	ok(t, err)
	same(t, "page after the first", list, []arauto.WABA{sibling, unknown})
	_, err = s.SaveWABA(ctx, actor, base(), arauto.WABA{Account: other, App: b.app.ID + 100, MetaID: "8001"}, "")
	refused(t, err, arauto.KindNotFound, "")
}
