package store

import (
	"cmp"
	"context"
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
	r, err := newRecording(now, answers)
	if err != nil {
		return err
	}
	return s.db.write(ctx, func(t querier) error { return s.record(ctx, t, now, account, r) })
}

// recording is answers made ready to be written: the tables are asked, and the rows stand. That is done
// before the transaction, because SQLite's one writer is what sending waits for.
type recording struct {
	answers []arauto.Answer // as they came

	// From here on in the order of the contacts' ids, as facts lock them: else a fact that comes with the answer
	// and the answer wait for each other.
	order    []int // into answers
	next     []arauto.Contact
	attempts []arauto.Attempt
	rows     [][]any // of the attempts
	landed   [][]any // flights that end
	run      keyRun  // the provider's ids

	// Acceptance, nearly all there is on a good day, changes few columns and is written so.
	taken        [][]any
	takenAt      []int
	otherChanges []contactChange
	othersAt     []int
}

func newRecording(now time.Time, answers []arauto.Answer) (*recording, error) {
	n := len(answers)
	r := &recording{answers: answers, order: make([]int, n), next: make([]arauto.Contact, n), attempts: make([]arauto.Attempt, n), rows: make([][]any, n), landed: make([][]any, n)}
	for i := range r.order {
		r.order[i] = i
	}
	slices.SortFunc(r.order, func(a, b int) int { return cmp.Compare(answers[a].Contact.ID, answers[b].Contact.ID) })
	for i, at := range r.order {
		a := &answers[at]
		var err error
		if r.next[i], err = a.Contact.Apply(a.Event); err != nil {
			return nil, err
		}
		if r.attempts[i], err = a.Attempt.Apply(a.Event); err != nil {
			return nil, err
		}
		r.attempts[i].ProviderID, r.attempts[i].WAID = a.Receipt.ProviderID, a.Receipt.WAID
		r.rows[i] = attemptInsert(r.attempts[i])
		r.landed[i] = []any{a.Contact.Account, a.Contact.PersonKey, a.Attempt.ID}
		r.run.add(&r.attempts[i])
		next := &r.next[i]
		if a.Event.Kind == arauto.EventAccepted && a.Event.Reason == "" {
			r.taken = append(r.taken, []any{next.Account, next.ID, a.Contact.Version, next.State, next.Attempt, int64(next.Attempts), ms(next.SentAt), ms(now)})
			r.takenAt = append(r.takenAt, i)
			continue
		}
		r.otherChanges = append(r.otherChanges, contactChange{old: a.Contact, new: *next})
		r.othersAt = append(r.othersAt, i)
	}
	return r, nil
}

func (s *Store) record(ctx context.Context, t querier, now time.Time, account int64, r *recording) error {
	if r == nil {
		return nil
	}
	counts := changes{}
	late, err := s.recordEach(ctx, t, now, account, r, counts)
	if err != nil {
		return err
	}
	again, err := s.recordLate(ctx, t, now, account, late, counts)
	if err != nil {
		return err
	}
	if err := s.refusalsKept(ctx, t, now, account, r.answers, counts); err != nil {
		return err
	}
	if err := s.recogniseAnswers(ctx, t, now, account, r.answers, counts); err != nil {
		return err
	}
	news := r.answers
	if len(again) > 0 {
		news = slices.DeleteFunc(slices.Clone(news), func(a arauto.Answer) bool { return again[a.Attempt.ID] })
	}
	if err := s.unsend(ctx, t, account, news); err != nil {
		return err
	}
	return counts.apply(ctx, t, account, slotDispatch)
}

// recordEach writes contacts that are still as they were when their intent was made, with their attempts;
// it returns the answers of the others.
func (s *Store) recordEach(ctx context.Context, t querier, now time.Time, account int64, r *recording, counts changes) (late []arauto.Answer, err error) {
	wroteTaken, err := s.run(ctx, t, acceptContact, r.taken)
	if err != nil {
		return nil, err
	}
	wroteOthers, err := s.saveContacts(ctx, t, now, r.otherChanges)
	if err != nil {
		return nil, err
	}
	wrote := make([]bool, len(r.order))
	all := true
	for k, i := range r.takenAt {
		if wrote[i] = wroteTaken[k] == 1; wrote[i] {
			tell(t).contactMoved(now, r.answers[r.order[i]].Contact.State, &r.next[i])
		}
		all = all && wrote[i]
	}
	for k, i := range r.othersAt {
		wrote[i] = wroteOthers[k] == 1
		all = all && wrote[i]
	}
	rows, landed, run := r.rows, r.landed, r.run
	if !all {
		rows, landed, run = nil, nil, keyRun{}
	}
	var failed []arauto.Attempt
	for i, at := range r.order {
		if !wrote[i] {
			late = append(late, r.answers[at])
			continue
		}
		if !all {
			rows, landed = append(rows, r.rows[i]), append(landed, r.landed[i])
			run.add(&r.attempts[i])
		}
		if r.attempts[i].State == arauto.AttemptFailed {
			failed = append(failed, r.attempts[i])
		}
		// Until its answer is written, the row of a contact in flight says that it is pending.
		counts.moved(r.next[i].Campaign, arauto.ContactPending, r.next[i].State)
	}
	return late, s.endFlights(ctx, t, account, rows, landed, run, failed)
}

// endFlights writes the attempts of contacts that were written.
func (s *Store) endFlights(ctx context.Context, t querier, account int64, rows, landed [][]any, keys keyRun, failed []arauto.Attempt) error {
	if _, err := s.run(ctx, t, insertAttempts, rows); err != nil {
		return err
	}
	if err := s.keepRun(ctx, t, account, keys); err != nil {
		return err
	}
	if _, err := s.run(ctx, t, deleteIntent, landed); err != nil || len(failed) == 0 {
		return err
	}
	return s.releaseFailed(ctx, t, account, failed)
}

// attemptInsert is an attempt that no fact has spoken of yet, as a row.
func attemptInsert(a arauto.Attempt) []any {
	return []any{
		a.Account, a.ID, a.Campaign, a.Contact, a.Sender, a.Previous, int64(a.Number), a.Epoch, a.State, a.ProviderID,
		a.WAID, int64(a.Code), a.Detail, ms(a.IntendedAt), ms(a.AcceptedAt), ms(a.FailedAt),
	}
}

// updateAttempt writes attempts that are still in the state that they were read in.
var updateAttempt = hot{
	each: `UPDATE attempt SET state = $4, provider_id = $5, wa_id = $6, code = $7, detail = $8,
		accepted_at = $9, sent_at = $10, delivered_at = $11, read_at = $12, failed_at = $13, charge = $14 WHERE account_id = $1 AND id = $2 AND state = $3`,
	set: `UPDATE attempt a SET state = u.state, provider_id = u.provider, wa_id = u.waid, code = u.code, detail = u.detail,
		accepted_at = u.accepted, sent_at = u.sent, delivered_at = u.delivered, read_at = u.read, failed_at = u.failed, charge = u.charge
		FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[],
		$9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::text[])
		AS u(account, id, was, state, provider, waid, code, detail, accepted, sent, delivered, read, failed, charge)
		WHERE a.account_id = u.account AND a.id = u.id AND a.state = u.was`,
	silent: true,
}

func attemptUpdate(a arauto.Attempt, was arauto.AttemptState) []any {
	return []any{
		a.Account, a.ID, was, a.State, a.ProviderID, a.WAID, int64(a.Code), a.Detail,
		ms(a.AcceptedAt), ms(a.SentAt), ms(a.DeliveredAt), ms(a.ReadAt), ms(a.FailedAt), a.Charge.String(),
	}
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
	for i := range answers {
		a := &answers[i]
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
