package importer

import (
	"archive/zip"
	"errors"
	"io"
	"strings"

	"arauto"
)

// What a workbook may be. An archive that unpacks to more is made to exhaust whoever unpacks it.
const (
	maxParts     = 10_000
	maxPart      = 16 << 20 // bytes of a part that is not read row by row
	maxUnpacked  = 8 << 30  // bytes of the sheet, or of the texts
	freeUnpacked = 256 << 20
	maxRatio     = 200 // what is beyond freeUnpacked may be so many times what it is packed
	maxWide      = 16384
)

// XLSXOptions say which sheet of a workbook is read: by its name, or the first that is not hidden.
type XLSXOptions struct {
	Sheet string
	// Mapping helps to tell the header from what stands above it; see ColumnOptions.
	Mapping map[string]string

	plain bool // the header is the first row that says anything, whatever it says
}

// OpenXLSX reads the header of one sheet of a workbook of that size and returns its rows as a Source, which must be
// closed. A row's number is the one at its left.
//
// Cells say what is in them rather than what is shown: a phone that is shown as 5.5E+12 is 5511987654321. Dates are
// written as 2026-12-31, with a time where the cell shows one; a number whose format fills it up with zeros is filled
// up. The header is found as OpenCSV finds it.
//
// A row is refused with a *RowError when a cell is over 64 KB, holds a NUL or is not UTF-8, when it points at a text
// that is not there, and when there are more cells than the header has. The errors are invalid: no workbook, one that
// is damaged, protected by a password or unpacks to far more than it is, no such sheet, no header.
func OpenXLSX(r io.ReaderAt, size int64, o XLSXOptions) (*Sheet, error) {
	watched := &watchedAt{ReaderAt: r}
	s := &Sheet{reader: watched, shared: &sharedStrings{}}
	archive, err := zip.NewReader(watched, size)
	if err != nil {
		return nil, s.damaged(err)
	}
	if len(archive.File) > maxParts {
		return nil, arauto.Errorf(arauto.KindInvalid, "file", "the file holds %d parts, more than any workbook: it is no spreadsheet", len(archive.File))
	}
	s.parts = make(map[string]*zip.File, len(archive.File))
	for _, f := range archive.File {
		s.parts[strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/"))] = f
	}
	if err := s.open(o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// A Sheet is one sheet of a workbook as a Source.
type Sheet struct {
	// Names are those of the sheets that are not hidden, in their order.
	Names []string
	// Name is this one's.
	Name string

	reader    *watchedAt
	parts     map[string]*zip.File
	shared    *sharedStrings
	styles    []numberStyle // by the number that a cell has
	since1904 bool

	part   io.ReadCloser
	read   *counter
	whole  int64 // bytes of the part
	xml    *markup
	number int // of the last row
	header []string
	ahead  []result
	cell   []byte // reused
}

// Header implements Source.
func (s *Sheet) Header() []string { return s.header }

// Close lets go of the workbook; the file is the caller's.
func (s *Sheet) Close() error {
	var err error
	if s.part != nil {
		err = s.part.Close()
	}
	return errors.Join(err, s.shared.Close())
}

// share is how much of the sheet was read, from 0 to 1.
func (s *Sheet) share() float64 {
	if s.read == nil || s.whole == 0 {
		return 0
	}
	return min(1, float64(s.read.n)/float64(s.whole))
}

// open settles which sheet it is, reads what its cells point at, and finds the header.
func (s *Sheet) open(o XLSXOptions) error {
	target, err := s.choose(o.Sheet)
	if err != nil {
		return s.damaged(err)
	}
	if err := s.readStyles(); err != nil {
		return s.damaged(err)
	}
	if err := s.readShared(); err != nil {
		return s.damaged(err)
	}
	f := s.parts[strings.ToLower(target)]
	if f == nil {
		return arauto.Errorf(arauto.KindInvalid, "file", "the spreadsheet is damaged: its sheet %q is not in it", s.Name)
	}
	if s.part, err = s.unpack(f, maxUnpacked); err != nil {
		return s.damaged(err)
	}
	s.read = &counter{r: s.part}
	s.whole = int64(f.UncompressedSize64) //nolint:gosec // unpack has looked at it
	s.xml = newMarkup(s.read)
	return s.findHeader(o)
}

// findHeader reads the first rows.
func (s *Sheet) findHeader(o XLSXOptions) error {
	var rows [][]string
	for len(rows) < headerWithin {
		row, err := s.row()
		if err != nil && !isRowError(err) {
			if !errors.Is(err, io.EOF) && len(rows) == 0 {
				return err
			}
			s.ahead = append(s.ahead, result{row, err})
			break
		}
		s.ahead = append(s.ahead, result{row, err})
		if err == nil {
			rows = append(rows, row.Cells)
		} else {
			rows = append(rows, nil)
		}
	}
	if len(rows) == 0 {
		return arauto.Errorf(arauto.KindInvalid, "file", "sheet %q is empty: its first row must name the columns, such as name and phone", s.Name)
	}
	at := 0
	if !o.plain {
		at = headerIn(rows, o.Mapping)
	}
	if err := s.ahead[at].err; err != nil {
		bad, _ := errors.AsType[*RowError](err)
		return arauto.Errorf(arauto.KindInvalid, "file", "row %d should name the columns, but %s", bad.Row.Number, plainReason(bad.Err))
	}
	s.header, s.ahead = rows[at], s.ahead[at+1:]
	for _, r := range s.ahead { // what was wrong was found before the columns had names
		if e, ok := errors.AsType[*arauto.Error](r.err); ok && isRowError(r.err) {
			if place, ok := columnOf([]byte(e.Field + "1")); ok {
				e.Field = s.named(place)
			}
		}
	}
	return nil
}

// Next implements Source.
func (s *Sheet) Next() (Row, error) {
	var row Row
	var err error
	if len(s.ahead) > 0 {
		next := s.ahead[0]
		if next.err == nil || isRowError(next.err) {
			s.ahead = s.ahead[1:]
		}
		row, err = next.row, next.err
	} else {
		row, err = s.row()
	}
	if err == nil && len(row.Cells) > len(s.header) {
		cells := len(row.Cells)
		row.Cells = row.Cells[:len(s.header)]
		return Row{}, rowErrorf(row, "", "the row has something in column %s, and the header ends at %s: name the column, or empty the cell", columnName(cells-1), columnName(len(s.header)-1))
	}
	if bad, ok := errors.AsType[*RowError](err); ok {
		bad.Row.Cells = legible(bad.Row.Cells[:min(len(bad.Row.Cells), len(s.header))])
	}
	return row, err
}

// row is the next row that says anything, without empty cells at its end.
func (s *Sheet) row() (Row, error) {
	for {
		if err := s.xml.next(); err != nil {
			if errors.Is(err, io.EOF) {
				return Row{}, io.EOF
			}
			return Row{}, s.damaged(err)
		}
		if !s.xml.is("row") {
			continue
		}
		row, err := s.cells()
		if err != nil && !isRowError(err) {
			return Row{}, s.damaged(err)
		}
		for len(row.Cells) > 0 && strings.TrimSpace(row.Cells[len(row.Cells)-1]) == "" {
			row.Cells = row.Cells[:len(row.Cells)-1]
		}
		if err != nil || len(row.Cells) > 0 {
			return row, err
		}
	}
}
