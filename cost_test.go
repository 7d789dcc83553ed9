package arauto

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func chargeGen(t *rapid.T) Charge {
	rates := Rates{
		{Country: "BR", Category: "marketing", Currency: BRL, Micros: 312_500}, {Country: "*", Category: "marketing", Currency: USD, Micros: 60_000},
	}[:rapid.IntRange(0, 2).Draw(t, "rates")]
	return NewCharge(
		rapid.SampledFrom([]EventKind{EventSent, EventDelivered, EventRead}).Draw(t, "stage"),
		Pricing{Category: rapid.SampledFrom([]string{"marketing", "utility", "service"}).Draw(t, "category"), Free: rapid.Bool().Draw(t, "free")},
		rapid.SampledFrom([]string{"BR", "AR", ""}).Draw(t, "country"), rates, time.Time{},
	)
}

func TestCharge_StoredAndRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := chargeGen(t)
		if d := cmp.Diff(c, ParseCharge(c.String())); d != "" {
			t.Fatal(d)
		}
	})
	for _, text := range []string{"", "x", "sent marketing", "sent marketing BR EUR 1", "sent marketing BR BRL x"} {
		if c := ParseCharge(text); c != (Charge{}) {
			t.Errorf("%q was read as %+v", text, c)
		}
	}
}

// Whatever the order and however often statuses come, a message ends with one charge.
func TestCharge_SettlesInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rates := Rates{{Country: "*", Category: "marketing", Currency: BRL, Micros: 7}}
		var told []Charge
		for range rapid.IntRange(1, 5).Draw(t, "statuses") {
			p := Pricing{Category: rapid.SampledFrom([]string{"marketing", "utility"}).Draw(t, "category"), Free: rapid.Bool().Draw(t, "free")}
			told = append(told, NewCharge(rapid.SampledFrom([]EventKind{EventSent, EventDelivered, EventRead}).Draw(t, "stage"), p, "BR", rates, time.Time{}))
		}
		settle := func(list []Charge) (c Charge) {
			for _, next := range list {
				c = c.Settle(next)
			}
			return c
		}
		want := settle(told)
		if got := settle(rapid.Permutation(append(told, told...)).Draw(t, "again")); got != want {
			t.Fatalf("%+v, in another order %+v", want, got)
		}
	})
}

func TestCharge_KeepsThePriceThatWasKnownFirst(t *testing.T) {
	old := NewCharge(EventSent, Pricing{Category: "marketing"}, "BR", Rates{{Country: "*", Category: "marketing", Currency: BRL, Micros: 7}}, time.Time{})
	edited := NewCharge(EventDelivered, Pricing{Category: "marketing"}, "BR", Rates{{Country: "*", Category: "marketing", Currency: BRL, Micros: 9}}, time.Time{})
	if got := old.Settle(edited); got.BRL != 7 || got.Stage != EventDelivered {
		t.Errorf("%+v", got)
	}
}

func TestCharge_Lines(t *testing.T) {
	rates := Rates{{Country: "BR", Category: "marketing", Currency: BRL, Micros: 312_500}, {Country: "AR", Category: "marketing", Currency: USD, Micros: 60_000}}
	lines := func(p Pricing, country string, rates Rates) []CostLine {
		return NewCharge(EventSent, p, country, rates, time.Time{}).Lines()
	}
	marketing := Pricing{Category: "marketing"}
	for name, c := range map[string]struct{ got, want []CostLine }{
		"free":     {lines(Pricing{Category: "service", Free: true}, "BR", rates), []CostLine{{BillingFree, "", "service", "BR", 1, 0}}},
		"no rates": {lines(marketing, "BR", nil), []CostLine{{BillingUnrated, "", "marketing", "BR", 1, 0}}},
		"one currency knows": {
			lines(marketing, "BR", rates),
			[]CostLine{{BillingRegular, BRL, "marketing", "BR", 1, 312_500}, {BillingUnrated, USD, "marketing", "BR", 1, 0}},
		},
	} {
		if d := cmp.Diff(c.want, c.got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	if got := Spent(lines(marketing, "BR", rates), BRL); got != (Money{BRL, 312_500}) {
		t.Errorf("spent %s", got)
	}
}

func TestAttempt_ChargedUnlessFailed(t *testing.T) {
	a := Attempt{State: AttemptSent, Charge: Charge{Stage: EventSent, Category: "marketing"}}
	for _, step := range []struct {
		event   EventKind
		charged bool
	}{{EventSent, true}, {EventFailed, false}, {EventDelivered, true}} {
		a, _ = a.Apply(Event{Kind: step.event})
		if _, charged := a.Charged(); charged != step.charged {
			t.Errorf("after %s: charged %v", step.event, charged)
		}
	}
}

func TestEstimate(t *testing.T) {
	rates := Rates{{Country: "BR", Category: "marketing", Currency: BRL, Micros: 500_000}, {Country: "*", Category: "marketing", Currency: USD, Micros: 100_000}}
	got := Estimate(map[string]int64{"BR": 10, "AR": 2, "CL": 0}, "MARKETING", rates, time.Time{})
	want := []CostLine{
		{BillingUnrated, BRL, "marketing", "AR", 2, 0},
		{BillingRegular, USD, "marketing", "AR", 2, 200_000},
		{BillingRegular, BRL, "marketing", "BR", 10, 5_000_000},
		{BillingRegular, USD, "marketing", "BR", 10, 1_000_000},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
