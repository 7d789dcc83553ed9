package store

import (
	"context"
	"strings"
	"time"

	"arauto"
)

const attachmentColumns = `account_id, id, uuid, conversation_id, message_id, sender_id, source, address, kind, name, said_type, type, size, sha256, blob, state, detail, tries,
	due_at, created_at, fetched_at`

func scanAttachment(r rows) (arauto.Attachment, error) {
	var a arauto.Attachment
	var due, created, fetched int64
	err := r.Scan(&a.Account, &a.ID, &a.UUID, &a.Conversation, &a.Message, &a.Sender, &a.Source, &a.Address, &a.Kind, &a.Name, &a.SaidType, &a.Type, &a.Size, &a.SHA256, &a.Blob,
		&a.State, &a.Detail, &a.Tries, &due, &created, &fetched)
	a.DueAt, a.CreatedAt, a.FetchedAt = moment(due), moment(created), moment(fetched)
	return a, err
}

// attach stores a new attachment: one that waits to be fetched, or, with a blob, one that is here.
func (s *Store) attach(ctx context.Context, t querier, now time.Time, a arauto.Attachment) (arauto.Attachment, error) {
	id, err := nextIDs(ctx, t, a.Account, "attachment", 1)
	if err != nil {
		return a, err
	}
	if a.UUID == "" {
		a.UUID = newUUID()
	}
	a.ID, a.CreatedAt, a.DueAt, a.State = id, moment(ms(now)), moment(ms(now)), arauto.AttachmentWaiting
	if a.Blob != "" {
		a.State, a.FetchedAt = arauto.AttachmentHere, a.CreatedAt
	}
	_, err = t.exec(ctx, `INSERT INTO attachment (`+attachmentColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`,
		a.Account, a.ID, a.UUID, a.Conversation, a.Message, a.Sender, a.Source, a.Address, a.Kind, a.Name, a.SaidType, a.Type, a.Size, a.SHA256, a.Blob,
		a.State, a.Detail, int64(a.Tries), ms(a.DueAt), ms(a.CreatedAt), ms(a.FetchedAt))
	return a, err
}

// Attach stores a file that somebody uploaded for a conversation; its bytes are in its blob.
func (s *Store) Attach(ctx context.Context, actor arauto.Actor, now time.Time, a arauto.Attachment) (arauto.Attachment, error) {
	err := s.db.write(ctx, func(t querier) (err error) {
		if a, err = s.attach(ctx, t, now, a); err != nil {
			return err
		}
		actor.Account = a.Account
		return s.audit(ctx, t, now, actor, "attachment.upload", subject("attachment", a.ID), jsonOf(map[string]any{"conversation": a.Conversation, "type": a.Type, "size": a.Size}))
	})
	return a, doing("attach a file", err)
}

// Attachment is the one with that UUID.
func (s *Store) Attachment(ctx context.Context, account int64, uuid string) (arauto.Attachment, error) {
	a, err := readOne(ctx, s, scanAttachment, `SELECT `+attachmentColumns+` FROM attachment WHERE account_id = $1 AND uuid = $2`, account, uuid)
	return a, missing(err, "attachment", uuid)
}

// AttachmentsOf reads those attachments, by id.
func (s *Store) AttachmentsOf(ctx context.Context, account int64, ids []int64) (map[int64]arauto.Attachment, error) {
	found := map[int64]arauto.Attachment{}
	if len(ids) == 0 {
		return found, nil
	}
	list, err := readAll(ctx, s, scanAttachment, `SELECT `+attachmentColumns+` FROM attachment WHERE `+s.db.keyed("id", "$1", "$2"), account, s.db.list(ids))
	for _, a := range list {
		found[a.ID] = a
	}
	return found, doing("read attachments", err)
}

// FilesOfPerson lists the files of a person's conversations behind after, in the order of their ids: what they sent and
// were sent, and what the ads showed that brought them. key is as arauto.Person has it.
func (s *Store) FilesOfPerson(ctx context.Context, account int64, key string, after int64, limit int) (list []arauto.PersonFile, err error) {
	err = s.db.read(ctx, func(q querier) error {
		keys, err := s.keysFor(ctx, q, account, []string{key})
		if err != nil {
			return err
		}
		list, err = all(ctx, q, scanPersonFile, `SELECT `+attachmentColumnsOfA+`, v.uuid, COALESCE(m.at, k.at, 0) FROM conversation v
			JOIN attachment a ON a.account_id = v.account_id AND a.conversation_id = v.id
			LEFT JOIN message m ON m.account_id = a.account_id AND m.id = a.message_id
			LEFT JOIN click k ON k.account_id = a.account_id AND k.conversation_id = a.conversation_id AND k.attachment_id = a.id
			WHERE v.account_id = $1 AND `+s.db.in("v.person_key", "$2")+` AND a.id > $3 ORDER BY a.id LIMIT $4`, account, s.db.list(keys), after, limit)
		return err
	})
	return list, doing("list a person's files", err)
}

// attachmentColumnsOfA are attachmentColumns where other tables are joined.
var attachmentColumnsOfA = "a." + strings.ReplaceAll(strings.Join(strings.Fields(attachmentColumns), " "), ", ", ", a.")

func scanPersonFile(r rows) (f arauto.PersonFile, err error) {
	var at int64
	if f.Attachment, err = scanAttachment(longer{r, []any{&f.Talk, &at}}); err != nil {
		return f, err
	}
	if f.At, f.Direction = moment(at), f.Attachment.Direction(); at == 0 {
		f.At = f.CreatedAt
	}
	return f, nil
}

// longer has columns behind those that are scanned.
type longer struct {
	rows
	behind []any
}

func (l longer) Scan(into ...any) error { return l.rows.Scan(append(into, l.behind...)...) }

// fetchFor is how long a file is somebody's to fetch: longer than any fetch may take.
const fetchFor = 5 * time.Minute

// TakeAttachments hands out files of an account that are to be fetched now, up to limit. Each is somebody's alone for
// a few minutes; who did not report by then has it taken by another.
func (s *Store) TakeAttachments(ctx context.Context, now time.Time, account int64, limit int) (list []arauto.Attachment, err error) {
	due, err := readAll(ctx, s, scanAttachment, `SELECT `+attachmentColumns+` FROM attachment WHERE account_id = $1 AND state = 'waiting' AND due_at <= $2 ORDER BY due_at, id LIMIT $3`, account, ms(now), limit)
	if err != nil || len(due) == 0 {
		return nil, doing("look for files to fetch", err)
	}
	args := make([][]any, len(due))
	for i, a := range due {
		args[i] = []any{account, a.ID, ms(a.DueAt), ms(now.Add(fetchFor)), int64(a.Tries)}
	}
	err = s.db.write(ctx, func(t querier) error {
		list = nil
		taken, err := t.each(ctx, `UPDATE attachment SET due_at = $4, tries = tries + 1 WHERE account_id = $1 AND id = $2 AND due_at = $3 AND tries = $5 AND state = 'waiting'`, args)
		for i, n := range taken {
			if n == 1 {
				due[i].Tries++
				list = append(list, due[i])
			}
		}
		return err
	})
	return list, doing("take files to fetch", err)
}

// Fetched keeps what became of fetching a file: a's state, type, size, hash, blob and detail, and when it is asked for
// again. A file that is here, or was given up, stays as it is: false is returned then.
func (s *Store) Fetched(ctx context.Context, a arauto.Attachment) (kept bool, err error) {
	err = s.db.write(ctx, func(t querier) error {
		n, err := t.exec(ctx, `UPDATE attachment SET state = $3, type = $4, size = $5, sha256 = $6, blob = $7, detail = $8, due_at = $9, fetched_at = $10
			WHERE account_id = $1 AND id = $2 AND state = 'waiting'`, a.Account, a.ID, a.State, a.Type, a.Size, a.SHA256, a.Blob, a.Detail, ms(a.DueAt), ms(a.FetchedAt))
		if kept = n == 1; err != nil || !kept || a.State == arauto.AttachmentWaiting {
			return err
		}
		_, err = t.exec(ctx, `UPDATE agent SET work = work + 1 WHERE account_id = $1 AND id = (SELECT c.agent_id FROM conversation c WHERE c.account_id = $1 AND c.id = $2 AND c.state IN ('assigned', 'snoozed'))`,
			a.Account, a.Conversation)
		return err
	})
	return kept, doing("keep a file", err)
}
