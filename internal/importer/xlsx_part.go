package importer

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strings"

	"arauto"
)

// watchedAt remembers that reading failed: it is not the file's fault then.
type watchedAt struct {
	io.ReaderAt
	err error
}

// ReadAt implements io.ReaderAt.
func (w *watchedAt) ReadAt(p []byte, at int64) (int, error) {
	n, err := w.ReaderAt.ReadAt(p, at)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// damaged is what err, met while reading the workbook, says about the file, unless it is the disk's.
func (s *Sheet) damaged(err error) error {
	switch _, ours := errors.AsType[*arauto.Error](err); {
	case ours:
		return err
	case s.reader.err != nil:
		return fmt.Errorf("read xlsx: %w", s.reader.err)
	case errors.Is(err, zip.ErrFormat):
		return arauto.Errorf(arauto.KindInvalid, "file", "the file is no whole spreadsheet (XLSX): it is damaged, or its upload was cut off; save it again and upload that")
	case errors.Is(err, zip.ErrAlgorithm):
		return arauto.Errorf(arauto.KindInvalid, "file", "the spreadsheet is packed in a way that no spreadsheet program uses: open it and save it again")
	}
	return arauto.Errorf(arauto.KindInvalid, "file", "the spreadsheet is damaged (%v): open it, save it again and upload that", err)
}

// unpack opens a part, unless it is a bomb.
func (s *Sheet) unpack(f *zip.File, limit uint64) (io.ReadCloser, error) {
	if f.Flags&1 != 0 {
		return nil, arauto.Errorf(arauto.KindInvalid, "file", "the spreadsheet is protected by a password: save it without one")
	}
	if f.UncompressedSize64 > limit || f.UncompressedSize64 > freeUnpacked && f.UncompressedSize64/maxRatio > f.CompressedSize64 {
		return nil, arauto.Errorf(arauto.KindInvalid, "file", "the spreadsheet unpacks to %s, far more than one of its size can hold: copy the rows into a new one, or save it as CSV",
			megabytes(int64(min(f.UncompressedSize64, 1<<62))>>20<<20))
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	return &unpacked{ReadCloser: r, left: int64(f.UncompressedSize64)}, nil //nolint:gosec // below limit
}

// unpacked is a part that gives no more than it says.
type unpacked struct {
	io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	if u.left -= int64(n); u.left < 0 {
		return 0, zip.ErrFormat
	}
	return n, err
}

// each calls see at every tag of a part; a part that is not there has none.
func (s *Sheet) each(name string, limit uint64, see func(*markup) error) error {
	f := s.parts[strings.ToLower(name)]
	if f == nil {
		return nil
	}
	r, err := s.unpack(f, limit)
	if err != nil {
		return err
	}
	defer r.Close()
	for m := newMarkup(r); ; {
		if err := m.next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := see(m); err != nil {
			return err
		}
	}
}
