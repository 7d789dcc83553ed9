package app

import (
	"context"

	"arauto"
	"arauto/internal/store"
	"arauto/internal/whatsapp"
)

// conversionPost is how the feedback engine reaches Meta: by the sender that the person wrote to, into the dataset of its
// WABA, which is asked for once.
type conversionPost struct {
	meta  *whatsapp.Client
	store *store.Store
}

func (p conversionPost) Post(ctx context.Context, c arauto.Conversion) error {
	sender, err := p.store.Sender(ctx, c.Account, c.Sender)
	if err != nil {
		return notPosted(err)
	}
	waba, err := p.store.WABA(ctx, c.Account, sender.WABA)
	if err != nil {
		return notPosted(err)
	}
	dataset, err := p.store.Dataset(ctx, c.Account, waba.ID)
	if err != nil {
		return notPosted(err)
	}
	if dataset == "" {
		if dataset, err = p.meta.Dataset(ctx, sender, waba.MetaID); err != nil {
			return notPosted(err)
		}
		if err := p.store.SaveDataset(ctx, c.Account, waba.ID, dataset); err != nil {
			return notPosted(err)
		}
	}
	return p.meta.Convert(ctx, sender, waba.MetaID, dataset, c)
}

// notPosted is err of something that came before the event: whatever it was, Meta has not taken the event.
func notPosted(err error) error {
	e := &arauto.SendError{Detail: err.Error(), Reason: arauto.ReasonSenderTrouble, Scope: arauto.ScopeSender, Action: arauto.ActionRetry}
	if refusal, ok := err.(*arauto.SendError); ok { //nolint:errorlint // what is wrapped is not Meta's answer
		e.Code = refusal.Code
	}
	return e
}
