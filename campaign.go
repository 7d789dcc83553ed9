package arauto

import (
	"fmt"
	"time"
)

// A Campaign is a list of contacts worked by one channel.
//
//	draft ⇄ scheduled ──start──▶ running ⇄ paused
//	  └───────start────────────▶ running ──complete──▶ completed ──archive──▶ archived
//	scheduled ──pause──▶ paused ──complete──▶ completed
//	draft, scheduled, running, paused ──cancel──▶ cancelled ──archive──▶ archived
//	completed ──reopen──▶ running
//
// A campaign completes when its list is exhausted; a standing one waits for more. It is reopened only together
// with contacts that are put back to be tried again.
type Campaign struct {
	ID   int64
	UUID string

	Account  int64
	Sender   int64
	Template int64
	Queue    int64 // whose agents take the calls; 0 = none yet, and for WhatsApp

	Name     string
	Channel  Channel
	State    CampaignState
	Pause    string // why it is paused, in words; "" when it is not
	Cause    Cause  // of the pause, or of the last one that ended by itself
	Standing bool   // wait for more contacts instead of completing
	Mapping  Mapping
	// HoldAfter pauses the campaign once that many contacts were sent to; 0 = never. Resuming clears it.
	HoldAfter int
	// ReplyWindow is how long after a message a reply without context still counts as an answer to it.
	ReplyWindow time.Duration
	Policy      Policy
	Voice       Voice // how it dials; the zero Voice for WhatsApp
	Version     int64 // of the row: a change names the version it was decided on

	ScheduledFor time.Time
	CreatedAt    time.Time
	UpdatedAt    time.Time
	StartedAt    time.Time
	EndedAt      time.Time
}

// DefaultReplyWindow is Campaign.ReplyWindow where nothing else was asked for.
const DefaultReplyWindow = 72 * time.Hour

// Channel is how a campaign reaches people.
type Channel string

const (
	ChannelWhatsApp Channel = "whatsapp"
	ChannelVoice    Channel = "voice"
)

// CampaignState is where a campaign stands.
type CampaignState string

const (
	CampaignDraft     CampaignState = "draft"     // being prepared
	CampaignScheduled CampaignState = "scheduled" // starts by itself at ScheduledFor
	CampaignRunning   CampaignState = "running"   // contacts are tried as they fall due
	CampaignPaused    CampaignState = "paused"    // nothing new is tried; facts still come in
	CampaignCompleted CampaignState = "completed" // its list is exhausted
	CampaignCancelled CampaignState = "cancelled" // given up; its pending contacts are cancelled
	CampaignArchived  CampaignState = "archived"  // out of the way; reports still know it
)

// CampaignStates lists every state in the order of a campaign's life.
func CampaignStates() []CampaignState {
	return []CampaignState{
		CampaignDraft, CampaignScheduled, CampaignRunning, CampaignPaused,
		CampaignCompleted, CampaignCancelled, CampaignArchived,
	}
}

// CampaignEvent is what can happen to a campaign.
type CampaignEvent string

const (
	CampaignSchedule   CampaignEvent = "schedule"
	CampaignUnschedule CampaignEvent = "unschedule"
	CampaignStart      CampaignEvent = "start"
	CampaignPause      CampaignEvent = "pause"
	CampaignResume     CampaignEvent = "resume"
	CampaignComplete   CampaignEvent = "complete"
	CampaignReopen     CampaignEvent = "reopen"
	CampaignCancel     CampaignEvent = "cancel"
	CampaignArchive    CampaignEvent = "archive"
)

// CampaignEvents lists every event.
func CampaignEvents() []CampaignEvent {
	return []CampaignEvent{
		CampaignSchedule, CampaignUnschedule, CampaignStart, CampaignPause, CampaignResume,
		CampaignComplete, CampaignReopen, CampaignCancel, CampaignArchive,
	}
}

// campaignTransitions is the whole life cycle; asking twice for the same thing is not an error.
var campaignTransitions = map[CampaignState]map[CampaignEvent]CampaignState{
	CampaignDraft: {
		CampaignSchedule: CampaignScheduled, CampaignUnschedule: CampaignDraft, CampaignStart: CampaignRunning, CampaignCancel: CampaignCancelled,
	},
	CampaignScheduled: {
		CampaignSchedule: CampaignScheduled, CampaignUnschedule: CampaignDraft, CampaignStart: CampaignRunning, CampaignPause: CampaignPaused,
		CampaignCancel: CampaignCancelled,
	},
	CampaignRunning: {
		CampaignStart: CampaignRunning, CampaignResume: CampaignRunning, CampaignPause: CampaignPaused,
		CampaignComplete: CampaignCompleted, CampaignCancel: CampaignCancelled,
	},
	CampaignPaused: {
		CampaignPause: CampaignPaused, CampaignResume: CampaignRunning, CampaignStart: CampaignRunning, CampaignCancel: CampaignCancelled,
		CampaignComplete: CampaignCompleted,
	},
	CampaignCompleted: {CampaignComplete: CampaignCompleted, CampaignReopen: CampaignRunning, CampaignArchive: CampaignArchived},
	CampaignCancelled: {CampaignCancel: CampaignCancelled, CampaignArchive: CampaignArchived},
	CampaignArchived:  {CampaignArchive: CampaignArchived},
}

// Apply returns c after e, or a conflict naming the state and what would be possible instead.
// why is kept as the cause of a pause and ignored otherwise.
func (c Campaign) Apply(e CampaignEvent, why string, now time.Time) (Campaign, error) {
	next, ok := campaignTransitions[c.State][e]
	if e == CampaignCancel && c.Channel == ChannelVoice {
		return c, Errorf(KindConflict, "state", "campaign %q is dialled: complete it, and whoever was not called keeps waiting", c.Name)
	}
	if !ok {
		return c, Errorf(KindConflict, "state", "campaign %q is %s: it cannot %s (it can %s)", c.Name, c.State, e, c.possible())
	}
	if e == CampaignSchedule && c.ScheduledFor.IsZero() {
		return c, Errorf(KindInvalid, "scheduled_for", "say when campaign %q is to start", c.Name)
	}
	if e == CampaignPause && c.State == CampaignPaused && !c.Cause.ByPerson() {
		// Who pauses what the engine has paused means it to stay so, whatever the engine would have waited for.
		c.Pause, c.Cause, c.UpdatedAt = why, Cause{Since: now}, now
		return c, nil
	}
	if next == c.State && e != CampaignSchedule {
		return c, nil
	}
	if err := c.endsBefore(next, now); err != nil {
		return c, err
	}
	switch next {
	case CampaignDraft:
		c.ScheduledFor = time.Time{}
	case CampaignRunning:
		// One that was paused before it began has not had its first contacts yet, and one that the engine paused
		// has not had all of them.
		if !c.StartedAt.IsZero() && (c.State == CampaignPaused && c.Cause.ByPerson() || c.State == CampaignCompleted) {
			c.HoldAfter = 0
		}
		keepFirst(&c.StartedAt, now)
		c.EndedAt = time.Time{}
	case CampaignCompleted, CampaignCancelled:
		c.EndedAt = now
	}
	c.Pause = ""
	if c.Cause.Until.IsZero() {
		c.Cause = Cause{}
	}
	if next == CampaignPaused {
		c.Pause, c.Cause = why, Cause{Since: now}
	}
	c.State, c.UpdatedAt = next, now
	return c, nil
}

// Halt returns c paused for what h says, if it runs; else c as it is: the first pause keeps its cause.
func (c Campaign) Halt(h Halt, now time.Time) Campaign {
	if c.State != CampaignRunning {
		return c
	}
	next, err := c.Apply(CampaignPause, h.Words, now)
	if err != nil {
		return c
	}
	next.Cause = h.Cause(c.Cause, now)
	return next
}

func (c Campaign) possible() string {
	var can []CampaignEvent
	for _, e := range CampaignEvents() {
		if next, ok := campaignTransitions[c.State][e]; ok && next != c.State {
			can = append(can, e)
		}
	}
	if len(can) == 0 {
		return "no longer change"
	}
	return fmt.Sprint(can)[1 : len(fmt.Sprint(can))-1]
}

// endsBefore is a conflict when c would go on, or be scheduled to, after its end: all it would do is let everybody expire.
func (c Campaign) endsBefore(next CampaignState, now time.Time) error {
	begins := now
	if next == CampaignScheduled {
		begins = c.ScheduledFor
	}
	end := c.Policy.EndAt
	if end.IsZero() || begins.Before(end) || next != CampaignRunning && next != CampaignScheduled {
		return nil
	}
	return Errorf(KindConflict, "policy.end_at", "campaign %q ends at %s, before it would begin: choose a later end", c.Name, end.UTC().Format(time.RFC3339))
}

// Missed is how late a scheduled campaign would start at now, when that is more than its policy bears; else 0.
func (c Campaign) Missed(now time.Time) time.Duration {
	late := now.Sub(c.ScheduledFor)
	if c.State != CampaignScheduled || c.Policy.MaxLateness <= 0 || late <= c.Policy.MaxLateness {
		return 0
	}
	return late
}

// Accepts is nil while contacts may be added, else a conflict with the remedy.
func (c Campaign) Accepts() error {
	switch c.State {
	case CampaignCompleted:
		return Errorf(KindConflict, "campaign", "campaign %q is completed: duplicate it, or create it as standing so that it waits for more contacts", c.Name)
	case CampaignCancelled, CampaignArchived:
		return Errorf(KindConflict, "campaign", "campaign %q is %s: duplicate it and add the contacts to the copy", c.Name, c.State)
	}
	return nil
}

// TriesAgain is nil while contacts may be put back to be tried again, else a conflict with the remedy. A completed
// campaign takes them only where it may be reopened for it.
func (c Campaign) TriesAgain(reopen bool) error {
	switch {
	case c.State == CampaignCompleted && !reopen:
		return Errorf(KindConflict, "reopen", "campaign %q is completed: say reopen to let it run again for these contacts", c.Name)
	case c.State == CampaignCancelled || c.State == CampaignArchived:
		return Errorf(KindConflict, "state", "campaign %q is %s: put these contacts into another campaign as its audience", c.Name, c.State)
	}
	return nil
}

// Startable is nil when the campaign can send with that template and sender, else says what is missing.
func (c Campaign) Startable(t Template, s Sender) error {
	if c.Channel == ChannelVoice {
		return Errorf(KindConflict, "campaign", "campaign %q dials: it has no message to send", c.Name)
	}
	if c.Sender == 0 || c.Template == 0 {
		return Errorf(KindConflict, "campaign", "campaign %q needs a sender and a template before it starts", c.Name)
	}
	if t.Status != TemplateApproved {
		return Errorf(KindConflict, "template", "template %q (%s) is %s at Meta: only APPROVED templates can be sent", t.Name, t.Language, t.Status)
	}
	if t.WABA != s.WABA {
		return Errorf(KindConflict, "template", "template %q belongs to another WhatsApp Business Account than sender %q: choose one of the sender's own", t.Name, s.Name)
	}
	if t.Header.Format == "LOCATION" {
		return Errorf(KindConflict, "template", "template %q has a location header, which a campaign cannot fill yet: choose another", t.Name)
	}
	return c.Mapping.Complete(t)
}

// Dialable is nil when a voice campaign can run, else says what is missing.
func (c Campaign) Dialable() error {
	if c.Queue == 0 {
		return Errorf(KindConflict, "queue", "campaign %q needs a queue, whose agents take its calls, before it starts", c.Name)
	}
	return c.Voice.Check()
}

// RetryBudget is how many times a contact is tried when each try meets a fault that may pass.
const RetryBudget = 6

// RetryAt is when to try again after the attempt-th try (from 1) met a fault that may pass; ok is false
// when the budget is spent. after, if positive, is the provider's own wish.
func RetryAt(attempt int, after time.Duration, now time.Time) (at time.Time, ok bool) {
	if attempt >= RetryBudget {
		return time.Time{}, false
	}
	const longest = 24 * time.Hour
	wait := after
	if wait <= 0 {
		wait = 2 * time.Second
	}
	wait = min(wait, longest)
	for range attempt - 1 {
		wait = min(wait*4, longest)
	}
	return now.Add(wait), true
}

// Counts is how many contacts of a campaign stand in each state. They are kept in the transaction
// that changes a contact, never counted.
type Counts map[ContactState]int64

// Total is the number of contacts that are not deleted.
func (n Counts) Total() int64 {
	var sum int64
	for _, v := range n {
		sum += v
	}
	return sum
}

// Exhausted reports whether nothing is left to try.
func (n Counts) Exhausted() bool { return n[ContactPending] == 0 && n[ContactSending] == 0 }

// Tried is the number of contacts that were tried, or are being tried.
func (n Counts) Tried() int64 {
	return n.Total() - n[ContactPending] - n[ContactSuppressed] - n[ContactCancelled]
}

// Work is a running campaign with the template it sends.
type Work struct {
	Campaign Campaign
	Template Template
}
