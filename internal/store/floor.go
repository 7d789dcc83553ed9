package store

import (
	"context"
	"time"

	"arauto"
)

// What the floor keeps: who is there, what they do now, and since when.

// TurnAgent has an event happen to an agent, and returns them as they are then. Who goes offline leaves what they
// have: it goes back to its queues. The error is not found, or a conflict as of Agent.Apply.
func (s *Store) TurnAgent(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, turn arauto.AgentTurn) (arauto.Agent, error) {
	turn.At = moment(ms(now))
	var a arauto.Agent
	err := s.db.write(ctx, func(t querier) error {
		was, err := s.lockAgent(ctx, t, account, id)
		if err != nil {
			return err
		}
		if turn.Event == arauto.AgentOfflined {
			a, err = s.leave(ctx, t, now, was, turn.Event, actor.Name)
			return err
		}
		if a, err = was.Apply(turn); err != nil {
			return err
		}
		if a.Moves != was.Moves {
			a.Work++
		}
		if err := s.saveAgent(ctx, t, now, turn.Event, was, a); err != nil {
			return err
		}
		a.SeenAt = moment(ms(now))
		return seen(ctx, t, now, account, id)
	})
	return a, doing("change an agent's state", err)
}

// seen keeps a heartbeat, and does not write when the last one is recent.
func seen(ctx context.Context, t querier, now time.Time, account, id int64) error {
	_, err := t.exec(ctx, `UPDATE agent SET seen_at = $3 WHERE account_id = $1 AND id = $2 AND seen_at < $4`, account, id, ms(now), ms(now)-seenEvery.Milliseconds())
	return err
}

// seenEvery is how often a heartbeat is written at most: a quarter of how long it keeps somebody.
const seenEvery = arauto.PresenceKept / 4

// Beat keeps that an agent is there. was is the agent as they were read: one who was heard of a moment ago costs
// nothing.
func (s *Store) Beat(ctx context.Context, now time.Time, was arauto.Agent) error {
	if now.Sub(was.SeenAt) < seenEvery {
		return nil
	}
	err := s.db.write(ctx, func(t querier) error { return seen(ctx, t, now, was.Account, was.ID) })
	return doing("keep an agent's heartbeat", err)
}

// leave takes an agent off the floor and gives what they have back: what was assigned waits in its place again, what
// was snoozed stays so.
func (s *Store) leave(ctx context.Context, t querier, now time.Time, was arauto.Agent, event arauto.AgentEvent, who string) (arauto.Agent, error) {
	a, err := was.Apply(arauto.AgentTurn{Event: event, At: moment(ms(now))})
	if err != nil {
		return a, err
	}
	held, err := all(ctx, t, scanConversation, `SELECT `+conversationColumns+` FROM conversation WHERE account_id = $1 AND agent_id = $2 AND state = 'assigned' ORDER BY id`+s.db.lock(), a.Account, a.ID)
	if err != nil {
		return a, err
	}
	a.Chats = max(0, a.Chats-len(held))
	a.Work++
	if err := s.saveAgent(ctx, t, now, event, was, a); err != nil {
		return a, err
	}
	for _, c := range held {
		at := c.Follows(moment(ms(now)))
		next, err := c.Apply(arauto.Turn{Event: arauto.ConversationReturned, At: at})
		if err != nil {
			return a, err
		}
		if err := s.saveTurn(ctx, t, arauto.ConversationReturned, at, who, c, next, works{left: a.Work}); err != nil {
			return a, err
		}
	}
	return a, nil
}

// VanishAgents takes those agents of an account off the floor who were not heard of since, up to limit, and returns
// how many.
func (s *Store) VanishAgents(ctx context.Context, now time.Time, account int64, since time.Time, limit int) (n int, err error) {
	silent, err := readAll(ctx, s, scanInt, `SELECT id FROM agent WHERE account_id = $1 AND state <> 'offline' AND seen_at < $2 ORDER BY seen_at, id LIMIT $3`, account, ms(since), limit)
	if err != nil {
		return 0, doing("look for agents who vanished", err)
	}
	for _, id := range silent {
		gone := false
		err := s.db.write(ctx, func(t querier) error {
			a, err := s.lockAgent(ctx, t, account, id)
			gone = err == nil && a.State != arauto.AgentOffline && a.SeenAt.Before(since)
			if err != nil || !gone {
				return ignoreMissing(err)
			}
			_, err = s.leave(ctx, t, now, a, arauto.AgentVanished, "")
			return err
		})
		if err != nil {
			return n, doing("take a vanished agent off the floor", err)
		}
		if gone {
			n++
		}
	}
	return n, nil
}

func ignoreMissing(err error) error {
	if arauto.KindOf(err) == arauto.KindNotFound {
		return nil
	}
	return err
}

// EndTimers ends the wrap-ups and reservations of an account's agents whose time is over, up to limit, and returns
// how many.
func (s *Store) EndTimers(ctx context.Context, now time.Time, account int64, limit int) (n int, err error) {
	due, err := readAll(ctx, s, scanInt, `SELECT id FROM agent WHERE account_id = $1 AND until_at <> 0 AND until_at <= $2 ORDER BY until_at, id LIMIT $3`, account, ms(now), limit)
	if err != nil || len(due) == 0 {
		return 0, doing("look for timers", err)
	}
	err = s.db.write(ctx, func(t querier) error {
		list, err := all(ctx, t, scanAgent, `SELECT `+agentColumns+` FROM agent WHERE `+s.db.keyed("id", "$1", "$2")+` AND until_at <> 0 AND until_at <= $3 ORDER BY id`+s.db.lock(),
			account, s.db.list(due), ms(now))
		if err != nil {
			return err
		}
		n = len(list)
		for _, event := range []arauto.AgentEvent{arauto.AgentWrapped, arauto.AgentReleased} {
			var was, is []arauto.Agent
			for _, a := range list {
				if (event == arauto.AgentWrapped) != (a.State == arauto.AgentWrapUp) {
					continue
				}
				next, err := a.Apply(arauto.AgentTurn{Event: event, At: moment(ms(now))})
				if err != nil {
					return err
				}
				next.Work++
				was, is = append(was, a), append(is, next)
			}
			if err := s.saveAgents(ctx, t, now, event, was, is); err != nil {
				return err
			}
		}
		return nil
	})
	return n, doing("end timers", err)
}

// Reserve holds agents of a queue for calls that are about to be theirs, those first who wait longest, up to that
// many, until then: who is on no chat and available. The reservation lapses by itself.
func (s *Store) Reserve(ctx context.Context, now time.Time, account, queue int64, until time.Time, limit int) (held []arauto.Agent, err error) {
	err = s.db.write(ctx, func(t querier) error {
		list, err := all(ctx, t, scanAgent, `SELECT `+agentColumns+` FROM agent WHERE account_id = $1 AND state = 'available' AND chats = 0
			AND id IN (SELECT m.agent_id FROM queue_agent m WHERE m.account_id = $1 AND m.queue_id = $2) ORDER BY idle_at, id LIMIT $3`+s.db.lock(), account, queue, limit)
		if err != nil {
			return err
		}
		held = make([]arauto.Agent, len(list))
		for i, a := range list {
			if held[i], err = a.Apply(arauto.AgentTurn{Event: arauto.AgentHeld, At: moment(ms(now)), Until: until}); err != nil {
				return err
			}
			held[i].Work++
		}
		return s.saveAgents(ctx, t, now, arauto.AgentHeld, list, held)
	})
	return held, doing("reserve agents", err)
}
