package store

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"arauto"
)

// reach is a portfolio's last 24 hours inside a transaction that may use some of them up. nil is a
// portfolio without a limit: nothing is looked up and nothing is counted for it.
//
// Everybody counts, also who wrote to us within 24 hours and could be answered outside Meta's limit:
// rather too few people are reached than one too many.
type reach struct {
	arauto.Reach
	account, portfolio int64
	now                time.Time

	before map[int64]int // Slots as they were read
	budget arauto.Budget // at now, with what was touched
}

// loadReach locks the portfolio's row until the commit, so that its numbers use the budget up one after
// the other: a limit is slow enough for that. limit is the portfolio's as it was seen; 0 locks nothing.
func (s *Store) loadReach(ctx context.Context, t querier, now time.Time, account, portfolio int64, limit int) (*reach, error) {
	if limit == 0 {
		return nil, nil
	}
	r := &reach{account: account, portfolio: portfolio, now: now}
	var err error
	if r.Limit, err = one(ctx, t, scanSmall, `SELECT people_limit FROM portfolio WHERE account_id = $1 AND id = $2`+s.db.lock(), account, portfolio); err != nil {
		return nil, missing(err, "portfolio", portfolio)
	}
	if r.Limit == 0 {
		return nil, nil
	}
	return r, r.read(ctx, t)
}

func (r *reach) read(ctx context.Context, q querier) error {
	list, err := all(ctx, q, func(r rows) (c [2]int64, err error) { return c, r.Scan(&c[0], &c[1]) },
		`SELECT slot, n FROM reach WHERE account_id = $1 AND portfolio_id = $2 AND slot >= $3 ORDER BY slot`,
		r.account, r.portfolio, arauto.FirstSlot(r.now))
	r.Slots = make(map[int64]int, len(list)+1)
	for _, c := range list {
		r.Slots[c[0]] = int(c[1])
	}
	r.before, r.budget = maps.Clone(r.Slots), r.Budget(r.now)
	return err
}

// fill tells the gate what is left, and whether a person with those touches would use one of it up.
func (r *reach) fill(in *arauto.GateInput, touches arauto.Touches) {
	if r == nil {
		return
	}
	in.Reach, in.New = r.budget, !r.Counts(touches.Last(r.portfolio), r.now)
}

// touch counts a message to a person with those touches, who has none of this message yet.
func (r *reach) touch(touches arauto.Touches) {
	if r == nil {
		return
	}
	last := touches.Last(r.portfolio)
	r.Touch(last, r.now)
	if !r.Counts(last, r.now) {
		r.budget.Used++
		if r.budget.Spent() {
			r.budget = r.Budget(r.now) // now it matters when it ends
		}
	}
}

// addReach writes what was used and forgets what counts no more.
func (s *Store) addReach(ctx context.Context, t querier, r *reach) error {
	if r == nil || maps.Equal(r.Slots, r.before) {
		return nil
	}
	var changed [][]any
	for _, slot := range slices.Sorted(maps.Keys(r.Slots)) {
		if n := r.Slots[slot]; n != r.before[slot] {
			changed = append(changed, []any{r.account, r.portfolio, slot, n})
		}
	}
	_, err := t.each(ctx, `INSERT INTO reach (account_id, portfolio_id, slot, n) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account_id, portfolio_id, slot) DO UPDATE SET n = excluded.n`, changed)
	if _, known := r.before[arauto.SlotOf(r.now)]; err != nil || known {
		return err
	}
	_, err = t.exec(ctx, `DELETE FROM reach WHERE account_id = $1 AND portfolio_id = $2 AND slot < $3`, r.account, r.portfolio, arauto.FirstSlot(r.now))
	return err
}

// seedReach counts whom the portfolio's numbers reached in the last 24 hours, newest first, until the
// limit is full: nothing was counted while there was none. p's row is locked.
func (s *Store) seedReach(ctx context.Context, t querier, now time.Time, p arauto.Portfolio) error {
	if _, err := t.exec(ctx, `DELETE FROM reach WHERE account_id = $1 AND portfolio_id = $2`, p.Account, p.ID); err != nil {
		return err
	}
	senders, err := all(ctx, t, scanInt, `SELECT s.id FROM sender s JOIN waba w ON w.account_id = s.account_id AND w.id = s.waba_id
		WHERE s.account_id = $1 AND w.portfolio_id = $2`, p.Account, p.ID)
	if err != nil || len(senders) == 0 {
		return err
	}
	r := &reach{Reach: arauto.Reach{Limit: p.Limit, Slots: map[int64]int{}}, account: p.Account, portfolio: p.ID, now: now}
	seen := map[string]bool{}
	for last := int64(1) << 53; ; {
		page, err := s.reachedBefore(ctx, t, p.Account, last)
		if err != nil {
			return err
		}
		for _, m := range page {
			last = m.id
			if arauto.SlotOf(m.at) < arauto.FirstSlot(now) || len(seen) >= p.Limit {
				return s.addReach(ctx, t, r)
			}
			if slices.Contains(senders, m.sender) && !seen[m.person] {
				seen[m.person] = true
				r.Touch(time.Time{}, m.at)
			}
		}
		if len(page) < seedPage {
			return s.addReach(ctx, t, r)
		}
	}
}

const seedPage = 1000

// reached is a message to a person.
type reached struct {
	id, sender int64
	person     string
	at         time.Time
}

// reachedBefore reads attempts from the newest before that id on.
func (s *Store) reachedBefore(ctx context.Context, t querier, account, id int64) ([]reached, error) {
	page, err := all(ctx, t, func(r rows) (m reached, err error) {
		var at int64
		err = r.Scan(&m.id, &m.sender, &m.person, &at)
		m.at = moment(at)
		return m, err
	}, `SELECT a.id, a.sender_id, c.person_key, a.intended_at FROM attempt a JOIN contact c ON c.account_id = a.account_id AND c.id = a.contact_id
		WHERE a.account_id = $1 AND a.id < $2 ORDER BY a.id DESC LIMIT $3`, account, id, seedPage)
	// Ids are handed out in blocks: inside a page the order of time is close to theirs, not the same.
	slices.SortStableFunc(page, func(a, b reached) int { return cmp.Compare(b.id, a.id) })
	return page, err
}

// scanSmall reads a single number that is small.
func scanSmall(r rows) (n int, err error) { return n, r.Scan(&n) }

// ramp is how far a sender has been warmed up, inside a transaction of its only driver. nil is a sender
// that is not being warmed up.
type ramp struct {
	arauto.RampUp
	account, sender int64
	before          arauto.RampUp
}

// loadRamp reads a sender's day; start is the sender's RampUp.
func (s *Store) loadRamp(ctx context.Context, q querier, now time.Time, account, sender int64, start int) (*ramp, error) {
	if start == 0 {
		return nil, nil
	}
	r := &ramp{account: account, sender: sender}
	var err error
	r.RampUp, err = one(ctx, q, func(r rows) (u arauto.RampUp, err error) {
		var began int64
		err = r.Scan(&began, &u.Step, &u.Sent)
		u.Began = moment(began)
		return u, err
	}, `SELECT began_at, step, n FROM sender_ramp WHERE account_id = $1 AND sender_id = $2`, account, sender)
	if err != nil && !errors.Is(err, errNoRow) {
		return nil, err
	}
	r.Start = start
	r.before = r.RampUp
	r.RampUp = r.At(now)
	return r, nil
}

// fill tells the gate what is left of the day.
func (r *ramp) fill(in *arauto.GateInput) {
	if r != nil {
		in.RampUp = r.Budget()
	}
}

// sent counts a message.
func (r *ramp) sent() {
	if r != nil {
		r.Sent++
	}
}

// addRamp writes what was sent. A day begins with its first message.
func (s *Store) addRamp(ctx context.Context, t querier, r *ramp) error {
	if r == nil || r.Sent == 0 || r.RampUp == r.before {
		return nil
	}
	_, err := t.exec(ctx, `INSERT INTO sender_ramp (account_id, sender_id, began_at, step, n) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account_id, sender_id) DO UPDATE SET began_at = excluded.began_at, step = excluded.step, n = excluded.n`,
		r.account, r.sender, ms(r.Began), r.Step, r.Sent)
	return err
}
