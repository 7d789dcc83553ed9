package whatsapp_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"arauto"
	"arauto/internal/sandbox"
	"arauto/internal/whatsapp"
)

// TestConvert: what the sandbox's end of the Conversions API takes is what is meant.
func TestConvert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := sandbox.New(sandbox.Config{AccessToken: token})
		c := whatsapp.New(whatsapp.Config{Transport: sandbox.InProcess(sb)})
		s := sender("http://sandbox.invalid")
		const waba = "500100200300400"
		dataset, err := c.Dataset(t.Context(), s, waba)
		if err != nil {
			t.Fatal(err)
		}
		v := arauto.Conversion{ID: 5, Account: 7, Clid: "ARAk", Event: "Purchase", Value: arauto.Money{Currency: arauto.BRL, Micros: 150_500_000}, At: time.Now()}
		if err := c.Convert(t.Context(), s, waba, dataset, v); err != nil {
			t.Fatal(err)
		}
		lead := v
		lead.Event, lead.Value, lead.ID = "LeadSubmitted", arauto.Money{}, 6
		if err := c.Convert(t.Context(), s, waba, dataset, lead); err != nil {
			t.Fatal(err)
		}
		var got, want any
		if err := json.Unmarshal(sb.Conversions()[0].Event, &got); err != nil {
			t.Fatal(err)
		}
		at, _ := json.Marshal(v.At.Unix())
		_ = json.Unmarshal([]byte(`{"event_name":"Purchase","event_time":`+string(at)+`,"event_id":"conversion.7.5","action_source":"business_messaging","messaging_channel":"whatsapp",
			"user_data":{"whatsapp_business_account_id":"`+waba+`","ctwa_clid":"ARAk"},"custom_data":{"currency":"BRL","value":150.50}}`), &want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if n := len(sb.Conversions()); n != 2 {
			t.Errorf("%d events", n)
		}
		bad := v
		bad.Event = "Lead"
		refusedAs := func(err error, action arauto.Action) {
			t.Helper()
			e, ok := errors.AsType[*arauto.SendError](err)
			if !ok || e.Action != action {
				t.Errorf("got %v, want %s", err, action)
			}
		}
		refusedAs(c.Convert(t.Context(), s, waba, dataset, bad), arauto.ActionFail)
		refusedAs(c.Convert(t.Context(), s, waba, "../"+dataset, v), arauto.ActionPause)
		elsewhere := s
		elsewhere.GraphURL = "http://user@sandbox.invalid"
		refusedAs(c.Convert(t.Context(), elsewhere, waba, dataset, v), arauto.ActionPause)
		time.Sleep(time.Hour) // the bubble's own
	})
}

// TestConvert_Answers: only an answer that says that nothing was taken leads to another try.
func TestConvert_Answers(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   arauto.Action
	}{
		"taken":                {200, `{"events_received":1}`, ""},
		"taken by nobody":      {200, `{}`, arauto.ActionUnknown},
		"too many calls":       {400, `{"error":{"code":4,"message":"limit"}}`, arauto.ActionPause},
		"a wrong event":        {400, `{"error":{"code":100,"message":"Invalid parameter"}}`, arauto.ActionFail},
		"a page of a proxy's":  {502, `<html>`, arauto.ActionUnknown},
		"trouble without code": {500, `{}`, arauto.ActionUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			client := whatsapp.New(whatsapp.Config{Transport: sandbox.InProcess(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))})
			err := client.Convert(t.Context(), sender("http://sandbox.invalid"), "5", "7", arauto.Conversion{Clid: "AR", Event: "Purchase", At: time.Now()})
			var got arauto.Action
			if e, ok := errors.AsType[*arauto.SendError](err); ok {
				got = e.Action
			}
			if got != c.want || (err == nil) != (c.want == "") {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}
