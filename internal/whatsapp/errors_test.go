package whatsapp_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"arauto"
	"arauto/internal/whatsapp"
)

// documented is every code of Meta's that the documentation names for messages, with what it must come to.
var documented = map[arauto.Action][]int{
	arauto.ActionPause: {
		0, 190, 10, 3, 200, 250, 299, 131005, 368, 131031, 131042, 133010, 131045, 131037, 131048, 131057, 131064, 131063,
		4, 80007, 132001, 132007, 132015, 132016, 132068, 132069, 134100, 134101, 134102,
	},
	arauto.ActionRetry:    {130429, 131056, 133016, 131053, 1, 2, 131000, 131016, 133004},
	arauto.ActionWait:     {131049},
	arauto.ActionSuppress: {131050},
	arauto.ActionFail: {
		130497, 130472, 130403, 131026, 131047, 131021, 131030, 131051, 131052, 131062, 132000, 132005, 132008, 132012, 132018,
		131055, 135000, 100, 131008, 131009, 137000,
	},
}

func TestClassify_EveryDocumentedCode(t *testing.T) {
	for action, codes := range documented {
		for _, code := range codes {
			e := whatsapp.Classify(code, "words", http.StatusBadRequest)
			if !whatsapp.Known(code) {
				t.Errorf("%d has no row", code)
			}
			if e.Action != action || e.Code != code || e.Detail != "words" || e.Scope == "" {
				t.Errorf("%d: %+v, want %s", code, e, action)
			}
			if !slices.Contains(arauto.Reasons(), e.Reason) {
				t.Errorf("%d: reason %q has no words", code, e.Reason)
			}
		}
	}
}

func TestClassify_Details(t *testing.T) {
	for _, c := range []struct {
		name   string
		code   int
		status int
		want   arauto.SendError
	}{
		{"pair limit holds one person back", 131056, 400, arauto.SendError{Reason: arauto.ReasonTooFast, Scope: arauto.ScopePair, Action: arauto.ActionRetry, After: 1}},
		{"throughput is the sender's", 130429, 429, arauto.SendError{Reason: arauto.ReasonTooFast, Scope: arauto.ScopeSender, Action: arauto.ActionRetry, After: 1}},
		{"marketing cap fails, and not before a day", 131049, 0, arauto.SendError{Reason: arauto.ReasonMarketingCap, Scope: arauto.ScopeContact, Action: arauto.ActionWait, After: 86400}},
		{"a transient fault that Meta words is no silence, and may have let the message through", 131000, 500, arauto.SendError{Reason: arauto.ReasonProviderTrouble, Scope: arauto.ScopeContact, Action: arauto.ActionRetry, After: 300, Tries: 3}},
		{"unknown code", 139999, 400, arauto.SendError{Reason: arauto.ReasonRefused, Scope: arauto.ScopeContact, Action: arauto.ActionFail, Unknown: true}},
		{"unknown code in a webhook", 139999, 0, arauto.SendError{Reason: arauto.ReasonRefused, Scope: arauto.ScopeContact, Action: arauto.ActionFail, Unknown: true}},
		{"unknown code while Meta is in trouble", 139999, 502, arauto.SendError{Reason: arauto.ReasonNoAnswer, Scope: arauto.ScopeContact, Action: arauto.ActionUnknown, Unknown: true}},
		{"just outside the permissions", 300, 400, arauto.SendError{Reason: arauto.ReasonRefused, Scope: arauto.ScopeContact, Action: arauto.ActionFail, Unknown: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.Code = c.code
			if got := *whatsapp.Classify(c.code, "", c.status); got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestClassify_BoundsWords(t *testing.T) {
	e := whatsapp.Classify(100, strings.Repeat("é", 5000), 400)
	if len(e.Detail) > 1010 || !strings.HasSuffix(e.Detail, "é…") {
		t.Errorf("%d bytes, ends in %q", len(e.Detail), e.Detail[len(e.Detail)-5:])
	}
}

func TestCodes_EveryRuleIsWhole(t *testing.T) {
	table := whatsapp.Codes{}.Table()
	covered := func(code int) bool {
		return slices.ContainsFunc(table, func(r arauto.CodeRule) bool { return r.First <= code && code <= r.Last })
	}
	for _, codes := range documented {
		for _, code := range codes {
			if !covered(code) {
				t.Errorf("%d has no row", code)
			}
		}
	}
	saidBy := map[string]int{}
	for i, r := range table {
		if i > 0 && r.First <= table[i-1].Last {
			t.Errorf("%d comes after %d", r.First, table[i-1].Last)
		}
		for _, l := range []arauto.Language{arauto.English, arauto.Portuguese, arauto.Spanish} {
			what, next := r.What[l], r.Next[l]
			for _, said := range []string{what, next} {
				if said == "" || strings.TrimSpace(said) != said || strings.HasSuffix(said, ".") {
					t.Errorf("%d in %s: %q", r.First, l, said)
				}
			}
			if what == next {
				t.Errorf("%d in %s: the next step is what happened: %q", r.First, l, what)
			}
			if other, twice := saidBy[what]; twice {
				t.Errorf("%d and %d say the same: %q", r.First, other, what)
			}
			saidBy[what] = r.First
		}
		if r.What[arauto.English] == r.What[arauto.Portuguese] || r.What[arauto.Portuguese] == r.What[arauto.Spanish] {
			t.Errorf("%d is not translated", r.First)
		}
	}
}

func TestCodes_WhatTheyAskIsBounded(t *testing.T) {
	for _, r := range (whatsapp.Codes{}).Table() {
		switch r.Action {
		case arauto.ActionRetry:
			if r.Tries < 1 || r.Tries > arauto.RetryBudget {
				t.Errorf("%d is tried %d times", r.First, r.Tries)
			}
		case arauto.ActionPause:
			if r.Scope == arauto.ScopeContact || r.Scope == arauto.ScopePair {
				t.Errorf("%d pauses a %s", r.First, r.Scope)
			}
		case arauto.ActionFail, arauto.ActionSuppress, arauto.ActionWait:
			if r.Scope != arauto.ScopeContact || r.Tries != 0 {
				t.Errorf("%d: %+v", r.First, r)
			}
		default:
			t.Errorf("%d asks for %q", r.First, r.Action)
		}
	}
}

func TestCodes_Explain(t *testing.T) {
	for code, known := range map[int]bool{131026: true, 200: true, 242: true, 299: true, 300: false, 139999: false, -1: false} {
		r, got := whatsapp.Codes{}.Explain(code)
		if got != known || code < r.First || code > r.Last || r.What.In(arauto.Spanish) == "" || r.Next.In("de") != r.Next[arauto.English] {
			t.Errorf("%d: %+v, %t", code, r, got)
		}
	}
}
