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
	w      io.Writer
	line   bytes.Buffer
	values *json.Encoder // into line
}

func newJSONTable(w io.Writer) *jsonTable {
	t := &jsonTable{w: w}
	t.values = json.NewEncoder(&t.line)
	t.values.SetEscapeHTML(false) // the file is not part of a page
	return t
}

func (*jsonTable) head([]string) error { return nil }

func (t *jsonTable) row(r *arauto.ContactRow) error {
	t.line.Reset()
	t.line.WriteByte('{')
	for _, c := range columns {
		t.line.WriteString(`"` + c.name + `":`)
		if err := t.values.Encode(valueOf(c, r)); err != nil {
			return err
		}
		t.line.Truncate(t.line.Len() - 1) // the encoder ends a line
		t.line.WriteByte(',')
	}
	fields := r.RawFields
	if fields == "" {
		fields = "{}"
	}
	t.line.WriteString(`"fields":` + fields + "}\n")
	_, err := t.w.Write(t.line.Bytes())
	return err
}

func valueOf(c column, r *arauto.ContactRow) any {
	switch {
	case c.text != nil:
		return c.text(r)
	case c.at == nil:
		return c.n(r)
	}
	if at := c.at(r); !at.IsZero() {
		return at.UTC().Format(time.RFC3339Nano)
	}
	return nil
}

func (*jsonTable) end() error { return nil }
