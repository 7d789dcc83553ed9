package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"arauto"
)

const agentColumns = `account_id, id, uuid, name, user_id, token_id, capacity, state, reason, chats, moves, work, state_at, seen_at, idle_at, until_at,
	created_at, updated_at, removed_at`

func scanAgent(r rows) (arauto.Agent, error) {
	var a arauto.Agent
	var state, seen, idle, until, created, updated, removed int64
	err := r.Scan(&a.Account, &a.ID, &a.UUID, &a.Name, &a.User, &a.Token, &a.Capacity, &a.State, &a.Reason, &a.Chats, &a.Moves, &a.Work,
		&state, &seen, &idle, &until, &created, &updated, &removed)
	a.StateAt, a.SeenAt, a.IdleAt, a.UntilAt = moment(state), moment(seen), moment(idle), moment(until)
	a.CreatedAt, a.UpdatedAt, a.RemovedAt = moment(created), moment(updated), moment(removed)
	return a, err
}

// CreateAgent stores an agent, offline, in its queues. The error is invalid, a conflict when the name, the user or the
// token is another agent's, or not found for a queue.
func (s *Store) CreateAgent(ctx context.Context, actor arauto.Actor, now time.Time, a arauto.Agent) (arauto.Agent, error) {
	if err := a.Check(); err != nil {
		return a, err
	}
	a.UUID, a.State, a.Chats, a.Moves, a.Work = newUUID(), arauto.AgentOffline, 0, 0, 0
	a.CreatedAt, a.UpdatedAt, a.StateAt = moment(ms(now)), moment(ms(now)), moment(ms(now))
	err := s.db.write(ctx, func(t querier) (err error) {
		if a.ID, err = nextIDs(ctx, t, a.Account, "agent", 1); err != nil {
			return err
		}
		if err := agentIsNew(ctx, t, a); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `INSERT INTO agent (`+agentColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', 0, 0, 0, $9, 0, 0, 0, $9, $9, 0)`,
			a.Account, a.ID, a.UUID, a.Name, a.User, a.Token, int64(a.Capacity), a.State, ms(now)); err != nil {
			return err
		}
		if a.Queues, err = s.saveSeats(ctx, t, a); err != nil {
			return err
		}
		actor.Account = a.Account
		return s.audit(ctx, t, now, actor, "agent.create", subject("agent", a.ID), jsonOf(map[string]any{"name": a.Name, "queues": a.Queues, "user": a.User, "token": a.Token}))
	})
	return a, doing("create agent", err)
}

// agentIsNew is a conflict when what must be one agent's alone is another's.
func agentIsNew(ctx context.Context, t querier, a arauto.Agent) error {
	for _, c := range []struct {
		field, column string
		value         any
		none          bool
	}{{"name", "name", a.Name, false}, {"user_id", "user_id", a.User, a.User == 0}, {"token_id", "token_id", a.Token, a.Token == 0}} {
		if c.none {
			continue
		}
		other, err := one(ctx, t, scanInt, `SELECT id FROM agent WHERE account_id = $1 AND `+c.column+` = $2 AND id <> $3 AND removed_at = 0`, a.Account, c.value, a.ID)
		if errors.Is(err, errNoRow) {
			continue
		}
		if err != nil {
			return err
		}
		return arauto.Errorf(arauto.KindConflict, c.field, "agent %d has this %s: choose another, or change that agent", other, c.column)
	}
	if a.Token != 0 {
		_, err := one(ctx, t, scanInt, `SELECT id FROM token WHERE account_id = $1 AND id = $2`, a.Account, a.Token)
		if err != nil {
			return missing(err, "token", a.Token)
		}
	}
	return nil
}

// saveSeats stores the queues of an agent, and returns them in order.
func (s *Store) saveSeats(ctx context.Context, t querier, a arauto.Agent) ([]int64, error) {
	queues := slices.Clone(a.Queues)
	slices.Sort(queues)
	queues = slices.Compact(queues)
	if _, err := t.exec(ctx, `DELETE FROM queue_agent WHERE account_id = $1 AND agent_id = $2`, a.Account, a.ID); err != nil {
		return nil, err
	}
	for _, q := range queues {
		if _, err := one(ctx, t, scanInt, `SELECT id FROM queue WHERE account_id = $1 AND id = $2`, a.Account, q); err != nil {
			return nil, missing(err, "queue", q)
		}
		if _, err := t.exec(ctx, `INSERT INTO queue_agent (account_id, queue_id, agent_id) VALUES ($1, $2, $3)`, a.Account, q, a.ID); err != nil {
			return nil, err
		}
	}
	return queues, nil
}

// ChangeAgent stores what change makes of an agent's name, capacity, queues, user and token. change may run more than
// once. The error is change's, not found, or as of CreateAgent. Who has more chats than the new capacity keeps them.
func (s *Store) ChangeAgent(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, change func(arauto.Agent) (arauto.Agent, error)) (arauto.Agent, error) {
	var a arauto.Agent
	err := s.db.write(ctx, func(t querier) error {
		was, err := s.lockAgent(ctx, t, account, id)
		if err != nil {
			return err
		}
		next, err := change(was)
		if err != nil {
			return err
		}
		a = was
		a.Name, a.Capacity, a.Queues, a.User, a.Token, a.UpdatedAt = next.Name, next.Capacity, next.Queues, next.User, next.Token, moment(ms(now))
		if err := a.Check(); err != nil {
			return err
		}
		if err := agentIsNew(ctx, t, a); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE agent SET name = $3, user_id = $4, token_id = $5, capacity = $6, updated_at = $7 WHERE account_id = $1 AND id = $2`,
			account, id, a.Name, a.User, a.Token, int64(a.Capacity), ms(now)); err != nil {
			return err
		}
		if a.Queues, err = s.saveSeats(ctx, t, a); err != nil {
			return err
		}
		if a, err = s.refit(ctx, t, now, a); err != nil {
			return err
		}
		d := diff{}
		d.field("name", was.Name, a.Name)
		d.field("capacity", was.Capacity, a.Capacity)
		d.field("queues", was.Queues, a.Queues)
		d.field("user", was.User, a.User)
		d.field("token", was.Token, a.Token)
		actor.Account = account
		return s.audit(ctx, t, now, actor, "agent.update", subject("agent", id), d.json())
	})
	return a, doing("change agent", err)
}

// refit has the state follow a new capacity.
func (s *Store) refit(ctx context.Context, t querier, now time.Time, a arauto.Agent) (arauto.Agent, error) {
	was, event := a, arauto.AgentEvent("")
	switch {
	case a.State == arauto.AgentAvailable && a.Chats >= a.Capacity:
		event = arauto.AgentFilled
	case a.State == arauto.AgentBusy && a.Chats < a.Capacity && a.Chats > 0:
		event = arauto.AgentFreed
	default:
		return a, nil
	}
	a, err := a.Apply(arauto.AgentTurn{Event: event, At: now})
	if err != nil {
		return a, err
	}
	return a, s.saveAgent(ctx, t, now, event, was, a)
}

// RemoveAgent takes an agent off; what is open of theirs goes back to its queue.
func (s *Store) RemoveAgent(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64) error {
	err := s.db.write(ctx, func(t querier) error {
		a, err := s.lockAgent(ctx, t, account, id)
		if err != nil {
			return err
		}
		if _, err := s.leave(ctx, t, now, a, arauto.AgentOfflined, actor.Name); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM queue_agent WHERE account_id = $1 AND agent_id = $2`, account, id); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE agent SET removed_at = $3, updated_at = $3 WHERE account_id = $1 AND id = $2`, account, id, ms(now)); err != nil {
			return err
		}
		actor.Account = account
		return s.audit(ctx, t, now, actor, "agent.remove", subject("agent", id), detail("name", a.Name))
	})
	return doing("remove agent", err)
}

// lockAgent is an agent that is still there, for this transaction, with their queues.
func (s *Store) lockAgent(ctx context.Context, t querier, account, id int64) (arauto.Agent, error) {
	a, err := one(ctx, t, scanAgent, `SELECT `+agentColumns+` FROM agent WHERE account_id = $1 AND id = $2 AND removed_at = 0`+s.db.lock(), account, id)
	if err != nil {
		return a, missing(err, "agent", id)
	}
	a.Queues, err = all(ctx, t, scanInt, `SELECT queue_id FROM queue_agent WHERE account_id = $1 AND agent_id = $2 ORDER BY queue_id`, account, id)
	return a, err
}

// saveAgent stores what an event made of an agent, and the move if there was one.
func (s *Store) saveAgent(ctx context.Context, t querier, now time.Time, event arauto.AgentEvent, was, is arauto.Agent) error {
	return s.saveAgents(ctx, t, now, event, []arauto.Agent{was}, []arauto.Agent{is})
}

func (s *Store) saveAgents(ctx context.Context, t querier, now time.Time, event arauto.AgentEvent, was, is []arauto.Agent) error {
	var updates, moves [][]any
	for i, a := range is {
		updates = append(updates, []any{a.Account, a.ID, a.State, a.Reason, int64(a.Chats), a.Moves, a.Work, ms(a.StateAt), ms(a.IdleAt), ms(a.UntilAt)})
		if a.Moves != was[i].Moves {
			moves = append(moves, []any{a.Account, a.ID, a.Moves, ms(now), event, was[i].State, a.State, a.Reason})
		}
	}
	if len(updates) == 0 {
		return nil
	}
	if _, err := t.each(ctx, `UPDATE agent SET state = $3, reason = $4, chats = $5, moves = $6, work = $7, state_at = $8, idle_at = $9, until_at = $10
		WHERE account_id = $1 AND id = $2`, updates); err != nil || len(moves) == 0 {
		return err
	}
	_, err := t.each(ctx, `INSERT INTO agent_move (account_id, agent_id, n, at, event, from_state, to_state, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, moves)
	return err
}

// Agents lists an account's agents by id, from after, with their queues.
func (s *Store) Agents(ctx context.Context, account, after int64, limit int) (list []arauto.Agent, err error) {
	err = s.db.read(ctx, func(q querier) error {
		list, err = all(ctx, q, scanAgent, `SELECT `+agentColumns+` FROM agent WHERE account_id = $1 AND id > $2 AND removed_at = 0 ORDER BY id LIMIT $3`, account, after, limit)
		if err != nil {
			return err
		}
		return s.seat(ctx, q, account, list)
	})
	return list, doing("list agents", err)
}

// seat fills in the queues of agents.
func (s *Store) seat(ctx context.Context, q querier, account int64, list []arauto.Agent) error {
	at := make(map[int64]int, len(list))
	ids := make([]int64, len(list))
	for i, a := range list {
		at[a.ID], ids[i] = i, a.ID
	}
	if len(ids) == 0 {
		return nil
	}
	pairs, err := all(ctx, q, scanPair, `SELECT agent_id, queue_id FROM queue_agent WHERE `+s.db.keyed("agent_id", "$1", "$2")+` ORDER BY agent_id, queue_id`, account, s.db.list(ids))
	for _, p := range pairs {
		list[at[p[0]]].Queues = append(list[at[p[0]]].Queues, p[1])
	}
	return err
}

// Agent is the agent with that id, with their queues.
func (s *Store) Agent(ctx context.Context, account, id int64) (arauto.Agent, error) {
	return s.agentWhere(ctx, account, `id = $2`, "agent", id)
}

// AgentByUUID is the agent with that UUID.
func (s *Store) AgentByUUID(ctx context.Context, account int64, uuid string) (arauto.Agent, error) {
	return s.agentWhere(ctx, account, `uuid = $2`, "agent", uuid)
}

// AgentOf is the agent as whom a user, or a token where there is no user, acts. Not found when they are none.
func (s *Store) AgentOf(ctx context.Context, account, user, token int64) (arauto.Agent, error) {
	if user != 0 {
		return s.agentWhere(ctx, account, `user_id = $2 AND user_id <> 0`, "agent for user", user)
	}
	return s.agentWhere(ctx, account, `token_id = $2 AND token_id <> 0`, "agent for token", token)
}

func (s *Store) agentWhere(ctx context.Context, account int64, condition, thing string, value any) (a arauto.Agent, err error) {
	err = s.db.read(ctx, func(q querier) error {
		list, err := all(ctx, q, scanAgent, `SELECT `+agentColumns+` FROM agent WHERE account_id = $1 AND removed_at = 0 AND `+condition, account, value)
		if err == nil && len(list) == 0 {
			err = errNoRow
		}
		if err != nil {
			return missing(err, thing, value)
		}
		if err := s.seat(ctx, q, account, list); err != nil {
			return err
		}
		a = list[0]
		return nil
	})
	return a, err
}

// AgentMoves lists the changes of an agent's state, newest first, below n (0 = from the newest).
func (s *Store) AgentMoves(ctx context.Context, account, agent, before int64, limit int) ([]arauto.AgentMove, error) {
	return readAll(ctx, s, func(r rows) (m arauto.AgentMove, err error) {
		var at int64
		err = r.Scan(&m.Agent, &m.N, &at, &m.Event, &m.From, &m.To, &m.Reason)
		m.At = moment(at)
		return m, err
	}, `SELECT agent_id, n, at, event, from_state, to_state, reason FROM agent_move WHERE account_id = $1 AND agent_id = $2 AND n < $3 ORDER BY n DESC LIMIT $4`,
		account, agent, below(before), limit)
}

// WorkOf tells, of those of an account's agents who are not offline, how often something of theirs changed.
func (s *Store) WorkOf(ctx context.Context, account int64) (map[int64]int64, error) {
	pairs, err := readAll(ctx, s, scanPair, `SELECT id, work FROM agent WHERE account_id = $1 AND state <> 'offline'`, account)
	work := make(map[int64]int64, len(pairs))
	for _, p := range pairs {
		work[p[0]] = p[1]
	}
	return work, err
}
