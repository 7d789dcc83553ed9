package app

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"arauto"
	"arauto/internal/api"
	"arauto/internal/compat/evolux"
	"arauto/internal/importer"
	"arauto/internal/jobs"
	"arauto/internal/numbering"
	"arauto/internal/server"
	"arauto/internal/store"
	"arauto/internal/whatsapp"
)

// mount hangs every surface on the server.
func (a *App) mount() {
	a.server.Public("/webhooks/whatsapp/{app}", whatsapp.MaxWebhook+1,
		&whatsapp.Receiver{Apps: a.store, Inbox: a.inbound, Logger: a.logger})
	if !a.has(roleAPI) {
		return
	}
	limit := a.config.UploadLimit
	if limit == 0 {
		limit = 1 << 30
	}
	api.New(a.server.Surface("api", api.Prefix+"/", api.Fail), api.Config{
		Store: a.store, Templates: templateSync{a}, Numbers: numberSync{a.meta, a.store}, Imports: uploads{a.imports, a.store, limit},
		Decisions: a.decisions, Audiences: a.audiences, Floor: a.floor, Desk: a.desk, Blobs: attachments{a.blobs}, Edits: a.edits, Exports: exports{a.exports},
		TestSends: trials{a.meta, a.store}, Pinger: a.notify, Phones: phones{}, Codes: whatsapp.Codes{}, Passwords: a.passwords, Remember: a.server.Remember, Now: clock, Random: rand.Reader, Logger: a.logger, Forget: a.server.Forget,
		ImportLimit: limit, Version: a.config.Version, AllowPrivateGraph: a.config.AllowPrivateGraph, AllowPrivateWebhooks: a.config.AllowPrivateWebhooks,
	})
	a.mountEvolux()
	a.mountWolkvox()
	a.mountCCAI(limit)
}

// mountEvolux hangs the vendor's two paths among those of our own API.
func (a *App) mountEvolux() {
	vendor := evolux.New(evolux.Config{
		Reports: a.store, Inserter: inserter{a.imports, a.store}, Phones: phones{}.Search, Now: clock, Logger: a.logger,
		TempDir: a.data.file("tmp"),
	})
	// What is not there below the vendor's own paths is missing in the vendor's words.
	fail := func(w http.ResponseWriter, _ *http.Request, err error) {
		status := http.StatusInternalServerError
		if s, ok := errors.AsType[interface {
			error
			HTTPStatus() int
		}](err); ok {
			status = s.HTTPStatus()
		} else if s, ok := evoluxStatus[arauto.KindOf(err)]; ok {
			status = s
		}
		evolux.WriteError(w, status, words(err))
	}
	reports := a.server.Surface("evolux", "/api/v1/reports/campaign/", fail)
	inserts := a.server.Surface("evolux", "/api/v1/campaign/", fail)
	reports.Handle(evolux.SubscribersPath, arauto.TokenReports, 0, func(w http.ResponseWriter, r *http.Request, c server.Caller) {
		vendor.Subscribers(w, r, c.Token, c.Account)
	})
	inserts.Handle(evolux.InsertPath, arauto.TokenWrite, evolux.MaxFile+(1<<20), func(w http.ResponseWriter, r *http.Request, c server.Caller) {
		vendor.Insert(w, r, c.Token, c.Account)
	})
}

var evoluxStatus = map[arauto.Kind]int{
	arauto.KindInvalid: http.StatusBadRequest, arauto.KindNotFound: http.StatusNotFound, arauto.KindConflict: http.StatusConflict,
	arauto.KindUnauthorized: http.StatusUnauthorized, arauto.KindForbidden: http.StatusForbidden, arauto.KindLimited: http.StatusTooManyRequests,
}

// words are what an error says to a caller: its own when it is meant for people, nothing else.
func words(err error) string {
	if e, ok := errors.AsType[*arauto.Error](err); ok && e.Kind != arauto.KindInternal {
		return e.Error()
	}
	return "internal error"
}

// decoder is the WhatsApp webhook's own.
type decoder struct{}

func (decoder) Decode(body []byte) ([]arauto.Fact, error) { return whatsapp.Decode(body) }

// phones reads numbers as people of a country write them.
type phones struct{}

func (phones) Parse(country, raw string) (arauto.Phone, error) {
	plan, err := numbering.New(country)
	if err != nil {
		return "", err
	}
	return plan.Parse(raw)
}

func (phones) Search(country, raw string) []arauto.Phone {
	plan, err := numbering.New(country)
	if err != nil {
		return nil
	}
	return plan.Search(raw)
}

func importPhones(country string) (importer.Phones, error) { return numbering.New(country) }

func (a *App) workers() map[arauto.JobKind]jobs.Worker {
	return map[arauto.JobKind]jobs.Worker{
		arauto.JobImport: a.imports, arauto.JobSuppressions: a.imports, arauto.JobSettle: a.decisions, arauto.JobRetry: a.decisions, arauto.JobAudience: a.audiences,
		arauto.JobErase: a.erasure(),
		arauto.JobEdit:  a.edits, arauto.JobExport: a.exports, arauto.JobPersonExport: a.exports,
	}
}

// uploads is the importer as our own API asks for it.
type uploads struct {
	imports  *importer.Imports
	accounts interface {
		Account(ctx context.Context, id int64) (arauto.Account, error)
	}
	limit int64
}

func (u uploads) Start(ctx context.Context, actor arauto.Actor, account, campaign int64, name string, file io.Reader, o api.ImportOptions) (arauto.Job, error) {
	owner, err := u.accounts.Account(ctx, account)
	if err != nil {
		return arauto.Job{}, err
	}
	return u.imports.Start(ctx, actor, owner, campaign, name, file, u.options(o))
}

func (u uploads) options(o api.ImportOptions) importer.Options {
	return importer.Options{
		Limit: u.limit, Mapping: o.Columns, Format: importer.Format(o.Format), Sheet: o.Sheet, Intake: o.Intake, KeepMalformed: o.KeepMalformed,
	}
}

func (u uploads) Preview(ctx context.Context, account, campaign int64, name string, file io.Reader, o api.ImportOptions) (api.ImportPreview, error) {
	owner, err := u.accounts.Account(ctx, account)
	if err != nil {
		return api.ImportPreview{}, err
	}
	p, err := u.imports.Preview(ctx, owner, campaign, name, file, u.options(o))
	if err != nil {
		return api.ImportPreview{}, err
	}
	out := api.ImportPreview{
		Format: string(p.Format), Separator: p.Separator, Encoding: string(p.Encoding), Sheet: p.Sheet, Sheets: slices.Concat([]string{}, p.Sheets),
		Columns: make([]api.ImportColumn, len(p.Columns)), Rows: make([]api.ImportPreviewRow, len(p.Rows)),
		Counts: api.ImportPreviewCounts{New: p.New, Duplicate: p.Duplicate, Refused: p.Refused},
	}
	for i, c := range p.Columns {
		out.Columns[i] = api.ImportColumn{Header: c.Header, Target: c.Target, Key: c.Key}
	}
	for i, r := range p.Rows {
		out.Rows[i] = api.ImportPreviewRow{
			Row: r.Number, Cells: slices.Concat([]string{}, r.Cells), Name: r.Name, Phone: string(r.Phone), UserID: string(r.UserID), Verdict: string(r.Verdict), Reason: r.Reason,
		}
	}
	return out, nil
}

func (u uploads) Suppress(ctx context.Context, actor arauto.Actor, account int64, name string, file io.Reader, columns map[string]string, d arauto.Suppression) (arauto.Job, error) {
	owner, err := u.accounts.Account(ctx, account)
	if err != nil {
		return arauto.Job{}, err
	}
	return u.imports.StartSuppressions(ctx, actor, owner, name, file, importer.Options{Limit: u.limit, Mapping: columns},
		importer.EntryDefaults{Scope: d.Scope, Channel: d.Channel, ExpiresAt: d.ExpiresAt, Evidence: d.Evidence})
}

func (u uploads) Rejects(ctx context.Context, account int64, job arauto.Job) (rejects io.ReadCloser, name, mediaType string, err error) {
	file, err := u.imports.Rejects(ctx, account, job.ID)
	if err != nil {
		return nil, "", "", err
	}
	return file, file.Name, file.Type, nil
}

// inserter is the importer as the vendor's insertion endpoint asks for it: columns by their place, and
// an answer that waits a little for a small file to be in.
type inserter struct {
	imports *importer.Imports
	store   interface {
		Template(ctx context.Context, account, id int64) (arauto.Template, error)
		Job(ctx context.Context, account, id int64) (arauto.Job, error)
	}
}

const insertPatience = 5 * time.Second

func (i inserter) Insert(ctx context.Context, actor arauto.Actor, account arauto.Account, campaign arauto.Campaign, file io.Reader, name string) (arauto.Job, error) {
	columns := []string{"name", "phone"}
	if campaign.Template != 0 {
		t, err := i.store.Template(ctx, account.ID, campaign.Template)
		if err != nil {
			return arauto.Job{}, err
		}
		columns = append(columns, parameterColumns(t, campaign.Mapping)...)
	}
	job, err := i.imports.Start(ctx, actor, account, campaign.ID, name, file, importer.Options{Limit: evolux.MaxFile, NameRequired: true, Positions: columns, Format: importer.FormatCSV})
	if err != nil {
		return job, err
	}
	wait, cancel := context.WithTimeout(ctx, insertPatience)
	defer cancel()
	if ended, err := i.imports.Wait(wait, account.ID, job.ID); err == nil {
		return ended, nil
	}
	return i.store.Job(ctx, account.ID, job.ID)
}

// parameterColumns are the keys under which the vendor's parameter1…N are kept: the custom field that the
// campaign fills the parameter from, else the column's own name.
func parameterColumns(t arauto.Template, m arauto.Mapping) []string {
	var keys []string
	for i, p := range t.Parameters() {
		key := "parameter" + strconv.Itoa(i+1)
		if v := m[p.Slot]; v.From == arauto.FromField && !slices.ContainsFunc(keys, func(k string) bool { return strings.EqualFold(k, v.Text) }) {
			key = v.Text
		}
		keys = append(keys, key)
	}
	return keys
}

// trials sends one message outside any campaign.
type trials struct {
	meta  *whatsapp.Client
	store interface {
		Note(ctx context.Context, actor arauto.Actor, now time.Time, action, subject, detail string) error
	}
}

func (t trials) TestSend(ctx context.Context, actor arauto.Actor, s arauto.Sender, m arauto.Message) (arauto.Receipt, error) {
	if err := t.store.Note(ctx, actor, clock(), "sender.test", "sender "+s.Name, `{}`); err != nil {
		return arauto.Receipt{}, err
	}
	return t.meta.Send(ctx, s, m)
}

// templateSync fetches a WABA's templates through one of its senders.
type templateSync struct{ app *App }

func (t templateSync) Sync(ctx context.Context, actor arauto.Actor, account, waba int64) (added, changed int, err error) {
	s := t.app.store
	w, err := s.WABA(ctx, account, waba)
	if err != nil {
		return 0, 0, err
	}
	senders, err := s.Senders(ctx, account, 0, 1000)
	if err != nil {
		return 0, 0, err
	}
	for _, sender := range senders {
		if sender.WABA != waba {
			continue
		}
		list, err := t.app.meta.Templates(ctx, sender, w.MetaID)
		if err != nil {
			return 0, 0, err
		}
		if err := s.Note(ctx, actor, clock(), "waba.sync", "waba "+w.MetaID, `{}`); err != nil {
			return 0, 0, err
		}
		return s.SaveTemplates(ctx, clock(), account, waba, list)
	}
	return 0, 0, arauto.Errorf(arauto.KindConflict, "waba", "WABA %s has no sender yet: its access token is what templates are read with", w.MetaID)
}

// numberSync asks Meta what a number may send.
type numberSync struct {
	meta  *whatsapp.Client
	store *store.Store
}

func (n numberSync) SyncNumber(ctx context.Context, actor arauto.Actor, s arauto.Sender) (arauto.Sender, error) {
	capacity, err := n.meta.Capacity(ctx, s)
	if err != nil {
		return s, err
	}
	if capacity.PeopleSaid {
		if _, err := n.store.LimitPortfolio(ctx, actor, clock(), s.Account, s.WABA, capacity.People); err != nil {
			return s, err
		}
	}
	if rate := s.RateWithin(capacity); rate != s.Rate {
		return n.store.UpdateSender(ctx, actor, clock(), s.Account, s.ID, func(s arauto.Sender) (arauto.Sender, error) {
			s.Rate = s.RateWithin(capacity)
			return s, nil
		})
	}
	return s, nil
}
