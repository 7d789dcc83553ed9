package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"arauto"
)

// Notices is what the API asks of the store about what endpoints are told.
type Notices interface {
	// Notices lists newest first, ids below before; 0 = from the newest.
	Notices(ctx context.Context, account, before int64, limit int) ([]arauto.Notice, error)
	Notice(ctx context.Context, account, id int64) (arauto.Notice, error)
	// NoticeSince is the id of the first one from that moment on; one more than the newest when there is none.
	NoticeSince(ctx context.Context, account int64, since time.Time) (int64, error)
}

// wireData is what happened, as the store keeps it: a JSON object.
type wireData string

// MarshalJSON is what it holds.
func (d wireData) MarshalJSON() ([]byte, error) { return []byte(d), nil }

// Schema is huma's question.
func (wireData) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Description: "What happened, as it stood then; its fields depend on the type"}
}

type wireEvent struct {
	ID        string     `json:"id" doc:"Unique: know by it what you were told before"`
	Type      string     `json:"type" enum:"contact.state,campaign.state,conversation.opened,conversation.closed,click,import.progress,import.finished"`
	Timestamp *time.Time `json:"timestamp"`
	Data      wireData   `json:"data"`
}

func wordEvent(n arauto.Notice) wireEvent {
	return wireEvent{ID: n.Ref(), Type: string(n.Type), Timestamp: at(n.At), Data: wireData(n.Data)}
}

func (a *API) events() {
	handle(a, op{
		method: http.MethodGet, path: "/events", scope: arauto.TokenRead, tag: "endpoints", summary: "What endpoints are told, newest first",
		more: "As deliveries have it. Events are written while there is an endpoint that wants them, and kept for some days.",
	}, func(ctx context.Context, c Caller, in *Paging) (*page[wireEvent], error) {
		before, err := in.key()
		if err != nil {
			return nil, err
		}
		rows, err := a.Store.Notices(ctx, c.Account.ID, before, in.Limit)
		return pageOf(ctx, *in, rows, func(n arauto.Notice) int64 { return n.ID }, wordEvent), err
	})
}
