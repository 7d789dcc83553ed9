package sandbox

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxRequest  = 256 << 10
	maxCallback = 512
)

// A sendRequest is the body of POST /{phone-number-id}/messages.
type sendRequest struct {
	Product       string           `json:"messaging_product"`
	RecipientType string           `json:"recipient_type"`
	To            string           `json:"to"`
	Recipient     string           `json:"recipient"` // business-scoped id
	Type          string           `json:"type"`
	Callback      string           `json:"biz_opaque_callback_data"`
	Text          *textContent     `json:"text"`
	Template      *templateContent `json:"template"`

	Image       json.RawMessage `json:"image"`
	Video       json.RawMessage `json:"video"`
	Audio       json.RawMessage `json:"audio"`
	Document    json.RawMessage `json:"document"`
	Sticker     json.RawMessage `json:"sticker"`
	Location    json.RawMessage `json:"location"`
	Contacts    json.RawMessage `json:"contacts"`
	Interactive json.RawMessage `json:"interactive"`
	Reaction    json.RawMessage `json:"reaction"`
}

type textContent struct {
	Body string `json:"body"`
}

type templateContent struct {
	Name     string `json:"name"`
	Language struct {
		Code string `json:"code"`
	} `json:"language"`
	Components []sentComponent `json:"components"`
}

type sentComponent struct {
	Type       string      `json:"type"`
	SubType    string      `json:"sub_type"`
	Index      buttonIndex `json:"index"`
	Parameters []parameter `json:"parameters"`
}

// buttonIndex is a string by the book; Meta takes a number too.
type buttonIndex string

// UnmarshalJSON accepts "0" and 0.
func (i *buttonIndex) UnmarshalJSON(raw []byte) error {
	*i = buttonIndex(strings.Trim(string(raw), `"`))
	return nil
}

type parameter struct {
	Type       string          `json:"type"`
	Name       string          `json:"parameter_name"`
	Text       *string         `json:"text"`
	Payload    string          `json:"payload"`
	CouponCode string          `json:"coupon_code"`
	Image      *mediaRef       `json:"image"`
	Video      *mediaRef       `json:"video"`
	Document   *mediaRef       `json:"document"`
	Location   json.RawMessage `json:"location"`
}

type mediaRef struct {
	ID   string `json:"id"`
	Link string `json:"link"`
}

// decodeSend reads a request and checks all of it but the template.
func decodeSend(body []byte) (sendRequest, *graphError) {
	var r sendRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return sendRequest{}, refuse(100, "the body is not the JSON of a message: %v", err)
	}
	if r.Type == "" {
		r.Type = "text"
	}
	switch {
	case r.Product != "whatsapp":
		return r, refuse(100, "messaging_product must be whatsapp")
	case r.RecipientType != "" && r.RecipientType != "individual":
		return r, refuse(100, "recipient_type %q is not supported here", r.RecipientType)
	case r.To == "" && r.Recipient == "":
		return r, refuse(131008, "to is required")
	case utf8.RuneCountInString(r.Callback) > maxCallback:
		return r, refuse(100, "biz_opaque_callback_data is longer than %d characters", maxCallback)
	}
	return r, r.checkContent()
}

// checkContent asks that the object named by type is there.
func (r sendRequest) checkContent() *graphError {
	contents := map[string]json.RawMessage{
		"image": r.Image, "video": r.Video, "audio": r.Audio, "document": r.Document, "sticker": r.Sticker,
		"location": r.Location, "contacts": r.Contacts, "interactive": r.Interactive, "reaction": r.Reaction,
	}
	switch r.Type {
	case "text":
		if r.Text == nil || strings.TrimSpace(r.Text.Body) == "" {
			return refuse(131008, "text.body is required")
		}
		if utf8.RuneCountInString(r.Text.Body) > 4096 {
			return refuse(100, "text.body is longer than 4096 characters")
		}
	case "template":
		if r.Template == nil || r.Template.Name == "" || r.Template.Language.Code == "" {
			return refuse(131008, "template.name and template.language.code are required")
		}
	default:
		content, known := contents[r.Type]
		if !known {
			return refuse(100, "type %q is not a message type", r.Type)
		}
		if len(content) == 0 || string(content) == "null" {
			return refuse(131008, "%s is required", r.Type)
		}
	}
	return nil
}

// number returns whom the request is for, as digits.
func (r sendRequest) number() (string, *graphError) {
	if r.To == "" {
		number, ok := NumberOf(r.Recipient)
		if !ok {
			return "", refuse(131009, "recipient is not a user id of this portfolio")
		}
		return number, nil
	}
	digits, ok := parseNumber(r.To)
	if !ok {
		return "", refuse(131009, "to is not a phone number")
	}
	return digits, nil
}

func (r sendRequest) templateName() string {
	if r.Template == nil {
		return ""
	}
	return r.Template.Name
}

// A tap is a quick reply that the recipient of a message can use.
type tap struct {
	text, payload string
	optsOut       bool
}

// check compares what is sent with the template and returns the quick replies.
func (c templateContent) check(t Template) ([]tap, *graphError) {
	var header, body sentComponent
	var buttons []sentComponent
	for _, part := range c.Components {
		switch strings.ToLower(part.Type) {
		case "header":
			header = part
		case "body":
			body = part
		case "button":
			buttons = append(buttons, part)
		default:
			return nil, refuse(100, "component type %q is not header, body or button", part.Type)
		}
	}
	if e := checkHeader(t, header); e != nil {
		return nil, e
	}
	if e := checkTexts("body", t.part("BODY").Text, t.ParameterFormat, body.Parameters); e != nil {
		return nil, e
	}
	if e := checkLength(t, body.Parameters); e != nil {
		return nil, e
	}
	return checkButtons(t.part("BUTTONS").Buttons, buttons)
}

func checkHeader(t Template, sent sentComponent) *graphError {
	header := t.part("HEADER")
	switch header.Format {
	case "", "TEXT":
		return checkTexts("header", header.Text, t.ParameterFormat, sent.Parameters)
	}
	if len(sent.Parameters) == 0 {
		return refuse(132012, "header: Format mismatch, expected %s, received UNKNOWN", header.Format)
	}
	p := sent.Parameters[0]
	if got := strings.ToUpper(p.Type); got != header.Format || len(sent.Parameters) > 1 {
		return refuse(132012, "header: Format mismatch, expected %s, received %s", header.Format, got)
	}
	media := map[string]*mediaRef{"IMAGE": p.Image, "VIDEO": p.Video, "DOCUMENT": p.Document}[header.Format]
	if header.Format == "LOCATION" && len(p.Location) > 0 {
		return nil
	}
	if media == nil || (media.ID == "") == (media.Link == "") {
		return refuse(131008, "header: %s needs either id or link", p.Type)
	}
	return nil
}

// checkTexts compares text parameters with the variables of text.
func checkTexts(where, text, format string, sent []parameter) *graphError {
	want := variables(text)
	if len(sent) != len(want) {
		return refuse(132000, "%s: %d parameters sent, the template has %d", where, len(sent), len(want))
	}
	var seen []string
	for i, p := range sent {
		switch {
		case p.Type == "currency" || p.Type == "date_time":
		case p.Type != "text":
			return refuse(132012, "%s: parameter %d is of type %q, not text", where, i+1, p.Type)
		case p.Text == nil || *p.Text == "":
			return refuse(131008, "%s: parameter %d has no text", where, i+1)
		case strings.ContainsAny(*p.Text, "\n\t\r") || strings.Contains(*p.Text, "     "):
			return refuse(132018, "%s: parameter %d has a line break, a tab or more than four spaces in a row", where, i+1)
		}
		if format != "NAMED" {
			continue
		}
		if !slices.Contains(want, p.Name) || slices.Contains(seen, p.Name) {
			return refuse(132012, "%s: parameter %d is named %q, the template wants %s once each", where, i+1, p.Name, strings.Join(want, ", "))
		}
		seen = append(seen, p.Name)
	}
	return nil
}

// checkLength bounds the body as the recipient sees it.
func checkLength(t Template, sent []parameter) *graphError {
	limit := 1024
	if len(t.Components) == 1 {
		limit = 32768
	}
	text := t.part("BODY").Text
	size := utf8.RuneCountInString(placeholder.ReplaceAllString(text, ""))
	for _, p := range sent {
		if p.Text != nil {
			size += utf8.RuneCountInString(*p.Text)
		}
	}
	if size > limit {
		return refuse(132005, "body: %d characters, %d at most", size, limit)
	}
	return nil
}

func checkButtons(buttons []Button, sent []sentComponent) ([]tap, *graphError) {
	given := map[int]parameter{}
	for _, c := range sent {
		i, err := strconv.Atoi(string(c.Index))
		if err != nil || i < 0 || i >= len(buttons) {
			return nil, refuse(131009, "button: there is none at index %q", c.Index)
		}
		if len(c.Parameters) != 1 {
			return nil, refuse(131008, "button %d: one parameter is required", i)
		}
		if !strings.EqualFold(c.SubType, buttons[i].Type) {
			return nil, refuse(132012, "button %d: it is a %s, not a %s", i, buttons[i].Type, c.SubType)
		}
		given[i] = c.Parameters[0]
	}
	var taps []tap
	for i, b := range buttons {
		p, ok := given[i]
		if e := checkButton(i, b, p, ok); e != nil {
			return nil, e
		}
		if b.Type == "QUICK_REPLY" {
			payload := b.Text
			if ok {
				payload = p.Payload
			}
			taps = append(taps, tap{text: b.Text, payload: payload, optsOut: b.optsOut()})
		}
	}
	return taps, nil
}

func checkButton(i int, b Button, p parameter, given bool) *graphError {
	switch {
	case b.Type == "QUICK_REPLY" && given && (p.Type != "payload" || p.Payload == ""):
		return refuse(131009, "button %d: a quick reply takes a parameter of type payload", i)
	case b.Type == "QUICK_REPLY" && given && len(p.Payload) > 256:
		return refuse(131009, "button %d: the payload is longer than 256", i)
	case b.Type == "URL" && len(variables(b.URL)) > 0 && (!given || p.Type != "text" || p.Text == nil || *p.Text == ""):
		return refuse(131008, "button %d: a URL with a variable takes a parameter of type text", i)
	case b.Type == "URL" && len(variables(b.URL)) == 0 && given:
		return refuse(132018, "button %d: this URL has no variable", i)
	case b.Type == "COPY_CODE" && (!given || p.Type != "coupon_code" || p.CouponCode == ""):
		return refuse(131008, "button %d: a coupon code is required", i)
	}
	return nil
}
