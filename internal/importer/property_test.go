package importer_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/importer"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"
)

// Whatever a spreadsheet may write, in whichever dialect, is read back cell for cell, and every row is found on
// the line where it begins.
func TestOpenCSV_ReadsWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWriter(t)
		columns := rapid.IntRange(1, 6).Draw(t, "columns")
		header := make([]string, columns)
		for i := range header {
			header[i] = fmt.Sprintf("%c%s", 'a'+i, w.drawCell(t))
		}
		w.row(t, header)
		var want []importer.Row
		for range rapid.IntRange(0, 20).Draw(t, "rows") {
			row := importer.Row{Number: w.line}
			for range columns {
				row.Cells = append(row.Cells, w.drawCell(t))
			}
			w.row(t, row.Cells)
			if strings.TrimSpace(strings.Join(row.Cells, "")) != "" {
				want = append(want, row)
			}
		}
		src, d, err := importer.OpenCSV(bytes.NewReader(w.encode(t)), importer.CSVOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(header, src.Header()); diff != "" {
			t.Fatalf("header as %+v (-want +got):\n%s", d, diff)
		}
		var got []importer.Row
		for {
			row, err := src.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%v, as %+v", err, d)
			}
			got = append(got, row)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("rows as %+v (-want +got):\n%s", d, diff)
		}
	})
}

// A writer is one program's way of writing CSV.
type writer struct {
	separator byte
	lineBreak string
	encoding  importer.Encoding
	bom       bool
	allQuoted bool
	out       strings.Builder
	line      int
}

func drawWriter(t *rapid.T) *writer {
	w := &writer{
		separator: rapid.SampledFrom([]byte(";,\t|")).Draw(t, "separator"),
		lineBreak: rapid.SampledFrom([]string{"\n", "\r\n", "\r"}).Draw(t, "line break"),
		encoding:  rapid.SampledFrom([]importer.Encoding{importer.UTF8, importer.UTF16LE, importer.UTF16BE, importer.Windows1252}).Draw(t, "encoding"),
		allQuoted: rapid.Bool().Draw(t, "all quoted"),
		line:      1,
	}
	w.bom = w.encoding == importer.UTF8 && rapid.Bool().Draw(t, "mark")
	if rapid.Bool().Draw(t, "separator line") {
		w.out.WriteString("sep=" + string(w.separator) + w.lineBreak)
		w.line++
	}
	return w
}

func (w *writer) drawCell(t *rapid.T) string {
	alphabet := []rune("aZ0 ;,|\t\"'\n\réçãÉõñ+=-")
	if w.encoding != importer.Windows1252 { // where É€ is also UTF-8, of another letter
		alphabet = append(alphabet, '€', '😀', '漢', '\u0301', '\u00a0')
	}
	return rapid.StringOfN(rapid.SampledFrom(alphabet), 0, 12, -1).Draw(t, "cell")
}

func (w *writer) row(t *rapid.T, cells []string) {
	var row strings.Builder
	for i, cell := range cells {
		if i > 0 {
			row.WriteByte(w.separator)
		}
		if w.allQuoted || cell == "" && rapid.Bool().Draw(t, "empty quoted") || strings.ContainsAny(cell, ";,|\t\"\r\n") {
			cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
		row.WriteString(cell)
	}
	row.WriteString(w.lineBreak)
	text := row.String()
	w.line += strings.Count(text, "\n") + strings.Count(text, "\r") - strings.Count(text, "\r\n")
	w.out.WriteString(text)
}

func (w *writer) encode(t *rapid.T) []byte {
	text := w.out.String()
	switch w.encoding {
	case importer.UTF16LE, importer.UTF16BE:
		return []byte(utf16("\ufeff"+text, w.encoding == importer.UTF16BE))
	case importer.Windows1252:
		coded, err := charmap.Windows1252.NewEncoder().Bytes([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return coded
	}
	if w.bom {
		text = "\xef\xbb\xbf" + text
	}
	return []byte(text)
}

// FuzzCSV: whatever the bytes are, rows come in ascending order, no line is both data and refused, nothing is held
// beyond the limit of a row, and the rows that are good can be written as rejects and read again.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{
		"nome;fone\nAna;1\n", "sep=,\r\na,b\r\n\"x\"\"y\",\"\r\n\"\r\n", "\xef\xbb\xbfa\tb\n\"1\n2\t3", "\xff\xfea\x00;\x00b\x00\n\x00",
		"\xfe\xff\x00a\x00\n\xd8\x00", "a|b\rJos\xe9|\"\r", "a\n\"b\"c\n\x00\n", "a;b\na\";\"\"\"\n\";\n", ";;;\n;a\n", "a,b\n\"\"\"\n\"",
	} {
		f.Add([]byte(seed))
	}
	sample, err := os.ReadFile("../../examples/campaign-csv/contatos.csv")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sample[:min(len(sample), 2<<10)])
	f.Fuzz(func(t *testing.T, file []byte) {
		src, d, err := importer.OpenCSV(bytes.NewReader(file), importer.CSVOptions{})
		if err != nil {
			if arauto.KindOf(err) != arauto.KindInvalid {
				t.Fatalf("the file is to blame, yet %v", err)
			}
			return
		}
		width := len(src.Header())
		rejects, err := importer.NewRejects(io.Discard, d, src.Header())
		if err != nil {
			t.Fatal(err)
		}
		last := 0
		for {
			row, err := src.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if bad, ok := errors.AsType[*importer.RowError](err); ok {
				row = bad.Row
			} else if err != nil {
				t.Fatal(err)
			}
			if row.Number <= last || len(row.Cells) > width {
				t.Fatalf("row %d of %d cells comes after row %d; the header has %d", row.Number, len(row.Cells), last, width)
			}
			last = row.Number
			if err := rejects.Write(row, errors.New("x")); err != nil {
				t.Fatal(err)
			}
		}
		if lines := 1 + bytes.Count(file, []byte("\n")) + bytes.Count(file, []byte("\r")); last > lines && d.Encoding == importer.UTF8 {
			t.Fatalf("row %d in a file of at most %d lines", last, lines)
		}
		if held, limit := importer.Held(src), 16*importer.MaxRow; held > limit {
			t.Fatalf("%d bytes are held for a file of %d", held, len(file))
		}
		if again, err := src.Next(); !errors.Is(err, io.EOF) {
			t.Fatalf("after the end comes %v, %v", again, err)
		}
	})
}

// Lines that make a scanner which reads again read everything again. Linear is a few ms each, quadratic minutes.
func TestOpenCSV_HostileQuotes(t *testing.T) {
	for _, line := range []string{"a\";\"\"\"\n", "\"\n", "\"\"\n", "\"\"\"\n", "x;\"\n", "\"x\"y\n", "a\"\"\n\"\n", "\";\"\n", "\"\"\"\";\"\n"} {
		file := "a;b\n" + strings.Repeat(line, 1_000_000/len(line))
		src, _, err := importer.OpenCSV(strings.NewReader(file), importer.CSVOptions{Separator: ';'})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for !errors.Is(err, io.EOF) {
			_, err = src.Next()
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%q: %v for a file of %d bytes", line, took, len(file))
		}
	}
}
