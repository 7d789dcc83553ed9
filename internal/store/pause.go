package store

import (
	"context"
	"errors"
	"time"

	"arauto"
)

// causeColumns are what campaigns, senders and WABAs say of a pause beside its words.
const causeColumns = `pause_code, pause_reason, paused_at, pause_until`

// causeScan holds what a cause's columns are read into.
type causeScan struct {
	c            arauto.Cause
	since, until int64
}

func (s *causeScan) into() []any { return []any{&s.c.Code, &s.c.Reason, &s.since, &s.until} }

func (s *causeScan) cause() arauto.Cause {
	c := s.c
	c.Since, c.Until = moment(s.since), moment(s.until)
	return c
}

func causeArgs(c arauto.Cause) []any {
	return []any{int64(c.Code), string(c.Reason), ms(c.Since), ms(c.Until)}
}

// OnHalt has fn called, after the commit, for everything that is paused or goes on without a person. It
// is to be set before the store is used.
func (s *Store) OnHalt(fn func(arauto.Halted)) { s.onHalt = fn }

func (s *Store) tellHalted(list []arauto.Halted) {
	if s.onHalt == nil {
		return
	}
	for _, h := range list {
		s.onHalt(h)
	}
}

// Halt pauses what h speaks of, and nothing else: a campaign, the campaigns that send its template, the
// sender, or the WABA with all its senders. What is paused already keeps its cause. It is what the
// engines do by themselves; a person uses ChangeCampaign, UpdateSender and PauseWABA.
func (s *Store) Halt(ctx context.Context, now time.Time, account int64, h arauto.Halt) error {
	var done []arauto.Halted
	err := s.db.write(ctx, func(t querier) (err error) {
		done, err = s.halt(ctx, t, now, account, h)
		return err
	})
	if err == nil {
		s.tellHalted(done)
	}
	return doing("pause", err)
}

func (s *Store) halt(ctx context.Context, t querier, now time.Time, account int64, h arauto.Halt) ([]arauto.Halted, error) {
	n, err := 0, error(nil)
	switch h.Scope {
	case arauto.ScopeSender:
		n, err = s.haltSender(ctx, t, now, account, h)
	case arauto.ScopeWABA:
		waba, e := one(ctx, t, scanInt, `SELECT waba_id FROM sender WHERE account_id = $1 AND id = $2`, account, h.Sender)
		if e != nil {
			return nil, missing(e, "sender", h.Sender)
		}
		n, err = s.haltWABA(ctx, t, now, account, waba, h)
	case arauto.ScopeTemplate:
		template, e := one(ctx, t, scanInt, `SELECT template_id FROM campaign WHERE account_id = $1 AND id = $2`, account, h.Campaign)
		if e != nil {
			return nil, missing(e, "campaign", h.Campaign)
		}
		n, err = s.haltCampaigns(ctx, t, now, account, `template_id = $2`, template, h)
	default:
		n, err = s.haltCampaigns(ctx, t, now, account, `id = $2`, h.Campaign, h)
	}
	if err != nil || n == 0 {
		return nil, err
	}
	return []arauto.Halted{{Scope: h.Scope, Reason: h.Reason, Code: h.Code}}, nil
}

// haltCampaigns pauses the running campaigns that the condition holds for, and says how many.
func (s *Store) haltCampaigns(ctx context.Context, t querier, now time.Time, account int64, condition string, id int64, h arauto.Halt) (int, error) {
	list, err := all(ctx, t, scanCampaign, `SELECT `+campaignColumns+` FROM campaign
		WHERE account_id = $1 AND `+condition+` AND state = 'running' ORDER BY id`+s.db.lock(), account, id)
	if err != nil {
		return 0, err
	}
	if len(list) == 0 {
		return 0, nil
	}
	language, err := languageOf(ctx, t, account)
	if err != nil {
		return 0, err
	}
	h = h.Say(language)
	for _, c := range list {
		if _, err := s.saveMove(ctx, t, arauto.System(account), now, c, c.Halt(h, now), arauto.CampaignPause, h.Words); err != nil {
			return 0, err
		}
	}
	return len(list), nil
}

func (s *Store) haltSender(ctx context.Context, t querier, now time.Time, account int64, h arauto.Halt) (int, error) {
	was, err := one(ctx, t, s.scanSender, selectSender+` WHERE account_id = $1 AND id = $2`+s.db.lock(), account, h.Sender)
	if err != nil || was.Pause != "" {
		return 0, missing(err, "sender", h.Sender)
	}
	language, err := languageOf(ctx, t, account)
	if err != nil {
		return 0, err
	}
	words, cause := h.Say(language).Words, h.Cause(was.Cause, now)
	if err := s.saveSenderPause(ctx, t, account, was.ID, words, cause); err != nil {
		return 0, err
	}
	return 1, s.audit(ctx, t, now, arauto.System(account), "sender.pause", subject("sender", was.ID), pauseDetail(words, cause))
}

func (s *Store) saveSenderPause(ctx context.Context, t querier, account, id int64, words string, cause arauto.Cause) error {
	_, err := t.exec(ctx, `UPDATE sender SET pause = $3, pause_inherited = false, pause_code = $4, pause_reason = $5, paused_at = $6, pause_until = $7
		WHERE account_id = $1 AND id = $2`, append([]any{account, id, words}, causeArgs(cause)...)...)
	return err
}

// languageOf is the language of an account's people.
func languageOf(ctx context.Context, t querier, account int64) (arauto.Language, error) {
	l, err := one(ctx, t, scanText, `SELECT language FROM account WHERE id = $1`, account)
	return arauto.Language(l), missing(err, "account", account)
}

func pauseDetail(words string, c arauto.Cause) string {
	d := map[string]any{"why": words}
	if !c.ByPerson() {
		d["reason"], d["code"] = c.Reason, c.Code
	}
	if !c.Until.IsZero() {
		d["until"] = c.Until
	}
	return jsonOf(d)
}

func (s *Store) haltWABA(ctx context.Context, t querier, now time.Time, account, id int64, h arauto.Halt) (int, error) {
	was, err := s.lockWABA(ctx, t, account, id)
	if err != nil || was.Pause != "" {
		return 0, err
	}
	language, err := languageOf(ctx, t, account)
	if err != nil {
		return 0, err
	}
	words, cause := h.Say(language).Words, h.Cause(was.Cause, now)
	if err := s.saveWABAPause(ctx, t, account, id, words, cause); err != nil {
		return 0, err
	}
	return 1, s.audit(ctx, t, now, arauto.System(account), "waba.pause", subject("waba", id), pauseDetail(words, cause))
}

func (s *Store) lockWABA(ctx context.Context, t querier, account, id int64) (arauto.WABA, error) {
	w, err := one(ctx, t, scanWABA, `SELECT `+wabaColumns+` FROM waba WHERE account_id = $1 AND id = $2`+s.db.lock(), account, id)
	return w, missing(err, "WABA", id)
}

// saveWABAPause pauses a WABA and those of its senders that send, or lets it and those that it held go on
// for "".
func (s *Store) saveWABAPause(ctx context.Context, t querier, account, id int64, words string, cause arauto.Cause) error {
	args := append([]any{account, id, words}, causeArgs(cause)...)
	if _, err := t.exec(ctx, `UPDATE waba SET pause = $3, pause_code = $4, pause_reason = $5, paused_at = $6, pause_until = $7
		WHERE account_id = $1 AND id = $2`, args...); err != nil {
		return err
	}
	held := `pause_inherited`
	if words != "" {
		held = `(pause_inherited OR pause = '')`
	}
	_, err := t.exec(ctx, `UPDATE sender SET pause = $3, pause_code = $4, pause_reason = $5, paused_at = $6, pause_until = $7, pause_inherited = ($3 <> '')
		WHERE account_id = $1 AND waba_id = $2 AND `+held, args...)
	return err
}

// inherit gives a sender that sends the pause of the WABA it is under, if there is one.
func inherit(n arauto.Sender, over arauto.WABA) arauto.Sender {
	if n.Pause == "" && over.Pause != "" {
		n.Pause, n.Cause, n.Inherited = over.Pause, over.Cause, true
	}
	return n
}

// pausedBy is n with the cause of its pause, after a person stored it: what they paused, they resume. A
// sender whose WABA is paused cannot be resumed alone.
func pausedBy(n, was arauto.Sender, over arauto.WABA, now time.Time) (arauto.Sender, error) {
	n.Cause, n.Inherited = was.Cause, was.Inherited
	switch {
	case n.Pause == was.Pause && was.Inherited && n.WABA != was.WABA:
		n.Pause, n.Cause, n.Inherited = "", arauto.Cause{}, false
	case n.Pause == was.Pause:
	case n.Pause == "" && over.Pause != "":
		return n, arauto.Errorf(arauto.KindConflict, "pause", "the WhatsApp Business Account of sender %q is paused (%s): resume that, and its senders go on", n.Name, over.Pause)
	case n.Pause == "":
		n.Cause, n.Inherited = arauto.Cause{}, false
	default:
		n.Cause, n.Inherited = arauto.Cause{Since: now}, false
	}
	return inherit(n, over), nil
}

// PauseWABA stops every sender of a WABA, for a reason in words, or lets those go on for "": what a
// person decides.
func (s *Store) PauseWABA(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, why string) (arauto.WABA, error) {
	var w arauto.WABA
	err := s.db.write(ctx, func(t querier) error {
		was, err := s.lockWABA(ctx, t, account, id)
		if w = was; err != nil || was.Pause == why && (why == "" || was.Cause.ByPerson()) {
			return err
		}
		action := "waba.resume"
		if w.Pause, w.Cause = why, (arauto.Cause{}); why != "" {
			action, w.Cause.Since = "waba.pause", moment(ms(now))
		}
		if err := s.saveWABAPause(ctx, t, account, id, why, w.Cause); err != nil {
			return err
		}
		actor.Account = account
		return s.audit(ctx, t, now, actor, action, subject("waba", id), detail("why", why, "was", was.Pause))
	})
	return w, doing("pause WABA", err)
}

// resumeDue lets go on what rested long enough: pauses that say when they end.
func (s *Store) resumeDue(ctx context.Context, now time.Time) error {
	senders, wabas, campaigns, err := s.rested(ctx, now)
	for _, n := range senders {
		err = errors.Join(err, s.resuming(ctx, func(t querier) ([]arauto.Halted, error) {
			return s.resumeSender(ctx, t, now, n[0], n[1], "its rest is over")
		}))
	}
	for _, n := range wabas {
		err = errors.Join(err, s.resuming(ctx, func(t querier) ([]arauto.Halted, error) {
			return s.resumeWABA(ctx, t, now, n[0], n[1], "its rest is over")
		}))
	}
	for _, n := range campaigns {
		err = errors.Join(err, s.resuming(ctx, func(t querier) ([]arauto.Halted, error) {
			return s.resumeCampaigns(ctx, t, now, n[0], `id = $2 AND pause_until > 0 AND pause_until <= $3`, "its rest is over", n[1], ms(now))
		}))
	}
	return doing("resume what rested", err)
}

// resuming runs fn in a transaction and tells afterwards what goes on.
func (s *Store) resuming(ctx context.Context, fn func(querier) ([]arauto.Halted, error)) error {
	var done []arauto.Halted
	err := s.db.write(ctx, func(t querier) (err error) {
		done, err = fn(t)
		return err
	})
	if err == nil {
		s.tellHalted(done)
	}
	return err
}

func (s *Store) rested(ctx context.Context, now time.Time) (senders, wabas, campaigns [][2]int64, err error) {
	pair := func(r rows) (p [2]int64, err error) { return p, r.Scan(&p[0], &p[1]) }
	err = s.db.read(ctx, func(q querier) error {
		if senders, err = all(ctx, q, pair, `SELECT account_id, id FROM sender
			WHERE pause_until > 0 AND pause_until <= $1 AND pause <> '' AND NOT pause_inherited LIMIT 100`, ms(now)); err != nil {
			return err
		}
		if wabas, err = all(ctx, q, pair, `SELECT account_id, id FROM waba WHERE pause_until > 0 AND pause_until <= $1 AND pause <> '' LIMIT 100`, ms(now)); err != nil {
			return err
		}
		campaigns, err = all(ctx, q, pair, `SELECT account_id, id FROM campaign WHERE pause_until > 0 AND pause_until <= $1 AND state = 'paused' LIMIT 100`, ms(now))
		return err
	})
	return senders, wabas, campaigns, err
}

// resumeSender lets a sender go on that rests by itself. The cause stays, as that of the last pause: the
// next one for the same is longer, and the first message is a try.
func (s *Store) resumeSender(ctx context.Context, t querier, now time.Time, account, id int64, why string) ([]arauto.Halted, error) {
	was, err := one(ctx, t, s.scanSender, selectSender+` WHERE account_id = $1 AND id = $2`+s.db.lock(), account, id)
	if err != nil || was.Pause == "" || was.Inherited || was.Cause.ByPerson() {
		return nil, missing(err, "sender", id)
	}
	over, err := s.lockWABA(ctx, t, account, was.WABA)
	if err != nil {
		return nil, err
	}
	cause := was.Cause
	cause.Until = now // also when a fact ended it early
	next := inherit(arauto.Sender{Cause: cause}, over)
	if _, err := t.exec(ctx, `UPDATE sender SET pause = $3, pause_inherited = $4, pause_code = $5, pause_reason = $6, paused_at = $7, pause_until = $8
		WHERE account_id = $1 AND id = $2`, append([]any{account, id, next.Pause, next.Inherited}, causeArgs(next.Cause)...)...); err != nil {
		return nil, err
	}
	return []arauto.Halted{{Scope: arauto.ScopeSender, Reason: was.Cause.Reason, Code: was.Cause.Code, Resumed: true}},
		s.audit(ctx, t, now, arauto.System(account), "sender.resume", subject("sender", id), detail("why", why, "was", was.Pause))
}

// resumeWABA is resumeSender for a WABA and the senders that its pause held.
func (s *Store) resumeWABA(ctx context.Context, t querier, now time.Time, account, id int64, why string) ([]arauto.Halted, error) {
	was, err := s.lockWABA(ctx, t, account, id)
	if err != nil || was.Pause == "" || was.Cause.ByPerson() {
		return nil, err
	}
	cause := was.Cause
	cause.Until = now
	if err := s.saveWABAPause(ctx, t, account, id, "", cause); err != nil {
		return nil, err
	}
	return []arauto.Halted{{Scope: arauto.ScopeWABA, Reason: was.Cause.Reason, Code: was.Cause.Code, Resumed: true}},
		s.audit(ctx, t, now, arauto.System(account), "waba.resume", subject("waba", id), detail("why", why, "was", was.Pause))
}

// resumeCampaigns lets those paused campaigns go on that the engine paused and the condition holds for.
// One that cannot run any more stays paused and says why.
func (s *Store) resumeCampaigns(ctx context.Context, t querier, now time.Time, account int64, condition, why string, args ...any) (done []arauto.Halted, err error) {
	list, err := all(ctx, t, scanCampaign, `SELECT `+campaignColumns+` FROM campaign
		WHERE account_id = $1 AND `+condition+` AND state = 'paused' AND pause_reason <> '' ORDER BY id`+s.db.lock(), append([]any{account}, args...)...)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		_, err := s.moveCampaign(ctx, t, arauto.System(account), now, c, arauto.CampaignResume, why)
		if k := arauto.KindOf(err); err != nil && k != arauto.KindInternal {
			stuck := c
			stuck.Pause, stuck.Cause.Until = c.Pause+"; it cannot go on by itself: "+err.Error(), time.Time{}
			_, err = s.saveMove(ctx, t, arauto.System(account), now, c, stuck, arauto.CampaignPause, stuck.Pause)
		} else if err == nil {
			done = append(done, arauto.Halted{Scope: arauto.ScopeCampaign, Reason: c.Cause.Reason, Code: c.Cause.Code, Resumed: true})
		}
		if err != nil {
			return nil, err
		}
	}
	return done, nil
}
