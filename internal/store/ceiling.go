package store

import (
	"context"

	"arauto"
)

// ceiling is how much of a campaign's ceiling is left while intents are decided. What is set aside for a message
// on its way is kept in the table reserve, and among the campaign's costs, until its price is named or it fails: so
// the campaign never spends more than the ceiling by the rates it was sent at.
//
// The campaign's row is kept from whoever else would intend for it; what facts change meanwhile moves between
// the parts of the sum, or makes it smaller.
type ceiling struct {
	limit    arauto.Money
	spent    int64 // counted, and set aside
	rates    arauto.Rates
	category string
	admitted int    // contacts, of which some may turn out to be in flight already
	refused  string // why a contact had to wait, in words; "" = none had to
}

// loadCeiling is nil for a campaign without one.
func (in *intending) loadCeiling(ctx context.Context, t querier, c arauto.Campaign, category string) (*ceiling, error) {
	if c.Policy.Ceiling.Micros == 0 {
		return nil, nil
	}
	lines, err := in.store.costsOf(ctx, t, in.account, []int64{c.ID})
	if err != nil {
		return nil, err
	}
	out := &ceiling{limit: c.Policy.Ceiling, category: arauto.NormalCategory(category)}
	for _, l := range lines[c.ID] {
		if l.Currency == out.limit.Currency {
			out.spent += l.Micros
		}
	}
	out.rates, err = in.store.rates(ctx, t, in.account)
	return out, err
}

// expects is what a message to c is expected to cost; false without a rate for it.
func (e *ceiling) expects(in *intending, c arauto.Contact) (int64, bool) {
	r, ok := e.rates.At(c.Country(), e.category, e.limit.Currency, in.now)
	return r.Micros, ok
}

// admit decides whether c still fits below the ceiling, and counts it if so.
func (e *ceiling) admit(in *intending, c arauto.Contact) (arauto.Verdict, bool) {
	if e == nil {
		return arauto.Verdict{}, true
	}
	micros, ok := e.expects(in, c)
	switch {
	case !ok:
		e.refused = arauto.CeilingBlind(in.rules.language, e.limit, e.category, c.Country())
	case e.spent+micros > e.limit.Micros:
		currency := e.limit.Currency
		e.refused = arauto.CeilingReached(in.rules.language, e.limit, arauto.Money{Currency: currency, Micros: e.spent}, arauto.Money{Currency: currency, Micros: micros})
	default:
		e.spent += micros
		e.admitted++
		return arauto.Verdict{}, true
	}
	return arauto.Verdict{Outcome: arauto.Wait, Reason: arauto.ReasonCeiling, Words: e.refused}, false
}

// reserve sets aside what the intents that were made are expected to cost.
func (in *intending) reserve(ctx context.Context, t querier, going []contactChange) error {
	c := costs{}
	var rows [][]any
	for _, ch := range going {
		e := in.campaigns[ch.old.Campaign].ceiling
		if e == nil || in.answers[ch.at].Attempt.ID == 0 {
			continue
		}
		e.admitted--
		micros, _ := e.expects(in, ch.old)
		l := arauto.CostLine{Billing: arauto.BillingExpected, Currency: e.limit.Currency, Category: e.category, Country: ch.old.Country(), Messages: 1, Micros: micros}
		c.add(ch.old.Campaign, l, 1)
		rows = append(rows, []any{in.account, ch.new.Attempt, ch.old.Campaign, l.Currency, l.Category, l.Country, micros})
	}
	if len(rows) == 0 {
		return nil
	}
	if _, err := t.each(ctx, `INSERT INTO reserve (account_id, attempt_id, campaign_id, currency, category, country, micros) VALUES ($1, $2, $3, $4, $5, $6, $7)`, rows); err != nil {
		return err
	}
	return c.apply(ctx, t, in.account, slotDispatch)
}

// pauseAtCeiling pauses the campaigns in which a contact did not fit any more.
func (in *intending) pauseAtCeiling(ctx context.Context, t querier) error {
	for _, g := range in.campaigns {
		// Where something that was admitted did not go after all, there is more room than was thought: look again.
		if g.ceiling == nil || g.ceiling.refused == "" || g.ceiling.admitted > 0 || g.room == 0 {
			continue
		}
		next, err := g.campaign.Apply(arauto.CampaignPause, g.ceiling.refused, in.now)
		if err != nil || next.State == g.campaign.State {
			continue // paused or ended by somebody else
		}
		next.Cause.Reason = arauto.ReasonCeiling
		if _, err := in.store.saveMove(ctx, t, arauto.System(in.account), in.now, g.campaign, next, arauto.CampaignPause, g.ceiling.refused); err != nil {
			return err
		}
	}
	return nil
}

// release lets go of what was set aside for attempts that failed, or whose price is known; c takes the change.
func (s *Store) release(ctx context.Context, t querier, account int64, settled []arauto.Attempt, c costs) error {
	if len(settled) == 0 {
		return nil
	}
	byID := make(map[int64]arauto.Attempt, len(settled))
	ids := make([]int64, len(settled))
	for i, a := range settled {
		byID[a.ID], ids[i] = a, a.ID
	}
	var gone [][]any
	_, err := all(ctx, t, func(r rows) (none struct{}, err error) {
		var attempt, campaign int64
		l := arauto.CostLine{Billing: arauto.BillingExpected, Messages: 1}
		if err := r.Scan(&attempt, &campaign, &l.Currency, &l.Category, &l.Country, &l.Micros); err != nil {
			return none, err
		}
		charge, charged := byID[attempt].Charged()
		if _, known := charge.In(l.Currency); charged && !known {
			return none, nil // it costs something, and nobody knows what: better to keep what was set aside
		}
		c.add(campaign, l, -1)
		gone = append(gone, []any{account, attempt})
		return none, nil
	}, `SELECT attempt_id, campaign_id, currency, category, country, micros FROM reserve WHERE `+s.db.keyed("attempt_id", "$1", "$2")+` ORDER BY attempt_id`+s.db.lock(),
		account, s.db.list(ids))
	if err != nil {
		return err
	}
	_, err = t.each(ctx, `DELETE FROM reserve WHERE account_id = $1 AND attempt_id = $2`, gone)
	return err
}

// releaseFailed is release for attempts that ended with their answer.
func (s *Store) releaseFailed(ctx context.Context, t querier, account int64, failed []arauto.Attempt) error {
	c := costs{}
	if err := s.release(ctx, t, account, failed, c); err != nil {
		return err
	}
	return c.apply(ctx, t, account, slotDispatch)
}
