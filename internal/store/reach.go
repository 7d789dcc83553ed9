package store

import (
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
// Everybody counts, also who wrote to us within 24 hours and could be answered outside Meta's limit, and
// whose message was refused: rather too few people are reached than one too many.
type reach struct {
	arauto.Reach
	account, portfolio int64
	now                time.Time

	before map[int64]int    // Slots as they were read
	people map[string]int64 // who is in which slot, of those that were asked for
	moved  map[string]bool  // who of them has another slot now
	budget arauto.Budget    // at now, with whoever moved
}

// loadReach locks the portfolio's row until the commit, so that its numbers use the budget up one after
// the other: a limit is slow enough for that. limit is the portfolio's as it was seen; 0 locks nothing.
func (s *Store) loadReach(ctx context.Context, t querier, now time.Time, account, portfolio int64, limit int, keys []string) (*reach, error) {
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
	if err := r.read(ctx, t); err != nil {
		return nil, err
	}
	return r, s.readReached(ctx, t, r, keys)
}

// read reads the slots that count.
func (r *reach) read(ctx context.Context, q querier) error {
	list, err := all(ctx, q, scanPair, `SELECT slot, n FROM reach WHERE account_id = $1 AND portfolio_id = $2 AND slot >= $3 ORDER BY slot`,
		r.account, r.portfolio, arauto.FirstSlot(r.now))
	r.Slots = make(map[int64]int, len(list)+1)
	for _, c := range list {
		r.Slots[c[0]] = int(c[1])
	}
	r.before, r.budget = maps.Clone(r.Slots), r.Budget(r.now)
	return err
}

// readReached reads who of those people is in which slot.
func (s *Store) readReached(ctx context.Context, q querier, r *reach, keys []string) error {
	r.people, r.moved = make(map[string]int64, len(keys)), map[string]bool{}
	list, err := all(ctx, q, scanNamed, `SELECT person_key, slot FROM reached WHERE `+s.db.keyed("person_key", "$1", "$3")+` AND portfolio_id = $2`,
		r.account, r.portfolio, s.db.list(keys))
	for _, p := range list {
		r.people[p.name] = p.id
	}
	return err
}

// fill tells the gate what is left, and whether that person would use one of it up.
func (r *reach) fill(in *arauto.GateInput) {
	if r != nil {
		in.Reach, in.New = r.budget, !r.Counts(r.people[in.Contact.PersonKey], r.now)
	}
}

// touch counts a message to a person.
func (r *reach) touch(person string) {
	if r == nil {
		return
	}
	fresh := !r.Counts(r.people[person], r.now)
	if slot := r.Touch(r.people[person], r.now); slot != r.people[person] {
		r.people[person], r.moved[person] = slot, true
	}
	if fresh {
		r.budget.Used++
		if r.budget.Spent() {
			r.budget = r.Budget(r.now) // now it matters when it ends
		}
	}
}

// addReach writes what was used and forgets what counts no more.
func (s *Store) addReach(ctx context.Context, t querier, r *reach) error {
	if r == nil || len(r.moved) == 0 {
		return nil
	}
	var slots, people [][]any
	for _, slot := range slices.Sorted(maps.Keys(r.Slots)) {
		if n := r.Slots[slot]; n != r.before[slot] {
			slots = append(slots, []any{r.account, r.portfolio, slot, int64(n)})
		}
	}
	for _, person := range slices.Sorted(maps.Keys(r.moved)) {
		people = append(people, []any{r.account, r.portfolio, person, r.people[person]})
	}
	if _, err := t.each(ctx, `INSERT INTO reach (account_id, portfolio_id, slot, n) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account_id, portfolio_id, slot) DO UPDATE SET n = excluded.n`, slots); err != nil {
		return err
	}
	if _, err := t.each(ctx, `INSERT INTO reached (account_id, portfolio_id, person_key, slot) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account_id, portfolio_id, person_key) DO UPDATE SET slot = excluded.slot`, people); err != nil {
		return err
	}
	if _, known := r.before[arauto.SlotOf(r.now)]; known {
		return nil
	}
	for _, table := range []string{"reach", "reached"} {
		if _, err := t.exec(ctx, `DELETE FROM `+table+` WHERE account_id = $1 AND portfolio_id = $2 AND slot < $3`, r.account, r.portfolio, arauto.FirstSlot(r.now)); err != nil {
			return err
		}
	}
	return nil
}

// seedReach counts whom the portfolio's numbers reached in the last 24 hours, newest first, until the
// limit is full: nothing was counted while there was none. p's row is locked.
func (s *Store) seedReach(ctx context.Context, t querier, now time.Time, p arauto.Portfolio) error {
	for _, table := range []string{"reach", "reached"} {
		if _, err := t.exec(ctx, `DELETE FROM `+table+` WHERE account_id = $1 AND portfolio_id = $2`, p.Account, p.ID); err != nil {
			return err
		}
	}
	senders, err := all(ctx, t, scanInt, `SELECT s.id FROM sender s JOIN waba w ON w.account_id = s.account_id AND w.id = s.waba_id
		WHERE s.account_id = $1 AND w.portfolio_id = $2`, p.Account, p.ID)
	if err != nil || len(senders) == 0 {
		return err
	}
	r := &reach{Reach: arauto.Reach{Limit: p.Limit, Slots: map[int64]int{}}, account: p.Account, portfolio: p.ID, now: now, people: map[string]int64{}, moved: map[string]bool{}}
	for last := int64(1) << 53; ; {
		page, err := s.sentBefore(ctx, t, p.Account, last)
		if err != nil {
			return err
		}
		for _, m := range page {
			last = m.id
			if arauto.SlotOf(m.at) < arauto.FirstSlot(now) || len(r.people) >= p.Limit {
				return s.addReach(ctx, t, r)
			}
			if slices.Contains(senders, m.sender) && !r.moved[m.person] {
				r.people[m.person], r.moved[m.person] = r.Touch(0, m.at), true
			}
		}
		if len(page) < seedPage {
			return s.addReach(ctx, t, r)
		}
	}
}

const seedPage = 1000

// sent is a message to a person.
type sent struct {
	id, sender int64
	person     string
	at         time.Time
}

// sentBefore reads messages that may have left, from the newest attempt before that id on. Ids are handed
// out in blocks: their order is close to that of time, which is near enough for slots.
func (s *Store) sentBefore(ctx context.Context, t querier, account, id int64) ([]sent, error) {
	return all(ctx, t, func(r rows) (m sent, err error) {
		var at int64
		err = r.Scan(&m.id, &m.sender, &m.person, &at)
		m.at = moment(at)
		return m, err
	}, `SELECT a.id, a.sender_id, c.person_key, a.intended_at FROM attempt a JOIN contact c ON c.account_id = a.account_id AND c.id = a.contact_id
		WHERE a.account_id = $1 AND a.id < $2 ORDER BY a.id DESC LIMIT $3`, account, id, seedPage)
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

// add counts n messages more or, when n is negative, fewer.
func (r *ramp) add(n int) {
	if r != nil {
		r.Sent += n
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

// unsend takes messages that the provider put off from the days of the numbers that they were to leave
// from: they did not go, and will be tried again.
func (s *Store) unsend(ctx context.Context, t querier, account int64, answers []arauto.Answer) error {
	back := map[int64]int{}
	for i := range answers {
		a := &answers[i]
		if a.Event.Kind == arauto.EventDeferred {
			back[a.Attempt.Sender]++
		}
	}
	for _, sender := range slices.Sorted(maps.Keys(back)) {
		if _, err := t.exec(ctx, `UPDATE sender_ramp SET n = n - $3 WHERE account_id = $1 AND sender_id = $2 AND n >= $3`, account, sender, int64(back[sender])); err != nil {
			return err
		}
	}
	return nil
}
