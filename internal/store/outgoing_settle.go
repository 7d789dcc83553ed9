package store

import (
	"context"
	"time"

	"arauto"
)

// RecordOutgoing keeps what became of a message that was posted: accepted, deferred, refused or lost. What facts said
// meanwhile stays.
func (s *Store) RecordOutgoing(ctx context.Context, account, id int64, e arauto.Event, receipt arauto.Receipt) (o arauto.Outgoing, err error) {
	err = s.db.write(ctx, func(t querier) error {
		o, err = s.settleOutgoing(ctx, t, account, id, e, receipt.ProviderID)
		return err
	})
	return o, doing("keep what became of a message", err)
}

func (s *Store) settleOutgoing(ctx context.Context, t querier, account, id int64, e arauto.Event, providerID string) (arauto.Outgoing, error) {
	list, err := s.outgoings(ctx, t, account, "id", []int64{id}, true)
	if err == nil && len(list) == 0 {
		err = missing(errNoRow, "message", id)
	}
	if err != nil {
		return arauto.Outgoing{}, err
	}
	was := list[0]
	o, err := was.Apply(e)
	if err != nil {
		if arauto.KindOf(err) == arauto.KindConflict {
			return was, nil // a fact was faster, and knows better
		}
		return was, err
	}
	if o.ProviderID == "" {
		o.ProviderID = providerID
	}
	return o, s.saveOutgoing(ctx, t, o)
}

// LoseOutgoing counts messages of an account whose answer was never recorded as lost: whoever posted them is gone. It
// returns how many.
func (s *Store) LoseOutgoing(ctx context.Context, now time.Time, account int64, limit int) (n int, err error) {
	lost, err := readAll(ctx, s, scanInt, `SELECT id FROM outgoing WHERE account_id = $1 AND state = 'open' AND posted_at <= $2 ORDER BY posted_at, id LIMIT $3`,
		account, ms(now.Add(-arauto.OutgoingAnswer)), limit)
	if err != nil || len(lost) == 0 {
		return 0, doing("look for messages without an answer", err)
	}
	err = s.db.write(ctx, func(t querier) error {
		for _, id := range lost {
			if _, err := s.settleOutgoing(ctx, t, account, id, arauto.Event{Kind: arauto.EventLost, At: moment(ms(now)), Reason: arauto.ReasonInterrupted}, ""); err != nil {
				return err
			}
		}
		return nil
	})
	return len(lost), doing("give messages up as lost", err)
}

// sayings applies statuses of messages that are no attempt's: those of conversations. It returns which facts were
// theirs. Only messages of the app's own senders count.
func (f *applying) sayings(ctx context.Context, t querier, facts []arauto.Fact, attempts map[int]int64) (map[int]bool, error) {
	byRef, byKey := map[int64][]int{}, map[int64][]int{}
	for i, fact := range facts {
		if fact.Kind != arauto.FactStatus || attempts[i] != 0 || !f.belongs(fact) {
			continue
		}
		if epoch, id, ok := arauto.ParseOutgoingRef(fact.Status.Ref); ok && epoch == f.store.epoch {
			byRef[id] = append(byRef[id], i)
		} else if fact.Status.ProviderID != "" {
			key := providerKey(fact.Status.ProviderID)
			byKey[key] = append(byKey[key], i)
		}
	}
	taken := map[int]bool{}
	for _, by := range []struct {
		column string
		facts  map[int64][]int
	}{{"id", byRef}, {"provider_key", byKey}} {
		if len(by.facts) == 0 {
			continue
		}
		list, err := f.store.outgoings(ctx, t, f.account.ID, by.column, keysOf(by.facts), false)
		if err != nil {
			return nil, err
		}
		for _, o := range list {
			key := o.ID
			if by.column != "id" {
				key = providerKey(o.ProviderID)
			}
			for _, i := range by.facts[key] {
				status := facts[i].Status
				if !f.senders[o.Sender] || by.column != "id" && status.ProviderID != o.ProviderID {
					continue
				}
				taken[i] = true
				if status.Event == "" {
					f.done[i].Note = "a status that is not acted on"
					continue
				}
				if _, err := f.store.settleOutgoing(ctx, t, f.account.ID, o.ID, statusEvent(facts[i]), status.ProviderID); err != nil {
					return nil, err
				}
			}
		}
	}
	return taken, nil
}
