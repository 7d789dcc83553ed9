package arauto_test

import (
	"log/slog"
	"strings"
	"testing"

	"arauto"
)

func TestParseUserID(t *testing.T) {
	long := "BR." + strings.Repeat("a", 128)
	for _, ok := range []string{"BR.1", "US.13491208655302741918", " MX.aZ09 ", long} {
		id, err := arauto.ParseUserID(ok)
		if err != nil || string(id) != strings.TrimSpace(ok) || id.Country() != strings.TrimSpace(ok)[:2] {
			t.Errorf("%.20q: %q, %v", ok, id, err)
		}
	}
	for raw, want := range map[string]string{
		"": "not a business-scoped id", "BR.": "not a", "br.123": "not a", "BR123": "not a", "BRA.123": "not a", "B.123": "not a", "BR.12 3": "not a", "BR.12-3": "not a",
		"5511987654321": "not a", "+5511987654321": "not a", long + "a": "not a", "BR.ENT.": "not a", "BR.ENT.123": "parent company", "12.345": "not a",
	} {
		_, err := arauto.ParseUserID(raw)
		if arauto.KindOf(err) != arauto.KindInvalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %q", raw, err, want)
		}
	}
}

func TestUserID_LogsRedacted(t *testing.T) {
	if got := arauto.UserID("BR.1046121691929582596").LogValue(); got.Kind() != slog.KindString || got.String() != "BR.•••••2596" {
		t.Errorf("logged as %v", got)
	}
	if got := arauto.UserID("BR.1234").LogValue().String(); strings.ContainsAny(got, "1234") {
		t.Errorf("a short one is logged as %s", got)
	}
}

func TestContact_WhereAnIDIs(t *testing.T) {
	for _, c := range []struct {
		phone         arauto.Phone
		id            arauto.UserID
		country, code string
		whatsapp      bool
	}{
		{"+5511987654321", "", "BR", "55", true},
		{"+5511987654321", "US.123", "BR", "55", true}, // what is dialled counts
		{"", "BR.123", "BR", "55", true},
		{"", "MX.123", "MX", "52", true},
		{"", "US.123", "US", "US", true},
		{"", "CA.123", "CA", "CA", true},
		{"", "KZ.123", "KZ", "KZ", true},
		{"", "ZZ.123", "ZZ", "ZZ", true},
		{"", "", "", "", false},
		{"", "nobody", "", "", false},
		{"123", "BR.123", "", "", false}, // a number that is none is mended, not passed over
	} {
		contact := arauto.Contact{Phone: c.phone, UserID: c.id}
		if contact.Country() != c.country || contact.CallingCode() != c.code {
			t.Errorf("%q %q: country %q, code %q", c.phone, c.id, contact.Country(), contact.CallingCode())
		}
		if contact.Reachable(arauto.ChannelWhatsApp) != c.whatsapp || contact.Reachable(arauto.ChannelVoice) != c.phone.Valid() {
			t.Errorf("%q %q: reachable %v, by voice %v", c.phone, c.id, contact.Reachable(arauto.ChannelWhatsApp), contact.Reachable(arauto.ChannelVoice))
		}
	}
}
