package app

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"arauto"
)

// tellingMetrics counts what endpoints are told, and how far they are behind.
type tellingMetrics struct {
	deliveries *prometheus.CounterVec
	told       prometheus.Counter
	behind     *prometheus.GaugeVec
	behindFor  *prometheus.GaugeVec
}

func newTellingMetrics(r *prometheus.Registry) *tellingMetrics {
	labels := []string{"account", "endpoint", "state"}
	m := &tellingMetrics{
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "arauto_deliveries_total", Help: "Deliveries to endpoints, by whether they were taken."}, []string{"taken"}),
		told:       prometheus.NewCounter(prometheus.CounterOpts{Name: "arauto_events_told_total", Help: "Events in deliveries that were taken."}),
		behind:     prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "arauto_endpoint_lag_events", Help: "How many events an endpoint is behind, of whatever type."}, labels),
		behindFor:  prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "arauto_endpoint_lag_seconds", Help: "How old the first event is that an endpoint was not told yet."}, labels),
	}
	r.MustRegister(m.deliveries, m.told, m.behind, m.behindFor)
	return m
}

func (m *tellingMetrics) Delivered(events int, taken bool) {
	m.deliveries.WithLabelValues(strconv.FormatBool(taken)).Inc()
	if taken {
		m.told.Add(float64(events))
	}
}

// Lags shows endpoints as they stand; one that is deleted is shown no more.
func (m *tellingMetrics) Lags(now time.Time, list []arauto.EndpointLag) {
	m.behind.Reset()
	m.behindFor.Reset()
	for _, l := range list {
		labels := []string{strconv.FormatInt(l.Account, 10), strconv.FormatInt(l.ID, 10), string(l.State)}
		m.behind.WithLabelValues(labels...).Set(float64(l.Notices))
		age := 0.0
		if !l.Oldest.IsZero() {
			age = max(0, now.Sub(l.Oldest).Seconds())
		}
		m.behindFor.WithLabelValues(labels...).Set(age)
	}
}

const (
	eventsAtOnce = 1000
	// defaultEventDays is Config.EventDays where nothing else was asked for; fewer than leastEventDays would forget
	// what is still being tried.
	defaultEventDays = 7
	leastEventDays   = 4
)

// sweepEvents forgets what endpoints are told, also where one was not told yet: a dead one does not keep it.
func (a *App) sweepEvents(ctx context.Context) {
	days := a.config.EventDays
	if days == 0 {
		days = defaultEventDays
	}
	for ctx.Err() == nil {
		n, err := a.store.SweepNotices(ctx, clock().AddDate(0, 0, -days), eventsAtOnce)
		if err != nil && ctx.Err() == nil {
			a.logger.Error("old events were not swept", "err", err)
		}
		if err != nil || n == 0 {
			return
		}
	}
}
