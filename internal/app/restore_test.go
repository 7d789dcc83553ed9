package app_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"arauto/internal/sandbox"
)

// TestRestore is the other promise: a restored backup sends nothing, to anybody, until a person has seen
// what is not known and said so.
func TestRestore(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { restoring{}.run(t) })
	t.Run("postgres", func(t *testing.T) {
		restoring{database: postgres(t), restored: postgres(t)}.run(t)
	})
}

// restoring is a campaign that is backed up while it runs, goes on, and is lost.
type restoring struct {
	database, restored string // "" = SQLite
	torture
	backup string
}

const restorePeople = 300

func (x restoring) run(t *testing.T) {
	x.seed, x.dir, x.address, x.contacts, x.torture.database = 7, t.TempDir(), freeAddress(t), restorePeople, x.database
	graph := freeAddress(t)
	x.graph = "http://" + graph
	x.meta = sandbox.Config{VerifyToken: "shown", Seed: x.seed}.WithDefaults()
	pretend := start(t, "sandbox", "--listen", graph, "--seed", "7", "--latency", "20ms", "--pace", "0.05", "--verify-token", x.meta.VerifyToken)
	pretend.listening(t, graph)
	x.serve(t)
	id := x.prepareAt(t, 80)
	x.api.start(t, id)
	x.awaitSent(t, 80)
	x.takeBackup(t)
	atBackup := len(ledger(t, x.graph))
	x.awaitSent(t, atBackup+60)
	x.server.kill()

	lost := x.dir
	x.restore(t, lost)
	x.serve(t)
	sent := len(ledger(t, x.graph))
	x.nothingLeaves(t, id, sent)
	x.heardOf(t, id)
	x.resume(t, id, sent)
	x.countsHold(t)
}

// prepareAt is torture.prepare at a rate that leaves time for what happens in between.
func (x *restoring) prepareAt(t *testing.T, rate int) int64 {
	t.Helper()
	id := x.prepare(t)
	x.api.do(t, "PATCH", "/api/v1/senders/1", object{"rate": rate}, nil)
	return id
}

func (x *restoring) awaitSent(t *testing.T, n int) {
	t.Helper()
	until(t, 60*time.Second, fmt.Sprintf("%d messages are in the ledger", n), func() bool { return len(ledger(t, x.graph)) >= n })
}

// takeBackup uses the program beside the running server, whose directory is locked.
func (x *restoring) takeBackup(t *testing.T) {
	t.Helper()
	x.backup = filepath.Join(t.TempDir(), "backup.tar.gz")
	args := []string{"backup", "--data", x.dir, "--out", x.backup}
	if x.database != "" {
		args = append(args, "--database", x.database)
	}
	p := start(t, args...)
	if status := p.wait(t, 60*time.Second); status != 0 || !strings.Contains(p.out.String(), "KEY IS NOT IN IT") {
		t.Fatalf("backup ended with %d:\n%s", status, p.out.String())
	}
}

// restore makes another machine of x: a new directory, a new database, and the key that was kept elsewhere.
func (x *restoring) restore(t *testing.T, lost string) {
	t.Helper()
	x.dir, x.database, x.torture.database = t.TempDir(), x.restored, x.restored
	args := []string{"restore", "--data", x.dir, x.backup}
	if x.database != "" {
		args = append(args, "--database", x.database)
	}
	p := start(t, args...)
	if status := p.wait(t, 60*time.Second); status != 0 || !strings.Contains(p.out.String(), "1 campaigns are paused") || !strings.Contains(p.out.String(), "KEY IS MISSING") {
		t.Fatalf("restore ended with %d:\n%s", status, p.out.String())
	}
	if again := start(t, args...); again.wait(t, 60*time.Second) == 0 {
		t.Error("a second restore into the same place was not refused")
	}
	for _, name := range []string{"key", "admin-token"} {
		text, err := os.ReadFile(filepath.Join(lost, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(x.dir, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// nothingLeaves: not by itself, and not because somebody who did not read the words pressed resume.
func (x *restoring) nothingLeaves(t *testing.T, id int64, sent int) {
	t.Helper()
	c := x.api.campaign(t, id)
	if c.State != "paused" || c.Pause == nil || !strings.Contains(*c.Pause, "backup") {
		t.Fatalf("the restored campaign is %s: %v", c.State, c.Pause)
	}
	for _, action := range []string{"resume", "start"} {
		status, text := x.api.ask(t, "POST", fmt.Sprintf("/api/v1/campaigns/%d/%s", id, action), nil)
		if status != 409 || !strings.Contains(string(text), "backup") {
			t.Errorf("%s without a word on the gap: %d %s", action, status, text)
		}
	}
	until(t, 30*time.Second, "what was in flight at the backup is unknown", func() bool { return x.api.campaign(t, id).Counts["sending"] == 0 })
	time.Sleep(2 * time.Second) // nothing happens: there is nothing to wait for
	if now := len(ledger(t, x.graph)); now != sent {
		t.Fatalf("%d messages left the restored server unasked", now-sent)
	}
}

// heardOf: what the provider still says of the lost messages is evidence, and touches nobody else's.
func (x *restoring) heardOf(t *testing.T, id int64) {
	t.Helper()
	until(t, 30*time.Second, "messages of the gap were heard of", func() bool {
		var read struct{ Gap *struct{ Heard int } }
		x.api.do(t, "GET", fmt.Sprintf("/api/v1/campaigns/%d", id), nil, &read)
		return read.Gap != nil && read.Gap.Heard > 0
	})
	for _, w := range x.api.webhooks(t, "unmatched") {
		if w.Note == nil || !strings.Contains(*w.Note, "sent after the backup") {
			t.Errorf("an unmatched webhook says %v", w.Note)
		}
	}
}

func (x *restoring) resume(t *testing.T, id int64, sent int) {
	t.Helper()
	p := start(t, "campaign", "resume", "--confirm-gap", fmt.Sprint(id), "--url", x.api.base, "--token", x.api.token)
	if status := p.wait(t, 30*time.Second); status != 0 {
		t.Fatalf("resume with the word ended with %d:\n%s", status, p.out.String())
	}
	done := x.api.settled(t, id, x.graph, 90*time.Second)
	if done.Counts["pending"]+done.Counts["sending"] != 0 || done.Total != restorePeople {
		t.Errorf("the campaign ended as %v", done.Counts)
	}
	book := ledger(t, x.graph)
	if len(book) <= sent {
		t.Error("nothing was sent after the confirmation")
	}
	refs := map[string]int{}
	for _, e := range book {
		if refs[e.Callback]++; refs[e.Callback] == 2 {
			t.Errorf("two lives gave the ref %s to a message each", e.Callback)
		}
	}
	// What was told of earlier messages in the gap was told to the server that is lost.
	contacts := x.api.contacts(t, id)
	for _, e := range book[sent:] {
		who := personOf(e.To)
		if c, want := contacts[who], endOf(sandbox.Fate(x.seed, who)); c.State != want {
			t.Errorf("%s is %s, want %s", who, c.State, want)
		}
	}
	var page struct{ Data []json.RawMessage }
	x.api.do(t, "GET", "/api/v1/audit?limit=100", nil, &page)
	for _, action := range []string{"deployment.restore", "campaign.confirm_gap"} {
		if text, _ := json.Marshal(page.Data); !strings.Contains(string(text), action) {
			t.Errorf("the audit does not know %s", action)
		}
	}
}
