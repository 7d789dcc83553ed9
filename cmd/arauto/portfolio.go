package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

type portfolioCmd struct {
	remote
	List portfolioListCmd `cmd:"" help:"List business portfolios, with whom they reached in the last 24 hours."`
	Set  portfolioSetCmd  `cmd:"" help:"Name a portfolio, or set how many people it may reach in any 24 hours."`
}

type portfolio struct {
	ID     int64   `json:"id"`
	MetaID *string `json:"meta_id"`
	Name   string  `json:"name"`
	Reach  budget  `json:"reach"`
}

// budget is a limit that is shared, and how much of it is used.
type budget struct {
	Limit  *int64     `json:"limit"`
	Used   int64      `json:"used"`
	FreeAt *time.Time `json:"free_at"`
}

// words say how much of the budget is used; of is what it is counted in.
func (b budget) words(of string) string {
	if b.Limit == nil {
		return "no limit"
	}
	words := fmt.Sprintf("%s of %s %s", thousands(b.Used), thousands(*b.Limit), of)
	if b.Used >= *b.Limit && b.FreeAt != nil {
		words += ", more from " + local(b.FreeAt)
	}
	return words
}

const reachWords = "people in the last 24 h"

type portfolioListCmd struct{ listing }

func (k portfolioListCmd) Run(ctx context.Context, c *client) error {
	return list(ctx, c, "/portfolios", nil, k.listing, []string{"ID", "META ID", "NAME", "REACHED"}, func(p portfolio) []string {
		return []string{fmt.Sprint(p.ID), word(p.MetaID), p.Name, p.Reach.words(reachWords)}
	})
}

type portfolioSetCmd struct {
	Portfolio string  `arg:"" help:"Number or name."`
	Limit     *int    `help:"People in any 24 hours: 250, 2000, 10000, 100000; 0 = no limit. Meta's own word, when it comes, replaces it."`
	Name      *string `help:"What people call it."`
}

func (k portfolioSetCmd) Run(ctx context.Context, c *client) error {
	if k.Limit == nil && k.Name == nil {
		return usageError("give --limit or --name")
	}
	id, err := resolve(ctx, c, "portfolio", "/portfolios", k.Portfolio, func(p portfolio) (int64, []string) { return p.ID, []string{p.Name} })
	if err != nil {
		return err
	}
	body := struct {
		Limit *int    `json:"limit,omitempty"`
		Name  *string `json:"name,omitempty"`
	}{k.Limit, k.Name}
	var got portfolio
	raw, err := c.call(ctx, http.MethodPatch, "/portfolios/"+url.PathEscape(id), body, &got, callTime)
	if err != nil {
		return err
	}
	return c.print(raw, func() error {
		return c.say("Portfolio %d %s: %s", got.ID, plain(got.Name), got.Reach.words(reachWords))
	})
}

type senderChangeCmd struct {
	Sender string `arg:"" help:"Number, UUID or name."`
	Rate   *int   `help:"Messages per second: 80 is usual, 1000 what Meta raises a number to, 20 one that is on the WhatsApp Business app too."`
	RampUp *int   `help:"Warm a new number up: so many messages on its first day, twice as many after every day that was used; 0 = no more."`
}

func (k senderChangeCmd) Run(ctx context.Context, c *client) error {
	if k.Rate == nil && k.RampUp == nil {
		return usageError("give --rate or --ramp-up")
	}
	id, err := senderID(ctx, c, k.Sender)
	if err != nil {
		return err
	}
	body := struct {
		Rate   *int `json:"rate,omitempty"`
		RampUp *int `json:"ramp_up,omitempty"`
	}{k.Rate, k.RampUp}
	var got sender
	raw, err := c.call(ctx, http.MethodPatch, "/senders/"+url.PathEscape(id), body, &got, callTime)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.showPace(ctx, got) })
}

type senderSyncCmd struct {
	Sender string `arg:"" help:"Number, UUID or name."`
}

func (k senderSyncCmd) Run(ctx context.Context, c *client) error {
	id, err := senderID(ctx, c, k.Sender)
	if err != nil {
		return err
	}
	var got sender
	raw, err := c.post(ctx, "/senders/"+url.PathEscape(id)+"/sync", nil, &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.showPace(ctx, got) })
}

type senderPaceCmd struct {
	Sender string `arg:"" help:"Number, UUID or name."`
}

func (k senderPaceCmd) Run(ctx context.Context, c *client) error {
	id, err := senderID(ctx, c, k.Sender)
	if err != nil {
		return err
	}
	var got allowance
	raw, err := c.get(ctx, "/senders/"+url.PathEscape(id)+"/pace", &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return got.show(c) })
}

// allowance is what a number may send.
type allowance struct {
	Rate   int    `json:"rate"`
	RampUp budget `json:"ramp_up"`
	Reach  budget `json:"reach"`
}

func (p allowance) show(c *client) error {
	return c.facts("Messages per second", fmt.Sprint(p.Rate), "This number's day", p.RampUp.words("messages"), "Its portfolio", p.Reach.words(reachWords))
}

func (c *client) showPace(ctx context.Context, s sender) error {
	if err := c.showSender(s); err != nil {
		return err
	}
	var got allowance
	if _, err := c.get(ctx, fmt.Sprintf("/senders/%d/pace", s.ID), &got); err != nil {
		return err
	}
	return got.show(c)
}
