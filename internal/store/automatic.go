package store

import (
	"context"
	"time"

	"arauto"
)

// SayByItself queues what an account's queues say by themselves: that they are closed, to who waits in one that is,
// and that it takes a while, to who has waited long enough. Each is said once a conversation, to nobody who asked not
// to be contacted. It returns how many conversations were looked at, up to limit.
func (s *Store) SayByItself(ctx context.Context, now time.Time, account int64, limit int) (n int, err error) {
	type due struct {
		conversation int64
		column, text string
	}
	var list []due
	err = s.db.read(ctx, func(q querier) error {
		talkative, err := all(ctx, q, scanQueue, `SELECT `+queueColumns+` FROM queue WHERE account_id = $1 AND (away_text <> '' OR wait_text <> '')`, account)
		if err != nil || len(talkative) == 0 {
			return err
		}
		clock, err := s.openness(ctx, q, account)
		if err != nil {
			return err
		}
		for _, v := range talkative {
			column, text, condition, before := "", "", "", now
			switch open := clock.open(v.ID, now); {
			case !open && v.AwayText != "":
				column, text, condition = "away_at", v.AwayText, `away_at = 0 AND queued_at <= $3`
			case open && v.WaitText != "":
				column, text, condition, before = "wait_at", v.WaitText, `wait_at = 0 AND queued_at <= $3`, now.Add(-v.WaitAfter)
			default:
				continue
			}
			ids, err := all(ctx, q, scanInt, `SELECT id FROM conversation WHERE account_id = $1 AND queue_id = $2 AND state = 'queued' AND `+condition+` LIMIT $4`, account, v.ID, ms(before), limit)
			if err != nil {
				return err
			}
			for _, id := range ids {
				list = append(list, due{id, column, text})
			}
		}
		return nil
	})
	if err != nil {
		return 0, doing("look for automatic replies", err)
	}
	for _, v := range list {
		err := s.db.write(ctx, func(t querier) error {
			first, err := t.exec(ctx, `UPDATE conversation SET `+v.column+` = $3 WHERE account_id = $1 AND id = $2 AND state = 'queued' AND `+v.column+` = 0`, account, v.conversation, ms(now))
			if err != nil || first == 0 {
				return err
			}
			_, err = s.say(ctx, t, now, arauto.Outgoing{Account: account, Conversation: v.conversation, Text: v.text}, true)
			switch arauto.KindOf(err) {
			case arauto.KindConflict, arauto.KindInvalid:
				return nil // it may not be said: then nothing is
			}
			return err
		})
		if err != nil {
			return n, doing("say something by itself", err)
		}
		n++
	}
	return n, nil
}
