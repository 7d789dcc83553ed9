package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"arauto"
)

// outcomes watches what becomes of messages after they were taken: failures that the provider reports
// later pause a campaign as refusals do. It looks at kept counts, so that a late flood of reports, the good
// with the bad, says no more than it should.
type outcomes struct {
	lookedAt time.Time
	watched  map[[2]int64]*watched
}

// watched is a running campaign, and its outcomes when they were last looked at.
type watched struct {
	*versioned
	last    arauto.Outcomes
	unheard *trip // whose pause failed: the next look asks for it again
}

// outcomeEvery is how often outcomes are looked at.
const outcomeEvery = time.Second

// watchOutcomes pauses campaigns of which too many messages failed for one reason.
func (e *Engine) watchOutcomes(ctx context.Context) error {
	now := e.Now()
	if now.Sub(e.outcomes.lookedAt) < outcomeEvery {
		return nil
	}
	e.outcomes.lookedAt = now
	list, err := e.Roster.Outcomes(ctx)
	if err != nil {
		return err
	}
	for _, found := range e.outcomes.look(list) {
		if wrong := e.Roster.Halt(ctx, now, found.account, found.halt(found.campaign)); wrong != nil {
			found.watched.open, found.watched.unheard = false, &found.trip
			err = errors.Join(err, fmt.Errorf("pause campaign %d of account %d: %w", found.campaign, found.account, wrong))
			continue
		}
		e.Logger.Warn("campaign paused: too many messages failed", "account", found.account, "campaign", found.campaign,
			"reason", string(found.reason), "failed", found.n, "of", found.of)
	}
	return err
}

// found is a campaign whose breaker opened.
type found struct {
	trip
	watched           *watched
	account, campaign int64
}

// look compares outcomes with those of the last look. What was there at the first look is the past.
func (o *outcomes) look(list []arauto.Outcomes) (open []found) {
	old := o.watched
	o.watched = make(map[[2]int64]*watched, len(list))
	for _, now := range list {
		key := [2]int64{now.Account, now.Campaign}
		w := old[key]
		if w == nil || w.version != now.Version {
			o.watched[key] = &watched{&versioned{newBreaker(now.Policy.FailurePause), now.Version, false}, now, nil}
			continue
		}
		t, tripped := w.compare(now)
		if !tripped && w.unheard != nil {
			t, tripped = *w.unheard, true
		}
		w.unheard = nil
		if tripped && !w.open {
			w.open = true
			open = append(open, found{t, w, now.Account, now.Campaign})
		}
		w.last = now
		o.watched[key] = w
	}
	return open
}

// compare tells the breaker what changed since the last look. What went well is what was taken more, or,
// where reports of earlier messages come in, what reached people more. A delivery that proved a failure
// wrong takes nothing back.
func (w *watched) compare(now arauto.Outcomes) (trip, bool) {
	t := tally{n: int(max(0, now.Reached-w.last.Reached, now.Taken-w.last.Taken)), failed: map[arauto.Reason]int{}}
	for r, n := range now.Failed {
		if more := int(n - w.last.Failed[r]); more > 0 {
			t.failed[r] = more
			t.n += more
		}
	}
	return w.tell(t)
}
