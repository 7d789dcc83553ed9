package api_test

import (
	"encoding/csv"
	"strings"
	"testing"
)

func TestClicks_Report(t *testing.T) {
	w := newWorld(t)
	row := w.ask(t, 200, "reports", "GET", "/api/v1/reports/clicks?from=2026-11-01T00:00:00Z", "")["data"].([]any)[0].(map[string]any)
	for key, want := range map[string]any{
		"ad_id": "120210000000000001", "post_id": nil, "ctwa_clid": nil, "chat_id": 5., "conversation_uuid": "0192f0c1-0000-7000-8000-000000000005",
		"contact_id": 1., "person_id": 1., "activity_code": "VENDA", "first_touch": true,
	} {
		if row[key] != want {
			t.Errorf("%s is %v, want %v", key, row[key], want)
		}
	}
	rec := w.do("reports", "GET", "/api/v1/reports/clicks.csv", "")
	rows, err := csv.NewReader(strings.NewReader(rec.Body.String())).ReadAll()
	if err != nil || len(rows) != 2 || rec.Header().Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Fatalf("%v, %d rows, %s", err, len(rows), rec.Header().Get("Content-Type"))
	}
	if !strings.Contains(rec.Body.String(), ",'=Promoção,") {
		t.Errorf("a headline that a spreadsheet would calculate: %s", rec.Body)
	}
	one := w.ask(t, 200, "read", "GET", "/api/v1/clicks/1", "")
	if raw := one["referral"].(map[string]any); raw["source_id"] != "120210000000000001" {
		t.Errorf("referral %v", raw)
	}
}

func TestSources_Report(t *testing.T) {
	w := newWorld(t)
	const path = "/api/v1/reports/ads"
	page := w.ask(t, 200, "reports", "GET", path+"?from=2026-11-01T00:00:00Z&limit=1", "")
	row := page["data"].([]any)[0].(map[string]any)
	if row["first_answer_seconds"] != 1.5 || row["value"].([]any)[0].(map[string]any)["amount"] != "150.00" || row["outcomes"].([]any)[0].(map[string]any)["code"] != "VENDA" {
		t.Errorf("%v", row)
	}
	next := w.ask(t, 200, "reports", "GET", page["next"].(string), "")
	if len(next["data"].([]any)) != 0 || next["next"] != nil {
		t.Errorf("after the last: %v", next)
	}
	for _, query := range []string{"", "?from=2026-01-01T00:00:00Z", "?from=2026-11-01T00:00:00Z&to=2026-10-01T00:00:00Z", "?from=2026-11-01T00:00:00Z&cursor=!"} {
		w.ask(t, 422, "reports", "GET", path+query, "")
	}
}

func TestConversions(t *testing.T) {
	w := newWorld(t)
	if got := w.ask(t, 200, "read", "GET", "/api/v1/conversions?state=failed", "")["data"].([]any)[0].(map[string]any); got["detail"] != "refused" || got["error_code"] != 100. {
		t.Errorf("%v", got)
	}
	if got := w.ask(t, 200, "admin", "POST", "/api/v1/conversions/1/replay", ""); got["state"] != "pending" || got["detail"] != nil {
		t.Errorf("%v", got)
	}
	w.ask(t, 404, "stranger", "POST", "/api/v1/conversions/1/replay", "")
	const rule = "/api/v1/conversion-rules/1"
	if got := w.ask(t, 200, "admin", "PUT", rule, `{"event":"Purchase","value":{"currency":"BRL","amount":"99.9"}}`); got["value"].(map[string]any)["amount"] != "99.90" {
		t.Errorf("%v", got)
	}
	for _, bad := range []string{`{"event":"Lead"}`, `{"event":"Purchase"}`, `{"event":"Purchase","value":{"currency":"BRL","amount":"-1"}}`, `{}`} {
		w.ask(t, 422, "admin", "PUT", rule, bad)
	}
	w.ask(t, 403, "write", "PUT", rule, `{"event":"LeadSubmitted"}`)
	w.ask(t, 204, "admin", "DELETE", rule, "")
}
