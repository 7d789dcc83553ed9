package store

import (
	"context"
	"slices"
	"time"

	"arauto"
)

// Whose a conversation is changes here alone: the row, its agents' chats and what is kept of the turn, in one
// transaction. Agents are locked before conversations, and by id, so that two such transactions do not wait for
// each other.

// turn has decide say what happens to a conversation, and makes it so. decide may run more than once, and its error
// is returned. wrapUp is what the agent has after it, when it ends.
func (s *Store) turn(ctx context.Context, t querier, now time.Time, who string, account, id int64, decide func(arauto.Conversation) (arauto.Turn, error)) (was, is arauto.Conversation, err error) {
	for range 3 {
		if was, err = one(ctx, t, scanConversation, `SELECT `+conversationColumns+` FROM conversation WHERE account_id = $1 AND id = $2`, account, id); err != nil {
			return was, was, missing(err, "conversation", id)
		}
		turn, err := decide(was)
		if err != nil {
			return was, was, err
		}
		turn.At = was.Follows(moment(ms(now)))
		if is, err = was.Apply(turn); err != nil || is.Turns == was.Turns {
			return was, is, err
		}
		agents, err := s.partners(ctx, t, was, is)
		if err != nil {
			return was, was, err
		}
		written, err := s.writeTurn(ctx, t, was, is)
		if err != nil {
			return was, was, err
		}
		if !written {
			continue // another was faster: look again
		}
		counts, err := s.hand(ctx, t, now, agents, turn.Event, was, is)
		if err != nil {
			return was, was, err
		}
		return was, is, s.keepTurn(ctx, t, turn.Event, turn.At, who, is, counts)
	}
	return was, was, arauto.Errorf(arauto.KindConflict, "state", "the conversation changes all the time: try again")
}

// partners are the agents whose work a turn changes.
func (s *Store) partners(ctx context.Context, t querier, was, is arauto.Conversation) (map[int64]arauto.Agent, error) {
	var ids []int64
	for _, c := range []arauto.Conversation{was, is} {
		if c.Agent != 0 && c.State != arauto.ConversationClosed && !slices.Contains(ids, c.Agent) {
			ids = append(ids, c.Agent)
		}
	}
	found := map[int64]arauto.Agent{}
	if len(ids) == 0 {
		return found, nil
	}
	slices.Sort(ids)
	list, err := all(ctx, t, scanAgent, `SELECT `+agentColumns+` FROM agent WHERE `+s.db.keyed("id", "$1", "$2")+` ORDER BY id`+s.db.lock(), is.Account, s.db.list(ids))
	for _, a := range list {
		found[a.ID] = a
	}
	return found, err
}

// works is Agent.Work of the two agents of a turn as of it: of whoever had the conversation, and of whoever has it.
// An agent's row is locked while it grows, so that it orders what an agent was given and gave back, whatever the
// clocks of those who wrote it said. 0 = nobody had it, or has it.
type works struct{ left, taken int64 }

// hand moves the chat between the agents of a turn.
func (s *Store) hand(ctx context.Context, t querier, now time.Time, agents map[int64]arauto.Agent, event arauto.ConversationEvent, was, is arauto.Conversation) (w works, err error) {
	moved := was.Agent != is.Agent || was.Held() != is.Held()
	if a, found := agents[was.Agent]; found && was.State != arauto.ConversationClosed {
		before, what := a, arauto.AgentEvent("")
		a.Work++
		if was.Held() && moved {
			wrapUp := time.Duration(0)
			if event == arauto.ConversationEnded {
				q, err := all(ctx, t, scanInt, `SELECT wrap_up_seconds FROM queue WHERE account_id = $1 AND id = $2`, was.Account, was.Queue)
				if err != nil {
					return w, err
				}
				if len(q) > 0 {
					wrapUp = time.Duration(q[0]) * time.Second
				}
			}
			if a, err = a.Relieved(moment(ms(now)), wrapUp); err != nil {
				return w, err
			}
			w.left = a.Work
			if what = arauto.AgentFreed; wrapUp > 0 {
				what = arauto.AgentFinished
			}
		}
		if err := s.saveAgent(ctx, t, now, what, before, a); err != nil {
			return w, err
		}
	}
	if !is.Held() || !moved {
		return w, nil
	}
	a, found := agents[is.Agent]
	if !found {
		return w, arauto.Errorf(arauto.KindNotFound, "agent_id", "there is no agent %d in this account", is.Agent)
	}
	given, err := a.Given(moment(ms(now)))
	if err != nil {
		return w, err
	}
	w.taken = given.Work
	return w, s.saveAgent(ctx, t, now, arauto.AgentFilled, a, given)
}

// saveTurn stores a turn whose row the transaction has locked, and whose agents it has seen to.
func (s *Store) saveTurn(ctx context.Context, t querier, event arauto.ConversationEvent, at time.Time, who string, was, is arauto.Conversation, w works) error {
	written, err := s.writeTurn(ctx, t, was, is)
	if err == nil && !written {
		err = errLostRow
	}
	if err != nil {
		return err
	}
	return s.keepTurn(ctx, t, event, at, who, is, w)
}

const updateConversation = `UPDATE conversation SET state = $4, routing_point_id = $5, queue_id = $6, agent_id = $7, former_agent_id = $8, activity_code_id = $9,
	turns = $10, queued_at = $11, assigned_at = $12, snoozed_until = $13, closed_at = $14, close_reason = $15
	WHERE account_id = $1 AND id = $2 AND turns = $3`

func turnArgs(was, is arauto.Conversation) []any {
	return []any{
		was.Account, was.ID, was.Turns, is.State, is.RoutingPoint, is.Queue, is.Agent, is.Former, is.Code,
		is.Turns, ms(is.QueuedAt), ms(is.AssignedAt), ms(is.SnoozedUntil), ms(is.ClosedAt), is.CloseReason,
	}
}

// writeTurn stores is, and reports whether the conversation was still as it was read.
func (s *Store) writeTurn(ctx context.Context, t querier, was, is arauto.Conversation) (bool, error) {
	n, err := t.exec(ctx, updateConversation, turnArgs(was, is)...)
	return n == 1, err
}

const (
	turnInto   = `INSERT INTO conversation_turn (account_id, conversation_id, n, at, event, state, queue_id, agent_id, actor, left_work, agent_work) `
	insertTurn = turnInto + `VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`
)

func (s *Store) keepTurn(ctx context.Context, t querier, event arauto.ConversationEvent, at time.Time, who string, c arauto.Conversation, w works) error {
	_, err := t.exec(ctx, insertTurn, turnRow(event, at, who, c, w)...)
	return err
}

func turnRow(event arauto.ConversationEvent, at time.Time, who string, c arauto.Conversation, w works) []any {
	return []any{c.Account, c.ID, c.Turns, ms(at), event, c.State, c.Queue, c.Agent, who, w.left, w.taken}
}

// Turns lists what happened to a conversation, oldest first, above n.
func (s *Store) Turns(ctx context.Context, account, conversation, after int64, limit int) ([]arauto.ConversationTurn, error) {
	return readAll(ctx, s, func(r rows) (v arauto.ConversationTurn, err error) {
		var at int64
		err = r.Scan(&v.N, &at, &v.Event, &v.State, &v.Queue, &v.Agent, &v.Actor, &v.LeftWork, &v.AgentWork)
		v.At = moment(at)
		return v, err
	}, `SELECT n, at, event, state, queue_id, agent_id, actor, left_work, agent_work FROM conversation_turn WHERE account_id = $1 AND conversation_id = $2 AND n > $3 ORDER BY n LIMIT $4`,
		account, conversation, after, limit)
}

// RouteConversation puts a conversation into a queue because somebody hands it on, whoever's it was.
func (s *Store) RouteConversation(ctx context.Context, actor arauto.Actor, now time.Time, account, id, queue int64) (arauto.Conversation, error) {
	return s.actOn(ctx, actor, now, account, id, "conversation.transfer", func(t querier, c arauto.Conversation) (arauto.Turn, error) {
		if _, err := one(ctx, t, scanInt, `SELECT id FROM queue WHERE account_id = $1 AND id = $2`, account, queue); err != nil {
			return arauto.Turn{}, missing(err, "queue", queue)
		}
		return arauto.Turn{Event: arauto.ConversationRouted, Queue: queue}, nil
	})
}

// GiveConversation hands a conversation to an agent who has room. It must be in a queue.
func (s *Store) GiveConversation(ctx context.Context, actor arauto.Actor, now time.Time, account, id, agent int64) (arauto.Conversation, error) {
	return s.actOn(ctx, actor, now, account, id, "conversation.transfer", func(_ querier, c arauto.Conversation) (arauto.Turn, error) {
		if c.State == arauto.ConversationUnrouted {
			return arauto.Turn{}, arauto.Errorf(arauto.KindConflict, "state", "no rule says where this conversation belongs: hand it to a queue first")
		}
		if c.State == arauto.ConversationAssigned && c.Agent == agent {
			return arauto.Turn{}, arauto.Errorf(arauto.KindConflict, "agent_id", "the conversation is that agent's already")
		}
		return arauto.Turn{Event: arauto.ConversationGiven, Agent: agent}, nil
	})
}

// SnoozeConversation puts a conversation off until then, or until the person writes.
func (s *Store) SnoozeConversation(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, until time.Time) (arauto.Conversation, error) {
	return s.actOn(ctx, actor, now, account, id, "conversation.snooze", func(querier, arauto.Conversation) (arauto.Turn, error) {
		return arauto.Turn{Event: arauto.ConversationPutOff, Until: moment(ms(until))}, nil
	})
}

func (s *Store) actOn(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, action string, decide func(querier, arauto.Conversation) (arauto.Turn, error)) (is arauto.Conversation, err error) {
	err = s.db.write(ctx, func(t querier) error {
		var was arauto.Conversation
		was, is, err = s.turn(ctx, t, now, actor.Name, account, id, func(c arauto.Conversation) (arauto.Turn, error) { return decide(t, c) })
		if err != nil {
			return err
		}
		s.tellTurn(t, now, was, is)
		d := diff{}
		d.field("state", was.State, is.State)
		d.field("queue", was.Queue, is.Queue)
		d.field("agent", was.Agent, is.Agent)
		actor.Account = account
		return s.audit(ctx, t, now, actor, action, subject("conversation", id), d.json())
	})
	return is, doing("change a conversation", err)
}

// tellTurn tells endpoints whose a conversation is now.
func (s *Store) tellTurn(t querier, now time.Time, was, is arauto.Conversation) {
	if is.State == arauto.ConversationAssigned && (was.State != is.State || was.Agent != is.Agent) {
		tell(t).conversation(now, arauto.NoticeConversationAssigned, is, "", "")
	}
}

// WakeSnoozed lets conversations of an account whose time has come wait for an agent again, up to limit, and returns
// how many.
func (s *Store) WakeSnoozed(ctx context.Context, now time.Time, account int64, limit int) (n int, err error) {
	due, err := readAll(ctx, s, scanInt, `SELECT id FROM conversation WHERE account_id = $1 AND state = 'snoozed' AND snoozed_until <= $2 ORDER BY snoozed_until, id LIMIT $3`, account, ms(now), limit)
	if err != nil {
		return 0, doing("look for snoozed conversations", err)
	}
	for _, id := range due {
		err := s.db.write(ctx, func(t querier) error {
			_, _, err := s.turn(ctx, t, now, "", account, id, func(c arauto.Conversation) (arauto.Turn, error) {
				if c.State == arauto.ConversationSnoozed && c.SnoozedUntil.After(now) {
					return arauto.Turn{Event: arauto.ConversationPutOff, Until: c.SnoozedUntil}, nil
				}
				return arauto.Turn{Event: arauto.ConversationWoke}, nil
			})
			return err
		})
		if err != nil && arauto.KindOf(err) != arauto.KindConflict {
			return n, doing("wake a conversation", err)
		}
		n++
	}
	return n, nil
}
