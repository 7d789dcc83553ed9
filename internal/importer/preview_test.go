package importer_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"arauto"
	"arauto/internal/importer"

	"github.com/google/go-cmp/cmp"
)

func TestPreview(t *testing.T) {
	w := newWorld(t, "BR")
	w.run(strings.NewReader("nome;fone\nAna;11987654321\n"), importer.Options{})
	i := w.imports(w.store, w.blobs, nil)
	kept := len(w.uploads())
	file := "Relatório;\n\nNome;Celular;CPF\nAna;(11) 98765-4321;1\nBia;5511987654322;2\nCaio;5,51199E+12;3\nDavi;;4\nBia;11 98765-4322;5\n" + strings.Repeat("Eva;11987654399;6\n", 400_000)
	for _, o := range []importer.Options{{}, {Intake: arauto.Intake{Duplicates: arauto.DuplicatesUpdate}}} {
		p, err := i.Preview(t.Context(), w.account, w.campaign.ID, "x.csv", strings.NewReader(file), o)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range p.Rows[:6] {
			got = append(got, fmt.Sprintf("%d %s %s [%s]", r.Number, r.Verdict, r.Phone, r.Reason))
		}
		there, earlier := "already in this campaign (contact 1)", "the same person as in row 5"
		if o.Intake.Duplicates != "" {
			there, earlier = "", ""
		}
		want := []string{
			"4 duplicate +5511987654321 [" + there + "]", "5 new +5511987654322 []",
			"6 refused  [Celular: the spreadsheet rounded this phone (as in 5,51199E+12) and its last digits are lost: format the column as text and enter it again]",
			"7 refused  [Celular: the phone is empty: fill it in]", "8 duplicate +5511987654322 [" + earlier + "]", "9 new +5511987654399 []",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if p.New != 2 || p.Duplicate != 46 || p.Refused != 2 || len(p.Rows) != importer.MaxPeek || p.Format != importer.FormatCSV || p.Separator != ";" {
			t.Errorf("%d, %d and %d of %d rows of %s with %q", p.New, p.Duplicate, p.Refused, len(p.Rows), p.Format, p.Separator)
		}
		if diff := cmp.Diff([]importer.PreviewColumn{{Header: "Nome", Target: "name"}, {Header: "Celular", Target: "phone"}, {Header: "CPF", Target: "field", Key: "CPF"}}, p.Columns); diff != "" {
			t.Error(diff)
		}
	}
	book := workbook(t, map[string]string{"xl/worksheets/sheet1.xml": sheetXML(`<row><c t="str"><v>fone</v></c></row><row><c><v>5511987654321</v></c></row>`)})
	p, err := i.Preview(t.Context(), w.account, w.campaign.ID, "x.xlsx", bytes.NewReader(book), importer.Options{})
	if err != nil || p.Sheet != "Plan1" || p.Duplicate != 1 || len(p.Rows) != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	if n := len(w.uploads()); n != kept {
		t.Errorf("%d files are kept, %d were before", n, kept)
	}
	if len(w.contacts()) != 1 {
		t.Error("a preview imported something")
	}
	for name, file := range map[string]string{"x.xlsx": "nome;fone\n", "x.csv": "nome;cpf\nAna;1\n"} {
		if _, err := i.Preview(t.Context(), w.account, w.campaign.ID, name, strings.NewReader(file), importer.Options{}); arauto.KindOf(err) != arauto.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
