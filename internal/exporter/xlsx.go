package exporter

import (
	"archive/zip"
	"fmt"
	"io"
	"time"

	"github.com/xuri/excelize/v2"

	"arauto"
)

// maxSheetRows is how many rows a sheet has room for, its heading among them.
const maxSheetRows = excelize.TotalRows

// sheets writes a spreadsheet. Every cell but a count is text: a cell of text is never run, and a phone stays one. What
// does not fit into a sheet goes into the next, under the same heading. Rows are spooled to a temporary file.
type sheets struct {
	out    io.Writer
	zone   *time.Location
	most   int
	file   *excelize.File
	sheet  *excelize.StreamWriter
	number int // of the sheet
	at     int // rows in it
	names  []any
	custom columnsOf
	cells  []any
}

func newSheets(w io.Writer, zone *time.Location, most int) *sheets {
	if most == 0 {
		most = maxSheetRows
	}
	return &sheets{out: w, zone: zone, most: most, file: excelize.NewFile()}
}

func (s *sheets) head(fields []string) error {
	s.custom = newColumnsOf(fields)
	for _, name := range headings(fields) {
		s.names = append(s.names, name)
	}
	return s.next()
}

// next begins a sheet.
func (s *sheets) next() error {
	if s.sheet != nil {
		if err := s.sheet.Flush(); err != nil {
			return err
		}
	}
	s.number++
	name := fmt.Sprintf("Contacts %d", s.number)
	var err error
	if s.number == 1 {
		err = s.file.SetSheetName("Sheet1", name)
	} else {
		_, err = s.file.NewSheet(name)
	}
	if err != nil {
		return err
	}
	if s.sheet, err = s.file.NewStreamWriter(name); err != nil {
		return err
	}
	s.at = 1
	return s.sheet.SetRow("A1", s.names)
}

func (s *sheets) row(r *arauto.ContactRow) error {
	if s.at == s.most {
		if err := s.next(); err != nil {
			return err
		}
	}
	s.cells = s.cells[:0]
	for _, c := range columns {
		switch {
		case c.text != nil:
			s.cells = append(s.cells, filled(c.text(r)))
		case c.at != nil:
			s.cells = append(s.cells, filled(local(c.at(r), s.zone)))
		case c.n(r) == 0:
			s.cells = append(s.cells, nil)
		default:
			s.cells = append(s.cells, c.n(r))
		}
	}
	fields, err := s.custom.values(r)
	if err != nil {
		return err
	}
	for _, v := range fields {
		s.cells = append(s.cells, filled(v))
	}
	s.at++
	return s.sheet.SetRow(fmt.Sprint("A", s.at), s.cells)
}

// filled is text, or no cell at all.
func filled(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func (s *sheets) end() error {
	// The library would hold the whole file, compressed, before it wrote it.
	s.file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zip.NewWriter(s.out) })
	err := s.sheet.Flush()
	if err == nil {
		_, err = s.file.WriteTo(io.Discard)
	}
	return err
}

func (s *sheets) free() { _ = s.file.Close() } // its temporary files: there is nothing in them that is needed
