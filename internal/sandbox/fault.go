package sandbox

import (
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// script is a Script at work.
type script struct {
	Script
	seed  int64
	since time.Time

	mu       sync.Mutex
	requests map[string]int // to send, by recipient
	calls    int            // of everything else, and of what nobody has read
	fitted   []int          // by rule
}

func newScript(sc Script, seed int64, now time.Time) *script {
	return &script{Script: sc, seed: seed, since: now, requests: map[string]int{}, fitted: make([]int, len(sc.Rules))}
}

// asked is a request as far as rules look at it.
type asked struct {
	call                     Call
	read                     bool // a GET
	at                       time.Time
	to, template, kind, from string // of a request to send; to is canonical
}

// A fault is what rules decided about one request.
type fault struct {
	rule  string // name; "" if there is only a delay
	does  Rule
	delay time.Duration
}

// unread decides about a request before it is read. A nil script has no faults.
func (sc *script) unread(call Call) *fault {
	if sc == nil || !slices.ContainsFunc(sc.Rules, func(r Rule) bool { return r.Drop == DropUnread }) {
		return nil
	}
	f := sc.decide(asked{call: call, at: time.Now()}, true)
	if f != nil && !f.decides() {
		return nil
	}
	return f
}

// judge decides about a request that was read.
func (sc *script) judge(a asked) *fault {
	if sc == nil {
		return nil
	}
	return sc.decide(a, false)
}

func (sc *script) decide(a asked, unread bool) *fault {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	nth := 0
	if a.to != "" {
		sc.requests[a.to]++
		nth = sc.requests[a.to]
	} else {
		sc.calls++
		nth = sc.calls
	}
	f := &fault{}
	for i, r := range sc.Rules {
		if (r.Drop == DropUnread) != unread || !r.fits(a, a.at.Sub(sc.since)) || !sc.strikes(i, a.to, nth) {
			continue
		}
		f.delay += time.Duration(r.Delay)
		f.does = r
		if f.decides() {
			f.rule = r.title(i)
			return f
		}
	}
	if f.delay == 0 {
		return nil
	}
	f.does = Rule{}
	return f
}

func (r Rule) fits(a asked, since time.Duration) bool {
	call := r.Call
	if call == "" {
		call = CallSend
	}
	switch {
	case call != CallAny && call != a.call && !(call == CallRead && a.read):
		return false
	case since < time.Duration(r.After) || r.Until > 0 && since >= time.Duration(r.Until):
		return false
	case r.Template != "" && r.Template != a.template, r.Type != "" && r.Type != a.kind, r.From != "" && r.From != a.from:
		return false
	}
	return len(r.To) == 0 || slices.ContainsFunc(r.To, func(to string) bool { return addressed(to, a.to) })
}

// addressed reports whether a canonical number is meant by what a rule says.
func addressed(rule, number string) bool {
	if prefix, ok := strings.CutSuffix(rule, "*"); ok {
		return strings.HasPrefix(number, onlyDigits(prefix))
	}
	return canonical(onlyDigits(rule)) == number
}

// strikes decides whether a rule that fits is in force for this one.
func (sc *script) strikes(i int, to string, nth int) bool {
	r := sc.Rules[i]
	sc.fitted[i]++
	n := nth
	if r.Count == CountAll {
		n = sc.fitted[i]
	}
	n -= r.Skip
	if n < 1 || r.First > 0 && n > r.First || r.Every > 0 && n%r.Every != 0 {
		return false
	}
	return r.Percent == 0 || roll(sc.seed, "fault", r.title(i), to, strconv.Itoa(nth)).chance(r.Percent)
}

// decides reports whether f is more than a delay.
func (f *fault) decides() bool {
	return f.does.Code != 0 || f.does.Status != 0 || f.does.Drop != "" || f.taken()
}

func (f *fault) taken() bool { return f.does.Taken || f.does.Failed != 0 || f.does.Hold != "" }

// onto lays f over a message that is about to be taken. A nil fault changes nothing.
func (f *fault) onto(m *message, entry *Entry) {
	if f == nil {
		return
	}
	m.delay, entry.Fault = f.delay, f.rule
	if f.does.Failed != 0 {
		m.story.fail(f.does.Failed)
	}
	if f.does.Hold != "" {
		m.story.Held, m.story.Paused = true, f.does.Hold == "paused"
	}
	m.answerCode, m.answerStatus = f.does.Code, f.does.Status
	switch {
	case f.does.Drop == DropReset:
		m.story.Answer = AnswerClosed
	case f.does.Drop == DropHang:
		m.story.Answer = AnswerHung
	case f.does.Code != 0:
		m.story.Answer = AnswerError
	case f.does.Status != 0:
		m.story.Answer = AnswerBroken
	}
}

// spoil answers, or does not, a request to send that is not taken.
func (s *Sandbox) spoil(w http.ResponseWriter, r *http.Request, entry Entry, f *fault) {
	entry.Fault = f.rule
	switch {
	case f.does.Code != 0:
		s.ledger.refused(entry, f.does.Code)
	case f.does.Status != 0:
		entry.Status = f.does.Status
		s.ledger.missed(entry, Broken)
	default:
		s.ledger.missed(entry, Lost)
	}
	wait(r.Context(), s.cfg.Latency)
	s.ruin(w, r, f)
}

// ruin is the answer that a fault has for a request that comes to nothing.
func (s *Sandbox) ruin(w http.ResponseWriter, r *http.Request, f *fault) {
	wait(r.Context(), f.delay)
	switch {
	case f.does.Code != 0:
		s.writeError(w, &graphError{code: f.does.Code, status: f.does.Status, details: f.rule})
	case f.does.Status != 0:
		writeBroken(w, f.does.Status)
	case f.does.Drop == DropHang:
		wait(r.Context(), s.cfg.SlowAnswer)
		panic(http.ErrAbortHandler)
	default:
		sever(w)
	}
}

// writeBroken answers as a proxy in front of Graph would.
func writeBroken(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte("<html><body><h1>" + http.StatusText(status) + "</h1></body></html>"))
}

// sever resets the connection, where there is one; elsewhere it aborts the handler.
func sever(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a reset instead of an orderly end
	}
	_ = conn.Close()
}
