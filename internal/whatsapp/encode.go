package whatsapp

import (
	"net/url"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"arauto"
)

// appendMessage appends the request body of m. It is written by hand because it is written for every
// message; a test holds it to what encoding/json would write.
//
// Vendor: MD/messages/send-messages, MD/messages/template-messages.
func appendMessage(b []byte, m arauto.Message) []byte {
	b = append(b, `{"messaging_product":"whatsapp","recipient_type":"individual",`...)
	if m.To == "" && m.Recipient != "" {
		b = append(b, `"recipient":`...)
		b = appendString(b, m.Recipient)
	} else {
		b = append(b, `"to":`...)
		// Without the plus Meta puts the business's own country code before the number.
		b = appendString(b, "+"+m.To.Digits())
	}
	if m.Template == "" {
		return appendFreely(b, m)
	}
	b = append(b, `,"type":"template","template":{"name":`...)
	b = appendString(b, m.Template)
	b = append(b, `,"language":{"code":`...)
	b = appendString(b, m.Language)
	b = append(b, '}')
	b = appendComponents(b, m)
	return appendEnd(append(b, '}'), m)
}

// appendEnd writes what comes after the content of every message.
func appendEnd(b []byte, m arauto.Message) []byte {
	if m.Context != "" {
		b = append(b, `,"context":{"message_id":`...)
		b = append(appendString(b, m.Context), '}')
	}
	if m.Ref != "" {
		b = append(b, `,"biz_opaque_callback_data":`...)
		b = appendString(b, m.Ref)
	}
	return append(b, '}')
}

// appendFreely writes a text or a file, from `,"type"` on.
//
// Vendor: MD/messages/text-messages, MD/messages/image-messages and its siblings.
func appendFreely(b []byte, m arauto.Message) []byte {
	if m.Media.Kind == "" {
		b = append(b, `,"type":"text","text":{"body":`...)
		return appendEnd(append(appendString(b, m.Text), '}'), m)
	}
	b = append(append(b, `,"type":"`...), m.Media.Kind...)
	b = append(append(append(b, `","`...), m.Media.Kind...), `":{"id":`...)
	b = appendString(b, m.Media.ID)
	if m.Text != "" {
		b = append(b, `,"caption":`...)
		b = appendString(b, m.Text)
	}
	if m.Media.Kind == "document" && m.Media.Name != "" {
		b = append(b, `,"filename":`...)
		b = appendString(b, m.Media.Name)
	}
	return appendEnd(append(b, '}'), m)
}

// appendComponents writes what varies: Meta refuses a component that the template fixes.
func appendComponents(b []byte, m arauto.Message) []byte {
	const lead = `,"components":[`
	start := len(b)
	b = append(b, lead...)
	empty := len(b)
	b = appendTexts(b, "header", m)
	b = appendTexts(b, "body", m)
	for i := range m.Parameters {
		if p := &m.Parameters[i]; componentOf(p) == "button" {
			b = appendButton(b, p)
		}
	}
	if m.Ref != "" {
		for _, index := range m.QuickReplies {
			b = appendButtonLead(b, "quick_reply", index)
			b = append(b, `{"type":"payload","payload":`...)
			b = appendString(b, m.Ref)
			b = append(b, `}]},`...)
		}
	}
	if len(b) == empty {
		return b[:start]
	}
	b[len(b)-1] = ']'
	return b
}

func componentOf(p *arauto.Filled) string {
	component, _, _ := strings.Cut(p.Slot, ".")
	return component
}

// appendTexts writes the header or the body, and a comma after it, if it has parameters.
func appendTexts(b []byte, component string, m arauto.Message) []byte {
	first := true
	for i := range m.Parameters {
		p := &m.Parameters[i]
		if componentOf(p) != component {
			continue
		}
		if first {
			b = append(b, `{"type":"`...)
			b = append(b, component...)
			b = append(b, `","parameters":[`...)
			first = false
		}
		b = appendParameter(b, p)
		b = append(b, ',')
	}
	if first {
		return b
	}
	b[len(b)-1] = ']'
	return append(b, `},`...)
}

func appendParameter(b []byte, p *arauto.Filled) []byte {
	switch p.Kind {
	case "image", "video", "document":
		return appendMedia(b, p.Kind, p.Text)
	}
	b = append(b, `{"type":"text"`...)
	if p.Name != "" {
		b = append(b, `,"parameter_name":`...)
		b = appendString(b, p.Name)
	}
	b = append(b, `,"text":`...)
	b = appendString(b, p.Text)
	return append(b, '}')
}

// appendMedia takes an address as a link and anything else as the id of an upload.
func appendMedia(b []byte, kind, value string) []byte {
	b = append(b, `{"type":"`...)
	b = append(b, kind...)
	b = append(b, `","`...)
	b = append(b, kind...)
	if !isLink(value) {
		b = append(b, `":{"id":`...)
		b = appendString(b, value)
		return append(b, `}}`...)
	}
	b = append(b, `":{"link":`...)
	b = appendString(b, value)
	if kind == "document" {
		// Without it the person sees a file with no name.
		if name := fileName(value); name != "" {
			b = append(b, `,"filename":`...)
			b = appendString(b, name)
		}
	}
	return append(b, `}}`...)
}

func isLink(value string) bool {
	scheme, _, ok := strings.Cut(value, "://")
	return ok && (strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "http"))
}

func fileName(link string) string {
	u, err := url.Parse(link)
	if err != nil || u.Path == "" || strings.HasSuffix(u.Path, "/") {
		return ""
	}
	return path.Base(u.Path)
}

func appendButton(b []byte, p *arauto.Filled) []byte {
	if p.Kind == "code" {
		b = appendButtonLead(b, "copy_code", p.Index)
		b = append(b, `{"type":"coupon_code","coupon_code":`...)
	} else {
		b = appendButtonLead(b, "url", p.Index)
		b = append(b, `{"type":"text","text":`...)
	}
	b = appendString(b, p.Text)
	return append(b, `}]},`...)
}

func appendButtonLead(b []byte, kind string, index int) []byte {
	b = append(b, `{"type":"button","sub_type":"`...)
	b = append(b, kind...)
	b = append(b, `","index":"`...)
	b = strconv.AppendInt(b, int64(index), 10)
	return append(b, `","parameters":[`...)
}

const hexDigits = "0123456789abcdef"

// appendString appends s as JSON, escaped as encoding/json does without its care for HTML.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	done := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' {
				i++
				continue
			}
			b = appendEscaped(append(b, s[done:i]...), c)
			i++
			done = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(append(b, s[done:i]...), `\ufffd`...)
			done = i + size
		case r == '\u2028' || r == '\u2029':
			b = append(append(b, s[done:i]...), `\u202`...)
			b = append(b, hexDigits[r&0xf])
			done = i + size
		}
		i += size
	}
	return append(append(b, s[done:]...), '"')
}

func appendEscaped(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
}
