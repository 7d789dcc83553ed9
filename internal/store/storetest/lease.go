package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

// On PostgreSQL leases run out by the database's clock, whatever now says: these tests let them run out
// by a time to live that is over already.
const over = -time.Second

func testLease(t *testing.T, s *store.Store) {
	ctx := t.Context()
	a, other := newAccount(t, s, "a").ID, newAccount(t, s, "b").ID
	take := func(t *testing.T, line, node string, ttl time.Duration) (arauto.Lease, bool) {
		t.Helper()
		l, taken, err := s.Take(ctx, base(), a, line, node, ttl)
		ok(t, err)
		return l, taken
	}
	renew := func(t *testing.T, l arauto.Lease) bool {
		t.Helper()
		got, held, err := s.Renew(ctx, base().Add(time.Minute), l, time.Hour)
		ok(t, err)
		if held {
			l.Until = base().Add(time.Minute + time.Hour)
		}
		same(t, "renewed lease", got, l)
		return held
	}
	t.Run("a free line", func(t *testing.T) {
		l, taken := take(t, "free", "n1", time.Hour)
		if !taken {
			t.Fatal("not taken")
		}
		same(t, "lease", l, arauto.Lease{Account: a, Line: "free", Holder: "n1", Fence: 1, Until: base().Add(time.Hour)})
	})
	t.Run("a held line is not another's", func(t *testing.T) {
		mine, _ := take(t, "held", "n1", time.Hour)
		seen, taken := take(t, "held", "n2", time.Hour)
		if taken || seen.Holder != "n1" || seen.Fence != mine.Fence || seen.Until.IsZero() {
			t.Errorf("taken %v, %+v", taken, seen)
		}
		if !renew(t, mine) {
			t.Error("asking for it took it from its holder")
		}
	})
	t.Run("renewal keeps the fence", func(t *testing.T) {
		l, _ := take(t, "renewed", "n1", time.Minute)
		for range 3 {
			if !renew(t, l) {
				t.Fatal("not renewed")
			}
		}
		if again, taken := take(t, "renewed", "n2", time.Hour); taken || again.Fence != l.Fence {
			t.Errorf("taken %v, fence %d", taken, again.Fence)
		}
	})
	t.Run("the same node retakes at once, with a new fence", func(t *testing.T) {
		before, _ := take(t, "retaken", "n1", time.Hour)
		after, taken := take(t, "retaken", "n1", time.Hour)
		if !taken || after.Fence <= before.Fence {
			t.Fatalf("taken %v, fence %d after %d", taken, after.Fence, before.Fence)
		}
		if renew(t, before) {
			t.Error("the node's earlier life still renews")
		}
		if !renew(t, after) {
			t.Error("the new life does not")
		}
	})
	t.Run("a line that ran out is taken over", func(t *testing.T) {
		before, _ := take(t, "over", "n1", over)
		after, taken := take(t, "over", "n2", time.Hour)
		if !taken || after.Fence <= before.Fence || after.Holder != "n2" {
			t.Fatalf("taken %v, %+v", taken, after)
		}
		if renew(t, before) {
			t.Error("the first still renews")
		}
		ok(t, s.Release(ctx, before))
		if !renew(t, after) {
			t.Error("the first released the second's line")
		}
	})
	t.Run("a line that ran out and nobody wanted is renewed", func(t *testing.T) {
		l, _ := take(t, "slow", "n1", over)
		if !renew(t, l) {
			t.Error("not renewed")
		}
		if _, taken := take(t, "slow", "n2", time.Hour); taken {
			t.Error("the renewal did not hold")
		}
	})
	t.Run("released", func(t *testing.T) {
		before, _ := take(t, "released", "n1", time.Hour)
		ok(t, s.Release(ctx, before))
		if renew(t, before) {
			t.Error("a released lease renews")
		}
		after, taken := take(t, "released", "n2", time.Hour)
		if !taken || after.Fence <= before.Fence {
			t.Errorf("taken %v, fence %d after %d: a fence never comes twice", taken, after.Fence, before.Fence)
		}
	})
	t.Run("lines and accounts are apart", func(t *testing.T) {
		take(t, "apart", "n1", time.Hour)
		if _, taken := take(t, "apart too", "n2", time.Hour); !taken {
			t.Error("another line")
		}
		if _, taken, err := s.Take(ctx, base(), other, "apart", "n2", time.Hour); err != nil || !taken {
			t.Errorf("another account: %v, %v", taken, err)
		}
	})
	t.Run("an expired lease writes nothing", func(t *testing.T) {
		l, _ := take(t, "late", "n1", over)
		_, err := s.StartJob(ctx, base(), l, newJob(t, s, a, 0))
		refused(t, err, arauto.KindConflict, "")
	})
	t.Run("of eight that race for a line one wins", func(t *testing.T) { testLeaseRace(t, s, a) })
}

func testLeaseRace(t *testing.T, s *store.Store, a int64) {
	for round := range 10 {
		line := fmt.Sprintf("race:%d", round)
		if round%2 == 1 { // half of them over a dead node's lease
			if _, _, err := s.Take(t.Context(), base(), a, line, "dead", over); err != nil {
				t.Fatal(err)
			}
		}
		var wait sync.WaitGroup
		var won [8]bool
		var leases [8]arauto.Lease
		for i := range won {
			wait.Go(func() {
				var err error
				if leases[i], won[i], err = s.Take(t.Context(), base(), a, line, fmt.Sprintf("n%d", i), time.Hour); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		winners := 0
		for i := range won {
			if won[i] {
				winners++
			}
			if leases[i].Fence != leases[0].Fence || leases[i].Holder != leases[0].Holder {
				t.Errorf("they disagree about who won: %+v and %+v", leases[0], leases[i])
			}
		}
		if winners != 1 {
			t.Fatalf("%d won %s", winners, line)
		}
	}
}
