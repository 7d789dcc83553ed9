package store

import (
	"context"
	"fmt"
	"time"

	"arauto"
)

// Rates are an account's, by currency, country, category and the moment they begin.
func (s *Store) Rates(ctx context.Context, account int64) (list arauto.Rates, err error) {
	err = s.db.read(ctx, func(q querier) error {
		list, err = s.rates(ctx, q, account)
		return err
	})
	return list, err
}

func (s *Store) rates(ctx context.Context, q querier, account int64) (arauto.Rates, error) {
	return all(ctx, q, func(r rows) (rate arauto.Rate, err error) {
		var from int64
		err = r.Scan(&rate.Currency, &rate.Country, &rate.Category, &from, &rate.Micros)
		rate.ValidFrom = moment(from)
		return rate, err
	}, `SELECT currency, country, category, valid_from, micros FROM rate WHERE account_id = $1
		ORDER BY currency, country, category, valid_from LIMIT $2`, account, arauto.MaxRates)
}

// ReplaceRates makes list the account's rates, all of them. What was counted stays counted. The error is invalid as
// of CheckRates.
func (s *Store) ReplaceRates(ctx context.Context, actor arauto.Actor, now time.Time, account int64, list []arauto.Rate) error {
	if err := arauto.CheckRates(list); err != nil {
		return err
	}
	args := make([][]any, len(list))
	for i, r := range list {
		args[i] = []any{account, r.Currency, r.Country, r.Category, ms(r.ValidFrom), r.Micros}
	}
	err := s.db.write(ctx, func(t querier) error {
		had, err := t.exec(ctx, `DELETE FROM rate WHERE account_id = $1`, account)
		if err != nil {
			return err
		}
		if _, err := t.each(ctx, `INSERT INTO rate (account_id, currency, country, category, valid_from, micros) VALUES ($1, $2, $3, $4, $5, $6)`, args); err != nil {
			return err
		}
		actor.Account = account
		return s.audit(ctx, t, now, actor, "rate.replace", "rates", detail("had", fmt.Sprint(had), "has", fmt.Sprint(len(list))))
	})
	return doing("replace rates", err)
}
