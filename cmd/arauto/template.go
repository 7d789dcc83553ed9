package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

type templateCmd struct {
	remote
	List templateListCmd `cmd:"" help:"List templates with the parameters a campaign must fill."`
	Sync templateSyncCmd `cmd:"" help:"Fetch templates from Meta now."`
}

type template struct {
	ID         int64  `json:"id"`
	WABAID     int64  `json:"waba_id"`
	Name       string `json:"name"`
	Language   string `json:"language"`
	Category   string `json:"category"`
	Status     string `json:"status"`
	Body       string `json:"body"`
	Parameters []struct {
		Slot string `json:"slot"`
	} `json:"parameters"`
}

func templateID(ctx context.Context, c *client, ref string) (string, error) {
	return resolve(ctx, c, "template", "/templates", ref, func(t template) (int64, []string) {
		return t.ID, []string{t.Name, t.Name + "/" + t.Language}
	})
}

type templateListCmd struct{ listing }

func (k templateListCmd) Run(ctx context.Context, c *client) error {
	head := []string{"ID", "NAME", "LANGUAGE", "CATEGORY", "STATUS", "PARAMETERS", "BODY"}
	return list(ctx, c, "/templates", nil, k.listing, head, func(t template) []string {
		slots := make([]string, len(t.Parameters))
		for i, p := range t.Parameters {
			slots[i] = p.Slot
		}
		return []string{fmt.Sprint(t.ID), t.Name, t.Language, t.Category, t.Status, strings.Join(slots, " "), fit(plain(t.Body), 60)}
	})
}

type templateSyncCmd struct {
	WABA string `name:"waba" help:"Of this WhatsApp Business Account only: number, id at Meta or name."`
}

func (k templateSyncCmd) Run(ctx context.Context, c *client) error {
	if k.WABA != "" {
		id, err := wabaNumber(ctx, c, k.WABA)
		if err != nil {
			return err
		}
		return c.syncTemplates(ctx, waba{ID: id, Name: k.WABA})
	}
	var all []waba
	_, err := walk(ctx, c, "/wabas", nil, 0, func(rows []waba, _ json.RawMessage) (bool, error) {
		all = append(all, rows...)
		return true, nil
	})
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("there is no WhatsApp Business Account yet: add one with `arauto waba create`")
	}
	for _, w := range all {
		if err := c.syncTemplates(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) syncTemplates(ctx context.Context, w waba) error {
	var got struct {
		Added   int `json:"added"`
		Changed int `json:"changed"`
	}
	raw, err := c.call(ctx, http.MethodPost, fmt.Sprintf("/wabas/%d/templates/sync", w.ID), nil, &got, longTime)
	if err != nil {
		return err
	}
	return c.print(raw, func() error {
		return c.say("%s: %d new, %d changed", plain(w.Name), got.Added, got.Changed)
	})
}
