package api

import (
	"strings"
	"time"

	"arauto"
)

// wirePolicy is a campaign's policy; in a change, what is absent stays as it is.
type wirePolicy struct {
	Rate               *int              `json:"rate,omitempty" minimum:"0" maximum:"10000" doc:"The most messages a second, within the sender's own; 0 = no limit"`
	Priority           *int              `json:"priority,omitempty" minimum:"-100" maximum:"100" doc:"Of the campaigns of one sender, what is higher goes first; 0 is usual"`
	OnOpenConversation *string           `json:"on_open_conversation,omitempty" enum:"send,fail" doc:"A person who is in an open conversation already, with any of the account's numbers: send all the same, or fail the contact with the reason open_conversation"`
	Windows            *[]wireWindow     `json:"windows,omitempty" maxItems:"28" doc:"When people may be contacted, by their own clocks, within what the account's rules allow; none = whenever those do"`
	WorkHolidays       *bool             `json:"work_holidays,omitempty" doc:"Contact people on the account's holidays too; a pack's are the pack's"`
	EndAt              *time.Time        `json:"end_at,omitempty" doc:"When it contacts nobody any more; who is pending then fails as expired. 0001-01-01T00:00:00Z = never"`
	MaxLatenessMinutes *int              `json:"max_lateness_minutes,omitempty" minimum:"0" maximum:"43200" doc:"A scheduled start that was missed by more pauses the campaign instead; 0 = it starts however late"`
	Attempts           *int              `json:"attempts,omitempty" minimum:"0" maximum:"6" doc:"The most attempts at one contact; 0 = as the account has it"`
	Ceiling            *wireMoney        `json:"ceiling,omitempty" doc:"The most that its messages may cost, by the account's rates; what does not fit pauses it. An amount of 0 = no ceiling"`
	FailurePause       *wireFailurePause `json:"failure_pause,omitempty" doc:"When too many failures for one reason pause the campaign"`
	RetryMarketingCap  *bool             `json:"retry_marketing_cap,omitempty" doc:"Try a person whom Meta's limit on marketing held back once more, a day later"`
	PackExemption      *string           `json:"pack_exemption,omitempty" maxLength:"500" doc:"Why the account's packs do not speak of this campaign's messages, such as the confirmations that a law lets through; empty = they do"`
}

// wireFailurePause is a share of failures; in a change, what is absent stays as it is.
type wireFailurePause struct {
	Percent *int `json:"percent,omitempty" minimum:"-1" maximum:"100" doc:"Of the last messages, failed for one reason; 0 = 40, -1 = never. For reasons that lie with the people, such as numbers without WhatsApp, at least 90"`
	Window  *int `json:"window,omitempty" minimum:"0" maximum:"10000" doc:"How many messages are looked at, from 10; 0 = 50"`
}

func wordPolicy(p arauto.Policy) wirePolicy {
	talking := wordOpenConversation(p.OnOpenConversation)
	out := wirePolicy{Rate: &p.Rate, Priority: &p.Priority, OnOpenConversation: &talking}
	out.FailurePause = &wireFailurePause{&p.FailurePause.Percent, &p.FailurePause.Window}
	out.RetryMarketingCap = &p.RetryMarketingCap
	out.when(p)
	ceiling := wordMoney(p.Ceiling)
	out.Ceiling = &ceiling
	return out
}

func wordOpenConversation(p arauto.OnOpenConversation) string {
	if p == arauto.SendOnOpenConversation {
		return "send"
	}
	return string(p)
}

func (w wirePolicy) change(p *arauto.Policy) {
	set(&p.Rate, w.Rate)
	set(&p.Priority, w.Priority)
	if w.OnOpenConversation != nil {
		p.OnOpenConversation = arauto.OnOpenConversation(strings.TrimPrefix(*w.OnOpenConversation, "send"))
	}
	if w.FailurePause != nil {
		set(&p.FailurePause.Percent, w.FailurePause.Percent)
		set(&p.FailurePause.Window, w.FailurePause.Window)
	}
	set(&p.RetryMarketingCap, w.RetryMarketingCap)
	if w.Ceiling != nil {
		p.Ceiling = w.Ceiling.noun()
	}
	w.changeWhen(p)
}

// wireRules are what an account asks of every campaign; in a change, what is absent stays as it is.
type wireRules struct {
	ConversationIdleHours *int           `json:"conversation_idle_hours,omitempty" minimum:"-1" maximum:"8760" doc:"After how many hours without a message from the person a conversation closes by itself; 0 = 24, -1 = never"`
	Retention             *wireRetention `json:"retention,omitempty"`
	Packs                 *[]wirePackRef `json:"packs,omitempty" maxItems:"20" doc:"Rule packs, each for the numbers of its own countries; see /packs"`
	Windows               *[]wireWindow  `json:"windows,omitempty" maxItems:"28" doc:"When people may be contacted, by their own clocks; none = at any time"`
	Caps                  *[]wireCap     `json:"caps,omitempty" maxItems:"8" doc:"How often one person may be contacted, over all campaigns"`
	Attempts              *int           `json:"attempts,omitempty" minimum:"0" maximum:"6" doc:"The most attempts at one contact; 0 = 6"`
	OutboundDialerRate    *int           `json:"outbound_dialer_rate,omitempty" minimum:"0" maximum:"1000" doc:"Requests a second that the outbound dialer's contact API takes from the account, over all its tokens; 0 = 10"`
}

// wireRetention is how many days each class of data is kept; in a change, what is absent stays as it is.
type wireRetention struct {
	WebhookDays    *int `json:"webhook_days,omitempty" minimum:"-1" maximum:"3660" doc:"What Meta posted and was dealt with; 0 = 30, -1 = until you remove it, at least 8"`
	FileDays       *int `json:"file_days,omitempty" minimum:"-1" maximum:"3660" doc:"Uploads of jobs that have ended, their rejects and exports; 0 = 90, -1 = until you remove them"`
	MessageDays    *int `json:"message_days,omitempty" minimum:"-1" maximum:"3660" doc:"The texts of conversations; 0 and -1 = until you remove them"`
	AttachmentDays *int `json:"attachment_days,omitempty" minimum:"-1" maximum:"3660" doc:"The files of conversations, both ways; 0 and -1 = until you remove them"`
}

func wordRules(r arauto.Rules) wireRules {
	out := wireRules{ConversationIdleHours: &r.ConversationIdleHours, OutboundDialerRate: &r.OutboundDialerRate}
	kept := r.Retention
	out.Retention = &wireRetention{&kept.WebhookDays, &kept.FileDays, &kept.MessageDays, &kept.AttachmentDays}
	out.when(r)
	return out
}

func (w wireRules) change(r *arauto.Rules) {
	set(&r.ConversationIdleHours, w.ConversationIdleHours)
	set(&r.OutboundDialerRate, w.OutboundDialerRate)
	if kept := w.Retention; kept != nil {
		set(&r.Retention.WebhookDays, kept.WebhookDays)
		set(&r.Retention.FileDays, kept.FileDays)
		set(&r.Retention.MessageDays, kept.MessageDays)
		set(&r.Retention.AttachmentDays, kept.AttachmentDays)
	}
	w.changeWhen(r)
}
