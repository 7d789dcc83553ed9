package store

import (
	"context"
	"slices"

	"arauto"
)

// talkRef is an open conversation as a message that joins it needs it.
type talkRef struct {
	id, agent int64
	uuid      string
	state     arauto.ConversationState
}

// openTalk is whose it is: of a person with one of our numbers.
type openTalk struct {
	sender int64
	key    string
}

// converse has each message in the open conversation of its person with its sender, opened now if there is none.
func (f *applying) converse(ctx context.Context, t querier, list []arrived) error {
	keys := make([]string, len(list))
	for i, m := range list {
		keys[i] = m.person.key
	}
	open, err := f.openTalks(ctx, t, keys)
	if err != nil {
		return err
	}
	var joining, opening []arrived
	for _, m := range list {
		if _, found := open[openTalk{m.sender, m.person.key}]; found {
			joining = append(joining, m)
		} else {
			opening = append(opening, m)
		}
	}
	late, err := f.open(ctx, t, opening, open)
	if err != nil {
		return err
	}
	if len(late) > 0 {
		// Another node opened these at this moment: theirs are the ones.
		if open, err = f.openTalks(ctx, t, keys); err != nil {
			return err
		}
		joining = append(joining, late...)
	}
	for i := range list {
		m := &list[i]
		found := false
		if m.talk, found = open[openTalk{m.sender, m.person.key}]; !found {
			return errLostRow
		}
	}
	for i := range joining {
		joining[i].talk = open[openTalk{joining[i].sender, joining[i].person.key}]
	}
	return f.heard(ctx, t, joining)
}

func (f *applying) openTalks(ctx context.Context, t querier, keys []string) (map[openTalk]talkRef, error) {
	open := make(map[openTalk]talkRef, len(keys))
	_, err := all(ctx, t, func(r rows) (none struct{}, err error) {
		var whose openTalk
		var c talkRef
		if err := r.Scan(&whose.sender, &whose.key, &c.id, &c.uuid, &c.state, &c.agent); err != nil {
			return none, err
		}
		open[whose] = c
		return none, nil
	}, `SELECT sender_id, person_key, id, uuid, state, agent_id FROM conversation WHERE `+f.store.db.keyed("person_key", "$1", "$2")+` AND state <> 'closed'`,
		f.account.ID, f.store.db.list(keys))
	return open, err
}

// open opens a conversation for each, and adds it to talks. It returns those who are in one by now.
func (f *applying) open(ctx context.Context, t querier, list []arrived, talks map[openTalk]talkRef) (late []arrived, err error) {
	if len(list) == 0 {
		return nil, nil
	}
	first, err := nextIDs(ctx, t, f.account.ID, "conversation", int64(len(list)))
	if err != nil {
		return nil, err
	}
	fresh := make([]arauto.Conversation, len(list))
	for i, m := range list {
		said := f.said(m.fact)
		fresh[i], err = f.routed(ctx, t, m.fact, arauto.Conversation{
			ID: first + int64(i), UUID: newUUID(), Account: f.account.ID, Sender: m.sender, Person: m.person.id, PersonKey: m.person.key,
			Contact: m.contact.ID, Campaign: m.contact.Campaign, State: arauto.ConversationUnrouted, OpenedAt: m.fact.At, LastAt: said, WindowAt: said,
		})
		if err != nil {
			return nil, err
		}
	}
	opened, err := f.store.openConversations(ctx, t, f.now, fresh)
	if err != nil {
		return nil, err
	}
	for i, m := range list {
		if !opened[i] {
			late = append(late, m)
			continue
		}
		c := fresh[i]
		talks[openTalk{c.Sender, c.PersonKey}] = talkRef{id: c.ID, uuid: c.UUID, state: c.State}
		tell(t).conversation(f.now, arauto.NoticeConversationOpened, c, arauto.PhoneOfWAID(m.fact.Reply.WAID), "")
	}
	return late, nil
}

// routed is a conversation that is about to be opened, in the queue that a rule leads it to.
func (f *applying) routed(ctx context.Context, t querier, fact arauto.Fact, c arauto.Conversation) (arauto.Conversation, error) {
	if f.book == nil {
		var err error
		if f.book, err = f.store.rulebook(ctx, t, f.account.ID); err != nil {
			return c, err
		}
	}
	r := fact.Reply
	if r.Referral.SourceID != nil {
		c.Source = *r.Referral.SourceID
	}
	turn, found := f.book.route(arrival(c, r.Action, r.Text), moment(ms(f.now)))
	if !found && r.Payload != "" {
		turn, found = f.book.route(arrival(c, r.Payload, r.Text), moment(ms(f.now)))
	}
	if !found {
		return c, nil
	}
	return c.Apply(turn)
}

var hearPerson = hot{
	each: `UPDATE conversation SET last_at = $3, window_at = $3 WHERE account_id = $1 AND id = $2 AND last_at < $3`,
	set: `UPDATE conversation c SET last_at = u.at, window_at = u.at FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS u(account, id, at)
		WHERE c.account_id = u.account AND c.id = u.id AND c.last_at < u.at`,
	silent: true,
}

// heard notes that people wrote in conversations: who put one off has it back, and whose it is sees it.
func (f *applying) heard(ctx context.Context, t querier, list []arrived) error {
	slices.SortFunc(list, func(a, b arrived) int { return int(a.talk.id - b.talk.id) })
	var agents, moments [][]any
	for _, m := range list {
		if m.talk.state == arauto.ConversationAssigned {
			agents = append(agents, []any{f.account.ID, m.talk.agent})
		}
		moments = append(moments, []any{f.account.ID, m.talk.id, ms(f.said(m.fact))})
	}
	// Agents before conversations, and by id: see turn.go.
	slices.SortFunc(agents, func(a, b []any) int { return int(a[1].(int64) - b[1].(int64)) })
	if _, err := f.store.eachOf(ctx, t, `UPDATE agent SET work = work + 1 WHERE account_id = $1 AND id = $2`, agents); err != nil {
		return err
	}
	for _, m := range list {
		if m.talk.state != arauto.ConversationSnoozed {
			continue
		}
		if _, _, err := f.store.turn(ctx, t, f.now, "", f.account.ID, m.talk.id, func(arauto.Conversation) (arauto.Turn, error) {
			return arauto.Turn{Event: arauto.ConversationWoke}, nil
		}); err != nil {
			return err
		}
	}
	_, err := f.store.run(ctx, t, hearPerson, moments)
	return err
}
