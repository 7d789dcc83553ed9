package store

import (
	"context"
	"errors"
	"strconv"
	"time"

	"arauto"
)

const conversationColumns = `account_id, id, uuid, sender_id, person_id, person_key, contact_id, campaign_id, state, opened_at, last_at, closed_at,
	routing_point_id, queue_id, agent_id, former_agent_id, activity_code_id, source, turns, queued_at, assigned_at, answered_at, snoozed_until, window_at, close_reason`

// Conversations lists an account's conversations, newest first, below that id (0 = from the newest).
func (s *Store) Conversations(ctx context.Context, account, before int64, limit int) ([]arauto.Conversation, error) {
	return readAll(ctx, s, scanConversation, `SELECT `+conversationColumns+` FROM conversation WHERE account_id = $1 AND id < $2
		ORDER BY id DESC LIMIT $3`, account, below(before), limit)
}

// ConversationByUUID is the conversation with that UUID.
func (s *Store) ConversationByUUID(ctx context.Context, account int64, uuid string) (arauto.Conversation, error) {
	c, err := readOne(ctx, s, scanConversation, `SELECT `+conversationColumns+` FROM conversation WHERE account_id = $1 AND uuid = $2`, account, uuid)
	return c, missing(err, "conversation", uuid)
}

// Messages lists what was written in a conversation, both ways, by id, from after.
func (s *Store) Messages(ctx context.Context, account, conversation, after int64, limit int) ([]arauto.InboundMessage, error) {
	return readAll(ctx, s, scanMessage, `SELECT `+messageColumns+` FROM message
		WHERE account_id = $1 AND conversation_id = $2 AND id > $3 ORDER BY id LIMIT $4`, account, conversation, after, limit)
}

// ConversationByID is the conversation with that id.
func (s *Store) ConversationByID(ctx context.Context, account, id int64) (arauto.Conversation, error) {
	c, err := readOne(ctx, s, scanConversation, `SELECT `+conversationColumns+` FROM conversation WHERE account_id = $1 AND id = $2`, account, id)
	return c, missing(err, "conversation", id)
}

// CloseConversation ends a conversation because somebody says so, without a code; what the person writes next opens
// another. Closing it again changes nothing.
func (s *Store) CloseConversation(ctx context.Context, actor arauto.Actor, now time.Time, account int64, uuid string) (arauto.Conversation, error) {
	c, err := s.ConversationByUUID(ctx, account, uuid)
	if err != nil {
		return c, err
	}
	return s.EndConversation(ctx, actor, now, account, c.ID, arauto.Closing{})
}

// CloseSilent ends the conversations in which the person has not written for as long as their account's rules
// say, up to limit of each account, and returns how many.
func (s *Store) CloseSilent(ctx context.Context, now time.Time, limit int) (closed int64, err error) {
	accounts, err := s.Accounts(ctx)
	if err != nil {
		return 0, err
	}
	for _, a := range accounts {
		idle := a.Rules.ConversationIdle()
		if idle == 0 {
			continue
		}
		n, err := s.closeSilent(ctx, now, a.ID, now.Add(-idle), limit)
		if closed += n; err != nil {
			return closed, doing("close silent conversations", err)
		}
	}
	return closed, nil
}

// silentAtOnce is how many are closed in one transaction.
const silentAtOnce = 100

func (s *Store) closeSilent(ctx context.Context, now time.Time, account int64, since time.Time, limit int) (n int64, err error) {
	silent, err := readAll(ctx, s, scanConversation, `SELECT `+conversationColumns+` FROM conversation WHERE account_id = $1 AND state <> 'closed' AND state <> 'snoozed' AND last_at <= $2
		ORDER BY last_at, id LIMIT $3`, account, ms(since), min(limit, silentAtOnce))
	if err != nil || len(silent) == 0 {
		return 0, err
	}
	err = s.db.write(ctx, func(t querier) error {
		n = 0
		for _, c := range silent {
			was, is, err := s.turn(ctx, t, now, "", account, c.ID, func(c arauto.Conversation) (arauto.Turn, error) {
				if c.LastAt.After(since) || c.State == arauto.ConversationClosed {
					return arauto.Turn{}, errSpokeUp // who wrote meanwhile is not silent any more
				}
				return arauto.Turn{Event: arauto.ConversationEnded, Reason: closedBySilence}, nil
			})
			if errors.Is(err, errSpokeUp) {
				continue
			}
			if err != nil {
				return err
			}
			if is.State != was.State {
				n++
				tell(t).conversation(now, arauto.NoticeConversationClosed, is, "", closedBySilence)
			}
		}
		if n == 0 {
			return nil
		}
		return s.audit(ctx, t, now, arauto.System(account), "conversation.silent", subject("conversation", silent[0].ID), detail("closed", strconv.FormatInt(n, 10)))
	})
	return n, err
}

var errSpokeUp = errors.New("spoke up meanwhile")

// inConversation tells which of those people are in an open conversation, with whichever of the account's
// senders: whoever is being talked to must not be interrupted from another number either.
func (s *Store) inConversation(ctx context.Context, q querier, account int64, keys []string) (map[string]bool, error) {
	list, err := all(ctx, q, scanText, `SELECT person_key FROM conversation WHERE `+s.db.keyed("person_key", "$1", "$2")+` AND state <> 'closed'`, account, s.db.list(keys))
	open := make(map[string]bool, len(list))
	for _, key := range list {
		open[key] = true
	}
	return open, err
}

// loadTalking tells which of those people are in an open conversation, if one of the campaigns wants to know.
func (in *intending) loadTalking(ctx context.Context, q querier, keys []string) (map[string]bool, error) {
	for _, g := range in.campaigns {
		if g.campaign.Policy.OnOpenConversation == arauto.FailOnOpenConversation {
			return in.store.inConversation(ctx, q, in.account, keys)
		}
	}
	return nil, nil
}

// heard notes that the person wrote in a conversation at that moment.
func heard(ctx context.Context, t querier, account, conversation int64, at time.Time) error {
	_, err := t.exec(ctx, hearPerson.each, account, conversation, ms(at))
	return err
}

func scanConversation(r rows) (arauto.Conversation, error) {
	var c arauto.Conversation
	var opened, last, closed, queued, assigned, answered, snoozed, window int64
	err := r.Scan(&c.Account, &c.ID, &c.UUID, &c.Sender, &c.Person, &c.PersonKey, &c.Contact, &c.Campaign, &c.State, &opened, &last, &closed,
		&c.RoutingPoint, &c.Queue, &c.Agent, &c.Former, &c.Code, &c.Source, &c.Turns, &queued, &assigned, &answered, &snoozed, &window, &c.CloseReason)
	c.OpenedAt, c.LastAt, c.ClosedAt = moment(opened), moment(max(opened, last)), moment(closed)
	c.QueuedAt, c.AssignedAt, c.AnsweredAt, c.SnoozedUntil, c.WindowAt = moment(queued), moment(assigned), moment(answered), moment(snoozed), moment(window)
	return c, err
}

const messageColumns = `account_id, id, conversation_id, provider_id, context, kind, body, action, at, direction, attachment_id`

const directionOut = "out"

func scanMessage(r rows) (arauto.InboundMessage, error) {
	var m arauto.InboundMessage
	var at int64
	var direction string
	err := r.Scan(&m.Account, &m.ID, &m.Conversation, &m.ProviderID, &m.Context, &m.Kind, &m.Text, &m.Action, &at, &direction, &m.Attachment)
	m.At, m.Out = moment(at), direction == directionOut
	return m, err
}
