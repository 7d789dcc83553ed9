package api

import (
	"context"
	"time"

	"arauto"
)

// Sayings is what the API asks of the store about what is written to people, and about files.
type Sayings interface {
	// Say is durable when it returns; it is a conflict when the message may not be sent now.
	Say(ctx context.Context, actor arauto.Actor, now time.Time, o arauto.Outgoing, automatic bool) (arauto.Outgoing, error)
	OutgoingOf(ctx context.Context, account int64, ids []int64) (map[int64]arauto.Outgoing, error)
	AttachmentsOf(ctx context.Context, account int64, ids []int64) (map[int64]arauto.Attachment, error)
	Attachment(ctx context.Context, account int64, uuid string) (arauto.Attachment, error)
	Attach(ctx context.Context, actor arauto.Actor, now time.Time, a arauto.Attachment) (arauto.Attachment, error)
}

type wireMessage struct {
	ID         int64           `json:"id"`
	Direction  string          `json:"direction" enum:"in,out"`
	ProviderID *string         `json:"provider_id" doc:"Meta's; null until it took the message"`
	Context    *string         `json:"context" doc:"The message it answers, when the provider says so"`
	Kind       string          `json:"kind" example:"text" doc:"text, button, image, …; template for one of ours"`
	Text       string          `json:"text" doc:"Of a template its name"`
	Action     *string         `json:"action" doc:"The button the person used"`
	At         *time.Time      `json:"at"`
	Attachment *wireAttachment `json:"attachment"`
	Delivery   *wireDelivery   `json:"delivery" doc:"Of a message of ours"`
}

// wireDelivery is what became of a message of ours.
type wireDelivery struct {
	State       string     `json:"state" enum:"queued,open,accepted,sent,delivered,read,failed,unknown" doc:"open: on its way to Meta; unknown: it may have been sent, and is not sent again by itself"`
	Author      *string    `json:"author" doc:"null = an automatic reply"`
	AgentID     *int64     `json:"agent_id"`
	Reason      *string    `json:"reason"`
	Words       *string    `json:"reason_words"`
	Code        *int64     `json:"code" doc:"Meta's"`
	Detail      *string    `json:"detail"`
	SentAt      *time.Time `json:"sent_at"`
	DeliveredAt *time.Time `json:"delivered_at"`
	ReadAt      *time.Time `json:"read_at"`
	FailedAt    *time.Time `json:"failed_at"`
}

func wordDelivery(o arauto.Outgoing, l arauto.Language) *wireDelivery {
	return &wireDelivery{
		State: string(o.State), Author: text(o.Author), AgentID: number(o.Agent), Reason: text(o.Reason), Words: text(o.Reason.Words(l)), Code: number(int64(o.Code)), Detail: text(o.Detail),
		SentAt: at(o.SentAt), DeliveredAt: at(o.DeliveredAt), ReadAt: at(o.ReadAt), FailedAt: at(o.FailedAt),
	}
}

type conversationDetail struct {
	WireConversation
	Messages page[wireMessage] `json:"messages" doc:"What was written both ways, oldest first; limit and cursor are of these"`
}

// messages is a page of a conversation's messages, with their files and what became of ours.
func (a *API) messages(ctx context.Context, c Caller, v arauto.Conversation, p Paging, after int64) (*page[wireMessage], error) {
	rows, err := a.Store.Messages(ctx, c.Account.ID, v.ID, after, p.Limit)
	if err != nil {
		return nil, err
	}
	var ours, files []int64
	for _, m := range rows {
		if m.Out {
			ours = append(ours, m.ID)
		}
		if m.Attachment != 0 {
			files = append(files, m.Attachment)
		}
	}
	sent, err := a.Store.OutgoingOf(ctx, c.Account.ID, ours)
	if err != nil {
		return nil, err
	}
	attached, err := a.Store.AttachmentsOf(ctx, c.Account.ID, files)
	return pageOf(ctx, p, rows, func(m arauto.InboundMessage) int64 { return m.ID }, func(m arauto.InboundMessage) wireMessage {
		out := wireMessage{ID: m.ID, Direction: "in", ProviderID: text(m.ProviderID), Context: text(m.Context), Kind: m.Kind, Text: m.Text, Action: text(m.Action), At: at(m.At)}
		if m.Out {
			o := sent[m.ID]
			out.Direction, out.ProviderID, out.Delivery = "out", text(o.ProviderID), wordDelivery(o, c.Account.Language)
		}
		if f, there := attached[m.Attachment]; there {
			out.Attachment = wordAttachment(f)
		}
		return out
	}), err
}
