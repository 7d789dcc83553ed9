package arauto_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"arauto"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestFields_AppendJSON(t *testing.T) {
	tests := map[string]struct {
		fields arauto.Fields
		want   string
	}{
		"none":                {nil, `{}`},
		"order of the file":   {arauto.Fields{{"perfil", "Pessoa Jurídica"}, {"cpf", "111"}}, `{"perfil":"Pessoa Jurídica","cpf":"111"}`},
		"empty value stays":   {arauto.Fields{{"cpf", ""}}, `{"cpf":""}`},
		"nothing for HTML":    {arauto.Fields{{"a&b", "<c>'"}}, `{"a&b":"<c>'"}`},
		"escapes":             {arauto.Fields{{`"\`, "\n\r\t\x00\x1f"}}, `{"\"\\":"\n\r\t\u0000\u001f"}`},
		"not UTF-8":           {arauto.Fields{{"x", "Jo\xe3o\xff"}}, "{\"x\":\"Jo\uFFFDo\uFFFD\"}"},
		"U+FFFD itself stays": {arauto.Fields{{"x", "a\uFFFDb"}}, "{\"x\":\"a\uFFFDb\"}"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := string(tt.fields.AppendJSON(nil)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// What encoding/json would write says the same, and parsing gives back what was there, in order.
func TestFields_RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields := drawFields(t)
		got := fields.AppendJSON([]byte("before"))
		got, found := bytes.CutPrefix(got, []byte("before"))
		if !found {
			t.Fatalf("AppendJSON lost what was there: %q", got)
		}
		asMap := make(map[string]string)
		for _, f := range fields {
			asMap[f.Key] = f.Value
		}
		decoded := make(map[string]string)
		if err := json.Unmarshal(got, &decoded); err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		if diff := cmp.Diff(asMap, decoded); diff != "" {
			t.Fatalf("encoding/json reads something else (-want +got):\n%s", diff)
		}
		parsed, err := arauto.ParseFields(got)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fields, parsed); diff != "" {
			t.Fatalf("ParseFields (-want +got):\n%s", diff)
		}
	})
}

// drawFields draws keys that differ without regard to case, which is what a Fields promises.
func drawFields(t *rapid.T) arauto.Fields {
	var fields arauto.Fields
	for _, key := range rapid.SliceOfN(rapid.String(), 0, 12).Draw(t, "keys") {
		if _, twice := fields.Get(key); !twice {
			fields = append(fields, arauto.Field{Key: key, Value: rapid.String().Draw(t, "value")})
		}
	}
	return fields
}

func TestParseFields(t *testing.T) {
	tests := map[string]struct {
		in   string
		want arauto.Fields
	}{
		"nothing": {"", nil},
		"null":    {"null", nil},
		"empty":   {" {} ", nil},
		"scalars": {`{"b":12.50,"a":true,"z":null,"c":"x"}`, arauto.Fields{{"b", "12.50"}, {"a", "true"}, {"z", ""}, {"c", "x"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := arauto.ParseFields(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	many := arauto.Fields{}
	for i := range arauto.MaxFields + 1 {
		many = append(many, arauto.Field{Key: strings.Repeat("k", i+1)})
	}
	for name, in := range map[string]string{
		"a list":                 `[]`,
		"a text":                 `"x"`,
		"nested object":          `{"a":{}}`,
		"nested list":            `{"a":["b"]}`,
		"twice":                  `{"a":"1","a":"2"}`,
		"twice but for the case": `{"cpf":"1","CPF":"2"}`,
		"cut short":              `{"a":"1"`,
		"no value":               `{"a"}`,
		"key is a number":        `{1:"a"}`,
		"something after it":     `{"a":"1"} {}`,
		"too many":               string(many.AppendJSON(nil)),
	} {
		t.Run("error/"+name, func(t *testing.T) {
			got, err := arauto.ParseFields([]byte(in))
			if arauto.KindOf(err) != arauto.KindInvalid {
				t.Errorf("got %v, %v; want an invalid error", got, err)
			}
		})
	}
}

func TestFields_Get(t *testing.T) {
	fields := arauto.Fields{{"cpf", "111"}, {"Endereço", "Rua A"}}
	for key, want := range map[string]string{"CPF": "111", "cpf": "111", "ENDEREÇO": "Rua A"} {
		if got, ok := fields.Get(key); !ok || got != want {
			t.Errorf("Get(%q) = %q, %v; want %q", key, got, ok, want)
		}
	}
	if got, ok := fields.Get("endereco"); ok {
		t.Errorf("accents tell keys apart, yet Get found %q", got)
	}
}

func TestStoredFields_ReadsWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-zà-ú ":,{}\\]{1,6}`), 0, 5, strings.ToLower).Draw(t, "keys")
		var fields arauto.Fields
		for _, k := range keys {
			fields = append(fields, arauto.Field{Key: k, Value: rapid.StringMatching(`[a-zà-ú ":,{}\\\n]{0,8}`).Draw(t, "value")})
		}
		text := string(fields.AppendJSON(nil))
		got, err := arauto.StoredFields(text)
		want, wantErr := arauto.ParseFields(text)
		if (err == nil) != (wantErr == nil) || fmt.Sprint(got) != fmt.Sprint(want) || fmt.Sprint(got) != fmt.Sprint(fields) {
			t.Fatalf("%s: read %v, %v; parsed %v, %v", text, got, err, want, wantErr)
		}
	})
}

func TestFields_With(t *testing.T) {
	had := arauto.Fields{{"cpf", "111"}, {"loja", ""}}
	got, err := had.With(arauto.Fields{{"LOJA", "Centro"}, {"vip", "1"}})
	if want := (arauto.Fields{{"cpf", "111"}, {"loja", "Centro"}, {"vip", "1"}}); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v %v, want %v", got, err, want)
	}
	if had[1].Value != "" {
		t.Errorf("the fields themselves changed: %v", had)
	}
	var full arauto.Fields
	for i := range arauto.MaxFields {
		full = append(full, arauto.Field{Key: strconv.Itoa(i)})
	}
	if _, err := full.With(arauto.Fields{{"7", "x"}}); err != nil {
		t.Errorf("one that is there: %v", err)
	}
	if _, err := full.With(arauto.Fields{{"one more", "x"}}); arauto.KindOf(err) != arauto.KindInvalid {
		t.Errorf("one too many: %v", err)
	}
}
