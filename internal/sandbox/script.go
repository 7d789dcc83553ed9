package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Script is what goes wrong, and what happens by itself. It decides nothing about
// what becomes of a message that is taken, unless a rule says Failed or Hold: that is
// Fate's. So a run with faults must end as a run without, if whoever sends handles
// them well.
type Script struct {
	Rules []Rule `json:"rules,omitempty"` // the first that fits a request and decides its outcome does; delays before it add up
	Steps []Step `json:"steps,omitempty"`
}

// A Rule spoils some of the requests that fit it. Whether it strikes is a function of
// the seed, the rule's name, the recipient and the number of the request among those
// for this recipient since the script was set: the same run meets the same faults, and
// who sends again gets through sooner or later.
type Rule struct {
	Name string `json:"name,omitempty"` // in the ledger; "" is "rule 1", "rule 2", …

	// What must fit. Empty is anything.
	Call     Call     `json:"call,omitempty"`     // "" is CallSend
	To       []string `json:"to,omitempty"`       // recipients, in any spelling, or the first digits and "*"
	From     string   `json:"from,omitempty"`     // phone number id of the sender
	Template string   `json:"template,omitempty"` // name
	Type     string   `json:"type,omitempty"`     // of the message
	After    Duration `json:"after,omitempty"`    // since the script was set
	Until    Duration `json:"until,omitempty"`    // 0 is for ever

	// How many of those that fit.
	Percent float64 `json:"percent,omitempty"` // 0 is all
	Skip    int     `json:"skip,omitempty"`    // not the first n
	First   int     `json:"first,omitempty"`   // only the first n, after Skip; 0 is all
	Every   int     `json:"every,omitempty"`   // only the k-th, 2k-th, …, after Skip; 0 is all
	Count   Count   `json:"count,omitempty"`   // what Skip, First and Every count; "" is CountRecipient

	// What happens: at least one of these.
	Delay  Duration `json:"delay,omitempty"`  // before the answer, whatever it is
	Code   int      `json:"code,omitempty"`   // the answer is this error of Graph's
	Status int      `json:"status,omitempty"` // the answer has this HTTP status and, without Code, no body that Graph would write
	Drop   Drop     `json:"drop,omitempty"`   // there is no answer
	Taken  bool     `json:"taken,omitempty"`  // the message is taken whatever the answer says
	Failed int      `json:"failed,omitempty"` // the message is taken, and later fails with this code
	Hold   string   `json:"hold,omitempty"`   // the message is taken and kept back: "held_for_quality_assessment" or "paused"
}

// Call is what a request asks of Graph.
type Call string

// The calls.
const (
	CallSend      Call = "send"      // POST messages and marketing_messages
	CallTemplates Call = "templates" // anything about templates
	CallMedia     Call = "media"     // anything about media
	CallRead      Call = "read"      // any GET
	CallAny       Call = "any"
)

// Count is what a rule counts.
type Count string

// The counts. CountRecipient is the same in every run; CountAll depends on the order
// in which requests come.
const (
	CountRecipient Count = "recipient" // requests to send to one recipient, whichever rule they fit
	CountAll       Count = "all"       // requests that fit the rule
)

// Drop is how a request is left without an answer.
type Drop string

// The drops.
const (
	DropUnread Drop = "unread" // the connection is reset before the body is read; the rule can fit neither recipient nor template nor type
	DropReset  Drop = "reset"  // the connection is reset after the body was read
	DropHang   Drop = "hang"   // nothing comes for Config.SlowAnswer, or until the caller leaves; then the connection closes
)

// A Step is one request to the control API, made by the sandbox itself.
type Step struct {
	At   Duration        `json:"at"`   // since the script was set
	Post string          `json:"post"` // what follows /_sandbox/: "template", "number", "release", …
	Body json.RawMessage `json:"body,omitempty"`
}

// ParseScript reads a script from JSON and checks it. A member that does not exist is
// an error.
func ParseScript(text []byte) (Script, error) {
	var sc Script
	if err := readControl(text, &sc); err != nil {
		return Script{}, err
	}
	return sc, sc.Check()
}

// Check returns what is wrong with s, naming the rule or step.
func (s Script) Check() error {
	for i, r := range s.Rules {
		if problem := r.problem(); problem != "" {
			return fmt.Errorf("%s: %s", r.title(i), problem)
		}
	}
	for i, step := range s.Steps {
		if step.At < 0 {
			return fmt.Errorf("step %d: at cannot be negative", i+1)
		}
		if _, known := posts()[step.Post]; !known || step.Post == "reset" || step.Post == "script" {
			return fmt.Errorf("step %d: %q is not something a step can post", i+1, step.Post)
		}
	}
	return nil
}

func (r Rule) title(i int) string {
	if r.Name != "" {
		return r.Name
	}
	return fmt.Sprintf("rule %d", i+1)
}

func (r Rule) problem() string {
	taken := r.Taken || r.Failed != 0 || r.Hold != ""
	aimed := len(r.To) > 0 || r.Template != "" || r.Type != "" || r.From != ""
	switch {
	case !slices.Contains([]Call{"", CallSend, CallTemplates, CallMedia, CallRead, CallAny}, r.Call):
		return fmt.Sprintf("call %q is none of send, templates, media, read and any", r.Call)
	case !slices.Contains([]Count{"", CountRecipient, CountAll}, r.Count):
		return "count is recipient or all"
	case !slices.Contains([]Drop{"", DropUnread, DropReset, DropHang}, r.Drop):
		return "drop is unread, reset or hang"
	case r.Hold != "" && r.Hold != "held_for_quality_assessment" && r.Hold != "paused":
		return "hold is held_for_quality_assessment or paused"
	case r.Percent < 0 || r.Percent > 100:
		return "percent is above 0 and up to 100"
	case r.Skip < 0 || r.First < 0 || r.Every < 0 || r.Delay < 0 || r.After < 0 || r.Until < 0:
		return "nothing can be negative"
	case r.Status != 0 && (r.Status < 400 || r.Status > 599):
		return "status is an error's, 400 to 599"
	case r.Code < 0 || r.Failed < 0:
		return "a code cannot be negative"
	case r.Delay == 0 && r.Code == 0 && r.Status == 0 && r.Drop == "" && !taken:
		return "nothing happens: give it delay, code, status, drop, failed or hold"
	case r.Drop != "" && (r.Code != 0 || r.Status != 0):
		return "drop leaves no answer to have a code or status"
	case r.Drop == DropUnread && (aimed || taken):
		return "before the request is read nobody knows what it is about, nor is it taken"
	case (aimed || taken) && r.Call != "" && r.Call != CallSend:
		return "only a request to send has a recipient, a template and a message"
	case r.Taken && r.Code == 0 && r.Status == 0 && r.Drop == "" && r.Failed == 0 && r.Hold == "":
		return "taken is what happens without a rule"
	}
	for _, to := range r.To {
		prefix, open := strings.CutSuffix(to, "*")
		if _, whole := parseNumber(to); !whole && (!open || onlyDigits(prefix) == "") {
			return fmt.Sprintf("to: %q is not a number", to)
		}
	}
	return ""
}

// SetScript replaces the script. Its clocks and counts begin now. It returns an error
// if sc is not valid.
func (s *Sandbox) SetScript(sc Script) error {
	if err := sc.Check(); err != nil {
		return err
	}
	if len(sc.Rules)+len(sc.Steps) == 0 {
		s.script.Store(nil)
		return nil
	}
	running := newScript(sc, s.seed.Load(), time.Now())
	s.script.Store(running)
	for _, step := range sc.Steps {
		s.queue.plan(running.since.Add(time.Duration(step.At)), false, func() {
			if s.script.Load() == running {
				s.step(step)
			}
		})
	}
	return nil
}

// Script returns the script that runs.
func (s *Sandbox) Script() Script {
	if running := s.script.Load(); running != nil {
		return running.Script
	}
	return Script{}
}
