package arauto_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"arauto"
)

// TestConversion_Property: whatever happens in whatever order, what Meta took stays taken, a request leaves only after it
// was made durable, and what is at rest has a moment.
func TestConversion_Property(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := arauto.Conversion{State: arauto.ConversionPending}
		taken := false
		for i, e := range rapid.SliceOfN(rapid.SampledFrom(arauto.ConversionEvents()), 1, 60).Draw(t, "events") {
			at := base.Add(time.Duration(i) * time.Minute)
			next, err := c.Apply(e, at, 0, "why")
			if err != nil {
				if next != c {
					t.Fatalf("a conflict changed it: %+v", next)
				}
				continue
			}
			if taken && next.State != arauto.ConversionSent {
				t.Fatalf("%s took it back to %s", e, next.State)
			}
			if next.State == arauto.ConversionSending && c.State != arauto.ConversionPending {
				t.Fatalf("it left from %s", c.State)
			}
			resting := next.State != arauto.ConversionPending && next.State != arauto.ConversionSending
			if resting != !next.DoneAt.IsZero() {
				t.Fatalf("%s with %v", next.State, next.DoneAt)
			}
			if next.Tries > arauto.ConversionTries {
				t.Fatalf("%d tries", next.Tries)
			}
			taken = taken || next.State == arauto.ConversionSent
			c = next
		}
	})
}

func TestConversion_Budget(t *testing.T) {
	c := arauto.Conversion{State: arauto.ConversionPending, At: base}
	at := base
	for try := 1; ; try++ {
		var err error
		if c, err = c.Apply(arauto.ConversionPosted, at, 0, ""); err != nil {
			t.Fatal(err)
		}
		if c, err = c.Apply(arauto.ConversionDeferred, at, 4, "too fast"); err != nil {
			t.Fatal(err)
		}
		if c.State == arauto.ConversionFailed {
			if try != arauto.ConversionTries || c.Detail != "too fast" || c.ErrorCode != 4 {
				t.Errorf("given up at try %d: %+v", try, c)
			}
			break
		}
		if !c.DueAt.After(at) {
			t.Fatalf("try %d again at once", try)
		}
		at = c.DueAt
	}
	if lasted := at.Sub(base); lasted < 24*time.Hour || lasted > arauto.ClickLife {
		t.Errorf("tried for %s", lasted)
	}
}

func TestConversionRule_Check(t *testing.T) {
	worth := arauto.Money{Currency: arauto.BRL, Micros: 150_000_000}
	for name, c := range map[string]struct {
		rule  arauto.ConversionRule
		field string
	}{
		"with a value":         {arauto.ConversionRule{Event: "Purchase", Value: worth}, ""},
		"without":              {arauto.ConversionRule{Event: "LeadSubmitted"}, ""},
		"Lead is not Meta's":   {arauto.ConversionRule{Event: "Lead"}, "event"},
		"a purchase for free":  {arauto.ConversionRule{Event: "Purchase"}, "value"},
		"of another currency":  {arauto.ConversionRule{Event: "Purchase", Value: arauto.Money{Currency: "XXX", Micros: 1}}, "value"},
		"of less than nothing": {arauto.ConversionRule{Event: "Purchase", Value: arauto.Money{Currency: arauto.BRL, Micros: -1}}, "value"},
	} {
		err := c.rule.Check()
		var field string
		if e, ok := errors.AsType[*arauto.Error](err); ok {
			field = e.Field
		}
		if field != c.field || (err == nil) != (c.field == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
