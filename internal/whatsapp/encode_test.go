package whatsapp_test

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"arauto"
	"arauto/internal/whatsapp"
)

// The request as a reader of Meta's pages would declare it: what appendMessage is held to.
type (
	wantBody struct {
		Product       string       `json:"messaging_product"`
		RecipientType string       `json:"recipient_type"`
		To            string       `json:"to"`
		Type          string       `json:"type"`
		Template      wantTemplate `json:"template"`
		Callback      string       `json:"biz_opaque_callback_data,omitempty"`
	}
	wantTemplate struct {
		Name     string `json:"name"`
		Language struct {
			Code string `json:"code"`
		} `json:"language"`
		Components []wantComponent `json:"components,omitempty"`
	}
	wantComponent struct {
		Type       string          `json:"type"`
		SubType    string          `json:"sub_type,omitempty"`
		Index      string          `json:"index,omitempty"`
		Parameters []wantParameter `json:"parameters"`
	}
	wantParameter struct {
		Type     string     `json:"type"`
		Name     string     `json:"parameter_name,omitempty"`
		Text     *string    `json:"text,omitempty"`
		Payload  string     `json:"payload,omitempty"`
		Coupon   *string    `json:"coupon_code,omitempty"`
		Image    *wantMedia `json:"image,omitempty"`
		Video    *wantMedia `json:"video,omitempty"`
		Document *wantMedia `json:"document,omitempty"`
	}
	wantMedia struct {
		ID       string `json:"id,omitempty"`
		Link     string `json:"link,omitempty"`
		Filename string `json:"filename,omitempty"`
	}
)

func TestAppendMessage_IsWhatTheStandardLibraryWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, want := draw(t)
		if got := string(whatsapp.AppendMessage(nil, m)); got != standard(t, want) {
			t.Fatalf("got  %s\nwant %s", got, standard(t, want))
		}
	})
}

func TestAppendString(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(
			rapid.String(),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
			rapid.StringOf(rapid.RuneFrom([]rune("a\"\\\b\f\n\r\t\x00\x1f\x7f<>&\u2028\u2029é😀\ufffd"))),
		).Draw(t, "s")
		if got := string(whatsapp.AppendString(nil, s)); got != standard(t, s) {
			t.Fatalf("got  %s\nwant %s", got, standard(t, s))
		}
	})
}

// draw makes a message and, independently of the encoder, what it should be on the wire.
func draw(t *rapid.T) (arauto.Message, wantBody) {
	text := rapid.String()
	m := arauto.Message{To: "+5511987654321", Template: rapid.StringN(1, 20, -1).Draw(t, "template"), Language: "pt_BR", Named: rapid.Bool().Draw(t, "named")}
	m.Ref = rapid.SampledFrom([]string{"", "a0.1", "az3.918273"}).Draw(t, "ref")
	want := wantBody{Product: "whatsapp", RecipientType: "individual", To: "+5511987654321", Type: "template", Callback: m.Ref}
	want.Template.Name, want.Template.Language.Code = m.Template, m.Language

	add := func(p arauto.Parameter, text string) {
		m.Parameters = append(m.Parameters, arauto.Filled{Parameter: p, Text: text})
	}
	textual := func(component string, n int) {
		c := wantComponent{Type: component}
		for i := range n {
			value := text.Draw(t, "value")
			p := arauto.Parameter{Slot: component + "." + strconv.Itoa(i+1), Kind: "text", Index: i}
			if m.Named {
				p.Name = "n" + strconv.Itoa(i)
			}
			add(p, value)
			c.Parameters = append(c.Parameters, wantParameter{Type: "text", Name: p.Name, Text: &value})
		}
		if n > 0 {
			want.Template.Components = append(want.Template.Components, c)
		}
	}
	switch kind := rapid.SampledFrom([]string{"", "text", "image", "video", "document"}).Draw(t, "header"); kind {
	case "":
	case "text":
		textual("header", 1)
	default:
		value := rapid.SampledFrom([]string{"1234567", "https://loja.example/a.pdf", "HTTP://loja.example/b%20c.png?x=1"}).Draw(t, "media")
		add(arauto.Parameter{Slot: "header." + kind, Kind: kind}, value)
		media := &wantMedia{ID: value}
		if strings.Contains(value, "://") {
			media = &wantMedia{Link: value}
		}
		p := wantParameter{Type: kind}
		switch kind {
		case "image":
			p.Image = media
		case "video":
			p.Video = media
		case "document":
			p.Document = media
			media.Filename = map[string]string{"https://loja.example/a.pdf": "a.pdf", "HTTP://loja.example/b%20c.png?x=1": "b c.png"}[value]
		}
		want.Template.Components = append(want.Template.Components, wantComponent{Type: "header", Parameters: []wantParameter{p}})
	}
	textual("body", rapid.IntRange(0, 4).Draw(t, "body"))
	if rapid.Bool().Draw(t, "url") {
		suffix := text.Draw(t, "suffix")
		add(arauto.Parameter{Slot: "button.1", Kind: "url", Index: 1}, suffix)
		want.Template.Components = append(want.Template.Components, wantComponent{Type: "button", SubType: "url", Index: "1", Parameters: []wantParameter{{Type: "text", Text: &suffix}}})
	}
	if rapid.Bool().Draw(t, "code") {
		coupon := text.Draw(t, "coupon")
		add(arauto.Parameter{Slot: "button.2", Kind: "code", Index: 2}, coupon)
		want.Template.Components = append(want.Template.Components, wantComponent{Type: "button", SubType: "copy_code", Index: "2", Parameters: []wantParameter{{Type: "coupon_code", Coupon: &coupon}}})
	}
	if rapid.Bool().Draw(t, "replies") {
		m.QuickReplies = []int{0, 10}
		for _, i := range m.QuickReplies {
			if m.Ref != "" {
				want.Template.Components = append(want.Template.Components, wantComponent{Type: "button", SubType: "quick_reply", Index: strconv.Itoa(i), Parameters: []wantParameter{{Type: "payload", Payload: m.Ref}}})
			}
		}
	}
	return m, want
}

type failer interface {
	Helper()
	Fatal(args ...any)
}

// standard is v as encoding/json writes it; Meta is no web page, so without its care for HTML.
func standard(t failer, v any) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// A whole message, for a reader to see.
func TestAppendMessage_Example(t *testing.T) {
	template := arauto.Template{
		Name: "segunda_via", Language: "pt_BR", Named: true,
		Header:  arauto.Header{Format: "DOCUMENT"},
		Body:    "Oi {{nome}}, seu boleto de {{valor}}.",
		Buttons: []arauto.Button{{Type: "QUICK_REPLY", Text: "Já paguei"}, {Type: "URL", Text: "Ver", URL: "https://loja.example/{{1}}"}},
	}
	m, err := template.Render(arauto.Mapping{
		"header.document": {From: arauto.FromFixed, Text: "https://loja.example/b/boleto.pdf"},
		"body.nome":       {From: arauto.FromContact, Text: "name"},
		"body.valor":      {From: arauto.FromFixed, Text: "R$ 120,50"},
		"button.1":        {From: arauto.FromFixed, Text: "b/77"},
	}, arauto.Contact{Name: "João", Phone: "+5511987654321"})
	if err != nil {
		t.Fatal(err)
	}
	m.Ref = "a0.42"
	want := `{"messaging_product":"whatsapp","recipient_type":"individual","to":"+5511987654321","type":"template","template":{"name":"segunda_via","language":{"code":"pt_BR"},"components":[` +
		`{"type":"header","parameters":[{"type":"document","document":{"link":"https://loja.example/b/boleto.pdf","filename":"boleto.pdf"}}]},` +
		`{"type":"body","parameters":[{"type":"text","parameter_name":"nome","text":"João"},{"type":"text","parameter_name":"valor","text":"R$ 120,50"}]},` +
		`{"type":"button","sub_type":"url","index":"1","parameters":[{"type":"text","text":"b/77"}]},` +
		`{"type":"button","sub_type":"quick_reply","index":"0","parameters":[{"type":"payload","payload":"a0.42"}]}]},` +
		`"biz_opaque_callback_data":"a0.42"}`
	if diff := cmp.Diff(want, string(whatsapp.AppendMessage(nil, m))); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkAppendMessage(b *testing.B) {
	m := message("+5511987654321")
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		buf = whatsapp.AppendMessage(buf[:0], m)
	}
	b.SetBytes(int64(len(buf)))
}

// message is one that the sandbox's catalogue has a template for.
func message(to arauto.Phone) arauto.Message {
	m := arauto.Message{To: to, Template: "oferta_boas_vindas", Language: "pt_BR", QuickReplies: []int{0, 1, 2}, Ref: "a0.7"}
	for slot, text := range map[string]string{"header.1": "Ana", "body.1": "Ana", "body.2": "15%", "body.3": "sexta-feira"} {
		component, index, _ := strings.Cut(slot, ".")
		i, _ := strconv.Atoi(index)
		m.Parameters = append(m.Parameters, arauto.Filled{Parameter: arauto.Parameter{Slot: component + "." + index, Kind: "text", Index: i - 1}, Text: text})
	}
	return m
}

func TestAppendMessage_Freely(t *testing.T) {
	for want, m := range map[string]arauto.Message{
		`{"messaging_product":"whatsapp","recipient_type":"individual","to":"+5511987654321","type":"text","text":{"body":"Olá \"você\""},"biz_opaque_callback_data":"r1.2"}`: {
			To: "+5511987654321", Text: `Olá "você"`, Ref: "r1.2",
		},
		`{"messaging_product":"whatsapp","recipient_type":"individual","recipient":"BR.1a2b","type":"text","text":{"body":"Oi"},"context":{"message_id":"wamid.1"}}`: {
			Recipient: "BR.1a2b", Text: "Oi", Context: "wamid.1",
		},
		`{"messaging_product":"whatsapp","recipient_type":"individual","to":"+5511987654321","type":"document","document":{"id":"77","caption":"segue","filename":"boleto.pdf"}}`: {
			To: "+5511987654321", Text: "segue", Media: arauto.MediaOut{Kind: "document", ID: "77", Name: "boleto.pdf"},
		},
		`{"messaging_product":"whatsapp","recipient_type":"individual","to":"+5511987654321","type":"audio","audio":{"id":"78"}}`: {
			To: "+5511987654321", Media: arauto.MediaOut{Kind: "audio", ID: "78", Name: "voz.ogg"},
		},
	} {
		got := string(whatsapp.AppendMessage(nil, m))
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("no JSON: %s", got)
		}
	}
}
