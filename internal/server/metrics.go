package server

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"arauto"
)

type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	flying   prometheus.Gauge
	lost     prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "arauto_http_requests_total", Help: "Requests answered, by route, method and status.",
		}, []string{"route", "method", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "arauto_http_request_seconds", Help: "How long requests took, by route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60},
		}, []string{"route"}),
		flying: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "arauto_http_requests_in_flight", Help: "Requests being answered now.",
		}),
		lost: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "arauto_http_requests_unlogged_total", Help: "Requests missing from their token's list of latest requests.",
		}),
	}
	reg.MustRegister(m.requests, m.seconds, m.flying, m.lost)
	return m
}

func (m *metrics) observe(route, method string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, safeMethod(method), strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}

const checkIn = 2 * time.Second

// health adds what an operator's machines ask.
func (s *Server) health() {
	s.Public("GET /healthz", 0, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") }))
	s.Public("GET /readyz", 0, http.HandlerFunc(s.ready))
	shown := promhttp.HandlerFor(s.cfg.Registry, promhttp.HandlerOpts{})
	s.Public("GET /metrics", 0, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.cfg.MetricsPublic && !s.local(r) {
			if _, err := s.admit(w, r, nil, arauto.TokenAdmin); err != nil {
				plainFail(w, r, err)
				return
			}
		}
		shown.ServeHTTP(w, r)
	}))
}

// ready names the first check that fails; why it does is for the log.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), checkIn)
	defer cancel()
	for name, check := range s.cfg.Checks {
		if err := check(ctx); err != nil {
			s.cfg.Logger.WarnContext(ctx, "not ready", "check", name, "err", err)
			say(w, http.StatusServiceUnavailable, name+" is not ready")
			return
		}
	}
	say(w, http.StatusOK, "ready")
}

// local reports whether r comes from this machine itself. A proxy on it speaks for somebody else, even
// when nobody told us to trust it.
func (s *Server) local(r *http.Request) bool {
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip"} {
		if r.Header.Get(h) != "" {
			return false
		}
	}
	return s.remote(r).IsLoopback()
}

func say(w http.ResponseWriter, status int, words string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(words + "\n"))
}
