package app

import (
	"context"
	"fmt"
	"time"

	"arauto"
)

// keptAtOnce bounds each transaction, so that forgetting is in nobody's way.
const (
	keptAtOnce = 1000
	// attachmentsAtOnce is fewer: each has a file.
	attachmentsAtOnce = 100
)

// retain forgets what each account keeps for a while only.
func (a *App) retain(ctx context.Context) {
	accounts, err := a.store.Accounts(ctx)
	for _, account := range accounts {
		for _, sweep := range []func(context.Context, arauto.Account, time.Time) error{a.retainWebhooks, a.retainMessages, a.retainAttachments, a.retainFiles} {
			if err == nil {
				err = sweep(ctx, account, clock())
			}
		}
	}
	if err != nil && ctx.Err() == nil {
		a.logger.Error("old data was not forgotten", "err", err)
	}
}

func (a *App) retainWebhooks(ctx context.Context, account arauto.Account, now time.Time) error {
	before := account.Rules.Retention.Webhooks(now)
	for n := int64(keptAtOnce); n == keptAtOnce && !before.IsZero(); {
		var err error
		if n, err = a.store.SweepWebhooks(ctx, account.ID, before, keptAtOnce); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) retainMessages(ctx context.Context, account arauto.Account, now time.Time) error {
	before := account.Rules.Retention.Messages(now)
	for after, end := int64(0), before.IsZero(); !end; {
		var err error
		if after, end, err = a.store.SweepMessages(ctx, account.ID, before, after, keptAtOnce); err != nil {
			return err
		}
	}
	return nil
}

// retainAttachments removes the files of conversations: first nobody is shown them, then they are gone, then it is
// forgotten where they were.
func (a *App) retainAttachments(ctx context.Context, account arauto.Account, now time.Time) error {
	before := account.Rules.Retention.Attachments(now)
	for n := attachmentsAtOnce; n == attachmentsAtOnce && !before.IsZero(); {
		list, err := a.store.PastAttachments(ctx, account.ID, before, attachmentsAtOnce)
		if n = len(list); err != nil || n == 0 {
			return err
		}
		ids := make([]int64, n)
		for i, f := range list {
			if err := a.blobs.Remove(ctx, f.Blob); err != nil {
				return err
			}
			ids[i] = f.ID
		}
		if err := a.store.ForgetAttachments(ctx, account.ID, ids); err != nil {
			return err
		}
	}
	return nil
}

// retainFiles removes what jobs read and wrote, once none of the account's is under way. What people sent in
// conversations is not among it.
func (a *App) retainFiles(ctx context.Context, account arauto.Account, now time.Time) error {
	before := account.Rules.Retention.Files(now)
	if before.IsZero() {
		return nil
	}
	open, err := a.store.OpenJobs(ctx, 1000)
	if err != nil {
		return err
	}
	for _, j := range open {
		if j.Account == account.ID {
			return nil // the next sweep
		}
	}
	for _, kind := range []string{"uploads", "rejects", "exports"} {
		keys, err := a.blobs.Older(ctx, fmt.Sprintf("%d/%s", account.ID, kind), before)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if err := a.blobs.Remove(ctx, key); err != nil {
				return err
			}
		}
	}
	return nil
}
