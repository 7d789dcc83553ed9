package ccai

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"arauto"
)

// ask sends a request in the name of a token that may read and write.
func (w *world) ask(t testing.TB, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.SetBasicAuth("exemplo", "TOKEN")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	w.serve(t).ServeHTTP(answer, r)
	return answer
}

const contactsOf12 = AppsPrefix + "campaigns/12/contacts"

func ids(t testing.TB, body []byte) []int64 {
	t.Helper()
	var rows []struct{ ID int64 }
	if err := json.Unmarshal(body, &rows); err != nil {
		t.Fatalf("%v in %.200s", err, body)
	}
	list := []int64{}
	for _, r := range rows {
		list = append(list, r.ID)
	}
	return list
}

func TestList_EverythingInShortReads(t *testing.T) {
	w := given()
	for range 2*chunkRows + 7 {
		w.row(12, arauto.DialUpcoming)
	}
	answer := w.ask(t, http.MethodGet, contactsOf12, "")
	got := ids(t, answer.Body.Bytes())
	for i, id := range got {
		if i > 0 && id <= got[i-1] {
			t.Fatalf("%d follows %d", id, got[i-1])
		}
	}
	if len(got) != 2*chunkRows+7 || w.widest != chunkRows || w.reads != 3 {
		t.Errorf("%d rows in %d reads of up to %d", len(got), w.reads, w.widest)
	}
}

// TestList_IsCutOffWhenAReadFails: a short answer must not look whole, and one that has not begun says why.
func TestList_IsCutOffWhenAReadFails(t *testing.T) {
	w := given()
	for range chunkRows + 1 {
		w.row(12, arauto.DialUpcoming)
	}
	w.failAfter = 2
	func() {
		defer func() {
			if cause, _ := recover().(error); !errors.Is(cause, http.ErrAbortHandler) {
				t.Errorf("the answer ended with %v", cause)
			}
		}()
		w.ask(t, http.MethodGet, contactsOf12, "")
	}()
	w.failAfter, w.reads = 1, 0
	if answer := w.ask(t, http.MethodGet, contactsOf12, ""); answer.Code != http.StatusInternalServerError || strings.Contains(answer.Body.String(), "disk") {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

func TestList_HEADReadsNoMoreThanTheFirst(t *testing.T) {
	w := given()
	for range 3 * chunkRows {
		w.row(12, arauto.DialUpcoming)
	}
	if answer := w.ask(t, http.MethodHead, contactsOf12, ""); answer.Code != http.StatusOK || answer.Body.Len() > 0 || w.reads > 1 {
		t.Errorf("%d, %d bytes, %d reads", answer.Code, answer.Body.Len(), w.reads)
	}
}

var nextLink = regexp.MustCompile(`<([^>]*)>; rel="next"`)

// TestList_Walk: following the next link shows every contact once, in order, whatever the page's size, while others are
// added; and the numbers of pages alone give the same pages as long as nothing is removed.
func TestList_Walk(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := given()
		n := rapid.IntRange(0, 40).Draw(rt, "contacts")
		var want []int64
		for range n {
			w.row(rapid.SampledFrom([]int64{11, 12}).Draw(rt, "campaign"), arauto.DialUpcoming)
			if last := w.rows[len(w.rows)-1]; last.Campaign == 12 {
				want = append(want, last.ID)
			}
		}
		size := rapid.SampledFrom([]string{"1", "2", "7", "100"}).Draw(rt, "size")
		numbered := rapid.Bool().Draw(rt, "numbered")
		var got []int64
		target := contactsOf12 + "?page=1&per_page=" + size
		for target != "" {
			if numbered {
				target = regexp.MustCompile(`after_id=\d+&`).ReplaceAllString(target, "")
			}
			answer := w.ask(t, http.MethodGet, target, "")
			got = append(got, ids(t, answer.Body.Bytes())...)
			target = ""
			if next := nextLink.FindStringSubmatch(answer.Header().Get("Link")); next != nil {
				target = next[1]
			}
			if rapid.Bool().Draw(rt, "more") && target != "" {
				w.row(12, arauto.DialUpcoming)
				want = append(want, w.rows[len(w.rows)-1].ID)
			}
		}
		if diff := cmp.Diff(append([]int64{}, want...), append([]int64{}, got...)); diff != "" {
			rt.Fatalf("pages of %s (-want +got):\n%s", size, diff)
		}
	})
}

// TestList_UpdatedSince: whoever changed at that moment or later comes, in the order of the changes.
func TestList_UpdatedSince(t *testing.T) {
	w := given()
	for range 5 {
		w.row(12, arauto.DialUpcoming)
	}
	list := w.rows[len(w.rows)-5:]
	moved := list[1].ID
	list[1].UpdatedAt = list[4].UpdatedAt.Add(time.Hour)
	since := list[2].UpdatedAt
	get := func(since time.Time, more string) *httptest.ResponseRecorder {
		return w.ask(t, http.MethodGet, contactsOf12+"?updated_since="+since.Format("2006-01-02T15:04:05.000Z")+more, "")
	}
	want := []int64{list[2].ID, list[3].ID, list[4].ID, moved}
	if diff := cmp.Diff(want, ids(t, get(since, "").Body.Bytes())); diff != "" {
		t.Errorf("since that very moment: %s", diff)
	}
	if diff := cmp.Diff(want[1:], ids(t, get(since.Add(time.Millisecond), "").Body.Bytes())); diff != "" {
		t.Errorf("after it: %s", diff)
	}
	page := get(since, "&page=2&per_page=3")
	if diff := cmp.Diff(want[3:], ids(t, page.Body.Bytes())); diff != "" || page.Header().Get("X-Total") != "4" {
		t.Errorf("page 2 of %s: %s", page.Header().Get("X-Total"), diff)
	}
	if diff := cmp.Diff([]int64{}, ids(t, get(since.Add(1000*time.Hour), "").Body.Bytes())); diff != "" {
		t.Errorf("in the future: %s", diff)
	}
}

func TestParseMoment(t *testing.T) {
	want := time.Date(2024, 8, 5, 14, 51, 49, 0, time.UTC)
	for _, text := range []string{
		"2024-08-05T14:51:49.000Z", "2024-08-05T14:51:49Z", "2024-08-05T14:51:49", "2024-08-05 14:51:49", "2024-08-05T11:51:49-03:00",
		"2024-08-05T16:51:49+02:00", "2024-08-05T16:51:49 02:00", "2024-08-05T16:51:49+0200", "2024-08-05 16:51:49+02:00",
	} {
		if got, err := parseMoment(text); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v %v", text, got, err)
		}
	}
	if got, err := parseMoment("2024-08-05"); err != nil || !got.Equal(want.Truncate(24*time.Hour)) {
		t.Errorf("a day: %v %v", got, err)
	}
	for _, text := range []string{"today", "2024-13-05", "1722869509", "2024-08-05T", strings.Repeat("9", 1000)} {
		if got, err := parseMoment(text); err == nil || len(err.Error()) > 200 {
			t.Errorf("%.50q: %v %v", text, got, err)
		}
	}
}
