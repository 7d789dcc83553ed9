package arauto_test

import (
	"errors"
	"testing"

	"arauto"
)

func TestIntake_Checked(t *testing.T) {
	for _, d := range append(arauto.DuplicatePolicies(), "") {
		for _, a := range append(arauto.AcrossChoices(), "") {
			got, err := arauto.Intake{Duplicates: d, Across: a}.Checked()
			if err != nil || got.Duplicates == "" || got.Across != a {
				t.Errorf("%q, %q: %+v, %v", d, a, got, err)
			}
		}
	}
	for field, bad := range map[string]arauto.Intake{"duplicates": {Duplicates: "merge"}, "across": {Across: "some"}} {
		_, err := bad.Checked()
		if e, ok := errors.AsType[*arauto.Error](err); !ok || e.Kind != arauto.KindInvalid || e.Field != field {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestIntake_Staged(t *testing.T) {
	for intake, want := range map[arauto.Intake]bool{
		{}: false, {Duplicates: arauto.DuplicatesUpdate}: false, {Duplicates: arauto.DuplicatesFail}: true, {Whole: true}: true,
	} {
		if got := intake.Staged(); got != want {
			t.Errorf("%+v: %v", intake, got)
		}
	}
}
