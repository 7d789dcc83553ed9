package exporter

import (
	"bytes"
	"encoding/json"
	"io"
	"time"

	"arauto"
)

// jsonTable writes a JSON object a line. Nothing is changed for spreadsheets' sake, and moments are UTC.
type jsonTable struct {
	w    io.Writer
	line []byte
}

// plainJSON is v as JSON with < > & as they are: the file is not part of a page.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func (*jsonTable) head([]string) error { return nil }

func (t *jsonTable) row(r *arauto.ContactRow) error {
	t.line = append(t.line[:0], '{')
	for _, c := range columns {
		t.line = append(append(append(t.line, '"'), c.name...), '"', ':')
		var v any
		switch {
		case c.text != nil:
			v = c.text(r)
		case c.at != nil:
			if at := c.at(r); !at.IsZero() {
				v = at.UTC().Format(time.RFC3339Nano)
			}
		default:
			v = c.n(r)
		}
		value, err := plainJSON(v)
		if err != nil {
			return err
		}
		t.line = append(append(t.line, value...), ',')
	}
	fields := r.RawFields
	if fields == "" {
		fields = "{}"
	}
	t.line = append(append(append(t.line, `"fields":`...), fields...), '}', '\n')
	_, err := t.w.Write(t.line)
	return err
}

func (*jsonTable) end() error { return nil }

func (*jsonTable) free() {}
