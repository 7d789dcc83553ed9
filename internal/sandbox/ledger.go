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
)

// An Entry is one request to send, in the order they were read.
type Entry struct {
	Seq      int64     `json:"seq"` // from 1, without gaps
	At       time.Time `json:"at"`  // when the request had been read
	Outcome  Outcome   `json:"outcome"`
	Code     int       `json:"code,omitempty"`
	Answer   Answer    `json:"answer,omitempty"` // of an accepted one: did the caller hear?
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
	Accepted          int         `json:"accepted"`
	Unheard           int         `json:"unheard"` // accepted, but the caller saw a closed connection, a 500 or a slow answer
	Refused           map[int]int `json:"refused"` // by code
	Lost              int         `json:"lost"`
	People            int         `json:"people"`             // with at least one accepted message; both spellings of a number are one
	Twice             int         `json:"twice"`              // of these, with more than one
	RepeatedCallbacks int         `json:"repeated_callbacks"` // accepted messages whose biz_opaque_callback_data had been seen
	AfterOptOut       int         `json:"after_opt_out"`      // accepted templates to people whose opt-out had been acknowledged
	Webhooks          Webhooks    `json:"webhooks"`
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
	callbacks map[uint64]struct{}
	hash      maphash.Seed
	figures   Summary
	written   atomic.Int64 // Seq of the last entry in the file, over several Runs
}

// person is what is remembered of a canonical number.
type person struct {
	accepted, tries int
	lastID          string
	wroteAt         time.Time
	optedOut        bool
}

func newLedger(size int) *ledger {
	return &ledger{
		first: 1, next: 1, size: size, hash: maphash.MakeSeed(),
		people: map[string]*person{}, callbacks: map[uint64]struct{}{},
		figures: Summary{Refused: map[int]int{}},
	}
}

// take records an accepted message and completes e, or returns the refusal that the
// story has for this try. id makes the id of the person's nth message.
func (l *ledger) take(e *Entry, story Story, id func(nth int) string, nth *int) *graphError {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.person(story.Phone)
	p.tries++
	if story.SyncCode != 0 && (story.Refusals == 0 || p.tries <= story.Refusals) {
		return refuse(story.SyncCode, "this recipient's fate in the sandbox")
	}
	p.accepted++
	*nth = p.accepted
	p.lastID = id(p.accepted)
	e.Outcome, e.Answer, e.ID, e.WAID = Accepted, story.Answer, p.lastID, story.WAID
	l.append(*e)

	f := &l.figures
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
	e.Outcome, e.Code = Refused, code
	l.append(e)
	l.figures.Refused[code]++
}

func (l *ledger) lost(e Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Outcome = Lost
	l.append(e)
	l.figures.Lost++
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
	sum.Refused = maps.Clone(sum.Refused)
	return sum
}

func (l *ledger) person(number string) *person {
	p, ok := l.people[number]
	if !ok {
		p = &person{}
		l.people[number] = p
	}
	return p
}

// wrote opens the 24 hours in which free-form messages reach a person.
func (l *ledger) wrote(number string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.person(number); at.After(p.wroteAt) {
		p.wroteAt = at
	}
}

func (l *ledger) wroteWithin(number string, now time.Time, d time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, ok := l.people[number]
	return ok && !p.wroteAt.IsZero() && now.Sub(p.wroteAt) < d
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
