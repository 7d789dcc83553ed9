package importer

import (
	"errors"
	"fmt"
	"io"

	"arauto"
)

// OpenJSON reads the first objects of a JSON file and returns all of them as rows: one array of objects (FormatJSON)
// or one object a line (FormatJSONL). The header is every key of the first objects, in the order in which they
// appear; keys that come later are the row's More. A row's number is its line where each has one, else its place in
// the array, counted from 1.
//
// Values are texts; a number or a boolean is taken as it is written, and null is empty. An object under "fields" holds
// custom fields of its own. A comma too many at the end of an array or object is overlooked. A number or a boolean under
// one of texts refuses the row.
//
// A row is refused with a *RowError when it is no object, is over 1 MB, is not valid JSON, is not UTF-8 in a file that
// is, or holds a NUL, a key twice, more than 100 keys, or a list or an object in a field. The error of Next is final,
// and invalid, when an array goes wrong between its objects or ends in the middle.
//
// The errors are invalid: an empty file, another format, no array; or the reader's own.
func OpenJSON(r io.Reader, format Format, texts ...string) (Source, error) {
	t, err := openText(r, "")
	if err != nil {
		return nil, err
	}
	j := &jsonFile{pull: newPull(t.r), charset: t.charset, lines: format == FormatJSONL, texts: texts, places: map[string]int{}}
	if err := j.begin(); err != nil {
		return nil, err
	}
	return j, j.lookAhead()
}

type jsonFile struct {
	pull    *pull
	charset charset
	lines   bool
	texts   []string
	number  int // of the last row
	ended   bool
	header  []string
	places  map[string]int // of header
	ahead   []result
	objects []object // of ahead
}

// Header implements Source.
func (j *jsonFile) Header() []string { return j.header }

// begin steps into the array.
func (j *jsonFile) begin() error {
	c, err := j.pull.skipBlanks()
	switch {
	case errors.Is(err, io.EOF):
		return arauto.Errorf(arauto.KindInvalid, "file", "the file is empty: it must hold a list of people, such as [{\"name\":\"Ana\",\"phone\":\"+5511987654321\"}]")
	case err != nil:
		return fmt.Errorf("read json: %w", err)
	case j.lines:
		return nil
	case c != '[':
		return arauto.Errorf(arauto.KindInvalid, "file", "the file is not a JSON array: it must begin with [ and hold one object for each person")
	}
	j.pull.step()
	return nil
}

// headerBytes bounds what is read before the header is settled.
const headerBytes = 4 << 20

// lookAhead takes the header from the first rows, which Next then gives again.
func (j *jsonFile) lookAhead() error {
	for size := 0; len(j.ahead) < MaxPeek && size < headerBytes; {
		raw, row, err := j.element()
		if err != nil && !isRowError(err) {
			j.ahead, j.objects = append(j.ahead, result{row, err}), append(j.objects, nil)
			break
		}
		var o object
		if err == nil {
			o, err = parseObject(raw, j.texts...)
			err = flawed(row, err)
			for _, f := range o {
				if _, known := j.places[f.Key]; !known && len(j.header) < maxColumns {
					j.places[f.Key] = len(j.header)
					j.header = append(j.header, f.Key)
				}
			}
		}
		size += len(raw)
		j.ahead, j.objects = append(j.ahead, result{row, err}), append(j.objects, o)
	}
	if len(j.header) == 0 {
		first := j.ahead[0]
		if e, bad := errors.AsType[*RowError](first.err); bad {
			return arauto.Errorf(arauto.KindInvalid, "file", "none of the first rows can be read; of row %d %s", e.Row.Number, plainReason(e.Err))
		}
		if !errors.Is(first.err, io.EOF) && first.err != nil {
			return first.err
		}
		j.header = []string{targetName, "phone_number"} // of nobody: whoever insists on that key has it
		for i, key := range j.header {
			j.places[key] = i
		}
	}
	return nil
}

// flawed is err as one row's.
func flawed(row Row, err error) error {
	if err == nil {
		return nil
	}
	bad, ok := errors.AsType[*arauto.Error](err)
	if !ok {
		return err
	}
	return &RowError{Row: row, Err: bad}
}

// Next implements Source.
func (j *jsonFile) Next() (Row, error) {
	if len(j.ahead) > 0 {
		next, o := j.ahead[0], j.objects[0]
		if next.err == nil || isRowError(next.err) {
			j.ahead, j.objects = j.ahead[1:], j.objects[1:]
		}
		if next.err != nil {
			return Row{}, next.err
		}
		return j.place(next.row, o), nil
	}
	raw, row, err := j.element()
	if err != nil {
		return Row{}, err
	}
	o, err := parseObject(raw, j.texts...)
	if err != nil {
		return Row{}, flawed(row, err)
	}
	return j.place(row, o), nil
}

// place puts what an object says under the header.
func (j *jsonFile) place(row Row, o object) Row {
	row.Cells = make([]string, len(j.header))
	for i, f := range o {
		at := i
		if i >= len(j.header) || j.header[i] != f.Key {
			place, known := j.places[f.Key]
			if !known {
				row.More = append(row.More, f)
				continue
			}
			at = place
		}
		row.Cells[at] = f.Value
	}
	return row
}

// element is the next value of the list as it is written, in UTF-8. row has its number and Raw.
func (j *jsonFile) element() (raw []byte, row Row, err error) {
	if j.ended {
		return nil, row, io.EOF
	}
	raw, long, err := j.cut()
	switch {
	case errors.Is(err, io.EOF):
		j.ended = true
		return nil, row, io.EOF
	case err != nil:
		j.ended = arauto.KindOf(err) == arauto.KindInvalid
		return nil, row, err
	}
	row.Number = j.number
	if long {
		row.Raw = legible([]string{string(raw[:min(len(raw), 2000)])})[0]
		return nil, row, rowErrorf(row, "", "the row is longer than 1 MB: shorten it, or look for a quote that is not closed")
	}
	text, ok := j.charset.decode(raw, []int{len(raw)})
	if !ok {
		row.Raw = legible([]string{string(raw)})[0]
		return nil, row, rowErrorf(row, "", "the row is not UTF-8 although the rest of the file is: save the file again as UTF-8")
	}
	row.Raw = string(text)
	return text, row, nil
}

// cut finds the next element and sets number. long says that raw is only its beginning.
func (j *jsonFile) cut() (raw []byte, long bool, err error) {
	if j.lines {
		raw, long, number, err := j.pull.line()
		if err != nil {
			return nil, false, readJSON(err)
		}
		j.number = number
		return raw, long, nil
	}
	c, err := j.pull.skipBlanks()
	if err == nil && j.number > 0 && c == ',' {
		j.pull.step()
		c, err = j.pull.skipBlanks()
	} else if err == nil && j.number > 0 && c != ']' {
		return nil, false, arauto.Errorf(arauto.KindInvalid, "file", "row %d is followed by %q where a comma or the end of the list must be: correct the file and upload it again", j.number, c)
	}
	if errors.Is(err, io.EOF) {
		return nil, false, j.cutOff()
	}
	if err != nil {
		return nil, false, readJSON(err)
	}
	if c == ']' {
		j.pull.step()
		return nil, false, j.end()
	}
	j.number++
	raw, long, err = j.pull.value()
	if errors.Is(err, io.EOF) {
		return nil, false, j.cutOff()
	}
	if err != nil {
		return nil, false, readJSON(err)
	}
	if len(raw) == 0 {
		return nil, false, arauto.Errorf(arauto.KindInvalid, "file", "row %d begins with %q, which begins nothing in JSON: correct the file and upload it again", j.number, c)
	}
	return raw, long, nil
}

// end looks behind the array.
func (j *jsonFile) end() error {
	if c, err := j.pull.skipBlanks(); err == nil {
		return arauto.Errorf(arauto.KindInvalid, "file", "%q follows the end of the list, after row %d: a file holds one list", c, j.number)
	} else if !errors.Is(err, io.EOF) {
		return readJSON(err)
	}
	return io.EOF
}

func (j *jsonFile) cutOff() error {
	return arauto.Errorf(arauto.KindInvalid, "file", "the file ends in the middle of the list, after row %d: it was cut off; upload it again", j.number)
}

func readJSON(err error) error {
	if errors.Is(err, io.EOF) || arauto.KindOf(err) == arauto.KindInvalid {
		return err
	}
	return fmt.Errorf("read json: %w", err)
}
