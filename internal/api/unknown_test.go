package api_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"arauto"

	"github.com/google/go-cmp/cmp"
)

func TestUnknown_List(t *testing.T) {
	w := newWorld(t)
	got := w.ask(t, 200, "read", "GET", "/api/v1/campaigns/1/unknown", "")
	one := got["data"].([]any)[0].(map[string]any)
	if one["ref"] != "a1.5" || one["reason"] != "no_answer" || one["error_code"] != 503.0 || one["last_webhook_at"] == nil {
		t.Errorf("got %v", one)
	}
	for _, part := range []string{"A Meta não respondeu", "HTTP 503", "nenhum fala desta mensagem"} {
		if !strings.Contains(one["evidence"].(string), part) {
			t.Errorf("evidence %q lacks %q", one["evidence"], part)
		}
	}
}

func TestUnknown_Settle(t *testing.T) {
	w := newWorld(t)
	const path = "/api/v1/campaigns/1/unknown/settle"
	got := w.ask(t, 200, "write", "POST", path, `{"decision":"again","contacts":[1,99]}`)
	if got["changed"] != 1.0 || got["refused"] != 1.0 || got["job"] != nil {
		t.Errorf("got %v", got)
	}
	list := got["data"].([]any)
	if good, bad := list[0].(map[string]any), list[1].(map[string]any); good["error"] != nil || bad["error"] == nil || bad["contact_id"] != 99.0 {
		t.Errorf("got %v", list)
	}
	got = w.ask(t, 200, "write", "POST", path, `{"decision":"sent","all":true}`)
	if got["job"].(map[string]any)["kind"] != "settle_unknown" || len(w.decisions.started) != 1 {
		t.Errorf("got %v", got)
	}
	want := arauto.Bulk{Who: arauto.Selection{States: []arauto.ContactState{arauto.ContactUnknown}}, Decision: arauto.DecideSent}
	if diff := cmp.Diff(want, w.decisions.started[0]); diff != "" {
		t.Error(diff)
	}
	for body, location := range map[string]string{
		`{"decision":"sent"}`: "body.contacts", `{"decision":"sent","all":true,"contacts":[1]}`: "body.contacts", `{"decision":"maybe","all":true}`: "body.decision",
	} {
		w.refuses(t, path, body, location)
	}
}

func (w *world) refuses(t *testing.T, path, body, location string) {
	t.Helper()
	p := w.ask(t, 422, "write", "POST", path, body)
	list, _ := p["errors"].([]any)
	if len(list) == 0 || list[0].(map[string]any)["location"] != location {
		t.Errorf("%s: errors %v, want location %q", body, p["errors"], location)
	}
}

func TestRetry(t *testing.T) {
	w := newWorld(t)
	const path = "/api/v1/campaigns/1/retry"
	got := w.ask(t, 200, "read", "GET", path, "")
	if got["would_retry"] != 5.0 || got["never"] != 2.0 || len(got["classes"].([]any)) != 2 {
		t.Errorf("got %v", got)
	}
	job := w.ask(t, 202, "write", "POST", path, `{"reasons":["too_fast"],"codes":[130429],"reopen":true}`)
	if job["kind"] != "retry_failed" {
		t.Errorf("got %v", job)
	}
	want := arauto.Bulk{
		Who:      arauto.Selection{States: []arauto.ContactState{arauto.ContactFailed}, Reasons: []arauto.Reason{arauto.ReasonTooFast}, Codes: []int{130429}},
		Decision: arauto.DecideAgain, Reopen: true,
	}
	if diff := cmp.Diff(want, w.decisions.started[0]); diff != "" {
		t.Error(diff)
	}
	w.refuses(t, path, `{"reasons":["too_fast","nonsense"]}`, "body.reasons[1]")
	if p := w.ask(t, 422, "write", "POST", path, `{"reasons":["blocked_by_person"]}`); !strings.Contains(fmt.Sprint(p), "blocked_by_person") {
		t.Errorf("a reason that is never tried again: %v", p)
	}
}

func TestAudience(t *testing.T) {
	const path = "/api/v1/campaigns/1/audience"
	replied, failed := []arauto.ContactState{arauto.ContactReplied}, []arauto.ContactState{arauto.ContactFailed}
	for body, want := range map[string]arauto.Selection{
		`{"from":1,"replied":"no"}`:                        {States: arauto.Reached()},
		`{"from":1,"replied":"no","states":["delivered"]}`: {States: []arauto.ContactState{arauto.ContactDelivered}},
		`{"from":1,"replied":"yes"}`:                       {States: replied},
		`{"from":1,"reply_action":"Sim"}`:                  {States: replied, ReplyAction: "Sim"},
		`{"from":1,"reasons":["media"],"codes":[131053]}`:  {States: failed, Reasons: []arauto.Reason{arauto.ReasonMedia}, Codes: []int{131053}},
	} {
		w := newWorld(t)
		if got := w.ask(t, 200, "write", "POST", path, body); got["job"] == nil || got["preview"] != nil {
			t.Errorf("%s: %v", body, got)
		}
		if diff := cmp.Diff([]arauto.Audience{{From: 1, Who: want}}, w.audiences.started); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
	w := newWorld(t)
	got := w.ask(t, 200, "write", "POST", path, `{"from":1,"replied":"no","dry_run":true}`)
	if p := got["preview"].(map[string]any); p["matching"] != 6.0 || p["would_go"] != 3.0 || got["job"] != nil || len(w.audiences.started) != 0 || !w.audiences.marketing {
		t.Errorf("got %v", got)
	}
	for body, location := range map[string]string{
		`{"from":1}`:  "body.states",
		`{"from":99}`: "body.from",
		`{"from":1,"replied":"no","reply_text":"sim"}`:          "body.replied",
		`{"from":1,"replied":"yes","states":["sent"]}`:          "body.states",
		`{"from":1,"replied":"no","states":["sent","replied"]}`: "body.states",
		`{"from":1,"reasons":["x"]}`:                            "body.reasons[0]",
	} {
		w.refuses(t, path, body, location)
	}
}

func TestConversation_Close(t *testing.T) {
	got := newWorld(t).ask(t, 200, "write", "POST", "/api/v1/conversations/"+talkUUID+"/close", "")
	if got["state"] != "closed" || got["closed_at"] == nil {
		t.Errorf("got %v", got)
	}
}

func (f *fakeStore) Unknowns(_ context.Context, account, _, after int64, _ int) ([]arauto.Unknown, error) {
	if after > 0 {
		return nil, nil
	}
	return all(arauto.Unknown{
		Contact: arauto.Contact{ID: 1, Name: "Ana Souza", Phone: "+5511999880001", Reason: arauto.ReasonNoAnswer},
		Attempt: arauto.Attempt{ID: 5, Epoch: 1, Sender: 1, Code: 503, Detail: "HTTP 503", IntendedAt: now.Add(-time.Hour)}, WebhookAt: now,
	}, account)
}

func (f *fakeStore) Settle(_ context.Context, _ arauto.Actor, _ time.Time, account, campaign int64, d arauto.Decision, ids []int64, _ bool) ([]arauto.Settled, error) {
	f.called("Settle " + string(d))
	done := make([]arauto.Settled, len(ids))
	for i, id := range ids {
		if _, err := mine(0, "contact", account, id); err != nil {
			done[i] = arauto.Settled{ID: id, Err: err}
			continue
		}
		done[i] = arauto.Settled{ID: id, State: arauto.ContactSent}
	}
	_, err := mine(0, "campaign", account, campaign)
	return done, err
}

func (f *fakeStore) Failures(context.Context, int64, int64) ([]arauto.FailureClass, error) {
	return []arauto.FailureClass{{Reason: arauto.ReasonTooFast, Code: 130429, N: 5}, {Reason: arauto.ReasonBlocked, N: 2}}, nil
}

// fakeDecisions and fakeAudiences remember what was asked of them.
type fakeDecisions struct{ started []arauto.Bulk }

func (d *fakeDecisions) Start(_ context.Context, _ arauto.Actor, kind arauto.JobKind, _, campaign int64, b arauto.Bulk) (arauto.Job, error) {
	d.started = append(d.started, b)
	return arauto.Job{ID: 1, UUID: jobUUID, Campaign: campaign, Kind: kind, State: arauto.JobQueued}, b.Check()
}

type fakeAudiences struct {
	started   []arauto.Audience
	marketing bool
}

func (d *fakeAudiences) Start(_ context.Context, _ arauto.Actor, _, campaign int64, want arauto.Audience) (arauto.Job, error) {
	d.started = append(d.started, want)
	return arauto.Job{ID: 1, UUID: jobUUID, Campaign: campaign, Kind: arauto.JobAudience, State: arauto.JobQueued}, nil
}

func (d *fakeAudiences) Preview(_ context.Context, _, _ int64, _ arauto.Audience, marketing bool) (arauto.AudiencePreview, error) {
	d.marketing = marketing
	return arauto.AudiencePreview{Looked: 10, Complete: true, Picked: 6, Already: 2, Suppressed: 1}, nil
}

func TestPolicy_OpenConversation(t *testing.T) {
	w := newWorld(t)
	for _, step := range []struct{ said, want string }{
		{`{"policy":{"on_open_conversation":"fail"}}`, "fail"}, {`{"policy":{"rate":5}}`, "fail"}, {`{"policy":{"on_open_conversation":"send"}}`, "send"},
	} {
		got := w.ask(t, 200, "write", "PATCH", "/api/v1/campaigns/1", step.said)
		if policy := got["policy"].(map[string]any); policy["on_open_conversation"] != step.want {
			t.Errorf("%s: %v", step.said, policy)
		}
	}
	w.ask(t, 422, "write", "PATCH", "/api/v1/campaigns/1", `{"policy":{"on_open_conversation":"wait"}}`)
	for said, hours := range map[string]float64{`{"rules":{"conversation_idle_hours":-1}}`: -1, `{"rules":{"conversation_idle_hours":48}}`: 48} {
		got := w.ask(t, 200, "admin", "PATCH", "/api/v1/account", said)
		if rules := got["rules"].(map[string]any); rules["conversation_idle_hours"] != hours {
			t.Errorf("%s: %v", said, rules)
		}
	}
}
