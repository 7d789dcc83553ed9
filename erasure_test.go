package arauto_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"arauto"
)

func traces() arauto.Traces {
	return arauto.Erasure{
		Keys: []string{"5511987654321", arauto.PersonKeyOfUserID("BR.12345678")}, Names: []string{"wamid.HBgNABC", ""}, Words: []string{"Zuleica", "ok", ""},
	}.Traces()
}

func TestTraces_In(t *testing.T) {
	for text, want := range map[string]bool{
		"+5511987654321": true, "551187654321": true, "(11) 98765-4321": true, "11 8765.4321": true, "x;11987654321;y": true, `{"id":5511987654321}`: true,
		"5511987654322": false, "987654321": false, "1198765;4321": false, "": false, "Zuleica": false, "wamid.HBgNABC": true, "user BR.12345678!": true, "99551198765432100": true,
	} {
		if got := traces().In([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestTraces_Blank(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{"phone":"+5511987654321","name":"Zuleica Prado","n":12.50,"list":["a",{"to":5511987654321}]}`, `{"list":["a",{"to":0}],"n":12.50,"name":"","phone":""}`},
		{`{"name":"Zuleica Prado"}`, `{"name":"Zuleica Prado"}`},
		{`{"+5511987654321":"x"}`, `{}`},
		{`/people/+5511987654321`, ``},
		{`{"half":`, `{"half":`},
	} {
		got, changed := traces().Blank([]byte(c.text))
		if string(got) != c.want || changed != (c.text != c.want) {
			t.Errorf("%s: %s, %v; want %s", c.text, got, changed, c.want)
		}
	}
}

func TestTraces_Without(t *testing.T) {
	message := func(from, text string) string {
		return fmt.Sprintf(`{"from":%q,"text":{"body":%q}}`, from, text)
	}
	body := func(messages ...string) string {
		return `{"entry":[{"changes":[{"value":{"messages":[` + strings.Join(messages, ",") + `]}}],"id":"1"}]}`
	}
	for _, c := range []struct{ text, want string }{
		{body(message("551187654321", "oi"), message("5511911112222", "olá")), body(message("5511911112222", "olá"))},
		{body(message("551187654321", "oi")), body()},
		{body(message("5511911112222", "olá")), body(message("5511911112222", "olá"))},
		{`{"from":"551187654321"}`, `{}`},
		{`from 551187654321`, `{}`},
	} {
		got, changed := traces().Without([]byte(c.text))
		if string(got) != c.want || changed != (c.text != c.want) {
			t.Errorf("%s: %s, %v; want %s", c.text, got, changed, c.want)
		}
	}
}

// TestTraces_Nothing: whatever a text is, nothing of the person is left in it, and who is not in it changes nothing.
func TestTraces_Nothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.SampledFrom([]string{`{`, `}`, `[`, `]`, `"`, `:`, `,`, `a`, `5511987654321`, `1187654321`, `Zuleica`, `wamid.HBgNABC`, ` `, `\n`, `\u0000`, "\xff", `9`})).Draw(t, "parts")
		text := []byte(strings.Join(parts, ""))
		in := traces().In(text)
		for _, clean := range []func([]byte) ([]byte, bool){traces().Blank, traces().Without} {
			got, changed := clean(text)
			if changed != in || traces().In(got) || !changed && string(got) != string(text) {
				t.Fatalf("%q: %q, %v", text, got, changed)
			}
		}
	})
}
