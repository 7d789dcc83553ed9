package importer

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"arauto"
)

// The columns that Rejects adds.
const (
	rejectRow    = "row"
	rejectReason = "reason"
)

// rejects writes the rows that could not be used in the way of the uploaded file.
type rejects interface {
	Write(row Row, reason error) error
	Flush() error
}

// newRejects is the file of rejects as it is kept: CSV, or JSON lines; see Imports.Rejects.
func (l list) newRejects(w io.Writer) (rejects, error) {
	if l.format == FormatJSON || l.format == FormatJSONL {
		return newJSONRejects(w), nil
	}
	r, err := NewRejects(w, l.dialect, l.header)
	if r != nil {
		r.plain = l.format == FormatXLSX // what reads it knows texts from formulas
	}
	return r, err
}

// isRejects tells a file that Rejects wrote by its last two columns.
func isRejects(header []string) bool {
	return len(header) > 2 && slices.Equal(header[len(header)-2:], []string{rejectRow, rejectReason})
}

// Rejects writes the rows that could not be used, for the customer to correct and upload again: CSV with the columns
// of the uploaded file, then row and reason, in its separator, as UTF-8 with a byte order mark so that Excel shows
// accents.
//
// A cell that a spreadsheet could take for a formula (it begins with = + - @, a tab or a line break) gets an
// apostrophe before it. Cells of digits and the signs of phones and amounts alone are left as they are: +55 (11)
// 98765-4321 and -12,50 compute to nothing harmful, and must stay what they were when the file is uploaded again.
type Rejects struct {
	w         *bufio.Writer
	separator byte
	width     int
	plain     bool
	line      []byte
}

// NewRejects writes the header. d and header are those of the uploaded file.
func NewRejects(w io.Writer, d Dialect, header []string) (*Rejects, error) {
	if isRejects(header) {
		header = header[:len(header)-2]
	}
	r := &Rejects{w: bufio.NewWriter(w), separator: d.Separator, width: len(header)}
	if r.separator == 0 {
		r.separator = separators[0]
	}
	if _, err := r.w.WriteString("\uFEFF"); err != nil {
		return nil, fmt.Errorf("write rejects: %w", err)
	}
	return r, r.write(header, rejectRow, rejectReason)
}

// Write adds one row: its number, its cells and the reason why it was refused.
func (r *Rejects) Write(row Row, reason error) error {
	return r.write(row.Cells, strconv.Itoa(row.Number), plainReason(reason))
}

// Flush hands everything to the writer underneath. Call it once at the end.
func (r *Rejects) Flush() error {
	if err := r.w.Flush(); err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	return nil
}

// plainReason leaves out the row's number and how the error travelled.
func plainReason(err error) string {
	if e, ok := errors.AsType[*arauto.Error](err); ok {
		return e.Error()
	}
	return err.Error()
}

func (r *Rejects) write(cells []string, number, reason string) error {
	r.line = r.line[:0]
	for i := range r.width {
		cell := ""
		if i < len(cells) {
			cell = cells[i]
		}
		r.cell(cell)
	}
	r.cell(number)
	r.cell(reason)
	r.line = append(r.line[:len(r.line)-1], '\r', '\n')
	if _, err := r.w.Write(r.line); err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	return nil
}

func (r *Rejects) cell(cell string) {
	if !r.plain && couldCompute(cell) {
		cell = "'" + cell
	}
	cell = strings.ToValidUTF8(cell, "\uFFFD")
	if strings.ContainsAny(cell, "\"\r\n;,|\t") || strings.IndexByte(cell, r.separator) >= 0 || strings.TrimSpace(cell) != cell {
		r.line = append(r.line, '"')
		r.line = append(r.line, strings.ReplaceAll(cell, `"`, `""`)...)
		r.line = append(r.line, '"')
	} else {
		r.line = append(r.line, cell...)
	}
	r.line = append(r.line, r.separator)
}

// couldCompute includes the wide signs, which East Asian spreadsheets read as the plain ones.
func couldCompute(cell string) bool {
	if !strings.ContainsAny(cell[:min(len(cell), 1)], "=+-@\t\r\n") && !slices.ContainsFunc([]string{"＝", "＋", "－", "＠"}, func(sign string) bool { return strings.HasPrefix(cell, sign) }) {
		return false
	}
	return strings.Trim(cell, "0123456789 +-().,") != ""
}
