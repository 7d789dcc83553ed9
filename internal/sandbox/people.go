package sandbox

// A Person is what the ledger has of somebody who was written to or who wrote.
type Person struct {
	Seq      int64  `json:"seq"`    // in the order they were met, from 1
	Number   string `json:"number"` // canonical digits: both spellings of a number are one person
	UserID   string `json:"user_id"`
	Accepted int    `json:"accepted"` // messages taken
	Refused  int    `json:"refused"`  // requests refused by this person's fate
	Lost     int    `json:"lost"`     // requests that were not taken because of a fault
	LastID   string `json:"last_id,omitempty"`
	OptedOut bool   `json:"opted_out,omitempty"` // and the business has acknowledged it
	End      End    `json:"end"`                 // where a template message to them ends
}

// People returns up to limit people with Seq above after, in the order they were met.
func (s *Sandbox) People(after int64, limit int) []Person {
	seed := s.seed.Load()
	var out []Person
	for _, p := range s.ledger.peopleAfter(after, limit) {
		story := Fate(seed, p.Number)
		p.UserID, p.End = story.UserID, story.End()
		out = append(out, p)
	}
	return out
}

// Person returns what the ledger has of a number, in any spelling.
func (s *Sandbox) Person(number string) (p Person, found bool) {
	story := Fate(s.seed.Load(), number)
	p, found = s.ledger.personOf(story.Phone)
	p.UserID, p.End = story.UserID, story.End()
	return p, found
}

func (l *ledger) peopleAfter(after int64, limit int) []Person {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := min(max(after, 0), int64(len(l.met)))
	to := min(from+int64(max(limit, 0)), int64(len(l.met)))
	out := make([]Person, 0, to-from)
	for i := from; i < to; i++ {
		out = append(out, l.met[i].entry())
	}
	return out
}

func (l *ledger) personOf(number string) (Person, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p, ok := l.people[number]; ok {
		return p.entry(), true
	}
	return Person{Number: number}, false
}

func (p *person) entry() Person {
	return Person{
		Seq: p.seq, Number: p.number, Accepted: p.accepted, Refused: p.refused, Lost: p.lost,
		LastID: p.lastID, OptedOut: p.optedOut,
	}
}
