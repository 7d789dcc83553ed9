package importer

import (
	"encoding/binary"
	"errors"

	"arauto"
)

// appendRow appends a row and what its file says is wrong with it, nil where nothing is, for rowOf to read.
func appendRow(dst []byte, row Row, bad error) []byte {
	dst = binary.AppendUvarint(dst, uint64(row.Number))
	dst = binary.AppendUvarint(dst, uint64(len(row.Cells)))
	for _, cell := range row.Cells {
		dst = putText(dst, cell)
	}
	dst = binary.AppendUvarint(dst, uint64(len(row.More)))
	for _, f := range row.More {
		dst = putText(putText(dst, f.Key), f.Value)
	}
	dst = putText(dst, row.Raw)
	if bad == nil {
		return append(dst, 0)
	}
	dst = append(dst, 1)
	if e, ok := errors.AsType[*arauto.Error](bad); ok {
		return putText(putText(dst, e.Field), e.Message)
	}
	return putText(putText(dst, ""), bad.Error())
}

func putText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// rowOf reads what appendRow wrote. The row's texts are parts of text.
func rowOf(text string) (row Row, bad error, err error) {
	s := spooled{rest: text}
	row.Number = int(s.number())
	if n := s.number(); n > 0 && n <= uint64(len(text)) {
		row.Cells = make([]string, n)
		for i := range row.Cells {
			row.Cells[i] = s.text()
		}
	}
	if n := s.number(); n > 0 && n <= uint64(len(text)) {
		row.More = make(arauto.Fields, n)
		for i := range row.More {
			row.More[i] = arauto.Field{Key: s.text(), Value: s.text()}
		}
	}
	row.Raw = s.text()
	if s.number() > 0 {
		field, message := s.text(), s.text()
		bad = rowErrorf(row, field, "%s", message)
	}
	if s.short || s.rest != "" {
		return row, nil, errors.New("a row that was put aside is not as it was: try again")
	}
	return row, bad, nil
}

// spooled reads numbers and texts from the front of rest.
type spooled struct {
	rest  string
	short bool // there was less than was to be read
}

func (s *spooled) number() (n uint64) {
	for shift := uint(0); shift < 64; shift += 7 {
		if s.rest == "" {
			break
		}
		b := s.rest[0]
		s.rest = s.rest[1:]
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	s.short = true
	return 0
}

func (s *spooled) text() string {
	n := s.number()
	if n > uint64(len(s.rest)) {
		s.short, n = true, 0
	}
	text := s.rest[:n]
	s.rest = s.rest[n:]
	return text
}
