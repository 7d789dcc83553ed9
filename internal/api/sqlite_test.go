package api_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/api"
	"arauto/internal/server"
	"arauto/internal/store"
	"arauto/internal/store/storetest"
)

// The real store is everything the API and the door ask for.
var (
	_ api.Store     = (*store.Store)(nil)
	_ server.Tokens = (*store.Store)(nil)
)

// plainSeal keeps secrets recognisable, for a test that looks for them.
type plainSeal struct{}

func (plainSeal) Seal(b []byte) ([]byte, error) { return b, nil }
func (plainSeal) Open(b []byte) ([]byte, error) { return b, nil }

// sqliteWorld is the API over a real database with one admin's token, "tok-admin".
func sqliteWorld(t *testing.T, options ...store.Option) (*world, *store.Store) {
	t.Helper()
	ctx := t.Context()
	db, err := store.Open(ctx, storetest.Fresh(t, filepath.Join(t.TempDir(), "arauto.db")), plainSeal{}, now, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	cli := arauto.Actor{Name: "cli"}
	account, err := db.CreateAccount(ctx, cli, now, arauto.Account{Slug: "acme", Name: "Acme", Country: "BR", TimeZone: "America/Sao_Paulo", Language: arauto.Spanish})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.CreateToken(ctx, cli, now, arauto.Token{
		Account: account.ID, Name: "admin", Prefix: "tok", Hash: arauto.HashToken("tok-admin"), Scopes: []arauto.TokenScope{arauto.TokenAdmin}, Rate: 1000,
	}); err != nil {
		t.Fatal(err)
	}
	moment := now
	clock := func() time.Time { moment = moment.Add(time.Second); return moment } // every look is a second later
	w := &world{others: &fakeOthers{}}
	w.server = server.New(server.Config{Tokens: db, Now: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler)})
	api.New(w.server.Surface("api", api.Prefix+"/", api.Fail), api.Config{
		Store: db, Templates: w.others, Numbers: w.others, Imports: w.others, Decisions: &w.decisions, Audiences: &w.audiences, Edits: &w.edits, Exports: &w.exports, TestSends: w.others, Pinger: w.others, Phones: fakePhones{}, Codes: fakeCodes{},
		Now: clock, Random: strings.NewReader(strings.Repeat("r", 1024)), Logger: slog.New(slog.DiscardHandler),
	})
	return w, db
}

func TestOverSQLite(t *testing.T) {
	w, db := sqliteWorld(t)
	ask := func(status int, method, path, body string, headers ...string) map[string]any {
		t.Helper()
		if !strings.HasPrefix(path, api.Prefix) {
			path = api.Prefix + path
		}
		return w.ask(t, status, "admin", method, path, body, headers...)
	}

	app := ask(201, "POST", "/apps", `{"meta_id":"10","name":"App","secret":"s1","verify_token":"s2"}`)
	ask(200, "GET", "/apps/"+app["uuid"].(string), "")
	ask(200, "PATCH", "/apps/1", `{"name":"App 2"}`)
	waba := ask(201, "POST", "/wabas", fmt.Sprintf(`{"app_id":%q,"meta_id":"20","portfolio_meta_id":"5","name":"WABA"}`, app["uuid"]))
	ask(201, "POST", "/senders", fmt.Sprintf(`{"waba_id":%v,"name":"Vendas","phone_number_id":"30","token":"s3","display_phone":"+551133334444"}`, waba["id"]))
	ask(409, "POST", "/senders", fmt.Sprintf(`{"waba_id":%v,"name":"Again","phone_number_id":"30","token":"s3"}`, waba["id"]))
	paused := ask(200, "POST", "/senders/1/pause", "")
	if paused["pause"] != "paused by admin" {
		t.Errorf("got %v", paused)
	}
	ask(200, "POST", "/senders/1/resume", "")
	if s, err := db.Sender(t.Context(), 1, 1); err != nil || s.Token != "s3" || s.Pause != "" {
		t.Errorf("sender %+v, %v", s, err)
	}
	if _, _, err := db.SaveTemplates(t.Context(), now, 1, 1, []arauto.Template{{MetaID: "9", Name: "oferta", Language: "pt_BR", Category: "MARKETING", Status: "APPROVED", Body: "Oi {{1}}"}}); err != nil {
		t.Fatal(err)
	}
	template := ask(200, "GET", "/templates/1", "")
	if template["parameters"].([]any)[0].(map[string]any)["slot"] != "body.1" {
		t.Errorf("got %v", template)
	}

	create := `{"name":"Natal","sender_id":1,"template_id":"` + template["uuid"].(string) + `"}`
	made := ask(201, "POST", "/campaigns", create, "Idempotency-Key", "k")
	if again := ask(201, "POST", "/campaigns", create, "Idempotency-Key", "k"); again["uuid"] != made["uuid"] {
		t.Errorf("made twice: %v, %v", made, again)
	}
	campaign := "/campaigns/" + made["uuid"].(string)
	ask(409, "POST", campaign+"/start", "")
	ask(200, "PATCH", campaign, `{"mapping":{"body.1":{"from":"field","text":"nome"}},"version":1}`)
	ask(409, "PATCH", campaign, `{"name":"x","version":1}`)

	for n := range 3 {
		var list []string
		for i := range 10 {
			list = append(list, fmt.Sprintf(`{"name":"P%d","phone":"+55119%08d","fields":{"zz":"1","nome":"%d"}}`, i, n*10+i, i))
		}
		added := ask(200, "POST", campaign+"/contacts", "["+strings.Join(list, ",")+"]")
		if added["added"] != 10.0 {
			t.Fatalf("got %v", added)
		}
	}
	twice := ask(200, "POST", campaign+"/contacts", `[{"phone":"+5511900000003"},{"phone":"+5511900000003","name":"same"},{"phone":"+5511911111111"}]`)
	if twice["duplicates"] != 2.0 || twice["added"] != 1.0 {
		t.Errorf("got %v", twice)
	}
	ask(200, "POST", "/suppressions", `{"phones":["+5511900000004"],"evidence":"ticket","scope":"all"}`)
	trial := ask(200, "POST", campaign+"/dry-run", "")
	if trial["total"] != 31.0 || trial["would_go"] != 29.0 || trial["problem"] != nil {
		t.Errorf("got %v", trial)
	}
	why := ask(200, "GET", "/why?phone=%2B5511900000004", "")
	one := why["data"].([]any)[0].(map[string]any)
	if !strings.HasPrefix(one["sentence"].(string), "Espera: La campaña no está en ejecución") || len(one["suppressions"].([]any)) != 1 {
		t.Errorf("got %v", one)
	}

	for _, start := range []string{campaign + "/contacts?limit=7", "/contacts?limit=7&state=pending&campaign=", "/reports/subscribers?limit=7", "/reports/subscribers?limit=7&updated_since=2020-01-01T00:00:00Z"} {
		start = strings.TrimSuffix(start, "&campaign=")
		var ids []float64
		var last map[string]any
		for next, n := any(start), 0; next != nil && n < 20; n++ {
			last = ask(200, "GET", next.(string), "")
			for _, c := range last["data"].([]any) {
				ids = append(ids, c.(map[string]any)["id"].(float64))
			}
			next = last["next"]
		}
		slices.Sort(ids)
		if len(ids) != 31 || len(slices.Compact(ids)) != 31 {
			t.Errorf("%s visits %v", start, ids)
		}
	}
	if got := ask(200, "GET", "/contacts?field_key=NOME&field_value=3&limit=100", ""); len(got["data"].([]any)) != 3 {
		t.Errorf("by field: %v", got)
	}

	state := ask(200, "POST", campaign+"/start", "")
	if state["state"] != "running" || state["total"] != 31.0 {
		t.Errorf("got %v", state)
	}
	ask(200, "POST", campaign+"/pause", `{"why":"almoço"}`)
	ask(200, "POST", campaign+"/cancel", "")
	ask(201, "POST", campaign+"/duplicate", `{"name":"Natal 2"}`)
	if list := ask(200, "GET", "/campaigns?state=draft,cancelled", ""); len(list["data"].([]any)) != 2 {
		t.Errorf("got %v", list)
	}
	ask(200, "PATCH", "/account", `{"name":"Acme 2","stop_words":["CHEGA"]}`)
	ask(204, "DELETE", "/suppressions/1?evidence=asked", "")
	fresh := ask(201, "POST", "/tokens", `{"name":"bi","scopes":["reports"]}`)
	ask(204, "DELETE", fmt.Sprintf("/tokens/%v", fresh["id"]), "")
	if audit := ask(200, "GET", "/audit?limit=100", ""); len(audit["data"].([]any)) < 12 {
		t.Errorf("only %d audit entries", len(audit["data"].([]any)))
	}
	ask(200, "GET", "/conversations", "")
	ask(200, "GET", "/jobs", "")
	ask(200, "GET", "/webhooks?state=bad", "")
	ask(404, "GET", "/conversations/"+talkUUID, "")
	ask(404, "GET", "/jobs/"+jobUUID, "")
}
