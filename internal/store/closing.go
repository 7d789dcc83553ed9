package store

import (
	"context"
	"time"

	"arauto"
)

// EndConversation closes a conversation because somebody says so, with all that goes with it: the activity code, a
// note, and what the code asks for — the person not to be contacted, the contact not to be tried again, a moment
// to call back. Closing it again changes nothing. The error is not found, or as of Closing.Check.
func (s *Store) EndConversation(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, how arauto.Closing) (is arauto.Conversation, err error) {
	err = s.db.write(ctx, func(t querier) error {
		var code arauto.ActivityCode
		if how.Code != 0 {
			if code, err = one(ctx, t, scanCode, `SELECT `+codeColumns+` FROM activity_code WHERE account_id = $1 AND id = $2`, account, how.Code); err != nil {
				return missing(err, "activity code", how.Code)
			}
		}
		var was arauto.Conversation
		was, is, err = s.turn(ctx, t, now, actor.Name, account, id, func(c arauto.Conversation) (arauto.Turn, error) {
			turn := arauto.Turn{Event: arauto.ConversationEnded, Code: how.Code}
			if c.State == arauto.ConversationClosed {
				return turn, nil
			}
			return turn, s.checkClosing(ctx, t, c, how, code, now)
		})
		if err != nil || was.State == is.State {
			return err
		}
		if err := s.closeWith(ctx, t, actor, now, is, how, code); err != nil {
			return err
		}
		tell(t).conversation(now, arauto.NoticeConversationClosed, is, "", closedByPerson)
		actor.Account = account
		return s.audit(ctx, t, now, actor, "conversation.close", subject("conversation", is.ID), detail("code", code.Code))
	})
	return is, doing("close conversation", err)
}

func (s *Store) checkClosing(ctx context.Context, t querier, c arauto.Conversation, how arauto.Closing, code arauto.ActivityCode, now time.Time) error {
	queues, err := all(ctx, t, scanQueue, `SELECT `+queueColumns+` FROM queue WHERE account_id = $1 AND id = $2`, c.Account, c.Queue)
	if err != nil {
		return err
	}
	var queue arauto.Queue
	if len(queues) > 0 {
		queue = queues[0]
	}
	if how.Code == 0 {
		return how.Check(queue, code, false, now)
	}
	subs, err := all(ctx, t, scanInt, `SELECT id FROM activity_code WHERE account_id = $1 AND parent_id = $2 AND archived_at = 0 AND parent_id <> 0 LIMIT 1`, c.Account, how.Code)
	if err != nil {
		return err
	}
	return how.Check(queue, code, len(subs) > 0, now)
}

// closeWith does what a closing asks for besides.
func (s *Store) closeWith(ctx context.Context, t querier, actor arauto.Actor, now time.Time, c arauto.Conversation, how arauto.Closing, code arauto.ActivityCode) error {
	if err := s.converted(ctx, t, now, c); err != nil {
		return err
	}
	if how.Note != "" {
		if _, err := s.addNote(ctx, t, now, arauto.Note{Account: c.Account, Conversation: c.ID, Agent: c.Agent, Author: actor.Name, Text: how.Note}); err != nil {
			return err
		}
	}
	if code.Suppress != "" {
		stop := arauto.Suppression{
			Account: c.Account, PersonKey: c.PersonKey, Phone: phoneOfKey(c.PersonKey), Contact: c.Contact, Scope: code.Suppress, Source: sourceCode,
			Evidence: "conversation " + c.UUID + " was closed with " + code.Code,
		}
		if err := s.suppress(ctx, t, now, stop); err != nil {
			return err
		}
	}
	if code.StopContact && c.Contact != 0 {
		if err := s.stopContact(ctx, t, now, c); err != nil {
			return err
		}
	}
	if how.CallbackAt.IsZero() {
		return nil
	}
	id, err := nextIDs(ctx, t, c.Account, "callback", 1)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO callback (`+callbackColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0)`,
		c.Account, id, c.ID, c.Queue, c.Agent, how.Note, ms(how.CallbackAt))
	return err
}

// sourceCode is where a suppression came from that a closing asked for.
const sourceCode = "activity_code"

// phoneOfKey is the phone that a person's key is, for people to read; "" when it is none.
func phoneOfKey(key string) arauto.Phone {
	for _, r := range key {
		if r < '0' || r > '9' {
			return ""
		}
	}
	return arauto.PhoneOfWAID(key)
}

// stopContact has the conversation's contact not tried again in its campaign. What has been worked stays as it is.
func (s *Store) stopContact(ctx context.Context, t querier, now time.Time, c arauto.Conversation) error {
	contacts, err := s.contactsByID(ctx, t, c.Account, []int64{c.Contact})
	if err != nil {
		return err
	}
	was, found := contacts[c.Contact]
	if !found || was.State != arauto.ContactPending {
		return nil
	}
	next, err := was.Apply(arauto.Event{Kind: arauto.EventCancelled, At: now, Reason: arauto.ReasonCancelled, Detail: "conversation " + c.UUID})
	if err != nil {
		return err
	}
	written, err := s.saveContacts(ctx, t, now, []contactChange{{old: was, new: next}})
	if err != nil || written[0] == 0 {
		return err
	}
	counts := changes{}
	counts.moved(was.Campaign, was.State, next.State)
	return counts.apply(ctx, t, c.Account, slotFacts)
}

// AddNote keeps what somebody writes down about a conversation.
func (s *Store) AddNote(ctx context.Context, actor arauto.Actor, now time.Time, n arauto.Note) (arauto.Note, error) {
	err := s.db.write(ctx, func(t querier) (err error) {
		if n, err = s.addNote(ctx, t, now, n); err != nil {
			return err
		}
		actor.Account = n.Account
		return s.audit(ctx, t, now, actor, "conversation.note", subject("conversation", n.Conversation), detail())
	})
	return n, doing("add a note", err)
}

func (s *Store) addNote(ctx context.Context, t querier, now time.Time, n arauto.Note) (arauto.Note, error) {
	id, err := nextIDs(ctx, t, n.Account, "note", 1)
	n.ID, n.At = id, moment(ms(now))
	if err != nil {
		return n, err
	}
	_, err = t.exec(ctx, `INSERT INTO conversation_note (account_id, id, conversation_id, agent_id, author, body, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		n.Account, n.ID, n.Conversation, n.Agent, n.Author, n.Text, ms(n.At))
	return n, err
}

// Notes lists a conversation's notes, oldest first, above after.
func (s *Store) Notes(ctx context.Context, account, conversation, after int64, limit int) ([]arauto.Note, error) {
	return readAll(ctx, s, func(r rows) (n arauto.Note, err error) {
		var at int64
		err = r.Scan(&n.Account, &n.ID, &n.Conversation, &n.Agent, &n.Author, &n.Text, &at)
		n.At = moment(at)
		return n, err
	}, `SELECT account_id, id, conversation_id, agent_id, author, body, at FROM conversation_note WHERE account_id = $1 AND conversation_id = $2 AND id > $3 ORDER BY id LIMIT $4`,
		account, conversation, after, limit)
}

const callbackColumns = `account_id, id, conversation_id, queue_id, agent_id, note, at, done_at, opened_id`

func scanCallback(r rows) (arauto.Callback, error) {
	var c arauto.Callback
	var at, done int64
	err := r.Scan(&c.Account, &c.ID, &c.Conversation, &c.Queue, &c.Agent, &c.Note, &at, &done, &c.Opened)
	c.At, c.DoneAt = moment(at), moment(done)
	return c, err
}

// Callbacks lists an account's callbacks that are still to come, by id, above after.
func (s *Store) Callbacks(ctx context.Context, account, after int64, limit int) ([]arauto.Callback, error) {
	return readAll(ctx, s, scanCallback, `SELECT `+callbackColumns+` FROM callback WHERE account_id = $1 AND id > $2 AND done_at = 0 ORDER BY id LIMIT $3`, account, after, limit)
}

// CallBack has what is due of an account's callbacks wait for an agent, up to limit, and returns how many: a
// conversation is opened with the person, or the one that is open is told. Each is done once, whoever asks.
func (s *Store) CallBack(ctx context.Context, now time.Time, account int64, limit int) (n int, err error) {
	due, err := readAll(ctx, s, scanCallback, `SELECT `+callbackColumns+` FROM callback WHERE account_id = $1 AND done_at = 0 AND at <= $2 ORDER BY at, id LIMIT $3`, account, ms(now), limit)
	if err != nil {
		return 0, doing("look for callbacks", err)
	}
	for _, c := range due {
		if err := s.db.write(ctx, func(t querier) error { return s.callBack(ctx, t, now, c) }); err != nil {
			return n, doing("call back", err)
		}
		n++
	}
	return n, nil
}

func (s *Store) callBack(ctx context.Context, t querier, now time.Time, back arauto.Callback) error {
	done, err := t.exec(ctx, `UPDATE callback SET done_at = $3 WHERE account_id = $1 AND id = $2 AND done_at = 0`, back.Account, back.ID, ms(now))
	if err != nil || done == 0 {
		return err
	}
	was, err := one(ctx, t, scanConversation, `SELECT `+conversationColumns+` FROM conversation WHERE account_id = $1 AND id = $2`, back.Account, back.Conversation)
	if err != nil {
		return ignoreMissing(err)
	}
	id, err := nextIDs(ctx, t, back.Account, "conversation", 1)
	if err != nil {
		return err
	}
	c := arauto.Conversation{
		ID: id, UUID: newUUID(), Account: back.Account, Sender: was.Sender, Person: was.Person, PersonKey: was.PersonKey, Contact: was.Contact, Campaign: was.Campaign,
		Source: was.Source, RoutingPoint: was.RoutingPoint, State: arauto.ConversationUnrouted, OpenedAt: moment(ms(now)), LastAt: moment(ms(now)), WindowAt: was.WindowAt, Former: back.Agent,
	}
	if back.Queue != 0 {
		c.State, c.Queue, c.QueuedAt, c.Turns = arauto.ConversationQueued, back.Queue, c.OpenedAt, 1
	}
	opened, err := s.openConversation(ctx, t, now, c)
	if err != nil {
		return err
	}
	if !opened {
		if c.ID, err = one(ctx, t, scanInt, `SELECT id FROM conversation WHERE account_id = $1 AND sender_id = $2 AND person_key = $3 AND state <> 'closed'`, c.Account, c.Sender, c.PersonKey); err != nil {
			return err
		}
	} else {
		tell(t).conversation(now, arauto.NoticeConversationOpened, c, phoneOfKey(c.PersonKey), "")
	}
	text := "callback"
	if back.Note != "" {
		text += ": " + back.Note
	}
	if _, err := s.addNote(ctx, t, now, arauto.Note{Account: c.Account, Conversation: c.ID, Agent: back.Agent, Author: "callback", Text: text}); err != nil {
		return err
	}
	_, err = t.exec(ctx, `UPDATE callback SET opened_id = $3 WHERE account_id = $1 AND id = $2`, back.Account, back.ID, c.ID)
	return err
}

// openConversation is openConversations of one.
func (s *Store) openConversation(ctx context.Context, t querier, now time.Time, c arauto.Conversation) (bool, error) {
	opened, err := s.openConversations(ctx, t, now, []arauto.Conversation{c})
	return err == nil && opened[0], err
}

const conversationInto = `INSERT INTO conversation (account_id, id, uuid, sender_id, person_id, person_key, contact_id, campaign_id, state, opened_at, last_at, closed_at,
	routing_point_id, queue_id, agent_id, former_agent_id, source, turns, queued_at, window_at) `

var (
	insertConversation = hot{
		each: conversationInto + `VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, $13, 0, $14, $15, $16, $17, $18) ON CONFLICT DO NOTHING`,
		set: conversationInto + `SELECT u.account, u.id, u.uuid, u.sender, u.person, u.key, u.contact, u.campaign, u.state, u.opened, u.heard, 0,
			u.point, u.queue, 0, u.former, u.source, u.turns, u.queued, u.window_at
			FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[], $9::text[], $10::bigint[],
			$11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::text[], $16::bigint[], $17::bigint[], $18::bigint[])
			AS u(account, id, uuid, sender, person, key, contact, campaign, state, opened, heard, point, queue, former, source, turns, queued, window_at)
			ON CONFLICT DO NOTHING RETURNING id`,
	}
	insertTurns = hot{
		each: insertTurn,
		set: turnInto + `SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::text[],
			$10::bigint[], $11::bigint[])`,
		silent: true,
	}
)

// openConversations stores new conversations, and the first turns of those that are routed. It reports false where one
// of that person with that sender is open.
func (s *Store) openConversations(ctx context.Context, t querier, now time.Time, list []arauto.Conversation) ([]bool, error) {
	rows := make([][]any, len(list))
	for i, c := range list {
		rows[i] = []any{
			c.Account, c.ID, c.UUID, c.Sender, c.Person, c.PersonKey, c.Contact, c.Campaign, c.State, ms(c.OpenedAt), ms(c.LastAt),
			c.RoutingPoint, c.Queue, c.Former, c.Source, c.Turns, ms(c.QueuedAt), ms(c.WindowAt),
		}
	}
	written, err := s.run(ctx, t, insertConversation, rows)
	if err != nil {
		return nil, err
	}
	opened := make([]bool, len(list))
	var turns [][]any
	for i, c := range list {
		if opened[i] = written[i] == 1; opened[i] && c.Turns > 0 {
			turns = append(turns, turnRow(arauto.ConversationRouted, now, "", c, works{}))
		}
	}
	_, err = s.run(ctx, t, insertTurns, turns)
	return opened, err
}
