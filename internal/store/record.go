package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"arauto"
)

// Record keeps what the provider answered, in one transaction. A fact may have overtaken the answer:
// the state tables then say what is left to change. Recording an answer again changes nothing.
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
	counts := changes{}
	late, err := s.recordEach(ctx, t, now, answers, counts)
	if err != nil {
		return err
	}
	again, err := s.recordLate(ctx, t, now, account, late, counts)
	if err != nil {
		return err
	}
	if err := s.refusalsKept(ctx, t, now, account, answers, counts); err != nil {
		return err
	}
	if err := s.recogniseAnswers(ctx, t, now, account, answers, counts); err != nil {
		return err
	}
	news := slices.DeleteFunc(slices.Clone(answers), func(a arauto.Answer) bool { return again[a.Attempt.ID] })
	if err := s.unsend(ctx, t, account, news); err != nil {
		return err
	}
	return counts.apply(ctx, t, account, slotDispatch)
}

// recordEach asks the tables and writes contacts that are still as they were when their intent was made,
// with their attempts; it returns the answers of the others. Acceptance, nearly all there is on a good
// day, changes few columns and is written so.
func (s *Store) recordEach(ctx context.Context, t querier, now time.Time, answers []arauto.Answer, counts changes) (late []arauto.Answer, err error) {
	// Contacts before attempts, and by id, as facts lock them: else a fact that comes with the answer and the
	// answer wait for each other.
	answers = slices.Clone(answers)
	slices.SortFunc(answers, func(a, b arauto.Answer) int { return cmp.Compare(a.Contact.ID, b.Contact.ID) })
	changed := make([]contactChange, len(answers))
	attempts := make([]arauto.Attempt, len(answers))
	var taken [][]any
	var others []contactChange
	var at [2][]int // of taken, of others
	for i, a := range answers {
		next, err := a.Contact.Apply(a.Event)
		if err != nil {
			return nil, err
		}
		if attempts[i], err = a.Attempt.Apply(a.Event); err != nil {
			return nil, err
		}
		attempts[i].ProviderID, attempts[i].WAID = a.Receipt.ProviderID, a.Receipt.WAID
		changed[i] = contactChange{old: a.Contact, new: next}
		if a.Event.Kind == arauto.EventAccepted && a.Event.Reason == "" {
			taken = append(taken, []any{next.Account, next.ID, a.Contact.Version, next.State, next.Attempt, int64(next.Attempts), ms(next.SentAt), ms(now)})
			at[0] = append(at[0], i)
			continue
		}
		others = append(others, changed[i])
		at[1] = append(at[1], i)
	}
	wroteTaken, err := s.run(ctx, t, acceptContact, taken)
	if err != nil {
		return nil, err
	}
	wroteOthers, err := s.saveContacts(ctx, t, now, others)
	if err != nil {
		return nil, err
	}
	wrote := make([]int64, len(answers))
	for k, i := range at[0] {
		if wrote[i] = wroteTaken[k]; wrote[i] == 1 {
			tell(t).contactMoved(now, changed[i].old.State, &changed[i].new)
		}
	}
	for k, i := range at[1] {
		wrote[i] = wroteOthers[k]
	}
	return s.recordAttempts(ctx, t, answers, changed, attempts, wrote, counts)
}

// recordAttempts writes the attempts of the contacts that were written, which ends their flights.
func (s *Store) recordAttempts(ctx context.Context, t querier, answers []arauto.Answer, changed []contactChange, attempts []arauto.Attempt, wrote []int64, counts changes) (late []arauto.Answer, err error) {
	var rows, landed [][]any
	var failed []arauto.Attempt
	for i, a := range answers {
		if wrote[i] == 0 {
			late = append(late, a)
			continue
		}
		if attempts[i].State == arauto.AttemptFailed {
			failed = append(failed, attempts[i])
		}
		// Until its answer is written, the row of a contact in flight says that it is pending.
		counts.moved(a.Contact.Campaign, arauto.ContactPending, changed[i].new.State)
		rows = append(rows, attemptInsert(attempts[i]))
		landed = append(landed, []any{a.Contact.Account, a.Contact.PersonKey, a.Attempt.ID})
	}
	if _, err := s.run(ctx, t, insertAttempt, rows); err != nil {
		return nil, err
	}
	if _, err = s.run(ctx, t, deleteIntent, landed); err != nil || len(failed) == 0 {
		return late, err
	}
	return late, s.releaseFailed(ctx, t, failed[0].Account, failed)
}

// attemptInsert is an attempt that no fact has spoken of yet, as a row.
func attemptInsert(a arauto.Attempt) []any {
	return []any{
		a.Account, a.ID, a.Campaign, a.Contact, a.Sender, a.Previous, int64(a.Number), a.Epoch, a.State, a.ProviderID, providerKey(a.ProviderID),
		a.WAID, int64(a.Code), a.Detail, ms(a.IntendedAt), ms(a.AcceptedAt), ms(a.FailedAt),
	}
}

const updateAttempt = `UPDATE attempt SET state = $4, provider_id = $5, provider_key = $6, wa_id = $7, code = $8, detail = $9,
	accepted_at = $10, sent_at = $11, delivered_at = $12, read_at = $13, failed_at = $14, charge = $15 WHERE account_id = $1 AND id = $2 AND state = $3`

func attemptUpdate(a arauto.Attempt, was arauto.AttemptState) []any {
	return []any{
		a.Account, a.ID, was, a.State, a.ProviderID, providerKey(a.ProviderID), a.WAID, int64(a.Code), a.Detail,
		ms(a.AcceptedAt), ms(a.SentAt), ms(a.DeliveredAt), ms(a.ReadAt), ms(a.FailedAt), a.Charge.String(),
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

// recordLate applies answers whose contact was changed since the request left: by a fact that overtook
// the answer, or by a person. It returns the attempts of which more than that they left was known already,
// as it is when an answer was recorded before.
func (s *Store) recordLate(ctx context.Context, t querier, now time.Time, account int64, late []arauto.Answer, counts changes) (known map[int64]bool, err error) {
	if len(late) == 0 {
		return nil, nil
	}
	flights, events, ids := make([]flight, len(late)), make([]attemptEvent, len(late)), make([]int64, len(late))
	for i, a := range late {
		ids[i] = a.Attempt.ID
		flights[i] = flightOf(a.Attempt, a.Contact.PersonKey)
		events[i] = attemptEvent{attempt: a.Attempt.ID, event: a.Event, receipt: a.Receipt}
	}
	if err := s.land(ctx, t, now, account, flights, counts); err != nil {
		return nil, err
	}
	attempts, err := s.attemptsByID(ctx, t, account, ids, "") // land holds their contacts
	if err != nil {
		return nil, err
	}
	known = map[int64]bool{}
	for id, a := range attempts {
		known[id] = a.State != arauto.AttemptOpen
	}
	_, err = s.applyToAttempts(ctx, t, now, account, events, counts)
	return known, err
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
