package storetest

import (
	"fmt"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

func newUser(t *testing.T, s *store.Store, account int64, email string, role arauto.Role) arauto.User {
	t.Helper()
	u, err := s.CreateUser(t.Context(), arauto.Actor{Name: "cli"}, base(), arauto.User{Account: account, Email: email, Name: "Ana", Role: role, Password: "hash " + email})
	ok(t, err)
	return u
}

func testUser(t *testing.T, s *store.Store) {
	ctx := t.Context()
	a, other := newAccount(t, s, "a"), newAccount(t, s, "b")
	ana := newUser(t, s, a.ID, "ana@loja.com", arauto.RoleAdmin)
	as := ana.Pass().Actor()
	t.Run("found", func(t *testing.T) {
		got, err := s.User(ctx, a.ID, ana.ID)
		ok(t, err)
		same(t, "user", got, ana)
		got, err = s.UserByEmail(ctx, "ana@loja.com")
		ok(t, err)
		same(t, "user", got, ana)
		_, err = s.User(ctx, other.ID, ana.ID)
		refused(t, err, arauto.KindNotFound, "")
		_, err = s.UserByEmail(ctx, "nobody@loja.com")
		refused(t, err, arauto.KindNotFound, "email")
	})
	t.Run("refused", func(t *testing.T) {
		_, err := s.CreateUser(ctx, as, base(), arauto.User{Account: other.ID, Email: ana.Email, Name: "x", Role: arauto.RoleAgent})
		refused(t, err, arauto.KindConflict, "email")
		_, err = s.CreateUser(ctx, as, base(), arauto.User{Account: a.ID, Email: "Ana", Name: "x", Role: arauto.RoleAgent})
		refused(t, err, arauto.KindInvalid, "email")
		_, err = s.CreateUser(ctx, as, base(), arauto.User{Account: 999, Email: "x@y", Name: "x", Role: arauto.RoleAgent})
		refused(t, err, arauto.KindNotFound, "account")
	})
	bia := newUser(t, s, a.ID, "bia@loja.com", arauto.RoleAgent)
	t.Run("pages", func(t *testing.T) {
		newUser(t, s, other.ID, "eva@outra.com", arauto.RoleAdmin)
		list, err := s.Users(ctx, a.ID, 0, 1)
		ok(t, err)
		same(t, "first page", list, []arauto.User{ana})
		list, err = s.Users(ctx, a.ID, ana.ID, 10)
		ok(t, err)
		same(t, "second page", list, []arauto.User{bia})
	})
	become := func(u arauto.User, role arauto.Role, off time.Time) error {
		_, err := s.UpdateUser(ctx, as, base().Add(time.Minute), u.Account, u.ID, func(u arauto.User) (arauto.User, error) {
			u.Role, u.DisabledAt = role, off
			return u, nil
		})
		return err
	}
	t.Run("one administrator remains", func(t *testing.T) {
		refused(t, become(ana, arauto.RoleAnalyst, time.Time{}), arauto.KindConflict, "")
		refused(t, become(ana, arauto.RoleAdmin, base()), arauto.KindConflict, "")
		ok(t, become(bia, arauto.RoleAdmin, base())) // who may not log in does not count
		refused(t, become(ana, arauto.RoleAnalyst, time.Time{}), arauto.KindConflict, "")
		ok(t, become(bia, arauto.RoleAdmin, time.Time{}))
		ok(t, become(ana, arauto.RoleAnalyst, time.Time{}))
		refused(t, become(bia, arauto.RoleAgent, time.Time{}), arauto.KindConflict, "")
		ok(t, become(ana, arauto.RoleAdmin, time.Time{}))
	})
	t.Run("change", func(t *testing.T) {
		_, err := s.UpdateUser(ctx, as, base(), a.ID, bia.ID, func(u arauto.User) (arauto.User, error) { u.Email = ana.Email; return u, nil })
		refused(t, err, arauto.KindConflict, "email")
		_, err = s.UpdateUser(ctx, as, base(), other.ID, bia.ID, func(u arauto.User) (arauto.User, error) { return u, nil })
		refused(t, err, arauto.KindNotFound, "")
		got, err := s.UpdateUser(ctx, as, base().Add(time.Hour), a.ID, bia.ID, func(u arauto.User) (arauto.User, error) {
			u.Name, u.Password = "Beatriz", "not this way"
			return u, nil
		})
		ok(t, err)
		read, err := s.User(ctx, a.ID, bia.ID)
		ok(t, err)
		if got.Name != "Beatriz" || read.Name != "Beatriz" || read.Password != bia.Password || !read.UpdatedAt.Equal(base().Add(time.Hour)) {
			t.Errorf("%+v", read)
		}
	})
	t.Run("audit names the user and no hash", func(t *testing.T) {
		list, err := s.Audits(ctx, a.ID, 0, 1)
		ok(t, err)
		e := list[0]
		if e.Action != "user.update" || e.Actor != as || e.Actor.User != ana.ID || e.Subject != fmt.Sprintf("user %d", bia.ID) || e.Detail != `{"name":["Ana","Beatriz"]}` {
			t.Errorf("%+v", e)
		}
	})
}

func logIn(t *testing.T, s *store.Store, u arauto.User, value string, now time.Time) arauto.Session {
	t.Helper()
	n, err := s.Login(t.Context(), now, u, arauto.Session{Hash: arauto.HashToken(value), Address: "10.0.0.1", Agent: "Firefox"})
	ok(t, err)
	return n
}

func testSession(t *testing.T, s *store.Store) {
	ctx := t.Context()
	a, other := newAccount(t, s, "a"), newAccount(t, s, "b")
	ana, eva := newUser(t, s, a.ID, "ana@loja.com", arauto.RoleAdmin), newUser(t, s, other.ID, "eva@outra.com", arauto.RoleAdmin)
	gone := func(t *testing.T, value string) {
		t.Helper()
		_, _, err := s.SessionByHash(ctx, arauto.HashToken(value))
		refused(t, err, arauto.KindNotFound, "")
	}
	first, second := logIn(t, s, ana, "one", base()), logIn(t, s, ana, "two", base())
	hers := logIn(t, s, eva, "eva", base())
	t.Run("found", func(t *testing.T) {
		n, u, err := s.SessionByHash(ctx, arauto.HashToken("one"))
		ok(t, err)
		same(t, "session", n, first)
		if u.ID != ana.ID || !u.LoginAt.Equal(base()) {
			t.Errorf("%+v", u)
		}
		list, err := s.Sessions(ctx, a.ID, ana.ID, 0, 10)
		ok(t, err)
		same(t, "list", list, []arauto.Session{first, second})
		list, err = s.Sessions(ctx, a.ID, ana.ID, first.ID, 10)
		ok(t, err)
		same(t, "second page", list, []arauto.Session{second})
	})
	t.Run("seen", func(t *testing.T) {
		ok(t, s.SeeSession(ctx, base().Add(time.Hour), a.ID, first.ID))
		ok(t, s.SeeSession(ctx, base().Add(time.Minute), a.ID, first.ID)) // late
		n, _, err := s.SessionByHash(ctx, first.Hash)
		ok(t, err)
		if !n.SeenAt.Equal(base().Add(time.Hour)) {
			t.Errorf("seen at %s", n.SeenAt)
		}
	})
	t.Run("ended", func(t *testing.T) {
		refused(t, s.EndSession(ctx, arauto.System(other.ID), base(), other.ID, eva.ID, first.ID+100), arauto.KindNotFound, "")
		refused(t, s.EndSession(ctx, arauto.System(a.ID), base(), a.ID, ana.ID+100, first.ID), arauto.KindNotFound, "")
		ok(t, s.EndSession(ctx, ana.Pass().Actor(), base(), a.ID, ana.ID, first.ID))
		gone(t, "one")
		refused(t, s.EndSession(ctx, ana.Pass().Actor(), base(), a.ID, ana.ID, first.ID), arauto.KindNotFound, "")
		ok(t, s.EndSessions(ctx, ana.Pass().Actor(), base(), a.ID, ana.ID))
		gone(t, "two")
		refused(t, s.EndSessions(ctx, ana.Pass().Actor(), base(), a.ID, eva.ID), arauto.KindNotFound, "")
		n, _, err := s.SessionByHash(ctx, hers.Hash)
		ok(t, err)
		same(t, "another's session", n, hers)
	})
	t.Run("another password ends the others", func(t *testing.T) {
		keep := logIn(t, s, ana, "keep", base())
		logIn(t, s, ana, "elsewhere", base())
		ok(t, s.SetPassword(ctx, ana.Pass().Actor(), base().Add(time.Minute), a.ID, ana.ID, "another hash", false, keep.ID))
		gone(t, "elsewhere")
		if _, _, err := s.SessionByHash(ctx, keep.Hash); err != nil {
			t.Error(err)
		}
		_, err := s.Login(ctx, base(), ana, arauto.Session{Hash: "late"}) // with the password of before
		refused(t, err, arauto.KindUnauthorized, "")
		ok(t, s.SetPassword(ctx, arauto.System(a.ID), base(), a.ID, ana.ID, "a third", true, 0))
		gone(t, "keep")
		got, err := s.User(ctx, a.ID, ana.ID)
		ok(t, err)
		if got.Password != "a third" || !got.Temporary || len(got.Pass().Scopes) != 0 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("who is disabled is out", func(t *testing.T) {
		bia := newUser(t, s, a.ID, "bia@loja.com", arauto.RoleAgent)
		logIn(t, s, bia, "bia", base())
		_, err := s.UpdateUser(ctx, arauto.System(a.ID), base(), a.ID, bia.ID, func(u arauto.User) (arauto.User, error) { u.DisabledAt = base(); return u, nil })
		ok(t, err)
		gone(t, "bia")
		_, err = s.Login(ctx, base(), bia, arauto.Session{Hash: "late"})
		refused(t, err, arauto.KindUnauthorized, "")
	})
	t.Run("swept", func(t *testing.T) {
		now := base().Add(arauto.SessionIdle)
		logIn(t, s, eva, "fresh", now)
		more, err := s.SweepSessions(ctx, now, 1)
		ok(t, err)
		if !more {
			t.Error("one was swept, and there may be others")
		}
		more, err = s.SweepSessions(ctx, now, 100)
		ok(t, err)
		gone(t, "eva")
		if n, _, err := s.SessionByHash(ctx, arauto.HashToken("fresh")); err != nil || n.Usable(now) != nil || more {
			t.Errorf("%v, more %v", err, more)
		}
	})
}

// testGuess: wrong passwords make the next wait, whether the e-mail is anybody's or not, and none is looked
// at while it does.
func testGuess(t *testing.T, s *store.Store) {
	ctx := t.Context()
	a := newAccount(t, s, "a")
	ana := newUser(t, s, a.ID, "ana@loja.com", arauto.RoleAdmin)
	rule := arauto.EmailGuesses()
	for _, email := range []string{ana.Email, "nobody@loja.com"} {
		t.Run(email, func(t *testing.T) {
			now := base()
			for i := range rule.Free + 1 {
				u, wait, err := s.TryLogin(ctx, now, email, "10.0.0.1")
				ok(t, err)
				if wait != 0 || (u.ID == ana.ID) != (email == ana.Email) {
					t.Fatalf("try %d: wait %s, user %d", i, wait, u.ID)
				}
			}
			for i, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
				u, wait, err := s.TryLogin(ctx, now, email, "10.0.0.2") // from wherever
				ok(t, err)
				if wait != want || u.ID != 0 {
					t.Fatalf("wait %d: %s, user %d", i, wait, u.ID)
				}
				now = now.Add(wait)
				_, wait, err = s.TryLogin(ctx, now, email, "10.0.0.1")
				ok(t, err)
				if wait != 0 {
					t.Fatalf("after the wait: %s", wait)
				}
			}
		})
	}
	t.Run("a right one is forgotten", func(t *testing.T) {
		now := base().Add(time.Hour)
		for range 3 * rule.Free {
			u, wait, err := s.TryLogin(ctx, now, ana.Email, "10.0.0.1")
			ok(t, err)
			if wait != 0 {
				t.Fatalf("wait %s", wait)
			}
			_, err = s.Login(ctx, now, u, arauto.Session{Hash: arauto.HashToken(fmt.Sprint(now)), Address: "10.0.0.1"})
			ok(t, err)
			now = now.Add(time.Second)
		}
	})
	t.Run("of an address", func(t *testing.T) {
		now := base().Add(2 * time.Hour)
		for range arauto.AddressGuesses().Free + 1 {
			wait, err := s.MissLogin(ctx, now, "10.0.0.9")
			ok(t, err)
			if wait != 0 {
				t.Fatalf("wait %s", wait)
			}
		}
		late, err := s.MissLogin(ctx, now, "10.0.0.9")
		ok(t, err)
		_, err = s.Login(ctx, now, ana, arauto.Session{Hash: "right, but late", Address: "10.0.0.9"})
		refused(t, err, arauto.KindLimited, "")
		if late != time.Second {
			t.Errorf("one that was under way waits %s", late)
		}
		_, wait, err := s.TryLogin(ctx, now, ana.Email, "10.0.0.9")
		ok(t, err)
		_, elsewhere, err := s.TryLogin(ctx, now, ana.Email, "10.0.0.8")
		ok(t, err)
		if wait != time.Second || elsewhere != 0 {
			t.Errorf("wait %s, elsewhere %s", wait, elsewhere)
		}
		_, err = s.SweepSessions(ctx, now.Add(100*time.Hour), 1000)
		ok(t, err)
	})
}
