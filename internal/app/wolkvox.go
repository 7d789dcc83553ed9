package app

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"arauto"
	"arauto/internal/compat/wolkvox"
	"arauto/internal/importer"
	"arauto/internal/server"
	"arauto/internal/store"
)

// mountWolkvox hangs up the vendor's three paths. Their door is the vendor's own: a header of its own, its limits, and
// its order of looking at them.
func (a *App) mountWolkvox() {
	vendor := wolkvox.New(wolkvox.Config{
		Doorman: a.store, Clicks: a.store, Records: a.store, Uploader: recordUploads{a.imports, a.store}, Now: clock, Logger: a.logger,
	})
	surface := a.server.Surface("wolkvox", wolkvox.Prefix, func(w http.ResponseWriter, r *http.Request, err error) {
		wolkvox.WriteDenied(w, r, denied(err))
	})
	surface.OwnDoor(wolkvox.TokenHeader)
	type handler func(http.ResponseWriter, *http.Request, arauto.Token, arauto.Account)
	as := func(h handler) func(http.ResponseWriter, *http.Request, server.Caller) {
		return func(w http.ResponseWriter, r *http.Request, c server.Caller) { h(w, r, c.Token, c.Account) }
	}
	surface.Handle("GET "+wolkvox.ReportsPath, arauto.TokenReports, 0, as(vendor.Reports))
	surface.Handle("GET "+wolkvox.InformationPath, arauto.TokenReports, 0, as(vendor.Information))
	surface.Handle("POST "+wolkvox.CampaignPath, arauto.TokenWrite, wolkvox.MaxUpload, as(vendor.Campaign))
}

// denied is why the server let a request not in, in the words that the vendor has for it.
func denied(err error) wolkvox.Denied {
	if s, ok := errors.AsType[interface {
		error
		HTTPStatus() int
	}](err); ok {
		if s.HTTPStatus() == http.StatusRequestEntityTooLarge {
			return wolkvox.TooLarge
		}
		return wolkvox.NoMethod
	}
	switch kind := arauto.KindOf(err); {
	case errors.Is(err, server.ErrNoToken):
		return wolkvox.NoToken
	case kind == arauto.KindNotFound:
		return wolkvox.NoPath
	case kind == arauto.KindInternal:
		return wolkvox.Fault
	}
	return wolkvox.WrongToken
}

// recordUploads is the importer as the vendor's upload asks for it: at most so many rows that they are waited for.
type recordUploads struct {
	imports *importer.Imports
	*store.Store
}

const recordPatience = 50 * time.Second

func (u recordUploads) AddRecords(ctx context.Context, actor arauto.Actor, account arauto.Account, campaign arauto.Campaign, lines io.Reader) (arauto.Job, error) {
	job, err := u.imports.Start(ctx, actor, account, campaign.ID, "add_record.jsonl", lines, importer.Options{Limit: 2 * wolkvox.MaxUpload, Format: importer.FormatJSONL})
	if err != nil {
		return job, err
	}
	wait, cancel := context.WithTimeout(ctx, recordPatience)
	defer cancel()
	return u.imports.Wait(wait, account.ID, job.ID)
}

// usageDays is how long it can be looked up how many requests a token made on a day.
const usageDays = 35

func (a *App) sweepUsage(ctx context.Context) {
	accounts, err := a.store.Accounts(ctx)
	for _, account := range accounts {
		err = errors.Join(err, a.store.SweepUsage(ctx, account.ID, arauto.DayNumber(clock().AddDate(0, 0, -usageDays), time.UTC)))
	}
	if err != nil && ctx.Err() == nil {
		a.logger.Error("old counts of requests were not swept", "err", err)
	}
}
