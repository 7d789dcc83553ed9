package store

import (
	"strings"
	"testing"
)

// TestDialReads_ByIndex: a listing of a campaign walks nobody else's contacts, nor sorts.
func TestDialReads_ByIndex(t *testing.T) {
	s := OpenSQLite(t)
	const one = `SELECT id FROM contact WHERE` + dialled
	for text, index := range map[string]string{
		one + `AND id > $3 ORDER BY id LIMIT $4`:                                                      "contact_dial_id",
		one + `ORDER BY id LIMIT 1 OFFSET $3`:                                                         "contact_dial_id",
		one + `AND (updated_at, id) > ($3, $4) ORDER BY updated_at, id LIMIT $5`:                      "contact_dial_changed",
		one + `AND external_id <> '' AND external_id = $3 LIMIT 2`:                                    "contact_dial_external",
		one + `AND ` + s.db.keyed("person_key", "$1", "$3") + ` LIMIT 2`:                              "contact_person",
		one + `AND state = 'pending' AND priority < $3 ORDER BY priority DESC LIMIT 1`:                "contact_dial_due",
		one + `AND state = 'pending' AND priority = $3 AND due_at <= $4 ORDER BY due_at, id LIMIT $5`: "contact_dial_due",
	} {
		plan, err := readAll(t.Context(), s, func(r rows) (line string, err error) {
			var id, parent, unused int64
			return line, r.Scan(&id, &parent, &unused, &line)
		}, `EXPLAIN QUERY PLAN `+text, 1, 2, 3, 4, 5)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(plan, "; "); !strings.Contains(got, "INDEX "+index+" ") || strings.Contains(got, "TEMP B-TREE") || strings.Contains(got, "SCAN contact") {
			t.Errorf("%s\nis read by %s, want %s", text, got, index)
		}
	}
}
