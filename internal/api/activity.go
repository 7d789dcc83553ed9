package api

import (
	"context"
	"net/http"
	"time"

	"arauto"
)

// ActivityCodes is what the API asks of the store about how conversations end.
type ActivityCodes interface {
	CreateActivityCode(ctx context.Context, actor arauto.Actor, now time.Time, c arauto.ActivityCode) (arauto.ActivityCode, error)
	ActivityCodes(ctx context.Context, account, after int64, limit int) ([]arauto.ActivityCode, error)
	ActivityCode(ctx context.Context, account, id int64) (arauto.ActivityCode, error)
	ChangeActivityCode(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, change func(arauto.ActivityCode) (arauto.ActivityCode, error)) (arauto.ActivityCode, error)
}

// CannedReplies is what the API asks of the store about replies that agents need not type.
type CannedReplies interface {
	// SaveCanned makes a new one when it has no id.
	SaveCanned(ctx context.Context, actor arauto.Actor, now time.Time, c arauto.Canned) (arauto.Canned, error)
	CannedReplies(ctx context.Context, account, after int64, limit int) ([]arauto.Canned, error)
	DeleteCanned(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64) error
}

// WireActivityCode is a code and what closing with it does.
type WireActivityCode struct {
	ID          int64      `json:"id" doc:"Never changes, and is never given again"`
	UUID        string     `json:"uuid"`
	ParentID    *int64     `json:"parent_id" doc:"The main code of a sub-code"`
	Code        string     `json:"code"`
	Name        string     `json:"name"`
	Suppress    *string    `json:"suppress" enum:"marketing,all" doc:"Closing with it: the person is not contacted any more, that far"`
	Callback    bool       `json:"callback" doc:"Closing with it takes a moment to call back"`
	StopContact bool       `json:"stop_contact" doc:"Closing with it: the campaign's contact is not tried again"`
	CreatedAt   *time.Time `json:"created_at"`
	UpdatedAt   *time.Time `json:"updated_at"`
	ArchivedAt  *time.Time `json:"archived_at"`
}

func wordCode(c arauto.ActivityCode) WireActivityCode {
	return WireActivityCode{
		ID: c.ID, UUID: c.UUID, ParentID: number(c.Parent), Code: c.Code, Name: c.Name, Suppress: text(c.Suppress), Callback: c.Callback, StopContact: c.StopContact,
		CreatedAt: at(c.CreatedAt), UpdatedAt: at(c.UpdatedAt), ArchivedAt: at(c.ArchivedAt),
	}
}

type codeChange struct {
	Code        *string `json:"code,omitempty" minLength:"1" maxLength:"60"`
	Name        *string `json:"name,omitempty" minLength:"1" maxLength:"120"`
	Suppress    *string `json:"suppress,omitempty" enum:",marketing,all" doc:"Empty = nothing"`
	Callback    *bool   `json:"callback,omitempty"`
	StopContact *bool   `json:"stop_contact,omitempty"`
	Archived    *bool   `json:"archived,omitempty" doc:"true: nobody can choose it any more"`
}

func (w codeChange) apply(c *arauto.ActivityCode, now time.Time) {
	set(&c.Code, w.Code)
	set(&c.Name, w.Name)
	if w.Suppress != nil {
		c.Suppress = arauto.SuppressionScope(*w.Suppress)
	}
	set(&c.Callback, w.Callback)
	set(&c.StopContact, w.StopContact)
	switch {
	case w.Archived == nil:
	case !*w.Archived:
		c.ArchivedAt = time.Time{}
	case c.ArchivedAt.IsZero():
		c.ArchivedAt = now
	}
}

type wireCanned struct {
	ID        int64      `json:"id"`
	QueueID   *int64     `json:"queue_id" doc:"Whose agents see it; null = everybody"`
	Title     string     `json:"title"`
	Text      string     `json:"text"`
	CreatedAt *time.Time `json:"created_at"`
	UpdatedAt *time.Time `json:"updated_at"`
}

func wordCanned(c arauto.Canned) wireCanned {
	return wireCanned{ID: c.ID, QueueID: number(c.Queue), Title: c.Title, Text: c.Text, CreatedAt: at(c.CreatedAt), UpdatedAt: at(c.UpdatedAt)}
}

type newCanned struct {
	QueueID int64  `json:"queue_id,omitempty" minimum:"0"`
	Title   string `json:"title" minLength:"1" maxLength:"120"`
	Text    string `json:"text" minLength:"1" maxLength:"4096"`
}

func (a *API) activityCodes() {
	const tag = "activity codes"
	handle(a, op{method: http.MethodPost, path: "/activity-codes", scope: arauto.TokenAdmin, tag: tag, summary: "Make an activity code, or a sub-code of one", status: http.StatusCreated},
		func(ctx context.Context, c Caller, in *struct {
			Body struct {
				Code        string `json:"code" minLength:"1" maxLength:"60"`
				Name        string `json:"name" minLength:"1" maxLength:"120"`
				ParentID    int64  `json:"parent_id,omitempty" minimum:"0" doc:"Makes it a sub-code"`
				Suppress    string `json:"suppress,omitempty" enum:",marketing,all" doc:"Closing with it: the person is not contacted any more, that far"`
				Callback    bool   `json:"callback,omitempty" doc:"Closing with it takes a moment to call back"`
				StopContact bool   `json:"stop_contact,omitempty" doc:"Closing with it: the campaign's contact is not tried again"`
			}
		},
		) (*WireActivityCode, error) {
			b := in.Body
			v, err := a.Store.CreateActivityCode(ctx, actor(c), a.Now(), arauto.ActivityCode{
				Account: c.Account.ID, Parent: b.ParentID, Code: b.Code, Name: b.Name, Suppress: arauto.SuppressionScope(b.Suppress), Callback: b.Callback, StopContact: b.StopContact,
			})
			return answerCode(v, inBody(err, "parent_id"))
		})
	handle(a, op{method: http.MethodGet, path: "/activity-codes", scope: arauto.TokenRead, tag: tag, summary: "List activity codes, oldest first, archived ones too"}, a.listCodes)
	handle(a, op{method: http.MethodGet, path: "/activity-codes/{id}", scope: arauto.TokenRead, tag: tag, summary: "An activity code"},
		func(ctx context.Context, c Caller, in *ByNumber) (*WireActivityCode, error) {
			return answerCode(a.Store.ActivityCode(ctx, c.Account.ID, in.ID))
		})
	handle(a, op{method: http.MethodPatch, path: "/activity-codes/{id}", scope: arauto.TokenAdmin, tag: tag, summary: "Change an activity code, or archive it"},
		func(ctx context.Context, c Caller, in *struct {
			ByNumber
			Body codeChange
		},
		) (*WireActivityCode, error) {
			return answerCode(a.Store.ChangeActivityCode(ctx, actor(c), a.Now(), c.Account.ID, in.ID, func(v arauto.ActivityCode) (arauto.ActivityCode, error) {
				in.Body.apply(&v, a.Now())
				return v, nil
			}))
		})
}

func (a *API) listCodes(ctx context.Context, c Caller, in *Paging) (*page[WireActivityCode], error) {
	after, err := in.key()
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.ActivityCodes(ctx, c.Account.ID, after, in.Limit)
	return pageOf(ctx, *in, rows, func(v arauto.ActivityCode) int64 { return v.ID }, wordCode), err
}

func answerCode(v arauto.ActivityCode, err error) (*WireActivityCode, error) {
	out := wordCode(v)
	return &out, err
}

func (a *API) cannedReplies() {
	const tag = "canned replies"
	handle(a, op{method: http.MethodPost, path: "/canned-replies", scope: arauto.TokenAdmin, tag: tag, summary: "Make a canned reply", status: http.StatusCreated},
		func(ctx context.Context, c Caller, in *struct{ Body newCanned }) (*wireCanned, error) {
			v, err := a.Store.SaveCanned(ctx, actor(c), a.Now(), arauto.Canned{Account: c.Account.ID, Queue: in.Body.QueueID, Title: in.Body.Title, Text: in.Body.Text})
			out := wordCanned(v)
			return &out, inBody(err, "queue_id")
		})
	handle(a, op{method: http.MethodGet, path: "/canned-replies", scope: arauto.TokenRead, tag: tag, summary: "List canned replies, oldest first"}, a.listCanned)
	handle(a, op{method: http.MethodPut, path: "/canned-replies/{id}", scope: arauto.TokenAdmin, tag: tag, summary: "Change a canned reply"},
		func(ctx context.Context, c Caller, in *struct {
			ByNumber
			Body newCanned
		},
		) (*wireCanned, error) {
			v, err := a.Store.SaveCanned(ctx, actor(c), a.Now(), arauto.Canned{ID: in.ID, Account: c.Account.ID, Queue: in.Body.QueueID, Title: in.Body.Title, Text: in.Body.Text})
			out := wordCanned(v)
			return &out, err
		})
	handle(a, op{method: http.MethodDelete, path: "/canned-replies/{id}", scope: arauto.TokenAdmin, tag: tag, summary: "Forget a canned reply", status: http.StatusNoContent},
		func(ctx context.Context, c Caller, in *ByNumber) (*nothing, error) {
			return nil, a.Store.DeleteCanned(ctx, actor(c), a.Now(), c.Account.ID, in.ID)
		})
}

func (a *API) listCanned(ctx context.Context, c Caller, in *Paging) (*page[wireCanned], error) {
	after, err := in.key()
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.CannedReplies(ctx, c.Account.ID, after, in.Limit)
	return pageOf(ctx, *in, rows, func(v arauto.Canned) int64 { return v.ID }, wordCanned), err
}
