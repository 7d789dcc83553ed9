package store

import (
	"context"
	"slices"
	"time"

	"arauto"
)

// AssignWaiting gives conversations that wait in open queues to agents who have room, in one transaction of up to
// limit, and returns how many were given. Who is given what is arauto.Offers' word on rows that are locked or
// compared as they are written: however many nodes ask at once, a conversation has one agent and nobody has more
// than their capacity.
func (s *Store) AssignWaiting(ctx context.Context, now time.Time, account int64, limit int) (n int, err error) {
	waiting, agents, err := s.waiting(ctx, now, account, limit)
	if err != nil || len(waiting) == 0 {
		return 0, doing("look who waits", err)
	}
	err = s.db.write(ctx, func(t querier) error {
		n, err = s.assign(ctx, t, now, account, waiting, agents)
		return err
	})
	return n, doing("assign conversations", err)
}

// agentsAtOnce is how many agents with room one round looks at.
const agentsAtOnce = 500

// waiting reads agents with room, and what waits for them in queues that are open, oldest first.
func (s *Store) waiting(ctx context.Context, now time.Time, account int64, limit int) (list []arauto.Conversation, agents []arauto.Agent, err error) {
	err = s.db.read(ctx, func(q querier) error {
		agents, err = all(ctx, q, scanAgent, `SELECT `+agentColumns+` FROM agent WHERE account_id = $1 AND state = 'available' ORDER BY idle_at, id LIMIT $2`, account, agentsAtOnce)
		if err != nil || len(agents) == 0 {
			return err
		}
		if err := s.seat(ctx, q, account, agents); err != nil {
			return err
		}
		room := map[int64]int{}
		for _, a := range agents {
			for _, queue := range a.Queues {
				room[queue] += max(0, a.Capacity-a.Chats)
			}
		}
		var clock *openness
		for queue, most := range room {
			if most == 0 {
				continue
			}
			some, err := all(ctx, q, scanConversation, `SELECT `+conversationColumns+` FROM conversation WHERE account_id = $1 AND queue_id = $2 AND state = 'queued'
				ORDER BY queued_at, id LIMIT $3`, account, queue, min(most, limit))
			if err != nil {
				return err
			}
			if len(some) == 0 {
				continue
			}
			if clock == nil {
				if clock, err = s.openness(ctx, q, account); err != nil {
					return err
				}
			}
			if clock.open(queue, now) {
				list = append(list, some...)
			}
		}
		slices.SortFunc(list, func(a, b arauto.Conversation) int {
			if c := a.QueuedAt.Compare(b.QueuedAt); c != 0 {
				return c
			}
			return int(a.ID - b.ID)
		})
		list = list[:min(len(list), limit)]
		return nil
	})
	return list, agents, err
}

// assign matches what waits with agents as they are now, and stores what was still as it was read.
func (s *Store) assign(ctx context.Context, t querier, now time.Time, account int64, waiting []arauto.Conversation, seats []arauto.Agent) (int, error) {
	ids := make([]int64, len(seats))
	queues := make(map[int64][]int64, len(seats))
	for i, a := range seats {
		ids[i], queues[a.ID] = a.ID, a.Queues
	}
	agents, err := all(ctx, t, scanAgent, `SELECT `+agentColumns+` FROM agent WHERE `+s.db.keyed("id", "$1", "$2")+` AND state = 'available' ORDER BY id`+s.db.lock(), account, s.db.list(ids))
	if err != nil {
		return 0, err
	}
	byID := make(map[int64]*arauto.Agent, len(agents))
	for i := range agents {
		agents[i].Queues = queues[agents[i].ID]
		byID[agents[i].ID] = &agents[i]
	}
	asked := make([]arauto.Waiting, len(waiting))
	was := make(map[int64]arauto.Conversation, len(waiting))
	for i, c := range waiting {
		asked[i], was[c.ID] = arauto.Waiting{ID: c.ID, Queue: c.Queue, Former: c.Former}, c
	}
	at := moment(ms(now))
	offers := arauto.Offers(asked, agents, at)
	args := make([][]any, len(offers))
	is := make([]arauto.Conversation, len(offers))
	for i, o := range offers {
		c := was[o.Conversation]
		if is[i], err = c.Apply(arauto.Turn{Event: arauto.ConversationGiven, At: c.Follows(at), Agent: o.Agent}); err != nil {
			return 0, err
		}
		args[i] = turnArgs(c, is[i])
	}
	written, err := s.eachOf(ctx, t, updateConversation, args)
	if err != nil {
		return 0, err
	}
	n := 0
	var turns [][]any
	before := slices.Clone(agents)
	for i, w := range written {
		if w != 1 {
			continue // closed or given meanwhile
		}
		n++
		a := byID[is[i].Agent]
		if *a, err = a.Given(at); err != nil {
			return 0, err
		}
		turns = append(turns, turnRow(arauto.ConversationGiven, is[i].AssignedAt, "", is[i], works{taken: a.Work}))
		s.tellTurn(t, now, was[is[i].ID], is[i])
	}
	if n == 0 {
		return 0, nil
	}
	var from, to []arauto.Agent
	for i, a := range agents {
		if a.Work != before[i].Work {
			from, to = append(from, before[i]), append(to, a)
		}
	}
	if err := s.saveAgents(ctx, t, now, arauto.AgentFilled, from, to); err != nil {
		return 0, err
	}
	_, err = s.run(ctx, t, insertTurns, turns)
	return n, err
}

// eachOf is each, for a list that may be empty.
func (s *Store) eachOf(ctx context.Context, t querier, sql string, args [][]any) ([]int64, error) {
	if len(args) == 0 {
		return nil, nil
	}
	return t.each(ctx, sql, args)
}

// openness tells which of an account's queues are open.
type openness struct {
	queues map[int64]arauto.Queue
	zone   *time.Location
	days   arauto.Holidays
}

func (s *Store) openness(ctx context.Context, q querier, account int64) (*openness, error) {
	a, err := one(ctx, q, scanAccount, `SELECT `+accountColumns+` FROM account WHERE id = $1`, account)
	if err != nil {
		return nil, missing(err, "account", account)
	}
	list, err := all(ctx, q, scanQueue, `SELECT `+queueColumns+` FROM queue WHERE account_id = $1`, account)
	o := &openness{queues: make(map[int64]arauto.Queue, len(list)), zone: time.UTC, days: a.Rules.Holidays}
	if zone, bad := time.LoadLocation(a.TimeZone); bad == nil {
		o.zone = zone
	}
	for _, v := range list {
		o.queues[v.ID] = v
	}
	return o, err
}

func (o *openness) open(queue int64, now time.Time) bool {
	open, _ := o.queues[queue].Open(now, o.zone, o.days)
	return open
}
