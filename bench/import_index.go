package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"arauto"
	"arauto/internal/index"
)

// indexing lets the search index follow an import, as the program does.
type indexing struct {
	place   *place
	account int64
	stop    context.CancelFunc
	ended   chan error
}

// startIndexing waits until everybody who is there is in the index, and then follows.
func startIndexing(ctx context.Context, p *place, account int64) (*indexing, error) {
	running, stop := context.WithCancel(ctx)
	x := &indexing{place: p, account: account, stop: stop, ended: make(chan error, 1)}
	engine := index.New(index.Config{Store: p.store, Leases: p.store, Node: "bench", Now: now, Logger: quiet()})
	go func() { x.ended <- engine.Run(running) }()
	return x, x.caughtUp(ctx)
}

// caughtUp waits until nobody is left to add to the index, nor to make anew.
func (x *indexing) caughtUp(ctx context.Context) error {
	watch := time.NewTicker(50 * time.Millisecond)
	defer watch.Stop()
	for {
		behind, err := x.place.store.SearchBehind(ctx, 1)
		if err != nil || len(behind) == 0 {
			return err
		}
		select {
		case <-watch.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// searchable is how long the import's last rows could not be asked of the index, and that they are found then.
func (x *indexing) searchable(ctx context.Context, c corpus, out *verdict, format string, most float64) error {
	began := time.Now()
	if err := x.caughtUp(ctx); err != nil {
		return err
	}
	took := time.Since(began)
	p, err := x.place.store.SearchProgress(ctx, x.account)
	if err != nil {
		return err
	}
	asked := time.Now()
	if err := x.findLast(ctx, c); err != nil {
		return err
	}
	fmt.Fprintf(out.out, "%s: the index stands at %d of %d, %d changed since; the last row was found by its field in %.1f ms\n", format, p.IndexedTo, p.Newest, p.Stale, since(asked))
	out.atMost(format+": searchable after the last row was stored, s", took.Seconds(), most)
	return nil
}

// findLast looks for the last row that went in, by one of its own fields.
func (x *indexing) findLast(ctx context.Context, c corpus) error {
	for n := c.rows - 1; n >= 0; n-- {
		cells, what := c.row(n)
		if what != fresh {
			continue
		}
		found, err := x.place.store.ContactRows(ctx, x.account, arauto.ContactFilter{FieldKey: "CPF", FieldValue: cells[2]}, 0, pageSize)
		if err == nil && len(found) != 1 {
			err = fmt.Errorf("the list's row %d was found %d times", n, len(found))
		}
		return err
	}
	return errors.New("nothing of the list went in")
}

func (x *indexing) end() error {
	x.stop()
	return <-x.ended
}
