package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

var update = flag.Bool("update", false, "rewrite docs/config.md")

// TestDocs_Config: docs/config.md is what the grammar says, so that neither forgets a flag.
func TestDocs_Config(t *testing.T) {
	file := filepath.Join("..", "..", "docs", "config.md")
	want := configPage(t)
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%s is not what the flags say (%v): run `make docs`", file, err)
	}
}

func configPage(t *testing.T) []byte {
	t.Helper()
	parser := newParser(&grammar{}, &screen{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}})
	var b bytes.Buffer
	b.WriteString(`# Configuration

<!-- Written by make docs from the flags in cmd/arauto. Change them there. -->

` + "`arauto serve`" + ` works without any of these. What an operator changes in the course of a week (numbers, templates, campaigns, tokens) is not here: it lives
in the database and is changed through the API. A flag wins over its variable.

`)
	for _, section := range []struct{ command, words string }{
		{"serve", "The server."},
		{"demo", "A server with a sandbox beside it and a campaign to look at."},
		{"sandbox", "A pretend Meta. A sender whose Graph address is the sandbox's writes to nobody."},
		{"migrate", "`serve` migrates by itself; this is for those who want it done before."},
		{"token create", "Opens the database, so no server may be using it. A running server makes tokens through the API."},
		{"campaign list", "Every client command takes the flags that say which server."},
	} {
		node := nodeOf(t, parser.Model.Node, section.command)
		title := "arauto " + section.command
		if section.command == "campaign list" {
			title = "Clients"
		} else {
			title = "`" + title + "`"
		}
		fmt.Fprintf(&b, "## %s\n\n%s\n\n| flag | variable | default | meaning |\n|---|---|---|---|\n", title, section.words)
		for _, f := range flagsOf(node, section.command == "campaign list") {
			env := ""
			if len(f.Envs) > 0 {
				env = "`" + strings.Join(f.Envs, "`, `") + "`"
			}
			fallback := ""
			if f.Default != "" {
				fallback = "`" + f.Default + "`"
			}
			fmt.Fprintf(&b, "| `--%s` | %s | %s | %s |\n", f.Name, env, fallback, strings.ReplaceAll(f.Help, "|", `\|`))
		}
		b.WriteString("\n")
	}
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n')
}

func nodeOf(t *testing.T, node *kong.Node, path string) *kong.Node {
	t.Helper()
	for name := range strings.FieldsSeq(path) {
		var found *kong.Node
		for _, child := range node.Children {
			if child.Name == name {
				found = child
			}
		}
		if found == nil {
			t.Fatalf("there is no command %q", path)
		}
		node = found
	}
	return node
}

// flagsOf is a command's own flags, or those that say which server.
func flagsOf(node *kong.Node, remote bool) []*kong.Flag {
	var list []*kong.Flag
	for n := node; n != nil; n = n.Parent {
		for _, f := range n.Flags {
			server := f.Group != nil && f.Group.Key == "server"
			if f.Name != "help" && !f.Hidden && server == remote {
				list = append(list, f)
			}
		}
	}
	return list
}

// TestGrammar_EveryFlagIsExplained, and a variable is named after us.
func TestGrammar_EveryFlagIsExplained(t *testing.T) {
	parser := newParser(&grammar{}, &screen{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}})
	err := kong.Visit(parser.Model, func(v kong.Visitable, next kong.Next) error {
		switch v := v.(type) {
		case *kong.Flag:
			if v.Help == "" {
				t.Errorf("--%s has no help", v.Name)
			}
			for _, env := range v.Envs {
				if !strings.HasPrefix(env, "ARAUTO_") {
					t.Errorf("--%s: the variable %s does not begin with ARAUTO_", v.Name, env)
				}
			}
		case *kong.Node:
			if v.Help == "" {
				t.Errorf("%s has no help", v.FullPath())
			}
			for _, p := range v.Positional {
				if cmp.Or(p.Help, p.Name) == p.Name {
					t.Errorf("%s: %s has no help", v.FullPath(), p.Name)
				}
			}
		}
		return next(nil)
	})
	if err != nil {
		t.Error(err)
	}
}
