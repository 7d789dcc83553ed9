package store

import (
	"context"
	"time"

	"arauto"
)

const outgoingColumns = `o.account_id, o.id, o.conversation_id, o.sender_id, o.agent_id, o.author, o.state, o.epoch, o.template_id, o.parameters, o.provider_id, o.tries,
	o.reason, o.code, o.detail, o.queued_at, o.due_at, o.deadline_at, o.posted_at, o.accepted_at, o.sent_at, o.delivered_at, o.read_at, o.failed_at,
	m.body, m.attachment_id, m.context`

const fromOutgoing = ` FROM outgoing o JOIN message m ON m.account_id = o.account_id AND m.id = o.id `

func scanOutgoing(r rows) (arauto.Outgoing, error) {
	var o arauto.Outgoing
	var parameters string
	var queued, due, deadline, posted, accepted, sent, delivered, read, failed int64
	err := r.Scan(&o.Account, &o.ID, &o.Conversation, &o.Sender, &o.Agent, &o.Author, &o.State, &o.Epoch, &o.Template, &parameters, &o.ProviderID, &o.Tries,
		&o.Reason, &o.Code, &o.Detail, &queued, &due, &deadline, &posted, &accepted, &sent, &delivered, &read, &failed, &o.Text, &o.Attachment, &o.Context)
	if err != nil {
		return o, err
	}
	o.QueuedAt, o.DueAt, o.DeadlineAt, o.PostedAt, o.AcceptedAt = moment(queued), moment(due), moment(deadline), moment(posted), moment(accepted)
	o.SentAt, o.DeliveredAt, o.ReadAt, o.FailedAt = moment(sent), moment(delivered), moment(read), moment(failed)
	return o, fromJSON(parameters, &o.Parameters)
}

// Say queues a message to the person of a conversation: its conversation, text, attachment, template and author are the
// caller's. It is durable when Say returns, and is posted once. automatic marks what nobody wrote. The error is not
// found, or as of Saying.Check.
func (s *Store) Say(ctx context.Context, actor arauto.Actor, now time.Time, o arauto.Outgoing, automatic bool) (arauto.Outgoing, error) {
	err := s.db.write(ctx, func(t querier) (err error) {
		if o, err = s.say(ctx, t, now, o, automatic); err != nil {
			return err
		}
		actor.Account = o.Account
		return s.audit(ctx, t, now, actor, "conversation.reply", subject("conversation", o.Conversation), jsonOf(map[string]any{"message": o.ID}))
	})
	return o, doing("write to a person", err)
}

func (s *Store) say(ctx context.Context, t querier, now time.Time, o arauto.Outgoing, automatic bool) (arauto.Outgoing, error) {
	c, err := one(ctx, t, scanConversation, `SELECT `+conversationColumns+` FROM conversation WHERE account_id = $1 AND id = $2`, o.Account, o.Conversation)
	if err != nil {
		return o, missing(err, "conversation", o.Conversation)
	}
	saying, err := s.saying(ctx, t, c, o)
	if err != nil {
		return o, err
	}
	saying.Automatic = automatic
	if err := saying.Check(now); err != nil {
		return o, err
	}
	if saying.Template != nil {
		// What is missing is said now, not when it is too late.
		if _, err := saying.Template.Render(o.Parameters, arauto.Contact{}); err != nil {
			return o, err
		}
	}
	if o.ID, err = nextIDs(ctx, t, o.Account, "message", 1); err != nil {
		return o, err
	}
	at := moment(ms(now))
	o.Sender, o.Epoch, o.State, o.QueuedAt, o.DueAt, o.DeadlineAt = c.Sender, s.epoch, arauto.OutgoingQueued, at, at, at.Add(arauto.OutgoingPatience)
	if ends := c.WindowEnds(); saying.Template == nil && ends.Before(o.DeadlineAt) {
		o.DeadlineAt = ends
	}
	if c.Agent != 0 {
		// Agents before conversations: see turn.go.
		if _, err := t.exec(ctx, `UPDATE agent SET work = work + 1 WHERE account_id = $1 AND id = $2`, c.Account, c.Agent); err != nil {
			return o, err
		}
	}
	return o, s.insertOutgoing(ctx, t, c, saying, o, automatic)
}

func (s *Store) insertOutgoing(ctx context.Context, t querier, c arauto.Conversation, saying arauto.Saying, o arauto.Outgoing, automatic bool) error {
	kind, text := "text", o.Text
	switch {
	case saying.Template != nil:
		kind, text = "template", saying.Template.Name
	case saying.Attachment != nil:
		kind = saying.Attachment.Kind
	}
	if _, err := t.exec(ctx, `INSERT INTO message (account_id, id, conversation_id, provider_id, provider_key, context, kind, body, action, at, direction, attachment_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, $10, $11)`, o.Account, o.ID, o.Conversation, o.Ref(), providerKey(o.Ref()), o.Context, kind, text, ms(o.QueuedAt), directionOut, o.Attachment); err != nil {
		return err
	}
	parameters := o.Parameters
	if parameters == nil {
		parameters = arauto.Mapping{}
	}
	if _, err := t.exec(ctx, `INSERT INTO outgoing (account_id, id, conversation_id, sender_id, agent_id, author, state, epoch, template_id, parameters, provider_id, provider_key, tries,
		reason, code, detail, queued_at, due_at, deadline_at, posted_at, accepted_at, sent_at, delivered_at, read_at, failed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', 0, 0, '', 0, '', $11, $11, $12, 0, 0, 0, 0, 0, 0)`,
		o.Account, o.ID, o.Conversation, o.Sender, o.Agent, o.Author, o.State, o.Epoch, o.Template, jsonOf(parameters), ms(o.QueuedAt), ms(o.DeadlineAt)); err != nil {
		return err
	}
	if o.Attachment != 0 {
		if _, err := t.exec(ctx, `UPDATE attachment SET conversation_id = $3, message_id = $4 WHERE account_id = $1 AND id = $2 AND message_id = 0`, o.Account, o.Attachment, o.Conversation, o.ID); err != nil {
			return err
		}
	}
	if automatic {
		return nil
	}
	_, err := t.exec(ctx, `UPDATE conversation SET answered_at = $3 WHERE account_id = $1 AND id = $2 AND answered_at = 0`, c.Account, c.ID, ms(o.QueuedAt))
	return err
}

// saying gathers what decides whether it may be said.
func (s *Store) saying(ctx context.Context, t querier, c arauto.Conversation, o arauto.Outgoing) (arauto.Saying, error) {
	in := arauto.Saying{Conversation: c, Text: o.Text}
	stops, err := s.holdsOf(ctx, t, c.Account, []string{c.PersonKey})
	if err != nil {
		return in, err
	}
	in.Stops = stops[c.PersonKey]
	if o.Template != 0 {
		m, err := one(ctx, t, scanTemplate, `SELECT `+templateColumns+` FROM template WHERE account_id = $1 AND id = $2
			AND waba_id = (SELECT waba_id FROM sender WHERE account_id = $1 AND id = $3)`, c.Account, o.Template, c.Sender)
		if err != nil {
			return in, missing(err, "template of this sender's WABA", o.Template)
		}
		in.Template = &m
	}
	if o.Attachment != 0 {
		a, err := one(ctx, t, scanAttachment, `SELECT `+attachmentColumns+` FROM attachment WHERE account_id = $1 AND id = $2`, c.Account, o.Attachment)
		if err != nil {
			return in, missing(err, "attachment", o.Attachment)
		}
		if a.Conversation != c.ID {
			return in, arauto.Errorf(arauto.KindNotFound, "", "there is no attachment %d in this conversation", o.Attachment)
		}
		in.Attachment = &a
	}
	return in, nil
}

func scanTexts(r rows) (p [2]string, err error) { return p, r.Scan(&p[0], &p[1]) }

func (s *Store) saveOutgoing(ctx context.Context, t querier, o arauto.Outgoing) error {
	key := int64(0)
	if o.ProviderID != "" {
		key = providerKey(o.ProviderID)
	}
	_, err := t.exec(ctx, `UPDATE outgoing SET state = $3, provider_id = $4, provider_key = $5, tries = $6, reason = $7, code = $8, detail = $9, due_at = $10, posted_at = $11,
		accepted_at = $12, sent_at = $13, delivered_at = $14, read_at = $15, failed_at = $16 WHERE account_id = $1 AND id = $2`,
		o.Account, o.ID, o.State, o.ProviderID, key, int64(o.Tries), o.Reason, int64(o.Code), o.Detail, ms(o.DueAt), ms(o.PostedAt),
		ms(o.AcceptedAt), ms(o.SentAt), ms(o.DeliveredAt), ms(o.ReadAt), ms(o.FailedAt))
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `UPDATE agent SET work = work + 1 WHERE account_id = $1 AND id = (SELECT c.agent_id FROM conversation c WHERE c.account_id = $1 AND c.id = $2 AND c.state IN ('assigned', 'snoozed'))`,
		o.Account, o.Conversation)
	return err
}

// OutgoingOf reads what became of those messages of ours, by id.
func (s *Store) OutgoingOf(ctx context.Context, account int64, ids []int64) (map[int64]arauto.Outgoing, error) {
	found := map[int64]arauto.Outgoing{}
	if len(ids) == 0 {
		return found, nil
	}
	err := s.db.read(ctx, func(q querier) error {
		list, err := s.outgoings(ctx, q, account, "id", ids, false)
		for _, o := range list {
			found[o.ID] = o
		}
		return err
	})
	return found, doing("read messages of ours", err)
}

// outgoings reads messages of ours by id or by provider_key, in the order of their ids, and keeps them for this
// transaction if asked to.
func (s *Store) outgoings(ctx context.Context, q querier, account int64, column string, values []int64, lock bool) ([]arauto.Outgoing, error) {
	which := s.db.keyed(column, "$1", "$2")
	if column == "provider_key" {
		which += ` AND provider_key <> 0`
	}
	if lock && s.db.lock() != "" {
		if _, err := all(ctx, q, scanInt, `SELECT id FROM outgoing WHERE `+which+` ORDER BY id`+s.db.lock(), account, s.db.list(values)); err != nil {
			return nil, err
		}
	}
	return all(ctx, q, scanOutgoing, `SELECT `+outgoingColumns+fromOutgoing+`WHERE (o.account_id, o.id) IN (SELECT account_id, id FROM outgoing WHERE `+which+`) ORDER BY o.id`,
		account, s.db.list(values))
}
