package arauto_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"arauto"
)

// dialLife is every pair that changes a status. What is not here is repeated, late or refused: see TestDial_Total.
var dialLife = map[arauto.Dial]map[arauto.DialEvent]arauto.Dial{
	arauto.DialDialing: {
		"answered": arauto.DialQueued, "connected": arauto.DialConnected, "unanswered": arauto.DialNotPickedUp, "unreached": arauto.DialNotReached,
		"machine": arauto.DialVoicemail, "carrier": arauto.DialCarrierError, "broke": arauto.DialDialerError, "invalid": arauto.DialInvalidNumber,
	},
	arauto.DialQueued: {
		"connected": arauto.DialConnected, "abandoned": arauto.DialAbandonedByContact, "dropped": arauto.DialAbandonedByDialer,
		"machine": arauto.DialVoicemail, "broke": arauto.DialDialerError,
	},
	arauto.DialConnected: {
		"transferred": arauto.DialTransferred, "ended": arauto.DialFinished, "abandoned": arauto.DialAbandonedByContact, "broke": arauto.DialDialerError,
	},
	arauto.DialTransferred: {"ended": arauto.DialTransferredFinished},
}

func wholeDialLife() map[arauto.Dial]map[arauto.DialEvent]arauto.Dial {
	life := map[arauto.Dial]map[arauto.DialEvent]arauto.Dial{}
	for d, moves := range dialLife {
		life[d] = moves
	}
	before := map[arauto.DialEvent]arauto.Dial{
		"dialed": arauto.DialDialing, "skipped": arauto.DialSkipped, "closed": arauto.DialSkippedClosed, "invalid": arauto.DialInvalidNumber,
		"misfit": arauto.DialInvalidOutbound, "forbidden": arauto.DialDoNotCall, "blocked": arauto.DialBlocked, "again": arauto.DialUpcoming,
	}
	for _, d := range []arauto.Dial{arauto.DialUpcoming, arauto.DialSkipped, arauto.DialRedial} {
		life[d] = before
	}
	for _, d := range arauto.Dials() {
		switch {
		case !d.Final() || d == arauto.DialSkippedClosed:
		case d.Missed():
			life[d] = map[arauto.DialEvent]arauto.Dial{"redial": arauto.DialRedial, "again": arauto.DialUpcoming}
		default:
			life[d] = map[arauto.DialEvent]arauto.Dial{"again": arauto.DialUpcoming}
		}
	}
	life[arauto.DialInvalidNumber] = map[arauto.DialEvent]arauto.Dial{"misfit": arauto.DialInvalidOutbound, "again": arauto.DialUpcoming}
	life[arauto.DialInvalidOutbound] = map[arauto.DialEvent]arauto.Dial{"invalid": arauto.DialInvalidNumber, "again": arauto.DialUpcoming}
	return life
}

// TestDial_Total: every status × every event is decided: it moves as the list above says, stays, or is refused, and
// what stays or is refused is so for a reason that can be said in one line each.
func TestDial_Total(t *testing.T) {
	life := wholeDialLife()
	ofACall := []arauto.DialEvent{
		"answered", "connected", "transferred", "ended", "unanswered", "unreached", "abandoned", "dropped", "machine", "carrier", "broke",
	}
	for _, d := range arauto.Dials() {
		for _, e := range arauto.DialEvents() {
			next, ok := d.After(e)
			want, moves := life[d][e]
			switch {
			case moves && next == want && ok: // it moves, or is a stage it already has
			case moves:
				t.Errorf("%s ──%s──▶ %s (%v), want %s", d, e, next, ok, want)
			case ok && next != d:
				t.Errorf("%s ──%s──▶ %s moves without being listed", d, e, next)
			case slices.Contains(ofACall, e) && !d.Live():
				if !ok {
					t.Errorf("%s refuses %s: what comes late of a call must be absorbed", d, e)
				}
			case ok && d.Live() && !slices.Contains([]arauto.DialEvent{"answered", "connected", "transferred"}, e):
				t.Errorf("%s absorbs %s: only an earlier stage of the same call is nothing new", d, e)
			case ok && !d.Live() && (e != "closed" || d != arauto.DialSkippedClosed) && (e != "redial" || d != arauto.DialRedial):
				t.Errorf("%s absorbs %s", d, e)
			}
		}
	}
	if _, ok := arauto.Dial("").After(arauto.DialEventAnswered); ok {
		t.Error("a contact of a WhatsApp campaign was answered")
	}
}

// TestDials_Table: the labels are the outbound dialer's, in its order, and each status means something for both channels.
func TestDials_Table(t *testing.T) {
	want := []string{
		"Upcoming", "Dialing", "Queued", "Connected", "Finished", "Transferred", "Transferred and Finished", "Not Picked Up",
		"Not Reached to Contact", "Abandoned by Contact", "Skipped", "Skipped and Closed", "Invalid Number", "Carrier Error",
		"Abandoned by Dialer", "Voicemail Hung Up", "Dialer General Error", "Redial Scheduled", "Do Not Call",
		"Invalid Outbound Number", "Blocked Phone Number",
	}
	var got []string
	for _, d := range arauto.Dials() {
		got = append(got, d.Label())
		if !slices.Contains(arauto.ContactStates(), d.State()) {
			t.Errorf("%s makes a contact %q, which is no state", d, d.State())
		}
		if d.Final() == d.State().Open() {
			t.Errorf("%s: final %v, but the contact is %s", d, d.Final(), d.State())
		}
		for _, word := range []string{string(d), d.Label()} {
			if back, err := arauto.ParseDial(word); err != nil || back != d {
				t.Errorf("ParseDial(%q) = %q, %v", word, back, err)
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("labels %q\nwant   %q", got, want)
	}
	if _, err := arauto.ParseDial("sleeping"); arauto.KindOf(err) != arauto.KindInvalid {
		t.Errorf("ParseDial of a word: %v", err)
	}
	if d := arauto.Dial(""); d.State() != "" || d.Live() || d.Final() || d.Label() != "" {
		t.Error("the empty status means something")
	}
}

// TestDialed_Property: whatever happens in whatever order, State follows Dial, nobody is due who does not wait, a
// number of calls never falls, and what is final stays so but for a redial or a person.
func TestDialed_Property(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := arauto.NewVoice(arauto.DialPredictive)
		c, err := v.Dialable(arauto.Contact{Name: "Ana", PhoneRaw: rapid.SampledFrom([]string{"+55 11 98765-4321", "abc"}).Draw(t, "phone")}, base)
		if err != nil {
			t.Fatal(err)
		}
		at := base
		for i := range rapid.IntRange(1, 40).Draw(t, "length") {
			e := rapid.SampledFrom(arauto.DialEvents()).Draw(t, "event")
			at = at.Add(time.Second)
			next, err := c.Dialed(arauto.DialFact{Kind: e, At: at, Attempt: int64(i + 1)})
			switch {
			case err != nil && arauto.KindOf(err) != arauto.KindConflict:
				t.Fatalf("%s: %v", e, err)
			case err != nil && next.Dial != c.Dial:
				t.Fatalf("%s was refused and moved it to %s", e, next.Dial)
			case next.State != next.Dial.State():
				t.Fatalf("%s is %s, but the contact is %s", e, next.Dial, next.State)
			case next.State == arauto.ContactPending == next.DueAt.IsZero():
				t.Fatalf("%s: %s is due at %v", e, next.Dial, next.DueAt)
			case next.Attempts < c.Attempts, next.Attempts > c.Attempts && e != arauto.DialEventDialed:
				t.Fatalf("%s: %d calls after %d", e, next.Attempts, c.Attempts)
			case c.Dial.Final() && next.Dial != c.Dial && next.Dial != arauto.DialInvalidNumber && next.Dial != arauto.DialInvalidOutbound && e != arauto.DialEventRedial && e != arauto.DialEventAgain:
				t.Fatalf("%s ──%s──▶ %s left an end", c.Dial, e, next.Dial)
			case next.Dial == arauto.DialUpcoming && !next.Phone.Valid():
				t.Fatalf("%s: somebody without a phone is to be called", e)
			case next.State == arauto.ContactFailed && (next.FailedAt.IsZero() || next.Reason == ""):
				t.Fatalf("%s: %s failed at %v for %q", e, next.Dial, next.FailedAt, next.Reason)
			}
			c = next
		}
	})
}

func TestDialed_Moments(t *testing.T) {
	c, err := arauto.NewVoice(arauto.DialProgressive).Dialable(arauto.Contact{PhoneRaw: "+5511987654321"}, base)
	if err != nil {
		t.Fatal(err)
	}
	at := func(s int) time.Time { return base.Add(time.Duration(s) * time.Second) }
	due := at(3600)
	for i, f := range []arauto.DialFact{
		{Kind: arauto.DialEventDialed, Attempt: 7},
		{Kind: arauto.DialEventUnanswered, Code: 486, Detail: "Busy Here"},
		{Kind: arauto.DialEventRedial, Due: due},
		{Kind: arauto.DialEventDialed, Attempt: 8},
		{Kind: arauto.DialEventAnswered},
		{Kind: arauto.DialEventConnected},
		{Kind: arauto.DialEventEnded},
		{Kind: arauto.DialEventEnded},
	} {
		f.At = at(i)
		if c, err = c.Dialed(f); err != nil {
			t.Fatal(err)
		}
		switch i {
		case 1:
			if c.Code != 486 || c.Detail != "Busy Here" || c.Reason != arauto.ReasonNotPickedUp || !c.FailedAt.Equal(at(1)) {
				t.Errorf("not picked up: %+v", c)
			}
		case 2:
			if !c.DueAt.Equal(due) || c.Dial != arauto.DialRedial || !c.FailedAt.IsZero() {
				t.Errorf("redial: %+v", c)
			}
		}
	}
	if c.Dial != arauto.DialFinished || c.Attempts != 2 || c.Attempt != 8 || !c.SentAt.Equal(at(3)) || !c.DeliveredAt.Equal(at(4)) || !c.RepliedAt.Equal(at(6)) {
		t.Errorf("finished: %+v", c)
	}
	// Of the events that both channels share, three mean something for calls, and the others do not.
	back, err := c.Apply(arauto.Event{Kind: arauto.EventAgain, At: at(9), Due: at(10)})
	if err != nil || back.Dial != arauto.DialUpcoming || back.State != arauto.ContactPending || !back.DueAt.Equal(at(10)) {
		t.Errorf("again: %+v, %v", back, err)
	}
	for kind, want := range map[arauto.EventKind]arauto.Dial{arauto.EventSuppressed: arauto.DialDoNotCall, arauto.EventCancelled: arauto.DialSkippedClosed} {
		gone, err := back.Apply(arauto.Event{Kind: kind, At: at(11), Reason: arauto.ReasonOptedOut, Detail: "asked"})
		if err != nil || gone.Dial != want || gone.State != want.State() || gone.Reason != arauto.ReasonOptedOut || gone.Detail != "asked" || !gone.DueAt.IsZero() {
			t.Errorf("%s: %+v, %v", kind, gone, err)
		}
	}
	if _, err := c.Apply(arauto.Event{Kind: arauto.EventDelivered, At: at(9)}); arauto.KindOf(err) != arauto.KindConflict {
		t.Errorf("a call was delivered: %v", err)
	}
}

func TestDialable(t *testing.T) {
	v := arauto.NewVoice(arauto.DialPreview)
	v.CallerIDs = []arauto.Phone{"+17608675309"}
	for _, x := range []struct {
		phone, outbound string
		dial            arauto.Dial
		dialled         arauto.Phone
	}{
		{"+1 111-111-1111", "+1 760-867-5309", arauto.DialUpcoming, "+11111111111"},
		{"+1 111-111-1111", "", arauto.DialUpcoming, "+11111111111"},
		{"0055 (11) 98765-4321", "+1 760 867 5309", arauto.DialUpcoming, "+5511987654321"},
		{"+1 111-111-1111", "+1 760-867-5310", arauto.DialInvalidOutbound, "+11111111111"},
		{"+1 111-111-1111", "mine", arauto.DialInvalidOutbound, "+11111111111"},
		{"12", "", arauto.DialInvalidNumber, ""},
		{"+1 111-111-1111-1111-11", "", arauto.DialInvalidNumber, ""},
		{"ligar depois", "mine", arauto.DialInvalidNumber, ""},
	} {
		c, err := v.Dialable(arauto.Contact{PhoneRaw: x.phone, Outbound: x.outbound}, base)
		if err != nil || c.Dial != x.dial || c.Phone != x.dialled || c.PhoneRaw != x.phone || c.Outbound != x.outbound || c.PersonKey == "" || c.State != x.dial.State() {
			t.Errorf("%q from %q: %+v, %v", x.phone, x.outbound, c, err)
		}
	}
	long := string(make([]byte, 501))
	for field, c := range map[string]arauto.Contact{
		"phone_number":       {PhoneRaw: " "},
		"outbound_number":    {PhoneRaw: "+5511987654321", Outbound: long},
		"name":               {PhoneRaw: "+5511987654321", Name: "a\x00b"},
		"email":              {PhoneRaw: "+5511987654321", Email: "\xff"},
		"external_unique_id": {PhoneRaw: "+5511987654321", External: long},
		"priority":           {PhoneRaw: "+5511987654321", Priority: 101},
	} {
		if _, err := v.Dialable(c, base); fieldOf(err) != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func fieldOf(err error) string {
	if e, ok := errors.AsType[*arauto.Error](err); ok && e.Kind == arauto.KindInvalid {
		return e.Field
	}
	return ""
}
