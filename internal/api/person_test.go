package api_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"arauto"
)

// peopleWorld is the API over a real database with a campaign of two people.
func peopleWorld(t *testing.T) func(status int, method, path, body string) map[string]any {
	t.Helper()
	w, db := sqliteWorld(t)
	ask := func(status int, method, path, body string) map[string]any {
		t.Helper()
		return w.ask(t, status, "admin", method, "/api/v1"+path, body)
	}
	ask(201, "POST", "/apps", `{"meta_id":"10","name":"App","secret":"s1","verify_token":"s2"}`)
	ask(201, "POST", "/wabas", `{"app_id":1,"meta_id":"20","portfolio_meta_id":"5","name":"WABA"}`)
	ask(201, "POST", "/senders", `{"waba_id":1,"name":"Vendas","phone_number_id":"30","token":"s3","display_phone":"+551133334444"}`)
	if _, _, err := db.SaveTemplates(t.Context(), now, 1, 1, []arauto.Template{{MetaID: "9", Name: "oferta", Language: "pt_BR", Category: "MARKETING", Status: "APPROVED", Body: "Oi"}}); err != nil {
		t.Fatal(err)
	}
	ask(201, "POST", "/campaigns", `{"name":"Natal","sender_id":1,"template_id":1,"policy":{"ceiling":{"currency":"BRL","amount":"10,50"}}}`)
	ask(200, "POST", "/campaigns/1/contacts", `[{"name":"Ana","phone":"+5511900000001"},{"name":"Ana S.","phone":"+5491123456789"}]`)
	return ask
}

func TestPeople(t *testing.T) {
	ask := peopleWorld(t)
	ask(200, "POST", "/suppressions", `{"phones":["+5491123456789"],"evidence":"ticket","scope":"all"}`)
	who := ask(200, "GET", "/people/+5511900000001", "")
	if who["id"] != nil || who["name"] != "Ana" || len(who["suppressions"].([]any)) != 0 {
		t.Errorf("got %v", who)
	}
	ask(422, "POST", "/people/+5511900000001/merge", `{}`)
	ask(404, "POST", "/people/+5511900000009/merge", `{"into":"+5511900000001"}`)
	ask(422, "POST", "/people/+5511900000001/merge", `{"from":"+5511900000009"}`)
	merged := ask(200, "POST", "/people/+5511900000001/merge", `{"from":"+5491123456789"}`)
	if d := cmp.Diff([]any{"+5511900000001", []any{"+541123456789"}}, []any{merged["phone"], merged["merged"]}); d != "" {
		t.Error(d)
	}
	ask(200, "POST", "/people/+5491123456789/merge", `{"into":"+5511900000001"}`)
	who = ask(200, "GET", "/people/+541123456789?limit=1", "")
	contacts := who["contacts"].(map[string]any)
	if who["id"] == nil || len(who["suppressions"].([]any)) != 1 || len(contacts["data"].([]any)) != 1 || contacts["next"] == nil {
		t.Errorf("got %v", who)
	}
	for alias, want := range map[string]int{"%2B5491123456789": 1, "11900000001": 1, "%2B5511988887777": 0, "BR.17": 0} {
		if found := ask(200, "GET", "/people?alias="+alias, ""); len(found["data"].([]any)) != want {
			t.Errorf("%s: %v", alias, found)
		}
	}
	trial := ask(200, "POST", "/campaigns/1/dry-run", "")
	if trial["total"] != 1.0 || trial["would_go"] != 0.0 {
		t.Errorf("one was given up, the other is on the list: %v", trial)
	}
}

func TestMoney(t *testing.T) {
	ask := peopleWorld(t)
	if got := ask(200, "GET", "/campaigns/1/estimate", ""); len(got["total"].([]any)) != 0 || len(got["missing"].([]any)) != 2 || got["contacts"] != 2.0 {
		t.Errorf("without rates: %v", got)
	}
	ask(422, "PUT", "/rates", `{"rates":[{"country":"br","category":"marketing","currency":"BRL","rate":"0.3"}]}`)
	ask(422, "PUT", "/rates", `{"rates":[{"country":"BR","category":"marketing","currency":"BRL","rate":"0.3000001"}]}`)
	list := ask(200, "PUT", "/rates", `{"rates":[{"country":"BR","category":"MARKETING","currency":"BRL","rate":"0,3125"},{"country":"*","category":"marketing","currency":"USD","rate":"0.06","valid_from":"2026-10-01T00:00:00Z"}]}`)
	if d := cmp.Diff(list, ask(200, "GET", "/rates", "")); d != "" || len(list["rates"].([]any)) != 2 {
		t.Errorf("%v\n%s", list, d)
	}
	estimate := ask(200, "GET", "/campaigns/1/estimate", "")
	total := []any{map[string]any{"currency": "BRL", "amount": "0.3125"}, map[string]any{"currency": "USD", "amount": "0.12"}}
	if d := cmp.Diff([]any{total, []any{"AR marketing BRL"}}, []any{estimate["total"], estimate["missing"]}); d != "" {
		t.Error(d)
	}
	campaign := ask(200, "GET", "/campaigns/1", "")
	if d := cmp.Diff(total, campaign["cost"].(map[string]any)["estimated"]); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(total, ask(200, "POST", "/campaigns/1/dry-run", "")["estimate"]); d != "" {
		t.Error(d)
	}
	if got := ask(200, "GET", "/campaigns/1/cost", ""); len(got["counted"].([]any)) != 0 || got["unrated"] != 0.0 {
		t.Errorf("got %v", got)
	}
	ceiling := func(body string, status int) any {
		got := ask(status, "PATCH", "/campaigns/1", `{"policy":{"ceiling":`+body+`}}`)
		if status != 200 {
			return nil
		}
		return got["policy"].(map[string]any)["ceiling"]
	}
	if d := cmp.Diff(map[string]any{"currency": "BRL", "amount": "10.50"}, campaign["policy"].(map[string]any)["ceiling"]); d != "" {
		t.Error(d)
	}
	ceiling(`{"currency":"EUR","amount":"5"}`, 422)
	ceiling(`{"amount":"5"}`, 422)
	ceiling(`{"currency":"BRL","amount":"9999999999"}`, 422)
	if d := cmp.Diff(map[string]any{"amount": "0.00"}, ceiling(`{"amount":"0"}`, 200)); d != "" {
		t.Error(d)
	}
}
