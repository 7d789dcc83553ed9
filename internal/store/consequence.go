package store

import (
	"context"
	"time"

	"arauto"
)

// What a refusal, or a failure that is reported later, says beyond the contact it came for: a country
// that is closed, a person to be tried once more, something to be paused.

// refusalsKept does what the refusals among the answers ask for.
func (s *Store) refusalsKept(ctx context.Context, t querier, now time.Time, account int64, answers []arauto.Answer, counts changes) error {
	if err := s.suppressRefused(ctx, t, now, account, answers); err != nil {
		return err
	}
	var capped []int64
	for i := range answers {
		a := &answers[i]
		if a.Event.Kind != arauto.EventRefused {
			continue
		}
		switch a.Event.Reason {
		case arauto.ReasonMarketingCap:
			capped = append(capped, a.Contact.ID)
		case arauto.ReasonCountry:
			if err := s.stopCountry(ctx, t, now, a.Attempt.Sender, a.Contact, a.Event.Code, a.Event.Detail); err != nil {
				return err
			}
		}
	}
	return s.capAgain(ctx, t, now, account, capped, counts)
}

// stopCountry notes that the WABA of a sender may not write to the contact's country.
func (s *Store) stopCountry(ctx context.Context, t querier, now time.Time, sender int64, c arauto.Contact, code int, words string) error {
	calling := c.CallingCode()
	if code == 0 || calling == "" {
		return nil // the gate's own word, or nobody's country
	}
	waba, err := one(ctx, t, scanInt, `SELECT waba_id FROM sender WHERE account_id = $1 AND id = $2`, c.Account, sender)
	if err != nil {
		return missing(err, "sender", sender)
	}
	n, err := t.exec(ctx, `INSERT INTO stopped_country (account_id, waba_id, calling, code, words, since) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		c.Account, waba, calling, int64(code), words, ms(now))
	if err != nil || n == 0 {
		return err
	}
	return s.audit(ctx, t, now, arauto.System(c.Account), "waba.stop_country", subject("waba", waba), detail("calling", calling, "why", words))
}

func scanStopped(r rows) (c arauto.StoppedCountry, err error) {
	var since int64
	err = r.Scan(&c.Calling, &c.Code, &c.Words, &since)
	c.Since = moment(since)
	return c, err
}

// StoppedCountries lists the countries that are closed to a WABA, by calling code, from after: a few
// hundred at most.
func (s *Store) StoppedCountries(ctx context.Context, account, waba int64, after string, limit int) ([]arauto.StoppedCountry, error) {
	return readAll(ctx, s, scanStopped, `SELECT calling, code, words, since FROM stopped_country
		WHERE account_id = $1 AND waba_id = $2 AND calling > $3 ORDER BY calling LIMIT $4`, account, waba, after, limit)
}

// LiftCountry lets a WABA write to a country again: what a person decides. It is not found where that
// country is not closed.
func (s *Store) LiftCountry(ctx context.Context, actor arauto.Actor, now time.Time, account, waba int64, calling string) error {
	err := s.db.write(ctx, func(t querier) error {
		n, err := t.exec(ctx, `DELETE FROM stopped_country WHERE account_id = $1 AND waba_id = $2 AND calling = $3`, account, waba, calling)
		if err != nil {
			return err
		}
		if n == 0 {
			return missing(errNoRow, "stopped country", "+"+calling)
		}
		actor.Account = account
		return s.audit(ctx, t, now, actor, "waba.lift_country", subject("waba", waba), detail("calling", calling))
	})
	return doing("lift a country", err)
}

// stopped are the countries closed to a sender's WABA, by calling code; nil where there are none.
func (s *Store) stopped(ctx context.Context, q querier, account, waba int64) (map[string]arauto.StoppedCountry, error) {
	list, err := all(ctx, q, scanStopped, `SELECT calling, code, words, since FROM stopped_country WHERE account_id = $1 AND waba_id = $2`, account, waba)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	by := make(map[string]arauto.StoppedCountry, len(list))
	for _, c := range list {
		by[c.Calling] = c
	}
	return by, nil
}

// capPause is how long a person is left in peace whom the provider's limit on marketing held back: an
// earlier message makes it longer.
const capPause = 24 * time.Hour

// capAgain puts contacts that just failed for the limit on marketing back into line, a day later, where
// their campaign asks for it and this was the first time. A contact whose campaign has ended and cannot run
// again stays failed.
func (s *Store) capAgain(ctx context.Context, t querier, now time.Time, account int64, ids []int64, counts changes) error {
	if len(ids) == 0 {
		return nil
	}
	contacts, err := s.contactsByID(ctx, t, account, ids)
	if err != nil {
		return err
	}
	campaigns := map[int64]arauto.Campaign{}
	var changed []contactChange
	for _, c := range contacts {
		campaign, known := campaigns[c.Campaign]
		if !known {
			if campaign, err = one(ctx, t, scanCampaign, `SELECT `+campaignColumns+` FROM campaign WHERE account_id = $1 AND id = $2`+s.db.lock(), account, c.Campaign); err != nil {
				return missing(err, "campaign", c.Campaign)
			}
			campaigns[c.Campaign] = campaign
		}
		again, err := s.mayCapAgain(ctx, t, campaign, c)
		if err != nil {
			return err
		}
		if !again {
			continue
		}
		next, err := c.Apply(arauto.Event{Kind: arauto.EventAgain, At: now, Due: now.Add(capPause), Reason: c.Reason, Code: c.Code, Detail: c.Detail})
		if err != nil {
			return err
		}
		next.Forgiven = c.Forgiven // nobody decided this
		if campaign.State == arauto.CampaignCompleted {
			reopened, err := s.moveCampaign(ctx, t, arauto.System(account), now, campaign, arauto.CampaignReopen, "a contact waits to be tried once more")
			if err != nil && arauto.KindOf(err) != arauto.KindInternal {
				continue // the provider's other facts are kept with this one
			}
			if err != nil {
				return err
			}
			campaigns[c.Campaign] = reopened
		}
		changed = append(changed, contactChange{old: c, new: next})
	}
	return s.saveLocked(ctx, t, now, changed, counts)
}

// mayCapAgain reports whether c, which failed for the limit on marketing, is to be tried once more.
func (s *Store) mayCapAgain(ctx context.Context, t querier, campaign arauto.Campaign, c arauto.Contact) (bool, error) {
	if !campaign.Policy.RetryMarketingCap || c.State != arauto.ContactFailed || c.Reason != arauto.ReasonMarketingCap || !c.DeletedAt.IsZero() {
		return false, nil
	}
	switch campaign.State {
	case arauto.CampaignRunning, arauto.CampaignPaused, arauto.CampaignCompleted:
	default:
		return false, nil
	}
	for id, times := c.Attempt, 0; id != 0; {
		a, err := one(ctx, t, scanAttempt, `SELECT `+attemptColumns+` FROM attempt WHERE account_id = $1 AND id = $2`, c.Account, id)
		if err != nil {
			return false, missing(err, "attempt", id)
		}
		if a.Code == c.Code {
			if times++; times > 1 {
				return false, nil
			}
		}
		id = a.Previous
	}
	return true, nil
}

// lateFailure is how old a reported failure may be and still pause something: an older one may speak of
// a fault that was mended meanwhile.
const lateFailure = 10 * time.Minute

// consequences does what the statuses ask for beyond their contacts. contacts are as they are now.
func (f *applying) consequences(ctx context.Context, t querier, facts []arauto.Fact, attempts map[int]int64, contacts map[int64]arauto.Contact) error {
	if err := f.providerStops(ctx, t, facts, attempts, contacts); err != nil {
		return err
	}
	byAttempt := make(map[int64]arauto.Contact, len(contacts))
	for _, c := range contacts {
		byAttempt[c.Attempt] = c
	}
	var capped []int64
	for i, fact := range facts {
		c, known := byAttempt[attempts[i]]
		if fact.Kind != arauto.FactStatus || fact.Status.Event != arauto.EventFailed || f.done[i].Refused || !known {
			continue
		}
		var err error
		switch {
		case fact.Status.Reason == arauto.ReasonMarketingCap:
			capped = append(capped, c.ID)
		case fact.Status.Reason == arauto.ReasonCountry:
			err = f.store.stopCountry(ctx, t, f.now, f.senderOf(fact), c, fact.Status.Code, fact.Status.Detail)
		case fact.Status.Action == arauto.ActionPause && f.now.Sub(f.said(fact)) <= lateFailure:
			err = f.halt(ctx, t, fact.Status, f.senderOf(fact), c.Campaign)
		}
		if err != nil {
			return err
		}
	}
	return f.store.capAgain(ctx, t, f.now, f.account.ID, capped, f.counts)
}

// trouble does what an error asks for that concerns no single message: it stops a number or a WABA, as the same error
// would in the answer to a message. Of a campaign or a contact it cannot speak. The note says what was heard.
func (f *applying) trouble(ctx context.Context, t querier, fact arauto.Fact) (note string, err error) {
	s := fact.Status
	note = "error " + itoa(s.Code) + ": " + s.Detail
	switch {
	case !s.Stops():
		return note + " (nothing is stopped for it)", nil
	case f.now.Sub(f.said(fact)) > lateFailure:
		return note + " (too old to stop anything)", nil
	case fact.PhoneNumberID == "":
		return note, f.stopWABA(ctx, t, f.wabas[fact.WABA], refusalOf(s))
	}
	return note, f.halt(ctx, t, s, f.senderOf(fact), 0)
}

func (f *applying) senderOf(fact arauto.Fact) int64 { return f.numbers[fact.PhoneNumberID] }

// refusalOf is a status as the answer that it might have been.
func refusalOf(s arauto.Status) arauto.SendError {
	return arauto.SendError{Code: s.Code, Detail: s.Detail, Reason: s.Reason, Scope: s.Scope, Action: s.Action, After: s.After}
}

func (f *applying) halt(ctx context.Context, t querier, s arauto.Status, sender, campaign int64) error {
	if sender == 0 {
		return nil
	}
	e := refusalOf(s)
	done, err := f.store.halt(ctx, t, f.now, f.account.ID, e.Halt(sender, campaign))
	f.halted = append(f.halted, done...)
	return err
}
