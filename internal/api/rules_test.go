package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/api"
	"arauto/internal/numbering"
	"arauto/internal/store"
)

func (f *fakeStore) ChangeRules(_ context.Context, _ arauto.Actor, _ time.Time, account int64, change func(*arauto.Rules) error) (arauto.Rules, error) {
	rules := arauto.Rules{}
	if account == 1 {
		rules.Holidays = arauto.Holidays{{Date: arauto.Date{Year: 2026, Month: 12, Day: 25}, Name: "Natal"}}
	}
	return rules, change(&rules)
}

func (*fakeStore) Recall(context.Context, time.Time, int64, int64) (int, error) { return 0, nil }

func (f *fakeStore) DueContacts(_ context.Context, _ time.Time, account, campaign int64, _ time.Time, after int64, _ int) (list []arauto.Contact, err error) {
	for _, r := range f.contacts {
		if account == 1 && campaign == r.Campaign && r.ID > after && r.State == arauto.ContactPending {
			list = append(list, r.Contact)
		}
	}
	return list, nil
}

// rulesWorld is the API over a real database that knows where numbers are from, with a campaign that runs.
func rulesWorld(t *testing.T) (ask func(status int, method, path, body string) map[string]any, db *store.Store) {
	t.Helper()
	places, err := numbering.NewPlaces()
	if err != nil {
		t.Fatal(err)
	}
	w, db := sqliteWorld(t, store.Located(places))
	ask = func(status int, method, path, body string) map[string]any {
		t.Helper()
		return w.ask(t, status, "admin", method, api.Prefix+path, body)
	}
	ask(201, "POST", "/apps", `{"meta_id":"10","name":"App","secret":"s1","verify_token":"s2"}`)
	ask(201, "POST", "/wabas", `{"app_id":1,"meta_id":"20","name":"WABA"}`)
	ask(201, "POST", "/senders", `{"waba_id":1,"name":"Vendas","phone_number_id":"30","token":"s3","display_phone":"+551133334444"}`)
	if _, _, err := db.SaveTemplates(t.Context(), now, 1, 1, []arauto.Template{{MetaID: "9", Name: "aviso", Language: "es", Category: "UTILITY", Status: "APPROVED", Body: "Hola"}}); err != nil {
		t.Fatal(err)
	}
	return ask, db
}

func wire(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

func TestRules_RoundTrip(t *testing.T) {
	ask, _ := rulesWorld(t)
	got := ask(200, "PATCH", "/account", `{"rules":{"packs":[{"name":"colombia"}],"attempts":3,"outbound_dialer_rate":25,"caps":[{"limit":2,"days":7},{"limit":1,"hours":12,"marketing":true}],
		"windows":[{"days":["mon","fri"],"from":"08:00","to":"24:00"},{"days":["sat"],"from":"22:00","to":"02:00"}]}}`)
	want := `{"attempts":3,"caps":[{"days":7,"limit":2},{"hours":12,"limit":1,"marketing":true}],"conversation_idle_hours":0,"outbound_dialer_rate":25,"packs":[{"name":"colombia","version":1}],"retention":{"attachment_days":0,"file_days":0,"message_days":0,"webhook_days":0},` +
		`"windows":[{"days":["mon","fri"],"from":"08:00","to":"24:00"},{"days":["sat"],"from":"22:00","to":"02:00"}]}`
	if rules := wire(got["rules"]); rules != want {
		t.Errorf("got  %s\nwant %s", rules, want)
	}
	if again := ask(200, "PATCH", "/account", `{"rules":{"attempts":0}}`); wire(again["rules"]) != strings.Replace(want, `"attempts":3`, `"attempts":0`, 1) {
		t.Errorf("what was not named changed: %s", wire(again["rules"]))
	}
	for body, field := range map[string]string{
		`{"rules":{"packs":[{"name":"atlantis"}]}}`:                                "rules.packs[0]",
		`{"rules":{"caps":[{"limit":1,"days":1,"hours":1}]}}`:                      "rules.caps[0]",
		`{"rules":{"windows":[{"days":["mon"],"from":"08:00","to":"08:00"}]}}`:     "rules.windows[0]",
		`{"rules":{"windows":[{"days":["someday"],"from":"08:00","to":"09:00"}]}}`: "days",
		`{"rules":{"windows":[{"days":["mon"],"from":"8 o'clock","to":"09:00"}]}}`: "from",
		`{"rules":{"packs":[{"name":"brazil"},{"name":"brazil","version":1}]}}`:    "rules.packs[1]",
		`{"rules":{"caps":[{"limit":100,"days":1}]}}`:                              "limit",
	} {
		if p := ask(422, "PATCH", "/account", body); !strings.Contains(wire(p), field) {
			t.Errorf("%s is refused without naming %s: %s", body, field, wire(p))
		}
	}
	made := ask(201, "POST", "/campaigns", `{"name":"n","policy":{"windows":[{"days":["tue"],"from":"10:00","to":"00:00"}],"work_holidays":true,
		"end_at":"2030-01-01T00:00:00Z","max_lateness_minutes":90,"attempts":2,"pack_exemption":"avisos"}}`)
	policy := made["policy"].(map[string]any)
	if wire(policy["windows"]) != `[{"days":["tue"],"from":"10:00","to":"24:00"}]` || policy["work_holidays"] != true || policy["end_at"] != "2030-01-01T00:00:00Z" ||
		policy["max_lateness_minutes"] != 90.0 || policy["attempts"] != 2.0 || policy["pack_exemption"] != "avisos" {
		t.Errorf("got %s", wire(policy))
	}
	if copied := ask(201, "POST", "/campaigns/1/duplicate", "")["policy"].(map[string]any); copied["end_at"] != nil || copied["attempts"] != 2.0 {
		t.Errorf("a copy has %s", wire(copied))
	}
	if open := ask(200, "PATCH", "/campaigns/1", `{"policy":{"end_at":"0001-01-01T00:00:00Z"}}`)["policy"].(map[string]any); open["end_at"] != nil || open["attempts"] != 2.0 {
		t.Errorf("without an end: %s", wire(open))
	}
}

func TestHolidays_KeptAndDropped(t *testing.T) {
	ask, _ := rulesWorld(t)
	ask(200, "POST", "/holidays", `{"date":"--12-24","name":"Véspera"}`)
	ask(200, "POST", "/holidays", `{"date":"2026-01-25","region":"BR-SP","name":"Aniversário"}`)
	ask(200, "POST", "/holidays", `{"date":"2026-01-25","region":"BR-SP","name":"Aniversário de São Paulo"}`)
	ask(200, "PATCH", "/account", `{"name":"Acme 2"}`)
	if got := wire(ask(200, "GET", "/holidays", "")["data"]); got != `[{"date":"--12-24","name":"Véspera","region":null},{"date":"2026-01-25","name":"Aniversário de São Paulo","region":"BR-SP"}]` {
		t.Errorf("got %s", got)
	}
	ask(422, "POST", "/holidays", `{"date":"25/01/2026","name":"x"}`)
	ask(422, "POST", "/holidays", `{"date":"2026-01-25","region":"Brasil","name":"x"}`)
	ask(404, "DELETE", "/holidays/2026-01-25", "")
	ask(204, "DELETE", "/holidays/2026-01-25?region=BR-SP", "")
	if got := ask(200, "GET", "/holidays", "")["data"].([]any); len(got) != 1 {
		t.Errorf("got %s", wire(got))
	}
	if audit := wire(ask(200, "GET", "/audit?limit=100", "")); strings.Count(audit, "account.rules") != 4 {
		t.Errorf("not every change is in the audit: %s", audit)
	}
}

func TestPacks_SayWhatTheyAsk(t *testing.T) {
	ask, _ := rulesWorld(t)
	data := ask(200, "GET", "/packs?year=2026", "")["data"].([]any)
	names := []string{}
	for _, p := range data {
		names = append(names, p.(map[string]any)["name"].(string))
	}
	if !slices.Equal(names, []string{"default", "brazil", "colombia", "united-states"}) {
		t.Errorf("got %v", names)
	}
	text := wire(data)
	for _, want := range []string{"Ley 2300 de 2023", "64.1200(c)(1)", `"states":["CE"]`, `"date":"2026-04-03","name":"Viernes Santo"`, `"one_channel_a_week":true`} {
		if !strings.Contains(text, want) {
			t.Errorf("they do not say %s", want)
		}
	}
}

// The same gate says it of a contact, of a list and of a campaign; what was put off is asked again when rules change.
func TestDiagnostics(t *testing.T) {
	ask, db := rulesWorld(t)
	ask(200, "PATCH", "/account", `{"rules":{"packs":[{"name":"colombia"}]}}`)
	ask(201, "POST", "/campaigns", `{"name":"cobro","sender_id":1,"template_id":1}`)
	var list []string
	for i := range 20 {
		list = append(list, fmt.Sprintf(`{"phone":"+5730012345%02d"}`, i), fmt.Sprintf(`{"phone":"+55119876543%02d"}`, i))
	}
	ask(200, "POST", "/campaigns/1/contacts", "["+strings.Join(list, ",")+"]")
	ask(200, "POST", "/suppressions", `{"phones":["+5511987654300"],"evidence":"carta"}`)
	got := ask(200, "GET", "/campaigns/1/diagnostics", "")
	if wire(got["obstacles"]) != `[{"what":"campaign","words":"es un borrador"}]` || got["would_go"] != 19.0+colombians(t, 20) || got["looked_at"] != 40.0 || got["complete"] != true {
		t.Errorf("a draft: %s", wire(got))
	}
	// Windows that are shut wherever anybody is.
	ask(200, "PATCH", "/campaigns/1", `{"policy":{"windows":[{"days":["`+strings.ToLower(now.AddDate(0, 0, 3).Weekday().String()[:3])+`"],"from":"10:00","to":"11:00"}]}}`)
	ask(200, "POST", "/campaigns/1/start", "")
	got = ask(200, "GET", "/campaigns/1/diagnostics", "")
	held := got["held"].([]any)
	first := held[0].(map[string]any)
	if len(held) != 2 || first["reason"] != "outside_window" || first["count"] != 39.0 || first["next_at"] == nil || got["next_at"] != first["next_at"] || len(got["obstacles"].([]any)) != 0 {
		t.Errorf("out of hours: %s", wire(got))
	}
	if !strings.Contains(first["because"].(string), "el horario de la campaña") {
		t.Errorf("because: %s", first["because"])
	}
	why := ask(200, "GET", fmt.Sprintf("/contacts/%v/why", first["example_contact_id"]), "")
	if why["sentence"] != first["because"] {
		t.Errorf("why says %q, diagnostics %q", why["sentence"], first["because"])
	}
	trial := ask(200, "POST", "/campaigns/1/dry-run", "")
	if wire(trial["held"].([]any)[0].(map[string]any)["reason"]) != `"outside_window"` {
		t.Errorf("the dry run: %s", wire(trial))
	}

	// The engine puts them off; when the hours change they are asked about at once.
	due, err := db.DueContacts(t.Context(), now.AddDate(1, 0, 0), 1, 1, time.Time{}, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	candidates := make([]arauto.Candidate, len(due))
	for i, c := range due {
		candidates[i].Contact = c
	}
	at := now.Add(10 * time.Minute)
	lease, _, err := db.Take(t.Context(), at, 1, arauto.SenderLine(1), "node", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Intend(t.Context(), at, lease, 1, candidates); err != nil {
		t.Fatal(err)
	}
	if left, _ := db.DueContacts(t.Context(), at.Add(time.Hour), 1, 1, time.Time{}, 0, 100); len(left) != 0 {
		t.Fatalf("%d are still due", len(left))
	}
	ask(200, "POST", "/campaigns/1/pause", "")
	ask(200, "PATCH", "/campaigns/1", `{"policy":{"windows":[]}}`)
	ask(200, "POST", "/campaigns/1/resume", "")
	if left, _ := db.DueContacts(t.Context(), at.Add(time.Hour), 1, 1, time.Time{}, 0, 100); len(left) != 39 {
		t.Errorf("%d are due after the change, want 39", len(left))
	}
}

// colombians is how many of n Colombians Ley 2300 lets through at the world's now.
func colombians(t *testing.T, n float64) float64 {
	zone, err := time.LoadLocation("America/Bogota")
	if err != nil {
		t.Fatal(err)
	}
	open, _ := arauto.PackOf(arauto.PackRef{Name: "colombia", Version: 1}).Rules[0].Windows.Open(now, []*time.Location{zone}, nil)
	if open {
		return n
	}
	return 0
}
