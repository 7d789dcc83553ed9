package storetest

import (
	"fmt"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

func newToken(t *testing.T, s *store.Store, account int64, name string) arauto.Token {
	t.Helper()
	k, err := s.CreateToken(t.Context(), arauto.Actor{Name: "cli"}, base(), arauto.Token{
		Account: account, Name: name, Prefix: "arauto_" + name[:1],
		Hash: arauto.HashToken(fmt.Sprint(account, name)), Scopes: []arauto.TokenScope{arauto.TokenRead, arauto.TokenWrite}, Rate: 20, ExpiresAt: base().AddDate(1, 0, 0),
	})
	ok(t, err)
	return k
}

func testToken(t *testing.T, s *store.Store) {
	ctx := t.Context()
	a, other := newAccount(t, s, "a"), newAccount(t, s, "b")
	k := newToken(t, s, a.ID, "integração")
	t.Run("by hash", func(t *testing.T) {
		got, err := s.TokenByHash(ctx, k.Hash)
		ok(t, err)
		same(t, "token", got, k)
		_, err = s.TokenByHash(ctx, "nothing")
		refused(t, err, arauto.KindNotFound, "token")
	})
	t.Run("refused", func(t *testing.T) {
		again := k
		again.Name = "same value"
		_, err := s.CreateToken(ctx, arauto.Actor{}, base(), again)
		refused(t, err, arauto.KindConflict, "token")
		_, err = s.CreateToken(ctx, arauto.Actor{}, base(), arauto.Token{Account: a.ID, Hash: "h", Scopes: []arauto.TokenScope{"everything"}})
		refused(t, err, arauto.KindInvalid, "scopes")
		_, err = s.CreateToken(ctx, arauto.Actor{}, base(), arauto.Token{Account: 999, Hash: "h", Scopes: k.Scopes})
		refused(t, err, arauto.KindNotFound, "account")
	})
	t.Run("pages", func(t *testing.T) {
		newToken(t, s, other.ID, "theirs")
		second := newToken(t, s, a.ID, "second")
		list, err := s.Tokens(ctx, a.ID, 0, 1)
		ok(t, err)
		same(t, "first page", list, []arauto.Token{k})
		list, err = s.Tokens(ctx, a.ID, k.ID, 10)
		ok(t, err)
		same(t, "second page", list, []arauto.Token{second})
	})
	t.Run("revoke", func(t *testing.T) {
		v := newToken(t, s, a.ID, "leaked")
		refused(t, s.RevokeToken(ctx, arauto.System(other.ID), base(), other.ID, v.ID), arauto.KindNotFound, "")
		ok(t, s.RevokeToken(ctx, arauto.System(a.ID), base().Add(time.Minute), a.ID, v.ID))
		ok(t, s.RevokeToken(ctx, arauto.System(a.ID), base().Add(time.Hour), a.ID, v.ID))
		got, err := s.TokenByHash(ctx, v.Hash)
		ok(t, err)
		if !got.RevokedAt.Equal(base().Add(time.Minute)) {
			t.Errorf("revoked at %v: the first time counts", got.RevokedAt)
		}
		if got.Usable(base().Add(2*time.Minute)) == nil {
			t.Error("a revoked token is usable")
		}
	})
	t.Run("requests", func(t *testing.T) { testRequests(t, s, a.ID, k) })
}

func testRequests(t *testing.T, s *store.Store, account int64, k arauto.Token) {
	ctx := t.Context()
	newToken(t, s, account, "quiet")
	var all []arauto.Request
	for i := range arauto.RequestsKept + 50 {
		all = append(all, arauto.Request{
			At: base().Add(time.Duration(i) * time.Second), Method: "GET", Path: fmt.Sprintf("/api/v1/campaigns/%d?limit", i),
			Status: 200, Duration: 1500 * time.Microsecond, Remote: "10.0.0.1",
		})
	}
	ok(t, s.LogRequests(ctx, account, k.ID, nil))
	ok(t, s.LogRequests(ctx, account, k.ID, all[:3]))
	got, err := s.Requests(ctx, account, k.ID)
	ok(t, err)
	if len(got) != 3 || got[0].Path != all[2].Path || got[0].ID <= got[1].ID {
		t.Fatalf("newest first: %+v", got)
	}
	ok(t, s.LogRequests(ctx, account, k.ID, all[3:120]))
	ok(t, s.LogRequests(ctx, account, k.ID, all[120:]))
	got, err = s.Requests(ctx, account, k.ID)
	ok(t, err)
	if len(got) != arauto.RequestsKept {
		t.Fatalf("%d kept, want %d", len(got), arauto.RequestsKept)
	}
	for i, q := range got {
		want := all[len(all)-1-i]
		want.ID = q.ID
		same(t, fmt.Sprintf("request %d", i), q, want)
	}
	ok(t, s.LogRequests(ctx, account, k.ID, append(all, all...))) // more at once than are kept
	got, err = s.Requests(ctx, account, k.ID)
	ok(t, err)
	if len(got) != arauto.RequestsKept || got[0].Path != all[len(all)-1].Path {
		t.Fatalf("%d kept, newest %s", len(got), got[0].Path)
	}
	used, err := s.TokenByHash(ctx, k.Hash)
	ok(t, err)
	if !used.LastUsedAt.Equal(all[len(all)-1].At) {
		t.Errorf("last used at %v", used.LastUsedAt)
	}
}
