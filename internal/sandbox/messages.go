package sandbox

import (
	"context"
	"io"
	"net/http"
	"time"
)

// A message is one that was taken, as far as its webhooks need it.
type message struct {
	id       string
	callback string
	category string // as in pricing: "marketing", "marketing_lite", "utility", "service"
	nth      int    // of the messages this person was sent
	story    Story
	tap      tap // used if the story replies by button
}

type sendResponse struct {
	Product  string        `json:"messaging_product"`
	Contacts []sentContact `json:"contacts"`
	Messages []sentMessage `json:"messages"`
}

type sentContact struct {
	Input  string `json:"input"`
	WAID   string `json:"wa_id,omitempty"`
	UserID string `json:"user_id,omitempty"`
}

type sentMessage struct {
	ID     string `json:"id"`
	Status string `json:"message_status,omitempty"`
}

// postMessage is POST /{phone-number-id}/messages and, if lite, /marketing_messages.
// The message is taken, and in the ledger, once its body is read: before and
// whatever the answer.
func (s *Sandbox) postMessage(w http.ResponseWriter, r *http.Request, lite bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	entry := Entry{At: time.Now().UTC()}
	if err != nil {
		s.ledger.refused(entry, 100)
		s.writeError(w, refuse(100, "the body could not be read: %v", err))
		return
	}
	req, m, refusal := s.take(body, &entry, lite)
	if refusal != nil {
		s.ledger.refused(entry, refusal.code)
		wait(r.Context(), s.cfg.Latency)
		s.writeError(w, refusal)
		return
	}
	if m == nil {
		s.ledger.lost(entry)
		panic(http.ErrAbortHandler)
	}
	s.schedule(m, entry.At)
	s.answer(w, r, req, m)
}

// take checks a request and records its message. A refusal is for the caller to
// record; a nil message without one was lost before it was taken.
func (s *Sandbox) take(body []byte, entry *Entry, lite bool) (sendRequest, *message, *graphError) {
	req, refusal := decodeSend(body)
	entry.Type, entry.Callback = req.Type, req.Callback
	if refusal != nil {
		entry.Type, entry.Callback = clip(entry.Type, 32), clip(entry.Callback, maxCallback)
		return req, nil, refusal
	}
	number, refusal := req.number()
	if refusal != nil {
		return req, nil, refusal
	}
	entry.To = number
	story := Fate(s.cfg.Seed, number)
	m := &message{callback: req.Callback, category: "service"}
	if refusal := s.fill(m, &story, req, entry, lite); refusal != nil {
		return req, nil, refusal
	}
	switch {
	case story.Phone == canonical(onlyDigits(s.cfg.DisplayPhone)):
		return req, nil, refuse(131021, "the recipient is the sender")
	case story.Answer == AnswerLost:
		return req, nil, nil
	case !s.rate.AllowN(entry.At, 1):
		return req, nil, refuse(130429, "more than %d messages in a second", s.cfg.MessagesPerSecond)
	case s.queue.full():
		return req, nil, refuse(131016, "too many webhooks wait to be delivered")
	}
	m.story = story
	id := func(nth int) string { return wamid(s.boot, story.Phone, nth, "out") }
	if refusal := s.ledger.take(entry, story, id, &m.nth); refusal != nil {
		return req, nil, refusal
	}
	m.id = entry.ID
	return req, m, nil
}

// fill checks what is sent and adapts the story to it.
func (s *Sandbox) fill(m *message, story *Story, req sendRequest, entry *Entry, lite bool) *graphError {
	if req.Type == "template" {
		return s.fillTemplate(m, story, req.Template, entry, lite)
	}
	if lite {
		return refuse(134100, "only marketing templates are sent here")
	}
	story.Held, story.Reply, story.OptOut = false, ReplyNone, OptOutNone
	if story.FailedCode == 0 && !s.ledger.wroteWithin(story.Phone, entry.At, 24*time.Hour) {
		story.FailedCode = 131047
		story.Sent, story.Delivered, story.Read = false, false, false
	}
	return nil
}

func (s *Sandbox) fillTemplate(m *message, story *Story, sent *templateContent, entry *Entry, lite bool) *graphError {
	t, found, known := s.templates.find(sent.Name, sent.Language.Code)
	switch {
	case !found && known:
		return refuse(132001, "template name (%s) does not exist in %s", clip(sent.Name, 512), clip(sent.Language.Code, 20))
	case !found:
		return refuse(132001, "template name (%s) does not exist", clip(sent.Name, 512))
	}
	entry.Template, entry.Language = t.Name, t.Language
	switch {
	case t.Status == "PAUSED":
		return refuse(132015, "template (%s) is paused for its quality", t.Name)
	case t.Status == "DISABLED":
		return refuse(132016, "template (%s) is disabled for its quality", t.Name)
	case t.Status != "APPROVED":
		return refuse(132001, "template (%s) is %s in %s", t.Name, t.Status, t.Language)
	case lite && t.Category != "MARKETING":
		return refuse(134100, "only marketing templates are sent here")
	}
	taps, refusal := sent.check(t)
	if refusal != nil {
		return refusal
	}
	m.category = map[string]string{"MARKETING": "marketing", "UTILITY": "utility", "AUTHENTICATION": "authentication"}[t.Category]
	if lite {
		m.category = "marketing_lite"
	}
	if story.Reply != ReplyButton {
		return nil
	}
	for _, tap := range taps {
		if tap.optsOut == (story.OptOut == OptOutButton) {
			m.tap = tap
			return nil
		}
	}
	story.Reply = ReplySwipe
	return nil
}

// answer says what the story has the caller hear.
func (s *Sandbox) answer(w http.ResponseWriter, r *http.Request, req sendRequest, m *message) {
	wait(r.Context(), s.cfg.Latency)
	switch m.story.Answer {
	case AnswerSlow:
		wait(r.Context(), s.cfg.SlowAnswer)
	case AnswerClosed:
		panic(http.ErrAbortHandler)
	case AnswerBroken:
		s.writeError(w, refuse(131000, "the answer was lost on its way"))
		return
	}
	sent := sentMessage{ID: m.id}
	if req.Type == "template" {
		sent.Status = "accepted"
		if m.story.Held {
			sent.Status = "held_for_quality_assessment"
		}
	}
	contact := sentContact{Input: req.To, WAID: m.story.WAID}
	if req.To == "" {
		contact = sentContact{Input: req.Recipient, UserID: m.story.UserID}
	}
	writeJSON(w, http.StatusOK, sendResponse{Product: "whatsapp", Contacts: []sentContact{contact}, Messages: []sentMessage{sent}})
}

func wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// clip bounds text that a stranger chose.
func clip(text string, n int) string {
	if len(text) > n {
		return text[:n]
	}
	return text
}
