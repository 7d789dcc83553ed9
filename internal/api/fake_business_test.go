package api_test

import (
	"context"
	"time"

	"arauto"
)

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
