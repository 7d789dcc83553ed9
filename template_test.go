package arauto_test

import (
	"strings"
	"testing"

	"arauto"

	"github.com/google/go-cmp/cmp"
)

func slotsOf(list []arauto.Parameter) string {
	var names []string
	for _, p := range list {
		names = append(names, p.Slot)
	}
	return strings.Join(names, " ")
}

func TestTemplate_Parameters(t *testing.T) {
	text := func(s string) arauto.Header { return arauto.Header{Format: "TEXT", Text: s} }
	tests := map[string]struct {
		template arauto.Template
		want     string
	}{
		"none":                     {arauto.Template{Header: text("Olá"), Body: "Tudo bem? {{}} {1} {{ }} {{a b}}"}, ""},
		"positional":               {arauto.Template{Body: "{{1}}, seu pedido {{2}}"}, "body.1 body.2"},
		"repeated":                 {arauto.Template{Body: "{{1}} {{2}} {{1}} {{2}} {{1}}"}, "body.1 body.2"},
		"out of order":             {arauto.Template{Body: "{{2}} antes de {{1}}"}, "body.1 body.2"},
		"spaced":                   {arauto.Template{Body: "{{ 1 }} {{1}} {{	2}}"}, "body.1 body.2"},
		"with a gap":               {arauto.Template{Body: "{{1}} {{3}}"}, "body.1 body.2"}, // Meta refuses such a template
		"ten and more":             {arauto.Template{Body: "{{1}}{{2}}{{3}}{{4}}{{5}}{{6}}{{7}}{{8}}{{9}}{{10}}"}, "body.1 body.2 body.3 body.4 body.5 body.6 body.7 body.8 body.9 body.10"},
		"named":                    {arauto.Template{Named: true, Body: "{{last_name}} {{first_name}} {{last_name}}"}, "body.last_name body.first_name"},
		"named in header and body": {arauto.Template{Named: true, Header: text("{{name}}"), Body: "{{name}}"}, "header.name body.name"},
		"header":                   {arauto.Template{Header: text("Oi {{1}}"), Body: "{{1}}"}, "header.1 body.1"},
		"image":                    {arauto.Template{Header: arauto.Header{Format: "IMAGE"}, Body: "{{1}}"}, "header.image body.1"},
		"video":                    {arauto.Template{Header: arauto.Header{Format: "VIDEO"}}, "header.video"},
		"document":                 {arauto.Template{Header: arauto.Header{Format: "DOCUMENT"}}, "header.document"},
		"footers have none":        {arauto.Template{Footer: "{{1}}"}, ""},
		"buttons keep their place": {arauto.Template{Body: "{{1}}", Buttons: []arauto.Button{
			{Type: "QUICK_REPLY", Text: "{{1}}"},
			{Type: "URL", URL: "https://loja.example/p"},
			{Type: "PHONE_NUMBER"},
			{Type: "URL", URL: "https://loja.example/p/{{1}}"},
			{Type: "COPY_CODE"},
		}}, "body.1 button.3 button.4"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := slotsOf(tt.template.Parameters()); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestTemplate_ParameterParts(t *testing.T) {
	template := arauto.Template{
		Named: true, Header: arauto.Header{Format: "IMAGE"}, Body: "{{b}} {{a}}",
		Buttons: []arauto.Button{{Type: "QUICK_REPLY"}, {Type: "URL", URL: "https://x.example/{{1}}"}, {Type: "COPY_CODE"}},
	}
	want := []arauto.Parameter{
		{Slot: "header.image", Kind: "image"},
		{Slot: "body.b", Kind: "text", Name: "b", Index: 0},
		{Slot: "body.a", Kind: "text", Name: "a", Index: 1},
		{Slot: "button.1", Kind: "url", Index: 1},
		{Slot: "button.2", Kind: "code", Index: 2},
	}
	if diff := cmp.Diff(want, template.Parameters()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestTemplate_Marketing(t *testing.T) {
	for category, want := range map[string]bool{"MARKETING": true, "UTILITY": false, "AUTHENTICATION": false, "": true, "SOMETHING_NEW": true} {
		if got := (arauto.Template{Category: category}).Marketing(); got != want {
			t.Errorf("%q: %v, want %v", category, got, want)
		}
	}
}

func TestMapping_Complete(t *testing.T) {
	template := arauto.Template{Name: "aviso", Body: "{{1}} {{2}}", Header: arauto.Header{Format: "IMAGE"}}
	whole := func(change arauto.Mapping) arauto.Mapping {
		m := arauto.Mapping{
			"header.image": {From: arauto.FromFixed, Text: "https://loja.example/a.png"},
			"body.1":       {From: arauto.FromContact, Text: "first_name", Default: "cliente"},
			"body.2":       {From: arauto.FromField, Text: "valor"},
		}
		for slot, v := range change {
			if m[slot] = v; v == (arauto.Value{}) {
				delete(m, slot)
			}
		}
		return m
	}
	tests := map[string]struct {
		mapping arauto.Mapping
		kind    arauto.Kind
		field   string
	}{
		"whole":                {whole(nil), "", ""},
		"a slot is missing":    {whole(arauto.Mapping{"body.2": {}}), arauto.KindConflict, "mapping.body.2"},
		"the first is named":   {arauto.Mapping{}, arauto.KindConflict, "mapping.header.image"},
		"a slot too many":      {whole(arauto.Mapping{"body.3": {From: arauto.FromFixed, Text: "x"}}), arauto.KindInvalid, "mapping.body.3"},
		"no such attribute":    {whole(arauto.Mapping{"body.1": {From: arauto.FromContact, Text: "email"}}), arauto.KindInvalid, "mapping.body.1"},
		"no such source":       {whole(arauto.Mapping{"body.1": {From: "moon", Text: "x"}}), arauto.KindInvalid, "mapping.body.1"},
		"a field without key":  {whole(arauto.Mapping{"body.2": {From: arauto.FromField, Default: "x"}}), arauto.KindInvalid, "mapping.body.2"},
		"a fixed text of none": {whole(arauto.Mapping{"body.2": {From: arauto.FromFixed, Text: " \n"}}), arauto.KindInvalid, "mapping.body.2"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := tt.mapping.Complete(template)
			if arauto.KindOf(err) != tt.kind {
				t.Fatalf("%v; want kind %q", err, tt.kind)
			}
			if err != nil && !strings.HasPrefix(err.Error(), tt.field+": ") {
				t.Errorf("%v; want the field %s", err, tt.field)
			}
		})
	}
	if err := (arauto.Mapping{"body.1": {From: arauto.FromFixed, Text: "x"}}).Complete(arauto.Template{Name: "fixo"}); err == nil || !strings.Contains(err.Error(), "it has none") {
		t.Errorf("a template without parameters: %v", err)
	}
}

func TestValue_Of(t *testing.T) {
	contact := arauto.Contact{
		Name: "  Maria\tda  Silva ", Phone: "+5511987654321", External: "c-9",
		Fields: arauto.Fields{{Key: "Valor", Value: "R$\u00a01.234,56\n à vista "}, {Key: "vazio", Value: " \t\n"}},
	}
	tests := map[string]struct {
		value arauto.Value
		want  string
	}{
		"name, squeezed":             {arauto.Value{From: arauto.FromContact, Text: "name"}, "Maria da Silva"},
		"first name":                 {arauto.Value{From: arauto.FromContact, Text: "first_name"}, "Maria"},
		"phone":                      {arauto.Value{From: arauto.FromContact, Text: "phone"}, "+5511987654321"},
		"external id":                {arauto.Value{From: arauto.FromContact, Text: "external_id"}, "c-9"},
		"a field, whatever its case": {arauto.Value{From: arauto.FromField, Text: "VALOR"}, "R$ 1.234,56 à vista"},
		"an empty field":             {arauto.Value{From: arauto.FromField, Text: "vazio"}, ""},
		"an empty field's default":   {arauto.Value{From: arauto.FromField, Text: "vazio", Default: "você"}, "você"},
		"a missing field's default":  {arauto.Value{From: arauto.FromField, Text: "cupom", Default: " dez\n por  cento "}, "dez por cento"},
		"a default of nothing":       {arauto.Value{From: arauto.FromField, Text: "cupom", Default: " \n"}, ""},
		"no default where there is":  {arauto.Value{From: arauto.FromContact, Text: "name", Default: "você"}, "Maria da Silva"},
		"fixed":                      {arauto.Value{From: arauto.FromFixed, Text: "uma\r\nlinha"}, "uma linha"},
		"nothing":                    {arauto.Value{}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := tt.value.Of(contact)
			if got != tt.want || ok != (tt.want != "") {
				t.Errorf("%q, %v; want %q", got, ok, tt.want)
			}
		})
	}
	if got, ok := (arauto.Value{From: arauto.FromContact, Text: "first_name"}).Of(arauto.Contact{}); ok {
		t.Errorf("nobody's first name is %q", got)
	}
}

func TestTemplate_Render(t *testing.T) {
	template := arauto.Template{
		Name: "oferta", Language: "pt_BR", Header: arauto.Header{Format: "TEXT", Text: "{{1}}!"}, Body: "{{2}} por {{1}}",
		Buttons: []arauto.Button{{Type: "QUICK_REPLY", Text: "Quero"}, {Type: "URL", URL: "https://loja.example/{{1}}"}, {Type: "QUICK_REPLY", Text: "Sair"}, {Type: "COPY_CODE"}},
	}
	mapping := arauto.Mapping{
		"header.1": {From: arauto.FromContact, Text: "first_name"},
		"body.1":   {From: arauto.FromField, Text: "preço"},
		"body.2":   {From: arauto.FromFixed, Text: "Tudo"},
		"button.1": {From: arauto.FromContact, Text: "external_id"},
		"button.3": {From: arauto.FromFixed, Text: "DEZ10"},
	}
	contact := arauto.Contact{Name: "João Souza", External: "77", Phone: "+5511987654321", Fields: arauto.Fields{{Key: "preço", Value: "R$ {{2}}"}}}
	t.Run("whole", func(t *testing.T) {
		got, err := template.Render(mapping, contact)
		if err != nil {
			t.Fatal(err)
		}
		want := arauto.Message{To: "+5511987654321", Template: "oferta", Language: "pt_BR", QuickReplies: []int{0, 2}, Parameters: []arauto.Filled{
			{Parameter: arauto.Parameter{Slot: "header.1", Kind: "text"}, Text: "João"},
			{Parameter: arauto.Parameter{Slot: "body.1", Kind: "text"}, Text: "R$ {{2}}"}, // a value is never a template
			{Parameter: arauto.Parameter{Slot: "body.2", Kind: "text", Index: 1}, Text: "Tudo"},
			{Parameter: arauto.Parameter{Slot: "button.1", Kind: "url", Index: 1}, Text: "77"},
			{Parameter: arauto.Parameter{Slot: "button.3", Kind: "code", Index: 3}, Text: "DEZ10"},
		}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
	t.Run("what is missing is named", func(t *testing.T) {
		for slot, c := range map[string]struct {
			contact arauto.Contact
			words   string
		}{
			"header.1": {arauto.Contact{Fields: contact.Fields, External: "77"}, "the contact's first_name is empty"},
			"body.1":   {arauto.Contact{Name: "João", External: "77"}, `the contact's field "preço" is empty or missing`},
			"button.1": {arauto.Contact{Name: "João", Fields: contact.Fields}, "the contact's external_id is empty"},
		} {
			got, err := template.Render(mapping, c.contact)
			if arauto.KindOf(err) != arauto.KindInvalid || !strings.HasPrefix(err.Error(), slot+": ") || !strings.Contains(err.Error(), c.words) {
				t.Errorf("%s: %v; want an invalid error with %q", slot, err, c.words)
			}
			if diff := cmp.Diff(arauto.Message{}, got); diff != "" {
				t.Errorf("%s: half a message: %s", slot, diff)
			}
		}
	})
	t.Run("unmapped", func(t *testing.T) {
		if _, err := template.Render(nil, contact); err == nil || !strings.Contains(err.Error(), "it is not mapped") {
			t.Errorf("%v", err)
		}
	})
	t.Run("nothing to fill", func(t *testing.T) {
		if got, err := (arauto.Template{Name: "oi"}).Render(nil, contact); err != nil || got.Parameters != nil || got.QuickReplies != nil {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// Whatever Meta sends as a template and people write into files: no panic, and what is filled is fit to travel.
func FuzzRender(f *testing.F) {
	f.Add("Oi {{1}}", "{{2}} {{1}} {{3}}", "https://x.example/{{1}}", "Maria", "a\n\tb", false)
	f.Add("{{nome}}", "{{ nome }} {{{{1}}}} {{", "", " ", "\xff", true)
	f.Fuzz(func(t *testing.T, header, body, url, name, value string, named bool) {
		template := arauto.Template{
			Named: named, Header: arauto.Header{Format: "TEXT", Text: header}, Body: body,
			Buttons: []arauto.Button{{Type: "URL", URL: url}, {Type: "QUICK_REPLY"}, {Type: "COPY_CODE"}},
		}
		mapping := arauto.Mapping{}
		seen := map[string]bool{}
		for i, p := range template.Parameters() {
			if seen[p.Slot] {
				t.Fatalf("%s comes twice", p.Slot)
			}
			seen[p.Slot] = true
			mapping[p.Slot] = []arauto.Value{{From: arauto.FromContact, Text: "first_name", Default: value}, {From: arauto.FromField, Text: "v"}, {From: arauto.FromFixed, Text: "x"}}[i%3]
		}
		if err := mapping.Complete(template); err != nil {
			t.Fatalf("what Parameters lists is not complete: %v", err)
		}
		m, err := template.Render(mapping, arauto.Contact{Name: name, Fields: arauto.Fields{{Key: "v", Value: value}}})
		if err != nil {
			if arauto.KindOf(err) != arauto.KindInvalid {
				t.Fatal(err)
			}
			return
		}
		if len(m.Parameters) != len(mapping) || len(m.QuickReplies) != 1 {
			t.Fatalf("%d slots, %d filled, quick replies %v", len(mapping), len(m.Parameters), m.QuickReplies)
		}
		for _, p := range m.Parameters {
			if p.Text == "" || strings.ContainsAny(p.Text, "\n\r\t") || strings.Contains(p.Text, "  ") {
				t.Fatalf("%s is filled with %q", p.Slot, p.Text)
			}
		}
	})
}
