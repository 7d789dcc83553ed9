package app

import (
	"bytes"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"arauto"

	"github.com/prometheus/client_golang/prometheus"
)

func TestUnknownCodes_AreCountedAndSaidOnceAnHour(t *testing.T) {
	var log bytes.Buffer
	u := newUnknownCodes(slog.New(slog.NewTextHandler(&log, nil)))
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	for range 3 {
		u.met(now, 139999)
	}
	u.met(now.Add(time.Hour), 139999)
	if n := strings.Count(log.String(), "code=139999"); n != 2 {
		t.Errorf("said %d times: %s", n, log.String())
	}
	for code := range 1000 {
		u.met(now, code)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(u.counted)
	families, err := registry.Gather()
	if err != nil || len(families) != 1 {
		t.Fatalf("%v, %v", families, err)
	}
	total := 0.0
	for _, m := range families[0].Metric {
		total += m.GetCounter().GetValue()
	}
	if n := len(families[0].Metric); n != mostUnknown+1 || total != 1004 {
		t.Errorf("%d codes, %v in all", n, total)
	}
}

// What a webhook tells of a number is counted, also where it stops nothing; codes of strangers are one.
func TestTrouble_IsCounted(t *testing.T) {
	m := newMetrics(slog.New(slog.DiscardHandler))
	stops := arauto.Status{Code: 131005, Scope: arauto.ScopeSender, Action: arauto.ActionPause}
	for _, told := range []arauto.Status{stops, stops, {Code: 130472, Scope: arauto.ScopeContact, Action: arauto.ActionFail}, {Code: 999001, Unknown: true}, {Code: 999002, Unknown: true}} {
		m.Trouble(told)
	}
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		if family.GetName() == "arauto_whatsapp_trouble_total" {
			for _, metric := range family.GetMetric() {
				got[metric.GetLabel()[0].GetValue()+" "+metric.GetLabel()[1].GetValue()] = metric.GetCounter().GetValue()
			}
		}
	}
	if want := map[string]float64{"131005 true": 2, "130472 false": 1, "other false": 2}; !maps.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
}
