package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"arauto/internal/sandbox"
)

// post office: a node, a mute Meta and a campaign, so that the test says what Meta says.
type office struct {
	api   client
	hook  string // the webhook's address
	meta  *sandbox.Sandbox
	graph string
	business
}

func newOffice(t *testing.T, c sandbox.Config) *office {
	t.Helper()
	n := newInside(t)
	o := &office{}
	c.VerifyToken = "shown"
	o.meta, o.graph = mute(t, c)
	o.api, _ = n.account(t, "loja")
	o.business = o.api.business(t, c, o.graph, 1000)
	o.hook = n.base + o.webhookPath
	return o
}

// sent runs a campaign to these people to its end and is what the sandbox took for each.
func (o *office) sent(t *testing.T, name string, phones ...string) (campaign, map[string]sandbox.Entry) {
	t.Helper()
	c := o.api.newCampaign(t, o.business, name)
	o.add(t, c.ID, phones...)
	o.api.start(t, c.ID)
	until(t, 20*time.Second, name+" has completed", func() bool { return o.api.campaign(t, c.ID).State == "completed" })
	return c, o.taken()
}

func (o *office) add(t *testing.T, campaign int64, phones ...string) {
	t.Helper()
	var list []object
	for _, p := range phones {
		list = append(list, object{"phone": p, "name": "Ana"})
	}
	o.api.do(t, "POST", fmt.Sprintf("/api/v1/campaigns/%d/contacts", campaign), list, nil)
}

func (o *office) taken() map[string]sandbox.Entry {
	taken := map[string]sandbox.Entry{}
	for e := range o.meta.Entries() {
		if e.Outcome == sandbox.Accepted {
			taken[personOf(e.To)] = e
		}
	}
	return taken
}

// say posts a change of the field messages, signed, and expects it to be taken.
func (o *office) say(t *testing.T, field string, value object) {
	t.Helper()
	value["messaging_product"] = "whatsapp"
	value["metadata"] = object{"display_phone_number": "551140001234", "phone_number_id": o.business.meta.PhoneNumberID}
	body, err := json.Marshal(object{"object": "whatsapp_business_account", "entry": []object{{
		"id":      o.business.meta.WABAID,
		"changes": []object{{"field": field, "value": value}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := post(t, o.hook, o.business.meta.AppSecret, string(body)); got != http.StatusOK {
		t.Fatalf("%s: %d", body, got)
	}
}

func (o *office) status(t *testing.T, e sandbox.Entry, status string, withRef bool) {
	t.Helper()
	one := object{"id": e.ID, "status": status, "timestamp": seconds(time.Now()), "recipient_id": e.WAID}
	if withRef {
		one["biz_opaque_callback_data"] = e.Callback
	}
	if status == "failed" {
		one["errors"] = []object{{"code": 131026, "title": "Message undeliverable"}}
	}
	o.say(t, "messages", object{"statuses": []object{one}})
}

// write has a person write; more is laid over the message.
func (o *office) write(t *testing.T, e sandbox.Entry, id string, more object) {
	t.Helper()
	m := object{"id": id, "from": e.WAID, "timestamp": seconds(time.Now())}
	for k, v := range more {
		m[k] = v
	}
	o.say(t, "messages", object{"messages": []object{m}, "contacts": []object{{"wa_id": e.WAID, "profile": object{"name": "Ana"}}}})
}

func seconds(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

// becomes waits until a contact is in a state.
func (o *office) becomes(t *testing.T, campaign int64, who, state string) contact {
	t.Helper()
	var got contact
	until(t, 15*time.Second, who+" becomes "+state, func() bool {
		got = o.api.contacts(t, campaign)[who]
		return got.State == state
	})
	return got
}

func TestWebhooks_Door(t *testing.T) {
	t.Parallel()
	o := newOffice(t, sandbox.Config{})
	secret := o.business.meta.AppSecret
	hello := func(address, mode, token string) (int, string) {
		resp, err := http.Get(address + "?" + url.Values{"hub.mode": {mode}, "hub.challenge": {"1158201444"}, "hub.verify_token": {token}}.Encode())
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(text)
	}
	unknown := o.hook[:strings.LastIndex(o.hook, "/")] + "/01a1f9f8-67f5-7a0e-af27-d56e02c66131"
	if status, text := hello(o.hook, "subscribe", "shown"); status != http.StatusOK || text != "1158201444" {
		t.Errorf("handshake: %d %q", status, text)
	}
	for name, got := range map[string]int{
		"handshake with a wrong token": first(hello(o.hook, "subscribe", "guessed")),
		"handshake with another mode":  first(hello(o.hook, "unsubscribe", "shown")),
	} {
		if got != http.StatusForbidden {
			t.Errorf("%s: %d", name, got)
		}
	}
	if status, _ := hello(unknown, "subscribe", "shown"); status != http.StatusNotFound {
		t.Errorf("handshake of an app that there is not: %d", status)
	}

	body := `{"object":"whatsapp_business_account","entry":[{"id":"` + o.business.meta.WABAID + `","changes":[{"field":"brand_new","value":{"of_2027":true}}]}]}`
	for name, tc := range map[string]struct {
		address, secret, body string
		want                  int
	}{
		"signed":                    {o.hook, secret, body, 200},
		"signed with another key":   {o.hook, "guessed", body, 401},
		"of an app that is not":     {unknown, secret, body, 404},
		"as large as Meta sends":    {o.hook, secret, body + strings.Repeat(" ", 3<<20-len(body)), 200},
		"larger than Meta sends":    {o.hook, secret, body + strings.Repeat(" ", 3<<20), 413},
		"cut short, but signed":     {o.hook, secret, body[:40], 200},
		"not of WhatsApp":           {o.hook, secret, `{"object":"page","entry":[]}`, 200},
		"nothing at all, signed":    {o.hook, secret, "", 200},
		"deep nesting, signed":      {o.hook, secret, strings.Repeat("[", 200_000), 200},
		"a number too long to hold": {o.hook, secret, `{"object":"whatsapp_business_account","entry":[{"id":1` + strings.Repeat("0", 400) + `}]}`, 200},
	} {
		if got := post(t, tc.address, tc.secret, tc.body); got != tc.want {
			t.Errorf("%s: %d, want %d", name, got, tc.want)
		}
	}
	until(t, 15*time.Second, "all is applied", func() bool { return len(o.api.webhooks(t, "new")) == 0 })
	kept := map[string]bool{}
	for _, w := range o.api.webhooks(t, "bad") {
		if w.Note == nil || *w.Note == "" {
			t.Errorf("webhook %d is bad for no reason", w.ID)
		}
		kept[string(w.Body)] = true
	}
	cut, err := json.Marshal(body[:40])
	if err != nil {
		t.Fatal(err)
	}
	if !kept[string(cut)] || len(kept) < 4 {
		t.Errorf("kept as bad: %d, the one cut short is among them: %v", len(kept), kept[string(cut)])
	}
}

func first(status int, _ string) int { return status }

func TestWebhooks_StatusesConverge(t *testing.T) {
	t.Parallel()
	o := newOffice(t, sandbox.Config{})
	ana, bia, caio, davi := "5511980000001", "5511980000002", "5511980000003", "5511980000004"
	c, taken := o.sent(t, "Estados", ana, bia, caio, davi)

	t.Run("twice and in the wrong order", func(t *testing.T) {
		for _, s := range []string{"read", "delivered", "sent", "delivered", "read", "sent"} {
			o.status(t, taken[ana], s, true)
		}
		o.becomes(t, c.ID, ana, "read")
	})
	t.Run("without our reference", func(t *testing.T) {
		o.status(t, taken[bia], "delivered", false)
		o.becomes(t, c.ID, bia, "delivered")
	})
	t.Run("a failure after a delivery changes nothing", func(t *testing.T) {
		o.status(t, taken[caio], "delivered", true)
		o.status(t, taken[caio], "failed", true)
		o.status(t, taken[davi], "failed", true)
		o.becomes(t, c.ID, davi, "failed")
		o.becomes(t, c.ID, caio, "delivered")
	})
	until(t, 15*time.Second, "nothing is left to apply", func() bool { return len(o.api.webhooks(t, "new"))+len(o.api.webhooks(t, "orphan")) == 0 })
	if bad := o.api.webhooks(t, "bad"); len(bad) != 0 {
		t.Errorf("%d are bad: %s", len(bad), bad[0].Body)
	}
	if got := o.api.campaign(t, c.ID).Counts; got["read"] != 1 || got["delivered"] != 2 || got["failed"] != 1 {
		t.Errorf("counts %v", got)
	}
}

// A status that comes before the answer it belongs to, and names the message by the provider's id only,
// speaks of nothing that is known yet.
func TestWebhooks_StatusBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	o := newOffice(t, sandbox.Config{Latency: 1500 * time.Millisecond})
	ana := "5511980000011"
	c := o.api.newCampaign(t, o.business, "Cedo demais")
	o.add(t, c.ID, ana)
	o.api.start(t, c.ID)
	until(t, 15*time.Second, "the message is taken", func() bool { return len(o.taken()) == 1 })
	o.status(t, o.taken()[ana], "delivered", false)
	until(t, 5*time.Second, "it is kept as an orphan", func() bool { return len(o.api.webhooks(t, "orphan")) == 1 })
	if got := o.api.contacts(t, c.ID)[ana].State; got != "sending" {
		t.Errorf("the contact is %s", got)
	}
	o.becomes(t, c.ID, ana, "delivered")
	until(t, 15*time.Second, "it is one no more", func() bool { return len(o.api.webhooks(t, "orphan")) == 0 })
}

type suppression struct {
	ID            int64
	Phone         string
	Scope, Source string
	Evidence      string
	LiftedAt      *string `json:"lifted_at"`
	ContactID     *int64  `json:"contact_id"`
}

func (o *office) suppressions(t *testing.T) map[string]suppression {
	t.Helper()
	var page struct{ Data []suppression }
	o.api.do(t, "GET", "/api/v1/suppressions?limit=100", nil, &page)
	held := map[string]suppression{}
	for _, s := range page.Data {
		if s.LiftedAt == nil {
			held[personOf(s.Phone)] = s
		}
	}
	return held
}

func TestWebhooks_OptOut(t *testing.T) {
	t.Parallel()
	o := newOffice(t, sandbox.Config{})
	word, button, settings, stays := "5511980000021", "5511980000022", "5511980000023", "5511980000024"
	everybody := []string{word, button, settings, stays}
	c, taken := o.sent(t, "Primeira", everybody...)
	o.write(t, taken[word], "wamid.word", object{"type": "text", "text": object{"body": "  sair "}})
	o.write(t, taken[button], "wamid.button", object{
		"type": "button", "context": object{"id": taken[button].ID},
		"button": object{"text": "Parar promoções", "payload": "x"},
	})
	o.say(t, "user_preferences", object{"contacts": []object{{"wa_id": taken[settings].WAID}}, "user_preferences": []object{{
		"wa_id":  taken[settings].WAID,
		"detail": "User requested to stop marketing messages", "category": "marketing_messages", "value": "stop", "timestamp": time.Now().Unix(),
	}}})
	o.write(t, taken[stays], "wamid.stays", object{"type": "text", "text": object{"body": "Não quero sair de casa hoje"}})
	until(t, 15*time.Second, "three people are on the list", func() bool { return len(o.suppressions(t)) >= 3 })
	o.becomes(t, c.ID, stays, "replied")

	held := o.suppressions(t)
	for who, want := range map[string]suppression{
		word:     {Scope: "all", Source: "opt_out_keyword", Evidence: "wamid.word"},
		button:   {Source: "opt_out", Evidence: "wamid.button"},
		settings: {Scope: "marketing", Source: "user_preferences", Evidence: "stop marketing"},
	} {
		got := held[who]
		if want.Scope != "" && got.Scope != want.Scope || !strings.HasPrefix(got.Source, want.Source) || !strings.Contains(got.Evidence, want.Evidence) {
			t.Errorf("%s is held as %+v, want %+v", who, got, want)
		}
	}
	if len(held) != 3 {
		t.Errorf("%d people are on the list: %v", len(held), held)
	}
	o.becomes(t, c.ID, word, "replied")
	o.becomes(t, c.ID, button, "replied")

	second, _ := o.sent(t, "Segunda", everybody...)
	rows := subscribers(t, o.api, second.UUID)
	for _, who := range everybody {
		want := "dnd"
		if who == stays {
			want = "sent"
		}
		if rows[who].State != want {
			t.Errorf("in the second campaign %s is %q, want %s", who, rows[who].State, want)
		}
	}
	var why struct{ Data []struct{ Sentence string } }
	o.api.do(t, "GET", "/api/v1/why?phone=%2B"+word, nil, &why)
	if len(why.Data) != 2 || why.Data[0].Sentence == "" {
		t.Errorf("why: %+v", why)
	}

	o.write(t, taken[word], "wamid.back", object{"type": "text", "text": object{"body": "Voltar"}})
	until(t, 15*time.Second, "one is off the list", func() bool { return len(o.suppressions(t)) == 2 })
	third, _ := o.sent(t, "Terceira", word, settings)
	rows = subscribers(t, o.api, third.UUID)
	if rows[word].State != "sent" || rows[settings].State != "dnd" {
		t.Errorf("after VOLTAR: %+v", rows)
	}
}

// TestWebhooks_Trouble: an error that Meta tells of a number, with no message to blame, stops the number; one that is
// nobody's fault stops nothing. Both are counted, and found beside the webhooks that told them.
func TestWebhooks_Trouble(t *testing.T) {
	t.Parallel()
	o := newOffice(t, sandbox.Config{})
	trouble := func(code int) {
		t.Helper()
		o.say(t, "messages", object{"errors": []object{{"code": code, "title": "as Meta says", "error_data": object{"details": fmt.Sprint("detail of ", code)}}}})
	}
	noted := func() (list []webhook) {
		t.Helper()
		var page struct{ Data []webhook }
		o.api.do(t, "GET", "/api/v1/webhooks?state=applied&noted=true", nil, &page)
		return page.Data
	}
	var sender struct {
		Pause *string
		Cause *struct{ Code *int } `json:"pause_cause"`
	}
	look := func() {
		t.Helper()
		o.api.do(t, "GET", fmt.Sprintf("/api/v1/senders/%d", o.sender), nil, &sender)
	}
	who := "5511980000051"
	o.sent(t, "antes", "5511980000050")
	o.status(t, o.taken()["5511980000050"], "delivered", true)
	trouble(130472)
	until(t, 10*time.Second, "the first is applied", func() bool { return len(noted()) == 1 })
	if look(); sender.Pause != nil {
		t.Fatalf("an error that stops nothing: %s", *sender.Pause)
	}
	trouble(131005)
	until(t, 10*time.Second, "the second is applied", func() bool { return len(noted()) == 2 })
	if look(); sender.Pause == nil || sender.Cause == nil || sender.Cause.Code == nil || *sender.Cause.Code != 131005 {
		t.Fatalf("the number is not stopped: %+v", sender)
	}
	if applied := o.api.webhooks(t, "applied"); len(applied) != 3 {
		t.Errorf("%d webhooks are applied, want the status too", len(applied))
	}
	c := o.api.newCampaign(t, o.business, "depois")
	o.add(t, c.ID, who)
	o.api.start(t, c.ID)
	var why struct {
		Verdict struct{ Outcome, Reason string }
	}
	o.api.do(t, "GET", fmt.Sprintf("/api/v1/contacts/%d/why", o.api.contacts(t, c.ID)[who].ID), nil, &why)
	if why.Verdict.Outcome != "wait" || why.Verdict.Reason != "sender_trouble" {
		t.Errorf("the gate says %+v", why.Verdict)
	}
	resumed := time.Now()
	o.api.do(t, "POST", fmt.Sprintf("/api/v1/senders/%d/resume", o.sender), nil, nil)
	o.becomes(t, c.ID, who, "sent")
	if at := o.taken()[who].At; at.Before(resumed) {
		t.Errorf("the number wrote at %s, before it was resumed", at)
	}
}
