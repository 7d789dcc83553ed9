package dispatch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"arauto"
)

// answer turns what the messenger returned into what happened to the attempt.
func (r *run) answer(in arauto.Intended, receipt arauto.Receipt, err error) arauto.Answer {
	a := arauto.Answer{Contact: in.Contact, Attempt: in.Attempt, Receipt: receipt}
	now := r.Now()
	if err == nil {
		a.Event = arauto.Event{Kind: arauto.EventAccepted, At: now, Reason: receipt.Held.Reason()}
	} else {
		a.Event = r.refusal(in, err, now)
	}
	if r.Observer != nil {
		r.Observer.Answered(r.sender.ID, a.Event.Kind)
	}
	return a
}

// refusal says what an error means for the contact, and stops what it asks to stop.
func (r *run) refusal(in arauto.Intended, err error, now time.Time) arauto.Event {
	e, known := errors.AsType[*arauto.SendError](err)
	if !known {
		e = &arauto.SendError{Reason: arauto.ReasonNoAnswer, Action: arauto.ActionUnknown, Detail: err.Error()}
	}
	event := arauto.Event{At: now, Reason: e.Reason, Code: e.Code, Detail: e.Detail}
	switch e.Action {
	case arauto.ActionUnknown:
		event.Kind = arauto.EventLost
	case arauto.ActionRetry:
		event.Kind = arauto.EventDeferred
		if e.Scope == arauto.ScopeSender || e.Scope == arauto.ScopeWABA {
			event.Due, event.Free = r.rest(e, now), true
			break
		}
		due, ok := arauto.RetryAt(in.Contact.Attempts, time.Duration(e.After)*time.Second, now)
		if event.Due = due; !ok {
			event.Kind, event.Reason = arauto.EventRefused, arauto.ReasonTooManyAttempts
		}
	case arauto.ActionPause:
		event.Kind, event.Due = arauto.EventDeferred, now
		r.stop(in, e)
	default:
		event.Kind = arauto.EventRefused
	}
	return event
}

// rest keeps the whole line still for as long as a fault of the sender or of the network asks for: it
// would meet every other contact too, and must not use up anybody's tries.
func (r *run) rest(e *arauto.SendError, now time.Time) time.Time {
	wait := max(time.Second, time.Duration(e.After)*time.Second)
	until := now.Add(wait)
	if e.Reason == arauto.ReasonTooFast && e.Scope == arauto.ScopeSender {
		if slowed := r.pacer.throttled(now, rand.Float64()); slowed.After(until) {
			until = slowed
		}
	}
	if before := r.restUntil.Swap(until.UnixMilli()); before <= now.UnixMilli() {
		r.Logger.Warn("sender rests", "account", r.sender.Account, "sender", r.sender.ID, "for", wait.String(), "err", e.Detail)
	}
	return until
}

// stop pauses what a refusal speaks of: the campaign for its template's or mapping's sake, else the
// sender. The contact goes back to waiting.
func (r *run) stop(in arauto.Intended, e *arauto.SendError) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	why := fmt.Sprintf("Meta (%d): %s", e.Code, e.Reason.Words(arauto.English))
	if e.Detail != "" {
		why += ": " + e.Detail
	}
	var err error
	if e.Scope == arauto.ScopeCampaign || e.Scope == arauto.ScopeTemplate || e.Scope == arauto.ScopeContact {
		_, err = r.Roster.ChangeCampaign(ctx, arauto.System(r.sender.Account), r.Now(), r.sender.Account, in.Contact.Campaign, arauto.CampaignPause, why)
	} else {
		err = r.Roster.PauseSender(ctx, r.Now(), r.sender.Account, r.sender.ID, why)
	}
	// A campaign that is paused or over already is as stopped as it can be.
	if err != nil && arauto.KindOf(err) != arauto.KindConflict {
		r.Logger.Error("pause was not kept", "account", r.sender.Account, "campaign", in.Contact.Campaign, "sender", r.sender.ID, "err", err)
	}
}

// recordRest writes down what came in after the last advance, once nothing is in flight any more.
func (r *run) recordRest(ctx context.Context) {
	for a := range r.answers {
		r.answered = append(r.answered, a)
	}
	for len(r.answered) > 0 {
		n := min(len(r.answered), r.Batch)
		if err := r.record(ctx, r.answered[:n]); err != nil {
			// They stay open in the store and become unknown; facts will settle them.
			r.Logger.Error("answers were not recorded", "account", r.sender.Account, "sender", r.sender.ID, "attempts", n, "err", err)
		}
		r.answered = r.answered[n:]
	}
}

// record tries until Drain has passed: an answer that is lost is a person who may have to decide.
func (r *run) record(ctx context.Context, batch []arauto.Answer) error {
	deadline := time.Now().Add(r.Drain)
	for wait := 20 * time.Millisecond; ; wait *= 2 {
		err := r.Store.Record(ctx, r.Now(), r.sender.Account, batch)
		if err == nil || time.Now().Add(wait).After(deadline) {
			return err
		}
		time.Sleep(wait)
	}
}
