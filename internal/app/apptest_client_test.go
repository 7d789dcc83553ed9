package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"arauto/internal/sandbox"
)

type object map[string]any

// A client speaks to a server's API, as anybody would.
type client struct{ base, token string }

// ask is the status and body of the answer to one request; in is sent as JSON, a string as CSV.
func (c client) ask(t testing.TB, method, path string, in any) (int, []byte) {
	t.Helper()
	header := as{}
	if c.token != "" {
		header["Authorization"] = "Bearer " + c.token
	}
	body, kind := encoded(t, in)
	if kind != "" {
		header["Content-Type"] = kind
	}
	status, text, _ := exchange(t, method, c.base+path, header, body)
	return status, text
}

// encoded is what is sent as JSON, a string as CSV, and its type; nil has neither.
func encoded(t testing.TB, in any) (body io.Reader, kind string) {
	t.Helper()
	switch v := in.(type) {
	case nil:
		return nil, ""
	case string:
		return strings.NewReader(v), "text/csv"
	}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(text), "application/json"
}

// exchange is one request and the whole answer to it. Cookies and redirects are the caller's business.
func exchange(t testing.TB, method, address string, header as, body io.Reader) (int, []byte, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range header {
		r.Header.Set(key, value)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, text, answer.Header
}

// do expects success and reads the answer into out.
func (c client) do(t testing.TB, method, path string, in, out any) {
	t.Helper()
	status, text := c.ask(t, method, path, in)
	if status >= 300 {
		t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(text, out); err != nil {
		t.Fatalf("%s %s: %v in %s", method, path, err, text)
	}
}

// A business is Meta's tree in one account.
type business struct {
	app                    int64
	waba, sender, template int64
	webhookPath            string
	meta                   sandbox.Config // its ids and secrets at the pretend Meta
	templateName           string
}

// business makes Meta's tree through the API, with the ids of the sandbox at graph.
func (c client) business(t testing.TB, meta sandbox.Config, graph string, rate int) business {
	t.Helper()
	meta = meta.WithDefaults()
	b := business{meta: meta, templateName: "oferta_boas_vindas"}
	var app struct {
		ID   int64
		Path string `json:"webhook_path"`
	}
	c.do(t, "POST", "/api/v1/apps", object{"meta_id": meta.AppID, "name": "Sandbox", "secret": meta.AppSecret, "verify_token": meta.VerifyToken}, &app)
	b.app, b.webhookPath = app.ID, app.Path
	var made struct{ ID int64 }
	c.do(t, "POST", "/api/v1/wabas", object{"app_id": b.app, "meta_id": meta.WABAID, "portfolio_meta_id": meta.PortfolioID, "name": "Loja"}, &made)
	b.waba = made.ID
	c.do(t, "POST", "/api/v1/senders", object{
		"waba_id": b.waba, "name": "Loja", "phone_number_id": meta.PhoneNumberID, "display_phone": "+551140001234",
		"token": "sandbox", "graph_url": graph, "rate": rate,
	}, &made)
	b.sender = made.ID
	c.do(t, "POST", fmt.Sprintf("/api/v1/wabas/%d/templates/sync", b.waba), nil, nil)
	var page struct {
		Data []struct {
			ID             int64
			Name, Language string
		}
	}
	c.do(t, "GET", "/api/v1/templates?limit=100", nil, &page)
	for _, one := range page.Data {
		if one.Name == b.templateName && one.Language == "pt_BR" {
			b.template = one.ID
		}
	}
	if b.template == 0 {
		t.Fatalf("the sandbox has no template %s in pt_BR", b.templateName)
	}
	return b
}

// campaign is what the API says of one.
type campaign struct {
	ID     int64
	UUID   string
	State  string
	Pause  *string
	Total  int64
	Counts map[string]int64
}

func (c client) newCampaign(t testing.TB, b business, name string) (made campaign) {
	t.Helper()
	c.do(t, "POST", "/api/v1/campaigns", object{"name": name, "sender_id": b.sender, "template_id": b.template, "mapping": object{
		"header.1": object{"from": "contact", "text": "first_name", "default": "cliente"},
		"body.1":   object{"from": "contact", "text": "first_name", "default": "cliente"},
		"body.2":   object{"from": "fixed", "text": "15%"},
		"body.3":   object{"from": "fixed", "text": "sexta-feira"},
	}}, &made)
	return made
}

func (c client) campaign(t testing.TB, id int64) (read campaign) {
	t.Helper()
	c.do(t, "GET", fmt.Sprintf("/api/v1/campaigns/%d", id), nil, &read)
	return read
}

func (c client) start(t testing.TB, id int64) {
	t.Helper()
	c.do(t, "POST", fmt.Sprintf("/api/v1/campaigns/%d/start", id), nil, nil)
}

type job struct {
	ID                             int64
	State                          string
	Error                          *string
	Done                           int64
	Accepted, Duplicates, Rejected int64
}

// importCSV puts a file into a campaign and waits until it is in.
func (c client) importCSV(t testing.TB, campaign int64, file string) (j job) {
	t.Helper()
	c.do(t, "POST", fmt.Sprintf("/api/v1/campaigns/%d/imports", campaign), file, &j)
	until(t, 60*time.Second, "the file is imported", func() bool {
		c.do(t, "GET", fmt.Sprintf("/api/v1/jobs/%d", j.ID), nil, &j)
		return j.State != "queued" && j.State != "running"
	})
	if j.State != "completed" {
		t.Fatalf("the import ended as %+v", j)
	}
	return j
}

// contact is what the API says of one.
type contact struct {
	ID           int64
	Phone, State string
	UserID       string `json:"user_id"`
	Reason       *string
	ErrorCode    *int `json:"error_code"`
	Attempts     int
	ReplyText    *string `json:"reply_text"`
	ReplyAction  *string `json:"reply_action"`
}

// contacts are all of a campaign's, by whom they are: both spellings of a number are one.
func (c client) contacts(t testing.TB, campaign int64) map[string]contact {
	t.Helper()
	all := map[string]contact{}
	for next := fmt.Sprintf("/api/v1/campaigns/%d/contacts?limit=1000", campaign); next != ""; {
		var page struct {
			Data []contact
			Next *string
		}
		c.do(t, "GET", next, nil, &page)
		for _, one := range page.Data {
			who := personOf(one.Phone)
			if one.Phone == "" {
				who, _ = sandbox.NumberOf(one.UserID)
			}
			if _, twice := all[who]; twice {
				t.Fatalf("%s%s is in the campaign twice", one.Phone, one.UserID)
			}
			all[who] = one
		}
		next = ""
		if page.Next != nil {
			next = *page.Next
		}
	}
	return all
}

// personOf is the number that both spellings of a number share, as the sandbox has it.
func personOf(phone string) string { return sandbox.Fate(0, phone).Phone }

// settled waits until the campaign has completed and all that the provider says of it is in: no webhook
// waits, here or there, and two looks agree.
func (c client) settled(t testing.TB, id int64, graph string, within time.Duration) campaign {
	t.Helper()
	var last campaign
	until(t, within, "the campaign is settled", func() bool {
		now := c.campaign(t, id)
		quiet := now.State == "completed" && summary(t, graph).Webhooks.Pending == 0 && len(c.webhooks(t, "new")) == 0 &&
			fmt.Sprint(now.Counts) == fmt.Sprint(last.Counts)
		last = now
		return quiet
	})
	return last
}

type webhook struct {
	ID    int64
	State string
	Note  *string
	Body  json.RawMessage
}

func (c client) webhooks(t testing.TB, state string) []webhook {
	t.Helper()
	var page struct{ Data []webhook }
	c.do(t, "GET", "/api/v1/webhooks?state="+state, nil, &page)
	return page.Data
}

func summary(t testing.TB, graph string) (s sandbox.Summary) {
	t.Helper()
	client{base: graph}.do(t, "GET", "/_sandbox/summary", nil, &s)
	return s
}

// ledger is everything that the sandbox was asked to send.
func ledger(t testing.TB, graph string) (all []sandbox.Entry) {
	t.Helper()
	for after, more := int64(0), true; more; {
		var page struct {
			Entries []sandbox.Entry
			After   int64
			More    bool
		}
		client{base: graph}.do(t, "GET", fmt.Sprintf("/_sandbox/ledger?limit=10000&after=%d", after), nil, &page)
		all, after, more = append(all, page.Entries...), page.After, page.More
	}
	return all
}

// until waits for something to become true.
func until(t testing.TB, within time.Duration, what string, true func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !true(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still not so after %s: %s", within, what)
		}
	}
}

// people is a CSV of n people with ordinary Brazilian mobile numbers, from the given one on.
func people(from, n int) string {
	areas := []int{11, 21, 31, 41, 51, 61, 71, 81, 85, 92}
	var b strings.Builder
	b.WriteString("name,phone\n")
	for i := from; i < from+n; i++ {
		fmt.Fprintf(&b, "Pessoa %d,+55%d9%08d\n", i, areas[i%len(areas)], 80_000_000+i/len(areas)*7919%10_000_000)
	}
	return b.String()
}
