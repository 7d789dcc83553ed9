package importer

import (
	"bufio"
	"cmp"
	"context"
	"os"
	"slices"
	"strings"
	"time"

	"arauto"
)

// A window is a stretch of the file's rows that is read and judged before any of it is stored. A long one is stored in
// the order of persons rather than the file's: rows that are near to one another in the database's index of persons
// change the same pages, and each is written once rather than once for every row. The rows wait in a file.
//
// The first window is small, so that storing begins at once, and each is twice the last until they are large.
type window struct {
	from, till int   // it has the rows behind from, up to till
	begun      int64 // how much of the file was read before it
	done       int64 // and with it
	entries    []entry
	ordered    bool // by person

	file *os.File
	w    *bufio.Writer
	size int64

	err    error // ends the file: no window follows
	broken any   // a panic while it was read
}

// An entry is one row of a window.
type entry struct {
	place
	at   int64 // where it is in the window's file
	size int32
	good bool
	read int64 // the moment, in ms: those that were read first are due first
}

// A place is where a row is in its window: those that say nothing first, then person by person, as the file has them.
// Where a window is stored as the file has it, the row alone.
type place struct {
	Person string `json:"person,omitempty"`
	Row    int    `json:"row"`
}

func (p place) compare(o place) int {
	return cmp.Or(strings.Compare(p.Person, o.Person), cmp.Compare(p.Row, o.Row))
}

func (w *window) close() {
	if w.file != nil {
		w.file.Close()
	}
}

// Windows of rows whose order is the file's are one transaction's.
const (
	firstWindow = 4 * chunkRows
	windowRows  = 24 * chunkRows
)

// windows gives the rows behind resume.From window by window; ended is closed when nothing reads the file any more.
func (r *run[T]) windows(ctx context.Context) (windows <-chan *window, ended <-chan struct{}) {
	chunks, read := r.read(ctx)
	out, done := make(chan *window), make(chan struct{})
	g := &gathering[T]{run: r, from: r.resume.From, till: r.resume.Row, ordered: r.resume.Ordered, wanted: r.chunkRows}
	if r.sorted != nil {
		g.wanted = min(firstWindow, r.windowRows)
	}
	go func() {
		defer close(done)
		defer func() { <-read }()
		defer close(out)
		g.gather(ctx, chunks, out)
	}()
	return out, done
}

// gathering makes windows of chunks.
type gathering[T any] struct {
	*run[T]
	from, till int // from < till: that window was begun, ordered or not, and interrupted
	ordered    bool
	wanted     int // rows of the next window
	begun      int64
	read       int64
	record     []byte
}

func (g *gathering[T]) gather(ctx context.Context, chunks <-chan *chunk[T], out chan<- *window) {
	for more := true; more; {
		w := g.fill(chunks)
		if w == nil {
			return
		}
		more = w.err == nil && w.broken == nil
		select {
		case out <- w:
		case <-ctx.Done():
			w.close()
			return
		}
	}
}

// fill makes the next window; nil when there is no row left.
func (g *gathering[T]) fill(chunks <-chan *chunk[T]) *window {
	var w *window
	interrupted := g.from < g.till
	for c := range chunks {
		<-c.ready
		if w == nil {
			w = &window{from: g.from, till: g.from, begun: g.begun, entries: make([]entry, 0, g.wanted+readRows)}
		}
		w.done, w.err, w.broken = c.done, c.err, c.broken
		if w.broken == nil && (w.err == nil || arauto.KindOf(w.err) == arauto.KindInvalid) {
			if err := g.add(w, c); err != nil {
				w.err = err
			}
		}
		if w.err != nil || w.broken != nil || interrupted && w.till >= g.till || !interrupted && len(w.entries) >= g.wanted {
			break
		}
	}
	if w == nil {
		return nil
	}
	g.order(w, interrupted)
	if w.w != nil {
		if err := w.w.Flush(); w.err == nil {
			w.err = err
		}
	}
	g.from, g.till, g.begun = w.till, w.till, w.done
	if g.sorted != nil {
		g.wanted = min(2*g.wanted, g.windowRows)
	}
	return w
}

// add puts the rows of a chunk aside. They count as read in one moment, which no other chunk shares.
func (g *gathering[T]) add(w *window, c *chunk[T]) (err error) {
	if w.file == nil {
		if w.file, err = g.Blobs.Scratch(); err != nil {
			return err
		}
		w.w = bufio.NewWriterSize(w.file, 128<<10)
	}
	g.read = max(g.read+1, g.Now().UnixMilli())
	for i := range c.lines {
		l := &c.lines[i]
		e := entry{place: place{Row: l.row.Number}, at: w.size, good: l.err == nil, read: g.read}
		if e.good && g.sorted != nil {
			e.Person = strings.Clone(g.sorted(&l.says))
		}
		var bad error
		if isRowError(l.err) && l.unread {
			bad = l.err
		}
		g.record = appendRow(g.record[:0], l.row, bad)
		if _, err := w.w.Write(g.record); err != nil {
			return err
		}
		e.size = int32(len(g.record))
		w.size += int64(len(g.record))
		w.entries, w.till = append(w.entries, e), e.Row
	}
	return nil
}

// order settles in which order a window is stored. One that was interrupted keeps its order.
func (g *gathering[T]) order(w *window, interrupted bool) {
	w.ordered = g.sorted != nil && len(w.entries) > g.chunkRows
	if interrupted {
		w.ordered = g.ordered
	}
	if !w.ordered {
		for i := range w.entries {
			w.entries[i].Person = ""
		}
		return
	}
	slices.SortFunc(w.entries, func(a, b entry) int { return a.compare(b.place) })
}

// byPerson has contacts stored in the order of persons, and due in the file's.
func byPerson(r *run[arauto.Contact]) {
	r.sorted = func(c *arauto.Contact) string { return c.PersonKey }
	r.due = func(c *arauto.Contact, at time.Time) { c.DueAt = at }
}
