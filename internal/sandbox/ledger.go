package sandbox

import (
	"hash/maphash"
	"iter"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// Outcome is what became of one request to send.
type Outcome string

// The outcomes. A message exists only if it was accepted, whatever the caller heard.
const (
	Accepted Outcome = "accepted"
	Refused  Outcome = "refused" // with Entry.Code
	Lost     Outcome = "lost"    // the connection closed before the message was taken
	Broken   Outcome = "broken"  // not taken, and answered with Entry.Status that is no Graph error
)

// An Entry is one request to send, in the order they were read.
type Entry struct {
	Seq      int64     `json:"seq"` // from 1, without gaps
	At       time.Time `json:"at"`  // when the request had been read
	Outcome  Outcome   `json:"outcome"`
	Code     int       `json:"code,omitempty"`
	Status   int       `json:"status,omitempty"` // HTTP, of Broken
	Answer   Answer    `json:"answer,omitempty"` // of an accepted one: did the caller hear?
	Fault    string    `json:"fault,omitempty"`  // name of the script's rule that decided
	From     string    `json:"from,omitempty"`   // phone number id, unless it is the first
	To       string    `json:"to,omitempty"`     // digits as they came; empty if there were none to read
	WAID     string    `json:"wa_id,omitempty"`
	ID       string    `json:"id,omitempty"` // wamid
	Callback string    `json:"callback,omitempty"`
	Type     string    `json:"type,omitempty"`
	Template string    `json:"template,omitempty"`
	Language string    `json:"language,omitempty"`
}

// A Summary is the ledger in figures, since New.
type Summary struct {
	Accepted          int            `json:"accepted"`
	Unheard           int            `json:"unheard"` // accepted, but the caller saw a closed connection, a 500 or a slow answer
	Refused           map[int]int    `json:"refused"` // by code
	Lost              int            `json:"lost"`
	Broken            int            `json:"broken"`             // not taken, answered with an HTTP error that is not Graph's
	Faults            map[string]int `json:"faults,omitempty"`   // requests that the script decided about, by rule
	People            int            `json:"people"`             // with at least one accepted message; both spellings of a number are one
	Twice             int            `json:"twice"`              // of these, with more than one
	RepeatedCallbacks int            `json:"repeated_callbacks"` // accepted messages whose biz_opaque_callback_data had been seen
	AfterOptOut       int            `json:"after_opt_out"`      // accepted templates to people whose opt-out had been acknowledged
	Held              int            `json:"held"`               // kept back at this moment
	Reach             Reach          `json:"reach"`
	Webhooks          Webhooks       `json:"webhooks"`
}

// Webhooks counts updates; a batch counts each of its own.
type Webhooks struct {
	Delivered int64 `json:"delivered"` // answered with 200
	Pending   int64 `json:"pending"`
	Retries   int64 `json:"retries"`   // attempts that were not answered with 200
	Failed    int64 `json:"failed"`    // given up after seven days
	Discarded int64 `json:"discarded"` // nowhere to send them
}

// Ledger returns up to limit entries with Seq above after, in order. Entries beyond
// Config.LedgerSize are forgotten, oldest first.
func (s *Sandbox) Ledger(after int64, limit int) []Entry { return s.ledger.after(after, limit) }

// Entries yields the whole ledger, in order, reading it in pages.
func (s *Sandbox) Entries() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for after := int64(0); ; {
			page := s.ledger.after(after, pageOf)
			for _, e := range page {
				if !yield(e) {
					return
				}
				after = e.Seq
			}
			if len(page) == 0 {
				return
			}
		}
	}
}

// Summary returns the figures of this moment.
func (s *Sandbox) Summary() Summary {
	sum := s.ledger.summary()
	sum.Webhooks = s.counts.read()
	sum.Webhooks.Pending = int64(s.queue.waiting())
	sum.Held = s.held.size()
	sum.Reach = s.limits.reach(time.Now())
	return sum
}

const pageOf = 4096

// ledger keeps entries in pages, so that growing copies nothing and forgetting is
// dropping the first page.
type ledger struct {
	mu        sync.Mutex
	pages     [][]Entry
	first     int64 // Seq of the first entry that is kept
	next      int64
	size      int
	people    map[string]*person
	met       []*person // the same, in the order they were first met
	callbacks map[uint64]struct{}
	hash      maphash.Seed
	figures   Summary
	written   atomic.Int64 // Seq of the last entry in the file, over several Runs
}

// person is what is remembered of a canonical number.
type person struct {
	seq             int64
	number          string
	accepted, tries int
	refused, lost   int
	lastID          string
	windows         []window
	known           bool // was written to at their number, or showed it
	optedOut        bool
}

// window is what a person did towards one of the business's numbers.
type window struct {
	to      *number
	wroteAt time.Time // they may be written to freely for 24 hours
	adAt    time.Time // they came by an ad
	freeTo  time.Time // the end of the free entry point
}

func newLedger(size int) *ledger {
	l := &ledger{size: size, hash: maphash.MakeSeed()}
	l.clear()
	return l
}

func (l *ledger) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.first, l.next, l.pages = 1, 1, nil
	l.people, l.met, l.callbacks = map[string]*person{}, nil, map[uint64]struct{}{}
	l.figures = Summary{Refused: map[int]int{}}
	l.written.Store(0)
}

// take records an accepted message and completes e and m, or returns the refusal that
// the story has for this try. id makes the id of the person's nth message.
func (l *ledger) take(e *Entry, m *message, id func(nth int) string) *graphError {
	l.mu.Lock()
	defer l.mu.Unlock()
	story := m.story
	p := l.person(story.Phone)
	p.tries++
	if story.SyncCode != 0 && (story.Refusals == 0 || p.tries <= story.Refusals) {
		p.refused++
		return refuse(story.SyncCode, "this recipient's fate in the sandbox")
	}
	p.accepted++
	p.known = p.known || !m.byUserID
	m.nth = p.accepted
	p.lastID = id(p.accepted)
	e.Outcome, e.Answer, e.ID, e.WAID = Accepted, story.Answer, p.lastID, story.WAID
	l.append(*e)

	f := &l.figures
	l.blame(*e)
	f.Accepted++
	switch p.accepted {
	case 1:
		f.People++
	case 2:
		f.Twice++
	}
	if story.Answer != AnswerOK {
		f.Unheard++
	}
	if p.optedOut && e.Template != "" {
		f.AfterOptOut++
	}
	if e.Callback != "" {
		key := maphash.String(l.hash, e.Callback)
		if _, seen := l.callbacks[key]; seen {
			f.RepeatedCallbacks++
		}
		l.callbacks[key] = struct{}{}
	}
	return nil
}

func (l *ledger) refused(e Entry, code int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Outcome, e.Code = Refused, written(code)
	l.append(e)
	l.blame(e)
	l.figures.Refused[e.Code]++
}

// missed records a request that was not taken and not refused in Graph's words.
func (l *ledger) missed(e Entry, outcome Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Outcome = outcome
	l.append(e)
	l.blame(e)
	if e.To != "" {
		l.person(canonical(e.To)).lost++
	}
	if outcome == Broken {
		l.figures.Broken++
		return
	}
	l.figures.Lost++
}

// blame counts the rule that decided.
func (l *ledger) blame(e Entry) {
	if e.Fault == "" {
		return
	}
	if l.figures.Faults == nil {
		l.figures.Faults = map[string]int{}
	}
	l.figures.Faults[e.Fault]++
}

func (l *ledger) append(e Entry) {
	e.Seq = l.next
	l.next++
	if n := len(l.pages); n == 0 || len(l.pages[n-1]) == pageOf {
		l.pages = append(l.pages, make([]Entry, 0, pageOf))
	}
	last := &l.pages[len(l.pages)-1]
	*last = append(*last, e)
	if l.next-l.first > int64(l.size+pageOf) {
		l.pages = l.pages[1:]
		l.first += pageOf
	}
}

func (l *ledger) after(seq int64, limit int) []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := max(seq+1, l.first)
	n := min(int64(limit), l.next-from)
	if n <= 0 {
		return nil
	}
	out := make([]Entry, 0, n)
	for ; int64(len(out)) < n; from++ {
		i := from - l.first
		out = append(out, l.pages[i/pageOf][i%pageOf])
	}
	return out
}

func (l *ledger) summary() Summary {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum := l.figures
	sum.Refused, sum.Faults = maps.Clone(sum.Refused), maps.Clone(sum.Faults)
	return sum
}

func (l *ledger) person(number string) *person {
	p, ok := l.people[number]
	if !ok {
		p = &person{seq: int64(len(l.met) + 1), number: number}
		l.people[number] = p
		l.met = append(l.met, p)
	}
	return p
}

// wrote opens the 24 hours in which free-form messages reach a person, and after an
// ad those in which an answer makes the conversation free.
func (l *ledger) wrote(who string, to *number, at time.Time, byAd bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.person(who)
	w := p.window(to)
	if w == nil {
		p.windows = append(p.windows, window{to: to})
		w = &p.windows[len(p.windows)-1]
	}
	if at.After(w.wroteAt) {
		w.wroteAt = at
	}
	if byAd && at.After(w.freeTo) {
		w.adAt = at
	}
}

func (p *person) window(to *number) *window {
	for i := range p.windows {
		if p.windows[i].to == to {
			return &p.windows[i]
		}
	}
	return nil
}

// Meta's windows.
const (
	serviceWindow = 24 * time.Hour
	answerWindow  = 24 * time.Hour
	freeWindow    = 72 * time.Hour
)

// windows reports whether the person's message leaves the business free to write, and
// whether that is free of charge because an ad brought them.
func (l *ledger) windows(who string, to *number, now time.Time) (open, free bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, ok := l.people[who]
	if !ok {
		return false, false
	}
	w := p.window(to)
	if w == nil {
		return false, false
	}
	open = now.Sub(w.wroteAt) < serviceWindow
	if !w.adAt.IsZero() && now.Sub(w.adAt) < answerWindow {
		w.freeTo, w.adAt = now.Add(freeWindow), time.Time{}
	}
	return open, now.Before(w.freeTo)
}

// knows reports whether the business knows the person's number: it wrote to it.
func (l *ledger) knows(who string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, ok := l.people[who]
	return ok && p.known
}

func (l *ledger) optedOut(number string, out bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.person(number).optedOut = out
}

// lastID returns the id of the last message that number was sent.
func (l *ledger) lastID(number string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p, ok := l.people[number]; ok {
		return p.lastID
	}
	return ""
}
