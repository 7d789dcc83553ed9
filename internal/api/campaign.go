package api

import (
	"context"
	"net/http"
	"time"

	"arauto"
)

// Campaigns is what the API asks of the store about campaigns.
type Campaigns interface {
	CreateCampaign(ctx context.Context, actor arauto.Actor, now time.Time, c arauto.Campaign) (arauto.Campaign, error)
	// UpdateCampaign is a conflict when the row's version is no longer c's.
	UpdateCampaign(ctx context.Context, actor arauto.Actor, now time.Time, c arauto.Campaign) (arauto.Campaign, error)
	Campaign(ctx context.Context, account, id int64) (arauto.Campaign, error)
	CampaignByUUID(ctx context.Context, account int64, uuid string) (arauto.Campaign, error)
	// Campaigns lists newest first, ids below before (0 = from the newest); no states = every state.
	Campaigns(ctx context.Context, account, before int64, limit int, states []arauto.CampaignState) ([]arauto.Campaign, error)
	ChangeCampaign(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, e arauto.CampaignEvent, why string) (arauto.Campaign, error)
}

// Counters knows how many contacts stand where.
type Counters interface {
	Counts(ctx context.Context, account int64, campaigns []int64) (map[int64]arauto.Counts, error)
}

type wireCampaign struct {
	ID               int64                `json:"id"`
	UUID             string               `json:"uuid"`
	Name             string               `json:"name"`
	Channel          string               `json:"channel"`
	State            string               `json:"state" enum:"draft,scheduled,running,paused,completed,cancelled,archived"`
	Pause            *string              `json:"pause" doc:"Why it is paused"`
	PauseCause       *wireCause           `json:"pause_cause"`
	Gap              *wireGap             `json:"gap" doc:"Of a restored campaign whose gap nobody has confirmed: it sends nothing until somebody does"`
	SenderID         *int64               `json:"sender_id"`
	TemplateID       *int64               `json:"template_id"`
	QueueID          *int64               `json:"queue_id" doc:"Whose agents take a voice campaign's calls"`
	Voice            *wireVoice           `json:"voice" doc:"How a voice campaign dials; null for WhatsApp"`
	Mapping          map[string]wireValue `json:"mapping" doc:"Where the value of each template parameter comes from"`
	Standing         bool                 `json:"standing" doc:"Waits for more contacts instead of completing"`
	HoldAfter        int                  `json:"hold_after" doc:"Pauses once that many were sent to; 0 = never"`
	ReplyWindowHours float64              `json:"reply_window_hours"`
	Policy           wirePolicy           `json:"policy"`
	Version          int64                `json:"version"`
	Total            int64                `json:"total"`
	Counts           map[string]int64     `json:"counts" doc:"Contacts by state"`
	DialCounts       map[string]int64     `json:"dial_counts" nullable:"true" doc:"A voice campaign's contacts by dial status; null for WhatsApp"`
	Cost             wireCost             `json:"cost"`
	ScheduledFor     *time.Time           `json:"scheduled_for"`
	CreatedAt        *time.Time           `json:"created_at"`
	UpdatedAt        *time.Time           `json:"updated_at"`
	StartedAt        *time.Time           `json:"started_at"`
	EndedAt          *time.Time           `json:"ended_at"`
}

type wireValue struct {
	From    string `json:"from" enum:"contact,field,fixed"`
	Text    string `json:"text" maxLength:"1024" doc:"contact: name, first_name, phone or external_id; field: the custom field's key; fixed: the text itself"`
	Default string `json:"default,omitempty" maxLength:"1024" doc:"Where the contact has nothing"`
}

func wordCampaign(c arauto.Campaign, n arauto.Counts, gaps map[int64]arauto.Gap) wireCampaign {
	out := wireCampaign{
		ID: c.ID, UUID: c.UUID, Name: c.Name, Channel: string(c.Channel), State: string(c.State), Pause: text(c.Pause), PauseCause: wordCause(c.Pause, c.Cause), Gap: wordGap(gaps, c.ID),
		SenderID: number(c.Sender), TemplateID: number(c.Template), Mapping: map[string]wireValue{}, Standing: c.Standing, HoldAfter: c.HoldAfter,
		ReplyWindowHours: c.ReplyWindow.Hours(), Policy: wordPolicy(c.Policy), Version: c.Version, Total: n.Total(), Counts: map[string]int64{},
		ScheduledFor: at(c.ScheduledFor), CreatedAt: at(c.CreatedAt), UpdatedAt: at(c.UpdatedAt), StartedAt: at(c.StartedAt), EndedAt: at(c.EndedAt),
	}
	out.Cost = wordCost(nil)
	out.QueueID, out.Voice = number(c.Queue), wordVoice(c.Voice)
	for slot, v := range c.Mapping {
		out.Mapping[slot] = wireValue{From: string(v.From), Text: v.Text, Default: v.Default}
	}
	for _, s := range arauto.ContactStates() {
		out.Counts[string(s)] = n[s]
	}
	return out
}

func readMapping(m map[string]wireValue) arauto.Mapping {
	out := make(arauto.Mapping, len(m))
	for slot, v := range m {
		out[slot] = arauto.Value{From: arauto.ValueSource(v.From), Text: v.Text, Default: v.Default}
	}
	return out
}

type newCampaign struct {
	Name             string               `json:"name" minLength:"1" maxLength:"200"`
	Channel          string               `json:"channel,omitempty" enum:"whatsapp,voice" default:"whatsapp"`
	SenderID         *ref                 `json:"sender_id,omitempty"`
	TemplateID       *ref                 `json:"template_id,omitempty"`
	QueueID          *ref                 `json:"queue_id,omitempty" doc:"Whose agents take the calls: voice only, and needed before it starts"`
	Voice            *wireVoice           `json:"voice,omitempty" doc:"How it dials: voice only; what is absent is as usual, the mode predictive"`
	Mapping          map[string]wireValue `json:"mapping,omitempty" maxProperties:"100"`
	Standing         *bool                `json:"standing,omitempty" doc:"Absent: true for voice, false for WhatsApp"`
	HoldAfter        int                  `json:"hold_after,omitempty" minimum:"0"`
	ReplyWindowHours float64              `json:"reply_window_hours,omitempty" minimum:"0" maximum:"720" doc:"How long a reply without context still answers the message; default 72"`
	Policy           wirePolicy           `json:"policy,omitempty" doc:"How fast, when, and what stops it"`
	ScheduledFor     *time.Time           `json:"scheduled_for,omitempty" doc:"When it is to start; it does once it is scheduled"`
}

type campaignChange struct {
	Name             *string               `json:"name,omitempty" minLength:"1" maxLength:"200"`
	SenderID         *ref                  `json:"sender_id,omitempty"`
	TemplateID       *ref                  `json:"template_id,omitempty"`
	QueueID          *ref                  `json:"queue_id,omitempty"`
	Voice            *wireVoice            `json:"voice,omitempty" doc:"Only what is named changes; how far and how often it dials may change while it runs"`
	Mapping          *map[string]wireValue `json:"mapping,omitempty" doc:"Replaces the whole mapping"`
	Standing         *bool                 `json:"standing,omitempty"`
	HoldAfter        *int                  `json:"hold_after,omitempty" minimum:"0"`
	ReplyWindowHours *float64              `json:"reply_window_hours,omitempty" minimum:"0" maximum:"720"`
	Policy           wirePolicy            `json:"policy,omitempty" doc:"Only what is named changes"`
	ScheduledFor     *time.Time            `json:"scheduled_for,omitempty"`
	Version          *int64                `json:"version,omitempty" doc:"The version this change was decided on; another one is a conflict"`
}

func (a *API) campaigns() {
	handle(a, op{
		method: http.MethodPost, path: "/campaigns", scope: arauto.TokenWrite, tag: "campaigns", summary: "Create a campaign", status: http.StatusCreated,
		more: "It is a draft: add contacts, try it with dry-run and test-send, then start or schedule it.",
	}, a.createCampaign)
	handle(a, op{method: http.MethodGet, path: "/campaigns", scope: arauto.TokenRead, tag: "campaigns", summary: "List campaigns, newest first"}, a.listCampaigns)
	handle(a, op{method: http.MethodGet, path: "/campaigns/{id}", scope: arauto.TokenRead, tag: "campaigns", summary: "A campaign with its counts"},
		func(ctx context.Context, c Caller, in *ByRef) (*wireCampaign, error) {
			campaign, err := a.campaign(ctx, c, ref(in.ID))
			return a.answerCampaign(ctx, campaign, err)
		})
	handle(a, op{method: http.MethodPatch, path: "/campaigns/{id}", scope: arauto.TokenWrite, tag: "campaigns", summary: "Change a campaign that is a draft or paused"}, a.patchCampaign)
}

func (a *API) createCampaign(ctx context.Context, c Caller, in *struct{ Body newCampaign }) (*wireCampaign, error) {
	b := in.Body
	campaign := arauto.Campaign{Account: c.Account.ID, Channel: arauto.ChannelWhatsApp, State: arauto.CampaignDraft, ReplyWindow: arauto.DefaultReplyWindow}
	if b.Channel == string(arauto.ChannelVoice) {
		campaign.Channel, campaign.Standing, campaign.Voice = arauto.ChannelVoice, true, arauto.NewVoice(arauto.DialPredictive)
	}
	change := campaignChange{
		Name: &b.Name, SenderID: b.SenderID, TemplateID: b.TemplateID, QueueID: b.QueueID, Voice: b.Voice, Mapping: &b.Mapping, Standing: b.Standing, HoldAfter: &b.HoldAfter, Policy: b.Policy, ScheduledFor: b.ScheduledFor,
	}
	if b.ReplyWindowHours > 0 {
		change.ReplyWindowHours = &b.ReplyWindowHours
	}
	if err := a.change(ctx, c, change, &campaign); err != nil {
		return nil, err
	}
	return a.newCampaign(ctx, c, campaign)
}

// newCampaign asks nothing more once the campaign is there: an answer that failed would be asked for again.
func (a *API) newCampaign(ctx context.Context, c Caller, campaign arauto.Campaign) (*wireCampaign, error) {
	campaign, err := a.Store.CreateCampaign(ctx, actor(c), a.Now(), campaign)
	out := wordCampaign(campaign, nil, nil)
	out.dialled(campaign, nil)
	return &out, err
}

func (a *API) listCampaigns(ctx context.Context, c Caller, in *struct {
	Paging
	State []string `query:"state" maxItems:"7" enum:"draft,scheduled,running,paused,completed,cancelled,archived" doc:"Any of these, separated by commas"`
},
) (*page[wireCampaign], error) {
	before, err := in.key()
	if err != nil {
		return nil, err
	}
	var states []arauto.CampaignState
	for _, s := range in.State {
		states = append(states, arauto.CampaignState(s))
	}
	rows, err := a.Store.Campaigns(ctx, c.Account.ID, before, in.Limit, states)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	counts, err := a.Store.Counts(ctx, c.Account.ID, ids)
	if err != nil {
		return nil, err
	}
	gaps, err := a.Store.Gaps(ctx, c.Account.ID, ids)
	if err != nil {
		return nil, err
	}
	dials, err := a.dialCounts(ctx, rows...)
	if err != nil {
		return nil, err
	}
	costs, err := a.Store.Costs(ctx, c.Account.ID, ids)
	return pageOf(ctx, in.Paging, rows, func(r arauto.Campaign) int64 { return r.ID }, func(r arauto.Campaign) wireCampaign {
		out := wordCampaign(r, counts[r.ID], gaps)
		out.Cost = wordCost(costs[r.ID])
		out.dialled(r, dials[r.ID])
		return out
	}), err
}

func (a *API) patchCampaign(ctx context.Context, c Caller, in *struct {
	ByRef
	Body campaignChange
},
) (*wireCampaign, error) {
	campaign, err := a.campaign(ctx, c, ref(in.ID))
	if err != nil {
		return nil, err
	}
	// What may change while it dials, the store says.
	if dials := campaign.Channel == arauto.ChannelVoice && campaign.State == arauto.CampaignRunning; campaign.State != arauto.CampaignDraft && campaign.State != arauto.CampaignPaused && !dials {
		return nil, arauto.Errorf(arauto.KindConflict, "state", "campaign %q is %s: only a draft or a paused campaign can be changed", campaign.Name, campaign.State)
	}
	if in.Body.Version != nil && *in.Body.Version != campaign.Version {
		return nil, arauto.Errorf(arauto.KindConflict, "version", "campaign %q was changed by somebody else: read it again and decide anew", campaign.Name)
	}
	if err := a.change(ctx, c, in.Body, &campaign); err != nil {
		return nil, err
	}
	campaign, err = a.Store.UpdateCampaign(ctx, actor(c), a.Now(), campaign)
	return a.answerCampaign(ctx, campaign, err)
}

// change puts b into campaign. A mapping may be unfinished until the campaign starts.
func (a *API) change(ctx context.Context, c Caller, b campaignChange, campaign *arauto.Campaign) error {
	if b.SenderID != nil {
		s, err := a.sender(ctx, c, *b.SenderID)
		if err != nil {
			return inBody(err, "sender_id")
		}
		campaign.Sender = s.ID
	}
	if b.TemplateID != nil {
		t, err := a.template(ctx, c, *b.TemplateID)
		if err != nil {
			return inBody(err, "template_id")
		}
		campaign.Template = t.ID
	}
	if b.Mapping != nil {
		campaign.Mapping = readMapping(*b.Mapping)
	}
	if b.ReplyWindowHours != nil {
		campaign.ReplyWindow = time.Duration(*b.ReplyWindowHours * float64(time.Hour)).Truncate(time.Second)
	}
	if b.ScheduledFor != nil {
		campaign.ScheduledFor = moment(b.ScheduledFor)
	}
	set(&campaign.Name, b.Name)
	set(&campaign.Standing, b.Standing)
	set(&campaign.HoldAfter, b.HoldAfter)
	b.Policy.change(&campaign.Policy)
	if err := a.changeVoice(ctx, c, b, campaign); err != nil {
		return err
	}
	return campaign.Policy.Check()
}

func (a *API) campaign(ctx context.Context, c Caller, r ref) (arauto.Campaign, error) {
	return find(ctx, r, "campaign", c.Account.ID, a.Store.Campaign, a.Store.CampaignByUUID)
}

func (a *API) answerCampaign(ctx context.Context, campaign arauto.Campaign, err error) (*wireCampaign, error) {
	if err != nil {
		return nil, err
	}
	counts, err := a.Store.Counts(ctx, campaign.Account, []int64{campaign.ID})
	if err != nil {
		return nil, err
	}
	gaps, err := a.Store.Gaps(ctx, campaign.Account, []int64{campaign.ID})
	if err != nil {
		return nil, err
	}
	dials, err := a.dialCounts(ctx, campaign)
	if err != nil {
		return nil, err
	}
	out := wordCampaign(campaign, counts[campaign.ID], gaps)
	out.dialled(campaign, dials[campaign.ID])
	out.Cost, _, err = a.costOf(ctx, campaign)
	return &out, err
}
