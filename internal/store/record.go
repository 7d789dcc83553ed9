package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"arauto"
)

// Record keeps what the provider answered, in one transaction. A fact may have overtaken the answer:
// the state tables then say what is left to change. It reports the contacts as they are afterwards.
func (s *Store) Record(ctx context.Context, now time.Time, account int64, answers []arauto.Answer) error {
	if len(answers) == 0 {
		return nil
	}
	return s.db.write(ctx, func(t querier) error { return s.record(ctx, t, now, account, answers) })
}

func (s *Store) record(ctx context.Context, t querier, now time.Time, account int64, answers []arauto.Answer) error {
	if len(answers) == 0 {
		return nil
	}
	late, counts := []arauto.Answer(nil), changes{}
	contacts, wroteAttempts, wroteContacts, err := s.recordEach(ctx, t, now, answers)
	if err != nil {
		return err
	}
	for i, a := range answers {
		if wroteContacts[i] == 1 {
			counts.moved(a.Contact.Campaign, a.Contact.State, contacts[i].new.State)
		}
		if wroteContacts[i] == 0 || wroteAttempts[i] == 0 {
			late = append(late, a)
		}
	}
	if err := s.recordLate(ctx, t, now, account, late, counts); err != nil {
		return err
	}
	if err := s.suppressRefused(ctx, t, now, account, answers); err != nil {
		return err
	}
	return counts.apply(ctx, t, account, slotDispatch)
}

// recordEach asks the tables and writes. Acceptance, nearly all there is on a good day, changes few
// columns and is written so.
func (s *Store) recordEach(ctx context.Context, t querier, now time.Time, answers []arauto.Answer) (contacts []contactChange, wroteAttempts, wroteContacts []int64, err error) {
	contacts = make([]contactChange, len(answers))
	var took, tookContacts, others [][]any
	var at, rest []int
	// Contacts before attempts, and by id, as facts lock them: else a fact that comes with the answer and the
	// answer wait for each other.
	order := make([]int, len(answers))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(answers[a].Contact.ID, answers[b].Contact.ID) })
	for _, i := range order {
		a := answers[i]
		attempt, err := a.Attempt.Apply(a.Event)
		if err != nil {
			return nil, nil, nil, err
		}
		next, err := a.Contact.Apply(a.Event)
		if err != nil {
			return nil, nil, nil, err
		}
		attempt.ProviderID, attempt.WAID = a.Receipt.ProviderID, a.Receipt.WAID
		contacts[i] = contactChange{old: a.Contact, new: next}
		if a.Event.Kind != arauto.EventAccepted {
			rest, others = append(rest, i), append(others, attemptUpdate(attempt, a.Attempt.State))
			continue
		}
		at = append(at, i)
		took = append(took, []any{attempt.Account, attempt.ID, a.Attempt.State, attempt.State, attempt.ProviderID, providerKey(attempt.ProviderID), attempt.WAID, ms(attempt.AcceptedAt)})
		tookContacts = append(tookContacts, []any{next.Account, next.ID, a.Contact.Version, next.State, ms(next.SentAt), ms(now)})
	}
	wroteAttempts, wroteContacts = make([]int64, len(answers)), make([]int64, len(answers))
	scatter := func(into []int64, at []int, n []int64, e error) {
		for k := range n {
			into[at[k]] = n[k]
		}
		err = errors.Join(err, e)
	}
	n, e := s.run(ctx, t, acceptContact, tookContacts)
	scatter(wroteContacts, at, n, e)
	list := make([]contactChange, len(rest))
	for k, i := range rest {
		list[k] = contacts[i]
	}
	n, e = s.saveContacts(ctx, t, now, list)
	scatter(wroteContacts, rest, n, e)
	n, e = s.run(ctx, t, acceptAttempt, took)
	scatter(wroteAttempts, at, n, e)
	n, e = t.each(ctx, updateAttempt, others)
	scatter(wroteAttempts, rest, n, e)
	return contacts, wroteAttempts, wroteContacts, err
}

const updateAttempt = `UPDATE attempt SET state = $4, provider_id = $5, provider_key = $6, wa_id = $7, code = $8, detail = $9,
	accepted_at = $10, sent_at = $11, delivered_at = $12, read_at = $13, failed_at = $14 WHERE account_id = $1 AND id = $2 AND state = $3`

func attemptUpdate(a arauto.Attempt, was arauto.AttemptState) []any {
	return []any{
		a.Account, a.ID, was, a.State, a.ProviderID, providerKey(a.ProviderID), a.WAID, int64(a.Code), a.Detail,
		ms(a.AcceptedAt), ms(a.SentAt), ms(a.DeliveredAt), ms(a.ReadAt), ms(a.FailedAt),
	}
}

// providerKey is what a provider's long id is indexed by: 63 bits of its hash; 0 for none.
func providerKey(id string) int64 {
	if id == "" {
		return 0
	}
	sum := sha256.Sum256([]byte(id))
	return int64(binary.BigEndian.Uint64(sum[:8])>>1) | 1
}

// recordLate applies answers whose attempt or contact a fact has changed since the request left.
func (s *Store) recordLate(ctx context.Context, t querier, now time.Time, account int64, late []arauto.Answer, counts changes) error {
	if len(late) == 0 {
		return nil
	}
	events := make([]attemptEvent, len(late))
	for i, a := range late {
		events[i] = attemptEvent{attempt: a.Attempt.ID, event: a.Event, receipt: a.Receipt}
	}
	_, err := s.applyToAttempts(ctx, t, now, account, events, counts)
	return err
}

// suppressRefused keeps the opt-outs that a refusal revealed.
func (s *Store) suppressRefused(ctx context.Context, t querier, now time.Time, account int64, answers []arauto.Answer) error {
	for _, a := range answers {
		if a.Event.Kind != arauto.EventRefused || a.Event.Reason != arauto.ReasonStoppedMarketing {
			continue
		}
		if err := s.suppress(ctx, t, now, providerStop(a.Contact, a.Event.Detail)); err != nil {
			return err
		}
	}
	return nil
}

func providerStop(c arauto.Contact, detail string) arauto.Suppression {
	return arauto.Suppression{
		Account: c.Account, PersonKey: c.PersonKey, Phone: c.Phone, Scope: arauto.SuppressMarketing,
		Channel: arauto.ChannelWhatsApp, Source: "provider", Evidence: detail, Contact: c.ID,
	}
}
