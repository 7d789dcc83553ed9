package storetest

import (
	"fmt"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

func testSuppression(t *testing.T, s *store.Store) {
	ctx := t.Context()
	a := newAccount(t, s, "a").ID
	actor := arauto.System(a)
	add := func(now time.Time, list ...arauto.Suppression) []arauto.Suppression {
		t.Helper()
		got, err := s.AddSuppressions(ctx, actor, now, a, list)
		ok(t, err)
		return got
	}
	ana := arauto.Suppression{PersonKey: "5511987654321", Phone: "+5511987654321", Scope: arauto.SuppressAll, Source: "api", Evidence: "called us", Contact: 3}
	bruno := arauto.Suppression{
		PersonKey: "5521987654321", Phone: "+552187654321", Scope: arauto.SuppressMarketing, Channel: arauto.ChannelWhatsApp, Source: "upload",
		ExpiresAt: base().Add(24 * time.Hour),
	}
	first := add(base(), ana, bruno, ana)
	if first[0].ID == 0 || first[1].ID <= first[0].ID || first[2].ID != first[0].ID {
		t.Fatalf("the same twice in a list is one: %+v", first)
	}
	t.Run("reads back", func(t *testing.T) {
		list, err := s.Suppressions(ctx, a, 0, 10, "")
		ok(t, err)
		same(t, "newest first", list, []arauto.Suppression{first[1], first[0]})
		list, err = s.Suppressions(ctx, a, 0, 10, ana.PersonKey)
		ok(t, err)
		same(t, "of one person", list, first[:1])
		of, err := s.SuppressionsOf(ctx, a, []string{ana.PersonKey, bruno.PersonKey, "nobody"})
		ok(t, err)
		same(t, "by person", of, map[string][]arauto.Suppression{ana.PersonKey: first[:1], bruno.PersonKey: first[1:2]})
	})
	t.Run("what is in force is not stored again", func(t *testing.T) {
		again := add(base().Add(time.Hour), ana, bruno)
		same(t, "ids", []int64{again[0].ID, again[1].ID}, []int64{first[0].ID, first[1].ID})
	})
	t.Run("what says more is", func(t *testing.T) {
		longer, wider := bruno, bruno
		longer.ExpiresAt, wider.Channel = time.Time{}, ""
		for i, p := range add(base().Add(time.Hour), longer, wider) {
			if p.ID <= first[1].ID {
				t.Errorf("%d was taken for the older one", i)
			}
		}
	})
	t.Run("what ran out is", func(t *testing.T) {
		short := arauto.Suppression{PersonKey: "34600111222", Scope: arauto.SuppressAll, Source: "api", ExpiresAt: base().Add(time.Minute)}
		was := add(base(), short)[0]
		short.ExpiresAt = base().Add(time.Hour)
		if is := add(base().Add(time.Minute), short)[0]; is.ID == was.ID {
			t.Error("an expired entry was taken to hold")
		}
	})
	t.Run("lift", func(t *testing.T) {
		ok(t, s.LiftSuppression(ctx, actor, base().Add(time.Hour), a, first[0].ID, "asked to come back"))
		ok(t, s.LiftSuppression(ctx, actor, base().Add(2*time.Hour), a, first[0].ID, "again"))
		list, err := s.Suppressions(ctx, a, 0, 10, ana.PersonKey)
		ok(t, err)
		p := list[0]
		if !p.LiftedAt.Equal(base().Add(time.Hour)) || p.Evidence != "called us | lifted: asked to come back" || p.Holds(arauto.ChannelVoice, true, base().Add(3*time.Hour)) {
			t.Errorf("got %+v", p)
		}
		if back := add(base().Add(3*time.Hour), ana)[0]; back.ID == first[0].ID {
			t.Error("a lifted entry was taken to hold")
		}
		refused(t, s.LiftSuppression(ctx, actor, base(), a, 999, ""), arauto.KindNotFound, "")
	})
	t.Run("refused", func(t *testing.T) {
		for field, p := range map[string]arauto.Suppression{
			"phone": {Scope: arauto.SuppressAll}, "scope": {PersonKey: "1", Scope: "some"}, "channel": {PersonKey: "1", Scope: arauto.SuppressAll, Channel: "fax"},
		} {
			_, err := s.AddSuppressions(ctx, actor, base(), a, []arauto.Suppression{ana, p})
			refused(t, err, arauto.KindInvalid, "suppressions[1]."+field)
		}
	})
	t.Run("pages", func(t *testing.T) {
		var many []arauto.Suppression
		for i := range 25 {
			many = append(many, arauto.Suppression{PersonKey: fmt.Sprint(i), Scope: arauto.SuppressAll, Source: "upload"})
		}
		add(base(), many...)
		all, err := s.Suppressions(ctx, a, 0, 100, "")
		ok(t, err)
		var paged []arauto.Suppression
		for before := int64(0); ; before = paged[len(paged)-1].ID {
			page, err := s.Suppressions(ctx, a, before, 4, "")
			ok(t, err)
			if len(page) == 0 {
				break
			}
			paged = append(paged, page...)
		}
		same(t, "pages put together", paged, all)
	})
}
