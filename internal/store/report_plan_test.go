package store

import (
	"context"
	"strings"
	"testing"

	"arauto"
)

// TestPage_ByIndex: a page of several campaigns is found first and then read, however many rows it has: SQLite plans by
// the limit too, and once walked all contacts of the account to save itself a sort.
func TestPage_ByIndex(t *testing.T) {
	s := OpenSQLite(t)
	for _, limit := range []int{1, 10, 50, 1000, 5000} {
		err := s.db.snapshot(t.Context(), func(q querier) error {
			cq := &contactQuery{store: s, account: 1, upTo: 1 << 53}
			for campaign := range int64(3) {
				cq.streams = append(cq.streams, stream{campaign + 1, arauto.ContactPending, 500_000})
			}
			cq.conditions()
			plan, err := page(t.Context(), explainer{q}, cq, func(r rows) (line string, err error) {
				var id, parent, unused int64
				return line, r.Scan(&id, &parent, &unused, &line)
			}, qualified()+rowColumns, contactJoins, 1<<53, limit)
			if got := strings.Join(plan, "; "); !strings.Contains(got, "SEARCH c USING INDEX sqlite_autoindex_contact_1 (account_id=? AND id=?)") {
				t.Errorf("a page of %d is read by %s", limit, got)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// explainer answers with the plan instead.
type explainer struct{ querier }

func (e explainer) query(ctx context.Context, sql string, args ...any) (rows, error) {
	return e.querier.query(ctx, "EXPLAIN QUERY PLAN "+sql, args...)
}
