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
	Profile profileValue `json:"profile"`
	WAID    string       `json:"wa_id,omitempty"`
	UserID  string       `json:"user_id,omitempty"`
}

type profileValue struct {
	Name     string `json:"name"`
	Username string `json:"username,omitempty"`
}

type statusValue struct {
	ID              string             `json:"id"`
	Status          kind               `json:"status"`
	Timestamp       string             `json:"timestamp"`
	RecipientID     string             `json:"recipient_id,omitempty"`
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
	Context    *contextValue   `json:"context,omitempty"`
	Referral   json.RawMessage `json:"referral,omitempty"`
	Errors     []statusError   `json:"errors,omitempty"`

	content any // the member that Type names; nil is none
}

// MarshalJSON puts the content under the name of its type.
func (v inboundValue) MarshalJSON() ([]byte, error) {
	type plain inboundValue
	body, err := json.Marshal(plain(v))
	if err != nil || v.content == nil {
		return body, err
	}
	name, err := json.Marshal(v.Type)
	if err != nil {
		return nil, err
	}
	content, err := json.Marshal(v.content)
	if err != nil {
		return nil, err
	}
	body = append(append(body[:len(body)-1], ','), name...)
	return append(append(append(body, ':'), content...), '}'), nil
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

// values are what a webhook says of one number.
type values struct {
	from                           *number
	statuses, inbound, preferences *messagesValue
}

// render writes the body that tells the updates. The same updates always give the
// same bytes, so a webhook that is tried again is the same webhook.
func (s *Sandbox) render(updates []update) []byte {
	var all []values
	var changes []change
	for _, u := range updates {
		if u.kind == kindEvent {
			changes = append(changes, *u.event)
			continue
		}
		v := valuesOf(&all, u.number())
		switch u.kind {
		case kindReply:
			v.inbound.hear(s.reply(u))
		case kindStop:
			v.preferences.prefer(u.msg.spoken("stop"), u.at)
		case kindSaid:
			if u.said.preference != "" {
				v.preferences.prefer(*u.said, u.at)
			} else {
				v.inbound.hear(*u.said, inbound(*u.said, u.at))
			}
		default:
			v.statuses.report(u.msg, s.status(u))
		}
	}
	for _, v := range all {
		for _, c := range []struct {
			field string
			*messagesValue
		}{{"messages", v.statuses}, {"messages", v.inbound}, {"user_preferences", v.preferences}} {
			if len(c.Statuses)+len(c.Messages)+len(c.Preferences) > 0 {
				changes = append(changes, change{c.field, c.messagesValue})
			}
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

// number is the one that an update is about.
func (u update) number() *number {
	if u.said != nil {
		return u.said.to
	}
	return u.msg.from
}

// valuesOf finds or begins what is said of a number.
func valuesOf(all *[]values, n *number) *values {
	for i := range *all {
		if (*all)[i].from == n {
			return &(*all)[i]
		}
	}
	empty := func() *messagesValue { return &messagesValue{Product: "whatsapp", Metadata: n.metadata()} }
	*all = append(*all, values{n, empty(), empty(), empty()})
	return &(*all)[len(*all)-1]
}

func (n *number) metadata() metadata { return metadata{n.digits, n.ID} }

// announce tells something that is about no message.
func (s *Sandbox) announce(field string, value any) {
	now := time.Now()
	s.queue.add(now, update{kind: kindEvent, at: now, event: &change{field, value}})
}

// status is one entry of statuses[]. Prices come with sent and with the first sign
// of delivery; a failure names no user id if the message was sent to a number.
func (s *Sandbox) status(u update) statusValue {
	m := u.msg
	v := statusValue{
		ID: m.id, Status: u.kind, Timestamp: seconds(u.at),
		RecipientID: m.story.WAID, RecipientUserID: m.story.UserID, Callback: m.callback,
	}
	if m.hidden() {
		v.RecipientID = ""
	}
	if u.kind == kindFailed {
		if !m.byUserID {
			v.RecipientUserID = ""
		}
		v.Errors = []statusError{errorOf(m.story.FailedCode, "this recipient's fate in the sandbox")}
		return v
	}
	if u.kind != kindRead || m.story.Quiet {
		v.Pricing = m.price()
	}
	if m.free || s.delivery.Load().Shape == ShapeV23 {
		v.Conversation = &conversationValue{ID: strings.ToLower(m.id[len(m.id)-17 : len(m.id)-1])}
		v.Conversation.Origin.Type = m.priced()
		if u.kind == kindSent {
			v.Conversation.Expires = seconds(u.at.Add(24 * time.Hour))
		}
	}
	return v
}

// priced is the category that a message counts as.
func (m *message) priced() string {
	if m.free {
		return "referral_conversion"
	}
	return m.category
}

func (m *message) price() *pricingValue {
	p := &pricingValue{Billable: true, Model: "PMP", Type: "regular", Category: m.priced()}
	switch {
	case m.free:
		p.Billable, p.Type = false, "free_entry_point"
	case m.category == "service":
		p.Billable, p.Type = false, "free_customer_service"
	}
	return p
}

func errorOf(code int, details string) statusError {
	code = written(code)
	t := titleOf(code)
	return statusError{
		Code: code, Title: t.text, Message: t.text, Data: errorData{Details: details},
		Href: "https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes",
	}
}

// reply is what the story's person writes in answer to the message.
func (s *Sandbox) reply(u update) (spoken, inboundValue) {
	m := u.msg
	p := m.spoken("")
	p.id = wamid(s.boot.Load(), m.story.Phone, m.nth, "in")
	p.kind, p.content = "text", textContent{m.story.Text}
	if m.story.Reply != ReplyTyped {
		p.context = m.id
	}
	if m.story.Reply == ReplyButton {
		p.kind, p.content = "button", buttonValue{m.tap.payload, m.tap.text}
	}
	return p, inbound(p, u.at)
}

func inbound(p spoken, at time.Time) inboundValue {
	v := inboundValue{
		From: p.waID, FromUserID: p.userID, ID: p.id, Timestamp: seconds(at),
		Type: p.kind, Referral: p.referral, Errors: p.errors, content: p.content,
	}
	if p.context != "" {
		v.Context = &contextValue{From: p.to.digits, ID: p.context}
	}
	return v
}

// spoken is the recipient about to say something to the sender of m.
func (m *message) spoken(preference string) spoken {
	p := m.story.spoken(preference)
	p.to = m.from
	if m.hidden() {
		p.waID, p.username = "", userName(p.number)
	}
	return p
}

// spoken is the story's person about to say something.
func (s Story) spoken(preference string) spoken {
	return spoken{number: s.Phone, waID: s.WAID, userID: s.UserID, name: s.Name, preference: preference}
}

func (p spoken) contact() contactValue {
	return contactValue{Profile: profileValue{p.name, p.username}, WAID: p.waID, UserID: p.userID}
}

func (v *messagesValue) report(m *message, status statusValue) {
	v.Statuses = append(v.Statuses, status)
	if status.Status != kindFailed {
		v.introduce(m.spoken(""))
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

// introduce names a person once in a value. Only neighbours are compared: with 1,000
// updates in a webhook anything else would cost more than it saves.
func (v *messagesValue) introduce(p spoken) {
	c := p.contact()
	for _, known := range v.Contacts[max(0, len(v.Contacts)-8):] {
		if known == c {
			return
		}
	}
	v.Contacts = append(v.Contacts, c)
}

func seconds(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
