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
		0, 190, 10, 3, 200, 250, 299, 131005, 368, 131031, 131042, 133010, 131045, 131037, 131048, 131064, 131063,
		132000, 132001, 132007, 132008, 132012, 132015, 132016, 132068, 132069, 134100, 134102,
	},
	arauto.ActionRetry:    {131057, 4, 80007, 130429, 131056, 133016, 134101, 131053, 1, 2, 131000, 131016, 133004},
	arauto.ActionSuppress: {131050},
	arauto.ActionFail: {
		130497, 131049, 130472, 130403, 131026, 131047, 131021, 131030, 131051, 131052, 131062, 132005, 132018,
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
		{"pair limit holds one person back", 131056, 400, arauto.SendError{Reason: arauto.ReasonTooFast, Scope: arauto.ScopePair, Action: arauto.ActionRetry, After: 6}},
		{"throughput is the sender's", 130429, 429, arauto.SendError{Reason: arauto.ReasonTooFast, Scope: arauto.ScopeSender, Action: arauto.ActionRetry, After: 1}},
		{"marketing cap fails, and not before a day", 131049, 0, arauto.SendError{Reason: arauto.ReasonMarketingCap, Scope: arauto.ScopeContact, Action: arauto.ActionFail, After: 86400}},
		{"a transient fault that Meta words is no silence", 131000, 500, arauto.SendError{Reason: arauto.ReasonProviderTrouble, Scope: arauto.ScopeContact, Action: arauto.ActionRetry}},
		{"unknown code", 139999, 400, arauto.SendError{Reason: arauto.ReasonRefused, Scope: arauto.ScopeContact, Action: arauto.ActionFail}},
		{"unknown code in a webhook", 139999, 0, arauto.SendError{Reason: arauto.ReasonRefused, Scope: arauto.ScopeContact, Action: arauto.ActionFail}},
		{"unknown code while Meta is in trouble", 139999, 502, arauto.SendError{Reason: arauto.ReasonNoAnswer, Scope: arauto.ScopeContact, Action: arauto.ActionUnknown}},
		{"just outside the permissions", 300, 400, arauto.SendError{Reason: arauto.ReasonRefused, Scope: arauto.ScopeContact, Action: arauto.ActionFail}},
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
