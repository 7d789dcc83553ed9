package dispatch

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"arauto"
)

// run drives one sender's line under one lease: a loop that writes down answers and new intents
// together, and a worker per request in flight.
type run struct {
	*Engine
	sender arauto.Sender
	lease  arauto.Lease
	pacer  *pacer

	work    []*feed // running campaigns, higher priority first
	turn    turn
	freshAt time.Time // when work was read

	replies   int64 // of conversations by this sender, as far as counted
	counted   bool
	counting  chan replies // what is being asked for; nil = nothing
	repliesAt time.Time    // when it was asked for last

	advancedAt time.Time // when answers and intents were last written

	restUntil atomic.Int64 // unix milliseconds; nothing new is tried before

	paused   bool // the gate said so of the sender: the line is let go
	breakers breakers
	halts    halts
	probing  atomic.Bool   // the sender rested: one message at a time until one is answered
	restless time.Duration // how long to wait before the next batch

	jobs     chan post
	workers  int // that take jobs: as many as were ever in flight, Slots at most
	answers  chan arauto.Answer
	answered []arauto.Answer // taken from answers and not recorded yet
	inFlight int             // intended and not recorded
	// taken are the contacts that are being intended or in flight: to the store they are due until their
	// answer is recorded.
	taken map[int64]bool

	advanced  chan advanced
	advancing int // transactions under way
	reserved  int // slots that their intents will need
	posts     sync.WaitGroup
}

// linger is how long an intent or an answer waits for company: a transaction costs a sync of the disk,
// however many it is for.
const linger = 3 * time.Millisecond

// held is how many messages may be intended and not recorded: those in flight and, when every slot is taken, a few
// behind them whose intents are durable already, so that a slot that comes free does not wait for a transaction.
func (e *Engine) held() int { return e.Slots + e.Slots/8 }

// sharedRest is how long a line waits when what all its contacts share is used up: it might be raised, and
// somebody who needs none of it might be due.
const sharedRest = time.Second

func newRun(e *Engine, s arauto.Sender, lease arauto.Lease) *run {
	perSecond := s.Rate
	if perSecond <= 0 {
		perSecond = arauto.DefaultRate
	}
	r := &run{
		Engine: e, sender: s, lease: lease, pacer: newPacer(perSecond, e.Now()),
		taken: map[int64]bool{},
		jobs:  make(chan post, e.held()), answers: make(chan arauto.Answer, e.held()), advanced: make(chan advanced, advances),
	}
	r.probing.Store(s.Pause == "" && !s.Cause.Until.IsZero() && e.Now().Sub(s.Cause.Until) < probeWithin)
	return r
}

// loop advances until there is no work left or ctx ends; then it waits for what is in flight.
func (r *run) loop(ctx context.Context) error {
	// A stop does not call requests back: their answers are worth waiting for, though not for ever.
	posting, abandon := context.WithCancel(context.WithoutCancel(ctx))
	stopped := context.AfterFunc(ctx, func() { time.AfterFunc(r.Drain, abandon) })
	defer func() {
		for r.advancing > 0 {
			// What it made durable is posted all the same: unposted it would be unknown.
			_ = r.settle(posting, <-r.advanced)
		}
		close(r.jobs)
		r.posts.Wait()
		close(r.answers)
		r.recordRest(context.WithoutCancel(ctx))
		stopped()
		abandon()
	}()
	for {
		if err := r.refresh(ctx); err != nil {
			return err
		}
		if err := r.collect(posting); err != nil {
			return err
		}
		if len(r.work) == 0 && r.inFlight == 0 && r.advancing == 0 || r.paused {
			return nil
		}
		wait := r.Poll
		if r.advancing < advances {
			var batch []prepared
			if batch, wait = r.next(ctx); len(batch) > 0 || r.advancing == 0 && r.recordNow() {
				r.advance(ctx, batch)
				continue
			}
		}
		if err := r.pause(ctx, wait); err != nil {
			return nil
		}
	}
}

// advances is how many transactions are under way at once: while one is written the next is prepared, so
// that the database is never waited for with empty hands.
const advances = 2

// advanced is one transaction that has ended.
type advanced struct {
	at       time.Time
	answers  []arauto.Answer
	batch    []prepared
	intended []arauto.Intended
	err      error
}

// collect takes the answers that have come in, and what became of the transactions that have ended.
func (r *run) collect(posting context.Context) error {
	for {
		select {
		case done := <-r.advanced:
			if err := r.settle(posting, done); err != nil {
				return err
			}
			continue
		default:
		}
		if len(r.answered) >= r.Slots {
			return nil
		}
		select {
		case a := <-r.answers:
			r.answered = append(r.answered, a)
		default:
			return nil
		}
	}
}

// recordNow reports whether answers have waited long enough for company.
func (r *run) recordNow() bool {
	return len(r.answered) >= r.Batch || len(r.answered) > 0 && r.Now().Sub(r.advancedAt) >= linger
}

// pause waits for an answer, the pacer or new work; an error means the line has to be let go.
func (r *run) pause(ctx context.Context, wait time.Duration) error {
	if len(r.answered) > 0 && r.advancing == 0 {
		wait = min(wait, max(0, linger-r.Now().Sub(r.advancedAt)))
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case a := <-r.answers:
		r.answered = append(r.answered, a)
	case done := <-r.advanced:
		r.advanced <- done // there is room: it was one of those that are counted
	case got := <-r.counting:
		r.counting <- got
	case <-timer.C:
	}
	return nil
}

// next takes as many contacts, from the campaigns whose turn it is, as slots, pacer and batch allow; with
// none it says how long to wait.
func (r *run) next(ctx context.Context) ([]prepared, time.Duration) {
	if wait := r.restless; wait > 0 {
		r.restless = 0
		return nil, wait
	}
	// What is answered gives its slots back in the same transaction.
	open := r.inFlight - len(r.answered)
	room := min(r.held()-open-r.reserved, r.Batch)
	if room <= 0 || ctx.Err() != nil {
		return nil, r.Poll
	}
	now := r.Now()
	if rest := time.UnixMilli(r.restUntil.Load()).Sub(now); rest > 0 {
		return nil, min(rest, r.Poll)
	}
	if r.probing.Load() {
		if open+r.reserved > 0 {
			return nil, r.Poll
		}
		room = 1
	}
	// More slots are about to be free, and one transaction serves all of them; a second one beside one that
	// is under way has to be worth it.
	if early := linger - now.Sub(r.advancedAt); r.advancing == 0 && room < r.Batch/16 && open > 0 && early > 0 {
		return nil, early
	}
	if r.advancing > 0 && room < r.Batch {
		return nil, r.Poll
	}
	if room = min(room, r.pacer.available(now)-r.reserved); room <= 0 {
		return nil, min(r.Poll, max(time.Millisecond, r.pacer.wait(now, 1+r.reserved)))
	}
	batch := r.turn.pick(now, room, r.work)
	switch wait := r.turn.wait(now, r.work); {
	case len(batch) == 0 && r.dry():
		return nil, r.Poll
	case len(batch) == 0 && wait > 0:
		return nil, min(r.Poll, max(time.Millisecond, wait))
	}
	return batch, time.Millisecond
}

// advance begins to write down the answers and to make the batch's intents durable.
func (r *run) advance(ctx context.Context, batch []prepared) {
	// The answers get a slice of their own end: giving them back after a failure must not write over those
	// that another transaction is still reading.
	n := min(len(r.answered), r.Batch)
	done := advanced{at: r.Now(), answers: r.answered[:n:n], batch: batch}
	r.answered = r.answered[n:]
	r.advancedAt = done.at
	r.advancing++
	r.reserved += len(batch)
	list := make([]arauto.Candidate, len(batch))
	for i, p := range batch {
		list[i] = p.Candidate
		r.taken[p.Contact.ID] = true
	}
	go func() {
		done.intended, done.err = r.Store.Advance(context.WithoutCancel(ctx), done.at, r.lease, r.sender.ID, done.answers, list)
		r.advanced <- done
	}()
}

// settle takes a transaction that has ended: what it recorded gives its slots back, and what it intended
// is posted.
func (r *run) settle(posting context.Context, done advanced) error {
	r.advancing--
	r.reserved -= len(done.batch)
	_, lost := errors.AsType[*arauto.NotHeld](done.err)
	if done.err == nil || lost {
		r.inFlight -= len(done.answers)
		for _, a := range done.answers {
			delete(r.taken, a.Contact.ID)
		}
	} else {
		r.answered = append(done.answers, r.answered...)
	}
	if done.err != nil {
		return done.err
	}
	posted, waiting, shared := 0, 0, 0
	for i, in := range done.intended {
		if in.Verdict.Outcome != arauto.Go {
			delete(r.taken, done.batch[i].Contact.ID)
			r.turn.putBack(r.Now(), done.batch[i].Contact.Campaign)
		}
		switch in.Verdict.Outcome {
		case arauto.Go:
			posted++
			message := done.batch[i].message
			message.Ref = in.Attempt.Ref()
			r.post(posting, post{in, message}, r.inFlight+posted)
		case arauto.Wait:
			if in.Verdict.PutOff() && !in.InFlight {
				continue // out of the way until then; whoever comes next may go now
			}
			waiting++
			if in.Verdict.Shared() || in.InFlight {
				shared++
				continue
			}
			r.freshAt = time.Time{} // what runs has changed: read it before going on
			r.paused = r.paused || in.Verdict.Reason == arauto.ReasonSenderTrouble
		}
	}
	if len(done.batch) > 0 && waiting == len(done.batch) {
		r.restless = r.Poll // nobody may be tried yet: asking again at once would give the same answer
		if shared == waiting {
			r.restless = sharedRest
		}
	}
	r.inFlight += posted
	r.pacer.took(r.Now(), posted)
	if r.Observer != nil {
		r.Observer.Intended(r.sender.ID, posted)
	}
	return nil
}

// post is a message whose intent is durable.
type post struct {
	arauto.Intended
	message arauto.Message
}

// post hands p to a worker, of which there are as many as messages in flight. There is room for every job and for
// every answer.
func (r *run) post(ctx context.Context, p post, inFlight int) {
	if r.workers < min(inFlight, r.Slots) {
		r.workers++
		r.posts.Go(func() {
			limit := limited{parent: ctx, limit: r.SendLimit}
			defer limit.stop()
			for p := range r.jobs {
				r.send(limit.from(r.Now()), p)
			}
		})
	}
	r.jobs <- p
}

// send posts one message and hands on what came of it.
func (r *run) send(ctx context.Context, p post) {
	receipt, err := r.Messenger.Send(ctx, r.sender, p.message)
	r.answers <- r.answer(p.Intended, receipt, err)
}

// limited is what a worker's requests may take: each gets limit, or up to a second less, because a timer of its own
// for each costs a good part of what sending it does.
type limited struct {
	parent context.Context
	limit  time.Duration
	ctx    context.Context
	end    context.CancelFunc
	since  time.Time
}

func (l *limited) from(now time.Time) context.Context {
	if age := now.Sub(l.since); l.ctx == nil || age < 0 || age > min(time.Second, l.limit/10) {
		l.stop()
		l.ctx, l.end = context.WithTimeout(l.parent, l.limit)
		l.since = now
	}
	return l.ctx
}

func (l *limited) stop() {
	if l.end != nil {
		l.end()
	}
}
