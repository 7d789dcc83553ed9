package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
)

type reportCmd struct {
	remote
	Subscribers reportSubscribersCmd `cmd:"" help:"Every contact with everything known about it, newest first."`
}

type reportSubscribersCmd struct {
	Out          string   `default:"-" placeholder:"FILE" help:"Where to; - is standard output."`
	Campaign     []string `help:"Only of these: number, UUID or name."`
	State        []string `enum:"pending,sending,unknown,sent,delivered,read,replied,failed,suppressed,cancelled" placeholder:"STATE" help:"Only contacts in these states."`
	UpdatedSince when     `placeholder:"TIME" help:"Only what changed since, oldest change first."`
	Resume       string   `placeholder:"CURSOR" help:"Go on where a report with the same --updated-since ended; it says how."`
	Field        []string `placeholder:"KEY" help:"Give this custom field a column of its own, beside the column that has them all as JSON."`
}

// reported is a contact as the report has it; what is not named here is in the API's answer.
type reported struct {
	ID               int64           `json:"id"`
	ExternalID       *string         `json:"external_id"`
	CampaignID       int64           `json:"campaign_id"`
	CampaignName     string          `json:"campaign_name"`
	Template         *string         `json:"template"`
	Name             string          `json:"name"`
	Phone            *string         `json:"phone"`
	PhoneRaw         string          `json:"phone_raw"`
	UserID           *string         `json:"user_id"`
	State            string          `json:"state"`
	Reason           *string         `json:"reason"`
	ReasonWords      *string         `json:"reason_words"`
	ErrorCode        *int            `json:"error_code"`
	ErrorDetail      *string         `json:"error_detail"`
	Attempts         int             `json:"attempts"`
	ReplyAction      *string         `json:"reply_action"`
	ReplyText        *string         `json:"reply_text"`
	ConversationUUID *string         `json:"conversation_uuid"`
	ScheduledFor     *time.Time      `json:"scheduled_for"`
	InsertedAt       *time.Time      `json:"inserted_at"`
	UpdatedAt        *time.Time      `json:"updated_at"`
	SentAt           *time.Time      `json:"sent_at"`
	DeliveredAt      *time.Time      `json:"delivered_at"`
	ReadAt           *time.Time      `json:"read_at"`
	RepliedAt        *time.Time      `json:"replied_at"`
	FailedAt         *time.Time      `json:"failed_at"`
	Fields           json.RawMessage `json:"fields"`
}

func reportHead(fields []string) []string {
	head := []string{
		"id", "external_id", "campaign_id", "campaign_name", "template", "name", "phone", "phone_raw", "user_id", "state", "reason", "reason_words", "error_code", "error_detail",
		"attempts", "reply_action", "reply_text", "conversation_uuid", "scheduled_for", "inserted_at", "updated_at", "sent_at", "delivered_at", "read_at",
		"replied_at", "failed_at", "fields",
	}
	return append(head, fields...)
}

func (r reported) row(fields []string) []string {
	row := []string{
		fmt.Sprint(r.ID), word(r.ExternalID), fmt.Sprint(r.CampaignID), r.CampaignName, word(r.Template), r.Name, word(r.Phone), r.PhoneRaw, word(r.UserID), r.State, word(r.Reason),
		word(r.ReasonWords), word(r.ErrorCode), word(r.ErrorDetail), fmt.Sprint(r.Attempts), word(r.ReplyAction), word(r.ReplyText), word(r.ConversationUUID),
	}
	for _, t := range []*time.Time{r.ScheduledFor, r.InsertedAt, r.UpdatedAt, r.SentAt, r.DeliveredAt, r.ReadAt, r.RepliedAt, r.FailedAt} {
		row = append(row, cell(t))
	}
	row = append(row, string(r.Fields))
	if len(fields) == 0 {
		return row
	}
	var values map[string]string
	_ = json.Unmarshal(r.Fields, &values) // what is no object of texts has no such field
	for _, key := range fields {
		row = append(row, fold(values, key))
	}
	return row
}

// fold is the value under key, compared without case as the server does.
func fold(values map[string]string, key string) string {
	if v, ok := values[key]; ok {
		return v
	}
	for k, v := range values {
		if strings.EqualFold(k, key) {
			return v
		}
	}
	return ""
}

// cell is a moment that programs read, in the zone of who reads it.
func cell(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Local().Format(time.RFC3339Nano)
}

func (k reportSubscribersCmd) Run(ctx context.Context, c *client) error {
	query, err := k.query(ctx, c)
	if err != nil {
		return err
	}
	resume := ""
	err = c.write(k.Out, func(out io.Writer) (err error) {
		resume, err = k.run(ctx, c, query, out)
		return err
	})
	if err != nil {
		return err
	}
	if resume != "" {
		c.note("For what changes from now on, add: --resume %s", resume)
	}
	return nil
}

func (k reportSubscribersCmd) query(ctx context.Context, c *client) (url.Values, error) {
	if k.Resume != "" && k.UpdatedSince.IsZero() {
		return nil, usageError("--resume goes with the --updated-since of the report that it resumes")
	}
	query := url.Values{}
	var campaigns []string
	for _, ref := range k.Campaign {
		id, err := campaignID(ctx, c, ref)
		if err != nil {
			return nil, err
		}
		campaigns = append(campaigns, id)
	}
	for key, value := range map[string]string{"campaign": strings.Join(campaigns, ","), "state": strings.Join(k.State, ","), "cursor": k.Resume} {
		if value != "" {
			query.Set(key, value)
		}
	}
	if t := k.UpdatedSince.pointer(); t != nil {
		query.Set("updated_since", t.Format(time.RFC3339Nano))
	}
	return query, nil
}

// run pages through to out, and returns the cursor for what changes later, where there is one.
func (k reportSubscribersCmd) run(ctx context.Context, c *client, query url.Values, out io.Writer) (resume string, err error) {
	w := csv.NewWriter(out)
	if !c.raw {
		if err := w.Write(reportHead(k.Field)); err != nil {
			return "", err
		}
	}
	var rows int64
	line := c.progress().patient(time.Now())
	_, err = walk(ctx, c, "/reports/subscribers", query, 0, func(page []reported, raw json.RawMessage) (bool, error) {
		rows += int64(len(page))
		if k.Out != "-" {
			line.draw(time.Now(), thousands(rows)+" rows")
		}
		var end struct {
			Resume string `json:"resume"`
		}
		if err := json.Unmarshal(raw, &end); err != nil {
			return false, err
		}
		if end.Resume != "" {
			if resume, err = cursorOf(end.Resume, ""); err != nil {
				return false, err
			}
		}
		if c.raw {
			_, err := fmt.Fprintf(out, "%s\n", strings.TrimSpace(string(raw)))
			return true, err
		}
		for _, r := range page {
			if err := w.Write(r.row(k.Field)); err != nil {
				return false, err
			}
		}
		w.Flush()
		return true, w.Error()
	})
	if k.Out != "-" {
		line.end()
		c.note("%s rows", thousands(rows))
	}
	w.Flush()
	return resume, cmp.Or(err, w.Error())
}
