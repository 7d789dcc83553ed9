package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"arauto"
)

// Endpoints is what the API asks of the store about the addresses that we tell what happens.
type Endpoints interface {
	// CreateEndpoint is a conflict when the account has as many as it may.
	CreateEndpoint(ctx context.Context, actor arauto.Actor, now time.Time, e arauto.Endpoint) (arauto.Endpoint, error)
	Endpoints(ctx context.Context, account, after int64, limit int) ([]arauto.Endpoint, error)
	Endpoint(ctx context.Context, account, id int64) (arauto.Endpoint, error)
	// ChangeEndpoint stores what change makes of it, and audits it as that action.
	ChangeEndpoint(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, action string, change func(arauto.Endpoint) (arauto.Endpoint, error)) (arauto.Endpoint, error)
	DeleteEndpoint(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64) error
}

// Pinger tries an endpoint out.
type Pinger interface {
	Ping(ctx context.Context, e arauto.Endpoint) arauto.Handover
}

// WireEndpoint is an endpoint without its secret.
type WireEndpoint struct {
	ID           int64      `json:"id"`
	UUID         string     `json:"uuid" doc:"In the webhook-id of each delivery"`
	URL          string     `json:"url"`
	Description  string     `json:"description"`
	Types        []string   `json:"types" nullable:"false" doc:"What it is told of; empty = everything"`
	State        string     `json:"state" enum:"active,disabled,dead" doc:"dead: nobody answered for three days; replay lets it go on"`
	Tries        int        `json:"tries" doc:"Failed deliveries in a row"`
	FailingSince *time.Time `json:"failing_since"`
	NextTryAt    *time.Time `json:"next_try_at"`
	LastTryAt    *time.Time `json:"last_try_at"`
	LastStatus   *int       `json:"last_status" doc:"HTTP status of the last try; null = there was no answer"`
	LastError    *string    `json:"last_error"`
	DeliveredAt  *time.Time `json:"delivered_at" doc:"When the last delivery was taken"`
	CreatedAt    *time.Time `json:"created_at"`
	UpdatedAt    *time.Time `json:"updated_at"`
}

func wordEndpoint(e arauto.Endpoint) WireEndpoint {
	out := WireEndpoint{
		ID: e.ID, UUID: e.UUID, URL: e.URL, Description: e.Description, Types: []string{}, State: string(e.State), Tries: e.Tries,
		FailingSince: at(e.FailingSince), NextTryAt: at(e.NextAt), LastTryAt: at(e.TriedAt), LastError: text(e.LastError),
		DeliveredAt: at(e.DeliveredAt), CreatedAt: at(e.CreatedAt), UpdatedAt: at(e.UpdatedAt),
	}
	for _, t := range e.Types {
		out.Types = append(out.Types, string(t))
	}
	if e.LastStatus != 0 {
		out.LastStatus = &e.LastStatus
	}
	return out
}

// freshEndpoint is one whose secret was just drawn.
type freshEndpoint struct {
	WireEndpoint
	Secret string `json:"secret" doc:"Signs deliveries, as Standard Webhooks has it. Shown now and never again"`
}

type newEndpoint struct {
	URL         string   `json:"url" minLength:"1" maxLength:"2000" doc:"https, and reachable from outside, unless this server's operator allows private addresses"`
	Description string   `json:"description,omitempty" maxLength:"300"`
	Types       []string `json:"types,omitempty" maxItems:"20" enum:"contact.state,campaign.state,conversation.opened,conversation.assigned,conversation.closed,click,import.progress,import.finished" doc:"Absent or empty = everything"`
}

type endpointChange struct {
	URL         *string   `json:"url,omitempty" minLength:"1" maxLength:"2000"`
	Description *string   `json:"description,omitempty" maxLength:"300"`
	Types       *[]string `json:"types,omitempty" maxItems:"20" enum:"contact.state,campaign.state,conversation.opened,conversation.assigned,conversation.closed,click,import.progress,import.finished" doc:"Empty = everything"`
	Enabled     *bool     `json:"enabled,omitempty" doc:"false: it is told nothing for now, and keeps its place. true: it goes on from there"`
}

type replayBody struct {
	From  string     `json:"from,omitempty" maxLength:"60" doc:"An event's id: that one and everything behind it is told again"`
	Since *time.Time `json:"since,omitempty" doc:"Everything from that moment on is told again"`
}

type pingResult struct {
	Taken  bool    `json:"taken" doc:"Whether it answered 2xx"`
	Status *int    `json:"status" doc:"Of its answer; null = there was none"`
	Error  *string `json:"error"`
	MS     int64   `json:"ms"`
}

func (a *API) endpoints() {
	handle(a, op{
		method: http.MethodPost, path: "/endpoints", scope: arauto.TokenAdmin, tag: "endpoints", summary: "Have an address told what happens", status: http.StatusCreated, secret: true,
		more: "It is told from now on, in order, up to 500 events in a delivery, at least once each. See the guide on webhooks for what a delivery looks like and how to verify it.",
	}, a.createEndpoint)
	handle(a, op{method: http.MethodGet, path: "/endpoints", scope: arauto.TokenRead, tag: "endpoints", summary: "List endpoints, oldest first"},
		func(ctx context.Context, c Caller, in *Paging) (*page[WireEndpoint], error) {
			after, err := in.key()
			if err != nil {
				return nil, err
			}
			rows, err := a.Store.Endpoints(ctx, c.Account.ID, after, in.Limit)
			return pageOf(ctx, *in, rows, func(e arauto.Endpoint) int64 { return e.ID }, wordEndpoint), err
		})
	handle(a, op{method: http.MethodGet, path: "/endpoints/{id}", scope: arauto.TokenRead, tag: "endpoints", summary: "An endpoint, and how it fares"},
		func(ctx context.Context, c Caller, in *ByNumber) (*WireEndpoint, error) {
			return answerEndpoint(a.Store.Endpoint(ctx, c.Account.ID, in.ID))
		})
	handle(a, op{method: http.MethodPatch, path: "/endpoints/{id}", scope: arauto.TokenAdmin, tag: "endpoints", summary: "Change an endpoint, stop it or let it go on"}, a.changeEndpoint)
	handle(a, op{method: http.MethodDelete, path: "/endpoints/{id}", scope: arauto.TokenAdmin, tag: "endpoints", summary: "Tell an address nothing any more", status: http.StatusNoContent},
		func(ctx context.Context, c Caller, in *ByNumber) (*nothing, error) {
			return nil, a.Store.DeleteEndpoint(ctx, actor(c), a.Now(), c.Account.ID, in.ID)
		})
	handle(a, op{
		method: http.MethodPost, path: "/endpoints/{id}/test", scope: arauto.TokenAdmin, tag: "endpoints", summary: "Send an endpoint a ping now, and say what became of it",
		more: "Whatever its state; its place does not move.",
	}, a.pingEndpoint)
	handle(a, op{
		method: http.MethodPost, path: "/endpoints/{id}/replay", scope: arauto.TokenAdmin, tag: "endpoints", summary: "Let an endpoint go on, or tell it again what it was told",
		more: "Without a body it goes on from where it stopped. Events are kept for some days, seven unless the operator says otherwise.",
	}, a.replayEndpoint)
	handle(a, op{
		method: http.MethodPost, path: "/endpoints/{id}/rotate-secret", scope: arauto.TokenAdmin, tag: "endpoints", summary: "Give an endpoint a new secret", secret: true,
		more: "For 24 hours deliveries are signed with the old one too.",
	}, a.rotateEndpoint)
}

func answerEndpoint(e arauto.Endpoint, err error) (*WireEndpoint, error) {
	out := wordEndpoint(e)
	return &out, err
}

// endpointURL is an address that an endpoint may have here.
func (a *API) endpointURL(raw string) (string, error) {
	u, err := arauto.EndpointURL(raw, a.AllowPrivateWebhooks)
	if err != nil {
		return "", arauto.Errorf(arauto.KindInvalid, "body.url", "%s", err.Error())
	}
	return u, nil
}

func readTypes(list []string) []arauto.NoticeType {
	types := make([]arauto.NoticeType, len(list))
	for i, t := range list {
		types[i] = arauto.NoticeType(t)
	}
	return types
}

func (a *API) createEndpoint(ctx context.Context, c Caller, in *struct{ Body newEndpoint }) (*freshEndpoint, error) {
	u, err := a.endpointURL(in.Body.URL)
	if err != nil {
		return nil, err
	}
	secret, err := arauto.NewEndpointSecret(a.Random)
	if err != nil {
		return nil, fmt.Errorf("draw a secret: %w", err)
	}
	e, err := a.Store.CreateEndpoint(ctx, actor(c), a.Now(), arauto.Endpoint{
		Account: c.Account.ID, URL: u, Description: in.Body.Description, Types: readTypes(in.Body.Types), Secret: secret,
	})
	return &freshEndpoint{wordEndpoint(e), string(secret)}, err
}

func (a *API) changeEndpoint(ctx context.Context, c Caller, in *struct {
	ByNumber
	Body endpointChange
},
) (*WireEndpoint, error) {
	b, now := in.Body, a.Now()
	if b.URL != nil {
		u, err := a.endpointURL(*b.URL)
		if err != nil {
			return nil, err
		}
		b.URL = &u
	}
	return answerEndpoint(a.Store.ChangeEndpoint(ctx, actor(c), now, c.Account.ID, in.ID, "update", func(e arauto.Endpoint) (arauto.Endpoint, error) {
		set(&e.URL, b.URL)
		set(&e.Description, b.Description)
		if b.Types != nil {
			e.Types, e.Last = readTypes(*b.Types), 0 // a repeated delivery is another one now
		}
		if b.Enabled != nil {
			e = e.Apply(map[bool]arauto.EndpointEvent{true: arauto.EndpointEnable, false: arauto.EndpointDisable}[*b.Enabled], now)
		}
		return e, nil
	}))
}

func (a *API) pingEndpoint(ctx context.Context, c Caller, in *ByNumber) (*pingResult, error) {
	e, err := a.Store.Endpoint(ctx, c.Account.ID, in.ID)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	h := a.Pinger.Ping(ctx, e)
	out := &pingResult{Taken: h.Taken(), Error: text(h.Words), MS: time.Since(began).Milliseconds()}
	if h.Status != 0 {
		out.Status = &h.Status
	}
	return out, nil
}

func (a *API) replayEndpoint(ctx context.Context, c Caller, in *struct {
	ByNumber
	Body *replayBody
},
) (*WireEndpoint, error) {
	if _, err := a.Store.Endpoint(ctx, c.Account.ID, in.ID); err != nil {
		return nil, err
	}
	cursor, err := a.replayFrom(ctx, c, in.Body)
	if err != nil {
		return nil, err
	}
	now := a.Now()
	return answerEndpoint(a.Store.ChangeEndpoint(ctx, actor(c), now, c.Account.ID, in.ID, "replay", func(e arauto.Endpoint) (arauto.Endpoint, error) {
		if cursor >= 0 {
			e.Cursor = cursor
		}
		return e.Apply(arauto.EndpointReplay, now), nil
	}))
}

// replayFrom is the place that a replay begins behind; -1 = where the endpoint is.
func (a *API) replayFrom(ctx context.Context, c Caller, b *replayBody) (int64, error) {
	switch {
	case b == nil || b.From == "" && b.Since == nil:
		return -1, nil
	case b.From != "" && b.Since != nil:
		return 0, arauto.Errorf(arauto.KindInvalid, "body.since", "give an event or a moment, not both")
	case b.Since != nil:
		first, err := a.Store.NoticeSince(ctx, c.Account.ID, *b.Since)
		return first - 1, err
	}
	if id, ok := arauto.ParseNoticeRef(b.From); ok {
		n, err := a.Store.Notice(ctx, c.Account.ID, id)
		if err == nil && n.Ref() == b.From {
			return id - 1, nil
		}
		if err != nil && arauto.KindOf(err) != arauto.KindNotFound {
			return 0, err
		}
	}
	return 0, arauto.Errorf(arauto.KindInvalid, "body.from", "there is no event %q, or not any more: GET /events lists those that are kept", b.From)
}

func (a *API) rotateEndpoint(ctx context.Context, c Caller, in *ByNumber) (*freshEndpoint, error) {
	secret, err := arauto.NewEndpointSecret(a.Random)
	if err != nil {
		return nil, fmt.Errorf("draw a secret: %w", err)
	}
	now := a.Now()
	e, err := a.Store.ChangeEndpoint(ctx, actor(c), now, c.Account.ID, in.ID, "rotate-secret", func(e arauto.Endpoint) (arauto.Endpoint, error) {
		return e.Rotate(secret, now), nil
	})
	return &freshEndpoint{wordEndpoint(e), string(secret)}, err
}
