package erasure

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"slices"

	"arauto"
)

const (
	// looked is how much of a piece without lines is looked at in one go; pieces overlap, so that nothing falls
	// between two.
	looked  = 1 << 20
	overlap = 1 << 10
)

// cleanFile takes the person out of a file: out of text by leaving their lines away; out of an archive, which
// cannot be had without a part, by leaving the file away. A file that does not speak of them stays as it is.
func (x *erasing) cleanFile(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	f, err := x.Files.Open(ctx, key)
	if arauto.KindOf(err) == arauto.KindNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		found, err := x.inArchive(f)
		if err != nil || !found {
			return err
		}
		return x.Files.Remove(ctx, key)
	case bytes.IndexByte(head, 0) >= 0: // text in two bytes a character, or no text at all
		found, err := x.inStream(rewound(f))
		if err != nil || !found {
			return err
		}
		return x.Files.Remove(ctx, key)
	}
	found, err := x.inStream(rewound(f))
	if err != nil || !found {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = x.Files.Put(ctx, key, &withoutLines{lines: bufio.NewReaderSize(f, 64<<10), traces: x.traces})
	return err
}

type seeker struct {
	io.ReadSeeker
	err error
}

// rewound reads f from its beginning.
func rewound(f io.ReadSeeker) io.Reader {
	_, err := f.Seek(0, io.SeekStart)
	return &seeker{f, err}
}

func (s *seeker) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	return s.ReadSeeker.Read(p)
}

// inStream looks at r in pieces, without the zero bytes that some encodings put between characters.
func (x *erasing) inStream(r io.Reader) (bool, error) {
	piece := make([]byte, 0, looked+overlap)
	for {
		n, err := io.ReadFull(r, piece[len(piece):cap(piece)])
		piece = piece[:len(piece)+n]
		if x.traces.In(bytes.ReplaceAll(piece, []byte{0}, nil)) {
			return true, nil
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return false, nil
		case err != nil:
			return false, err
		}
		piece = append(piece[:0], piece[len(piece)-overlap:]...)
	}
}

// inArchive looks into every part of a zip file, which spreadsheets are, and what was written for a person: that ends
// with the document, so the last part is the first. One that cannot be read counts as speaking of them: nobody can tell.
func (x *erasing) inArchive(f io.ReadSeeker) (bool, error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return false, err
	}
	at, ok := f.(io.ReaderAt)
	if !ok {
		return true, nil
	}
	archive, err := zip.NewReader(at, size)
	if err != nil {
		return true, nil //nolint:nilerr // said above
	}
	for _, part := range slices.Backward(archive.File) {
		r, err := part.Open()
		if err != nil {
			return true, nil //nolint:nilerr // the same
		}
		found, err := x.inStream(r)
		if closed := r.Close(); found || err != nil || closed != nil {
			return true, nil //nolint:nilerr // the same
		}
	}
	return false, nil
}

// withoutLines reads lines and leaves away those that speak of the person. Of a line that holds a whole JSON
// list their entries go.
type withoutLines struct {
	lines  *bufio.Reader
	traces arauto.Traces
	ready  []byte
	err    error
}

func (w *withoutLines) Read(p []byte) (int, error) {
	for len(w.ready) == 0 {
		if w.err != nil {
			return 0, w.err
		}
		w.ready, w.err = w.lines.ReadBytes('\n')
		if w.traces.In(w.ready) {
			line := bytes.TrimSpace(w.ready)
			w.ready = nil
			if bytes.HasPrefix(line, []byte("[")) {
				if kept, _ := w.traces.Without(line); !bytes.Equal(kept, []byte(`{}`)) {
					w.ready = append(kept, '\n')
				}
			}
		}
	}
	n := copy(p, w.ready)
	w.ready = w.ready[n:]
	return n, nil
}
