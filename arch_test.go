// The shape of the house, checked: who may import whom, that each package says what it is, that files stay
// readable and that the nouns read no clock. The rules themselves are in arch_table_test.go.
package arauto_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module   = "arauto"
	maxLines = 600 // longer needs a line in longFiles
)

var update = flag.Bool("update", false, "rewrite the generated parts of docs/")

func TestArch_Imports(t *testing.T) {
	for _, f := range goFiles(t) {
		r, ok := ruleOf(f.pkg)
		if !ok {
			t.Errorf("%s: package %q has no rule: add it to rules in arch_table_test.go and run `make docs` for docs/architecture.md", f.name, f.pkg)
			continue
		}
		for _, imported := range f.imports(t) {
			if problem := r.check(imported, f.test); problem != "" {
				t.Errorf("%s imports %q: %s", f.name, imported, problem)
			}
		}
	}
}

// TestArch_RulesBite keeps the table honest: what must be refused is refused.
func TestArch_RulesBite(t *testing.T) {
	cases := []struct {
		pkg, imported string
		test, allowed bool
	}{
		{"", "encoding/json", false, true},
		{"", "os", false, false},
		{"", "os", true, true},
		{"", "github.com/google/uuid", false, false},
		{"", "arauto/internal/line", false, false},
		{"", "arauto/internal/store", true, false},
		{"", "pgregory.net/rapid", true, true},
		{"internal/dispatch", "arauto", false, true},
		{"internal/dispatch", "arauto/internal/line", false, true},
		{"internal/dispatch", "arauto/internal/inbound", false, false},
		{"internal/dispatch", "arauto/internal/inbound", true, false},
		{"internal/dispatch", "arauto/internal/store", false, false},
		{"internal/dispatch", "arauto/internal/store", true, true},
		{"internal/dispatch", "net/http", false, false},
		{"internal/dispatch", "golang.org/x/time/rate", false, true},
		{"internal/line", "arauto/internal/lineage", false, false},
		{"internal/whatsapp", "net/http", false, true},
		{"internal/whatsapp", "arauto/internal/sandbox", false, false},
		{"internal/whatsapp", "arauto/internal/sandbox", true, true},
		{"internal/whatsapp", "modernc.org/sqlite", false, false},
		{"internal/store", "modernc.org/sqlite/lib", false, true},
		{"internal/store", "modernc.org/sqlitex", false, false},
		{"internal/app", "arauto/internal/store", false, true},
		{"internal/app", "arauto/internal/store/storetest", false, false},
		{"internal/app", "arauto/internal/store/storetest", true, true},
		{"cmd/arauto", "arauto/internal/dispatch", false, false},
	}
	for _, c := range cases {
		r, _ := ruleOf(c.pkg)
		problem := r.check(c.imported, c.test)
		if (problem == "") != c.allowed {
			t.Errorf("%q importing %q (test %v): allowed %v, got %q", c.pkg, c.imported, c.test, c.allowed, problem)
		}
	}
}

// check returns why a file of r's package may not import path, or "".
func (r rule) check(imported string, test bool) string {
	name, ours := strings.CutPrefix(imported+"/", module+"/")
	name = strings.TrimSuffix(name, "/")
	switch {
	case ours:
		return r.checkOwn(name, test)
	case !strings.Contains(strings.Split(imported, "/")[0], "."): // the standard library
		if reason, banned := tierBans[r.tier][imported]; banned && !test {
			return fmt.Sprintf("%s (%s)", reason, r)
		}
		return ""
	}
	if within(imported, r.libs) || test && within(imported, testLibs) || test && within(imported, r.tests) {
		return ""
	}
	return fmt.Sprintf("this library is not this package's: it may use %v (%s)", r.libs, r)
}

func (r rule) checkOwn(name string, test bool) string {
	if reason, found := testOnly[name]; found && !test {
		return "only _test.go files may: " + reason
	}
	allowed := slices.Concat([]string{r.path}, tierOwn[r.tier], r.own)
	if test {
		allowed = append(allowed, r.tests...)
		if r.tier != nouns && r.tier != example {
			allowed = append(allowed, testOwn...)
		}
	}
	for _, a := range allowed {
		if below, all := strings.CutSuffix(a, "…"); name == a || all && strings.HasPrefix(name, below) {
			return ""
		}
	}
	return fmt.Sprintf("not one of %q (%s)", allowed, r)
}

// String names the rule the way docs/architecture.md does.
func (r rule) String() string {
	return fmt.Sprintf("%s is %s: %s", r.name(), r.tier, r.why)
}

func (r rule) name() string {
	if r.path == "" {
		return module
	}
	return r.path
}

// within reports whether imported is one of libs or a package inside one.
func within(imported string, libs []string) bool {
	return slices.ContainsFunc(libs, func(lib string) bool {
		return imported == lib || strings.HasPrefix(imported, lib+"/")
	})
}

func ruleOf(pkg string) (rule, bool) {
	i := slices.IndexFunc(rules, func(r rule) bool { return r.path == pkg })
	if i < 0 {
		return rule{}, false
	}
	return rules[i], true
}

func TestArch_EveryPackageSaysWhatItIs(t *testing.T) {
	docs := map[string]string{}
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		if doc := f.parse(t, parser.ParseComments|parser.PackageClauseOnly).Doc; doc != nil {
			docs[f.pkg] += doc.Text()
		} else {
			docs[f.pkg] += ""
		}
	}
	for pkg, doc := range docs {
		if !strings.HasPrefix(doc, "Package ") && !strings.HasPrefix(doc, "Command ") {
			t.Errorf("package %q: its comment must begin \"Package …\" (or \"Command …\") and say what it is and what it may not know", pkg)
		}
	}
}

func TestArch_FilesStayReadable(t *testing.T) {
	for _, f := range goFiles(t) {
		lines := bytes.Count(f.read(t), []byte("\n"))
		if _, exempt := longFiles[f.name]; lines > maxLines && !exempt {
			t.Errorf("%s has %d lines, more than %d: split it, or give it a line in longFiles that says why", f.name, lines, maxLines)
		}
	}
	for name := range longFiles {
		if _, err := os.Stat(filepath.FromSlash(name)); err != nil {
			t.Errorf("longFiles names %s, which is gone: remove the line", name)
		}
	}
}

// TestArch_NounsReadNoClock: in the root, now is a parameter.
func TestArch_NounsReadNoClock(t *testing.T) {
	clock := []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}
	for _, f := range goFiles(t) {
		if f.pkg != "" || f.test {
			continue
		}
		tree := f.parse(t, parser.SkipObjectResolution)
		ast.Inspect(tree, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clock, sel.Sel.Name) {
				t.Errorf("%s uses time.%s: the nouns read no clock, take now as a parameter", f.name, sel.Sel.Name)
			}
			return true
		})
	}
}

// TestArch_NoStaleRules: a rule without a package, and a package twice, are mistakes.
func TestArch_NoStaleRules(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rules {
		if seen[r.path] {
			t.Errorf("rules names %q twice", r.path)
		}
		seen[r.path] = true
		if r.why == "" {
			t.Errorf("the rule of %q has no why", r.path)
		}
		if found, _ := filepath.Glob(filepath.Join(filepath.FromSlash(r.path), "*.go")); len(found) == 0 && !slices.Contains(planned, r.path) {
			t.Errorf("rules names %q, where there is no package: remove the line", r.path)
		}
	}
}

const (
	importsBegin = "<!-- imports:begin -->\n"
	importsEnd   = "<!-- imports:end -->\n"
)

// TestDocs_Imports: docs/architecture.md prints the same table. With -update it is rewritten.
func TestDocs_Imports(t *testing.T) {
	file := filepath.Join("docs", "architecture.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), importsBegin)
	_, after, ok2 := strings.Cut(rest, importsEnd)
	if !ok || !ok2 {
		t.Fatalf("%s lost its markers %q and %q", file, importsBegin, importsEnd)
	}
	want := before + importsBegin + importTable() + importsEnd + after
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatalf("%s does not show the rules of arch_table_test.go: run `make docs`", file)
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func importTable() string {
	var b strings.Builder
	b.WriteString("```text\n")
	for _, r := range rules {
		fmt.Fprintf(&b, "%-32s%-9s%s\n", r.name(), r.tier, r.why)
		for _, line := range []struct {
			label string
			paths []string
		}{
			{"ours", r.own}, {"libraries", r.libs}, {"in tests", r.tests},
		} {
			if len(line.paths) > 0 {
				fmt.Fprintf(&b, "    %s: %s\n", line.label, strings.Join(line.paths, ", "))
			}
		}
	}
	fmt.Fprintf(&b, "\nany test: %s\n", strings.Join(slices.Concat(testOwn[1:], testLibs), ", "))
	b.WriteString("```\n")
	return b.String()
}

// A goFile is one .go file of this module.
type goFile struct {
	name string // slash-separated, from the module's root
	pkg  string // its folder; "" is the root
	test bool
}

// goFiles walks the module: no testdata, no hidden folders, no nested modules.
func goFiles(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != ".":
			if _, err := os.Stat(filepath.Join(filepath.FromSlash(name), "go.mod")); err == nil {
				return fs.SkipDir
			}
			if base := d.Name(); base == "testdata" || base == "node_modules" || base[0] == '.' || base[0] == '_' {
				return fs.SkipDir
			}
		case strings.HasSuffix(name, ".go"):
			pkg := path.Dir(name)
			if pkg == "." {
				pkg = ""
			}
			files = append(files, goFile{name: name, pkg: pkg, test: strings.HasSuffix(name, "_test.go")})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func (f goFile) read(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(f.name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (f goFile) parse(t *testing.T, mode parser.Mode) *ast.File {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), f.name, f.read(t), mode)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func (f goFile) imports(t *testing.T) []string {
	t.Helper()
	var paths []string
	for _, spec := range f.parse(t, parser.ImportsOnly).Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatalf("%s: import %s: %v", f.name, spec.Path.Value, err)
		}
		paths = append(paths, imported)
	}
	return paths
}

// Two migrations of one number keep every database from being opened: each of their authors saw their own only.
func TestArch_MigrationsAreNumberedOnce(t *testing.T) {
	files, err := filepath.Glob("internal/store/migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d migrations, %v", len(files), err)
	}
	first := map[string]string{}
	for _, f := range files {
		number, _, _ := strings.Cut(filepath.Base(f), "_")
		if other, twice := first[number]; twice {
			t.Errorf("%s and %s have one number: the one that came later takes the next", other, f)
		}
		first[number] = f
	}
}
