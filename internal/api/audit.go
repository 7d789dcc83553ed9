package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"arauto"
)

// Audits is what the API asks of the store about who changed what.
type Audits interface {
	// Audits lists newest first, ids below before; 0 = from the newest.
	Audits(ctx context.Context, account, before int64, limit int) ([]arauto.Audit, error)
}

type wireAudit struct {
	ID      int64      `json:"id"`
	At      *time.Time `json:"at"`
	Actor   string     `json:"actor" doc:"The user's e-mail, the token's name, system or cli"`
	TokenID *int64     `json:"token_id"`
	UserID  *int64     `json:"user_id"`
	Action  string     `json:"action" example:"campaign.start"`
	Subject string     `json:"subject" example:"campaign 12"`
	Detail  any        `json:"detail" doc:"What changed; never a secret"`
}

func (a *API) audit() {
	handle(a, op{method: http.MethodGet, path: "/audit", scope: arauto.TokenAdmin, tag: "audit", summary: "Who changed what, newest first"},
		func(ctx context.Context, c Caller, in *Paging) (*page[wireAudit], error) {
			before, err := in.key()
			if err != nil {
				return nil, err
			}
			rows, err := a.Store.Audits(ctx, c.Account.ID, before, in.Limit)
			return pageOf(ctx, *in, rows, func(e arauto.Audit) int64 { return e.ID }, wordAudit), err
		})
}

func wordAudit(e arauto.Audit) wireAudit {
	return wireAudit{ID: e.ID, At: at(e.At), Actor: e.Actor.Name, TokenID: number(e.Actor.Token), UserID: number(e.Actor.User), Action: e.Action, Subject: e.Subject, Detail: anyJSON(e.Detail)}
}

// anyJSON is text as the JSON it is, else as a string; nothing is null.
func anyJSON[T ~string | ~[]byte](t T) any {
	if len(t) == 0 {
		return nil
	}
	if json.Valid([]byte(t)) {
		return json.RawMessage(t)
	}
	return string(t)
}
