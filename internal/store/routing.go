package store

import (
	"context"
	"errors"
	"strconv"
	"time"

	"arauto"
)

const pointColumns = `account_id, id, uuid, name, queue_id, created_at, updated_at`

func scanPoint(r rows) (arauto.RoutingPoint, error) {
	var p arauto.RoutingPoint
	var created, updated int64
	err := r.Scan(&p.Account, &p.ID, &p.UUID, &p.Name, &p.Queue, &created, &updated)
	p.CreatedAt, p.UpdatedAt = moment(created), moment(updated)
	return p, err
}

// CreateRoutingPoint stores a routing point. The error is invalid, not found for the queue, or a conflict when the
// account has one of that name.
func (s *Store) CreateRoutingPoint(ctx context.Context, actor arauto.Actor, now time.Time, p arauto.RoutingPoint) (arauto.RoutingPoint, error) {
	p.UUID, p.CreatedAt, p.UpdatedAt = newUUID(), moment(ms(now)), moment(ms(now))
	err := s.db.write(ctx, func(t querier) (err error) {
		if p.ID, err = nextIDs(ctx, t, p.Account, "routing_point", 1); err != nil {
			return err
		}
		if err := checkPoint(ctx, t, p); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `INSERT INTO routing_point (`+pointColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $6)`, p.Account, p.ID, p.UUID, p.Name, p.Queue, ms(now)); err != nil {
			return err
		}
		actor.Account = p.Account
		return s.audit(ctx, t, now, actor, "routing_point.create", subject("routing point", p.ID), jsonOf(map[string]any{"name": p.Name, "queue": p.Queue}))
	})
	return p, doing("create routing point", err)
}

func checkPoint(ctx context.Context, t querier, p arauto.RoutingPoint) error {
	if err := p.Check(); err != nil {
		return err
	}
	if _, err := one(ctx, t, scanInt, `SELECT id FROM queue WHERE account_id = $1 AND id = $2`, p.Account, p.Queue); err != nil {
		return missing(err, "queue", p.Queue)
	}
	return nameIsNew(ctx, t, "routing_point", p.Account, p.ID, p.Name)
}

// ChangeRoutingPoint stores what change makes of a routing point's name and queue. What came in by it before stays
// where it is.
func (s *Store) ChangeRoutingPoint(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, change func(arauto.RoutingPoint) (arauto.RoutingPoint, error)) (arauto.RoutingPoint, error) {
	var p arauto.RoutingPoint
	err := s.db.write(ctx, func(t querier) error {
		was, err := one(ctx, t, scanPoint, `SELECT `+pointColumns+` FROM routing_point WHERE account_id = $1 AND id = $2`+s.db.lock(), account, id)
		if err != nil {
			return missing(err, "routing point", id)
		}
		next, err := change(was)
		if err != nil {
			return err
		}
		p = was
		p.Name, p.Queue, p.UpdatedAt = next.Name, next.Queue, moment(ms(now))
		if err := checkPoint(ctx, t, p); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE routing_point SET name = $3, queue_id = $4, updated_at = $5 WHERE account_id = $1 AND id = $2`, account, id, p.Name, p.Queue, ms(now)); err != nil {
			return err
		}
		d := diff{}
		d.field("name", was.Name, p.Name)
		d.field("queue", was.Queue, p.Queue)
		actor.Account = account
		return s.audit(ctx, t, now, actor, "routing_point.update", subject("routing point", id), d.json())
	})
	return p, doing("change routing point", err)
}

// RoutingPoints lists an account's routing points by id, from after.
func (s *Store) RoutingPoints(ctx context.Context, account, after int64, limit int) ([]arauto.RoutingPoint, error) {
	return readAll(ctx, s, scanPoint, `SELECT `+pointColumns+` FROM routing_point WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3`, account, after, limit)
}

// RoutingPoint is the one with that id.
func (s *Store) RoutingPoint(ctx context.Context, account, id int64) (arauto.RoutingPoint, error) {
	p, err := readOne(ctx, s, scanPoint, `SELECT `+pointColumns+` FROM routing_point WHERE account_id = $1 AND id = $2`, account, id)
	return p, missing(err, "routing point", id)
}

// RoutingPointByUUID is the one with that UUID.
func (s *Store) RoutingPointByUUID(ctx context.Context, account int64, uuid string) (arauto.RoutingPoint, error) {
	p, err := readOne(ctx, s, scanPoint, `SELECT `+pointColumns+` FROM routing_point WHERE account_id = $1 AND uuid = $2`, account, uuid)
	return p, missing(err, "routing point", uuid)
}

const ruleColumns = `account_id, id, routing_point_id, kind, value, created_at`

func scanRule(r rows) (arauto.RoutingRule, error) {
	var v arauto.RoutingRule
	var created int64
	err := r.Scan(&v.Account, &v.ID, &v.Point, &v.Kind, &v.Value, &created)
	v.CreatedAt = moment(created)
	return v, err
}

// AddRoutingRule stores a rule. The error is invalid, not found for the routing point, or a conflict when another rule
// says the same of this value.
func (s *Store) AddRoutingRule(ctx context.Context, actor arauto.Actor, now time.Time, r arauto.RoutingRule) (arauto.RoutingRule, error) {
	r, err := r.Tidy()
	if err != nil {
		return r, err
	}
	r.CreatedAt = moment(ms(now))
	err = s.db.write(ctx, func(t querier) (err error) {
		if r.ID, err = nextIDs(ctx, t, r.Account, "routing_rule", 1); err != nil {
			return err
		}
		if _, err := one(ctx, t, scanInt, `SELECT id FROM routing_point WHERE account_id = $1 AND id = $2`, r.Account, r.Point); err != nil {
			return missing(err, "routing point", r.Point)
		}
		n, err := one(ctx, t, scanInt, `SELECT count(*) FROM routing_rule WHERE account_id = $1`, r.Account)
		if err != nil {
			return err
		}
		if n >= arauto.MaxRules {
			return arauto.Errorf(arauto.KindConflict, "", "an account has at most %d rules: delete one that is not needed any more", arauto.MaxRules)
		}
		added, err := t.exec(ctx, `INSERT INTO routing_rule (`+ruleColumns+`) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
			r.Account, r.ID, r.Point, r.Kind, r.Value, ms(r.CreatedAt))
		if err == nil && added == 0 {
			err = arauto.Errorf(arauto.KindConflict, "value", "another rule says where the %s %q leads: delete that one first", r.Kind, r.Value)
		}
		if err != nil {
			return err
		}
		actor.Account = r.Account
		return s.audit(ctx, t, now, actor, "routing_rule.create", subject("routing rule", r.ID), jsonOf(map[string]any{"point": r.Point, "kind": r.Kind, "value": r.Value}))
	})
	return r, doing("add routing rule", err)
}

// RoutingRules lists an account's rules by id, from after.
func (s *Store) RoutingRules(ctx context.Context, account, after int64, limit int) ([]arauto.RoutingRule, error) {
	return readAll(ctx, s, scanRule, `SELECT `+ruleColumns+` FROM routing_rule WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3`, account, after, limit)
}

// DeleteRoutingRule forgets a rule.
func (s *Store) DeleteRoutingRule(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64) error {
	err := s.db.write(ctx, func(t querier) error {
		value, err := one(ctx, t, scanText, `DELETE FROM routing_rule WHERE account_id = $1 AND id = $2 RETURNING value`, account, id)
		if err != nil {
			return missing(err, "routing rule", id)
		}
		actor.Account = account
		return s.audit(ctx, t, now, actor, "routing_rule.delete", subject("routing rule", id), detail("value", value))
	})
	return doing("delete routing rule", err)
}

// rulebook is an account's rules with the queues that their routing points lead to.
type rulebook struct {
	rules  []arauto.RoutingRule
	queues map[int64]int64 // by routing point
}

func (s *Store) rulebook(ctx context.Context, q querier, account int64) (*rulebook, error) {
	rules, err := all(ctx, q, scanRule, `SELECT `+ruleColumns+` FROM routing_rule WHERE account_id = $1 ORDER BY id`, account)
	if err != nil || len(rules) == 0 {
		return &rulebook{}, err
	}
	points, err := all(ctx, q, scanPair, `SELECT id, queue_id FROM routing_point WHERE account_id = $1`, account)
	b := &rulebook{rules: rules, queues: make(map[int64]int64, len(points))}
	for _, p := range points {
		b.queues[p[0]] = p[1]
	}
	return b, err
}

// route is the turn that an arrival takes; false when no rule fits.
func (b *rulebook) route(in arauto.Arrival, at time.Time) (arauto.Turn, bool) {
	rule, found := arauto.Route(b.rules, in)
	return arauto.Turn{Event: arauto.ConversationRouted, At: at, Point: rule.Point, Queue: b.queues[rule.Point]}, found
}

func arrival(c arauto.Conversation, button, text string) arauto.Arrival {
	in := arauto.Arrival{Button: button, Source: c.Source, Text: text, Sender: strconv.FormatInt(c.Sender, 10)}
	if c.Campaign != 0 {
		in.Campaign = strconv.FormatInt(c.Campaign, 10)
	}
	return in
}

// Reroute applies the account's rules to conversations that none fitted when they were opened, from after, up to
// limit. It returns where to go on, 0 at the end, and how many were routed.
func (s *Store) Reroute(ctx context.Context, now time.Time, account, after int64, limit int) (next int64, routed int, err error) {
	list, err := readAll(ctx, s, scanConversation, `SELECT `+conversationColumns+` FROM conversation WHERE account_id = $1 AND id > $2 AND state = 'unrouted' ORDER BY id LIMIT $3`, account, after, limit)
	if err != nil || len(list) == 0 {
		return 0, 0, doing("look for unrouted conversations", err)
	}
	err = s.db.write(ctx, func(t querier) error {
		routed = 0
		book, err := s.rulebook(ctx, t, account)
		if err != nil {
			return err
		}
		for _, c := range list {
			first, err := one(ctx, t, scanMessage, `SELECT `+messageColumns+` FROM message WHERE account_id = $1 AND conversation_id = $2 ORDER BY id LIMIT 1`, account, c.ID)
			if err != nil && !errors.Is(err, errNoRow) {
				return err
			}
			turn, found := book.route(arrival(c, first.Action, first.Text), now)
			if !found {
				continue
			}
			_, is, err := s.turn(ctx, t, now, "", account, c.ID, func(c arauto.Conversation) (arauto.Turn, error) {
				if c.State != arauto.ConversationUnrouted {
					return arauto.Turn{Event: arauto.ConversationReturned}, errRouted
				}
				return turn, nil
			})
			if errors.Is(err, errRouted) {
				continue
			}
			if err != nil {
				return err
			}
			if is.State == arauto.ConversationQueued {
				routed++
			}
		}
		return nil
	})
	if len(list) == limit {
		next = list[len(list)-1].ID
	}
	return next, routed, doing("route conversations", err)
}

var errRouted = errors.New("routed meanwhile")
