package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

type wabaPauseCmd struct {
	WABA string `arg:"" help:"Number, id at Meta or name."`
	Why  string `help:"For those who wonder."`
}

func (k wabaPauseCmd) Run(ctx context.Context, c *client) error {
	return c.actOnWABA(ctx, k.WABA, "pause", whyBody(k.Why))
}

type wabaResumeCmd struct {
	WABA string `arg:"" help:"Number, id at Meta or name."`
}

func (k wabaResumeCmd) Run(ctx context.Context, c *client) error {
	return c.actOnWABA(ctx, k.WABA, "resume", nil)
}

func (c *client) actOnWABA(ctx context.Context, ref, action string, body any) error {
	id, err := wabaNumber(ctx, c, ref)
	if err != nil {
		return err
	}
	return act(ctx, c, fmt.Sprintf("/wabas/%d/%s", id, action), body, func(got waba) error {
		if action == "pause" {
			return c.say("Nothing is sent from WABA %d %s until: arauto waba resume %d", got.ID, plain(got.Name), got.ID)
		}
		return c.say("WABA %d %s sends again", got.ID, plain(got.Name))
	})
}

// stoppedCountry is a country that is closed, as the API has it.
type stoppedCountry struct {
	Calling string     `json:"calling_code"`
	Code    int        `json:"code"`
	Words   string     `json:"words"`
	Since   *time.Time `json:"since"`
}

type wabaCountriesCmd struct {
	WABA string `arg:"" help:"Number, id at Meta or name."`
	listing
}

func (k wabaCountriesCmd) Run(ctx context.Context, c *client) error {
	id, err := wabaNumber(ctx, c, k.WABA)
	if err != nil {
		return err
	}
	return list(ctx, c, fmt.Sprintf("/wabas/%d/stopped-countries", id), nil, k.listing, []string{"CALLING CODE", "SINCE", "CODE", "META'S WORDS"}, func(s stoppedCountry) []string {
		return []string{"+" + s.Calling, local(s.Since), fmt.Sprint(s.Code), s.Words}
	})
}

type wabaLiftCmd struct {
	WABA    string `arg:"" help:"Number, id at Meta or name."`
	Calling string `arg:"" help:"The country's calling code, such as 57."`
}

func (k wabaLiftCmd) Run(ctx context.Context, c *client) error {
	id, err := wabaNumber(ctx, c, k.WABA)
	if err != nil {
		return err
	}
	calling := strings.TrimPrefix(k.Calling, "+")
	if _, err := c.call(ctx, http.MethodDelete, fmt.Sprintf("/wabas/%d/stopped-countries/%s", id, url.PathEscape(calling)), nil, nil, callTime); err != nil {
		return err
	}
	return c.say("Contacts in +%s are written to again; those that failed for it may be tried again: arauto campaign retry --help", calling)
}
