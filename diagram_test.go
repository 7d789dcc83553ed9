// The pictures: each state table's noun begins with its life cycle drawn in characters. These tests read the
// drawing and hold it against what the table does, and docs/architecture.md against the drawing.
package arauto_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"arauto"
)

// An arrow leads from one state to another because of an event. By is "" where the drawing names none.
type arrow struct{ from, by, to string }

// anyFact is how a drawing says: whatever is reported, to where the report says.
const anyFact = "any fact"

// drawn are the tables that have a drawing. moves are all pairs that change the state, as the code has them;
// facts are the events that may skip stages, so that not each of their arrows is drawn.
func drawn() map[string]struct {
	moves []arrow
	facts []string
} {
	type life = struct {
		moves []arrow
		facts []string
	}
	facts := []string{"accepted", "sent", "delivered", "read", "failed", "replied"}
	return map[string]life{
		"Contact": {moves(arauto.ContactStates(), arauto.EventKinds(), func(s arauto.ContactState, e arauto.EventKind) (arauto.ContactState, error) {
			c, err := arauto.Contact{State: s}.Apply(arauto.Event{Kind: e, At: base})
			return c.State, err
		}), facts},
		"Attempt": {moves(arauto.AttemptStates(), arauto.EventKinds(), func(s arauto.AttemptState, e arauto.EventKind) (arauto.AttemptState, error) {
			a, err := arauto.Attempt{State: s}.Apply(arauto.Event{Kind: e, At: base})
			return a.State, err
		}), facts},
		"Campaign": {moves(arauto.CampaignStates(), arauto.CampaignEvents(), func(s arauto.CampaignState, e arauto.CampaignEvent) (arauto.CampaignState, error) {
			c, err := arauto.Campaign{State: s, ScheduledFor: base}.Apply(e, "", base)
			return c.State, err
		}), nil},
		"Dial": {moves(arauto.Dials(), arauto.DialEvents(), func(s arauto.Dial, e arauto.DialEvent) (arauto.Dial, error) {
			c, err := arauto.Contact{Phone: "+5511987654321", Dial: s}.Dialed(arauto.DialFact{Kind: e, At: base})
			return c.Dial, err
		}), nil},
		"Endpoint": {moves(arauto.EndpointStates(), arauto.EndpointEvents(), func(s arauto.EndpointState, e arauto.EndpointEvent) (arauto.EndpointState, error) {
			return arauto.Endpoint{State: s}.Apply(e, base).State, nil
		}), nil},
		"Agent": {moves(arauto.AgentStates(), arauto.AgentEvents(), func(s arauto.AgentState, e arauto.AgentEvent) (arauto.AgentState, error) {
			a, err := arauto.Agent{State: s, Capacity: 1}.Apply(arauto.AgentTurn{Event: e, At: base})
			return a.State, err
		}), nil},
		"Conversation": {moves(arauto.ConversationStates(), arauto.ConversationEvents(), func(s arauto.ConversationState, e arauto.ConversationEvent) (arauto.ConversationState, error) {
			c, err := arauto.Conversation{State: s}.Apply(arauto.Turn{Event: e, At: base})
			return c.State, err
		}), nil},
		"Outgoing": {moves(arauto.OutgoingStates(), arauto.EventKinds(), func(s arauto.OutgoingState, e arauto.EventKind) (arauto.OutgoingState, error) {
			o, err := arauto.Outgoing{State: s, DeadlineAt: base}.Apply(arauto.Event{Kind: e, At: base})
			return o.State, err
		}), facts},
		"Attachment": {moves(arauto.AttachmentStates(), arauto.AttachmentEvents(), func(s arauto.AttachmentState, e arauto.AttachmentEvent) (arauto.AttachmentState, error) {
			return s.Apply(e), nil
		}), nil},
		"Conversion": {moves(arauto.ConversionStates(), arauto.ConversionEvents(), func(s arauto.ConversionState, e arauto.ConversionEvent) (arauto.ConversionState, error) {
			c, err := arauto.Conversion{State: s}.Apply(e, base, 0, "")
			return c.State, err
		}), nil},
		"Job": {moves(arauto.JobStates(), arauto.JobStates(), func(s, next arauto.JobState) (arauto.JobState, error) {
			j, err := arauto.Job{State: s}.Move(next, base)
			return j.State, err
		}), nil},
	}
}

func moves[S, E ~string](states []S, events []E, apply func(S, E) (S, error)) []arrow {
	var list []arrow
	for _, s := range states {
		for _, e := range events {
			if next, err := apply(s, e); err == nil && next != s {
				list = append(list, arrow{string(s), string(e), string(next)})
			}
		}
	}
	return list
}

func TestDiagrams(t *testing.T) {
	for noun, life := range drawn() {
		t.Run(noun, func(t *testing.T) {
			picture := readDiagram(t, diagramOf(t, noun))
			for _, a := range picture {
				if !slices.ContainsFunc(life.moves, func(m arrow) bool { return shows(a, m, noun == "Job") }) {
					t.Errorf("%s ──%s──▶ %s is drawn, but the table has no such move", a.from, a.by, a.to)
				}
			}
			for _, m := range life.moves {
				if slices.Contains(life.facts, m.by) {
					continue
				}
				if !slices.ContainsFunc(picture, func(a arrow) bool { return shows(a, m, noun == "Job") }) {
					t.Errorf("%s ──%s──▶ %s is in the table, but not drawn", m.from, m.by, m.to)
				}
			}
		})
	}
}

// shows reports whether a drawn arrow stands for a move. A job's table knows no events.
func shows(a, m arrow, unnamed bool) bool {
	if a.by == anyFact {
		return a.from == m.from && m.by != "again"
	}
	return a.from == m.from && a.to == m.to && (unnamed || a.by == "" || a.by == m.by)
}

// TestDiagrams_Bite: a drawing is read as people read it, so that one that says something else is noticed.
func TestDiagrams_Bite(t *testing.T) {
	got := readDiagram(t, []string{
		"alfa ──go──▶ beta ──on──▶ gama",
		" ▲ │           ├──back──▶ alfa",
		" │ └──stop──▶ delta",
		" └──again── gama, delta",
		"alfa, beta ──end──▶ epsilon ⇄ zeta",
		"delta ──any fact──▶ where the fact says",
	})
	want := []arrow{
		{"alfa", "go", "beta"},
		{"beta", "on", "gama"},
		{"beta", "back", "alfa"},
		{"alfa", "stop", "delta"},
		{"gama", "again", "alfa"},
		{"delta", "again", "alfa"},
		{"epsilon", "", "zeta"},
		{"zeta", "", "epsilon"},
		{"alfa", "end", "epsilon"},
		{"beta", "end", "epsilon"},
		{"delta", anyFact, "where"},
	}
	for _, a := range want {
		if !slices.Contains(got, a) {
			t.Errorf("%v was not read", a)
		}
	}
	if len(got) != len(want) {
		t.Errorf("read %v, want %v", got, want)
	}
}

var (
	forward  = regexp.MustCompile(`─+([a-z ]+?)─+▶ ([a-z_]+)`)
	backward = regexp.MustCompile(`└─+([a-z]+)── ([a-z_, ]+)`)
	both     = regexp.MustCompile(`([a-z_]+) ⇄ ([a-z_]+)`)
	sources  = regexp.MustCompile(`((?:[a-z_]+, )*[a-z_]+) $`)
)

// readDiagram follows the lines of a drawing. An arrow starts at the state or states before it, or, at a
// corner, at the state that the line above the corner comes down from.
func readDiagram(t *testing.T, lines []string) []arrow {
	t.Helper()
	grid := make([][]rune, len(lines))
	for i, l := range lines {
		grid[i] = []rune(l)
	}
	var list []arrow
	for y, line := range lines {
		for _, m := range both.FindAllStringSubmatch(line, -1) {
			list = append(list, arrow{m[1], "", m[2]}, arrow{m[2], "", m[1]})
		}
		for _, m := range forward.FindAllStringSubmatchIndex(line, -1) {
			by, to := line[m[2]:m[3]], line[m[4]:m[5]]
			if from := sources.FindStringSubmatch(line[:m[0]]); from != nil {
				for _, f := range strings.Split(from[1], ", ") {
					list = append(list, arrow{f, by, to})
				}
				continue
			}
			list = append(list, arrow{climb(t, grid, y, len([]rune(line[:m[0]]))-1), by, to})
		}
		for _, m := range backward.FindAllStringSubmatchIndex(line, -1) {
			to := climb(t, grid, y, len([]rune(line[:m[0]])))
			for _, f := range strings.Split(line[m[4]:m[5]], ", ") {
				list = append(list, arrow{f, line[m[2]:m[3]], to})
			}
		}
	}
	return list
}

// climb is the state above the corner at (y, x).
func climb(t *testing.T, grid [][]rune, y, x int) string {
	t.Helper()
	if x < 0 || !strings.ContainsRune("├└", grid[y][x]) {
		t.Fatalf("line %d: the arrow after column %d starts nowhere: %s", y+1, x, string(grid[y]))
	}
	isLetter := func(x int) bool {
		return x >= 0 && x < len(grid[y]) && (grid[y][x] == '_' || grid[y][x] >= 'a' && grid[y][x] <= 'z')
	}
	for y--; y >= 0; y-- {
		if isLetter(x) {
			from, to := x, x
			for isLetter(from - 1) {
				from--
			}
			for isLetter(to) {
				to++
			}
			return string(grid[y][from:to])
		}
		if x >= len(grid[y]) || !strings.ContainsRune("│├▲", grid[y][x]) {
			break
		}
	}
	t.Fatalf("column %d: the line upwards leads to no state", x)
	return ""
}

// diagramOf is the drawing in a noun's doc comment: its indented lines.
func diagramOf(t *testing.T, noun string) []string {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), strings.ToLower(noun)+".go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range tree.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.TYPE || g.Specs[0].(*ast.TypeSpec).Name.Name != noun {
			continue
		}
		var lines []string
		for _, c := range g.Doc.List {
			if l, found := strings.CutPrefix(c.Text, "//\t"); found {
				lines = append(lines, l)
			}
		}
		if len(lines) > 0 {
			return lines
		}
	}
	t.Fatalf("the doc comment of %s has no drawing", noun)
	return nil
}

// TestDocs_LifeCycles: docs/architecture.md shows the same drawings. With -update it is rewritten.
func TestDocs_LifeCycles(t *testing.T) {
	file := filepath.Join("docs", "architecture.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for noun := range drawn() {
		begin, end := "<!-- "+strings.ToLower(noun)+":begin -->\n", "<!-- "+strings.ToLower(noun)+":end -->\n"
		before, rest, ok := strings.Cut(want, begin)
		_, tail, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			t.Fatalf("%s lost its markers %q and %q", file, begin, end)
		}
		want = before + begin + "```text\n" + strings.Join(diagramOf(t, noun), "\n") + "\n```\n" + end + tail
	}
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatalf("%s does not show the life cycles of the nouns: run `make docs`", file)
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
