package importer

// Format is what a file is, whatever its name says.
type Format string

const (
	FormatCSV   Format = "csv"
	FormatXLSX  Format = "xlsx"
	FormatJSON  Format = "json"  // one array of objects
	FormatJSONL Format = "jsonl" // one object a line
)

// Formats lists every format.
func Formats() []Format { return []Format{FormatCSV, FormatXLSX, FormatJSON, FormatJSONL} }
