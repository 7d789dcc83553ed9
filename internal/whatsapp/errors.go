package whatsapp

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"arauto"
)

// A verdict is what a code means for us.
type verdict struct {
	Reason arauto.Reason
	Scope  arauto.Scope
	Action arauto.Action
	After  int // seconds before the scope's next try, or before a pause ends by itself; 0 = as the engine sees fit, or never
	Tries  int // of a contact before it fails; 0 = the engine's own budget
}

const (
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour
	// quietTime is how long nothing may be heard of a message before one that may have left is sent again: a
	// status webhook comes within seconds, and moves the contact on.
	quietTime  = 5 * minute
	quietTries = 3
)

// verdicts is every code that Meta documents for messages, the same for an answer and for a webhook.
// 200 to 299 are not in it: see verdictOf. What a pause or a failure covers is our reading of Meta's advice.
//
// Vendor: https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
var verdicts = map[int]verdict{
	// Token and permission: the next message would fare no better.
	0:      {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0, 0},
	3:      {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0, 0},
	10:     {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0, 0},
	102:    {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0, 0}, // the token's session ended
	190:    {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0, 0},
	803:    {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0, 0}, // no object with that id
	2500:   {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0, 0}, // no such path
	131005: {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0, 0},

	// The number.
	131037: {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0, 0},    // display name not approved
	131045: {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0, 0},    // registration
	131048: {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0, 0},    // spam: a person decides, no retry
	133010: {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0, 0},    // not registered
	131057: {arauto.ReasonMaintenance, arauto.ScopeSender, arauto.ActionPause, minute, 0}, // ends with THROUGHPUT_UPGRADE, or within the minute

	// The business account.
	368:    {arauto.ReasonAccountTrouble, arauto.ScopeWABA, arauto.ActionPause, 0, 0},    // policy
	131031: {arauto.ReasonAccountTrouble, arauto.ScopeWABA, arauto.ActionPause, 0, 0},    // locked
	131042: {arauto.ReasonAccountTrouble, arauto.ScopeWABA, arauto.ActionPause, 0, 0},    // payment
	131064: {arauto.ReasonAccountTrouble, arauto.ScopeWABA, arauto.ActionPause, hour, 0}, // misclassified templates; lifts by itself

	// Too fast. 4 is the app's, which may have several WABAs; the narrower scope is the nearest there is.
	4:      {arauto.ReasonTooFast, arauto.ScopeWABA, arauto.ActionPause, minute, 0},
	80007:  {arauto.ReasonTooFast, arauto.ScopeWABA, arauto.ActionPause, minute, 0},
	130429: {arauto.ReasonTooFast, arauto.ScopeSender, arauto.ActionRetry, 1, 0},
	131056: {arauto.ReasonTooFast, arauto.ScopePair, arauto.ActionRetry, 1, 0}, // 4^X s, X from 0
	133016: {arauto.ReasonTooFast, arauto.ScopeSender, arauto.ActionRetry, minute, 0},

	// Meta's own trouble, told in so many words. 1, 2 and 131000 say no more than that something went wrong:
	// the message may have left all the same.
	1:      {arauto.ReasonProviderTrouble, arauto.ScopeContact, arauto.ActionRetry, quietTime, quietTries},
	2:      {arauto.ReasonProviderTrouble, arauto.ScopeContact, arauto.ActionRetry, quietTime, quietTries},
	131000: {arauto.ReasonProviderTrouble, arauto.ScopeContact, arauto.ActionRetry, quietTime, quietTries},
	131016: {arauto.ReasonProviderTrouble, arauto.ScopeContact, arauto.ActionRetry, 0, 0},
	133004: {arauto.ReasonProviderTrouble, arauto.ScopeContact, arauto.ActionRetry, 0, 0},

	// The person.
	130403: {arauto.ReasonBlocked, arauto.ScopeContact, arauto.ActionFail, 0, 0},
	130472: {arauto.ReasonExperiment, arauto.ScopeContact, arauto.ActionFail, 0, 0},
	130497: {arauto.ReasonCountry, arauto.ScopeContact, arauto.ActionFail, 0, 0},
	131021: {arauto.ReasonRefused, arauto.ScopeContact, arauto.ActionFail, 0, 0}, // to the sender itself
	131026: {arauto.ReasonNotOnWhatsApp, arauto.ScopeContact, arauto.ActionFail, 0, 0},
	131030: {arauto.ReasonNotAllowed, arauto.ScopeContact, arauto.ActionFail, 0, 0},
	131047: {arauto.ReasonWindowClosed, arauto.ScopeContact, arauto.ActionFail, 0, 0},
	131049: {arauto.ReasonMarketingCap, arauto.ScopeContact, arauto.ActionWait, day, 0}, // an earlier retry prolongs it
	131050: {arauto.ReasonStoppedMarketing, arauto.ScopeContact, arauto.ActionSuppress, 0, 0},
	131062: {arauto.ReasonNeedsPhone, arauto.ScopeContact, arauto.ActionFail, 0, 0}, // not to a business-scoped id
	137000: {arauto.ReasonRefused, arauto.ScopeContact, arauto.ActionFail, 0, 0},    // their identity changed

	// The message.
	100:    {arauto.ReasonRefused, arauto.ScopeContact, arauto.ActionFail, 0, 0},
	131008: {arauto.ReasonRefused, arauto.ScopeContact, arauto.ActionFail, 0, 0},
	131009: {arauto.ReasonRefused, arauto.ScopeContact, arauto.ActionFail, 0, 0},
	131051: {arauto.ReasonRefused, arauto.ScopeContact, arauto.ActionFail, 0, 0},
	131052: {arauto.ReasonMedia, arauto.ScopeContact, arauto.ActionFail, 0, 0},
	131053: {arauto.ReasonMedia, arauto.ScopeContact, arauto.ActionRetry, minute, 3}, // Meta could not fetch the link
	131055: {arauto.ReasonRefused, arauto.ScopeContact, arauto.ActionFail, 0, 0},
	135000: {arauto.ReasonRefused, arauto.ScopeContact, arauto.ActionFail, 0, 0}, // also: held, then dropped

	// The template. What every contact meets pauses whatever sends it. What does not fit may be one contact's
	// data: the first ones pause the campaign, by the engine's count; a single one fails.
	132000: {arauto.ReasonTemplateMismatch, arauto.ScopeContact, arauto.ActionFail, 0, 0},
	132001: {arauto.ReasonTemplateMissing, arauto.ScopeTemplate, arauto.ActionPause, 0, 0},
	132005: {arauto.ReasonTemplateTooLong, arauto.ScopeContact, arauto.ActionFail, 0, 0},
	132007: {arauto.ReasonPolicy, arauto.ScopeTemplate, arauto.ActionPause, 0, 0},
	132008: {arauto.ReasonTemplateMismatch, arauto.ScopeContact, arauto.ActionFail, 0, 0},
	132012: {arauto.ReasonTemplateMismatch, arauto.ScopeContact, arauto.ActionFail, 0, 0},
	132015: {arauto.ReasonTemplatePaused, arauto.ScopeTemplate, arauto.ActionPause, 0, 0},
	132016: {arauto.ReasonTemplateDisabled, arauto.ScopeTemplate, arauto.ActionPause, 0, 0},
	132018: {arauto.ReasonTemplateMismatch, arauto.ScopeContact, arauto.ActionFail, 0, 0},
	132068: {arauto.ReasonFlow, arauto.ScopeTemplate, arauto.ActionPause, 0, 0},
	132069: {arauto.ReasonFlow, arauto.ScopeTemplate, arauto.ActionPause, hour, 0},        // ten an hour
	131063: {arauto.ReasonMarketingRoute, arauto.ScopeTemplate, arauto.ActionPause, 0, 0}, // marketing moved to another API
	134100: {arauto.ReasonMarketingRoute, arauto.ScopeTemplate, arauto.ActionPause, 0, 0}, // marketing only
	134101: {arauto.ReasonMarketingRoute, arauto.ScopeTemplate, arauto.ActionPause, 10 * minute, 0},
	134102: {arauto.ReasonMarketingRoute, arauto.ScopeTemplate, arauto.ActionPause, 0, 0},
}

// The permissions that Meta numbers one by one.
const (
	firstPermission = 200
	lastPermission  = 299
)

// Classify is what Meta's code asks of us. details are Meta's words; httpStatus is 0 for a code that came in a
// webhook. A code that is not known fails its contact and says so, unless the HTTP status says that Meta
// itself was in trouble: then the message may have left.
func Classify(code int, details string, httpStatus int) *arauto.SendError {
	v, known := verdictOf(code)
	if !known {
		v = verdict{Reason: arauto.ReasonRefused, Scope: arauto.ScopeContact, Action: arauto.ActionFail}
		if httpStatus >= http.StatusInternalServerError {
			v = verdict{Reason: arauto.ReasonNoAnswer, Scope: arauto.ScopeContact, Action: arauto.ActionUnknown}
		}
	}
	return &arauto.SendError{
		Code: code, Detail: clip(details), Reason: v.Reason, Scope: v.Scope, Action: v.Action, After: v.After, Tries: v.Tries, Unknown: !known,
	}
}

func verdictOf(code int) (verdict, bool) {
	if code >= firstPermission && code <= lastPermission {
		return verdicts[10], true // permissions, one code each
	}
	v, known := verdicts[code]
	return v, known
}

// graphError is Graph's own form of an error.
type graphError struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Code    wireInt `json:"code"`
	Subcode wireInt `json:"error_subcode"`
	Data    struct {
		Details string `json:"details"`
	} `json:"error_data"`
	UserMessage string `json:"error_user_msg"`
}

func (e *graphError) classify(status int, token string) *arauto.SendError {
	code := e.Code.value
	refusal := Classify(code, e.words(token), status)
	if e.missingObject() {
		// 100 is also how Graph says that the number itself is not there, which is no contact's fault.
		v := verdicts[803]
		refusal.Reason, refusal.Scope, refusal.Action = v.Reason, v.Scope, v.Action
	}
	return refusal
}

func (e *graphError) missingObject() bool {
	return e.Code.value == 100 && (e.Type == "GraphMethodException" || e.Subcode.value == 33)
}

// words are the most exact that Meta has, without the token: Graph quotes a token that it cannot read.
func (e *graphError) words(token string) string {
	words := e.Message
	switch {
	case e.Data.Details != "":
		words = e.Data.Details
	case e.UserMessage != "":
		words = e.UserMessage
	}
	return conceal(words, token)
}

func conceal(words, token string) string {
	if token == "" {
		return words
	}
	return strings.ReplaceAll(words, token, "[secret]")
}

const maxDetail = 1000

// clip bounds what is stored of words that strangers chose.
func clip(words string) string {
	if len(words) <= maxDetail {
		return words
	}
	cut := maxDetail
	for cut > 0 && !utf8.RuneStart(words[cut]) {
		cut--
	}
	return words[:cut] + "…"
}
