package exporter

import (
	"encoding/csv"
	"io"
	"strconv"
	"time"

	"arauto"
)

// csvTable writes CSV as spreadsheets open it: lines end in CRLF, and no cell is a formula.
type csvTable struct {
	w      *csv.Writer
	raw    io.Writer
	bom    bool
	zone   *time.Location
	custom columnsOf
	cells  []string
}

func newCSV(w io.Writer, x arauto.Export, zone *time.Location) *csvTable {
	t := &csvTable{w: csv.NewWriter(w), raw: w, bom: x.BOM, zone: zone}
	t.w.Comma, t.w.UseCRLF = rune(x.Delimiter[0]), true
	return t
}

func (t *csvTable) head(fields []string) error {
	if t.bom {
		if _, err := io.WriteString(t.raw, "\ufeff"); err != nil {
			return err
		}
	}
	t.custom = newColumnsOf(fields)
	names := headings(fields)
	for i := range names {
		names[i] = harmless(names[i])
	}
	return t.w.Write(names)
}

func (t *csvTable) row(r *arauto.ContactRow) error {
	t.cells = t.cells[:0]
	for _, c := range columns {
		switch {
		case c.text != nil:
			t.cells = append(t.cells, harmless(c.text(r)))
		case c.at != nil:
			t.cells = append(t.cells, local(c.at(r), t.zone))
		default:
			t.cells = append(t.cells, count(c.n(r)))
		}
	}
	fields, err := t.custom.values(r)
	if err != nil {
		return err
	}
	for _, v := range fields {
		t.cells = append(t.cells, harmless(v))
	}
	return t.w.Write(t.cells)
}

func (t *csvTable) end() error {
	t.w.Flush()
	return t.w.Error()
}

// count is a number; none is an empty cell.
func count(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// harmless is text that no spreadsheet takes for a formula, nor a phone for a number: an apostrophe stands before what
// would be one.
func harmless(text string) string {
	if text == "" {
		return text
	}
	switch text[0] {
	case '=', '+', '-', '@', '\t', '\r':
		return "'" + text
	}
	return text
}
