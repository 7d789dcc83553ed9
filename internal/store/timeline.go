package store

import (
	"context"
	"slices"
	"time"

	"arauto"
)

// Timeline is what happened with a person, under every key of theirs, the latest first: those that come before
// the one named, or from the latest where its At is zero. key is as arauto.Person has it.
func (s *Store) Timeline(ctx context.Context, account int64, key string, before arauto.Happening, limit int) (list []arauto.Happening, err error) {
	err = s.db.read(ctx, func(q querier) error {
		keys, err := s.keysFor(ctx, q, account, []string{key})
		if err != nil {
			return err
		}
		x := &timeline{store: s, account: account, keys: keys, before: before, limit: limit}
		for _, source := range []func(context.Context, querier) error{x.attempts, x.messages, x.conversations, x.clicks, x.suppressions, x.merges} {
			if err := source(ctx, q); err != nil {
				return err
			}
		}
		list = x.latest()
		return nil
	})
	return list, doing("read a person's timeline", err)
}

// timeline is one call of Timeline.
type timeline struct {
	store   *Store
	account int64
	keys    []string
	before  arauto.Happening
	limit   int
	list    []arauto.Happening
}

// latest is the page: every source gave its latest, so the latest of all are among them.
func (x *timeline) latest() []arauto.Happening {
	slices.SortFunc(x.list, func(a, b arauto.Happening) int {
		switch {
		case b.Before(a):
			return -1
		case a.Before(b):
			return 1
		}
		return 0
	})
	return x.list[:min(len(x.list), x.limit)]
}

// bound is up to which moment and, at that moment, below which id a kind's rows are on the page.
func (x *timeline) bound(kind arauto.HappeningKind) (at, id int64) {
	if x.before.At.IsZero() {
		return 1 << 53, 0
	}
	switch rank := kind.Rank(); {
	case rank < x.before.Kind.Rank():
		id = 1 << 53
	case rank == x.before.Kind.Rank():
		id = x.before.ID
	}
	return ms(x.before.At), id
}

func (x *timeline) add(h arauto.Happening) {
	if x.before.At.IsZero() || h.Before(x.before) {
		x.list = append(x.list, h)
	}
}

// attempts are those of the person's contacts. Each contact leads to its own.
func (x *timeline) attempts(ctx context.Context, q querier) error {
	type lead struct {
		contact arauto.Contact
		channel arauto.Channel
	}
	contacts, err := all(ctx, q, func(r rows) (l lead, err error) {
		l.contact.Account = x.account
		return l, r.Scan(&l.contact.ID, &l.contact.Campaign, &l.contact.Attempt, &l.channel)
	}, `SELECT c.id, c.campaign_id, c.attempt_id, k.channel FROM contact c JOIN campaign k ON k.account_id = c.account_id AND k.id = c.campaign_id
		WHERE c.account_id = $1 AND `+x.store.db.in("c.person_key", "$2")+` AND c.deleted_at = 0`, x.account, x.store.db.list(x.keys))
	if err != nil {
		return err
	}
	for _, l := range contacts {
		attempts, err := x.store.chain(ctx, q, l.contact)
		if err != nil {
			return err
		}
		for _, a := range attempts {
			x.add(arauto.Happening{
				At: a.IntendedAt, Kind: arauto.HappenedAttempt, ID: a.ID, Channel: l.channel, Campaign: a.Campaign, Contact: a.Contact, State: string(a.State), Code: a.Code,
			})
		}
	}
	return nil
}

func (x *timeline) messages(ctx context.Context, q querier) error {
	for _, kind := range []arauto.HappeningKind{arauto.HappenedMessageIn, arauto.HappenedMessageOut} {
		direction := "in"
		if kind == arauto.HappenedMessageOut {
			direction = "out"
		}
		if err := x.read(ctx, q, kind, `SELECT m.at, m.id, m.conversation_id, v.campaign_id, v.contact_id, m.kind, CASE WHEN m.body <> '' THEN m.body ELSE m.action END
			FROM conversation v JOIN message m ON m.account_id = v.account_id AND m.conversation_id = v.id
			WHERE v.account_id = $1 AND `+x.store.db.in("v.person_key", "$2")+` AND m.direction = '`+direction+`'`, "m.at", "m.id"); err != nil {
			return err
		}
	}
	return nil
}

func (x *timeline) conversations(ctx context.Context, q querier) error {
	for kind, column := range map[arauto.HappeningKind]string{arauto.HappenedOpened: "opened_at", arauto.HappenedClosed: "closed_at"} {
		if err := x.read(ctx, q, kind, `SELECT v.`+column+`, v.id, v.id, v.campaign_id, v.contact_id, v.close_reason, '' FROM conversation v
			WHERE v.account_id = $1 AND `+x.store.db.in("v.person_key", "$2")+` AND v.`+column+` > 0`, "v."+column, "v.id"); err != nil {
			return err
		}
	}
	return nil
}

func (x *timeline) clicks(ctx context.Context, q querier) error {
	return x.read(ctx, q, arauto.HappenedClick, `SELECT k.at, k.id, k.conversation_id, k.campaign_id, k.contact_id, k.source_type, k.headline
		FROM conversation v JOIN click k ON k.account_id = v.account_id AND k.conversation_id = v.id
		WHERE v.account_id = $1 AND `+x.store.db.in("v.person_key", "$2"), "k.at", "k.id")
}

func (x *timeline) suppressions(ctx context.Context, q querier) error {
	for kind, column := range map[arauto.HappeningKind]string{arauto.HappenedSuppressed: "created_at", arauto.HappenedLifted: "lifted_at"} {
		if err := x.read(ctx, q, kind, `SELECT s.`+column+`, s.id, 0, 0, s.contact_id, s.scope, s.source FROM suppression s
			WHERE s.account_id = $1 AND `+x.store.db.in("s.person_key", "$2")+` AND s.`+column+` > 0`, "s."+column, "s.id"); err != nil {
			return err
		}
	}
	return nil
}

// merges are of whoever was merged into the person; before migration 26 nobody kept when.
func (x *timeline) merges(ctx context.Context, q querier) error {
	return x.read(ctx, q, arauto.HappenedMerged, `SELECT p.merged_at, p.id, 0, 0, 0, '', '' FROM person p
		WHERE p.account_id = $1 AND `+x.store.db.in("p.key", "$2")+` AND p.merged_into <> 0 AND p.merged_at > 0`, "p.merged_at", "p.id")
}

// read adds the latest rows of one kind that are on the page.
func (x *timeline) read(ctx context.Context, q querier, kind arauto.HappeningKind, sql, at, id string) error {
	most, below := x.bound(kind)
	_, err := all(ctx, q, func(r rows) (none struct{}, err error) {
		h := arauto.Happening{Kind: kind}
		var happened int64
		if err := r.Scan(&happened, &h.ID, &h.Conversation, &h.Campaign, &h.Contact, &h.State, &h.Text); err != nil {
			return none, err
		}
		h.At = time.UnixMilli(happened).UTC()
		switch kind {
		case arauto.HappenedSuppressed, arauto.HappenedLifted, arauto.HappenedMerged:
		default:
			h.Channel = arauto.ChannelWhatsApp
		}
		x.add(h)
		return none, nil
	}, sql+` AND (`+at+` < $3 OR `+at+` = $3 AND `+id+` < $4) ORDER BY `+at+` DESC, `+id+` DESC LIMIT $5`,
		x.account, x.store.db.list(x.keys), most, below, x.limit)
	return err
}
