package sandbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"arauto/internal/sandbox"
)

const (
	token  = "EAAsandbox"
	secret = "shh"
)

// world is a sandbox, a receiver of its webhooks and a client, without sockets.
type world struct {
	*testing.T
	box      *sandbox.Sandbox
	cfg      sandbox.Config
	receiver *receiver
	client   *http.Client
}

// inBubble runs f on a tidy sandbox at lifelike pace, within a synctest bubble in
// which webhooks are delivered.
func inBubble(t *testing.T, change func(*sandbox.Config), f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, change)
		ctx, stop := context.WithCancel(t.Context())
		var ran sync.WaitGroup
		ran.Go(func() {
			if err := w.box.Run(ctx); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
		f(w)
		stop()
		ran.Wait()
	})
}

func newWorld(t *testing.T, change func(*sandbox.Config)) *world {
	r := &receiver{t: t}
	c := sandbox.Config{
		Seed: 7, AccessToken: token, AppSecret: secret, VerifyToken: "verify-me", Tidy: true, Pace: 1,
		WebhookURL: "http://receiver.test/hook", Client: &http.Client{Transport: sandbox.InProcess(r)},
	}
	if change != nil {
		change(&c)
	}
	s := sandbox.New(c)
	return &world{t, s, c.WithDefaults(), r, &http.Client{Transport: sandbox.InProcess(s)}}
}

func (w *world) settle() {
	w.Helper()
	if err := w.box.Idle(w.Context()); err != nil {
		w.Fatalf("Idle: %v", err)
	}
}

// answer is what a request to the Graph API came to; err is of the connection.
type answer struct {
	status int
	body   map[string]any
	raw    string
	err    error
}

func (a answer) code() int {
	e, _ := a.body["error"].(map[string]any)
	code, _ := e["code"].(float64)
	return int(code)
}

func (a answer) id() string {
	list, _ := a.body["messages"].([]any)
	if len(list) == 0 {
		return ""
	}
	id, _ := list[0].(map[string]any)["id"].(string)
	return id
}

func (w *world) call(method, path, body string) answer {
	w.Helper()
	return w.callAs(method, path, body, "application/json")
}

func (w *world) callAs(method, path, body, kind string) answer {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://graph.test"+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", kind)
	resp, err := w.client.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	a := answer{status: resp.StatusCode, raw: string(raw)}
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		return a
	}
	if err := json.Unmarshal(raw, &a.body); err != nil {
		w.Fatalf("%s %s answered no JSON: %s", method, path, raw)
	}
	return a
}

func (w *world) post(body string) answer {
	w.Helper()
	return w.call("POST", "/v25.0/"+w.cfg.PhoneNumberID+"/messages", body)
}

// send sends the welcome offer, which has two quick replies and one to opt out.
func (w *world) send(to, callback string) answer {
	w.Helper()
	return w.post(offer(to, callback))
}

func offer(to, callback string) string {
	return fmt.Sprintf(`{"messaging_product":"whatsapp","recipient_type":"individual","to":%q,"type":"template","biz_opaque_callback_data":%q,
		"template":{"name":"oferta_boas_vindas","language":{"code":"pt_BR"},"components":[
			{"type":"header","parameters":[{"type":"text","text":"Ana"}]},
			{"type":"body","parameters":[{"type":"text","text":"Ana"},{"type":"text","text":"10%%"},{"type":"text","text":"sábado"}]},
			{"type":"button","sub_type":"quick_reply","index":"0","parameters":[{"type":"payload","payload":"yes:1"}]},
			{"type":"button","sub_type":"quick_reply","index":"2","parameters":[{"type":"payload","payload":"stop:1"}]}]}}`, to, callback)
}

func text(to, body string) string {
	return fmt.Sprintf(`{"messaging_product":"whatsapp","to":%q,"type":"text","text":{"body":%q}}`, to, body)
}

// receiver keeps webhooks, and answers 500 to the first failures of them.
type receiver struct {
	t        *testing.T
	mu       sync.Mutex
	failures int
	at       []time.Time // of every POST, refused ones too
	bodies   []string
	updates  []update
}

// update is one status, message or preference, flattened.
type update struct {
	at                                      time.Time
	kind, id, callback, from, text, payload string
	context, userID, category               string
	code                                    int
	raw                                     string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method == http.MethodGet {
		if req.FormValue("hub.verify_token") != "verify-me" || req.FormValue("hub.mode") != "subscribe" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, req.FormValue("hub.challenge"))
		return
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		r.t.Errorf("read webhook: %v", err)
	}
	if got, want := req.Header.Get("X-Hub-Signature-256"), sandbox.Sign(secret, body); got != want {
		r.t.Errorf("webhook signed %q, want %q", got, want)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at = append(r.at, time.Now())
	if r.failures > 0 {
		r.failures--
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	r.bodies = append(r.bodies, string(body))
	r.updates = append(r.updates, flatten(r.t, body)...)
}

func (r *receiver) all() []update {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]update(nil), r.updates...)
}

// kinds are the updates in the order they came, in one string.
func (r *receiver) kinds() string {
	var out []string
	for _, u := range r.all() {
		out = append(out, u.kind)
	}
	return strings.Join(out, " ")
}

func flatten(t *testing.T, body []byte) []update {
	type wireUpdate struct {
		ID        string
		Status    string
		Timestamp json.RawMessage
		Recipient string `json:"recipient_id"`
		Callback  string `json:"biz_opaque_callback_data"`
		Errors    []struct{ Code int }
		Pricing   struct{ Category string }
		From      string
		FromUser  string `json:"from_user_id"`
		Type      string
		Text      struct{ Body string }
		Button    struct{ Payload, Text string }
		Context   struct{ From, ID string }
		WAID      string `json:"wa_id"`
		Value     string
	}
	var e struct {
		Object string
		Entry  []struct {
			ID      string
			Changes []struct {
				Field string
				Value struct {
					Metadata struct {
						Phone string `json:"phone_number_id"`
					}
					Statuses    []wireUpdate
					Messages    []wireUpdate
					Preferences []wireUpdate `json:"user_preferences"`
					Event       string
					Name        string `json:"message_template_name"`
				}
			}
		}
	}
	if err := json.Unmarshal(body, &e); err != nil || e.Object != "whatsapp_business_account" {
		t.Errorf("webhook is not Meta's: %v: %s", err, body)
	}
	var out []update
	for _, entry := range e.Entry {
		for _, c := range entry.Changes {
			v := c.Value
			for _, s := range v.Statuses {
				u := update{at: time.Now(), kind: s.Status, id: s.ID, callback: s.Callback, from: s.Recipient, category: s.Pricing.Category, raw: string(body)}
				if len(s.Errors) > 0 {
					u.code = s.Errors[0].Code
				}
				out = append(out, u)
			}
			for _, m := range v.Messages {
				u := update{at: time.Now(), kind: m.Type, id: m.ID, from: m.From, userID: m.FromUser, text: m.Text.Body, payload: m.Button.Payload, context: m.Context.ID, raw: string(body)}
				if m.Type == "button" {
					u.text = m.Button.Text
				}
				out = append(out, u)
			}
			for _, p := range v.Preferences {
				out = append(out, update{at: time.Now(), kind: p.Value, from: p.WAID, raw: string(body)})
			}
			if v.Event != "" {
				out = append(out, update{kind: "template " + v.Name + " " + v.Event, raw: string(body)})
			}
		}
	}
	return out
}

// changesOf is the changes of one webhook.
func changesOf(t *testing.T, body string) []any {
	t.Helper()
	var e struct{ Entry []struct{ Changes []any } }
	if err := json.Unmarshal([]byte(body), &e); err != nil || len(e.Entry) != 1 {
		t.Fatalf("%v in %s", err, body)
	}
	return e.Entry[0].Changes
}

// events are the values told of a field, in the order they came.
func (w *world) events(field string) (values []map[string]any) {
	w.Helper()
	w.receiver.mu.Lock()
	defer w.receiver.mu.Unlock()
	for _, body := range w.receiver.bodies {
		for _, c := range changesOf(w.T, body) {
			if dig(c, "field") == field {
				values = append(values, dig(c, "value").(map[string]any))
			}
		}
	}
	return values
}

// event is the last value told of a field.
func (w *world) event(field string) map[string]any {
	w.Helper()
	all := w.events(field)
	if len(all) == 0 {
		w.Fatalf("%s was not told; there was %s", field, w.receiver.bodies)
	}
	return all[len(all)-1]
}
