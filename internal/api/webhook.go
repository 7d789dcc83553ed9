package api

import (
	"context"
	"net/http"
	"time"

	"arauto"
)

// Webhooks is what the API asks of the store about what providers posted.
type Webhooks interface {
	// Webhooks lists those in that state newest first, ids below before; 0 = from the newest. noted leaves out those
	// without a note.
	Webhooks(ctx context.Context, account int64, state arauto.WebhookState, noted bool, before int64, limit int) ([]arauto.Webhook, error)
}

type wireWebhook struct {
	ID         int64      `json:"id"`
	AppID      int64      `json:"app_id"`
	State      string     `json:"state" enum:"new,orphan,unmatched,bad,applied"`
	Tries      int        `json:"tries"`
	Note       *string    `json:"note" doc:"What was wrong with it; of one that was applied, an error that it tells of a number or a WABA"`
	ReceivedAt *time.Time `json:"received_at"`
	Body       any        `json:"body" doc:"As it was posted; a string where it is no JSON"`
}

func (a *API) webhooks() {
	handle(a, op{
		method: http.MethodGet, path: "/webhooks", scope: arauto.TokenAdmin, tag: "webhooks", summary: "What providers posted, by what became of it, newest first",
		more: "Bodies hold people's numbers and texts. What was applied is kept as long as the account's retention says.",
	}, func(ctx context.Context, c Caller, in *struct {
		State  string `query:"state" required:"true" enum:"new,orphan,unmatched,bad,applied" doc:"bad: unreadable; orphan: about a message not known yet; unmatched: never became known; new: not applied yet; applied: it is in the tables"`
		Noted  bool   `query:"noted" doc:"Only those with a note: among applied ones, what was told of a number or a WABA"`
		Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
		Cursor string `query:"cursor" maxLength:"200"`
	},
	) (*page[wireWebhook], error) {
		p := Paging{in.Limit, in.Cursor}
		before, err := p.key()
		if err != nil {
			return nil, err
		}
		rows, err := a.Store.Webhooks(ctx, c.Account.ID, arauto.WebhookState(in.State), in.Noted, before, p.Limit)
		return pageOf(ctx, p, rows, func(h arauto.Webhook) int64 { return h.ID }, wordWebhook), err
	})
}

func wordWebhook(h arauto.Webhook) wireWebhook {
	return wireWebhook{ID: h.ID, AppID: h.App, State: string(h.State), Tries: h.Tries, Note: text(h.Note), ReceivedAt: at(h.ReceivedAt), Body: anyJSON(h.Body)}
}
