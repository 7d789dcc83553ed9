package store

import (
	"fmt"
	"strings"
	"testing"
)

// global says why a key may begin with something else than the account. Everything else is found by
// account first, so that an account's rows lie together and none is met from outside.
var global = map[string]string{
	"deployment (id)":           "there is one row, and it is nobody's",
	"account (id)":              "it is the account",
	"account (uuid)":            "a request names the account",
	"account (slug)":            "a request names the account",
	"token (id)":                "named by the account's audit long after; a token says which account it is of",
	"token (hash)":              "a request has a token before it has an account",
	"account_user (email)":      "who logs in names no account",
	"erasure_key (account_id)":  "an account has one",
	"session (hash)":            "a request has a cookie before it has an account",
	"guess (subject)":           "who guesses is nobody yet",
	"app (uuid)":                "a webhook's path names the app before the account is known",
	"search_state (account_id)": "there is one row an account",
	"restore (epoch)":           "a restore is the whole deployment's",
	"goose_db_version (id)":     "the migrations' own",
	"goose_db_version (rowid)":  "the migrations' own",
	"goose_db_version (tstamp)": "the migrations' own",
}

func TestSchema_AccountFirst(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		keys := schemaKeys(t, s)
		if len(keys) < 40 {
			t.Fatalf("only %d keys found: the test looks in the wrong place", len(keys))
		}
		primary := map[string]bool{}
		for _, k := range keys {
			table, columns, _ := strings.Cut(k.text, " ")
			primary[table] = primary[table] || k.primary
			if !strings.HasPrefix(columns, "(account_id,") && global[k.text] == "" {
				t.Errorf("%s does not begin with account_id, and no reason is given for it", k.text)
			}
		}
		for _, table := range schemaTables(t, s) {
			if !primary[table] && !strings.HasPrefix(table, "goose") {
				t.Errorf("%s has no primary key", table)
			}
		}
	})
}

type schemaKey struct {
	text    string // "table (column, column)"
	primary bool
}

func schemaKeys(t *testing.T, s *Store) []schemaKey {
	t.Helper()
	sql := `SELECT m.tbl_name, i.origin = 'pk', (SELECT group_concat(name, ', ') FROM (SELECT coalesce(c.name, '?') AS name FROM pragma_index_info(i.name) c ORDER BY c.seqno))
		FROM sqlite_master m JOIN pragma_index_list(m.name) i WHERE m.type = 'table'
		UNION ALL SELECT m.tbl_name, 1, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND c.pk = 1 AND m.name NOT LIKE 'sqlite%' AND NOT EXISTS (SELECT 1 FROM pragma_index_list(m.name) i WHERE i.origin = 'pk')`
	if s.db.postgres() {
		sql = `SELECT t.relname::text, i.indisprimary, (SELECT string_agg(coalesce(a.attname::text, '?'), ', ' ORDER BY k.n)
			FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, n) LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum)
			FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid WHERE t.relnamespace = 'public'::regnamespace`
	}
	keys, err := readAll(t.Context(), s, func(r rows) (k schemaKey, err error) {
		var table, columns string
		err = r.Scan(&table, &k.primary, &columns)
		k.text = fmt.Sprintf("%s (%s)", table, columns)
		return k, err
	}, sql)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func schemaTables(t *testing.T, s *Store) []string {
	t.Helper()
	sql := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'`
	if s.db.postgres() {
		sql = `SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'`
	}
	tables, err := readAll(t.Context(), s, scanText, sql)
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

func TestSchema_Columns(t *testing.T) {
	needed := map[string][]string{
		"contact":     {"phone_raw", "phone", "person_key", "scheduled_for", "due_at"}, // as given, as dialled, who it is; a person's intent, the engine's next try
		"app":         {"account_id", "secret", "verify_token"},
		"portfolio":   {"app_id"},
		"waba":        {"app_id", "portfolio_id"},
		"sender":      {"app_id", "waba_id"},
		"template":    {"waba_id"},
		"attempt":     {"epoch", "sender_id", "contact_id"},
		"suppression": {"person_key", "scope", "channel", "evidence", "expires_at", "lifted_at"},
		"lease":       {"holder", "fence", "until"},
	}
	onBoth(t, func(t *testing.T, s *Store) {
		for table, columns := range needed {
			sql := `SELECT count(*) FROM pragma_table_info($1) WHERE name = $2`
			if s.db.postgres() {
				sql = `SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1 AND column_name = $2`
			}
			for _, c := range columns {
				if n, err := readOne(t.Context(), s, scanInt, sql, table, c); n != 1 || err != nil {
					t.Errorf("%s.%s: %d, %v", table, c, n, err)
				}
			}
		}
	})
}
