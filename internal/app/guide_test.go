package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"arauto/internal/sandbox"
)

// TestDocs_Conversations runs every request of the guide's section for curl, in order, as the agent Carla, and holds the
// status of each answer against the number that stands behind it. What is said there of others' files and of webhooks
// that others signed is run as well, and nothing of Carla's account may have changed.
func TestDocs_Conversations(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "guide", "conversations.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "### The same with curl\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := strings.Split(section, "```")
	if !found || len(blocks) != 5 {
		t.Fatalf("the section has %d parts", len(blocks))
	}
	g := newGuide(t)
	ran := g.play(blocks[1])
	before := g.seen()
	ran += g.play(blocks[3])
	until(t, 15*time.Second, "what the other account signed is applied", func() bool { return len(g.others.webhooks(t, "new")) == 0 })
	if after := g.seen(); after != before {
		t.Errorf("the account has changed:\n%s\n%s", before, after)
	}
	if ran < 15 {
		t.Errorf("only %d requests were found", ran)
	}
}

// guide is what the section speaks of.
type guide struct {
	*office
	t      *testing.T
	node   *inside
	others client
	words  map[string]string // $A and its like
	jar    string
}

func newGuide(t *testing.T) *guide {
	t.Helper()
	g := &guide{office: &office{}, t: t, node: newInside(t), words: map[string]string{}}
	g.meta, g.graph = mute(t, sandbox.Config{})
	g.api, _ = g.node.account(t, "loja-a")
	g.business = g.api.business(t, sandbox.Config{VerifyToken: "shown"}, g.graph, 1000)
	g.hook = g.node.base + g.webhookPath
	made := func(path string, in object) (id int64) {
		t.Helper()
		var made struct{ ID int64 }
		g.api.do(t, "POST", "/api/v1"+path, in, &made)
		return made.ID
	}
	open, closed := made("/queues", object{"name": "Vendas", "code_required": true}), made("/queues", object{
		"name": "Noite", "code_required": true, "windows": []object{{"days": []string{dayName(time.Now().Add(72 * time.Hour))}, "from": "00:00", "to": "00:01"}},
	})
	made("/routing-rules", object{"routing_point_id": made("/routing-points", object{"name": "Entrada", "queue_id": open}), "kind": "default"})
	made("/activity-codes", object{"code": "VENDA", "name": "Venda"})
	carla := made("/users", object{"email": "carla@demo.arauto", "name": "Carla", "role": "agent", "password": "arauto na varanda"})
	made("/agents", object{"name": "Carla", "user_id": carla, "queue_ids": []int64{open, closed}})
	g.said("5511980000031", "Oi")

	_, graph := mute(t, sandbox.Config{AppSecret: "secret-of-b", AppID: "2", WABAID: "22", PhoneNumberID: "222"})
	g.others, _ = g.node.account(t, "loja-b")
	b := &office{api: g.others, graph: graph}
	b.business = g.others.business(t, sandbox.Config{AppID: "2", AppSecret: "secret-of-b", WABAID: "22", PhoneNumberID: "222", VerifyToken: "b"}, graph, 1000)
	b.hook = g.node.base + b.webhookPath
	b.write(t, sandbox.Entry{WAID: "5511980000041"}, "wamid.theirs", object{"type": "text", "text": object{"body": "Oi"}})
	var talks struct{ Data []struct{ UUID string } }
	until(t, 15*time.Second, "the others have a conversation", func() bool {
		g.others.do(t, "GET", "/api/v1/conversations", nil, &talks)
		return len(talks.Data) == 1
	})
	var file struct{ UUID string }
	g.others.do(t, "POST", "/api/v1/conversations/"+talks.Data[0].UUID+"/attachments", "%PDF-1.7 deles", &file)
	g.words = map[string]string{
		"HOOK": g.hook, "OTHER_HOOK": b.hook, "OTHER_SECRET": "secret-of-b", "OTHER_TALK": talks.Data[0].UUID, "OTHER_FILE": file.UUID,
		"UNTIL": time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339),
	}
	return g
}

func dayName(at time.Time) string { return strings.ToLower(at.UTC().Weekday().String()[:3]) }

// said has a person write; their conversation is there when it returns.
func (g *guide) said(waid, text string) {
	g.t.Helper()
	g.write(g.t, sandbox.Entry{WAID: waid}, "wamid."+waid, object{"type": "text", "text": object{"body": text}})
	until(g.t, 15*time.Second, "the conversation is there", func() bool {
		_, body := g.api.ask(g.t, "GET", "/api/v1/conversations", nil)
		return strings.Contains(string(body), waid)
	})
}

// seen is everything that a forged webhook could have changed.
func (g *guide) seen() string {
	var b strings.Builder
	for _, path := range []string{"/conversations", "/conversations/" + g.words["TALK"], "/contacts", "/suppressions", "/people?alias=%2B5511980000031", "/reports/clicks"} {
		status, text := g.api.ask(g.t, "GET", "/api/v1"+path, nil)
		if status != http.StatusOK {
			g.t.Fatalf("%s: %d %s", path, status, text)
		}
		b.Write(text)
	}
	return b.String()
}

var (
	assignment = regexp.MustCompile(`^([A-Z_]+)=(.*)$`)
	variable   = regexp.MustCompile(`^[A-Z_]+`)
	expected   = regexp.MustCompile(`\s+# (\d{3})\b.*$`)
)

// play runs a block and returns how many requests it had.
func (g *guide) play(block string) (ran int) {
	g.t.Helper()
	_, lines, _ := strings.Cut(block, "\n")
	for line := range strings.Lines(lines) {
		line = strings.TrimSpace(line)
		command, rest, _ := strings.Cut(line, " ")
		switch set := assignment.FindStringSubmatch(line); {
		case line == "", strings.HasPrefix(line, "# "), command == "me()":
		case set != nil:
			g.assign(set[1], set[2])
		case command == "curl", command == "me":
			want := expected.FindStringSubmatch(rest)
			if want == nil {
				g.t.Fatalf("%s\nhas no status behind it", line)
			}
			status, answer := g.curl(command == "me", strings.TrimSuffix(rest, want[0]))
			if fmt.Sprint(status) != want[1] {
				g.t.Fatalf("%s\nanswered %d %s", line, status, answer)
			}
			g.remember(rest, answer)
			ran++
		default:
			g.t.Fatalf("%s\nis no request", line)
		}
	}
	return ran
}

// assign sets a variable as the shell would; the address is the test's own, and what programs print is worked out here.
func (g *guide) assign(name, value string) {
	switch {
	case name == "A":
		g.words["A"] = g.node.base + "/api/v1"
	case name == "SIGNATURE":
		g.words[name] = strings.TrimPrefix(sandbox.Sign(g.words["OTHER_SECRET"], []byte(g.words["BODY"])), "sha256=")
	case strings.HasPrefix(value, "'"):
		body := strings.Trim(value, "'")
		g.words[name] = strings.NewReplacer("WABA_ID", g.business.meta.WABAID, "PHONE_NUMBER_ID", g.business.meta.PhoneNumberID).Replace(body)
	case g.words[name] == "":
		g.t.Fatalf("%s=%s: the test has no such thing", name, value)
	}
}

// remember keeps what later requests name of an answer.
func (g *guide) remember(request string, answer []byte) {
	g.t.Helper()
	var got struct {
		UUID          string
		Conversations []struct{ UUID string }
	}
	switch _ = json.Unmarshal(answer, &got); { // what is no object has neither
	case strings.Contains(request, "/desk/work") && len(got.Conversations) == 1:
		g.words["TALK"] = got.Conversations[0].UUID
	case strings.Contains(request, "/attachments?"):
		g.words["FILE"] = got.UUID
	}
}

// curl does what the command line would.
func (g *guide) curl(me bool, line string) (int, []byte) {
	g.t.Helper()
	method, address, body, header := "", "", "", as{}
	if me {
		header["Cookie"], header["Content-Type"] = g.jar, "application/json"
	}
	keep := false
	words := g.shellWords(line)
	for i := 0; i < len(words); i++ {
		word := words[i]
		if strings.HasPrefix(word, "-") && word != "-sS" {
			i++
		}
		switch word {
		case "-sS":
		case "-X":
			method = words[i]
		case "-b":
			header["Cookie"] = g.jar
		case "-c":
			keep = true
		case "-H":
			name, value, _ := strings.Cut(words[i], ": ")
			header[name] = value
		case "-d":
			body = words[i]
		case "--data-binary":
			body = "%PDF-1.7 oferta"
		default:
			address = word
		}
	}
	if method == "" && body != "" {
		method = http.MethodPost
	}
	return g.send(method, address, body, header, keep)
}

func (g *guide) send(method, address, body string, header as, keep bool) (int, []byte) {
	g.t.Helper()
	path, ours := strings.CutPrefix(address, g.node.base)
	if !ours {
		g.t.Fatalf("%s: the guide's server is elsewhere", address)
	}
	var in any
	if body != "" {
		in = json.RawMessage(body)
		if !json.Valid([]byte(body)) {
			in = body
		}
	}
	if g.words["TALK"] == "" && strings.Contains(path, "/desk/work") {
		until(g.t, 15*time.Second, "the conversation is hers", func() bool {
			_, text, _ := g.node.call(g.t, header, "GET", path, nil)
			return strings.Contains(text, "5511980000031")
		})
	}
	status, text, answered := g.node.call(g.t, header, method, path, in)
	if keep {
		g.jar, _, _ = strings.Cut(answered.Get("Set-Cookie"), ";")
	}
	return status, []byte(text)
}

// shellWords cuts a command into words as a shell does; what stands in single quotes is as it stands.
func (g *guide) shellWords(line string) (words []string) {
	g.t.Helper()
	var word strings.Builder
	quote, begun := byte(0), false
	for i, rest := 0, line+" "; i < len(rest); i++ {
		switch c := rest[i]; {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote, begun = c, true
		case quote == 0 && c == ' ':
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		case quote != '\'' && c == '$':
			name := variable.FindString(rest[i+1:])
			value, known := g.words[name]
			if !known {
				g.t.Fatalf("%s: nothing has set %q", line, name)
			}
			word.WriteString(value)
			i, begun = i+len(name), true
		default:
			word.WriteByte(c)
			begun = true
		}
	}
	return words
}
