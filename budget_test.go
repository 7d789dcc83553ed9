package arauto

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// Whatever the order of people and moments: no 24 hours ever see more people than the limit, and whoever
// was reached within a day may always be written to again.
func TestReach_NeverMorePeopleThanTheLimitInAnyDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 12).Draw(t, "limit")
		r := Reach{Limit: limit, Slots: map[int64]int{}}
		slots := map[int]int64{}
		type went struct {
			who int
			at  time.Time
		}
		var log []went
		now := noon
		for range rapid.IntRange(1, 150).Draw(t, "messages") {
			now = now.Add(time.Duration(rapid.IntRange(0, 8*3600).Draw(t, "seconds")) * time.Second)
			who := rapid.IntRange(0, 20).Draw(t, "who")
			known := r.Counts(slots[who], now)
			if r.Budget(now).Spent() && !known {
				continue
			}
			slots[who] = r.Touch(slots[who], now)
			log = append(log, went{who, now})
			people := map[int]bool{}
			for _, m := range log {
				if now.Sub(m.at) < ReachWindow {
					people[m.who] = true
				}
			}
			b := r.Budget(now)
			if len(people) > limit || b.Used < len(people) {
				t.Fatalf("%d people within a day under a limit of %d; %d are counted", len(people), limit, b.Used)
			}
		}
	})
}

func TestReach_FreeAtIsWhenOneMoreMayGo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Reach{Slots: map[int64]int{}}
		now := noon
		for range rapid.IntRange(1, 30).Draw(t, "people") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3600).Draw(t, "seconds")) * time.Second)
			r.Touch(0, now)
		}
		r.Limit = rapid.IntRange(1, max(1, r.Budget(now).Used)).Draw(t, "limit")
		b := r.Budget(now)
		if !b.Spent() {
			return
		}
		if !r.Budget(b.FreeAt.Add(-time.Second)).Spent() {
			t.Fatalf("one more might have gone before %s", b.FreeAt)
		}
		if r.Budget(b.FreeAt).Spent() {
			t.Fatalf("nobody may go at %s", b.FreeAt)
		}
	})
}

func TestReach_TheSamePersonCountsOnce(t *testing.T) {
	r := Reach{Limit: 2, Slots: map[int64]int{}}
	r.Touch(r.Touch(0, noon), noon.Add(23*time.Hour))
	if b := r.Budget(noon.Add(25 * time.Hour)); b.Used != 1 {
		t.Fatalf("%d are counted two hours after the second message, want 1", b.Used)
	}
	if b := r.Budget(noon.Add(48 * time.Hour)); b.Used != 0 {
		t.Fatalf("%d are counted 25 hours after the second message", b.Used)
	}
}

func TestRampUp_DoublesAfterDaysThatWereUsed(t *testing.T) {
	r := RampUp{Start: 250}
	now := noon
	var limits []int
	for _, part := range []float64{1, 1, 0.2, 0.5, 1, 1, 1, 1, 1, 1, 1} {
		r = r.At(now)
		b := r.Budget()
		limits = append(limits, b.Limit)
		r.Sent += int(part * float64(b.Limit))
		if part == 1 && b.Limit > 0 && (!r.Budget().Spent() || !r.Budget().FreeAt.Equal(now.Add(24*time.Hour))) {
			t.Fatalf("after a full day %+v", r.Budget())
		}
		now = now.Add(25 * time.Hour)
	}
	want := []int{250, 500, 1000, 1000, 2000, 4000, 8000, 16000, 32000, 64000, 0}
	for i := range want {
		if limits[i] != want[i] {
			t.Fatalf("limits %v, want %v", limits, want)
		}
	}
	if (RampUp{}).At(now).Budget().Spent() {
		t.Fatal("a number that is not being warmed up has a limit")
	}
}

func TestDecide_SharedBudgets(t *testing.T) {
	spent := Budget{Limit: 250, Used: 250, FreeAt: noon.Add(time.Hour)}
	in := GateInput{
		Contact:  Contact{State: ContactPending, Phone: "+5511987654321"},
		Campaign: Campaign{State: CampaignRunning, Channel: ChannelWhatsApp},
	}
	for _, tc := range []struct {
		name   string
		change func(*GateInput)
		want   Reason
	}{
		{"no limit", func(in *GateInput) { in.New = true }, ""},
		{"somebody new beyond the portfolio's limit", func(in *GateInput) { in.New, in.Reach = true, spent }, ReasonPortfolioBudget},
		{"somebody reached today already", func(in *GateInput) { in.Reach = spent }, ""},
		{"one is left", func(in *GateInput) { in.New, in.Reach = true, Budget{Limit: 250, Used: 249} }, ""},
		{"a new number's day is full", func(in *GateInput) { in.RampUp = spent }, ReasonRampUp},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := in
			tc.change(&in)
			v := Decide(in, noon)
			if v.Reason != tc.want || (tc.want == "") != (v.Outcome == Go) {
				t.Fatalf("%+v", v)
			}
			if tc.want != "" && (!v.Until.Equal(spent.FreeAt) || !v.Shared()) {
				t.Fatalf("%+v, want to wait until %s", v, spent.FreeAt)
			}
		})
	}
}

func TestSender_RateWithin(t *testing.T) {
	for _, tc := range []struct{ rate, said, want int }{
		{80, 80, 80},
		{80, 1000, 1000}, // raised
		{1000, 80, 80},   // taken back
		{20, 1000, 20},   // a person's choice
		{500, 0, 500},    // not said
	} {
		if got := (Sender{Rate: tc.rate}).RateWithin(Capacity{Rate: tc.said}); got != tc.want {
			t.Errorf("%d a second, and Meta says %d: %d, want %d", tc.rate, tc.said, got, tc.want)
		}
	}
}
