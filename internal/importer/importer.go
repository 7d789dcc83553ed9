// Package importer turns an uploaded file into contacts.
//
// A Source reads one file format row by row (OpenCSV); Columns finds the name, the phone and the custom fields in
// its rows; Rejects writes the rows that could not be used as a file the customer can correct and upload again.
// Everything streams: a file is never held whole, whatever its size and however broken it is.
//
// It may not know where rows are kept, which numbers are real, or who uploads: it hands on what the file says.
package importer
