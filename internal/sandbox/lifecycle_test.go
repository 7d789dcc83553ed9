package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"arauto/internal/sandbox"

	"github.com/google/go-cmp/cmp"
)

// simple sends a template of one body without variables.
func (w *world) simple(name string) answer {
	w.Helper()
	return w.post(fmt.Sprintf(`{"messaging_product":"whatsapp","to":%q,"type":"template","template":{"name":%q,"language":{"code":"pt_BR"}}}`, reader, name))
}

func (w *world) make(name, more string) answer {
	w.Helper()
	return w.call("POST", "/v25.0/"+w.cfg.WABAID+"/message_templates",
		`{"name":"`+name+`","language":"pt_BR","category":"utility","components":[{"type":"body","text":"Seu pedido chegou."}`+more+`]}`)
}

// told are the events of a template, with what other_info calls them.
func (w *world) told(name string) []string {
	var all []string
	for _, v := range w.events("message_template_status_update") {
		if v["message_template_name"] == name {
			word := fmt.Sprint(v["event"])
			if title := dig(v, "other_info.title"); title != nil {
				word += " " + fmt.Sprint(title)
			}
			all = append(all, word)
		}
	}
	return all
}

func TestTemplate_CreatedAndReviewed(t *testing.T) {
	inBubble(t, func(c *sandbox.Config) { c.Review, c.Workers = time.Minute, 1 }, func(w *world) {
		a := w.make("pedido", "")
		if a.status != 200 || a.body["status"] != "PENDING" || a.body["category"] != "UTILITY" || a.body["id"] == "" {
			t.Fatalf("answered %d %s", a.status, a.raw)
		}
		if a := w.simple("pedido"); a.code() != 132001 {
			t.Errorf("sent while pending: %s", a.raw)
		}
		if a := w.make("pedido", ""); a.code() != 100 || dig(a.body, "error.error_subcode") == nil || dig(a.body, "error.error_user_title") == nil {
			t.Errorf("made twice: %s", a.raw)
		}
		w.make("reject_pedido", "")
		w.settle()
		if a := w.simple("pedido"); a.code() != 0 {
			t.Errorf("sent when approved: %s", a.raw)
		}
		if diff := cmp.Diff([]string{"APPROVED"}, w.told("pedido")); diff != "" {
			t.Error(diff)
		}
		v := w.event("message_template_status_update")
		if v["event"] != "REJECTED" || v["reason"] != "INVALID_FORMAT" || dig(v, "rejection_info.reason") == nil {
			t.Errorf("told %v", v)
		}
		one := w.call("GET", "/v25.0/"+fmt.Sprint(a.body["id"])+"?fields=status,rejected_reason,quality_score", "")
		if one.body["status"] != "APPROVED" {
			t.Errorf("GET says %s", one.raw)
		}
	})
	t.Run("never reviewed", func(t *testing.T) {
		inBubble(t, func(c *sandbox.Config) { c.Review = -1 }, func(w *world) {
			w.make("pedido", "")
			time.Sleep(time.Hour)
			if a := w.simple("pedido"); a.code() != 132001 {
				t.Errorf("sent: %s", a.raw)
			}
		})
	})
}

func TestTemplate_NotEvenReviewed(t *testing.T) {
	body := func(text, more string) string {
		return `{"name":"x","language":"pt_BR","category":"UTILITY","components":[{"type":"BODY","text":"` + text + `"` + more + `}]}`
	}
	sample := `,"example":{"body_text":[["Ana"]]}`
	for name, c := range map[string]struct {
		body    string
		subcode float64
	}{
		"fine":             {body("Oi {{1}}, seu pedido chegou.", sample), 0},
		"leading":          {body("{{1}}, seu pedido chegou.", sample), 2388299},
		"trailing":         {body("Seu pedido chegou, {{1}}", sample), 2388299},
		"adjacent":         {body("Oi {{1}}{{2}}, seu pedido chegou hoje.", sample), 2388293},
		"few words":        {body("Oi {{1}} a {{2}} b", sample), 2388293},
		"no sample":        {body("Oi {{1}}, seu pedido chegou.", ""), 2388043},
		"sample of others": {body("Oi {{1}}, seu pedido {{2}} chegou hoje cedo.", sample), 2388043},
		"name":             {strings.Replace(body("Oi", ""), `"x"`, `"X Y"`, 1), -1},
		"category":         {strings.Replace(body("Oi", ""), "UTILITY", "FUN", 1), -1},
		"no body":          {strings.Replace(body("Oi", ""), "BODY", "FOOTER", 1), -1},
		"too long":         {body(strings.Repeat("x", 1025), ""), -1},
		"media header":     {strings.Replace(body("Oi", ""), `[`, `[{"type":"HEADER","format":"IMAGE"},`, 1), 2388273},
		"no JSON":          {"{", -1},
	} {
		w := newWorld(t, nil)
		a := w.call("POST", "/v25.0/"+w.cfg.WABAID+"/message_templates", c.body)
		switch subcode := dig(a.body, "error.error_subcode"); {
		case c.subcode == 0 && a.code() != 0, c.subcode > 0 && subcode != c.subcode, c.subcode < 0 && (a.code() != 100 || subcode != nil):
			t.Errorf("%s: answered %s", name, a.raw)
		}
	}
}

func TestTemplate_EditedAndDeleted(t *testing.T) {
	inBubble(t, func(c *sandbox.Config) { c.Workers = 1 }, func(w *world) {
		id := fmt.Sprint(w.make("pedido", "").body["id"])
		if a := w.call("POST", "/v25.0/"+id, `{"components":[]}`); a.code() != 100 {
			t.Errorf("edited while pending: %s", a.raw)
		}
		w.settle()
		if a := w.call("POST", "/v25.0/"+id, `{"category":"marketing","components":[{"type":"BODY","text":"Chegou hoje cedo, {{1}}, o seu pedido!","example":{"body_text":[["Ana"]]}}]}`); a.body["success"] != true {
			t.Fatalf("edit answered %s", a.raw)
		}
		if a := w.simple("pedido"); a.code() != 132001 {
			t.Errorf("sent while reviewed again: %s", a.raw)
		}
		w.settle()
		if a := w.simple("pedido"); a.code() != 132000 {
			t.Errorf("sent without its new parameter: %s", a.raw)
		}
		list := "/v25.0/" + w.cfg.WABAID + "/message_templates"
		for path, want := range map[string]int{"?name=nobody": 100, "": 100, "?name=oferta_boas_vindas&hsm_id=" + id: 100, "?name=oferta_boas_vindas": 0, "?hsm_ids=[" + id + "]": 0} {
			if a := w.call("DELETE", list+path, ""); a.code() != want {
				t.Errorf("DELETE %s answered %s", path, a.raw)
			}
		}
		w.settle()
		if a := w.send(reader, ""); a.code() != 132001 {
			t.Errorf("sent when deleted: %s", a.raw)
		}
		if diff := cmp.Diff([]string{"APPROVED", "APPROVED", "PENDING_DELETION", "DELETED"}, w.told("pedido")); diff != "" {
			t.Error(diff)
		}
		if got := len(w.told("oferta_boas_vindas")); got != 4 {
			t.Errorf("%d events of the two languages, want 4", got)
		}
		if a := w.simple("aviso_simples"); a.code() != 0 {
			t.Errorf("another: %s", a.raw)
		}
	})
}

func TestTemplate_PauseLadder(t *testing.T) {
	inBubble(t, func(c *sandbox.Config) { c.Workers = 1 }, func(w *world) {
		pause := func() {
			t.Helper()
			if a := w.call("POST", "/_sandbox/template", `{"name":"aviso_simples","language":"pt_BR","pause":true}`); a.status != 200 {
				t.Fatal(a.raw)
			}
		}
		sends := func(when string, code int) {
			t.Helper()
			if a := w.simple("aviso_simples"); a.code() != code {
				t.Errorf("%s: answered %s, want %d", when, a.raw, code)
			}
		}
		pause()
		sends("paused", 132015)
		time.Sleep(3*time.Hour - time.Minute)
		sends("just before three hours", 132015)
		time.Sleep(2 * time.Minute)
		sends("after three hours", 0)
		pause()
		time.Sleep(4 * time.Hour)
		sends("four hours into the second", 132015)
		if a := w.call("POST", "/v25.0/800100200300406/unpause", ""); a.body["success"] != true {
			t.Errorf("unpause answered %s", a.raw)
		}
		sends("unpaused by hand", 0)
		if a := w.call("POST", "/v25.0/800100200300406/unpause", ""); a.code() != 100 {
			t.Errorf("unpause of what is not paused answered %s", a.raw)
		}
		pause()
		time.Sleep(100 * time.Hour)
		sends("the third time", 132016)
		want := []string{"PAUSED FIRST_PAUSE", "APPROVED UNPAUSE", "PAUSED SECOND_PAUSE", "APPROVED UNPAUSE", "DISABLED DISABLED"}
		if diff := cmp.Diff(want, w.told("aviso_simples")); diff != "" {
			t.Error(diff)
		}
		if got := dig(w.event("message_template_status_update"), "disable_info.disable_date"); got == nil {
			t.Error("no disable_date")
		}
	})
}

func TestTemplate_QualityAndCategory(t *testing.T) {
	inBubble(t, nil, func(w *world) {
		w.call("POST", "/_sandbox/template", `{"name":"aviso_simples","language":"pt_BR","quality":"RED","category":"MARKETING"}`)
		w.settle()
		want := map[string]any{
			"previous_quality_score": "GREEN", "new_quality_score": "RED",
			"message_template_id": 800100200300406., "message_template_name": "aviso_simples", "message_template_language": "pt_BR",
		}
		if diff := cmp.Diff(want, w.event("message_template_quality_update")); diff != "" {
			t.Error(diff)
		}
		if v := w.event("template_category_update"); v["previous_category"] != "UTILITY" || v["new_category"] != "MARKETING" {
			t.Errorf("told %v", v)
		}
		w.simple("aviso_simples")
		w.settle()
		if got := w.receiver.all(); got[len(got)-2].category != "marketing" {
			t.Errorf("priced as %+v", got[len(got)-2])
		}
		for _, bad := range []string{`{"name":"x","language":"pt_BR","pause":true}`, `{"name":"aviso_simples","language":"pt_BR"}`, `{"name":"aviso_simples","language":"pt_BR","quality":"PINK"}`, `{"nome":"x"}`} {
			if a := w.call("POST", "/_sandbox/template", bad); a.status != 400 {
				t.Errorf("%s answered %d", bad, a.status)
			}
		}
	})
}

func TestAccount(t *testing.T) {
	inBubble(t, nil, func(w *world) {
		w.call("POST", "/_sandbox/account", `{"event":"ACCOUNT_RESTRICTION","code":131031}`)
		if a := w.send(reader, ""); a.code() != 131031 {
			t.Errorf("restricted: %s", a.raw)
		}
		w.settle()
		if v := w.event("account_update"); v["event"] != "ACCOUNT_RESTRICTION" {
			t.Errorf("told %v", v)
		}
		w.call("POST", "/_sandbox/account", `{"code":0,"value":{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":"REINSTATE"}}}`)
		if a := w.send(reader, ""); a.code() != 0 {
			t.Errorf("free again: %s", a.raw)
		}
		w.settle()
		if v := w.event("account_update"); dig(v, "ban_info.waba_ban_state") != "REINSTATE" {
			t.Errorf("told %v", v)
		}
		w.call("POST", "/_sandbox/event", `{"field":"flows","value":{"event":"FLOW_STATUS_CHANGE"}}`)
		w.settle()
		if v := w.event("flows"); v["event"] != "FLOW_STATUS_CHANGE" {
			t.Errorf("told %v", v)
		}
		for path, bad := range map[string]string{"account": `{}`, "event": `{"field":"x"}`, "event2": `{}`} {
			if a := w.call("POST", "/_sandbox/"+path, bad); a.status < 400 {
				t.Errorf("%s %s answered %d", path, bad, a.status)
			}
		}
	})
}
