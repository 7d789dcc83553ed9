package importer_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"arauto"
	"arauto/internal/importer"

	"github.com/google/go-cmp/cmp"
)

func TestRejects(t *testing.T) {
	var b bytes.Buffer
	r, err := importer.NewRejects(&b, importer.Dialect{Separator: ';'}, []string{"nome", "=fone", "obs"})
	if err != nil {
		t.Fatal(err)
	}
	why := arauto.Errorf(arauto.KindInvalid, "fone", "the phone is empty: fill it in")
	for _, row := range []importer.Row{
		{Number: 2, Cells: []string{"Ana; \"Lu\"", "+55 (11) 98765-4321", "-12,50"}},
		{Number: 3, Cells: []string{"=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0"}},
		{Number: 5, Cells: []string{"-x", "\tx", "\r\nx"}},
		{Number: 9, Cells: []string{"＝A1", "a\xffb"}},
		{Number: 10, Cells: nil},
	} {
		if err := r.Write(row, &importer.RowError{Row: row, Err: why}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Write(importer.Row{Number: 11, Cells: []string{"Bia", "1"}}, errors.New("=broken")); err != nil {
		t.Fatal(err)
	}
	if err := r.Flush(); err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"\ufeffnome;'=fone;obs;row;reason",
		`"Ana; ""Lu""";+55 (11) 98765-4321;-12,50;2;fone: the phone is empty: fill it in`,
		`'=1+1;'@SUM(A1);"'+cmd|' /C calc'!A0";3;fone: the phone is empty: fill it in`,
		"'-x;\"'\tx\";\"'\r\nx\";5;fone: the phone is empty: fill it in",
		"'＝A1;a\ufffdb;;9;fone: the phone is empty: fill it in",
		";;;10;fone: the phone is empty: fill it in",
		"Bia;1;;11;'=broken",
		"",
	}, "\r\n")
	want = strings.ReplaceAll(want, "-12,50", `"-12,50"`)
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

// A customer corrects the file of rejects and uploads it: its rows come back, and its two columns do not pile up.
func TestRejects_UploadedAgain(t *testing.T) {
	var first bytes.Buffer
	r, err := importer.NewRejects(&first, importer.Dialect{Separator: ','}, []string{"nome", "fone", "cpf"})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Write(importer.Row{Number: 42, Cells: []string{"José, o \"Zé\"", "+5511987654321", "111"}}, errors.New("bad")); err != nil {
		t.Fatal(err)
	}
	if err := r.Flush(); err != nil {
		t.Fatal(err)
	}
	src, d, err := importer.OpenCSV(&first, importer.CSVOptions{})
	if err != nil {
		t.Fatal(err)
	}
	columns, err := importer.MapColumns(src.Header(), nil, importer.ColumnOptions{})
	if err != nil {
		t.Fatal(err)
	}
	row, err := src.Next()
	if err != nil {
		t.Fatal(err)
	}
	entry, err := columns.Entry(row)
	want := importer.Entry{Number: 2, Name: "José, o \"Zé\"", Phone: "+5511987654321", Fields: arauto.Fields{{Key: "cpf", Value: "111"}}}
	if diff := cmp.Diff(want, entry); diff != "" || err != nil {
		t.Error(diff, err)
	}
	var second bytes.Buffer
	if r, err = importer.NewRejects(&second, d, src.Header()); err != nil {
		t.Fatal(err)
	}
	if err := r.Write(row, errors.New("still bad")); err != nil {
		t.Fatal(err)
	}
	if err := r.Flush(); err != nil {
		t.Fatal(err)
	}
	if got, want := second.String(), "\ufeffnome,fone,cpf,row,reason\r\n\"José, o \"\"Zé\"\"\",+5511987654321,111,2,still bad\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
