package api

import (
	"context"
	"time"

	"arauto"
)

// Gaps is what the API asks of the store about campaigns that come from a backup.
type Gaps interface {
	// Gaps are the campaigns' gaps that nobody has confirmed yet.
	Gaps(ctx context.Context, account int64, campaigns []int64) (map[int64]arauto.Gap, error)
	// ConfirmGap lets the campaign send again; it changes nothing where there is no gap.
	ConfirmGap(ctx context.Context, actor arauto.Actor, now time.Time, account, campaign int64) error
}

type wireGap struct {
	From  *time.Time `json:"from" doc:"When the backup was taken"`
	Until *time.Time `json:"until" doc:"When it was restored"`
	Heard int64      `json:"heard" doc:"Of the campaign's pending contacts, how many Meta has since told of a message to, sent in the gap by some campaign"`
}

func wordGap(gaps map[int64]arauto.Gap, campaign int64) *wireGap {
	g, ok := gaps[campaign]
	if !ok {
		return nil
	}
	return &wireGap{From: at(g.From), Until: at(g.Until), Heard: g.Heard}
}

type confirmBody struct {
	Confirm string `json:"confirm,omitempty" enum:"gap" doc:"gap: I have looked at what may have been sent between the backup and the restore"`
}

// confirm keeps that the caller has looked, where they say so.
func (a *API) confirm(ctx context.Context, c Caller, campaign arauto.Campaign, b *confirmBody) error {
	if b == nil || b.Confirm != "gap" {
		return nil
	}
	return a.Store.ConfirmGap(ctx, actor(c), a.Now(), c.Account.ID, campaign.ID)
}
