package api_test

import (
	"context"
	"time"

	"arauto"
)

// clickOf is a click of an ad without a ctwa_clid, whose conversation was closed.
func clickOf(account int64) arauto.ClickRow {
	id := "120210000000000001"
	return arauto.ClickRow{
		Click: arauto.Click{
			ID: 1, Account: account, Conversation: 5, Message: 6, Sender: 1, Person: 1, Contact: 1, Campaign: 1, First: true, Opened: true, At: now,
			Referral: arauto.Referral{
				SourceType: arauto.SourceAd, SourceID: &id, SourceURL: "https://fb.me/3aBc", Headline: "=Promoção", MediaType: "image", ImageURL: "https://scontent.example/a.jpg",
				Raw: `{"source_id":"120210000000000001"}`,
			},
		},
		ConversationUUID: "0192f0c1-0000-7000-8000-000000000005", RoutingPoint: 2, Agent: 3, Activity: "VENDA", PersonKey: "5511999881122", State: arauto.ConversationClosed,
	}
}

func (f *fakeStore) Clicks(_ context.Context, account int64, _ arauto.ClickFilter, before int64, _ int) ([]arauto.ClickRow, error) {
	if before == 1 {
		return nil, nil
	}
	if account != 1 {
		return nil, nil
	}
	return []arauto.ClickRow{clickOf(1)}, nil
}

func (f *fakeStore) Click(_ context.Context, account, id int64) (arauto.ClickRow, error) {
	if account != 1 || id != 1 {
		return arauto.ClickRow{}, arauto.Errorf(arauto.KindNotFound, "", "there is no click %d in this account", id)
	}
	return clickOf(1), nil
}

func (f *fakeStore) Sources(_ context.Context, account int64, _, _ time.Time, after arauto.SourceKey, _ int) ([]arauto.SourceRow, error) {
	if account != 1 || after.ID != "" {
		return nil, nil
	}
	return []arauto.SourceRow{{
		SourceKey: arauto.SourceKey{Type: arauto.SourceAd, ID: "120210000000000001"}, URL: "https://fb.me/3aBc", Headline: "Promoção", Clicks: 3, Conversations: 2, Handled: 2, Closed: 1,
		Answered: 2, AnswerTime: 1500 * time.Millisecond, Outcomes: []arauto.SourceOutcome{{Code: 4, Text: "VENDA", Name: "Venda", Conversations: 1}},
		Values: []arauto.Money{{Currency: arauto.BRL, Micros: 150_000_000}},
	}}, nil
}

func conversionOf(account int64) arauto.Conversion {
	return arauto.Conversion{ID: 1, Account: account, Click: 1, Conversation: 5, Code: 4, Event: "Purchase", State: arauto.ConversionFailed, Detail: "refused", ErrorCode: 100, At: now}
}

func (f *fakeStore) Conversions(_ context.Context, account int64, _ arauto.ConversionState, _ int64, _ int) ([]arauto.Conversion, error) {
	return all(conversionOf(1), account)
}

func (f *fakeStore) ReplayConversion(_ context.Context, _ arauto.Actor, at time.Time, account, id int64) (arauto.Conversion, error) {
	if account != 1 || id != 1 {
		return arauto.Conversion{}, arauto.Errorf(arauto.KindNotFound, "", "there is no conversion %d in this account", id)
	}
	return conversionOf(1).Apply(arauto.ConversionAgain, at, 0, "")
}

func (f *fakeStore) ConversionRules(_ context.Context, account, _ int64, _ int) ([]arauto.ConversionRule, error) {
	return all(arauto.ConversionRule{Account: 1, Code: 4, Event: "Purchase", Value: arauto.Money{Currency: arauto.BRL, Micros: 150_000_000}}, account)
}

func (f *fakeStore) SaveConversionRule(_ context.Context, _ arauto.Actor, _ time.Time, r arauto.ConversionRule) error {
	if r.Account != 1 || r.Code != 1 {
		return arauto.Errorf(arauto.KindNotFound, "", "there is no activity code %d in this account", r.Code)
	}
	return r.Check()
}

func (f *fakeStore) DeleteConversionRule(_ context.Context, _ arauto.Actor, _ time.Time, account, code int64) error {
	if account != 1 || code != 1 {
		return arauto.Errorf(arauto.KindNotFound, "", "there is no conversion rule of activity code %d in this account", code)
	}
	return nil
}
