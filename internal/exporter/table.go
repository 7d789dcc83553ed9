package exporter

import (
	"io"
	"slices"
	"strings"
	"time"

	"arauto"
)

// A table is one format. head is called once, before any row, and end once, after the last.
type table interface {
	head(fields []string) error
	row(r *arauto.ContactRow) error
	end() error
}

func (e *Exports) table(w io.Writer, x arauto.Export) (table, error) {
	zone, err := time.LoadLocation(x.Zone)
	if err != nil {
		return nil, err
	}
	switch x.Format {
	case arauto.ExportJSONL:
		return newJSONTable(w), nil
	case arauto.ExportXLSX:
		return newSheets(w, zone, e.sheetRows)
	}
	return newCSV(w, x, zone), nil
}

// A column is one that every export has.
type column struct {
	name string
	text func(r *arauto.ContactRow) string
	at   func(r *arauto.ContactRow) time.Time // instead of text
	n    func(r *arauto.ContactRow) int64     // instead of text
}

// columns stand before the custom fields, under the names that the API has for them.
var columns = [...]column{
	{name: "id", n: func(r *arauto.ContactRow) int64 { return r.ID }},
	{name: "campaign_name", text: func(r *arauto.ContactRow) string { return r.CampaignName }},
	{name: "external_id", text: func(r *arauto.ContactRow) string { return r.External }},
	{name: "name", text: func(r *arauto.ContactRow) string { return r.Name }},
	{name: "phone", text: func(r *arauto.ContactRow) string { return string(r.Phone) }},
	{name: "phone_raw", text: func(r *arauto.ContactRow) string { return r.PhoneRaw }},
	{name: "user_id", text: func(r *arauto.ContactRow) string { return string(r.UserID) }},
	{name: "state", text: func(r *arauto.ContactRow) string { return string(r.State) }},
	{name: "dial_status", text: func(r *arauto.ContactRow) string { return string(r.Dial) }},
	{name: "reason", text: func(r *arauto.ContactRow) string { return string(r.Reason) }},
	{name: "error_code", n: func(r *arauto.ContactRow) int64 { return int64(r.Code) }},
	{name: "error_detail", text: func(r *arauto.ContactRow) string { return r.Detail }},
	{name: "attempts", n: func(r *arauto.ContactRow) int64 { return int64(r.Attempts) }},
	{name: "template", text: func(r *arauto.ContactRow) string { return r.TemplateName }},
	{name: "reply_action", text: func(r *arauto.ContactRow) string { return r.ReplyAction }},
	{name: "reply_text", text: func(r *arauto.ContactRow) string { return r.ReplyText }},
	{name: "conversation_uuid", text: func(r *arauto.ContactRow) string { return r.Conversation }},
	{name: "scheduled_for", at: func(r *arauto.ContactRow) time.Time { return r.Scheduled }},
	{name: "inserted_at", at: func(r *arauto.ContactRow) time.Time { return r.InsertedAt }},
	{name: "updated_at", at: func(r *arauto.ContactRow) time.Time { return r.UpdatedAt }},
	{name: "sent_at", at: func(r *arauto.ContactRow) time.Time { return r.SentAt }},
	{name: "delivered_at", at: func(r *arauto.ContactRow) time.Time { return r.DeliveredAt }},
	{name: "read_at", at: func(r *arauto.ContactRow) time.Time { return r.ReadAt }},
	{name: "replied_at", at: func(r *arauto.ContactRow) time.Time { return r.RepliedAt }},
	{name: "failed_at", at: func(r *arauto.ContactRow) time.Time { return r.FailedAt }},
}

// headings are the first row: a custom field that is called as a column is says that it is one.
func headings(fields []string) []string {
	names := make([]string, 0, len(columns)+len(fields))
	for _, c := range columns {
		names = append(names, c.name)
	}
	for _, f := range fields {
		if slices.ContainsFunc(columns[:], func(c column) bool { return strings.EqualFold(c.name, f) }) {
			f = "field." + f
		}
		names = append(names, f)
	}
	return names
}

// local is a moment as a spreadsheet reads it.
func local(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format("2006-01-02 15:04:05")
}
