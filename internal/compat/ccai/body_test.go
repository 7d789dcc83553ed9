package ccai

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"arauto/internal/compat/compattest"
)

func TestTrailingComma(t *testing.T) {
	for body, want := range map[string]string{
		`{"contact_id": 7,}`:               `{"contact_id": 7 }`,
		"{\n\"contact_id\": 7,\n}":         "{\n\"contact_id\": 7 \n}",
		`[{"name":"a"},]`:                  `[{"name":"a"} ]`,
		`{"a":"}",}`:                       `{"a":"}" }`,
		`{"a":"\",}",}`:                    `{"a":"\",}" }`,
		`{"a":",}"}`:                       `{"a":",}"}`,
		`{"a":[1,2,],"b":",]"}`:            `{"a":[1,2 ],"b":",]"}`,
		`{"a":1,"b":2}`:                    `{"a":1,"b":2}`,
		`{"a":1,,}`:                        `{"a":1,,}`,
		`{,}`:                              `{,}`,
		`[,]`:                              `[,]`,
		`{"a":,}`:                          `{"a":,}`,
		`{"a":1,]`:                         `{"a":1 ]`, // no JSON either way
		`[{"name":"a",},]`:                 `[{"name":"a",},]`,
		`{"a":1},`:                         `{"a":1},`,
		`{"a":"unfinished,}`:               `{"a":"unfinished,}`,
		"":                                 "",
		`{"a":"\\",}`:                      `{"a":"\\" }`,
		"{\"a\":1,\t\r\n }":                "{\"a\":1 \t\r\n }",
		"{\"a\":1,\u00a0}":                 "{\"a\":1,\u00a0}", // a no-break space is no space to JSON
		`{"a":{"b":1,},"c":2}`:             `{"a":{"b":1 },"c":2}`,
		`{"contact_id": 7, "name": "x", }`: `{"contact_id": 7, "name": "x"  }`,
	} {
		if got := string(withoutTrailingComma([]byte(body))); got != want {
			t.Errorf("%s: got %s, want %s", body, got, want)
		}
	}
}

// TestParseObjects_Refuses: what is no JSON object of scalars, whatever the endpoint.
func TestParseObjects_Refuses(t *testing.T) {
	deep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	many := "[" + strings.Repeat(`{"name":"a"},`, maxList) + `{"name":"a"}]`
	wide := `{"name":"` + strings.Repeat("x", maxValue+1) + `"}`
	for name, c := range map[string]struct{ body, says string }{
		"nothing":               {"", "empty"},
		"blanks":                {" \n", "empty"},
		"a string":              {`"a"`, "not a JSON object"},
		"a number":              {`7`, "not a JSON object"},
		"null":                  {`null`, "not a JSON object"},
		"two objects":           {`{"a":1}{"b":2}`, "not JSON"},
		"rubbish after it":      {`{"a":1} x`, "not JSON"},
		"cut off":               {`{"a":1,"b":`, "not JSON"},
		"single quotes":         {`{'a':1}`, "not JSON"},
		"a comment":             {`{"a":1 /* one */}`, "not JSON"},
		"not UTF-8":             {"{\"a\":\"\xe9\"}", "not UTF-8"},
		"a raw NUL":             {"{\"a\":\"\x00\"}", "not JSON"},
		"an escaped NUL":        {`{"a":"\u0000"}`, "NUL"},
		"a NUL in a key":        {`{"a\u0000b":"x"}`, "NUL"},
		"nested too deep":       {deep, "not JSON"},
		"nested under a key":    {`{"a":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, "holds an object or an array"},
		"arrays in the array":   {`[[{"a":1}]]`, "element 0 of the array is not an object"},
		"an empty array":        {`[]`, "empty"},
		"too many":              {many, "more than 1000"},
		"a text too long":       {wide, "10001 bytes long"},
		"a key too long":        {`{"` + strings.Repeat("k", maxKey+1) + `":1}`, "201 bytes long"},
		"a key that comes back": {`{"a":1,"b":2,"a":3}`, "comes twice"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := parseObjects([]byte(c.body))
			status, message := statusOf(err)
			if err == nil || status != http.StatusBadRequest || !strings.Contains(message, c.says) {
				t.Errorf("%d %.200s, want 400 with %q", status, message, c.says)
			}
			if len(message) > 1000 {
				t.Errorf("the answer is %d bytes long", len(message))
			}
		})
	}
}

func TestParseObjects(t *testing.T) {
	list, isList, err := parseObjects([]byte("\ufeff [{\"name\":\"\\u00c9rica\",\"n\":1.50,\"on\":true,\"none\":null},]"))
	if err != nil || !isList || len(list) != 1 {
		t.Fatalf("%v %v %v", list, isList, err)
	}
	want := object{{"name", text, "Érica"}, {"n", number, "1.50"}, {"on", boolean, "true"}, {"none", null, ""}}
	for i, m := range want {
		if list[0][i] != m {
			t.Errorf("member %d is %+v, want %+v", i, list[0][i], m)
		}
	}
}

// FuzzBody: no body panics; what is taken is JSON, but for one comma, and holds the same.
func FuzzBody(f *testing.F) {
	for _, name := range compattest.Goldens(f, 1) {
		request, _ := compattest.Read(f, name)
		if _, body, ok := strings.Cut(request, "\n\n"); ok {
			f.Add(body)
		}
	}
	f.Add(`{"a":"\",}",}`)
	f.Fuzz(func(t *testing.T, body string) {
		list, isList, err := parseObjects([]byte(body))
		if err != nil {
			if status, _ := statusOf(err); status != http.StatusBadRequest {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		stripped := withoutTrailingComma([]byte(strings.TrimPrefix(body, "\ufeff")))
		var whole any
		if err := json.Unmarshal(stripped, &whole); err != nil {
			t.Fatalf("%q was taken: %v", body, err)
		}
		if differ := strings.Count(body, ",") - strings.Count(string(stripped), ","); differ < 0 || differ > 1 {
			t.Fatalf("%q lost %d commas", body, differ)
		}
		objects, _ := whole.([]any)
		if !isList {
			objects = []any{whole}
		}
		if len(objects) != len(list) {
			t.Fatalf("%q: %d objects, want %d", body, len(list), len(objects))
		}
		for i, o := range objects {
			members := o.(map[string]any)
			if len(members) != len(list[i]) {
				t.Fatalf("%q: %v, want %v", body, list[i], members)
			}
			for _, m := range list[i] {
				if s, isText := members[m.key].(string); isText != (m.kind == text) || isText && s != m.text {
					t.Fatalf("%q: %+v, want %v", body, m, members[m.key])
				}
			}
		}
	})
}
