package store

import (
	"context"
	"time"

	"arauto"
)

const attemptColumns = `account_id, id, campaign_id, contact_id, sender_id, previous_id, number, epoch, state, provider_id, wa_id, code, detail,
	intended_at, accepted_at, sent_at, delivered_at, read_at, failed_at, charge`

func scanAttempt(r rows) (arauto.Attempt, error) {
	var a arauto.Attempt
	var intended, accepted, sent, delivered, read, failed int64
	var charge string
	err := r.Scan(&a.Account, &a.ID, &a.Campaign, &a.Contact, &a.Sender, &a.Previous, &a.Number, &a.Epoch, &a.State, &a.ProviderID, &a.WAID, &a.Code, &a.Detail,
		&intended, &accepted, &sent, &delivered, &read, &failed, &charge)
	a.Charge = arauto.ParseCharge(charge)
	a.IntendedAt, a.AcceptedAt, a.SentAt = moment(intended), moment(accepted), moment(sent)
	a.DeliveredAt, a.ReadAt, a.FailedAt = moment(delivered), moment(read), moment(failed)
	return a, err
}

// attemptEvent is something that happened to an attempt, and through it to its contact.
type attemptEvent struct {
	attempt int64
	event   arauto.Event
	receipt arauto.Receipt
	pricing arauto.Pricing // as a status names it
}

// applyToAttempts reads the attempts and their contacts, asks the state tables, and writes what
// changed. Several events may speak of the same attempt; an event that the tables do not know for the
// state it meets is left out. It returns the contacts that were touched, as they are afterwards.
func (s *Store) applyToAttempts(ctx context.Context, t querier, now time.Time, account int64, events []attemptEvent, counts changes) (map[int64]arauto.Contact, error) {
	if len(events) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(events))
	for i, e := range events {
		ids[i] = e.attempt
	}
	attempts, contacts, err := s.attemptsWithContacts(ctx, t, account, ids)
	if err != nil {
		return nil, err
	}
	rates, err := s.ratesFor(ctx, t, account, events)
	if err != nil {
		return nil, err
	}
	oldAttempts, oldContacts := copyMap(attempts), copyMap(contacts)
	for _, e := range events {
		a, ok := attempts[e.attempt]
		if !ok {
			continue
		}
		if next, err := a.Apply(e.event); err == nil {
			if e.receipt.ProviderID != "" {
				next.ProviderID, next.WAID = e.receipt.ProviderID, e.receipt.WAID
			}
			next.Charge = price(next, e, contacts[a.Contact], rates)
			attempts[a.ID] = next
		}
		c, ok := contacts[a.Contact]
		if !ok || !speaksFor(e.event.Kind, a.ID == c.Attempt) || overruled(a, c, e.event.Kind) {
			continue
		}
		if next, err := c.Apply(e.event); err == nil {
			contacts[c.ID] = next
		}
	}
	return contacts, s.saveApplied(ctx, t, now, account, oldAttempts, attempts, oldContacts, contacts, counts)
}

// speaksFor reports whether an event of an attempt concerns its contact: of an attempt that is not the
// latest, only the good news does.
func speaksFor(kind arauto.EventKind, latest bool) bool {
	return latest || kind == arauto.EventDelivered || kind == arauto.EventRead || kind == arauto.EventReplied
}

// overruled reports whether an event says less than is known, of a contact that waits for its next attempt:
// that the last message was taken, once it is known that it was taken and failed.
func overruled(a arauto.Attempt, c arauto.Contact, kind arauto.EventKind) bool {
	return c.State == arauto.ContactPending && a.State == arauto.AttemptFailed && a.ProviderID != "" && (kind == arauto.EventAccepted || kind == arauto.EventSent)
}

func (s *Store) attemptsWithContacts(ctx context.Context, t querier, account int64, ids []int64) (map[int64]arauto.Attempt, map[int64]arauto.Contact, error) {
	// Contacts are locked before attempts, as everywhere, so that two transactions cannot wait in a circle.
	owners, err := all(ctx, t, scanInt, `SELECT contact_id FROM attempt WHERE `+s.db.keyed("id", "$1", "$2"), account, s.db.list(ids))
	if err != nil {
		return nil, nil, err
	}
	contacts, err := s.contactsByID(ctx, t, account, owners)
	if err != nil {
		return nil, nil, err
	}
	list, err := all(ctx, t, scanAttempt, `SELECT `+attemptColumns+` FROM attempt WHERE `+s.db.keyed("id", "$1", "$2")+
		` ORDER BY id`+s.db.lock(), account, s.db.list(ids))
	attempts := make(map[int64]arauto.Attempt, len(list))
	for _, a := range list {
		attempts[a.ID] = a
	}
	return attempts, contacts, err
}

func (s *Store) saveApplied(ctx context.Context, t querier, now time.Time, account int64, oldAttempts, attempts map[int64]arauto.Attempt, oldContacts, contacts map[int64]arauto.Contact, counts changes) error {
	var attemptArgs [][]any
	for id, a := range attempts {
		if old := oldAttempts[id]; a != old {
			attemptArgs = append(attemptArgs, attemptUpdate(a, old.State))
		}
	}
	if _, err := s.run(ctx, t, updateAttempt, attemptArgs); err != nil {
		return err
	}
	if err := s.keepKeys(ctx, t, oldAttempts, attempts); err != nil {
		return err
	}
	if err := s.saveCosts(ctx, t, account, oldAttempts, attempts); err != nil {
		return err
	}
	var changed []contactChange
	for id, c := range contacts {
		if old := oldContacts[id]; contactMoved(old, c) {
			changed = append(changed, contactChange{old: old, new: c})
		}
	}
	return s.saveLocked(ctx, t, now, changed, counts)
}

// saveLocked writes contacts that this transaction has locked.
func (s *Store) saveLocked(ctx context.Context, t querier, now time.Time, changed []contactChange, counts changes) error {
	written, err := s.saveContacts(ctx, t, now, changed)
	if err != nil {
		return err
	}
	for i, ch := range changed {
		if written[i] == 0 {
			return errLostRow // only a bug comes here
		}
		if ch.old.DeletedAt.IsZero() {
			counts.moved(ch.old.Campaign, ch.old.State, ch.new.State)
		}
	}
	return nil
}

var errLostRow = arauto.Errorf(arauto.KindInternal, "", "a locked contact changed under its lock")

// contactMoved reports whether anything but UpdatedAt differs: a fact that came twice writes nothing.
func contactMoved(a, b arauto.Contact) bool {
	return a.State != b.State || a.Dial != b.Dial || a.Attempt != b.Attempt || a.Attempts != b.Attempts || a.Forgiven != b.Forgiven || a.Reason != b.Reason || a.Code != b.Code ||
		a.Conversation != b.Conversation || a.ReplyAction != b.ReplyAction || a.ReplyText != b.ReplyText || !a.DueAt.Equal(b.DueAt) ||
		!a.SentAt.Equal(b.SentAt) || !a.DeliveredAt.Equal(b.DeliveredAt) || !a.ReadAt.Equal(b.ReadAt) ||
		!a.RepliedAt.Equal(b.RepliedAt) || !a.FailedAt.Equal(b.FailedAt)
}

func copyMap[K comparable, V any](m map[K]V) map[K]V {
	out := make(map[K]V, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// AttemptsOf lists the attempts of a contact, latest first.
func (s *Store) AttemptsOf(ctx context.Context, account, contact int64) (list []arauto.Attempt, err error) {
	err = s.db.read(ctx, func(q querier) error {
		last, err := one(ctx, q, scanNamed, `SELECT person_key, attempt_id FROM contact WHERE account_id = $1 AND id = $2`, account, contact)
		if err != nil {
			return missing(err, "contact", contact)
		}
		id := last.id
		flights, err := s.flightsTo(ctx, q, account, last.name)
		for _, f := range flights {
			if f.contact == contact {
				list = append(list, f.open(id))
			}
		}
		for id != 0 && err == nil {
			a, err := one(ctx, q, scanAttempt, `SELECT `+attemptColumns+` FROM attempt WHERE account_id = $1 AND id = $2`, account, id)
			if err != nil {
				return missing(err, "attempt", id)
			}
			list = append(list, a)
			id = a.Previous
		}
		return err
	})
	return list, err
}
