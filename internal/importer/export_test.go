package importer

import (
	"errors"
	"io"
)

// Limits of a row, and what a Source of OpenCSV keeps in memory now.
const (
	MaxCell = maxCell
	MaxRow  = maxRow
)

func Held(src Source) int {
	s := src.(*csvFile).scanner
	return cap(s.buf) + cap(s.text) + 8*cap(s.ends)
}

// SetChunk makes transactions small, so that few rows make many of them.
func (i *Imports) SetChunk(rows int) { i.chunkRows, i.windowRows = rows, rows }

// SetWindow makes windows of so many rows, which are stored in the order of persons when they are more than a chunk.
func (i *Imports) SetWindow(rows int) { i.windowRows = rows }

// WriteJSONReject writes one row as a file of rejects has it.
func WriteJSONReject(w io.Writer, row Row, why error) error {
	r := newJSONRejects(w)
	return errors.Join(r.Write(row, why), r.Flush())
}
