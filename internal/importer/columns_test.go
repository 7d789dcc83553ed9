package importer_test

import (
	"fmt"
	"strings"
	"testing"

	"arauto"
	"arauto/internal/importer"

	"github.com/google/go-cmp/cmp"
)

func TestMapColumns(t *testing.T) {
	type found struct {
		Name, Phone int
		Keys        []string
	}
	tests := map[string]struct {
		header string
		opts   importer.ColumnOptions
		want   found
	}{
		"the vendor's":           {"name|phone|parameter1|parameter2|cpf", importer.ColumnOptions{NameRequired: true}, found{0, 1, []string{"parameter1", "parameter2", "cpf"}}},
		"Portuguese":             {"CPF|Nome Completo|Nº Celular|Telefone", importer.ColumnOptions{}, found{1, 3, []string{"CPF", "Nº Celular"}}},
		"Spanish":                {"Nombre|Teléfono Móvil|Ciudad", importer.ColumnOptions{}, found{0, 1, []string{"Ciudad"}}},
		"shouting, with blanks":  {" NOME | TELEFONE_CELULAR |\u00a0Endereço ", importer.ColumnOptions{}, found{0, 1, []string{"Endereço"}}},
		"decomposed accents":     {"nome|tele\u0301fono", importer.ColumnOptions{}, found{0, 1, nil}},
		"WhatsApp before others": {"telefone|celular|whatsapp|nome", importer.ColumnOptions{}, found{3, 2, []string{"telefone", "celular"}}},
		"house number":           {"nome|rua|numero|fone", importer.ColumnOptions{}, found{0, 3, []string{"rua", "numero"}}},
		"no name":                {"fone|cpf", importer.ColumnOptions{}, found{-1, 0, []string{"cpf"}}},
		"client beside name":     {"cliente|nome|fone", importer.ColumnOptions{}, found{1, 2, []string{"cliente"}}},
		"mapped":                 {"a|b|telefone|nome", importer.ColumnOptions{Mapping: map[string]string{"phone": "a", "name": "B"}}, found{1, 0, []string{"telefone", "nome"}}},
		"mapped without accent":  {"Célula do titular|nome", importer.ColumnOptions{Mapping: map[string]string{"phone": "celula do titular"}}, found{1, 0, nil}},
		"mapped to no name":      {"nome|fone", importer.ColumnOptions{Mapping: map[string]string{"name": ""}}, found{-1, 1, []string{"nome"}}},
		"mapped to a field":      {"nome|celular|telefone", importer.ColumnOptions{Mapping: map[string]string{"recado": "celular"}}, found{0, 2, []string{"recado"}}},
		"renamed field":          {"nome|fone|CPF do cliente|uf", importer.ColumnOptions{Mapping: map[string]string{"cpf": "CPF do cliente"}}, found{0, 1, []string{"cpf", "uf"}}},
		"unnamed, empty column":  {"nome||fone", importer.ColumnOptions{}, found{0, 2, nil}},
		"corrected rejects":      {"nome|fone|cpf|row|reason", importer.ColumnOptions{}, found{0, 1, []string{"cpf"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := importer.MapColumns(strings.Split(tt.header, "|"), nil, tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, found{c.Name, c.Phone, c.Keys}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMapColumns_Errors(t *testing.T) {
	mapping := func(pairs ...string) importer.ColumnOptions {
		m := make(map[string]string)
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return importer.ColumnOptions{Mapping: m}
	}
	tests := map[string]struct {
		header string
		opts   importer.ColumnOptions
		want   string // what the message must name
	}{
		"no phone":               {"nome|cpf", importer.ColumnOptions{}, `the columns nome, cpf: name one of them "phone"`},
		"no header at all":       {"Ana|+55 11 98765-4321", importer.ColumnOptions{}, "looks like data"},
		"nothing":                {"", importer.ColumnOptions{}, "no column is the phone"},
		"no name":                {"fone|cpf", importer.ColumnOptions{NameRequired: true}, `the columns fone, cpf: name one of them "name"`},
		"twice":                  {"fone|CPF|cpf", importer.ColumnOptions{}, "columns 2 and 3"},
		"too many":               {"fone" + strings.Repeat("|x", 100), importer.ColumnOptions{}, "101 columns"},
		"endless header":         {"fone|" + strings.Repeat("x", 300), importer.ColumnOptions{}, "column 2"},
		"mapped to nothing":      {"nome|fone", mapping("phone", "celular"), "nome, fone"},
		"phone mapped to none":   {"nome|fone", mapping("phone", ""), "nome, fone"},
		"one column for two":     {"nome|fone", mapping("phone", "fone", "name", "fone"), `"fone"`},
		"two columns, one field": {"nome|fone|a|b", mapping("b", "a"), `field "b"`},
		"field without a name":   {"nome|fone|a", mapping(" ", "a"), "1 to 200"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := importer.MapColumns(strings.Split(tt.header, "|"), nil, tt.opts)
			if arauto.KindOf(err) != arauto.KindInvalid || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v; want an invalid error that names %s", err, tt.want)
			}
		})
	}
	t.Run("data under an empty header", func(t *testing.T) {
		sample := []importer.Row{{Number: 2, Cells: []string{"Ana", " ", "1"}}, {Number: 3, Cells: []string{"Bia", "x", "2"}}}
		_, err := importer.MapColumns([]string{"nome", "", "fone"}, sample, importer.ColumnOptions{})
		if arauto.KindOf(err) != arauto.KindInvalid || !strings.Contains(err.Error(), "column 2 has no header, yet row 3") {
			t.Errorf("got %v", err)
		}
	})
}

func TestColumns_Entry(t *testing.T) {
	c, err := importer.MapColumns([]string{"cpf", "nome", "fone", "", "perfil", "obs"}, nil, importer.ColumnOptions{NameRequired: true})
	if err != nil {
		t.Fatal(err)
	}
	row := func(cells string) importer.Row { return importer.Row{Number: 7, Cells: strings.Split(cells, "|")} }
	t.Run("ok", func(t *testing.T) {
		got, err := c.Entry(row(" 111|Ana \u00a0|+55 11 98765-4321|| Pessoa Jurídica"))
		if err != nil {
			t.Fatal(err)
		}
		want := importer.Entry{Number: 7, Name: "Ana", Phone: "+55 11 98765-4321", Fields: arauto.Fields{
			{Key: "cpf", Value: "111"}, {Key: "perfil", Value: "Pessoa Jurídica"}, {Key: "obs", Value: ""},
		}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	for name, tt := range map[string]struct{ cells, want string }{
		"short of the phone":  {"111|Ana", "row 7: fone: the row has 2 cells where the header has 6, and the phone is not among them"},
		"short of everything": {"111", "row 7: fone: the row has 1 cells where the header has 6, and the phone is not among them"},
		"empty phone":         {"111|Ana| |||x", "row 7: fone: the phone is empty: fill it in"},
		"empty name":          {"111||1", "row 7: nome: the name is empty: fill it in"},
		"rounded phone":       {"111|Ana|5,51199E+12", "row 7: fone: the spreadsheet rounded this phone"},
		"rounded in English":  {"111|Ana|5.51199e12", "row 7: fone: the spreadsheet rounded this phone"},
		"under no header":     {"111|Ana|1|x", "row 7: cell 4 holds something, but its column has no header"},
	} {
		t.Run("error/"+name, func(t *testing.T) {
			_, err := c.Entry(row(tt.cells))
			if arauto.KindOf(err) != arauto.KindInvalid || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func ExampleMapColumns() {
	file := "Nome;Celular;CPF;Perfil\r\nMaria do Carmo;(11) 98765-4321;111;Pessoa Jurídica\r\n"
	src, _, err := importer.OpenCSV(strings.NewReader(file), importer.CSVOptions{})
	if err != nil {
		panic(err)
	}
	sample, src := importer.Peek(src, importer.MaxPeek)
	columns, err := importer.MapColumns(src.Header(), sample, importer.ColumnOptions{})
	if err != nil {
		panic(err)
	}
	row, err := src.Next()
	if err != nil {
		panic(err)
	}
	entry, err := columns.Entry(row)
	if err != nil {
		panic(err)
	}
	fmt.Println(entry.Number, entry.Name, entry.Phone, string(entry.Fields.AppendJSON(nil)))
	// Output: 2 Maria do Carmo (11) 98765-4321 {"CPF":"111","Perfil":"Pessoa Jurídica"}
}

// A column of business-scoped ids is found by names that say so, and by names that any list may have only where what
// is in it has their shape.
func TestMapColumns_UserID(t *testing.T) {
	ids, others := []string{"Ana", "", "BR.1046121691929582596"}, []string{"Bia", "11987654321", "4711"}
	for _, c := range []struct {
		name    string
		header  string
		rows    [][]string
		dialled bool
		want    int // -1 = a custom field
	}{
		{"named so", "BSUID", [][]string{others}, false, 2},
		{"in Portuguese", "ID do usuário WhatsApp", nil, false, 2},
		{"in Spanish", "ID de usuario de WhatsApp", nil, false, 2},
		{"in English", "business_scoped_user_id", nil, false, 2},
		{"a name that others have, with ids", "user_id", [][]string{ids, {"Caio", "11987654322", ""}}, false, 2},
		{"the same in Portuguese", "ID do usuário", [][]string{ids}, false, 2},
		{"with something else as well", "user_id", [][]string{ids, others}, false, -1},
		{"with nothing", "user_id", [][]string{{"Ana", "11987654321", ""}}, false, -1},
		{"for calls", "bsuid", [][]string{ids}, true, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var sample []importer.Row
			for i, cells := range c.rows {
				sample = append(sample, importer.Row{Number: i + 2, Cells: cells})
			}
			columns, err := importer.MapColumns([]string{"nome", "celular", c.header}, sample, importer.ColumnOptions{Dialled: c.dialled})
			if err != nil {
				t.Fatal(err)
			}
			at, found := columns.Others["user_id"]
			if !found {
				at = -1
			}
			if custom := len(columns.Keys) == 1; at != c.want || custom != (c.want < 0) {
				t.Errorf("it is column %d, custom fields %v; want %d", at, columns.Keys, c.want)
			}
		})
	}
	t.Run("instead of phones", func(t *testing.T) {
		columns, err := importer.MapColumns([]string{"nome", "bsuid"}, nil, importer.ColumnOptions{})
		if err != nil || columns.Phone != -1 {
			t.Fatalf("%+v, %v", columns, err)
		}
		if _, err := importer.MapColumns([]string{"nome", "bsuid"}, nil, importer.ColumnOptions{Dialled: true}); arauto.KindOf(err) != arauto.KindInvalid {
			t.Errorf("a list for calls without phones: %v", err)
		}
		if _, err := importer.MapColumns([]string{"nome", "bsuid"}, nil, importer.ColumnOptions{Mapping: map[string]string{"user_id": ""}}); arauto.KindOf(err) != arauto.KindInvalid {
			t.Errorf("told that no column has ids: %v", err)
		}
	})
	for name, c := range map[string]struct {
		dialled bool
		cells   []string
		want    string
	}{
		"neither":           {false, []string{"Ana", "", ""}, "neither a phone nor a business-scoped id"},
		"an id for a call":  {true, []string{"Ana", "", "BR.123"}, "cannot be called"},
		"nothing to call":   {true, []string{"Ana", "", ""}, "the phone is empty"},
		"an id to write to": {false, []string{"Ana", "", "BR.123"}, ""},
		"both":              {false, []string{"Ana", "11987654321", "BR.123"}, ""},
	} {
		columns, err := importer.MapColumns([]string{"nome", "celular", "bsuid"}, nil, importer.ColumnOptions{Dialled: c.dialled})
		if err != nil {
			t.Fatal(err)
		}
		_, err = columns.Entry(importer.Row{Number: 2, Cells: c.cells})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
