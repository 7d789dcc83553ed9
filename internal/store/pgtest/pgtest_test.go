package pgtest_test

import (
	"errors"
	"net/url"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"arauto/internal/store/pgtest"
)

func TestStart(t *testing.T) {
	c, err := pgtest.Start(func(s string) { t.Log(s) })
	if errors.Is(err, pgtest.ErrMissing) && os.Getenv("ARAUTO_NO_SKIP") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer c.Stop()
	first, err := c.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.NewDatabase(t.Context())
	if err != nil || first == second {
		t.Fatalf("second database: %q like %q, %v", second, first, err)
	}
	conn, err := pgx.Connect(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	var fsync string
	if err := conn.QueryRow(t.Context(), "SHOW fsync").Scan(&fsync); err != nil || fsync != "on" {
		t.Fatalf("fsync is %q, %v: a database that forgets proves nothing", fsync, err)
	}
	// The connection stays open: Stop must not wait for it.
	c.Stop()
	if _, err := pgx.Connect(t.Context(), first); err == nil {
		t.Error("it still answers after Stop")
	}
	address, err := url.Parse(first)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(address.Query().Get("host")); !os.IsNotExist(err) {
		t.Errorf("its directory is still there: %v", err)
	}
}
