package whatsapp_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"arauto"
	"arauto/internal/whatsapp"
)

var update = flag.Bool("update", false, "rewrite the goldens in testdata/")

func TestVerify(t *testing.T) {
	body := []byte(`{"object":"whatsapp_business_account"}`)
	sign := func(secret string) string {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		return "sha256=" + hex.EncodeToString(mac.Sum(nil))
	}
	good := sign("app secret")
	for _, c := range []struct {
		name, secret, header string
		want                 bool
	}{
		{"good", "app secret", good, true},
		{"another secret", "other", good, false},
		{"no secret", "", sign(""), false},
		{"no header", "app secret", "", false},
		{"no scheme", "app secret", strings.TrimPrefix(good, "sha256="), false},
		{"cut short", "app secret", good[:len(good)-2], false},
		{"not hex", "app secret", "sha256=zz", false},
		{"empty", "app secret", "sha256=", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := whatsapp.Verify(c.secret, body, c.header); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
	if whatsapp.Verify("app secret", append(body, ' '), good) {
		t.Error("a changed body passed")
	}
}

// TestDecode_Goldens reads bodies as Meta sends them. Beside each is what it comes to; -update writes that.
func TestDecode_Goldens(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d bodies, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := describe(whatsapp.Decode(body))
			golden := strings.TrimSuffix(file, ".json") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// describe writes facts for a person to read: what is empty is left out.
func describe(facts []arauto.Fact, err error) string {
	var b strings.Builder
	for _, f := range facts {
		at := "-"
		if !f.At.IsZero() {
			at = f.At.Format(time.RFC3339Nano)
		}
		fmt.Fprintf(&b, "%s at %s waba=%s number=%s\n", f.Kind, at, f.WABA, f.PhoneNumberID)
		for _, part := range []struct {
			name  string
			value any
		}{{"status", f.Status}, {"reply", f.Reply}, {"preference", f.Preference}, {"template", f.Template}, {"account", f.Account}, {"identity", f.Identity}} {
			describePart(&b, part.name, part.value)
		}
	}
	if err != nil {
		fmt.Fprintf(&b, "error\n  %s\n", strings.ReplaceAll(err.Error(), "\n", "\n  "))
	}
	return b.String()
}

func describePart(b *strings.Builder, name string, value any) {
	v := reflect.ValueOf(value)
	for i := range v.NumField() {
		field, is := name+"."+v.Type().Field(i).Name, v.Field(i)
		switch {
		case is.IsZero():
		case is.Type() == reflect.TypeFor[time.Time]():
			fmt.Fprintf(b, "  %s = %s\n", field, is.Interface().(time.Time).Format(time.RFC3339Nano))
		case is.Kind() == reflect.Struct:
			describePart(b, field, is.Interface())
		case is.Kind() == reflect.String:
			fmt.Fprintf(b, "  %s = %q\n", field, is.String())
		case is.Kind() == reflect.Pointer: // there, and maybe empty
			fmt.Fprintf(b, "  %s = %q\n", field, is.Elem().String())
		default:
			fmt.Fprintf(b, "  %s = %v\n", field, is.Interface())
		}
	}
}

func TestDecode_Times(t *testing.T) {
	second := time.Unix(1_790_000_000, 0).UTC()
	for raw, want := range map[string]time.Time{
		`"1790000000"`:          second,
		`1790000000`:            second,
		`"1790000000123"`:       second.Add(123 * time.Millisecond),
		`1790000000123`:         second.Add(123 * time.Millisecond),
		`"0"`:                   {},
		`-5`:                    {},
		`"soon"`:                {},
		`null`:                  {},
		`{}`:                    {},
		`1.79e9`:                {},
		`99999999999999999999`:  {},
		`"9223372036854775807"`: {},
	} {
		t.Run(raw, func(t *testing.T) {
			facts, err := whatsapp.Decode(messages(`"statuses":[{"id":"wamid.1","status":"sent","timestamp":` + raw + `}]`))
			if err != nil || len(facts) != 1 {
				t.Fatalf("%d facts, %v", len(facts), err)
			}
			if !facts[0].At.Equal(want) || facts[0].At.Location() != time.UTC {
				t.Errorf("got %v, want %v", facts[0].At, want)
			}
		})
	}
}

// messages is the body of a messages webhook with those members in its value.
func messages(members string) []byte {
	return []byte(`{"object":"whatsapp_business_account","entry":[{"id":"500100200300400","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"300100200300400"},` + members + `}}]}]}`)
}

func TestDecode_BadPartsSpoilNothing(t *testing.T) {
	good := `{"id":"wamid.G","status":"read","timestamp":"1790000000","recipient_id":"5511987654321"}`
	text := `{"id":"wamid.M","from":"5511987654321","type":"text","timestamp":"1790000000","text":{"body":"oi"}}`
	for name, members := range map[string]string{
		"a status that is a number":   `"statuses":[5,` + good + `],"messages":[` + text + `]`,
		"a status that is null":       `"statuses":[null,` + good + `],"messages":[` + text + `]`,
		"a status without a status":   `"statuses":[{"id":"wamid.B"},` + good + `],"messages":[` + text + `]`,
		"a status whose id is a list": `"statuses":[{"id":[],"status":"sent"},` + good + `],"messages":[` + text + `]`,
		"a message without a type":    `"messages":[{"id":"wamid.B"},` + text + `],"statuses":[` + good + `]`,
		"a message of nobody":         `"messages":[{"id":"wamid.B","type":"text"},` + text + `],"statuses":[` + good + `]`,
		"a preference of nobody":      `"user_preferences":[{"value":"stop"}],"messages":[` + text + `],"statuses":[` + good + `]`,
	} {
		t.Run(name, func(t *testing.T) {
			facts, err := whatsapp.Decode(messages(members))
			if arauto.KindOf(err) != arauto.KindInvalid {
				t.Errorf("error %v", err)
			}
			if len(facts) != 2 || facts[0].Reply.Text != "oi" || facts[1].Status.Event != arauto.EventRead {
				t.Errorf("facts %+v", facts)
			}
		})
	}
	t.Run("contacts of another type", func(t *testing.T) {
		facts, err := whatsapp.Decode(messages(`"contacts":7,"errors":{},"messages":[` + text + `]`))
		if err != nil || len(facts) != 1 || facts[0].Reply.WAID != "5511987654321" {
			t.Errorf("%+v, %v", facts, err)
		}
	})
	t.Run("a change that is no object", func(t *testing.T) {
		body := strings.Replace(string(messages(`"statuses":[`+good+`]`)), `"changes":[`, `"changes":[{"field":"messages","value":[1]},7,`, 1)
		facts, err := whatsapp.Decode([]byte(body))
		if err == nil || len(facts) != 2 || facts[0].Kind != arauto.FactOther || facts[1].Status.ProviderID != "wamid.G" {
			t.Errorf("%+v, %v", facts, err)
		}
	})
}

func TestDecode_NamesOnlySomeOfManyBadParts(t *testing.T) {
	_, err := whatsapp.Decode(messages(`"statuses":[` + strings.Repeat("5,", 5000) + `5]`))
	if err == nil || !strings.Contains(err.Error(), "entry[0].changes[0].value.statuses[19]: it has no status\nand 4981 parts more") || len(err.Error()) > 2000 {
		t.Error(err)
	}
}

func TestDecode_NotWhatsApp(t *testing.T) {
	for _, body := range []string{``, `{`, `[]`, `null`, `{"object":"page","entry":[{"changes":[{"field":"messages"}]}]}`, `{"object":"whatsapp_business_account","entry":[]}`} {
		facts, err := whatsapp.Decode([]byte(body))
		if len(facts) != 0 || arauto.KindOf(err) != arauto.KindInvalid {
			t.Errorf("%q: %+v, %v", body, facts, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		facts, err := whatsapp.Decode(body)
		if len(facts) == 0 && err == nil {
			t.Error("neither a fact nor an error")
		}
		again, _ := whatsapp.Decode(body)
		if !reflect.DeepEqual(again, facts) {
			t.Errorf("read twice, it says\n%+v\nand\n%+v", facts, again)
		}
		for _, fact := range facts {
			if fact.Kind == "" {
				t.Errorf("a fact of no kind: %+v", fact)
			}
			if epoch, id, ok := arauto.ParseAttemptRef(fact.Status.Ref); ok && (epoch < 0 || id <= 0) {
				t.Errorf("a ref that is nobody's: %q", fact.Status.Ref)
			}
			if fact.Kind == arauto.FactStatus && fact.Status.Event == "" {
				t.Errorf("a status that says nothing: %+v", fact)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	body, err := os.ReadFile("testdata/status_sent.json")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := whatsapp.Decode(body); err != nil {
			b.Fatal(err)
		}
	}
}
