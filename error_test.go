package arauto_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"arauto"
)

func TestKindOf(t *testing.T) {
	inner := arauto.Errorf(arauto.KindConflict, "state", "campaign %q is %s", "x", "paused")
	for name, tt := range map[string]struct {
		err  error
		want arauto.Kind
	}{
		"nil":              {nil, ""},
		"ours":             {inner, arauto.KindConflict},
		"wrapped":          {fmt.Errorf("claim contacts: %w", fmt.Errorf("read: %w", inner)), arauto.KindConflict},
		"joined":           {errors.Join(io.EOF, inner), arauto.KindConflict},
		"the outer speaks": {fmt.Errorf("%w: %w", arauto.Errorf(arauto.KindLimited, "", "wait"), inner), arauto.KindLimited},
		"somebody else's":  {io.EOF, arauto.KindInternal},
	} {
		if got := arauto.KindOf(tt.err); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	if got := inner.Error(); got != `state: campaign "x" is paused` {
		t.Error(got)
	}
}

// A SendError speaks the provider's words, or at least names its reason.
func TestSendError(t *testing.T) {
	if got := (&arauto.SendError{Detail: "too many", Reason: arauto.ReasonTooFast}).Error(); got != "too many" {
		t.Error(got)
	}
	if got := (&arauto.SendError{Reason: arauto.ReasonTooFast}).Error(); got != "too_fast" {
		t.Error(got)
	}
}
