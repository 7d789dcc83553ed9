package sandbox

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// An Inbound is something a person does unasked. Exactly one of Text, Button, Media,
// Type, Preference and MovedTo is set.
type Inbound struct {
	From string `json:"from"`         // any spelling of a number
	To   string `json:"to,omitempty"` // phone number id; "" is the first

	Text    string          `json:"text,omitempty"`    // a text message
	Button  string          `json:"button,omitempty"`  // the text of a template's quick reply that is tapped
	Payload string          `json:"payload,omitempty"` // of the button; "" is its text
	Media   *InboundMedia   `json:"media,omitempty"`
	Type    string          `json:"type,omitempty"`    // any other type: "interactive", "reaction", "location", "contacts", "order", "unsupported", …
	Content json.RawMessage `json:"content,omitempty"` // of Type, in Meta's shape

	Preference string `json:"preference,omitempty"` // "stop" or "resume": a user_preferences webhook
	MovedTo    string `json:"moved_to,omitempty"`   // the person takes another number: a system message and a user_id_update webhook

	Name      string          `json:"name,omitempty"`       // profile name; "" is the person's own
	Username  string          `json:"username,omitempty"`   // in the profile
	HidePhone bool            `json:"hide_phone,omitempty"` // a user name hides the number: only the user id is told
	Context   string          `json:"context,omitempty"`    // id of the message replied to; "last" is the last this person was sent
	Ad        *Ad             `json:"ad,omitempty"`         // what brought them
	Referral  json.RawMessage `json:"referral,omitempty"`   // Meta's referral object as it is, in place of Ad
}

// InboundMedia is a file that a person sends. GET /{media-id} finds it.
type InboundMedia struct {
	Type     string `json:"type"`                // image, audio, video, document, sticker
	MIME     string `json:"mime_type,omitempty"` // "" is the usual one
	Data     string `json:"data,omitempty"`      // base64; "" is a small file of the sandbox's
	Caption  string `json:"caption,omitempty"`
	Filename string `json:"filename,omitempty"` // of a document
	Voice    bool   `json:"voice,omitempty"`    // an audio that was recorded
}

// spoken is an Inbound with everything filled in.
type spoken struct {
	number, waID, userID, name, username string
	id, context, preference              string
	to                                   *number
	kind                                 string
	content                              any // the member that kind names; nil is none
	errors                               []statusError
	referral                             json.RawMessage
	opens                                bool // lets the business write for 24 hours
}

// Say makes a person act now, whatever their fate, and returns the id of the message
// ("" for a preference). It returns an error if in is incomplete or the queue is full.
func (s *Sandbox) Say(in Inbound) (id string, err error) {
	digits, ok := parseNumber(in.From)
	to, found := s.number(in.To)
	switch {
	case !ok:
		return "", errors.New("from is not a phone number")
	case !found:
		return "", fmt.Errorf("to: number %q is not on the WABA", in.To)
	case in.acts() != 1:
		return "", errors.New("give exactly one of text, button, media, type, preference and moved_to")
	case in.Preference != "" && in.Preference != "stop" && in.Preference != "resume":
		return "", errors.New("preference is stop or resume")
	case in.Ad != nil && len(in.Referral) > 0:
		return "", errors.New("give either ad or referral")
	case s.queue.full():
		return "", errors.New("too many webhooks wait to be delivered")
	}
	story := Fate(s.seed.Load(), digits)
	p := story.spoken(in.Preference)
	p.to, p.name, p.username = to, cmp.Or(in.Name, p.name), in.Username
	if in.HidePhone || story.Hidden && !s.ledger.knows(story.Phone) {
		p.waID = ""
		p.username = cmp.Or(p.username, userName(p.number))
	}
	if p.context, err = s.contextOf(in, p.number); err != nil {
		return "", err
	}
	if p.referral, err = s.referralOf(in, p.number); err != nil {
		return "", err
	}
	if in.Preference == "" {
		p.id = wamid(s.boot.Load(), p.number, int(s.said.Add(1)), "said")
	}
	if in.MovedTo != "" {
		return p.id, s.move(p, in.MovedTo)
	}
	if err := s.fillSpoken(&p, in); err != nil {
		return "", err
	}
	now := time.Now()
	s.queue.add(now, update{kind: kindSaid, at: now, said: &p})
	return p.id, nil
}

func (in Inbound) acts() int {
	n := 0
	for _, given := range []bool{in.Text != "", in.Button != "", in.Media != nil, in.Type != "", in.Preference != "", in.MovedTo != ""} {
		if given {
			n++
		}
	}
	return n
}

func (s *Sandbox) contextOf(in Inbound, who string) (string, error) {
	if in.Context != "last" {
		return in.Context, nil
	}
	last := s.ledger.lastID(who)
	if last == "" {
		return "", errors.New("this person was not sent anything to reply to")
	}
	return last, nil
}

// fillSpoken gives p its content.
func (s *Sandbox) fillSpoken(p *spoken, in Inbound) error {
	p.opens = in.Preference == ""
	switch {
	case in.Text != "":
		p.kind, p.content = "text", textContent{in.Text}
	case in.Button != "":
		p.kind, p.content = "button", buttonValue{cmp.Or(in.Payload, in.Button), in.Button}
	case in.Media != nil:
		return s.fillMedia(p, *in.Media)
	case in.Type == "unsupported":
		p.kind = in.Type
		p.errors = []statusError{errorOf(131051, "this kind of message cannot be told")}
	case in.Type != "":
		if !json.Valid(in.Content) {
			return fmt.Errorf("content must be what Meta writes under %q", in.Type)
		}
		p.kind, p.content = in.Type, in.Content
	}
	return nil
}

type mediaValue struct {
	ID       string `json:"id"`
	MIME     string `json:"mime_type"`
	SHA256   string `json:"sha256"`
	Caption  string `json:"caption,omitempty"`
	Filename string `json:"filename,omitempty"`
	Voice    bool   `json:"voice,omitempty"`
}

// usual is a file for whom none was given.
var usual = map[string]struct{ mime, data string }{
	"image":    {"image/png", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00\x3a\x7e\x9b\x55\x00\x00\x00\nIDATx\x9cc`\x00\x00\x00\x02\x00\x01\x48\xaf\xa4\x71\x00\x00\x00\x00IEND\xaeB`\x82"},
	"audio":    {"audio/ogg", "OggS\x00\x02"},
	"video":    {"video/mp4", "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"},
	"document": {"application/pdf", "%PDF-1.4\n%%EOF\n"},
	"sticker":  {"image/webp", "RIFF\x04\x00\x00\x00WEBP"},
}

func (s *Sandbox) fillMedia(p *spoken, m InboundMedia) error {
	file, known := usual[m.Type]
	if !known {
		return errors.New("media: type is image, audio, video, document or sticker")
	}
	data := []byte(file.data)
	if m.Data != "" {
		read, err := base64.StdEncoding.DecodeString(m.Data)
		if err != nil {
			return fmt.Errorf("media: read data: %w", err)
		}
		data = read
	}
	kept := s.media.add(cmp.Or(m.MIME, file.mime), data)
	p.kind = m.Type
	p.content = mediaValue{ID: kept.id, MIME: kept.mime, SHA256: kept.sha256, Caption: m.Caption, Filename: m.Filename, Voice: m.Voice}
	return nil
}

// userName is the handle of somebody who has one.
func userName(number string) string {
	return "@cliente." + strconv.FormatUint(roll(0, "username", number).next()%1_000_000, 10)
}

type systemValue struct {
	Body   string `json:"body"`
	Type   string `json:"type"`
	WAID   string `json:"wa_id,omitempty"`
	UserID string `json:"user_id"`
}

type userIDUpdate struct {
	WAID      string   `json:"wa_id,omitempty"`
	Detail    string   `json:"detail"`
	UserID    idChange `json:"user_id"`
	Timestamp string   `json:"timestamp"`
}

type idChange struct {
	Previous string `json:"previous"`
	Current  string `json:"current"`
}

type userIDUpdateValue struct {
	Product  string         `json:"messaging_product"`
	Metadata metadata       `json:"metadata"`
	Contacts []contactValue `json:"contacts"`
	Updates  []userIDUpdate `json:"user_id_update"`
}

// move gives a person another number and with it another user id, and tells it twice
// over: as a system message and as an update of the id.
func (s *Sandbox) move(p spoken, number string) error {
	digits, ok := parseNumber(number)
	if !ok {
		return errors.New("moved_to is not a phone number")
	}
	now := time.Now()
	there := Fate(s.seed.Load(), digits).spoken("")
	told := there.waID
	if p.waID == "" {
		told = ""
	}
	p.kind, p.content = "system", systemValue{
		Body: p.name + " changed numbers", Type: "user_changed_user_id", WAID: told, UserID: there.userID,
	}
	s.queue.add(now, update{kind: kindSaid, at: now, said: &p})
	v := userIDUpdateValue{
		Product: "whatsapp", Metadata: p.to.metadata(),
		Updates: []userIDUpdate{{WAID: told, Detail: "the user has a new user id", UserID: idChange{p.userID, there.userID}, Timestamp: seconds(now)}},
	}
	contact := there
	contact.name, contact.waID = p.name, told
	v.Contacts = []contactValue{contact.contact()}
	s.announce("user_id_update", v)
	return nil
}
