package store

import (
	"context"
	"slices"

	"arauto"
)

// arrived is a message that a person wrote, and what is found out about it.
type arrived struct {
	at     int // its place among the facts
	fact   arauto.Fact
	sender int64
	person who

	contact arauto.Contact // that it answers
	matched bool
	talk    talkRef
	message int64
}

// replies applies messages that people wrote: it finds the contacts they answer, moves them, opens or joins
// conversations, and takes opt-outs at their word. A message that was seen before changes nothing. facts are some that
// come one after the other, at is the place of the first. Who is who is taken from all of them before any is applied.
func (f *applying) replies(ctx context.Context, t querier, at int, facts []arauto.Fact) error {
	list, err := f.unseen(ctx, t, at, facts)
	if err != nil || len(list) == 0 {
		return err
	}
	if err := f.authors(ctx, t, list); err != nil {
		return err
	}
	// What somebody writes second meets what the first has made: it goes another round.
	for len(list) > 0 {
		var now, later []arrived
		once := map[string]bool{}
		for _, m := range list {
			if once[m.person.key] {
				later = append(later, m)
				continue
			}
			once[m.person.key] = true
			now = append(now, m)
		}
		if err := f.round(ctx, t, now); err != nil {
			return err
		}
		list = later
	}
	return nil
}

// round applies messages of people who each wrote one.
func (f *applying) round(ctx context.Context, t querier, list []arrived) error {
	keys := make([]string, len(list))
	for i, m := range list {
		keys[i] = m.person.key
	}
	// What they answer may still be in flight as far as we know.
	flights, err := f.store.flightsTo(ctx, t, f.account.ID, keys...)
	if err != nil {
		return err
	}
	if err := f.store.land(ctx, t, f.now, f.account.ID, flights, f.counts); err != nil {
		return err
	}
	for _, step := range []func(context.Context, querier, []arrived) error{f.answered, f.converse, f.keep, f.click, f.react} {
		if err := step(ctx, t, list); err != nil {
			return err
		}
	}
	for _, m := range list {
		if err := f.wish(ctx, t, m.fact, m.person.key, m.contact); err != nil {
			return err
		}
		f.done[m.at] = arauto.Applied{Contact: m.contact.ID}
	}
	return nil
}

// unseen are those that were not applied before and can be.
func (f *applying) unseen(ctx context.Context, t querier, at int, facts []arauto.Fact) ([]arrived, error) {
	var list []arrived
	keys := make([]int64, 0, len(facts))
	for i, fact := range facts {
		r := fact.Reply
		sender := f.numbers[fact.PhoneNumberID]
		if sender == 0 || personKey(r.WAID, r.UserID) == "" || r.ProviderID == "" {
			f.done[at+i] = arauto.Applied{Note: "a message without number, sender or id is not acted on"}
			continue
		}
		list = append(list, arrived{at: at + i, fact: fact, sender: sender})
		keys = append(keys, providerKey(r.ProviderID))
	}
	if len(list) == 0 {
		return nil, nil
	}
	there, err := all(ctx, t, scanInt, `SELECT provider_key FROM message WHERE `+f.store.db.keyed("provider_key", "$1", "$2"), f.account.ID, f.store.db.list(keys))
	seen := make(map[int64]bool, len(keys))
	for _, key := range there {
		seen[key] = true
	}
	return slices.DeleteFunc(list, func(m arrived) bool {
		key := providerKey(m.fact.Reply.ProviderID)
		if seen[key] {
			f.done[m.at] = arauto.Applied{Note: "seen before"}
			return true
		}
		seen[key] = true
		return false
	}), err
}

var insertMessage = hot{
	each: `INSERT INTO message (account_id, id, conversation_id, provider_id, provider_key, context, kind, body, action, at, attachment_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
	set: `INSERT INTO message (account_id, id, conversation_id, provider_id, provider_key, context, kind, body, action, at, attachment_id)
		SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[], $11::bigint[])`,
	silent: true,
}

// keep stores the messages, and has the files that came with them fetched.
func (f *applying) keep(ctx context.Context, t querier, list []arrived) error {
	first, err := nextIDs(ctx, t, f.account.ID, "message", int64(len(list)))
	if err != nil {
		return err
	}
	rows := make([][]any, len(list))
	for i := range list {
		m := &list[i]
		m.message = first + int64(i)
		file, err := f.file(ctx, t, *m)
		if err != nil {
			return err
		}
		r := m.fact.Reply
		rows[i] = []any{f.account.ID, m.message, m.talk.id, r.ProviderID, providerKey(r.ProviderID), r.Context, r.Kind, r.Text, r.Action, ms(m.fact.At), file}
	}
	_, err = f.store.run(ctx, t, insertMessage, rows)
	return err
}

// file has what a message brought fetched.
func (f *applying) file(ctx context.Context, t querier, m arrived) (int64, error) {
	file := m.fact.Reply.Media
	if file.ID == "" {
		return 0, nil
	}
	a, err := f.store.attach(ctx, t, f.now, arauto.Attachment{
		Account: f.account.ID, Conversation: m.talk.id, Message: m.message, Sender: m.sender, Source: arauto.AttachmentMedia,
		Address: file.ID, Kind: file.Kind, Name: file.Name, SaidType: file.Type,
	})
	return a.ID, err
}

func (f *applying) click(ctx context.Context, t querier, list []arrived) error {
	for _, m := range list {
		if err := f.clicked(ctx, t, m); err != nil {
			return err
		}
	}
	return nil
}

// react moves the contacts that were answered.
func (f *applying) react(ctx context.Context, t querier, list []arrived) error {
	var changed []contactChange
	at := map[int64]int{} // by contact: two people may tap the button of one
	for _, m := range list {
		if !m.matched || !m.fact.Reply.Reacts() {
			continue
		}
		c := m.contact
		i, again := at[c.ID]
		if again {
			c = changed[i].new
		}
		next, err := c.Apply(arauto.Event{Kind: arauto.EventReplied, At: m.fact.At, ReplyAction: m.fact.Reply.Action, ReplyText: m.fact.Reply.Text})
		if err != nil {
			return err
		}
		if next.Conversation == "" {
			next.Conversation = m.talk.uuid
		}
		switch {
		case again:
			changed[i].new = next
		case contactMoved(c, next):
			at[c.ID] = len(changed)
			changed = append(changed, contactChange{old: c, new: next})
		}
	}
	written, err := f.store.saveContacts(ctx, t, f.now, changed)
	if err != nil {
		return err
	}
	for i, ch := range changed {
		if written[i] == 0 {
			return errLostRow
		}
		f.counts.moved(ch.old.Campaign, ch.old.State, ch.new.State)
	}
	return nil
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
