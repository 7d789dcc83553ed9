package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"
)

type clickCmd struct {
	remote
	List clickListCmd `cmd:"" help:"What ads and posts brought, newest first."`
	Ads  clickAdsCmd  `cmd:"" help:"What each ad and post brought: clicks, conversations, outcomes, value."`
}

type click struct {
	ID           int64      `json:"id"`
	ClickedAt    *time.Time `json:"clicked_at"`
	SourceType   *string    `json:"source_type"`
	AdID         *string    `json:"ad_id"`
	PostID       *string    `json:"post_id"`
	Headline     *string    `json:"headline"`
	FirstTouch   bool       `json:"first_touch"`
	ChatID       int64      `json:"chat_id"`
	State        string     `json:"conversation_state"`
	ActivityCode *string    `json:"activity_code"`
}

type clickListCmd struct {
	Source string `help:"Only of the ad or post with this id at Meta."`
	Person int64  `help:"Only of the person with this number."`
	listing
}

func (k clickListCmd) Run(ctx context.Context, c *client) error {
	query := url.Values{}
	if k.Source != "" {
		query.Set("source", k.Source)
	}
	if k.Person != 0 {
		query.Set("person", fmt.Sprint(k.Person))
	}
	return list(ctx, c, "/reports/clicks", query, k.listing, []string{"ID", "AT", "FROM", "HEADLINE", "FIRST", "CHAT", "STATE", "CODE"}, func(k click) []string {
		source := word(k.AdID)
		if k.AdID == nil {
			source = word(k.PostID)
		}
		first := ""
		if k.FirstTouch {
			first = "first"
		}
		return []string{fmt.Sprint(k.ID), local(k.ClickedAt), strings.TrimSpace(word(k.SourceType) + " " + source), word(k.Headline), first, fmt.Sprint(k.ChatID), plain(k.State), word(k.ActivityCode)}
	})
}

type worth struct {
	Currency string `json:"currency"`
	Amount   string `json:"amount"`
}

func (w worth) String() string { return w.Currency + " " + w.Amount }

type adRow struct {
	SourceType    string  `json:"source_type"`
	SourceID      *string `json:"source_id"`
	Headline      *string `json:"headline"`
	Clicks        int64   `json:"clicks"`
	Conversations int64   `json:"conversations"`
	Handled       int64   `json:"handled"`
	Closed        int64   `json:"closed"`
	Value         []worth `json:"value"`
}

type clickAdsCmd struct {
	From when `required:"" placeholder:"TIME" help:"From that moment on."`
	To   when `placeholder:"TIME" help:"Up to that moment, 92 days later at most; else until now."`
	listing
}

func (k clickAdsCmd) Run(ctx context.Context, c *client) error {
	query := url.Values{}
	for name, at := range map[string]*time.Time{"from": k.From.pointer(), "to": k.To.pointer()} {
		if at != nil {
			query.Set(name, at.UTC().Format(time.RFC3339))
		}
	}
	head := []string{"FROM", "HEADLINE", "CLICKS", "CONVERSATIONS", "HANDLED", "CLOSED", "VALUE"}
	return list(ctx, c, "/reports/ads", query, k.listing, head, func(r adRow) []string {
		var value []string
		for _, w := range r.Value {
			value = append(value, w.String())
		}
		return []string{
			strings.TrimSpace(plain(r.SourceType) + " " + word(r.SourceID)), word(r.Headline), fmt.Sprint(r.Clicks), fmt.Sprint(r.Conversations), fmt.Sprint(r.Handled), fmt.Sprint(r.Closed),
			plain(strings.Join(value, ", ")),
		}
	})
}
