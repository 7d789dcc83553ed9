package api_test

import (
	"context"
	"time"

	"arauto"
)

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
