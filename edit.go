package arauto

import "time"

// An EditAction is what a person does to many contacts of a campaign at once.
type EditAction string

// The actions there are.
const (
	EditRemove  EditAction = "remove"  // take them out; what was attempted is kept, and the phone may be added again
	EditHold    EditAction = "hold"    // keep those who wait from being tried
	EditRelease EditAction = "release" // let those who are held back have their turn
	EditRequeue EditAction = "requeue" // try once more, whatever became of the last try
)

// EditActions lists them all.
func EditActions() []EditAction {
	return []EditAction{EditRemove, EditHold, EditRelease, EditRequeue}
}

// An Edit is one action on those contacts of a campaign that Who picks, of those up to UpTo. It is stored as Selection
// is.
type Edit struct {
	Action EditAction
	Who    ContactFilter
	UpTo   int64 // the highest contact id: who came later is not meant
	Reopen bool  // requeue: let a completed campaign run again
	By     Actor // who asked for it
}

// Check is nil for an edit that can be done.
func (e Edit) Check() error {
	for _, a := range EditActions() {
		if e.Action == a {
			return nil
		}
	}
	return Errorf(KindInvalid, "action", "%q is not done to contacts: use one of %v", e.Action, EditActions())
}

// never is when who is held back is due.
func never() time.Time { return time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC) }

// HeldBack reports whether a person keeps c from being tried.
func (c Contact) HeldBack() bool { return c.State == ContactPending && c.Reason == ReasonHeldBack }

// Edited returns c after a person's action. The error is a conflict that says why it is not done to c, which is then
// returned unchanged. Whether a message to c is in flight is not c's to know: see the store.
func (c Contact) Edited(a EditAction, now time.Time) (Contact, error) {
	next := c
	switch a {
	case EditRemove:
		if c.State == ContactSending || c.Dial.Live() {
			return c, Errorf(KindConflict, "state", "contact %d is being contacted: remove it when that is over", c.ID)
		}
		next.DeletedAt, next.DueAt = now, time.Time{}
	case EditHold:
		if c.State != ContactPending || c.HeldBack() {
			return c, Errorf(KindConflict, "state", "contact %d does not wait to be tried", c.ID)
		}
		next.DueAt, next.Reason, next.Code, next.Detail = never(), ReasonHeldBack, 0, ""
	case EditRelease:
		if !c.HeldBack() {
			return c, Errorf(KindConflict, "state", "contact %d is not held back", c.ID)
		}
		next.DueAt, next.Reason = later(now, c.ScheduledFor), ""
	case EditRequeue:
		if !c.MayBeRetried() {
			return c, Errorf(KindConflict, "reason", "contact %d is never tried again: %s", c.ID, c.Reason.Words(English))
		}
		return c.Apply(Event{Kind: EventAgain, At: now, Due: now})
	}
	next.UpdatedAt = later(c.UpdatedAt, now)
	return next, nil
}
