package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// whom is how a command says which contacts it means. All that is set must hold.
type whom struct {
	State      []string `enum:"pending,sending,unknown,sent,delivered,read,replied,failed,suppressed,cancelled" placeholder:"STATE" help:"In any of these states."`
	DialStatus []string `enum:"upcoming,dialing,queued,connected,finished,transferred,transferred_finished,not_picked_up,not_reached,abandoned_by_contact,skipped,skipped_closed,invalid_number,carrier_error,abandoned_by_dialer,voicemail,dialer_error,redial,do_not_call,invalid_outbound,blocked" placeholder:"STATUS" help:"Of voice campaigns: with any of these dial statuses."`
	Reason     []string `placeholder:"REASON" help:"Failed or held back for any of these reasons, such as invalid_phone."`
	Name       string   `help:"The name holds this; case and accents do not matter."`
	Phone      string   `help:"The whole number, in any common spelling."`
	PhonePart  string   `placeholder:"DIGITS" help:"Four or more digits of the phone in a row, such as the last ones."`
	Field      *pair    `placeholder:"KEY=VALUE" help:"A custom field has exactly this value."`
}

func (w whom) into(body map[string]any) {
	for key, value := range map[string]string{"name": w.Name, "phone": w.Phone, "phone_part": w.PhonePart} {
		if value != "" {
			body[key] = value
		}
	}
	if len(w.State) > 0 {
		body["states"] = w.State
	}
	if len(w.DialStatus) > 0 {
		body["dial_statuses"] = w.DialStatus
	}
	if len(w.Reason) > 0 {
		body["reasons"] = w.Reason
	}
	if w.Field != nil {
		body["field_key"], body["field_value"] = w.Field.key, w.Field.value
	}
}

type campaignEditCmd struct {
	theCampaign
	Action string `arg:"" enum:"remove,hold,release,requeue" help:"remove: take them out; what was attempted is kept. hold: keep those who wait from being tried. release: let those held back have their turn. requeue: try once more."`
	whom
	Contact []int64 `placeholder:"NUMBER" help:"These contacts."`
	All     bool    `help:"Everybody in the campaign."`
	Reopen  bool    `help:"With requeue: let a completed campaign run again."`
	DryRun  bool    `help:"Count them, and change nothing."`
}

func (k campaignEditCmd) Run(ctx context.Context, c *client) error {
	path, err := k.path(ctx, c)
	if err != nil {
		return err
	}
	body := map[string]any{"action": k.Action, "all": k.All, "reopen": k.Reopen, "dry_run": k.DryRun}
	k.into(body)
	if len(k.Contact) > 0 {
		body["contacts"] = k.Contact
	}
	var got struct {
		Job     *job   `json:"job"`
		Matches *int64 `json:"matches"`
	}
	raw, err := c.post(ctx, path+"/contacts/edit", body, &got)
	switch {
	case err != nil:
		return err
	case got.Job != nil:
		return followBulk(ctx, c, *got.Job)
	}
	return c.print(raw, func() error { return c.say("%s contacts are meant; nothing was changed", thousands(*got.Matches)) })
}

type exportCmd struct {
	remote
	Out       string   `required:"" placeholder:"FILE" help:"Where to; - is standard output."`
	Format    string   `enum:",csv,xlsx,jsonl" default:"" help:"csv, xlsx or jsonl (one JSON object a line); by the file's name if it says so."`
	Delimiter string   `enum:",comma,semicolon" default:"" help:"Between the columns of CSV: comma or semicolon."`
	BOM       bool     `name:"bom" help:"Begin CSV with the mark by which Excel knows UTF-8."`
	Campaign  []string `placeholder:"CAMPAIGN" help:"Only of these: number, UUID or name."`
	whom
	InsertedFrom when `placeholder:"TIME" help:"Put in at that moment or later."`
	InsertedTo   when `placeholder:"TIME" help:"Put in at that moment or before."`
	Detach       bool `help:"Do not wait: print the job and leave. Fetch the file later with: arauto job file NUMBER"`

	Every time.Duration `default:"500ms" hidden:"" help:"How often to look."`
}

// export is one as the API has it.
type export struct {
	Job       job        `json:"job"`
	FileURL   *string    `json:"file_url"`
	ExpiresAt *time.Time `json:"expires_at"`
}

func (k exportCmd) Run(ctx context.Context, c *client) error {
	body, err := k.body(ctx, c)
	if err != nil {
		return err
	}
	var got export
	raw, err := c.call(ctx, "POST", "/exports", body, &got, longTime) // a long list is counted first
	if err != nil {
		return err
	}
	id := got.Job.ID
	if k.Detach {
		return c.print(raw, func() error { return c.say("Job %d. Fetch its file with: arauto job file %d --out FILE", id, id) })
	}
	line := c.progress().patient(time.Now())
	raw, err = follow(ctx, c, fmt.Sprintf("/exports/%d", id), k.Every, line, func(_ time.Time, seen export) (string, bool) {
		got = seen
		if got.Job.Done == 0 && got.Job.Rows > 0 {
			return fmt.Sprintf("%s looking for columns: %s contacts", bar(0, got.Job.Total), thousands(got.Job.Rows)), got.Job.ended()
		}
		return fmt.Sprintf("%s %s contacts", bar(got.Job.Done, got.Job.Total), thousands(got.Job.Done)), got.Job.ended()
	})
	line.end()
	switch {
	case errors.Is(err, context.Canceled):
		c.note("Stopped following. The export goes on by itself: arauto job file %d --out FILE", id)
		return err
	case err != nil:
		return err
	case got.Job.State != "completed":
		return fmt.Errorf("job %d is %s: %s", id, got.Job.State, plain(word(got.Job.Error)))
	}
	if k.Out != "-" {
		if err := c.print(raw, func() error {
			return c.facts("Contacts", thousands(got.Job.Done), "Can be fetched until", local(got.ExpiresAt))
		}); err != nil {
			return err
		}
	}
	return saveFile(ctx, c, fmt.Sprintf("/exports/%d/file", id), k.Out)
}

func (k exportCmd) body(ctx context.Context, c *client) (map[string]any, error) {
	format := k.Format
	if format == "" {
		format = "csv"
		for _, known := range []string{"xlsx", "jsonl"} {
			if strings.HasSuffix(strings.ToLower(k.Out), "."+known) {
				format = known
			}
		}
	}
	body := map[string]any{"format": format}
	k.into(body)
	switch k.Delimiter {
	case "comma":
		body["delimiter"] = ","
	case "semicolon":
		body["delimiter"] = ";"
	}
	if k.BOM {
		body["bom"] = true
	}
	var campaigns []string
	for _, name := range k.Campaign {
		id, err := campaignID(ctx, c, name)
		if err != nil {
			return nil, err
		}
		campaigns = append(campaigns, id)
	}
	if len(campaigns) > 0 {
		body["campaigns"] = campaigns
	}
	for key, t := range map[string]when{"inserted_from": k.InsertedFrom, "inserted_to": k.InsertedTo} {
		if !t.IsZero() {
			body[key] = t.Time
		}
	}
	return body, nil
}

type jobFileCmd struct {
	Job int64  `arg:"" help:"Number of an export."`
	Out string `default:"-" placeholder:"FILE" help:"Where to; - is standard output."`
}

func (k jobFileCmd) Run(ctx context.Context, c *client) error {
	list := "exports"
	var j job
	if _, err := c.get(ctx, fmt.Sprint("/jobs/", k.Job), &j); err == nil && j.Kind == "person_export" { // who may not read jobs may still fetch lists
		list = "person-exports"
	}
	return saveFile(ctx, c, fmt.Sprintf("/%s/%d/file", list, k.Job), k.Out)
}
