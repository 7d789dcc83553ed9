package importer

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// What the texts of a workbook may take in memory; beyond that they wait in a temporary file. Their places stay in
// memory, four bytes each.
const (
	sharedInMemory = 32 << 20
	maxShared      = 20_000_000
	sharedBlock    = 64 << 10
	sharedBlocks   = 128
)

// sharedStrings are the texts that a workbook's cells point at, in the order in which they were first used: cells that
// follow one another mostly find theirs in the same block.
type sharedStrings struct {
	ends  []uint32 // where each text ends
	text  []byte   // all of them, or those that are not in the file yet
	file  *os.File // nil while they fit into memory
	held  [sharedBlocks]heldBlock
	spilt int64 // bytes in file
}

type heldBlock struct {
	number int64 // counted from 1; 0 = none
	text   []byte
}

var errShared = errors.New("it holds more texts than can be read")

func (s *sharedStrings) add(text []byte) error {
	s.text = append(s.text, text...)
	end := s.spilt + int64(len(s.text))
	if len(s.ends) == maxShared || end > math.MaxUint32 {
		return errShared
	}
	s.ends = append(s.ends, uint32(end)) //nolint:gosec // checked above
	if len(s.text) < sharedInMemory {
		return nil
	}
	return s.spill()
}

func (s *sharedStrings) spill() error {
	if s.file == nil {
		f, err := os.CreateTemp("", "arauto-strings-")
		if err != nil {
			return fmt.Errorf("keep a spreadsheet's texts: %w", err)
		}
		s.file = f
		_ = os.Remove(f.Name()) // it stays while it is open; where that is not so, close removes it
	}
	n, err := s.file.Write(s.text)
	s.spilt += int64(n)
	s.text = s.text[:0]
	if err != nil {
		return fmt.Errorf("keep a spreadsheet's texts: %w", err)
	}
	return nil
}

// done is called when all were added.
func (s *sharedStrings) done() error {
	if s.file == nil {
		return nil
	}
	err := s.spill()
	s.text = nil
	return err
}

// at appends the text of that number; false when there is none.
func (s *sharedStrings) at(n int, dst []byte) ([]byte, bool, error) {
	if n < 0 || n >= len(s.ends) {
		return dst, false, nil
	}
	from := int64(0)
	if n > 0 {
		from = int64(s.ends[n-1])
	}
	till := int64(s.ends[n])
	if s.file == nil {
		return append(dst, s.text[from:till]...), true, nil
	}
	for from < till {
		block, err := s.block(from / sharedBlock)
		if err != nil {
			return dst, false, err
		}
		at := from % sharedBlock
		part := block[at:min(int64(len(block)), at+till-from)]
		if len(part) == 0 {
			return dst, false, io.ErrUnexpectedEOF
		}
		dst, from = append(dst, part...), from+int64(len(part))
	}
	return dst, true, nil
}

func (s *sharedStrings) block(n int64) ([]byte, error) {
	h := &s.held[n%sharedBlocks]
	if h.number == n+1 {
		return h.text, nil
	}
	if h.text == nil {
		h.text = make([]byte, sharedBlock)
	}
	h.text = h.text[:sharedBlock]
	got, err := s.file.ReadAt(h.text, n*sharedBlock)
	if err != nil && !errors.Is(err, io.EOF) {
		h.number = 0
		return nil, fmt.Errorf("read a spreadsheet's texts: %w", err)
	}
	h.number, h.text = n+1, h.text[:got]
	return h.text, nil
}

// Close implements io.Closer.
func (s *sharedStrings) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	_ = os.Remove(s.file.Name())
	return err
}
