package sandbox

import (
	"container/heap"
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// kind is what an update says; the statuses are Meta's own words.
type kind string

const (
	kindSent      kind = "sent"
	kindDelivered kind = "delivered"
	kindRead      kind = "read"
	kindFailed    kind = "failed"
	kindReply     kind = "reply" // the story's reply to msg
	kindStop      kind = "stop"  // the story's user preference
	kindSaid      kind = "said"  // Say
	kindEvent     kind = "event" // anything that is about no message
)

// An update is one thing a webhook will say. It is rendered when it is posted, so
// that hundreds of thousands can wait.
type update struct {
	kind  kind
	at    time.Time // when it happened, which is not when it is told
	msg   *message
	said  *spoken
	event *change
}

// A delivery is one webhook: the updates of one POST, and how often it was tried. Or
// it is no webhook but something to do.
type delivery struct {
	updates []update
	tries   int
	since   time.Time // of the first try
	epoch   int64

	act   func()
	awake bool // act counts as pending
}

// size is how many a delivery counts as pending.
func (d delivery) size() int {
	if d.awake {
		return 1
	}
	return len(d.updates)
}

// queue holds deliveries by the moment they are due. What is popped still counts as
// pending until done.
type queue struct {
	mu      sync.Mutex
	due     dueHeap
	seq     int64
	epoch   int64 // of the last clear: what was popped before it is dropped
	limit   int
	pending int           // updates
	quiet   chan struct{} // closed when pending reaches 0; nil when nobody waits
	wake    chan struct{} // has one element when the head may have changed
}

func newQueue(limit int) *queue { return &queue{limit: limit, wake: make(chan struct{}, 1)} }

func (q *queue) full() bool { return q.waiting() >= q.limit }

func (q *queue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pending
}

// add queues a new update.
func (q *queue) add(due time.Time, u update) {
	q.mu.Lock()
	q.pending++
	q.put(due, delivery{updates: []update{u}})
	q.mu.Unlock()
	q.rouse()
}

// plan has something done by hand. awake makes idle wait for it.
func (q *queue) plan(due time.Time, awake bool, act func()) {
	q.mu.Lock()
	if awake {
		q.pending++
	}
	q.put(due, delivery{act: act, awake: awake})
	q.mu.Unlock()
	q.rouse()
}

// again queues a delivery that was popped.
func (q *queue) again(due time.Time, d delivery) {
	q.mu.Lock()
	if d.epoch == q.epoch {
		q.put(due, d)
	}
	q.mu.Unlock()
	q.rouse()
}

// clear forgets everything, and what was popped when it comes back.
func (q *queue) clear() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.epoch++
	q.due, q.seq = nil, 0
	q.less(q.pending)
}

func (q *queue) put(due time.Time, d delivery) {
	q.seq++
	d.epoch = q.epoch
	heap.Push(&q.due, dueItem{due: due, seq: q.seq, delivery: d})
}

func (q *queue) rouse() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// pop takes what is due, new updates up to batch together. If nothing is, it says
// how long until something will be; a negative wait is an empty queue.
func (q *queue) pop(now time.Time, batch int) (d delivery, wait time.Duration, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.due) == 0 {
		return delivery{}, -1, false
	}
	if wait := q.due[0].due.Sub(now); wait > 0 {
		return delivery{}, wait, false
	}
	d = heap.Pop(&q.due).(dueItem).delivery
	for d.tries == 0 && d.act == nil && len(d.updates) < batch && len(q.due) > 0 && q.due[0].tries == 0 && q.due[0].act == nil && !q.due[0].due.After(now) {
		d.updates = append(d.updates, heap.Pop(&q.due).(dueItem).updates...)
	}
	return d, 0, true
}

// done says that a delivery that was popped needs nothing more.
func (q *queue) done(d delivery) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if d.epoch == q.epoch {
		q.less(d.size())
	}
}

// count adds the updates of a delivery that was popped to n, unless everything was forgotten since.
func (q *queue) count(d delivery, n *atomic.Int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if d.epoch == q.epoch {
		n.Add(int64(len(d.updates)))
	}
}

// less is called with mu held.
func (q *queue) less(n int) {
	q.pending -= n
	if q.pending == 0 && q.quiet != nil {
		close(q.quiet)
		q.quiet = nil
	}
}

func (q *queue) idle(ctx context.Context) error {
	q.mu.Lock()
	if q.pending == 0 {
		q.mu.Unlock()
		return nil
	}
	if q.quiet == nil {
		q.quiet = make(chan struct{})
	}
	quiet := q.quiet
	q.mu.Unlock()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-quiet:
		return nil
	}
}

type dueItem struct {
	due time.Time
	seq int64
	delivery
}

// dueHeap is a heap.Interface, earliest first and first come among equals.
type dueHeap []dueItem

func (h dueHeap) Len() int      { return len(h) }
func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h dueHeap) Less(i, j int) bool {
	if h[i].due.Equal(h[j].due) {
		return h[i].seq < h[j].seq
	}
	return h[i].due.Before(h[j].due)
}
func (h *dueHeap) Push(x any) { *h = append(*h, x.(dueItem)) }
func (h *dueHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = dueItem{}
	*h = old[:len(old)-1]
	return last
}
