package evolux

import (
	"encoding/csv"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestExample_Export runs examples/bi-export/export.py against this API: what we show to integrators must work.
func TestExample_Export(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil && os.Getenv("ARAUTO_NO_SKIP") != "" {
		t.Fatal("python3 is missing: install it, the example is written in it")
	}
	if err != nil {
		t.Skip("SKIPPED: python3 is missing; the program needs none, only this example does")
	}
	server := httptest.NewServer(given().serve(t))
	defer server.Close()
	export := func(token, file string, filters ...string) (string, error) {
		args := append([]string{filepath.Join("..", "..", "..", "examples", "bi-export", "export.py"), server.URL, file}, filters...)
		cmd := exec.CommandContext(t.Context(), python, append(args, "--page", "2", "--fields", "cpf,perfil", "--delimiter", ";")...)
		cmd.Env = append(os.Environ(), "ARAUTO_TOKEN="+token)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	file := filepath.Join(t.TempDir(), "assinantes.csv")
	if out, err := export("TOKEN", file, "state=sent", "start=2024-09-05"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(text), "\ufeff")))
	r.Comma = ';'
	rows, err := r.ReadAll()
	if err != nil || len(rows) != 4 {
		t.Fatalf("%d rows (%v):\n%s", len(rows), err, text)
	}
	last := rows[3]
	if last[1] != "Ana Lúcia Prado" || last[len(last)-2] != "000.000.001-91" || last[len(last)-1] != "Pessoa Jurídica" {
		t.Errorf("the last row is %q", last)
	}

	refused := filepath.Join(t.TempDir(), "refused.csv")
	if out, err := export("WRONG", refused); err == nil || !strings.Contains(out, "401") {
		t.Errorf("a wrong token: %v\n%s", err, out)
	}
	if left, _ := os.ReadDir(filepath.Dir(refused)); len(left) > 0 {
		t.Errorf("a refused export left %v", left)
	}
}
