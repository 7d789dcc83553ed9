package api

import (
	"context"
	"net/http"
	"time"

	"arauto"
)

// Queues is what the API asks of the store about teams.
type Queues interface {
	// CreateQueue is a conflict when the account has one of that name.
	CreateQueue(ctx context.Context, actor arauto.Actor, now time.Time, q arauto.Queue) (arauto.Queue, error)
	Queues(ctx context.Context, account, after int64, limit int) ([]arauto.Queue, error)
	Queue(ctx context.Context, account, id int64) (arauto.Queue, error)
	QueueByUUID(ctx context.Context, account int64, uuid string) (arauto.Queue, error)
	ChangeQueue(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, change func(arauto.Queue) (arauto.Queue, error)) (arauto.Queue, error)
}

// WireQueue is a queue with its hours and what it says by itself.
type WireQueue struct {
	ID            int64        `json:"id"`
	UUID          string       `json:"uuid"`
	Name          string       `json:"name"`
	Windows       []wireWindow `json:"windows" nullable:"false" doc:"Opening hours; none = always open"`
	TimeZone      string       `json:"time_zone" doc:"By whose clock; empty = the account's"`
	WorkHolidays  bool         `json:"work_holidays" doc:"Open on the account's holidays too"`
	AwayText      string       `json:"away_text" doc:"Said once to who writes outside the hours; empty = nothing"`
	WaitText      string       `json:"wait_text" doc:"Said once to who has waited wait_minutes; empty = nothing"`
	WaitMinutes   int          `json:"wait_minutes"`
	WrapUpSeconds int          `json:"wrap_up_seconds" doc:"What an agent has after each conversation before the next"`
	CodeRequired  bool         `json:"code_required" doc:"Closing takes an activity code"`
	CreatedAt     *time.Time   `json:"created_at"`
	UpdatedAt     *time.Time   `json:"updated_at"`
}

func wordQueue(q arauto.Queue) WireQueue {
	return WireQueue{
		ID: q.ID, UUID: q.UUID, Name: q.Name, Windows: wordWindows(q.Windows), TimeZone: q.Zone, WorkHolidays: q.WorkHolidays,
		AwayText: q.AwayText, WaitText: q.WaitText, WaitMinutes: int(q.WaitAfter / time.Minute), WrapUpSeconds: int(q.WrapUp / time.Second),
		CodeRequired: q.CodeRequired, CreatedAt: at(q.CreatedAt), UpdatedAt: at(q.UpdatedAt),
	}
}

// queueChange is what a queue can be given; what is absent stays.
type queueChange struct {
	Name          *string       `json:"name,omitempty" minLength:"1" maxLength:"120"`
	Windows       *[]wireWindow `json:"windows,omitempty" maxItems:"28"`
	TimeZone      *string       `json:"time_zone,omitempty" maxLength:"60"`
	WorkHolidays  *bool         `json:"work_holidays,omitempty"`
	AwayText      *string       `json:"away_text,omitempty" maxLength:"1000"`
	WaitText      *string       `json:"wait_text,omitempty" maxLength:"1000"`
	WaitMinutes   *int          `json:"wait_minutes,omitempty" minimum:"0" maximum:"1440"`
	WrapUpSeconds *int          `json:"wrap_up_seconds,omitempty" minimum:"0" maximum:"3600"`
	CodeRequired  *bool         `json:"code_required,omitempty"`
}

func (w queueChange) apply(q *arauto.Queue) {
	set(&q.Name, w.Name)
	if w.Windows != nil {
		q.Windows = readWindows(*w.Windows)
	}
	set(&q.Zone, w.TimeZone)
	set(&q.WorkHolidays, w.WorkHolidays)
	set(&q.AwayText, w.AwayText)
	set(&q.WaitText, w.WaitText)
	if w.WaitMinutes != nil {
		q.WaitAfter = time.Duration(*w.WaitMinutes) * time.Minute
	}
	if w.WrapUpSeconds != nil {
		q.WrapUp = time.Duration(*w.WrapUpSeconds) * time.Second
	}
	set(&q.CodeRequired, w.CodeRequired)
}

func (a *API) queues() {
	handle(a, op{method: http.MethodPost, path: "/queues", scope: arauto.TokenAdmin, tag: "queues", summary: "Make a queue: a team that answers", status: http.StatusCreated},
		func(ctx context.Context, c Caller, in *struct{ Body queueChange }) (*WireQueue, error) {
			q := arauto.Queue{Account: c.Account.ID}
			in.Body.apply(&q)
			return answerQueue(a.Store.CreateQueue(ctx, actor(c), a.Now(), q))
		})
	handle(a, op{method: http.MethodGet, path: "/queues", scope: arauto.TokenRead, tag: "queues", summary: "List queues, oldest first"},
		func(ctx context.Context, c Caller, in *Paging) (*page[WireQueue], error) {
			after, err := in.key()
			if err != nil {
				return nil, err
			}
			rows, err := a.Store.Queues(ctx, c.Account.ID, after, in.Limit)
			return pageOf(ctx, *in, rows, func(q arauto.Queue) int64 { return q.ID }, wordQueue), err
		})
	handle(a, op{method: http.MethodGet, path: "/queues/{id}", scope: arauto.TokenRead, tag: "queues", summary: "A queue"},
		func(ctx context.Context, c Caller, in *ByRef) (*WireQueue, error) {
			return answerQueue(a.queue(ctx, c, in))
		})
	handle(a, op{method: http.MethodPatch, path: "/queues/{id}", scope: arauto.TokenAdmin, tag: "queues", summary: "Change a queue: its name, hours, automatic replies, wrap-up"},
		func(ctx context.Context, c Caller, in *struct {
			ByRef
			Body queueChange
		},
		) (*WireQueue, error) {
			q, err := a.queue(ctx, c, &in.ByRef)
			if err != nil {
				return nil, err
			}
			return answerQueue(a.Store.ChangeQueue(ctx, actor(c), a.Now(), c.Account.ID, q.ID, func(q arauto.Queue) (arauto.Queue, error) {
				in.Body.apply(&q)
				return q, nil
			}))
		})
}

func (a *API) queue(ctx context.Context, c Caller, in *ByRef) (arauto.Queue, error) {
	return find(ctx, ref(in.ID), "queue", c.Account.ID, a.Store.Queue, a.Store.QueueByUUID)
}

func answerQueue(q arauto.Queue, err error) (*WireQueue, error) {
	out := wordQueue(q)
	return &out, err
}
