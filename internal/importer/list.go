package importer

import (
	"errors"
	"io"
	"slices"
	"strings"

	"arauto"
)

// A list is a file that was opened as a list of contacts.
type list struct {
	source   Source
	format   Format
	dialect  Dialect // of CSV
	header   []string
	columns  *Columns
	phones   Phones
	sheets   []string     // of a workbook
	progress func() int64 // how much of the file was read, in bytes
	closer   io.Closer
}

// close lets go of what reading the file needed; the file itself is the caller's.
func (l list) close() {
	if l.closer != nil {
		l.closer.Close()
	}
}

// open reads the header and settles what the columns are; size is the file's. Its errors of kind invalid are about
// the file. The list must be closed.
func (i *Imports) open(p params, file io.ReadSeeker, size int64) (list, error) {
	phones, err := i.Phones(p.Country)
	if err != nil {
		return list{}, err
	}
	l, err := openFile(p, file, size)
	if err != nil {
		return list{}, err
	}
	sample, source := Peek(l.source, MaxPeek)
	header, mapping, err := p.place(source.Header())
	if err != nil {
		l.close()
		return list{}, err
	}
	l.source, l.header, l.phones = source, source.Header(), phones
	if l.columns, err = MapColumns(header, sample, ColumnOptions{Mapping: mapping, NameRequired: p.NameRequired, Dialled: p.Dialled}); err != nil {
		l.close()
		return list{}, err
	}
	return l, nil
}

// openFile opens a file as what it is.
func openFile(p params, file io.ReadSeeker, size int64) (l list, err error) {
	l.format = p.Format
	read := &counter{r: file}
	l.progress = func() int64 { return read.n }
	switch p.Format {
	case FormatJSON, FormatJSONL:
		l.source, err = OpenJSON(read, p.Format, p.Texts...)
	case FormatXLSX:
		sheet, err := OpenXLSX(atAny(file), size, XLSXOptions{Sheet: p.Sheet, Mapping: p.Mapping, plain: len(p.Positions) > 0})
		if err != nil {
			return l, err
		}
		l.source, l.closer, l.sheets = sheet, sheet, sheet.Names
		l.progress = func() int64 { return int64(sheet.share() * float64(size)) }
	default:
		o := CSVOptions{Separator: p.Separator, Encoding: p.Encoding, Mapping: p.Mapping}
		if len(p.Positions) > 0 {
			o.Mapping = nil
			o.plain = true
		}
		l.source, l.dialect, err = OpenCSV(read, o)
	}
	return l, err
}

// place gives the first columns the names that the positions say, and returns the mapping that then holds.
func (p params) place(header []string) ([]string, map[string]string, error) {
	if len(p.Positions) == 0 {
		return header, p.Mapping, nil
	}
	if len(header) < len(p.Positions) {
		return nil, nil, arauto.Errorf(arauto.KindInvalid, "file", "the file has %d columns and needs at least %d, in this order: %s",
			len(header), len(p.Positions), strings.Join(p.Positions, ", "))
	}
	mapping := map[string]string{targetName: "", targetUserID: ""}
	for _, target := range p.Positions {
		if target == targetName || target == targetPhone || target == targetExternal {
			mapping[target] = target
		}
	}
	return slices.Concat(p.Positions, header[len(p.Positions):]), mapping, nil
}

// atAny reads file at any place.
func atAny(file io.ReadSeeker) io.ReaderAt {
	if at, ok := file.(io.ReaderAt); ok {
		return at
	}
	return seeking{file}
}

// seeking is used by one reader at a time.
type seeking struct{ io.ReadSeeker }

// ReadAt implements io.ReaderAt.
func (s seeking) ReadAt(p []byte, at int64) (int, error) {
	if _, err := s.Seek(at, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(s.ReadSeeker, p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
