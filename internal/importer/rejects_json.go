package importer

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"arauto"
)

// jsonRejects writes rejected rows as JSON lines: each as it was uploaded, with the keys row and reason added, so that
// the file can be corrected and uploaded again.
type jsonRejects struct {
	w    *bufio.Writer
	line []byte
}

func newJSONRejects(w io.Writer) *jsonRejects { return &jsonRejects{w: bufio.NewWriter(w)} }

// Write implements rejects. A row that is no object is kept as the text under "value".
func (r *jsonRejects) Write(row Row, reason error) error {
	says := arauto.Fields{{Key: rejectReason, Value: plainReason(reason)}}.AppendJSON(nil)
	added := `"` + rejectRow + `":` + strconv.Itoa(row.Number) + `,` + string(says[1:])
	raw := oneLine(row.Raw)
	r.line = r.line[:0]
	switch o, err := parseObject([]byte(raw)); {
	case err != nil && !wholeObject(raw):
		value := arauto.Fields{{Key: "value", Value: row.Raw}}.AppendJSON(nil)
		r.line = append(r.line, value[:len(value)-1]...)
		r.line = append(r.line, ',')
	case err == nil && len(o) == 0:
		r.line = append(r.line, '{')
	default:
		if withoutEnd, marked := cutMarks(raw); marked {
			raw = withoutEnd + "}"
		}
		r.line = append(r.line, strings.TrimRight(raw[:len(raw)-1], " \t,")...)
		r.line = append(r.line, ',')
	}
	r.line = append(append(r.line, added...), '\n')
	if _, err := r.w.Write(r.line); err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	return nil
}

// Flush hands everything to the writer underneath.
func (r *jsonRejects) Flush() error {
	if err := r.w.Flush(); err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	return nil
}

// oneLine is JSON on one line. Line breaks in texts are escaped in JSON, so that those that stand there mean nothing.
func oneLine(raw string) string {
	return strings.TrimSpace(strings.NewReplacer("\r", " ", "\n", " ").Replace(raw))
}

// wholeObject reports whether raw is an object that some reader may understand, if not ours: a field of it holds a list,
// or a key comes twice.
func wholeObject(raw string) bool {
	return len(raw) > 2 && raw[0] == '{' && raw[len(raw)-1] == '}' && validJSON(raw)
}

// cutMarks takes the keys off again that an earlier file of rejects has.
func cutMarks(raw string) (string, bool) {
	at := strings.LastIndex(raw, `,"`+rejectRow+`":`)
	if at < 0 || !strings.Contains(raw[at:], `,"`+rejectReason+`":`) || !validJSON(raw[:at]+"}") {
		return raw, false
	}
	return raw[:at], true
}
