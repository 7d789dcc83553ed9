package store

import (
	"context"
	"time"

	"arauto"
)

// SweepMessages empties the texts of an account's messages that were written before that moment, among the next
// limit behind after; their rows stay, which reports count. It returns where it got to, and whether messages
// from there on are younger. Ids ascend with time but for messages that came late, which go a sweep later.
func (s *Store) SweepMessages(ctx context.Context, account int64, before time.Time, after int64, limit int) (next int64, end bool, err error) {
	type message struct{ id, at, texts int64 }
	err = s.db.write(ctx, func(t querier) error {
		list, err := all(ctx, t, func(r rows) (m message, err error) { return m, r.Scan(&m.id, &m.at, &m.texts) },
			`SELECT id, at, CASE WHEN body = '' AND action = '' THEN 0 ELSE 1 END FROM message WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3`, account, after, limit)
		if err != nil {
			return err
		}
		next, end = after, len(list) < limit
		var rows [][]any
		for _, m := range list {
			if m.at >= ms(before) {
				end = true
				break
			}
			if next = m.id; m.texts == 1 {
				rows = append(rows, []any{account, m.id})
			}
		}
		_, err = t.each(ctx, `UPDATE message SET body = '', action = '' WHERE account_id = $1 AND id = $2`, rows)
		return err
	})
	return next, end, doing("forget old messages", err)
}

// PastAttachments gives up to limit files of an account's conversations up that came before that moment, the oldest first:
// nobody is shown them any more. Their bytes are the caller's to remove, who then calls ForgetAttachments; one who died in
// between is given them again. The pictures of ads stay: they are the advertiser's.
func (s *Store) PastAttachments(ctx context.Context, account int64, before time.Time, limit int) (list []arauto.Attachment, err error) {
	err = s.db.write(ctx, func(t querier) error {
		list, err = all(ctx, t, scanAttachment, `SELECT `+attachmentColumns+` FROM attachment WHERE account_id = $1 AND created_at < $2 AND blob <> '' AND source <> 'link'
			ORDER BY created_at, id LIMIT $3`, account, ms(before), limit)
		if err != nil {
			return err
		}
		rows := make([][]any, len(list))
		for i, a := range list {
			rows[i] = []any{account, a.ID, a.State.Apply(arauto.AttachmentForget), "it was kept for as long as the account's rules say"}
		}
		_, err = s.eachOf(ctx, t, `UPDATE attachment SET state = $3, detail = $4 WHERE account_id = $1 AND id = $2`, rows)
		return err
	})
	return list, doing("give old files up", err)
}

// ForgetAttachments forgets what those files were called and where they were: their bytes are gone.
func (s *Store) ForgetAttachments(ctx context.Context, account int64, ids []int64) error {
	err := s.db.write(ctx, func(t querier) error {
		_, err := t.exec(ctx, `UPDATE attachment SET blob = '', name = '', address = '', sha256 = '' WHERE `+s.db.keyed("id", "$1", "$2"), account, s.db.list(ids))
		return err
	})
	return doing("forget old files", err)
}
