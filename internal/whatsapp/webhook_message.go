package whatsapp

import (
	"slices"
	"strings"

	"arauto"
)

// message is one entry of messages[]: what a person wrote, tapped or sent.
//
// Vendor: MD/webhooks/reference/messages.
func (d *decoder) message(i int, m *message, contacts []contact) {
	if m.ID == "" || m.Type == "" {
		d.refuse("messages", i, "it has no id or no type")
		return
	}
	who := author(m, contacts)
	if who.WAID == "" && who.UserID == "" && m.Type != "system" {
		d.refuse("messages", i, "it names no author")
		return
	}
	said, reply := m.said()
	f := d.fact(arauto.FactReply, m.Timestamp.Time)
	if !reply {
		f.Kind = arauto.FactOther
	}
	f.Reply = arauto.Reply{
		ProviderID: m.ID, WAID: string(who.WAID), UserID: who.UserID, ParentID: who.ParentID, Username: who.Profile.Username, Name: who.Profile.Name,
		Context: m.Context.ID, Ref: said.ref(), Kind: m.Type, Text: said.text, Action: said.label, Media: m.file(), Referral: readReferral(m.Referral),
	}
	if f.Reply.Ref == "" {
		f.Reply.Payload = said.payload
	}
	if m.Type == "reaction" {
		f.Reply.Context = m.Reaction.MessageID
	}
	d.add(f)
	d.renamed(m, who)
}

// author joins what the message and contacts[] say of who wrote. A person with a username may come with
// no number at all.
func author(m *message, contacts []contact) contact {
	who := contact{WAID: m.From, UserID: m.FromUserID, ParentID: m.FromParentID}
	i := slices.IndexFunc(contacts, func(c contact) bool {
		return c.WAID != "" && c.WAID == m.From || c.UserID != "" && c.UserID == m.FromUserID
	})
	if i < 0 {
		return who
	}
	who.Profile = contacts[i].Profile
	if who.WAID == "" {
		who.WAID = contacts[i].WAID
	}
	if who.UserID == "" {
		who.UserID = contacts[i].UserID
	}
	if who.ParentID == "" {
		who.ParentID = contacts[i].ParentID
	}
	return who
}

// A saying is the content of a message: its text and, of a button, the label and what it carries unseen.
type saying struct{ text, label, payload string }

func tap(label, payload string) saying { return saying{text: label, label: label, payload: payload} }

// ref is the payload if it is one of ours. Buttons that others made carry anything.
func (s saying) ref() string {
	if _, _, ours := arauto.ParseAttemptRef(s.payload); !ours {
		return ""
	}
	return s.payload
}

// file is the file that the message is.
func (m *message) file() arauto.MediaIn {
	sent, known := map[string]media{"image": m.Image, "video": m.Video, "audio": m.Audio, "document": m.Document, "sticker": m.Sticker}[m.Type]
	if !known || sent.ID == "" {
		return arauto.MediaIn{}
	}
	return arauto.MediaIn{Kind: m.Type, ID: sent.ID, Type: sent.Type, Name: sent.Filename}
}

// said is the content, and whether it was said to us just now: a correction, a reaction taken back, a chat
// merely opened and a group's talk are kept, but answer nothing.
func (m *message) said() (s saying, reply bool) {
	switch m.Type {
	case "text":
		s.text = m.Text.Body
	case "button":
		s = tap(m.Button.Text, m.Button.Payload)
	case "interactive":
		s = m.Interactive.said()
	case "reaction":
		return saying{text: m.Reaction.Emoji}, m.Reaction.Emoji != "" && m.GroupID == ""
	case "image":
		s.text = m.Image.Caption
	case "video":
		s.text = m.Video.Caption
	case "document":
		s.text = m.Document.Caption
		if s.text == "" {
			s.text = m.Document.Filename
		}
	case "location":
		s.text = strings.Trim(m.Location.Name+", "+m.Location.Address, ", ")
	case "order":
		s.text = m.Order.Text
	case "system":
		s.text = m.System.Body
	case "edit", "revoke", "request_welcome":
		return s, false
	}
	return s, m.GroupID == ""
}

func (i interactive) said() saying {
	switch i.Type {
	case "button_reply":
		return tap(i.Button.Title, i.Button.ID)
	case "list_reply":
		return tap(i.List.Title, i.List.ID)
	case "nfm_reply": // a form that was filled in; its answers stay in the raw webhook
		return saying{text: i.Form.Body, label: i.Form.Name}
	}
	return saying{}
}
