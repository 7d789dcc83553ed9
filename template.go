package arauto

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Template is a Meta message template in one language. (Name, Language) is Meta's key within a WABA;
// UUID is ours and stays the same however often the template is synced.
type Template struct {
	ID   int64
	UUID string

	Account int64
	WABA    int64
	MetaID  string

	Name     string
	Language string
	Category string // MARKETING, UTILITY, AUTHENTICATION
	Status   string // Meta's word: APPROVED, PAUSED, REJECTED, …; unknown ones are kept
	Quality  string
	Rejected string // Meta's reason
	Named    bool   // parameters are named, not numbered
	Header   Header
	Body     string
	Footer   string
	Buttons  []Button

	SyncedAt time.Time
}

// TemplateApproved is the only status in which Meta sends a template.
const TemplateApproved = "APPROVED"

// Marketing reports whether marketing rules (opt-outs of marketing, limits) hold for the template.
// A category that is not known counts as marketing: the careful reading.
func (t Template) Marketing() bool { return t.Category != "UTILITY" && t.Category != "AUTHENTICATION" }

// NeedsPhone reports whether Meta sends the template to phone numbers only, and not to business-scoped ids (131062): the
// codes of authentication.
func (t Template) NeedsPhone() bool { return t.Category == "AUTHENTICATION" }

// Header is a template's header. Format is TEXT, IMAGE, VIDEO, DOCUMENT, LOCATION or "" for none.
type Header struct{ Format, Text string }

// Button is one button of a template. Type is Meta's: QUICK_REPLY, URL, PHONE_NUMBER, COPY_CODE, …
type Button struct{ Type, Text, URL string }

// A Parameter is one slot of a template that a campaign must fill.
type Parameter struct {
	// Slot names it: "header.1", "header.image", "body.2", "body.first_name", "button.0".
	Slot string
	Kind string // text, image, video, document, url, code
	Name string // of a named parameter; "" for positional ones
	// Index is the position within its component, from 0; for a button, the button's own index.
	Index int
}

var placeholder = regexp.MustCompile(`\{\{\s*([A-Za-z0-9_]+)\s*\}\}`)

// Parameters lists what has to be filled, in the order header, body, buttons; within a text by first
// appearance for named ones and by number for positional ones.
func (t Template) Parameters() []Parameter {
	var list []Parameter
	switch t.Header.Format {
	case "TEXT":
		list = append(list, t.texts("header", t.Header.Text)...)
	case "IMAGE", "VIDEO", "DOCUMENT":
		kind := strings.ToLower(t.Header.Format)
		list = append(list, Parameter{Slot: "header." + kind, Kind: kind})
	}
	list = append(list, t.texts("body", t.Body)...)
	for i, b := range t.Buttons {
		switch {
		case b.Type == "URL" && placeholder.MatchString(b.URL):
			list = append(list, Parameter{Slot: "button." + strconv.Itoa(i), Kind: "url", Index: i})
		case b.Type == "COPY_CODE":
			list = append(list, Parameter{Slot: "button." + strconv.Itoa(i), Kind: "code", Index: i})
		}
	}
	return list
}

func (t Template) texts(component, text string) []Parameter {
	var list []Parameter
	seen := map[string]bool{}
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		if seen[m[1]] {
			continue
		}
		seen[m[1]] = true
		p := Parameter{Slot: component + "." + m[1], Kind: "text", Index: len(list)}
		if t.Named {
			p.Name = m[1]
		}
		list = append(list, p)
	}
	if !t.Named {
		// Positional values travel in the order of their numbers, wherever the text uses them.
		for i := range list {
			list[i].Slot = component + "." + strconv.Itoa(i+1)
		}
	}
	return list
}

// Mapping says where the value of each slot comes from.
type Mapping map[string]Value

// A Value is taken from the contact, from a custom field, or fixed.
type Value struct {
	From ValueSource
	// Text is the contact attribute (name, phone, external_id), the custom field's key, or the text itself.
	Text string
	// Default stands in when a contact has nothing there; "" = such a contact fails.
	Default string
}

// ValueSource is where a Value comes from.
type ValueSource string

const (
	FromContact ValueSource = "contact"
	FromField   ValueSource = "field"
	FromFixed   ValueSource = "fixed"
)

// Complete is nil when every parameter of t has a usable value, else names the first slot without.
func (m Mapping) Complete(t Template) error {
	known := map[string]bool{}
	for _, p := range t.Parameters() {
		known[p.Slot] = true
		v, ok := m[p.Slot]
		if !ok {
			return Errorf(KindConflict, "mapping."+p.Slot, "parameter %s of template %q is not mapped: map it to a contact attribute, a custom field or a fixed text", p.Slot, t.Name)
		}
		if err := v.check(p.Slot); err != nil {
			return err
		}
	}
	for slot := range m {
		if !known[slot] {
			return Errorf(KindInvalid, "mapping."+slot, "template %q has no parameter %s; it has %s", t.Name, slot, slots(t.Parameters()))
		}
	}
	return nil
}

func (v Value) check(slot string) error {
	switch {
	case v.From == FromContact && (v.Text == "name" || v.Text == "first_name" || v.Text == "phone" || v.Text == "external_id"):
		return nil
	case v.From == FromContact:
		return Errorf(KindInvalid, "mapping."+slot, "a contact has no attribute %q; use name, first_name, phone or external_id", v.Text)
	case (v.From == FromField || v.From == FromFixed) && squeeze(v.Text) != "":
		return nil
	case v.From == FromField || v.From == FromFixed:
		return Errorf(KindInvalid, "mapping."+slot, "a %s value needs a text", v.From)
	}
	return Errorf(KindInvalid, "mapping."+slot, "%q is not a source; use contact, field or fixed", v.From)
}

func slots(list []Parameter) string {
	if len(list) == 0 {
		return "none"
	}
	names := make([]string, len(list))
	for i, p := range list {
		names[i] = p.Slot
	}
	return strings.Join(names, ", ")
}

// Of is the value for c; ok is false when there is none.
func (v Value) Of(c Contact) (text string, ok bool) {
	switch v.From {
	case FromFixed:
		text = v.Text
	case FromField:
		text, _ = c.Fields.Get(v.Text)
	case FromContact:
		switch v.Text {
		case "name":
			text = c.Name
		case "first_name":
			text, _, _ = strings.Cut(squeeze(c.Name), " ")
		case "phone":
			text = string(c.Phone)
		case "external_id":
			text = c.External
		}
	}
	if text = squeeze(text); text == "" {
		text = squeeze(v.Default)
	}
	return text, text != ""
}

// squeeze puts one space where s has newlines, tabs or runs of spaces, which Meta refuses in a
// parameter (132018), and none at the ends.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

// Render fills t for c. The error is invalid and names the slot for which c has no value.
func (t Template) Render(m Mapping, c Contact) (Message, error) { return t.Filler(m).Fill(c) }

// A Filler is a template with its mapping, made ready for many contacts.
type Filler struct {
	blank      Message // but for the recipient and the values
	parameters []Parameter
	values     []Value // of the parameters, in their order
}

// Filler makes t ready to be filled as m says.
func (t Template) Filler(m Mapping) Filler {
	f := Filler{blank: Message{Template: t.Name, Language: t.Language, Named: t.Named}, parameters: t.Parameters()}
	for _, p := range f.parameters {
		f.values = append(f.values, m[p.Slot])
	}
	for i, b := range t.Buttons {
		if b.Type == "QUICK_REPLY" {
			f.blank.QuickReplies = append(f.blank.QuickReplies, i)
		}
	}
	return f
}

// Fill is the message for c. The error is that of Render.
func (f Filler) Fill(c Contact) (Message, error) {
	msg := f.blank
	if msg.To = c.Phone; msg.To == "" {
		msg.Recipient = string(c.UserID)
	}
	if len(f.parameters) > 0 {
		msg.Parameters = make([]Filled, 0, len(f.parameters))
	}
	for i, p := range f.parameters {
		text, ok := f.values[i].Of(c)
		if !ok {
			return Message{}, Errorf(KindInvalid, p.Slot, "no value for %s: %s", p.Slot, f.values[i].source())
		}
		msg.Parameters = append(msg.Parameters, Filled{Parameter: p, Text: text})
	}
	return msg, nil
}

func (v Value) source() string {
	switch v.From {
	case FromField:
		return fmt.Sprintf("the contact's field %q is empty or missing", v.Text)
	case FromContact:
		return fmt.Sprintf("the contact's %s is empty", v.Text)
	case FromFixed:
		return "its fixed text is empty"
	}
	return "it is not mapped"
}
