package evolux

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"arauto/internal/compat/compattest"
)

// FuzzQuery: no query string panics or is answered with a fault of ours; an answer is JSON; its next page is there.
func FuzzQuery(f *testing.F) {
	for _, name := range compattest.Goldens(f, 1) {
		request, _ := compattest.Read(f, name)
		line, _, _ := strings.Cut(request, " HTTP/")
		if _, query, ok := strings.Cut(line, "?"); ok {
			f.Add(query)
		}
	}
	a := given().api(f)
	a.Phones = phones(f)
	ask := func(t *testing.T, query string) (int, report) {
		r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: SubscribersPath, RawQuery: query}}
		w := httptest.NewRecorder()
		a.Subscribers(w, r.WithContext(t.Context()), reader, brazil)
		var answer report
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatalf("%q: %v\n%s", query, err, w.Body)
		}
		if w.Code >= 500 || answer.Status != w.Code || answer.Message == "" {
			t.Fatalf("%q: %d %s", query, w.Code, w.Body)
		}
		return w.Code, answer
	}
	f.Fuzz(func(t *testing.T, query string) {
		status, answer := ask(t, query)
		if status != http.StatusOK || answer.Pagination.Next == "" {
			return
		}
		next, ok := strings.CutPrefix(answer.Pagination.Next, SubscribersPath+"?_limit=")
		if !ok {
			t.Fatalf("%q: next is %s", query, answer.Pagination.Next)
		}
		if status, again := ask(t, "_limit="+next); status != http.StatusOK || again.Pagination.Total != answer.Pagination.Total || len(again.Data) == 0 {
			t.Fatalf("%q: next %s answers %d with %d of %d", query, next, status, len(again.Data), again.Pagination.Total)
		}
	})
}
