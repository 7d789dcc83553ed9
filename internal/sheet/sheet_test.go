package sheet_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"arauto/internal/sheet"
)

type fataler interface {
	Helper()
	Fatal(args ...any)
}

func check(t fataler, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// written is a book as somebody else's reader has it, by sheet.
func written(t fataler, write func(b *sheet.Book) error) *excelize.File {
	t.Helper()
	var file bytes.Buffer
	b, err := sheet.New(&file)
	check(t, err)
	check(t, write(b))
	check(t, b.Close())
	f, err := excelize.OpenReader(&file)
	check(t, err)
	check(t, f.Close())
	return f
}

func TestBook(t *testing.T) {
	wide := make([]sheet.Cell, 26*27+1)
	wide[25].Text, wide[26].Text, wide[26*27-1].Text, wide[26*27].Text = "Z", "AA", "ZZ", "AAA"
	f := written(t, func(b *sheet.Book) error {
		check(t, b.Sheet("Pessoas & <1>"))
		check(t, b.Row([]sheet.Cell{{Text: "id"}, {Text: "nome"}}))
		check(t, b.Row([]sheet.Cell{{Number: -7}, {}, {Text: " José\n\"d'Ávila\" <b> & _x000D_ \r\x01\U0001F600"}, {Text: "=1+1"}}))
		check(t, b.Row(nil))
		check(t, b.Row([]sheet.Cell{{Text: "+5511987654321"}, {Number: 1 << 40}}))
		if b.Rows() != 4 {
			t.Errorf("%d rows, want 4", b.Rows())
		}
		check(t, b.Sheet(`"2"`))
		return b.Row(wide)
	})
	if diff := cmp.Diff([]string{"Pessoas & <1>", `"2"`}, f.GetSheetList()); diff != "" {
		t.Fatalf("sheets (-want +got):\n%s", diff)
	}
	rows, err := f.GetRows("Pessoas & <1>")
	check(t, err)
	want := [][]string{{"id", "nome"}, {"-7", "", " José\n\"d'Ávila\" <b> & _x000D_ \r\uFFFD\U0001F600", "=1+1"}, nil, {"+5511987654321", "1099511627776"}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	for cell, want := range map[string]excelize.CellType{"A2": excelize.CellTypeUnset, "D2": excelize.CellTypeInlineString, "A4": excelize.CellTypeInlineString} {
		kind, err := f.GetCellType("Pessoas & <1>", cell)
		if formula, _ := f.GetCellFormula("Pessoas & <1>", cell); err != nil || kind != want || formula != "" {
			t.Errorf("%s is of type %v with formula %q (%v), want %v", cell, kind, formula, err, want)
		}
	}
	for _, cell := range []string{"Z", "AA", "ZZ", "AAA"} {
		if got, err := f.GetCellValue(`"2"`, cell+"1"); got != cell || err != nil {
			t.Errorf("%s1 is %q (%v)", cell, got, err)
		}
	}
}

// TestBook_AnyText: whatever stands in a cell comes out again, but what XML cannot say and what is too long.
func TestBook_AnyText(t *testing.T) {
	texts := rapid.OneOf(rapid.String(), rapid.StringOfN(rapid.RuneFrom([]rune("_x005FDad\n\t&<>\x00\x1f\uFFFE\U0001F600é")), 0, 12, -1),
		rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) }))
	rapid.Check(t, func(t *rapid.T) {
		text := texts.Draw(t, "text") + "."
		f := written(t, func(b *sheet.Book) error {
			check(t, b.Sheet("1"))
			return b.Row([]sheet.Cell{{Text: text}})
		})
		got, err := f.GetCellValue("1", "A1")
		if want := sayable(text); err != nil || got != want {
			t.Fatalf("%q became %q, want %q (%v)", text, got, want, err)
		}
	})
}

func sayable(text string) string {
	var out strings.Builder
	for _, r := range text { // a byte that is no UTF-8 is U+FFFD here
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == '\uFFFE' || r == '\uFFFF' {
			r = utf8.RuneError
		}
		out.WriteRune(r)
	}
	return out.String()
}

func TestBook_LongText(t *testing.T) {
	for text, want := range map[string]int{strings.Repeat("é", 32_767): 32_767, strings.Repeat("é", 40_000): 32_767, strings.Repeat("\U0001F600", 20_000): 16_383} {
		f := written(t, func(b *sheet.Book) error {
			check(t, b.Sheet("1"))
			return b.Row([]sheet.Cell{{Text: text}})
		})
		if got, err := f.GetCellValue("1", "A1"); err != nil || utf8.RuneCountInString(got) != want || !strings.HasPrefix(text, got) {
			t.Errorf("%d characters of %d, want %d (%v)", utf8.RuneCountInString(got), utf8.RuneCountInString(text), want, err)
		}
	}
}

// TestBook_First: what tells a spreadsheet from another archive is its first file.
func TestBook_First(t *testing.T) {
	var file bytes.Buffer
	b, err := sheet.New(&file)
	check(t, err)
	check(t, b.Sheet("1"))
	check(t, b.Close())
	r, err := zip.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	check(t, err)
	var names []string
	for _, f := range r.File {
		names = append(names, f.Name)
	}
	want := []string{"[Content_Types].xml", "_rels/.rels", "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// TestBook_Full: an error of the file is an error of the book.
func TestBook_Full(t *testing.T) {
	b, err := sheet.New(&short{left: 2000})
	check(t, err)
	check(t, b.Sheet("1"))
	for n := 0; err == nil; n++ {
		if n == 1_000_000 {
			t.Fatal("a million rows fit into 2,000 bytes")
		}
		err = b.Row([]sheet.Cell{{Number: int64(n) * 7_919_191}})
	}
}

// short is a file on a disk that is nearly full.
type short struct{ left int }

func (s *short) Write(p []byte) (int, error) {
	if s.left -= len(p); s.left < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}
