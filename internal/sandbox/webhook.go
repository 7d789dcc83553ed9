package sandbox

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// The wire of webhooks, as
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks
// shows it: timestamps are strings of unix seconds in messages and statuses, and
// integers in user_preferences.

type envelope struct {
	Object string       `json:"object"`
	Entry  []entryValue `json:"entry"`
}

type entryValue struct {
	ID      string   `json:"id"` // WABA
	Time    int64    `json:"time"`
	Changes []change `json:"changes"`
}

type change struct {
	Field string `json:"field"`
	Value any    `json:"value"`
}

type messagesValue struct {
	Product     string           `json:"messaging_product"`
	Metadata    metadata         `json:"metadata"`
	Contacts    []contactValue   `json:"contacts,omitempty"`
	Messages    []inboundValue   `json:"messages,omitempty"`
	Statuses    []statusValue    `json:"statuses,omitempty"`
	Preferences []preferenceItem `json:"user_preferences,omitempty"`
}

type metadata struct {
	DisplayPhone  string `json:"display_phone_number"`
	PhoneNumberID string `json:"phone_number_id"`
}

type contactValue struct {
	Profile struct {
		Name string `json:"name"`
	} `json:"profile"`
	WAID   string `json:"wa_id,omitempty"`
	UserID string `json:"user_id,omitempty"`
}

type statusValue struct {
	ID              string             `json:"id"`
	Status          kind               `json:"status"`
	Timestamp       string             `json:"timestamp"`
	RecipientID     string             `json:"recipient_id"`
	RecipientUserID string             `json:"recipient_user_id,omitempty"`
	Callback        string             `json:"biz_opaque_callback_data,omitempty"`
	Conversation    *conversationValue `json:"conversation,omitempty"`
	Pricing         *pricingValue      `json:"pricing,omitempty"`
	Errors          []statusError      `json:"errors,omitempty"`
}

type conversationValue struct {
	ID      string `json:"id"`
	Expires string `json:"expiration_timestamp,omitempty"`
	Origin  struct {
		Type string `json:"type"`
	} `json:"origin"`
}

type pricingValue struct {
	Billable bool   `json:"billable"`
	Model    string `json:"pricing_model"`
	Type     string `json:"type"`
	Category string `json:"category"`
}

type statusError struct {
	Code    int       `json:"code"`
	Title   string    `json:"title"`
	Message string    `json:"message"`
	Data    errorData `json:"error_data"`
	Href    string    `json:"href"`
}

type inboundValue struct {
	From       string          `json:"from,omitempty"`
	FromUserID string          `json:"from_user_id,omitempty"`
	ID         string          `json:"id"`
	Timestamp  string          `json:"timestamp"`
	Type       string          `json:"type"`
	Text       *textContent    `json:"text,omitempty"`
	Button     *buttonValue    `json:"button,omitempty"`
	Context    *contextValue   `json:"context,omitempty"`
	Referral   json.RawMessage `json:"referral,omitempty"`
}

type buttonValue struct {
	Payload string `json:"payload"`
	Text    string `json:"text"`
}

type contextValue struct {
	From string `json:"from"`
	ID   string `json:"id"`
}

type preferenceItem struct {
	WAID      string `json:"wa_id,omitempty"`
	UserID    string `json:"user_id,omitempty"`
	Detail    string `json:"detail"`
	Category  string `json:"category"`
	Value     string `json:"value"`
	Timestamp int64  `json:"timestamp"`
}

type templateStatusValue struct {
	Event    string  `json:"event"`
	ID       int64   `json:"message_template_id"`
	Name     string  `json:"message_template_name"`
	Language string  `json:"message_template_language"`
	Category string  `json:"message_template_category"`
	Reason   *string `json:"reason"`
}

// render writes the body that tells the updates. The same updates always give the
// same bytes, so a webhook that is tried again is the same webhook.
func (s *Sandbox) render(updates []update) []byte {
	statuses, inbound, preferences := s.value(), s.value(), s.value()
	var changes []change
	for _, u := range updates {
		switch u.kind {
		case kindReply:
			inbound.hear(s.reply(u))
		case kindStop:
			preferences.prefer(u.msg.story.spoken("stop"), u.at)
		case kindTemplate:
			changes = append(changes, change{"message_template_status_update", templateStatus(*u.template)})
		case kindSaid:
			if u.said.preference != "" {
				preferences.prefer(*u.said, u.at)
			} else {
				inbound.hear(*u.said, s.inbound(*u.said, u.at))
			}
		default:
			statuses.report(u.msg, s.status(u))
		}
	}
	for _, v := range []struct {
		field string
		*messagesValue
	}{{"messages", statuses}, {"messages", inbound}, {"user_preferences", preferences}} {
		if len(v.Statuses)+len(v.Messages)+len(v.Preferences) > 0 {
			changes = append(changes, change{v.field, v.messagesValue})
		}
	}
	body, err := json.Marshal(envelope{
		Object: "whatsapp_business_account",
		Entry:  []entryValue{{ID: s.cfg.WABAID, Time: updates[0].at.Unix(), Changes: changes}},
	})
	if err != nil {
		panic("sandbox: webhook that is no JSON: " + err.Error())
	}
	return body
}

func (s *Sandbox) value() *messagesValue {
	return &messagesValue{Product: "whatsapp", Metadata: metadata{onlyDigits(s.cfg.DisplayPhone), s.cfg.PhoneNumberID}}
}

// status is one entry of statuses[]. Prices come with sent and with the first sign
// of delivery; a failure names no user id, as the message was sent to a number.
func (s *Sandbox) status(u update) statusValue {
	m := u.msg
	v := statusValue{
		ID: m.id, Status: u.kind, Timestamp: seconds(u.at),
		RecipientID: m.story.WAID, RecipientUserID: m.story.UserID, Callback: m.callback,
	}
	if u.kind == kindFailed {
		t := titleOf(m.story.FailedCode)
		v.RecipientUserID = ""
		v.Errors = []statusError{{
			Code: m.story.FailedCode, Title: t.text, Message: t.text,
			Data: errorData{Details: "this recipient's fate in the sandbox"},
			Href: "https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes",
		}}
		return v
	}
	if u.kind != kindRead || m.story.Quiet {
		v.Pricing = &pricingValue{Billable: true, Model: "PMP", Type: "regular", Category: m.category}
		if m.category == "service" {
			v.Pricing.Billable, v.Pricing.Type = false, "free_customer_service"
		}
	}
	if s.cfg.Conversations {
		v.Conversation = &conversationValue{ID: strings.ToLower(m.id[len(m.id)-17 : len(m.id)-1])}
		v.Conversation.Origin.Type = m.category
		if u.kind == kindSent {
			v.Conversation.Expires = seconds(u.at.Add(24 * time.Hour))
		}
	}
	return v
}

// reply is what the story's person writes in answer to the message.
func (s *Sandbox) reply(u update) (spoken, inboundValue) {
	m := u.msg
	p := m.story.spoken("")
	p.id = wamid(s.boot, m.story.Phone, m.nth, "in")
	p.text = m.story.Text
	if m.story.Reply != ReplyTyped {
		p.context = m.id
	}
	if m.story.Reply == ReplyButton {
		p.text, p.button, p.payload = "", m.tap.text, m.tap.payload
	}
	return p, s.inbound(p, u.at)
}

func (s *Sandbox) inbound(p spoken, at time.Time) inboundValue {
	v := inboundValue{
		From: p.waID, FromUserID: p.userID, ID: p.id, Timestamp: seconds(at),
		Type: "text", Referral: p.referral,
	}
	if p.context != "" {
		v.Context = &contextValue{From: onlyDigits(s.cfg.DisplayPhone), ID: p.context}
	}
	if p.button != "" {
		v.Type, v.Button = "button", &buttonValue{Payload: p.payload, Text: p.button}
		return v
	}
	v.Text = &textContent{Body: p.text}
	return v
}

// spoken is the story's person about to say something.
func (s Story) spoken(preference string) spoken {
	return spoken{number: s.Phone, waID: s.WAID, userID: s.UserID, name: s.Name, preference: preference}
}

func (v *messagesValue) report(m *message, status statusValue) {
	v.Statuses = append(v.Statuses, status)
	if status.Status != kindFailed {
		v.introduce(m.story.spoken(""))
	}
}

func (v *messagesValue) hear(p spoken, m inboundValue) {
	v.Messages = append(v.Messages, m)
	v.introduce(p)
}

func (v *messagesValue) prefer(p spoken, at time.Time) {
	v.Preferences = append(v.Preferences, preferenceItem{
		WAID: p.waID, UserID: p.userID, Category: "marketing_messages", Value: p.preference,
		Detail: "the user chose to " + p.preference + " marketing messages", Timestamp: at.Unix(),
	})
	v.introduce(p)
}

// introduce names a person once in a value.
func (v *messagesValue) introduce(p spoken) {
	c := contactValue{WAID: p.waID, UserID: p.userID}
	c.Profile.Name = p.name
	for _, known := range v.Contacts {
		if known == c {
			return
		}
	}
	v.Contacts = append(v.Contacts, c)
}

func templateStatus(t Template) templateStatusValue {
	id, _ := strconv.ParseInt(t.ID, 10, 64)
	v := templateStatusValue{Event: t.Status, ID: id, Name: t.Name, Language: t.Language, Category: t.Category}
	if t.RejectedReason != "NONE" {
		v.Reason = &t.RejectedReason
	}
	return v
}

func seconds(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
