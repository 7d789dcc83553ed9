package importer

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// A Dialect is how one CSV file is written.
type Dialect struct {
	Encoding      Encoding
	BOM           bool // it begins with a byte order mark
	Separator     byte // between cells
	SeparatorLine bool // it begins with Excel's line "sep=;"
}

// separators are those that are looked for. Where a file is equally well read with two, the earlier one wins:
// in most of Latin America Excel writes semicolons, because the comma is in its numbers.
var separators = [...]byte{';', ',', '\t', '|'}

// separatorLine finds Excel's first line "sep=;" and returns its separator and its length with the line break.
// A length of 0 is none.
func separatorLine(head []byte) (sep byte, length int) {
	line := head
	if i := bytes.IndexAny(head, "\r\n"); i >= 0 {
		line = head[:i]
	}
	text := bytes.Trim(line, `"`)
	if len(text) != len("sep=;") || !strings.EqualFold(string(text[:4]), "sep=") || !canSeparate(text[4]) {
		return 0, 0
	}
	length = len(line)
	if bytes.HasPrefix(head[length:], []byte("\r\n")) {
		return text[4], length + 2
	}
	return text[4], min(length+1, len(head))
}

// canSeparate refuses what is part of the text or of CSV itself.
func canSeparate(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c >= 0x7f:
		return false
	case c < ' ':
		return c == '\t'
	}
	return c != '"' && c != ' '
}

// judgedRows is how many rows of the head a separator is tried on.
const judgedRows = 50

// detectSeparator reads the first rows of head with each separator and takes the one that gives most rows as many
// cells as the header; of equals the one that gives more cells.
func detectSeparator(head []byte, whole bool) byte {
	best, bestScore, bestCells := byte(','), -1.0, 0
	for _, sep := range separators {
		score, cells := consistency(head, whole, sep)
		if score > bestScore || score == bestScore && cells > bestCells {
			best, bestScore, bestCells = sep, score, cells
		}
	}
	return best
}

// consistency is how well sep fits, from 0 to 1, and the header's cells. Only rows known to their end count.
func consistency(head []byte, whole bool, sep byte) (score float64, header int) {
	s := newScanner(bytes.NewReader(head), sep, 1)
	var rows, sum float64
	for rows < judgedRows {
		_, err := s.row()
		if err != nil || !whole && errors.Is(s.err, io.EOF) && s.pos == s.end && rows > 0 {
			break
		}
		cells := s.width()
		if cells == 0 {
			continue
		}
		rows++
		if header == 0 {
			header = cells
		}
		sum += s.fit(cells, header)
		if rows == 1 && s.flaw.why != "" {
			return 0, header
		}
	}
	if rows == 0 {
		return 0, 0
	}
	if header == 1 {
		return sum / rows / 2, header // a separator that separates nothing fits every file
	}
	return sum / rows, header
}

// fit is how well one row goes with the header. Left-out cells at its end are common, more cells than the header
// are not, and a quote in the middle of a cell mostly shows that the cell began elsewhere.
func (s *scanner) fit(cells, header int) float64 {
	switch {
	case s.flaw.why != "" || cells > header:
		return 0
	case s.stray, cells < header && cells == 1:
		return 0.25
	case cells < header:
		return 0.5
	}
	return 1
}

// width is how many cells the row has up to the last that holds something.
func (s *scanner) width() int {
	n := len(s.ends)
	for n > 0 && len(bytes.TrimSpace(s.cell(n-1))) == 0 {
		n--
	}
	return n
}

func (s *scanner) cell(i int) []byte {
	from := 0
	if i > 0 {
		from = s.ends[i-1]
	}
	return s.text[from:s.ends[i]]
}
