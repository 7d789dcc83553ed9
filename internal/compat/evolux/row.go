package evolux

import (
	"bytes"
	"encoding/json"
	"time"
	"unicode/utf8"

	"arauto"
)

// appendRow appends r as one element of data: keys in alphabetical order, null for what is missing. now tells scheduled
// from pending. A row costs no allocation unless it has something to explain or to escape, since a report has many.
func appendRow(dst []byte, r *arauto.ContactRow, now time.Time, l arauto.Language) []byte {
	shown := project(r, now)
	dst = append(dst, `{"campaign_name":`...)
	dst = appendText(dst, r.CampaignName)
	dst = append(dst, `,"conversation_field_values":`...)
	if r.RawFields == "" {
		dst = append(dst, `{}`...)
	} else {
		dst = append(dst, r.RawFields...)
	}
	dst = append(dst, `,"conversation_uuid":`...)
	dst = appendText(dst, r.Conversation)
	dst = append(dst, `,"error_message":`...)
	dst = appendText(dst, shown.explain(r, l))
	dst = append(dst, `,"name":`...)
	dst = appendText(dst, r.Name)
	dst = append(dst, `,"phone_number":`...)
	dst = appendText(dst, string(r.Phone))
	dst = append(dst, `,"replied_at":`...)
	dst = appendTime(dst, r.RepliedAt)
	dst = append(dst, `,"reply_action":`...)
	dst = appendText(dst, r.ReplyAction)
	dst = append(dst, `,"reply_text":`...)
	dst = appendText(dst, r.ReplyText)
	dst = append(dst, `,"sent_at":`...)
	dst = appendTime(dst, r.SentAt)
	dst = append(dst, `,"state":`...)
	dst = appendString(dst, string(shown.shown))
	dst = append(dst, `,"template":`...)
	dst = appendText(dst, r.TemplateName)
	return append(dst, '}')
}

// appendText is a string, or null when there is none.
func appendText(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, `null`...)
	}
	return appendString(dst, s)
}

// appendString is a JSON string that escapes what JSON requires only: '&', '<' and accents stay as they are.
func appendString(dst []byte, s string) []byte {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] >= ' ' && s[i] != '"' && s[i] != '\\'
	}
	if plain && utf8.ValidString(s) {
		dst = append(dst, '"')
		dst = append(dst, s...)
		return append(dst, '"')
	}
	var escaped bytes.Buffer
	enc := json.NewEncoder(&escaped)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string into memory: nothing can fail
	return append(dst, bytes.TrimSuffix(escaped.Bytes(), []byte("\n"))...)
}

// appendTime is a moment in UTC to the second, with this vendor's +00:00 where others write Z.
func appendTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, `null`...)
	}
	dst = append(dst, '"')
	dst = t.UTC().AppendFormat(dst, "2006-01-02T15:04:05")
	return append(dst, `+00:00"`...)
}
