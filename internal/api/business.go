package api

import (
	"context"
	"net/http"
	"time"

	"arauto"
)

// Apps is what the API asks of the store about Meta apps.
type Apps interface {
	CreateApp(ctx context.Context, actor arauto.Actor, now time.Time, a arauto.App) (arauto.App, error)
	UpdateApp(ctx context.Context, actor arauto.Actor, now time.Time, a arauto.App) (arauto.App, error)
	Apps(ctx context.Context, account, after int64, limit int) ([]arauto.App, error)
	App(ctx context.Context, account, id int64) (arauto.App, error)
	// AppByUUID looks in every account.
	AppByUUID(ctx context.Context, uuid string) (arauto.App, error)
}

// WABAs is what the API asks of the store about WhatsApp Business Accounts.
type WABAs interface {
	// SaveWABA makes or renames the one with that Meta id, and its portfolio.
	SaveWABA(ctx context.Context, actor arauto.Actor, now time.Time, w arauto.WABA, portfolioMetaID string) (arauto.WABA, error)
	WABAs(ctx context.Context, account, after int64, limit int) ([]arauto.WABA, error)
	WABA(ctx context.Context, account, id int64) (arauto.WABA, error)
}

// WebhookPath is where Meta posts what concerns the app with that UUID.
func WebhookPath(uuid string) string { return "/webhooks/whatsapp/" + uuid }

type wireApp struct {
	ID          int64      `json:"id"`
	UUID        string     `json:"uuid"`
	MetaID      string     `json:"meta_id"`
	Name        string     `json:"name"`
	WebhookPath string     `json:"webhook_path" doc:"Give Meta this path on your own host as the callback address"`
	CreatedAt   *time.Time `json:"created_at"`
}

func wordApp(a arauto.App) wireApp {
	return wireApp{ID: a.ID, UUID: a.UUID, MetaID: a.MetaID, Name: a.Name, WebhookPath: WebhookPath(a.UUID), CreatedAt: at(a.CreatedAt)}
}

type newApp struct {
	MetaID      string `json:"meta_id" minLength:"1" maxLength:"64" pattern:"^[0-9]+$" doc:"The app's id at Meta"`
	Name        string `json:"name" minLength:"1" maxLength:"200"`
	Secret      string `json:"secret" minLength:"1" maxLength:"500" writeOnly:"true" doc:"The app secret: it signs webhooks"`
	VerifyToken string `json:"verify_token" minLength:"1" maxLength:"500" writeOnly:"true" doc:"What you enter at Meta beside the callback address"`
}

type appChange struct {
	Name        *string `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Secret      *string `json:"secret,omitempty" minLength:"1" maxLength:"500" writeOnly:"true"`
	VerifyToken *string `json:"verify_token,omitempty" minLength:"1" maxLength:"500" writeOnly:"true"`
}

// ByRef is a path that names a row. (huma fills embedded structs only when their names are exported.)
type ByRef struct {
	ID string `path:"id" maxLength:"36" doc:"Number or UUID"`
}

func (a *API) apps() {
	handle(a, op{method: http.MethodPost, path: "/apps", scope: arauto.TokenAdmin, tag: "business", summary: "Add a Meta app", status: http.StatusCreated},
		func(ctx context.Context, c Caller, in *struct{ Body newApp }) (*wireApp, error) {
			app, err := a.Store.CreateApp(ctx, actor(c), a.Now(), arauto.App{
				Account: c.Account.ID, MetaID: in.Body.MetaID, Name: in.Body.Name,
				Secret: arauto.Secret(in.Body.Secret), VerifyToken: arauto.Secret(in.Body.VerifyToken),
			})
			out := wordApp(app)
			return &out, err
		})
	handle(a, op{method: http.MethodGet, path: "/apps", scope: arauto.TokenRead, tag: "business", summary: "List Meta apps"},
		func(ctx context.Context, c Caller, in *Paging) (*page[wireApp], error) {
			after, err := in.key()
			if err != nil {
				return nil, err
			}
			rows, err := a.Store.Apps(ctx, c.Account.ID, after, in.Limit)
			return pageOf(ctx, *in, rows, func(app arauto.App) int64 { return app.ID }, wordApp), err
		})
	handle(a, op{method: http.MethodGet, path: "/apps/{id}", scope: arauto.TokenRead, tag: "business", summary: "A Meta app"},
		func(ctx context.Context, c Caller, in *ByRef) (*wireApp, error) {
			app, err := a.app(ctx, c, ref(in.ID))
			out := wordApp(app)
			return &out, err
		})
	handle(a, op{method: http.MethodPatch, path: "/apps/{id}", scope: arauto.TokenAdmin, tag: "business", summary: "Change a Meta app"},
		func(ctx context.Context, c Caller, in *struct {
			ByRef
			Body appChange
		},
		) (*wireApp, error) {
			app, err := a.app(ctx, c, ref(in.ID))
			if err != nil {
				return nil, err
			}
			set(&app.Name, in.Body.Name)
			set((*string)(&app.Secret), in.Body.Secret)
			set((*string)(&app.VerifyToken), in.Body.VerifyToken)
			app, err = a.Store.UpdateApp(ctx, actor(c), a.Now(), app)
			out := wordApp(app)
			return &out, err
		})
}

func (a *API) app(ctx context.Context, c Caller, r ref) (arauto.App, error) {
	return find(ctx, r, "app", c.Account.ID, a.Store.App, func(ctx context.Context, account int64, uuid string) (arauto.App, error) {
		app, err := a.Store.AppByUUID(ctx, uuid)
		if err == nil && app.Account != account {
			return arauto.App{}, arauto.Errorf(arauto.KindNotFound, "", "there is no app %q", uuid)
		}
		return app, err
	})
}

type wireWABA struct {
	ID       int64      `json:"id"`
	AppID    int64      `json:"app_id"`
	MetaID   string     `json:"meta_id"`
	Name     string     `json:"name"`
	SyncedAt *time.Time `json:"templates_synced_at"`
	Pause    *string    `json:"pause" doc:"Why nothing is sent from any of its numbers; null when they send"`
	Cause    *wireCause `json:"pause_cause"`
}

func wordWABA(w arauto.WABA) wireWABA {
	return wireWABA{ID: w.ID, AppID: w.App, MetaID: w.MetaID, Name: w.Name, SyncedAt: at(w.SyncedAt), Pause: text(w.Pause), Cause: wordCause(w.Pause, w.Cause)}
}

type newWABA struct {
	AppID     ref    `json:"app_id"`
	MetaID    string `json:"meta_id" minLength:"1" maxLength:"64" pattern:"^[0-9]+$" doc:"The WABA's id at Meta"`
	Portfolio string `json:"portfolio_meta_id,omitempty" maxLength:"64" pattern:"^[0-9]*$" doc:"The business portfolio's id at Meta; its numbers share one messaging limit"`
	Name      string `json:"name" minLength:"1" maxLength:"200"`
}

func (a *API) wabas() {
	handle(a, op{method: http.MethodPost, path: "/wabas", scope: arauto.TokenAdmin, tag: "business", summary: "Add a WhatsApp Business Account, or rename it", status: http.StatusCreated},
		func(ctx context.Context, c Caller, in *struct{ Body newWABA }) (*wireWABA, error) {
			app, err := a.app(ctx, c, in.Body.AppID)
			if err != nil {
				return nil, inBody(err, "app_id")
			}
			w, err := a.Store.SaveWABA(ctx, actor(c), a.Now(), arauto.WABA{Account: c.Account.ID, App: app.ID, MetaID: in.Body.MetaID, Name: in.Body.Name}, in.Body.Portfolio)
			out := wordWABA(w)
			return &out, err
		})
	handle(a, op{method: http.MethodGet, path: "/wabas", scope: arauto.TokenRead, tag: "business", summary: "List WhatsApp Business Accounts"},
		func(ctx context.Context, c Caller, in *Paging) (*page[wireWABA], error) {
			after, err := in.key()
			if err != nil {
				return nil, err
			}
			rows, err := a.Store.WABAs(ctx, c.Account.ID, after, in.Limit)
			return pageOf(ctx, *in, rows, func(w arauto.WABA) int64 { return w.ID }, wordWABA), err
		})
}
