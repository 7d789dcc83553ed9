package wolkvox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"arauto"
)

// answer is what is looked at of a response.
type answer struct {
	Status int
	Code   string              `json:"code"`
	Error  *string             `json:"error"`
	Msg    string              `json:"msg"`
	Data   []map[string]string `json:"data"`
	size   int
}

func ask14(t testing.TB, h http.Handler, from, to string) answer {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, ReportsPath+"?"+url.Values{"api": {"chat_14"}, "date_ini": {from}, "date_end": {to}}.Encode(), nil)
	r.Header.Set("WOLKVOX-TOKEN", "TOKEN")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	got := answer{Status: w.Code, size: w.Body.Len()}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v\n%.300s", err, w.Body)
	}
	if got.Code != fmt.Sprint(w.Code) || (got.Error == nil) != (w.Code == 200) {
		t.Fatalf("the body of a %d says %q, %v", w.Code, got.Code, got.Error)
	}
	return got
}

const (
	november = "20261101000000"
	monthEnd = "20261130235959"
)

// TestLimit_Records: 60,000 pass whole, one more is refused whole.
func TestLimit_Records(t *testing.T) {
	w := many(60_000)
	got := ask14(t, w.serve(), november, monthEnd)
	if got.Status != 200 || len(got.Data) != 60_000 || got.Msg != "60000 records were found" {
		t.Fatalf("%d: %q with %d rows", got.Status, got.Msg, len(got.Data))
	}
	for i, row := range got.Data {
		if row["chat_id"] != fmt.Sprint(i+1) {
			t.Fatalf("row %d is of chat %s", i, row["chat_id"])
		}
	}
	if got := ask14(t, many(60_001).serve(), november, monthEnd); got.Status != 400 || len(got.Data) != 0 || got.Msg != errTooMany.msg {
		t.Errorf("one more: %d %q", got.Status, got.Msg)
	}
}

func TestLimit_Days(t *testing.T) {
	for _, c := range []struct{ from, to, msg string }{
		{"20261101000000", "20261201235959", ""},
		{"20261101000000", "20261202000000", errTooFar.msg},
		{"20260101000000", "20260131235959", ""},
		{"20260101000001", "20260201000000", ""},
		{"20260101000000", "20260201000000", errTooFar.msg},
		{"20261128000000", "20261228235959", ""}, // what is to come
		{"20261128000000", "20261128000000", ""}, // one second
		{"20261128000001", "20261128000000", errBackwards.msg},
		{"20260229000000", "20260301000000", errBadDate.msg},
		{"20261128240000", "20261128240001", errBadDate.msg},
		{"2026112800000", "20261128000000", errBadDate.msg},
		{"2026-11-28 000000", "20261128000000", errBadDate.msg},
		{"20261128000000", "20261128000060", errBadDate.msg},
		{"00000101000000", "00000102000000", errBadDate.msg},
		{"２０２６1128000000", "20261128000000", errBadDate.msg},
		{"", "20261128000000", errNoParameters.msg},
	} {
		got := ask14(t, given().serve(), c.from, c.to)
		if ok := c.msg == ""; ok != (got.Status == 200) || !ok && got.Msg != c.msg {
			t.Errorf("%s to %s: %d %q", c.from, c.to, got.Status, got.Msg)
		}
	}
}

// TestDates_ClocksSetBack: an hour that comes twice is in a report that begins or ends in it, both times.
func TestDates_ClocksSetBack(t *testing.T) {
	w := given()
	w.account.TimeZone = "America/New_York" // 2026-11-01 02:00 is 01:00 again, at 06:00 UTC
	w.clicks = nil
	for i, at := range []string{"05:00:00", "05:30:59.999", "06:30:59.999", "06:31:00"} {
		when, err := time.Parse("2006-01-02 15:04:05.999", "2026-11-01 "+at)
		if err != nil {
			t.Fatal(err)
		}
		w.clicks = append(w.clicks, arauto.ClickRow{Click: arauto.Click{ID: int64(i + 1), Conversation: int64(i + 1), At: when}})
	}
	if got := ask14(t, w.serve(), "20261101010000", "20261101013059"); len(got.Data) != 3 {
		t.Errorf("%d of 3: %v", len(got.Data), got.Data)
	}
}

// TestLimit_Bytes: the last byte that fits passes, and the decision comes before the first one leaves.
func TestLimit_Bytes(t *testing.T) {
	w := many(50)
	for i := range w.clicks {
		w.clicks[i].Referral.SourceURL = strings.Repeat(`"é`, i) // some bytes are written as two
	}
	size := ask14(t, w.serve(), november, monthEnd).size
	for _, c := range []struct {
		limit int
		want  int
	}{{size, 200}, {size - 1, 400}, {size / 2, 400}, {size * 10, 200}} {
		w.limits.Bytes = int64(c.limit)
		got := ask14(t, w.serve(), november, monthEnd)
		if got.Status != c.want || c.want == 400 && got.Msg != errTooLarge.msg {
			t.Errorf("of %d bytes where %d are allowed: %d %q", size, c.limit, got.Status, got.Msg)
		}
	}
}

// TestBounds_OfRows: what a row is reckoned at before it is read holds for every row.
func TestBounds_OfRows(t *testing.T) {
	least := appendClick(nil, &arauto.ClickRow{Click: arauto.Click{At: now}}, time.UTC)
	if int64(len(least)) != clickLeast {
		t.Errorf("the least row takes %d bytes, not %d", len(least), clickLeast)
	}
	long := strings.Repeat("\x01", 100)
	row := arauto.ClickRow{
		Click: arauto.Click{
			At: now, Conversation: 1<<53 - 1,
			Referral: arauto.Referral{SourceURL: long, SourceType: arauto.SourceType(long), SourceID: &long, MediaType: long, VideoURL: long},
		},
		RoutingPoint: 1<<53 - 1, Agent: 1<<53 - 1, Activity: strings.Repeat("\x01", maxCode),
	}
	most := appendClick(nil, &row, time.UTC)
	if bound := clickMost + escaped*int64(row.Referral.Width()); int64(len(most)) >= bound {
		t.Errorf("a row takes %d bytes, more than %d", len(most), bound)
	}
	p := recordRows{zone: time.UTC, account: arauto.Account{Language: arauto.Portuguese}}
	record := p.appendRecord(nil, &arauto.ContactRow{Contact: arauto.Contact{
		Campaign: 1<<53 - 1, Phone: "+123456789012345", State: arauto.ContactFailed, SentAt: now, UpdatedAt: now, Detail: strings.Repeat("\x01", 1000),
	}})
	if int64(len(record)) > recordMost {
		t.Errorf("a record takes %d bytes, more than %d", len(record), recordMost)
	}
}

// TestLimit_Together: a second request is answered beside the first, a third is not, and a place is free again when a
// client goes away in the middle.
func TestLimit_Together(t *testing.T) {
	w := many(3 * chunkRows)
	w.leaves = make(chan struct{}, 9)
	hold, held := make(chan struct{}), make(chan struct{}, 2)
	w.read = func(ctx context.Context, _ int) {
		select {
		case held <- struct{}{}:
		default: // nobody waits for those that come later
		}
		select {
		case <-hold:
		case <-ctx.Done():
		}
	}
	server := httptest.NewServer(w.serve())
	defer server.Close()
	ask := func(ctx context.Context) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+ReportsPath+"?api=chat_14&date_ini="+november+"&date_end="+monthEnd, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(TokenHeader, "TOKEN")
		return server.Client().Do(r)
	}
	type result struct {
		status int
		err    error
	}
	results := make(chan result, 2)
	gone, leave := context.WithCancel(t.Context())
	for _, ctx := range []context.Context{t.Context(), gone} {
		go func() {
			answer, err := ask(ctx)
			if err != nil {
				results <- result{0, err}
				return
			}
			defer answer.Body.Close()
			_, err = io.Copy(io.Discard, answer.Body)
			results <- result{answer.StatusCode, err}
		}()
		<-held
	}
	third := func() string {
		answer, err := ask(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(answer.StatusCode, " ", string(body))
	}
	if got := third(); !strings.HasPrefix(got, "403 ") || !strings.Contains(got, errOverTogether.msg) {
		t.Fatalf("a third: %s", got)
	}
	leave()
	if r := <-results; !errors.Is(r.err, context.Canceled) {
		t.Fatalf("the one who left: %+v", r)
	}
	<-w.leaves // the server learns of it in its own time
	close(hold)
	if got := third(); !strings.HasPrefix(got, "200 ") {
		t.Fatalf("after one has left: %.200s", got)
	}
	if r := <-results; r.status != 200 || r.err != nil {
		t.Errorf("the first: %+v", r)
	}
	if used, _ := w.Usage(t.Context(), 7, caller.ID, 20261128); used.Token != 3 {
		t.Errorf("%d requests were counted, not the 3 that were let in", used.Token)
	}
}

// free is how many requests have left.
func (w *world) free() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.left
}

// TestLimit_Day: the last request of the day is answered, also with a 400, the next is refused; the account's midnight
// begins another day.
func TestLimit_Day(t *testing.T) {
	w := given()
	w.account.Rules.Licences = 2
	w.used[[2]int64{20261128, 0}] = 1_998
	h := w.serve()
	if got := ask14(t, h, "20261128000000", "20261131000000"); got.Status != 400 {
		t.Fatalf("a wrong date: %d", got.Status)
	}
	if got := ask14(t, h, november, monthEnd); got.Status != 200 {
		t.Fatalf("the last one: %d %q", got.Status, got.Msg)
	}
	for range 2 {
		if got := ask14(t, h, november, monthEnd); got.Status != 403 || got.Msg != errOverDaily.msg {
			t.Fatalf("the next one: %d %q", got.Status, got.Msg)
		}
	}
	for name, c := range map[string]struct {
		at   string
		want int
	}{"just before midnight in São Paulo": {"2026-11-29T02:59:59Z", 403}, "midnight": {"2026-11-29T03:00:00Z", 200}} {
		w.clock = func() time.Time { at, _ := time.Parse(time.RFC3339, c.at); return at }
		if got := ask14(t, h, november, monthEnd); got.Status != c.want {
			t.Errorf("%s: %d", name, got.Status)
		}
	}
}

// TestLimit_Time: after 60 seconds the connection is aborted, whether the answer had begun or not.
func TestLimit_Time(t *testing.T) {
	for name, call := range map[string]int{"before the first byte": 1, "in the middle": 2} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := many(3 * chunkRows)
				w.read = func(ctx context.Context, n int) {
					if n == call {
						<-ctx.Done()
					}
				}
				began := time.Now()
				defer func() {
					if cause, _ := recover().(error); !errors.Is(cause, http.ErrAbortHandler) {
						t.Errorf("it ended with %v", cause)
					}
					if took := time.Since(began); took != 60*time.Second {
						t.Errorf("after %s", took)
					}
					if w.free() != 1 {
						t.Error("its place is not free")
					}
				}()
				ask14(t, w.serve(), november, monthEnd)
			})
		})
	}
}

// TestBrokenAnswerIsAborted: a client must not take half a report for a whole one.
func TestBrokenAnswerIsAborted(t *testing.T) {
	for _, fail := range []int{1, 3} {
		w := many(3 * chunkRows)
		w.failAfter = fail
		server := httptest.NewServer(w.serve())
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+ReportsPath+"?api=chat_14&date_ini="+november+"&date_end="+monthEnd, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(TokenHeader, "TOKEN")
		answer, err := server.Client().Do(r)
		if err == nil {
			_, err = io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
		}
		if err == nil {
			t.Errorf("a report that broke off at read %d looks whole", fail)
		}
		server.Close()
		if w.free() != 1 {
			t.Error("its place is not free")
		}
	}
}

func TestLimit_Upload(t *testing.T) {
	post := func(n int) (int, string) {
		w := given()
		r := httptest.NewRequest(http.MethodPost, CampaignPath+"?api=add_record&campaign_id=11", strings.NewReader("["+strings.TrimSuffix(strings.Repeat(`{"tel1":"+5511987654321"},`, n), ",")+"]"))
		r.Header.Set(TokenHeader, "TOKEN")
		rec := httptest.NewRecorder()
		w.serve().ServeHTTP(rec, r)
		if rec.Code != 201 && w.lines != "" {
			t.Errorf("a request that was refused with %d added something", rec.Code)
		}
		return rec.Code, rec.Body.String()
	}
	if status, body := post(10_000); status != 201 || !strings.Contains(body, `"msg":"10000 records were added"`) {
		t.Errorf("10,000: %d %s", status, body)
	}
	if status, body := post(10_001); status != 400 || !strings.Contains(body, errUploadMany.msg) {
		t.Errorf("10,001: %d %s", status, body)
	}
}

func TestRecords_BecomeLines(t *testing.T) {
	w := given()
	body := `[{"customer_name":"Conceição","customer_last_name":"Araújo","tel1":"","tel2":"+5511987654321","tel3":1130001234,"opt1":"a \"b\"","age":42,"vip":true,"opt2":null,"name":"other"}]`
	r := httptest.NewRequest(http.MethodPost, CampaignPath+"?api=add_record&campaign_id=11", strings.NewReader(body))
	r.Header.Set(TokenHeader, "TOKEN")
	w.serve().ServeHTTP(httptest.NewRecorder(), r)
	want := `{"name":"Conceição Araújo","phone":"+5511987654321","age":"42","opt1":"a \"b\"","tel3":"1130001234","vip":"true"}` + "\n"
	if w.lines != want {
		t.Errorf("got  %swant %s", w.lines, want)
	}
	if w.actor != (arauto.Actor{Account: 7, Token: 3, Name: "bi"}) {
		t.Errorf("by %+v", w.actor)
	}
}

// TestStatuses: no state is without a word, and no word is the vendor's by accident.
func TestStatuses(t *testing.T) {
	for _, s := range arauto.ContactStates() {
		if _, ok := statuses[s]; !ok {
			t.Errorf("%s has no status", s)
		}
	}
	if len(statuses) != len(arauto.ContactStates()) {
		t.Errorf("%d words for %d states", len(statuses), len(arauto.ContactStates()))
	}
}

func TestAppendString(t *testing.T) {
	for _, s := range []string{"", "anúncio & cia </b>", "a\"b\\c", "\x00\x1f\n\r\t", "\xff\xfea", "日本 😀", strings.Repeat("é\"", 99)} {
		var back string
		if err := json.Unmarshal(appendString(nil, s), &back); err != nil || back != strings.ToValidUTF8(s, "\ufffd") && s != "\xff\xfea" {
			t.Errorf("%q: %v", s, err)
		}
	}
}
