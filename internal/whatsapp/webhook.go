package whatsapp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"arauto"
)

// Verify reports whether signatureHeader, the value of X-Hub-Signature-256, is the signature of body under
// the app's secret. body is the raw body, as it came. It takes as long for a good signature as for a bad
// one, and is false for an empty secret.
func Verify(secret string, body []byte, signatureHeader string) bool {
	digest, ok := strings.CutPrefix(signatureHeader, "sha256=")
	if !ok || secret == "" {
		return false
	}
	given, err := hex.DecodeString(digest)
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hmac.Equal(given, mac.Sum(nil))
}

// Decode reads the body of a webhook into facts, in the body's order within each kind. What Meta reports
// that is not acted on is a FactOther, so that a body which was understood always gives a fact.
//
// A part that cannot be read never spoils its neighbours: Decode returns the facts of all the others, and
// one joined error, invalid, that names each bad part by its place. Only a body that is no JSON, or not of
// WhatsApp, gives no facts. At is zero when Meta gave no time that can be read: the moment of receipt then
// stands for it.
//
// Vendor: MD/webhooks/reference.
func Decode(body []byte) ([]arauto.Fact, error) {
	var e envelope
	if err := unmarshal(body, &e); err != nil {
		return nil, fmt.Errorf("read webhook: %w", arauto.Errorf(arauto.KindInvalid, "", "the body is not JSON: %v", err))
	}
	if e.Object != "whatsapp_business_account" {
		return nil, fmt.Errorf("read webhook: %w", arauto.Errorf(arauto.KindInvalid, "object", "%q is not about WhatsApp: subscribe the app to whatsapp_business_account", clip(e.Object)))
	}
	var d decoder
	for i, entry := range e.Entry {
		for j, change := range entry.Changes {
			d.entry, d.nth = i, j
			d.origin = arauto.Fact{WABA: string(entry.ID), At: entry.Time.Time}
			d.change(change)
		}
	}
	if len(d.facts) == 0 && len(d.bad) == 0 {
		d.bad = append(d.bad, arauto.Errorf(arauto.KindInvalid, "entry", "it holds no change"))
	}
	if d.more > 0 {
		d.bad = append(d.bad, arauto.Errorf(arauto.KindInvalid, "", "and %d parts more", d.more))
	}
	return d.facts, errors.Join(d.bad...)
}

// maxBad bounds how many bad parts of one body are named; the others are counted.
const maxBad = 20

// A decoder collects what the changes of one body say.
type decoder struct {
	facts      []arauto.Fact
	bad        []error
	more       int         // bad parts beyond those
	entry, nth int         // the place of the change at hand
	origin     arauto.Fact // what every fact of that change has
}

// whole is the index of a part that is no list.
const whole = -1

// refuse notes a bad part: an element of a list in the change's value, or the whole value.
func (d *decoder) refuse(list string, i int, problem string) {
	if len(d.bad) >= maxBad {
		d.more++
		return
	}
	field := fmt.Sprintf("entry[%d].changes[%d].value", d.entry, d.nth)
	if i != whole {
		field += fmt.Sprintf(".%s[%d]", list, i)
	}
	d.bad = append(d.bad, &arauto.Error{Kind: arauto.KindInvalid, Field: field, Message: problem})
}

// fact starts a fact that happened at; the zero time is left for the caller of Decode to fill.
func (d *decoder) fact(kind arauto.FactKind, at time.Time) arauto.Fact {
	f := d.origin
	f.Kind, f.At = kind, at
	return f
}

func (d *decoder) add(f arauto.Fact) { d.facts = append(d.facts, f) }

func (d *decoder) other() { d.add(d.fact(arauto.FactOther, d.origin.At)) }

func (d *decoder) change(c change) {
	switch c.Field {
	case "messages", "user_preferences":
		var v messagesValue
		if d.read(c.Value, &v) {
			d.messages(v)
		}
	case "message_template_status_update":
		var v templateValue
		if d.read(c.Value, &v) {
			d.template(v)
		}
	case "user_id_update":
		var v identityValue
		if d.read(c.Value, &v) {
			d.identities(v)
		}
	case "business_capability_update":
		var v capabilityValue
		if d.read(c.Value, &v) {
			d.capability(v)
		}
	case "account_update", "phone_number_quality_update":
		d.account(c.Value)
	default:
		// Quality of templates, and whatever Meta invents next. Most have no number.
		var v struct {
			Metadata metadata `json:"metadata"`
		}
		if unmarshal(c.Value, &v) == nil {
			d.origin.PhoneNumberID = string(v.Metadata.PhoneNumberID)
		}
		d.other()
	}
}

// read reports whether value is an object. What in it has another type than documented is left out, and
// its owner judged by what remains.
func (d *decoder) read(value json.RawMessage, v any) bool {
	if len(value) == 0 || value[0] != '{' {
		d.refuse("", whole, "it is not an object")
		return false
	}
	if err := unmarshal(value, v); err != nil {
		d.refuse("", whole, err.Error())
		return false
	}
	return true
}

func (d *decoder) messages(v messagesValue) {
	d.origin.PhoneNumberID = string(v.Metadata.PhoneNumberID)
	start, bad := len(d.facts), len(d.bad)
	for i := range v.Messages {
		d.message(i, &v.Messages[i], v.Contacts)
	}
	for i := range v.Statuses {
		d.status(i, &v.Statuses[i], v.Contacts)
	}
	for i := range v.Preferences {
		d.preference(i, &v.Preferences[i])
	}
	for _, e := range v.Errors {
		f := d.fact(arauto.FactTrouble, d.origin.At)
		e.explain(&f.Status)
		d.add(f)
	}
	if len(d.facts) == start && len(d.bad) == bad {
		d.other() // user_actions, or something new
	}
}

// status is one entry of statuses[].
//
// Vendor: MD/webhooks/reference/messages/status.
func (d *decoder) status(i int, s *status, contacts []contact) {
	switch {
	case s.Status == "":
		d.refuse("statuses", i, "it has no status")
		return
	case s.ID == "" && s.Callback == "":
		d.refuse("statuses", i, "it names no message")
		return
	}
	f := d.fact(arauto.FactStatus, s.Timestamp.Time)
	f.Status = arauto.Status{
		ProviderID: s.ID, Ref: s.Callback, WAID: string(s.RecipientID), UserID: s.RecipientUserID, ParentID: s.RecipientParentID,
		Username: s.username(contacts), Pricing: s.Pricing.noun(),
	}
	switch s.Status {
	case "sent":
		f.Status.Event = arauto.EventSent
	case "delivered":
		f.Status.Event = arauto.EventDelivered
	case "read", "played": // a voice message is played rather than read
		f.Status.Event = arauto.EventRead
	case "failed":
		f.Status.Event = arauto.EventFailed
		f.Status.Reason, f.Status.Action = arauto.ReasonRefused, arauto.ActionFail
		if len(s.Errors) > 0 {
			s.Errors[0].explain(&f.Status)
		}
	default:
		f.Kind = arauto.FactOther
	}
	d.add(f)
}

// preference is one entry of user_preferences[]. Meta sends it when a person stops or resumes marketing,
// not when they say that a message is not interesting.
func (d *decoder) preference(i int, p *preference) {
	if p.WAID == "" && p.UserID == "" {
		d.refuse("user_preferences", i, "it names nobody")
		return
	}
	f := d.fact(arauto.FactPreference, p.Timestamp.Time)
	f.Preference = arauto.PreferenceFact{WAID: string(p.WAID), UserID: p.UserID, Detail: p.Detail}
	switch {
	case p.Category != "" && p.Category != "marketing_messages":
		f.Kind = arauto.FactOther
	case p.Value == "stop":
		f.Preference.Wish = arauto.PreferenceStop
	case p.Value == "resume":
		f.Preference.Wish = arauto.PreferenceResume
	default:
		f.Kind = arauto.FactOther
	}
	d.add(f)
}

// template is a message_template_status_update. It has no time but its entry's.
func (d *decoder) template(v templateValue) {
	if v.Event == "" || v.ID == "" && v.Name == "" {
		d.refuse("", whole, "it names no template, or nothing that happened to it")
		return
	}
	f := d.fact(arauto.FactTemplate, d.origin.At)
	f.Template = arauto.TemplateFact{
		MetaID: string(v.ID), Name: v.Name, Language: normalLanguage(v.Language),
		Status: statusOfEvent(v.Event), Reason: v.reason(),
	}
	d.add(f)
}

// statusOfEvent is the status that a template has after event. They share their words, but for the events
// that undo something.
func statusOfEvent(event string) string {
	switch event = strings.ToUpper(event); event {
	case "REINSTATED", "UNARCHIVED":
		return arauto.TemplateApproved
	}
	return event
}

// normalLanguage is the language as templates are listed: webhooks have been seen with a dash.
func normalLanguage(language string) string { return strings.ReplaceAll(language, "-", "_") }
