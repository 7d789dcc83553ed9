package whatsapp

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"arauto"
)

// The wire of webhooks, as far as it is used; unknown members are ignored. Both shapes of statuses fit: up to
// v23.0 they have a `conversation`, which says nothing that we need.

type envelope struct {
	Object string  `json:"object"`
	Entry  []entry `json:"entry"`
}

type entry struct {
	ID      wireText `json:"id"`
	Time    wireTime `json:"time"`
	Changes []change `json:"changes"`
}

type change struct {
	Field string          `json:"field"`
	Value json.RawMessage `json:"value"`
}

type metadata struct {
	PhoneNumberID wireText `json:"phone_number_id"`
}

type messagesValue struct {
	Metadata    metadata     `json:"metadata"`
	Contacts    []contact    `json:"contacts"`
	Messages    []message    `json:"messages"`
	Statuses    []status     `json:"statuses"`
	Preferences []preference `json:"user_preferences"`
	Errors      []wireError  `json:"errors"`
}

type contact struct {
	Profile struct {
		Name     string `json:"name"`
		Username string `json:"username"`
	} `json:"profile"`
	WAID     wireText `json:"wa_id"`
	UserID   string   `json:"user_id"`
	ParentID string   `json:"parent_user_id"`
}

type status struct {
	ID                string      `json:"id"`
	Status            string      `json:"status"`
	Timestamp         wireTime    `json:"timestamp"`
	RecipientID       wireText    `json:"recipient_id"`
	RecipientUserID   string      `json:"recipient_user_id"`
	RecipientParentID string      `json:"recipient_parent_user_id"`
	Callback          string      `json:"biz_opaque_callback_data"`
	Pricing           pricing     `json:"pricing"`
	Errors            []wireError `json:"errors"`
}

type message struct {
	From         wireText `json:"from"`
	FromUserID   string   `json:"from_user_id"`
	FromParentID string   `json:"from_parent_user_id"`
	ID           string   `json:"id"`
	GroupID      string   `json:"group_id"`
	Timestamp    wireTime `json:"timestamp"`
	Type         string   `json:"type"`
	Context      struct {
		ID string `json:"id"`
	} `json:"context"`

	Text struct {
		Body string `json:"body"`
	} `json:"text"`
	Button struct {
		Payload string `json:"payload"`
		Text    string `json:"text"`
	} `json:"button"`
	Interactive interactive `json:"interactive"`
	Reaction    struct {
		MessageID string `json:"message_id"`
		Emoji     string `json:"emoji"`
	} `json:"reaction"`
	Image    media `json:"image"`
	Video    media `json:"video"`
	Document media `json:"document"`
	Audio    media `json:"audio"`
	Sticker  media `json:"sticker"`
	Location struct {
		Name    string `json:"name"`
		Address string `json:"address"`
	} `json:"location"`
	Order struct {
		Text string `json:"text"`
	} `json:"order"`
	System   system          `json:"system"`
	Referral json.RawMessage `json:"referral"`
}

type media struct {
	ID       string `json:"id"`
	Type     string `json:"mime_type"`
	Caption  string `json:"caption"`
	Filename string `json:"filename"`
}

type interactive struct {
	Type   string `json:"type"`
	Button choice `json:"button_reply"`
	List   choice `json:"list_reply"`
	Form   struct {
		Name string `json:"name"`
		Body string `json:"body"`
	} `json:"nfm_reply"`
}

type choice struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

type preference struct {
	WAID      wireText `json:"wa_id"`
	UserID    string   `json:"user_id"`
	Detail    string   `json:"detail"`
	Category  string   `json:"category"`
	Value     string   `json:"value"`
	Timestamp wireTime `json:"timestamp"`
}

type templateValue struct {
	Event     string   `json:"event"`
	ID        wireText `json:"message_template_id"`
	Name      string   `json:"message_template_name"`
	Language  string   `json:"message_template_language"`
	Reason    string   `json:"reason"`
	Rejection struct {
		Reason string `json:"reason"`
	} `json:"rejection_info"`
	Other struct {
		Title       string `json:"title"`
		Description string `json:"description"`
	} `json:"other_info"`
}

// reason is the most exact of the places where Meta says why; "NONE" says nothing.
func (v templateValue) reason() string {
	for _, words := range []string{v.Rejection.Reason, v.Other.Description, v.Other.Title, v.Reason} {
		if words != "" && words != "NONE" {
			return clip(words)
		}
	}
	return ""
}

// wireError is how webhooks say an error, in statuses[] and beside them.
type wireError struct {
	Code    wireInt `json:"code"`
	Title   string  `json:"title"`
	Message string  `json:"message"`
	Data    struct {
		Details string `json:"details"`
	} `json:"error_data"`
}

// explain puts the error, and what it asks for, into s.
func (e wireError) explain(s *arauto.Status) {
	words := e.Title
	switch {
	case e.Data.Details != "":
		words = e.Data.Details
	case e.Message != "":
		words = e.Message
	}
	verdict := Classify(e.Code.value, words, 0)
	if !e.Code.known {
		verdict.Reason, verdict.Scope, verdict.Action, verdict.After = arauto.ReasonRefused, arauto.ScopeContact, arauto.ActionFail, 0
	}
	s.Reason, s.Action, s.Code, s.Detail = verdict.Reason, verdict.Action, verdict.Code, verdict.Detail
	s.Scope, s.After, s.Unknown = verdict.Scope, verdict.After, verdict.Unknown && e.Code.known
}

// wireTime is unix seconds, as a string in messages and statuses and as a number elsewhere; milliseconds have
// been seen in the place of seconds. What is neither is the zero time, and never an error: encoding/json would
// give up the whole body for it.
type wireTime struct{ time.Time }

// Seconds reach this in the year 5138, milliseconds passed it in 1973.
const firstMillisecond = 100_000_000_000

// UnmarshalJSON never fails.
func (t *wireTime) UnmarshalJSON(raw []byte) error {
	n, err := strconv.ParseInt(bare(raw), 10, 64)
	switch {
	case err != nil || n <= 0 || n >= firstMillisecond*1000:
		t.Time = time.Time{}
	case n >= firstMillisecond:
		t.Time = time.UnixMilli(n).UTC()
	default:
		t.Time = time.Unix(n, 0).UTC()
	}
	return nil
}

// wireText is an id, which Meta writes as a string in most places and as a number in some.
type wireText string

// UnmarshalJSON never fails.
func (t *wireText) UnmarshalJSON(raw []byte) error {
	*t = ""
	switch {
	case raw[0] == '"':
		var s string
		if json.Unmarshal(raw, &s) == nil {
			*t = wireText(s)
		}
	case raw[0] >= '0' && raw[0] <= '9':
		*t = wireText(raw)
	}
	return nil
}

// wireInt is a number that may come as a string, or not at all.
type wireInt struct {
	value int
	known bool
}

// UnmarshalJSON never fails.
func (i *wireInt) UnmarshalJSON(raw []byte) error {
	n, err := strconv.Atoi(bare(raw))
	*i = wireInt{value: n, known: err == nil}
	if err != nil {
		i.value = 0
	}
	return nil
}

func bare(raw []byte) string { return strings.Trim(string(raw), `"`) }
