package arauto

// A FailurePause is the share of failures of one reason that pauses a campaign. Its zero value asks for
// the defaults.
type FailurePause struct {
	Percent int // of the last answers; 0 = DefaultFailurePercent, -1 = never
	Window  int // how many answers are looked at; 0 = DefaultFailureWindow
}

// Defaults of a FailurePause. PersonalFailurePercent is the share of failures that lie with the people
// written to, such as numbers without WhatsApp, which say more about the list than about the campaign.
const (
	DefaultFailurePercent  = 40
	DefaultFailureWindow   = 50
	PersonalFailurePercent = 90
)

// Limit is how many failures for r among Window answers are too many; 0 = any number is borne.
func (f FailurePause) Limit(r Reason) int {
	if f.Percent < 0 {
		return 0
	}
	percent := f.Percent
	if percent == 0 {
		percent = DefaultFailurePercent
	}
	if r.Personal() {
		percent = max(percent, PersonalFailurePercent)
	}
	return (percent*f.Answers() + 99) / 100
}

// Answers is Window with its default.
func (f FailurePause) Answers() int {
	if f.Window == 0 {
		return DefaultFailureWindow
	}
	return f.Window
}

// Check is nil for a FailurePause that can be kept; the error names the field under `policy`.
func (f FailurePause) Check() error {
	if f.Percent < -1 || f.Percent > 100 {
		return Errorf(KindInvalid, "policy.failure_pause.percent", "a share is from 1 to 100 percent (0 = %d, -1 = never), not %d", DefaultFailurePercent, f.Percent)
	}
	if f.Window < 0 || f.Window > 0 && f.Window < 10 || f.Window > 10_000 {
		return Errorf(KindInvalid, "policy.failure_pause.window", "between 10 and 10000 answers are looked at (0 = %d), not %d", DefaultFailureWindow, f.Window)
	}
	return nil
}

// A FailureClass is how many contacts of a campaign stand as failed for one reason and one code of the
// provider's.
type FailureClass struct {
	Reason Reason
	Code   int
	N      int64
}

// Outcomes are what became of a campaign's contacts so far, by the provider's final word.
type Outcomes struct {
	Account, Campaign int64
	Version           int64 // of the campaign
	Policy            Policy
	Taken             int64 // by the provider, and not reported as failed
	Reached           int64 // of those: delivered, read or replied
	Failed            map[Reason]int64
}
