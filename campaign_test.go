package arauto_test

import (
	"strings"
	"testing"
	"time"

	"arauto"

	"pgregory.net/rapid"
)

// campaignLife is what each event makes of a campaign in each state; "" is refused.
var campaignLife = map[arauto.CampaignState]map[arauto.CampaignEvent]arauto.CampaignState{
	"draft":     {"schedule": "scheduled", "unschedule": "draft", "start": "running", "pause": "", "resume": "", "complete": "", "reopen": "", "cancel": "cancelled", "archive": ""},
	"scheduled": {"schedule": "scheduled", "unschedule": "draft", "start": "running", "pause": "paused", "resume": "", "complete": "", "reopen": "", "cancel": "cancelled", "archive": ""},
	"running":   {"schedule": "", "unschedule": "", "start": "running", "pause": "paused", "resume": "running", "complete": "completed", "reopen": "", "cancel": "cancelled", "archive": ""},
	"paused":    {"schedule": "", "unschedule": "", "start": "running", "pause": "paused", "resume": "running", "complete": "completed", "reopen": "", "cancel": "cancelled", "archive": ""},
	"completed": {"schedule": "", "unschedule": "", "start": "", "pause": "", "resume": "", "complete": "completed", "reopen": "running", "cancel": "", "archive": "archived"},
	"cancelled": {"schedule": "", "unschedule": "", "start": "", "pause": "", "resume": "", "complete": "", "reopen": "", "cancel": "cancelled", "archive": "archived"},
	"archived":  {"schedule": "", "unschedule": "", "start": "", "pause": "", "resume": "", "complete": "", "reopen": "", "cancel": "", "archive": "archived"},
}

func TestCampaign_EveryPairIsDecided(t *testing.T) {
	if len(campaignLife) != len(arauto.CampaignStates()) {
		t.Errorf("the test knows %d states, the code %d", len(campaignLife), len(arauto.CampaignStates()))
	}
	for _, s := range arauto.CampaignStates() {
		if len(campaignLife[s]) != len(arauto.CampaignEvents()) {
			t.Errorf("%s: the test knows %d events, the code %d", s, len(campaignLife[s]), len(arauto.CampaignEvents()))
		}
		for _, e := range arauto.CampaignEvents() {
			want, decided := campaignLife[s][e]
			if !decided {
				t.Errorf("nobody decided what a campaign that is %s does on %s", s, e)
				continue
			}
			before := arauto.Campaign{Name: "Renegociação", State: s, ScheduledFor: after(60), UpdatedAt: base}
			got, err := before.Apply(e, "", after(1))
			switch {
			case want == "" && (arauto.KindOf(err) != arauto.KindConflict || got.State != s || !got.UpdatedAt.Equal(base)):
				t.Errorf("%s + %s: %s, %v; want a conflict and the campaign unchanged", s, e, got.State, err)
			case want == "" && !strings.Contains(err.Error(), string(s)):
				t.Errorf("%s + %s: the message does not name the state: %v", s, e, err)
			case want != "" && (err != nil || got.State != want):
				t.Errorf("%s + %s: %s, %v; want %s", s, e, got.State, err, want)
			}
		}
	}
}

func TestCampaign_ConflictNamesTheWayOut(t *testing.T) {
	for state, want := range map[arauto.CampaignState]string{
		arauto.CampaignDraft:     `campaign "Black Friday" is draft: it cannot archive (it can schedule start cancel)`,
		arauto.CampaignRunning:   `campaign "Black Friday" is running: it cannot archive (it can pause complete cancel)`,
		arauto.CampaignCompleted: `campaign "Black Friday" is completed: it cannot cancel (it can reopen archive)`,
		arauto.CampaignArchived:  `campaign "Black Friday" is archived: it cannot cancel (it can no longer change)`,
	} {
		event := arauto.CampaignArchive
		if state == arauto.CampaignCompleted || state == arauto.CampaignArchived {
			event = arauto.CampaignCancel
		}
		_, err := arauto.Campaign{Name: "Black Friday", State: state}.Apply(event, "", base)
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v; want %s", state, err, want)
		}
	}
}

func TestCampaign_Apply(t *testing.T) {
	apply := func(t *testing.T, c arauto.Campaign, e arauto.CampaignEvent, why string, now time.Time) arauto.Campaign {
		t.Helper()
		next, err := c.Apply(e, why, now)
		if err != nil {
			t.Fatal(err)
		}
		return next
	}
	t.Run("scheduling needs a moment", func(t *testing.T) {
		c := arauto.Campaign{State: arauto.CampaignDraft}
		if _, err := c.Apply(arauto.CampaignSchedule, "", base); arauto.KindOf(err) != arauto.KindInvalid {
			t.Errorf("%v; want an invalid error", err)
		}
	})
	t.Run("unscheduling forgets the moment", func(t *testing.T) {
		c := apply(t, arauto.Campaign{State: arauto.CampaignScheduled, ScheduledFor: after(60)}, arauto.CampaignUnschedule, "", base)
		if !c.ScheduledFor.IsZero() {
			t.Errorf("still scheduled for %s", c.ScheduledFor)
		}
	})
	t.Run("a pause says why, and is over when resumed", func(t *testing.T) {
		c := apply(t, arauto.Campaign{State: arauto.CampaignRunning, HoldAfter: 10, StartedAt: base}, arauto.CampaignPause, "template paused", after(1))
		if c.Pause != "template paused" || c.HoldAfter != 10 {
			t.Errorf("paused: %q, hold after %d", c.Pause, c.HoldAfter)
		}
		if twice := apply(t, c, arauto.CampaignPause, "another reason", after(2)); twice.Pause != "template paused" || !twice.UpdatedAt.Equal(after(1)) {
			t.Errorf("pausing twice changed it: %q at %s", twice.Pause, twice.UpdatedAt)
		}
		c = apply(t, c, arauto.CampaignResume, "ignored", after(3))
		if c.Pause != "" || c.HoldAfter != 0 || !c.StartedAt.Equal(base) {
			t.Errorf("resumed: %q, hold after %d, started %s", c.Pause, c.HoldAfter, c.StartedAt)
		}
	})
	t.Run("a hold survives the start it is for", func(t *testing.T) {
		if c := apply(t, arauto.Campaign{State: arauto.CampaignDraft, HoldAfter: 10}, arauto.CampaignStart, "", base); c.HoldAfter != 10 || !c.StartedAt.Equal(base) {
			t.Errorf("hold after %d, started %s", c.HoldAfter, c.StartedAt)
		}
		held := apply(t, arauto.Campaign{State: arauto.CampaignScheduled, HoldAfter: 10, ScheduledFor: base}, arauto.CampaignPause, "late", after(1))
		if c := apply(t, held, arauto.CampaignResume, "", after(2)); c.HoldAfter != 10 || !c.StartedAt.Equal(after(2)) {
			t.Errorf("paused before it began: hold after %d, started %s", c.HoldAfter, c.StartedAt)
		}
	})
	t.Run("reopened, it has not ended, and what held it back is over", func(t *testing.T) {
		c := apply(t, arauto.Campaign{State: arauto.CampaignRunning, HoldAfter: 10, StartedAt: base}, arauto.CampaignComplete, "", after(1))
		c = apply(t, c, arauto.CampaignReopen, "", after(2))
		if c.State != arauto.CampaignRunning || !c.EndedAt.IsZero() || c.HoldAfter != 0 || !c.StartedAt.Equal(base) {
			t.Errorf("reopened: %+v", c)
		}
	})
	t.Run("the end has a moment, and archiving keeps it", func(t *testing.T) {
		c := apply(t, arauto.Campaign{State: arauto.CampaignPaused, Pause: "x"}, arauto.CampaignCancel, "", after(5))
		c = apply(t, c, arauto.CampaignArchive, "", after(9))
		if !c.EndedAt.Equal(after(5)) || c.Pause != "" || !c.UpdatedAt.Equal(after(9)) {
			t.Errorf("ended %s, pause %q, updated %s", c.EndedAt, c.Pause, c.UpdatedAt)
		}
	})
}

// Whatever is asked of a campaign: its parts agree with its state, and an end is an end.
func TestCampaign_RandomLives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := arauto.Campaign{State: arauto.CampaignDraft}
		for i := range rapid.IntRange(1, 30).Draw(t, "events") {
			before := c
			if rapid.Bool().Draw(t, "with a moment") {
				c.ScheduledFor = after(1000)
			}
			event := rapid.SampledFrom(arauto.CampaignEvents()).Draw(t, "event")
			c, _ = c.Apply(event, "because", after(i))
			ended := c.State == arauto.CampaignCompleted || c.State == arauto.CampaignCancelled || c.State == arauto.CampaignArchived
			if (c.Pause != "") != (c.State == arauto.CampaignPaused) {
				t.Fatalf("%s with pause %q", c.State, c.Pause)
			}
			if c.EndedAt.IsZero() == ended {
				t.Fatalf("%s ended at %s", c.State, c.EndedAt)
			}
			reopened := before.State == arauto.CampaignCompleted && c.State == arauto.CampaignRunning && event == arauto.CampaignReopen
			if !before.EndedAt.IsZero() && !reopened && (!ended || !c.EndedAt.Equal(before.EndedAt)) {
				t.Fatalf("%s became %s after its end", before.State, c.State)
			}
			if c.State == arauto.CampaignRunning && c.StartedAt.IsZero() {
				t.Fatal("running and never started")
			}
		}
	})
}

func TestCampaign_TriesAgain(t *testing.T) {
	for _, s := range arauto.CampaignStates() {
		for _, reopen := range []bool{false, true} {
			err := arauto.Campaign{Name: "x", State: s}.TriesAgain(reopen)
			refused := s == "cancelled" || s == "archived" || s == "completed" && !reopen
			if (err != nil) != refused || refused && arauto.KindOf(err) != arauto.KindConflict {
				t.Errorf("%s, reopen %v: %v", s, reopen, err)
			}
		}
	}
}

func TestCampaign_Accepts(t *testing.T) {
	for _, s := range arauto.CampaignStates() {
		err := arauto.Campaign{Name: "x", State: s}.Accepts()
		if ended := s == "completed" || s == "cancelled" || s == "archived"; (err != nil) != ended || (ended && arauto.KindOf(err) != arauto.KindConflict) {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestCampaign_Startable(t *testing.T) {
	template := arauto.Template{ID: 2, Name: "aviso", Language: "pt_BR", WABA: 5, Status: "APPROVED", Body: "Olá {{1}}"}
	sender := arauto.Sender{ID: 3, Name: "Loja", WABA: 5}
	campaign := arauto.Campaign{Name: "c", Sender: 3, Template: 2, Mapping: arauto.Mapping{"body.1": {From: arauto.FromContact, Text: "name"}}}
	if err := campaign.Startable(template, sender); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(c *arauto.Campaign, t *arauto.Template, s *arauto.Sender){
		"needs a sender":                              func(c *arauto.Campaign, _ *arauto.Template, _ *arauto.Sender) { c.Sender = 0 },
		"needs a sender and a template":               func(c *arauto.Campaign, _ *arauto.Template, _ *arauto.Sender) { c.Template = 0 },
		"is PAUSED at Meta":                           func(_ *arauto.Campaign, t *arauto.Template, _ *arauto.Sender) { t.Status = "PAUSED" },
		"belongs to another WhatsApp":                 func(_ *arauto.Campaign, _ *arauto.Template, s *arauto.Sender) { s.WABA = 6 },
		`parameter body.1 of template "aviso" is not`: func(c *arauto.Campaign, _ *arauto.Template, _ *arauto.Sender) { c.Mapping = nil },
	} {
		t.Run(name, func(t *testing.T) {
			c, m, s := campaign, template, sender
			spoil(&c, &m, &s)
			err := c.Startable(m, s)
			if arauto.KindOf(err) != arauto.KindConflict || !strings.Contains(err.Error(), name) {
				t.Errorf("%v; want a conflict with %q", err, name)
			}
		})
	}
}

func TestRetryAt(t *testing.T) {
	for attempt, want := range map[int]time.Duration{1: 2 * time.Second, 2: 8 * time.Second, 3: 32 * time.Second, 4: 128 * time.Second, 5: 512 * time.Second} {
		if at, ok := arauto.RetryAt(attempt, 0, base); !ok || at.Sub(base) != want {
			t.Errorf("after try %d: %s, %v; want %s", attempt, at.Sub(base), ok, want)
		}
	}
	if _, ok := arauto.RetryAt(arauto.RetryBudget, time.Second, base); ok {
		t.Error("the budget has no end")
	}
	if at, _ := arauto.RetryAt(2, time.Minute, base); at.Sub(base) != 4*time.Minute {
		t.Errorf("the provider's wish is where waiting starts: %s", at.Sub(base))
	}
}

// However long the provider wishes, the next try is after now and within a day.
func TestRetryAt_Bounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		attempt := rapid.IntRange(-1, arauto.RetryBudget-1).Draw(t, "attempt")
		wish := time.Duration(rapid.Int64().Draw(t, "wish"))
		at, ok := arauto.RetryAt(attempt, wish, base)
		if wait := at.Sub(base); !ok || wait <= 0 || wait > 24*time.Hour {
			t.Fatalf("try %d, wish %s: %s, %v", attempt, wish, wait, ok)
		}
	})
}

func TestCounts(t *testing.T) {
	n := arauto.Counts{"pending": 1, "sending": 2, "unknown": 3, "sent": 4, "delivered": 5, "read": 6, "replied": 7, "failed": 8, "suppressed": 9, "cancelled": 10}
	if len(n) != len(arauto.ContactStates()) {
		t.Fatal("a state is missing here")
	}
	if n.Total() != 55 || n.Tried() != 35 || n.Exhausted() {
		t.Errorf("total %d, tried %d, exhausted %v", n.Total(), n.Tried(), n.Exhausted())
	}
	delete(n, "pending")
	if n.Exhausted() {
		t.Error("exhausted while two are being sent")
	}
	delete(n, "sending")
	if !n.Exhausted() {
		t.Error("not exhausted, though only settled contacts are left")
	}
}

func TestCampaign_Missed(t *testing.T) {
	for _, c := range []struct {
		name  string
		state arauto.CampaignState
		bears time.Duration
		late  time.Duration
		want  time.Duration
	}{
		{"on time", arauto.CampaignScheduled, time.Hour, 0, 0},
		{"as late as it bears", arauto.CampaignScheduled, time.Hour, time.Hour, 0},
		{"later", arauto.CampaignScheduled, time.Hour, time.Hour + time.Second, time.Hour + time.Second},
		{"however late", arauto.CampaignScheduled, 0, 1000 * time.Hour, 0},
		{"running already", arauto.CampaignRunning, time.Hour, 2 * time.Hour, 0},
	} {
		k := arauto.Campaign{State: c.state, ScheduledFor: base, Policy: arauto.Policy{MaxLateness: c.bears}}
		if got := k.Missed(base.Add(c.late)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestCampaign_DoesNotBeginAfterItsEnd(t *testing.T) {
	ends := arauto.Policy{EndAt: after(60)}
	for _, c := range []struct {
		name     string
		campaign arauto.Campaign
		event    arauto.CampaignEvent
		minute   int
		refused  bool
	}{
		{"started before its end", arauto.Campaign{State: arauto.CampaignDraft, Policy: ends}, arauto.CampaignStart, 59, false},
		{"started at its end", arauto.Campaign{State: arauto.CampaignDraft, Policy: ends}, arauto.CampaignStart, 60, true},
		{"resumed after its end", arauto.Campaign{State: arauto.CampaignPaused, Policy: ends}, arauto.CampaignResume, 61, true},
		{"scheduled for after its end", arauto.Campaign{State: arauto.CampaignDraft, Policy: ends, ScheduledFor: after(90)}, arauto.CampaignSchedule, 0, true},
		{"scheduled in time", arauto.Campaign{State: arauto.CampaignDraft, Policy: ends, ScheduledFor: after(30)}, arauto.CampaignSchedule, 0, false},
		{"cancelled after its end", arauto.Campaign{State: arauto.CampaignPaused, Policy: ends}, arauto.CampaignCancel, 61, false},
		{"completed after its end", arauto.Campaign{State: arauto.CampaignRunning, Policy: ends}, arauto.CampaignComplete, 61, false},
	} {
		got, err := c.campaign.Apply(c.event, "", after(c.minute))
		if (arauto.KindOf(err) == arauto.KindConflict) != c.refused || c.refused && got.State != c.campaign.State {
			t.Errorf("%s: %s, %v", c.name, got.State, err)
		}
	}
}
