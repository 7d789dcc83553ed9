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
	told   []tally // of the last answers, oldest first: as few as hold the window
	window tally   // their sum

	answers int           // since it began, as far as they are counted
	alike   arauto.Reason // the reason of every answer since then; "" once one was another, or good
	proven  bool          // one was good
}

// tally is what became of answers that were told together, in whatever order they came.
type tally struct {
	n      int
	failed map[arauto.Reason]int
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
	return &breaker{pause: p, window: tally{failed: map[arauto.Reason]int{}}}
}

// add tells what one message came to, "" for good, and reports whether that is too much.
func (b *breaker) add(reason arauto.Reason) (trip, bool) {
	if reason == "" {
		return b.tell(tally{n: 1})
	}
	return b.tell(tally{1, map[arauto.Reason]int{reason: 1}})
}

// tell tells what several messages came to, and reports whether that is too much.
func (b *breaker) tell(t tally) (trip, bool) {
	if t.n <= 0 {
		return trip{}, false
	}
	b.note(t)
	b.told = append(b.told, t)
	b.sum(t, 1)
	for b.window.n-b.told[0].n >= b.pause.Answers() {
		b.sum(b.told[0], -1)
		b.told = b.told[1:]
	}
	if b.pause.Percent < 0 {
		return trip{}, false
	}
	return b.tripped(t)
}

// tripped looks at the reasons that were just told of, the most frequent in the window first.
func (b *breaker) tripped(t tally) (worst trip, open bool) {
	for reason := range t.failed {
		found := trip{reason, b.window.failed[reason], b.window.n}
		switch size := b.pause.Answers(); {
		case misfit(reason) && b.alike == reason && b.answers >= firstAlike:
			found.n, found.of = b.answers, b.answers
		case found.of < size || found.n*size < b.pause.Limit(reason)*found.of:
			continue
		}
		if !open || found.n > worst.n || found.n == worst.n && found.reason < worst.reason {
			worst, open = found, true
		}
	}
	return worst, open
}

// note keeps what the first answers had in common.
func (b *breaker) note(t tally) {
	failed, reason := 0, arauto.Reason("")
	for r, n := range t.failed {
		failed, reason = failed+n, r
	}
	if len(t.failed) != 1 || failed != t.n {
		reason = ""
	}
	if b.answers == 0 {
		b.alike = reason
	} else if b.alike != reason {
		b.alike = ""
	}
	b.proven = b.proven || failed < t.n
	b.answers = min(b.answers+t.n, 1<<30)
}

// sum adds what was told to the window, or takes it out again.
func (b *breaker) sum(t tally, sign int) {
	b.window.n += sign * t.n
	for r, n := range t.failed {
		if b.window.failed[r] += sign * n; b.window.failed[r] == 0 {
			delete(b.window.failed, r)
		}
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
	t, open := v.add(reason)
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
