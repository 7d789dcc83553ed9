package arauto_test

import (
	"strings"
	"testing"

	"arauto"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// attemptLife is what each event makes of an attempt, as contactLife is of a contact. The five events that
// are missing concern a contact only: every state refuses them.
var attemptLife = map[arauto.AttemptState]map[arauto.EventKind]arauto.AttemptState{
	"open": {
		"accepted": "accepted", "deferred": "failed", "refused": "failed", "lost": "unknown",
		"sent": "sent", "delivered": "delivered", "read": "read", "failed": "failed",
	},
	"unknown": {
		"accepted": "accepted", "deferred": "", "refused": "failed", "lost": "unknown", "assumed": "unknown",
		"sent": "sent", "delivered": "delivered", "read": "read", "failed": "failed",
	},
	"accepted": {
		"accepted": "accepted", "deferred": "", "refused": "", "lost": "accepted",
		"sent": "sent", "delivered": "delivered", "read": "read", "failed": "failed",
	},
	"sent": {
		"accepted": "sent", "deferred": "", "refused": "", "lost": "sent",
		"sent": "sent", "delivered": "delivered", "read": "read", "failed": "failed",
	},
	"delivered": {
		"accepted": "delivered", "deferred": "", "refused": "", "lost": "delivered",
		"sent": "delivered", "delivered": "delivered", "read": "read", "failed": "delivered",
	},
	"read": {
		"accepted": "read", "deferred": "", "refused": "", "lost": "read",
		"sent": "read", "delivered": "read", "read": "read", "failed": "read",
	},
	"failed": {
		"accepted": "failed", "deferred": "failed", "refused": "failed", "lost": "failed",
		"sent": "failed", "delivered": "delivered", "read": "read", "failed": "failed",
	},
}

func TestAttempt_EveryPairIsDecided(t *testing.T) {
	ofContacts := []arauto.EventKind{"intended", "suppressed", "cancelled", "again", "replied"}
	if len(attemptLife) != len(arauto.AttemptStates()) {
		t.Errorf("the test knows %d states, the code %d", len(attemptLife), len(arauto.AttemptStates()))
	}
	for _, s := range arauto.AttemptStates() {
		life := map[arauto.EventKind]arauto.AttemptState{}
		for _, e := range ofContacts {
			life[e] = ""
		}
		life["assumed"] = ""
		for e, next := range attemptLife[s] {
			life[e] = next
		}
		if len(life) != len(arauto.EventKinds()) {
			t.Errorf("%s: the test knows %d events, the code %d", s, len(life), len(arauto.EventKinds()))
		}
		for _, e := range arauto.EventKinds() {
			want, decided := life[e]
			if !decided {
				t.Errorf("nobody decided what an attempt that is %s does when %s", s, e)
				continue
			}
			before := arauto.Attempt{ID: 7, State: s}
			got, err := before.Apply(arauto.Event{Kind: e, At: base})
			switch {
			case want == "" && (arauto.KindOf(err) != arauto.KindConflict || got != before):
				t.Errorf("%s + %s: %s, %v; want a conflict and the attempt unchanged", s, e, got.State, err)
			case want != "" && (err != nil || got.State != want):
				t.Errorf("%s + %s: %s, %v; want %s", s, e, got.State, err, want)
			}
		}
	}
}

func TestAttempt_Apply(t *testing.T) {
	refused := arauto.Event{Kind: "refused", At: after(2), Code: 131026, Detail: "undeliverable"}
	tests := map[string]struct {
		events []arauto.Event
		want   arauto.Attempt
	}{
		"each stage keeps its own moment": {
			[]arauto.Event{{Kind: "read", At: after(4)}, {Kind: "accepted", At: after(1)}, {Kind: "sent", At: after(2)}, {Kind: "sent", At: after(3)}},
			arauto.Attempt{State: "read", AcceptedAt: after(1), SentAt: after(2), ReadAt: after(4)},
		},
		"refused": {[]arauto.Event{refused}, arauto.Attempt{State: "failed", FailedAt: after(2), Code: 131026, Detail: "undeliverable"}},
		"refused, yet delivered": {
			[]arauto.Event{refused, {Kind: "delivered", At: after(3)}},
			arauto.Attempt{State: "delivered", DeliveredAt: after(3)},
		},
		"lost, then refused": {
			[]arauto.Event{{Kind: "lost", At: after(1), Detail: "timeout"}, refused},
			arauto.Attempt{State: "failed", FailedAt: after(2), Code: 131026, Detail: "undeliverable"},
		},
		"lost, then taken for sent": {
			[]arauto.Event{{Kind: "lost", At: after(1), Detail: "timeout"}, {Kind: "assumed", At: after(2), Detail: "treated as sent by Ana"}},
			arauto.Attempt{State: "unknown", Detail: "timeout | treated as sent by Ana"},
		},
		"lost": {[]arauto.Event{{Kind: "lost", At: after(1), Detail: "timeout"}}, arauto.Attempt{State: "unknown", Detail: "timeout"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := arauto.Attempt{State: arauto.AttemptOpen}
			for _, e := range tt.events {
				var err error
				if got, err = got.Apply(e); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestAttemptRef_ComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		epoch, id := rapid.Int64Range(0, 1<<62).Draw(t, "epoch"), rapid.Int64Range(1, 1<<62).Draw(t, "id")
		ref := arauto.Attempt{Epoch: epoch, ID: id}.Ref()
		gotEpoch, gotID, ok := arauto.ParseAttemptRef(ref)
		if !ok || gotEpoch != epoch || gotID != id {
			t.Fatalf("%s is read as %d, %d, %v; want %d, %d", ref, gotEpoch, gotID, ok, epoch, id)
		}
		// Meta keeps at most 512 characters of it; nothing in it may need escaping.
		if len(ref) > 40 || strings.ContainsAny(ref, ` "\/%+&`) {
			t.Fatalf("%s cannot travel", ref)
		}
	})
}

func TestParseAttemptRef_OthersAreNot(t *testing.T) {
	for _, s := range []string{"", "a", "a.", "a1", "a1.", "a.1", "1.1", "b1.1", "a1.0", "a1.-1", "a-1.1", "a1.1.1", "a1.x", "a1.99999999999999999999", "A1.1", "wamid.HBg", "a!.1"} {
		if epoch, id, ok := arauto.ParseAttemptRef(s); ok || epoch != 0 || id != 0 {
			t.Errorf("%q is read as %d, %d", s, epoch, id)
		}
	}
}

func FuzzParseAttemptRef(f *testing.F) {
	f.Add("a1.2")
	f.Add("azz.9007199254740991")
	f.Fuzz(func(t *testing.T, s string) {
		if epoch, id, ok := arauto.ParseAttemptRef(s); ok && (epoch < 0 || id <= 0) {
			t.Errorf("%q is read as %d, %d", s, epoch, id)
		}
	})
}
