package main

import (
	"context"
	"fmt"
	"net/url"
	"time"
)

type whyCmd struct {
	remote
	Phone string `arg:"" help:"The whole number, in any common spelling."`
}

// explained is what the API says about one contact.
type explained struct {
	Contact struct {
		ID           int64   `json:"id"`
		CampaignID   int64   `json:"campaign_id"`
		CampaignName string  `json:"campaign_name"`
		Template     *string `json:"template"`
		Name         string  `json:"name"`
		Phone        *string `json:"phone"`
		PhoneRaw     string  `json:"phone_raw"`
		State        string  `json:"state"`
		ReplyAction  *string `json:"reply_action"`
		ReplyText    *string `json:"reply_text"`
	} `json:"contact"`
	Verdict struct {
		Until *time.Time `json:"until"`
	} `json:"verdict"`
	Sentence    string     `json:"sentence"`
	LastTouchAt *time.Time `json:"last_touch_at"`
	Attempts    []struct {
		Number      int        `json:"number"`
		State       string     `json:"state"`
		ProviderID  *string    `json:"provider_id"`
		ErrorCode   *int       `json:"error_code"`
		ErrorDetail *string    `json:"error_detail"`
		IntendedAt  *time.Time `json:"intended_at"`
		SentAt      *time.Time `json:"sent_at"`
		DeliveredAt *time.Time `json:"delivered_at"`
		ReadAt      *time.Time `json:"read_at"`
		FailedAt    *time.Time `json:"failed_at"`
	} `json:"attempts"`
}

func (k whyCmd) Run(ctx context.Context, c *client) error {
	var got struct {
		Data         []explained   `json:"data"`
		Suppressions []suppression `json:"suppressions"`
	}
	raw, err := c.get(ctx, "/why?"+url.Values{"phone": {k.Phone}}.Encode(), &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error {
		for _, e := range got.Data {
			if err := c.explain(e); err != nil {
				return err
			}
		}
		if len(got.Data) == 0 {
			fmt.Fprintln(c.Out, "No campaign has this phone.")
		}
		for _, s := range got.Suppressions {
			fmt.Fprintln(c.Out, plain(s.words()))
		}
		return nil
	})
}

// explain tells one campaign's story of the person: the sentence first, then what it rests on.
func (c *client) explain(e explained) error {
	r := e.Contact
	fmt.Fprintf(c.Out, "%s (campaign %d)\n  %s\n", plain(r.CampaignName), r.CampaignID, plain(e.Sentence))
	if e.Verdict.Until != nil {
		fmt.Fprintf(c.Out, "  Asked again at %s\n", local(e.Verdict.Until))
	}
	phone := r.PhoneRaw
	if r.Phone != nil && *r.Phone != phone {
		phone = *r.Phone + ", given as " + phone
	}
	fmt.Fprintf(c.Out, "  Contact %d %s: %s\n", r.ID, plain(r.Name), plain(phone))
	for _, a := range e.Attempts {
		fmt.Fprintf(c.Out, "  Attempt %d: %s", a.Number, plain(a.State))
		for _, step := range []struct {
			name string
			at   *time.Time
		}{{"intended", a.IntendedAt}, {"sent", a.SentAt}, {"delivered", a.DeliveredAt}, {"read", a.ReadAt}, {"failed", a.FailedAt}} {
			if step.at != nil {
				fmt.Fprintf(c.Out, "\n    %-10s %s", step.name, local(step.at))
			}
		}
		if a.ProviderID != nil {
			fmt.Fprintf(c.Out, "\n    %-10s %s", "message", plain(*a.ProviderID))
		}
		if a.ErrorCode != nil || a.ErrorDetail != nil {
			fmt.Fprintf(c.Out, "\n    %-10s %s %s", "provider", word(a.ErrorCode), plain(word(a.ErrorDetail)))
		}
		fmt.Fprintln(c.Out)
	}
	switch {
	case r.ReplyAction != nil:
		fmt.Fprintf(c.Out, "  Reply: the button %q\n", plain(*r.ReplyAction))
	case r.ReplyText != nil:
		fmt.Fprintf(c.Out, "  Reply: %q\n", plain(*r.ReplyText))
	}
	_, err := fmt.Fprintln(c.Out)
	return err
}
