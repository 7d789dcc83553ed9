package app

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"arauto"
)

// metrics counts what the engines do, beside what the server counts of its requests.
type metrics struct {
	registry *prometheus.Registry
	intended prometheus.Counter
	answered *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		intended: prometheus.NewCounter(prometheus.CounterOpts{Name: "arauto_messages_intended_total", Help: "Messages whose intent was made durable."}),
		answered: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "arauto_messages_answered_total", Help: "What the provider's answers meant: accepted, deferred, refused, lost."}, []string{"meant"}),
	}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), m.intended, m.answered)
	return m
}

func (m *metrics) Intended(_ int64, n int) { m.intended.Add(float64(n)) }
func (m *metrics) Answered(_ int64, kind arauto.EventKind) {
	m.answered.WithLabelValues(string(kind)).Inc()
}
