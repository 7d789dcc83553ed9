// Package campaigncsv carries contatos.csv, a customer's spreadsheet as it really arrives, into the program's demo.
// It knows nothing of how such a file is read. README.md counts what is wrong with it.
package campaigncsv

import (
	_ "embed"
	"io"
	"strings"
)

//go:generate go run ./generate contatos.csv

//go:embed contatos.csv
var contatos string

// Name is the file's name, as somebody would upload it.
const Name = "contatos.csv"

// Open reads the file's bytes from the start: Windows-1252, as they are.
func Open() io.ReadSeeker { return strings.NewReader(contatos) }
