package dispatch

import (
	"sync"
	"time"

	"arauto"
)

// breaker says when a campaign's messages fail too often for one and the same reason. It is told what
// became of each, knows no clock and no lock, and begins anew whenever the campaign is resumed.
type breaker struct {
	pause  arauto.FailurePause
	chunks []chunk // of the last answers, oldest first: as few whole ones as hold the window
	total  int     // in chunks
	failed map[arauto.Reason]int

	answers int           // since it began, as far as they are counted
	alike   arauto.Reason // the reason of every answer since then; "" once one was another, or good
	proven  bool          // one was good
}

// chunk is answers that were told together.
type chunk struct {
	reason arauto.Reason // "" = good
	n      int
}

// trip is why a breaker opened: n of the last `of` messages failed for that reason.
type trip struct {
	reason arauto.Reason
	n, of  int
}

// firstAlike is how many first answers that all say that the message does not fit are enough: what every
// contact meets is no contact's fault.
const firstAlike = 5

func newBreaker(p arauto.FailurePause) *breaker {
	return &breaker{pause: p, failed: map[arauto.Reason]int{}}
}

// add tells that n messages came to reason, "" for good, and reports whether that is too much.
func (b *breaker) add(reason arauto.Reason, n int) (trip, bool) {
	if n <= 0 {
		return trip{}, false
	}
	b.note(reason, n)
	window := b.pause.Answers()
	if last := len(b.chunks) - 1; last >= 0 && b.chunks[last].reason == reason && b.chunks[last].n+n <= window/10 {
		b.chunks[last].n += n
	} else {
		b.chunks = append(b.chunks, chunk{reason, n})
	}
	b.total += n
	if reason != "" {
		b.failed[reason] += n
	}
	for b.total-b.chunks[0].n >= window {
		b.drop()
	}
	if b.pause.Percent < 0 || reason == "" {
		return trip{}, false
	}
	if misfit(reason) && b.alike == reason && b.answers >= firstAlike {
		return trip{reason, b.answers, b.answers}, true
	}
	limit := b.pause.Limit(reason)
	if b.total >= window && b.failed[reason]*window >= limit*b.total {
		return trip{reason, b.failed[reason], b.total}, true
	}
	return trip{}, false
}

// note keeps what the first answers had in common.
func (b *breaker) note(reason arauto.Reason, n int) {
	if b.answers == 0 {
		b.alike = reason
	} else if b.alike != reason {
		b.alike = ""
	}
	b.proven = b.proven || reason == ""
	b.answers = min(b.answers+n, 1<<30)
}

func (b *breaker) drop() {
	oldest := b.chunks[0]
	b.chunks = b.chunks[1:]
	b.total -= oldest.n
	if oldest.reason == "" {
		return
	}
	if b.failed[oldest.reason] -= oldest.n; b.failed[oldest.reason] <= 0 {
		delete(b.failed, oldest.reason)
	}
}

// misfit reports whether r says that a message does not fit its template or the provider's rules of form.
func misfit(r arauto.Reason) bool {
	return r == arauto.ReasonTemplateMismatch || r == arauto.ReasonRefused
}

// passingRest is how long a campaign rests that too many passing faults met.
const passingRest = 10 * time.Minute

// passing reports whether r is a fault that passes by itself: a campaign that pauses for it goes on alone.
func passing(r arauto.Reason) bool { return r == arauto.ReasonProviderTrouble }

// halt is the pause that a trip asks for.
func (t trip) halt(campaign int64) arauto.Halt {
	h := arauto.Halt{Scope: arauto.ScopeCampaign, Campaign: campaign, Reason: t.reason, Failed: t.n, Of: t.of}
	if passing(t.reason) {
		h.After = passingRest
	}
	return h
}

// breakers are those of one line's campaigns. Its workers share them.
type breakers struct {
	mu  sync.Mutex
	all map[int64]*versioned
}

// versioned is the breaker of a campaign as it ran at that version: whoever pauses, changes or resumes it
// makes another.
type versioned struct {
	*breaker
	version int64
	open    bool
}

// adopt keeps a breaker for each campaign that runs.
func (b *breakers) adopt(work []arauto.Work) {
	b.mu.Lock()
	defer b.mu.Unlock()
	old := b.all
	b.all = make(map[int64]*versioned, len(work))
	for _, w := range work {
		v := old[w.Campaign.ID]
		if v == nil || v.version != w.Campaign.Version {
			v = &versioned{newBreaker(w.Campaign.Policy.FailurePause), w.Campaign.Version, false}
		}
		b.all[w.Campaign.ID] = v
	}
}

// answered tells what became of one message of a campaign, and reports a trip once.
func (b *breakers) answered(campaign int64, reason arauto.Reason) (trip, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	v := b.all[campaign]
	if v == nil || v.open {
		return trip{}, false
	}
	t, open := v.add(reason, 1)
	v.open = open
	return t, open
}

// close lets a breaker trip again: what it asked for did not happen.
func (b *breakers) close(campaign int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if v := b.all[campaign]; v != nil {
		v.open = false
	}
}

// unproven reports whether no message of the campaign was taken yet since it runs as it does.
func (b *breakers) unproven(campaign int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	v := b.all[campaign]
	return v != nil && !v.proven
}

// halts are the pauses that a line asked for lately. Its workers share them.
type halts struct {
	mu    sync.Mutex
	asked map[haltKey]time.Time
}

type haltKey struct {
	scope    arauto.Scope
	campaign int64 // 0 for what is the line's own
}

func keyOf(h arauto.Halt) haltKey {
	if h.Scope == arauto.ScopeSender || h.Scope == arauto.ScopeWABA {
		return haltKey{h.Scope, 0}
	}
	return haltKey{h.Scope, h.Campaign}
}

// due reports whether h has not been asked for within the last second, and notes that it is now.
func (l *halts) due(now time.Time, h arauto.Halt) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, asked := l.asked[keyOf(h)]; asked && now.Sub(at) < time.Second {
		return false
	}
	if l.asked == nil {
		l.asked = map[haltKey]time.Time{}
	}
	l.asked[keyOf(h)] = now
	return true
}

func (l *halts) forget(h arauto.Halt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.asked, keyOf(h))
}

// probeWithin is how long after a rest that ended by itself a sender is still tried with one message first.
const probeWithin = time.Hour
