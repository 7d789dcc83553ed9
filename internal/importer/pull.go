package importer

import (
	"bytes"
	"errors"
	"io"
)

// pull hands out pieces of a stream that may be anything, and never holds more than one row's limit of it.
type pull struct {
	r        io.Reader
	err      error
	buf      []byte
	pos, end int
	lines    int // line breaks behind
}

func newPull(r io.Reader) *pull { return &pull{r: r, buf: make([]byte, headSize)} }

// fill reads more behind what is held from keep on, and reports whether something came.
func (p *pull) fill(keep int) (moved int, ok bool) {
	if p.end == len(p.buf) {
		if keep > 0 {
			copy(p.buf, p.buf[keep:p.end])
			p.end, p.pos, moved = p.end-keep, p.pos-keep, keep
		} else {
			p.buf = append(p.buf, make([]byte, len(p.buf))...)
		}
	}
	for tries := 0; p.err == nil; tries++ {
		n, err := p.r.Read(p.buf[p.end:])
		p.end += n
		p.err = err
		if n > 0 {
			return moved, true
		}
		if err == nil && tries == 100 {
			p.err = io.ErrNoProgress
		}
	}
	return moved, false
}

// skipBlanks goes to the next byte that is none, and returns it.
func (p *pull) skipBlanks() (byte, error) {
	for {
		for p.pos < p.end {
			switch c := p.buf[p.pos]; c {
			case '\n':
				p.lines++
				p.pos++
			case ' ', '\t', '\r':
				p.pos++
			default:
				return c, nil
			}
		}
		if _, ok := p.fill(p.pos); !ok {
			return 0, p.err
		}
	}
}

func (p *pull) step() { p.pos++ }

// value is the value that begins here: from an opening brace or bracket to the closing one, or a text, or what is
// written together. It is valid until the next call, and only a beginning where it is too long.
func (p *pull) value() (raw []byte, long bool, err error) {
	start, at, depth := p.pos, p.pos, 0
	quoted, escaped := false, false
	var kept []byte
	for {
		for ; at < p.end; at++ {
			c := p.buf[at]
			switch {
			case escaped:
				escaped = false
			case quoted:
				n := bytes.IndexAny(p.buf[at:p.end], "\"\\")
				if n < 0 {
					at = p.end - 1
					break
				}
				at += n
				escaped, quoted = p.buf[at] == '\\', p.buf[at] != '"'
				if !quoted && depth == 0 {
					return p.taken(start, at+1, kept)
				}
			case c == '"':
				quoted = true
			case c == '{' || c == '[':
				depth++
			case c == '}' || c == ']':
				if depth--; depth < 0 {
					return p.taken(start, at, kept)
				}
				if depth == 0 {
					return p.taken(start, at+1, kept)
				}
			case depth == 0 && (c == ',' || c == ' ' || c == '\n' || c == '\r' || c == '\t'):
				return p.taken(start, at, kept)
			}
		}
		if at-start > maxRow { // no more of it is kept than shows which it is
			if kept == nil {
				kept = bytes.Clone(p.buf[start : start+2000])
			}
			start = at
		}
		p.pos = start
		moved, ok := p.fill(start)
		start, at = start-moved, at-moved
		if !ok {
			return nil, false, p.err
		}
	}
}

func (p *pull) taken(start, end int, kept []byte) ([]byte, bool, error) {
	p.pos = end
	if kept != nil {
		return kept, true, nil
	}
	raw := p.buf[start:end]
	p.lines += bytes.Count(raw, []byte("\n"))
	return raw, len(raw) > maxRow, nil
}

// line is the next line with something in it, and its number. It is valid until the next call.
func (p *pull) line() (raw []byte, long bool, number int, err error) {
	if _, err := p.skipBlanks(); err != nil {
		return nil, false, 0, err
	}
	number = p.lines + 1
	start, at := p.pos, p.pos
	var kept []byte
	for {
		if n := bytes.IndexByte(p.buf[at:p.end], '\n'); n >= 0 {
			raw, long, err = p.taken(start, at+n, kept)
			return bytes.TrimRight(raw, " \t\r"), long, number, err
		}
		at = p.end
		if at-start > maxRow {
			if kept == nil {
				kept = bytes.Clone(p.buf[start : start+2000])
			}
			start = at
		}
		p.pos = start
		moved, ok := p.fill(start)
		start, at = start-moved, at-moved
		if ok {
			continue
		}
		if !errors.Is(p.err, io.EOF) {
			return nil, false, 0, p.err
		}
		raw, long, err = p.taken(start, at, kept)
		return bytes.TrimRight(raw, " \t\r"), long, number, err
	}
}
