package exporter

import (
	"fmt"
	"io"
	"time"

	"arauto"
	"arauto/internal/sheet"
)

// sheets writes a spreadsheet. Every cell but a count is text: a cell of text is never run, and a phone stays one. What
// does not fit into a sheet goes into the next, under the same heading.
type sheets struct {
	book   *sheet.Book
	zone   *time.Location
	most   int // rows a sheet has, its heading among them
	number int // of the sheet
	names  []sheet.Cell
	custom columnsOf
	cells  []sheet.Cell
}

func newSheets(w io.Writer, zone *time.Location, most int) (*sheets, error) {
	if most == 0 {
		most = sheet.MaxRows
	}
	book, err := sheet.New(w)
	return &sheets{book: book, zone: zone, most: most}, err
}

func (s *sheets) head(fields []string) error {
	s.custom = newColumnsOf(fields)
	for _, name := range headings(fields) {
		s.names = append(s.names, sheet.Cell{Text: name})
	}
	return s.next()
}

// next begins a sheet.
func (s *sheets) next() error {
	s.number++
	if err := s.book.Sheet(fmt.Sprintf("Contacts %d", s.number)); err != nil {
		return err
	}
	return s.book.Row(s.names)
}

func (s *sheets) row(r *arauto.ContactRow) error {
	if s.book.Rows() == s.most {
		if err := s.next(); err != nil {
			return err
		}
	}
	s.cells = s.cells[:0]
	for _, c := range columns {
		switch {
		case c.text != nil:
			s.cells = append(s.cells, sheet.Cell{Text: c.text(r)})
		case c.at != nil:
			s.cells = append(s.cells, sheet.Cell{Text: local(c.at(r), s.zone)})
		default:
			s.cells = append(s.cells, sheet.Cell{Number: c.n(r)})
		}
	}
	fields, err := s.custom.values(r)
	if err != nil {
		return err
	}
	for _, v := range fields {
		s.cells = append(s.cells, sheet.Cell{Text: v})
	}
	return s.book.Row(s.cells)
}

func (s *sheets) end() error { return s.book.Close() }
