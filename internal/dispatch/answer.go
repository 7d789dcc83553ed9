package dispatch

import (
	"context"
	"errors"
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
		r.breakers.answered(in.Contact.Campaign, "")
	} else {
		a.Event = r.refusal(in, err, now)
	}
	if a.Event.Kind == arauto.EventAccepted || a.Event.Kind == arauto.EventRefused {
		r.probing.Store(false) // the sender speaks, whatever became of this one message
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
	if e.Unknown && r.Observer != nil {
		r.Observer.UnknownCode(e.Code)
	}
	event := arauto.Event{At: now, Reason: e.Reason, Code: e.Code, Detail: e.Detail}
	switch e.Action {
	case arauto.ActionUnknown:
		event.Kind = arauto.EventLost
	case arauto.ActionRetry:
		if e.Scope == arauto.ScopeSender || e.Scope == arauto.ScopeWABA {
			event.Kind, event.Due, event.Free = arauto.EventDeferred, r.rest(e, now), true
			return event // the line's trouble, which says nothing of the campaign
		}
		event = r.again(in, e, event)
	case arauto.ActionPause:
		event.Kind, event.Due, event.Free = arauto.EventDeferred, now, true
		r.halt(e.Halt(r.sender.ID, in.Contact.Campaign))
		return event
	default:
		event.Kind = arauto.EventRefused
		if e.Reason == arauto.ReasonTemplateMismatch && in.Contact.Tries() < misfitTries && r.breakers.unproven(in.Contact.Campaign) {
			// Perhaps nobody's message fits: then the campaign is paused in a moment, and this contact should
			// not be lost for it.
			event.Kind, event.Due = arauto.EventDeferred, now.Add(misfitWait)
		}
	}
	r.count(in.Contact.Campaign, e)
	return event
}

// A contact whose message does not fit is tried again once, after a while, as long as no other of its
// campaign's messages was taken.
const (
	misfitTries = 2
	misfitWait  = 30 * time.Second
)

// again puts a contact off that met a fault which may pass, each time for longer, until its tries are used up.
func (r *run) again(in arauto.Intended, e *arauto.SendError, event arauto.Event) arauto.Event {
	due, ok := arauto.RetryAt(in.Contact.Tries(), time.Duration(e.After)*time.Second, event.At)
	if ok && (e.Tries == 0 || in.Contact.Tries() < e.Tries) {
		event.Kind, event.Due = arauto.EventDeferred, due
		return event
	}
	event.Kind, event.Reason = arauto.EventRefused, arauto.ReasonTooManyAttempts
	return event
}

// count tells the campaign's breaker of a message that failed, or is put off for the provider's sake. One
// that came too soon after another to the same person says nothing of the campaign.
func (r *run) count(campaign int64, e *arauto.SendError) {
	if e.Scope == arauto.ScopePair {
		return
	}
	t, open := r.breakers.answered(campaign, e.Reason)
	if !open {
		return
	}
	r.Logger.Warn("campaign paused: too many messages failed", "account", r.sender.Account, "campaign", campaign,
		"reason", string(t.reason), "failed", t.n, "of", t.of)
	if !r.halt(t.halt(campaign)) {
		r.breakers.close(campaign)
	}
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

// halt pauses what h speaks of, and reports whether that is done. Everything in flight says the same: one
// word a second is enough.
func (r *run) halt(h arauto.Halt) bool {
	now := r.Now()
	if !r.halts.due(now, h) {
		return true
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := r.Roster.Halt(ctx, now, r.sender.Account, h); err != nil {
		r.halts.forget(h)
		r.Logger.Error("pause was not kept", "account", r.sender.Account, "campaign", h.Campaign, "sender", h.Sender, "err", err)
		return false
	}
	return true
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
