package sandbox

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"time"
)

// A message is one that was taken, as far as its webhooks need it.
type message struct {
	id       string
	from     *number
	callback string
	template string
	category string // as in pricing: "marketing", "marketing_lite", "utility", "service"
	nth      int    // of the messages this person was sent
	story    Story
	tap      tap // used if the story replies by button
	byUserID bool
	free     bool // within a free entry point

	answerCode   int // of AnswerBroken and AnswerError
	answerStatus int // HTTP of AnswerBroken; 0 is the code's
	delay        time.Duration
}

// hidden reports whether webhooks keep the person's number to themselves.
func (m *message) hidden() bool { return m.byUserID && m.story.Hidden }

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
func (s *Sandbox) postMessage(w http.ResponseWriter, r *http.Request, from *number, lite bool) {
	if f := s.script.Load().unread(CallSend); f != nil {
		s.ledger.missed(Entry{At: time.Now().UTC(), Fault: f.rule}, Lost)
		wait(r.Context(), f.delay)
		sever(w)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	entry := Entry{At: time.Now().UTC()}
	if from != s.numbers[0] {
		entry.From = from.ID
	}
	if err != nil {
		s.ledger.refused(entry, 100)
		s.writeError(w, refuse(100, "the body could not be read: %v", err))
		return
	}
	req, refusal := s.read(body, &entry)
	if refusal != nil {
		s.decline(w, r, entry, nil, refusal)
		return
	}
	f := s.script.Load().judge(asked{
		call: CallSend, at: entry.At, to: canonical(entry.To), template: req.templateName(), kind: req.Type, from: from.ID,
	})
	if f != nil && !f.taken() && f.decides() {
		s.spoil(w, r, entry, f)
		return
	}
	m, refusal := s.take(req, &entry, from, lite, f)
	if refusal != nil {
		s.decline(w, r, entry, f, refusal)
		return
	}
	if m == nil {
		s.ledger.missed(entry, Lost)
		panic(http.ErrAbortHandler)
	}
	if m.story.Held {
		s.hold(m, entry.At)
	} else {
		s.schedule(m, entry.At)
	}
	s.answer(w, r, req, m)
}

// decline answers, however late, with a refusal that is nobody's fault.
func (s *Sandbox) decline(w http.ResponseWriter, r *http.Request, entry Entry, f *fault, refusal *graphError) {
	late := s.cfg.Latency
	if f != nil {
		late += f.delay
	}
	entry.Fault = ""
	s.ledger.refused(entry, refusal.code)
	wait(r.Context(), late)
	s.writeError(w, refusal)
}

// read decodes a request and says in entry what it is about.
func (s *Sandbox) read(body []byte, entry *Entry) (sendRequest, *graphError) {
	req, refusal := decodeSend(body)
	entry.Type, entry.Callback = req.Type, req.Callback
	if refusal != nil {
		entry.Type, entry.Callback = clip(entry.Type, 32), clip(entry.Callback, maxCallback)
		return req, refusal
	}
	number, refusal := req.number()
	if refusal == nil {
		entry.To = number
	}
	return req, refusal
}

// take checks a request and records its message. A refusal is for the caller to
// record; a nil message without one was lost before it was taken.
func (s *Sandbox) take(req sendRequest, entry *Entry, from *number, lite bool, f *fault) (*message, *graphError) {
	story := Fate(s.seed.Load(), entry.To)
	m := &message{callback: req.Callback, category: "service", from: from, byUserID: req.To == ""}
	open, free := s.ledger.windows(story.Phone, from, entry.At)
	m.free = free
	if refusal := s.fill(m, &story, req, entry, lite, open); refusal != nil {
		return nil, refusal
	}
	switch {
	case story.Phone == canonical(from.digits):
		return nil, refuse(131021, "the recipient is the sender")
	case story.Answer == AnswerLost:
		return nil, nil
	}
	if e := s.account.Load(); e != nil {
		return nil, e
	}
	if e := from.allows(entry.At); e != nil {
		return nil, e
	}
	if s.queue.full() || s.held.size() >= s.cfg.Queue {
		return nil, refuse(131016, "too many webhooks wait to be delivered")
	}
	late, e := s.limits.allows(from, story.Phone, open, entry.At)
	if e != nil {
		return nil, e
	}
	if late != 0 {
		story.fail(late)
	}
	m.story = story
	f.onto(m, entry)
	boot := s.boot.Load()
	if e := s.ledger.take(entry, m, func(nth int) string { return wamid(boot, story.Phone, nth, "out") }); e != nil {
		return nil, e
	}
	m.id = entry.ID
	return m, nil
}

// fail makes a story end at once in a failure.
func (s *Story) fail(code int) {
	s.FailedCode, s.Held = code, false
	s.Sent, s.Delivered, s.Read, s.Reply, s.OptOut = false, false, false, ReplyNone, OptOutNone
}

// fill checks what is sent and adapts the story to it; open is whether the person
// wrote in the last 24 hours.
func (s *Sandbox) fill(m *message, story *Story, req sendRequest, entry *Entry, lite, open bool) *graphError {
	if req.Type == "template" {
		return s.fillTemplate(m, story, req.Template, entry, lite)
	}
	if lite {
		return refuse(134100, "only marketing templates are sent here")
	}
	if e := s.checkMedia(req); e != nil {
		return e
	}
	story.Held, story.Reply, story.OptOut = false, ReplyNone, OptOutNone
	if story.FailedCode == 0 && !open {
		story.fail(131047)
	}
	return nil
}

func (s *Sandbox) fillTemplate(m *message, story *Story, sent *templateContent, entry *Entry, lite bool) *graphError {
	t, refusal := s.sendable(sent)
	if t != nil {
		entry.Template, entry.Language, m.template = t.Name, t.Language, t.Name
	}
	switch {
	case refusal != nil:
		return refusal
	case lite && t.Category != "MARKETING":
		return refuse(134100, "only marketing templates are sent here")
	case m.byUserID && t.Category == "AUTHENTICATION":
		return refuse(131062, "a code is sent to a phone number only")
	}
	taps, refusal := sent.check(*t)
	if refusal != nil {
		return refusal
	}
	if e := s.checkHeaderMedia(sent, t.part("HEADER").Format); e != nil {
		return e
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

// sendable finds the template that is named; one that is found may still be refused.
func (s *Sandbox) sendable(sent *templateContent) (*Template, *graphError) {
	t, found, known := s.templates.find(sent.Name, sent.Language.Code)
	switch {
	case !found && known:
		return nil, refuse(132001, "template name (%s) does not exist in %s", clip(sent.Name, 512), clip(sent.Language.Code, 20))
	case !found:
		return nil, refuse(132001, "template name (%s) does not exist", clip(sent.Name, 512))
	case t.Status == "PAUSED":
		return &t, refuse(132015, "template (%s) is paused for its quality", t.Name)
	case t.Status == "DISABLED":
		return &t, refuse(132016, "template (%s) is disabled for its quality", t.Name)
	case t.Status != "APPROVED":
		return &t, refuse(132001, "template (%s) is %s in %s", t.Name, t.Status, t.Language)
	}
	return &t, nil
}

// answer says what the story, or the script, has the caller hear.
func (s *Sandbox) answer(w http.ResponseWriter, r *http.Request, req sendRequest, m *message) {
	wait(r.Context(), s.cfg.Latency+m.delay)
	switch m.story.Answer {
	case AnswerSlow:
		wait(r.Context(), s.cfg.SlowAnswer)
	case AnswerHung:
		wait(r.Context(), s.cfg.SlowAnswer)
		panic(http.ErrAbortHandler)
	case AnswerClosed:
		sever(w)
		return
	case AnswerError:
		s.writeError(w, &graphError{code: cmp.Or(m.answerCode, m.story.FailedCode), status: m.answerStatus, details: "although the message was taken"})
		return
	case AnswerBroken:
		if m.answerStatus != 0 {
			writeBroken(w, m.answerStatus)
			return
		}
		s.writeError(w, refuse(131000, "the answer was lost on its way"))
		return
	}
	sent := sentMessage{ID: m.id}
	if req.Type == "template" {
		sent.Status = m.story.status()
	}
	contact := sentContact{Input: req.To, WAID: m.story.WAID}
	if m.byUserID {
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
