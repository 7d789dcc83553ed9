package importer

import (
	"context"
	"slices"
	"time"
)

// A piece is as much of a window as one transaction takes, in the window's order.
type piece[T any] struct {
	lines  []line[T]
	last   place
	stored bool // before an interruption: only its rejects may be missing
	end    bool // of the window
	share  float64
	err    error
	broken any
}

// pieces gives what of a window is not done with; while one is stored the next is read.
func (r *run[T]) pieces(ctx context.Context, w *window) (pieces <-chan *piece[T], ended <-chan struct{}) {
	out, done := make(chan *piece[T]), make(chan struct{})
	c := &cutting[T]{run: r, window: w}
	if w.till <= r.resume.Row { // it is the one that was interrupted
		written := r.resume.Written
		c.next, _ = slices.BinarySearchFunc(w.entries, place{written.Person, written.Row + 1}, func(e entry, p place) int { return e.compare(p) })
		c.stored = len(w.entries)
		if s := r.resume.Stored; s != nil {
			c.stored, _ = slices.BinarySearchFunc(w.entries, place{s.Person, s.Row + 1}, func(e entry, p place) int { return e.compare(p) })
		}
	}
	go func() {
		defer close(done)
		defer close(out)
		for c.next < len(w.entries) {
			p := c.cut()
			select {
			case out <- p:
			case <-ctx.Done():
				return
			}
			if p.err != nil || p.broken != nil {
				return
			}
		}
	}()
	return out, done
}

// cutting cuts a window into pieces.
type cutting[T any] struct {
	*run[T]
	*window
	next   int // of entries
	stored int // so many of entries are stored
}

func (c *cutting[T]) cut() (p *piece[T]) {
	p = &piece[T]{}
	defer func() {
		if broken := recover(); broken != nil {
			p.broken = broken
		}
	}()
	end, most := len(c.entries), c.chunkRows
	if c.next < c.stored {
		p.stored, end, most = true, c.stored, c.stored
	}
	p.lines = make([]line[T], 0, min(end-c.next, most))
	for size := 0; c.next < end && len(p.lines) < most && (p.stored || size < c.chunkBytes); c.next++ {
		e := &c.entries[c.next]
		record := make([]byte, e.size)
		if _, err := c.file.ReadAt(record, e.at); err != nil {
			p.err = err
			return p
		}
		l, err := c.line(string(record), e)
		if err != nil {
			p.err = err
			return p
		}
		p.lines, p.last, size = append(p.lines, l), e.place, size+len(record)
	}
	p.end, p.share = c.next == len(c.entries), float64(c.next)/float64(len(c.entries))
	return p
}

// line is a row as it was put aside, judged as it was then.
func (c *cutting[T]) line(record string, e *entry) (l line[T], err error) {
	if l.row, l.err, err = rowOf(record); err != nil || l.err != nil {
		return l, err
	}
	if l.says, l.err = c.parse(l.row); l.err == nil && c.ordered && c.due != nil {
		c.due(&l.says, time.UnixMilli(e.read).UTC())
	}
	return l, nil
}
