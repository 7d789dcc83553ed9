package store

import (
	"cmp"
	"context"
	"slices"
)

// What is loaded in bulk changes pages all over an index. They are brought into the database once for many chunks,
// rather than for each, when the log may grow; and a chunk finds the pages of the last in memory.
const (
	bulkPragmas  = `PRAGMA cache_size=-49152; PRAGMA wal_autocheckpoint=32768; PRAGMA journal_size_limit=268435456;`
	usualPragmas = `PRAGMA cache_size=-32768; PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=67108864;`
)

// calmAfter is how many groups without a bulk load end one: a small write in the middle of it does not bring the whole
// log into the database.
const calmAfter = 64

// writer is the one connection that writes.
type writer struct {
	*sqliteConn
	loading bool // as bulkPragmas have it
	since   int  // groups since the last bulk load
}

func (db *sqliteDB) bulk(ctx context.Context, fn func(querier) error) error {
	return db.enqueue(&sqliteWrite{ctx: ctx, fn: fn, bulk: true, done: make(chan error, 1)})
}

// serve runs first: with those behind it, to be told when they are synced, or alone and told at once, when it is a bulk
// load.
func (db *sqliteDB) serve(w *writer, first *sqliteWrite) {
	load := first
	if !first.bulk {
		if w.since++; w.loading && w.since > calmAfter {
			w.loading = w.script(usualPragmas) != nil
		}
		var group []*sqliteWrite
		group, load = db.gather(first)
		db.written <- runGroup(w.sqliteConn, group)
	}
	if load != nil {
		load.done <- w.load(load)
	}
}

func (w *writer) load(job *sqliteWrite) error {
	if !w.loading {
		if err := w.script(bulkPragmas); err != nil {
			return err
		}
	}
	w.loading, w.since = true, 0
	return runAlone(w.sqliteConn, job)
}

// eachInOrder is each, run in the order of the texts at that place of the rows: those that are near to one another in an
// index are written one after the other. Of rows that are alike there the first stays the first.
func eachInOrder(ctx context.Context, t querier, sql string, args [][]any, at int) ([]int64, error) {
	order := make([]int, len(args))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(args[a][at].(string), args[b][at].(string)) })
	sorted := make([][]any, len(args))
	for k, i := range order {
		sorted[k] = args[i]
	}
	changed, err := t.each(ctx, sql, sorted)
	if err != nil {
		return nil, err
	}
	answers := make([]int64, len(args))
	for k, i := range order {
		answers[i] = changed[k]
	}
	return answers, nil
}
