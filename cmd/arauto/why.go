package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
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
		UserID       *string `json:"user_id"`
		PhoneRaw     string  `json:"phone_raw"`
		State        string  `json:"state"`
		ReplyAction  *string `json:"reply_action"`
		ReplyText    *string `json:"reply_text"`
	} `json:"contact"`
	Verdict struct {
		Until *time.Time `json:"until"`
	} `json:"verdict"`
	Sentence string  `json:"sentence"`
	Attempts []tried `json:"attempts"`
}

// tried is one attempt.
type tried struct {
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
		var b strings.Builder
		for _, e := range got.Data {
			e.tell(&b)
		}
		if len(got.Data) == 0 {
			b.WriteString("No campaign has this phone.\n")
		}
		for _, s := range got.Suppressions {
			b.WriteString(plain(s.words()) + "\n")
		}
		_, err := io.WriteString(c.Out, b.String())
		return err
	})
}

// tell is one campaign's story of the person: the sentence first, then what it rests on.
func (e explained) tell(b *strings.Builder) {
	r := e.Contact
	fmt.Fprintf(b, "%s (campaign %d)\n  %s\n", plain(r.CampaignName), r.CampaignID, plain(e.Sentence))
	if e.Verdict.Until != nil {
		fmt.Fprintf(b, "  Asked again at %s\n", local(e.Verdict.Until))
	}
	phone := cmp.Or(r.PhoneRaw, word(r.UserID))
	if r.Phone != nil && *r.Phone != phone {
		phone = *r.Phone + ", given as " + phone
	}
	fmt.Fprintf(b, "  Contact %d %s: %s\n", r.ID, plain(r.Name), plain(phone))
	for _, a := range e.Attempts {
		a.tell(b)
	}
	switch {
	case r.ReplyAction != nil:
		fmt.Fprintf(b, "  Reply: the button %q\n", plain(*r.ReplyAction))
	case r.ReplyText != nil:
		fmt.Fprintf(b, "  Reply: %q\n", plain(*r.ReplyText))
	}
	b.WriteByte('\n')
}

func (a tried) tell(b *strings.Builder) {
	fmt.Fprintf(b, "  Attempt %d: %s\n", a.Number, plain(a.State))
	for _, step := range []struct{ name, words string }{
		{"intended", local(a.IntendedAt)},
		{"sent", local(a.SentAt)},
		{"delivered", local(a.DeliveredAt)},
		{"read", local(a.ReadAt)},
		{"failed", local(a.FailedAt)},
		{"message", word(a.ProviderID)},
		{"provider", strings.TrimSpace(word(a.ErrorCode) + " " + word(a.ErrorDetail))},
	} {
		if step.words != "" {
			fmt.Fprintf(b, "    %-10s %s\n", step.name, plain(step.words))
		}
	}
}
