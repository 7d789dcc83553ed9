// Package sheet writes spreadsheets (XLSX) as their rows come: a row goes into the file and is forgotten, nothing is
// kept in memory or in another file meanwhile.
//
// It knows texts and whole numbers, and may not know what they mean, nor how a spreadsheet looks.
package sheet

import (
	"archive/zip"
	"compress/flate"
	"io"
	"strconv"
)

// MaxRows is how many rows a sheet has room for, MaxColumns how many columns.
const (
	MaxRows    = 1 << 20
	MaxColumns = 1 << 14
)

// A Cell is a text or, where there is none, a number; neither is no cell at all.
type Cell struct {
	Text   string // cut to the 32,767 characters that a cell has room for; what XML has no place for becomes U+FFFD
	Number int64
}

// A Book is a spreadsheet that is being written. Its methods are called one after the other, and none after one failed.
type Book struct {
	zip     *zip.Writer
	part    io.Writer // the sheet that is being written; nil = none yet
	names   []string  // of the sheets
	row     int       // the last of the sheet
	columns []string  // their letters
	pending []byte    // of the sheet, to be compressed
}

// chunk is how much is compressed at once.
const chunk = 64 << 10

// New begins a book in w. A book without a sheet cannot be opened.
func New(w io.Writer) (*Book, error) {
	b := &Book{zip: zip.NewWriter(w)}
	b.zip.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	// What tells a spreadsheet from other archives comes first; what lists the sheets, when they are known.
	return b, b.parts(firstParts)
}

func (b *Book) parts(list []part) error {
	for _, p := range list {
		w, err := b.zip.Create(p.name)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, xmlHead+p.text); err != nil {
			return err
		}
	}
	return nil
}

// Sheet ends the sheet that was being written and begins another. Names have up to 31 characters, none of them []:*?/\,
// and no two are one.
func (b *Book) Sheet(name string) (err error) {
	if err := b.endSheet(); err != nil {
		return err
	}
	b.names, b.row = append(b.names, name), 0
	b.part, err = b.zip.Create("xl/" + sheetFile(len(b.names)))
	b.pending = append(b.pending, xmlHead+`<worksheet xmlns="`+mainSpace+`"><sheetData>`...)
	return err
}

func (b *Book) endSheet() error {
	if b.part == nil {
		return nil
	}
	b.pending = append(b.pending, `</sheetData></worksheet>`...)
	return b.flush()
}

func (b *Book) flush() error {
	_, err := b.part.Write(b.pending)
	b.pending = b.pending[:0]
	return err
}

// Row adds a row to the sheet, which has room for it.
func (b *Book) Row(cells []Cell) error {
	b.row++
	row := strconv.Itoa(b.row)
	out := append(append(append(b.pending, `<row r="`...), row...), `">`...)
	for i, c := range cells {
		switch {
		case c.Text != "":
			out = append(append(append(append(out, `<c r="`...), b.column(i)...), row...), `" t="inlineStr"><is><t xml:space="preserve">`...)
			out = append(appendText(out, c.Text), `</t></is></c>`...)
		case c.Number != 0:
			out = append(append(append(append(out, `<c r="`...), b.column(i)...), row...), `"><v>`...)
			out = append(strconv.AppendInt(out, c.Number, 10), `</v></c>`...)
		}
	}
	b.pending = append(out, `</row>`...)
	if len(b.pending) < chunk {
		return nil
	}
	return b.flush()
}

// column is what stands above a column: A, B, … Z, AA.
func (b *Book) column(i int) string {
	for n := len(b.columns); n <= i; n++ {
		letters := string(rune('A' + n%26))
		for rest := n / 26; rest > 0; rest = (rest - 1) / 26 {
			letters = string(rune('A'+(rest-1)%26)) + letters
		}
		b.columns = append(b.columns, letters)
	}
	return b.columns[i]
}

// Rows is how many rows the sheet has.
func (b *Book) Rows() int { return b.row }

// Close ends the book. What it was written into stays open.
func (b *Book) Close() error {
	if err := b.endSheet(); err != nil {
		return err
	}
	if err := b.parts(lastParts(b.names)); err != nil {
		return err
	}
	return b.zip.Close()
}
