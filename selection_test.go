package arauto_test

import (
	"strings"
	"testing"
	"time"

	"arauto"
)

func TestSelection_Picks(t *testing.T) {
	c := arauto.Contact{ID: 10, State: arauto.ContactFailed, Reason: arauto.ReasonTooFast, Code: 130429, ReplyAction: "Quero  Já", ReplyText: "Não, obrigado"}
	for name, tt := range map[string]struct {
		s    arauto.Selection
		want bool
	}{
		"everybody":              {arauto.Selection{}, true},
		"a state":                {arauto.Selection{States: []arauto.ContactState{arauto.ContactRead, arauto.ContactFailed}}, true},
		"another state":          {arauto.Selection{States: arauto.Reached()}, false},
		"a reason":               {arauto.Selection{Reasons: []arauto.Reason{arauto.ReasonTooFast}}, true},
		"another reason":         {arauto.Selection{Reasons: []arauto.Reason{arauto.ReasonPolicy}}, false},
		"a code":                 {arauto.Selection{Codes: []int{1, 130429}}, true},
		"another code":           {arauto.Selection{Codes: []int{1}}, false},
		"reason and code differ": {arauto.Selection{Reasons: []arauto.Reason{arauto.ReasonTooFast}, Codes: []int{1}}, false},
		"the button, otherwise":  {arauto.Selection{ReplyAction: " quero JA "}, true},
		"part of the button":     {arauto.Selection{ReplyAction: "quero"}, false},
		"the text, otherwise":    {arauto.Selection{ReplyText: "nao,  OBRIGADO"}, true},
		"another text":           {arauto.Selection{ReplyText: "nao"}, false},
		"the last one":           {arauto.Selection{UpTo: 10}, true},
		"who came later":         {arauto.Selection{UpTo: 9}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tt.s.Picks(c); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
	gone := c
	gone.DeletedAt = base
	if (arauto.Selection{}).Picks(gone) {
		t.Error("picks somebody who was deleted")
	}
}

func TestSelection_CheckRetry(t *testing.T) {
	for _, r := range arauto.Reasons() {
		err := arauto.Selection{Reasons: []arauto.Reason{arauto.ReasonTooFast, r}}.CheckRetry()
		if (err == nil) != r.Retryable() || err != nil && !strings.Contains(err.Error(), string(r)) {
			t.Errorf("%s: %v", r, err)
		}
		failed := arauto.Contact{State: arauto.ContactFailed, Reason: r}
		if failed.MayBeRetried() != r.Retryable() {
			t.Errorf("%s: a failed contact says otherwise", r)
		}
	}
	if !(arauto.Contact{State: arauto.ContactUnknown, Reason: arauto.ReasonBlocked}).MayBeRetried() {
		t.Error("an unknown outcome is a person's to decide, whatever its reason")
	}
	if (arauto.Contact{State: arauto.ContactCancelled, Reason: arauto.ReasonMergedDuplicate}).MayBeRetried() {
		t.Error("a person who is in the campaign twice would be written to twice")
	}
	if !(arauto.Contact{State: arauto.ContactCancelled, Reason: arauto.ReasonCancelled}).MayBeRetried() {
		t.Error("who was given up may be tried after all")
	}
}

func TestDecision_Event(t *testing.T) {
	lost := arauto.Contact{State: arauto.ContactUnknown, Reason: arauto.ReasonInterrupted}
	attempt := arauto.Attempt{IntendedAt: base}
	sent, err := lost.Apply(arauto.DecideSent.Event(attempt, "Ana", after(60)))
	if err != nil || sent.State != arauto.ContactSent || !sent.SentAt.Equal(base) || sent.Reason != "" {
		t.Errorf("sent: %+v, %v", sent, err)
	}
	again, err := lost.Apply(arauto.DecideAgain.Event(attempt, "Ana", after(60)))
	if err != nil || again.State != arauto.ContactPending || !again.DueAt.Equal(after(60)) {
		t.Errorf("again: %+v, %v", again, err)
	}
	if arauto.KindOf(arauto.Decision("maybe").Check()) != arauto.KindInvalid || arauto.DecideSent.Check() != nil || arauto.DecideAgain.Check() != nil {
		t.Error("a decision that is none passes, or one that is does not")
	}
}

func TestRules_ConversationIdle(t *testing.T) {
	for hours, want := range map[int]time.Duration{0: 24 * time.Hour, -1: 0, 2: 2 * time.Hour} {
		if got := (arauto.Rules{ConversationIdleHours: hours}).ConversationIdle(); got != want {
			t.Errorf("%d: %v", hours, got)
		}
	}
	if arauto.KindOf(arauto.Rules{ConversationIdleHours: -2}.Check()) != arauto.KindInvalid {
		t.Error("-2 hours pass")
	}
}
