package arauto

import "time"

// An ExportFormat is what an export is written as.
type ExportFormat string

// The formats there are.
const (
	ExportCSV   ExportFormat = "csv"
	ExportXLSX  ExportFormat = "xlsx"
	ExportJSONL ExportFormat = "jsonl" // one JSON object a line
)

// ExportFormats lists them all.
func ExportFormats() []ExportFormat { return []ExportFormat{ExportCSV, ExportXLSX, ExportJSONL} }

// ExportKept is how long the file of an export can be fetched once it is written.
const ExportKept = 7 * 24 * time.Hour

// MaxColumns is how many custom fields a table has at most: a spreadsheet has room for some more.
const MaxColumns = 10_000

// An Export is contacts to be written into a file. It is stored as Selection is.
type Export struct {
	Who       ContactFilter
	UpTo      int64 // the highest contact id: who came later is not in it
	Format    ExportFormat
	Delimiter string // of CSV: "," or ";"
	BOM       bool   // CSV: begin with what tells Excel that it is UTF-8
	Zone      string // whose clock the moments are written by, but in JSON; "" = UTC
	By        Actor
}

// Check is nil for an export that can be written.
func (x Export) Check() error {
	switch x.Format {
	case ExportCSV:
		if x.Delimiter != "," && x.Delimiter != ";" {
			return Errorf(KindInvalid, "delimiter", "%q does not separate columns here: use a comma or a semicolon", x.Delimiter)
		}
	case ExportXLSX, ExportJSONL:
		if x.Delimiter != "" || x.BOM {
			return Errorf(KindInvalid, "delimiter", "only CSV has a delimiter and a byte order mark: leave them out for %s", x.Format)
		}
	default:
		return Errorf(KindInvalid, "format", "%q is not written: use one of %v", x.Format, ExportFormats())
	}
	return nil
}
