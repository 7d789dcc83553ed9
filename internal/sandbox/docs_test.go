package sandbox_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"mime/multipart"
	"net/textproto"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"arauto/internal/sandbox"
)

var rewrite = flag.Bool("update", false, "rewrite the answers and tables in docs/guide/emulator.md")

const guide = "../../docs/guide/emulator.md"

// TestDocs_Emulator runs every curl line of the guide, in order, against one sandbox, and holds each block of
// JSON against the answer before it, or the last webhook. With -update the blocks and tables are rewritten.
func TestDocs_Emulator(t *testing.T) {
	old, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	text := string(old)
	for name, table := range map[string]string{"magic": magicTable(), "codes": codesTable(), "control": ""} {
		if name == "control" {
			table = controlTable(t)
		}
		text = between(t, text, "<!-- "+name+":begin -->\n", "<!-- "+name+":end -->", table)
	}
	inBubble(t, func(c *sandbox.Config) {
		*c = sandbox.Config{Seed: 1, Repeatable: true, Workers: 1, Tidy: true, Pace: 1, VerifyToken: "verify-me", AppSecret: secret, Client: c.Client}
	}, func(w *world) {
		time.Sleep(time.Until(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)))
		text = w.play(text)
	})
	if text == string(old) {
		return
	}
	if *rewrite {
		if err := os.WriteFile(guide, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s is not what the sandbox does: run the test with -update and read the difference\n%s", guide, firstDifference(string(old), text))
}

// play runs the guide's commands and returns it with the answers as they came.
func (w *world) play(text string) string {
	w.Helper()
	var out []string
	var answered string
	ran := 0
	parts := strings.Split(text, "```")
	for i, part := range parts {
		kind, content, _ := strings.Cut(part, "\n")
		switch {
		case i%2 == 0:
		case kind == "sh":
			for _, line := range commands(content) {
				answered = w.curl(line)
				ran++
			}
		case kind == "json":
			part = kind + "\n" + pretty(w.T, answered)
		case kind == "json webhook":
			w.settle()
			w.receiver.mu.Lock()
			part = kind + "\n" + pretty(w.T, w.receiver.bodies[len(w.receiver.bodies)-1])
			w.receiver.mu.Unlock()
		}
		out = append(out, part)
	}
	if ran < 20 {
		w.Errorf("only %d commands were found", ran)
	}
	return strings.Join(out, "```")
}

// commands are the curl commands of a block; other lines are for people.
func commands(block string) []string { return strings.Split("\n"+block, "\ncurl ")[1:] }

// curl does what the command line would.
func (w *world) curl(line string) string {
	w.Helper()
	method, address, body, kind := "", "", "", "application/x-www-form-urlencoded"
	var fields []string
	words := split(line)
	for i := 0; i < len(words); i++ {
		switch words[i] {
		case "-sS":
		case "-X", "-H", "-d", "-F":
			option, value := words[i], words[i+1]
			i++
			switch option {
			case "-X":
				method = value
			case "-d":
				body, method = value, cmp.Or(method, "POST")
			case "-F":
				fields, method = append(fields, value), cmp.Or(method, "POST")
			case "-H":
				if value, ok := strings.CutPrefix(value, "Content-Type: "); ok {
					kind = value
				}
			}
		default:
			address = words[i]
		}
	}
	if fields != nil {
		body, kind = form(w.T, fields)
	}
	path, ok := strings.CutPrefix(address, "http://127.0.0.1:8090")
	if !ok {
		w.Fatalf("curl %s: the guide's sandbox listens elsewhere", line)
	}
	synctest.Wait() // what is due has been told, so that figures are the same in every run
	a := w.callAs(cmp.Or(method, "GET"), path, body, kind)
	if a.err != nil || a.status >= 400 && !strings.Contains(line, "9755") {
		w.Errorf("curl %s\nanswered %d %s (%v)", line, a.status, a.raw, a.err)
	}
	if strings.Contains(path, "/_sandbox/inbound") || strings.Contains(path, "/_sandbox/template") {
		w.settle()
	}
	return strings.ReplaceAll(a.raw, "http://graph.test", "http://127.0.0.1:8090")
}

// split cuts a command into words as a shell does.
func split(line string) (words []string) {
	var word strings.Builder
	quote, any := rune(0), false
	for _, c := range strings.TrimSpace(line) {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote, any = c, true
		case quote == 0 && (c == ' ' || c == '\n'):
			if any {
				words = append(words, word.String())
			}
			word.Reset()
			any = false
		default:
			word.WriteRune(c)
			any = true
		}
	}
	return append(words, word.String())
}

// form is curl's -F; a file is a few bytes.
func form(t *testing.T, fields []string) (body, kind string) {
	t.Helper()
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		header := textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf("form-data; name=%q", name)}}
		if file, ok := strings.CutPrefix(value, "@"); ok {
			file, mime, _ := strings.Cut(file, ";type=")
			header.Set("Content-Disposition", fmt.Sprintf("form-data; name=%q; filename=%q", name, file))
			header.Set("Content-Type", mime)
			value = "a picture"
		}
		part, err := w.CreatePart(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String(), w.FormDataContentType()
}

// pretty breaks an answer that would not fit on a line.
func pretty(t *testing.T, raw string) string {
	t.Helper()
	var out bytes.Buffer
	if len(raw) < 140 {
		return raw + "\n"
	}
	if err := json.Indent(&out, []byte(raw), "", "  "); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return out.String() + "\n"
}

func between(t *testing.T, text, begin, end, content string) string {
	t.Helper()
	before, rest, found := strings.Cut(text, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("no %s%s in the guide", begin, end)
	}
	return before + begin + content + end + after
}

func magicTable() string {
	var b strings.Builder
	b.WriteString("| number | what happens |\n|---|---|\n")
	for _, m := range sandbox.MagicNumbers() {
		fmt.Fprintf(&b, "| %s | %s |\n", m.Pattern(), m.Means)
	}
	return b.String()
}

func codesTable() string {
	var b strings.Builder
	b.WriteString("| code | HTTP | means | refused | fails later | once | both |\n|---|---|---|---|---|---|---|\n")
	for _, c := range sandbox.Codes() {
		fmt.Fprintf(&b, "| %d | %d | %s |", c.Code, c.Status, c.Title)
		for fate := sandbox.CodeRefused; fate <= sandbox.CodeBoth; fate++ {
			fmt.Fprintf(&b, " %s |", sandbox.CodeNumber(c.Code, fate))
		}
		b.WriteString("\n")
	}
	return b.String()
}

func controlTable(t *testing.T) string {
	t.Helper()
	index := newWorld(t, nil).call("GET", "/_sandbox/", "")
	var b strings.Builder
	b.WriteString("| request | what it does |\n|---|---|\n")
	for _, method := range []string{"get", "post"} {
		all := index.body[method].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			fmt.Fprintf(&b, "| `%s /_sandbox/%s` | %s |\n", strings.ToUpper(method), name, all[name])
		}
	}
	return b.String()
}

func firstDifference(was, is string) string {
	old, now := strings.Split(was, "\n"), strings.Split(is, "\n")
	for i := range min(len(old), len(now)) {
		if old[i] != now[i] {
			return fmt.Sprintf("line %d\nguide:   %s\nsandbox: %s", i+1, old[i], now[i])
		}
	}
	return fmt.Sprintf("%d lines, %d are right", len(old), len(now))
}
