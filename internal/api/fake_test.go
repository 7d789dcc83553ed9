package api_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"arauto"
	"arauto/internal/api"
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const (
	appUUID      = "0192f0c1-0000-7000-8000-000000000001"
	senderUUID   = "0192f0c1-0000-7000-8000-000000000002"
	templateUUID = "0192f0c1-0000-7000-8000-000000000003"
	campaignUUID = "0192f0c1-0000-7000-8000-000000000004"
	talkUUID     = "0192f0c1-0000-7000-8000-000000000005"
	jobUUID      = "0192f0c1-0000-7000-8000-000000000006"
)

// fakeStore holds one of everything, number 1 of account 1. Account 2 has nothing.
type fakeStore struct {
	mu       sync.Mutex
	account  arauto.Account
	tokens   []arauto.Token // of every account
	app      arauto.App
	waba     arauto.WABA
	sender   arauto.Sender
	template arauto.Template
	campaign arauto.Campaign
	contacts []arauto.ContactRow // ascending
	holds    []arauto.Suppression
	answers  map[string]*kept
	events   []arauto.CampaignEvent
	calls    map[string]int
	wait     time.Duration // before a password is looked at
}

type kept struct {
	print  string
	answer *arauto.StoredAnswer
}

func newFakeStore() *fakeStore {
	f := &fakeStore{
		account: arauto.Account{ID: 1, UUID: "u", Slug: "acme", Name: "Acme", Country: "BR", TimeZone: "America/Sao_Paulo", Language: arauto.Portuguese, StopWords: []string{"SAIR"}},
		app:     arauto.App{ID: 1, UUID: appUUID, Account: 1, MetaID: "10", Name: "App", Secret: "meta-app-secret", VerifyToken: "verify-secret"},
		waba:    arauto.WABA{ID: 1, Account: 1, App: 1, MetaID: "20", Name: "WABA"},
		sender: arauto.Sender{
			ID: 1, UUID: senderUUID, Account: 1, App: 1, WABA: 1, Name: "Vendas", PhoneNumberID: "30", Token: "meta-token-secret",
			GraphURL: arauto.DefaultGraphURL, GraphVersion: arauto.DefaultGraphVersion, Rate: 80,
		},
		template: arauto.Template{ID: 1, UUID: templateUUID, Account: 1, WABA: 1, Name: "oferta", Language: "pt_BR", Category: "MARKETING", Status: "APPROVED", Body: "Olá {{1}}, seu CPF {{2}}"},
		campaign: arauto.Campaign{
			ID: 1, UUID: campaignUUID, Account: 1, Sender: 1, Template: 1, Name: "Natal", Channel: arauto.ChannelWhatsApp, State: arauto.CampaignDraft, Version: 3,
			Mapping: arauto.Mapping{"body.1": {From: arauto.FromContact, Text: "first_name"}, "body.2": {From: arauto.FromField, Text: "cpf"}},
		},
		answers: map[string]*kept{}, calls: map[string]int{},
	}
	f.contacts = append(f.contacts, row(1, arauto.ContactPending))
	return f
}

func row(id int64, state arauto.ContactState) arauto.ContactRow {
	phone := arauto.Phone(fmt.Sprintf("+551199988%04d", id))
	return arauto.ContactRow{
		Contact: arauto.Contact{
			ID: id, Account: 1, Campaign: 1, Name: "Ana Souza", Phone: phone, PhoneRaw: string(phone), PersonKey: phone.PersonKey(), State: state,
			Fields: arauto.Fields{{Key: "z", Value: "1"}, {Key: "cpf", Value: "1&1"}}, InsertedAt: now.Add(time.Duration(id) * time.Second), UpdatedAt: now.Add(-time.Hour + time.Duration(id)*time.Second),
		},
		RawFields: `{"z":"1","cpf":"1&1"}`, CampaignUUID: campaignUUID, CampaignName: "Natal", TemplateName: "oferta",
	}
}

// mine is v when it is account 1's number 1.
func mine[T any](v T, thing string, account, id int64) (T, error) {
	if account == 1 && id == 1 {
		return v, nil
	}
	var none T
	return none, arauto.Errorf(arauto.KindNotFound, "", "there is no %s %d", thing, id)
}

func mineUUID[T any](v T, thing string, account int64, got, want string) (T, error) {
	id := int64(0)
	if got == want {
		id = 1
	}
	return mine(v, thing, account, id)
}

func all[T any](v T, account int64) ([]T, error) {
	if account != 1 {
		return nil, nil
	}
	return []T{v}, nil
}

func (f *fakeStore) called(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[what]++
}

func (f *fakeStore) TokenByHash(_ context.Context, hash string) (arauto.Token, error) {
	for _, t := range f.tokens {
		if t.Hash == hash {
			return t, nil
		}
	}
	return arauto.Token{}, arauto.Errorf(arauto.KindNotFound, "", "there is no such token")
}

func (f *fakeStore) LogRequests(context.Context, int64, int64, []arauto.Request) error { return nil }

func (f *fakeStore) Account(_ context.Context, id int64) (arauto.Account, error) {
	if id == 2 {
		return arauto.Account{ID: 2, Slug: "other", Country: "BR", TimeZone: "UTC"}, nil
	}
	return f.account, nil
}

func (f *fakeStore) UpdateAccount(_ context.Context, _ arauto.Actor, _ time.Time, a arauto.Account) (arauto.Account, error) {
	f.account = a
	return a, nil
}

func (f *fakeStore) CreateToken(_ context.Context, _ arauto.Actor, _ time.Time, t arauto.Token) (arauto.Token, error) {
	f.called("CreateToken")
	t.ID = 77
	return t, nil
}

func (f *fakeStore) Tokens(_ context.Context, account, _ int64, _ int) ([]arauto.Token, error) {
	return all(arauto.Token{ID: 1, Name: "erp"}, account)
}

func (f *fakeStore) RevokeToken(_ context.Context, _ arauto.Actor, _ time.Time, account, id int64) error {
	_, err := mine(0, "token", account, id)
	return err
}

func (f *fakeStore) Requests(_ context.Context, account, token int64) ([]arauto.Request, error) {
	if _, err := mine(0, "token", account, token); err != nil {
		return nil, err
	}
	return []arauto.Request{{At: now, Method: "GET", Path: "/api/v1/account", Status: 200, Duration: time.Millisecond, Remote: "::1"}}, nil
}

func (f *fakeStore) Audits(_ context.Context, account, _ int64, _ int) ([]arauto.Audit, error) {
	return all(arauto.Audit{ID: 1, Action: "campaign.start", Detail: `{"a":1}`}, account)
}

func (f *fakeStore) BeginIdempotent(_ context.Context, _ time.Time, account, token int64, key, print string) (arauto.Reservation, *arauto.StoredAnswer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := arauto.Reservation{Account: account, Token: token, Key: key, Run: 7}
	k := f.answers[nameOf(r)]
	switch {
	case k == nil:
		f.answers[nameOf(r)] = &kept{print: print}
		return r, nil, nil
	case k.print != print || k.answer == nil:
		return r, nil, arauto.Errorf(arauto.KindConflict, "", "this key was used for another request")
	}
	return r, k.answer, nil
}

func nameOf(r arauto.Reservation) string { return fmt.Sprint(r.Account, r.Token, r.Key, r.Run) }

type reservedKey struct{}

func (f *fakeStore) UnderIdempotent(ctx context.Context, r arauto.Reservation) context.Context {
	return context.WithValue(ctx, reservedKey{}, r)
}

func (f *fakeStore) KeepIdempotent(context.Context, time.Time, arauto.Reservation) error { return nil }

func (f *fakeStore) FinishIdempotent(_ context.Context, r arauto.Reservation, a arauto.StoredAnswer) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	a.Body = slices.Clone(a.Body)
	f.answers[nameOf(r)].answer = &a
	return nil
}

func (f *fakeStore) ForgetIdempotent(_ context.Context, r arauto.Reservation) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.answers, nameOf(r))
	return nil
}

func (f *fakeStore) CreateApp(_ context.Context, _ arauto.Actor, _ time.Time, a arauto.App) (arauto.App, error) {
	a.ID, a.UUID = 1, appUUID
	return a, nil
}

func (f *fakeStore) UpdateApp(_ context.Context, _ arauto.Actor, _ time.Time, a arauto.App) (arauto.App, error) {
	f.app = a
	return a, nil
}

func (f *fakeStore) Apps(_ context.Context, account, _ int64, _ int) ([]arauto.App, error) {
	return all(f.app, account)
}

func (f *fakeStore) App(_ context.Context, account, id int64) (arauto.App, error) {
	return mine(f.app, "app", account, id)
}

func (f *fakeStore) AppByUUID(_ context.Context, uuid string) (arauto.App, error) {
	return mineUUID(f.app, "app", 1, uuid, appUUID)
}

func (f *fakeStore) SaveWABA(_ context.Context, _ arauto.Actor, _ time.Time, w arauto.WABA, _ string) (arauto.WABA, error) {
	w.ID = 1
	return w, nil
}

func (f *fakeStore) WABAs(_ context.Context, account, _ int64, _ int) ([]arauto.WABA, error) {
	return all(f.waba, account)
}

func (f *fakeStore) WABA(_ context.Context, account, id int64) (arauto.WABA, error) {
	return mine(f.waba, "WhatsApp Business Account", account, id)
}

func (f *fakeStore) portfolio() arauto.Portfolio {
	return arauto.Portfolio{ID: 1, Account: 1, App: 1, MetaID: "30", Limit: 2000}
}

func (f *fakeStore) Portfolios(_ context.Context, account, _ int64, _ int) ([]arauto.Portfolio, error) {
	return all(f.portfolio(), account)
}

func (f *fakeStore) Portfolio(_ context.Context, account, id int64) (arauto.Portfolio, error) {
	return mine(f.portfolio(), "portfolio", account, id)
}

func (f *fakeStore) UpdatePortfolio(_ context.Context, _ arauto.Actor, _ time.Time, p arauto.Portfolio) (arauto.Portfolio, error) {
	return p, nil
}

func (f *fakeStore) Reach(context.Context, time.Time, int64, int64) (arauto.Budget, error) {
	return arauto.Budget{Limit: 2000, Used: 1834, FreeAt: now}, nil
}

func (f *fakeStore) RampUp(context.Context, time.Time, arauto.Sender) (arauto.Budget, error) {
	return arauto.Budget{}, nil
}

func (f *fakeStore) CreateSender(_ context.Context, _ arauto.Actor, _ time.Time, s arauto.Sender) (arauto.Sender, error) {
	s.ID, s.UUID = 1, senderUUID
	return s, nil
}

func (f *fakeStore) UpdateSender(_ context.Context, _ arauto.Actor, _ time.Time, _, _ int64, change func(arauto.Sender) (arauto.Sender, error)) (arauto.Sender, error) {
	s, err := change(f.sender)
	if err == nil {
		f.sender = s
	}
	return s, err
}

func (f *fakeStore) Senders(_ context.Context, account, _ int64, _ int) ([]arauto.Sender, error) {
	return all(f.sender, account)
}

func (f *fakeStore) Sender(_ context.Context, account, id int64) (arauto.Sender, error) {
	return mine(f.sender, "sender", account, id)
}

func (f *fakeStore) SenderByUUID(_ context.Context, account int64, uuid string) (arauto.Sender, error) {
	return mineUUID(f.sender, "sender", account, uuid, senderUUID)
}

func (f *fakeStore) Templates(_ context.Context, account, _ int64, _ int) ([]arauto.Template, error) {
	return all(f.template, account)
}

func (f *fakeStore) ApprovedTemplates(_ context.Context, account, _, _ int64, _ int) ([]arauto.Template, error) {
	return all(f.template, account)
}

func (f *fakeStore) Template(_ context.Context, account, id int64) (arauto.Template, error) {
	return mine(f.template, "template", account, id)
}

func (f *fakeStore) TemplateByUUID(_ context.Context, account int64, uuid string) (arauto.Template, error) {
	return mineUUID(f.template, "template", account, uuid, templateUUID)
}

func (f *fakeStore) CreateCampaign(_ context.Context, _ arauto.Actor, _ time.Time, c arauto.Campaign) (arauto.Campaign, error) {
	f.called("CreateCampaign")
	c.ID, c.UUID, c.Version = 1, campaignUUID, 1
	return c, nil
}

func (f *fakeStore) UpdateCampaign(_ context.Context, _ arauto.Actor, _ time.Time, c arauto.Campaign) (arauto.Campaign, error) {
	c.Version++
	f.campaign = c
	return c, nil
}

func (f *fakeStore) Campaign(_ context.Context, account, id int64) (arauto.Campaign, error) {
	return mine(f.campaign, "campaign", account, id)
}

func (f *fakeStore) CampaignByUUID(_ context.Context, account int64, uuid string) (arauto.Campaign, error) {
	return mineUUID(f.campaign, "campaign", account, uuid, campaignUUID)
}

func (f *fakeStore) Campaigns(_ context.Context, account, _ int64, _ int, _ []arauto.CampaignState) ([]arauto.Campaign, error) {
	return all(f.campaign, account)
}

func (*fakeStore) Gaps(context.Context, int64, []int64) (map[int64]arauto.Gap, error) {
	return nil, nil
}

func (*fakeStore) ConfirmGap(context.Context, arauto.Actor, time.Time, int64, int64) error {
	return nil
}

func (f *fakeStore) ChangeCampaign(_ context.Context, _ arauto.Actor, at time.Time, account, id int64, e arauto.CampaignEvent, why string) (arauto.Campaign, error) {
	if _, err := mine(0, "campaign", account, id); err != nil {
		return arauto.Campaign{}, err
	}
	c, err := f.campaign.Apply(e, why, at)
	if err == nil {
		f.campaign = c
		f.events = append(f.events, e)
	}
	return c, err
}

func (f *fakeStore) Counts(context.Context, int64, []int64) (map[int64]arauto.Counts, error) {
	return map[int64]arauto.Counts{1: {arauto.ContactPending: int64(len(f.contacts))}}, nil
}

func (f *fakeStore) AddContacts(_ context.Context, _ time.Time, _, _ int64, list []arauto.Contact) ([]arauto.Added, error) {
	f.called("AddContacts")
	out := make([]arauto.Added, len(list))
	for i, c := range list {
		at := slices.IndexFunc(f.contacts, func(r arauto.ContactRow) bool { return r.PersonKey == c.PersonKey })
		if at >= 0 {
			out[i] = arauto.Added{ID: f.contacts[at].ID, Duplicate: true}
			continue
		}
		c.ID = int64(len(f.contacts) + 1)
		f.contacts = append(f.contacts, arauto.ContactRow{Contact: c})
		out[i].ID = c.ID
	}
	return out, nil
}

func (f *fakeStore) Contact(_ context.Context, account, id int64) (arauto.ContactRow, error) {
	return mine(f.contacts[0], "contact", account, id)
}

func (f *fakeStore) ContactRows(_ context.Context, account int64, q arauto.ContactFilter, below int64, limit int) ([]arauto.ContactRow, error) {
	f.called("ContactRows")
	var out []arauto.ContactRow
	for _, r := range slices.Backward(f.contacts) {
		if account == 1 && !q.Empty && (below == 0 || r.ID < below) && len(out) < limit && (q.States == nil || slices.Contains(q.States, r.State)) {
			out = append(out, r)
		}
	}
	return out, nil
}

func (f *fakeStore) AttemptsOf(context.Context, int64, int64) ([]arauto.Attempt, error) {
	return []arauto.Attempt{{ID: 5, Number: 1, Epoch: 1, State: arauto.AttemptFailed, Code: 131026}}, nil
}

func (f *fakeStore) ContactsOf(_ context.Context, account int64, keys []string) ([]arauto.ContactRow, error) {
	if account == 1 && slices.Contains(keys, f.contacts[0].PersonKey) {
		return f.contacts[:1], nil
	}
	return nil, nil
}

func (f *fakeStore) GateInputs(_ context.Context, _ time.Time, _ int64, ids []int64) ([]arauto.GateInput, error) {
	var out []arauto.GateInput
	for _, r := range f.contacts {
		if slices.Contains(ids, r.ID) {
			in := arauto.GateInput{Contact: r.Contact, Campaign: f.campaign, Marketing: true, Suppressions: f.holdsOf(r.PersonKey)}
			if _, err := f.template.Render(f.campaign.Mapping, r.Contact); err != nil {
				in.Unfit = err.Error()
			}
			out = append(out, in)
		}
	}
	return out, nil
}

func (f *fakeStore) holdsOf(key string) []arauto.Suppression {
	return slices.DeleteFunc(slices.Clone(f.holds), func(s arauto.Suppression) bool { return s.PersonKey != key })
}

func (f *fakeStore) SuppressionsOf(_ context.Context, _ int64, keys []string) (map[string][]arauto.Suppression, error) {
	out := map[string][]arauto.Suppression{}
	for _, k := range keys {
		out[k] = f.holdsOf(k)
	}
	return out, nil
}

func (f *fakeStore) job() arauto.Job {
	return arauto.Job{ID: 1, UUID: jobUUID, Account: 1, Campaign: 1, Kind: arauto.JobImport, State: arauto.JobRunning, Total: 10, Done: 5, Rejected: 1}
}

func (f *fakeStore) Job(_ context.Context, account, id int64) (arauto.Job, error) {
	if j := f.job(); id == 8 && account == 1 {
		j.ID, j.Kind, j.State, j.FinishedAt = 8, arauto.JobExport, arauto.JobCompleted, now
		return j, nil
	}
	if j := f.job(); id == 9 && account == 1 {
		j.ID, j.Kind, j.State, j.FinishedAt = 9, arauto.JobPersonExport, arauto.JobCompleted, now
		return j, nil
	}
	return mine(f.job(), "job", account, id)
}

func (f *fakeStore) JobByUUID(_ context.Context, account int64, uuid string) (arauto.Job, error) {
	return mineUUID(f.job(), "job", account, uuid, jobUUID)
}

func (f *fakeStore) Jobs(_ context.Context, account, _, _ int64, _ int) ([]arauto.Job, error) {
	return all(f.job(), account)
}

func (f *fakeStore) CancelJob(_ context.Context, _ arauto.Actor, _ time.Time, account, id int64) error {
	_, err := mine(0, "job", account, id)
	return err
}

func (f *fakeStore) AddSuppressions(_ context.Context, _ arauto.Actor, _ time.Time, _ int64, list []arauto.Suppression) ([]arauto.Suppression, error) {
	for i := range list {
		list[i].ID = int64(i + 1)
	}
	f.holds = append(f.holds, list...)
	return list, nil
}

func (f *fakeStore) LiftSuppression(_ context.Context, _ arauto.Actor, _ time.Time, account, id int64, _ string) error {
	_, err := mine(0, "suppression", account, id)
	return err
}

func (f *fakeStore) Suppressions(_ context.Context, account, _ int64, _ int, _ string) ([]arauto.Suppression, error) {
	return all(arauto.Suppression{ID: 1, Scope: arauto.SuppressAll}, account)
}

func (f *fakeStore) person(account int64) (arauto.Person, error) {
	key := f.contacts[0].PersonKey
	return mine(arauto.Person{ID: 1, Account: 1, Key: key, Name: "Ana Souza", Aliases: []arauto.Alias{{Kind: arauto.AliasUserID, Value: "BR.1"}}}, "person", account, 1)
}

func (f *fakeStore) Person(_ context.Context, account int64, _ string) (arauto.Person, error) {
	return f.person(account)
}

func (f *fakeStore) PersonByID(_ context.Context, account, _ int64) (arauto.Person, error) {
	return f.person(account)
}

func (f *fakeStore) PersonByAlias(_ context.Context, account int64, _ arauto.Alias) (arauto.Person, error) {
	return f.person(account)
}

func (f *fakeStore) MergePersons(_ context.Context, _ arauto.Actor, _ time.Time, account int64, _, _ string) (arauto.Person, error) {
	f.called("MergePersons")
	return f.person(account)
}

func (f *fakeStore) ContactsOfPerson(_ context.Context, account int64, _ string, _ int64, _ int) ([]arauto.ContactRow, error) {
	return all(f.contacts[0], account)
}

func (f *fakeStore) Rates(_ context.Context, account int64) (arauto.Rates, error) {
	return all(arauto.Rate{Country: "BR", Category: "marketing", Currency: arauto.BRL, Micros: 312_500}, account)
}

func (f *fakeStore) ReplaceRates(_ context.Context, _ arauto.Actor, _ time.Time, _ int64, list []arauto.Rate) error {
	f.called("ReplaceRates")
	return arauto.CheckRates(list)
}

func (f *fakeStore) Costs(context.Context, int64, []int64) (map[int64][]arauto.CostLine, error) {
	return map[int64][]arauto.CostLine{1: {{Billing: arauto.BillingRegular, Currency: arauto.BRL, Category: "marketing", Country: "BR", Messages: 2, Micros: 625_000}}}, nil
}

func (f *fakeStore) Countries(context.Context, int64, []int64) (map[int64]map[string]int64, error) {
	return map[int64]map[string]int64{1: {"BR": 10, "AR": 1}}, nil
}

func (f *fakeStore) ConversationByUUID(_ context.Context, account int64, uuid string) (arauto.Conversation, error) {
	return mineUUID(talkOf(1), "conversation", account, uuid, talkUUID)
}

func (f *fakeStore) Messages(_ context.Context, account, _, _ int64, _ int) ([]arauto.InboundMessage, error) {
	return all(arauto.InboundMessage{ID: 1, Kind: "text", Text: "Sim"}, account)
}

func (*fakeStore) SearchProgress(context.Context, int64) (arauto.SearchProgress, error) {
	return arauto.SearchProgress{IndexedTo: 2048, Newest: 2100, Stale: 1}, nil
}

func (f *fakeStore) UpdatedContacts(_ context.Context, account int64, _ arauto.ContactFilter, since time.Time, after int64, limit int) ([]arauto.ContactRow, error) {
	var out []arauto.ContactRow
	for _, r := range f.contacts { // UpdatedAt ascends with the id here
		later := r.UpdatedAt.After(since) || r.UpdatedAt.Equal(since) && r.ID > after
		if account == 1 && later && len(out) < limit {
			out = append(out, r)
		}
	}
	return out, nil
}

func (f *fakeStore) Webhooks(_ context.Context, account int64, state arauto.WebhookState, _ bool, _ int64, _ int) ([]arauto.Webhook, error) {
	return all(arauto.Webhook{ID: 1, State: state, Note: "not JSON", Body: []byte("{")}, account)
}

// fakeOthers are the interfaces that are not the store's.
type fakeOthers struct {
	started []string
	sent    []arauto.Message
	refuse  error
}

func (o *fakeOthers) Sync(context.Context, arauto.Actor, int64, int64) (added, changed int, err error) {
	return 2, 1, o.refuse
}

func (o *fakeOthers) SyncNumber(_ context.Context, _ arauto.Actor, s arauto.Sender) (arauto.Sender, error) {
	s.Rate = 1000
	return s, nil
}

func (o *fakeOthers) Start(_ context.Context, _ arauto.Actor, account, campaign int64, name string, file io.Reader, how api.ImportOptions) (arauto.Job, error) {
	body, err := io.ReadAll(file)
	if err != nil {
		return arauto.Job{}, err
	}
	o.started = append(o.started, fmt.Sprintf("%d/%d %q %q %v", account, campaign, name, body, how.Columns))
	return arauto.Job{ID: 1, UUID: jobUUID, Campaign: campaign, Kind: arauto.JobImport, State: arauto.JobQueued}, nil
}

func (o *fakeOthers) Preview(_ context.Context, account, campaign int64, name string, file io.Reader, how api.ImportOptions) (api.ImportPreview, error) {
	body, err := io.ReadAll(file)
	if err != nil {
		return api.ImportPreview{}, err
	}
	o.started = append(o.started, fmt.Sprintf("preview %d/%d %q %q %+v", account, campaign, name, body, how))
	return api.ImportPreview{
		Format: "csv", Separator: ";", Encoding: "utf-8", Sheets: []string{}, Columns: []api.ImportColumn{{Header: "fone", Target: "phone"}},
		Rows: []api.ImportPreviewRow{{Row: 2, Cells: []string{"1"}, Verdict: "refused", Reason: "phone is too short"}}, Counts: api.ImportPreviewCounts{Refused: 1},
	}, nil
}

func (o *fakeOthers) Rejects(context.Context, int64, arauto.Job) (io.ReadCloser, string, string, error) {
	return io.NopCloser(strings.NewReader("nome,telefone\n")), "contatos-rejects.csv", "text/csv; charset=utf-8", nil
}

func (o *fakeOthers) TestSend(_ context.Context, _ arauto.Actor, _ arauto.Sender, m arauto.Message) (arauto.Receipt, error) {
	o.sent = append(o.sent, m)
	return arauto.Receipt{ProviderID: "wamid.1", WAID: m.To.Digits()}, o.refuse
}

// fakePhones reads E.164, and anything else of ten digits or more as Brazilian.
type fakePhones struct{}

func (fakePhones) Parse(country, raw string) (arauto.Phone, error) {
	if p, ok := arauto.ParseE164(raw); ok {
		return p, nil
	}
	if p := arauto.Phone("+55" + raw); country == "BR" && len(raw) >= 10 && p.Valid() {
		return p, nil
	}
	return "", arauto.Errorf(arauto.KindInvalid, "phone", "%q is not a phone number", raw)
}

func (p fakePhones) Search(country, raw string) []arauto.Phone {
	phone, err := p.Parse(country, raw)
	if err != nil {
		return nil
	}
	return []arauto.Phone{phone}
}
