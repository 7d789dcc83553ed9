package arauto

import "time"

// GateInput is everything the gate looks at. Both channels ask with it at the moment of contact, and
// `why` asks with the same.
type GateInput struct {
	Contact      Contact
	Campaign     Campaign
	SenderPause  string // why the sender does not send; "" = it does
	Marketing    bool   // the template is marketing
	NeedsPhone   bool   // the template goes to no business-scoped id
	Suppressions []Suppression
	LastTouch    time.Time      // of the person, over all campaigns; zero = never
	Touches      Touches        // of the person, as far back as they are remembered
	Place        Place          // of the person, by the number or, where there is none, the id
	Rules        *Rules         // the account's; nil = none
	Zone         *time.Location // the account's, for numbers that do not say where they are; nil = UTC
	Language     Language       // of the words
	// Reach is the portfolio's 24 hours, of which the contact uses up one when it is New: not among those
	// reached within them.
	Reach  Budget
	New    bool
	RampUp Budget // the day of a sender that is being warmed up
	// OpenConversation says that somebody is talking with the person; read only for campaigns whose policy asks.
	OpenConversation bool
	// StoppedCountry is why nobody in the contact's country is written to from the sender's WABA; nil = they are.
	StoppedCountry *StoppedCountry
	Unfit          string // why the message cannot be filled for this contact, in words; "" = it can
}

// A Candidate is a contact that is due, and what filling its message showed.
type Candidate struct {
	Contact Contact
	Version int64  // of the campaign that the message was filled for; 0 = whichever
	Unfit   string // as GateInput.Unfit
}

// PairInterval is the least time between two messages of ours to the same person: Meta's pair limit.
const PairInterval = 6 * time.Second

// A Verdict is the gate's answer.
type Verdict struct {
	Outcome Outcome
	Reason  Reason // "" for Go
	Words   string // what a person should know beyond Reason; may be empty
	Until   time.Time
}

// Outcome is what the gate decides for a contact.
type Outcome string

const (
	Go       Outcome = "go"       // may be tried now
	Wait     Outcome = "wait"     // not now; Until says when to ask again, zero = when something changes
	Suppress Outcome = "suppress" // never in this campaign: do not contact
	Fail     Outcome = "fail"     // never: the contact cannot be tried
	Done     Outcome = "done"     // nothing to decide: the contact is past the gate
)

// Decide says whether a contact may be tried at now, and why not. It is the only place that does.
func Decide(in GateInput, now time.Time) Verdict {
	for _, rule := range gateRules {
		if v, decided := rule(in, now); decided {
			// Nothing is asked again after the campaign's end: then is when it fails.
			if end := in.Campaign.Policy.EndAt; !end.IsZero() && v.Until.After(end) && end.After(now) {
				v.Until = end
			}
			return v
		}
	}
	return Verdict{Outcome: Go}
}

// gateRules are asked in order; the first that decides, decides. What is final comes before what passes.
var gateRules = []func(GateInput, time.Time) (Verdict, bool){
	func(in GateInput, _ time.Time) (Verdict, bool) {
		v := Verdict{Outcome: Done, Reason: ReasonSettled, Words: string(in.Contact.State)}
		return v, in.Contact.State != ContactPending || !in.Contact.DeletedAt.IsZero()
	},
	func(in GateInput, _ time.Time) (Verdict, bool) {
		v := Verdict{Outcome: Wait, Reason: ReasonCampaignState, Words: string(in.Campaign.State)}
		if in.Campaign.Pause != "" {
			v.Words = in.Campaign.Pause
		}
		return v, in.Campaign.State != CampaignRunning
	},
	func(in GateInput, now time.Time) (Verdict, bool) {
		for _, s := range in.Suppressions {
			if s.Holds(in.Campaign.Channel, in.Marketing, now) {
				return Verdict{Outcome: Suppress, Reason: ReasonSuppressed, Words: s.Source}, true
			}
		}
		return Verdict{}, false
	},
	func(in GateInput, _ time.Time) (Verdict, bool) {
		return Verdict{Outcome: Fail, Reason: ReasonNeedsPhone}, in.NeedsPhone && in.Contact.Phone == ""
	},
	func(in GateInput, _ time.Time) (Verdict, bool) {
		return Verdict{Outcome: Fail, Reason: ReasonInvalidPhone}, !in.Contact.Reachable(in.Campaign.Channel)
	},
	func(in GateInput, _ time.Time) (Verdict, bool) {
		if in.StoppedCountry == nil {
			return Verdict{}, false
		}
		return Verdict{Outcome: Fail, Reason: ReasonCountry, Words: in.StoppedCountry.Words}, true
	},
	func(in GateInput, _ time.Time) (Verdict, bool) {
		return Verdict{Outcome: Fail, Reason: ReasonMissingValue, Words: in.Unfit}, in.Unfit != ""
	},
	marketingRule,
	endedRule,
	attemptsRule,
	func(in GateInput, _ time.Time) (Verdict, bool) {
		return Verdict{Outcome: Wait, Reason: ReasonSenderTrouble, Words: in.SenderPause}, in.SenderPause != ""
	},
	func(in GateInput, now time.Time) (Verdict, bool) {
		until := later(in.Contact.ScheduledFor, in.Contact.DueAt)
		return Verdict{Outcome: Wait, Reason: ReasonNotYet, Until: until}, in.Contact.ScheduledFor.After(now)
	},
	hoursRule,
	capRule,
	// After those, which are why the engine put off most of whom it did: they say it better.
	func(in GateInput, now time.Time) (Verdict, bool) {
		until := in.Contact.DueAt
		return Verdict{Outcome: Wait, Reason: ReasonNotYet, Until: until}, until.After(now)
	},
	func(in GateInput, now time.Time) (Verdict, bool) {
		until := in.LastTouch.Add(PairInterval)
		return Verdict{Outcome: Wait, Reason: ReasonJustContacted, Until: until}, !in.LastTouch.IsZero() && until.After(now)
	},
	reachRule,
	rampUpRule,
	// Last of all: a conversation may be over by the time the contact could be tried.
	func(in GateInput, _ time.Time) (Verdict, bool) {
		stops := in.Campaign.Policy.OnOpenConversation == FailOnOpenConversation && in.OpenConversation
		return Verdict{Outcome: Fail, Reason: ReasonOpenConversation}, stops
	},
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
