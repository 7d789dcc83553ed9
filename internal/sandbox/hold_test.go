package sandbox_test

import (
	"fmt"
	"testing"
	"time"

	"arauto/internal/sandbox"
)

func TestHold(t *testing.T) {
	hold := func(c *sandbox.Config) {
		c.HoldFor, c.Pace, c.Workers = -1, 0, 1
		c.Script.Rules = []sandbox.Rule{{Hold: "held_for_quality_assessment", First: 1, To: []string{reader}}, {Hold: "paused"}}
	}
	inBubble(t, hold, func(w *world) {
		first := w.send(reader, "")
		if got := dig(first.body, "messages.0.message_status"); got != "held_for_quality_assessment" {
			t.Errorf("first is %v", got)
		}
		second := w.send("+5511975500011", "")
		if got := dig(second.body, "messages.0.message_status"); got != "paused" {
			t.Errorf("second is %v", got)
		}
		w.simple("aviso_simples")
		time.Sleep(100 * time.Hour)
		if got := w.receiver.kinds(); got != "" || w.box.Summary().Held != 3 {
			t.Errorf("told %q, %d held", got, w.box.Summary().Held)
		}
		if a := w.call("GET", "/_sandbox/held", ""); dig(a.body, "held.0.id") != first.id() || dig(a.body, "held.1.message_status") != "paused" {
			t.Errorf("held: %s", a.raw)
		}
		for _, c := range []struct{ body, released, told string }{
			{`{"id":"` + second.id() + `","drop":true}`, "1", "failed"},
			{`{"template":"aviso_simples"}`, "1", "failed sent delivered read"},
			{`{"to":"+55 11 7550-0010"}`, "1", "failed sent delivered read sent delivered read"},
			{`{}`, "0", "failed sent delivered read sent delivered read"},
		} {
			a := w.call("POST", "/_sandbox/release", c.body)
			w.settle()
			if got := w.receiver.kinds(); fmt.Sprint(a.body["released"]) != c.released || got != c.told {
				t.Errorf("%s answered %s, told %q", c.body, a.raw, got)
			}
		}
		if got := w.receiver.all()[0].code; got != 135000 {
			t.Errorf("dropped with %d", got)
		}
		if a := w.call("POST", "/_sandbox/release", `{"to":"x"}`); a.status != 400 {
			t.Errorf("answered %d", a.status)
		}
	})
	t.Run("by itself", func(t *testing.T) {
		inBubble(t, func(c *sandbox.Config) { c.HoldFor = time.Hour }, func(w *world) {
			w.send("+5511975500140", "")
			w.send("+5511975500150", "")
			time.Sleep(59 * time.Minute)
			if got := w.receiver.kinds(); got != "" {
				t.Errorf("told %q", got)
			}
			w.settle()
			if got := w.receiver.kinds(); got != "sent failed delivered" && got != "sent delivered failed" {
				t.Errorf("told %q", got)
			}
		})
	})
}
