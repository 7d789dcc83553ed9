package api_test

import (
	"context"
	"time"

	"arauto"
)

const queueUUID = "0192f0c1-0000-7000-8000-000000000007"

func queueOf(account int64) arauto.Queue {
	return arauto.Queue{ID: 1, UUID: queueUUID, Account: account, Name: "Vendas"}
}

func (f *fakeStore) CreateQueue(_ context.Context, _ arauto.Actor, _ time.Time, q arauto.Queue) (arauto.Queue, error) {
	q.ID = 1
	return q, q.Check()
}

func (f *fakeStore) Queues(_ context.Context, account, _ int64, _ int) ([]arauto.Queue, error) {
	return all(queueOf(1), account)
}

func (f *fakeStore) Queue(_ context.Context, account, id int64) (arauto.Queue, error) {
	return mine(queueOf(1), "queue", account, id)
}

func (f *fakeStore) QueueByUUID(_ context.Context, account int64, uuid string) (arauto.Queue, error) {
	return mineUUID(queueOf(1), "queue", account, uuid, queueUUID)
}

func (f *fakeStore) ChangeQueue(_ context.Context, _ arauto.Actor, _ time.Time, account, id int64, change func(arauto.Queue) (arauto.Queue, error)) (arauto.Queue, error) {
	q, err := mine(queueOf(1), "queue", account, id)
	if err != nil {
		return q, err
	}
	return change(q)
}
