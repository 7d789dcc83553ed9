package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"arauto"
)

// flight is a row of the table intent: a message that may have left and whose answer is not recorded.
type flight struct {
	person                                                     string
	account, contact, attempt, campaign, sender, number, epoch int64
	at                                                         time.Time
}

const flightColumns = `i.person_key, i.account_id, i.contact_id, i.attempt_id, i.campaign_id, i.sender_id, i.number, i.epoch, i.at`

func scanFlight(r rows) (f flight, err error) {
	var at int64
	err = r.Scan(&f.person, &f.account, &f.contact, &f.attempt, &f.campaign, &f.sender, &f.number, &f.epoch, &at)
	f.at = moment(at)
	return f, err
}

func flightOf(a arauto.Attempt, person string) flight {
	return flight{person, a.Account, a.Contact, a.ID, a.Campaign, a.Sender, int64(a.Number), a.Epoch, a.IntendedAt}
}

// open is the attempt that f stands for.
func (f flight) open(previous int64) arauto.Attempt {
	return arauto.Attempt{
		ID: f.attempt, Account: f.account, Campaign: f.campaign, Contact: f.contact, Sender: f.sender, Previous: previous,
		Number: int(f.number), Epoch: f.epoch, State: arauto.AttemptOpen, IntendedAt: f.at,
	}
}

// land gives flights the rows that their answers would have written: an open attempt, and a contact that
// is being sent. Whoever has something to say of an attempt before its answer is recorded does this
// first; one that has landed already is left as it is.
func (s *Store) land(ctx context.Context, t querier, now time.Time, account int64, flights []flight, counts changes) error {
	if len(flights) == 0 {
		return nil
	}
	slices.SortFunc(flights, func(a, b flight) int { return cmp.Compare(a.contact, b.contact) })
	ids := make([]int64, len(flights))
	for i, f := range flights {
		ids[i] = f.contact
	}
	contacts, err := s.contactsByID(ctx, t, account, ids)
	if err != nil {
		return err
	}
	attempts, gone := make([][]any, len(flights)), make([][]any, len(flights))
	for i, f := range flights {
		attempts[i] = attemptInsert(f.open(contacts[f.contact].Attempt))
		gone[i] = []any{account, f.person, f.attempt}
	}
	landed, err := s.run(ctx, t, insertAttempt, attempts)
	if err != nil {
		return err
	}
	var changed []contactChange
	for i, f := range flights {
		if c, ok := contacts[f.contact]; ok && landed[i] == 1 {
			changed = append(changed, contactChange{old: c, new: flying(c, f)})
		}
	}
	if err := s.saveLocked(ctx, t, now, changed, counts); err != nil {
		return err
	}
	_, err = s.run(ctx, t, deleteIntent, gone)
	return err
}

// flying is c with f as its latest attempt. One that was cancelled or taken out meanwhile stays so until
// something is known of the message.
func flying(c arauto.Contact, f flight) arauto.Contact {
	if next, err := c.Apply(arauto.Event{Kind: arauto.EventIntended, At: f.at, Attempt: f.attempt}); err == nil {
		c = next
	}
	c.Attempt, c.Attempts = f.attempt, int(f.number)
	return c
}

// flightsOf lists what is in flight of those attempts.
func (s *Store) flightsOf(ctx context.Context, t querier, account int64, attempts []int64) ([]flight, error) {
	if len(attempts) == 0 {
		return nil, nil
	}
	return all(ctx, t, scanFlight, `SELECT `+flightColumns+` FROM intent i WHERE i.account_id = $1 AND `+s.db.in("attempt_id", "$2"), account, s.db.list(attempts))
}

// flightsTo lists what is in flight to those people.
func (s *Store) flightsTo(ctx context.Context, t querier, account int64, keys ...string) ([]flight, error) {
	return all(ctx, t, scanFlight, `SELECT `+flightColumns+` FROM intent i WHERE `+s.db.keyed("i.person_key", "$1", "$2"), account, s.db.list(keys))
}

// showFlights tells of contacts in flight that they are being sent: their rows still say pending.
func (s *Store) showFlights(ctx context.Context, q querier, account int64, list []arauto.ContactRow) error {
	var keys []string
	for _, r := range list {
		if r.State == arauto.ContactPending {
			keys = append(keys, r.PersonKey)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	flights, err := all(ctx, q, scanFlight, `SELECT `+flightColumns+` FROM intent i WHERE `+s.db.keyed("i.person_key", "$1", "$2"), account, s.db.list(keys))
	for _, f := range flights {
		for i := range list {
			if list[i].ID == f.contact && list[i].State == arauto.ContactPending {
				list[i].Contact = flying(list[i].Contact, f)
			}
		}
	}
	return err
}
