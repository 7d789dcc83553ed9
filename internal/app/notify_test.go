package app_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"arauto/internal/sandbox"
)

// told is somebody's receiver: it verifies what it is told, and answers 500 while it is down.
type told struct {
	*httptest.Server
	mu     sync.Mutex
	secret string
	down   bool
	forged int
	turned int // deliveries that were not taken
	events []toldEvent
}

type toldEvent struct {
	ID   string
	Type string
	Data struct {
		ContactID int64  `json:"contact_id"`
		Phone     string `json:"phone"`
		Old       string `json:"old_state"`
		New       string `json:"new_state"`
		Code      *int   `json:"error_code"`
		State     string `json:"state"`
		Accepted  int    `json:"accepted"`
	}
}

func newTold(t *testing.T, api client) *told {
	t.Helper()
	r := &told{}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	var made struct{ Secret string }
	api.do(t, "POST", "/api/v1/endpoints", object{"url": r.URL + "/hook"}, &made)
	r.mu.Lock()
	r.secret = made.Secret
	r.mu.Unlock()
	return r
}

func (r *told) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, _ := io.ReadAll(q.Body)
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.secret, "whsec_"))
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", q.Header.Get("webhook-id"), q.Header.Get("webhook-timestamp"), body)
	if q.Header.Get("webhook-signature") != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
		r.forged++
	}
	if r.down {
		r.turned++
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	var delivery struct{ Data []toldEvent }
	if err := json.Unmarshal(body, &delivery); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.events = append(r.events, delivery.Data...)
}

func (r *told) is(down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = down
}

// has reports whether an event was told that is wanted.
func (r *told) has(want func(toldEvent) bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if want(e) {
			return true
		}
	}
	return false
}

// TestNotify: a campaign from its file to its replies, as somebody's receiver is told of it.
func TestNotify(t *testing.T) {
	t.Parallel()
	o := newOffice(t, sandbox.Config{})
	r := newTold(t, o.api)
	const ana, bia = "5511980000051", "5511980000052"
	c := o.api.newCampaign(t, o.business, "ofertas")
	o.api.importCSV(t, c.ID, "name,phone\nAna,+"+ana+"\nBia,+"+bia+"\n")
	o.api.start(t, c.ID)
	wait := func(what string, want func(toldEvent) bool) {
		t.Helper()
		until(t, 20*time.Second, what+" is told", func() bool { return r.has(want) })
	}
	wait("the import's end", func(e toldEvent) bool {
		return e.Type == "import.finished" && e.Data.State == "completed" && e.Data.Accepted == 2
	})
	wait("the campaign's end", func(e toldEvent) bool {
		return e.Type == "campaign.state" && e.Data.Old == "running" && e.Data.New == "completed"
	})
	r.is(true)
	taken := o.taken()
	o.status(t, taken[ana], "delivered", true)
	o.status(t, taken[bia], "failed", true)
	o.write(t, taken[ana], "wamid.in", object{"type": "text", "text": object{"body": "Oi"}})
	o.becomes(t, c.ID, ana, "replied")
	o.becomes(t, c.ID, bia, "failed")
	until(t, 10*time.Second, "a delivery is refused", func() bool { r.mu.Lock(); defer r.mu.Unlock(); return r.turned > 0 })
	r.is(false)
	wait("a failure", func(e toldEvent) bool {
		return e.Data.Phone == "+"+bia && e.Data.New == "failed" && e.Data.Code != nil && *e.Data.Code == 131026
	})
	wait("a reply", func(e toldEvent) bool { return e.Data.Phone == "+"+ana && e.Data.New == "replied" })
	wait("a conversation", func(e toldEvent) bool { return e.Type == "conversation.opened" && e.Data.Phone == "+"+ana })

	r.mu.Lock()
	defer r.mu.Unlock()
	seen, stands := map[string]bool{}, map[string]string{ana: "pending", bia: "pending"}
	for _, e := range r.events {
		if e.ID == "" || seen[e.ID] {
			t.Errorf("event %q came twice although it was taken", e.ID)
		}
		seen[e.ID] = true
		if phone := strings.TrimPrefix(e.Data.Phone, "+"); e.Type == "contact.state" {
			if stands[phone] != e.Data.Old {
				t.Errorf("%s was told as %s, then as going from %s to %s", phone, stands[phone], e.Data.Old, e.Data.New)
			}
			stands[phone] = e.Data.New
		}
	}
	if stands[ana] != "replied" || stands[bia] != "failed" || r.forged > 0 {
		t.Errorf("%v, %d forged", stands, r.forged)
	}
}
