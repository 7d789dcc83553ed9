package api_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"arauto"
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
