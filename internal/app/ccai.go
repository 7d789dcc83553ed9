package app

import (
	"context"
	"io"
	"net/http"

	"arauto"
	"arauto/internal/compat/ccai"
	"arauto/internal/importer"
	"arauto/internal/numbering"
	"arauto/internal/server"
	"arauto/internal/store"
)

// mountCCAI hangs the outbound dialer's contact API below its two prefixes.
func (a *App) mountCCAI(uploadLimit int64) {
	vendor := ccai.New(ccai.Config{
		Campaigns: a.store, Contacts: a.store, Jobs: wholeImports{a.imports, a.store, uploadLimit}, Phone: nationalPhone, Now: clock, Logger: a.logger,
		ImportLimit: uploadLimit, TempDir: a.data.file("tmp"),
	})
	fail := func(w http.ResponseWriter, _ *http.Request, err error) { ccai.WriteError(w, err) }
	a.server.Surface("ccai", ccai.ManagerPrefix, fail) // what is missing there is missing in the vendor's words
	surface := a.server.Surface("ccai", ccai.AppsPrefix, fail)
	surface.LimitAccounts(func(account arauto.Account) int { return account.Rules.OutboundDialerPerSecond() })
	for _, route := range vendor.Routes() {
		surface.Handle(route.Pattern, route.Scope, route.MaxBody, func(w http.ResponseWriter, r *http.Request, c server.Caller) {
			route.Serve(w, r, ccai.Caller{Token: c.Token, Account: c.Account})
		})
	}
}

func nationalPhone(country, raw string) (arauto.Phone, error) {
	plan, err := numbering.New(country)
	if err != nil {
		return "", err
	}
	return plan.Parse(raw)
}

// wholeImports is the importer as the vendor has it: all of a JSON array or nothing, and what is wrong with it is why the
// job fails.
type wholeImports struct {
	imports *importer.Imports
	store   *store.Store
	limit   int64
}

func (w wholeImports) Import(ctx context.Context, actor arauto.Actor, account arauto.Account, campaign int64, file io.Reader, filename string) (arauto.Job, error) {
	return w.imports.Start(ctx, actor, account, campaign, filename, file, importer.Options{
		Limit: w.limit, NameRequired: true, Format: importer.FormatJSON, KeepMalformed: true, Unread: true,
		Texts:   []string{"name", "email", "phone_number", "outbound_number", "external_unique_id"},
		Intake:  arauto.Intake{Duplicates: arauto.DuplicatesFail, Whole: true},
		Mapping: map[string]string{"phone": "phone_number"}, // another key may look like a phone, too; the rest is found by its name
	})
}

func (w wholeImports) Job(ctx context.Context, account, id int64) (arauto.Job, error) {
	return w.store.Job(ctx, account, id)
}
