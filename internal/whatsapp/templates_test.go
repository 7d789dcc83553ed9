package whatsapp_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"arauto"
	"arauto/internal/sandbox"
	"arauto/internal/whatsapp"
)

// pretend is a client of a sandbox.
func pretend(t *testing.T) (*whatsapp.Client, *sandbox.Sandbox, arauto.Sender) {
	t.Helper()
	sb := sandbox.New(sandbox.Config{AccessToken: token, Tidy: true})
	return whatsapp.New(whatsapp.Config{Transport: sandbox.InProcess(sb)}), sb, sender("http://sandbox.invalid")
}

func TestTemplates_OfTheSandbox(t *testing.T) {
	c, sb, s := pretend(t)
	for i := range 250 { // three pages
		err := sb.AddTemplate(sandbox.Template{Name: fmt.Sprintf("t%d", i), Language: "es", Category: "UTILITY", Components: []sandbox.Component{{Type: "BODY", Text: "Hola"}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	list, err := c.Templates(t.Context(), s, s.WABAMetaID)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != len(sb.Templates()) {
		t.Errorf("%d templates of %d", len(list), len(sb.Templates()))
	}
	find := func(name, language string) arauto.Template {
		i := slices.IndexFunc(list, func(t arauto.Template) bool { return t.Name == name && t.Language == language })
		if i < 0 {
			t.Fatalf("no %s in %s", name, language)
		}
		got := list[i]
		got.MetaID = ""
		return got
	}
	want := arauto.Template{
		Account: 3, WABA: 5, Name: "lancamento_colecao", Language: "pt_BR", Category: "MARKETING", Status: "APPROVED", Quality: "YELLOW", Named: true,
		Header: arauto.Header{Format: "IMAGE"},
		Body:   "Oi, {{nome}}! A coleção {{colecao}} chegou à loja {{loja}} e você pode reservar antes de todo mundo.",
		Footer: "Para não receber mais, toque abaixo",
		Buttons: []arauto.Button{
			{Type: "QUICK_REPLY", Text: "Reservar"}, {Type: "URL", Text: "Ver coleção", URL: "https://loja.example/colecao/{{1}}"}, {Type: "QUICK_REPLY", Text: "Parar promoções"},
		},
	}
	if diff := cmp.Diff(want, find("lancamento_colecao", "pt_BR")); diff != "" {
		t.Error(diff)
	}
	if got := find("premio_garantido", "pt_BR"); got.Status != "REJECTED" || got.Rejected != "ABUSIVE_CONTENT" {
		t.Errorf("%+v", got)
	}
	if got := find("oferta_boas_vindas", "es"); got.Header != (arauto.Header{Format: "TEXT", Text: "¡Hola, {{1}}!"}) || got.Named {
		t.Errorf("%+v", got)
	}
}

func TestTemplates_NextIsNeverFollowed(t *testing.T) {
	var asked []string
	c, s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Host+r.URL.Path+" after="+r.URL.Query().Get("after"))
		if len(asked) == 1 {
			io.WriteString(w, `{"data":[{"id":1,"name":"a"}],"paging":{"cursors":{"after":"QVA&limit=9"},"next":"http://169.254.169.254/latest?access_token=x"}}`)
			return
		}
		io.WriteString(w, `{"data":[{"id":"2","name":"b"}],"paging":{"cursors":{"after":"QVB"}}}`)
	})
	list, err := c.Templates(t.Context(), s, s.WABAMetaID)
	if err != nil {
		t.Fatal(err)
	}
	where := strings.TrimPrefix(s.GraphURL, "http://") + "/v25.0/500100200300400/message_templates after="
	if diff := cmp.Diff([]string{where, where + "QVA&limit=9"}, asked); diff != "" {
		t.Error(diff)
	}
	if len(list) != 2 || list[0].MetaID != "1" || list[1].MetaID != "2" {
		t.Errorf("%+v", list)
	}
}

func TestTemplates_Bounds(t *testing.T) {
	page := func(n int) string {
		return `{"data":[` + strings.TrimSuffix(strings.Repeat(`{"id":"1","name":"a"},`, n), ",") + `],"paging":{"cursors":{"after":"Q"},"next":"more"}}`
	}
	for name, c := range map[string]struct {
		body, say string
	}{
		"too many":          {page(100), "more than 10000 templates"},
		"pages without end": {page(0), "does not end"},
		"a page too long":   {strings.Repeat(" ", 9<<20), "could not be asked"},
	} {
		t.Run(name, func(t *testing.T) {
			client, s := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, c.body) })
			list, err := client.Templates(t.Context(), s, s.WABAMetaID)
			if list != nil || arauto.KindOf(err) != arauto.KindConflict || !strings.Contains(err.Error(), c.say) {
				t.Errorf("%d templates, %v", len(list), err)
			}
		})
	}
}

func TestManagementErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		kind   arauto.Kind
		say    string
	}{
		{"token", 401, `{"error":{"message":"expired","code":190}}`, arauto.KindInvalid, `Meta refuses the access token of sender "Vendas": make a new system-user token`},
		{"permission", 403, `{"error":{"message":"m","code":200}}`, arauto.KindInvalid, "whatsapp_business_management"},
		{"no such object", 400, `{"error":{"message":"m","code":100,"error_subcode":33,"type":"GraphMethodException"}}`, arauto.KindInvalid, "check the id"},
		{"too many calls", 400, `{"error":{"message":"m","code":80007}}`, arauto.KindLimited, "try again in an hour"},
		{"transient", 500, `{"error":{"message":"m","code":2}}`, arauto.KindConflict, "try again in a moment"},
		{"another code", 400, `{"error":{"message":"m","code":139999}}`, arauto.KindConflict, "with code 139999: m"},
		{"no words", 502, `<html>`, arauto.KindConflict, "try again in a moment"},
		{"not Meta", 404, `{}`, arauto.KindConflict, "HTTP 404"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				io.WriteString(w, c.body)
			})
			_, listErr := client.Templates(t.Context(), s, s.WABAMetaID)
			_, numberErr := client.Number(t.Context(), s)
			for _, err := range []error{listErr, numberErr} {
				if arauto.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.say) {
					t.Errorf("%s: %v, want %s: … %s …", arauto.KindOf(err), err, c.kind, c.say)
				}
			}
		})
	}
	t.Run("a WABA that is no id", func(t *testing.T) {
		client, _, s := pretend(t)
		if _, err := client.Templates(t.Context(), s, "../me"); arauto.KindOf(err) != arauto.KindInvalid {
			t.Error(err)
		}
	})
	t.Run("Meta is not there", func(t *testing.T) {
		client := whatsapp.New(whatsapp.Config{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("down") })})
		if _, err := client.Number(t.Context(), sender("")); arauto.KindOf(err) != arauto.KindConflict {
			t.Error(err)
		}
	})
}

func TestNumber(t *testing.T) {
	c, _, s := pretend(t)
	s.Name = ""
	got, err := c.Number(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	want := s
	want.DisplayPhone, want.Name, want.Rate = "+551140001234", "Loja Arauto", arauto.DefaultRate
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	t.Run("keeps what a person chose", func(t *testing.T) {
		s.Name, s.Rate = "Vendas", 20
		if got, err := c.Number(t.Context(), s); err != nil || got.Name != "Vendas" || got.Rate != 20 {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("another's id", func(t *testing.T) {
		s.PhoneNumberID = "999"
		if _, err := c.Number(t.Context(), s); arauto.KindOf(err) != arauto.KindInvalid {
			t.Error(err)
		}
	})
}
