package store

import (
	"context"
	"time"

	"arauto"
)

const portfolioColumns = `account_id, id, app_id, meta_id, name, people_limit`

// Portfolios lists an account's portfolios by id, from after.
func (s *Store) Portfolios(ctx context.Context, account, after int64, limit int) ([]arauto.Portfolio, error) {
	return readAll(ctx, s, scanPortfolio, `SELECT `+portfolioColumns+` FROM portfolio WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3`, account, after, limit)
}

// Portfolio is the portfolio with that id, ours.
func (s *Store) Portfolio(ctx context.Context, account, id int64) (arauto.Portfolio, error) {
	p, err := readOne(ctx, s, scanPortfolio, `SELECT `+portfolioColumns+` FROM portfolio WHERE account_id = $1 AND id = $2`, account, id)
	return p, missing(err, "portfolio", id)
}

func scanPortfolio(r rows) (p arauto.Portfolio, err error) {
	return p, r.Scan(&p.Account, &p.ID, &p.App, &p.MetaID, &p.Name, &p.Limit)
}

// UpdatePortfolio stores a portfolio's name and limit as they are in p. A limit where there was none begins
// with whom its numbers reached in the last 24 hours.
func (s *Store) UpdatePortfolio(ctx context.Context, actor arauto.Actor, now time.Time, p arauto.Portfolio) (saved arauto.Portfolio, err error) {
	err = s.db.write(ctx, func(t querier) error {
		was, err := one(ctx, t, scanPortfolio, `SELECT `+portfolioColumns+` FROM portfolio WHERE account_id = $1 AND id = $2`+s.db.lock(), p.Account, p.ID)
		if err != nil {
			return missing(err, "portfolio", p.ID)
		}
		saved = was
		saved.Name, saved.Limit = p.Name, p.Limit
		return s.changePortfolio(ctx, t, now, actor, was, saved)
	})
	return saved, doing("update portfolio", err)
}

// LimitPortfolio keeps the limit of the portfolio that a WABA is under, as Meta says it; 0 = no limit.
func (s *Store) LimitPortfolio(ctx context.Context, actor arauto.Actor, now time.Time, account, waba int64, limit int) (saved arauto.Portfolio, err error) {
	err = s.db.write(ctx, func(t querier) error {
		saved, err = s.limitPortfolio(ctx, t, now, actor, account, waba, limit)
		return err
	})
	return saved, doing("keep a portfolio's limit", err)
}

func (s *Store) limitPortfolio(ctx context.Context, t querier, now time.Time, actor arauto.Actor, account, waba int64, limit int) (arauto.Portfolio, error) {
	id, err := one(ctx, t, scanInt, `SELECT portfolio_id FROM waba WHERE account_id = $1 AND id = $2`, account, waba)
	if err != nil {
		return arauto.Portfolio{}, missing(err, "WABA", waba)
	}
	was, err := one(ctx, t, scanPortfolio, `SELECT `+portfolioColumns+` FROM portfolio WHERE account_id = $1 AND id = $2`+s.db.lock(), account, id)
	if err != nil {
		return arauto.Portfolio{}, missing(err, "portfolio", id)
	}
	p := was
	p.Limit = limit
	return p, s.changePortfolio(ctx, t, now, actor, was, p)
}

func (s *Store) changePortfolio(ctx context.Context, t querier, now time.Time, actor arauto.Actor, was, p arauto.Portfolio) error {
	d := diff{}
	d.field("name", was.Name, p.Name)
	d.field("limit", was.Limit, p.Limit)
	if len(d) == 0 {
		return nil
	}
	if _, err := t.exec(ctx, `UPDATE portfolio SET name = $3, people_limit = $4 WHERE account_id = $1 AND id = $2`, p.Account, p.ID, p.Name, p.Limit); err != nil {
		return err
	}
	if was.Limit == 0 && p.Limit > 0 {
		if err := s.seedReach(ctx, t, now, p); err != nil {
			return err
		}
	}
	actor.Account = p.Account
	return s.audit(ctx, t, now, actor, "portfolio.update", subject("portfolio", p.ID), d.json())
}

// Reach is how many people a portfolio has reached in the last 24 hours and when the first of them counts
// no more. It is kept only while the portfolio has a limit.
func (s *Store) Reach(ctx context.Context, now time.Time, account, portfolio int64) (b arauto.Budget, err error) {
	err = s.db.read(ctx, func(q querier) error {
		r := &reach{account: account, portfolio: portfolio, now: now}
		if r.Limit, err = one(ctx, q, scanSmall, `SELECT people_limit FROM portfolio WHERE account_id = $1 AND id = $2`, account, portfolio); err != nil {
			return missing(err, "portfolio", portfolio)
		}
		if err := r.read(ctx, q); err != nil {
			return err
		}
		b = r.budget
		return nil
	})
	return b, err
}

// RampUp is a sender's day while it is being warmed up; no limit when it is not, or no longer.
func (s *Store) RampUp(ctx context.Context, now time.Time, n arauto.Sender) (b arauto.Budget, err error) {
	err = s.db.read(ctx, func(q querier) error {
		r, err := s.loadRamp(ctx, q, now, n.Account, n.ID, n.RampUp)
		if r != nil {
			b = r.Budget()
		}
		return err
	})
	return b, err
}
