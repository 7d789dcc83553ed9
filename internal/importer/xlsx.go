package importer

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

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

// watchedAt remembers that reading failed: it is not the file's fault then.
type watchedAt struct {
	io.ReaderAt
	err error
}

// ReadAt implements io.ReaderAt.
func (w *watchedAt) ReadAt(p []byte, at int64) (int, error) {
	n, err := w.ReaderAt.ReadAt(p, at)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// damaged is what err, met while reading the workbook, says about the file, unless it is the disk's.
func (s *Sheet) damaged(err error) error {
	switch _, ours := errors.AsType[*arauto.Error](err); {
	case ours:
		return err
	case s.reader.err != nil:
		return fmt.Errorf("read xlsx: %w", s.reader.err)
	case errors.Is(err, zip.ErrFormat):
		return arauto.Errorf(arauto.KindInvalid, "file", "the file is no whole spreadsheet (XLSX): it is damaged, or its upload was cut off; save it again and upload that")
	case errors.Is(err, zip.ErrAlgorithm):
		return arauto.Errorf(arauto.KindInvalid, "file", "the spreadsheet is packed in a way that no spreadsheet program uses: open it and save it again")
	}
	return arauto.Errorf(arauto.KindInvalid, "file", "the spreadsheet is damaged (%v): open it, save it again and upload that", err)
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

// unpack opens a part, unless it is a bomb.
func (s *Sheet) unpack(f *zip.File, limit uint64) (io.ReadCloser, error) {
	if f.Flags&1 != 0 {
		return nil, arauto.Errorf(arauto.KindInvalid, "file", "the spreadsheet is protected by a password: save it without one")
	}
	if f.UncompressedSize64 > limit || f.UncompressedSize64 > freeUnpacked && f.UncompressedSize64/maxRatio > f.CompressedSize64 {
		return nil, arauto.Errorf(arauto.KindInvalid, "file", "the spreadsheet unpacks to %s, far more than one of its size can hold: copy the rows into a new one, or save it as CSV",
			megabytes(int64(min(f.UncompressedSize64, 1<<62))>>20<<20))
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	return &unpacked{ReadCloser: r, left: int64(f.UncompressedSize64)}, nil //nolint:gosec // below limit
}

// unpacked is a part that gives no more than it says.
type unpacked struct {
	io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	if u.left -= int64(n); u.left < 0 {
		return 0, zip.ErrFormat
	}
	return n, err
}

// each calls see at every tag of a part; a part that is not there has none.
func (s *Sheet) each(name string, limit uint64, see func(*markup) error) error {
	f := s.parts[strings.ToLower(name)]
	if f == nil {
		return nil
	}
	r, err := s.unpack(f, limit)
	if err != nil {
		return err
	}
	defer r.Close()
	for m := newMarkup(r); ; {
		if err := m.next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := see(m); err != nil {
			return err
		}
	}
}

// plainText is XML with its entities read.
func plainText(b []byte) string { return string(appendText(nil, b)) }

// targets reads what the ids in a part stand for.
func (s *Sheet) targets(part string) (map[string]string, error) {
	m := map[string]string{}
	dir, file := path.Split(part)
	err := s.each(dir+"_rels/"+file+".rels", maxPart, func(x *markup) error {
		if !x.is("Relationship") {
			return nil
		}
		target := plainText(x.attr("Target"))
		if !strings.HasPrefix(target, "/") {
			target = path.Join(dir, target)
		}
		target = strings.TrimPrefix(target, "/")
		m[plainText(x.attr("Id"))] = target
		if kind := plainText(x.attr("Type")); strings.HasSuffix(kind, "/officeDocument") || strings.HasSuffix(kind, "/sharedStrings") || strings.HasSuffix(kind, "/styles") {
			m[path.Base(kind)] = target
		}
		return nil
	})
	return m, err
}

// choose finds the part of the sheet that is asked for.
func (s *Sheet) choose(want string) (target string, err error) {
	top, err := s.targets("")
	if err != nil {
		return "", err
	}
	book := top["officeDocument"]
	if book == "" {
		book = "xl/workbook.xml"
	}
	if s.parts[strings.ToLower(book)] == nil {
		return "", arauto.Errorf(arauto.KindInvalid, "file", "the file is a ZIP file, but no spreadsheet (XLSX): upload the spreadsheet itself")
	}
	if strings.HasSuffix(book, ".bin") {
		return "", arauto.Errorf(arauto.KindInvalid, "file", "this is a binary workbook (XLSB): save it as XLSX")
	}
	targets, err := s.targets(book)
	if err != nil {
		return "", err
	}
	for part, usual := range map[string]string{"sharedStrings": "sharedStrings.xml", "styles": "styles.xml"} {
		if targets[part] == "" {
			targets[part] = path.Join(path.Dir(book), usual)
		}
		s.parts["#"+strings.ToLower(part)] = s.parts[strings.ToLower(targets[part])]
	}
	var all []string
	err = s.each(book, maxPart, func(x *markup) error {
		switch {
		case x.is("workbookPr"):
			on := plainText(x.attr("date1904"))
			s.since1904 = on == "1" || on == "true"
		case x.is("sheet"):
			name, state := plainText(x.attr("name")), plainText(x.attr("state"))
			all = append(all, name)
			hidden := state == "hidden" || state == "veryHidden"
			if !hidden {
				s.Names = append(s.Names, name)
			}
			if target == "" && (want == "" && !hidden || want != "" && strings.EqualFold(strings.TrimSpace(want), strings.TrimSpace(name))) {
				s.Name, target = name, targets[plainText(x.attr("id"))]
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return "", err
	case target != "":
		return target, nil
	case want != "":
		return "", arauto.Errorf(arauto.KindInvalid, "sheet", "there is no sheet %q; the workbook has %s", want, strings.Join(all, ", "))
	}
	return "", arauto.Errorf(arauto.KindInvalid, "file", "the workbook has no sheet that is not hidden: name the one to be read (sheet)")
}

func (s *Sheet) readStyles() error {
	codes := map[int]string{}
	used := false // inside the list that cells point at
	return s.each("#styles", maxPart, func(x *markup) error {
		switch {
		case x.is("numFmt"):
			if id, err := strconv.Atoi(string(x.attr("numFmtId"))); err == nil {
				codes[id] = plainText(x.attr("formatCode"))
			}
		case string(x.name) == "cellXfs":
			used = !x.closing && !x.empty
		case used && x.is("xf"):
			id, _ := strconv.Atoi(string(x.attr("numFmtId"))) // what is none is general
			style, dates := builtInDates(id)
			if code, ok := codes[id]; ok && !dates {
				style = styleOf(code)
			}
			s.styles = append(s.styles, style)
		}
		return nil
	})
}

func (s *Sheet) readShared() error {
	var said []byte
	phonetic := false // how a name is pronounced is none of its text
	err := s.each("#sharedStrings", maxUnpacked, func(x *markup) error {
		switch {
		case string(x.name) == "rPh":
			phonetic = !x.closing && !x.empty
		case x.closing && string(x.name) == "t" && !phonetic:
			said = appendText(said, x.text)
			said = said[:min(len(said), 2*maxCell)]
		}
		if x.ends("si") {
			err := s.shared.add(said)
			said = said[:0]
			return err
		}
		return nil
	})
	return errors.Join(err, s.shared.done())
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

// cells reads the row that has begun. The error is a *RowError with the row in it, or final.
func (s *Sheet) cells() (row Row, err error) {
	s.number++
	if n, bad := strconv.Atoi(string(s.xml.attr("r"))); bad == nil && n >= s.number {
		s.number = n
	}
	row.Number = s.number
	row.Cells = make([]string, 0, len(s.header))
	var why error
	for next := 0; !s.xml.ends("row"); {
		if err := s.xml.next(); err != nil {
			return row, eof(err)
		}
		if !s.xml.is("c") {
			continue
		}
		at := next
		if place, ok := columnOf(s.xml.attr("r")); ok {
			at = place
		}
		if next = at + 1; at >= maxWide {
			return row, errMarkup
		}
		cell, flaw, err := s.value()
		if err != nil {
			return row, err
		}
		if flaw != "" && why == nil {
			why = arauto.Errorf(arauto.KindInvalid, s.named(at), "%s", flaw)
		}
		if cell == "" {
			continue
		}
		for len(row.Cells) <= at {
			row.Cells = append(row.Cells, "")
		}
		row.Cells[at] = cell
	}
	if why != nil {
		return row, &RowError{Row: row, Err: why}
	}
	return row, nil
}

// named is what a column is called.
func (s *Sheet) named(column int) string {
	if column < len(s.header) {
		return clean(s.header[column])
	}
	return columnName(column)
}

// value reads the cell that has begun; flaw is what is wrong with it.
func (s *Sheet) value() (cell, flaw string, err error) {
	kind := string(s.xml.attr("t"))
	style, _ := strconv.Atoi(string(s.xml.attr("s"))) // none is the first
	s.cell = s.cell[:0]
	long, phonetic := false, false
	for !s.xml.ends("c") {
		if err := s.xml.next(); err != nil {
			return "", "", eof(err)
		}
		switch name := string(s.xml.name); {
		case name == "rPh":
			phonetic = !s.xml.closing && !s.xml.empty
		case s.xml.closing && (name == "v" || name == "t" && !phonetic):
			s.cell = appendText(s.cell, s.xml.text)
			long = long || s.xml.long || len(s.cell) > maxCell
			s.cell = s.cell[:min(len(s.cell), 2*maxCell)]
		}
	}
	switch kind {
	case "s":
		n, bad := strconv.Atoi(string(s.cell))
		var there bool
		if s.cell, there, err = s.shared.at(n, s.cell[:0]); err != nil {
			return "", "", err
		} else if bad != nil || !there {
			return "", "the cell points at a text that is not in the workbook: enter it again", nil //nolint:nilerr // what is wrong is the row's
		}
		long = len(s.cell) > maxCell
	case "", "n":
		of := numberStyle{}
		if style >= 0 && style < len(s.styles) {
			of = s.styles[style]
		}
		return of.write(string(s.cell), s.since1904), "", nil
	case "b":
		return map[string]string{"0": "false", "1": "true"}[string(s.cell)], "", nil
	}
	switch cell = string(s.cell); {
	case long:
		return cell[:min(len(cell), maxCell)], "the cell is longer than 64 KB: shorten it", nil
	case !utf8.ValidString(cell):
		return cell, "the cell is not UTF-8: enter it again", nil
	case strings.IndexByte(cell, 0) >= 0:
		return cell, "the cell holds a NUL character: enter it again", nil
	}
	return cell, "", nil
}

// columnOf is the place that a cell like C7 is in, counted from 0.
func columnOf(ref []byte) (place int, ok bool) {
	for i, c := range ref {
		switch {
		case c >= 'A' && c <= 'Z':
			place = place*26 + int(c-'A') + 1
		case c >= 'a' && c <= 'z':
			place = place*26 + int(c-'a') + 1
		default:
			return place - 1, i > 0
		}
		if place > maxWide {
			return place, true
		}
	}
	return place - 1, place > 0
}

// columnName is what a spreadsheet calls a column.
func columnName(place int) string {
	var letters []byte
	for place++; place > 0; place = (place - 1) / 26 {
		letters = append(letters, byte('A'+(place-1)%26)) //nolint:gosec // a letter
	}
	slices.Reverse(letters)
	return string(letters)
}
