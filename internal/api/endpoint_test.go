package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"arauto"
)

func TestEndpoints(t *testing.T) {
	w, db := sqliteWorld(t)
	ask := func(status int, method, path, body string) map[string]any {
		t.Helper()
		return w.ask(t, status, "admin", method, "/api/v1"+path, body)
	}
	made := ask(201, "POST", "/endpoints", `{"url":"https://example.com/hook","types":["contact.state","import.finished"]}`)
	secret, _ := made["secret"].(string)
	if !strings.HasPrefix(secret, "whsec_") || len(secret) < 40 || made["state"] != "active" {
		t.Fatalf("%v", made)
	}
	t.Run("the secret is shown once", func(t *testing.T) {
		for _, path := range []string{"/endpoints", "/endpoints/1", "/audit"} {
			if rec := w.do("admin", "GET", "/api/v1"+path, ""); strings.Contains(rec.Body.String(), "whsec_") || rec.Code != 200 {
				t.Errorf("%s: %d %s", path, rec.Code, rec.Body)
			}
		}
	})
	t.Run("addresses inside", func(t *testing.T) {
		for _, url := range []string{"http://example.com", "https://127.0.0.1/x", "https://localhost", "https://10.0.0.1:8443", "https://[::1]/", "https://169.254.169.254/latest/meta-data", "nonsense"} {
			out := ask(422, "POST", "/endpoints", fmt.Sprintf(`{"url":%q}`, url))
			if !strings.Contains(fmt.Sprint(out), "body.url") {
				t.Errorf("%s: %v", url, out)
			}
			ask(422, "PATCH", "/endpoints/1", fmt.Sprintf(`{"url":%q}`, url))
		}
	})
	t.Run("types that there are not", func(t *testing.T) {
		ask(422, "POST", "/endpoints", `{"url":"https://example.com","types":["clock"]}`)
	})
	t.Run("changes", func(t *testing.T) {
		out := ask(200, "PATCH", "/endpoints/1", `{"url":"https://example.com/2","description":"CRM","types":[],"enabled":false}`)
		if out["url"] != "https://example.com/2" || out["description"] != "CRM" || out["state"] != "disabled" || len(out["types"].([]any)) != 0 {
			t.Errorf("%v", out)
		}
		if out = ask(200, "PATCH", "/endpoints/1", `{"enabled":true}`); out["state"] != "active" || out["description"] != "CRM" {
			t.Errorf("%v", out)
		}
	})
	t.Run("rotates", func(t *testing.T) {
		out := ask(200, "POST", "/endpoints/1/rotate-secret", "")
		if !strings.HasPrefix(out["secret"].(string), "whsec_") {
			t.Errorf("%v", out)
		}
		e, err := db.Endpoint(t.Context(), 1, 1)
		if err != nil || string(e.Previous) != secret || e.PreviousUntil.IsZero() {
			t.Errorf("%v, %v", e.PreviousUntil, err)
		}
	})
	t.Run("is tried out", func(t *testing.T) {
		out := ask(200, "POST", "/endpoints/1/test", "")
		if out["taken"] != false || out["status"] != 503.0 || out["error"] != "answered 503 Service Unavailable" {
			t.Errorf("%v", out)
		}
	})
	t.Run("events, and telling them again", func(t *testing.T) {
		for range 3 {
			c := ask(201, "POST", "/campaigns", `{"name":"ofertas"}`)
			ask(200, "POST", fmt.Sprintf("/campaigns/%v/cancel", c["id"]), "")
		}
		first := ask(200, "GET", "/events?limit=2", "")
		rows := first["data"].([]any)
		newest := rows[0].(map[string]any)
		if len(rows) != 2 || newest["type"] != "campaign.state" || newest["data"].(map[string]any)["new_state"] != "cancelled" || newest["timestamp"] == nil {
			t.Fatalf("%v", first)
		}
		rest := w.ask(t, 200, "admin", "GET", first["next"].(string), "")["data"].([]any)
		if len(rest) != 1 {
			t.Fatalf("%v", rest)
		}
		oldest := rest[0].(map[string]any)["id"].(string)
		cursor := func() int64 {
			e, err := db.Endpoint(t.Context(), 1, 1)
			if err != nil {
				t.Fatal(err)
			}
			return e.Cursor
		}
		if _, err := db.ChangeEndpoint(t.Context(), arauto.System(1), now, 1, 1, "update", func(e arauto.Endpoint) (arauto.Endpoint, error) { e.Cursor = 3; return e, nil }); err != nil {
			t.Fatal(err)
		}
		ask(200, "POST", "/endpoints/1/replay", "")
		if cursor() != 3 {
			t.Errorf("from where it stopped: %d", cursor())
		}
		ask(200, "POST", "/endpoints/1/replay", fmt.Sprintf(`{"from":%q}`, newest["id"]))
		if cursor() != 2 {
			t.Errorf("from the newest: %d", cursor())
		}
		ask(200, "POST", "/endpoints/1/replay", fmt.Sprintf(`{"from":%q}`, oldest))
		if cursor() != 0 {
			t.Errorf("from the oldest: %d", cursor())
		}
		ask(200, "POST", "/endpoints/1/replay", `{"since":"2100-01-01T00:00:00Z"}`)
		if cursor() != 3 {
			t.Errorf("since a moment to come: %d", cursor())
		}
		ask(200, "POST", "/endpoints/1/replay", `{"since":"2000-01-01T00:00:00Z"}`)
		if cursor() != 0 {
			t.Errorf("since long ago: %d", cursor())
		}
		for _, body := range []string{`{"from":"e1.99"}`, `{"from":"nonsense"}`, `{"from":"e1.1"}`, fmt.Sprintf(`{"from":%q,"since":"2000-01-01T00:00:00Z"}`, oldest)} {
			ask(422, "POST", "/endpoints/1/replay", body)
		}
	})
	t.Run("goes", func(t *testing.T) {
		if rec := w.do("admin", "DELETE", "/api/v1/endpoints/1", ""); rec.Code != http.StatusNoContent {
			t.Errorf("%d %s", rec.Code, rec.Body)
		}
		ask(404, "GET", "/endpoints/1", "")
		ask(404, "POST", "/endpoints/1/test", "")
		ask(404, "POST", "/endpoints/1/replay", "")
		ask(404, "POST", "/endpoints/1/rotate-secret", "")
	})
}
