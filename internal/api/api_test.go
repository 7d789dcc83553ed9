package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"arauto"
)

const natal = "/api/v1/campaigns/1"

func TestIdempotency(t *testing.T) {
	w := newWorld(t)
	post := func(key, body string) (int, string, string) {
		rec := w.do("write", "POST", "/api/v1/campaigns", body, "Idempotency-Key", key)
		return rec.Code, rec.Body.String(), rec.Header().Get("Idempotent-Replayed")
	}
	status, first, replayed := post("k1", `{"name":"a"}`)
	if status != 201 || replayed != "" {
		t.Fatalf("first: %d, replayed %q: %s", status, replayed, first)
	}
	if status, again, replayed := post("k1", `{"name":"a"}`); status != 201 || again != first || replayed != "true" {
		t.Errorf("again: %d, replayed %q: %s", status, replayed, again)
	}
	if w.store.calls["CreateCampaign"] != 1 {
		t.Errorf("created %d campaigns", w.store.calls["CreateCampaign"])
	}
	if status, _, _ := post("k1", `{"name":"b"}`); status != 409 {
		t.Errorf("another body: %d", status)
	}
	if status, _, _ := post(strings.Repeat("k", 201), `{"name":"b"}`); status != 422 {
		t.Errorf("a long key: %d", status)
	}
	t.Run("a refusal is kept too", func(t *testing.T) {
		status, first, _ := post("k2", `{}`)
		if _, again, replayed := post("k2", `{}`); status != 422 || again != first || replayed != "true" {
			t.Errorf("%d, replayed %q: %s", status, replayed, again)
		}
	})
	t.Run("our own fault is not", func(t *testing.T) {
		w.others.refuse = fmt.Errorf("down")
		sync := func() int {
			return w.do("admin", "POST", "/api/v1/wabas/1/templates/sync", "", "Idempotency-Key", "k3").Code
		}
		if got := sync(); got != 500 {
			t.Fatalf("got %d", got)
		}
		w.others.refuse = nil
		if got := sync(); got != 200 {
			t.Errorf("tried again: %d", got)
		}
	})
	t.Run("a token's value is shown once", func(t *testing.T) {
		body := `{"name":"n","scopes":["read"]}`
		made := w.do("admin", "POST", "/api/v1/tokens", body, "Idempotency-Key", "k4")
		again := w.do("admin", "POST", "/api/v1/tokens", body, "Idempotency-Key", "k4")
		if made.Code != 201 || !strings.Contains(made.Body.String(), "arauto_") {
			t.Errorf("made: %d %s", made.Code, made.Body)
		}
		if again.Code != 409 || strings.Contains(again.Body.String(), "arauto_") || w.store.calls["CreateToken"] != 1 {
			t.Errorf("again: %d %s", again.Code, again.Body)
		}
	})
}

func TestToken_RevokedIsForgotten(t *testing.T) {
	w := newWorld(t)
	w.ask(t, 204, "admin", "DELETE", "/api/v1/tokens/1", "")
	if len(w.forgot) != 1 || w.forgot[0] != 1 {
		t.Errorf("forgot %v", w.forgot)
	}
}

func TestCampaign_ByNumberAndUUID(t *testing.T) {
	w := newWorld(t)
	byNumber := w.ask(t, 200, "read", "GET", natal, "")
	if diff := cmp.Diff(byNumber, w.ask(t, 200, "read", "GET", "/api/v1/campaigns/"+campaignUUID, "")); diff != "" {
		t.Error(diff)
	}
	if byNumber["total"] != 1.0 || byNumber["counts"].(map[string]any)["pending"] != 1.0 || byNumber["scheduled_for"] != nil {
		t.Errorf("got %v", byNumber)
	}
	made := w.ask(t, 201, "write", "POST", "/api/v1/campaigns", `{"name":"n","sender_id":"`+senderUUID+`","template_id":1}`)
	if made["sender_id"] != 1.0 || made["template_id"] != 1.0 || made["reply_window_hours"] != 72.0 {
		t.Errorf("got %v", made)
	}
}

func TestCampaign_Life(t *testing.T) {
	w := newWorld(t)
	w.ask(t, 409, "write", "POST", natal+"/pause", "")
	w.ask(t, 422, "write", "POST", natal+"/schedule", "")
	w.ask(t, 422, "write", "POST", natal+"/schedule", `{"scheduled_for":"2020-01-01T00:00:00Z"}`)
	got := w.ask(t, 200, "write", "POST", natal+"/schedule", `{"scheduled_for":"2026-12-01T09:00:00-03:00"}`)
	if got["state"] != "scheduled" || got["scheduled_for"] != "2026-12-01T12:00:00Z" {
		t.Errorf("got %v", got)
	}
	w.ask(t, 409, "write", "PATCH", natal, `{"name":"x"}`)
	w.ask(t, 200, "write", "POST", natal+"/start", "")
	got = w.ask(t, 200, "write", "POST", natal+"/pause", `{"why":"lunch"}`)
	if got["pause"] != "lunch" {
		t.Errorf("got %v", got)
	}
	w.ask(t, 409, "write", "PATCH", natal, `{"name":"x","version":1}`)
	w.ask(t, 200, "write", "PATCH", natal, `{"name":"x","hold_after":5}`)
	w.ask(t, 200, "write", "POST", natal+"/resume", "")
	w.ask(t, 200, "write", "POST", natal+"/cancel", "")
	w.ask(t, 200, "write", "POST", natal+"/archive", "")
	w.ask(t, 409, "write", "POST", natal+"/start", "")
	w.ask(t, 409, "write", "POST", natal+"/contacts", `[{"phone":"+5511999887766"}]`)
	copied := w.ask(t, 201, "write", "POST", natal+"/duplicate", "")
	if copied["name"] != "x (copy)" || copied["state"] != "draft" || len(copied["mapping"].(map[string]any)) != 2 {
		t.Errorf("got %v", copied)
	}
}

func TestCampaign_StartSaysWhatIsMissing(t *testing.T) {
	w := newWorld(t)
	delete(w.store.campaign.Mapping, "body.2")
	p := w.ask(t, 409, "write", "POST", natal+"/start", "")
	if !strings.Contains(p["detail"].(string), "body.2") || len(w.store.events) != 0 {
		t.Errorf("got %v", p)
	}
	w.store.template.Status = "PAUSED"
	if p := w.ask(t, 409, "write", "POST", natal+"/start", ""); !strings.Contains(p["detail"].(string), "PAUSED") {
		t.Errorf("got %v", p)
	}
}

func TestContacts_EachHasItsOwnResult(t *testing.T) {
	w := newWorld(t)
	got := w.ask(t, 200, "write", "POST", natal+"/contacts", `[
		{"name":" Bia ","phone":"11999887766","external_id":"c-1","fields":{"zeta":1,"alfa":true,"cpf":"222"}},
		{"phone":"12"},
		{"phone":"+551199988`+"0001"+`"}
	]`)
	want := map[string]any{
		"added": 1.0, "duplicates": 1.0, "rejected": 1.0,
		"data": []any{
			map[string]any{"index": 0.0, "id": 2.0, "duplicate": false, "error": nil},
			map[string]any{"index": 1.0, "id": nil, "duplicate": false, "error": map[string]any{"location": "body[1].phone", "message": `phone: "12" is not a phone number`}},
			map[string]any{"index": 2.0, "id": 1.0, "duplicate": true, "error": nil},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	stored := w.store.contacts[1]
	wantFields := arauto.Fields{{Key: "zeta", Value: "1"}, {Key: "alfa", Value: "true"}, {Key: "cpf", Value: "222"}}
	if diff := cmp.Diff(wantFields, stored.Fields); diff != "" || stored.Name != "Bia" || stored.Phone != "+5511999887766" {
		t.Errorf("stored %+v %s", stored, diff)
	}
	w.ask(t, 422, "write", "POST", natal+"/contacts", `[]`)
	w.ask(t, 422, "write", "POST", natal+"/contacts", `[{"phone":"+5511999887766","fields":{"a":{"b":1}}}]`)
}

func TestContacts_PagesVisitEveryRowOnce(t *testing.T) {
	w := newWorld(t)
	for id := int64(2); id <= 7; id++ {
		w.store.contacts = append(w.store.contacts, row(id, arauto.ContactSent))
	}
	var seen []float64
	next := any("/api/v1/contacts?limit=3&state=sent,pending")
	for n := 0; next != nil && n < 10; n++ {
		page := w.ask(t, 200, "read", "GET", next.(string), "")
		for _, c := range page["data"].([]any) {
			seen = append(seen, c.(map[string]any)["id"].(float64))
		}
		next = page["next"]
	}
	if diff := cmp.Diff([]float64{7, 6, 5, 4, 3, 2, 1}, seen); diff != "" {
		t.Error(diff)
	}
	one := w.ask(t, 200, "read", "GET", "/api/v1/contacts?phone=12", "")
	if len(one["data"].([]any)) != 0 {
		t.Errorf("a phone that is none finds %v", one)
	}
}

func TestDryRun(t *testing.T) {
	w := newWorld(t)
	w.store.contacts[0] = row(1, arauto.ContactPending)
	for id := int64(2); id <= 2003; id++ {
		w.store.contacts = append(w.store.contacts, row(id, arauto.ContactPending))
	}
	w.store.contacts[1].Fields = nil                                                                         // no cpf
	w.store.contacts[2].ScheduledFor = now.Add(time.Hour)                                                    // later
	w.store.contacts[3].Phone = "nope"                                                                       // no phone
	w.store.contacts = append(w.store.contacts, row(2004, arauto.ContactSent))                               // past the gate
	w.store.holds = []arauto.Suppression{{PersonKey: row(5, "").PersonKey, Scope: arauto.SuppressMarketing}} // held
	got := w.ask(t, 200, "write", "POST", natal+"/dry-run", "")
	if got["total"] != 2003.0 || got["would_go"] != 1999.0 || got["complete"] != true || got["problem"] != nil {
		t.Errorf("got %v", got)
	}
	counts := map[string]any{}
	for _, h := range got["held"].([]any) {
		counts[h.(map[string]any)["reason"].(string)] = h.(map[string]any)["count"]
	}
	want := map[string]any{"missing_value": 1.0, "not_yet": 1.0, "invalid_phone": 1.0, "suppressed": 1.0}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Error(diff)
	}
	if s := got["sentence"].(string); !strings.HasPrefix(s, "1.999 de 2.003 sairiam; 1: ") {
		t.Errorf("sentence %q", s)
	}
	w.store.campaign.Template = 0
	if got := w.ask(t, 200, "write", "POST", natal+"/dry-run", ""); got["problem"] == nil || got["total"] != 2003.0 {
		t.Errorf("got %v", got)
	}
}

func TestTestSend(t *testing.T) {
	w := newWorld(t)
	body := `{"phone":"11999887766","name":"Ana Lima","fields":{"cpf":"9"}}`
	got := w.ask(t, 200, "write", "POST", natal+"/test-send", body)
	if got["provider_id"] != "wamid.1" || len(w.others.sent) != 1 {
		t.Fatalf("got %v, sent %v", got, w.others.sent)
	}
	m := w.others.sent[0]
	if m.To != "+5511999887766" || m.Parameters[0].Text != "Ana" || m.Parameters[1].Text != "9" {
		t.Errorf("sent %+v", m)
	}
	w.ask(t, 422, "write", "POST", natal+"/test-send", `{"phone":"11999887766","name":"Ana"}`)
	w.store.holds = []arauto.Suppression{{PersonKey: m.To.PersonKey(), Scope: arauto.SuppressAll, Source: "opt_out_keyword"}}
	w.ask(t, 409, "write", "POST", natal+"/test-send", body)
	if len(w.others.sent) != 1 {
		t.Error("sent to a person who must not be contacted")
	}
}

func TestWhy(t *testing.T) {
	w := newWorld(t)
	got := w.ask(t, 200, "read", "GET", "/api/v1/contacts/1/why", "")
	if got["sentence"] != "Aguarda: A campanha não está em execução (é um rascunho)." {
		t.Errorf("sentence %q", got["sentence"])
	}
	w.store.campaign.State = arauto.CampaignRunning
	w.store.holds = []arauto.Suppression{{ID: 4, PersonKey: w.store.contacts[0].PersonKey, Scope: arauto.SuppressAll, Source: "opt_out_keyword", Evidence: "SAIR"}}
	got = w.ask(t, 200, "read", "GET", "/api/v1/why?phone=%2B5511999880001", "")
	one := got["data"].([]any)[0].(map[string]any)
	if one["sentence"] != "Não será contatado: A pessoa está na lista de não perturbe (opt_out_keyword)." {
		t.Errorf("sentence %q", one["sentence"])
	}
	if len(one["attempts"].([]any)) != 1 || one["suppressions"].([]any)[0].(map[string]any)["evidence"] != "SAIR" || len(got["suppressions"].([]any)) != 1 {
		t.Errorf("got %v", got)
	}
	w.store.contacts[0].State, w.store.contacts[0].Reason, w.store.contacts[0].Detail = arauto.ContactFailed, arauto.ReasonNotOnWhatsApp, "Message undeliverable"
	got = w.ask(t, 200, "read", "GET", "/api/v1/contacts/1/why", "")
	if got["sentence"] != "Falhou: O número não pode ser alcançado no WhatsApp (Message undeliverable)." {
		t.Errorf("sentence %q", got["sentence"])
	}
	// A '+' that was not encoded.
	if got := w.ask(t, 200, "read", "GET", "/api/v1/why?phone=+5511999880001", ""); len(got["data"].([]any)) != 1 {
		t.Errorf("got %v", got)
	}
}

func TestImports(t *testing.T) {
	w := newWorld(t)
	csv := "nome;telefone\nAna;11999887766\n"
	w.ask(t, 202, "write", "POST", natal+"/imports?name=a.csv", csv, "Content-Type", "text/csv")
	multi := "--x\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhi\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\\\lista.csv\"\r\n\r\n" + csv + "\r\n--x--\r\n"
	got := w.ask(t, 202, "write", "POST", natal+`/imports?columns={"phone":"telefone"}`, multi, "Content-Type", "multipart/form-data; boundary=x")
	if got["state"] != "queued" {
		t.Errorf("got %v", got)
	}
	want := []string{
		fmt.Sprintf("1/1 %q %q map[]", "a.csv", csv),
		fmt.Sprintf("1/1 %q %q map[phone:telefone]", "lista.csv", csv),
	}
	if diff := cmp.Diff(want, w.others.started); diff != "" {
		t.Error(diff)
	}
	preview := w.ask(t, 200, "read", "POST", natal+"/imports/preview?name=a.csv&duplicates=fail&across=open&all_or_nothing=true&sheet=x&format=csv", csv, "Content-Type", "application/octet-stream")
	if got := preview["rows"].([]any)[0].(map[string]any)["verdict"]; got != "refused" {
		t.Errorf("got %v", preview)
	}
	if got, want := w.others.started[2], fmt.Sprintf("preview 1/1 %q %q {Columns:map[] Format:csv Sheet:x Intake:{Duplicates:fail Across:open Whole:true} KeepMalformed:false}", "a.csv", csv); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	w.ask(t, 202, "write", "POST", natal+"/imports", `[{"phone":"1"}]`, "Content-Type", "application/json")
	w.ask(t, 422, "write", "POST", natal+"/imports?duplicates=merge", csv, "Content-Type", "text/csv")
	w.ask(t, 422, "write", "POST", natal+"/imports", strings.Replace(multi, `"file"`, `"data"`, 1), "Content-Type", "multipart/form-data; boundary=x")
	w.ask(t, 413, "write", "POST", natal+"/imports", strings.Repeat("a", 1001), "Content-Type", "text/csv")
	job := w.ask(t, 200, "read", "GET", "/api/v1/jobs/"+jobUUID, "")
	if job["rejects_url"] != "/api/v1/jobs/1/rejects" {
		t.Errorf("got %v", job)
	}
	rec := w.do("read", "GET", job["rejects_url"].(string), "")
	if rec.Body.String() != "nome,telefone\n" || !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/csv") {
		t.Errorf("got %v %q", rec.Header(), rec.Body)
	}
}

func TestReport(t *testing.T) {
	w := newWorld(t)
	for id := int64(2); id <= 1203; id++ {
		w.store.contacts = append(w.store.contacts, row(id, arauto.ContactSent))
	}
	rec := w.do("reports", "GET", "/api/v1/reports/subscribers?limit=1200", "")
	if !strings.Contains(rec.Body.String(), `"fields":{"z":"1","cpf":"1&1"}`) {
		t.Errorf("fields lost their order or spelling: %.900s", rec.Body)
	}
	if rec.Header().Get("Content-Type") != "application/json" {
		t.Errorf("type %q", rec.Header().Get("Content-Type"))
	}
	page := w.ask(t, 200, "reports", "GET", "/api/v1/reports/subscribers?limit=1200", "")
	last := w.ask(t, 200, "reports", "GET", page["next"].(string), "")
	if n := len(page["data"].([]any)); n != 1200 || len(last["data"].([]any)) != 3 || last["next"] != nil || last["resume"] != nil {
		t.Errorf("first %d, last %v", n, last)
	}
	w.ask(t, 404, "reports", "GET", "/api/v1/reports/subscribers?campaign=77", "")
	w.ask(t, 403, "write", "GET", "/api/v1/reports/subscribers", "")
}

func TestReport_UpdatedSince(t *testing.T) {
	w := newWorld(t)
	for id := int64(2); id <= 5; id++ {
		w.store.contacts = append(w.store.contacts, row(id, arauto.ContactSent))
	}
	w.store.contacts[4].UpdatedAt = now.Add(-time.Second) // not settled yet
	ids := func(page map[string]any) (out []float64) {
		for _, c := range page["data"].([]any) {
			out = append(out, c.(map[string]any)["id"].(float64))
		}
		return out
	}
	first := w.ask(t, 200, "reports", "GET", "/api/v1/reports/subscribers?limit=3&updated_since=2026-01-01T00:00:00Z", "")
	if diff := cmp.Diff([]float64{1, 2, 3}, ids(first)); diff != "" {
		t.Fatal(diff)
	}
	second := w.ask(t, 200, "reports", "GET", first["next"].(string), "")
	if diff := cmp.Diff([]float64{4}, ids(second)); diff != "" || second["next"] != nil {
		t.Fatal(diff, second["next"])
	}
	w.store.contacts[4].UpdatedAt = now.Add(-time.Minute)
	third := w.ask(t, 200, "reports", "GET", second["resume"].(string), "")
	if diff := cmp.Diff([]float64{5}, ids(third)); diff != "" {
		t.Error(diff)
	}
	if fourth := w.ask(t, 200, "reports", "GET", third["resume"].(string), ""); len(ids(fourth)) != 0 || fourth["resume"] == nil {
		t.Errorf("got %v", fourth)
	}
}

func TestSender_WhereItMayPost(t *testing.T) {
	w := newWorld(t)
	for address, status := range map[string]int{
		"https://graph.facebook.com":      200,
		"http://127.0.0.1:9090/":          422,
		"https://127.0.0.1:9090/":         422,
		"https://localhost":               422,
		"https://a.localhost":             422,
		"http://graph.facebook.com":       422,
		"https://10.0.0.7":                422,
		"https://169.254.169.254":         422,
		"https://[fd00::1]":               422,
		"https://[::ffff:10.0.0.1]":       422,
		"https://metadata":                422,
		"ftp://graph.facebook.com":        422,
		"https://u:p@graph.facebook.com":  422,
		"https://graph.facebook.com/?a=b": 422,
		"https://0.0.0.0":                 422,
	} {
		rec := w.do("admin", "PATCH", "/api/v1/senders/1", fmt.Sprintf(`{"graph_url":%q}`, address))
		if rec.Code != status {
			t.Errorf("%s: got %d, want %d: %s", address, rec.Code, status, rec.Body)
		}
	}
	if w.store.sender.Token != "meta-token-secret" {
		t.Error("a change that names no token lost it")
	}
	got := w.ask(t, 200, "admin", "POST", "/api/v1/senders/1/pause", `{"why":"at Meta"}`)
	if got["pause"] != "at Meta" || w.ask(t, 200, "admin", "POST", "/api/v1/senders/1/resume", "")["pause"] != nil {
		t.Errorf("got %v", got)
	}
}

func TestSuppressions(t *testing.T) {
	w := newWorld(t)
	got := w.ask(t, 200, "write", "POST", "/api/v1/suppressions", `{"phones":["x","11999887766"],"evidence":"ticket 7"}`)
	if got["added"] != 1.0 || got["rejected"] != 1.0 || w.store.holds[0].Scope != arauto.SuppressAll || w.store.holds[0].Source != "api" {
		t.Errorf("got %v, stored %+v", got, w.store.holds)
	}
	w.ask(t, 422, "write", "DELETE", "/api/v1/suppressions/1", "")
	w.ask(t, http.StatusNoContent, "write", "DELETE", "/api/v1/suppressions/1?evidence=asked+again", "")
}

func TestPortfolio_SaysWhatIsUsed(t *testing.T) {
	w := newWorld(t)
	got := w.ask(t, 200, "read", "GET", "/api/v1/portfolios/1", "")
	reach, _ := got["reach"].(map[string]any)
	if got["limit"] != 2000.0 || reach["used"] != 1834.0 || reach["left"] != 166.0 || reach["free_at"] == nil {
		t.Fatalf("%v", got)
	}
	if got := w.ask(t, 200, "admin", "PATCH", "/api/v1/portfolios/1", `{"limit":10000,"name":"Grupo"}`); got["name"] != "Grupo" {
		t.Fatalf("%v", got)
	}
	w.ask(t, 422, "admin", "PATCH", "/api/v1/portfolios/1", `{"limit":-1}`)
	pace := w.ask(t, 200, "read", "GET", "/api/v1/senders/1/pace", "")
	if ramp, _ := pace["ramp_up"].(map[string]any); pace["rate"] == nil || ramp["limit"] != nil {
		t.Fatalf("%v", pace)
	}
	if got := w.ask(t, 200, "admin", "POST", "/api/v1/senders/1/sync", ""); got["rate"] != 1000.0 {
		t.Fatalf("%v", got)
	}
	if got := w.ask(t, 200, "admin", "PATCH", "/api/v1/senders/1", `{"rate":20,"ramp_up":250}`); got["rate"] != 20.0 || got["ramp_up"] != 250.0 {
		t.Fatalf("%v", got)
	}
}

func TestContact_HeldBack(t *testing.T) {
	w := newWorld(t)
	held := row(1, arauto.ContactSent)
	held.Reason = arauto.HoldQuality.Reason()
	w.store.contacts = []arauto.ContactRow{held}
	if got := w.ask(t, 200, "read", "GET", "/api/v1/contacts/1", ""); got["provider_status"] != "held" || got["reason"] != "held_by_provider" {
		t.Fatalf("%v", got)
	}
	w.store.contacts = []arauto.ContactRow{row(1, arauto.ContactSent)}
	if got := w.ask(t, 200, "read", "GET", "/api/v1/contacts/1", ""); got["provider_status"] != nil {
		t.Fatalf("%v", got)
	}
}
