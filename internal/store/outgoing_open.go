package store

import (
	"context"
	"errors"
	"time"

	"arauto"
)

// OpenOutgoing makes durable that up to limit of an account's messages that are due leave now, and returns what is to
// be posted. Whatever it returned is never returned again unless it was certainly refused. One conversation's
// messages go one after the other, each sender's within its rate, and those of paused senders wait. What may not be
// sent any more fails. again is when more may leave of a sender whose rate is used up; zero where none is.
func (s *Store) OpenOutgoing(ctx context.Context, now time.Time, account int64, limit int) (list []arauto.Posting, again time.Time, err error) {
	senders, err := readAll(ctx, s, s.scanSender, selectSender+` WHERE account_id = $1 AND EXISTS (SELECT 1 FROM outgoing o
		WHERE o.account_id = sender.account_id AND o.sender_id = sender.id AND o.state = 'queued' AND o.due_at <= $2) ORDER BY id`, account, ms(now))
	if err != nil {
		return nil, again, doing("look for messages to send", err)
	}
	for _, sender := range senders {
		if len(list) >= limit {
			break
		}
		opened, wait, err := s.openOf(ctx, now, sender, limit-len(list))
		list = append(list, opened...)
		if err != nil {
			return list, again, doing("open messages to send", err)
		}
		if !wait.IsZero() && (again.IsZero() || wait.Before(again)) {
			again = wait
		}
	}
	return list, again, nil
}

// openOf opens up to limit messages of one sender.
func (s *Store) openOf(ctx context.Context, now time.Time, sender arauto.Sender, limit int) (list []arauto.Posting, again time.Time, err error) {
	var seen arauto.ReplyPace
	err = s.db.read(ctx, func(q querier) error {
		seen, err = s.replyPace(ctx, q, sender.Account, sender.ID, "")
		return err
	})
	if err != nil {
		return nil, again, err
	}
	limit = min(limit, seen.Room(now, sender.Rate))
	if limit == 0 {
		return nil, seen.Again(sender.Rate), nil
	}
	due, err := readAll(ctx, s, scanInt, `SELECT o.id FROM outgoing o WHERE o.account_id = $1 AND o.sender_id = $2 AND o.state = 'queued' AND o.due_at <= $3 AND NOT EXISTS (SELECT 1 FROM outgoing e
		WHERE e.account_id = o.account_id AND e.conversation_id = o.conversation_id AND e.id < o.id AND e.state IN ('queued', 'open')) ORDER BY o.due_at, o.id LIMIT $4`,
		sender.Account, sender.ID, ms(now), limit)
	if err != nil || len(due) == 0 {
		return nil, again, err
	}
	err = s.db.write(ctx, func(t querier) error {
		list = nil
		sender, err := s.sender(ctx, t, sender.Account, sender.ID) // it may have been paused since it was listed
		if err != nil {
			return err
		}
		pace, err := s.replyPace(ctx, t, sender.Account, sender.ID, s.db.lock())
		if err != nil {
			return err
		}
		if list, err = s.openOutgoing(ctx, t, now, sender, due[:min(len(due), pace.Room(now, sender.Rate))]); err != nil {
			return err
		}
		return s.countReplies(ctx, t, now, sender, pace, list)
	})
	return list, again, err
}

func (s *Store) openOutgoing(ctx context.Context, t querier, now time.Time, sender arauto.Sender, due []int64) (list []arauto.Posting, err error) {
	waiting, err := s.outgoings(ctx, t, sender.Account, "id", due, true)
	if err != nil {
		return nil, err
	}
	for _, o := range waiting {
		if o.State != arauto.OutgoingQueued {
			continue // another node was faster
		}
		event := arauto.Event{Kind: arauto.EventIntended, At: moment(ms(now))}
		p, refused := arauto.Posting{Sender: sender}, error(nil)
		switch {
		case o.Epoch != s.epoch:
			// It waited when the backup was taken: whether it was sent after that nobody knows here.
			event.Kind, event.Reason, event.Detail = arauto.EventRefused, arauto.ReasonRestored, "it may have been sent after the backup was taken"
		case !now.Before(o.DeadlineAt):
			event.Kind, event.Reason, event.Detail = arauto.EventRefused, arauto.ReasonExpired, firstOf(o.Detail, string(o.Reason))
		case sender.Pause != "":
			if _, err := t.exec(ctx, `UPDATE outgoing SET due_at = $3 WHERE account_id = $1 AND id = $2`, sender.Account, o.ID, ms(now.Add(pausedWait))); err != nil {
				return nil, err
			}
			continue
		default:
			if p.Message, p.File, refused, err = s.wording(ctx, t, now, o); err != nil {
				return nil, err
			}
			if refused != nil {
				event.Kind, event.Reason, event.Detail = arauto.EventRefused, arauto.ReasonRefused, refused.Error()
			}
		}
		if p.Outgoing, err = o.Apply(event); err != nil {
			return nil, err
		}
		if err := s.saveOutgoing(ctx, t, p.Outgoing); err != nil {
			return nil, err
		}
		if p.Outgoing.State == arauto.OutgoingOpen {
			list = append(list, p)
		}
	}
	return list, nil
}

// pausedWait is after how long a paused sender is looked at again.
const pausedWait = 5 * time.Second

// wording is the message that o is, as things stand now; refused says why it is none any more.
func (s *Store) wording(ctx context.Context, t querier, now time.Time, o arauto.Outgoing) (m arauto.Message, file *arauto.Attachment, refused, err error) {
	c, err := one(ctx, t, scanConversation, `SELECT `+conversationColumns+` FROM conversation WHERE account_id = $1 AND id = $2`, o.Account, o.Conversation)
	if err != nil {
		return m, nil, nil, err
	}
	if o.Template != 0 {
		o.Text = "" // the row shows the template's name
	}
	saying, err := s.saying(ctx, t, c, o)
	if err != nil {
		if arauto.KindOf(err) == arauto.KindNotFound {
			return m, nil, err, nil
		}
		return m, nil, nil, err
	}
	// What was said before the conversation was closed still goes out.
	if c.State == arauto.ConversationClosed {
		saying.Conversation.State = arauto.ConversationAssigned
	}
	saying.Automatic = o.Agent == 0 && o.Author == ""
	if refused = saying.Check(now); refused != nil {
		return m, nil, refused, nil
	}
	to, err := s.addressee(ctx, t, c)
	if err != nil {
		return m, nil, nil, err
	}
	if saying.Template != nil {
		if m, refused = saying.Template.Render(o.Parameters, arauto.Contact{}); refused != nil {
			return m, nil, refused, nil
		}
	} else {
		m.Text = o.Text
	}
	if saying.Attachment != nil {
		file = saying.Attachment
		m.Media = arauto.MediaOut{Kind: file.Kind, Name: file.Name}
	}
	m.To, m.Recipient, m.Ref, m.Context = to.phone, to.userID, o.Ref(), o.Context
	if m.To == "" && (m.Recipient == "" || saying.Template != nil && saying.Template.NeedsPhone()) {
		return m, nil, arauto.Errorf(arauto.KindConflict, "", "nobody knows a number of this person"), nil
	}
	return m, file, nil, nil
}

type addressee struct {
	phone  arauto.Phone
	userID string
}

// addressee is where a person is written to: the number they write from, else the one that was dialled, else their id
// at Meta.
func (s *Store) addressee(ctx context.Context, t querier, c arauto.Conversation) (to addressee, err error) {
	aliases, err := all(ctx, t, scanTexts, `SELECT kind, value FROM person_alias WHERE account_id = $1 AND person_id = $2 AND successor = '' ORDER BY kind, value`, c.Account, c.Person)
	if err != nil {
		return to, err
	}
	for _, a := range aliases {
		switch arauto.AliasKind(a[0]) {
		case arauto.AliasWAID:
			if p := arauto.PhoneOfWAID(a[1]); p != "" && (to.phone == "" || p.PersonKey() == c.PersonKey) {
				to.phone = p
			}
		case arauto.AliasUserID:
			to.userID = a[1]
		}
	}
	if to.phone == "" && c.Contact != 0 {
		phone, err := one(ctx, t, scanText, `SELECT phone FROM contact WHERE account_id = $1 AND id = $2`, c.Account, c.Contact)
		if err != nil && !errors.Is(err, errNoRow) {
			return to, err
		}
		to.phone = arauto.Phone(phone)
	}
	if to.phone == "" {
		to.phone = phoneOfKey(c.PersonKey)
	}
	if to.phone != "" {
		to.userID = ""
	}
	return to, nil
}
