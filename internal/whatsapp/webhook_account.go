package whatsapp

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"arauto"
)

// accountValue is what account_update and phone_number_quality_update say, as far as it is used.
//
// Vendor: MD/webhooks/reference/account_update, MD/webhooks/reference/phone_number_quality_update.
type accountValue struct {
	Event        string   `json:"event"`
	DisplayPhone wireText `json:"display_phone_number"`
	Restrictions []struct {
		Type       string   `json:"restriction_type"`
		Expiration wireTime `json:"expiration"`
	} `json:"restriction_info"`
	Ban struct {
		State string `json:"waba_ban_state"`
	} `json:"ban_info"`
	Violation struct {
		Type string `json:"violation_type"`
	} `json:"violation_info"`
	Limit   peopleLimit `json:"max_daily_conversations_per_business"`
	Current peopleLimit `json:"current_limit"` // the number's, before v24.0
}

// account reads what happened to a WABA or to one of its numbers. What changes nothing for sending is kept
// as it came.
func (d *decoder) account(value json.RawMessage) {
	var v accountValue
	if !d.read(value, &v) {
		return
	}
	f := d.fact(arauto.FactAccount, d.origin.At)
	f.Account = arauto.AccountFact{Phone: string(v.DisplayPhone), Detail: clip(v.words())}
	switch strings.ToUpper(v.Event) {
	case "THROUGHPUT_UPGRADE":
		f.Account.Event = arauto.AccountUpgraded
	case "DISABLED_UPDATE":
		f.Account.Event = banned(v.Ban.State)
	case "ACCOUNT_RESTRICTION":
		f.Account.Event, f.Account.Until = v.restriction()
	}
	if f.Account.Event != "" {
		d.add(f)
	}
	if limit := cmp.Or(v.Limit, v.Current); limit.said {
		f := d.fact(arauto.FactCapacity, d.origin.At)
		f.Capacity = arauto.Capacity{People: limit.people, PeopleSaid: true}
		d.add(f)
	} else if f.Account.Event == "" {
		d.other()
	}
}

// banned is what the state of a ban does to what a WABA may do now; one that is announced changes nothing yet.
func banned(state string) arauto.AccountEvent {
	switch strings.ToUpper(state) {
	case "DISABLE":
		return arauto.AccountDisabled
	case "REINSTATE":
		return arauto.AccountReinstated
	}
	return ""
}

// restriction is whether campaigns may not send, and until when: the latest moment that is said, and none
// where one of them says none. Restrictions of answers, or of adding numbers, do not concern campaigns.
func (v accountValue) restriction() (e arauto.AccountEvent, until time.Time) {
	for _, r := range v.Restrictions {
		if r.Type != "RESTRICTED_BIZ_INITIATED_MESSAGING" {
			continue
		}
		if at := r.Expiration.Time; e == "" || at.IsZero() || !until.IsZero() && at.After(until) {
			until = at
		}
		e = arauto.AccountRestricted
	}
	return e, until
}

// words are what Meta says of it.
func (v accountValue) words() string {
	said := []string{v.Event}
	for _, r := range v.Restrictions {
		said = append(said, r.Type)
	}
	said = append(said, v.Ban.State, v.Violation.Type)
	return strings.Join(strings.Fields(strings.Join(said, " ")), " ")
}
