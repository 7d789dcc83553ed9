package sandbox

import (
	"errors"
	"slices"
	"sync"
	"time"
)

// shed keeps messages that Meta would keep back, until they are released or dropped.
type shed struct {
	mu   sync.Mutex
	held []*message
}

func newShed() *shed { return &shed{} }

func (h *shed) add(m *message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held = append(h.held, m)
}

func (h *shed) clear() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held = nil
}

// take removes what is chosen.
func (h *shed) take(chosen func(*message) bool) []*message {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []*message
	h.held = slices.DeleteFunc(h.held, func(m *message) bool {
		if !chosen(m) {
			return false
		}
		out = append(out, m)
		return true
	})
	return out
}

func (h *shed) size() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.held)
}

func (h *shed) list() []*message {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.held)
}

// hold keeps m back and releases it by itself after Config.HoldFor, unless that is
// negative.
func (s *Sandbox) hold(m *message, now time.Time) {
	s.held.add(m)
	if s.cfg.HoldFor < 0 {
		return
	}
	due := now.Add(s.cfg.HoldFor)
	s.queue.plan(due, true, func() {
		for _, m := range s.held.take(func(held *message) bool { return held == m }) {
			s.schedule(m, due)
		}
	})
}

// A Release says which messages that are held go on, and how. Of ID, To and Template
// those that are given must fit; none at all is every message.
type Release struct {
	ID       string `json:"id"`
	To       string `json:"to"`
	Template string `json:"template"`
	Drop     bool   `json:"drop"` // they fail with 135000 instead of being sent
}

// Release lets messages go that are held, in the order they were taken, and returns
// how many. It returns an error if To is not a number.
func (s *Sandbox) Release(r Release) (n int, err error) {
	to := ""
	if r.To != "" {
		digits, ok := parseNumber(r.To)
		if !ok {
			return 0, errors.New("to is not a phone number")
		}
		to = canonical(digits)
	}
	now := time.Now()
	released := s.held.take(func(m *message) bool {
		return (r.ID == "" || m.id == r.ID) && (to == "" || m.story.Phone == to) && (r.Template == "" || m.template == r.Template)
	})
	for _, m := range released {
		free := *m // its request may still be waiting for the answer
		if r.Drop {
			free.story.fail(135000)
		}
		s.schedule(&free, now)
	}
	return len(released), nil
}

// A HeldMessage is one that is kept back.
type HeldMessage struct {
	ID       string `json:"id"`
	To       string `json:"to"` // canonical digits
	Template string `json:"template"`
	Status   string `json:"message_status"`
}

// HeldMessages returns what is kept back, in the order it was taken.
func (s *Sandbox) HeldMessages() []HeldMessage {
	var out []HeldMessage
	for _, m := range s.held.list() {
		out = append(out, HeldMessage{m.id, m.story.Phone, m.template, m.story.status()})
	}
	return out
}
