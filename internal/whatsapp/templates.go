package whatsapp

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"arauto"
)

const (
	maxTemplates    = 10_000
	templatesAPage  = 100
	maxTemplatePage = 8 << 20
	// Meta may answer with pages that are not full.
	maxPages = 4 * maxTemplates / templatesAPage
)

// Templates lists the templates of a WABA, all languages and statuses, in Meta's order. Account and WABA are
// the sender's; ID, UUID and SyncedAt are left to the caller. The error is an *arauto.Error that says what to
// do; more than 10,000 templates are one too, as a list cut short would read as templates deleted.
//
// Vendor: MD/templates/template-management, GET /{waba-id}/message_templates.
func (c *Client) Templates(ctx context.Context, s arauto.Sender, wabaMetaID string) ([]arauto.Template, error) {
	query := url.Values{
		"fields": {"id,name,status,category,language,parameter_format,quality_score,rejected_reason,components"},
		"limit":  {strconv.Itoa(templatesAPage)},
	}
	var list []arauto.Template
	for range maxPages {
		var page templatePage
		if err := c.get(ctx, s, wabaMetaID, "/message_templates", query, maxTemplatePage, &page); err != nil {
			return nil, fmt.Errorf("list templates: %w", err)
		}
		for _, t := range page.Data {
			list = append(list, t.template(s))
		}
		if len(list) > maxTemplates {
			return nil, arauto.Errorf(arauto.KindConflict, "", "WABA %s has more than %d templates: delete those that are not used", wabaMetaID, maxTemplates)
		}
		// `next` only says whether there is more. It is never followed: whoever could forge an answer would
		// choose where the token goes.
		if page.Paging.Next == "" || page.Paging.Cursors.After == "" {
			return list, nil
		}
		query.Set("after", page.Paging.Cursors.After)
	}
	return nil, arauto.Errorf(arauto.KindConflict, "", "Meta's list of the templates of WABA %s does not end: try again later", wabaMetaID)
}

type templatePage struct {
	Data   []wireTemplate `json:"data"`
	Paging struct {
		Cursors struct {
			After string `json:"after"`
		} `json:"cursors"`
		Next string `json:"next"`
	} `json:"paging"`
}

type wireTemplate struct {
	ID       wireText `json:"id"`
	Name     string   `json:"name"`
	Status   string   `json:"status"`
	Category string   `json:"category"`
	Language string   `json:"language"`
	Format   string   `json:"parameter_format"`
	Rejected string   `json:"rejected_reason"`
	Quality  struct {
		Score string `json:"score"`
	} `json:"quality_score"`
	Components []struct {
		Type    string `json:"type"`
		Format  string `json:"format"`
		Text    string `json:"text"`
		Buttons []struct {
			Type string `json:"type"`
			Text string `json:"text"`
			URL  string `json:"url"`
		} `json:"buttons"`
	} `json:"components"`
}

func (w wireTemplate) template(s arauto.Sender) arauto.Template {
	t := arauto.Template{
		Account: s.Account, WABA: s.WABA, MetaID: string(w.ID),
		Name: w.Name, Language: w.Language, Category: strings.ToUpper(w.Category), Status: strings.ToUpper(w.Status),
		Quality: w.Quality.Score, Rejected: w.Rejected,
		// Written in capitals in some answers and small in others.
		Named: strings.EqualFold(w.Format, "named"),
	}
	if t.Rejected == "NONE" {
		t.Rejected = ""
	}
	for _, part := range w.Components {
		switch strings.ToUpper(part.Type) {
		case "HEADER":
			t.Header = arauto.Header{Format: strings.ToUpper(cmp.Or(part.Format, "TEXT")), Text: part.Text}
		case "BODY":
			t.Body = part.Text
		case "FOOTER":
			t.Footer = part.Text
		case "BUTTONS":
			for _, b := range part.Buttons {
				t.Buttons = append(t.Buttons, arauto.Button{Type: strings.ToUpper(b.Type), Text: b.Text, URL: b.URL})
			}
		}
	}
	return t
}

// Number asks Meta about the sender's number and returns s with DisplayPhone as Meta has it, and with Name and
// Rate where s has none. It proves that the address, the id and the token belong together. The error is an
// *arauto.Error that says what to do.
//
// Vendor: GET /{phone-number-id}, MD/throughput.
func (c *Client) Number(ctx context.Context, s arauto.Sender) (arauto.Sender, error) {
	var n struct {
		DisplayPhone string `json:"display_phone_number"`
		VerifiedName string `json:"verified_name"`
		Throughput   struct {
			Level string `json:"level"`
		} `json:"throughput"`
	}
	query := url.Values{"fields": {"display_phone_number,verified_name,throughput"}}
	if err := c.get(ctx, s, s.PhoneNumberID, "", query, maxAnswer, &n); err != nil {
		return s, fmt.Errorf("read number: %w", err)
	}
	phone, ok := arauto.ParseE164(n.DisplayPhone)
	if !ok {
		return s, arauto.Errorf(arauto.KindInvalid, "phone_number_id", "Meta's object %s is not a phone number: use the number's id from the app's dashboard, not the WABA's", s.PhoneNumberID)
	}
	s.DisplayPhone = phone
	s.Name = cmp.Or(s.Name, n.VerifiedName)
	s.Rate = cmp.Or(s.Rate, rateOf(n.Throughput.Level))
	return s, nil
}

// rateOf is in messages per second. Meta raises a number to the higher level by itself.
func rateOf(level string) int {
	if level == "HIGH" {
		return arauto.HighRate
	}
	return arauto.DefaultRate
}
