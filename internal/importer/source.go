package importer

import (
	"errors"
	"fmt"

	"arauto"
)

// A Row is one line of data. It owns its cells: they stay valid after the next one is read.
type Row struct {
	// Number is where the row is, as a person finds it: counted from 1, the header included. In a text file it is
	// the line on which the row begins, as an editor counts lines; in a spreadsheet the number at its left.
	Number int
	// Cells are as written, in the header's order and never more than its columns; fewer when the last were left out.
	Cells []string
	// More is what the row says beyond the header, where a format lets it.
	More arauto.Fields
	// Raw is the row as it is written, where cells do not tell all of it.
	Raw string
}

// A Source reads the rows of one file, in order. Every format is one Source.
type Source interface {
	// Header is the first row that says anything, as written, without empty cells at its end.
	Header() []string
	// Next is the next row. A *RowError is about that row alone: call Next again. io.EOF is the end; any other
	// error is final. Numbers ascend, also through errors. Rows that are empty throughout are left out.
	Next() (Row, error)
}

// A RowError says why one row cannot be used. The file's other rows are not concerned.
type RowError struct {
	// Row is as much of the row as could be read: its cells may be missing, shortened, or one cell holding the rest.
	Row Row
	// Err is an *arauto.Error of kind invalid: what is wrong, in which column, and the remedy.
	Err error
}

func (e *RowError) Error() string { return fmt.Sprintf("row %d: %v", e.Row.Number, e.Err) }

func (e *RowError) Unwrap() error { return e.Err }

func rowErrorf(row Row, field, format string, args ...any) *RowError {
	return &RowError{Row: row, Err: arauto.Errorf(arauto.KindInvalid, field, format, args...)}
}

// MaxPeek is how many rows Peek looks ahead at most.
const MaxPeek = 50

// Peek reads up to n rows ahead (MaxPeek at most) so that the columns can be judged, and shown, before the import
// starts. The returned Source gives every row of src from the first, bad ones included; src must not be used any
// more. The sample holds good rows only. An error of the file itself is not lost: the Source returns it in its turn.
func Peek(src Source, n int) (sample []Row, again Source) {
	p := &peeked{Source: src}
	for range min(n, MaxPeek) {
		row, err := src.Next()
		p.ahead = append(p.ahead, result{row, err})
		if err == nil {
			sample = append(sample, row)
		} else if !isRowError(err) {
			break
		}
	}
	return sample, p
}

type peeked struct {
	Source
	ahead []result
}

type result struct {
	row Row
	err error
}

func (p *peeked) Next() (Row, error) {
	if len(p.ahead) == 0 {
		return p.Source.Next()
	}
	next := p.ahead[0]
	if len(p.ahead) > 1 || next.err == nil || isRowError(next.err) {
		p.ahead = p.ahead[1:]
	}
	return next.row, next.err
}

func isRowError(err error) bool {
	_, ok := errors.AsType[*RowError](err)
	return ok
}
