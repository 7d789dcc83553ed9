package evolux

import (
	"time"

	"arauto"
	"arauto/internal/compat/wire"
)

// appendRow appends r as one element of data: keys in alphabetical order, null for what is missing. now tells scheduled
// from pending. A row costs no allocation unless it has something to explain or to escape, since a report has many.
func appendRow(dst []byte, r *arauto.ContactRow, now time.Time, l arauto.Language) []byte {
	shown := project(r, now)
	dst = append(dst, `{"campaign_name":`...)
	dst = wire.AppendText(dst, r.CampaignName)
	dst = append(dst, `,"conversation_field_values":`...)
	if r.RawFields == "" {
		dst = append(dst, `{}`...)
	} else {
		dst = append(dst, r.RawFields...)
	}
	dst = append(dst, `,"conversation_uuid":`...)
	dst = wire.AppendText(dst, r.Conversation)
	dst = append(dst, `,"error_message":`...)
	dst = wire.AppendText(dst, shown.explain(r, l))
	dst = append(dst, `,"name":`...)
	dst = wire.AppendText(dst, r.Name)
	dst = append(dst, `,"phone_number":`...)
	dst = wire.AppendText(dst, string(r.Phone))
	dst = append(dst, `,"replied_at":`...)
	dst = appendTime(dst, r.RepliedAt)
	dst = append(dst, `,"reply_action":`...)
	dst = wire.AppendText(dst, r.ReplyAction)
	dst = append(dst, `,"reply_text":`...)
	dst = wire.AppendText(dst, r.ReplyText)
	dst = append(dst, `,"sent_at":`...)
	dst = appendTime(dst, r.SentAt)
	dst = append(dst, `,"state":`...)
	dst = wire.AppendString(dst, string(shown.shown))
	dst = append(dst, `,"template":`...)
	dst = wire.AppendText(dst, r.TemplateName)
	return append(dst, '}')
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
