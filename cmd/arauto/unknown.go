package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"
)

type campaignUnknownCmd struct {
	theCampaign
	listing
}

// unknown is a contact whose message's fate is unknown, as the API has it.
type unknown struct {
	ContactID  int64      `json:"contact_id"`
	Name       string     `json:"name"`
	Phone      *string    `json:"phone"`
	UserID     *string    `json:"user_id"`
	Ref        string     `json:"ref"`
	IntendedAt *time.Time `json:"intended_at"`
	Evidence   string     `json:"evidence"`
}

func (k campaignUnknownCmd) Run(ctx context.Context, c *client) error {
	path, err := k.path(ctx, c)
	if err != nil {
		return err
	}
	return list(ctx, c, path+"/unknown", url.Values{}, k.listing, []string{"CONTACT", "PHONE", "NAME", "REF", "LEFT", "EVIDENCE"}, func(u unknown) []string {
		return []string{fmt.Sprint(u.ContactID), firstWord(u.Phone, u.UserID), u.Name, u.Ref, local(u.IntendedAt), u.Evidence}
	})
}

type campaignSettleCmd struct {
	theCampaign
	Decision string  `arg:"" enum:"sent,again" help:"sent: treat as sent. again: send once more; the person may get the message twice."`
	Contacts []int64 `arg:"" optional:"" help:"Numbers of contacts."`
	All      bool    `help:"Everybody whose outcome is unknown now."`
	Reopen   bool    `help:"With again: let a completed campaign run again."`
}

func (k campaignSettleCmd) Run(ctx context.Context, c *client) error {
	if (len(k.Contacts) == 0) != k.All {
		return usageError("name contacts, or say --all")
	}
	path, err := k.path(ctx, c)
	if err != nil {
		return err
	}
	body := struct {
		Decision string  `json:"decision"`
		Contacts []int64 `json:"contacts,omitempty"`
		All      bool    `json:"all,omitempty"`
		Reopen   bool    `json:"reopen,omitempty"`
	}{k.Decision, k.Contacts, k.All, k.Reopen}
	var got struct {
		Data []struct {
			ContactID int64   `json:"contact_id"`
			Error     *string `json:"error"`
		} `json:"data"`
		Changed int64 `json:"changed"`
		Refused int64 `json:"refused"`
		Job     *job  `json:"job"`
	}
	raw, err := c.post(ctx, path+"/unknown/settle", body, &got)
	if err != nil {
		return err
	}
	if got.Job != nil {
		return followBulk(ctx, c, *got.Job)
	}
	for _, one := range got.Data {
		if one.Error != nil {
			c.note("contact %d: %s", one.ContactID, plain(*one.Error))
		}
	}
	if err := c.print(raw, func() error { return c.say("Settled %s, refused %s", thousands(got.Changed), thousands(got.Refused)) }); err != nil {
		return err
	}
	if got.Refused > 0 {
		return errTold
	}
	return nil
}

// followBulk watches work on many contacts to its end, and is nil only if it completed.
func followBulk(ctx context.Context, c *client, j job) error {
	line := c.progress().patient(time.Now())
	raw, err := follow(ctx, c, fmt.Sprintf("/jobs/%d", j.ID), 500*time.Millisecond, line, func(_ time.Time, seen job) (string, bool) {
		j = seen
		return fmt.Sprintf("%s %s contacts", bar(j.Done, j.Total), thousands(j.Done)), j.ended()
	})
	line.end()
	if errors.Is(err, context.Canceled) {
		c.note("Stopped following. The work goes on by itself: arauto job follow %d", j.ID)
	}
	if err != nil {
		return err
	}
	err = c.print(raw, func() error {
		return c.facts("Job", fmt.Sprintf("%d %s", j.ID, j.State), "Changed", thousands(j.Accepted), "There already", thousands(j.Duplicates), "Left as they were", thousands(j.Rejected))
	})
	if err != nil || j.State == "completed" {
		return err
	}
	return fmt.Errorf("job %d is %s: %s", j.ID, j.State, cmp.Or(plain(word(j.Error)), "what it has done stays done"))
}

type campaignRetryCmd struct {
	theCampaign
	Reason []string `placeholder:"REASON" help:"Only failures for these reasons, such as too_fast."`
	Code   []int    `placeholder:"CODE" help:"Only failures with these codes of Meta's."`
	Reopen bool     `help:"Let a completed campaign run again."`
	DryRun bool     `help:"Show the failures by class, and which of them could be tried again."`
}

func (k campaignRetryCmd) Run(ctx context.Context, c *client) error {
	path, err := k.path(ctx, c)
	if err != nil {
		return err
	}
	if k.DryRun {
		return k.show(ctx, c, path)
	}
	body := struct {
		Reasons []string `json:"reasons,omitempty"`
		Codes   []int    `json:"codes,omitempty"`
		Reopen  bool     `json:"reopen,omitempty"`
	}{k.Reason, k.Code, k.Reopen}
	var started job
	if _, err := c.post(ctx, path+"/retry", body, &started); err != nil {
		return err
	}
	return followBulk(ctx, c, started)
}

func (k campaignRetryCmd) show(ctx context.Context, c *client, path string) error {
	var got struct {
		Classes []struct {
			Reason    string `json:"reason"`
			Words     string `json:"words"`
			Code      *int   `json:"code"`
			Count     int64  `json:"count"`
			Retryable bool   `json:"retryable"`
		} `json:"classes"`
	}
	raw, err := c.get(ctx, path+"/retry", &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error {
		var rows [][]string
		for _, f := range got.Classes {
			again := "yes"
			if !f.Retryable {
				again = "never"
			}
			rows = append(rows, []string{thousands(f.Count), again, f.Reason, word(f.Code), f.Words})
		}
		return c.table([]string{"FAILED", "AGAIN", "REASON", "CODE", "MEANS"}, rows)
	})
}

type campaignAudienceCmd struct {
	theCampaign
	From    string   `required:"" placeholder:"CAMPAIGN" help:"The earlier campaign: number, UUID or name."`
	NoReply bool     `xor:"reply" help:"Who has the message and did not react to it."`
	Replied bool     `xor:"reply" help:"Who reacted."`
	Button  string   `help:"Who used that button."`
	Text    string   `help:"Who replied exactly that; case and accents do not matter."`
	State   []string `placeholder:"STATE" help:"Who is in one of these states."`
	Reason  []string `placeholder:"REASON" help:"Whose message failed for one of these reasons."`
	Code    []int    `placeholder:"CODE" help:"Whose message failed with one of these codes of Meta's."`
	DryRun  bool     `help:"Count, and change nothing."`
}

func (k campaignAudienceCmd) Run(ctx context.Context, c *client) error {
	path, err := k.path(ctx, c)
	if err != nil {
		return err
	}
	from, err := campaignID(ctx, c, k.From)
	if err != nil {
		return err
	}
	body := map[string]any{"from": from, "dry_run": k.DryRun}
	for key, value := range map[string]string{"replied": k.replied(), "reply_action": k.Button, "reply_text": k.Text} {
		if value != "" {
			body[key] = value
		}
	}
	if len(k.State) > 0 {
		body["states"] = k.State
	}
	if len(k.Reason) > 0 {
		body["reasons"] = k.Reason
	}
	if len(k.Code) > 0 {
		body["codes"] = k.Code
	}
	var got struct {
		Job     *job `json:"job"`
		Preview *struct {
			Matching   int64 `json:"matching"`
			Already    int64 `json:"already"`
			Suppressed int64 `json:"suppressed"`
			WouldGo    int64 `json:"would_go"`
			Complete   bool  `json:"complete"`
		} `json:"preview"`
	}
	raw, err := c.call(ctx, "POST", path+"/audience", body, &got, longTime)
	if err != nil {
		return err
	}
	if got.Job != nil {
		return followBulk(ctx, c, *got.Job)
	}
	return c.print(raw, func() error {
		v := got.Preview
		if v == nil {
			return errors.New("the server answered with neither a job nor a count")
		}
		if !v.Complete {
			c.note("Only part of the campaign was looked at.")
		}
		return c.facts("Matching", thousands(v.Matching), "There already", thousands(v.Already), "Must not be contacted", thousands(v.Suppressed), "Would be written to", thousands(v.WouldGo))
	})
}

func (k campaignAudienceCmd) replied() string {
	switch {
	case k.NoReply:
		return "no"
	case k.Replied:
		return "yes"
	}
	return ""
}
