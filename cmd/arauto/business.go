package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

type appCmd struct {
	remote
	Create appCreateCmd `cmd:"" help:"Add a Meta app."`
	List   appListCmd   `cmd:"" help:"List Meta apps."`
}

// metaApp is a Meta app as the API has it.
type metaApp struct {
	ID          int64      `json:"id"`
	UUID        string     `json:"uuid"`
	MetaID      string     `json:"meta_id"`
	Name        string     `json:"name"`
	WebhookPath string     `json:"webhook_path"`
	CreatedAt   *time.Time `json:"created_at"`
}

type appCreateCmd struct {
	MetaID      string `required:"" help:"The app's id at Meta."`
	Name        string `required:"" help:"What people call it."`
	Secret      secret `required:"" env:"ARAUTO_APP_SECRET" help:"The app secret, or @FILE that holds it: it signs the webhooks."`
	VerifyToken secret `required:"" env:"ARAUTO_VERIFY_TOKEN" help:"What you enter at Meta beside the callback address, or @FILE."`
}

func (k appCreateCmd) Run(ctx context.Context, c *client) error {
	var got metaApp
	raw, err := c.post(ctx, "/apps", map[string]string{"meta_id": k.MetaID, "name": k.Name, "secret": string(k.Secret), "verify_token": string(k.VerifyToken)}, &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error {
		if err := c.facts("App", fmt.Sprintf("%d %s", got.ID, got.Name), "UUID", got.UUID, "Webhook", got.WebhookPath); err != nil {
			return err
		}
		c.note("Give Meta your host with the webhook path as the callback address, and the verify token.")
		return nil
	})
}

type appListCmd struct{ listing }

func (k appListCmd) Run(ctx context.Context, c *client) error {
	return list(ctx, c, "/apps", nil, k.listing, []string{"ID", "META ID", "NAME", "WEBHOOK", "CREATED"}, func(a metaApp) []string {
		return []string{fmt.Sprint(a.ID), a.MetaID, a.Name, a.WebhookPath, local(a.CreatedAt)}
	})
}

type wabaCmd struct {
	remote
	Create wabaCreateCmd `cmd:"" help:"Add a WhatsApp Business Account, or rename it."`
	List   wabaListCmd   `cmd:"" help:"List WhatsApp Business Accounts."`
	Pause  wabaPauseCmd  `cmd:"" help:"Send nothing from any of its numbers for now."`
	Resume wabaResumeCmd `cmd:"" help:"Send from its numbers again. Those that were paused on their own stay so."`

	Countries wabaCountriesCmd `cmd:"" help:"List the countries that Meta closed to it."`
	Lift      wabaLiftCmd      `cmd:"" help:"Write to a country again that Meta had closed."`
}

type waba struct {
	ID       int64      `json:"id"`
	AppID    int64      `json:"app_id"`
	MetaID   string     `json:"meta_id"`
	Name     string     `json:"name"`
	SyncedAt *time.Time `json:"templates_synced_at"`
}

// wabaNumber is the number of a WABA that is named by its number, its id at Meta or its name. Meta's ids
// are numbers too, so the list is asked first.
func wabaNumber(ctx context.Context, c *client, ref string) (int64, error) {
	id, err := lookUp(ctx, c, "waba", "/wabas", ref, func(w waba) (int64, []string) { return w.ID, []string{w.Name, w.MetaID} })
	if err == nil {
		return id, nil
	}
	if number, notNumber := strconv.ParseInt(ref, 10, 64); notNumber == nil {
		return number, nil
	}
	return 0, err
}

type wabaCreateCmd struct {
	App       string `required:"" help:"The Meta app it belongs to: number, UUID or name."`
	MetaID    string `required:"" help:"Its id at Meta."`
	Name      string `required:"" help:"What people call it."`
	Portfolio string `placeholder:"META-ID" help:"The business portfolio's id at Meta: its numbers share one messaging limit."`
}

func (k wabaCreateCmd) Run(ctx context.Context, c *client) error {
	app, err := resolve(ctx, c, "app", "/apps", k.App, func(a metaApp) (int64, []string) { return a.ID, []string{a.Name} })
	if err != nil {
		return err
	}
	body := struct {
		AppID     string `json:"app_id"`
		MetaID    string `json:"meta_id"`
		Portfolio string `json:"portfolio_meta_id,omitempty"`
		Name      string `json:"name"`
	}{app, k.MetaID, k.Portfolio, k.Name}
	var got waba
	raw, err := c.post(ctx, "/wabas", body, &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error {
		return c.say("WABA %d %s\nFetch its templates once it has a sender: arauto template sync", got.ID, plain(got.Name))
	})
}

type wabaListCmd struct{ listing }

func (k wabaListCmd) Run(ctx context.Context, c *client) error {
	return list(ctx, c, "/wabas", nil, k.listing, []string{"ID", "META ID", "NAME", "APP", "TEMPLATES FETCHED"}, func(w waba) []string {
		return []string{fmt.Sprint(w.ID), w.MetaID, w.Name, fmt.Sprint(w.AppID), local(w.SyncedAt)}
	})
}

type senderCmd struct {
	remote
	Create senderCreateCmd `cmd:"" help:"Add a WhatsApp number."`
	List   senderListCmd   `cmd:"" help:"List WhatsApp numbers."`
	Change senderChangeCmd `cmd:"" help:"Change how fast a number sends."`
	Sync   senderSyncCmd   `cmd:"" help:"Ask Meta what a number may send."`
	Pace   senderPaceCmd   `cmd:"" help:"What a number may send now."`
	Pause  senderPauseCmd  `cmd:"" help:"Send nothing from a number for now."`
	Resume senderResumeCmd `cmd:"" help:"Send from a number again."`
}

type sender struct {
	ID            int64   `json:"id"`
	WABAID        int64   `json:"waba_id"`
	Name          string  `json:"name"`
	PhoneNumberID string  `json:"phone_number_id"`
	DisplayPhone  *string `json:"display_phone"`
	Rate          int     `json:"rate"`
	Pause         *string `json:"pause"`
}

func (s sender) status() string {
	if s.Pause != nil {
		return "paused: " + *s.Pause
	}
	return "sends"
}

func senderID(ctx context.Context, c *client, ref string) (string, error) {
	return resolve(ctx, c, "sender", "/senders", ref, func(s sender) (int64, []string) { return s.ID, []string{s.Name} })
}

type senderCreateCmd struct {
	WABA          string `name:"waba" required:"" help:"The WhatsApp Business Account it belongs to: number, id at Meta or name."`
	Name          string `required:"" help:"What people call it."`
	PhoneNumberID string `required:"" help:"The number's id at Meta."`
	DisplayPhone  string `help:"The number itself."`
	AccessToken   secret `required:"" env:"ARAUTO_ACCESS_TOKEN" help:"Meta access token that may send from it, or @FILE that holds it."`
	GraphURL      string `name:"graph-url" help:"Where Graph is; default https://graph.facebook.com."`
	GraphVersion  string `help:"Such as v25.0."`
	Rate          int    `help:"Messages per second; default 80."`
	RampUp        int    `placeholder:"N" help:"Warm a new number up: N messages on its first day (250 is usual), twice as many after every day that was used."`
}

func (k senderCreateCmd) Run(ctx context.Context, c *client) error {
	id, err := wabaNumber(ctx, c, k.WABA)
	if err != nil {
		return err
	}
	body := struct {
		WABAID        int64  `json:"waba_id"`
		Name          string `json:"name"`
		PhoneNumberID string `json:"phone_number_id"`
		DisplayPhone  string `json:"display_phone,omitempty"`
		Token         string `json:"token"`
		GraphURL      string `json:"graph_url,omitempty"`
		GraphVersion  string `json:"graph_version,omitempty"`
		Rate          int    `json:"rate,omitempty"`
		RampUp        int    `json:"ramp_up,omitempty"`
	}{id, k.Name, k.PhoneNumberID, k.DisplayPhone, string(k.AccessToken), k.GraphURL, k.GraphVersion, k.Rate, k.RampUp}
	var got sender
	raw, err := c.post(ctx, "/senders", body, &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.showSender(got) })
}

func (c *client) showSender(s sender) error {
	return c.say("Sender %d %s: %s", s.ID, plain(s.Name), plain(s.status()))
}

type senderListCmd struct{ listing }

func (k senderListCmd) Run(ctx context.Context, c *client) error {
	return list(ctx, c, "/senders", nil, k.listing, []string{"ID", "NAME", "PHONE", "WABA", "PER SECOND", "STATE"}, func(s sender) []string {
		return []string{fmt.Sprint(s.ID), s.Name, word(s.DisplayPhone), fmt.Sprint(s.WABAID), fmt.Sprint(s.Rate), s.status()}
	})
}

type senderPauseCmd struct {
	Sender string `arg:"" help:"Number, UUID or name."`
	Why    string `help:"For those who wonder."`
}

func (k senderPauseCmd) Run(ctx context.Context, c *client) error {
	return c.actOnSender(ctx, k.Sender, "pause", whyBody(k.Why))
}

type senderResumeCmd struct {
	Sender string `arg:"" help:"Number, UUID or name."`
}

func (k senderResumeCmd) Run(ctx context.Context, c *client) error {
	return c.actOnSender(ctx, k.Sender, "resume", nil)
}

func (c *client) actOnSender(ctx context.Context, ref, action string, body any) error {
	id, err := senderID(ctx, c, ref)
	if err != nil {
		return err
	}
	return act(ctx, c, "/senders/"+url.PathEscape(id)+"/"+action, body, c.showSender)
}
