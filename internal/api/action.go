package api

import (
	"context"
	"net/http"
	"time"

	"arauto"
)

// actions are what happens to a campaign because somebody says so. Each may be asked twice.
func (a *API) actions() {
	for _, act := range []struct {
		event   arauto.CampaignEvent
		summary string
	}{
		{arauto.CampaignUnschedule, "Make a scheduled campaign a draft again"},
		{arauto.CampaignArchive, "Put a campaign out of the way"},
	} {
		handle(a, actionOp(act.event, act.summary), func(ctx context.Context, c Caller, in *ByRef) (*wireCampaign, error) {
			campaign, err := a.campaign(ctx, c, ref(in.ID))
			if err != nil {
				return nil, err
			}
			return a.act(ctx, c, campaign, act.event, "")
		})
	}
	handle(a, actionOp(arauto.CampaignStart, "Start a campaign"), a.sendCampaign(arauto.CampaignStart))
	handle(a, actionOp(arauto.CampaignResume, "Go on with a paused campaign"), a.sendCampaign(arauto.CampaignResume))
	handle(a, actionOp(arauto.CampaignPause, "Try nobody new for now; facts still come in"), a.pauseCampaign(arauto.CampaignPause))
	handle(a, actionOp(arauto.CampaignCancel, "Give a campaign up: its pending contacts are cancelled"), a.pauseCampaign(arauto.CampaignCancel))
	handle(a, actionOp(arauto.CampaignSchedule, "Start a campaign later"), a.scheduleCampaign)
	handle(a, op{method: http.MethodPost, path: "/campaigns/{id}/duplicate", scope: arauto.TokenWrite, tag: "campaigns", summary: "Copy a campaign without its contacts", status: http.StatusCreated}, a.duplicateCampaign)
}

func actionOp(e arauto.CampaignEvent, summary string) op {
	return op{method: http.MethodPost, path: "/campaigns/{id}/" + string(e), scope: arauto.TokenWrite, tag: "campaigns", summary: summary}
}

type sendInput struct {
	ByRef
	Body *confirmBody
}

// sendCampaign has a campaign send, once everything is in place for it.
func (a *API) sendCampaign(e arauto.CampaignEvent) func(context.Context, Caller, *sendInput) (*wireCampaign, error) {
	return func(ctx context.Context, c Caller, in *sendInput) (*wireCampaign, error) {
		campaign, err := a.campaign(ctx, c, ref(in.ID))
		if err != nil {
			return nil, err
		}
		if err := a.startable(ctx, campaign, e); err != nil {
			return nil, err
		}
		if err := a.confirm(ctx, c, campaign, in.Body); err != nil {
			return nil, err
		}
		return a.act(ctx, c, campaign, e, "")
	}
}

func (a *API) act(ctx context.Context, c Caller, campaign arauto.Campaign, e arauto.CampaignEvent, why string) (*wireCampaign, error) {
	next, err := a.Store.ChangeCampaign(ctx, actor(c), a.Now(), c.Account.ID, campaign.ID, e, why)
	if err == nil && next.State == arauto.CampaignRunning && campaign.State == arauto.CampaignPaused {
		err = a.recall(ctx, c.Account.ID, campaign.ID) // its hours may have been changed while it stood
	}
	return a.answerCampaign(ctx, next, err)
}

func (a *API) pauseCampaign(e arauto.CampaignEvent) func(context.Context, Caller, *pauseInput) (*wireCampaign, error) {
	return func(ctx context.Context, c Caller, in *pauseInput) (*wireCampaign, error) {
		campaign, err := a.campaign(ctx, c, ref(in.ID))
		if err != nil {
			return nil, err
		}
		why := "paused by " + c.Token.Name
		if in.Body != nil && in.Body.Why != "" {
			why = in.Body.Why
		}
		return a.act(ctx, c, campaign, e, why)
	}
}

type pauseInput struct {
	ByRef
	Body *whyBody
}

type scheduleBody struct {
	confirmBody
	ScheduledFor *time.Time `json:"scheduled_for,omitempty" doc:"When it is to start; absent = as the campaign has it"`
}

func (a *API) scheduleCampaign(ctx context.Context, c Caller, in *struct {
	ByRef
	Body *scheduleBody
},
) (*wireCampaign, error) {
	campaign, err := a.campaign(ctx, c, ref(in.ID))
	if err != nil {
		return nil, err
	}
	if in.Body != nil && in.Body.ScheduledFor != nil {
		campaign.ScheduledFor = moment(in.Body.ScheduledFor)
	}
	// Asked of the table first: a moment must not be stored for a campaign that cannot be scheduled.
	if _, err := campaign.Apply(arauto.CampaignSchedule, "", a.Now()); err != nil {
		return nil, err
	}
	if !campaign.ScheduledFor.After(a.Now()) {
		return nil, arauto.Errorf(arauto.KindInvalid, "body.scheduled_for", "this moment has passed: choose a later one, or start the campaign")
	}
	if err := a.startable(ctx, campaign, arauto.CampaignSchedule); err != nil {
		return nil, err
	}
	if in.Body != nil {
		if err := a.confirm(ctx, c, campaign, &in.Body.confirmBody); err != nil {
			return nil, err
		}
	}
	if in.Body != nil && in.Body.ScheduledFor != nil {
		if campaign, err = a.Store.UpdateCampaign(ctx, actor(c), a.Now(), campaign); err != nil {
			return nil, err
		}
	}
	return a.act(ctx, c, campaign, arauto.CampaignSchedule, "")
}

// startable says what is missing before anything is sent, rather than contact by contact afterwards. What
// the life cycle forbids comes first: an archived campaign is not asked for a template.
func (a *API) startable(ctx context.Context, campaign arauto.Campaign, e arauto.CampaignEvent) error {
	if _, err := campaign.Apply(e, "", a.Now()); err != nil {
		return err
	}
	if campaign.Channel == arauto.ChannelVoice {
		return campaign.Dialable()
	}
	if campaign.Sender == 0 || campaign.Template == 0 {
		return campaign.Startable(arauto.Template{}, arauto.Sender{})
	}
	t, err := a.Store.Template(ctx, campaign.Account, campaign.Template)
	if err != nil {
		return err
	}
	s, err := a.Store.Sender(ctx, campaign.Account, campaign.Sender)
	if err != nil {
		return err
	}
	return campaign.Startable(t, s)
}

type duplicateBody struct {
	Name string `json:"name,omitempty" maxLength:"200" doc:"Default: the original's with (copy)"`
}

func (a *API) duplicateCampaign(ctx context.Context, c Caller, in *struct {
	ByRef
	Body *duplicateBody
},
) (*wireCampaign, error) {
	from, err := a.campaign(ctx, c, ref(in.ID))
	if err != nil {
		return nil, err
	}
	copied := arauto.Campaign{
		Account: from.Account, Sender: from.Sender, Template: from.Template, Name: from.Name + " (copy)", Channel: from.Channel,
		State: arauto.CampaignDraft, Standing: from.Standing, Mapping: from.Mapping, HoldAfter: from.HoldAfter, ReplyWindow: from.ReplyWindow,
		Policy: from.Policy, Queue: from.Queue, Voice: from.Voice,
	}
	copied.Policy.EndAt = time.Time{} // it was the original's day
	if in.Body != nil && in.Body.Name != "" {
		copied.Name = in.Body.Name
	}
	return a.newCampaign(ctx, c, copied)
}
