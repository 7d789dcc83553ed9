package importer_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"arauto"
	"arauto/internal/importer"

	"github.com/google/go-cmp/cmp"
)

// readAll gives every row as "number: cell|cell", and a refused one as "number! reason".
func readAll(t *testing.T, file string) (header []string, rows []string, d importer.Dialect) {
	t.Helper()
	src, d, err := importer.OpenCSV(strings.NewReader(file), importer.CSVOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for {
		row, err := src.Next()
		if errors.Is(err, io.EOF) {
			return src.Header(), rows, d
		}
		if bad, ok := errors.AsType[*importer.RowError](err); ok {
			if arauto.KindOf(err) != arauto.KindInvalid {
				t.Errorf("%v is not an invalid error", err)
			}
			rows = append(rows, fmt.Sprintf("%d! %v", bad.Row.Number, bad.Err))
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, fmt.Sprintf("%d: %s", row.Number, strings.Join(row.Cells, "|")))
	}
}

func TestOpenCSV(t *testing.T) {
	long := strings.Repeat("x", importer.MaxCell+1)
	tests := map[string]struct {
		file   string
		header string
		rows   []string
	}{
		"LF":                     {"nome;fone\nAna;1\nBia;2\n", "nome|fone", []string{"2: Ana|1", "3: Bia|2"}},
		"CRLF":                   {"nome;fone\r\nAna;1\r\nBia;2\r\n", "nome|fone", []string{"2: Ana|1", "3: Bia|2"}},
		"CR":                     {"nome;fone\rAna;1\rBia;2\r", "nome|fone", []string{"2: Ana|1", "3: Bia|2"}},
		"no break at the end":    {"nome;fone\nAna;1", "nome|fone", []string{"2: Ana|1"}},
		"header only":            {"nome;fone\n", "nome|fone", nil},
		"blank lines":            {"\n\nnome;fone\n\n   \nAna;1\n;;\n\nBia;2\n\n", "nome|fone", []string{"6: Ana|1", "9: Bia|2"}},
		"quotes":                 {"nome;fone\n\"Ana \"\"Lu\"\"; Jr\";\"1\"\n", "nome|fone", []string{`2: Ana "Lu"; Jr|1`}},
		"blanks behind a quote":  {"nome;fone\n\"Ana\"  ;\"1\"  \n", "nome|fone", []string{"2: Ana|1"}},
		"a quote inside a word":  {"nome;fone\nAna \"Lu\" Sá;1\n", "nome|fone", []string{`2: Ana "Lu" Sá|1`}},
		"line breaks in a cell":  {"nome;fone\n\"Ana\nLu\r\nSá\rJr\";1\nBia;2\n", "nome|fone", []string{"2: Ana\nLu\r\nSá\rJr|1", "6: Bia|2"}},
		"empty columns trail":    {"nome;fone;;\nAna;1;;\nBia;2; ;\n", "nome|fone", []string{"2: Ana|1", "3: Bia|2"}},
		"cells left out":         {"nome;fone;cpf;uf\nAna;1\nBia;2;3;SP\n", "nome|fone|cpf|uf", []string{"2: Ana|1", "3: Bia|2|3|SP"}},
		"empty cells inside":     {"nome;fone;cpf\n;;3\n", "nome|fone|cpf", []string{"2: ||3"}},
		"one column":             {"fone\n1\n2\n", "fone", []string{"2: 1", "3: 2"}},
		"comma":                  {"nome,fone\nAna;x,1\n", "nome|fone", []string{"2: Ana;x|1"}},
		"tab":                    {"nome\tfone\nAna, Lu\t1\n", "nome|fone", []string{"2: Ana, Lu|1"}},
		"pipe":                   {"nome|fone\nAna|1\n", "nome|fone", []string{"2: Ana|1"}},
		"decimal commas":         {"nome;fone;valor, em R$\nAna;1;1,50\nBia;2;2,75\n", "nome|fone|valor, em R$", []string{"2: Ana|1|1,50", "3: Bia|2|2,75"}},
		"separator line":         {"sep=,\r\nnome,a;b\r\nAna,1;2\r\n", "nome|a;b", []string{"3: Ana|1;2"}},
		"quoted separator line":  {"\"sep=^\"\nnome^fone\nAna^1\n", "nome|fone", []string{"3: Ana|1"}},
		"UTF-8 with mark":        {"\xef\xbb\xbfnome;fone\nJosé;1\n", "nome|fone", []string{"2: José|1"}},
		"mark and separator":     {"\xef\xbb\xbfsep=;\nnome;fone\nJosé;1\n", "nome|fone", []string{"3: José|1"}},
		"mark and quote":         {"\xef\xbb\xbf\"nome\";\"fone\"\nJosé;1\n", "nome|fone", []string{"2: José|1"}},
		"Windows-1252":           {"nome;endere\xe7o\nJos\xe9 \x80;S\xe3o\n", "nome|endereço", []string{"2: José €|São"}},
		"UTF-16LE":               {utf16("\ufeffnome;fone\r\nJosé 😀;1\r\n", false), "nome|fone", []string{"2: José 😀|1"}},
		"UTF-16BE":               {utf16("\ufeffsep=,\nnome,fone\nJosé,1\n", true), "nome|fone", []string{"3: José|1"}},
		"more cells than header": {"nome;fone\nAna;1;x\nBia;2\n", "nome|fone", []string{"2! the row has 3 cells where the header has 2: put quotes around a cell that contains a semicolon", "3: Bia|2"}},
		"NUL":                    {"nome;fone\nA\x00na;1\nBia;\"2\x00\"\nCai;3\n", "nome|fone", []string{"2! nome: cell 1 holds a NUL byte: the file is damaged, or not text; save it again as \"CSV UTF-8\"", "3! fone: cell 2 holds a NUL byte: the file is damaged, or not text; save it again as \"CSV UTF-8\"", "4: Cai|3"}},
		"not UTF-8":              {"nome;fone\nJosé;0\nConceição;0\nJos\xe9;1\nBia;2\n", "nome|fone", []string{"2: José|0", "3: Conceição|0", "4! the row is not UTF-8 although the rest of the file is: save the file again as \"CSV UTF-8\"", "5: Bia|2"}},
		"half a character each":  {"nome;fone\nJosé;áéí\nAna\xc3;\xa9\nBia;2\n", "nome|fone", []string{"2: José|áéí", "3! the row is not UTF-8 although the rest of the file is: save the file again as \"CSV UTF-8\"", "4: Bia|2"}},
		"long cell":              {"nome;fone\n" + long + ";1\n\"" + long + "\";2\nBia;2\n", "nome|fone", []string{"2! nome: cell 1 is longer than 64 KB: shorten it", "3! nome: cell 1 is longer than 64 KB: shorten it", "4: Bia|2"}},
		"longest cell":           {"nome;fone\n" + long[1:] + ";1\n\"" + long[2:] + "\n\";2\n", "nome|fone", []string{"2: " + long[1:] + "|1", "3: " + long[2:] + "\n|2"}},
		"text behind a quote":    {"nome;fone\n\"Ana\" Lu;\"1\"\nBia;2\n", "nome|fone", []string{"2! nome: text follows the closing quote of cell 1: write \"\" for a quote inside a cell", "3: Bia|2"}},
		"stray quote":            {"nome;fone\n\"Ana;1\nBia;2\nCai;3\n", "nome|fone", []string{"2! nome: the quote that opens cell 1 is never closed: close it, or write \"\" if it belongs to the text", "3: Bia|2", "4: Cai|3"}},
		"stray quote, quotes on": {"nome;fone\n\"Ana;\"1\"\n\"Bia\";\"2\"\nCai;\"3\n\"Dora\";\"4\"\n", "nome|fone", []string{
			"2! nome: text follows the closing quote of cell 1: write \"\" for a quote inside a cell", "3: Bia|2",
			"4! fone: text follows the closing quote of cell 2: write \"\" for a quote inside a cell", "5: Dora|4",
		}},
		"stray quote, last line":  {"nome;fone\nAna;1\n\"Bia;2", "nome|fone", []string{"2: Ana|1", "3! nome: the quote that opens cell 1 is never closed: close it, or write \"\" if it belongs to the text"}},
		"a broken row of lines":   {"nome;fone\n\"Ana\nLu\";\"1\nBia;2\n", "nome|fone", []string{"2! fone: the quote that opens cell 2 is never closed: close it, or write \"\" if it belongs to the text", "4: Bia|2"}},
		"blank separator is kept": {"nome\tfone\n\"Ana\" \t1\n", "nome|fone", []string{"2: Ana|1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			header, rows, _ := readAll(t, tt.file)
			if got := strings.Join(header, "|"); got != tt.header {
				t.Errorf("header is %q, want %q", got, tt.header)
			}
			if diff := cmp.Diff(tt.rows, rows); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

func utf16(text string, big bool) string {
	var b bytes.Buffer
	for _, r := range text {
		units := []uint16{uint16(r)}
		if r > 0xffff {
			r -= 0x10000
			units = []uint16{uint16(0xd800 + r>>10), uint16(0xdc00 + r&0x3ff)}
		}
		for _, u := range units {
			if big {
				b.Write([]byte{byte(u >> 8), byte(u)})
			} else {
				b.Write([]byte{byte(u), byte(u >> 8)})
			}
		}
	}
	return b.String()
}

func TestOpenCSV_Dialect(t *testing.T) {
	for name, tt := range map[string]struct {
		file string
		want importer.Dialect
	}{
		"ASCII":                         {"a;b\n1;2\n", importer.Dialect{Encoding: importer.UTF8, Separator: ';'}},
		"UTF-8 marked":                  {"\xef\xbb\xbfa,b\n", importer.Dialect{Encoding: importer.UTF8, BOM: true, Separator: ','}},
		"Windows-1252":                  {"a\tn\xe3o\n", importer.Dialect{Encoding: importer.Windows1252, Separator: '\t'}},
		"UTF-16":                        {utf16("\ufeffsep=|\na|b\n", true), importer.Dialect{Encoding: importer.UTF16BE, BOM: true, Separator: '|', SeparatorLine: true}},
		"one spoilt name among accents": {"nome;fone\nJosé;1\nÂngela;2\nJos\xe9;3\n", importer.Dialect{Encoding: importer.UTF8, Separator: ';'}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, got := readAll(t, tt.file); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// The head is plain ASCII: the first accent behind it settles the encoding.
func TestOpenCSV_EncodingSettlesLate(t *testing.T) {
	head := "nome;fone\n" + strings.Repeat("Ana;1\n", 20_000)
	for name, tt := range map[string]struct {
		tail string
		want []string
	}{
		"Windows-1252": {"Jos\xe9;1\n\xc3\xa9;2\n", []string{"20002: José|1", "20003: Ã©|2"}},
		"UTF-8":        {"José;1\nJos\xe9;2\nZé;3\n", []string{"20002: José|1", "20003! the row is not UTF-8 although the rest of the file is: save the file again as \"CSV UTF-8\"", "20004: Zé|3"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, rows, _ := readAll(t, head+tt.tail)
			if diff := cmp.Diff(tt.want, rows[20_000:]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A quote that nobody closes in a big file costs its own line; the search for its end stops after 64 KB.
func TestOpenCSV_StrayQuoteInABigFile(t *testing.T) {
	var file strings.Builder
	file.WriteString("nome;fone\n")
	for i := range 50_000 {
		if i%10_000 == 5_000 {
			file.WriteString("\"")
		}
		fmt.Fprintf(&file, "Ana;%d\n", i)
	}
	_, rows, _ := readAll(t, file.String())
	var bad []string
	for _, row := range rows {
		if strings.Contains(row, "!") {
			bad = append(bad, row)
		}
	}
	why := "! nome: the quote that opens cell 1 is not closed within 64 KB: close it, or write \"\" if it belongs to the text"
	if diff := cmp.Diff([]string{"5002" + why, "15002" + why, "25002" + why, "35002" + why}, bad[:4]); diff != "" {
		t.Error(diff)
	}
	if len(rows) != 50_000 || len(bad) != 5 {
		t.Errorf("%d rows and %d of them bad; want 50000 and 5", len(rows), len(bad))
	}
}

func TestOpenCSV_LongRow(t *testing.T) {
	piece := strings.Repeat("x", 50_000)
	for name, row := range map[string]string{
		"cells":        strings.Repeat(piece+";", 25),
		"quoted cells": strings.Repeat("\""+piece+"\";", 25),
		"separators":   strings.Repeat(";", 2*importer.MaxRow),
		"one cell":     strings.Repeat("x", 3*importer.MaxRow),
		"one quote":    "\"" + strings.Repeat("x", 3*importer.MaxRow),
	} {
		t.Run(name, func(t *testing.T) {
			_, rows, _ := readAll(t, "nome;fone\n"+row+"\nBia;2\n")
			if len(rows) != 2 || !strings.HasPrefix(rows[0], "2! ") || rows[1] != "3: Bia|2" {
				t.Errorf("got %d rows: %.300q", len(rows), rows)
			}
		})
	}
	t.Run("quoted lines", func(t *testing.T) {
		_, rows, _ := readAll(t, "nome;fone\n"+strings.Repeat("\"x\n\";", 400_000)+"\nBia;2\n")
		if last := rows[len(rows)-1]; last != "400003: Bia|2" && last != "400002: Bia|2" {
			t.Errorf("reading did not find its way back: %q", last)
		}
	})
}

// Whatever a file of any size is made of, no more than about a row is held.
func TestOpenCSV_HoldsOneRow(t *testing.T) {
	for _, piece := range []string{"x", ";", "\"", "\"\"", "\n", "x;", "\"x\n\";", "\x00", "a;1\n", "\xe9"} {
		block := strings.Repeat(piece, 1<<20/len(piece))
		var parts []io.Reader
		for range 3 {
			parts = append(parts, strings.NewReader(block))
		}
		file := io.MultiReader(append([]io.Reader{strings.NewReader("a;b\n")}, parts...)...)
		src, _, err := importer.OpenCSV(file, importer.CSVOptions{Separator: ';'})
		if err != nil {
			t.Fatal(err)
		}
		for err == nil || arauto.KindOf(err) == arauto.KindInvalid {
			_, err = src.Next()
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("%q: %v", piece, err)
		}
		if held := importer.Held(src); held > 14*importer.MaxRow {
			t.Errorf("%q: %d bytes are held", piece, held)
		}
	}
}

func TestOpenCSV_Errors(t *testing.T) {
	for name, file := range map[string]string{
		"empty":              "",
		"only a mark":        "\xef\xbb\xbf",
		"only blank lines":   "\n \r\n\n",
		"only the separator": "sep=;\n",
		"XLSX":               "PK\x03\x04....",
		"header with NUL":    "n\x00o\x00m\x00e\x00\n\x00",
		"header never ends":  "\"nome;fone\nAna;1",
	} {
		t.Run(name, func(t *testing.T) {
			src, _, err := importer.OpenCSV(strings.NewReader(file), importer.CSVOptions{})
			if arauto.KindOf(err) != arauto.KindInvalid || src != nil {
				t.Errorf("got %v, %v; want an invalid error", src, err)
			}
		})
	}
	for name, o := range map[string]importer.CSVOptions{"separator": {Separator: 'x'}, "encoding": {Encoding: "ebcdic"}} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := importer.OpenCSV(strings.NewReader("a;b\n"), o); arauto.KindOf(err) != arauto.KindInvalid {
				t.Errorf("got %v, want an invalid error", err)
			}
		})
	}
}

// A reader that fails is not a file that ends.
func TestOpenCSV_ReaderFails(t *testing.T) {
	down := errors.New("the disk is gone")
	if _, _, err := importer.OpenCSV(iotest.ErrReader(down), importer.CSVOptions{}); !errors.Is(err, down) {
		t.Errorf("OpenCSV: got %v", err)
	}
	rows := strings.Repeat("Ana;1\n", 20_000)
	for name, tail := range map[string]string{"in a row": "Bi", "in a quoted cell": "\"Bia\nLu", "behind a quote": "\"Bia\"", "behind a long row": strings.Repeat("x", importer.MaxRow+9)} {
		t.Run(name, func(t *testing.T) {
			file := io.MultiReader(strings.NewReader("nome;fone\n"+rows+tail), iotest.ErrReader(down))
			src, _, err := importer.OpenCSV(file, importer.CSVOptions{})
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for err == nil {
				if _, err = src.Next(); err == nil {
					n++
				}
			}
			if _, again := src.Next(); n != 20_000 || !errors.Is(err, down) || !errors.Is(again, down) {
				t.Errorf("%d rows, then %v, then %v", n, err, again)
			}
		})
	}
}

// Rows keep their cells, and a reader that gives one byte at a time gives the same rows.
func TestOpenCSV_OneByteAtATime(t *testing.T) {
	file := "nome;fone\r\n\"Ana\r\n\"\"Lu\"\"\";1\r\nBia;\"2\" \r\n\"Cai\"x;3\r\nDora;4"
	src, _, err := importer.OpenCSV(iotest.OneByteReader(strings.NewReader(file)), importer.CSVOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sample, src := importer.Peek(src, 2)
	want := []importer.Row{{Number: 2, Cells: []string{"Ana\r\n\"Lu\"", "1"}}, {Number: 4, Cells: []string{"Bia", "2"}}}
	if diff := cmp.Diff(want, sample); diff != "" {
		t.Error(diff)
	}
	var got []int
	for !errors.Is(err, io.EOF) {
		var row importer.Row
		row, err = src.Next()
		if bad, ok := errors.AsType[*importer.RowError](err); ok {
			got = append(got, -bad.Row.Number)
		} else if err == nil {
			got = append(got, row.Number)
		}
	}
	if diff := cmp.Diff([]int{2, 4, -5, 6}, got); diff != "" {
		t.Error(diff)
	}
}

func TestPeek_BeyondTheEnd(t *testing.T) {
	src, _, err := importer.OpenCSV(strings.NewReader("fone\n1\n"), importer.CSVOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sample, src := importer.Peek(src, 10)
	if len(sample) != 1 {
		t.Fatalf("sample is %v", sample)
	}
	if row, err := src.Next(); err != nil || row.Number != 2 {
		t.Errorf("got %v, %v", row, err)
	}
	for range 2 {
		if _, err := src.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("got %v, want the end", err)
		}
	}
}

func BenchmarkCSV(b *testing.B) {
	var file bytes.Buffer
	file.WriteString("nome;telefone;cpf;perfil;cidade\r\n")
	for i := range 100_000 {
		fmt.Fprintf(&file, "Maria Aparecida da Conceição %d;+55119%08d;%011d;\"Pessoa Física\";São Paulo\r\n", i, i, i)
	}
	for b.Loop() {
		src, _, err := importer.OpenCSV(bytes.NewReader(file.Bytes()), importer.CSVOptions{})
		if err != nil {
			b.Fatal(err)
		}
		columns, err := importer.MapColumns(src.Header(), nil, importer.ColumnOptions{NameRequired: true})
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for {
			row, err := src.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if _, err = columns.Entry(row); err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 100_000 {
			b.Fatalf("%d rows", n)
		}
	}
	b.ReportMetric(float64(b.N)*100_000/b.Elapsed().Seconds(), "rows/s")
}

// TestOpenCSV_OtherFormats: what is no list at all is named, and not read as if it were one.
func TestOpenCSV_OtherFormats(t *testing.T) {
	for start, what := range map[string]string{
		"PK\x03\x04":                       "a spreadsheet (XLSX) or a ZIP file",
		"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Excel file (XLS)",
		"\x1f\x8b\x08":                     "a GZIP file",
		"Rar!\x1a\x07\x01":                 "a RAR file",
		"7z\xbc\xaf\x27\x1c":               "a 7-Zip file",
		"%PDF-1.7\n":                       "a PDF",
		"\x89PNG\r\n\x1a\n":                "a picture (PNG)",
		"\xff\xd8\xff\xe0":                 "a picture (JPEG)",
		" \n<HTML><body>":                  "a web page",
		"\ufeff<?xml version='1.0'?>":      "XML",
	} {
		_, _, err := importer.OpenCSV(strings.NewReader(start+"nome;fone\nAna;11987654321\n"), importer.CSVOptions{})
		if arauto.KindOf(err) != arauto.KindInvalid || !strings.Contains(err.Error(), "this is "+what) {
			t.Errorf("%q: %v", start, err)
		}
	}
}
