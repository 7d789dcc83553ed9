package api

import (
	"strings"

	"arauto"
)

// wirePolicy is a campaign's policy; in a change, what is absent stays as it is.
type wirePolicy struct {
	Rate               *int    `json:"rate,omitempty" minimum:"0" maximum:"10000" doc:"The most messages a second, within the sender's own; 0 = no limit"`
	Priority           *int    `json:"priority,omitempty" minimum:"-100" maximum:"100" doc:"Of the campaigns of one sender, what is higher goes first; 0 is usual"`
	OnOpenConversation *string `json:"on_open_conversation,omitempty" enum:"send,fail" doc:"A person who is in an open conversation already, with any of the account's numbers: send all the same, or fail the contact with the reason open_conversation"`
}

func wordPolicy(p arauto.Policy) wirePolicy {
	talking := wordOpenConversation(p.OnOpenConversation)
	return wirePolicy{Rate: &p.Rate, Priority: &p.Priority, OnOpenConversation: &talking}
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
}

// wireRules are what an account asks of every campaign; in a change, what is absent stays as it is.
type wireRules struct {
	ConversationIdleHours *int `json:"conversation_idle_hours,omitempty" minimum:"-1" maximum:"8760" doc:"After how many hours without a message from the person a conversation closes by itself; 0 = 24, -1 = never"`
}

func wordRules(r arauto.Rules) wireRules {
	return wireRules{ConversationIdleHours: &r.ConversationIdleHours}
}

func (w wireRules) change(r *arauto.Rules) {
	set(&r.ConversationIdleHours, w.ConversationIdleHours)
}
