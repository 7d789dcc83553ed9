package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

type queueCmd struct {
	remote
	Create queueCreateCmd `cmd:"" help:"Make a queue: a team that answers."`
	List   queueListCmd   `cmd:"" help:"List queues."`
	Change queueChangeCmd `cmd:"" help:"Change a queue's name, hours, automatic replies or wrap-up."`
}

// queue is one as the API has it.
type queue struct {
	ID            int64    `json:"id"`
	Name          string   `json:"name"`
	Windows       []window `json:"windows"`
	TimeZone      string   `json:"time_zone"`
	AwayText      string   `json:"away_text"`
	WaitText      string   `json:"wait_text"`
	WaitMinutes   int      `json:"wait_minutes"`
	WrapUpSeconds int      `json:"wrap_up_seconds"`
	CodeRequired  bool     `json:"code_required"`
}

// queueSettings are what both commands take.
type queueSettings struct {
	Window       []hours `sep:"none" placeholder:"\"DAYS HH:MM-HH:MM\"" help:"Opening hours instead of those so far: \"mon-fri 09:00-18:00\". May be given again."`
	AlwaysOpen   bool    `xor:"hours" help:"No opening hours."`
	TimeZone     *string `placeholder:"ZONE" help:"By whose clock, such as America/Sao_Paulo; default: the account's."`
	WorkHolidays *bool   `negatable:"" help:"Open on the account's holidays too."`
	AwayText     *string `placeholder:"TEXT" help:"Said once to who writes outside the hours."`
	WaitText     *string `placeholder:"TEXT" help:"Said once to who has waited --wait-minutes."`
	WaitMinutes  *int    `placeholder:"N" help:"After how long --wait-text is said."`
	WrapUp       *int    `placeholder:"SECONDS" help:"What an agent has after each conversation before the next."`
	CodeRequired *bool   `negatable:"" help:"Closing takes an activity code."`
}

func (k queueSettings) body(name *string) map[string]any {
	body := map[string]any{}
	put(body, "name", name)
	if len(k.Window) > 0 || k.AlwaysOpen {
		body["windows"] = append([]hours{}, k.Window...)
	}
	put(body, "time_zone", k.TimeZone)
	put(body, "work_holidays", k.WorkHolidays)
	put(body, "away_text", k.AwayText)
	put(body, "wait_text", k.WaitText)
	put(body, "wait_minutes", k.WaitMinutes)
	put(body, "wrap_up_seconds", k.WrapUp)
	put(body, "code_required", k.CodeRequired)
	return body
}

// put adds what was given.
func put[T any](body map[string]any, key string, value *T) {
	if value != nil {
		body[key] = *value
	}
}

type queueCreateCmd struct {
	Name string `arg:"" help:"What people call it."`
	queueSettings
}

func (k queueCreateCmd) Run(ctx context.Context, c *client) error {
	var got queue
	raw, err := c.post(ctx, "/queues", k.body(&k.Name), &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.say("Queue %d %s", got.ID, plain(got.Name)) })
}

type queueListCmd struct{ listing }

func (k queueListCmd) Run(ctx context.Context, c *client) error {
	return list(ctx, c, "/queues", nil, k.listing, []string{"ID", "NAME", "HOURS", "WRAP-UP", "CODE"}, func(q queue) []string {
		open, code := windowsText(q.Windows), "optional"
		if len(q.Windows) == 0 {
			open = "always"
		}
		if q.CodeRequired {
			code = "required"
		}
		return []string{fmt.Sprint(q.ID), plain(q.Name), open, fmt.Sprintf("%d s", q.WrapUpSeconds), code}
	})
}

type queueChangeCmd struct {
	Queue string  `arg:"" help:"Number, UUID or name."`
	Name  *string `help:"What people call it from now on."`
	queueSettings
}

func (k queueChangeCmd) Run(ctx context.Context, c *client) error {
	body := k.body(k.Name)
	if len(body) == 0 {
		return usageError("say what is to change: --name, --window, --away-text, …")
	}
	id, err := queueID(ctx, c, k.Queue)
	if err != nil {
		return err
	}
	var got queue
	raw, err := c.call(ctx, http.MethodPatch, "/queues/"+url.PathEscape(id), body, &got, callTime)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.say("Queue %d %s is changed", got.ID, plain(got.Name)) })
}

func queueID(ctx context.Context, c *client, ref string) (string, error) {
	return resolve(ctx, c, "queue", "/queues", ref, func(q queue) (int64, []string) { return q.ID, []string{q.Name} })
}
