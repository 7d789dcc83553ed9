package evolux

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"arauto"

	"github.com/google/go-cmp/cmp"
)

func TestDates(t *testing.T) {
	utc := func(s string) time.Time {
		at, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return at.UTC()
	}
	for given, want := range map[string]string{
		"2024-09-05":                          "2024-09-05T03:00:00Z",
		"2024-09-05T10:30":                    "2024-09-05T13:30:00Z",
		"2024-09-05T10:30:15":                 "2024-09-05T13:30:15Z",
		"2024-09-05 10:30:15":                 "2024-09-05T13:30:15Z",
		"2024-09-05T10:30:15.5":               "2024-09-05T13:30:15.5Z",
		"2024-09-05T10:30:15,5":               "2024-09-05T13:30:15.5Z",
		"2024-09-05T10:30:15.123456789":       "2024-09-05T13:30:15.123Z",
		"2024-09-05T10:30Z":                   "2024-09-05T10:30:00Z",
		"2024-09-05t10:30:15.000z":            "2024-09-05T10:30:15Z",
		"2024-09-05T10:30:15+02:00":           "2024-09-05T08:30:15Z",
		"2024-09-05T10:30:15-0300":            "2024-09-05T13:30:15Z",
		"2024-09-05T10:30:15+02":              "2024-09-05T08:30:15Z",
		"2024-09-05T10%3A30%3A15.000Z":        "2024-09-05T10:30:15Z",
		"2024-09-05T10%3a30%3a15%2B02%3a00":   "2024-09-05T08:30:15Z",
		"2024-09-05T10:30:15 02:00":           "2024-09-05T08:30:15Z", // a '+' that was not encoded
		"2024-09-05 10:30:15 02:00":           "2024-09-05T08:30:15Z",
		"  2024-09-05T10:30:15":               "",
		"2024-09-05T10:30:15Zulu":             "",
		"2024-02-30T00:00:00Z":                "",
		"2024-09-05T24:00:00Z":                "",
		"1725530000":                          "",
		"05/09/2024":                          "",
		"ontem":                               "",
		"2024-09-05T10:30:15Z; drop":          "",
		"2024-09-05T10:30:15" + "+99:99":      "",
		strings.Repeat("2024-09-05T10:30", 9): "",
	} {
		t.Run(given, func(t *testing.T) {
			q, err := parseQuery("start="+url.QueryEscape(given), 7, now)
			if want == "" {
				if arauto.KindOf(err) != arauto.KindInvalid {
					t.Fatalf("got %v, want an invalid error", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !q.from.Equal(utc(want)) {
				t.Errorf("got %v, want %v", q.from.UTC(), want)
			}
		})
	}
}

func TestDateRules(t *testing.T) {
	const zone = "&timezone=America/Sao_Paulo"
	for name, c := range map[string]struct {
		query    string
		kind     arauto.Kind
		from, to string // of the filter, in UTC
	}{
		"neither is no filter":           {"", "", "", ""},
		"start alone ends now":           {"start=2024-09-06T00:00:00Z", "", "2024-09-06T00:00:00Z", "2024-09-06T18:30:00Z"},
		"start alone in the future":      {"start=2024-09-06T18:30:00Z", arauto.KindNotFound, "", ""},
		"end alone":                      {"end=2024-09-06T00:00:00Z", arauto.KindNotFound, "", ""},
		"an empty start is no start":     {"start=&end=2024-09-06T00:00:00Z", arauto.KindNotFound, "", ""},
		"start is the end":               {"start=2024-09-05T00:00:00Z&end=2024-09-05T00:00:00Z", arauto.KindNotFound, "", ""},
		"start after the end":            {"start=2024-09-05T00:00:01Z&end=2024-09-05T00:00:00Z", arauto.KindNotFound, "", ""},
		"start just before the end":      {"start=2024-09-05T00:00:00.000Z&end=2024-09-05T00:00:00.001Z", "", "2024-09-05T00:00:00Z", "2024-09-05T00:00:00.001Z"},
		"later today":                    {"start=2024-09-06&end=2024-09-06T23:59:59.999" + zone, "", "2024-09-06T03:00:00Z", "2024-09-07T02:59:59.999Z"},
		"tomorrow":                       {"start=2024-09-06&end=2024-09-07T00:00:00" + zone, arauto.KindNotFound, "", ""},
		"today there, tomorrow here":     {"start=2024-09-06&end=2024-09-07T08:00:00&timezone=Pacific/Auckland", "", "2024-09-05T12:00:00Z", "2024-09-06T20:00:00Z"},
		"tomorrow there, today here":     {"start=2024-09-06T00:00:00Z&end=2024-09-06T23:59:59Z&timezone=America/Sao_Paulo", "", "2024-09-06T00:00:00Z", "2024-09-06T23:59:59Z"},
		"a bare end is that whole day":   {"start=2024-09-05&end=2024-09-05" + zone, "", "2024-09-05T03:00:00Z", "2024-09-06T02:59:59.999Z"},
		"the first time zone counts":     {"start=2024-09-05&end=2024-09-06&timezone=UTC&timezone=%3DAmerica/Sao_Paulo", "", "2024-09-05T00:00:00Z", "2024-09-06T23:59:59.999Z"},
		"a zone with its sign":           {"start=2024-09-05&end=2024-09-05&timezone==America/Sao_Paulo", "", "2024-09-05T03:00:00Z", "2024-09-06T02:59:59.999Z"},
		"an empty zone is the usual one": {"start=2024-09-05&end=2024-09-05&timezone=", "", "2024-09-05T03:00:00Z", "2024-09-06T02:59:59.999Z"},
		"a zone with a plain plus":       {"start=2024-09-05&end=2024-09-05&timezone=Etc/GMT+3", "", "2024-09-05T03:00:00Z", "2024-09-06T02:59:59.999Z"},
		"the server's own zone":          {"timezone=Local", arauto.KindInvalid, "", ""},
		"a zone outside the list":        {"timezone=../../etc/passwd", arauto.KindInvalid, "", ""},
		"a wrong date beats its order":   {"end=x", arauto.KindInvalid, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := parseQuery(c.query, 7, now)
			if kind := arauto.KindOf(err); kind != c.kind {
				t.Fatalf("got %q (%v), want %q", kind, err, c.kind)
			}
			if err != nil {
				return
			}
			f := q.filter()
			got := []string{shortTime(f.InsertedFrom), shortTime(f.InsertedTo)}
			if diff := cmp.Diff([]string{c.from, c.to}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func shortTime(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339Nano)
}

func TestQueryValues(t *testing.T) {
	const one, two = "0191c8f2-7a52-7cc1-8f3e-5f2f86a1c001", "0191c8f2-7a52-7cc1-8f3e-5f2f86a1c002"
	upper := strings.ToUpper(one)
	for name, c := range map[string]struct {
		query string
		want  func(*query) any
		is    any
	}{
		"limit by default":             {"", func(q *query) any { return q.limit }, 50},
		"limit at most":                {"_limit=10000", func(q *query) any { return q.limit }, 10000},
		"underscored limit wins":       {"_limit=7&limit=9", func(q *query) any { return q.limit }, 7},
		"plain limit":                  {"limit=9", func(q *query) any { return q.limit }, 9},
		"an empty limit is absent":     {"_limit=&limit=9", func(q *query) any { return q.limit }, 9},
		"underscored offset wins":      {"offset=3&_offset=0", func(q *query) any { return q.offset }, int64(0)},
		"campaigns in every spelling":  {"campaigns[]=" + one + "&campaigns%5B%5D=" + upper + "&campaigns=" + two, func(q *query) any { return q.campaigns }, []string{one, two}},
		"campaigns encoded twice":      {"campaigns%255B%255D=" + two, func(q *query) any { return q.campaigns }, []string{two}},
		"an empty campaign is absent":  {"campaigns[]=", func(q *query) any { return q.campaigns }, []string(nil)},
		"the first value counts":       {"name=Ana&name=Bia", func(q *query) any { return q.name }, "Ana"},
		"the first that is not empty":  {"name=&name=Bia", func(q *query) any { return q.name }, "Bia"},
		"a key nobody knows":           {"cache_buster=1&name=Ana", func(q *query) any { return q.name }, "Ana"},
		"a value with = in it":         {"name=a=b", func(q *query) any { return q.name }, "a=b"},
		"an empty pair is no filter":   {"conversation_field_key=&conversation_field_value=", func(q *query) any { return q.fieldKey }, ""},
		"a plain plus before a number": {"phone_number=+5511999990001", func(q *query) any { return q.phone }, " 5511999990001"},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := parseQuery(c.query, 7, now)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.is, c.want(q)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestQueryRefuses(t *testing.T) {
	for query, key := range map[string]string{
		"_limit=0": "_limit", "_limit=10001": "_limit", "_limit=1e3": "_limit", "limit=-5": "limit", "_limit=%2B5": "_limit", "_limit=ten": "_limit",
		"_offset=-1": "_offset", "offset=1.5": "offset", "_offset=99999999999999999999": "_offset",
		"state=SENT": "state", "state=sent,error": "state",
		"template_uuid=12": "template_uuid", "campaigns[]=12": "campaigns[]", "campaigns=x": "campaigns[]",
		"template_uuid=0191c8f2x7a52-7cc1-8f3e-5f2f86a1c001": "template_uuid",
		"conversation_field_key=cpf":                         "conversation_field_value",
		"conversation_field_value=1":                         "conversation_field_key",
		"timezone=Sao_Paulo":                                 "timezone", "name=%ff": "name", "name=a%00b": "name", "phone_number=%fe": "phone_number",
		"_cursor=!": "_cursor", "name=%zz": "", "name=a;b=c": "",
	} {
		t.Run(query, func(t *testing.T) {
			_, err := parseQuery(query, 7, now)
			e, ok := errors.AsType[*arauto.Error](err)
			if !ok || e.Kind != arauto.KindInvalid || e.Field != key {
				t.Errorf("got %v, want an invalid error on %q", err, key)
			}
		})
	}
}

func TestTooManyCampaigns(t *testing.T) {
	var b strings.Builder
	for i := range maxCampaigns + 1 {
		b.WriteString("&campaigns[]=0191c8f2-7a52-7cc1-8f3e-")
		b.WriteString(strings.Repeat("0", 8) + string("0123456789abcdef"[i>>12&15]) + string("0123456789abcdef"[i>>8&15]) + string("0123456789abcdef"[i>>4&15]) + string("0123456789abcdef"[i&15]))
	}
	if _, err := parseQuery(b.String(), 7, now); arauto.KindOf(err) != arauto.KindInvalid {
		t.Errorf("got %v, want an invalid error", err)
	}
}
