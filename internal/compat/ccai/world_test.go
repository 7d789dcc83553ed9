package ccai

import (
	"cmp"
	"context"
	"errors"
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

var update = flag.Bool("update", false, "rewrite the responses in testdata/ and the examples in docs/api/ccai.md")

var now = time.Date(2026, 11, 28, 18, 30, 0, 125e6, time.UTC)

var brazil = arauto.Account{ID: 7, Slug: "exemplo", Country: "BR", TimeZone: "America/Sao_Paulo", Language: arauto.Portuguese}

// A world is what the interfaces of this package look at: rows in memory.
type world struct {
	campaignList []arauto.Campaign
	queues       []arauto.Queue
	rows         []arauto.Contact // ascending by id
	lastID       int64            // that a contact was given
	jobs         []arauto.Job
	now          time.Time

	reads     int   // calls of CampaignContacts
	failAfter int   // CampaignContacts fails from that call on; 0 = never
	fault     error // every look-up fails
	widest    int   // the most rows that were asked for at once

	imported string // what Import was handed
	filename string
	actor    arauto.Actor
}

var errDisk = errors.New("the disk is gone")

func (w *world) VoiceCampaign(_ context.Context, account, id int64) (arauto.Campaign, error) {
	for _, c := range w.campaignList {
		if c.Account == account && c.ID == id && c.Channel == arauto.ChannelVoice {
			return c, w.fault
		}
	}
	return arauto.Campaign{}, notFound("there is no voice campaign %d in this account", id)
}

func (w *world) VoiceCampaigns(_ context.Context, account, after int64, limit int) (list []arauto.Campaign, _ error) {
	for _, c := range w.campaignList {
		if c.Account == account && c.ID > after && c.Channel == arauto.ChannelVoice && len(list) < limit {
			list = append(list, c)
		}
	}
	return list, w.fault
}

func (w *world) Queue(_ context.Context, account, id int64) (arauto.Queue, error) {
	for _, q := range w.queues {
		if q.Account == account && q.ID == id {
			return q, w.fault
		}
	}
	return arauto.Queue{}, arauto.Errorf(arauto.KindNotFound, "", "there is no queue %d in this account", id)
}

func (w *world) DialCounts(_ context.Context, account int64, campaigns []int64) (map[int64]arauto.DialCounts, error) {
	counts := map[int64]arauto.DialCounts{}
	for _, id := range campaigns {
		for _, c := range w.find(account, id) {
			if counts[id] == nil {
				counts[id] = arauto.DialCounts{}
			}
			counts[id][c.Dial]++
		}
	}
	return counts, w.fault
}

func (w *world) find(account, campaign int64) (found []arauto.Contact) {
	for _, c := range w.rows {
		if c.Account == account && c.Campaign == campaign && c.DeletedAt.IsZero() {
			found = append(found, c)
		}
	}
	return found
}

// AddDialContacts takes what Voice.Dialable does, as the store has it.
func (w *world) AddDialContacts(_ context.Context, at time.Time, account, campaign int64, list []arauto.Contact) ([]arauto.AddedDial, error) {
	of, err := w.VoiceCampaign(context.Background(), account, campaign)
	if err != nil {
		return nil, err
	}
	added := make([]arauto.AddedDial, len(list))
	first := w.lastID + 1
	w.lastID += int64(len(list))
	for i, given := range list {
		c, err := of.Voice.Dialable(given, at)
		if err != nil {
			added[i] = arauto.AddedDial{Contact: given, Err: err}
			continue
		}
		if n := slices.IndexFunc(w.rows, func(x arauto.Contact) bool {
			return x.Campaign == campaign && x.DeletedAt.IsZero() && x.PersonKey == c.PersonKey
		}); n >= 0 {
			given.ID = w.rows[n].ID
			added[i] = arauto.AddedDial{Contact: given, Duplicate: true}
			continue
		}
		c.ID, c.Account, c.Campaign, c.InsertedAt, c.UpdatedAt = first+int64(i), account, campaign, at, at
		w.rows = append(w.rows, c)
		added[i].Contact = c
	}
	return added, w.fault
}

func (w *world) read(found []arauto.Contact, limit int) ([]arauto.Contact, error) {
	w.widest = max(w.widest, limit)
	if w.reads++; w.failAfter > 0 && w.reads >= w.failAfter {
		return nil, errDisk
	}
	return found[:min(limit, len(found))], w.fault
}

func (w *world) DialContacts(_ context.Context, account, campaign, after int64, limit int) ([]arauto.Contact, error) {
	return w.read(slices.DeleteFunc(w.find(account, campaign), func(c arauto.Contact) bool { return c.ID <= after }), limit)
}

func (w *world) SkipDialContacts(_ context.Context, account, campaign, n int64) (int64, error) {
	found := w.find(account, campaign)
	if n > int64(len(found)) {
		return 0, w.fault
	}
	return found[n-1].ID, w.fault
}

func (w *world) DialContactsSince(_ context.Context, account, campaign int64, since, at time.Time, id int64, limit int) ([]arauto.Contact, error) {
	found := slices.DeleteFunc(w.find(account, campaign), func(c arauto.Contact) bool {
		return c.UpdatedAt.Before(since) || c.UpdatedAt.Before(at) || c.UpdatedAt.Equal(at) && c.ID <= id
	})
	slices.SortFunc(found, func(a, b arauto.Contact) int {
		return cmp.Or(a.UpdatedAt.Compare(b.UpdatedAt), cmp.Compare(a.ID, b.ID))
	})
	return w.read(found, limit)
}

func (w *world) PatchDialContact(_ context.Context, actor arauto.Actor, at time.Time, account, campaign, id int64, p arauto.DialPatch) (arauto.Contact, error) {
	w.actor = actor
	of, err := w.VoiceCampaign(context.Background(), account, campaign)
	if err != nil {
		return arauto.Contact{}, err
	}
	was, err := w.one(account, campaign, arauto.DialKey{ID: id})
	if err != nil {
		return arauto.Contact{}, err
	}
	is, err := of.Voice.Patched(*was, p, at)
	if err != nil {
		return *was, err
	}
	for _, other := range w.find(account, campaign) {
		if other.PersonKey == is.PersonKey && other.ID != id {
			return *was, arauto.Errorf(arauto.KindConflict, keyPhone, "contact %d of this campaign has this phone already: remove one of the two", other.ID)
		}
	}
	*was = is
	return is, w.fault
}

func (w *world) one(account, campaign int64, k arauto.DialKey) (*arauto.Contact, error) {
	found := slices.DeleteFunc(w.find(account, campaign), func(c arauto.Contact) bool {
		switch {
		case k.ID != 0:
			return c.ID != k.ID
		case k.PhoneRaw != "":
			return c.PersonKey != k.PersonKey()
		}
		return c.External != k.External
	})
	c, err := k.Among(found)
	if err != nil {
		return nil, err
	}
	return &w.rows[slices.IndexFunc(w.rows, func(x arauto.Contact) bool { return x.ID == c.ID })], nil
}

func (w *world) DeleteDialContact(_ context.Context, actor arauto.Actor, at time.Time, account, campaign int64, k arauto.DialKey) (arauto.Contact, error) {
	w.actor = actor
	c, err := w.one(account, campaign, k)
	switch {
	case err != nil:
		return arauto.Contact{}, err
	case c.Dial.Live():
		return *c, arauto.Errorf(arauto.KindConflict, "contact_id", "contact %d is on a call: remove it when the call is over", c.ID)
	}
	c.UpdatedAt, c.DeletedAt = at, at
	return *c, w.fault
}

func (w *world) Import(_ context.Context, actor arauto.Actor, account arauto.Account, campaign int64, file io.Reader, filename string) (arauto.Job, error) {
	text, err := io.ReadAll(file)
	if err != nil {
		return arauto.Job{}, err
	}
	w.imported, w.filename, w.actor = string(text), filename, actor
	job := arauto.Job{ID: 540, Account: account.ID, Campaign: campaign, Kind: arauto.JobImport, State: arauto.JobQueued}
	w.jobs = append(w.jobs, job)
	return job, w.fault
}

func (w *world) Job(_ context.Context, account, id int64) (arauto.Job, error) {
	for _, j := range w.jobs {
		if j.Account == account && j.ID == id {
			return j, w.fault
		}
	}
	return arauto.Job{}, arauto.Errorf(arauto.KindNotFound, "", "there is no job %d in this account", id)
}

// given is a running campaign (6) with a few contacts, one (11) with a contact at every status, one (12) that is empty and
// paused, one (13) that is completed, one of WhatsApp (14) and one of another account (99).
func given() *world {
	w := &world{now: now, lastID: 6}
	w.queues = []arauto.Queue{{ID: 3, Account: 7, Name: "Cobrança"}}
	created := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	voice := func(id int64, name string, state arauto.CampaignState, mode arauto.DialMode) *arauto.Campaign {
		c := arauto.Campaign{ID: id, Account: 7, Name: name, Channel: arauto.ChannelVoice, State: state, Queue: 3, Voice: arauto.NewVoice(mode), CreatedAt: created, UpdatedAt: created.Add(time.Duration(id) * time.Hour)}
		w.campaignList = append(w.campaignList, c)
		return &w.campaignList[len(w.campaignList)-1]
	}
	voice(6, "Carnês de novembro", arauto.CampaignRunning, arauto.DialPredictive).StartedAt = created.Add(4 * time.Hour)
	voice(11, "Renegociação", arauto.CampaignPaused, arauto.DialProgressive).StartedAt = created.Add(5 * time.Hour)
	planned := voice(12, `Boas-vindas "VIP" & cia`, arauto.CampaignDraft, arauto.DialPreview)
	planned.Voice.External, planned.Voice.Target, planned.Queue = "CRM-77", 500, 0
	planned.ScheduledFor, planned.Policy.EndAt = created.Add(14*24*time.Hour), created.Add(20*24*time.Hour)
	planned.Voice.MaxAbandonment, planned.Voice.Overdial = 2.5, 1.25
	ended := voice(13, "Pesquisa", arauto.CampaignCompleted, arauto.DialPredictive)
	ended.StartedAt, ended.EndedAt = created, created.Add(48*time.Hour)
	w.campaignList = append(w.campaignList, arauto.Campaign{ID: 14, Account: 7, Name: "Ofertas", Channel: arauto.ChannelWhatsApp, State: arauto.CampaignRunning},
		arauto.Campaign{ID: 99, Account: 8, Name: "De outros", Channel: arauto.ChannelVoice, State: arauto.CampaignRunning})

	w.row(6, arauto.DialUpcoming, func(c *arauto.Contact) {
		c.Name, c.Email, c.PhoneRaw, c.Outbound, c.External = "Ana Lúcia Prado", "ana@exemplo.com.br", "+55 (11) 99999-0001", "+55 11 4000-1234", "CLI-1"
		c.Fields, c.Priority = arauto.Fields{{Key: "contrato", Value: "0042"}, {Key: "valor", Value: "R$ 1.234,56"}}, 5
	})
	w.row(6, arauto.DialConnected, func(c *arauto.Contact) { c.Name, c.External, c.Attempt = "Bento Souza", "CLI-2", 88 })
	w.row(6, arauto.DialFinished, func(c *arauto.Contact) { c.Name, c.External = "Célia Ramos", "DUP" })
	w.row(6, arauto.DialInvalidNumber, func(c *arauto.Contact) {
		c.Name, c.PhoneRaw, c.Phone, c.PersonKey, c.External = "Davi \"Dado\" Nunes", "ramal 12", "", "raw:ramal 12", "DUP"
	})
	for _, d := range arauto.Dials() {
		w.row(11, d, func(c *arauto.Contact) { c.Name = "Pessoa " + fmt.Sprint(c.ID) })
	}
	w.jobs = []arauto.Job{
		{ID: 530, Account: 7, Campaign: 6, Kind: arauto.JobImport, State: arauto.JobCompleted, Accepted: 2},
		{ID: 531, Account: 7, Campaign: 6, Kind: arauto.JobImport, State: arauto.JobRunning},
		{ID: 532, Account: 7, Campaign: 6, Kind: arauto.JobImport, State: arauto.JobFailed, Duplicate: 1, Error: "row 3: already in this campaign (contact 7)"},
		{ID: 533, Account: 7, Campaign: 6, Kind: arauto.JobImport, State: arauto.JobFailed, Error: "file: the file is not a JSON array"},
		{ID: 534, Account: 7, Campaign: 6, Kind: arauto.JobImport, State: arauto.JobCancelled},
		{ID: 535, Account: 7, Campaign: 11, Kind: arauto.JobImport, State: arauto.JobCompleted},
		{ID: 536, Account: 7, Campaign: 6, Kind: arauto.JobAudience, State: arauto.JobCompleted},
	}
	return w
}

// row puts a contact into a campaign, an hour after the one before it.
func (w *world) row(campaign int64, d arauto.Dial, change ...func(*arauto.Contact)) {
	w.lastID++
	id := w.lastID
	c := arauto.Contact{ID: id, Account: 7, Campaign: campaign, Dial: d, PhoneRaw: fmt.Sprintf("+55 11 99999-%04d", id)}
	c.InsertedAt = time.Date(2026, 11, 27, 0, 0, 0, 49e6, time.UTC).Add(time.Duration(id) * time.Hour)
	c.UpdatedAt = c.InsertedAt.Add(24 * time.Minute)
	for _, f := range change {
		f(&c)
	}
	c.Phone, _ = arauto.ParseE164(c.PhoneRaw)
	if c.PersonKey == "" {
		c.PersonKey = c.Phone.PersonKey()
	}
	w.rows = append(w.rows, c)
}

func (w *world) api(t testing.TB) *API {
	return New(Config{
		Campaigns: w, Contacts: w, Jobs: w, TempDir: t.TempDir(), ImportLimit: 1 << 20,
		Phone: func(country, raw string) (arauto.Phone, error) {
			plan, err := numbering.New(country)
			if err != nil {
				t.Error(err)
			}
			return plan.Parse(raw)
		},
		Now: func() time.Time { return w.now }, Logger: slog.New(slog.DiscardHandler),
	})
}

// serve stands in for the server: it knows callers by their password and answers what never reaches the handlers.
func (w *world) serve(t testing.TB) http.Handler {
	mux := http.NewServeMux()
	byPath := map[string]map[string]Route{}
	for _, route := range w.api(t).Routes() {
		method, path, _ := strings.Cut(route.Pattern, " ")
		if byPath[path] == nil {
			byPath[path] = map[string]Route{}
		}
		byPath[path][method] = route
	}
	for path, methods := range byPath {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { door(w, r, methods) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		WriteError(w, notFound("nothing is served at %s", r.URL.Path))
	})
	return mux
}

func door(w http.ResponseWriter, r *http.Request, methods map[string]Route) {
	route, ok := methods[r.Method]
	if r.Method == http.MethodHead {
		route, ok = methods[http.MethodGet]
	}
	if !ok {
		var allow []string
		for method := range methods {
			allow = append(allow, method)
		}
		slices.Sort(allow)
		w.Header().Set("Allow", strings.Join(allow, ", "))
		WriteError(w, refusal{http.StatusMethodNotAllowed, r.Method + " is not something this path can do; it takes " + strings.Join(allow, ", ")})
		return
	}
	scopes := map[string][]arauto.TokenScope{
		"exemplo:TOKEN":  {arauto.TokenRead, arauto.TokenWrite},
		"crm:TOKEN":      {arauto.TokenRead, arauto.TokenWrite},
		"exemplo:NARROW": {arauto.TokenRead},
	}
	user, password, _ := r.BasicAuth()
	token := arauto.Token{ID: 3, Account: 7, Name: "crm", Scopes: scopes[user+":"+password]}
	switch {
	case password == "HURRIED":
		w.Header().Set("Retry-After", "1")
		WriteError(w, arauto.Errorf(arauto.KindLimited, "", `the account "exemplo" may ask 10 times a second of this API: wait`))
	case token.Scopes == nil:
		WriteError(w, arauto.Errorf(arauto.KindUnauthorized, "", "this token is not known: check that it was copied whole"))
	case !token.Allows(route.Scope):
		WriteError(w, arauto.Errorf(arauto.KindForbidden, "", "the token %q lacks the scope %q: ask an administrator for one that has it", token.Name, route.Scope))
	default:
		most := route.MaxBody
		if most == 0 {
			most = 1 << 20
		}
		if r.ContentLength > most {
			WriteError(w, tooLargeFor(most))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		route.Serve(w, r, Caller{token, brazil})
	}
}
