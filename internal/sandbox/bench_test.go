package sandbox_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"arauto/internal/sandbox"
)

// What one message costs while no script and no limit is set.
func BenchmarkSend(b *testing.B) {
	s := sandbox.New(sandbox.Config{Queue: 1 << 30, LedgerSize: 100_000})
	ids := sandbox.Config{}.WithDefaults()
	path := "/v25.0/" + ids.PhoneNumberID + "/messages"
	n := 0
	for b.Loop() {
		n++
		r := httptest.NewRequest("POST", path, strings.NewReader(offer(mobile(n), fmt.Sprint("cb", n))))
		s.ServeHTTP(httptest.NewRecorder(), r)
	}
}
