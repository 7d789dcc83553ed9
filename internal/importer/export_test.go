package importer

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
func (i *Imports) SetChunk(rows int) { i.chunkRows = rows }
