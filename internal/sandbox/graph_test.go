package sandbox_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"arauto/internal/sandbox"

	"github.com/google/go-cmp/cmp"
)

func TestMessages_Answer(t *testing.T) {
	w := newWorld(t, nil)
	story := sandbox.Fate(7, "+5511975500010")
	for _, path := range []string{"", "/v25.0", "/v26.0"} {
		a := w.call("POST", path+"/"+w.cfg.PhoneNumberID+"/messages", offer("+55 (11) 97550-0010", "cb"))
		want := fmt.Sprintf(`{"messaging_product":"whatsapp","contacts":[{"input":"+55 (11) 97550-0010","wa_id":%q}],"messages":[{"id":%q,"message_status":"accepted"}]}`, story.WAID, a.id())
		if a.raw != want || !strings.HasPrefix(a.id(), "wamid.") {
			t.Errorf("answered %s\nwant %s", a.raw, want)
		}
	}
	held := w.send("+5511975500140", "")
	if !strings.Contains(held.raw, `"message_status":"held_for_quality_assessment"`) {
		t.Errorf("held: %s", held.raw)
	}
	byID := w.post(strings.Replace(offer("X", ""), `"to":"X"`, `"recipient":"`+story.UserID+`"`, 1))
	if !strings.Contains(byID.raw, `"user_id":"`+story.UserID+`"`) || strings.Contains(byID.raw, "wa_id") {
		t.Errorf("to a user id: %s", byID.raw)
	}
}

func TestMessages_Refusals(t *testing.T) {
	template := func(name, language, components string) string {
		return fmt.Sprintf(`{"messaging_product":"whatsapp","to":"+5511975500010","type":"template","template":{"name":%q,"language":{"code":%q},"components":[%s]}}`, name, language, components)
	}
	const (
		image = `{"type":"header","parameters":[{"type":"image","image":{"id":"1"}}]}`
		named = `{"type":"body","parameters":[{"type":"text","parameter_name":"loja","text":"Centro"},{"type":"text","parameter_name":"nome","text":"Ana"},{"type":"text","parameter_name":"colecao","text":"Outono"}]}`
		url   = `{"type":"button","sub_type":"url","index":1,"parameters":[{"type":"text","text":"outono"}]}`
	)
	launch := func(components ...string) string {
		return template("lancamento_colecao", "pt_BR", strings.Join(components, ","))
	}
	good := offer("+5511975500010", "cb")
	for _, c := range []struct {
		name, body string
		code       int
	}{
		{"positional", good, 0},
		{"named in any order, image, url", launch(image, named, url), 0},
		{"image by link", launch(strings.Replace(image, `"id":"1"`, `"link":"https://x.example/a.jpg"`, 1), named, url), 0},
		{"static template", template("aviso_simples", "pt_BR", ""), 0},
		{"media message", `{"messaging_product":"whatsapp","to":"+5511975500010","type":"image","image":{"id":"1"}}`, 0},
		{"text is the default type", `{"messaging_product":"whatsapp","to":"+5511975500010","text":{"body":"oi"}}`, 0},

		{"no JSON", `nonsense`, 100},
		{"no product", strings.Replace(good, `"messaging_product":"whatsapp",`, ``, 1), 100},
		{"group", strings.Replace(good, "individual", "group", 1), 100},
		{"type unknown", strings.Replace(good, `"type":"template",`, `"type":"fax",`, 1), 100},
		{"callback too long", strings.Replace(good, `"cb"`, `"`+strings.Repeat("x", 513)+`"`, 1), 100},
		{"callback of 512", strings.Replace(good, `"cb"`, `"`+strings.Repeat("x", 512)+`"`, 1), 0},
		{"body too large", `{"x":"` + strings.Repeat("x", 300<<10) + `"}`, 100},
		{"no recipient", strings.Replace(good, `"to":"+5511975500010",`, ``, 1), 131008},
		{"recipient with letters", strings.Replace(good, "+5511975500010", "+55ANA", 1), 131009},
		{"recipient too short", strings.Replace(good, "+5511975500010", "+5511", 1), 131009},
		{"user id of nobody", `{"messaging_product":"whatsapp","recipient":"BR.17","text":{"body":"oi"}}`, 131009},
		{"the sender", strings.Replace(good, "+5511975500010", "+55 11 4000-1234", 1), 131021},
		{"text without body", `{"messaging_product":"whatsapp","to":"+5511975500010","type":"text"}`, 131008},
		{"image without image", `{"messaging_product":"whatsapp","to":"+5511975500010","type":"image"}`, 131008},

		{"template unknown", template("nope", "pt_BR", ""), 132001},
		{"language unknown", template("aviso_simples", "es", ""), 132001},
		{"template paused", template("reativacao_cliente", "pt_BR", ""), 132015},
		{"template rejected", template("premio_garantido", "pt_BR", ""), 132001},
		{"template without language", `{"messaging_product":"whatsapp","to":"+5511975500010","type":"template","template":{"name":"aviso_simples"}}`, 131008},
		{"too few parameters", strings.Replace(good, `,{"type":"text","text":"sábado"}`, ``, 1), 132000},
		{"parameter for a static body", template("aviso_simples", "pt_BR", `{"type":"body","parameters":[{"type":"text","text":"x"}]}`), 132000},
		{"empty parameter", strings.Replace(good, "sábado", "", 1), 131008},
		{"line break in a parameter", strings.Replace(good, "sábado", `a\nb`, 1), 132018},
		{"parameter too long", strings.Replace(good, "sábado", strings.Repeat("x", 1000), 1), 132005},
		{"name missing", launch(image, strings.Replace(named, `"parameter_name":"loja",`, ``, 1), url), 132012},
		{"name twice", launch(image, strings.Replace(named, `"loja"`, `"nome"`, 1), url), 132012},
		{"header missing", launch(named, url), 132012},
		{"header of another kind", launch(strings.ReplaceAll(image, "image", "video"), named, url), 132012},
		{"image of nothing", launch(strings.Replace(image, `"id":"1"`, ``, 1), named, url), 131008},
		{"url parameter missing", launch(image, named), 131008},
		{"no such button", launch(image, named, strings.Replace(url, `"index":1`, `"index":"7"`, 1)), 131009},
		{"button of another kind", launch(image, named, strings.Replace(url, `"index":1`, `"index":"0"`, 1)), 132012},
		{"quick reply with text", strings.Replace(good, `{"type":"payload","payload":"yes:1"}`, `{"type":"text","text":"yes"}`, 1), 131009},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, nil)
			a := w.post(c.body)
			if a.code() != c.code {
				t.Errorf("answered %d %s, want code %d", a.status, a.raw, c.code)
			}
			sum := w.box.Summary()
			if c.code == 0 && sum.Accepted != 1 || c.code != 0 && sum.Refused[c.code] != 1 {
				t.Errorf("ledger says %+v", sum)
			}
		})
	}
}

func TestMarketingMessages(t *testing.T) {
	inBubble(t, nil, func(w *world) {
		path := "/v25.0/" + w.cfg.PhoneNumberID + "/marketing_messages"
		if a := w.call("POST", path, offer(reader, "")); a.code() != 0 {
			t.Errorf("answered %s", a.raw)
		}
		if a := w.call("POST", path, text(reader, "oi")); a.code() != 134100 {
			t.Errorf("text answered %s", a.raw)
		}
		w.settle()
		if got := w.receiver.all()[0].category; got != "marketing_lite" {
			t.Errorf("priced as %q", got)
		}
	})
}

func TestErrors_ShapeOfMeta(t *testing.T) {
	w := newWorld(t, nil)
	a := w.send("+5511975500420", "")
	if a.status != http.StatusTooManyRequests {
		t.Errorf("130429 came with HTTP %d", a.status)
	}
	for path, want := range map[string]any{
		"error.message":                      "(#130429) Rate limit hit",
		"error.type":                         "OAuthException",
		"error.code":                         130429.,
		"error.error_data.messaging_product": "whatsapp",
	} {
		if got := dig(a.body, path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	if dig(a.body, "error.error_data.details") == "" || dig(a.body, "error.fbtrace_id") == dig(w.send("+5511975500420", "").body, "error.fbtrace_id") {
		t.Errorf("answered %s", a.raw)
	}

	t.Run("token", func(t *testing.T) {
		w := newWorld(t, func(c *sandbox.Config) { c.AccessToken = "another" })
		if a := w.send(reader, ""); a.status != http.StatusUnauthorized || a.code() != 190 {
			t.Errorf("answered %d %s", a.status, a.raw)
		}
		if got := w.box.Summary().Refused[190]; got != 1 {
			t.Errorf("%d refused with 190", got)
		}
	})
	t.Run("nothing there", func(t *testing.T) {
		for path, code := range map[string]int{"/v25.0/1": 100, "/v25.0/1/messages": 100, "/": 100, "/v25.0": 2500, "/v25.0/1/2/3": 2500} {
			if a := w.call("POST", path, "{}"); a.code() != code {
				t.Errorf("%s answered %d %s", path, a.status, a.raw)
			}
		}
	})
}

func TestObjects(t *testing.T) {
	w := newWorld(t, nil)
	number, waba := "/v25.0/"+w.cfg.PhoneNumberID, "/v25.0/"+w.cfg.WABAID
	for _, c := range []struct{ path, at, want string }{
		{number, "display_phone_number", "+55 11 4000-1234"},
		{number + "?fields=throughput,quality_rating", "throughput.level", "STANDARD"},
		{number + "?fields=whatsapp_business_manager_messaging_limit", "whatsapp_business_manager_messaging_limit", "TIER_100K"},
		{waba, "id", w.cfg.WABAID},
		{waba + "?fields=owner_business_info{id,name}", "owner_business_info.id", w.cfg.PortfolioID},
		{waba + "/phone_numbers", "data.0.id", w.cfg.PhoneNumberID},
		{waba + "/subscribed_apps", "data.0.whatsapp_business_api_data.id", w.cfg.AppID},
		{"/v25.0/800100200300401?fields=status", "status", "APPROVED"},
		{"/v25.0/" + w.cfg.PortfolioID, "id", w.cfg.PortfolioID},
	} {
		if a := w.call("GET", c.path, ""); dig(a.body, c.at) != c.want {
			t.Errorf("%s answered %s, want %s %q", c.path, a.raw, c.at, c.want)
		}
	}
	if a := w.call("GET", number+"?fields=nonsense", ""); a.code() != 100 {
		t.Errorf("a field that does not exist answered %s", a.raw)
	}
	if a := w.call("GET", number+"?fields=throughput", ""); len(a.body) != 2 {
		t.Errorf("one field answered %s", a.raw)
	}
}

func TestTemplates_Pages(t *testing.T) {
	w := newWorld(t, nil)
	if err := w.box.AddTemplate(sandbox.Template{Name: "extra", Language: "en", Category: "UTILITY", Components: []sandbox.Component{{Type: "BODY", Text: "Hi"}}}); err != nil {
		t.Fatal(err)
	}
	var names []string
	pages := 0
	for next := "/v25.0/" + w.cfg.WABAID + "/message_templates?fields=name,status,components,parameter_format&limit=4"; next != ""; pages++ {
		a := w.call("GET", next, "")
		for _, item := range a.body["data"].([]any) {
			names = append(names, fmt.Sprint(dig(item, "name"), " ", dig(item, "status")))
			if dig(item, "category") != nil || dig(item, "id") == nil || dig(item, "components.0.type") == nil {
				t.Errorf("fields of %v", item)
			}
		}
		next, _ = dig(a.body, "paging.next").(string)
		next = strings.TrimPrefix(next, "http://graph.test")
	}
	want := []string{
		"oferta_boas_vindas APPROVED", "oferta_boas_vindas APPROVED", "lancamento_colecao APPROVED", "segunda_via_boleto APPROVED",
		"order_shipped APPROVED", "aviso_simples APPROVED", "reativacao_cliente PAUSED", "premio_garantido REJECTED", "extra APPROVED",
	}
	if diff := cmp.Diff(want, names); diff != "" || pages != 3 {
		t.Errorf("%d pages: %s", pages, diff)
	}
	a := w.call("GET", "/v25.0/"+w.cfg.WABAID+"/message_templates?name=oferta_boas_vindas&language=es", "")
	if len(a.body["data"].([]any)) != 1 {
		t.Errorf("filtered: %s", a.raw)
	}
	for _, bad := range []string{"limit=0", "limit=x", "after=%21"} {
		if a := w.call("GET", "/v25.0/"+w.cfg.WABAID+"/message_templates?"+bad, ""); a.code() != 100 {
			t.Errorf("%s answered %s", bad, a.raw)
		}
	}
}

func TestAddTemplate_Refused(t *testing.T) {
	s := sandbox.New(sandbox.Config{})
	body := []sandbox.Component{{Type: "BODY", Text: "Oi"}}
	for name, bad := range map[string]sandbox.Template{
		"name":      {Name: "With Spaces", Language: "pt_BR", Components: body},
		"language":  {Name: "x", Components: body},
		"body":      {Name: "x", Language: "pt_BR"},
		"exists":    {Name: "aviso_simples", Language: "pt_BR", Components: body},
		"id taken":  {ID: "800100200300401", Name: "x", Language: "pt_BR", Components: body},
		"id no int": {ID: "abc", Name: "x", Language: "pt_BR", Components: body},
	} {
		if err := s.AddTemplate(bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// The package comment and the list say the same form of numbers.
func TestMagicNumbers_Form(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	before := -1
	for _, m := range sandbox.MagicNumbers() {
		if m.Group <= before || m.Group > 99 {
			t.Errorf("group %d after %d", m.Group, before)
		}
		before = m.Group
		pattern := fmt.Sprintf("+55 11 97550-0%02dZ", m.Group)
		if m.Pattern() != pattern || m.Number(9) != "+"+strings.NewReplacer(" ", "", "-", "", "+", "", "Z", "9").Replace(pattern) {
			t.Errorf("group %d: %s, %s", m.Group, m.Pattern(), m.Number(9))
		}
	}
	if !strings.Contains(string(doc), "+55 11 97550-0XYZ") {
		t.Error("doc.go shows another form")
	}
}

func FuzzDecodeSend(f *testing.F) {
	f.Add([]byte(offer("+5511975500010", "cb")))
	f.Add([]byte(text("+5511975500010", "oi")))
	f.Add([]byte(`{"messaging_product":"whatsapp","recipient":"BR.1","type":"template","template":{"name":"a","language":{"code":"b"},"components":[{"type":"button","index":null,"parameters":[{}]}]}}`))
	f.Add([]byte(`{"messaging_product":"whatsapp","to":"+++","type":"reaction","reaction":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if code := sandbox.DecodeSend(body); code < 0 || code > 999999 {
			t.Errorf("refused with %d", code)
		}
	})
}
