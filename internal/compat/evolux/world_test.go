package evolux

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/numbering"
)

var update = flag.Bool("update", false, "rewrite the responses in testdata/ and the examples in docs/api/evolux.md")

// now is a Friday afternoon in São Paulo; in UTC it is still the same day.
var now = time.Date(2024, 9, 6, 18, 30, 0, 0, time.UTC)

// A world is what the interfaces of this package look at: rows in memory, ascending by id.
type world struct {
	rows      []arauto.ContactRow
	campaigns []arauto.Campaign
	templates []arauto.Template
	bound     int64

	reads     int   // calls of ContactRows
	failAfter int   // ContactRows fails from that call on; 0 = never
	fault     error // every look-up fails
	vanish    bool  // SkipContacts finds fewer than were counted

	inserted string // what Insert was handed
	filename string
	actor    arauto.Actor
	refuse   error // what Insert answers
}

var errDisk = fmt.Errorf("the disk is gone")

func (w *world) ContactBound(context.Context, int64) (int64, error) { return w.bound, w.fault }

func (w *world) CountContacts(_ context.Context, account int64, f arauto.ContactFilter, upTo int64) (int64, error) {
	return int64(len(w.matches(account, f, upTo+1))), w.fault
}

func (w *world) SkipContacts(_ context.Context, account int64, f arauto.ContactFilter, below, n int64) (int64, error) {
	matches := w.matches(account, f, below)
	if w.vanish || n > int64(len(matches)) {
		return 0, w.fault
	}
	return matches[n-1].ID, w.fault
}

func (w *world) ContactRows(_ context.Context, account int64, f arauto.ContactFilter, below int64, limit int) ([]arauto.ContactRow, error) {
	if w.reads++; w.failAfter > 0 && w.reads >= w.failAfter {
		return nil, errDisk
	}
	matches := w.matches(account, f, below)
	return matches[:min(limit, len(matches))], w.fault
}

func (w *world) CampaignByUUID(_ context.Context, account int64, uuid string) (arauto.Campaign, error) {
	for _, c := range w.campaigns {
		if c.Account == account && c.UUID == uuid {
			return c, w.fault
		}
	}
	return arauto.Campaign{}, arauto.Errorf(arauto.KindNotFound, "campaign", "there is no campaign %s", uuid)
}

func (w *world) TemplateByUUID(_ context.Context, account int64, uuid string) (arauto.Template, error) {
	for _, t := range w.templates {
		if t.Account == account && t.UUID == uuid {
			return t, w.fault
		}
	}
	return arauto.Template{}, arauto.Errorf(arauto.KindNotFound, "template", "there is no template %s", uuid)
}

func (w *world) Insert(_ context.Context, actor arauto.Actor, _ arauto.Account, c arauto.Campaign, file io.Reader, filename string) (arauto.Job, error) {
	text, err := io.ReadAll(file)
	if err != nil {
		return arauto.Job{}, err
	}
	w.inserted, w.filename, w.actor = string(text), filename, actor
	job := arauto.Job{UUID: "0191c8f2-7a52-7cc1-8f3e-5f2f86a1d001", Campaign: c.ID, State: arauto.JobQueued}
	if lines := int64(strings.Count(w.inserted, "\n")); lines <= 10 {
		job.State, job.Accepted, job.Duplicate = arauto.JobCompleted, lines-2, 1
	}
	return job, w.refuse
}

// matches are newest first.
func (w *world) matches(account int64, f arauto.ContactFilter, below int64) []arauto.ContactRow {
	var found []arauto.ContactRow
	for _, r := range slices.Backward(w.rows) {
		if r.Account == account && r.ID < below && matches(f, r) {
			found = append(found, r)
		}
	}
	return found
}

func matches(f arauto.ContactFilter, r arauto.ContactRow) bool {
	in := func(ok, filtered bool) bool { return !filtered || ok }
	fields, _ := arauto.ParseFields(r.RawFields)
	value, _ := fields.Get(f.FieldKey)
	future := r.Scheduled.After(f.Now)
	return !f.Empty &&
		in(slices.Contains(f.Campaigns, r.Campaign), f.Campaigns != nil) &&
		in(slices.Contains(f.States, r.State), f.States != nil) &&
		in(r.TemplateName == []string{"", "aviso_de_proposta", "lembrete"}[f.Template], f.Template != 0) &&
		in(slices.Contains(f.PersonKeys, r.PersonKey), f.PersonKeys != nil) &&
		in(strings.Contains(arauto.Fold(r.Name), arauto.Fold(f.Name)), f.Name != "") &&
		in(value == f.FieldValue, f.FieldKey != "") &&
		in(future == (f.Intent == arauto.IntentFuture), f.Intent != "" && r.State == arauto.ContactPending) &&
		in(!r.InsertedAt.Before(f.InsertedFrom), !f.InsertedFrom.IsZero()) &&
		in(!r.InsertedAt.After(f.InsertedTo), !f.InsertedTo.IsZero())
}

const (
	september = "0191c8f2-7a52-7cc1-8f3e-5f2f86a1c001"
	october   = "0191c8f2-7a52-7cc1-8f3e-5f2f86a1c002"
	finished  = "0191c8f2-7a52-7cc1-8f3e-5f2f86a1c003"
	proposal  = "0191c8f2-7a52-7cc1-8f3e-5f2f86a1e001"
)

var brazil = arauto.Account{ID: 7, Slug: "exemplo", Country: "BR", TimeZone: "America/Sao_Paulo", Language: arauto.Portuguese}

// given is one contact in every state there is, over two campaigns, inserted an hour apart up to the 6th of September.
func given() *world {
	w := &world{
		campaigns: []arauto.Campaign{
			{ID: 1, UUID: september, Account: 7, Name: "Propostas de setembro", State: arauto.CampaignRunning},
			{ID: 2, UUID: october, Account: 7, Name: "Propostas de outubro", State: arauto.CampaignScheduled},
			{ID: 3, UUID: finished, Account: 7, Name: "Propostas de agosto", State: arauto.CampaignCompleted},
		},
		templates: []arauto.Template{{ID: 1, UUID: proposal, Account: 7, Name: "aviso_de_proposta"}},
	}
	sent := func(c *arauto.Contact) { c.SentAt = c.InsertedAt.Add(90 * time.Second) }
	w.add("Ana Lúcia Prado", arauto.ContactDelivered, `{"cpf":"000.000.001-91","perfil":"Pessoa Jurídica"}`, sent)
	w.add("Bento \"Bill\" & Filhos <ME>", arauto.ContactRead, `{"cpf":"000.000.002-72","perfil":"Pessoa Jurídica"}`, sent)
	w.add("Célia Ramos", arauto.ContactReplied, `{"cpf":"000.000.003-53","perfil":"Pessoa Física"}`, sent, func(c *arauto.Contact) {
		c.Conversation, c.RepliedAt = "0191c8f2-7a52-7cc1-8f3e-5f2f86a1f001", c.SentAt.Add(time.Minute)
		c.ReplyAction, c.ReplyText = "Quero saber mais", "Quero saber mais"
	})
	w.add("Davi Nunes", arauto.ContactReplied, `{"cpf":"000.000.004-34","perfil":"Pessoa Física"}`, sent, func(c *arauto.Contact) {
		c.Conversation, c.RepliedAt, c.ReplyText = "0191c8f2-7a52-7cc1-8f3e-5f2f86a1f002", c.SentAt.Add(time.Hour), "me liga\namanhã"
	})
	w.add("Elza Braga", arauto.ContactFailed, `{}`, sent, func(c *arauto.Contact) {
		c.Reason, c.Code, c.Detail = arauto.ReasonNotOnWhatsApp, 131026, "Message undeliverable"
	})
	w.add("Fábio Leal", arauto.ContactSuppressed, `{}`, func(c *arauto.Contact) { c.Reason = arauto.ReasonSuppressed })
	w.add("Gil Souza", arauto.ContactUnknown, `{}`, func(c *arauto.Contact) { c.Reason = arauto.ReasonInterrupted })
	w.add("Helena Pires", arauto.ContactSending, `{}`)
	w.add("", arauto.ContactPending, "", func(c *arauto.Contact) { c.Reason, c.Code = arauto.ReasonTooFast, 130429 })
	w.add("Íris Campos", arauto.ContactCancelled, `{}`, func(c *arauto.Contact) { c.Reason = arauto.ReasonExpired })
	w.add("João Dias", arauto.ContactSent, `{"cpf":"000.000.011-07","perfil":"Pessoa Jurídica"}`, sent)
	w.add("Kátia Melo", arauto.ContactPending, `{}`)
	last := &w.rows[len(w.rows)-1]
	last.Campaign, last.CampaignName, last.Scheduled = 2, "Propostas de outubro", now.Add(26*24*time.Hour)
	return w
}

// add inserts a contact half an hour after the one before it.
func (w *world) add(name string, state arauto.ContactState, fields string, change ...func(*arauto.Contact)) {
	w.bound++
	c := arauto.Contact{
		ID: w.bound, Account: brazil.ID, Campaign: 1, Name: name, State: state,
		Phone:      arauto.Phone(fmt.Sprintf("+5511999990%03d", w.bound)),
		InsertedAt: time.Date(2024, 9, 6, 0, 0, 0, 0, time.UTC).Add(time.Duration(w.bound) * 30 * time.Minute),
	}
	c.PersonKey = c.Phone.PersonKey()
	for _, f := range change {
		f(&c)
	}
	w.rows = append(w.rows, arauto.ContactRow{
		Contact: c, RawFields: fields, CampaignUUID: september, CampaignName: "Propostas de setembro", TemplateName: "aviso_de_proposta",
	})
}

func (w *world) api(t testing.TB) *API {
	return New(Config{
		Reports: w, Inserter: w, Phones: phones(t), TempDir: t.TempDir(),
		Now: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler),
	})
}

func phones(t testing.TB) func(country, raw string) []arauto.Phone {
	return func(country, raw string) []arauto.Phone {
		plan, err := numbering.New(country)
		if err != nil {
			t.Error(err)
		}
		return plan.Search(raw)
	}
}

// serve stands in for the server: it knows the caller by the bearer and answers what never reaches the handlers.
func (w *world) serve(t testing.TB) http.Handler {
	callers := map[string]arauto.Token{
		"Bearer TOKEN":  {ID: 3, Account: 7, Name: "bi", Scopes: []arauto.TokenScope{arauto.TokenReports, arauto.TokenWrite}},
		"Bearer NARROW": {ID: 4, Account: 7, Name: "narrow", Scopes: []arauto.TokenScope{arauto.TokenWrite}},
	}
	a := w.api(t)
	as := func(handle func(http.ResponseWriter, *http.Request, arauto.Token, arauto.Account)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			bearer := r.Header.Get("Authorization")
			caller, known := callers[bearer]
			switch {
			case bearer == "Bearer HURRIED":
				w.Header().Set("Retry-After", "2")
				WriteError(w, http.StatusTooManyRequests, "too many requests: wait 2 seconds")
			case !known:
				WriteError(w, http.StatusUnauthorized, "send a valid token as Authorization: Bearer TOKEN")
			default:
				handle(w, r, caller, brazil)
			}
		}
	}
	mux := http.NewServeMux()
	mux.Handle(SubscribersPath, as(a.Subscribers))
	mux.Handle(InsertPath, as(a.Insert))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		WriteError(w, http.StatusNotFound, "there is nothing at "+r.URL.Path+": check how it is spelt")
	})
	return mux
}
