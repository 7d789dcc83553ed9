package store

import (
	"context"
	"errors"
	"time"

	"arauto"
)

// Replies is how many messages of conversations have ever left by a sender: its campaigns give way to them.
func (s *Store) Replies(ctx context.Context, account, sender int64) (n int64, err error) {
	err = s.db.read(ctx, func(q querier) error {
		pace, err := s.replyPace(ctx, q, account, sender, "")
		n = pace.N
		return err
	})
	return n, doing("count replies", err)
}

func (s *Store) replyPace(ctx context.Context, q querier, account, sender int64, lock string) (arauto.ReplyPace, error) {
	p, err := one(ctx, q, func(r rows) (p arauto.ReplyPace, err error) {
		var clearAt int64
		err = r.Scan(&p.N, &clearAt)
		p.ClearAt = time.UnixMicro(clearAt).UTC()
		return p, err
	}, `SELECT n, clear_at FROM sender_reply WHERE account_id = $1 AND sender_id = $2`+lock, account, sender)
	if errors.Is(err, errNoRow) {
		err = nil
	}
	return p, err
}

// countReplies keeps that those messages left, which the sender's rate and what Meta allows of it include.
func (s *Store) countReplies(ctx context.Context, t querier, now time.Time, sender arauto.Sender, p arauto.ReplyPace, list []arauto.Posting) error {
	if len(list) == 0 {
		return nil
	}
	// Rounded up, so that rounding never lets one through early.
	clearAt := p.Sent(now, sender.Rate, len(list)).ClearAt.Add(time.Microsecond - 1).UnixMicro()
	_, err := t.exec(ctx, `INSERT INTO sender_reply (account_id, sender_id, n, clear_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account_id, sender_id) DO UPDATE SET n = sender_reply.n + excluded.n, clear_at = excluded.clear_at`,
		sender.Account, sender.ID, int64(len(list)), clearAt)
	if err != nil {
		return err
	}
	return s.countTemplates(ctx, t, now, sender, list)
}

// countTemplates counts those who are written to with a template among the people whom the portfolio reached and the
// number's day: within 24 hours of what a person wrote, anything else is free of both. Whoever talks to somebody is not
// kept from it, so campaigns have what is left.
func (s *Store) countTemplates(ctx context.Context, t querier, now time.Time, sender arauto.Sender, list []arauto.Posting) error {
	var talks []int64
	for _, p := range list {
		if p.Outgoing.Template != 0 {
			talks = append(talks, p.Outgoing.Conversation)
		}
	}
	if len(talks) == 0 {
		return nil
	}
	keys, err := all(ctx, t, scanText, `SELECT person_key FROM conversation WHERE `+s.db.keyed("id", "$1", "$2"), sender.Account, s.db.list(talks))
	if err != nil {
		return err
	}
	of := s.db.lock()
	if of != "" {
		of += " OF s" // the number's day is counted by one after the other
	}
	portfolio, err := one(ctx, t, scanPair, `SELECT w.portfolio_id, COALESCE((SELECT p.people_limit FROM portfolio p WHERE p.account_id = w.account_id AND p.id = w.portfolio_id), 0)
		FROM sender s JOIN waba w ON w.account_id = s.account_id AND w.id = s.waba_id WHERE s.account_id = $1 AND s.id = $2`+of, sender.Account, sender.ID)
	if err != nil {
		return missing(err, "sender", sender.ID)
	}
	ramp, err := s.loadRamp(ctx, t, now, sender.Account, sender.ID, sender.RampUp)
	if err != nil {
		return err
	}
	reach, err := s.loadReach(ctx, t, now, sender.Account, portfolio[0], int(portfolio[1]), keys)
	if err != nil {
		return err
	}
	ramp.add(len(talks))
	for _, key := range keys {
		reach.touch(key)
	}
	if err := s.addReach(ctx, t, reach); err != nil {
		return err
	}
	return s.addRamp(ctx, t, ramp)
}
