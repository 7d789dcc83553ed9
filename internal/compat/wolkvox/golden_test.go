package wolkvox

import (
	"net/http"
	"testing"

	"arauto/internal/compat/compattest"
)

// special are the worlds of goldens that need one of their own.
var special = map[string]func(w *world){
	"over_daily":    func(w *world) { w.used[[2]int64{20261128, 0}] = 10_000 },
	"over_together": func(w *world) { w.slots[caller.ID] = 2 },
	"too_many":      func(w *world) { w.limits.Records = 2 },
	"too_large":     func(w *world) { w.limits.Bytes = 700 },
	"records_many":  func(w *world) { w.limits.Upload = 1 },
	"token_info":    func(w *world) { w.used[[2]int64{20261128, 0}], w.used[[2]int64{20261128, 3}] = 41, 16 },
}

// TestGoldens sends each request in testdata to a fresh world and compares the whole response with what is kept there.
func TestGoldens(t *testing.T) {
	used := map[string]bool{}
	compattest.Run(t, *update, 20, func(_ *testing.T, name string) http.Handler {
		w := given()
		if change := special[name]; change != nil {
			change(w)
			used[name] = true
		}
		return w.serve()
	})
	if len(used) != len(special) {
		t.Errorf("%d of %d special worlds have a golden", len(used), len(special))
	}
}
