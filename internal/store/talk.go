package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"arauto"
)

// FindConversations lists an account's conversations that f picks, newest first, below that id (0 = from the newest).
func (s *Store) FindConversations(ctx context.Context, account int64, f arauto.ConversationFilter, before int64, limit int) ([]arauto.Conversation, error) {
	if f.Seat == nil {
		return s.findConversations(ctx, account, f, before, limit)
	}
	// An agent's own, and each of their queues', are lists by key of their own.
	own := f
	own.Seat = nil
	var list []arauto.Conversation
	seen := map[int64]bool{}
	add := func(some []arauto.Conversation) {
		for _, c := range some {
			if !seen[c.ID] {
				seen[c.ID] = true
				list = append(list, c)
			}
		}
	}
	for _, queue := range f.Seat.Queues {
		if f.Queue != 0 && f.Queue != queue {
			continue
		}
		own.Queue = queue
		some, err := s.findConversations(ctx, account, own, before, limit)
		if err != nil {
			return nil, err
		}
		add(some)
	}
	if own.Queue, own.Agent = f.Queue, f.Seat.ID; f.Agent == 0 || f.Agent == f.Seat.ID {
		some, err := s.findConversations(ctx, account, own, before, limit)
		if err != nil {
			return nil, err
		}
		add(some)
	}
	slices.SortFunc(list, func(a, b arauto.Conversation) int { return int(b.ID - a.ID) })
	return list[:min(len(list), limit)], nil
}

func (s *Store) findConversations(ctx context.Context, account int64, f arauto.ConversationFilter, before int64, limit int) ([]arauto.Conversation, error) {
	args := []any{account, below(before), limit}
	var where strings.Builder
	only := func(column string, value any) {
		args = append(args, value)
		fmt.Fprintf(&where, " AND %s = $%d", column, len(args))
	}
	if f.State != "" {
		only("state", f.State)
	}
	if f.Open {
		where.WriteString(" AND state <> 'closed'")
	}
	for column, id := range map[string]int64{"queue_id": f.Queue, "agent_id": f.Agent, "sender_id": f.Sender, "campaign_id": f.Campaign} {
		if id != 0 {
			only(column, id)
		}
	}
	if f.PersonKey != "" {
		only("person_key", f.PersonKey)
	}
	list, err := readAll(ctx, s, scanConversation, `SELECT `+conversationColumns+` FROM conversation WHERE account_id = $1 AND id < $2`+where.String()+` ORDER BY id DESC LIMIT $3`, args...)
	return list, doing("find conversations", err)
}

// Faces is what those people are called, and the number they write from, by id.
func (s *Store) Faces(ctx context.Context, account int64, people []int64) (map[int64]arauto.Face, error) {
	faces := make(map[int64]arauto.Face, len(people))
	if len(people) == 0 {
		return faces, nil
	}
	err := s.db.read(ctx, func(q querier) error {
		type named struct {
			id   int64
			name string
			key  string
		}
		list, err := all(ctx, q, func(r rows) (n named, err error) { return n, r.Scan(&n.id, &n.name, &n.key) },
			`SELECT id, name, key FROM person WHERE `+s.db.keyed("id", "$1", "$2")+` AND id <> 0`, account, s.db.list(people))
		if err != nil {
			return err
		}
		for _, n := range list {
			faces[n.id] = arauto.Face{Name: n.name, Phone: phoneOfKey(n.key)}
		}
		numbers, err := all(ctx, q, scanNamed, `SELECT value, person_id FROM person_alias WHERE `+s.db.keyed("person_id", "$1", "$2")+` AND kind = 'wa_id' ORDER BY value`, account, s.db.list(people))
		for _, n := range numbers {
			if phone := arauto.PhoneOfWAID(n.name); phone != "" {
				face := faces[n.id]
				face.Phone = phone
				faces[n.id] = face
			}
		}
		return err
	})
	return faces, doing("read who people are", err)
}
