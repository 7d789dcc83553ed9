package store

import (
	"context"

	"arauto"
)

const conversationColumns = `account_id, id, uuid, sender_id, person_id, person_key, contact_id, campaign_id, state, opened_at, closed_at`

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

// Messages lists what a person wrote in a conversation, by id, from after.
func (s *Store) Messages(ctx context.Context, account, conversation, after int64, limit int) ([]arauto.InboundMessage, error) {
	return readAll(ctx, s, scanMessage, `SELECT account_id, id, conversation_id, provider_id, context, kind, body, action, at FROM message
		WHERE account_id = $1 AND conversation_id = $2 AND id > $3 ORDER BY id LIMIT $4`, account, conversation, after, limit)
}

func scanConversation(r rows) (arauto.Conversation, error) {
	var c arauto.Conversation
	var opened, closed int64
	err := r.Scan(&c.Account, &c.ID, &c.UUID, &c.Sender, &c.Person, &c.PersonKey, &c.Contact, &c.Campaign, &c.State, &opened, &closed)
	c.OpenedAt, c.ClosedAt = moment(opened), moment(closed)
	return c, err
}

func scanMessage(r rows) (arauto.InboundMessage, error) {
	var m arauto.InboundMessage
	var at int64
	err := r.Scan(&m.Account, &m.ID, &m.Conversation, &m.ProviderID, &m.Context, &m.Kind, &m.Text, &m.Action, &at)
	m.At = moment(at)
	return m, err
}
