package importer_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"arauto"
	"arauto/internal/importer"

	"github.com/google/go-cmp/cmp"
)

// rowsOf reads a source to its end: good rows as they are, bad ones as their number and reason.
func rowsOf(t *testing.T, src importer.Source) (rows []string, err error) {
	t.Helper()
	for last := 0; ; {
		row, err := src.Next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if bad, ok := errors.AsType[*importer.RowError](err); ok {
			row = bad.Row
			rows = append(rows, fmt.Sprintf("%d! %v", row.Number, bad.Err))
		} else if err != nil {
			return rows, err
		} else {
			rows = append(rows, fmt.Sprintf("%d %s %v", row.Number, strings.Join(row.Cells, "|"), row.More))
		}
		if row.Number <= last {
			t.Fatalf("row %d comes after row %d", row.Number, last)
		}
		last = row.Number
	}
}

func TestOpenJSON(t *testing.T) {
	for name, c := range map[string]struct {
		file   string
		format importer.Format
		header string
		want   []string
	}{
		"an array": {
			`[{"name":"Ana","phone_number":"+55 11"},{"phone_number":"2","name":"Bia","cpf":1.50}]`, importer.FormatJSON, "name|phone_number|cpf",
			[]string{"1 Ana|+55 11| []", "2 Bia|2|1.50 []"},
		},
		"commas too many":  {"[{\"phone\":1,},\n]\n", importer.FormatJSON, "phone", []string{"1 1 []"}},
		"what values are":  {`[{"a":true,"b":null,"c":-1e3,"d":"x\n\u00e9\ud83d\ude00\/"}]`, importer.FormatJSON, "a|b|c|d", []string{"1 true||-1e3|x\né😀/ []"}},
		"half a character": {`[{"a":"\ud83d"}]`, importer.FormatJSON, "a", []string{"1 \uFFFD []"}},
		"a byte order mark": {
			"\ufeff [ {\"a\" : \"1\"} ] ", importer.FormatJSON, "a", []string{"1 1 []"},
		},
		"Windows-1252": {"[{\"nome\":\"Jos\xe9\"}]", importer.FormatJSON, "nome", []string{"1 José []"}},
		"fields of our own": {
			`[{"name":"Ana","phone":"1","fields":{"cpf":"2","x":3}}]`, importer.FormatJSON, "name|phone|cpf|x", []string{"1 Ana|1|2|3 []"},
		},
		"nobody": {" [\n] ", importer.FormatJSON, "name|phone_number", nil},
		"rows that are no people": {
			`[{"phone":"1"},"x",7,null,[1,2],{"phone":{"a":1}},{"phone":[1]},{"phone":"2","phone":"3"},{"phone":},{"phone":"4" "a":1},{"phone":"a` + "\x01" + `"},{"":1},{"phone":"5\u0000"},{"phone":01},{"phone":"9"}]`,
			importer.FormatJSON, "phone",
			[]string{
				"1 1 []",
				`2! a row must be an object, such as {"name":"Ana","phone":"+5511987654321"}, not a text`,
				`3! a row must be an object, such as {"name":"Ana","phone":"+5511987654321"}, not a number`,
				`4! a row must be an object, such as {"name":"Ana","phone":"+5511987654321"}, not null`,
				`5! a row must be an object, such as {"name":"Ana","phone":"+5511987654321"}, not a list`,
				`6! phone: a field holds one text, not an object`,
				`7! phone: a field holds one text, not a list`,
				`8! phone: this key comes twice; case does not tell two apart: keep one`,
				`9! this is not valid JSON: a text in quotes, a number, true, false or null must come here, at "}"`,
				`10! this is not valid JSON: a comma or the end of the object must come here, at "\"a\":1}"`,
				`11! this is not valid JSON: a text holds a line break or another character that must be escaped, at "\x01\"}"`,
				`12! a key is empty: give it a name, or leave it out`,
				`13! phone: the text holds a NUL character: remove it`,
				`14! this is not valid JSON: a text in quotes, a number, true, false or null must come here, at "01}"`,
				"15 9 []",
			},
		},
		"lines": {
			"\n{\"phone\":\"1\"}\r\n\n  {\"phone\":\"2\"} \nnot json\n{\"phone\":\"3\"}", importer.FormatJSONL, "phone",
			[]string{"2 1 []", "4 2 []", `5! a row must be an object, such as {"name":"Ana","phone":"+5511987654321"}, not something else`, "6 3 []"},
		},
		"a row too long": {
			`[{"a":"1"},{"a":"` + strings.Repeat("x", 10<<20) + `"},{"a":"` + strings.Repeat("y", 70<<10) + `"},{"a":"2"}]`, importer.FormatJSON, "a",
			[]string{"1 1 []", "2! the row is longer than 1 MB: shorten it, or look for a quote that is not closed", "3! a: the text is longer than 64 KB: shorten it", "4 2 []"},
		},
		"a line too long": {
			"{\"a\":\"1\"}\n{\"a\":\"" + strings.Repeat("x", 3<<20) + "\"}\n{\"a\":\"2\"}", importer.FormatJSONL, "a",
			[]string{"1 1 []", "2! the row is longer than 1 MB: shorten it, or look for a quote that is not closed", "3 2 []"},
		},
		"nesting": {
			`[{"a":"1"},` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `,{"a":` + strings.Repeat(`{"a":`, 50_000) + "1" + strings.Repeat("}", 50_000) + `}]`,
			importer.FormatJSON, "a",
			[]string{"1 1 []", `2! a row must be an object, such as {"name":"Ana","phone":"+5511987654321"}, not a list`, "3! a: a field holds one text, not an object"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(c.file), iotest.OneByteReader(strings.NewReader(c.file[:min(len(c.file), 2000)]))} {
				src, err := importer.OpenJSON(r, c.format)
				if err != nil {
					t.Fatal(err)
				}
				rows, err := rowsOf(t, src)
				if len(c.file) > 2000 {
					r = nil // the half file is for the others
				}
				if diff := cmp.Diff(c.want, rows); diff != "" || err != nil || strings.Join(src.Header(), "|") != c.header {
					t.Fatal(src.Header(), err, diff)
				}
				if r == nil {
					break
				}
			}
		})
	}
}

func TestOpenJSON_MoreKeysLater(t *testing.T) {
	var file strings.Builder
	file.WriteByte('[')
	for n := range 60 {
		fmt.Fprintf(&file, `{"phone":"%d"},`, n)
	}
	file.WriteString(`{"cpf":"7","phone":"60"}]`)
	src, err := importer.OpenJSON(strings.NewReader(file.String()), importer.FormatJSON)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := rowsOf(t, src)
	if err != nil || len(rows) != 61 || rows[60] != "61 60 [{cpf 7}]" || rows[0] != "1 0 []" {
		t.Error(err, rows)
	}
}

func TestOpenJSON_BrokenFile(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"nothing":             {"", "the file is empty"},
		"an object":           {`{"contacts":[]}`, "not a JSON array"},
		"a text":              {"nome;fone\n", "not a JSON array"},
		"no people":           {`["a","b"]`, "none of the first rows can be read; of row 1 a row must be an object"},
		"cut off":             {`[{"phone":"1"},{"phone":"2`, "ends in the middle of the list, after row 2: it was cut off"},
		"cut off between":     {`[{"phone":"1"}`, "ends in the middle of the list, after row 1"},
		"no comma":            {`[{"phone":"1"} {"phone":"2"}]`, `row 1 is followed by '{' where a comma`},
		"something behind it": {`[{"phone":"1"}] x`, `'x' follows the end of the list, after row 1`},
		"two commas":          {`[{"phone":"1"},,{"phone":"2"}]`, `row 2 begins with ','`},
	} {
		t.Run(name, func(t *testing.T) {
			src, err := importer.OpenJSON(strings.NewReader(c.file), importer.FormatJSON)
			if err == nil {
				_, err = rowsOf(t, src)
			}
			if arauto.KindOf(err) != arauto.KindInvalid || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// FuzzJSON: whatever the bytes are, rows come in ascending order, no cell stands outside the header, nothing is held
// beyond the limit of a row, and every row can be written as a reject and read again.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`[{"name":"Ana","phone":"1"},{"phone":2,"x":null}]`, "{\"a\":1}\n{\"a\":\"\\u00e9\"}\nx\n", "[", `[{"a":"\ud800"}]`, "[[[[[", `[{"a":{}},]`,
		"\xef\xbb\xbf[]", `["\"",{"a":"]}"},1 2]`, "[{\"a\":\"\xe9\"}]", `{"a":"b","row":3,"reason":"x"}`,
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, file []byte, lines bool) {
		format := importer.FormatJSON
		if lines {
			format = importer.FormatJSONL
		}
		src, err := importer.OpenJSON(bytes.NewReader(file), format)
		if err != nil {
			if arauto.KindOf(err) != arauto.KindInvalid {
				t.Fatalf("the file is to blame, yet %v", err)
			}
			return
		}
		for last := 0; ; {
			row, err := src.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if bad, ok := errors.AsType[*importer.RowError](err); ok {
				row = bad.Row
			} else if err != nil {
				if arauto.KindOf(err) != arauto.KindInvalid {
					t.Fatal(err)
				}
				break
			} else if len(row.Cells) != len(src.Header()) {
				t.Fatalf("row %d has %d cells; the header has %d", row.Number, len(row.Cells), len(src.Header()))
			}
			if row.Number <= last {
				t.Fatalf("row %d comes after row %d", row.Number, last)
			}
			last = row.Number
			var out bytes.Buffer
			if err := importer.WriteJSONReject(&out, row, errors.New("x")); err != nil {
				t.Fatal(err)
			}
			if bytes.Count(out.Bytes(), []byte("\n")) != 1 {
				t.Fatalf("a reject on several lines: %q", out.Bytes())
			}
			if again, err := importer.OpenJSON(&out, importer.FormatJSONL); err != nil {
				if arauto.KindOf(err) != arauto.KindInvalid {
					t.Fatal(err)
				}
			} else if _, err := again.Next(); err != nil && !errors.Is(err, io.EOF) {
				if _, ok := errors.AsType[*importer.RowError](err); !ok {
					t.Fatalf("the reject %q: %v", out.Bytes(), err)
				}
			}
		}
	})
}

func TestOpenJSON_TextsOnly(t *testing.T) {
	src, err := importer.OpenJSON(strings.NewReader(`[{"name":"Ana","phone_number":"1","n":1},{"name":7,"phone_number":"2"},{"name":null,"phone_number":true},{"name":"","phone_number":null,"n":true}]`),
		importer.FormatJSON, "name", "phone_number")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"1 Ana|1|1 []", "2! name: must be a text in quotes, not a number", "3! phone_number: must be a text in quotes, not true or false", "4 ||true []"}
	rows, err := rowsOf(t, src)
	if diff := cmp.Diff(want, rows); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
