package importer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"arauto"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// Encoding is how a file's text is written as bytes.
type Encoding string

const (
	UTF8        Encoding = "utf-8"
	UTF16LE     Encoding = "utf-16le"
	UTF16BE     Encoding = "utf-16be"
	Windows1252 Encoding = "windows-1252" // what Excel writes as plain CSV in the Americas and western Europe
)

// headSize is how much of a file its encoding and separator are judged by.
const headSize = 64 << 10

// otherFormats are files that people upload as CSV by mistake.
var otherFormats = [...]struct{ start, what string }{
	{"PK\x03\x04", "a spreadsheet (XLSX) or a ZIP file"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel file (XLS), or one protected by a password"},
	{"\x1f\x8b", "a GZIP file"},
	{"Rar!\x1a\x07", "a RAR file"},
	{"7z\xbc\xaf\x27\x1c", "a 7-Zip file"},
	{"%PDF", "a PDF"},
	{"\x89PNG\r\n", "a picture (PNG)"},
	{"\xff\xd8\xff", "a picture (JPEG)"},
	{"<!doctype html", "a web page"},
	{"<html", "a web page"},
	{"<table", "a web page"},
	{"<?xml", "XML"},
}

// otherFormat is what begins like head when that is none of ours; "" when it may be.
func otherFormat(head []byte) string {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte(byteOrderMarks[0].mark)), " \t\r\n")
	for _, f := range otherFormats {
		if len(head) < len(f.start) {
			continue
		}
		if start := string(head[:len(f.start)]); start == f.start || f.start[0] == '<' && strings.EqualFold(start, f.start) {
			return f.what
		}
	}
	return ""
}

var byteOrderMarks = [...]struct {
	mark     string
	encoding Encoding
}{{"\xef\xbb\xbf", UTF8}, {"\xff\xfe", UTF16LE}, {"\xfe\xff", UTF16BE}}

// A text is a file's content on its way to UTF-8: r gives its bytes from behind the byte order mark, head is the
// beginning of the same. UTF-16 is already UTF-8 there; the rest is settled row by row (see charset).
type text struct {
	r        io.Reader
	head     []byte
	whole    bool // head is everything there is
	encoding Encoding
	bom      bool
	charset  charset
}

// openText judges the encoding by the byte order mark or, without one, by the file's first 64 KB. want overrules.
func openText(r io.Reader, want Encoding) (text, error) {
	head := make([]byte, headSize)
	n, err := io.ReadFull(r, head)
	head = head[:n]
	whole := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !whole {
		return text{}, fmt.Errorf("read csv: %w", err)
	}
	if what := otherFormat(head); what != "" {
		return text{}, arauto.Errorf(arauto.KindInvalid, "file", "this is %s, not CSV: open it and save it as \"CSV UTF-8\"", what)
	}
	t := text{head: head, whole: whole}
	t.encoding, t.charset = judge(head, whole)
	for _, m := range byteOrderMarks {
		if bytes.HasPrefix(head, []byte(m.mark)) && (want == "" || want == m.encoding) {
			t.head, t.bom, t.encoding, t.charset = head[len(m.mark):], true, m.encoding, isUTF8
		}
	}
	if want != "" {
		t.encoding, t.charset = want, isUTF8
	}
	t.r = io.MultiReader(bytes.NewReader(t.head), r)
	switch t.encoding {
	case UTF8:
	case Windows1252:
		t.charset = isWindows
	case UTF16LE, UTF16BE:
		order := unicode.LittleEndian
		if t.encoding == UTF16BE {
			order = unicode.BigEndian
		}
		codec := unicode.UTF16(order, unicode.IgnoreBOM)
		t.r = codec.NewDecoder().Reader(t.r)
		if t.head, err = codec.NewDecoder().Bytes(t.head); err != nil {
			return text{}, fmt.Errorf("decode %s: %w", t.encoding, err)
		}
	default:
		return text{}, arauto.Errorf(arauto.KindInvalid, "encoding", "%q is not an encoding we read; use %s, %s, %s or %s", want, UTF8, UTF16LE, UTF16BE, Windows1252)
	}
	return t, nil
}

// A charset says what bytes above ASCII mean. The head often holds none, so the first row that does settles it.
type charset int

const (
	undecided charset = iota // only ASCII so far
	isUTF8
	isWindows
)

// judge weighs sequences that only UTF-8 writes against bytes that it never writes. One spoilt name in a UTF-8
// file must not turn every accent of it into two characters, and Windows-1252 forms such sequences by rare chance.
func judge(head []byte, whole bool) (Encoding, charset) {
	var good, bad int
	for i := 0; i < len(head); {
		if head[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(head[i:])
		switch {
		case r != utf8.RuneError || size > 1:
			good++
		case !whole && !utf8.FullRune(head[i:]):
			return verdict(good, bad) // the head's end cut this one
		default:
			bad++
		}
		i += size
	}
	return verdict(good, bad)
}

func verdict(good, bad int) (Encoding, charset) {
	switch {
	case good == 0 && bad == 0:
		return UTF8, undecided
	case good > bad:
		return UTF8, isUTF8
	}
	return Windows1252, isWindows
}

// decode turns a row's text into UTF-8 and moves the ends of its cells along. It reports whether it could: in a file
// that is UTF-8 a row that is not is refused rather than guessed, because a wrong guess ends up in a greeting.
func (c *charset) decode(text []byte, ends []int) ([]byte, bool) {
	if *c != isWindows {
		if validCells(text, ends) {
			if *c == undecided && utf8.RuneCount(text) != len(text) {
				*c = isUTF8
			}
			return text, true
		}
		if *c == isUTF8 {
			return text, false
		}
		*c = isWindows
	}
	return fromWindows(text, ends), true
}

// validCells checks each cell for itself: halves of one character in two cells are none.
func validCells(text []byte, ends []int) bool {
	if !utf8.Valid(text) {
		return false
	}
	for _, end := range ends {
		if end < len(text) && !utf8.RuneStart(text[end]) {
			return false
		}
	}
	return true
}

// fromWindows never fails: the five bytes that Windows-1252 leaves open become U+FFFD.
func fromWindows(text []byte, ends []int) []byte {
	if !slices.ContainsFunc(text, func(b byte) bool { return b >= utf8.RuneSelf }) {
		return text
	}
	out := make([]byte, 0, len(text)+len(text)/8)
	from := 0
	for i, end := range ends {
		for _, b := range text[from:end] {
			out = utf8.AppendRune(out, charmap.Windows1252.DecodeByte(b))
		}
		from, ends[i] = end, len(out)
	}
	return out
}
