package store

import (
	"context"
	"errors"
	"time"

	"arauto"
)

// reply applies a message that a person wrote: it finds the contact it answers, moves it, opens or
// joins a conversation, and takes an opt-out at its word. A message that was seen before changes nothing.
func (f *applying) reply(ctx context.Context, t querier, fact arauto.Fact) (arauto.Applied, error) {
	r := fact.Reply
	sender := f.numbers[fact.PhoneNumberID]
	key := personKey(r.WAID, r.UserID)
	if sender == 0 || key == "" || r.ProviderID == "" {
		return arauto.Applied{Note: "a message without number, sender or id is not acted on"}, nil
	}
	seen, err := all(ctx, t, scanInt, `SELECT id FROM message WHERE account_id = $1 AND provider_key = $2`, f.account.ID, providerKey(r.ProviderID))
	if err != nil || len(seen) > 0 {
		return arauto.Applied{Note: "seen before"}, err
	}
	person, err := f.author(ctx, t, r)
	if err != nil {
		return arauto.Applied{}, err
	}
	key = person.key
	// What they answer may still be in flight as far as we know.
	flights, err := f.store.flightsTo(ctx, t, f.account.ID, key)
	if err != nil {
		return arauto.Applied{}, err
	}
	if err := f.store.land(ctx, t, f.now, f.account.ID, flights, f.counts); err != nil {
		return arauto.Applied{}, err
	}
	contact, matched, err := f.answered(ctx, t, fact, sender, key)
	if err != nil {
		return arauto.Applied{}, err
	}
	conversation, uuid, err := f.converse(ctx, t, fact, sender, person.id, key, contact)
	if err != nil {
		return arauto.Applied{}, err
	}
	if err := f.heard(ctx, t, fact, conversation); err != nil {
		return arauto.Applied{}, err
	}
	id, err := nextIDs(ctx, t, f.account.ID, "message", 1)
	if err != nil {
		return arauto.Applied{}, err
	}
	file, err := f.file(ctx, t, r, sender, conversation, id)
	if err != nil {
		return arauto.Applied{}, err
	}
	if _, err := t.exec(ctx, `INSERT INTO message (account_id, id, conversation_id, provider_id, provider_key, context, kind, body, action, at, attachment_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, f.account.ID, id, conversation, r.ProviderID, providerKey(r.ProviderID),
		r.Context, r.Kind, r.Text, r.Action, ms(fact.At), file); err != nil {
		return arauto.Applied{}, err
	}
	if err := f.clicked(ctx, t, fact, conversation, uuid, id, sender, person.id, contact); err != nil {
		return arauto.Applied{}, err
	}
	if matched && r.Reacts() {
		if err := f.react(ctx, t, fact, contact, uuid); err != nil {
			return arauto.Applied{}, err
		}
	}
	return arauto.Applied{Contact: contact.ID}, f.wish(ctx, t, fact, key, contact)
}

// answered is the contact a reply belongs to: the one whose message it names, else the one whose ref
// came back in a button, else the last one of that person that this sender wrote to within its
// campaign's reply window.
func (f *applying) answered(ctx context.Context, t querier, fact arauto.Fact, sender int64, key string) (arauto.Contact, bool, error) {
	r := fact.Reply
	var named []foundAttempt
	var err error
	if r.Context != "" {
		if named, err = f.named(ctx, t, r.Context); err != nil {
			return arauto.Contact{}, false, err
		}
	}
	if epoch, id, ok := arauto.ParseAttemptRef(r.Ref); ok && len(named) == 0 && epoch == f.store.epoch {
		if named, err = f.lookUp(ctx, t, []int64{id}); err != nil {
			return arauto.Contact{}, false, err
		}
	}
	for _, a := range named {
		contacts, err := f.store.contactsByID(ctx, t, f.account.ID, []int64{a.contact})
		if c, ok := contacts[a.contact]; ok || err != nil {
			return c, ok, err
		}
	}
	return f.lastWrittenTo(ctx, t, fact, sender, key)
}

// lastWrittenTo counts a message whose answer was lost as written: its reply may come before any status does.
func (f *applying) lastWrittenTo(ctx context.Context, t querier, fact arauto.Fact, sender int64, key string) (arauto.Contact, bool, error) {
	const written = `COALESCE(a.intended_at, c.sent_at)`
	list, err := all(ctx, t, scanInt, `SELECT c.id FROM contact c JOIN campaign p ON p.account_id = c.account_id AND p.id = c.campaign_id
		LEFT JOIN attempt a ON a.account_id = c.account_id AND a.id = c.attempt_id AND c.state IN ('sending', 'unknown')
		WHERE c.account_id = $1 AND c.person_key = $2 AND c.deleted_at = 0 AND p.sender_id = $3
		  AND `+written+` > 0 AND `+written+` <= $5 AND `+written+` >= $4 - p.reply_window_ms
		ORDER BY `+written+` DESC, c.id DESC LIMIT 1`, f.account.ID, key, sender, ms(fact.At), ms(fact.At.Add(time.Minute)))
	if err != nil || len(list) == 0 {
		return arauto.Contact{}, false, err
	}
	contacts, err := f.store.contactsByID(ctx, t, f.account.ID, list)
	c, ok := contacts[list[0]]
	return c, ok, err
}

// converse is the open conversation of that person with that sender, opened now if there is none.
func (f *applying) converse(ctx context.Context, t querier, fact arauto.Fact, sender, person int64, key string, contact arauto.Contact) (int64, string, error) {
	find := func() (named64, error) {
		return one(ctx, t, scanNamed, `SELECT uuid, id FROM conversation WHERE account_id = $1 AND sender_id = $2 AND person_key = $3 AND state <> 'closed'`,
			f.account.ID, sender, key)
	}
	open, err := find()
	if !errors.Is(err, errNoRow) {
		return open.id, open.name, err
	}
	id, err := nextIDs(ctx, t, f.account.ID, "conversation", 1)
	if err != nil {
		return 0, "", err
	}
	// Another node may be opening it at this moment: then its conversation is the one.
	c, err := f.routed(ctx, t, fact, arauto.Conversation{
		ID: id, UUID: newUUID(), Account: f.account.ID, Sender: sender, Person: person, PersonKey: key, Contact: contact.ID, Campaign: contact.Campaign,
		State: arauto.ConversationUnrouted, OpenedAt: fact.At,
	})
	if err != nil {
		return 0, "", err
	}
	opened, err := f.store.openConversation(ctx, t, f.now, c)
	if err != nil {
		return 0, "", err
	}
	if opened {
		tell(t).conversation(f.now, arauto.NoticeConversationOpened, c, arauto.PhoneOfWAID(fact.Reply.WAID), "")
	}
	open, err = find()
	return open.id, open.name, err
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

// heard notes that the person wrote in a conversation: who put it off has it back, and whose it is sees it.
func (f *applying) heard(ctx context.Context, t querier, fact arauto.Fact, conversation int64) error {
	now, err := one(ctx, t, func(r rows) (c arauto.Conversation, err error) { return c, r.Scan(&c.State, &c.Agent) },
		`SELECT state, agent_id FROM conversation WHERE account_id = $1 AND id = $2`, f.account.ID, conversation)
	if err != nil {
		return err
	}
	switch now.State {
	case arauto.ConversationSnoozed:
		_, _, err = f.store.turn(ctx, t, f.now, "", f.account.ID, conversation, func(arauto.Conversation) (arauto.Turn, error) {
			return arauto.Turn{Event: arauto.ConversationWoke}, nil
		})
	case arauto.ConversationAssigned:
		// Agents before conversations: see turn.go.
		_, err = t.exec(ctx, `UPDATE agent SET work = work + 1 WHERE account_id = $1 AND id = $2`, f.account.ID, now.Agent)
	}
	if err != nil {
		return err
	}
	return heard(ctx, t, f.account.ID, conversation, f.said(fact))
}

// file has what a message brought fetched.
func (f *applying) file(ctx context.Context, t querier, r arauto.Reply, sender, conversation, message int64) (int64, error) {
	if r.Media.ID == "" {
		return 0, nil
	}
	a, err := f.store.attach(ctx, t, f.now, arauto.Attachment{
		Account: f.account.ID, Conversation: conversation, Message: message, Sender: sender, Source: arauto.AttachmentMedia,
		Address: r.Media.ID, Kind: r.Media.Kind, Name: r.Media.Name, SaidType: r.Media.Type,
	})
	return a.ID, err
}

// react moves the contact that was answered.
func (f *applying) react(ctx context.Context, t querier, fact arauto.Fact, c arauto.Contact, conversation string) error {
	next, err := c.Apply(arauto.Event{Kind: arauto.EventReplied, At: fact.At, ReplyAction: fact.Reply.Action, ReplyText: fact.Reply.Text})
	if err != nil {
		return err
	}
	if next.Conversation == "" {
		next.Conversation = conversation
	}
	if !contactMoved(c, next) {
		return nil
	}
	change := []contactChange{{old: c, new: next}}
	written, err := f.store.saveContacts(ctx, t, f.now, change)
	if err == nil && written[0] == 0 {
		return errLostRow
	}
	f.counts.moved(c.Campaign, c.State, next.State)
	return err
}

// wish takes an opt-out, typed or tapped, or its undoing at its word.
func (f *applying) wish(ctx context.Context, t querier, fact arauto.Fact, key string, contact arauto.Contact) error {
	r := fact.Reply
	wish := f.account.PreferenceIn(firstOf(r.Text, r.Action))
	stop := arauto.Suppression{
		Account: f.account.ID, PersonKey: key, Phone: arauto.PhoneOfWAID(r.WAID), Contact: contact.ID,
		Scope: arauto.SuppressAll, Source: sourceKeyword, Evidence: r.ProviderID + ": " + firstOf(r.Text, r.Action),
	}
	switch {
	case wish == arauto.PreferenceResume:
		return f.store.lift(ctx, t, f.said(fact), f.account.ID, key, []string{sourceKeyword, sourceButton, sourcePreference, sourceProvider}, stop.Evidence)
	case wish == arauto.PreferenceStop:
		return f.store.suppress(ctx, t, f.said(fact), stop)
	case r.Action != "" && arauto.OptsOutOfMarketing(r.Action):
		stop.Scope, stop.Source = arauto.SuppressMarketing, sourceButton
		return f.store.suppress(ctx, t, f.said(fact), stop)
	}
	return nil
}

// Where a suppression came from, as far as the person said so themselves.
const (
	sourceKeyword    = "opt_out_keyword"
	sourceButton     = "opt_out_button"
	sourcePreference = "user_preferences"
	sourceProvider   = "provider"
	sourceMerge      = "merge" // not the person's word: see guard
)

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// preference applies what a person told Meta about marketing from this business.
func (f *applying) preference(ctx context.Context, t querier, fact arauto.Fact) error {
	p := fact.Preference
	key := personKey(p.WAID, p.UserID)
	if key == "" {
		return nil
	}
	named := claim{key: arauto.PhoneOfWAID(p.WAID).PersonKey()}.by(arauto.AliasWAID, p.WAID).by(arauto.AliasUserID, p.UserID)
	people, err := f.store.recognise(ctx, t, f.now, f.account.ID, []claim{named}, f.counts)
	if err != nil {
		return err
	}
	key = people[0].key
	switch p.Wish {
	case arauto.PreferenceStop:
		return f.store.suppress(ctx, t, f.said(fact), arauto.Suppression{
			Account: f.account.ID, PersonKey: key, Phone: arauto.PhoneOfWAID(p.WAID),
			Scope: arauto.SuppressMarketing, Channel: arauto.ChannelWhatsApp, Source: sourcePreference, Evidence: p.Detail,
		})
	case arauto.PreferenceResume:
		return f.store.lift(ctx, t, f.said(fact), f.account.ID, key, []string{sourcePreference, sourceProvider}, p.Detail)
	}
	return nil
}
