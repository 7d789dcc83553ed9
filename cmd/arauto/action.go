package main

import (
	"context"
)

// act does something to what is at path, because somebody says so, and shows what became of it.
func act[T any](ctx context.Context, c *client, path string, body any, show func(T) error) error {
	var got T
	raw, err := c.post(ctx, path, body, &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return show(got) })
}

// act does what happens to a campaign because somebody says so.
func (t theCampaign) act(ctx context.Context, c *client, action string, body any) error {
	path, err := t.path(ctx, c)
	if err != nil {
		return err
	}
	return act(ctx, c, path+"/"+action, body, func(got campaign) error {
		return c.say("Campaign %d %q: %s", got.ID, plain(got.Name), plain(got.status()))
	})
}

// confirming is how a person says that a restored campaign may send.
type confirming struct {
	ConfirmGap bool `help:"Of a restored campaign: I have looked at what may have been sent since the backup."`
}

// body is nothing at all where nothing was said.
func (k confirming) body() any {
	if !k.ConfirmGap {
		return nil
	}
	return map[string]string{"confirm": "gap"}
}

type campaignStartCmd struct {
	theCampaign
	confirming
}

type campaignResumeCmd struct {
	theCampaign
	confirming
}

type (
	campaignUnscheduleCmd struct{ theCampaign }
	campaignArchiveCmd    struct{ theCampaign }
)

func (k campaignStartCmd) Run(ctx context.Context, c *client) error {
	return k.act(ctx, c, "start", k.body())
}

func (k campaignResumeCmd) Run(ctx context.Context, c *client) error {
	return k.act(ctx, c, "resume", k.body())
}

func (k campaignUnscheduleCmd) Run(ctx context.Context, c *client) error {
	return k.act(ctx, c, "unschedule", nil)
}

func (k campaignArchiveCmd) Run(ctx context.Context, c *client) error {
	return k.act(ctx, c, "archive", nil)
}

type campaignPauseCmd struct {
	theCampaign
	Why string `help:"For those who wonder."`
}

func (k campaignPauseCmd) Run(ctx context.Context, c *client) error {
	return k.act(ctx, c, "pause", whyBody(k.Why))
}

type campaignCancelCmd struct {
	theCampaign
	Why string `help:"For those who wonder."`
}

func (k campaignCancelCmd) Run(ctx context.Context, c *client) error {
	return k.act(ctx, c, "cancel", whyBody(k.Why))
}

// whyBody is nothing at all where nothing was said.
func whyBody(why string) any {
	if why == "" {
		return nil
	}
	return map[string]string{"why": why}
}

type campaignScheduleCmd struct {
	theCampaign
	confirming
	Time when `arg:"" help:"\"2026-03-01 14:30\" here, RFC 3339 or +2h."`
}

func (k campaignScheduleCmd) Run(ctx context.Context, c *client) error {
	body := map[string]any{"scheduled_for": k.Time.pointer()}
	if k.ConfirmGap {
		body["confirm"] = "gap"
	}
	return k.act(ctx, c, "schedule", body)
}

type campaignDuplicateCmd struct {
	theCampaign
	Name string `help:"Of the copy; default: the original's with (copy)."`
}

func (k campaignDuplicateCmd) Run(ctx context.Context, c *client) error {
	var body any
	if k.Name != "" {
		body = map[string]string{"name": k.Name}
	}
	return k.act(ctx, c, "duplicate", body)
}
