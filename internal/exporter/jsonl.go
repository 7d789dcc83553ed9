package exporter

import (
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
		value, err := json.Marshal(v)
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
