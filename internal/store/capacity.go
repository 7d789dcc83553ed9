package store

import (
	"context"

	"arauto"
)

// capacity keeps how many people the portfolio of a WABA may reach, as the provider says it.
func (f *applying) capacity(ctx context.Context, t querier, fact arauto.Fact) error {
	if !fact.Capacity.PeopleSaid {
		return nil
	}
	_, err := f.store.limitPortfolio(ctx, t, f.now, arauto.System(f.account.ID), f.account.ID, f.wabas[fact.WABA], fact.Capacity.People)
	return err
}

// raised has a number send as fast as it may now that the provider raised its throughput. A number whose
// display is not known here keeps its rate until it is synchronised.
func (f *applying) raised(ctx context.Context, t querier, waba int64, displayed string) error {
	numbers, err := all(ctx, t, f.store.scanSender, selectSender+` WHERE account_id = $1 AND waba_id = $2 ORDER BY id`, f.account.ID, waba)
	if err != nil || displayed == "" {
		return err
	}
	for _, n := range numbers {
		rate := n.RateWithin(arauto.Capacity{Rate: arauto.HighRate})
		if digitsOf(string(n.DisplayPhone)) != digitsOf(displayed) || rate == n.Rate {
			continue
		}
		if _, err := t.exec(ctx, `UPDATE sender SET rate = $3 WHERE account_id = $1 AND id = $2`, n.Account, n.ID, int64(rate)); err != nil {
			return err
		}
		d := diff{}
		d.field("rate", n.Rate, rate)
		if err := f.store.audit(ctx, t, f.now, arauto.System(n.Account), "sender.update", subject("sender", n.ID), d.json()); err != nil {
			return err
		}
	}
	return nil
}

// budgets reads what the gate is told of a sender's portfolio and day, for those people, without holding
// anything. A sender's WABA is known to have a portfolio.
func (in *intending) budgets(ctx context.Context, q querier, n arauto.Sender, keys []string) error {
	portfolio, err := one(ctx, q, scanPortfolio, `SELECT `+portfolioColumns+` FROM portfolio WHERE account_id = $1
		AND id = (SELECT portfolio_id FROM waba WHERE account_id = $1 AND id = $2)`, in.account, n.WABA)
	if err != nil {
		return missing(err, "portfolio of WABA", n.WABA)
	}
	in.reach = nil
	if portfolio.Limit > 0 {
		in.reach = &reach{Reach: arauto.Reach{Limit: portfolio.Limit}, account: in.account, portfolio: portfolio.ID, now: in.now}
		if err := in.reach.read(ctx, q); err != nil {
			return err
		}
		if err := in.store.readReached(ctx, q, in.reach, keys); err != nil {
			return err
		}
	}
	in.ramp, err = in.store.loadRamp(ctx, q, in.now, in.account, n.ID, n.RampUp)
	return err
}
