package app_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"arauto/internal/sandbox"
)

// TestRules: the running program judges a person by the clock of their number, and says so.
func TestRules(t *testing.T) {
	t.Parallel()
	o := newOffice(t, sandbox.Config{})
	shut := strings.ToLower(time.Now().AddDate(0, 0, 3).Weekday().String()[:3]) // nowhere is it that day now
	o.api.do(t, "PATCH", "/api/v1/account", object{"rules": object{"windows": []object{{"days": []string{shut}, "from": "09:00", "to": "10:00"}}}}, nil)
	c := o.api.newCampaign(t, o.business, "horário")
	o.add(t, c.ID, "+573001234567", "+5568980000001")
	o.api.start(t, c.ID)
	for phone, city := range map[string]string{"+573001234567": "Bogota", "+5568980000001": "Rio Branco"} {
		var why struct {
			Data []struct {
				Sentence string
				Verdict  struct{ Reason, Outcome string }
			}
		}
		o.api.do(t, "GET", "/api/v1/why?"+url.Values{"phone": {phone}}.Encode(), nil, &why)
		if len(why.Data) != 1 || why.Data[0].Verdict.Outcome != "wait" || why.Data[0].Verdict.Reason != "outside_window" || !strings.Contains(why.Data[0].Sentence, city) {
			t.Errorf("%s: %+v, want a word of %s", phone, why.Data, city)
		}
	}
}
