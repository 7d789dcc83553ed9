package ccai

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"arauto"
)

// TestWords_AreTotal: no state of ours is without the vendor's word.
func TestWords_AreTotal(t *testing.T) {
	for _, s := range arauto.CampaignStates() {
		if !slices.Contains([]string{"ready", "dialing", "paused", "completed"}, campaignStates[s]) {
			t.Errorf("campaign %s is shown as %q", s, campaignStates[s])
		}
	}
	for _, s := range arauto.JobStates() {
		if !slices.Contains([]string{"in_progress", "completed", "failed"}, jobStates[s]) {
			t.Errorf("job %s is shown as %q", s, jobStates[s])
		}
	}
}

// TestLabels: exactly the vendor's 21, in its order, in statistics too.
func TestLabels(t *testing.T) {
	want := []string{
		"Upcoming", "Dialing", "Queued", "Connected", "Finished", "Transferred", "Transferred and Finished", "Not Picked Up", "Not Reached to Contact",
		"Abandoned by Contact", "Skipped", "Skipped and Closed", "Invalid Number", "Carrier Error", "Abandoned by Dialer", "Voicemail Hung Up",
		"Dialer General Error", "Redial Scheduled", "Do Not Call", "Invalid Outbound Number", "Blocked Phone Number",
	}
	var rows []struct{ Status string }
	if err := json.Unmarshal(given().ask(t, http.MethodGet, AppsPrefix+"campaigns/11/contacts", "").Body.Bytes(), &rows); err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		if i >= len(want) || r.Status != want[i] {
			t.Errorf("status %d is %q", i, r.Status)
		}
	}
	dec := json.NewDecoder(given().ask(t, http.MethodGet, ManagerPrefix+"campaigns/11", "").Body)
	var keys []string
	for inStats := false; ; {
		token, err := dec.Token()
		if err != nil {
			break
		}
		if key, isText := token.(string); isText && inStats {
			keys = append(keys, key)
		} else if isText && key == "contact_stats" {
			inStats = true
		}
	}
	if want = append(want, "Contacts", "Completed"); !slices.Equal(keys, want) || len(rows) != 21 {
		t.Errorf("%d rows; contact_stats has %q", len(rows), keys)
	}
}

// TestAnswers_AreForNobodyElse: answers are about people: none may stay in a cache, and none is HTML.
func TestAnswers_AreForNobodyElse(t *testing.T) {
	for _, target := range []string{AppsPrefix + "campaigns/6/contacts", ManagerPrefix + "campaigns", AppsPrefix + "campaigns/6/contacts/jobs/530", "/nothing"} {
		h := given().ask(t, http.MethodGet, target, "").Header()
		if h.Get("Cache-Control") != "no-store" || h.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %v", target, h)
		}
	}
}
