package arauto_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"arauto"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParseE164(t *testing.T) {
	for _, c := range []struct {
		name, raw string
		want      arauto.Phone
	}{
		{"plain", "+5511987654321", "+5511987654321"},
		{"spaces, parentheses and dash", " +55 (11) 98765-4321 ", "+5511987654321"},
		{"dots", "+33.1.23.45.67.00", "+33123456700"},
		{"zeros after a dot", "+55 11 98765.0000", "+5511987650000"},
		{"no-break spaces", "+55\u00a011\u202f98765\u20114321", "+5511987654321"},
		{"direction marks from a contact list", "\u202a+55 11 98765-4321\u202c", "+5511987654321"},
		{"double zero", "00 55 11 98765 4321", "+5511987654321"},
		{"plus in parentheses", "(+55) 11 98765-4321", "+5511987654321"},
		{"shortest", "+12345678", "+12345678"},
		{"longest with double zero", "00123456789012345", "+123456789012345"},
		{"empty", "", ""},
		{"plus alone", "+", ""},
		{"national", "11987654321", ""},
		{"digits without plus", "5511987654321", ""},
		{"too short", "+1234567", ""},
		{"too long", "+1234567890123456", ""},
		{"much too long", "+" + strings.Repeat("1", 300), ""},
		{"country code 0", "+0551198765432", ""},
		{"plus within", "55+11987654321", ""},
		{"plus twice", "++5511987654321", ""},
		{"letters", "+55 11 CASA", ""},
		{"other digits", "+५५११९८७६५४३२१", ""},
		{"trunk zero in parentheses", "+55 (0)11 98765-4321", ""},
		{"decimals of a spreadsheet", "+551198765432.0", ""},
		{"two numbers", "+551133334444/551133335555", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := arauto.ParseE164(c.raw)
			if got != c.want || ok != (c.want != "") {
				t.Errorf("ParseE164(%q) = %q, %v; want %q", c.raw, got, ok, c.want)
			}
		})
	}
}

func TestPhone_SpellingsOfOnePerson(t *testing.T) {
	for _, c := range []struct {
		name     string
		phone    arauto.Phone
		key      string
		variants []arauto.Phone
	}{
		{"none", "", "", nil},
		{"Brazil, mobile with ninth", "+5511999881122", "5511999881122", []arauto.Phone{"+5511999881122", "+551199881122"}},
		{"Brazil, mobile without ninth", "+551199881122", "5511999881122", []arauto.Phone{"+551199881122", "+5511999881122"}},
		{"Brazil, old mobile from 6", "+553166661122", "5531966661122", []arauto.Phone{"+553166661122", "+5531966661122"}},
		{"Brazil, new mobile that only has nine", "+5511933334444", "5511933334444", []arauto.Phone{"+5511933334444"}},
		{"Brazil, landline", "+551133334444", "551133334444", []arauto.Phone{"+551133334444"}},
		{"Brazil, landline from 5", "+551150001122", "551150001122", []arauto.Phone{"+551150001122"}},
		{"Brazil, toll-free", "+558007654321", "558007654321", []arauto.Phone{"+558007654321"}},
		{"Brazil, thirteen digits without a ninth", "+5511899881122", "5511899881122", []arauto.Phone{"+5511899881122"}},
		{"Mexico with 1", "+5215512345678", "525512345678", []arauto.Phone{"+5215512345678", "+525512345678"}},
		{"Mexico without 1", "+525512345678", "525512345678", []arauto.Phone{"+525512345678", "+5215512345678"}},
		{"Mexico, toll-free", "+528001234567", "528001234567", []arauto.Phone{"+528001234567"}},
		{"Argentina with 9", "+5491123456789", "541123456789", []arauto.Phone{"+5491123456789", "+541123456789"}},
		{"Argentina without 9", "+541123456789", "541123456789", []arauto.Phone{"+541123456789", "+5491123456789"}},
		{"Argentina, toll-free", "+548001234567", "548001234567", []arauto.Phone{"+548001234567"}},
		{"United States", "+14155552671", "14155552671", []arauto.Phone{"+14155552671"}},
		{"Colombia", "+573001234567", "573001234567", []arauto.Phone{"+573001234567"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.phone.PersonKey(); got != c.key {
				t.Errorf("PersonKey() = %q, want %q", got, c.key)
			}
			if diff := cmp.Diff(c.variants, c.phone.Variants()); diff != "" {
				t.Errorf("Variants() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPhone_VariantsShareOneKey(t *testing.T) {
	phones := rapid.OneOf(
		rapid.StringMatching(`\+55[0-9]{10,11}`),
		rapid.StringMatching(`\+55[1-9]{2}9?[6-9][0-9]{7}`),
		rapid.StringMatching(`\+521?[0-9]{10}`),
		rapid.StringMatching(`\+549?[0-9]{10}`),
		rapid.StringMatching(`\+[1-9][0-9]{7,14}`),
	)
	rapid.Check(t, func(t *rapid.T) {
		p := arauto.Phone(phones.Draw(t, "phone"))
		key := p.PersonKey()
		if again := arauto.Phone("+" + key).PersonKey(); again != key {
			t.Fatalf("key %q of %q has another key: %q", key, p, again)
		}
		variants := p.Variants()
		if variants[0] != p {
			t.Fatalf("variants of %q start with %q", p, variants[0])
		}
		holdsKey := false
		for _, v := range variants {
			if !v.Valid() {
				t.Fatalf("variant %q of %q is not valid", v, p)
			}
			if v.PersonKey() != key {
				t.Fatalf("variant %q of %q has key %q, want %q", v, p, v.PersonKey(), key)
			}
			if len(v.Variants()) != len(variants) {
				t.Fatalf("%q has variants %v, but its variant %q has %v", p, variants, v, v.Variants())
			}
			holdsKey = holdsKey || v.Digits() == key
		}
		if !holdsKey {
			t.Fatalf("no variant of %q is spelled like its key %q: %v", p, key, variants)
		}
	})
}

func TestPhone_KeysOfDifferentPeopleDiffer(t *testing.T) {
	mobile := rapid.StringMatching(`\+55[1-9]{2}9[6-9][0-9]{7}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := arauto.Phone(mobile.Draw(t, "a")), arauto.Phone(mobile.Draw(t, "b"))
		if (a == b) != (a.PersonKey() == b.PersonKey()) {
			t.Fatalf("%q and %q have keys %q and %q", a, b, a.PersonKey(), b.PersonKey())
		}
	})
}

func TestPersonKeyOfUserID(t *testing.T) {
	if got := arauto.PersonKeyOfUserID("US.134"); got != "bsuid:US.134" {
		t.Errorf("got %q", got)
	}
	if got := arauto.PersonKeyOfUserID(""); got != "" {
		t.Errorf("no id has key %q", got)
	}
}

func TestPhoneOfWAID(t *testing.T) {
	for waid, want := range map[string]arauto.Phone{
		"551199881122":  "+551199881122",
		"+551199881122": "+551199881122",
		"5215512345678": "+5215512345678",
		"US.134912":     "",
		"":              "",
		"0551199881122": "",
	} {
		if got := arauto.PhoneOfWAID(waid); got != want {
			t.Errorf("PhoneOfWAID(%q) = %q, want %q", waid, got, want)
		}
	}
}

func TestPhone_LogsRedacted(t *testing.T) {
	for phone, want := range map[arauto.Phone]string{
		"+5511987655678": "+5511•••••5678",
		"+551199881122":  "+5511••••1122",
		"+14155552671":   "+141••••••71",
		"+12345678":      "+123•••78",
		"call me":        "•••",
		"":               `""`,
	} {
		var out bytes.Buffer
		slog.New(slog.NewTextHandler(&out, nil)).Info("sent", "phone", phone)
		if got := strings.TrimSpace(out.String()); !strings.HasSuffix(got, "phone="+want) {
			t.Errorf("%q logs as %s, want %s", string(phone), got, want)
		}
	}
}

func TestPhone_PlainNumberCostsNoAllocation(t *testing.T) {
	raw := "+5511987654321"
	if n := testing.AllocsPerRun(100, func() {
		p, _ := arauto.ParseE164(raw)
		_ = p.PersonKey()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPhone_PersonKey(b *testing.B) {
	for _, p := range []arauto.Phone{"+5511999881122", "+551199881122", "+14155552671"} {
		b.Run(p.Digits(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = p.PersonKey()
			}
		})
	}
}

func TestPhone_CallingCode(t *testing.T) {
	for phone, want := range map[arauto.Phone]string{
		"+5511987654321": "55", "+351912345678": "351", "+525512345678": "52", "+12125550100": "1212", "+18095550100": "1809",
		"+77011234567": "77", "+79161234567": "79", "+971501234567": "971", "": "", "+1": "",
	} {
		if got := phone.CallingCode(); got != want {
			t.Errorf("%q is dialled in %q, want %q", string(phone), got, want)
		}
	}
}
