package arauto_test

import (
	"testing"
	"time"

	"arauto"

	"github.com/google/go-cmp/cmp"
)

// base is a moment like any other; tests count seconds from it.
var base = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func after(seconds int) time.Time { return base.Add(time.Duration(seconds) * time.Second) }

// contactLife is what each event makes of a contact in each state: the state after it, or "" for a pair
// that is refused. It is written out a second time, on purpose: a state or an event that is new, or a
// pair that changes its mind, has to be said here as well.
var contactLife = map[arauto.ContactState]map[arauto.EventKind]arauto.ContactState{
	"pending": {
		"intended": "sending", "accepted": "sent", "deferred": "pending", "refused": "failed", "lost": "pending", "suppressed": "suppressed", "cancelled": "cancelled", "again": "", "assumed": "",
		"sent": "sent", "delivered": "delivered", "read": "read", "failed": "pending", "replied": "replied",
	},
	"sending": {
		"intended": "", "accepted": "sent", "deferred": "pending", "refused": "failed", "lost": "unknown", "suppressed": "", "cancelled": "", "again": "", "assumed": "",
		"sent": "sent", "delivered": "delivered", "read": "read", "failed": "failed", "replied": "replied",
	},
	"unknown": {
		"intended": "", "accepted": "sent", "deferred": "", "refused": "failed", "lost": "unknown", "suppressed": "", "cancelled": "", "again": "pending", "assumed": "sent",
		"sent": "sent", "delivered": "delivered", "read": "read", "failed": "failed", "replied": "replied",
	},
	"sent": {
		"intended": "", "accepted": "sent", "deferred": "", "refused": "", "lost": "sent", "suppressed": "", "cancelled": "", "again": "", "assumed": "",
		"sent": "sent", "delivered": "delivered", "read": "read", "failed": "failed", "replied": "replied",
	},
	"delivered": {
		"intended": "", "accepted": "delivered", "deferred": "", "refused": "", "lost": "delivered", "suppressed": "", "cancelled": "", "again": "", "assumed": "",
		"sent": "delivered", "delivered": "delivered", "read": "read", "failed": "delivered", "replied": "replied",
	},
	"read": {
		"intended": "", "accepted": "read", "deferred": "", "refused": "", "lost": "read", "suppressed": "", "cancelled": "", "again": "", "assumed": "",
		"sent": "read", "delivered": "read", "read": "read", "failed": "read", "replied": "replied",
	},
	"replied": {
		"intended": "", "accepted": "replied", "deferred": "", "refused": "", "lost": "replied", "suppressed": "", "cancelled": "", "again": "", "assumed": "",
		"sent": "replied", "delivered": "replied", "read": "replied", "failed": "replied", "replied": "replied",
	},
	"failed": {
		"intended": "", "accepted": "failed", "deferred": "", "refused": "failed", "lost": "failed", "suppressed": "", "cancelled": "", "again": "pending", "assumed": "",
		"sent": "failed", "delivered": "delivered", "read": "read", "failed": "failed", "replied": "replied",
	},
	"suppressed": {
		"intended": "", "accepted": "sent", "deferred": "", "refused": "", "lost": "suppressed", "suppressed": "suppressed", "cancelled": "", "again": "pending", "assumed": "",
		"sent": "sent", "delivered": "delivered", "read": "read", "failed": "suppressed", "replied": "replied",
	},
	"cancelled": {
		"intended": "", "accepted": "sent", "deferred": "", "refused": "", "lost": "cancelled", "suppressed": "", "cancelled": "cancelled", "again": "pending", "assumed": "",
		"sent": "sent", "delivered": "delivered", "read": "read", "failed": "cancelled", "replied": "replied",
	},
}

func TestContact_EveryPairIsDecided(t *testing.T) {
	if len(contactLife) != len(arauto.ContactStates()) {
		t.Errorf("the test knows %d states, the code %d", len(contactLife), len(arauto.ContactStates()))
	}
	for _, s := range arauto.ContactStates() {
		if len(contactLife[s]) != len(arauto.EventKinds()) {
			t.Errorf("%s: the test knows %d events, the code %d", s, len(contactLife[s]), len(arauto.EventKinds()))
		}
		for _, e := range arauto.EventKinds() {
			want, decided := contactLife[s][e]
			if !decided {
				t.Errorf("nobody decided what a contact that is %s does when %s", s, e)
				continue
			}
			before := arauto.Contact{ID: 7, State: s, UpdatedAt: base}
			got, err := before.Apply(arauto.Event{Kind: e, At: after(1)})
			if want == "" {
				if arauto.KindOf(err) != arauto.KindConflict || cmp.Diff(before, got) != "" {
					t.Errorf("%s + %s: %s, %v; want a conflict and the contact unchanged", s, e, got.State, err)
				}
				continue
			}
			if err != nil || got.State != want {
				t.Errorf("%s + %s: %s, %v; want %s", s, e, got.State, err, want)
			}
		}
	}
}

// An event or a state that is not listed would escape the tests that go by the lists.
func TestContact_UnknownPairsAreConflicts(t *testing.T) {
	for _, c := range []struct {
		state arauto.ContactState
		event arauto.EventKind
	}{{"", arauto.EventSent}, {"gone", arauto.EventSent}, {arauto.ContactSending, ""}, {arauto.ContactSending, "bounced"}} {
		_, err := arauto.Contact{State: c.state}.Apply(arauto.Event{Kind: c.event, At: base})
		if arauto.KindOf(err) != arauto.KindConflict {
			t.Errorf("%q + %q: %v; want a conflict", c.state, c.event, err)
		}
	}
}

// The cases a reader asks about first, with what they leave behind.
func TestContact_Apply(t *testing.T) {
	failed := arauto.Event{Kind: arauto.EventFailed, At: after(5), Reason: arauto.ReasonNotOnWhatsApp, Code: 131026, Detail: "undeliverable"}
	tests := map[string]struct {
		events []arauto.Event
		want   arauto.Contact // ID and UpdatedAt are not compared
	}{
		"the whole way": {
			[]arauto.Event{{Kind: "accepted", At: after(1)}, {Kind: "sent", At: after(2)}, {Kind: "delivered", At: after(3)}, {Kind: "read", At: after(4)}, {Kind: "replied", At: after(5), ReplyText: "quero"}},
			arauto.Contact{State: "replied", SentAt: after(1), DeliveredAt: after(3), ReadAt: after(4), RepliedAt: after(5), ReplyText: "quero"},
		},
		"a read that overtook everything": {
			[]arauto.Event{{Kind: "read", At: after(4)}, {Kind: "accepted", At: after(1)}, {Kind: "delivered", At: after(3)}},
			arauto.Contact{State: "read", SentAt: after(1), DeliveredAt: after(3), ReadAt: after(4)},
		},
		"read without delivered": {
			[]arauto.Event{{Kind: "sent", At: after(1)}, {Kind: "read", At: after(4)}},
			arauto.Contact{State: "read", SentAt: after(1), DeliveredAt: after(4), ReadAt: after(4)},
		},
		"answered from the lock screen": {
			[]arauto.Event{{Kind: "sent", At: after(1)}, {Kind: "replied", At: after(4), ReplyAction: "Sim"}},
			arauto.Contact{State: "replied", SentAt: after(1), DeliveredAt: after(4), RepliedAt: after(4), ReplyAction: "Sim"},
		},
		"a delivery wins over an earlier failure": {
			[]arauto.Event{failed, {Kind: "delivered", At: after(9)}},
			arauto.Contact{State: "delivered", SentAt: after(9), DeliveredAt: after(9)},
		},
		"a failure after delivery changes nothing": {
			[]arauto.Event{{Kind: "delivered", At: after(3)}, failed},
			arauto.Contact{State: "delivered", SentAt: after(3), DeliveredAt: after(3)},
		},
		"sent and then failed": {
			[]arauto.Event{{Kind: "accepted", At: after(1)}, failed},
			arauto.Contact{State: "failed", SentAt: after(1), FailedAt: after(5), Reason: failed.Reason, Code: failed.Code, Detail: failed.Detail},
		},
		"lost, then found": {
			[]arauto.Event{{Kind: "lost", At: after(1), Reason: arauto.ReasonInterrupted}, {Kind: "sent", At: after(2)}},
			arauto.Contact{State: "sent", SentAt: after(2)},
		},
		"lost, then taken for sent": {
			[]arauto.Event{{Kind: "lost", At: after(1), Reason: arauto.ReasonNoAnswer, Detail: "timeout"}, {Kind: "assumed", At: base}},
			arauto.Contact{State: "sent", SentAt: base},
		},
		"taken for sent, and reported as failed": {
			[]arauto.Event{{Kind: "lost", At: after(1)}, {Kind: "assumed", At: base}, failed},
			arauto.Contact{State: "failed", SentAt: base, FailedAt: after(5), Reason: failed.Reason, Code: failed.Code, Detail: failed.Detail},
		},
		"put back, and reported as sent all the same": {
			[]arauto.Event{{Kind: "lost", At: after(1)}, {Kind: "again", At: after(2), Due: after(2)}, {Kind: "sent", At: after(1)}},
			arauto.Contact{State: "sent", SentAt: after(1)},
		},
		"lost stays lost": {
			[]arauto.Event{{Kind: "lost", At: after(1), Reason: arauto.ReasonNoAnswer, Detail: "timeout"}},
			arauto.Contact{State: "unknown", Reason: arauto.ReasonNoAnswer, Detail: "timeout"},
		},
		"deferred waits with its reason": {
			[]arauto.Event{{Kind: "deferred", At: after(1), Due: after(9), Reason: arauto.ReasonTooFast, Code: 130429}},
			arauto.Contact{State: "pending", DueAt: after(9), Reason: arauto.ReasonTooFast, Code: 130429},
		},
		"tried again after deferring": {
			[]arauto.Event{{Kind: "deferred", At: after(1), Due: after(9), Reason: arauto.ReasonTooFast}, {Kind: "intended", At: after(9), Attempt: 12}},
			arauto.Contact{State: "sending", Attempt: 12, Attempts: 1},
		},
		"once more, as a person decided": {
			[]arauto.Event{{Kind: "accepted", At: after(1)}, failed, {Kind: "again", At: after(20), Due: after(30)}},
			arauto.Contact{State: "pending", DueAt: after(30)},
		},
		"the new attempt has its own moments": {
			[]arauto.Event{{Kind: "accepted", At: after(1)}, failed, {Kind: "again", At: after(20)}, {Kind: "intended", At: after(21), Attempt: 2}, {Kind: "accepted", At: after(22)}},
			arauto.Contact{State: "sent", Attempt: 2, Attempts: 1, SentAt: after(22)},
		},
		"the first of two reactions": {
			[]arauto.Event{{Kind: "replied", At: after(8), ReplyText: "depois"}, {Kind: "replied", At: after(5), ReplyText: "antes"}},
			arauto.Contact{State: "replied", SentAt: after(5), DeliveredAt: after(5), RepliedAt: after(5), ReplyText: "antes"},
		},
		"words after a picture": {
			[]arauto.Event{{Kind: "replied", At: after(5)}, {Kind: "replied", At: after(8), ReplyText: "viu?"}},
			arauto.Contact{State: "replied", SentAt: after(5), DeliveredAt: after(5), RepliedAt: after(5), ReplyText: "viu?"},
		},
		"a report without a moment": {
			[]arauto.Event{{Kind: "sent", At: after(1)}, {Kind: "delivered"}},
			arauto.Contact{State: "delivered", SentAt: after(1)},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := arauto.Contact{State: arauto.ContactSending}
			for _, e := range tt.events {
				var err error
				if got, err = got.Apply(e); err != nil {
					t.Fatal(err)
				}
			}
			got.UpdatedAt = time.Time{}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// The gate refuses what cannot be tried at all; the store then applies it to a pending contact.
func TestContact_RefusedByTheGate(t *testing.T) {
	c := arauto.Contact{State: arauto.ContactPending, DueAt: base}
	got, err := c.Apply(arauto.Event{Kind: arauto.EventRefused, At: after(1), Reason: arauto.ReasonMissingValue, Detail: "no value for body.1"})
	if err != nil {
		t.Fatal(err)
	}
	want := arauto.Contact{State: arauto.ContactFailed, Reason: arauto.ReasonMissingValue, Detail: "no value for body.1", FailedAt: after(1), UpdatedAt: after(1)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestContact_HeldBackUntilItIsSettled(t *testing.T) {
	held := arauto.Event{Kind: arauto.EventAccepted, At: after(1), Reason: arauto.HoldQuality.Reason()}
	for _, tc := range []struct {
		name   string
		events []arauto.Event
		state  arauto.ContactState
		reason arauto.Reason
	}{
		{"held", []arauto.Event{held}, arauto.ContactSent, arauto.ReasonHeld},
		{"let go", []arauto.Event{held, {Kind: arauto.EventSent, At: after(2)}}, arauto.ContactSent, ""},
		{"let go before we knew that it was held", []arauto.Event{{Kind: arauto.EventSent, At: after(2)}, held}, arauto.ContactSent, ""},
		{"delivered", []arauto.Event{held, {Kind: arauto.EventDelivered, At: after(2)}}, arauto.ContactDelivered, ""},
		{"dropped", []arauto.Event{held, {Kind: arauto.EventFailed, At: after(2), Reason: arauto.ReasonRefused, Code: 135000}}, arauto.ContactFailed, arauto.ReasonRefused},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := arauto.Contact{State: arauto.ContactSending}
			for _, e := range tc.events {
				next, err := c.Apply(e)
				if err != nil {
					t.Fatal(err)
				}
				c = next
			}
			if c.State != tc.state || c.Reason != tc.reason {
				t.Fatalf("%s (%s), want %s (%s)", c.State, c.Reason, tc.state, tc.reason)
			}
		})
	}
}

func TestContactState_Open(t *testing.T) {
	for _, s := range arauto.ContactStates() {
		if want := s == "pending" || s == "sending"; s.Open() != want {
			t.Errorf("%s: open is %v, want %v", s, s.Open(), want)
		}
	}
}

func TestParseContactState(t *testing.T) {
	for _, s := range arauto.ContactStates() {
		if got, err := arauto.ParseContactState(string(s)); got != s || err != nil {
			t.Errorf("%s: %s, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "Pending", "dnd", "completed"} {
		if _, err := arauto.ParseContactState(s); arauto.KindOf(err) != arauto.KindInvalid {
			t.Errorf("%q: %v; want an invalid error", s, err)
		}
	}
}

// Whoever is tried again by a person's decision has all tries before them; what was tried before stays counted.
func TestContact_AgainBeginsTriesAnew(t *testing.T) {
	at := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	c := arauto.Contact{State: arauto.ContactPending}
	apply := func(kind arauto.EventKind) {
		t.Helper()
		next, err := c.Apply(arauto.Event{Kind: kind, At: at, Due: at, Attempt: 7})
		if err != nil {
			t.Fatal(err)
		}
		c = next
	}
	for range 3 {
		apply(arauto.EventIntended)
		apply(arauto.EventDeferred)
	}
	apply(arauto.EventIntended)
	apply(arauto.EventRefused)
	if c.Attempts != 4 || c.Tries() != 4 {
		t.Fatalf("%d attempts, %d tries, want 4 of both", c.Attempts, c.Tries())
	}
	apply(arauto.EventAgain)
	if c.Attempts != 4 || c.Tries() != 0 {
		t.Errorf("decided again: %d attempts, %d tries, want 4 and none", c.Attempts, c.Tries())
	}
	apply(arauto.EventIntended)
	if c.Attempts != 5 || c.Tries() != 1 {
		t.Errorf("tried again: %d attempts, %d tries, want 5 and 1", c.Attempts, c.Tries())
	}
}
