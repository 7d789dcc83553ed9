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
	After  int // seconds before the scope's next try; 0 = as the engine sees fit
}

const (
	minute = 60
	day    = 24 * 60 * 60
)

// verdicts is every code that Meta documents for messages, the same for an answer and for a webhook.
// 200 to 299 are not in it: see verdictOf. What a pause or a failure covers is our reading of Meta's advice.
//
// Vendor: https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
var verdicts = map[int]verdict{
	// Token and permission: the next message would fare no better.
	0:      {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0},
	3:      {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0},
	10:     {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0},
	102:    {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0}, // the token's session ended
	190:    {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0},
	803:    {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0}, // no object with that id
	2500:   {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0}, // no such path
	131005: {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0},

	// The number.
	131037: {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0}, // display name not approved
	131045: {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0}, // registration
	131048: {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0}, // spam: a person decides, no retry
	133010: {arauto.ReasonSenderTrouble, arauto.ScopeSender, arauto.ActionPause, 0}, // not registered

	// The business account.
	368:    {arauto.ReasonAccountTrouble, arauto.ScopeWABA, arauto.ActionPause, 0}, // policy
	131031: {arauto.ReasonAccountTrouble, arauto.ScopeWABA, arauto.ActionPause, 0}, // locked
	131042: {arauto.ReasonAccountTrouble, arauto.ScopeWABA, arauto.ActionPause, 0}, // payment
	131063: {arauto.ReasonAccountTrouble, arauto.ScopeWABA, arauto.ActionPause, 0}, // marketing moved to another API
	131064: {arauto.ReasonAccountTrouble, arauto.ScopeWABA, arauto.ActionPause, 0}, // misclassified templates; lifts by itself

	// Too fast. 4 is the app's, which may have several WABAs; the narrower scope is the nearest there is.
	4:      {arauto.ReasonTooFast, arauto.ScopeWABA, arauto.ActionRetry, minute},
	80007:  {arauto.ReasonTooFast, arauto.ScopeWABA, arauto.ActionRetry, minute},
	130429: {arauto.ReasonTooFast, arauto.ScopeSender, arauto.ActionRetry, 1},
	131056: {arauto.ReasonTooFast, arauto.ScopePair, arauto.ActionRetry, 6}, // one message in 6 s to one person
	133016: {arauto.ReasonTooFast, arauto.ScopeSender, arauto.ActionRetry, minute},

	// Meta's own trouble, told in so many words. 1 and 131000 say no more than that something went wrong:
	// in the rare case that the message left all the same, a retry repeats it.
	1:      {arauto.ReasonProviderTrouble, arauto.ScopeContact, arauto.ActionRetry, 0},
	2:      {arauto.ReasonProviderTrouble, arauto.ScopeContact, arauto.ActionRetry, 0},
	131000: {arauto.ReasonProviderTrouble, arauto.ScopeContact, arauto.ActionRetry, 0},
	131016: {arauto.ReasonProviderTrouble, arauto.ScopeContact, arauto.ActionRetry, 0},
	133004: {arauto.ReasonProviderTrouble, arauto.ScopeContact, arauto.ActionRetry, 0},
	131057: {arauto.ReasonProviderTrouble, arauto.ScopeSender, arauto.ActionRetry, minute}, // the number moves to more throughput

	// The person.
	130403: {arauto.ReasonBlocked, arauto.ScopeContact, arauto.ActionFail, 0},
	130472: {arauto.ReasonExperiment, arauto.ScopeContact, arauto.ActionFail, 0},
	130497: {arauto.ReasonCountry, arauto.ScopeContact, arauto.ActionFail, 0},
	131021: {arauto.ReasonRefused, arauto.ScopeContact, arauto.ActionFail, 0}, // to the sender itself
	131026: {arauto.ReasonNotOnWhatsApp, arauto.ScopeContact, arauto.ActionFail, 0},
	131030: {arauto.ReasonNotAllowed, arauto.ScopeContact, arauto.ActionFail, 0},
	131047: {arauto.ReasonWindowClosed, arauto.ScopeContact, arauto.ActionFail, 0},
	131049: {arauto.ReasonMarketingCap, arauto.ScopeContact, arauto.ActionFail, day}, // an earlier retry prolongs it
	131050: {arauto.ReasonStoppedMarketing, arauto.ScopeContact, arauto.ActionSuppress, 0},
	131062: {arauto.ReasonRefused, arauto.ScopeContact, arauto.ActionFail, 0}, // not to a business-scoped id
	137000: {arauto.ReasonRefused, arauto.ScopeContact, arauto.ActionFail, 0}, // their identity changed

	// The message.
	100:    {arauto.ReasonRefused, arauto.ScopeContact, arauto.ActionFail, 0},
	131008: {arauto.ReasonRefused, arauto.ScopeContact, arauto.ActionFail, 0},
	131009: {arauto.ReasonRefused, arauto.ScopeContact, arauto.ActionFail, 0},
	131051: {arauto.ReasonRefused, arauto.ScopeContact, arauto.ActionFail, 0},
	131052: {arauto.ReasonMedia, arauto.ScopeContact, arauto.ActionFail, 0},
	131053: {arauto.ReasonMedia, arauto.ScopeContact, arauto.ActionRetry, minute}, // Meta could not fetch the link
	131055: {arauto.ReasonRefused, arauto.ScopeContact, arauto.ActionFail, 0},
	135000: {arauto.ReasonRefused, arauto.ScopeContact, arauto.ActionFail, 0}, // also: held, then dropped

	// The template. What every contact would meet pauses; what one contact's data does fails that contact.
	132000: {arauto.ReasonTemplateMismatch, arauto.ScopeCampaign, arauto.ActionPause, 0},
	132001: {arauto.ReasonTemplateMissing, arauto.ScopeTemplate, arauto.ActionPause, 0},
	132005: {arauto.ReasonTemplateTooLong, arauto.ScopeContact, arauto.ActionFail, 0},
	132007: {arauto.ReasonPolicy, arauto.ScopeTemplate, arauto.ActionPause, 0},
	132008: {arauto.ReasonTemplateMismatch, arauto.ScopeCampaign, arauto.ActionPause, 0},
	132012: {arauto.ReasonTemplateMismatch, arauto.ScopeCampaign, arauto.ActionPause, 0},
	132015: {arauto.ReasonTemplatePaused, arauto.ScopeTemplate, arauto.ActionPause, 0},
	132016: {arauto.ReasonTemplateDisabled, arauto.ScopeTemplate, arauto.ActionPause, 0},
	132018: {arauto.ReasonTemplateMismatch, arauto.ScopeContact, arauto.ActionFail, 0},
	132068: {arauto.ReasonTemplatePaused, arauto.ScopeTemplate, arauto.ActionPause, 0}, // its flow is blocked
	132069: {arauto.ReasonTemplatePaused, arauto.ScopeTemplate, arauto.ActionPause, 0}, // its flow is throttled
	134100: {arauto.ReasonRefused, arauto.ScopeTemplate, arauto.ActionPause, 0},        // marketing only
	134101: {arauto.ReasonProviderTrouble, arauto.ScopeTemplate, arauto.ActionRetry, 10 * minute},
	134102: {arauto.ReasonRefused, arauto.ScopeTemplate, arauto.ActionPause, 0},
}

// Classify is what Meta's code asks of us. details are Meta's words; httpStatus is 0 for a code that came in a
// webhook. A code that is not known fails its contact, unless the HTTP status says that Meta itself was in
// trouble: then the message may have left.
func Classify(code int, details string, httpStatus int) *arauto.SendError {
	v, known := verdictOf(code)
	if !known {
		v = verdict{arauto.ReasonRefused, arauto.ScopeContact, arauto.ActionFail, 0}
		if httpStatus >= http.StatusInternalServerError {
			v = verdict{arauto.ReasonNoAnswer, arauto.ScopeContact, arauto.ActionUnknown, 0}
		}
	}
	return &arauto.SendError{Code: code, Detail: clip(details), Reason: v.Reason, Scope: v.Scope, Action: v.Action, After: v.After}
}

func verdictOf(code int) (verdict, bool) {
	if code >= 200 && code <= 299 {
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
