package app

import (
	"log/slog"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"arauto"
)

// metrics counts what the engines do, beside what the server counts of its requests.
type metrics struct {
	registry *prometheus.Registry
	intended prometheus.Counter
	answered *prometheus.CounterVec
	paused   *prometheus.CounterVec
	resumed  *prometheus.CounterVec
	trouble  *prometheus.CounterVec
	unknown  *unknownCodes
}

func newMetrics(logger *slog.Logger) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		intended: prometheus.NewCounter(prometheus.CounterOpts{Name: "arauto_messages_intended_total", Help: "Messages whose intent was made durable."}),
		answered: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "arauto_messages_answered_total", Help: "What the provider's answers meant: accepted, deferred, refused, lost."}, []string{"meant"}),
		paused:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "arauto_pauses_total", Help: "What was paused without a person, by scope and cause."}, []string{"scope", "cause"}),
		resumed:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "arauto_resumes_total", Help: "What went on again without a person, by scope and cause."}, []string{"scope", "cause"}),
		trouble: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "arauto_whatsapp_trouble_total", Help: "Errors of a number or a WABA that webhooks told without a message, by code and by whether such an error stops it.",
		}, []string{"code", "stops"}),
		unknown: newUnknownCodes(logger),
	}
	m.registry.MustRegister(m.paused, m.resumed, m.trouble, m.unknown.counted, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), m.intended, m.answered)
	return m
}

func (m *metrics) Intended(_ int64, n int) { m.intended.Add(float64(n)) }
func (m *metrics) Answered(_ int64, kind arauto.EventKind) {
	m.answered.WithLabelValues(string(kind)).Inc()
}

// Halted is told of what is paused, or goes on again, without a person.
func (m *metrics) Halted(h arauto.Halted) {
	if h.Resumed {
		m.resumed.WithLabelValues(string(h.Scope), string(h.Reason)).Inc()
		return
	}
	m.paused.WithLabelValues(string(h.Scope), string(h.Reason)).Inc()
}

// Trouble is told of an error that a webhook tells without a message. Codes that no table has are one: they are a
// stranger's to choose.
func (m *metrics) Trouble(told arauto.Status) {
	code := strconv.Itoa(told.Code)
	if told.Unknown {
		code = "other"
	}
	m.trouble.WithLabelValues(code, strconv.FormatBool(told.Stops())).Inc()
}

func (m *metrics) UnknownCode(code int) { m.unknown.met(clock(), code) }
