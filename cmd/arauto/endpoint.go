package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

type endpointCmd struct {
	remote
	Create  endpointCreateCmd  `cmd:"" help:"Have an address told what happens. Its secret is shown once."`
	List    endpointListCmd    `cmd:"" help:"List endpoints and how they fare."`
	Test    endpointTestCmd    `cmd:"" help:"Send a ping now, and say what became of it."`
	Replay  endpointReplayCmd  `cmd:"" help:"Let an endpoint go on from where it stopped, or tell it again what it was told."`
	Rotate  endpointRotateCmd  `cmd:"" help:"Give it a new secret; the old one signs too for 24 hours."`
	Enable  endpointEnableCmd  `cmd:"" help:"Let it go on from where it stopped."`
	Disable endpointDisableCmd `cmd:"" help:"Tell it nothing for now; it keeps its place."`
	Delete  endpointDeleteCmd  `cmd:"" help:"Tell it nothing any more."`
	Events  endpointEventsCmd  `cmd:"" help:"What endpoints are told, newest first."`
}

// endpoint is an endpoint as the API has it.
type endpoint struct {
	ID           int64      `json:"id"`
	URL          string     `json:"url"`
	Description  string     `json:"description"`
	Types        []string   `json:"types"`
	State        string     `json:"state"`
	Secret       string     `json:"secret"`
	FailingSince *time.Time `json:"failing_since"`
	NextTryAt    *time.Time `json:"next_try_at"`
	LastError    *string    `json:"last_error"`
	DeliveredAt  *time.Time `json:"delivered_at"`
}

func (e endpoint) trouble() string {
	if e.LastError == nil {
		return ""
	}
	text := *e.LastError
	if e.FailingSince != nil {
		text += ", failing since " + local(e.FailingSince)
	}
	return text
}

// showSecret tells the only time that there is.
func (e endpoint) showSecret(c *client) error {
	if err := c.facts("Endpoint", fmt.Sprint(e.ID), "Address", plain(e.URL), "Secret", e.Secret); err != nil {
		return err
	}
	c.note("Keep the secret: it is not shown again. The receiver verifies deliveries with it.")
	return nil
}

type endpointCreateCmd struct {
	Address     string   `arg:"" name:"address" help:"https://… It must answer 2xx within 15 seconds."`
	Types       []string `name:"types" placeholder:"TYPE" help:"What it is told of: contact.state, campaign.state, conversation.opened, conversation.assigned, conversation.closed, click, import.progress, import.finished. Default: everything."`
	Description string   `help:"What people call it."`
}

func (k endpointCreateCmd) Run(ctx context.Context, c *client) error {
	body := struct {
		URL         string   `json:"url"`
		Types       []string `json:"types,omitempty"`
		Description string   `json:"description,omitempty"`
	}{k.Address, k.Types, k.Description}
	var got endpoint
	raw, err := c.post(ctx, "/endpoints", body, &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return got.showSecret(c) })
}

type endpointListCmd struct{ listing }

func (k endpointListCmd) Run(ctx context.Context, c *client) error {
	head := []string{"ID", "ADDRESS", "TYPES", "STATE", "LAST DELIVERY", "TROUBLE"}
	return list(ctx, c, "/endpoints", nil, k.listing, head, func(e endpoint) []string {
		types := strings.Join(e.Types, ",")
		if types == "" {
			types = "everything"
		}
		return []string{fmt.Sprint(e.ID), plain(e.URL), types, e.State, local(e.DeliveredAt), fit(plain(e.trouble()), 80)}
	})
}

// oneEndpoint names an endpoint.
type oneEndpoint struct {
	ID int64 `arg:"" name:"id" help:"Number, as list shows it."`
}

func (k oneEndpoint) path(more string) string { return fmt.Sprintf("/endpoints/%d%s", k.ID, more) }

type endpointTestCmd struct{ oneEndpoint }

func (k endpointTestCmd) Run(ctx context.Context, c *client) error {
	var got struct {
		Taken  bool    `json:"taken"`
		Status *int    `json:"status"`
		Error  *string `json:"error"`
		MS     int64   `json:"ms"`
	}
	raw, err := c.post(ctx, k.path("/test"), nil, &got)
	if err != nil {
		return err
	}
	if err := c.print(raw, func() error {
		if got.Taken && got.Status != nil {
			return c.say("It answered %d after %d ms", *got.Status, got.MS)
		}
		return c.say("It did not take the ping: %s", plain(word(got.Error)))
	}); err != nil {
		return err
	}
	if !got.Taken {
		return errTold
	}
	return nil
}

type endpointReplayCmd struct {
	oneEndpoint
	From  string `placeholder:"EVENT" xor:"place" help:"An event's id: that one and everything behind it."`
	Since when   `placeholder:"TIME" xor:"place" help:"Everything from that moment on."`
}

func (k endpointReplayCmd) Run(ctx context.Context, c *client) error {
	body := struct {
		From  string     `json:"from,omitempty"`
		Since *time.Time `json:"since,omitempty"`
	}{k.From, k.Since.pointer()}
	var got endpoint
	raw, err := c.post(ctx, k.path("/replay"), body, &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.say("Endpoint %d goes on", got.ID) })
}

type endpointRotateCmd struct{ oneEndpoint }

func (k endpointRotateCmd) Run(ctx context.Context, c *client) error {
	var got endpoint
	raw, err := c.post(ctx, k.path("/rotate-secret"), nil, &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return got.showSecret(c) })
}

type endpointEnableCmd struct{ oneEndpoint }

func (k endpointEnableCmd) Run(ctx context.Context, c *client) error { return k.enable(ctx, c, true) }

type endpointDisableCmd struct{ oneEndpoint }

func (k endpointDisableCmd) Run(ctx context.Context, c *client) error { return k.enable(ctx, c, false) }

func (k oneEndpoint) enable(ctx context.Context, c *client, enabled bool) error {
	var got endpoint
	raw, err := c.call(ctx, http.MethodPatch, k.path(""), map[string]bool{"enabled": enabled}, &got, callTime)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.say("Endpoint %d is %s", got.ID, got.State) })
}

type endpointDeleteCmd struct{ oneEndpoint }

func (k endpointDeleteCmd) Run(ctx context.Context, c *client) error {
	if _, err := c.call(ctx, http.MethodDelete, k.path(""), nil, nil, callTime); err != nil {
		return err
	}
	if c.raw {
		return nil
	}
	return c.say("Endpoint %d is deleted", k.ID)
}

type endpointEventsCmd struct{ listing }

func (k endpointEventsCmd) Run(ctx context.Context, c *client) error {
	type event struct {
		ID        string     `json:"id"`
		Type      string     `json:"type"`
		Timestamp *time.Time `json:"timestamp"`
		Data      struct {
			ContactID int64  `json:"contact_id"`
			Old       string `json:"old_state"`
			New       string `json:"new_state"`
			State     string `json:"state"`
			Campaign  *struct {
				Name string `json:"name"`
			} `json:"campaign"`
		} `json:"data"`
	}
	return list(ctx, c, "/events", nil, k.listing, []string{"ID", "AT", "TYPE", "CAMPAIGN", "CONTACT", "STATE"}, func(e event) []string {
		var campaign, contact string
		if e.Data.Campaign != nil {
			campaign = plain(e.Data.Campaign.Name)
		}
		if e.Data.ContactID != 0 {
			contact = fmt.Sprint(e.Data.ContactID)
		}
		state := e.Data.State
		if e.Data.New != "" {
			state = e.Data.Old + " to " + e.Data.New
		}
		return []string{e.ID, local(e.Timestamp), e.Type, campaign, contact, state}
	})
}
