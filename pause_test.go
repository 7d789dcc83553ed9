package arauto_test

import (
	"strings"
	"testing"
	"time"

	"arauto"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func TestHalt_RestsLongerEachTimeItComesBackSoon(t *testing.T) {
	h := arauto.Halt{Scope: arauto.ScopeWABA, Code: 80007, Reason: arauto.ReasonTooFast, After: time.Minute}
	cause, now := h.Cause(arauto.Cause{}, noon), noon
	for _, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
		if got := cause.Until.Sub(cause.Since); got != want {
			t.Fatalf("it rests %s, want %s", got, want)
		}
		now = cause.Until.Add(time.Second)
		cause = h.Cause(cause, now)
	}
	later := cause.Until.Add(24 * time.Hour)
	if got := h.Cause(cause, later); got.Until.Sub(got.Since) != time.Minute {
		t.Errorf("after a day of peace it rests %s, want as the first time", got.Until.Sub(got.Since))
	}
	other := h
	other.Code = 4
	if got := other.Cause(cause, now); got.Until.Sub(got.Since) != time.Minute {
		t.Errorf("another cause rests %s, want as the first time", got.Until.Sub(got.Since))
	}
}

func TestHalt_RestIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := arauto.Halt{Code: 1, Reason: arauto.ReasonTooFast, After: time.Duration(rapid.Int64Range(0, int64(72*time.Hour)).Draw(t, "after"))}
		cause, now := arauto.Cause{}, noon
		for range 20 {
			cause = h.Cause(cause, now)
			if rest := cause.Until.Sub(now); h.After > 0 && (rest < h.After || rest > max(h.After, 24*time.Hour)) {
				t.Fatalf("after %s it rests %s", h.After, rest)
			}
			if h.After == 0 && !cause.Until.IsZero() {
				t.Fatalf("a pause without an end ends at %s", cause.Until)
			}
			now = now.Add(time.Duration(rapid.Int64Range(1, int64(100*time.Hour)).Draw(t, "later")))
		}
	})
}

func TestCampaign_ThePersonsPauseOutlastsTheEngines(t *testing.T) {
	h := arauto.Halt{Scope: arauto.ScopeTemplate, Code: 132015, Reason: arauto.ReasonTemplatePaused, Detail: "low quality"}
	running := arauto.Campaign{Name: "c", State: arauto.CampaignRunning}
	halted := running.Halt(h.Say(arauto.English), noon)
	if halted.State != arauto.CampaignPaused || halted.Cause.ByPerson() || halted.Pause != "Meta (132015): Meta paused the template for its quality: low quality" {
		t.Fatalf("halted: %+v", halted)
	}
	if again := halted.Halt(arauto.Halt{Code: 1, Reason: arauto.ReasonTooFast}, noon.Add(time.Hour)); again.Cause != halted.Cause {
		t.Errorf("a second halt changed the cause to %+v", again.Cause)
	}
	taken, err := halted.Apply(arauto.CampaignPause, "esperem por mim", noon.Add(time.Minute))
	if err != nil || !taken.Cause.ByPerson() || taken.Pause != "esperem por mim" {
		t.Errorf("a person paused it: %+v, %v", taken, err)
	}
	for _, state := range arauto.CampaignStates() {
		if c := (arauto.Campaign{State: state}).Halt(h.Say(arauto.English), noon); state != arauto.CampaignRunning && c.State != state {
			t.Errorf("a halt moved a %s campaign to %s", state, c.State)
		}
	}
}

func TestReasonsOfATemplatesStatusEndWithItsApproval(t *testing.T) {
	for _, status := range []string{"PAUSED", "DISABLED", "REJECTED", "DELETED", "ARCHIVED"} {
		if r, code, stops := arauto.StatusHalts(status); !stops || code == 0 || !r.EndsWithApproval() {
			t.Errorf("%s: %s %d %t", status, r, code, stops)
		}
	}
	for _, status := range []string{arauto.TemplateApproved, "FLAGGED", "PENDING", "SOMETHING_NEW", ""} {
		if _, _, stops := arauto.StatusHalts(status); stops {
			t.Errorf("%s stops campaigns", status)
		}
	}
}

func TestFailurePause_Limit(t *testing.T) {
	for _, c := range []struct {
		pause  arauto.FailurePause
		reason arauto.Reason
		want   int
	}{
		{arauto.FailurePause{}, arauto.ReasonRefused, 20},
		{arauto.FailurePause{}, arauto.ReasonNotOnWhatsApp, 45},
		{arauto.FailurePause{Percent: -1}, arauto.ReasonRefused, 0},
		{arauto.FailurePause{Percent: 1, Window: 10}, arauto.ReasonRefused, 1},
		{arauto.FailurePause{Percent: 95, Window: 100}, arauto.ReasonBlocked, 95},
	} {
		if got := c.pause.Limit(c.reason); got != c.want {
			t.Errorf("%+v for %s: %d, want %d", c.pause, c.reason, got, c.want)
		}
	}
}

func TestHalt_Words(t *testing.T) {
	share := arauto.Halt{Reason: arauto.ReasonTemplateMismatch, Failed: 21, Of: 50}
	said := map[string]bool{}
	for _, l := range []arauto.Language{arauto.English, arauto.Portuguese, arauto.Spanish} {
		for _, h := range []arauto.Halt{share, {Reason: arauto.ReasonProviderTrouble, Failed: 21, Of: 50, After: time.Minute}, {Reason: arauto.ReasonBlocked, Failed: 21, Of: 50}, {Code: 190, Reason: arauto.ReasonSenderTrouble}} {
			w := h.Say(l).Words
			if !strings.Contains(w, h.Reason.Words(l)) || said[w] {
				t.Errorf("in %s: %q", l, w)
			}
			said[w] = true
		}
	}
	if got := share.Say(arauto.Portuguese).Words; got != "21 de 50 mensagens falharam: Os parâmetros não correspondem ao template. Corrija o que as falhas indicam e retome" {
		t.Error(got)
	}
}
