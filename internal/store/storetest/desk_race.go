package storetest

import (
	"sync"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

// testDeskRace: many assign at once, agents close and vanish, and nobody has more than room for, nothing is lost and
// each conversation has one agent.
func testDeskRace(t *testing.T, s *store.Store) {
	const people, agents = 40, 4
	m := newTeam(t, s, people, 1, 2, 3, 2)
	ctx, a := t.Context(), m.account.ID
	for i := range people {
		m.writes(i, time.Minute)
	}
	var wait sync.WaitGroup
	fail := make(chan error, 100)
	for range 3 {
		wait.Go(func() {
			for range 25 {
				if _, err := s.AssignWaiting(ctx, base().Add(2*time.Minute), a, 5); err != nil {
					fail <- err
				}
			}
		})
	}
	for i := range agents {
		wait.Go(func() {
			for range 8 {
				list, err := s.FindConversations(ctx, a, arauto.ConversationFilter{Agent: m.agents[i].ID, State: arauto.ConversationAssigned}, 0, 2)
				if err != nil {
					fail <- err
				}
				for _, c := range list {
					if _, err := s.EndConversation(ctx, ana(a), base().Add(3*time.Minute), a, c.ID, arauto.Closing{}); err != nil {
						fail <- err
					}
				}
			}
		})
	}
	wait.Go(func() {
		for range 3 {
			for _, event := range []arauto.AgentEvent{arauto.AgentOfflined, arauto.AgentOnlined} {
				if _, err := s.TurnAgent(ctx, ana(a), base().Add(3*time.Minute), a, m.agents[0].ID, arauto.AgentTurn{Event: event}); err != nil {
					fail <- err
				}
			}
		}
	})
	wait.Wait()
	close(fail)
	for err := range fail {
		t.Error(err)
	}
	m.holds()
	all, err := s.FindConversations(ctx, a, arauto.ConversationFilter{}, 0, 1000)
	ok(t, err)
	same(t, "none is lost", len(all), people)
	for _, c := range all {
		turns, err := s.Turns(ctx, a, c.ID, 0, 100)
		ok(t, err)
		for i, v := range turns {
			if v.N != int64(i+1) {
				t.Fatalf("conversation %d: turn %d is numbered %d", c.ID, i+1, v.N)
			}
		}
		last := turns[len(turns)-1]
		if last.State != c.State || last.Agent != c.Agent {
			t.Errorf("conversation %d is %s of %d, and its last turn says %s of %d", c.ID, c.State, c.Agent, last.State, last.Agent)
		}
	}
}
