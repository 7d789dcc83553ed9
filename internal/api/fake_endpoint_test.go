package api_test

import (
	"context"
	"time"

	"arauto"
)

func endpointOf(account int64) arauto.Endpoint {
	return arauto.Endpoint{ID: 1, UUID: "e", Account: account, URL: "https://example.com/hook", State: arauto.EndpointActive, Secret: "whsec_secret-of-an-endpoint"}
}

func (f *fakeStore) CreateEndpoint(_ context.Context, _ arauto.Actor, _ time.Time, e arauto.Endpoint) (arauto.Endpoint, error) {
	f.called("CreateEndpoint")
	e.ID, e.State = 1, arauto.EndpointActive
	return e, nil
}

func (f *fakeStore) Endpoints(_ context.Context, account, _ int64, _ int) ([]arauto.Endpoint, error) {
	return all(endpointOf(1), account)
}

func (f *fakeStore) Endpoint(_ context.Context, account, id int64) (arauto.Endpoint, error) {
	return mine(endpointOf(1), "endpoint", account, id)
}

func (f *fakeStore) ChangeEndpoint(_ context.Context, _ arauto.Actor, _ time.Time, account, id int64, action string, change func(arauto.Endpoint) (arauto.Endpoint, error)) (arauto.Endpoint, error) {
	e, err := mine(endpointOf(1), "endpoint", account, id)
	if err != nil {
		return e, err
	}
	f.called("ChangeEndpoint " + action)
	return change(e)
}

func (f *fakeStore) DeleteEndpoint(_ context.Context, _ arauto.Actor, _ time.Time, account, id int64) error {
	_, err := mine(endpointOf(1), "endpoint", account, id)
	return err
}

func (f *fakeStore) Notices(_ context.Context, account, _ int64, _ int) ([]arauto.Notice, error) {
	return all(arauto.Notice{ID: 1, Epoch: 1, Type: arauto.NoticeImportFinished, At: now, Data: `{"accepted":1}`}, account)
}

func (f *fakeStore) Notice(_ context.Context, account, id int64) (arauto.Notice, error) {
	return mine(arauto.Notice{ID: 1, Epoch: 1}, "event", account, id)
}

func (f *fakeStore) NoticeSince(context.Context, int64, time.Time) (int64, error) { return 1, nil }

func (o *fakeOthers) Ping(context.Context, arauto.Endpoint) arauto.Handover {
	return arauto.Handover{Status: 503, Words: "answered 503 Service Unavailable"}
}
