package importer

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"
)

// maxTag is what one tag of a spreadsheet may weigh.
const maxTag = 64 << 10

// A markup reads the XML of a spreadsheet piece by piece: as much of XML as spreadsheets use, at many times the speed
// of a general reader, and never more of it in memory than one tag or the text of one cell. Documents that define
// entities are refused: no spreadsheet program writes them.
type markup struct {
	r        io.Reader
	err      error
	buf      []byte
	pos, end int
	inside   int // how many elements are open

	text    []byte // what stood before the tag, its entities as they are written, and as far as a cell has room
	long    bool   // there was more of it
	name    []byte // of the tag, without prefix
	attrs   []byte
	closing bool // </name>
	empty   bool // <name/>
}

var (
	errMarkup = errors.New("the XML inside it is broken")
	errEntity = errors.New("the XML inside it defines entities, which no spreadsheet does")
)

func newMarkup(r io.Reader) *markup { return &markup{r: r, buf: make([]byte, headSize)} }

// next reads up to the next tag and sets the fields, which stay as they are until it is called again. io.EOF is the end
// of a whole document.
func (m *markup) next() error {
	m.text, m.long = m.text[:0], false
	for {
		if err := m.until('<', m.keepText); err != nil {
			if errors.Is(err, io.EOF) && m.inside > 0 {
				return io.ErrUnexpectedEOF
			}
			return err
		}
		m.pos++
		c, err := m.peek()
		if err != nil {
			return eof(err)
		}
		switch c {
		case '!':
			if err := m.special(); err != nil {
				return err
			}
		case '?':
			if err := m.skip([]byte("?>")); err != nil {
				return err
			}
		default:
			return m.tag()
		}
	}
}

// eof makes the end an error: something has begun.
func eof(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (m *markup) keepText(b []byte) {
	room := 6*maxCell - len(m.text) // each character may be written as an entity
	m.text = append(m.text, b[:min(len(b), room)]...)
	m.long = m.long || len(b) > room
}

// until hands what stands before the next c to keep, and stops at c.
func (m *markup) until(c byte, keep func([]byte)) error {
	for {
		if i := bytes.IndexByte(m.buf[m.pos:m.end], c); i >= 0 {
			keep(m.buf[m.pos : m.pos+i])
			m.pos += i
			return nil
		}
		keep(m.buf[m.pos:m.end])
		m.pos = m.end
		if err := m.fill(); err != nil {
			return err
		}
	}
}

// fill reads more once everything that is held is done with, but for what stands from pos on.
func (m *markup) fill() error {
	if m.pos > 0 {
		copy(m.buf, m.buf[m.pos:m.end])
		m.end, m.pos = m.end-m.pos, 0
	}
	if m.end == len(m.buf) {
		if len(m.buf) >= 2*maxTag {
			return errMarkup
		}
		m.buf = append(m.buf, make([]byte, len(m.buf))...)
	}
	for tries := 0; m.err == nil; tries++ {
		n, err := m.r.Read(m.buf[m.end:])
		m.end, m.err = m.end+n, err
		if n > 0 {
			return nil
		}
		if err == nil && tries == 100 {
			m.err = io.ErrNoProgress
		}
	}
	return m.err
}

func (m *markup) peek() (byte, error) {
	if m.pos == m.end {
		if err := m.fill(); err != nil {
			return 0, err
		}
	}
	return m.buf[m.pos], nil
}

// special steps over a comment and reads a CDATA section as text.
func (m *markup) special() error {
	for m.end-m.pos < len("![CDATA[") {
		if err := m.fill(); err != nil {
			return eof(err)
		}
	}
	switch here := m.buf[m.pos:m.end]; {
	case bytes.HasPrefix(here, []byte("!--")):
		return m.skip([]byte("-->"))
	case bytes.HasPrefix(here, []byte("![CDATA[")):
		m.pos += len("![CDATA[")
		return m.cdata()
	}
	return errEntity
}

// cdata keeps a section as text: what would be an entity elsewhere is written as one.
func (m *markup) cdata() error {
	for {
		at := bytes.Index(m.buf[m.pos:m.end], []byte("]]>"))
		part := m.buf[m.pos:m.end]
		if at >= 0 {
			part = part[:at]
		} else if len(part) > 2 {
			part = part[:len(part)-2]
		} else {
			part = nil
		}
		m.keepText(bytes.ReplaceAll(part, []byte("&"), []byte("&amp;")))
		m.pos += len(part)
		if at >= 0 {
			m.pos += len("]]>")
			return nil
		}
		if err := m.fill(); err != nil {
			return eof(err)
		}
	}
}

func (m *markup) skip(till []byte) error {
	for {
		if i := bytes.Index(m.buf[m.pos:m.end], till); i >= 0 {
			m.pos += i + len(till)
			return nil
		}
		m.pos = max(m.pos, m.end-len(till)+1)
		if err := m.fill(); err != nil {
			return eof(err)
		}
	}
}

// tag reads what stands between < and >.
func (m *markup) tag() error {
	at, quote := m.pos, byte(0)
	for {
		for ; at < m.end; at++ {
			c := m.buf[at]
			switch {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '"' || c == '\'':
				quote = c
			case c == '>':
				inside := m.buf[m.pos:at]
				m.pos = at + 1
				return m.taken(inside)
			}
		}
		at -= m.pos
		if err := m.fill(); err != nil {
			return eof(err)
		}
	}
}

func (m *markup) taken(tag []byte) error {
	m.closing, m.empty = bytes.HasPrefix(tag, []byte("/")), bytes.HasSuffix(tag, []byte("/"))
	tag = bytes.Trim(tag, "/")
	m.name, m.attrs = tag, nil
	if i := bytes.IndexAny(tag, " \t\r\n"); i >= 0 {
		m.name, m.attrs = tag[:i], tag[i:]
	}
	if i := bytes.IndexByte(m.name, ':'); i >= 0 {
		m.name = m.name[i+1:]
	}
	switch {
	case m.closing:
		m.inside--
	case !m.empty:
		m.inside++
	}
	if len(m.name) == 0 || m.inside < 0 || m.inside > 100 {
		return errMarkup
	}
	return nil
}

// is reports whether the tag opens, or with its end in it is, an element of that name.
func (m *markup) is(name string) bool { return !m.closing && string(m.name) == name }

// ends reports whether an element of that name is over with this tag.
func (m *markup) ends(name string) bool { return (m.closing || m.empty) && string(m.name) == name }

// attr is an attribute of the tag by its name without prefix, as it is written; nil when it is not there.
func (m *markup) attr(name string) []byte {
	rest := m.attrs
	for {
		i := bytes.IndexByte(rest, '=')
		if i < 0 {
			return nil
		}
		key := bytes.TrimSpace(rest[:i])
		if c := bytes.IndexByte(key, ':'); c >= 0 {
			key = key[c+1:]
		}
		rest = bytes.TrimLeft(rest[i+1:], " \t\r\n")
		if len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
			return nil
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return nil
		}
		if string(key) == name {
			return rest[1 : 1+end]
		}
		rest = rest[2+end:]
	}
}

// appendText appends text with its entities read. What is no entity stays as it is written.
func appendText(dst, text []byte) []byte {
	for {
		i := bytes.IndexByte(text, '&')
		if i < 0 {
			return append(dst, text...)
		}
		dst, text = append(dst, text[:i]...), text[i:]
		end := bytes.IndexByte(text[:min(len(text), 12)], ';')
		if end < 0 {
			dst, text = append(dst, '&'), text[1:]
			continue
		}
		r, ok := entity(text[1:end])
		if !ok {
			dst, text = append(dst, '&'), text[1:]
			continue
		}
		dst, text = utf8.AppendRune(dst, r), text[end+1:]
	}
}

func entity(name []byte) (rune, bool) {
	switch string(name) {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	base, digits := 10, name[1:]
	if digits[0] == 'x' || digits[0] == 'X' {
		base, digits = 16, digits[1:]
	}
	n, err := strconv.ParseUint(string(digits), base, 21)
	return rune(n), err == nil
}
