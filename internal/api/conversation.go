package api

import (
	"context"
	"net/http"
	"time"

	"arauto"
)

// Conversations is what the API asks of the store about conversations.
type Conversations interface {
	// Conversations lists newest first, ids below before; 0 = from the newest.
	Conversations(ctx context.Context, account, before int64, limit int) ([]arauto.Conversation, error)
	ConversationByUUID(ctx context.Context, account int64, uuid string) (arauto.Conversation, error)
	// Messages lists oldest first, ids above after.
	Messages(ctx context.Context, account, conversation, after int64, limit int) ([]arauto.InboundMessage, error)
	// CloseConversation changes nothing when it is closed.
	CloseConversation(ctx context.Context, actor arauto.Actor, now time.Time, account int64, uuid string) (arauto.Conversation, error)
}

// WireConversation is a conversation without its messages.
type WireConversation struct {
	ID         int64      `json:"id"`
	UUID       string     `json:"uuid"`
	SenderID   int64      `json:"sender_id"`
	ContactID  *int64     `json:"contact_id" doc:"The contact whose reply opened it"`
	CampaignID *int64     `json:"campaign_id"`
	State      string     `json:"state" enum:"unrouted,queued,assigned,snoozed,closed"`
	OpenedAt   *time.Time `json:"opened_at"`
	LastAt     *time.Time `json:"last_at" doc:"When the person last wrote"`
	ClosedAt   *time.Time `json:"closed_at"`
}

func wordConversation(v arauto.Conversation) WireConversation {
	return WireConversation{
		ID: v.ID, UUID: v.UUID, SenderID: v.Sender, ContactID: number(v.Contact), CampaignID: number(v.Campaign), State: string(v.State),
		OpenedAt: at(v.OpenedAt), LastAt: at(v.LastAt), ClosedAt: at(v.ClosedAt),
	}
}

type wireMessage struct {
	ID         int64      `json:"id"`
	ProviderID string     `json:"provider_id"`
	Context    *string    `json:"context" doc:"The message it answers, when the provider says so"`
	Kind       string     `json:"kind" example:"text"`
	Text       string     `json:"text"`
	Action     *string    `json:"action" doc:"The button the person used"`
	At         *time.Time `json:"at"`
}

func wordMessage(m arauto.InboundMessage) wireMessage {
	return wireMessage{ID: m.ID, ProviderID: m.ProviderID, Context: text(m.Context), Kind: m.Kind, Text: m.Text, Action: text(m.Action), At: at(m.At)}
}

type conversationDetail struct {
	WireConversation
	Messages page[wireMessage] `json:"messages" doc:"What the person wrote, oldest first; limit and cursor are of these"`
}

func (a *API) conversations() {
	handle(a, op{method: http.MethodGet, path: "/conversations", scope: arauto.TokenRead, tag: "conversations", summary: "Conversations, newest first"},
		func(ctx context.Context, c Caller, in *Paging) (*page[WireConversation], error) {
			before, err := in.key()
			if err != nil {
				return nil, err
			}
			rows, err := a.Store.Conversations(ctx, c.Account.ID, before, in.Limit)
			return pageOf(ctx, *in, rows, func(v arauto.Conversation) int64 { return v.ID }, wordConversation), err
		})
	handle(a, op{method: http.MethodGet, path: "/conversations/{uuid}", scope: arauto.TokenRead, tag: "conversations", summary: "A conversation with its messages"},
		func(ctx context.Context, c Caller, in *struct {
			UUID string `path:"uuid" format:"uuid"`
			Paging
		},
		) (*conversationDetail, error) {
			after, err := in.key()
			if err != nil {
				return nil, err
			}
			v, err := a.Store.ConversationByUUID(ctx, c.Account.ID, in.UUID)
			if err != nil {
				return nil, err
			}
			rows, err := a.Store.Messages(ctx, c.Account.ID, v.ID, after, in.Limit)
			messages := pageOf(ctx, in.Paging, rows, func(m arauto.InboundMessage) int64 { return m.ID }, wordMessage)
			return &conversationDetail{wordConversation(v), *messages}, err
		})
	handle(a, op{
		method: http.MethodPost, path: "/conversations/{uuid}/close", scope: arauto.TokenWrite, tag: "conversations", summary: "Close a conversation",
		more: "What the person writes next opens another. One that is silent closes by itself: see the account's rules.",
	}, func(ctx context.Context, c Caller, in *struct {
		UUID string `path:"uuid" format:"uuid"`
	},
	) (*WireConversation, error) {
		v, err := a.Store.CloseConversation(ctx, actor(c), a.Now(), c.Account.ID, in.UUID)
		out := wordConversation(v)
		return &out, err
	})
}
