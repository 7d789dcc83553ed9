package server

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"arauto"
)

// A requestLog remembers each token's latest requests without making them wait: they queue up, and are
// written once a second. When the queue is full, requests go unremembered and are counted.
type requestLog struct {
	tokens Tokens
	logger *slog.Logger
	queue  chan used
	lost   prometheus.Counter
}

type used struct {
	account, token int64
	request        arauto.Request
}

const (
	queued     = 8192
	flushEvery = time.Second
	flushIn    = 5 * time.Second
)

func newRequestLog(tokens Tokens, logger *slog.Logger, lost prometheus.Counter) *requestLog {
	return &requestLog{tokens: tokens, logger: logger, queue: make(chan used, queued), lost: lost}
}

func (l *requestLog) add(t arauto.Token, r arauto.Request) {
	select {
	case l.queue <- used{t.Account, t.ID, r}:
	default:
		l.lost.Inc()
	}
}

// run writes until ctx ends, then once more.
func (l *requestLog) run(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			l.flush(ctx)
		case <-ctx.Done():
			l.flush(context.WithoutCancel(ctx))
			return
		}
	}
}

// flush writes what is queued now: per token in order, and no more than is kept.
func (l *requestLog) flush(ctx context.Context) {
	type key struct{ account, token int64 }
	batches := map[key][]arauto.Request{}
	for n := len(l.queue); n > 0; n-- {
		u := <-l.queue
		k := key{u.account, u.token}
		batch := append(batches[k], u.request)
		if len(batch) > arauto.RequestsKept {
			batch = batch[1:]
		}
		batches[k] = batch
	}
	ctx, cancel := context.WithTimeout(ctx, flushIn)
	defer cancel()
	for k, batch := range batches {
		if err := l.tokens.LogRequests(ctx, k.account, k.token, batch); err != nil {
			l.lost.Add(float64(len(batch)))
			l.logger.WarnContext(ctx, "token requests not remembered", "account", k.account, "requests", len(batch), "err", err)
		}
	}
}
