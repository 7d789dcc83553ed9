package numbering_test

import (
	"errors"
	"strings"
	"testing"

	"arauto"
	"arauto/internal/numbering"

	"github.com/google/go-cmp/cmp"
	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"
)

func plan(tb testing.TB, country string) numbering.Plan {
	tb.Helper()
	p, err := numbering.New(country)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func TestNew(t *testing.T) {
	for _, country := range []string{"BR", "mx", " PT ", "US"} {
		if _, err := numbering.New(country); err != nil {
			t.Errorf("New(%q): %v", country, err)
		}
	}
	for _, country := range []string{"", "BRA", "XX", "001", strings.Repeat("Brasil", 100)} {
		_, err := numbering.New(country)
		e, ok := errors.AsType[*arauto.Error](err)
		if !ok || e.Kind != arauto.KindInvalid || e.Field != "country" {
			t.Errorf("New(%q): %v", country, err)
		}
	}
}

// ugly holds numbers as they come in files and forms. want is a number, or the code of an error in brackets.
var ugly = []struct{ country, raw, want string }{
	// Brazil, whole numbers
	{"BR", "+5511987654321", "+5511987654321"},
	{"BR", "+55 (11) 98765-4321", "+5511987654321"},
	{"BR", "+55 11 98765.4321", "+5511987654321"},
	{"BR", "+55 11 98765.0000", "+5511987650000"},
	{"BR", "+55 (0)11 98765-4321", "+5511987654321"},
	{"BR", "+55 (011) 98765-4321", "+5511987654321"},
	{"BR", "+55 0 15 11 98765-4321", "+5511987654321"},
	{"BR", "0055 11 98765-4321", "+5511987654321"},
	{"BR", "55 11 98765-4321", "+5511987654321"},
	{"BR", "551198765432", "+551198765432"},
	{"BR", "55 011 98765-4321", "+5511987654321"},
	{"BR", "+551187654321", "+551187654321"}, // eight digits stay eight
	{"BR", "+55\u00a011\u00a098765\u20114321", "+5511987654321"},
	{"BR", "\u202a+55 11 98765‑4321\u202c", "+5511987654321"},
	{"BR", "whatsapp:+5511987654321", "+5511987654321"},
	{"BR", "tel:+55-11-98765-4321", "+5511987654321"},
	{"BR", "p:+5511987654321", "+5511987654321"},
	// Brazil, national
	{"BR", "11987654321", "+5511987654321"},
	{"BR", "(11) 9 8765-4321", "+5511987654321"},
	{"BR", "1187654321", "+551187654321"},
	{"BR", "(11) 3333-4444", "+551133334444"},
	{"BR", "011 98765-4321", "+5511987654321"},
	{"BR", "0 15 11 98765-4321", "+5511987654321"},
	{"BR", "0xx11 98765-4321", "[letters]"},
	{"BR", "55 99876-5432", "+5555998765432"}, // area 55, not the country
	{"BR", "55 3222-1111", "+555532221111"},
	{"BR", "0800 123 4567", "+558001234567"},
	{"BR", "(11) 93333-4444", "+5511933334444"},
	// Brazil, spreadsheets
	{"BR", "5511987654321.0", "+5511987654321"},
	{"BR", "5511987654321,00", "+5511987654321"},
	{"BR", "+5511987654321.0", "+5511987654321"},
	{"BR", "11987654321.0", "+5511987654321"},
	{"BR", "'+5511987654321", "+5511987654321"},
	{"BR", `="5511987654321"`, "+5511987654321"},
	{"BR", "5,51199E+12", "[scientific]"},
	{"BR", "5.51199E+12", "[scientific]"},
	{"BR", " 5.51199e12 ", "[scientific]"},
	{"BR", "#N/D", "[character]"},
	// Brazil, wrong
	{"BR", "", "[empty]"},
	{"BR", " \u00a0 ", "[empty]"},
	{"BR", "-", "[empty]"},
	{"BR", "não tem", "[letters]"},
	{"BR", "98765-4321", "[area_code]"},
	{"BR", "3333-4444", "[area_code]"},
	{"BR", "4004-1234", "[area_code]"},
	{"BR", "190", "[too_short]"},
	{"BR", "+55 11", "[too_short]"},
	{"BR", "(20) 98765-4321", "[area_code]"},
	{"BR", "+5500987654321", "[area_code]"},
	{"BR", "11 88765-4321", "[subscriber]"},
	{"BR", "11 1333-4444", "[subscriber]"},
	{"BR", "11 98765-43210", "[too_many_digits]"},
	{"BR", "+55 11 98765-43210", "[too_many_digits]"},
	{"BR", "11 3333-4444 ramal 12", "[extension]"},
	{"BR", "+55 11 3333-4444 x12", "[extension]"},
	{"BR", "11 3333-4444 #12", "[extension]"},
	{"BR", "11 98765-4321 / 11 98765-0000", "[two_numbers]"},
	{"BR", "11987654321;11987650000", "[two_numbers]"},
	{"BR", "+5511987654321 +5511987650000", "[two_numbers]"},
	{"BR", "11 98765-4321 ou 11 98765-0000", "[two_numbers]"},
	{"BR", "11 98765-4321 (Maria)", "[letters]"},
	{"BR", "11 98765_4321", "[character]"},
	{"BR", "11 98765\xff4321", "[character]"},
	{"BR", strings.Repeat("1", 101), "[too_long]"},
	{"BR", "+999 123 456 789", "[country_code]"},
	{"BR", "+0 11 98765-4321", "[country_code]"},
	// from Brazil, abroad
	{"BR", "+1 (415) 555-2671", "+14155552671"},
	{"BR", "00 15 1 415 555 2671", "+14155552671"},
	{"BR", "14155552671", "[subscriber]"}, // read nationally: never guess
	{"BR", "+44 (0)20 7946 0018", "+442079460018"},
	// Mexico
	{"MX", "+5215512345678", "+5215512345678"}, // the 1 stays
	{"MX", "+525512345678", "+525512345678"},
	{"MX", "55 1234 5678", "+525512345678"},
	{"MX", "5215512345678", "+5215512345678"},
	{"MX", "525512345678", "+525512345678"},
	{"MX", "044 55 1234 5678", "+525512345678"},
	{"MX", "01 (55) 1234-5678", "+525512345678"},
	{"MX", "+52 044 55 1234 5678", "+525512345678"},
	{"MX", "1234 5678", "[too_short]"},
	{"MX", "521", "[too_short]"},
	// Argentina
	{"AR", "+5491112345678", "+5491112345678"},
	{"AR", "+541112345678", "+541112345678"},
	{"AR", "011 15-1234-5678", "+5491112345678"},
	{"AR", "11 1234-5678", "+541112345678"},
	{"AR", "0223 15 412-3456", "+5492234123456"},
	{"AR", "+54 9 (351) 612-3456", "+5493516123456"},
	{"AR", "5491112345678", "+5491112345678"},
	// Colombia
	{"CO", "300 123 4567", "+573001234567"},
	{"CO", "0300 123 4567", "+573001234567"},
	{"CO", "573001234567", "+573001234567"},
	{"CO", "(601) 123 4567", "+576011234567"},
	{"CO", "+57 300 1234567.0", "+573001234567"},
	// United States
	{"US", "(415) 555-2671", "+14155552671"},
	{"US", "1-415-555-2671", "+14155552671"},
	{"US", "011 55 11 98765-4321", "+5511987654321"},
	{"US", "011 55 11 8765-4321", "+551187654321"},
	{"US", "1-800-FLOWERS", "[letters]"},
	{"US", "415-555-2671 ext. 3", "[extension]"},
	{"US", "555-2671", "[too_short]"},
	{"US", "+1 111-111-1111", "[no_such_number]"},
	{"US", "+1 555 078 3881", "+15550783881"},
	// Spain and Portugal
	{"ES", "612 34 56 78", "+34612345678"},
	{"ES", "0034 612 345 678", "+34612345678"},
	{"ES", "34612345678", "+34612345678"},
	{"ES", "61234567", "[too_short]"},
	{"PT", "912 345 678", "+351912345678"},
	{"PT", "+351 21 234 5678", "+351212345678"},
	{"PT", "351912345678", "+351912345678"},
	{"PT", "+55 11 98765-4321", "+5511987654321"},
}

func TestParse_AsPeopleWriteThem(t *testing.T) {
	for _, c := range ugly {
		t.Run(c.country+" "+c.raw, func(t *testing.T) {
			got, err := plan(t, c.country).Parse(c.raw)
			if !strings.HasPrefix(c.want, "[") {
				if err != nil || string(got) != c.want {
					t.Fatalf("got %q, %v; want %s", got, err, c.want)
				}
				return
			}
			e, ok := errors.AsType[*arauto.Error](err)
			if !ok || got != "" {
				t.Fatalf("got %q, %v; want error %s", got, err, c.want)
			}
			if e.Kind != arauto.KindInvalid || e.Field != "phone" || !strings.HasSuffix(e.Message, c.want) {
				t.Fatalf("got %s error on %q: %s; want %s", e.Kind, e.Field, e.Message, c.want)
			}
		})
	}
}

func TestParse_SaysWhatSpreadsheetsDo(t *testing.T) {
	_, err := plan(t, "BR").Parse("5.51199E+12")
	if want := "phone was turned into scientific notation by a spreadsheet: format the column as text"; !strings.Contains(err.Error(), want) {
		t.Errorf("%q does not say %q", err, want)
	}
}

func TestParse_ErrorsKeepTheNumberOut(t *testing.T) {
	for _, c := range ugly {
		if _, err := plan(t, c.country).Parse(c.raw); err != nil && len(c.raw) > 4 && strings.Contains(err.Error(), c.raw) {
			t.Errorf("%q is repeated in %q", c.raw, err)
		}
	}
}

func TestParse_BrazilHas67AreaCodes(t *testing.T) {
	br := plan(t, "BR")
	n := 0
	for a := '1'; a <= '9'; a++ {
		for b := '0'; b <= '9'; b++ {
			if _, err := br.Parse("+55" + string(a) + string(b) + "987654321"); err == nil {
				n++
			}
		}
	}
	if n != 67 {
		t.Errorf("%d area codes", n)
	}
}

func TestSearch(t *testing.T) {
	for _, c := range []struct {
		name, country, raw string
		want               []arauto.Phone
	}{
		{"national without the ninth digit", "BR", "1199881122", []arauto.Phone{"+551199881122", "+5511999881122"}},
		{"whole with the ninth digit", "BR", "+55 11 99988-1122", []arauto.Phone{"+5511999881122", "+551199881122"}},
		{"plus that arrived as a space", "BR", " 5511999881122", []arauto.Phone{"+5511999881122", "+551199881122"}},
		{"plus of another country that arrived as a space", "BR", " 14155552671", []arauto.Phone{"+14155552671"}},
		{"trunk zero", "BR", "011999881122", []arauto.Phone{"+5511999881122", "+551199881122"}},
		{"wa_id", "BR", "551199881122", []arauto.Phone{"+551199881122", "+5511999881122"}},
		{"wa_id of another country", "BR", "14155552671", []arauto.Phone{"+14155552671"}},
		{"wa_id of Brazil elsewhere", "US", "551199881122", []arauto.Phone{"+551199881122", "+5511999881122"}},
		{"landline", "BR", "(11) 3333-4444", []arauto.Phone{"+551133334444"}},
		{"digits of two countries", "BR", "34998765432", []arauto.Phone{"+5534998765432", "+553498765432", "+34998765432"}},
		{"the other country's plus first", "BR", " 34998765432", []arauto.Phone{"+34998765432", "+5534998765432", "+553498765432"}},
		{"Mexico", "MX", "55 1234 5678", []arauto.Phone{"+525512345678", "+5215512345678"}},
		{"Mexican wa_id", "BR", "5215512345678", []arauto.Phone{"+5215512345678", "+525512345678"}},
		{"Argentina", "AR", "011 15 1234-5678", []arauto.Phone{"+5491112345678", "+541112345678"}},
		{"part of a number", "BR", "99881122", []arauto.Phone{}},
		{"number and a digit too many", "BR", "55119998811223", []arauto.Phone{}},
		{"name", "BR", "Maria", []arauto.Phone{}},
		{"nothing", "BR", "", []arauto.Phone{}},
		{"a space", "BR", " ", []arauto.Phone{}},
		{"a plus", "BR", "+", []arauto.Phone{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, plan(t, c.country).Search(c.raw)); diff != "" {
				t.Errorf("Search(%q) (-want +got):\n%s", c.raw, diff)
			}
		})
	}
}

func TestSearch_FindsEverySpellingOfWhatWasImported(t *testing.T) {
	br := plan(t, "BR")
	areas := rapid.SampledFrom([]string{"11", "21", "31", "47", "55", "81", "99"})
	subscribers := rapid.StringMatching(`9?[6-9][0-9]{7}`)
	rapid.Check(t, func(t *rapid.T) {
		national := areas.Draw(t, "area") + subscribers.Draw(t, "subscriber")
		phone, err := br.Parse(national)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range phone.Variants() {
			for _, typed := range []string{string(v), " " + v.Digits(), v.Digits(), v.Digits()[2:], "0" + v.Digits()[2:]} {
				if !contains(br.Search(typed), phone) {
					t.Fatalf("%q does not find %q but %v", typed, phone, br.Search(typed))
				}
			}
		}
	})
}

func contains(phones []arauto.Phone, phone arauto.Phone) bool {
	for _, p := range phones {
		if p == phone {
			return true
		}
	}
	return false
}

func TestParse_WhatIsReadReadsAsItself(t *testing.T) {
	countries := rapid.SampledFrom([]string{"BR", "MX", "AR", "CO", "US", "ES", "PT", "CL", "PE", "IT", "GB", "DE"})
	digits := rapid.StringMatching(`(\+|00)?(55|52|521|54|549|57|1|34|351|39|44|0|0[1-9]{2})?[0-9]{6,12}`)
	rapid.Check(t, func(t *rapid.T) {
		country := countries.Draw(t, "country")
		p, err := numbering.New(country)
		if err != nil {
			t.Fatal(err)
		}
		phone, err := p.Parse(digits.Draw(t, "raw"))
		if err != nil {
			return
		}
		if again, err := p.Parse(string(phone)); again != phone || !phone.Valid() {
			t.Fatalf("%q reads as %q, %v", phone, again, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, c := range ugly {
		f.Add(c.country, c.raw)
	}
	f.Fuzz(func(t *testing.T, country, raw string) {
		p, err := numbering.New(country)
		if err != nil {
			return
		}
		for _, found := range p.Search(raw) {
			if !found.Valid() {
				t.Errorf("search %q in %s gives %q", raw, country, found)
			}
		}
		phone, err := p.Parse(raw)
		if err != nil {
			if phone != "" || arauto.KindOf(err) != arauto.KindInvalid {
				t.Errorf("%q with %v", phone, err)
			}
			return
		}
		if !phone.Valid() {
			t.Fatalf("%q in %s reads as %q, not valid", raw, country, phone)
		}
		if again, err := p.Parse(string(phone)); again != phone {
			t.Fatalf("%q in %s reads as %q, which reads as %q, %v", raw, country, phone, again, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	br, _ := numbering.New("BR")
	for _, c := range []struct{ name, raw string }{
		{"plain E.164", "+5511987654321"},
		{"national", "(11) 98765-4321"},
		{"looked up", "+442079460018"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := br.Parse(c.raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("plain E.164 by libphonenumber", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			n, err := phonenumbers.Parse("+5511987654321", "BR")
			if err != nil || !phonenumbers.IsValidNumber(n) {
				b.Fatal(err)
			}
		}
	})
}
