package arauto_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"arauto"
)

// reasonsInCode are the constants of type Reason, read from the source: Reasons lists only those with words.
func reasonsInCode(t *testing.T) map[string]arauto.Reason {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), "reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]arauto.Reason{}
	ast.Inspect(tree, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Reason" {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			found[spec.Names[0].Name] = arauto.Reason(value)
		}
		return true
	})
	return found
}

func TestReason_EveryOneHasWords(t *testing.T) {
	code := reasonsInCode(t)
	if len(code) < 30 {
		t.Fatalf("only %d constants were found in reason.go", len(code))
	}
	if len(code) != len(arauto.Reasons()) {
		t.Errorf("%d constants, %d with words", len(code), len(arauto.Reasons()))
	}
	said := map[string]string{}
	for name, r := range code {
		if !slices.Contains(arauto.Reasons(), r) {
			t.Errorf("%s (%s) has no words", name, r)
			continue
		}
		for _, l := range []arauto.Language{arauto.Portuguese, arauto.Spanish, arauto.English} {
			w := r.Words(l)
			if strings.TrimSpace(w) != w || w == "" || w == string(r) || strings.HasSuffix(w, ".") {
				t.Errorf("%s in %s: %q", name, l, w)
			}
			if other, twice := said[w]; twice {
				t.Errorf("%s and %s say the same: %q", name, other, w)
			}
			said[w] = name + " in " + string(l)
		}
	}
}

func TestReason_WordsOfOthers(t *testing.T) {
	for _, l := range []arauto.Language{arauto.Portuguese, arauto.English, "", "de"} {
		if got := arauto.Reason("").Words(l); got != "" {
			t.Errorf("no reason says %q", got)
		}
		if got := arauto.Reason("new_one").Words(l); got != "new_one" {
			t.Errorf("an unknown reason says %q", got)
		}
	}
	if got, want := arauto.ReasonRefused.Words("de"), arauto.ReasonRefused.Words(arauto.English); got != want {
		t.Errorf("in a language we do not speak: %q, want English", got)
	}
}

func TestWhatAPersonDidIsNotTriedAgain(t *testing.T) {
	for _, r := range arauto.Reasons() {
		if r.Personal() && r.Retryable() {
			t.Errorf("%s lies with the person and may be tried again", r)
		}
	}
	for _, r := range []arauto.Reason{arauto.ReasonStoppedMarketing, arauto.ReasonMarketingCap, arauto.ReasonNotOnWhatsApp, arauto.ReasonPolicy} {
		if r.Retryable() {
			t.Errorf("%s may be tried again", r)
		}
	}
	for _, r := range []arauto.Reason{arauto.ReasonTemplateMismatch, arauto.ReasonProviderTrouble, arauto.ReasonTooManyAttempts} {
		if !r.Retryable() {
			t.Errorf("%s may not be tried again once it is mended", r)
		}
	}
}
