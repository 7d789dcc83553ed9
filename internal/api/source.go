package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"

	"arauto"
)

type wireSource struct {
	SourceType    string        `json:"source_type" doc:"ad or post"`
	SourceID      *string       `json:"source_id" doc:"null for clicks that named none"`
	SourceURL     *string       `json:"source_url"`
	Headline      *string       `json:"headline"`
	Clicks        int64         `json:"clicks"`
	Conversations int64         `json:"conversations" doc:"That they opened or joined"`
	Handled       int64         `json:"handled" doc:"That an agent took"`
	Closed        int64         `json:"closed"`
	Answered      int64         `json:"answered" doc:"That an agent replied in"`
	AnswerSeconds *float64      `json:"first_answer_seconds" doc:"From the click to an agent's first reply, on average"`
	Outcomes      []wireOutcome `json:"outcomes" nullable:"false" doc:"Of the closed ones"`
	Value         []wireWorth   `json:"value" nullable:"false" doc:"What closing with codes that have a conversion rule was worth"`
}

type wireOutcome struct {
	ActivityCodeID *int64  `json:"activity_code_id" doc:"null = closed without a code"`
	Code           *string `json:"code"`
	Name           *string `json:"name"`
	Conversations  int64   `json:"conversations"`
}

type wireWorth struct {
	Currency string `json:"currency" example:"BRL"`
	Amount   string `json:"amount" example:"1350.00"`
}

func wordWorth(m arauto.Money) wireWorth {
	return wireWorth{string(m.Currency), arauto.FormatMicros(m.Micros)}
}

func wordSource(s arauto.SourceRow) wireSource {
	out := wireSource{
		SourceType: string(s.Type), SourceID: text(s.ID), SourceURL: text(s.URL), Headline: text(s.Headline), Clicks: s.Clicks, Conversations: s.Conversations,
		Handled: s.Handled, Closed: s.Closed, Answered: s.Answered, Outcomes: []wireOutcome{}, Value: []wireWorth{},
	}
	if s.Answered > 0 {
		took := s.AnswerTime.Seconds()
		out.AnswerSeconds = &took
	}
	for _, o := range s.Outcomes {
		out.Outcomes = append(out.Outcomes, wireOutcome{number(o.Code), text(o.Text), text(o.Name), o.Conversations})
	}
	for _, m := range s.Values {
		out.Value = append(out.Value, wordWorth(m))
	}
	return out
}

type sourceQuery struct {
	Limit  int       `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"Rows in a page"`
	Cursor string    `query:"cursor" maxLength:"400" doc:"From the previous page's next; opaque"`
	From   time.Time `query:"from" required:"true" doc:"Inclusive"`
	To     time.Time `query:"to" doc:"Inclusive; absent = until now. At most 92 days after from"`
}

// maxSpan bounds how many clicks one page adds up.
const maxSpan = 92 * 24 * time.Hour

// sources is the attribution report. It adds up when it is asked, over the time that is asked for: that bounds it.
func (a *API) sources() {
	handle(a, op{
		method: http.MethodGet, path: "/reports/ads", scope: arauto.TokenReports, tag: "reports", summary: "What each ad and post brought: clicks, conversations, outcomes, value",
	}, func(ctx context.Context, c Caller, in *sourceQuery) (*page[wireSource], error) {
		to := a.Now()
		if !in.To.IsZero() {
			to = in.To.UTC()
		}
		if to.Sub(in.From) > maxSpan || to.Before(in.From) {
			return nil, arauto.Errorf(arauto.KindInvalid, "query.from", "ask for a stretch of at most 92 days that ends after it begins")
		}
		after, err := readSourceCursor(in.Cursor)
		if err != nil {
			return nil, err
		}
		rows, err := a.Store.Sources(ctx, c.Account.ID, in.From.UTC(), to, after, in.Limit)
		if err != nil {
			return nil, err
		}
		out := &page[wireSource]{Data: make([]wireSource, 0, len(rows))}
		for _, r := range rows {
			out.Data = append(out.Data, wordSource(r))
		}
		if n := len(rows); n > 0 && n >= in.Limit {
			u := exchangeOf(ctx).request.URL
			query := u.Query()
			query.Set("cursor", base64.RawURLEncoding.EncodeToString([]byte(string(rows[n-1].Type)+"\n"+rows[n-1].ID)))
			query.Set("to", to.Format(time.RFC3339Nano)) // the pages speak of one time
			next := (&url.URL{Path: u.Path, RawQuery: query.Encode()}).String()
			out.Next = &next
		}
		return out, nil
	})
}

func readSourceCursor(s string) (arauto.SourceKey, error) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	kind, id, ok := strings.Cut(string(raw), "\n")
	if s != "" && (err != nil || !ok) {
		return arauto.SourceKey{}, arauto.Errorf(arauto.KindInvalid, "query.cursor", "this is not a cursor of this list: use next as it was given")
	}
	return arauto.SourceKey{Type: arauto.SourceType(kind), ID: id}, nil
}
