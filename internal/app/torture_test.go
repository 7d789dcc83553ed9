package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"arauto/internal/sandbox"
)

// TestTorture_Faults kills the server again and again while Meta throttles, breaks, hangs up before and
// after reading, and tells things twice and in the wrong order. Short: some kills on SQLite. With
// ARAUTO_TORTURE set: 300 on each database.
func TestTorture_Faults(t *testing.T) {
	n := kills(25, 8)
	if os.Getenv("ARAUTO_TORTURE") != "" {
		n = kills(300, 300)
	}
	t.Run("sqlite", func(t *testing.T) { newFaulty(n).run(t) })
	t.Run("postgres", func(t *testing.T) {
		if os.Getenv("ARAUTO_TORTURE") == "" {
			t.Skip("make torture has it")
		}
		x := newFaulty(n)
		x.database = postgres(t)
		x.run(t)
	})
}

// TestTorture_WithoutIntent shows that the torture would notice: a program that posts before its intent is
// durable writes to somebody twice within twenty kills.
func TestTorture_WithoutIntent(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds another program")
	}
	path, err := build("arauto-without-intent", "-tags", "arauto_no_intent")
	if err != nil {
		t.Fatal(err)
	}
	x := newFaulty(20)
	x.program = path
	x.begin(t)
	id := x.prepare(t)
	x.api.start(t, id)
	random := rand.New(rand.NewPCG(uint64(x.seed), 2))
	for n := 1; n <= 20; n++ {
		x.awaitFlight(t, 1+random.Int64N(20), random)
		x.server.kill()
		if sum := summary(t, x.graph); sum.Twice > 0 {
			t.Logf("%d people were written to twice after %d kills", sum.Twice, n)
			return
		}
		x.serve(t)
	}
	until(t, 5*time.Second, "somebody is written to twice, without a durable intent", func() bool { return summary(t, x.graph).Twice > 0 })
}

// faulty is torture against a Meta that has a bad day.
type faulty struct {
	torture
	book string // the sandbox's ledger, as a file
}

func newFaulty(kills int) *faulty {
	return &faulty{torture: torture{kills: kills, contacts: 300 + 40*kills, rate: 250}}
}

// badDay spoils some requests of each kind there is. A rule's roll depends on the recipient and on how often
// it was tried, so that every run with a seed meets the same.
func badDay() sandbox.Script {
	return sandbox.Script{Rules: []sandbox.Rule{
		{Name: "throttled", Code: 130429, Percent: 1},
		{Name: "unavailable", Code: 131016, Percent: 1},
		{Name: "broken", Status: 503, Percent: 1},
		{Name: "taken and broken", Status: 500, Taken: true, Percent: 1},
		{Name: "reset before reading", Drop: sandbox.DropUnread, Percent: 1},
		{Name: "reset after reading", Drop: sandbox.DropReset, Percent: 1},
		{Name: "taken and reset", Drop: sandbox.DropReset, Taken: true, Percent: 1},
		{Name: "taken and silent", Drop: sandbox.DropHang, Taken: true, Percent: 0.3},
		{Name: "slow", Delay: sandbox.Duration(300 * time.Millisecond), Percent: 2},
	}}
}

// begin starts a sandbox and a server that know nothing of each other yet.
func (x *faulty) begin(t *testing.T) {
	t.Helper()
	if x.seed == 0 {
		x.seed = rand.Int64N(1 << 40)
		if n, err := strconv.ParseInt(os.Getenv("ARAUTO_SEED"), 10, 64); err == nil {
			x.seed = n
		}
	}
	t.Logf("seed %d", x.seed)
	x.dir, x.address, x.book = t.TempDir(), freeAddress(t), filepath.Join(t.TempDir(), "ledger.jsonl")
	graph := freeAddress(t)
	x.graph = "http://" + graph
	x.meta = sandbox.Config{VerifyToken: "shown", Seed: x.seed}.WithDefaults()
	start(t, "sandbox", "--listen", graph, "--seed", strconv.FormatInt(x.seed, 10), "--latency", "40ms", "--pace", "0.05",
		"--verify-token", x.meta.VerifyToken, "--ledger-file", x.book).listening(t, graph)
	x.serve(t)
}

func (x *faulty) run(t *testing.T) {
	began := time.Now()
	x.begin(t)
	id := x.prepare(t)
	x.script(t, badDay())
	x.api.start(t, id)
	x.killAll(t, id)
	t.Logf("%.1f s until the last of %d kills", time.Since(began).Seconds(), x.kills)
	x.settledHere(t, id)
	t.Logf("%.1f s until all is settled", time.Since(began).Seconds())
	book := x.ledger(t)
	x.onceEach(t, book)
	again := x.asTheLedgerSays(t, id, book)
	x.sendAgain(t, id, again)
	x.settledHere(t, id)
	t.Logf("%.1f s until those sent again are settled", time.Since(began).Seconds())
	book = x.ledger(t)
	x.onceEach(t, book)
	x.asWithoutFaults(t, x.api.contacts(t, id), book)
	x.server.stop(t, 20*time.Second)
	x.countsHold(t)
	x.told(t, book, len(again))
	t.Logf("%.1f s in all", time.Since(began).Seconds())
}

// ledger is the sandbox's file once all that it took is there: it is written some moments behind.
func (x *faulty) ledger(t *testing.T) (book []sandbox.Entry) {
	t.Helper()
	until(t, 10*time.Second, "the ledger's file has every message", func() bool {
		book = readLedger(t, x.book)
		n := 0
		for _, e := range book {
			if e.Outcome == sandbox.Accepted {
				n++
			}
		}
		return n == summary(t, x.graph).Accepted
	})
	return book
}

func (x *faulty) script(t *testing.T, s sandbox.Script) {
	t.Helper()
	client{base: x.graph}.do(t, "POST", "/_sandbox/script", s, nil)
}

func (x *faulty) settledHere(t *testing.T, id int64) {
	t.Helper()
	defer func() {
		if t.Failed() {
			c := x.api.campaign(t, id)
			pause := ""
			if c.Pause != nil {
				pause = *c.Pause
			}
			t.Logf("the campaign is %s (%s): %v; webhooks that wait: %d at Meta, %d here", c.State, pause, c.Counts, summary(t, x.graph).Webhooks.Pending, len(x.api.webhooks(t, "new")))
		}
	}()
	x.api.settled(t, id, x.graph, 3*time.Minute)
}

// taken are the messages of each person that Meta took, whatever was answered.
func taken(book []sandbox.Entry) map[string]int {
	n := map[string]int{}
	for _, e := range book {
		if e.Outcome == sandbox.Accepted {
			n[personOf(e.To)]++
		}
	}
	return n
}

func (x *faulty) onceEach(t *testing.T, book []sandbox.Entry) {
	t.Helper()
	for who, n := range taken(book) {
		if n > 1 {
			t.Errorf("%s got %d messages", who, n)
		}
	}
	if sum := summary(t, x.graph); sum.Twice != 0 || sum.RepeatedCallbacks != 0 || sum.AfterOptOut != 0 {
		t.Errorf("the sandbox counts %d people twice, %d refs twice, %d messages after an opt-out", sum.Twice, sum.RepeatedCallbacks, sum.AfterOptOut)
	}
}

// asTheLedgerSays: who got a message ends as their story does; of the others it is known that it is not
// known, or they were refused for good. It returns the unknown ones who got nothing.
func (x *faulty) asTheLedgerSays(t *testing.T, id int64, book []sandbox.Entry) (again []int64) {
	t.Helper()
	got, wrong := taken(book), map[string]int{}
	for who, c := range x.api.contacts(t, id) {
		story := sandbox.Fate(x.seed, who)
		want := endOf(story)
		switch {
		case got[who] == 1 && (c.State == want || c.State == "unknown" && story.End() == sandbox.EndSilent):
		case got[who] == 0 && c.State == "unknown":
			again = append(again, c.ID)
		case got[who] == 0 && c.State == "failed" && !story.Accepted():
		default:
			wrong[fmt.Sprintf("%s, want %s, with %d messages", c.State, want, got[who])]++
		}
	}
	for what, n := range wrong {
		t.Errorf("%d contacts are %s", n, what)
	}
	return again
}

// sendAgain is a person's decision about exactly those, on a better day.
func (x *faulty) sendAgain(t *testing.T, id int64, again []int64) {
	t.Helper()
	x.script(t, sandbox.Script{})
	for part := range slices.Chunk(again, 1000) {
		var done struct{ Changed, Refused int }
		x.api.do(t, "POST", fmt.Sprintf("/api/v1/campaigns/%d/unknown/settle", id), object{"decision": "again", "contacts": part, "reopen": true}, &done)
		if done.Changed != len(part) {
			t.Errorf("of %d to be sent again %d were", len(part), done.Changed)
		}
	}
}

// asWithoutFaults compares every contact with that of a run in which nothing went wrong.
func (x *faulty) asWithoutFaults(t *testing.T, contacts map[string]contact, book []sandbox.Entry) {
	t.Helper()
	calm := &faulty{torture: torture{contacts: x.contacts, seed: x.seed}}
	calm.begin(t)
	id := calm.prepare(t)
	calm.api.start(t, id)
	calm.settledHere(t, id)
	reference, differ := calm.api.contacts(t, id), map[string]int{}
	if len(reference) != len(contacts) {
		t.Errorf("%d contacts, without faults %d", len(contacts), len(reference))
	}
	got := taken(book)
	for who, c := range contacts {
		silent := got[who] == 1 && sandbox.Fate(x.seed, who).End() == sandbox.EndSilent
		if want := reference[who]; c.State != want.State && (!silent || c.State != "unknown") {
			differ[c.State+" instead of "+want.State]++
		}
	}
	for what, n := range differ {
		t.Errorf("%d contacts are %s", n, what)
	}
	calm.server.stop(t, 20*time.Second)
}

func (x *faulty) told(t *testing.T, book []sandbox.Entry, again int) {
	t.Helper()
	faults := map[string]int{}
	for _, e := range book {
		if e.Fault != "" {
			faults[e.Fault]++
		}
	}
	for _, r := range badDay().Rules {
		if r.Name != "slow" && faults[r.Name] == 0 && x.kills >= 25 {
			t.Errorf("no request was %s: this tested less than it should", r.Name)
		}
	}
	text, _ := json.Marshal(faults)
	lost := 0
	for _, n := range x.lost {
		lost += n
	}
	t.Logf("%d requests, %d people reached; faults: %s", len(book), len(slices.Collect(maps.Keys(taken(book)))), text)
	t.Logf("%d kills left %d attempts unknown; %d contacts were sent again by decision", x.kills, lost, again)
}
