package arauto

import (
	"fmt"
	"time"
)

// A Policy is what a campaign asks of the engine beyond its list and its message: how fast, when, and
// what stops it. Its zero value asks for nothing. It is stored as JSON under these names: one that is
// renamed needs a migration.
type Policy struct {
	// Rate is the most messages a second that this campaign may send, within its sender's own; 0 = no limit.
	Rate int
	// Priority orders the campaigns of one sender: what is higher goes first. 0 is usual, from -100 to 100.
	Priority int
	// OnOpenConversation is what to do with a contact who is in an open conversation already, with whichever of
	// the account's senders, at the moment it would be tried.
	OnOpenConversation OnOpenConversation
	// FailurePause is when too many failures of one kind pause the campaign.
	FailurePause FailurePause
	// RetryMarketingCap tries a person whom Meta's limit on marketing held back once more, a day later.
	RetryMarketingCap bool

	// Windows are when its people may be contacted, by their own clocks, within what the account's rules
	// allow; none = whenever those do.
	Windows Windows
	// WorkHolidays lets it contact people on the account's holidays. Those of a pack are the pack's.
	WorkHolidays bool
	// EndAt is when it contacts nobody any more; zero = never. Who is still pending then fails as expired.
	EndAt time.Time
	// MaxLateness is how late it may start by itself. A start that was missed by more, because nothing
	// ran then, holds it for a person to decide; 0 = it starts however late.
	MaxLateness time.Duration
	// Attempts is the most attempts at one contact; 0 = as the account has it.
	Attempts int
	// PackExemption says why the account's packs do not speak of this campaign's messages: the confirmations
	// and alerts that a law lets through, say. "" = they do.
	PackExemption string
	// Ceiling is the most that its messages may cost, by the account's rates; the zero Money = no ceiling. What does
	// not fit pauses the campaign.
	Ceiling Money
}

// OnOpenConversation is a campaign's answer to people who are in a conversation already.
type OnOpenConversation string

const (
	SendOnOpenConversation OnOpenConversation = ""     // send all the same
	FailOnOpenConversation OnOpenConversation = "fail" // the contact fails with that reason
)

// Check is nil for a policy that can be kept; the error names the field under `policy`.
func (p Policy) Check() error {
	if p.Rate < 0 || p.Rate > 10_000 {
		return Errorf(KindInvalid, "policy.rate", "a campaign sends between 1 and 10000 messages a second (0 = as fast as its sender), not %d", p.Rate)
	}
	if p.Priority < -100 || p.Priority > 100 {
		return Errorf(KindInvalid, "policy.priority", "a priority is between -100 and 100, not %d", p.Priority)
	}
	if err := p.FailurePause.Check(); err != nil {
		return err
	}
	if p.OnOpenConversation != SendOnOpenConversation && p.OnOpenConversation != FailOnOpenConversation {
		return Errorf(KindInvalid, "policy.on_open_conversation", "%q is not one of: send, fail", p.OnOpenConversation)
	}
	if p.MaxLateness < 0 || p.MaxLateness > MaxLatenessLimit {
		return Errorf(KindInvalid, "policy.max_lateness_minutes", "a start may be late by at most %d days", MaxLatenessLimit/(24*time.Hour))
	}
	if p.Attempts < 0 || p.Attempts > RetryBudget {
		return Errorf(KindInvalid, "policy.attempts", "a contact is tried between 1 and %d times (0 = as the account has it), not %d", RetryBudget, p.Attempts)
	}
	if len(p.PackExemption) > 500 {
		return Errorf(KindInvalid, "policy.pack_exemption", "say in at most 500 letters why the packs do not apply")
	}
	if err := p.Ceiling.checkCeiling(); err != nil {
		return err
	}
	return p.Windows.Check("policy.windows")
}

// MaxLatenessLimit is the longest Policy.MaxLateness: what is later than that was forgotten, not missed.
const MaxLatenessLimit = 30 * 24 * time.Hour

// Rules are what an account asks of every campaign. Their zero value asks for nothing. Stored as Policy is.
type Rules struct {
	// ConversationIdleHours is after how many hours without a message from the person a conversation closes by
	// itself; 0 = DefaultConversationIdle, -1 = never.
	ConversationIdleHours int

	Packs    []PackRef // each speaks of the numbers of its own countries
	Windows  Windows   // when people may be contacted, by their own clocks; none = at any time
	Holidays Holidays  // on which nobody there is contacted, but by campaigns that work on them
	Caps     []Cap     // how often one person may be contacted, over all campaigns
	Attempts int       // the most attempts at one contact; 0 = RetryBudget

	// OutboundDialerRate is how many requests a second the outbound dialer's contact API takes from the account,
	// whichever of its tokens they come with; 0 = DefaultOutboundDialerRate.
	OutboundDialerRate int
	// Retention is how long what holds personal data is kept.
	Retention Retention
	// Licences is what the daily requests to a rationed API are counted by; 0 = DefaultLicences.
	Licences int
}

// DefaultOutboundDialerRate is Rules.OutboundDialerRate where nothing else was asked for: what its vendor allows.
const DefaultOutboundDialerRate = 10

// OutboundDialerPerSecond is how many requests a second that API takes.
func (r Rules) OutboundDialerPerSecond() int {
	if r.OutboundDialerRate == 0 {
		return DefaultOutboundDialerRate
	}
	return r.OutboundDialerRate
}

// Retention is how many days each class of data is kept; 0 = as long as its default says, -1 = until somebody
// removes it. What reports count is in none of them.
type Retention struct {
	WebhookDays int // what the provider posted and was dealt with, byte for byte
	FileDays    int // uploads of jobs that have ended, and what was made of them
	MessageDays int // what was written in conversations: the texts go, the messages stay
	// AttachmentDays is of the files of conversations: they go, that there was one stays.
	AttachmentDays int
}

// Defaults of Retention. Texts and files of conversations are the account's own record, and stay.
const (
	DefaultWebhookDays = 30
	DefaultFileDays    = 90
	DefaultMessageDays = -1
	// DefaultAttachmentDays is of the files of conversations.
	DefaultAttachmentDays = -1
	// LeastWebhookDays is longer than a provider repeats itself.
	LeastWebhookDays = 8
	mostDays         = 3660
)

// since is the moment before which a class that is kept for so many days, or for its default, is forgotten; zero =
// none of it is.
func (Retention) since(days, standard int, now time.Time) time.Time {
	if days == 0 {
		days = standard
	}
	if days < 0 {
		return time.Time{}
	}
	return now.AddDate(0, 0, -days)
}

// Webhooks, Files and Messages are the moments before which each is forgotten; zero = none of it is.
func (r Retention) Webhooks(now time.Time) time.Time {
	return r.since(r.WebhookDays, DefaultWebhookDays, now)
}

// Files is as Webhooks.
func (r Retention) Files(now time.Time) time.Time { return r.since(r.FileDays, DefaultFileDays, now) }

// Messages is as Webhooks.
func (r Retention) Messages(now time.Time) time.Time {
	return r.since(r.MessageDays, DefaultMessageDays, now)
}

// Attachments is as Webhooks.
func (r Retention) Attachments(now time.Time) time.Time {
	return r.since(r.AttachmentDays, DefaultAttachmentDays, now)
}

func (r Retention) check() error {
	for field, days := range map[string]int{"webhook_days": r.WebhookDays, "file_days": r.FileDays, "message_days": r.MessageDays, "attachment_days": r.AttachmentDays} {
		if days < -1 || days > mostDays {
			return Errorf(KindInvalid, "rules.retention."+field, "data is kept for 1 to %d days (0 = the default, -1 = until somebody removes it), not %d", mostDays, days)
		}
	}
	if r.WebhookDays > 0 && r.WebhookDays < LeastWebhookDays {
		return Errorf(KindInvalid, "rules.retention.webhook_days", "keep webhooks for at least %d days: the provider repeats them for seven", LeastWebhookDays)
	}
	return nil
}

// MaxPacks is how many packs an account may choose.
const MaxPacks = 20

// DefaultConversationIdle is how long a conversation stays open in silence where nothing else was asked for.
const DefaultConversationIdle = 24 * time.Hour

// ConversationIdle is how long a conversation stays open in silence; 0 = it never closes by itself.
func (r Rules) ConversationIdle() time.Duration {
	switch r.ConversationIdleHours {
	case 0:
		return DefaultConversationIdle
	case -1:
		return 0
	}
	return time.Duration(r.ConversationIdleHours) * time.Hour
}

// Check is nil for rules that can be kept; the error names the field under `rules`.
func (r Rules) Check() error {
	if r.ConversationIdleHours < -1 || r.ConversationIdleHours > 24*365 {
		return Errorf(KindInvalid, "rules.conversation_idle_hours", "a conversation closes after 1 to 8760 hours of silence (0 = 24, -1 = never), not %d", r.ConversationIdleHours)
	}
	if err := r.Retention.check(); err != nil {
		return err
	}
	if r.Attempts < 0 || r.Attempts > RetryBudget {
		return Errorf(KindInvalid, "rules.attempts", "a contact is tried between 1 and %d times (0 = as many), not %d", RetryBudget, r.Attempts)
	}
	if r.OutboundDialerRate < 0 || r.OutboundDialerRate > 1000 {
		return Errorf(KindInvalid, "rules.outbound_dialer_rate", "the outbound dialer's API takes between 1 and 1000 requests a second (0 = %d), not %d", DefaultOutboundDialerRate, r.OutboundDialerRate)
	}
	if err := checkLicences(r.Licences); err != nil {
		return err
	}
	if err := checkPacks(r.Packs); err != nil {
		return err
	}
	if err := checkCaps(r.Caps, "rules.caps"); err != nil {
		return err
	}
	if err := r.Windows.Check("rules.windows"); err != nil {
		return err
	}
	return r.Holidays.Check()
}

func checkPacks(packs []PackRef) error {
	if len(packs) > MaxPacks {
		return Errorf(KindInvalid, "rules.packs", "choose at most %d packs", MaxPacks)
	}
	chosen := map[string]bool{}
	for i, ref := range packs {
		at := fmt.Sprintf("rules.packs[%d]", i)
		if PackOf(ref) == nil {
			return Errorf(KindInvalid, at, "there is no pack %q in version %d: GET /packs lists them", ref.Name, ref.Version)
		}
		if chosen[ref.Name] {
			return Errorf(KindInvalid, at, "pack %q is chosen twice: choose one version", ref.Name)
		}
		chosen[ref.Name] = true
	}
	return nil
}
