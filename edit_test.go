package arauto_test

import (
	"slices"
	"testing"
	"time"

	"arauto"
)

// TestEdited_Total: what each action makes of a contact in each state; "" is a conflict that changes nothing.
func TestEdited_Total(t *testing.T) {
	want := map[arauto.EditAction]map[arauto.ContactState]arauto.ContactState{
		arauto.EditRemove: {
			"pending": "pending", "unknown": "unknown", "sent": "sent", "delivered": "delivered", "read": "read", "replied": "replied",
			"failed": "failed", "suppressed": "suppressed", "cancelled": "cancelled",
		},
		arauto.EditHold:    {"pending": "pending"},
		arauto.EditRelease: {},
		arauto.EditRequeue: {"unknown": "pending", "failed": "pending", "suppressed": "pending", "cancelled": "pending"},
	}
	if len(want) != len(arauto.EditActions()) {
		t.Errorf("the test knows %d actions, the code %d", len(want), len(arauto.EditActions()))
	}
	for _, a := range arauto.EditActions() {
		for _, s := range arauto.ContactStates() {
			before := arauto.Contact{ID: 7, State: s}
			got, err := before.Edited(a, after(1))
			state, done := want[a][s]
			switch {
			case done && (err != nil || got.State != state):
				t.Errorf("%s of a contact that is %s: %s, %v; want %s", a, s, got.State, err, state)
			case !done && (arauto.KindOf(err) != arauto.KindConflict || got.State != s || !got.UpdatedAt.IsZero()):
				t.Errorf("%s of a contact that is %s: %+v, %v; want a conflict", a, s, got, err)
			}
		}
	}
}

func TestEdited_HoldAndRelease(t *testing.T) {
	wish := after(3600)
	c := arauto.Contact{ID: 7, State: arauto.ContactPending, DueAt: base, ScheduledFor: wish}
	held, err := c.Edited(arauto.EditHold, after(1))
	if err != nil || !held.HeldBack() || held.DueAt.Before(after(1).AddDate(1000, 0, 0)) {
		t.Fatalf("held: %+v, %v", held, err)
	}
	if _, err := held.Edited(arauto.EditHold, after(2)); arauto.KindOf(err) != arauto.KindConflict {
		t.Errorf("held twice: %v", err)
	}
	free, err := held.Edited(arauto.EditRelease, after(2))
	if err != nil || free.HeldBack() || !free.DueAt.Equal(wish) {
		t.Errorf("released before its wish: %+v, %v", free, err)
	}
	if free, err = held.Edited(arauto.EditRelease, wish.Add(time.Hour)); err != nil || !free.DueAt.Equal(wish.Add(time.Hour)) {
		t.Errorf("released after its wish: %+v, %v", free, err)
	}
	if removed, err := held.Edited(arauto.EditRemove, after(2)); err != nil || !removed.DeletedAt.Equal(after(2)) {
		t.Errorf("removed: %+v, %v", removed, err)
	}
}

func TestEdited_NotLive(t *testing.T) {
	for _, d := range arauto.Dials() {
		c := arauto.Contact{ID: 7, Dial: d, State: d.State()}
		if _, err := c.Edited(arauto.EditRemove, base); d.Live() != (arauto.KindOf(err) == arauto.KindConflict && err != nil) {
			t.Errorf("%s: %v", d, err)
		}
	}
	if err := (arauto.Edit{Action: "burn"}).Check(); arauto.KindOf(err) != arauto.KindInvalid {
		t.Errorf("an action that there is not: %v", err)
	}
	if i := slices.IndexFunc(arauto.EditActions(), func(a arauto.EditAction) bool { return (arauto.Edit{Action: a}).Check() != nil }); i >= 0 {
		t.Errorf("%s is refused", arauto.EditActions()[i])
	}
}
