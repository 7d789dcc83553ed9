package importer

import (
	"context"
	"errors"
	"io"

	"arauto"
)

// A line is one row of a chunk: what it says, or why that is nothing.
type line[T any] struct {
	row    Row
	says   T
	err    error
	unread bool // err is of reading it: there is nothing to be judged
}

// A chunk is as many rows as are read together. While one is parsed the next are read.
type chunk[T any] struct {
	lines []line[T]
	done  int64 // how much of the file was read with it
	// err ends the file: it is why no chunk follows. Nil also ends it, with the last.
	err error

	ready  chan struct{} // closed when the lines are parsed
	broken any           // a panic while they were
}

// readRows is how many rows a chunk has at most. Some chunks are held in memory at the same time.
const readRows = 1024

// read gives the rows behind resume.From chunk by chunk; the channel is closed behind the last. ended is closed when
// nothing reads the file any more.
func (r *run[T]) read(ctx context.Context) (chunks <-chan *chunk[T], ended <-chan struct{}) {
	out, done := make(chan *chunk[T]), make(chan struct{})
	from, till := r.resume.From, r.resume.Row
	go func() {
		defer close(done)
		defer close(out)
		for {
			c := &chunk[T]{ready: make(chan struct{})}
			end := r.next(ctx, c, from, till)
			go r.parseAll(c)
			select {
			case out <- c:
			case <-ctx.Done():
				<-c.ready
				return
			}
			if end {
				<-c.ready
				return
			}
			from = max(from, c.lines[len(c.lines)-1].row.Number)
		}
	}()
	return out, done
}

// next reads the next chunk of rows behind from: as many as fit, though none behind till with any before it: there the
// window ends in which the import was interrupted. It reports whether that is the last.
func (r *run[T]) next(ctx context.Context, c *chunk[T], from, till int) (end bool) {
	defer func() {
		if p := recover(); p != nil {
			c.broken, end = p, true
		}
	}()
	defer func() { c.done = r.progress() }()
	for size := 0; len(c.lines) < min(r.chunkRows, readRows) && size < r.chunkBytes; {
		if c.err = ctx.Err(); c.err != nil {
			return true
		}
		row, err := r.source.Next()
		if errors.Is(err, io.EOF) {
			return true
		}
		bad, isBad := errors.AsType[*RowError](err)
		switch {
		case isBad:
			row = bad.Row
		case err != nil:
			c.err = err
			return true
		}
		if row.Number <= from {
			continue
		}
		c.lines = append(c.lines, line[T]{row: row, err: err, unread: isBad})
		if row.Number == till {
			return false
		}
		size += len(row.Raw)
		for _, cell := range row.Cells {
			size += len(cell)
		}
	}
	return false
}

// parseAll reads what the rows of a chunk say.
func (r *run[T]) parseAll(c *chunk[T]) {
	defer close(c.ready)
	defer func() {
		if p := recover(); p != nil {
			c.broken = p
		}
	}()
	for i := range c.lines {
		if l := &c.lines[i]; l.err == nil {
			l.says, l.err = r.parse(l.row)
		}
	}
}

// stagedAtMost is how many rows a file may have that goes in whole or not at all: it is published in one transaction,
// for which everybody else's writes wait.
const stagedAtMost = 500_000

func errTooManyStaged() error {
	return arauto.Errorf(arauto.KindInvalid, "file", "the file has more than %d rows, too many to go in all at once: split it, or import it without that", stagedAtMost)
}
