package store

import (
	"context"
	"time"

	"arauto"
)

// MoveDials applies what happened to contacts that are dialled, in order, and answers for each: the contact after
// it, or why its status does not allow it. Several may be about one contact: an outcome and the redial after it.
func (s *Store) MoveDials(ctx context.Context, now time.Time, account int64, list []arauto.DialMove) ([]arauto.DialMoved, error) {
	var moved []arauto.DialMoved
	err := s.db.write(ctx, func(t querier) error {
		moved = make([]arauto.DialMoved, len(list))
		ids := map[int64]bool{}
		for _, m := range list {
			ids[m.Contact] = true
		}
		was, err := s.contactsByID(ctx, t, account, keysOf(ids))
		if err != nil {
			return err
		}
		is := make(map[int64]arauto.Contact, len(was))
		for i, m := range list {
			c, there := is[m.Contact]
			if !there {
				c, there = was[m.Contact]
			}
			if !there || !c.DeletedAt.IsZero() {
				moved[i].Err = arauto.Errorf(arauto.KindNotFound, "contact_id", "there is no contact %d to dial in this account", m.Contact)
				continue
			}
			if c, moved[i].Err = c.Dialed(m.Fact); moved[i].Err == nil {
				is[m.Contact] = c
			}
			moved[i].Contact = c
		}
		return s.saveMoves(ctx, t, now, account, was, is, moved)
	})
	return moved, doing("move contacts that are dialled", err)
}

// saveMoves writes contacts that this transaction holds, and tells their versions.
func (s *Store) saveMoves(ctx context.Context, t querier, now time.Time, account int64, was, is map[int64]arauto.Contact, moved []arauto.DialMoved) error {
	var changed []contactChange
	for _, id := range keysOf(is) {
		if contactMoved(was[id], is[id]) {
			changed = append(changed, contactChange{old: was[id], new: is[id]})
		}
	}
	written, err := s.saveContacts(ctx, t, now, changed)
	if err != nil {
		return err
	}
	counts := changes{}
	for i, w := range written {
		if w == 1 {
			counts.moved(changed[i].old.Campaign, changed[i].old.State, changed[i].new.State)
			is[changed[i].new.ID] = changed[i].new
		}
	}
	for i := range moved {
		if after, ok := is[moved[i].Contact.ID]; ok && moved[i].Err == nil {
			moved[i].Contact.Version, moved[i].Contact.UpdatedAt = after.Version, after.UpdatedAt
		}
	}
	return counts.apply(ctx, t, account, slotFacts)
}
