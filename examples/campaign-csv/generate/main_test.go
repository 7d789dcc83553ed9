package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"arauto"
)

func TestContatos_FileIsCurrent(t *testing.T) {
	want, err := contatos()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join("..", "contatos.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatal("contatos.csv is not what the generator writes: run `go generate ./examples/campaign-csv`")
	}
	if len(got) > 300_000 {
		t.Errorf("contatos.csv has %d bytes: keep it below 300,000", len(got))
	}
}

func TestContatos_ReadmeCounts(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range plan {
		if row := fmt.Sprintf("| %s | %d |", k.name, k.count); !strings.Contains(string(readme), row) {
			t.Errorf("README.md lacks the row %q", row)
		}
	}
}

// TestContatos_CountsHold reads the file with rules of its own, simpler than the importer's, and counts again.
func TestContatos_CountsHold(t *testing.T) {
	file, err := os.Open(filepath.Join("..", "contatos.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows := csv.NewReader(charmap.Windows1252.NewDecoder().Reader(file))
	rows.Comma, rows.FieldsPerRecord = ';', -1

	got := map[string]int{}
	people := map[string]bool{}
	for n := 0; ; n++ {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if n < 2 { // sep= and the header
			continue
		}
		got[judge(row, people)]++
	}
	want := map[string]int{}
	for _, k := range plan {
		if outcome, _, _ := strings.Cut(k.name, ":"); outcome != "ignored" { // encoding/csv drops empty lines
			want[outcome] += k.count
		}
	}
	for outcome, count := range want {
		if got[outcome] != count {
			t.Errorf("%s: %d rows, want %d", outcome, got[outcome], count)
		}
	}
}

func judge(row []string, people map[string]bool) string {
	if len(row) != strings.Count(header, ";")+1 || strings.ContainsAny(strings.ToUpper(row[1]), "ABCDEFGHIJKLMNOPQRSTUVWXYZ/") {
		return "rejected"
	}
	var digits strings.Builder
	for _, r := range row[1] {
		if r >= '0' && r <= '9' {
			digits.WriteRune(r)
		}
	}
	national := strings.TrimPrefix(digits.String(), "0")
	if len(national) > 11 {
		national = strings.TrimPrefix(national, "55")
	}
	if len(national) != 10 && len(national) != 11 || !isArea(national[:2]) {
		return "rejected"
	}
	key := arauto.Phone("+55" + national).PersonKey()
	if people[key] {
		return "duplicate"
	}
	people[key] = true
	return "accepted"
}

func isArea(code string) bool {
	for _, a := range areas {
		if a == code {
			return true
		}
	}
	return false
}
