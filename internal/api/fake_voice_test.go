package api_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"arauto"
)

func (f *fakeStore) AddDialContacts(context.Context, time.Time, int64, int64, []arauto.Contact) ([]arauto.AddedDial, error) {
	return nil, nil
}

func (f *fakeStore) PatchDialContact(_ context.Context, _ arauto.Actor, _ time.Time, account, _, id int64, _ arauto.DialPatch) (arauto.Contact, error) {
	return mine(arauto.Contact{ID: 1}, "contact", account, id)
}

func (f *fakeStore) DeleteDialContact(_ context.Context, _ arauto.Actor, _ time.Time, account, _ int64, k arauto.DialKey) (arauto.Contact, error) {
	return mine(arauto.Contact{ID: 1}, "contact", account, k.ID)
}

func (f *fakeStore) DialCounts(context.Context, int64, []int64) (map[int64]arauto.DialCounts, error) {
	return nil, nil
}

// TestVoice: a voice campaign from its making to its end, over a real database.
func TestVoice(t *testing.T) {
	w, _ := sqliteWorld(t)
	ask := func(status int, method, path, body string) map[string]any {
		t.Helper()
		return w.ask(t, status, "admin", method, "/api/v1"+path, body)
	}
	said := func(p map[string]any, want string) {
		t.Helper()
		if detail, _ := p["detail"].(string); !strings.Contains(detail, want) {
			t.Errorf("got %v, want words with %q", p, want)
		}
	}
	queue := ask(201, "POST", "/queues", `{"name":"Vendas"}`)["uuid"].(string)
	made := ask(201, "POST", "/campaigns", `{"name":"Cobrança","channel":"voice"}`)
	voice := made["voice"].(map[string]any)
	if made["standing"] != true || voice["mode"] != "predictive" || voice["max_abandonment_percent"] != 3.0 || voice["max_redial_count"] != 3.0 ||
		voice["overdial_multiplier"] != 1.0 || voice["redial_interval_minutes"] != 120.0 || len(made["dial_counts"].(map[string]any)) != 21 {
		t.Errorf("as usual: %v", made)
	}
	said(ask(409, "POST", "/campaigns/1/start", ""), "needs a queue")
	if trial := ask(200, "POST", "/campaigns/1/dry-run", ""); !strings.Contains(trial["problem"].(string), "needs a queue") {
		t.Errorf("dry run %v", trial)
	}
	said(ask(409, "POST", "/campaigns/1/test-send", `{"phone":"+5511999881122"}`), "dials")
	ask(422, "POST", "/campaigns", `{"name":"n","voice":{"mode":"preview"}}`)
	ask(422, "POST", "/campaigns", `{"name":"n","channel":"voice","sender_id":1}`)
	ask(422, "POST", "/campaigns", `{"name":"n","channel":"voice","queue_id":99}`)
	for body, field := range map[string]string{
		`{"caller_ids":["4000"]}`:             "voice.caller_ids[0]",
		`{"redials":[{"on":"voicemail"}]}`:    "body.voice.redials[0]",
		`{"mode":"manual"}`:                   "body.voice.mode",
		`{"overdial_multiplier":0.5}`:         "body.voice.overdial_multiplier",
		`{"ring_timeout_seconds":1}`:          "body.voice.ring_timeout_seconds",
		`{"target_occupancy_percent":101}`:    "body.voice.target_occupancy_percent",
		`{"redial_interval_minutes":0}`:       "body.voice.redial_interval_minutes",
		`{"target_number_to_process":"many"}`: "body.voice.target_number_to_process",
	} {
		p := ask(422, "PATCH", "/campaigns/1", `{"voice":`+body+`}`)
		if list, _ := p["errors"].([]any); len(list) == 0 || !strings.HasPrefix(list[0].(map[string]any)["location"].(string), field) {
			t.Errorf("%s: %v", body, p)
		}
	}
	patched := ask(200, "PATCH", "/campaigns/1", `{"queue_id":"`+queue+`","voice":{"caller_ids":["+55 11 4000-1234"],"redials":[{"on":"voicemail","max":1,"interval_minutes":60}]}}`)
	if v := patched["voice"].(map[string]any); v["caller_ids"].([]any)[0] != "+551140001234" || v["redials"].([]any)[0].(map[string]any)["interval_minutes"] != 60.0 || v["max_redial_count"] != 3.0 {
		t.Errorf("patched %v", patched)
	}
	ask(200, "POST", "/campaigns/1/start", "")
	ask(200, "PATCH", "/campaigns/1", `{"voice":{"overdial_multiplier":1.5}}`)
	said(ask(409, "PATCH", "/campaigns/1", `{"voice":{"mode":"preview"}}`), "pause it")
	said(ask(409, "POST", "/campaigns/1/cancel", ""), "complete it")
	voiceContacts(t, ask)

	if copied := ask(201, "POST", "/campaigns/1/duplicate", ""); copied["channel"] != "voice" || copied["voice"].(map[string]any)["overdial_multiplier"] != 1.5 || copied["queue_id"] != 1.0 {
		t.Errorf("copied %v", copied)
	}
	if d := ask(200, "GET", "/campaigns/1/diagnostics", ""); !strings.Contains(d["sentence"].(string), "llamadas") {
		t.Errorf("diagnostics %v", d)
	}
	ask(200, "POST", "/campaigns/1/pause", "")
	if done := ask(200, "POST", "/campaigns/1/complete", ""); done["state"] != "completed" {
		t.Errorf("completed %v", done)
	}
	said(ask(409, "POST", "/campaigns/1/contacts", `[{"phone":"+5511999881155"}]`), "completed")
	ask(201, "POST", "/campaigns", `{"name":"w"}`)
	said(ask(409, "POST", "/campaigns/3/complete", ""), "by itself")
}

func voiceContacts(t *testing.T, ask func(int, string, string, string) map[string]any) {
	t.Helper()
	added := ask(200, "POST", "/campaigns/1/contacts", `[
		{"name":"Ana","phone":"+1 111-111-1111","email":"ana@example.com","outbound_number":"+55 11 4000 1234","priority":9,"external_id":"U1","fields":{"cpf":"1"}},
		{"name":"Bia","phone":"ligar depois"},{"phone":"+1 (111) 111-1111"},{"name":"Caio","phone":"+5511999881133","outbound_number":"+5511400"},{"phone":" "}]`)
	data := added["data"].([]any)
	for i, want := range []string{"upcoming", "invalid_number", "", "invalid_outbound", ""} {
		if got, _ := data[i].(map[string]any)["dial_status"].(string); got != want {
			t.Errorf("element %d is %q, want %q", i, got, want)
		}
	}
	if added["added"] != 3.0 || added["duplicates"] != 1.0 || added["rejected"] != 1.0 || data[4].(map[string]any)["error"].(map[string]any)["location"] != "body[4].phone" {
		t.Errorf("added %v", added)
	}
	list := ask(200, "GET", "/campaigns/1/contacts?dial_status=upcoming,invalid_outbound", "")["data"].([]any)
	if len(list) != 2 {
		t.Fatalf("by status: %v", list)
	}
	ana := list[1].(map[string]any)
	if ana["email"] != "ana@example.com" || ana["outbound_number"] != "+55 11 4000 1234" || ana["priority"] != 9.0 || ana["dial_label"] != "Upcoming" || ana["phone_raw"] != "+1 111-111-1111" || ana["state"] != "pending" {
		t.Errorf("shown %v", ana)
	}
	ask(409, "PATCH", "/contacts/2", `{"phone":"+11111111111"}`)
	if bia := ask(200, "PATCH", "/contacts/2", `{"phone":"+5511999881144","priority":1}`); bia["dial_status"] != "upcoming" || bia["priority"] != 1.0 {
		t.Errorf("patched %v", bia)
	}
	ask(204, "DELETE", "/contacts/1", "")
	ask(404, "DELETE", "/contacts/99", "")
	if n := ask(200, "GET", "/campaigns/1", ""); n["total"] != 2.0 || n["dial_counts"].(map[string]any)["upcoming"] != 1.0 || n["dial_counts"].(map[string]any)["invalid_outbound"] != 1.0 {
		t.Errorf("counts %v", n)
	}
}
