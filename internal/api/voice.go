package api

import (
	"context"
	"net/http"
	"time"

	"arauto"
)

// Dialled is what the API asks of the store about voice campaigns' contacts.
type Dialled interface {
	// AddDialContacts answers per element, in order; a conflict when the campaign takes no more.
	AddDialContacts(ctx context.Context, now time.Time, account, campaign int64, list []arauto.Contact) ([]arauto.AddedDial, error)
	PatchDialContact(ctx context.Context, actor arauto.Actor, now time.Time, account, campaign, id int64, p arauto.DialPatch) (arauto.Contact, error)
	DeleteDialContact(ctx context.Context, actor arauto.Actor, now time.Time, account, campaign int64, k arauto.DialKey) (arauto.Contact, error)
	DialCounts(ctx context.Context, account int64, campaigns []int64) (map[int64]arauto.DialCounts, error)
}

// wireVoice is how a voice campaign dials; in a change, what is absent stays as it is.
type wireVoice struct {
	Mode             *string       `json:"mode,omitempty" enum:"preview,progressive,predictive" doc:"preview: an agent reads, then calls; progressive: one call for each free agent; predictive: more calls than free agents"`
	CallerIDs        *[]string     `json:"caller_ids,omitempty" maxItems:"1000" doc:"Outbound numbers, with country code; none = whichever the trunk shows. A contact that asks for another is not dialled"`
	MaxRedials       *int          `json:"max_redial_count,omitempty" minimum:"0" maximum:"20" doc:"How often a contact is called again after its first call"`
	RedialMinutes    *float64      `json:"redial_interval_minutes,omitempty" minimum:"1" maximum:"43200"`
	Redials          *[]wireRedial `json:"redials,omitempty" maxItems:"7" doc:"What differs for some outcomes. People who hung up or were hung up on are called again only by a rule"`
	MaxAbandonment   *float64      `json:"max_abandonment_percent,omitempty" minimum:"0" maximum:"100" doc:"Of the calls that people answer, the most that may find no agent; predictive only"`
	Overdial         *float64      `json:"overdial_multiplier,omitempty" minimum:"1" maximum:"10" doc:"Multiplies the calls ahead of free agents; predictive only"`
	MaxCallsPerAgent *int          `json:"max_calls_per_agent,omitempty" minimum:"1" maximum:"20" doc:"Predictive only"`
	TargetOccupancy  *int          `json:"target_occupancy_percent,omitempty" minimum:"0" maximum:"100" doc:"How much of their time agents are to speak; 0 = as much as abandonment lets them; predictive only"`
	DetectMachines   *bool         `json:"detect_machines,omitempty" doc:"Hang up on answering machines; predictive campaigns always do"`
	RingSeconds      *float64      `json:"ring_timeout_seconds,omitempty" minimum:"5" maximum:"120"`
	External         *string       `json:"external_campaign_id,omitempty" maxLength:"200" doc:"Your own id for the campaign"`
	TargetToProcess  *int          `json:"target_number_to_process,omitempty" minimum:"0" maximum:"100000000" doc:"How many contacts you mean to have worked; 0 = all. It stops nothing"`
}

type wireRedial struct {
	On       string  `json:"on" enum:"not_picked_up,not_reached,abandoned_by_contact,carrier_error,abandoned_by_dialer,voicemail,dialer_error"`
	Max      int     `json:"max" minimum:"0" maximum:"20" doc:"How often a contact is called again after it; 0 = never"`
	Interval float64 `json:"interval_minutes,omitempty" minimum:"0" maximum:"43200" doc:"0 = as the campaign has it"`
}

func wordVoice(v arauto.Voice) *wireVoice {
	if v.Mode == "" {
		return nil
	}
	mode, redialMinutes, ring := string(v.Mode), v.RedialInterval.Minutes(), v.RingTimeout.Seconds()
	callers, redials := make([]string, 0, len(v.CallerIDs)), make([]wireRedial, 0, len(v.Redials))
	for _, p := range v.CallerIDs {
		callers = append(callers, string(p))
	}
	for _, r := range v.Redials {
		redials = append(redials, wireRedial{On: string(r.On), Max: r.Max, Interval: r.Interval.Minutes()})
	}
	return &wireVoice{
		Mode: &mode, CallerIDs: &callers, MaxRedials: &v.MaxRedials, RedialMinutes: &redialMinutes, Redials: &redials, MaxAbandonment: &v.MaxAbandonment,
		Overdial: &v.Overdial, MaxCallsPerAgent: &v.MaxCallsPerAgent, TargetOccupancy: &v.TargetOccupancy, DetectMachines: &v.DetectMachines,
		RingSeconds: &ring, External: &v.External, TargetToProcess: &v.Target,
	}
}

func (w *wireVoice) change(v *arauto.Voice) {
	if w == nil {
		return
	}
	if w.Mode != nil {
		v.Mode = arauto.DialMode(*w.Mode)
	}
	if w.CallerIDs != nil {
		v.CallerIDs = nil
		for _, raw := range *w.CallerIDs {
			phone, ok := arauto.ParseE164(raw)
			if !ok {
				phone = arauto.Phone(raw) // refused by Check, by its place
			}
			v.CallerIDs = append(v.CallerIDs, phone)
		}
	}
	if w.Redials != nil {
		v.Redials = nil
		for _, r := range *w.Redials {
			v.Redials = append(v.Redials, arauto.RedialRule{On: arauto.Dial(r.On), Max: r.Max, Interval: minutes(r.Interval)})
		}
	}
	if w.RedialMinutes != nil {
		v.RedialInterval = minutes(*w.RedialMinutes)
	}
	if w.RingSeconds != nil {
		v.RingTimeout = time.Duration(*w.RingSeconds * float64(time.Second)).Truncate(time.Millisecond)
	}
	set(&v.MaxRedials, w.MaxRedials)
	set(&v.MaxAbandonment, w.MaxAbandonment)
	set(&v.Overdial, w.Overdial)
	set(&v.MaxCallsPerAgent, w.MaxCallsPerAgent)
	set(&v.TargetOccupancy, w.TargetOccupancy)
	set(&v.DetectMachines, w.DetectMachines)
	set(&v.External, w.External)
	set(&v.Target, w.TargetToProcess)
}

func minutes(n float64) time.Duration {
	return time.Duration(n * float64(time.Minute)).Truncate(time.Second)
}

// changeVoice puts the parts of b that only voice campaigns have into campaign.
func (a *API) changeVoice(ctx context.Context, c Caller, b campaignChange, campaign *arauto.Campaign) error {
	if campaign.Channel != arauto.ChannelVoice {
		if b.Voice != nil || b.QueueID != nil {
			return arauto.Errorf(arauto.KindInvalid, "body.channel", "voice and queue_id are for campaigns whose channel is voice")
		}
		return nil
	}
	if b.SenderID != nil || b.TemplateID != nil || b.Mapping != nil && len(*b.Mapping) > 0 {
		return arauto.Errorf(arauto.KindInvalid, "body.channel", "sender_id, template_id and mapping are for campaigns whose channel is whatsapp")
	}
	if b.QueueID != nil {
		q, err := find(ctx, *b.QueueID, "queue", c.Account.ID, a.Store.Queue, a.Store.QueueByUUID)
		if err != nil {
			return inBody(err, "queue_id")
		}
		campaign.Queue = q.ID
	}
	b.Voice.change(&campaign.Voice)
	return campaign.Voice.Check()
}

// dialCounts are asked for where there is a voice campaign.
func (a *API) dialCounts(ctx context.Context, list ...arauto.Campaign) (map[int64]arauto.DialCounts, error) {
	var ids []int64
	var account int64
	for _, c := range list {
		if c.Channel == arauto.ChannelVoice {
			account, ids = c.Account, append(ids, c.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return a.Store.DialCounts(ctx, account, ids)
}

// dialled tells a voice campaign's counts.
func (w *wireCampaign) dialled(c arauto.Campaign, n arauto.DialCounts) {
	if c.Channel != arauto.ChannelVoice {
		return
	}
	w.DialCounts = map[string]int64{}
	for _, d := range arauto.Dials() {
		w.DialCounts[string(d)] = n[d]
	}
}

func (a *API) voices() {
	handle(a, actionOp(arauto.CampaignComplete, "End a voice campaign; who was not called keeps waiting in it"), func(ctx context.Context, c Caller, in *ByRef) (*wireCampaign, error) {
		campaign, err := a.campaign(ctx, c, ref(in.ID))
		if err != nil {
			return nil, err
		}
		if campaign.Channel != arauto.ChannelVoice {
			return nil, arauto.Errorf(arauto.KindConflict, "state", "campaign %q completes by itself when everybody in it is settled: cancel it to give it up before", campaign.Name)
		}
		return a.act(ctx, c, campaign, arauto.CampaignComplete, "")
	})
	handle(a, op{method: http.MethodPatch, path: "/contacts/{id}", scope: arauto.TokenWrite, tag: "contacts", summary: "Change a contact of a voice campaign"}, a.patchContact)
	handle(a, op{
		method: http.MethodDelete, path: "/contacts/{id}", scope: arauto.TokenWrite, tag: "contacts", summary: "Take a contact out of a voice campaign", status: http.StatusNoContent,
		more: "Its calls are kept, and the phone may be added again. A contact on a call cannot be taken out.",
	}, a.deleteContact)
}

type contactChange struct {
	Name       *string `json:"name,omitempty" maxLength:"200"`
	Email      *string `json:"email,omitempty" maxLength:"200"`
	Phone      *string `json:"phone,omitempty" minLength:"1" maxLength:"40" doc:"A conflict when another contact of the campaign has it, or while the contact is on a call"`
	Outbound   *string `json:"outbound_number,omitempty" maxLength:"40"`
	ExternalID *string `json:"external_id,omitempty" maxLength:"200"`
	Priority   *int    `json:"priority,omitempty" minimum:"0" maximum:"100"`
}

func (a *API) patchContact(ctx context.Context, c Caller, in *struct {
	ByNumber
	Body contactChange
},
) (*WireContact, error) {
	row, err := a.dialledContact(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	b := in.Body
	p := arauto.DialPatch{Name: b.Name, Email: b.Email, PhoneRaw: b.Phone, Outbound: b.Outbound, External: b.ExternalID, Priority: b.Priority}
	if b.Phone != nil {
		p.Phone = a.dialled(c, *b.Phone)
	}
	if _, err := a.Store.PatchDialContact(ctx, actor(c), a.Now(), c.Account.ID, row.Campaign, row.ID, p); err != nil {
		return nil, err
	}
	if row, err = a.Store.Contact(ctx, c.Account.ID, in.ID); err != nil {
		return nil, err
	}
	out := a.wordContact(row, c.Account.Language)
	return &out, nil
}

func (a *API) deleteContact(ctx context.Context, c Caller, in *ByNumber) (*nothing, error) {
	row, err := a.dialledContact(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	_, err = a.Store.DeleteDialContact(ctx, actor(c), a.Now(), c.Account.ID, row.Campaign, arauto.DialKey{ID: row.ID})
	return nil, err
}

func (a *API) dialledContact(ctx context.Context, c Caller, id int64) (arauto.ContactRow, error) {
	row, err := a.Store.Contact(ctx, c.Account.ID, id)
	if err == nil && row.Dial == "" {
		err = arauto.Errorf(arauto.KindConflict, "id", "contact %d is of a WhatsApp campaign: only contacts of voice campaigns are changed one by one", id)
	}
	return row, err
}

// dialled is a number as people of the account's country write it; "" leaves it to the campaign to read.
func (a *API) dialled(c Caller, raw string) arauto.Phone {
	phone, err := a.Phones.Parse(c.Account.Country, raw)
	if err != nil {
		return ""
	}
	return phone
}

// addDialled is addContacts for a voice campaign: a phone that cannot be dialled is a contact all the same, with
// that status.
func (a *API) addDialled(ctx context.Context, c Caller, campaign arauto.Campaign, body []newContact) (*addedPage, error) {
	list := make([]arauto.Contact, len(body))
	for i, b := range body {
		list[i] = arauto.Contact{
			External: b.ExternalID, Name: b.Name, PhoneRaw: b.Phone, Phone: a.dialled(c, b.Phone), UserID: arauto.UserID(b.UserID), Fields: b.Fields.list, ScheduledFor: moment(b.ScheduledFor),
			Email: b.Email, Outbound: b.Outbound, Priority: b.Priority,
		}
	}
	added, err := a.Store.AddDialContacts(ctx, a.Now(), c.Account.ID, campaign.ID, list)
	if err != nil {
		return nil, err
	}
	out := &addedPage{Data: make([]wireAdded, len(body))}
	for i, r := range added {
		out.add(i, r.Contact.ID, r.Duplicate, r.Err)
		if r.Err == nil && !r.Duplicate {
			out.Data[i].DialStatus = text(r.Contact.Dial)
		}
	}
	return out, nil
}
