package floor_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"arauto"
	"arauto/internal/floor"
	"arauto/internal/seal"
	"arauto/internal/store"
	"arauto/internal/store/storetest"
)

// TestRun_TimersAndPresence: wrap-up ends by itself, who is not heard of is taken off, and who waits is told.
func TestRun_TimersAndPresence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := func() time.Time { return time.Now().UTC() }
		dir := t.TempDir()
		keys, err := seal.File(filepath.Join(dir, "key"))
		if err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(t.Context(), storetest.Fresh(t, filepath.Join(dir, "a.db")), keys, clock())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		who := arauto.Actor{Name: "Ana"}
		account, err := s.CreateAccount(t.Context(), who, clock(), arauto.Account{Slug: "a", Name: "A", Country: "BR", TimeZone: "America/Sao_Paulo", Language: arauto.Portuguese})
		if err != nil {
			t.Fatal(err)
		}
		agent, err := s.CreateAgent(t.Context(), who, clock(), arauto.Agent{Account: account.ID, Name: "Bia", Capacity: 1})
		if err != nil {
			t.Fatal(err)
		}
		var woken atomic.Int64
		f := floor.New(floor.Config{Store: s, Now: clock, Logger: slog.New(slog.DiscardHandler), Wake: func() { woken.Add(1) }})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- f.Run(ctx) }()
		is := func() arauto.AgentState {
			t.Helper()
			a, err := s.Agent(t.Context(), account.ID, agent.ID)
			if err != nil {
				t.Fatal(err)
			}
			return a.State
		}
		if _, err := f.Turn(t.Context(), who, account.ID, agent.ID, arauto.AgentTook, ""); arauto.KindOf(err) != arauto.KindInvalid {
			t.Errorf("nobody says of themselves that they took a call: %v", err)
		}
		if _, err := f.Turn(t.Context(), who, account.ID, agent.ID, arauto.AgentOnlined, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Finished(t.Context(), account.ID, agent.ID, 10*time.Second); err != nil {
			t.Fatal(err)
		}
		before := woken.Load()
		time.Sleep(9 * time.Second)
		if is() != arauto.AgentWrapUp {
			t.Errorf("wrap-up ended early: %s", is())
		}
		time.Sleep(2 * time.Second)
		if is() != arauto.AgentAvailable || woken.Load() == before {
			t.Errorf("wrap-up is over: %s, woken %d times", is(), woken.Load()-before)
		}
		for range 3 {
			time.Sleep(30 * time.Second)
			a, err := s.Agent(t.Context(), account.ID, agent.ID)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Beat(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
		if is() != arauto.AgentAvailable {
			t.Errorf("with heartbeats somebody is there: %s", is())
		}
		time.Sleep(arauto.PresenceKept + time.Second)
		if is() != arauto.AgentOffline {
			t.Errorf("without them nobody is: %s", is())
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
