package store

import (
	"context"
	"errors"
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
			 UNION SELECT account_id, sender_id FROM intent
			 UNION SELECT c.account_id, a.sender_id FROM (SELECT account_id, campaign_id FROM campaign_count WHERE state = 'sending'
			   GROUP BY account_id, campaign_id HAVING SUM(n) > 0) k
			 JOIN contact c ON c.account_id = k.account_id AND c.campaign_id = k.campaign_id AND c.state = 'sending' AND c.deleted_at = 0
			 JOIN attempt a ON a.account_id = c.account_id AND a.id = c.attempt_id AND a.sender_id <> 0 ORDER BY 1, 2`)
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
			WHERE account_id = $1 AND sender_id = $2 AND state = 'running' AND channel = 'whatsapp' ORDER BY id`, account, sender)
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
			version, attempts, forgiven, attempt_id, scheduled_for, due_at, user_id FROM contact
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
		&c.Version, &c.Attempts, &c.Forgiven, &c.Attempt, &scheduled, &due, &c.UserID); err != nil {
		return c, err
	}
	c.ScheduledFor, c.DueAt = moment(scheduled), moment(due)
	var err error
	c.Fields, err = arauto.StoredFields(fields)
	return c, err
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
			counts := changes{}
			flights, err := all(ctx, t, scanFlight, `SELECT `+flightColumns+` FROM intent i WHERE i.account_id = $1 AND i.sender_id = $2 LIMIT $3`, lease.Account, sender, chunk)
			if err != nil {
				return err
			}
			if err := s.land(ctx, t, now, lease.Account, flights, counts); err != nil {
				return err
			}
			open, err := all(ctx, t, scanInt, `SELECT a.id FROM campaign p JOIN contact c
				ON c.account_id = p.account_id AND c.campaign_id = p.id AND c.state = 'sending' AND c.deleted_at = 0
				JOIN attempt a ON a.account_id = c.account_id AND a.id = c.attempt_id
				WHERE p.account_id = $1 AND a.sender_id = $2 ORDER BY a.id LIMIT $3`, lease.Account, sender, chunk)
			if err != nil {
				return err
			}
			events := make([]attemptEvent, len(open))
			for i, id := range open {
				events[i] = attemptEvent{attempt: id, event: arauto.Event{Kind: arauto.EventLost, At: now, Reason: arauto.ReasonInterrupted}}
			}
			n = max(len(open), len(flights))
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
