package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

type conversionCmd struct {
	remote
	List   conversionListCmd   `cmd:"" help:"What Meta is told of clicks, newest first."`
	Replay conversionReplayCmd `cmd:"" help:"Tell Meta again of one that failed, expired or is unknown."`
	Rules  conversionRulesCmd  `cmd:"" help:"Which activity code is which event."`
	Rule   conversionRuleCmd   `cmd:"" help:"Make closing with an activity code an event, with a value."`
	Unrule conversionUnruleCmd `cmd:"" help:"Tell Meta no more of an activity code."`
}

type conversion struct {
	ID        int64      `json:"id"`
	ClickID   int64      `json:"click_id"`
	ChatID    int64      `json:"chat_id"`
	Event     string     `json:"event"`
	Value     *worth     `json:"value"`
	State     string     `json:"state"`
	Detail    *string    `json:"detail"`
	Tries     int        `json:"tries"`
	At        *time.Time `json:"at"`
	ErrorCode *int64     `json:"error_code"`
}

type conversionListCmd struct {
	State string `enum:",pending,sending,sent,failed,unknown,expired,skipped" default:"" help:"Only those in this state."`
	listing
}

func (k conversionListCmd) Run(ctx context.Context, c *client) error {
	query := url.Values{}
	if k.State != "" {
		query.Set("state", k.State)
	}
	return list(ctx, c, "/conversions", query, k.listing, []string{"ID", "AT", "CLICK", "CHAT", "EVENT", "VALUE", "STATE", "WHY"}, func(v conversion) []string {
		return []string{fmt.Sprint(v.ID), local(v.At), fmt.Sprint(v.ClickID), fmt.Sprint(v.ChatID), plain(v.Event), word(v.Value), plain(v.State), strings.TrimSpace(word(v.ErrorCode) + " " + word(v.Detail))}
	})
}

type conversionReplayCmd struct {
	ID int64 `arg:"" name:"id" help:"Number of a conversion."`
}

func (k conversionReplayCmd) Run(ctx context.Context, c *client) error {
	var got conversion
	raw, err := c.post(ctx, fmt.Sprintf("/conversions/%d/replay", k.ID), nil, &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.say("Conversion %d %s is %s", got.ID, plain(got.Event), plain(got.State)) })
}

type conversionRule struct {
	ActivityCodeID int64  `json:"activity_code_id"`
	Event          string `json:"event"`
	Value          *worth `json:"value"`
}

type conversionRulesCmd struct{ listing }

func (k conversionRulesCmd) Run(ctx context.Context, c *client) error {
	return list(ctx, c, "/conversion-rules", nil, k.listing, []string{"CODE", "EVENT", "VALUE"}, func(r conversionRule) []string {
		return []string{fmt.Sprint(r.ActivityCodeID), plain(r.Event), word(r.Value)}
	})
}

type conversionRuleCmd struct {
	Code     int64  `arg:"" help:"Number of an activity code."`
	Event    string `arg:"" help:"Meta's name of the event, such as Purchase or LeadSubmitted."`
	Value    string `placeholder:"150.00" help:"What it is worth."`
	Currency string `enum:"BRL,USD" default:"BRL" help:"Of the value: BRL or USD."`
}

func (k conversionRuleCmd) Run(ctx context.Context, c *client) error {
	body := map[string]any{"event": k.Event}
	if k.Value != "" {
		body["value"] = worth{k.Currency, k.Value}
	}
	var got conversionRule
	raw, err := c.call(ctx, http.MethodPut, fmt.Sprintf("/conversion-rules/%d", k.Code), body, &got, callTime)
	if err != nil {
		return err
	}
	return c.print(raw, func() error {
		return c.say("Activity code %d is %s %s", got.ActivityCodeID, plain(got.Event), word(got.Value))
	})
}

type conversionUnruleCmd struct {
	Code int64 `arg:"" help:"Number of an activity code."`
}

func (k conversionUnruleCmd) Run(ctx context.Context, c *client) error {
	if _, err := c.call(ctx, http.MethodDelete, fmt.Sprintf("/conversion-rules/%d", k.Code), nil, nil, callTime); err != nil || c.raw {
		return err
	}
	return c.say("Activity code %d is no event any more", k.Code)
}
