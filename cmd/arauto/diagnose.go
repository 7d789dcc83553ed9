package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

type campaignDiagnoseCmd struct{ theCampaign }

func (k campaignDiagnoseCmd) Run(ctx context.Context, c *client) error {
	path, err := k.path(ctx, c)
	if err != nil {
		return err
	}
	var got struct {
		Sentence  string `json:"sentence"`
		Obstacles []struct {
			What  string `json:"what"`
			Words string `json:"words"`
		} `json:"obstacles"`
		LookedAt int64 `json:"looked_at"`
		Complete bool  `json:"complete"`
		WouldGo  int64 `json:"would_go"`
		Held     []struct {
			Outcome string     `json:"outcome"`
			Because string     `json:"because"`
			Count   int64      `json:"count"`
			NextAt  *time.Time `json:"next_at"`
			Example int64      `json:"example_contact_id"`
		} `json:"held"`
		Pending int64      `json:"pending"`
		Unknown int64      `json:"unknown"`
		NextAt  *time.Time `json:"next_at"`
	}
	raw, err := c.call(ctx, http.MethodGet, path+"/diagnostics", nil, &got, longTime)
	if err != nil {
		return err
	}
	return c.print(raw, func() error {
		for _, o := range got.Obstacles {
			if err := c.say("%s: %s", o.What, plain(o.Words)); err != nil {
				return err
			}
		}
		rows := [][]string{{thousands(got.WouldGo), "go", "", "", ""}}
		for _, h := range got.Held {
			rows = append(rows, []string{thousands(h.Count), h.Outcome, local(h.NextAt), fmt.Sprint(h.Example), h.Because})
		}
		if err := c.table([]string{"CONTACTS", "WOULD", "NEXT", "E.G. CONTACT", "BECAUSE"}, rows); err != nil {
			return err
		}
		if !got.Complete {
			c.note("Of %s pending, the next %s were looked at.", thousands(got.Pending), thousands(got.LookedAt))
		}
		if got.Unknown > 0 {
			c.note("%s may have been sent and wait for a decision.", thousands(got.Unknown))
		}
		if got.NextAt != nil {
			c.note("The next one may be contacted at %s.", local(got.NextAt))
		}
		return nil
	})
}
