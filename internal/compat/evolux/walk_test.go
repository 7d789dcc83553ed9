package evolux

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/compat/compattest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var reader = arauto.Token{Account: 7, Name: "bi", Scopes: []arauto.TokenScope{arauto.TokenReports}}

// A report is the body of an answer, as far as walking it goes.
type report struct {
	Data []struct {
		Phone string `json:"phone_number"`
		State string `json:"state"`
	} `json:"data"`
	Message    string `json:"message"`
	Pagination struct {
		Next  string `json:"next"`
		Total int64  `json:"total"`
	} `json:"pagination"`
	Status int `json:"status"`
}

func get(t interface {
	Helper()
	Fatalf(string, ...any)
}, a *API, url string,
) report {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, url, nil)
	w := httptest.NewRecorder()
	a.Subscribers(w, r, reader, brazil)
	var answer report
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
		t.Fatalf("GET %s: %d %v\n%s", url, w.Code, err, w.Body)
	}
	return answer
}

// TestWalk: following next shows each row of the first page's moment once, newest first, whatever the limits, while rows
// are inserted, time passes and other accounts are at work.
func TestWalk(t *testing.T) {
	filters := map[string]func(arauto.ContactRow) bool{
		"":                             func(arauto.ContactRow) bool { return true },
		"&state=sent":                  func(r arauto.ContactRow) bool { return r.State == arauto.ContactSent },
		"&state=scheduled":             func(r arauto.ContactRow) bool { return r.Future(now) },
		"&name=ana&phone_number=":      func(r arauto.ContactRow) bool { return r.Name == "Ana" },
		"&start=2024-09-06T03:00:00Z":  func(r arauto.ContactRow) bool { return !r.InsertedAt.Before(now.Add(-15*time.Hour - 30*time.Minute)) },
		"&campaigns[]=" + october + "": func(r arauto.ContactRow) bool { return r.Campaign == 2 },
	}
	rapid.Check(t, func(t *rapid.T) {
		clock := now
		w := &world{campaigns: given().campaigns}
		a := New(Config{Reports: w, Phones: nil, Now: func() time.Time { return clock }, Logger: slog.New(slog.DiscardHandler)})
		insert := func(n int) {
			for range n {
				state := rapid.SampledFrom([]arauto.ContactState{arauto.ContactPending, arauto.ContactSent}).Draw(t, "state")
				w.add(rapid.SampledFrom([]string{"Ana", "Bia"}).Draw(t, "name"), state, "{}")
				r := &w.rows[len(w.rows)-1]
				r.Account = rapid.SampledFrom([]int64{7, 7, 7, 8}).Draw(t, "account")
				r.Campaign = rapid.Int64Range(1, 2).Draw(t, "campaign")
				r.InsertedAt = clock.Add(-time.Duration(rapid.IntRange(0, 24).Draw(t, "hours")) * time.Hour)
				r.Phone = arauto.Phone(fmt.Sprintf("+55119%08d", r.ID)) // tells rows apart
				if rapid.Bool().Draw(t, "scheduled") {
					r.Scheduled = now.Add(time.Minute)
				}
			}
		}
		insert(rapid.IntRange(0, 30).Draw(t, "rows"))
		filter := rapid.SampledFrom([]string{"", "&state=sent", "&state=scheduled", "&name=ana&phone_number=", "&start=2024-09-06T03:00:00Z", "&campaigns[]=" + october}).Draw(t, "filter")
		var want []string
		for i := len(w.rows) - 1; i >= 0; i-- {
			if r := w.rows[i]; r.Account == 7 && filters[filter](r) {
				want = append(want, string(r.Phone))
			}
		}
		offset := rapid.IntRange(0, 5).Draw(t, "offset")

		var got []string
		next := fmt.Sprintf("%s?_limit=%d&_offset=%d%s", SubscribersPath, rapid.OneOf(rapid.IntRange(1, 4), rapid.IntRange(1, 40)).Draw(t, "limit"), offset, filter)
		for next != "" {
			answer := get(t, a, next)
			if answer.Pagination.Total != int64(len(want)) {
				t.Fatalf("total %d, want %d", answer.Pagination.Total, len(want))
			}
			for _, row := range answer.Data {
				got = append(got, row.Phone)
				if filter == "&state=scheduled" && row.State != "scheduled" {
					t.Fatalf("a row under scheduled says %s", row.State)
				}
			}
			if next = answer.Pagination.Next; next != "" {
				if begin := fmt.Sprintf("&_offset=%d", offset+len(got)); !strings.Contains(next, begin) {
					t.Fatalf("next is %s, want %s", next, begin)
				}
				if len(answer.Data) == 0 {
					t.Fatal("an empty page has a next one")
				}
			}
			insert(rapid.IntRange(0, 3).Draw(t, "more"))
			clock = clock.Add(time.Hour) // scheduled times come, days end
		}
		if diff := cmp.Diff(want[min(offset, len(want)):], got, cmp.Transformer("empty", func(s []string) string { return fmt.Sprint(s) })); diff != "" {
			t.Fatalf("rows (-want +got):\n%s", diff)
		}
	})
}

// TestClockStandsStill: "now" is the first page's on every page, for what is still to come and for an end left out.
func TestClockStandsStill(t *testing.T) {
	clock := now
	w := &world{}
	for range 3 {
		w.add("Ana", arauto.ContactPending, "{}")
		w.rows[len(w.rows)-1].Scheduled = now.Add(time.Minute)
	}
	a := w.api(t)
	a.Now = func() time.Time { return clock }
	next := SubscribersPath + "?_limit=1&state=scheduled&start=2024-09-05"
	for page := range 3 {
		answer := get(t, a, next)
		if len(answer.Data) != 1 || answer.Data[0].State != "scheduled" {
			t.Fatalf("page %d: %+v", page, answer)
		}
		if next = answer.Pagination.Next; next == "" {
			break
		}
		clock = clock.Add(25 * time.Hour)
		_, raw, _ := strings.Cut(next, "?")
		q, err := parseQuery(raw, 7, clock)
		if err != nil || !q.filter().InsertedTo.Equal(now) {
			t.Fatalf("page %d ends at %v (%v), want %v", page, q.filter().InsertedTo, err, now)
		}
	}
}

// TestRowsVanishBeforeAnOffset: what was counted may be deleted before it is passed over.
func TestRowsVanishBeforeAnOffset(t *testing.T) {
	w := given()
	w.vanish = true
	answer := get(t, w.api(t), SubscribersPath+"?_limit=5&_offset=10")
	if len(answer.Data) != 0 || answer.Pagination.Next != "" || answer.Pagination.Total != 12 {
		t.Errorf("got %+v", answer)
	}
}

// TestOffsetEqualsCursor: a client that counts its own offsets sees the same pages.
func TestOffsetEqualsCursor(t *testing.T) {
	w := given()
	a := w.api(t)
	next := SubscribersPath + "?_limit=5"
	for offset := 0; next != ""; offset += 5 {
		byCursor, byOffset := get(t, a, next), get(t, a, fmt.Sprintf("%s?limit=5&offset=%d", SubscribersPath, offset))
		if diff := cmp.Diff(byCursor, byOffset); diff != "" {
			t.Errorf("offset %d (-cursor +offset):\n%s", offset, diff)
		}
		next = byCursor.Pagination.Next
	}
}

func big(rows int) *world {
	w := &world{}
	for range rows {
		w.add("Ana", arauto.ContactSent, `{"cpf":"000.000.001-91"}`)
	}
	return w
}

func TestBigPagesComeInChunks(t *testing.T) {
	const rows = 3*chunkRows + 1
	for _, limit := range []int{chunkRows - 1, chunkRows, chunkRows + 1, rows - 1, rows, maxLimit} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			answer := get(t, big(rows).api(t), fmt.Sprintf("%s?_limit=%d", SubscribersPath, limit))
			if want := min(limit, rows); len(answer.Data) != want {
				t.Errorf("%d rows, want %d", len(answer.Data), want)
			}
			if more := answer.Pagination.Next != ""; more != (limit < rows) {
				t.Errorf("next is %q", answer.Pagination.Next)
			}
		})
	}
}

// TestBrokenReportIsAborted: a client must not take half a report for a whole one.
func TestBrokenReportIsAborted(t *testing.T) {
	w := big(3 * chunkRows)
	a := w.api(t)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { a.Subscribers(rw, r, reader, brazil) }))
	defer server.Close()
	fetch := func() (int, []byte, error) {
		answer, err := server.Client().Get(server.URL + SubscribersPath + "?_limit=10000")
		if err != nil {
			return 0, nil, err
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		return answer.StatusCode, body, err
	}
	if _, body, err := fetch(); err != nil || !json.Valid(body) {
		t.Fatalf("a whole report: %v", err)
	}
	w.reads, w.failAfter = 0, 3
	if _, body, err := fetch(); err == nil || json.Valid(body) {
		t.Errorf("a report that broke off looks whole: %d bytes", len(body))
	}
	w.reads, w.failAfter = 0, 1
	if status, body, err := fetch(); err != nil || status != http.StatusInternalServerError || strings.Contains(string(body), errDisk.Error()) {
		t.Errorf("before the first byte: %d %s %v", status, body, err)
	}
}

func TestFaultsOfTheStoreAre500(t *testing.T) {
	for _, query := range []string{"", "?_offset=1", "?template_uuid=" + proposal, "?campaigns[]=" + september} {
		w := given()
		w.fault = errDisk
		got := compattest.Exchange(t, w.serve(t), "GET "+SubscribersPath+query+" HTTP/1.1\nHost: arauto.example\nAuthorization: Bearer TOKEN\n\n")
		if !strings.HasPrefix(got, "HTTP/1.1 500") || !strings.Contains(got, `"status":500`) || strings.Contains(got, errDisk.Error()) {
			t.Errorf("%q:\n%s", query, got)
		}
	}
}
