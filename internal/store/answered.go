package store

import (
	"context"
	"time"

	"arauto"
)

// answered finds the contact that each message belongs to: the one whose message it names, else the one whose ref came
// back in a button, else the last one of that person that this sender wrote to within its campaign's reply window.
func (f *applying) answered(ctx context.Context, t querier, list []arrived) error {
	named, err := f.namedBy(ctx, t, list)
	if err != nil {
		return err
	}
	var ids []int64
	for _, contacts := range named {
		ids = append(ids, contacts...)
	}
	contacts, err := f.contacts(ctx, t, ids)
	if err != nil {
		return err
	}
	var rest []string
	for i := range list {
		m := &list[i]
		for _, id := range named[m.at] {
			if c, ok := contacts[id]; ok && !m.matched {
				m.contact, m.matched = c, true
			}
		}
		if !m.matched {
			rest = append(rest, m.person.key)
		}
	}
	return f.lastWrittenTo(ctx, t, list, rest)
}

// contacts are locked for this transaction.
func (f *applying) contacts(ctx context.Context, t querier, ids []int64) (map[int64]arauto.Contact, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return f.store.contactsByID(ctx, t, f.account.ID, ids)
}

// namedBy is the contacts whose attempt a message names, by the message's place.
func (f *applying) namedBy(ctx context.Context, t querier, list []arrived) (map[int][]int64, error) {
	named := map[int][]int64{}
	byName, err := f.byContext(ctx, t, list)
	if err != nil {
		return nil, err
	}
	byRef := map[int64][]int{}
	for _, m := range list {
		for _, a := range byName[m.fact.Reply.Context] {
			named[m.at] = append(named[m.at], a.contact)
		}
		if epoch, id, ok := arauto.ParseAttemptRef(m.fact.Reply.Ref); ok && len(named[m.at]) == 0 && epoch == f.store.epoch {
			byRef[id] = append(byRef[id], m.at)
		}
	}
	found, err := f.lookUp(ctx, t, keysOf(byRef))
	for _, a := range found {
		for _, at := range byRef[a.id] {
			named[at] = append(named[at], a.contact)
		}
	}
	return named, err
}

// byContext is the attempts whose messages those messages name, by their provider's id.
func (f *applying) byContext(ctx context.Context, t querier, list []arrived) (map[string][]foundAttempt, error) {
	var contexts []string
	for _, m := range list {
		if m.fact.Reply.Context != "" {
			contexts = append(contexts, m.fact.Reply.Context)
		}
	}
	found, err := f.named(ctx, t, contexts...)
	by := make(map[string][]foundAttempt, len(found))
	for _, a := range found {
		by[a.providerID] = append(by[a.providerID], a)
	}
	return by, err
}

// writtenTo is a contact that was written to, as far as is known.
type writtenTo struct {
	key                        string
	contact, at, sender, reply int64
}

func scanWrittenTo(r rows) (w writtenTo, err error) {
	return w, r.Scan(&w.key, &w.contact, &w.at, &w.sender, &w.reply)
}

// lastWrittenTo matches the messages of those people. A message whose answer was lost counts as written: its reply may
// come before any status does.
func (f *applying) lastWrittenTo(ctx context.Context, t querier, list []arrived, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	found, err := all(ctx, t, scanWrittenTo, `SELECT c.person_key, c.id, COALESCE(a.intended_at, c.sent_at), p.sender_id, p.reply_window_ms
		FROM (SELECT account_id, id, person_key, campaign_id, attempt_id, state, sent_at FROM contact WHERE `+f.store.db.keyed("person_key", "$1", "$2")+` AND deleted_at = 0) c
		JOIN campaign p ON p.account_id = c.account_id AND p.id = c.campaign_id
		LEFT JOIN attempt a ON a.account_id = c.account_id AND a.id = c.attempt_id AND c.state IN ('sending', 'unknown')`, f.account.ID, f.store.db.list(keys))
	if err != nil || len(found) == 0 {
		return err
	}
	byKey := map[string][]writtenTo{}
	for _, w := range found {
		byKey[w.key] = append(byKey[w.key], w)
	}
	best := map[int]int64{}
	var ids []int64
	for _, m := range list {
		if m.matched {
			continue
		}
		if id := latest(byKey[m.person.key], m.sender, m.fact.At); id != 0 {
			best[m.at], ids = id, append(ids, id)
		}
	}
	contacts, err := f.contacts(ctx, t, ids)
	for i := range list {
		if c, ok := contacts[best[list[i].at]]; ok {
			list[i].contact, list[i].matched = c, true
		}
	}
	return err
}

// latest is the contact that sender wrote to last, as of at and within its campaign's reply window; 0 = none.
func latest(list []writtenTo, sender int64, at time.Time) int64 {
	var best writtenTo
	for _, w := range list {
		if w.sender != sender || w.at <= 0 || w.at > ms(at.Add(time.Minute)) || w.at < ms(at)-w.reply {
			continue
		}
		if w.at > best.at || w.at == best.at && w.contact > best.contact {
			best = w
		}
	}
	return best.contact
}
