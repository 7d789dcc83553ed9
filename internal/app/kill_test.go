package app_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/sandbox"
	"arauto/internal/seal"
	"arauto/internal/store"
)

// TestKill is the promise: nobody is written to twice and nobody disappears, however often the server is
// killed while requests are in flight. ARAUTO_KILLS says how often.
func TestKill(t *testing.T) {
	people := 20_000
	if testing.Short() {
		people = 6_000
	}
	t.Run("sqlite", func(t *testing.T) { torture{kills: kills(12, 4), contacts: people}.run(t) })
	t.Run("postgres", func(t *testing.T) {
		if testing.Short() {
			t.Skip("the long run has it")
		}
		torture{kills: max(4, kills(4, 0)), contacts: 8_000, database: postgres(t)}.run(t)
	})
}

// TestTorture_Kill goes on for ARAUTO_TORTURE, on both databases in turn, with fifty kills a round.
func TestTorture_Kill(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			lasting, err := time.ParseDuration(os.Getenv("ARAUTO_TORTURE"))
			if err != nil {
				t.Skip("ARAUTO_TORTURE says for how long, such as 10m")
			}
			deadline := time.Now().Add(lasting)
			for round := 1; round == 1 || time.Now().Before(deadline); round++ {
				t.Run(strconv.Itoa(round), func(t *testing.T) {
					x := torture{kills: kills(50, 50), contacts: 30_000}
					if engine == "postgres" {
						x.database = postgres(t)
					}
					x.run(t)
				})
			}
		})
	}
}

func kills(usual, short int) int {
	if n, err := strconv.Atoi(os.Getenv("ARAUTO_KILLS")); err == nil && n > 0 {
		return n
	}
	if testing.Short() {
		return short
	}
	return usual
}

// torture is one campaign during which the server is killed, again and again.
type torture struct {
	kills    int
	contacts int
	database string // "" = SQLite
	program  string // "" = the one that is being tested
	rate     int    // messages a second; 0 = 1000

	seed    int64
	dir     string
	address string
	graph   string
	server  *process
	api     client
	meta    sandbox.Config
	lost    []int // unknown attempts that each kill left
}

const (
	slots = 1024 + 128 // per sender, in flight and with a durable intent behind them, at most
	batch = 256        // intents in one transaction, at most
)

func (x torture) run(t *testing.T) {
	began := time.Now()
	x.seed, x.dir, x.address = rand.Int64(), t.TempDir(), freeAddress(t)
	t.Logf("seed %d", x.seed)
	book := filepath.Join(t.TempDir(), "ledger.jsonl")
	graph := freeAddress(t)
	x.graph = "http://" + graph
	x.meta = sandbox.Config{VerifyToken: "shown", Seed: x.seed}.WithDefaults()
	pretend := start(t, "sandbox", "--listen", graph, "--seed", strconv.FormatInt(x.seed, 10), "--latency", "50ms", "--pace", "0.2",
		"--verify-token", x.meta.VerifyToken, "--ledger-file", book)
	pretend.listening(t, graph)
	x.serve(t)
	id := x.prepare(t)
	x.api.start(t, id)
	x.killAll(t, id)
	killed := time.Now()
	done := x.api.settled(t, id, x.graph, 90*time.Second)
	x.lost = append(x.lost, recovered(t, x.server))
	contacts := x.api.contacts(t, id)
	sum := summary(t, x.graph)
	x.server.stop(t, 20*time.Second)
	pretend.stop(t, 20*time.Second)

	entries := readLedger(t, book)
	if len(entries) < sum.Accepted || sum.Accepted == 0 {
		t.Errorf("the ledger's file has %d entries, the sandbox took %d messages", len(entries), sum.Accepted)
	}
	if int64(x.contacts) != done.Total || len(contacts) != x.contacts {
		t.Errorf("%d contacts in the counts, %d in the list, want %d", done.Total, len(contacts), x.contacts)
	}
	x.nobodyTwice(t, entries, sum)
	x.nobodyLost(t, contacts, entries)
	x.countsHold(t)
	x.figures(t, done, sum)
	t.Logf("%.1f s in all, %.1f s until the last kill", time.Since(began).Seconds(), killed.Sub(began).Seconds())
}

// serve starts the server, for the first time or again.
func (x *torture) serve(t *testing.T) {
	t.Helper()
	args := []string{"serve", "--listen", x.address, "--data", x.dir, "--allow-private-graph", "--metrics-public", "--log-format", "json", "--log-level", "warn", "--token-rate", "10000"}
	if x.database != "" {
		args = append(args, "--database", x.database)
	}
	x.server = startProgram(t, cmp.Or(x.program, program(t)), args...)
	x.server.ready(t, x.address)
	x.api = client{"http://" + x.address, adminToken(t, x.dir)}
}

func adminToken(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "admin-token"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// prepare makes the campaign. Some of the people are in the file a second time, in the other spelling or by their id at
// Meta, and some by that id alone.
func (x *torture) prepare(t *testing.T) int64 {
	t.Helper()
	b := x.api.business(t, x.meta, x.graph, cmp.Or(x.rate, 1000))
	client{base: x.graph}.do(t, "POST", "/_sandbox/webhook", object{"url": x.api.base + b.webhookPath, "verify": true}, nil)
	c := x.api.newCampaign(t, b, "Tortura")
	var file, end strings.Builder
	file.WriteString("name,phone,bsuid\n")
	again := 0
	for i, row := range strings.Split(strings.TrimSpace(people(0, x.contacts)), "\n")[1:] {
		name, phone, _ := strings.Cut(row, ",+55")
		id := sandbox.Fate(x.seed, "55"+phone).UserID
		switch {
		case i%100 == 0:
			fmt.Fprintf(&file, "%s,\n", row)
			fmt.Fprintf(&end, "%s,%s%s,\n", name, phone[:2], phone[3:]) // no +55, no ninth digit
			again++
		case i%100 == 50:
			fmt.Fprintf(&file, "%s,%s\n", row, id)
			fmt.Fprintf(&end, "%s,,%s\n", name, id)
			again++
		case i%7 == 3:
			fmt.Fprintf(&file, "%s,,%s\n", name, id)
		default:
			fmt.Fprintf(&file, "%s,\n", row)
		}
	}
	j := x.api.importCSV(t, c.ID, file.String()+end.String())
	if j.Accepted != int64(x.contacts) || j.Duplicates != int64(again) {
		t.Fatalf("imported %+v, want %d and %d duplicates", j, x.contacts, again)
	}
	return c.ID
}

// killAll kills the server at random moments that share the campaign out, each with requests in flight.
func (x *torture) killAll(t *testing.T, id int64) {
	t.Helper()
	random := rand.New(rand.NewPCG(uint64(x.seed), 1))
	for left := x.kills; left > 0; left-- {
		pending := x.api.campaign(t, id).Counts["pending"]
		if pending == 0 {
			t.Fatalf("the campaign was over %d kills early", left)
		}
		after := 1 + random.Int64N(max(1, pending*8/5/int64(left+1)))
		x.awaitFlight(t, after, random)
		x.server.kill()
		x.lost = append(x.lost, recovered(t, x.server))
		x.serve(t)
	}
	x.lost = x.lost[1:] // what the first start found was left by nobody
}

// awaitFlight returns at a moment when that many messages were intended since the server started, and
// some of them wait for their answer.
func (x *torture) awaitFlight(t *testing.T, intended int64, random *rand.Rand) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); {
		time.Sleep(time.Duration(random.Int64N(int64(12 * time.Millisecond))))
		went, answered := x.sent(t)
		if went >= intended && went > answered {
			return
		}
	}
	t.Fatalf("in a minute no %d messages went out", intended)
}

// sent is how many messages were intended and answered since the server started.
func (x *torture) sent(t *testing.T) (intended, answered int64) {
	t.Helper()
	resp, err := http.Get(x.api.base + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		n, _ := strconv.ParseFloat(value, 64)
		switch {
		case name == "arauto_messages_intended_total":
			intended = int64(n)
		case strings.HasPrefix(name, "arauto_messages_answered_total"):
			answered += int64(n)
		}
	}
	return intended, answered
}

// recovered is how many attempts the server said it found open.
func recovered(t *testing.T, p *process) (n int) {
	t.Helper()
	for line := range strings.Lines(p.out.String()) {
		var entry struct{ Attempts int }
		if strings.Contains(line, "became unknown") && json.Unmarshal([]byte(line), &entry) == nil {
			n += entry.Attempts
		}
	}
	return n
}

// readLedger reads what a sandbox wrote so far; of a line that it is writing nothing is there yet.
func readLedger(t *testing.T, path string) (all []sandbox.Entry) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for d := json.NewDecoder(f); ; {
		var e sandbox.Entry
		if err := d.Decode(&e); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
}

// nobodyTwice: a request that was read is a message, whatever came of its answer.
func (x *torture) nobodyTwice(t *testing.T, entries []sandbox.Entry, sum sandbox.Summary) {
	t.Helper()
	read := map[string]int{}
	for _, e := range entries {
		if e.Outcome != sandbox.Refused {
			read[personOf(e.To)]++
		}
	}
	for who, n := range read {
		if n > 1 {
			t.Errorf("%s was written to %d times", who, n)
		}
	}
	if sum.Twice != 0 || sum.RepeatedCallbacks != 0 || sum.AfterOptOut != 0 {
		t.Errorf("the sandbox counts %d people twice, %d refs twice, %d messages after an opt-out", sum.Twice, sum.RepeatedCallbacks, sum.AfterOptOut)
	}
}

// nobodyLost: who was written to ends as their fate says; of the others it is known that it is not known.
func (x *torture) nobodyLost(t *testing.T, contacts map[string]contact, entries []sandbox.Entry) {
	t.Helper()
	seen := map[string]sandbox.Outcome{}
	for _, e := range entries {
		seen[personOf(e.To)] = e.Outcome
	}
	wrong := map[string]int{}
	for who, c := range contacts {
		want := []string{"unknown"} // killed between the intent and the request
		switch seen[who] {
		case sandbox.Accepted:
			want = []string{endOf(sandbox.Fate(x.seed, who))}
		case sandbox.Refused:
			want = []string{"failed", "unknown"}
		}
		if !slices.Contains(want, c.State) {
			wrong[fmt.Sprintf("%s instead of %v (the ledger says %q, %s)", c.State, want, seen[who], sandbox.Fate(x.seed, who).Reply)]++
		}
	}
	for what, n := range wrong {
		t.Errorf("%d contacts are %s", n, what)
	}
	for who := range seen {
		if _, ok := contacts[who]; !ok {
			t.Errorf("%s was written to and is in no campaign", who)
		}
	}
}

// endOf is the state in which a contact is once everything a story tells has been told.
func endOf(s sandbox.Story) string {
	switch s.End() {
	case sandbox.EndSent, sandbox.EndSilent:
		return "sent"
	case sandbox.EndDelivered:
		return "delivered"
	case sandbox.EndRead:
		return "read"
	case sandbox.EndReplied:
		return "replied"
	case sandbox.EndOptedOut:
		if s.OptOut == sandbox.OptOutPreference {
			return "read" // said to Meta, not to the business
		}
		return "replied"
	}
	return "failed"
}

// countsHold compares the kept counts with the contacts themselves.
func (x *torture) countsHold(t *testing.T) {
	t.Helper()
	s := openStore(t, x.dir, x.database)
	accounts, err := s.Accounts(t.Context())
	if err != nil || len(accounts) != 1 {
		t.Fatalf("%d accounts, %v", len(accounts), err)
	}
	kept, err := s.Counts(t.Context(), accounts[0].ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Recount(t.Context(), accounts[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	for id, counts := range kept {
		maps.DeleteFunc(counts, func(_ arauto.ContactState, n int64) bool { return n == 0 })
		if !maps.Equal(counts, again[id]) {
			t.Errorf("kept counts %v, counted %v", counts, again[id])
		}
	}
}

// openStore opens what a server that has stopped left behind.
func openStore(t *testing.T, dir, database string) *store.Store {
	t.Helper()
	keys, err := seal.File(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	if database == "" {
		database = filepath.Join(dir, "arauto.db")
	}
	s, err := store.Open(t.Context(), database, keys, time.Now().UTC())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func (x *torture) figures(t *testing.T, done campaign, sum sandbox.Summary) {
	t.Helper()
	for i, n := range x.lost {
		if n > slots+batch {
			t.Errorf("kill %d left %d unknown, more than can be in flight", i+1, n)
		}
	}
	sorted := slices.Sorted(slices.Values(x.lost))
	t.Logf("%d kills left unknown: min %d, median %d, max %d; of all of these %d are unknown in the end", len(sorted),
		sorted[0], sorted[len(sorted)/2], sorted[len(sorted)-1], done.Counts["unknown"])
	t.Logf("sandbox: %d accepted, %d people twice; webhooks: %d delivered, %d tried again", sum.Accepted, sum.Twice, sum.Webhooks.Delivered, sum.Webhooks.Retries)
	t.Logf("contacts by state: %v", done.Counts)
	if sorted[len(sorted)-1] == 0 {
		t.Error("no kill met a request in flight: this tested nothing")
	}
}
