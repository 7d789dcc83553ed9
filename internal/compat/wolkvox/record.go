package wolkvox

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxPhones is how many phones a record may have: tel1 to tel10.
const maxPhones = 10

// recordLines are records as the importer reads them: a JSON object a line, all of whose values are texts.
type recordLines struct{ text bytes.Buffer }

func (l *recordLines) reader() io.Reader { return &l.text }

// add is one record. Its names become the name, its first phone the phone; everything else keeps its key and becomes a
// field of the contact, also the other phones. What is empty is left out.
func (l *recordLines) add(record map[string]any) {
	values := map[string]string{}
	for key, v := range record {
		if text := strings.TrimSpace(textOf(v)); text != "" {
			values[key] = text
		}
	}
	name := strings.TrimSpace(values["customer_name"] + " " + values["customer_last_name"])
	delete(values, "customer_name")
	delete(values, "customer_last_name")
	phone := ""
	for i := 1; i <= maxPhones && phone == ""; i++ {
		key := "tel" + strconv.Itoa(i)
		phone = values[key]
		delete(values, key)
	}
	line := appendPair([]byte{'{'}, "name", name)
	line = appendPair(append(line, ','), "phone", phone)
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if key != "name" && key != "phone" {
			line = appendPair(append(line, ','), key, values[key])
		}
	}
	l.text.Write(append(line, '}', '\n'))
}

func appendPair(dst []byte, key, value string) []byte {
	return appendString(append(appendString(dst, key), ':'), value)
}

// textOf is a value as a text: clients write numbers and booleans as they come. A list or an object is kept as JSON.
func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(text)
}
