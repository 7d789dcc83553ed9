// Package archive writes and reads one compressed file with named pieces in it: a tar of gzip, whose first
// piece says what it is and whose last holds the checksum of every other. What was cut short or changed is
// refused once its end is reached, so nothing may be used before that.
//
// It may not know what the pieces are, nor where they go.
package archive

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"

	"arauto"
)

const (
	manifestName = "manifest.json"
	sumsName     = "sha256.json"
	// maxText bounds the two pieces that are held in memory.
	maxText = 64 << 20
)

// Writer writes an archive: New, Add as often as wanted, Close.
type Writer struct {
	gzip *gzip.Writer
	tar  *tar.Writer
	sums map[string]string
	at   time.Time
}

// New begins an archive with manifest, which is stored as JSON. at is the time of every piece.
func New(w io.Writer, manifest any, at time.Time) (*Writer, error) {
	text, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("begin an archive: %w", err)
	}
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("begin an archive: %w", err)
	}
	a := &Writer{gzip: z, tar: tar.NewWriter(z), sums: map[string]string{}, at: at}
	return a, a.Add(manifestName, int64(len(text)), strings.NewReader(string(text)))
}

// Add appends a piece of exactly size bytes. Its name must be new to this archive.
func (a *Writer) Add(name string, size int64, body io.Reader) error {
	if _, twice := a.sums[name]; twice {
		return fmt.Errorf("archive %s: it is there already", name)
	}
	sum := sha256.New()
	if err := a.write(name, size, io.TeeReader(body, sum)); err != nil {
		return fmt.Errorf("archive %s: %w", name, err)
	}
	a.sums[name] = hex.EncodeToString(sum.Sum(nil))
	return nil
}

func (a *Writer) write(name string, size int64, body io.Reader) error {
	if err := a.tar.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: a.at, Format: tar.FormatPAX}); err != nil {
		return err
	}
	// What grew meanwhile is kept as it was when its size was asked for.
	_, err := io.CopyN(a.tar, body, size)
	return err
}

// Close ends the archive with its checksums. Without it the archive is refused by every reader.
func (a *Writer) Close() error {
	text, err := json.Marshal(a.sums)
	if err == nil {
		err = a.write(sumsName, int64(len(text)), strings.NewReader(string(text)))
	}
	if err = errors.Join(err, a.tar.Close(), a.gzip.Close()); err != nil {
		return fmt.Errorf("end an archive: %w", err)
	}
	return nil
}

// Reader reads an archive: Open, then Next until io.EOF.
type Reader struct {
	gzip *gzip.Reader
	tar  *tar.Reader
	sums map[string]string
	name string
	sum  hash.Hash
}

// Open reads the manifest of the archive in r into manifest. The error is invalid when r is no archive.
func Open(r io.Reader, manifest any) (*Reader, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, damaged(err)
	}
	a := &Reader{gzip: z, tar: tar.NewReader(z), sums: map[string]string{}}
	name, body, err := a.Next()
	if err == nil && name != manifestName {
		err = fmt.Errorf("it begins with %q", name)
	}
	if err != nil {
		return nil, damaged(err)
	}
	if err := decode(body, manifest); err != nil {
		return nil, damaged(err)
	}
	return a, nil
}

func damaged(err error) error {
	return arauto.Errorf(arauto.KindInvalid, "archive", "this is no backup of Arauto's, or it is damaged: %v", err)
}

func decode(r io.Reader, into any) error {
	text, err := io.ReadAll(io.LimitReader(r, maxText))
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// Next returns the next piece; the one before must have been read to its end. It returns io.EOF only after
// every piece was found to be what was written; the error is otherwise invalid.
func (a *Reader) Next() (name string, body io.Reader, err error) {
	a.settle()
	header, err := a.tar.Next()
	if errors.Is(err, io.EOF) {
		return "", nil, damaged(errors.New("it ends before its checksums"))
	}
	if err != nil {
		return "", nil, damaged(err)
	}
	if header.Name == sumsName {
		return "", nil, a.check()
	}
	if _, twice := a.sums[header.Name]; twice || header.Typeflag != tar.TypeReg {
		return "", nil, damaged(fmt.Errorf("%q is not to be there", header.Name))
	}
	a.name, a.sum = header.Name, sha256.New()
	return a.name, &piece{from: a.tar, sum: a.sum}, nil
}

// piece reads one piece; that it cannot be read on is the archive's fault.
type piece struct {
	from io.Reader
	sum  hash.Hash
}

func (p *piece) Read(b []byte) (int, error) {
	n, err := p.from.Read(b)
	p.sum.Write(b[:n])
	if err != nil && !errors.Is(err, io.EOF) {
		err = damaged(err)
	}
	return n, err
}

// settle notes the checksum of the piece that was read.
func (a *Reader) settle() {
	if a.sum != nil {
		a.sums[a.name] = hex.EncodeToString(a.sum.Sum(nil))
		a.sum = nil
	}
}

func (a *Reader) check() error {
	var want map[string]string
	if err := decode(a.tar, &want); err != nil {
		return damaged(err)
	}
	for name, sum := range want {
		if a.sums[name] != sum {
			return damaged(fmt.Errorf("%s is not as it was written", name))
		}
	}
	if len(want) != len(a.sums) {
		return damaged(fmt.Errorf("it has %d pieces instead of %d", len(a.sums), len(want)))
	}
	// The end of the compressed stream carries a checksum of its own.
	if _, err := a.tar.Next(); !errors.Is(err, io.EOF) {
		return damaged(errors.New("something follows its checksums"))
	}
	if _, err := io.Copy(io.Discard, io.LimitReader(a.gzip, maxText)); err != nil {
		return damaged(err)
	}
	return io.EOF
}
