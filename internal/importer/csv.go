package importer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"arauto"
)

// CSVOptions overrule what OpenCSV would find out for itself. The zero value leaves everything to it.
type CSVOptions struct {
	Separator byte
	Encoding  Encoding
	// Mapping helps to tell the header from what stands above it; see ColumnOptions.
	Mapping map[string]string

	plain bool // the header is the first row that says anything, whatever it says
}

// OpenCSV reads the header of a CSV file and returns its rows as a Source, with the way it is written.
//
// Encoding: a byte order mark decides; without one the first 64 KB do, UTF-8 or Windows-1252. If they are plain
// ASCII the Dialect says UTF-8, and the first later row with an accent settles which of the two it is. UTF-16 is
// read with its mark only, unless the options name it. Separator: Excel's first line "sep=;" decides, else the one of
// ; , tab and | that gives the first rows as many cells as the header. Header: the first row that says anything, or,
// where that names no phone, the first of the next that does; what stands above it is a title.
//
// A row is refused with a *RowError when a cell is over 64 KB or the row over 1 MB, when it holds a NUL byte or is
// not UTF-8 in a file that is, when it has more cells than the header (empty ones do not count), and when a
// quoted cell is never closed or goes on behind its closing quote; such a cell takes no line with it but the one it
// began on. Rows shorter than the header are given as they are: Columns judges them.
//
// The errors are invalid: an empty file, another format, a header that cannot be read; or the reader's own.
func OpenCSV(r io.Reader, o CSVOptions) (Source, Dialect, error) {
	if o.Separator != 0 && !canSeparate(o.Separator) {
		return nil, Dialect{}, arauto.Errorf(arauto.KindInvalid, "separator", "%q cannot separate cells; use ; , | or a tab", o.Separator)
	}
	t, err := openText(r, o.Encoding)
	if err != nil {
		return nil, Dialect{}, err
	}
	d := Dialect{Encoding: t.encoding, BOM: t.bom}
	line := 1
	sep, length := separatorLine(t.head)
	if length > 0 {
		if _, err := io.CopyN(io.Discard, t.r, int64(length)); err != nil {
			return nil, Dialect{}, fmt.Errorf("read csv: %w", err)
		}
		d.SeparatorLine, line, t.head = true, 2, t.head[length:]
	}
	switch {
	case o.Separator != 0:
		sep = o.Separator
	case length == 0:
		sep = detectSeparator(t.head, t.whole)
	}
	titles := 0
	if !o.plain {
		titles = titlesAbove(t, sep, o)
	}
	if titles == 0 && !o.plain && o.Separator == 0 && length == 0 {
		sep, titles = separatorBelow(t, sep, o)
	}
	d.Separator = sep
	c := &csvFile{scanner: newScanner(t.r, sep, line), charset: t.charset, separator: sep}
	for range titles {
		if _, err := c.read(math.MaxInt); err != nil {
			return nil, Dialect{}, err
		}
	}
	if err := c.readHeader(); err != nil {
		return nil, Dialect{}, err
	}
	return c, d, nil
}

// titlesAbove is how many rows stand above the header.
func titlesAbove(t text, sep byte, o CSVOptions) int {
	judging := t.charset
	c := &csvFile{scanner: newScanner(bytes.NewReader(t.head), sep, 1), charset: judging, separator: sep}
	var rows [][]string
	for len(rows) < headerWithin {
		row, err := c.read(math.MaxInt)
		if err != nil {
			break
		}
		rows = append(rows, row.Cells)
	}
	return headerIn(rows, o.Mapping)
}

// separatorBelow is titlesAbove for a file whose titles have misled detectSeparator.
func separatorBelow(t text, found byte, o CSVOptions) (sep byte, titles int) {
	for _, sep := range separators {
		if n := titlesAbove(t, sep, o); sep != found && n > 0 {
			return sep, n
		}
	}
	return found, 0
}

type csvFile struct {
	scanner   *scanner
	charset   charset
	separator byte
	header    []string
}

// Header implements Source.
func (c *csvFile) Header() []string { return c.header }

func (c *csvFile) readHeader() error {
	row, err := c.read(math.MaxInt)
	if errors.Is(err, io.EOF) {
		return arauto.Errorf(arauto.KindInvalid, "file", "the file is empty: its first line must name the columns, such as name%cphone", c.separator)
	}
	if err != nil {
		return err
	}
	if why := c.scanner.flaw.why; why != "" {
		return arauto.Errorf(arauto.KindInvalid, "file", "line %d should name the columns, but %s", row.Number, why)
	}
	c.header = row.Cells[:c.scanner.width()]
	return nil
}

// Next implements Source.
func (c *csvFile) Next() (Row, error) {
	row, err := c.read(len(c.header))
	if err != nil {
		return Row{}, err
	}
	if f := c.scanner.flaw; f.why != "" {
		field := ""
		if f.cell > 0 && f.cell <= len(c.header) {
			field = c.header[f.cell-1]
		}
		row.Cells = legible(row.Cells)
		return Row{}, rowErrorf(row, field, "%s", f.why)
	}
	return row, nil
}

// read returns the next row that says anything, without cells behind width. What is wrong with it is left in the
// scanner's flaw.
func (c *csvFile) read(width int) (Row, error) {
	s := c.scanner
	for {
		line, err := s.row()
		if errors.Is(err, io.EOF) {
			return Row{}, io.EOF
		}
		if err != nil {
			return Row{}, fmt.Errorf("read csv: %w", err)
		}
		if s.flaw.why == "" && len(bytes.TrimSpace(s.text)) == 0 {
			continue
		}
		text, ok := c.charset.decode(s.text, s.ends)
		if s.text = text; !ok {
			s.spoil(0, "the row is not UTF-8 although the rest of the file is: save the file again as \"CSV UTF-8\"")
		}
		if len(s.ends) > width {
			if cells := s.width(); cells > width {
				s.spoil(0, fmt.Sprintf("the row has %d cells where the header has %d: put quotes around a cell that contains %s",
					cells, width, spell(c.separator)))
			}
			s.ends = s.ends[:width]
		}
		return Row{Number: line, Cells: cut(s.text, s.ends)}, nil
	}
}

func cut(text []byte, ends []int) []string {
	all := string(text)
	cells := make([]string, len(ends))
	from := 0
	for i, end := range ends {
		cells[i] = all[from:end]
		from = end
	}
	return cells
}

// legible shortens the cells of a refused row to what a person needs to find and correct it.
func legible(cells []string) []string {
	const enough = 1000
	for i, cell := range cells {
		if len(cell) > enough {
			n := enough
			for n > enough-utf8.UTFMax && !utf8.RuneStart(cell[n]) {
				n--
			}
			cell = cell[:n] + "…"
		}
		cells[i] = strings.ToValidUTF8(strings.ReplaceAll(cell, "\x00", "\uFFFD"), "\uFFFD")
	}
	return cells
}

func spell(sep byte) string {
	switch sep {
	case ',':
		return "a comma"
	case ';':
		return "a semicolon"
	case '\t':
		return "a tab"
	}
	return string(rune(sep))
}
