package app

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

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
