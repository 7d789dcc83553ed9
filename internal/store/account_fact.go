package store

import (
	"context"
	"strings"

	"arauto"
)

// templateStatus takes a change of a template's status, and what campaigns do for it.
func (f *applying) templateStatus(ctx context.Context, t querier, fact arauto.Fact) error {
	done, err := f.store.setTemplateStatus(ctx, t, f.now, f.said(fact), f.account.ID, f.wabas[fact.WABA], fact.Template)
	f.halted = append(f.halted, done...)
	return err
}

// Meta's codes for an account that it blocked for a while, and for one that it locked.
const (
	codeBlocked = 368
	codeLocked  = 131031
)

// accountFact takes a change of what a WABA or a number may do: what Meta stops is paused before a message
// is refused, and what Meta gives free again goes on, if it was paused for that.
func (f *applying) accountFact(ctx context.Context, t querier, fact arauto.Fact) error {
	waba := f.wabas[fact.WABA]
	a := fact.Account
	switch a.Event {
	case arauto.AccountUpgraded:
		if err := f.raised(ctx, t, waba, a.Phone); err != nil {
			return err
		}
		return f.upgraded(ctx, t, waba, a.Phone)
	case arauto.AccountReinstated:
		return f.reinstated(ctx, t, waba)
	case arauto.AccountDisabled:
		return f.stopWABA(ctx, t, waba, arauto.SendError{Code: codeLocked, Reason: arauto.ReasonAccountTrouble, Scope: arauto.ScopeWABA, Detail: a.Detail})
	case arauto.AccountRestricted:
		e := arauto.SendError{Code: codeBlocked, Reason: arauto.ReasonAccountTrouble, Scope: arauto.ScopeWABA, Detail: a.Detail}
		if !a.Until.IsZero() {
			rest := a.Until.Sub(f.now)
			if rest <= 0 {
				return nil // it came late: what it speaks of is over
			}
			e.After = int(rest.Seconds()) + 1
		}
		return f.stopWABA(ctx, t, waba, e)
	}
	return nil
}

func (f *applying) stopWABA(ctx context.Context, t querier, waba int64, e arauto.SendError) error {
	n, err := f.store.haltWABA(ctx, t, f.now, f.account.ID, waba, e.Halt(0, 0))
	if n > 0 {
		f.halted = append(f.halted, arauto.Halted{Scope: e.Scope, Reason: e.Reason, Code: e.Code})
	}
	return err
}

// reinstated ends a pause for what Meta had stopped; no other one.
func (f *applying) reinstated(ctx context.Context, t querier, waba int64) error {
	w, err := f.store.lockWABA(ctx, t, f.account.ID, waba)
	if err != nil || w.Cause.Code != codeBlocked && w.Cause.Code != codeLocked {
		return err
	}
	done, err := f.store.resumeWABA(ctx, t, f.now, f.account.ID, waba, "Meta reinstated the account")
	f.halted = append(f.halted, done...)
	return err
}

// upgraded ends the rest of a number whose throughput was being raised. Where Arauto does not know how the
// number is displayed, every number of the WABA that rests for it is meant.
func (f *applying) upgraded(ctx context.Context, t querier, waba int64, displayed string) error {
	resting, err := all(ctx, t, scanNamed, `SELECT display_phone, id FROM sender WHERE account_id = $1 AND waba_id = $2 AND pause <> '' AND pause_reason = $3 ORDER BY id`,
		f.account.ID, waba, string(arauto.ReasonMaintenance))
	if err != nil {
		return err
	}
	for _, s := range resting {
		if s.name != "" && displayed != "" && digitsOf(s.name) != digitsOf(displayed) {
			continue
		}
		done, err := f.store.resumeSender(ctx, t, f.now, f.account.ID, s.id, "Meta raised the number's throughput")
		if err != nil {
			return err
		}
		f.halted = append(f.halted, done...)
	}
	return nil
}

// digitsOf leaves of a number as people write it what tells it from others.
func digitsOf(number string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
}
