package evolux

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
	"arauto/internal/store/storetest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestOverSQLite asks the same questions of a real database, after real campaigns, and of the plain loops in world:
// answers must be equal to the byte, page after page.
func TestOverSQLite(t *testing.T) {
	s := openStore(t)
	real := liveThrough(t, s)
	model := &world{rows: real.rows, campaigns: real.campaigns, templates: real.templates, bound: int64(len(real.rows))}
	for _, state := range arauto.ContactStates() {
		if !slices.ContainsFunc(real.rows, func(r arauto.ContactRow) bool { return r.State == state }) {
			t.Errorf("no contact came to be %s: the comparison would say nothing about it", state)
		}
	}
	stored, plain := real.api(t), model.api(t)
	stored.Reports = s

	ids := []string{september} // names nothing here
	for _, c := range real.campaigns {
		ids = append(ids, c.UUID)
	}
	templates := []string{proposal, real.templates[0].UUID, real.templates[1].UUID}
	rapid.Check(t, func(t *rapid.T) {
		q := url.Values{}
		some := func(key string, values ...string) {
			if rapid.IntRange(0, 2).Draw(t, key+"?") == 0 {
				q.Add(key, rapid.SampledFrom(values).Draw(t, key))
			}
		}
		some("state", "pending", "scheduled", "sent", "dnd", "completed", "error")
		some("campaigns[]", ids...)
		some("campaigns[]", ids...)
		some("template_uuid", templates...)
		some("name", "ana", "LUCIA", "%", "_", "a b")
		some("phone_number", "1199990001", "11999990001", "+5511999990003", "123")
		if rapid.IntRange(0, 4).Draw(t, "field?") == 0 {
			q.Set("conversation_field_key", rapid.SampledFrom([]string{"perfil", "CPF", "nada"}).Draw(t, "key"))
			q.Set("conversation_field_value", rapid.SampledFrom([]string{"Pessoa Jurídica", "pessoa jurídica", "7", `50% "de" _`}).Draw(t, "value"))
		}
		at := rapid.IntRange(0, len(real.rows)-1).Draw(t, "start at")
		some("start", real.rows[at].InsertedAt.Format(time.RFC3339Nano))
		if q.Has("start") {
			some("end", real.rows[rapid.IntRange(at, len(real.rows)-1).Draw(t, "end at")].InsertedAt.Add(time.Millisecond).Format(time.RFC3339Nano))
		}
		some("_offset", "1", "7", "1000")
		q.Set("_limit", fmt.Sprint(rapid.IntRange(1, 60).Draw(t, "limit")))
		for query := q.Encode(); query != ""; {
			want, got := ask(plain, query), ask(stored, query)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s (-plain loops +SQLite):\n%s", query, diff)
			}
			_, next, _ := strings.Cut(got, `"next":"`)
			next, _, _ = strings.Cut(next, `"`)
			_, query, _ = strings.Cut(next, "?")
		}
	})
}

// ask is an answer with a line for each row.
func ask(a *API, query string) string {
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: SubscribersPath, RawQuery: query}}
	w := httptest.NewRecorder()
	a.Subscribers(w, r, reader, brazil)
	return strings.ReplaceAll(fmt.Sprintln(w.Code)+w.Body.String(), "},{", "},\n{")
}

// A mirror seals nothing: there are no secrets here.
type mirror struct{}

func (mirror) Seal(plain []byte) ([]byte, error)  { return plain, nil }
func (mirror) Open(sealed []byte) ([]byte, error) { return sealed, nil }

func openStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), storetest.Fresh(t, filepath.Join(t.TempDir(), "arauto.db")), mirror{}, now.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// liveThrough makes four campaigns of two templates under the account brazil, and puts their contacts into every state
// that sending, answering, refusing and cancelling lead to. It returns what is stored then, ascending by id.
func liveThrough(t *testing.T, s *store.Store) *world {
	t.Helper()
	ctx, who, start := t.Context(), arauto.System(brazil.ID), now.Add(-time.Hour)
	account := brazil
	for account.ID = 0; account.ID != brazil.ID; { // ids are given in order, and the model's is 7
		account.Slug = fmt.Sprintf("exemplo-%d", account.ID)
		account = must(s.CreateAccount(ctx, who, start, account))
	}
	app := must(s.CreateApp(ctx, who, start, arauto.App{Account: 7, MetaID: "1", Name: "app"}))
	waba := must(s.SaveWABA(ctx, who, start, arauto.WABA{Account: 7, App: app.ID, MetaID: "2", Name: "waba"}, "3"))
	sender := must(s.CreateSender(ctx, who, start, arauto.Sender{Account: 7, App: app.ID, WABA: waba.ID, Name: "sender", PhoneNumberID: "4", DisplayPhone: "+551130000000", Token: "x"}))
	_, _, err := s.SaveTemplates(ctx, start, 7, waba.ID, []arauto.Template{
		{MetaID: "5", Name: "aviso_de_proposta", Language: "pt_BR", Category: "MARKETING", Status: arauto.TemplateApproved, Body: "Olá"},
		{MetaID: "6", Name: "lembrete", Language: "pt_BR", Category: "UTILITY", Status: arauto.TemplateApproved, Body: "Oi"},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{templates: must(s.Templates(ctx, 7, 0, 10))}
	for i := range 4 {
		c := arauto.Campaign{Account: 7, Sender: sender.ID, Template: w.templates[i%2].ID, Name: fmt.Sprintf("Campanha %d", i), Channel: arauto.ChannelWhatsApp}
		if i == 3 {
			c.ScheduledFor = now.Add(time.Hour)
		}
		w.campaigns = append(w.campaigns, must(s.CreateCampaign(ctx, who, start, c)))
	}
	var blocked []arauto.Suppression
	for i := range 120 {
		at := start.Add(time.Duration(i) * 200 * time.Millisecond)
		c := arauto.Contact{
			Name: []string{"Ana Lúcia", "Bento", "", "100% _a b_"}[i%4], Phone: arauto.Phone(fmt.Sprintf("+55119999900%02d", i%30)),
			Fields: []arauto.Fields{nil, {{Key: "perfil", Value: "Pessoa Jurídica"}, {Key: "cpf", Value: "7"}}, {{Key: "Perfil", Value: `50% "de" _`}}}[i%3],
		}
		c.PersonKey = c.Phone.PersonKey()
		if i%11 == 5 {
			c.ScheduledFor = now.Add(time.Duration(i%2*4-2) * time.Minute) // some are due by now
		}
		if i%17 == 4 {
			blocked = append(blocked, arauto.Suppression{Account: 7, PersonKey: c.PersonKey, Phone: c.Phone, Scope: arauto.SuppressMarketing, Source: "api"})
		}
		must(s.AddContacts(ctx, at, 7, w.campaigns[(i+i/30)%4].ID, []arauto.Contact{c}))
	}
	must(s.AddSuppressions(ctx, who, start, 7, blocked))
	for _, c := range w.campaigns[:3] {
		must(s.ChangeCampaign(ctx, who, start, 7, c.ID, arauto.CampaignStart, ""))
	}
	send(t, s, app, sender, w.campaigns[:3])
	must(s.ChangeCampaign(ctx, who, now, 7, w.campaigns[2].ID, arauto.CampaignCancel, ""))
	if _, _, err := s.TendCampaigns(ctx, now); err != nil {
		t.Fatal(err)
	}
	for _, r := range must(s.ContactRows(ctx, 7, arauto.ContactFilter{}, 0, 1000)) {
		w.rows = append([]arauto.ContactRow{r}, w.rows...)
	}
	return w
}

// send works most of what is due, with every kind of answer and what is reported afterwards.
func send(t *testing.T, s *store.Store, app arauto.App, sender arauto.Sender, campaigns []arauto.Campaign) {
	t.Helper()
	ctx := t.Context()
	for round, campaign := range campaigns {
		at := now.Add(time.Duration(round-10) * time.Minute)
		lease, taken, err := s.Take(ctx, at, 7, fmt.Sprintf("sender:%d", sender.ID), "node", time.Minute)
		if err != nil || !taken {
			t.Fatalf("take the sender: %v %v", taken, err)
		}
		var candidates []arauto.Candidate
		for _, c := range must(s.DueContacts(ctx, at, 7, campaign.ID, time.Time{}, 0, 20)) {
			candidates = append(candidates, arauto.Candidate{Contact: c})
		}
		var answers []arauto.Answer
		var facts []arauto.Fact
		for i, in := range must(s.Intend(ctx, at, lease, sender.ID, candidates)) {
			if in.Verdict.Outcome != arauto.Go {
				continue
			}
			answer := arauto.Answer{Contact: in.Contact, Attempt: in.Attempt, Event: arauto.Event{Kind: arauto.EventAccepted, At: at}}
			id := fmt.Sprintf("wamid.%d", in.Attempt.ID)
			switch i % 8 {
			case 1:
				answer.Event = arauto.Event{Kind: arauto.EventRefused, At: at, Reason: arauto.ReasonNotOnWhatsApp, Code: 131026, Detail: "Message undeliverable"}
			case 2:
				answer.Event = arauto.Event{Kind: arauto.EventLost, At: at, Reason: arauto.ReasonNoAnswer}
			default:
				answer.Receipt = arauto.Receipt{ProviderID: id, WAID: in.Contact.Phone.Digits()}
			}
			if i%8 != 7 { // the eighth stays in flight; all that is heard of it says nothing
				answers = append(answers, answer)
			}
			status := arauto.Fact{Kind: arauto.FactStatus, At: at.Add(time.Second), WABA: "2", PhoneNumberID: "4"}
			status.Status = arauto.Status{ProviderID: id, Ref: in.Attempt.Ref()}
			reply := arauto.Fact{Kind: arauto.FactReply, At: at.Add(time.Minute), WABA: "2", PhoneNumberID: "4"}
			reply.Reply = arauto.Reply{ProviderID: "wamid.r" + id, WAID: in.Contact.Phone.Digits(), Context: id, Kind: "button", Text: "Quero", Action: "Quero"}
			switch i % 8 {
			case 3:
				status.Status.Event = arauto.EventDelivered
				facts = append(facts, status)
			case 4:
				status.Status.Event = arauto.EventRead
				facts = append(facts, status)
			case 5:
				facts = append(facts, reply)
			case 7:
				facts = append(facts, status)
			}
		}
		if err := s.Record(ctx, at, 7, answers); err != nil {
			t.Fatal(err)
		}
		must(s.ApplyFacts(ctx, at.Add(2*time.Minute), brazil, app.ID, facts))
	}
}
