package ccai

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"arauto"
	"arauto/internal/store"
	"arauto/internal/store/storetest"
)

// A mirror seals nothing: there are no secrets here.
type mirror struct{}

func (mirror) Seal(plain []byte) ([]byte, error)  { return plain, nil }
func (mirror) Open(sealed []byte) ([]byte, error) { return sealed, nil }

// openStore is a database with the account brazil in it.
func openStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), storetest.Fresh(t, filepath.Join(t.TempDir(), "arauto.db")), mirror{}, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	account := brazil
	for account.ID = 0; account.ID != brazil.ID; { // ids are given in order
		account.Slug = fmt.Sprintf("exemplo-%d", account.ID)
		account = must(s.CreateAccount(t.Context(), arauto.System(brazil.ID), now, account))
	}
	return s
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// newCampaign is a voice campaign in the store.
func newCampaign(s *store.Store, name string) arauto.Campaign {
	who, ctx := arauto.System(brazil.ID), context.Background()
	voice := arauto.NewVoice(arauto.DialProgressive)
	voice.CallerIDs = []arauto.Phone{"+551140001234"}
	return must(s.CreateCampaign(ctx, who, now, arauto.Campaign{Account: brazil.ID, Name: name, Channel: arauto.ChannelVoice, Standing: true, Voice: voice}))
}

// TestOverSQLite asks the same of a real database and of the plain loops in world, in any order: answers must be equal to
// the byte, and so must what is counted.
func TestOverSQLite(t *testing.T) {
	s := openStore(t)
	w := &world{now: now}
	plain, real := w.api(t), w.api(t)
	real.Campaigns, real.Contacts = s, s
	// Contacts of another campaign are in nobody's way, and are nobody's.
	other := newCampaign(s, "Outra")
	w.campaignList = append(w.campaignList, other)
	lives, most := 0, 100
	if testing.Short() {
		most = 25
	}
	rapid.Check(t, func(t *rapid.T) {
		if lives++; lives > most {
			return
		}
		of := newCampaign(s, "Carnês")
		w.campaignList = append(w.campaignList, of)
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			w.now = w.now.Add(time.Duration(rapid.IntRange(1, 3000).Draw(t, "ms")) * time.Millisecond)
			method, target, body := drawRequest(t, w, of.ID, other.ID)
			want, got := answer(t, plain, method, target, body), answer(t, real, method, target, body)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s %s %s (-plain loops +SQLite):\n%s", method, target, body, diff)
			}
			call(t, w, s, of.ID)
		}
		counts := must(w.DialCounts(context.Background(), brazil.ID, []int64{of.ID}))
		kept := must(s.DialCounts(context.Background(), brazil.ID, []int64{of.ID}))
		if diff := cmp.Diff(counts[of.ID].Total(), kept[of.ID].Total()); diff != "" {
			t.Fatalf("counted: %s", diff)
		}
	})
	// What was asked must have been worth asking.
	removed, live := 0, map[arauto.Dial]bool{}
	for _, c := range w.rows {
		live[c.Dial] = true
		if !c.DeletedAt.IsZero() {
			removed++
		}
	}
	if removed == 0 || len(live) < 6 {
		t.Errorf("%d contacts were removed, and statuses came to be %v", removed, live)
	}
}

var phones = []string{
	"+55 11 98888-0001", "11 98888-0001", "(11) 98888-0002", "+5511988880003", "+1 111-111-1111", "+11111111111", "551198888-0004", "ramal 12", "", "+55 21 8888-0005", "+55 21 98888-0005",
}

// drawRequest is one request, about this campaign or the other.
func drawRequest(t *rapid.T, w *world, campaign, other int64) (method, target, body string) {
	if rapid.IntRange(0, 5).Draw(t, "elsewhere") == 0 {
		campaign = other
	}
	contacts := AppsPrefix + fmt.Sprintf("campaigns/%d/contacts", campaign)
	id := func() string {
		return fmt.Sprint(max(1, w.lastID-int64(rapid.IntRange(0, 12).Draw(t, "id"))))
	}
	text := func(label string, from ...string) string {
		return fmt.Sprintf("%q", rapid.SampledFrom(from).Draw(t, label))
	}
	person := func() string {
		return `{"name":` + text("name", "Ana", "Bia", "Caio \"C\"", "") + `,"phone_number":` + text("phone", phones...) + `,"email":` + text("email", "", "a@b.c") +
			`,"outbound_number":` + text("outbound", "", "", "+55 11 4000-1234", "+55 11 4000-9999") + `,"external_unique_id":` + text("external", "", "X-1", "X-2") + `,"loja":` + text("loja", "Centro", "") + `}`
	}
	contact := strings.TrimSuffix(contacts, "s")
	switch rapid.IntRange(0, 6).Draw(t, "what") {
	case 0:
		return http.MethodPost, contacts, person()
	case 1:
		return http.MethodPost, contacts, "[" + person() + "," + person() + "," + person() + "]"
	case 2:
		body = `{"contact_id":` + id()
		for key, values := range map[string][]string{keyName: {"Ana", "Dora"}, keyPhone: phones, keyOutbound: {"", "+55 11 4000-1234", "1"}, keyExternal: {"", "X-1"}, "loja": {"Norte"}, "vip": {"1"}} {
			if rapid.IntRange(0, 3).Draw(t, key+"?") == 0 {
				body += fmt.Sprintf(",%q:%s", key, text(key, values...))
			}
		}
		return http.MethodPatch, contact, body + "}"
	case 3:
		switch rapid.IntRange(0, 3).Draw(t, "by") {
		case 0:
			return http.MethodDelete, contact, `{"contact_id":` + id() + `}`
		case 1:
			return http.MethodDelete, contact, `{"phone_number":` + text("phone", phones...) + `}`
		case 2:
			return http.MethodDelete, contact, `{"external_unique_id":` + text("external", "X-1", "X-2", "X-3") + `}`
		}
		return http.MethodDelete, contact, `{"contact_id":` + id() + `,"phone_number":` + text("phone", phones...) + `,"external_unique_id":` + text("external", "", "X-1") + `}`
	case 4:
		return http.MethodGet, contacts + fmt.Sprintf("?page=%d&per_page=%d", rapid.IntRange(1, 4).Draw(t, "page"), rapid.IntRange(1, 5).Draw(t, "size")), ""
	case 5:
		since := w.now.Add(-time.Duration(rapid.IntRange(0, 20_000).Draw(t, "ago")) * time.Millisecond).Format(time.RFC3339Nano)
		return http.MethodGet, contacts + "?updated_since=" + since + rapid.SampledFrom([]string{"", "&page=2&per_page=2"}).Draw(t, "paged"), ""
	}
	return http.MethodGet, contacts, ""
}

// call moves one contact a step through a call, in both.
func call(t *rapid.T, w *world, s *store.Store, campaign int64) {
	found := w.find(brazil.ID, campaign)
	if len(found) == 0 || rapid.Bool().Draw(t, "no call") {
		return
	}
	c := rapid.SampledFrom(found).Draw(t, "contact")
	fact := arauto.DialFact{Kind: rapid.SampledFrom(arauto.DialEvents()).Draw(t, "fact"), At: w.now, Due: w.now.Add(time.Hour)}
	if fact.Kind == arauto.DialEventDialed {
		fact.Attempt = 4711
	}
	moved := must(s.MoveDials(context.Background(), w.now, brazil.ID, []arauto.DialMove{{Contact: c.ID, Fact: fact}}))
	next, err := c.Dialed(fact)
	if (err == nil) != (moved[0].Err == nil) {
		t.Fatalf("%s of a contact that is %s: %v, stored %v", fact.Kind, c.Dial, err, moved[0].Err)
	}
	same := next
	same.UpdatedAt = c.UpdatedAt
	if err != nil || reflect.DeepEqual(same, c) { // a fact that changes nothing is not written
		return
	}
	for i := range w.rows {
		if w.rows[i].ID == c.ID {
			w.rows[i] = next
		}
	}
}

// answer is a whole answer with a line for each row.
func answer(t *rapid.T, a *API, method, target, body string) string {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	w := httptest.NewRecorder()
	for _, route := range a.Routes() {
		at, pattern, _ := strings.Cut(route.Pattern, " ")
		parts, want := strings.Split(r.URL.Path, "/"), strings.Split(pattern, "/")
		if at != method || len(parts) != len(want) || parts[len(parts)-1] != want[len(want)-1] {
			continue
		}
		r.SetPathValue("campaign", parts[6])
		route.Serve(w, r, Caller{arauto.Token{ID: 3, Account: brazil.ID, Name: "crm"}, brazil})
		return fmt.Sprintln(w.Code, w.Header()) + strings.ReplaceAll(w.Body.String(), "},{", "},\n{")
	}
	t.Fatalf("no route for %s %s", method, target)
	return ""
}

// TestListInConstantMemory: what a listing holds does not grow with the campaign.
func TestListInConstantMemory(t *testing.T) {
	rows := 50_000
	if testing.Short() {
		rows = 5_000
	}
	s := openStore(t)
	of := newCampaign(s, "Grande")
	batch := make([]arauto.Contact, 5_000)
	for n := 0; n < rows; n += len(batch) {
		for i := range batch {
			batch[i] = arauto.Contact{
				Name: "Pessoa de nome comprido", Email: "pessoa@exemplo.com.br", PhoneRaw: fmt.Sprintf("+55 11 9%08d", n+i), External: fmt.Sprint("CLI-", n+i),
				Fields: arauto.Fields{{Key: "contrato", Value: "0042"}, {Key: "valor", Value: "R$ 1.234,56"}},
			}
		}
		must(s.AddDialContacts(t.Context(), now, brazil.ID, of.ID, batch))
	}
	a := given().api(t)
	a.Campaigns, a.Contacts = s, s
	r := httptest.NewRequest(http.MethodGet, AppsPrefix+fmt.Sprintf("campaigns/%d/contacts", of.ID), nil)
	r.SetPathValue("campaign", fmt.Sprint(of.ID))
	out := &meter{header: http.Header{}}
	a.inCampaign(a.list)(out, r, Caller{Account: brazil})
	if out.rows != rows || out.last != ']' {
		t.Errorf("%d rows, ending in %q", out.rows, out.last)
	}
	if most := uint64(16 << 20); out.peak > out.first+most {
		t.Errorf("the heap grew from %d to %d bytes while %d rows were written", out.first, out.peak, rows)
	}
	t.Logf("%d rows, %d bytes in %s; the heap went from %d to at most %d KB", out.rows, out.bytes, time.Since(out.began).Round(time.Millisecond), out.first>>10, out.peak>>10)
}

// A meter counts what is written and looks at the heap meanwhile.
type meter struct {
	header      http.Header
	rows, bytes int
	writes      int
	last        byte
	first, peak uint64
	began       time.Time
}

func (m *meter) Header() http.Header { return m.header }
func (m *meter) WriteHeader(int)     {}

func (m *meter) Write(b []byte) (int, error) {
	if m.writes++; m.writes%20 == 1 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		if m.first == 0 {
			m.first, m.began = stats.HeapAlloc, time.Now()
		}
		m.peak = max(m.peak, stats.HeapAlloc)
	}
	m.rows += strings.Count(string(b), `"phone_number":`)
	m.bytes += len(b)
	m.last = b[len(b)-1]
	return len(b), nil
}
