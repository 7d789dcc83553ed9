package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"arauto/internal/sandbox"
)

func TestEvents(t *testing.T) {
	inBubble(t, nil, func(w *world) {
		a := w.call("POST", "/v25.0/"+w.cfg.WABAID+"/dataset", "")
		dataset := a.id()
		if dataset == "" {
			dataset, _ = dig(a.body, "id").(string)
		}
		good := fmt.Sprintf(`{"event_name":"Purchase","event_time":%d,"action_source":"business_messaging","messaging_channel":"whatsapp",`+
			`"user_data":{"whatsapp_business_account_id":%q,"ctwa_clid":"AR1"},"custom_data":{"currency":"BRL","value":150.00}}`, time.Now().Unix(), w.cfg.WABAID)
		post := func(events ...string) answer {
			return w.call("POST", "/v25.0/"+dataset+"/events", `{"data":[`+strings.Join(events, ",")+`]}`)
		}
		if got := post(good, strings.Replace(good, "AR1", "AR2", 1)); dig(got.body, "events_received") != 2. {
			t.Fatalf("answered %s", got.raw)
		}
		for name, bad := range map[string]string{
			"Lead is not Meta's":  strings.Replace(good, "Purchase", "Lead", 1),
			"no click":            strings.Replace(good, "AR1", "", 1),
			"another WABA":        strings.Replace(good, w.cfg.WABAID, "1", 1),
			"a purchase for free": strings.Replace(good, "custom_data", "custom", 1),
			"too long ago":        strings.Replace(good, `"event_time":`, `"event_time":1,"x":`, 1),
			"another channel":     strings.Replace(good, "whatsapp\",", "sms\",", 1),
		} {
			if got := post(good, bad); got.code() != 100 {
				t.Errorf("%s: %s", name, got.raw)
			}
		}
		post(good)
		var told []string
		for _, e := range w.box.Conversions() {
			told = append(told, fmt.Sprint(e.Clid, " ", e.Repeated))
		}
		if got := strings.Join(told, ", "); got != "AR1 0, AR2 0, AR1 1" {
			t.Errorf("taken: %s", got)
		}
		w.box.Reset(1)
		if n := len(w.box.Conversions()); n != 0 {
			t.Errorf("%d events after a reset", n)
		}
	})
}

// TestAds_HaveAPicture: what a referral points at is there, for whoever copies it.
func TestAds_HaveAPicture(t *testing.T) {
	w := newWorld(t, func(c *sandbox.Config) { c.AdsURL = "http://127.0.0.1:1" })
	for path, want := range map[string]string{"/ads/120.jpg": "image/png", "/ads/120.mp4": "video/mp4"} {
		if a := w.call("GET", path, ""); a.status != 200 || len(a.raw) == 0 {
			t.Errorf("%s (%s): %d", path, want, a.status)
		}
	}
}
