package api

import (
	"context"
	"net/http"
	"time"

	"arauto"
)

// Templates is what the API asks of the store about templates.
type Templates interface {
	Templates(ctx context.Context, account, after int64, limit int) ([]arauto.Template, error)
	ApprovedTemplates(ctx context.Context, account, waba, after int64, limit int) ([]arauto.Template, error)
	Template(ctx context.Context, account, id int64) (arauto.Template, error)
	TemplateByUUID(ctx context.Context, account int64, uuid string) (arauto.Template, error)
}

// TemplateSync fetches a WABA's templates from Meta.
type TemplateSync interface {
	// Sync returns when the templates are stored, with how many are new and how many changed.
	Sync(ctx context.Context, actor arauto.Actor, account, waba int64) (added, changed int, err error)
}

type wireTemplate struct {
	ID             int64           `json:"id"`
	UUID           string          `json:"uuid"`
	WABAID         int64           `json:"waba_id"`
	MetaID         string          `json:"meta_id"`
	Name           string          `json:"name"`
	Language       string          `json:"language"`
	Category       string          `json:"category"`
	Status         string          `json:"status" doc:"Meta's word; only APPROVED ones can be sent"`
	Quality        *string         `json:"quality"`
	RejectedReason *string         `json:"rejected_reason"`
	Header         *wireHeader     `json:"header"`
	Body           string          `json:"body"`
	Footer         *string         `json:"footer"`
	Buttons        []wireButton    `json:"buttons" nullable:"false"`
	Parameters     []wireParameter `json:"parameters" nullable:"false" doc:"What a campaign's mapping must fill"`
	SyncedAt       *time.Time      `json:"synced_at"`
}

type wireHeader struct {
	Format string `json:"format"`
	Text   string `json:"text"`
}

type wireButton struct {
	Type string `json:"type"`
	Text string `json:"text"`
	URL  string `json:"url,omitempty"`
}

type wireParameter struct {
	Slot string `json:"slot" example:"body.1"`
	Kind string `json:"kind" enum:"text,image,video,document,url,code"`
}

func wordTemplate(t arauto.Template) wireTemplate {
	out := wireTemplate{
		ID: t.ID, UUID: t.UUID, WABAID: t.WABA, MetaID: t.MetaID, Name: t.Name, Language: t.Language, Category: t.Category, Status: t.Status,
		Quality: text(t.Quality), RejectedReason: text(t.Rejected), Body: t.Body, Footer: text(t.Footer),
		Buttons: []wireButton{}, Parameters: []wireParameter{}, SyncedAt: at(t.SyncedAt),
	}
	if t.Header.Format != "" {
		out.Header = &wireHeader{Format: t.Header.Format, Text: t.Header.Text}
	}
	for _, b := range t.Buttons {
		out.Buttons = append(out.Buttons, wireButton{Type: b.Type, Text: b.Text, URL: b.URL})
	}
	for _, p := range t.Parameters() {
		out.Parameters = append(out.Parameters, wireParameter{Slot: p.Slot, Kind: p.Kind})
	}
	return out
}

type wireSync struct {
	Added   int `json:"added"`
	Changed int `json:"changed"`
}

func (a *API) templates() {
	handle(a, op{method: http.MethodPost, path: "/wabas/{id}/templates/sync", scope: arauto.TokenAdmin, tag: "templates", summary: "Fetch a WABA's templates from Meta now"},
		func(ctx context.Context, c Caller, in *ByNumber) (*wireSync, error) {
			waba, err := a.Store.WABA(ctx, c.Account.ID, in.ID)
			if err != nil {
				return nil, err
			}
			added, changed, err := a.Templates.Sync(ctx, actor(c), c.Account.ID, waba.ID)
			return &wireSync{added, changed}, err
		})
	handle(a, op{method: http.MethodGet, path: "/templates", scope: arauto.TokenRead, tag: "templates", summary: "List templates"},
		func(ctx context.Context, c Caller, in *Paging) (*page[wireTemplate], error) {
			after, err := in.key()
			if err != nil {
				return nil, err
			}
			rows, err := a.Store.Templates(ctx, c.Account.ID, after, in.Limit)
			return pageOf(ctx, *in, rows, func(t arauto.Template) int64 { return t.ID }, wordTemplate), err
		})
	handle(a, op{method: http.MethodGet, path: "/templates/{id}", scope: arauto.TokenRead, tag: "templates", summary: "A template with the parameters a campaign must fill"},
		func(ctx context.Context, c Caller, in *ByRef) (*wireTemplate, error) {
			t, err := a.template(ctx, c, ref(in.ID))
			if err != nil {
				return nil, err
			}
			out := wordTemplate(t)
			return &out, nil
		})
}

func (a *API) template(ctx context.Context, c Caller, r ref) (arauto.Template, error) {
	return find(ctx, r, "template", c.Account.ID, a.Store.Template, a.Store.TemplateByUUID)
}
