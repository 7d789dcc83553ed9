package arauto_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"arauto"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// ready is an input that the gate lets through.
func ready() arauto.GateInput {
	return arauto.GateInput{
		Contact:  arauto.Contact{State: arauto.ContactPending, Phone: "+5511987654321", DueAt: base},
		Campaign: arauto.Campaign{State: arauto.CampaignRunning, Channel: arauto.ChannelWhatsApp},
	}
}

// obstacles are the rules in their order: each spoils an input so that its rule decides.
var obstacles = []struct {
	name  string
	spoil func(*arauto.GateInput)
	want  arauto.Verdict
}{
	{
		"past the gate", func(in *arauto.GateInput) { in.Contact.State = arauto.ContactSent },
		arauto.Verdict{Outcome: arauto.Done, Reason: arauto.ReasonSettled, Words: "sent"},
	},
	{
		"campaign paused", func(in *arauto.GateInput) {
			in.Campaign.State, in.Campaign.Pause = arauto.CampaignPaused, "low quality"
		},
		arauto.Verdict{Outcome: arauto.Wait, Reason: arauto.ReasonCampaignState, Words: "low quality"},
	},
	{"suppressed", func(in *arauto.GateInput) {
		in.Suppressions = []arauto.Suppression{{Scope: arauto.SuppressAll, Source: "opt_out_keyword"}}
	}, arauto.Verdict{Outcome: arauto.Suppress, Reason: arauto.ReasonSuppressed, Words: "opt_out_keyword"}},
	{
		"no phone for a code", func(in *arauto.GateInput) {
			in.NeedsPhone, in.Contact.Phone, in.Contact.UserID = true, "", "BR.1046121691929582596"
		},
		arauto.Verdict{Outcome: arauto.Fail, Reason: arauto.ReasonNeedsPhone},
	},
	{
		"no phone", func(in *arauto.GateInput) { in.Contact.Phone, in.Contact.UserID = "", "" },
		arauto.Verdict{Outcome: arauto.Fail, Reason: arauto.ReasonInvalidPhone},
	},
	{
		"cannot be filled", func(in *arauto.GateInput) { in.Unfit = "no value for body.1" },
		arauto.Verdict{Outcome: arauto.Fail, Reason: arauto.ReasonMissingValue, Words: "no value for body.1"},
	},
	{
		"marketing to the United States", func(in *arauto.GateInput) { in.Marketing, in.Place.UnitedStates = true, true },
		arauto.Verdict{Outcome: arauto.Fail, Reason: arauto.ReasonUSMarketing},
	},
	{
		"campaign ended", func(in *arauto.GateInput) { in.Campaign.Policy.EndAt = base.Add(-time.Minute) },
		arauto.Verdict{Outcome: arauto.Fail, Reason: arauto.ReasonExpired, Words: "the campaign ended at " + base.Add(-time.Minute).Format("2006-01-02 15:04")},
	},
	{
		"tried often enough", func(in *arauto.GateInput) { in.Contact.Attempts, in.Campaign.Policy.Attempts = 1, 1 },
		arauto.Verdict{Outcome: arauto.Fail, Reason: arauto.ReasonTooManyAttempts},
	},
	{
		"sender paused", func(in *arauto.GateInput) { in.SenderPause = "token expired" },
		arauto.Verdict{Outcome: arauto.Wait, Reason: arauto.ReasonSenderTrouble, Words: "token expired"},
	},
	{
		"not its time", func(in *arauto.GateInput) { in.Contact.ScheduledFor = after(60) },
		arauto.Verdict{Outcome: arauto.Wait, Reason: arauto.ReasonNotYet, Until: after(60)},
	},
	{
		"outside its hours", func(in *arauto.GateInput) {
			in.Campaign.Policy.Windows = arauto.Windows{{Days: arauto.EveryDay, From: base.Hour()*60 + 60, To: base.Hour()*60 + 90}}
		},
		arauto.Verdict{
			Outcome: arauto.Wait, Reason: arauto.ReasonOutsideWindow, Until: base.Truncate(time.Hour).Add(time.Hour),
			Words: fmt.Sprintf("the campaign's hours: %s %02d:00–%02[2]d:30, it is %s in UTC", base.Weekday(), base.Hour()+1, base.Format("15:04")),
		},
	},
	{
		"contacted too often", func(in *arauto.GateInput) {
			in.Rules = &arauto.Rules{Caps: []arauto.Cap{{Limit: 1, Hours: 1}}}
			in.Touches = arauto.Touches{{At: base.Add(-time.Second)}}
		},
		arauto.Verdict{Outcome: arauto.Wait, Reason: arauto.ReasonFrequencyCap, Until: base.Add(time.Hour - time.Second), Words: "the account's limit: 1 / 1 hours"},
	},
	{
		"just contacted", func(in *arauto.GateInput) { in.LastTouch = base.Add(-time.Second) },
		arauto.Verdict{Outcome: arauto.Wait, Reason: arauto.ReasonJustContacted, Until: base.Add(5 * time.Second)},
	},
	{
		"in a conversation", func(in *arauto.GateInput) {
			in.OpenConversation, in.Campaign.Policy.OnOpenConversation = true, arauto.FailOnOpenConversation
		},
		arauto.Verdict{Outcome: arauto.Fail, Reason: arauto.ReasonOpenConversation},
	},
}

func TestDecide_Go(t *testing.T) {
	if diff := cmp.Diff(arauto.Verdict{Outcome: arauto.Go}, arauto.Decide(ready(), base)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// With several obstacles at once the earliest rule speaks: what is final before what passes, and among the
// final ones the one that a person must be able to rely on.
func TestDecide_Order(t *testing.T) {
	for i, first := range obstacles {
		t.Run(first.name, func(t *testing.T) {
			in := ready()
			first.spoil(&in)
			if diff := cmp.Diff(first.want, arauto.Decide(in, base)); diff != "" {
				t.Errorf("alone: -want +got:\n%s", diff)
			}
			for _, later := range obstacles[i+1:] {
				later.spoil(&in)
			}
			if diff := cmp.Diff(first.want, arauto.Decide(in, base)); diff != "" {
				t.Errorf("with all the later ones: -want +got:\n%s", diff)
			}
		})
	}
}

func TestDecide_Edges(t *testing.T) {
	tests := map[string]struct {
		change func(*arauto.GateInput)
		want   arauto.Outcome
	}{
		"deleted":                          {func(in *arauto.GateInput) { in.Contact.DeletedAt = base }, arauto.Done},
		"draft":                            {func(in *arauto.GateInput) { in.Campaign.State = arauto.CampaignDraft }, arauto.Wait},
		"cancelled campaign":               {func(in *arauto.GateInput) { in.Campaign.State = arauto.CampaignCancelled }, arauto.Wait},
		"due this very moment":             {func(in *arauto.GateInput) { in.Contact.DueAt, in.Contact.ScheduledFor = base, base }, arauto.Go},
		"no due time":                      {func(in *arauto.GateInput) { in.Contact.DueAt = time.Time{} }, arauto.Go},
		"the engine's next try":            {func(in *arauto.GateInput) { in.Contact.DueAt = after(1) }, arauto.Wait},
		"touched long enough ago":          {func(in *arauto.GateInput) { in.LastTouch = base.Add(-arauto.PairInterval) }, arauto.Go},
		"touched a millisecond too late":   {func(in *arauto.GateInput) { in.LastTouch = base.Add(time.Millisecond - arauto.PairInterval) }, arauto.Wait},
		"not a phone":                      {func(in *arauto.GateInput) { in.Contact.Phone = "11987654321" }, arauto.Fail},
		"stopped marketing, and it is not": {func(in *arauto.GateInput) { in.Suppressions = []arauto.Suppression{{Scope: arauto.SuppressMarketing}} }, arauto.Go},
		"stopped marketing, and it is": {func(in *arauto.GateInput) {
			in.Marketing, in.Suppressions = true, []arauto.Suppression{{Scope: arauto.SuppressMarketing}}
		}, arauto.Suppress},
		"the second suppression holds": {func(in *arauto.GateInput) {
			in.Suppressions = []arauto.Suppression{{Scope: arauto.SuppressAll, LiftedAt: base}, {Scope: arauto.SuppressAll}}
		}, arauto.Suppress},
		"in a conversation, and nobody minds": {func(in *arauto.GateInput) { in.OpenConversation = true }, arauto.Go},
		"in no conversation": {func(in *arauto.GateInput) {
			in.Campaign.Policy.OnOpenConversation = arauto.FailOnOpenConversation
		}, arauto.Go},
		"suppressed for calls": {func(in *arauto.GateInput) {
			in.Suppressions = []arauto.Suppression{{Scope: arauto.SuppressAll, Channel: arauto.ChannelVoice}}
		}, arauto.Go},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := ready()
			tt.change(&in)
			if got := arauto.Decide(in, base); got.Outcome != tt.want {
				t.Errorf("%+v; want %s", got, tt.want)
			}
		})
	}
}

func drawInput(t *rapid.T) arauto.GateInput {
	moment := func(what string) time.Time {
		if rapid.Bool().Draw(t, what+" is set") {
			return after(rapid.IntRange(-60, 60).Draw(t, what))
		}
		return time.Time{}
	}
	likely := func(what string) bool { return rapid.IntRange(0, 9).Draw(t, what) > 0 }
	in := ready()
	if !likely("pending") {
		in.Contact.State = rapid.SampledFrom(arauto.ContactStates()).Draw(t, "state")
	}
	if !likely("running") {
		in.Campaign.State = rapid.SampledFrom(arauto.CampaignStates()).Draw(t, "campaign")
	}
	if !likely("phone") {
		in.Contact.Phone = rapid.SampledFrom([]arauto.Phone{"", "+", "+55", "5511987654321"}).Draw(t, "bad phone")
	}
	if !likely("filled") {
		in.Unfit = "no value"
	}
	if !likely("sender sends") {
		in.SenderPause = "trouble"
	}
	in.Contact.ScheduledFor, in.Contact.DueAt, in.LastTouch = moment("scheduled"), moment("due"), moment("touch")
	in.Marketing = rapid.Bool().Draw(t, "marketing")
	for range rapid.IntRange(0, 2).Draw(t, "suppressions") {
		in.Suppressions = append(in.Suppressions, arauto.Suppression{
			Scope:     rapid.SampledFrom([]arauto.SuppressionScope{arauto.SuppressMarketing, arauto.SuppressAll}).Draw(t, "scope"),
			Channel:   rapid.SampledFrom([]arauto.Channel{"", arauto.ChannelWhatsApp, arauto.ChannelVoice}).Draw(t, "channel"),
			ExpiresAt: moment("expires"), LiftedAt: moment("lifted"),
		})
	}
	return in
}

// The gate never opens against a reason to keep it shut, and what it says leads somewhere.
func TestDecide_Properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		v := arauto.Decide(in, base)
		holds := false
		for _, s := range in.Suppressions {
			holds = holds || s.Holds(in.Campaign.Channel, in.Marketing, base)
		}
		due := !in.Contact.DueAt.After(base) && !in.Contact.ScheduledFor.After(base)
		free := in.Contact.State == arauto.ContactPending && in.Campaign.State == arauto.CampaignRunning && !holds &&
			in.Contact.Phone.Valid() && in.Unfit == "" && in.SenderPause == "" && due && base.Sub(in.LastTouch) >= arauto.PairInterval
		if (v.Outcome == arauto.Go) != free {
			t.Fatalf("%+v, and yet free is %v", v, free)
		}
		if (v.Outcome == arauto.Go) != (v.Reason == "") {
			t.Fatalf("%+v: a reason goes with every outcome but go", v)
		}
		if v.Reason.Words(arauto.Portuguese) == string(v.Reason) && v.Reason != "" {
			t.Fatalf("%s has no words", v.Reason)
		}
		if !v.Until.IsZero() && (v.Outcome != arauto.Wait || !v.Until.After(base)) {
			t.Fatalf("%+v: until is for waiting, and after now", v)
		}
		if v.Until.IsZero() {
			return
		}
		// Once the time has come, time is no longer the obstacle it named.
		if then := arauto.Decide(in, v.Until); then.Reason == v.Reason {
			t.Fatalf("waited until %s and still: %+v", v.Until, then)
		}
	})
}

// Of somebody known by an id no more than the country is known: what any of its states forbids is not done.
func TestDecide_WholeCountry(t *testing.T) {
	evening := time.Date(2026, 11, 24, 22, 30, 0, 0, time.UTC) // a Tuesday, 19:30 in São Paulo
	zone, err := time.LoadLocation("America/Sao_Paulo")
	if err != nil {
		t.Fatal(err)
	}
	in := arauto.GateInput{
		Contact: arauto.Contact{UserID: "BR.1", State: arauto.ContactPending}, Campaign: arauto.Campaign{State: arauto.CampaignRunning, Channel: arauto.ChannelWhatsApp},
		Rules: &arauto.Rules{Packs: []arauto.PackRef{{Name: "brazil", Version: 1}}}, Place: arauto.Place{Country: "BR", Zones: []*time.Location{zone}},
	}
	if v := arauto.Decide(in, evening); v.Outcome != arauto.Go {
		t.Errorf("of no state, %+v", v)
	}
	in.Place.Whole = true
	if v := arauto.Decide(in, evening); v.Reason != arauto.ReasonOutsideWindow || !strings.Contains(v.Words, "Ceará") {
		t.Errorf("of any state, %+v", v)
	}
	in.Campaign.Channel = arauto.ChannelVoice
	if v := arauto.Decide(in, evening); v.Reason != arauto.ReasonInvalidPhone {
		t.Errorf("by voice, %+v", v)
	}
}
