package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	campaigncsv "arauto/examples/campaign-csv"
	"arauto/internal/sandbox"
)

// play is the demo from its first words to its last; Demo keeps serving after it.
func (d *demo) play(ctx context.Context) error {
	if err := os.WriteFile(d.data.file("demo-mark"), nil, 0o600); err != nil {
		return err
	}
	d.say("Nothing leaves this machine: Meta is pretended, on %s.", d.graph)
	campaign, err := d.prepare(ctx)
	if err != nil {
		return err
	}
	d.say("Arauto serves on %s. What programs need to know is in %s.", d.api.base, d.data.file(demoFile))
	// People come by ads while the campaign is sent.
	var closed int64
	chats, talking := errgroup.WithContext(ctx)
	chats.Go(func() (err error) { closed, err = d.chat(talking, d.state.Floor); return err })
	done, err := d.send(ctx, campaign)
	if err = errors.Join(err, chats.Wait()); err != nil {
		return err
	}
	d.farewell(campaign, done, closed)
	return nil
}

// send imports the contacts, starts the campaign and watches it to its end.
func (d *demo) send(ctx context.Context, campaign string) (demoCampaign, error) {
	if err := d.importContacts(ctx, campaign); err != nil {
		return demoCampaign{}, err
	}
	if err := d.api.call(ctx, http.MethodPost, "/api/v1/campaigns/"+campaign+"/start", nil, nil); err != nil {
		return demoCampaign{}, err
	}
	return d.watch(ctx, campaign)
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }

// prepare makes Meta's tree, fetches the templates and makes the campaign, then writes demoFile.
func (d *demo) prepare(ctx context.Context) (campaign string, err error) {
	ids := sandbox.Config{}.WithDefaults()
	var app struct {
		ID          int64  `json:"id"`
		WebhookPath string `json:"webhook_path"`
	}
	if err := d.api.call(ctx, http.MethodPost, "/api/v1/apps", object{"meta_id": ids.AppID, "name": "Sandbox", "secret": ids.AppSecret, "verify_token": demoVerifyToken}, &app); err != nil {
		return "", err
	}
	webhook := d.api.base + app.WebhookPath
	if err := d.meta.VerifyWebhook(ctx, webhook); err != nil {
		return "", err
	}
	d.meta.SetWebhook(webhook)
	var made struct {
		ID int64 `json:"id"`
	}
	if err := d.api.call(ctx, http.MethodPost, "/api/v1/wabas", object{"app_id": app.ID, "meta_id": ids.WABAID, "portfolio_meta_id": ids.PortfolioID, "name": "Loja Arauto"}, &made); err != nil {
		return "", err
	}
	waba := made.ID
	if err := d.api.call(ctx, http.MethodPost, "/api/v1/senders", object{
		"waba_id": waba, "name": "Loja Arauto", "phone_number_id": ids.PhoneNumberID,
		"display_phone": "+551140001234", "token": "sandbox", "graph_url": d.graph, "graph_version": "v25.0", "rate": d.rate(),
	}, &made); err != nil {
		return "", err
	}
	sender := made.ID
	template, err := d.template(ctx, waba)
	if err != nil {
		return "", err
	}
	var c struct {
		UUID string `json:"uuid"`
	}
	if err := d.api.call(ctx, http.MethodPost, "/api/v1/campaigns", object{"name": "Boas-vindas", "sender_id": sender, "template_id": template, "mapping": object{
		"header.1": object{"from": "contact", "text": "first_name", "default": "cliente"},
		"body.1":   object{"from": "contact", "text": "first_name", "default": "cliente"},
		"body.2":   object{"from": "fixed", "text": "15%"},
		"body.3":   object{"from": "field", "text": "vencimento", "default": "sexta-feira"},
	}}, &c); err != nil {
		return "", err
	}
	voice, err := d.voice(ctx)
	if err != nil {
		return "", err
	}
	users, err := d.users(ctx)
	if err != nil {
		return "", err
	}
	floor, err := d.floor(ctx)
	if err != nil {
		return "", err
	}
	d.state = demoState{
		BaseURL: d.api.base, Account: d.account.Slug, Token: d.api.token, Users: users, Floor: floor, WhatsAppCampaigns: []string{c.UUID}, VoiceCampaigns: []int64{voice},
		Sandbox: demoSandbox{GraphURL: d.graph},
		Webhook: demoWebhook{URL: webhook, AppSecret: ids.AppSecret, VerifyToken: demoVerifyToken, PhoneNumberID: ids.PhoneNumberID, WABAID: ids.WABAID},
	}
	return c.UUID, d.tell()
}

type object map[string]any

// rate is a number's standard throughput, or Meta's upgraded one for a list that would take minutes.
func (d *demo) rate() int {
	if d.config.Contacts > 4000 {
		return 1000
	}
	return 80
}

func (d *demo) template(ctx context.Context, waba int64) (int64, error) {
	if err := d.api.call(ctx, http.MethodPost, fmt.Sprintf("/api/v1/wabas/%d/templates/sync", waba), nil, nil); err != nil {
		return 0, err
	}
	var page struct {
		Data []struct {
			ID       int64  `json:"id"`
			Name     string `json:"name"`
			Language string `json:"language"`
		} `json:"data"`
	}
	if err := d.api.call(ctx, http.MethodGet, "/api/v1/templates?limit=100", nil, &page); err != nil {
		return 0, err
	}
	for _, t := range page.Data {
		if t.Name == "oferta_boas_vindas" && t.Language == "pt_BR" {
			return t.ID, nil
		}
	}
	return 0, fmt.Errorf("the sandbox has no template oferta_boas_vindas in pt_BR")
}

type demoJob struct {
	ID         int64  `json:"id"`
	State      string `json:"state"`
	Error      string `json:"error"`
	Accepted   int64  `json:"accepted"`
	Duplicates int64  `json:"duplicates"`
	Rejected   int64  `json:"rejected"`
}

func (d *demo) importContacts(ctx context.Context, campaign string) error {
	name, file := campaigncsv.Name, io.Reader(campaigncsv.Open())
	if d.config.Contacts > 0 {
		name, file = fmt.Sprintf("%d generated contacts", d.config.Contacts), generated(d.config.Contacts, d.config.Seed)
	}
	var job demoJob
	if err := d.api.call(ctx, http.MethodPost, "/api/v1/campaigns/"+campaign+"/imports", file, &job); err != nil {
		return err
	}
	for job.State == "queued" || job.State == "running" {
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		if err := d.api.call(ctx, http.MethodGet, fmt.Sprintf("/api/v1/jobs/%d", job.ID), nil, &job); err != nil {
			return err
		}
	}
	if job.State != "completed" {
		return fmt.Errorf("the import %s: %s", job.State, job.Error)
	}
	d.say("Imported %s: %d contacts, %d duplicates left out, %d rows rejected (why: %s/api/v1/jobs/%d/rejects).", name, job.Accepted, job.Duplicates, job.Rejected, d.api.base, job.ID)
	return nil
}

// generated is a CSV of n people with distinct Brazilian mobile numbers.
func generated(n int, seed int64) io.Reader {
	names := []string{"Ana", "João", "Conceição", "José", "Íris", "Antônio", "Luíza", "Otávio"}
	surnames := []string{"Souza", "Araújo", "Gonçalves", "Lima", "Peçanha", "Muñoz"}
	areas := []int{11, 21, 31, 41, 51, 61, 71, 81, 85, 92}
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	r, w := io.Pipe()
	go func() {
		_, err := io.WriteString(w, "name,phone,vencimento\n")
		for i := 0; i < n && err == nil; i++ {
			// Ten million numbers an area, walked in a stride that visits each once; magic numbers are not among them.
			number := 80_000_000 + (i/len(areas)*7919)%10_000_000
			_, err = fmt.Fprintf(w, "%s %s,+55%d9%08d,%02d/12/2026\n", names[random.IntN(len(names))], surnames[random.IntN(len(surnames))], areas[i%len(areas)], number, 1+random.IntN(28))
		}
		w.CloseWithError(err)
	}()
	return r
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func paste(lines ...string) string { return "  " + strings.Join(lines, "\n  ") }
