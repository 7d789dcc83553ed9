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

// LiveSenders lists the senders, over all accounts, that have something to do: a running campaign while
// they are not paused, or attempts that are open, whatever became of their campaign. One that cannot be
// read is part of the error and does not keep the others out of the list.
func (s *Store) LiveSenders(ctx context.Context) (list []arauto.Sender, err error) {
	err = s.db.read(ctx, func(q querier) error {
		pairs, err := all(ctx, q, func(r rows) (p [2]int64, err error) { return p, r.Scan(&p[0], &p[1]) },
			`SELECT p.account_id, p.sender_id FROM campaign p JOIN sender s ON s.account_id = p.account_id AND s.id = p.sender_id
			 WHERE p.state = 'running' AND p.channel = 'whatsapp' AND s.pause = ''
			 UNION SELECT p.account_id, p.sender_id FROM campaign p JOIN campaign_count k ON k.account_id = p.account_id AND k.campaign_id = p.id
			 WHERE k.state = 'sending' GROUP BY p.account_id, p.sender_id, p.id HAVING SUM(k.n) > 0 ORDER BY 1, 2`)
		list = nil
		for _, p := range pairs {
			sender, unread := s.sender(ctx, q, p[0], p[1])
			if err = errors.Join(err, unread); unread == nil {
				list = append(list, sender)
			}
		}
		return err
	})
	return list, err
}

// Work is a running campaign with what is needed to fill its messages.
func (s *Store) Work(ctx context.Context, account, sender int64) (list []arauto.Work, err error) {
	err = s.db.read(ctx, func(q querier) error {
		campaigns, err := all(ctx, q, scanCampaign, `SELECT `+campaignColumns+` FROM campaign
			WHERE account_id = $1 AND sender_id = $2 AND state = 'running' ORDER BY id`, account, sender)
		for _, c := range campaigns {
			t, err := s.template(ctx, q, account, c.Template)
			if err != nil {
				return err
			}
			list = append(list, arauto.Work{Campaign: c, Template: t})
		}
		return err
	})
	return list, err
}

// DueContacts reads up to limit pending contacts of a campaign that are due at now, by due time then
// id, after the position of the last contact of an earlier read (its DueAt and ID; zero = from the start).
// It reserves nothing: the caller drives the sender's line.
func (s *Store) DueContacts(ctx context.Context, now time.Time, account, campaign int64, dueAfter time.Time, idAfter int64, limit int) (list []arauto.Contact, err error) {
	err = s.db.read(ctx, func(q querier) error {
		list, err = all(ctx, q, scanDue, `SELECT account_id, id, campaign_id, external_id, name, phone, person_key, fields, state, reason, code, detail,
			version, attempts, attempt_id, scheduled_for, due_at FROM contact
			WHERE account_id = $1 AND campaign_id = $2 AND state = 'pending' AND deleted_at = 0
			  AND due_at <= $3 AND (due_at, id) > ($4, $5) ORDER BY due_at, id LIMIT $6`, account, campaign, ms(now), ms(dueAfter), idAfter, limit)
		return err
	})
	return list, err
}

// scanDue reads what the gate, the message and the intent need of a contact that is pending. What it
// leaves out is empty while a contact is pending: the moments and words of what came back.
func scanDue(r rows) (arauto.Contact, error) {
	var c arauto.Contact
	var fields string
	var scheduled, due int64
	if err := r.Scan(&c.Account, &c.ID, &c.Campaign, &c.External, &c.Name, &c.Phone, &c.PersonKey, &fields, &c.State, &c.Reason, &c.Code, &c.Detail,
		&c.Version, &c.Attempts, &c.Attempt, &scheduled, &due); err != nil {
		return c, err
	}
	c.ScheduledFor, c.DueAt = moment(scheduled), moment(due)
	var err error
	c.Fields, err = arauto.StoredFields(fields)
	return c, err
}

// Intend asks the gate for each contact and makes the attempts it allows durable, all in one
// transaction that holds the sender's fence, its campaigns' states, the suppressions and each person's
// last touch. When it returns, every attempt in the answer may be posted, and no other. list holds
// contacts of campaigns of that sender; the answers are in its order.
func (s *Store) Intend(ctx context.Context, now time.Time, lease arauto.Lease, sender int64, list []arauto.Candidate) ([]arauto.Intended, error) {
	return s.Advance(ctx, now, lease, sender, nil, list)
}

// Advance is Record and Intend in one transaction: a busy line does both each time, and the disk is
// synced once. When the lease is no longer held the answers are recorded all the same, nothing is
// intended, and the error is a conflict.
func (s *Store) Advance(ctx context.Context, now time.Time, lease arauto.Lease, sender int64, answers []arauto.Answer, list []arauto.Candidate) ([]arauto.Intended, error) {
	if len(list) == 0 {
		return nil, s.Record(ctx, now, lease.Account, answers)
	}
	ids, err := s.ids.take(ctx, lease.Account, "attempt", len(list))
	if err != nil {
		return nil, err
	}
	in := intending{store: s, now: now, account: lease.Account, sender: sender, ids: ids}
	var lost error
	err = s.db.write(ctx, func(t querier) error {
		in.answers, lost = nil, nil
		if err := s.record(ctx, t, now, lease.Account, answers); err != nil {
			return err
		}
		if lost = s.fenced(ctx, t, now, lease); lost != nil {
			if arauto.KindOf(lost) == arauto.KindConflict {
				return nil
			}
			return lost
		}
		return in.run(ctx, t, list)
	})
	if err == nil {
		err = lost
	}
	return in.answers, err
}

// intending is one call of Intend.
type intending struct {
	store   *Store
	now     time.Time
	account int64
	sender  int64
	ids     []int64 // of attempts

	pause        string
	campaigns    map[int64]*campaignGate
	suppressions map[string][]arauto.Suppression
	touched      map[string]time.Time

	answers []arauto.Intended
	changed []contactChange
	counts  changes
}

// campaignGate is a campaign as the gate sees it, and how many more may go before it holds.
type campaignGate struct {
	campaign  arauto.Campaign
	template  arauto.Template // read only where a message is to be filled
	marketing bool
	room      int64 // -1 = no limit
}

func (in *intending) run(ctx context.Context, t querier, list []arauto.Candidate) error {
	in.answers, in.changed, in.counts = make([]arauto.Intended, len(list)), nil, changes{}
	if err := in.load(ctx, t, list); err != nil {
		return err
	}
	for i, c := range list {
		if err := in.decide(i, c); err != nil {
			return err
		}
	}
	if err := in.save(ctx, t); err != nil {
		return err
	}
	if err := in.counts.apply(ctx, t, in.account, slotDispatch); err != nil {
		return err
	}
	return in.hold(ctx, t)
}

func (in *intending) load(ctx context.Context, t querier, list []arauto.Candidate) error {
	keys := make([]string, len(list))
	campaigns := map[int64]bool{}
	for i, c := range list {
		keys[i] = c.Contact.PersonKey
		campaigns[c.Contact.Campaign] = true
	}
	var err error
	if in.pause, err = one(ctx, t, scanText, `SELECT pause FROM sender WHERE account_id = $1 AND id = $2`, in.account, in.sender); err != nil {
		return missing(err, "sender", in.sender)
	}
	in.campaigns = map[int64]*campaignGate{}
	for id := range campaigns {
		if in.campaigns[id], err = in.loadCampaign(ctx, t, id); err != nil {
			return err
		}
	}
	return in.loadPeople(ctx, t, keys)
}

// loadPeople reads what holds for the persons: their suppressions and when they were last touched.
func (in *intending) loadPeople(ctx context.Context, t querier, keys []string) (err error) {
	if in.suppressions, err = in.store.suppressionsOf(ctx, t, in.account, keys); err != nil {
		return err
	}
	touches, err := all(ctx, t, scanNamed, `SELECT key, last_touch_at FROM person WHERE `+in.store.db.keyed("key", "$1", "$2"), in.account, in.store.db.list(keys))
	in.touched = make(map[string]time.Time, len(touches))
	for _, p := range touches {
		in.touched[p.name] = moment(p.id)
	}
	return err
}

func scanText(r rows) (s string, err error) { return s, r.Scan(&s) }

// loadCampaign keeps the campaign's row as it is until the commit: whoever pauses it waits for this
// transaction, and everything after the pause sees it.
func (in *intending) loadCampaign(ctx context.Context, t querier, id int64) (*campaignGate, error) {
	lock := ""
	if in.store.db.postgres() {
		lock = ` FOR SHARE`
		// Who counts down to a hold does it alone.
		holds, err := one(ctx, t, scanInt, `SELECT hold_after FROM campaign WHERE account_id = $1 AND id = $2`, in.account, id)
		if err != nil {
			return nil, missing(err, "campaign", id)
		}
		if holds > 0 {
			lock = ` FOR UPDATE`
		}
	}
	c, err := one(ctx, t, scanCampaign, `SELECT `+campaignColumns+` FROM campaign WHERE account_id = $1 AND id = $2`+lock, in.account, id)
	if err != nil {
		return nil, missing(err, "campaign", id)
	}
	category, err := one(ctx, t, scanText, `SELECT category FROM template WHERE account_id = $1 AND id = $2`, in.account, c.Template)
	if err != nil {
		return nil, missing(err, "template", c.Template)
	}
	g := &campaignGate{campaign: c, marketing: arauto.Template{Category: category}.Marketing(), room: -1}
	if c.HoldAfter > 0 {
		counts, err := in.store.counts(ctx, t, in.account, []int64{id})
		if err != nil {
			return nil, err
		}
		g.room = max(0, int64(c.HoldAfter)-counts[id].Tried())
	}
	return g, nil
}

func (in *intending) decide(i int, candidate arauto.Candidate) error {
	c := candidate.Contact
	g := in.campaigns[c.Campaign]
	input := in.input(c)
	input.Unfit = candidate.Unfit
	v := arauto.Decide(input, in.now)
	if v.Outcome == arauto.Go && (g.campaign.Sender != in.sender || candidate.Version != 0 && candidate.Version != g.campaign.Version) {
		// The campaign was changed since the message was filled: what was filled is not what is wanted now.
		v = arauto.Verdict{Outcome: arauto.Wait, Reason: arauto.ReasonCampaignState, Words: "changed a moment ago"}
	}
	if v.Outcome == arauto.Go && g.room == 0 {
		v = arauto.Verdict{Outcome: arauto.Wait, Reason: arauto.ReasonCampaignState, Words: heldWords}
	}
	next, err := in.consequence(i, c, v)
	if err != nil {
		return err
	}
	in.answers[i].Verdict, in.answers[i].Contact = v, next
	if v.Outcome == arauto.Go {
		if g.room > 0 {
			g.room--
		}
		in.touched[c.PersonKey] = in.now
	}
	if v.Outcome != arauto.Done && (next.State != c.State || !next.DueAt.Equal(c.DueAt)) {
		in.changed = append(in.changed, contactChange{at: i, old: c, new: next})
	}
	return nil
}

// input is what the gate looks at for c.
func (in *intending) input(c arauto.Contact) arauto.GateInput {
	g := in.campaigns[c.Campaign]
	return arauto.GateInput{
		Contact: c, Campaign: g.campaign, SenderPause: in.pause, Marketing: g.marketing,
		Suppressions: in.suppressions[c.PersonKey], LastTouch: in.touched[c.PersonKey],
	}
}

const heldWords = "held after the first contacts, as asked: look at the results, then resume"

// consequence is the contact after the verdict.
func (in *intending) consequence(i int, c arauto.Contact, v arauto.Verdict) (arauto.Contact, error) {
	switch v.Outcome {
	case arauto.Go:
		return c.Apply(arauto.Event{Kind: arauto.EventIntended, At: in.now, Attempt: in.ids[i]})
	case arauto.Suppress:
		return c.Apply(arauto.Event{Kind: arauto.EventSuppressed, At: in.now, Reason: v.Reason, Detail: v.Words})
	case arauto.Fail:
		return c.Apply(arauto.Event{Kind: arauto.EventRefused, At: in.now, Reason: v.Reason, Detail: v.Words})
	}
	if v.Until.After(c.DueAt) {
		c.DueAt, c.UpdatedAt = v.Until, in.now
	}
	return c, nil
}

// saveContacts writes what became of the contacts. Those about to be sent are nearly all of them, and
// change little: updated_at, which an index follows, moves when the answer is known.
func (in *intending) saveContacts(ctx context.Context, t querier) ([]int64, error) {
	written := make([]int64, len(in.changed))
	var sending [][]any
	var at, others []int
	for i, ch := range in.changed {
		if ch.new.State != arauto.ContactSending {
			others = append(others, i)
			continue
		}
		at = append(at, i)
		sending = append(sending, []any{in.account, ch.old.ID, ch.old.Version, ch.new.Attempt, int64(ch.new.Attempts)})
		in.changed[i].new.Version, in.changed[i].new.UpdatedAt = ch.old.Version+1, ch.old.UpdatedAt
	}
	done, err := in.store.run(ctx, t, intendContact, sending)
	if err != nil {
		return nil, err
	}
	for i, n := range done {
		written[at[i]] = n
	}
	rest := make([]contactChange, len(others))
	for i, k := range others {
		rest[i] = in.changed[k]
	}
	if done, err = in.store.saveContacts(ctx, t, in.now, rest); err != nil {
		return nil, err
	}
	for i, k := range others {
		written[k], in.changed[k] = done[i], rest[i]
	}
	return written, nil
}

// save writes contacts first: an attempt is made only for a contact that was still as it was read.
func (in *intending) save(ctx context.Context, t querier) error {
	written, err := in.saveContacts(ctx, t)
	if err != nil {
		return err
	}
	var attempts, people [][]any
	for n, ch := range in.changed {
		a := &in.answers[ch.at]
		if written[n] == 0 {
			a.Stale, a.Verdict = true, arauto.Verdict{Outcome: arauto.Done, Reason: arauto.ReasonSettled}
			continue
		}
		in.counts.moved(ch.old.Campaign, ch.old.State, ch.new.State)
		a.Contact = ch.new
		if a.Verdict.Outcome != arauto.Go {
			continue
		}
		c := ch.new
		a.Attempt = arauto.Attempt{
			ID: c.Attempt, Account: in.account, Campaign: c.Campaign, Contact: c.ID, Sender: in.sender,
			Previous: ch.old.Attempt, Number: c.Attempts, Epoch: in.store.epoch, State: arauto.AttemptOpen, IntendedAt: in.now,
		}
		attempts = append(attempts, []any{in.account, c.Attempt, c.Campaign, c.ID, in.sender, ch.old.Attempt, int64(c.Attempts), in.store.epoch, ms(in.now)})
		people = append(people, []any{in.account, c.PersonKey, c.Name, ms(in.now)})
	}
	return in.insert(ctx, t, attempts, people)
}

func (in *intending) insert(ctx context.Context, t querier, attempts, people [][]any) error {
	if _, err := in.store.run(ctx, t, insertAttempt, attempts); err != nil {
		return err
	}
	_, err := in.store.run(ctx, t, touchPerson, people)
	return err
}

// hold pauses a campaign whose first contacts have all gone.
func (in *intending) hold(ctx context.Context, t querier) error {
	for id, g := range in.campaigns {
		if g.room != 0 {
			continue
		}
		next, err := g.campaign.Apply(arauto.CampaignPause, heldWords, in.now)
		if err != nil || next.State == g.campaign.State {
			continue // paused or ended by somebody else: nothing to hold
		}
		if _, err := t.exec(ctx, `UPDATE campaign SET state = $3, pause = $4, updated_at = $5, version = version + 1 WHERE account_id = $1 AND id = $2`,
			in.account, id, next.State, next.Pause, ms(in.now)); err != nil {
			return err
		}
		if err := in.store.audit(ctx, t, in.now, arauto.System(in.account), "campaign.pause", subject("campaign", id), detail("why", heldWords)); err != nil {
			return err
		}
	}
	return nil
}

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

// Recover settles what a crash left behind on a sender's line: every attempt that was open when the
// line changed hands becomes unknown, because its request may have been read. It must be called under
// a fresh lease, before anything is posted; it returns how many there were.
func (s *Store) Recover(ctx context.Context, now time.Time, lease arauto.Lease, sender int64) (lost int, err error) {
	const chunk = 500
	for {
		n := 0
		err := s.db.write(ctx, func(t querier) error {
			if err := s.fenced(ctx, t, now, lease); err != nil {
				return err
			}
			open, err := all(ctx, t, scanInt, `SELECT c.attempt_id FROM campaign p JOIN contact c
				ON c.account_id = p.account_id AND c.campaign_id = p.id AND c.state = 'sending' AND c.deleted_at = 0
				WHERE p.account_id = $1 AND p.sender_id = $2 ORDER BY c.attempt_id LIMIT $3`, lease.Account, sender, chunk)
			if err != nil {
				return err
			}
			events := make([]attemptEvent, len(open))
			for i, id := range open {
				events[i] = attemptEvent{attempt: id, event: arauto.Event{Kind: arauto.EventLost, At: now, Reason: arauto.ReasonInterrupted}}
			}
			n = len(open)
			counts := changes{}
			if _, err := s.applyToAttempts(ctx, t, now, lease.Account, events, counts); err != nil {
				return err
			}
			return counts.apply(ctx, t, lease.Account, slotDispatch)
		})
		lost += n
		if err != nil || n < chunk {
			return lost, err
		}
	}
}
