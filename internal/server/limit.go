package server

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// buckets is how many callers are told apart at a time. Beyond it those that are full again, who lose
// nothing, are forgotten first.
const buckets = 10_000

// A limiter is a token bucket per key, holding one second's worth.
type limiter struct {
	now func() time.Time

	mu    sync.Mutex
	byKey map[string]*rate.Limiter
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, byKey: map[string]*rate.Limiter{}}
}

// take uses one of key's perSecond and returns how long to wait instead when there is none left.
func (l *limiter) take(key string, perSecond int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	bucket := l.bucket(key, perSecond, now)
	if bucket.AllowN(now, 1) {
		return 0
	}
	return missing(bucket, now)
}

// wait is how long key has to wait; it uses nothing up.
func (l *limiter) wait(key string, perSecond int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket, now := l.byKey[key], l.now()
	if bucket == nil || bucket.TokensAt(now) >= 1 {
		return 0
	}
	return missing(bucket, now)
}

func missing(bucket *rate.Limiter, now time.Time) time.Duration {
	lack := 1 - bucket.TokensAt(now)
	return max(time.Duration(lack/float64(bucket.Limit())*float64(time.Second)), time.Millisecond)
}

func (l *limiter) bucket(key string, perSecond int, now time.Time) *rate.Limiter {
	bucket := l.byKey[key]
	if bucket == nil {
		if len(l.byKey) >= buckets {
			l.evict(now)
		}
		bucket = rate.NewLimiter(rate.Limit(perSecond), perSecond)
		l.byKey[key] = bucket
	}
	if bucket.Burst() != perSecond {
		bucket.SetLimitAt(now, rate.Limit(perSecond))
		bucket.SetBurstAt(now, perSecond)
	}
	return bucket
}

func (l *limiter) evict(now time.Time) {
	for key, bucket := range l.byKey {
		if bucket.TokensAt(now) >= float64(bucket.Burst()) {
			delete(l.byKey, key)
		}
	}
	for key := range l.byKey {
		if len(l.byKey) < buckets {
			return
		}
		delete(l.byKey, key)
	}
}

// limitBody bounds r's body in size and in the time it may stand still.
func limitBody(w http.ResponseWriter, r *http.Request, limit int64) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	// Deadlines are wall time, whatever clock the server was given.
	end := time.Now().Add(patience + time.Duration(limit/slowest)*time.Second)
	r.Body = &patientBody{ReadCloser: http.MaxBytesReader(w, r.Body, limit), control: http.NewResponseController(w), end: end}
}

// slowest is how many bytes a second the largest body that a route takes may come with on average.
const slowest = 16 << 10

// A patientBody gives a client a new term with every read, until the whole has taken too long. However a body breaks —
// by chunks that are none, a lost connection, a term that is over — it was cut off: io.ErrUnexpectedEOF.
type patientBody struct {
	io.ReadCloser
	control *http.ResponseController
	renewed time.Time
	end     time.Time
}

func (b *patientBody) Read(p []byte) (int, error) {
	if now := time.Now(); now.Sub(b.renewed) > time.Second {
		b.renewed = now
		term := now.Add(patience)
		if b.end.Before(term) {
			term = b.end
		}
		_ = b.control.SetReadDeadline(term) // a test's recorder has no connection
	}
	n, err := b.ReadCloser.Read(p)
	_, big := errors.AsType[*http.MaxBytesError](err)
	switch {
	case errors.Is(err, io.EOF):
		_ = b.control.SetReadDeadline(time.Time{}) // the connection's next request has its own
	case err != nil && !big && !errors.Is(err, io.ErrUnexpectedEOF):
		err = fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err)
	}
	return n, err
}
