package importer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"arauto"
)

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

// ParseFormat is the format of that name, "" for none; the error is invalid and lists those there are.
func ParseFormat(name string) (Format, error) {
	for _, f := range append(Formats(), "") {
		if string(f) == name {
			return f, nil
		}
	}
	return "", arauto.Errorf(arauto.KindInvalid, "format", "%q is not a format; use one of %s, or leave it out", name, fmt.Sprint(Formats()))
}

// named are the formats that a file's name may promise.
var named = map[string][]Format{
	".csv": {FormatCSV}, ".tsv": {FormatCSV}, ".xlsx": {FormatXLSX}, ".xlsm": {FormatXLSX},
	".json": {FormatJSON, FormatJSONL}, ".jsonl": {FormatJSONL, FormatJSON}, ".ndjson": {FormatJSONL, FormatJSON},
}

// words are formats as they are told to people.
func (f Format) words() string {
	switch f {
	case FormatXLSX:
		return "a spreadsheet (XLSX)"
	case FormatJSON:
		return "a JSON array"
	case FormatJSONL:
		return "JSON lines"
	}
	return "CSV"
}

// settle says what a file is that begins with head: as asked for, else as it begins. The error is invalid where that
// does not fit: another format was asked for, or the file's name promises another.
func settle(name string, asked Format, head []byte) (Format, error) {
	is := sniff(head)
	switch asked {
	case "":
		if is == FormatCSV && otherFormat(head) != "" {
			return is, nil // its reader says what it is
		}
		if promised := named[strings.ToLower(path.Ext(name))]; promised != nil && !oneOf(is, promised) {
			return "", arauto.Errorf(arauto.KindInvalid, "file", "%s is named like %s and holds %s: save it again in one format, or say which it is (format)",
				shorten(path.Base(name)), promised[0].words(), is.words())
		}
		return is, nil
	case FormatCSV:
		if is != FormatXLSX {
			return FormatCSV, nil
		}
	case FormatXLSX:
		if is == FormatXLSX {
			return is, nil
		}
	case FormatJSON, FormatJSONL:
		if is != FormatXLSX {
			return asked, nil // its reader says what is missing
		}
	default:
		_, err := ParseFormat(string(asked))
		return "", err
	}
	return "", arauto.Errorf(arauto.KindInvalid, "file", "the file is %s, not %s", is.words(), asked.words())
}

func oneOf(f Format, list []Format) bool {
	for _, g := range list {
		if f == g {
			return true
		}
	}
	return false
}

// sniffed is how much of a file sniff looks at.
const sniffed = 4 << 10

// sniff says what begins like head: an archive, a list, an object, or text.
func sniff(head []byte) Format {
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06")) {
		return FormatXLSX
	}
	head = bytes.TrimPrefix(head, []byte(byteOrderMarks[0].mark))
	switch head = bytes.TrimLeft(bytes.ReplaceAll(head, []byte{0}, nil), " \t\r\n\xff\xfe"); {
	case bytes.HasPrefix(head, []byte("[")):
		return FormatJSON
	case bytes.HasPrefix(head, []byte("{")):
		return FormatJSONL
	}
	return FormatCSV
}

// headOf reads the beginning of a file and goes back to it.
func headOf(file io.ReadSeeker) ([]byte, error) {
	head := make([]byte, sniffed)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	return head[:n], nil
}
