package store

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
)

// What is loaded in bulk changes pages all over an index. They are brought into the database once for many chunks,
// rather than for each, when the log may grow. Few pages are changed twice, since long lists come in the order of
// persons: the memory is better left to whoever reads the list.
const (
	bulkPragmas  = `PRAGMA cache_size=-16384; PRAGMA wal_autocheckpoint=32768; PRAGMA journal_size_limit=268435456;`
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

// contactRows says OR IGNORE because SQLite would else copy every page that a statement of several rows changes, to undo
// the statement for a value that is NULL; none of them ever is.
var contactRows = rowsOf{
	head: `INSERT OR IGNORE ` + contactInto + `VALUES `,
	row:  `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0, '', 0, 0, '', '', '', ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, 1)`,
}

// insertByPerson inserts contacts in the order of their persons: those that are near to one another in that index are
// written one after the other. Of rows of one person the first stays the first.
func insertByPerson(ctx context.Context, t querier, args [][]any, inserted []bool) error {
	const person = 8 // its place in a row
	order := make([]int, len(args))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(args[a][person].(string), args[b][person].(string)) })
	whole := len(order) / together * together
	if err := insertGroups(ctx, t, args, order[:whole], together, inserted); err != nil {
		return err
	}
	return insertGroups(ctx, t, args, order[whole:], 1, inserted)
}

// insertGroups inserts the rows of order, so many at a time.
func insertGroups(ctx context.Context, t querier, args [][]any, order []int, n int, inserted []bool) error {
	var groups [][]any
	for group := range slices.Chunk(order, n) {
		flat := make([]any, 0, n*(len(args[0])+1))
		for _, i := range group {
			flat = append(append(flat, args[i]...), args[i][len(args[i])-1]) // the last is two columns' value
		}
		groups = append(groups, flat)
	}
	changed, err := t.each(ctx, contactRows.text(n), groups)
	if err != nil {
		return err
	}
	for g, group := range slices.Collect(slices.Chunk(order, n)) {
		if changed[g] > 0 && changed[g] < int64(n) {
			if err := whichAreThere(ctx, t, args, group, inserted); err != nil {
				return err
			}
			continue
		}
		for _, i := range group {
			inserted[i] = changed[g] > 0
		}
	}
	return nil
}

// whichAreThere tells which of the rows of a group are there, whose ids nobody had before.
func whichAreThere(ctx context.Context, t querier, args [][]any, group []int, inserted []bool) error {
	ids := make([]int64, len(group))
	for k, i := range group {
		ids[k] = args[i][1].(int64)
	}
	text, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	there, err := all(ctx, t, scanInt, `SELECT id FROM contact WHERE account_id = $1 AND id IN (SELECT value FROM json_each($2))`, args[0][0], string(text))
	for k, i := range group {
		inserted[i] = slices.Contains(there, ids[k])
	}
	return err
}
