package app_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"arauto/internal/sandbox"
)

// TestUserIDs: people whose user name hides their number are written to, heard and shown by their business-scoped id
// alone, from the request that adds them to their erasure.
func TestUserIDs(t *testing.T) {
	t.Parallel()
	o := newOffice(t, sandbox.Config{Pace: 0.01})
	o.meta.SetWebhook(o.hook)
	fates := map[string]string{} // number → state in which a message to the id ends
	ids := map[string]string{}
	for number, state := range map[string]string{"+5511975500171": "read", "+5511975500182": "replied", "+5511975500193": "failed"} {
		story := sandbox.Fate(0, number)
		fates[story.Phone], ids[state] = state, story.UserID
	}
	c := o.api.newCampaign(t, o.business, "sem telefone")
	path := fmt.Sprintf("/api/v1/campaigns/%d", c.ID)
	var added struct {
		Added, Rejected int
		Data            []struct {
			Error *struct{ Location, Message string }
		}
	}
	o.api.do(t, "POST", path+"/contacts", []object{
		{"user_id": ids["read"], "name": "Ana"},
		{"user_id": ids["replied"], "name": "Bia"},
		{"user_id": ids["failed"], "name": "Caio"},
		{"user_id": "US.1", "name": "Davi"},
		{"user_id": "br.1", "name": "Eva"},
		{"name": "Iara"},
	}, &added)
	if added.Added != 4 || added.Rejected != 2 || added.Data[4].Error.Location != "body[4].user_id" || added.Data[5].Error.Location != "body[5].phone" {
		t.Fatalf("%+v", added)
	}
	o.api.start(t, c.ID)
	for who, state := range fates {
		if got := o.becomes(t, c.ID, who, state); got.Phone != "" || got.UserID != ids[state] {
			t.Errorf("%s is shown as %+v", state, got)
		}
	}
	for e := range o.meta.Entries() {
		if e.WAID != "" && fates[e.To] == "" {
			t.Errorf("somebody else was written to: %+v", e)
		}
	}

	o.codes(t)
	bia := url.QueryEscape(ids["replied"])
	var why struct {
		Data []struct {
			Sentence string
			Contact  struct {
				ID     int64
				UserID string `json:"user_id"`
			}
		}
	}
	o.api.do(t, "GET", "/api/v1/why?phone="+bia, nil, &why)
	if len(why.Data) != 1 || why.Data[0].Contact.UserID != ids["replied"] || why.Data[0].Sentence == "" {
		t.Errorf("why: %+v", why)
	}
	o.api.do(t, "GET", "/api/v1/why?phone=US.1", nil, &why)
	if len(why.Data) != 1 || !strings.Contains(strings.ToLower(why.Data[0].Sentence), "estados unidos") {
		t.Errorf("marketing to the United States: %+v", why)
	}
	var found struct{ Data []contact }
	o.api.do(t, "GET", path+"/contacts?phone="+bia, nil, &found)
	if len(found.Data) != 1 || found.Data[0].State != "replied" {
		t.Errorf("found %+v", found)
	}
	var report struct {
		Data []struct {
			Phone *string `json:"phone_number"`
			State string
			Name  string
		}
	}
	o.api.do(t, "GET", "/api/v1/reports/campaign/subscribers?campaigns[]="+c.UUID, nil, &report)
	if len(report.Data) != 4 {
		t.Fatalf("the report has %d rows", len(report.Data))
	}
	for _, r := range report.Data {
		if r.Phone != nil {
			t.Errorf("the report shows a phone: %+v", r)
		}
	}
	var talks struct{ Data []struct{ Name *string } }
	o.api.do(t, "GET", "/api/v1/conversations?phone="+bia, nil, &talks)
	if len(talks.Data) != 1 {
		t.Errorf("%d conversations", len(talks.Data))
	}

	voice := struct{ ID int64 }{}
	o.api.do(t, "POST", "/api/v1/campaigns", object{"name": "ligar", "channel": "voice", "voice": object{"mode": "progressive"}}, &voice)
	added.Data = nil
	o.api.do(t, "POST", fmt.Sprintf("/api/v1/campaigns/%d/contacts", voice.ID), []object{{"user_id": ids["read"], "name": "Ana"}}, &added)
	if added.Rejected != 1 || !strings.Contains(added.Data[0].Error.Message, "cannot be called") {
		t.Errorf("for a call: %+v", added)
	}

	o.api.do(t, "POST", "/api/v1/suppressions", object{"phones": []string{ids["read"]}, "evidence": "pediu"}, nil)
	again := o.api.newCampaign(t, o.business, "outra vez")
	o.api.do(t, "POST", fmt.Sprintf("/api/v1/campaigns/%d/contacts", again.ID), []object{{"user_id": ids["read"], "name": "Ana"}}, &added)
	o.api.start(t, again.ID)
	for who, state := range fates {
		if state == "read" {
			o.becomes(t, again.ID, who, "suppressed")
		}
	}
}

// codes: an authentication template reaches those of whom a number is known, and is not posted to the others, of whom
// the dry run says so before the start.
func (o *office) codes(t *testing.T) {
	t.Helper()
	if err := o.meta.AddTemplate(sandbox.Template{Name: "codigo", Language: "pt_BR", Category: "AUTHENTICATION", Components: []sandbox.Component{{Type: "BODY", Text: "Seu código"}}}); err != nil {
		t.Fatal(err)
	}
	o.api.do(t, "POST", fmt.Sprintf("/api/v1/wabas/%d/templates/sync", o.waba), nil, nil)
	var templates struct {
		Data []struct {
			ID   int64
			Name string
		}
	}
	o.api.do(t, "GET", "/api/v1/templates?limit=100", nil, &templates)
	var c campaign
	for _, one := range templates.Data {
		if one.Name == "codigo" {
			o.api.do(t, "POST", "/api/v1/campaigns", object{"name": "códigos", "sender_id": o.sender, "template_id": one.ID}, &c)
		}
	}
	hidden, known := sandbox.Fate(0, "+5511975500174"), "+5511987650001"
	path := fmt.Sprintf("/api/v1/campaigns/%d", c.ID)
	o.api.do(t, "POST", path+"/contacts", []object{{"user_id": hidden.UserID, "name": "Ana"}, {"phone": known, "name": "Bia"}}, nil)
	var trial struct {
		WouldGo int64 `json:"would_go"`
		Held    []struct{ Outcome, Reason, Words string }
	}
	o.api.do(t, "POST", path+"/dry-run", nil, &trial)
	if trial.WouldGo != 1 || len(trial.Held) != 1 || trial.Held[0].Outcome != "fail" || trial.Held[0].Reason != "needs_phone" || !strings.Contains(trial.Held[0].Words, "número de telefone") {
		t.Errorf("dry run: %+v", trial)
	}
	o.api.start(t, c.ID)
	o.becomes(t, c.ID, hidden.Phone, "failed")
	until(t, 20*time.Second, "the codes are sent", func() bool { return o.api.campaign(t, c.ID).State == "completed" })
	var to []string
	for e := range o.meta.Entries() {
		if e.Template == "codigo" {
			to = append(to, e.To)
		}
	}
	if len(to) != 1 || "+"+to[0] != known {
		t.Errorf("codes were posted to %q", to)
	}
}
