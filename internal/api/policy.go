package api

import "arauto"

// wirePolicy is a campaign's policy; in a change, what is absent stays as it is.
type wirePolicy struct {
	Rate     *int `json:"rate,omitempty" minimum:"0" maximum:"10000" doc:"The most messages a second, within the sender's own; 0 = no limit"`
	Priority *int `json:"priority,omitempty" minimum:"-100" maximum:"100" doc:"Of the campaigns of one sender, what is higher goes first; 0 is usual"`
}

func wordPolicy(p arauto.Policy) wirePolicy {
	return wirePolicy{Rate: &p.Rate, Priority: &p.Priority}
}

func (w wirePolicy) change(p *arauto.Policy) {
	set(&p.Rate, w.Rate)
	set(&p.Priority, w.Priority)
}

// wireRules are what an account asks of every campaign; in a change, what is absent stays as it is.
type wireRules struct{}

func wordRules(arauto.Rules) wireRules { return wireRules{} }

func (wireRules) change(*arauto.Rules) {}
