package arauto

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParseMicros(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "0.0625": 62_500, "0,0625": 62_500, "1": 1_000_000, ".5": 500_000, "12.000001": 12_000_001, " 3. ": 3_000_000} {
		if got, err := ParseMicros(text); err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", ".", "-1", "1.0000001", "1e3", "R$ 1", "1.000,50", "1000000001", "99999999999999999999"} {
		if got, err := ParseMicros(text); KindOf(err) != KindInvalid {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}

func TestFormatMicros_ParsesBack(t *testing.T) {
	if got := (Money{BRL, 1_234_500_000}).String(); got != "BRL 1234.50" {
		t.Error(got)
	}
	rapid.Check(t, func(t *rapid.T) {
		micros := rapid.Int64Range(0, maxMicros).Draw(t, "micros")
		text := FormatMicros(micros)
		back, err := ParseMicros(text)
		if err != nil || back != micros || len(text)-strings.IndexByte(text, '.') < 3 {
			t.Fatalf("%d became %q became %d, %v", micros, text, back, err)
		}
	})
}

func TestRates_At(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 10, n, 0, 0, 0, 0, time.UTC) }
	list := Rates{
		{Country: "BR", Category: "marketing", Currency: BRL, Micros: 1},
		{Country: "BR", Category: "marketing", Currency: BRL, Micros: 2, ValidFrom: day(10)},
		{Country: "*", Category: "marketing", Currency: BRL, Micros: 3},
		{Country: "*", Category: "utility", Currency: USD, Micros: 4, ValidFrom: day(10)},
	}
	for name, c := range map[string]struct {
		country, category string
		currency          Currency
		at                time.Time
		want              int64 // 0 = none
	}{
		"the country's own":         {"BR", "marketing", BRL, day(9), 1},
		"the one that began last":   {"BR", "marketing", BRL, day(10), 2},
		"every other country":       {"AR", "marketing", BRL, day(10), 3},
		"no country":                {"", "marketing", BRL, day(10), 3},
		"not yet":                   {"BR", "utility", USD, day(9), 0},
		"from its first moment on":  {"BR", "utility", USD, day(10), 4},
		"another currency is other": {"BR", "utility", BRL, day(10), 0},
		"another category":          {"BR", "service", BRL, day(10), 0},
	} {
		r, ok := list.At(c.country, c.category, c.currency, c.at)
		if r.Micros != c.want || ok != (c.want > 0) {
			t.Errorf("%s: %+v, %v", name, r, ok)
		}
	}
	if d := cmp.Diff([]Currency{BRL, USD}, list.Currencies()); d != "" {
		t.Error(d)
	}
}

func TestCheckRates(t *testing.T) {
	good := Rate{Country: "BR", Category: "marketing", Currency: BRL, Micros: 1}
	if err := CheckRates([]Rate{good, {Country: "*", Category: "authentication_international", Currency: USD}}); err != nil {
		t.Error(err)
	}
	for name, bad := range map[string]Rate{
		"twice": good, "a country": {Country: "br", Category: "marketing", Currency: BRL}, "a category": {Country: "BR", Category: "MARKETING", Currency: BRL},
		"a currency": {Country: "BR", Category: "marketing", Currency: "EUR"}, "an amount": {Country: "AR", Category: "marketing", Currency: BRL, Micros: -1},
	} {
		err := CheckRates([]Rate{good, bad})
		if e, ok := errors.AsType[*Error](err); !ok || e.Kind != KindInvalid || e.Field != "rates[1]" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
