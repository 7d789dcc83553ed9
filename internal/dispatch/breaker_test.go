package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"arauto"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestBreaker_Properties(t *testing.T) {
	reasons := []arauto.Reason{"", "", "", arauto.ReasonRefused, arauto.ReasonMedia, arauto.ReasonNotOnWhatsApp, arauto.ReasonTemplateMismatch}
	rapid.Check(t, func(t *rapid.T) {
		rule := arauto.FailurePause{Percent: rapid.SampledFrom([]int{-1, 0, 1, 40, 100}).Draw(t, "percent"), Window: rapid.SampledFrom([]int{0, 10, 50, 200}).Draw(t, "window")}
		b := newBreaker(rule)
		window, answers := rule.Answers(), 0
		for range rapid.IntRange(0, 300).Draw(t, "steps") {
			told := tally{failed: map[arauto.Reason]int{}}
			for range rapid.IntRange(0, 3).Draw(t, "together") {
				told.n++
				if reason := rapid.SampledFrom(reasons).Draw(t, "reason"); reason != "" {
					told.failed[reason]++
				}
			}
			got, open := b.tell(told)
			answers += told.n
			failed := 0
			for _, f := range b.window.failed {
				failed += f
			}
			if failed > b.window.n || b.window.n > window+2 || b.window.n < min(answers, window) {
				t.Fatalf("of %d answers it looks at %d, %d failed, for a window of %d", answers, b.window.n, failed, window)
			}
			if !open {
				continue
			}
			switch {
			case rule.Percent < 0:
				t.Fatal("it opened although it was off")
			case told.failed[got.reason] == 0 || got.n > got.of:
				t.Fatalf("it opened for %+v on %+v", got, told)
			case got.of == got.n && misfit(got.reason) && got.of >= firstAlike && b.alike == got.reason:
			case got.of < window:
				t.Fatalf("it opened after %d answers", got.of)
			case got.n*window < rule.Limit(got.reason)*got.of:
				t.Fatalf("it opened for %d of %d, the limit is %d of %d", got.n, got.of, rule.Limit(got.reason), window)
			}
		}
	})
}

func TestBreaker(t *testing.T) {
	// tell gives n times in turn what became of messages, and says after how many it opened; 0 = never.
	tell := func(rule arauto.FailurePause, n int, turn ...arauto.Reason) int {
		b := newBreaker(rule)
		for i := range n {
			if _, open := b.add(turn[i%len(turn)]); open {
				return i + 1
			}
		}
		return 0
	}
	const bad, person, misfit = arauto.ReasonMedia, arauto.ReasonNotOnWhatsApp, arauto.ReasonTemplateMismatch
	for _, c := range []struct {
		name string
		got  int
		want int
	}{
		{"all good", tell(arauto.FailurePause{}, 1000, ""), 0},
		{"half fail", tell(arauto.FailurePause{}, 1000, "", bad), 50},
		{"a third fails", tell(arauto.FailurePause{}, 1000, "", "", bad), 0},
		{"half fail, each for another reason", tell(arauto.FailurePause{}, 1000, "", bad, "", person), 0},
		{"half are not on WhatsApp", tell(arauto.FailurePause{}, 1000, "", person), 0},
		{"nobody is on WhatsApp", tell(arauto.FailurePause{}, 1000, person), 50},
		{"the first five do not fit", tell(arauto.FailurePause{}, 1000, misfit), 5},
		{"some do not fit", tell(arauto.FailurePause{}, 1000, "", "", "", misfit), 0},
		{"off", tell(arauto.FailurePause{Percent: -1}, 1000, misfit), 0},
		{"a share of one's own", tell(arauto.FailurePause{Percent: 10, Window: 10}, 1000, "", "", "", "", "", bad), 12},
	} {
		if c.got != c.want {
			t.Errorf("%s: it opened after %d, want %d", c.name, c.got, c.want)
		}
	}
}

func TestOutcomes_LookAtWhatChanged(t *testing.T) {
	at := func(version, reached, failed int64) []arauto.Outcomes {
		return []arauto.Outcomes{{Account: 1, Campaign: 2, Version: version, Reached: reached, Failed: map[arauto.Reason]int64{arauto.ReasonMedia: failed}}}
	}
	var o outcomes
	for _, step := range []struct {
		name string
		list []arauto.Outcomes
		open bool
	}{
		{"what was there before is the past", at(1, 10, 1000), false},
		{"nothing new", at(1, 10, 1000), false},
		{"a flood of reports, mostly good", at(1, 5010, 1500), false},
		{"the last ones are bad", at(1, 5010, 1560), true},
		{"it says so once", at(1, 5010, 1700), false},
		{"resumed", at(2, 5010, 1700), false},
		{"bad again", at(2, 5010, 1800), true},
		{"a delivery that proved a failure wrong", at(2, 5020, 1790), false},
	} {
		open := o.look(step.list)
		if (len(open) == 1) != step.open {
			t.Errorf("%s: %+v", step.name, open)
		}
		if step.open && (open[0].reason != arauto.ReasonMedia || open[0].campaign != 2 || open[0].account != 1) {
			t.Errorf("%s: %+v", step.name, open[0])
		}
	}
	if o.look(nil); len(o.watched) != 0 {
		t.Error("a campaign that no longer runs is still watched")
	}
}

// stubborn is a roster on which campaign 1 cannot be paused at first.
type stubborn struct {
	Roster
	failed int64
	asked  []int64
}

func (s *stubborn) Outcomes(context.Context) (list []arauto.Outcomes, err error) {
	for campaign := range int64(2) {
		list = append(list, arauto.Outcomes{Account: 1, Campaign: campaign + 1, Failed: map[arauto.Reason]int64{arauto.ReasonMedia: s.failed}})
	}
	return list, nil
}

func (s *stubborn) Halt(_ context.Context, _ time.Time, _ int64, h arauto.Halt) error {
	s.asked = append(s.asked, h.Campaign)
	if h.Campaign == 1 && len(s.asked) < 3 {
		return errors.New("the database is busy")
	}
	return nil
}

func TestOutcomes_APauseThatFailedIsAskedForAgain(t *testing.T) {
	roster, now := &stubborn{}, time.Unix(0, 0)
	e := &Engine{Config: Config{Roster: roster, Now: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler)}}
	for i, wrong := range []bool{false, true, false, false} {
		now = now.Add(outcomeEvery)
		if err := e.watchOutcomes(t.Context()); (err != nil) != wrong {
			t.Errorf("look %d: %v", i, err)
		}
		roster.failed = 200
	}
	if diff := cmp.Diff([]int64{1, 2, 1}, roster.asked); diff != "" {
		t.Error(diff)
	}
}

func TestHalts_OneWordASecond(t *testing.T) {
	var l halts
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	sender, campaign := arauto.Halt{Scope: arauto.ScopeSender, Campaign: 1}, arauto.Halt{Scope: arauto.ScopeCampaign, Campaign: 1}
	if !l.due(now, sender) || l.due(now, arauto.Halt{Scope: arauto.ScopeSender, Campaign: 2}) || !l.due(now, campaign) {
		t.Error("what is the line's own is one thing, a campaign another")
	}
	if !l.due(now.Add(time.Second), sender) {
		t.Error("a second later it is asked for again")
	}
	l.forget(campaign)
	if !l.due(now, campaign) {
		t.Error("what was not kept is asked for again")
	}
}
