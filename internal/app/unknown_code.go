package app

import (
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// unknownCodes counts the provider's codes that no table has, and says each once an hour: somebody should
// look it up.
type unknownCodes struct {
	counted *prometheus.CounterVec
	logger  *slog.Logger

	mu   sync.Mutex
	said map[int]time.Time
}

const (
	// mostUnknown bounds the codes that are counted one by one: they are a stranger's to choose.
	mostUnknown  = 100
	unknownEvery = time.Hour
)

func newUnknownCodes(logger *slog.Logger) *unknownCodes {
	return &unknownCodes{
		counted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "arauto_whatsapp_unknown_code_total", Help: "Refusals and failures with a code of Meta's that the error table does not have.",
		}, []string{"code"}),
		logger: logger, said: map[int]time.Time{},
	}
}

// met notes that a code was met at now.
func (u *unknownCodes) met(now time.Time, code int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	at, known := u.said[code]
	if !known && len(u.said) >= mostUnknown {
		u.counted.WithLabelValues("other").Inc()
		return
	}
	u.counted.WithLabelValues(strconv.Itoa(code)).Inc()
	if known && now.Sub(at) < unknownEvery {
		return
	}
	u.said[code] = now
	u.logger.Warn("Meta answers with a code that the error table does not have: its contacts fail", "code", code)
}
