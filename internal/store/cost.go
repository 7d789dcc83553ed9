package store

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"arauto"
)

// costs gathers how what campaigns cost moves in one transaction.
type costs map[costKey]costSum

type costKey struct {
	campaign          int64
	billing           arauto.Billing
	currency          arauto.Currency
	category, country string
}

type costSum struct{ n, micros int64 }

// add notes a line, times many messages: -1 takes one off.
func (c costs) add(campaign int64, l arauto.CostLine, times int64) {
	key := costKey{campaign, l.Billing, l.Currency, l.Category, l.Country}
	sum := c[key]
	sum.n, sum.micros = sum.n+times*l.Messages, sum.micros+times*l.Micros
	c[key] = sum
}

// moved notes what an attempt cost and what it costs now.
func (c costs) moved(old, now arauto.Attempt) {
	was, had := old.Charged()
	is, has := now.Charged()
	if had == has && was == is {
		return
	}
	if had {
		for _, l := range was.Lines() {
			c.add(now.Campaign, l, -1)
		}
	}
	if has {
		for _, l := range is.Lines() {
			c.add(now.Campaign, l, 1)
		}
	}
}

// apply writes the changes, in one order everywhere: see changes.apply.
func (c costs) apply(ctx context.Context, t querier, account int64, in slot) error {
	var args [][]any
	for k, sum := range c {
		if sum != (costSum{}) {
			args = append(args, []any{account, k.campaign, int64(in), k.billing, k.currency, k.category, k.country, sum.n, sum.micros})
		}
	}
	slices.SortFunc(args, func(a, b []any) int {
		return cmp.Or(cmp.Compare(a[1].(int64), b[1].(int64)), cmp.Compare(a[3].(arauto.Billing), b[3].(arauto.Billing)),
			cmp.Compare(a[4].(arauto.Currency), b[4].(arauto.Currency)), cmp.Compare(a[5].(string), b[5].(string)), cmp.Compare(a[6].(string), b[6].(string)))
	})
	_, err := t.each(ctx, `INSERT INTO campaign_cost AS k (account_id, campaign_id, slot, billing, currency, category, country, n, micros)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (account_id, campaign_id, slot, billing, currency, category, country)
		DO UPDATE SET n = k.n + excluded.n, micros = k.micros + excluded.micros`, args)
	return err
}

// price says what an event's pricing makes of an attempt that was intended for that contact.
func price(a arauto.Attempt, e attemptEvent, to arauto.Contact, rates arauto.Rates) arauto.Charge {
	if e.pricing.Category == "" {
		return a.Charge
	}
	return a.Charge.Settle(arauto.NewCharge(e.event.Kind, e.pricing, to.Country(), rates, a.IntendedAt))
}

// ratesFor reads the account's rates where an event names a price.
func (s *Store) ratesFor(ctx context.Context, t querier, account int64, events []attemptEvent) (arauto.Rates, error) {
	if !slices.ContainsFunc(events, func(e attemptEvent) bool { return e.pricing.Category != "" }) {
		return nil, nil
	}
	return s.rates(ctx, t, account)
}

// saveCosts counts what attempts came to cost, and lets go of what was set aside for them.
func (s *Store) saveCosts(ctx context.Context, t querier, account int64, old, now map[int64]arauto.Attempt) error {
	c := costs{}
	var settled []arauto.Attempt
	for id, a := range now {
		c.moved(old[id], a)
		if _, charged := a.Charged(); a != old[id] && (charged || a.State == arauto.AttemptFailed) {
			settled = append(settled, a)
		}
	}
	if err := s.release(ctx, t, account, settled, c); err != nil {
		return err
	}
	return c.apply(ctx, t, account, slotFacts)
}

type costRow struct {
	campaign int64
	arauto.CostLine
}

func scanCost(r rows) (c costRow, err error) {
	return c, r.Scan(&c.campaign, &c.Billing, &c.Currency, &c.Category, &c.Country, &c.Messages, &c.Micros)
}

// Costs is what those campaigns cost so far as the provider named prices, and, for campaigns with a ceiling, what is
// on its way; by billing, currency, category and country. A campaign that cost nothing is absent.
func (s *Store) Costs(ctx context.Context, account int64, campaigns []int64) (m map[int64][]arauto.CostLine, err error) {
	err = s.db.read(ctx, func(q querier) error {
		m, err = s.costsOf(ctx, q, account, campaigns)
		return err
	})
	return m, err
}

func (s *Store) costsOf(ctx context.Context, q querier, account int64, campaigns []int64) (map[int64][]arauto.CostLine, error) {
	list, err := all(ctx, q, scanCost, `SELECT campaign_id, billing, currency, category, country, CAST(SUM(n) AS bigint), CAST(SUM(micros) AS bigint)
		FROM campaign_cost WHERE account_id = $1 AND `+s.db.in("campaign_id", "$2")+`
		GROUP BY campaign_id, billing, currency, category, country ORDER BY campaign_id, billing, currency, category, country`, account, s.db.list(campaigns))
	m := map[int64][]arauto.CostLine{}
	for _, c := range list {
		if c.Messages != 0 || c.Micros != 0 {
			m[c.campaign] = append(m[c.campaign], c.CostLine)
		}
	}
	return m, err
}

// Recost counts what Costs keeps. It walks every attempt: for tests and for an operator's doubt.
func (s *Store) Recost(ctx context.Context, account int64) (m map[int64][]arauto.CostLine, err error) {
	sums := costs{}
	err = s.db.read(ctx, func(q querier) error {
		clear(sums)
		attempts, err := all(ctx, q, scanAttempt, `SELECT `+attemptColumns+` FROM attempt WHERE account_id = $1 AND charge <> ''`, account)
		for _, a := range attempts {
			sums.moved(arauto.Attempt{}, a)
		}
		if err != nil {
			return err
		}
		_, err = all(ctx, q, func(r rows) (none struct{}, err error) {
			var campaign int64
			l := arauto.CostLine{Billing: arauto.BillingExpected, Messages: 1}
			if err = r.Scan(&campaign, &l.Currency, &l.Category, &l.Country, &l.Micros); err == nil {
				sums.add(campaign, l, 1)
			}
			return none, err
		}, `SELECT campaign_id, currency, category, country, micros FROM reserve WHERE account_id = $1`, account)
		return err
	})
	m = map[int64][]arauto.CostLine{}
	for k, sum := range sums {
		m[k.campaign] = append(m[k.campaign], arauto.CostLine{Billing: k.billing, Currency: k.currency, Category: k.category, Country: k.country, Messages: sum.n, Micros: sum.micros})
	}
	for _, list := range m {
		slices.SortFunc(list, func(a, b arauto.CostLine) int {
			return cmp.Or(cmp.Compare(a.Billing, b.Billing), cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.Category, b.Category), cmp.Compare(a.Country, b.Country))
		})
	}
	return m, err
}

// countPrefixes keeps how many phones of a campaign's list begin alike: what an estimate is made of. They are counted
// as contacts come in, because a list of a million cannot be walked for each look at its campaign.
func countPrefixes(ctx context.Context, t querier, account, campaign int64, list []arauto.Contact, inserted []bool) error {
	counts := map[string]int64{}
	for i, c := range list {
		if inserted[i] {
			counts[prefixOf(c)]++
		}
	}
	return applyPrefixes(ctx, t, account, campaign, counts)
}

// movePrefix keeps them for a contact whose phone changed, or that was removed.
func movePrefix(ctx context.Context, t querier, was, is arauto.Contact) error {
	counts := map[string]int64{}
	counts[prefixOf(was)]--
	if is.DeletedAt.IsZero() {
		counts[prefixOf(is)]++
	}
	return applyPrefixes(ctx, t, is.Account, is.Campaign, counts)
}

func applyPrefixes(ctx context.Context, t querier, account, campaign int64, counts map[string]int64) error {
	var args [][]any
	for _, prefix := range keysSorted(counts) {
		if n := counts[prefix]; n != 0 {
			args = append(args, []any{account, campaign, prefix, n})
		}
	}
	_, err := t.each(ctx, `INSERT INTO campaign_prefix AS k (account_id, campaign_id, prefix, n) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account_id, campaign_id, prefix) DO UPDATE SET n = k.n + excluded.n`, args)
	return err
}

// prefixLength is '+' and four digits: the country, also where several share a calling code.
const prefixLength = 5

// prefixOf is how a contact's number begins, or, of one who has none, its country.
func prefixOf(c arauto.Contact) string {
	if c.Phone == "" {
		return c.UserID.Country()
	}
	return string(c.Phone[:min(len(c.Phone), prefixLength)])
}

func keysSorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Countries is how many contacts of each campaign's list are in which country, "" = not known.
func (s *Store) Countries(ctx context.Context, account int64, campaigns []int64) (map[int64]map[string]int64, error) {
	m := map[int64]map[string]int64{}
	err := s.db.read(ctx, func(q querier) error {
		clear(m)
		_, err := all(ctx, q, func(r rows) (none struct{}, err error) {
			var campaign, n int64
			var prefix string
			if err := r.Scan(&campaign, &prefix, &n); err != nil {
				return none, err
			}
			if m[campaign] == nil {
				m[campaign] = map[string]int64{}
			}
			country := prefix
			if strings.HasPrefix(prefix, "+") {
				country = arauto.Phone(prefix + "00000000").Country() // any number that begins so is there
			}
			m[campaign][country] += n
			return none, nil
		}, `SELECT campaign_id, prefix, n FROM campaign_prefix WHERE account_id = $1 AND `+s.db.in("campaign_id", "$2"), account, s.db.list(campaigns))
		return err
	})
	return m, err
}
