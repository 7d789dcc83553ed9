package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"arauto"
)

// Erasures is what the API asks of the store about forgetting people.
type Erasures interface {
	// QueueErasure forbids to contact the person from now on, and queues the job that does the rest.
	QueueErasure(ctx context.Context, actor arauto.Actor, now time.Time, account int64, key, why string) (arauto.Job, error)
}

type eraseBody struct {
	Why string `json:"why" minLength:"1" maxLength:"500" doc:"Kept in the audit: the request, the ticket. Nothing of the person's"`
}

func (a *API) erasures() {
	handle(a, op{
		method: http.MethodPost, path: "/people/{id}/erase", scope: arauto.TokenAdmin, tag: "people", summary: "Forget a person", status: http.StatusAccepted,
		more: "From the answer on nobody contacts them, and no import takes them in again. A job takes them out of everything that is kept: contacts, messages, attachments, webhooks, uploads, rejects, events, the audit's details. What reports count stays counted. It cannot be undone.",
	}, func(ctx context.Context, c Caller, in *struct {
		ByPerson
		Body eraseBody
	},
	) (*wireJob, error) {
		p, err := a.person(ctx, c, in.ID)
		if err != nil {
			return nil, err
		}
		j, err := a.Store.QueueErasure(ctx, actor(c), a.Now(), c.Account.ID, p.Key, strings.TrimSpace(in.Body.Why))
		if err != nil {
			return nil, err
		}
		out := wordJob(j)
		return &out, nil
	})
}
