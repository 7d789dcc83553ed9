package app_test

import (
	"fmt"
	"testing"
	"time"

	"arauto/internal/sandbox"
)

// TestUnknown: answers are lost after Meta took the messages. One contact is settled by a late webhook, one is sent to
// again because a person says so, the rest is taken for sent; nobody else gets anything twice.
func TestUnknown(t *testing.T) {
	t.Parallel()
	o := newOffice(t, sandbox.Config{})
	if err := o.meta.SetScript(sandbox.Script{Rules: []sandbox.Rule{{Drop: sandbox.DropReset, Taken: true, Count: sandbox.CountRecipient, First: 1}}}); err != nil {
		t.Fatal(err)
	}
	late, again, rest := "5511980000041", "5511980000042", "5511980000043"
	c, taken := o.sent(t, "perdidas", late, again, rest)
	path := fmt.Sprintf("/api/v1/campaigns/%d", c.ID)
	var lost struct {
		Data []struct {
			ContactID int64 `json:"contact_id"`
			Phone     string
			Ref       string
			Evidence  string
		}
	}
	o.api.do(t, "GET", path+"/unknown", nil, &lost)
	if len(lost.Data) != 3 || len(taken) != 3 {
		t.Fatalf("%d unknown, %d taken", len(lost.Data), len(taken))
	}
	ids := map[string]int64{}
	for _, u := range lost.Data {
		who := personOf(u.Phone)
		if ids[who] = u.ContactID; u.Ref != taken[who].Callback || u.Evidence == "" {
			t.Errorf("evidence %+v, the message carried %q", u, taken[who].Callback)
		}
	}

	o.status(t, taken[late], "delivered", true)
	o.becomes(t, c.ID, late, "delivered")
	decide := func(body object) (done struct {
		Changed, Refused int
		Job              *job
	},
	) {
		t.Helper()
		o.api.do(t, "POST", path+"/unknown/settle", body, &done)
		return done
	}
	if done := decide(object{"decision": "again", "contacts": []int64{ids[late], ids[again]}, "reopen": true}); done.Changed != 1 || done.Refused != 1 {
		t.Errorf("settled %+v", done)
	}
	o.becomes(t, c.ID, again, "sent")
	until(t, 20*time.Second, "the campaign completes again", func() bool { return o.api.campaign(t, c.ID).State == "completed" })
	if done := decide(object{"decision": "sent", "all": true}); done.Job == nil {
		t.Errorf("settled %+v", done)
	}
	o.becomes(t, c.ID, rest, "sent")

	messages := map[string]int{}
	for e := range o.meta.Entries() {
		if e.Outcome == sandbox.Accepted {
			messages[personOf(e.To)]++
		}
	}
	if messages[late] != 1 || messages[again] != 2 || messages[rest] != 1 {
		t.Errorf("messages %v", messages)
	}
	var audits struct{ Data []struct{ Action string } }
	o.api.do(t, "GET", "/api/v1/audit?limit=100", nil, &audits)
	seen := map[string]int{}
	for _, a := range audits.Data {
		seen[a.Action]++
	}
	if seen["campaign.settle"] < 1 || seen["campaign.reopen"] != 1 {
		t.Errorf("audit %v", seen)
	}
}
