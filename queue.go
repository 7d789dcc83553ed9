package arauto

import (
	"strings"
	"time"
	"unicode/utf8"
)

// A Queue is a team that answers: conversations wait in it until one of its agents has room. Voice campaigns
// name one too.
type Queue struct {
	ID      int64
	UUID    string
	Account int64

	Name string
	// Windows are its opening hours by the clock of Zone; none = always open.
	Windows Windows
	Zone    string // a time zone's name; "" = the account's
	// WorkHolidays keeps it open on the account's holidays.
	WorkHolidays bool
	// AwayText is said, once a conversation, to who waits while the queue is closed; "" = nothing.
	AwayText string
	// WaitText is said, once a conversation, to who has waited as long as WaitAfter; "" = nothing.
	WaitText  string
	WaitAfter time.Duration
	WrapUp    time.Duration // what an agent has after each conversation before the next; 0 = none
	// CodeRequired has agents close conversations with an activity code.
	CodeRequired bool

	CreatedAt time.Time
	UpdatedAt time.Time
}

// How much a queue may say and wait.
const (
	MaxAutoText = 1000
	MaxWrapUp   = time.Hour
	MaxWait     = 24 * time.Hour
)

// Check is nil for a queue that can be kept.
func (q Queue) Check() error {
	if err := checkName("name", q.Name); err != nil {
		return err
	}
	if err := q.Windows.Check("windows"); err != nil {
		return err
	}
	if _, err := time.LoadLocation(q.Zone); err != nil || q.Zone == "Local" {
		return Errorf(KindInvalid, "time_zone", "%q is not a time zone: write it as America/Sao_Paulo", q.Zone)
	}
	if utf8.RuneCountInString(q.AwayText) > MaxAutoText || utf8.RuneCountInString(q.WaitText) > MaxAutoText {
		return Errorf(KindInvalid, "away_text", "an automatic reply has at most %d characters", MaxAutoText)
	}
	if (q.WaitText != "") != (q.WaitAfter > 0) {
		return Errorf(KindInvalid, "wait_text", "give both the text and the minutes after which it is said, or neither")
	}
	if q.WaitAfter < 0 || q.WaitAfter > MaxWait || q.WrapUp < 0 || q.WrapUp > MaxWrapUp {
		return Errorf(KindInvalid, "wrap_up_seconds", "people wait up to a day before they are told so, and wrap-up lasts up to an hour")
	}
	return nil
}

// Open reports whether the queue is open at now, and otherwise when it is next; the zero time when it is not
// within Horizon. days are the account's holidays, zone its clock.
func (q Queue) Open(now time.Time, zone *time.Location, days Holidays) (bool, time.Time) {
	if q.Zone != "" {
		if own, err := time.LoadLocation(q.Zone); err == nil {
			zone = own
		}
	}
	var closed func(Date) bool
	if !q.WorkHolidays && len(days) > 0 {
		closed = func(d Date) bool { _, off := days.On(d, Place{}); return off }
	}
	return q.Windows.Open(now, []*time.Location{zone}, closed)
}

// MaxName is how long what people call a thing may be.
const MaxName = 120

// checkName is nil for what a thing may be called.
func checkName(field, name string) error {
	if strings.TrimSpace(name) != name || name == "" || utf8.RuneCountInString(name) > MaxName {
		return Errorf(KindInvalid, field, "give it a name of 1 to %d characters, without spaces around it", MaxName)
	}
	return nil
}
