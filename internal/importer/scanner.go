package importer

import (
	"errors"
	"fmt"
	"io"
)

// What one row may weigh. Beyond that something else is wrong: mostly a quote that nobody closed.
const (
	maxCell = 64 << 10
	maxRow  = 1 << 20
)

// A scanner cuts CSV into cells. Line breaks are CR, LF and CRLF, in any mixture. A cell that begins with a quote
// lasts to its closing quote, over line breaks, with "" for a quote inside; in other cells a quote is a letter.
//
// A quoted cell that goes wrong (never closed, followed by text) usually ran over the lines behind it. Those are
// then read again for themselves, so that one stray quote costs the lines up to the one it stands in, never more.
// Nothing is read again twice: between the two ends of such a cell no other can begin and leave its line.
type scanner struct {
	r     io.Reader
	class [256]class
	err   error // why nothing comes behind buf[:end]

	buf      []byte
	pos, end int // buf[pos:end] is read and not consumed
	line     int // of buf[pos], counted from 1

	// The row being read.
	at     int    // offset from pos
	breaks int    // line breaks inside its cells so far
	text   []byte // its cells, one behind the other, without the quotes around them
	ends   []int  // where each cell ends in text
	start  int    // where the current one begins in text
	flaw   flaw
	stray  bool // a quote stands in the middle of a cell
}

// A class is what a byte may mean to the scanner.
type class uint8

const (
	ordinary class = iota
	separator
	quote
	lineBreak
	nul
)

// A flaw is what is wrong with a row: the first thing found. The zero flaw is none.
type flaw struct {
	cell int // counted from 1; 0 when the row as a whole is meant
	why  string
}

func newScanner(r io.Reader, sep byte, line int) *scanner {
	s := &scanner{r: r, line: line, buf: make([]byte, headSize)}
	s.class[sep] = separator
	s.class['"'] = quote
	s.class['\r'], s.class['\n'] = lineBreak, lineBreak
	s.class[0] = nul
	return s
}

// row reads the next row into text, ends, flaw and stray, and returns its line. io.EOF is the end of the file;
// any other error is the reader's. What was read stays valid until the next call.
func (s *scanner) row() (line int, err error) {
	s.at, s.breaks = 0, 0
	s.text, s.ends = s.text[:0], s.ends[:0]
	s.flaw, s.stray = flaw{}, false
	line = s.line
	if !s.more() {
		return 0, s.err
	}
	for again := true; again; {
		s.start = len(s.text)
		resume, ok := 0, true
		if s.more() && s.buf[s.pos+s.at] == '"' {
			resume, ok = s.quoted()
		} else {
			s.plain()
		}
		s.ends = append(s.ends, len(s.text))
		if s.broken() {
			return 0, s.err
		}
		if !ok {
			return line, s.abandon(resume)
		}
		again = s.more() && s.class[s.buf[s.pos+s.at]] == separator
		if again {
			s.at++
		}
	}
	if s.at >= maxRow {
		s.spoil(0, "the row is longer than 1 MB: shorten it, or look for a quote that is not closed")
		return line, s.abandon(0)
	}
	s.lineBreak()
	s.consume(s.breaks + 1)
	return line, nil
}

// plain reads a cell without quotes up to the separator, line break or end behind it.
func (s *scanner) plain() {
	for s.more() {
		chunk := s.chunk()
		n := 0
		for n < len(chunk) && s.class[chunk[n]] == ordinary {
			n++
		}
		means := ordinary
		if n < len(chunk) {
			means = s.class[chunk[n]]
		}
		switch means {
		case quote:
			s.stray = true
			n++
		case nul:
			s.spoilNUL()
			n++
		}
		if !s.keep(chunk[:n]) {
			s.spoilLong()
		}
		s.at += n
		if means == separator || means == lineBreak {
			return
		}
	}
}

// quoted reads a cell from its opening quote to behind its closing one. ok is false when the cell goes wrong;
// reading then goes on at resume, the start of the second line it touches, or where it is when resume is 0.
func (s *scanner) quoted() (resume int, ok bool) {
	s.at++
	breaks, kept, fits := s.breaks, 0, true // breaks and kept: as the cell's first line leaves them
	wrong := func(why string) (int, bool) {
		s.spoil(len(s.ends)+1, why)
		if resume > 0 {
			s.breaks, s.text = breaks, s.text[:kept]
		}
		return resume, false
	}
	for s.more() {
		chunk := s.chunk()
		n := 0
		for n < len(chunk) && (s.class[chunk[n]] == ordinary || s.class[chunk[n]] == separator) {
			n++
		}
		fits = s.keep(chunk[:n]) && fits
		s.at += n
		if n < len(chunk) {
			switch s.class[chunk[n]] {
			case nul:
				s.spoilNUL()
				s.at++
			case lineBreak:
				from := s.at
				s.lineBreak()
				s.breaks++
				if resume == 0 {
					resume, kept = s.at, len(s.text)
				}
				fits = s.keep(s.buf[s.pos+from:s.pos+s.at]) && fits
			case quote:
				s.at++
				if !s.next('"') {
					if !s.closed() {
						return wrong("text follows the closing quote of cell %d: write \"\" for a quote inside a cell")
					}
					if !fits {
						s.spoilLong()
					}
					return 0, true
				}
				fits = s.keep(s.buf[s.pos+s.at:s.pos+s.at+1]) && fits
				s.at++
			}
		}
		if resume > 0 && !fits {
			return wrong("the quote that opens cell %d is not closed within 64 KB: close it, or write \"\" if it belongs to the text")
		}
	}
	if s.at >= maxRow {
		return 0, true // row says so
	}
	return wrong("the quote that opens cell %d is never closed: close it, or write \"\" if it belongs to the text")
}

// closed steps over blanks behind a closing quote and reports whether the cell ends there.
func (s *scanner) closed() bool {
	for s.class[' '] == ordinary && s.next(' ') {
		s.at++
	}
	if !s.more() {
		return true
	}
	c := s.class[s.buf[s.pos+s.at]]
	return c == separator || c == lineBreak
}

// keep adds b to the current cell as far as the cell has room, and reports whether it had.
func (s *scanner) keep(b []byte) bool {
	room := maxCell - (len(s.text) - s.start)
	s.text = append(s.text, b[:min(len(b), room)]...)
	return len(b) <= room
}

func (s *scanner) spoilLong() {
	s.spoil(len(s.ends)+1, "cell %d is longer than 64 KB: shorten it")
}

func (s *scanner) spoilNUL() {
	s.spoil(len(s.ends)+1, "cell %d holds a NUL byte: the file is damaged, or not text; save it again as \"CSV UTF-8\"")
}

// spoil marks the row as unusable. The first reason is kept.
func (s *scanner) spoil(cell int, why string) {
	if s.flaw != (flaw{}) {
		return
	}
	if cell > 0 {
		why = fmt.Sprintf(why, cell)
	}
	s.flaw = flaw{cell, why}
}

// lineBreak steps over one line break, if one is there.
func (s *scanner) lineBreak() {
	if !s.next('\r') {
		if s.next('\n') {
			s.at++
		}
		return
	}
	s.at++
	if s.next('\n') {
		s.at++
	}
}

// abandon ends a spoilt row: at resume, or behind the next line break, quoted or not, when resume is 0.
func (s *scanner) abandon(resume int) error {
	if resume > 0 {
		s.at = resume
		s.consume(s.breaks + 1)
		return nil
	}
	s.consume(s.breaks)
	for s.more() {
		for s.pos < s.end && s.class[s.buf[s.pos]] != lineBreak {
			s.pos++
		}
		if s.pos < s.end {
			s.lineBreak()
			s.consume(1)
			return nil
		}
	}
	if s.broken() {
		return s.err
	}
	return nil
}

func (s *scanner) consume(lines int) {
	s.pos, s.at, s.line = s.pos+s.at, 0, s.line+lines
}

// chunk is what is read from the current offset on, within the row's limit.
func (s *scanner) chunk() []byte { return s.buf[s.pos+s.at : min(s.end, s.pos+maxRow)] }

// more reports whether the row may have a byte at the current offset: not at the end of the file, not after an
// error of the reader, and not once the row has become too long.
func (s *scanner) more() bool { return s.at < maxRow && s.filled() }

// next reports whether c is the byte at the current offset.
func (s *scanner) next(c byte) bool { return s.filled() && s.buf[s.pos+s.at] == c }

// broken reports whether the reader failed right here.
func (s *scanner) broken() bool {
	return s.err != nil && !errors.Is(s.err, io.EOF) && s.pos+s.at >= s.end
}

// filled reads until there is a byte at the current offset, and reports whether there is one.
func (s *scanner) filled() bool {
	for tries := 0; s.pos+s.at >= s.end && s.err == nil; tries++ {
		s.makeRoom()
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		s.err = err
		if n == 0 && err == nil && tries == 100 {
			s.err = io.ErrNoProgress
		}
	}
	return s.pos+s.at < s.end
}

// makeRoom moves what is not consumed to the front of buf, and doubles buf when that is not enough. A row's limit
// bounds it.
func (s *scanner) makeRoom() {
	if s.end < len(s.buf) {
		return
	}
	if s.pos > 0 {
		copy(s.buf, s.buf[s.pos:s.end])
		s.end, s.pos = s.end-s.pos, 0
		return
	}
	s.buf = append(s.buf, make([]byte, len(s.buf))...)
}
