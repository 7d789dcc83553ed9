package store

import (
	"context"
	"errors"
	"time"

	"arauto"
)

const clickColumns = `account_id, id, at, conversation_id, message_id, sender_id, person_id, contact_id, campaign_id, first_touch, opened, source_type, source_id,
	source_url, headline, body, media_type, image_url, video_url, thumbnail_url, welcome, clid, raw, width, attachment_id`

const insertClick = `INSERT INTO click (` + clickColumns + `)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)`

// clicked keeps the ad or the post that a message says brought its author. It runs once for each message, with the
// message.
func (f *applying) clicked(ctx context.Context, t querier, m arrived) error {
	r := m.fact.Reply.Referral
	if r.Empty() {
		return nil
	}
	others := func(sql string, args ...any) (bool, error) {
		_, err := one(ctx, t, scanInt, sql, args...)
		if errors.Is(err, errNoRow) {
			return false, nil
		}
		return err == nil, err
	}
	before, err := others(`SELECT id FROM click WHERE account_id = $1 AND person_id = $2 LIMIT 1`, f.account.ID, m.person.id)
	if err != nil {
		return err
	}
	joined, err := others(`SELECT id FROM message WHERE account_id = $1 AND conversation_id = $2 AND id <> $3 LIMIT 1`, f.account.ID, m.talk.id, m.message)
	if err != nil {
		return err
	}
	c := arauto.Click{
		Account: f.account.ID, Conversation: m.talk.id, Message: m.message, Sender: m.sender, Person: m.person.id, Contact: m.contact.ID, Campaign: m.contact.Campaign,
		Referral: r, First: !before, Opened: !joined, At: moment(ms(f.said(m.fact))),
	}
	if c.ID, err = nextIDs(ctx, t, c.Account, "click", 1); err != nil {
		return err
	}
	if c.Media, err = f.copyMedia(ctx, t, c); err != nil {
		return err
	}
	if _, err := t.exec(ctx, insertClick, clickArgs(c)...); err != nil {
		return err
	}
	tell(t).clicked(f.now, c, m.talk.uuid, arauto.PhoneOfWAID(m.fact.Reply.WAID))
	return nil
}

// copyMedia has the ad's picture or film fetched before Meta's link to it ends, and returns the attachment.
func (f *applying) copyMedia(ctx context.Context, t querier, c arauto.Click) (int64, error) {
	link, kind := c.Referral.MediaURL(), c.Referral.MediaType
	if link == "" || arauto.FileLimit(kind) == 0 {
		return 0, nil
	}
	a, err := f.store.attach(ctx, t, f.now, arauto.Attachment{Account: c.Account, Conversation: c.Conversation, Sender: c.Sender, Source: arauto.AttachmentLink, Address: link, Kind: kind})
	return a.ID, err
}

// clickArgs is c as it is inserted.
func clickArgs(c arauto.Click) []any {
	r := c.Referral
	return []any{
		c.Account, c.ID, ms(c.At), c.Conversation, c.Message, c.Sender, c.Person, c.Contact, c.Campaign, oneIf(c.First), oneIf(c.Opened), string(r.SourceType),
		orNULL(r.SourceID), r.SourceURL, r.Headline, r.Body, r.MediaType, r.ImageURL, r.VideoURL, r.ThumbnailURL, r.Welcome, orNULL(r.Clid), r.Raw, int64(r.Width()), c.Media,
	}
}

func oneIf(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// orNULL is a text that may be missing, as an argument.
func orNULL(text *string) any {
	if text == nil {
		return nil
	}
	return *text
}

// mergeClicks gives what brought one person to another: of all, the earliest is the first touch.
func mergeClicks(ctx context.Context, t querier, account, from, into int64) error {
	if _, err := t.exec(ctx, `UPDATE click SET person_id = $3 WHERE account_id = $1 AND person_id = $2`, account, from, into); err != nil {
		return err
	}
	_, err := t.exec(ctx, `UPDATE click SET first_touch = 0 WHERE account_id = $1 AND person_id = $2 AND first_touch = 1
		AND id > (SELECT MIN(f.id) FROM click f WHERE f.account_id = $1 AND f.person_id = $2)`, account, into)
	return err
}

// ClickSpan counts the clicks between two moments, both inclusive, up to most, and adds up what a report repeats of
// them, without looking at any of them.
func (s *Store) ClickSpan(ctx context.Context, account int64, from, to time.Time, most int) (span arauto.ClickSpan, err error) {
	err = s.db.snapshot(ctx, func(q querier) error {
		if span.UpTo, err = one(ctx, q, scanInt, `SELECT COALESCE(MAX(id), 0) FROM click WHERE account_id = $1`, account); err != nil {
			return err
		}
		sum, err := one(ctx, q, scanPair, `SELECT COUNT(*), COALESCE(SUM(width), 0) FROM (SELECT width FROM click
			WHERE account_id = $1 AND at >= $2 AND at <= $3 AND id <= $4 ORDER BY at, id LIMIT $5) c`, account, ms(from), ms(to), span.UpTo, most)
		span.Count, span.Width = sum[0], sum[1]
		return err
	})
	return span, doing("measure clicks", err)
}

// ClickDetails reads what the vendor's report shows of the clicks from after (exclusive) to that moment (inclusive),
// oldest first, up to the click upTo: the referral's members, the conversation and what became of it.
func (s *Store) ClickDetails(ctx context.Context, account int64, after arauto.ClickKey, to time.Time, upTo int64, limit int) ([]arauto.ClickRow, error) {
	list, err := readAll(ctx, s, scanClickDetail, `SELECT c.id, c.at, c.conversation_id, c.source_type, COALESCE(c.source_id, ''), c.source_url, c.media_type, c.image_url, c.video_url,
		`+outcomeColumns+` FROM (SELECT account_id, id, at, conversation_id, source_type, source_id, source_url, media_type, image_url, video_url FROM click
			WHERE account_id = $1 AND at >= $2 AND (at > $2 OR id > $3) AND at <= $4 AND id <= $5 ORDER BY at, id LIMIT $6) c`+outcomeJoins+` ORDER BY c.at, c.id`,
		account, ms(after.At), after.ID, ms(to), upTo, limit)
	return list, doing("read clicks", err)
}

// What became of a click's conversation.
const (
	outcomeColumns = `v.routing_point_id, v.queue_id, ` + lastAgent + `, COALESCE(k.code, '')`
	outcomeJoins   = `
	JOIN conversation v ON v.account_id = c.account_id AND v.id = c.conversation_id
	LEFT JOIN activity_code k ON k.account_id = v.account_id AND k.id = v.activity_code_id`
	// lastAgent is whose the conversation is, or was: one that waits again has been somebody's.
	lastAgent = `CASE WHEN v.agent_id <> 0 OR v.assigned_at = 0 THEN v.agent_id ELSE COALESCE((SELECT n.agent_id FROM conversation_turn n
		WHERE n.account_id = v.account_id AND n.conversation_id = v.id AND n.agent_id <> 0 ORDER BY n.n DESC LIMIT 1), 0) END`
)

func scanClickDetail(r rows) (arauto.ClickRow, error) {
	var c arauto.ClickRow
	var at int64
	var source string
	err := r.Scan(&c.ID, &at, &c.Conversation, &c.Referral.SourceType, &source, &c.Referral.SourceURL, &c.Referral.MediaType, &c.Referral.ImageURL, &c.Referral.VideoURL,
		&c.RoutingPoint, &c.Queue, &c.Agent, &c.Activity)
	c.At, c.Referral.SourceID = moment(at), &source
	return c, err
}

// Clicks lists clicks with everything that is known of them but the referral as it came, newest first, below that id
// (0 = from the newest), between two moments (zero = no bound).
func (s *Store) Clicks(ctx context.Context, account int64, f arauto.ClickFilter, before int64, limit int) ([]arauto.ClickRow, error) {
	return s.clicks(ctx, account, f, `c.id < $6`, `c.id DESC`, below(before), limit)
}

func (s *Store) clicks(ctx context.Context, account int64, f arauto.ClickFilter, where, order string, key int64, limit int) ([]arauto.ClickRow, error) {
	to := int64(1 << 53)
	if !f.To.IsZero() {
		to = ms(f.To)
	}
	list, err := readAll(ctx, s, scanClick, selectClick+` WHERE c.account_id = $1 AND c.at >= $2 AND c.at <= $3 AND (c.source_id = $4 OR $4 = '') AND (c.person_id = $5 OR $5 = 0)
		AND `+where+` ORDER BY `+order+` LIMIT $7`, account, ms(f.From), to, f.Source, f.Person, key, limit)
	return list, doing("list clicks", err)
}

const selectClick = `SELECT c.account_id, c.id, c.at, c.conversation_id, c.message_id, c.sender_id, c.person_id, c.contact_id, c.campaign_id, c.first_touch, c.opened,
	c.source_type, c.source_id IS NOT NULL, COALESCE(c.source_id, ''), c.source_url, c.headline, c.body, c.media_type, c.image_url, c.video_url, c.thumbnail_url, c.welcome,
	c.clid IS NOT NULL, COALESCE(c.clid, ''), c.attachment_id, COALESCE(a.uuid, ''), v.uuid, v.person_key, v.state, ` + outcomeColumns + ` FROM click c` + outcomeJoins + `
	LEFT JOIN attachment a ON a.account_id = c.account_id AND a.id = c.attachment_id AND a.state = 'here'`

func scanClick(r rows) (arauto.ClickRow, error) {
	var c arauto.ClickRow
	var at, first, opened int64
	var hasSource, hasClid bool
	var source, clid string
	e := &c.Referral
	err := r.Scan(&c.Account, &c.ID, &at, &c.Conversation, &c.Message, &c.Sender, &c.Person, &c.Contact, &c.Campaign, &first, &opened,
		&e.SourceType, &hasSource, &source, &e.SourceURL, &e.Headline, &e.Body, &e.MediaType, &e.ImageURL, &e.VideoURL, &e.ThumbnailURL, &e.Welcome,
		&hasClid, &clid, &c.Media, &c.CopyUUID, &c.ConversationUUID, &c.PersonKey, &c.State, &c.RoutingPoint, &c.Queue, &c.Agent, &c.Activity)
	c.At, c.First, c.Opened = moment(at), first == 1, opened == 1
	if hasSource {
		e.SourceID = &source
	}
	if hasClid {
		e.Clid = &clid
	}
	return c, err
}

// Click is one of them, with its referral as it came.
func (s *Store) Click(ctx context.Context, account, id int64) (c arauto.ClickRow, err error) {
	err = s.db.read(ctx, func(q querier) error {
		if c, err = one(ctx, q, scanClick, selectClick+` WHERE c.account_id = $1 AND c.id = $2`, account, id); err != nil {
			return missing(err, "click", id)
		}
		c.Referral.Raw, err = one(ctx, q, scanText, `SELECT raw FROM click WHERE account_id = $1 AND id = $2`, account, id)
		return err
	})
	return c, err
}

// ClickTotals counts the clicks between two moments, both inclusive, by what was clicked and whether an agent ever
// took the conversation: they add up to what ClickDetails lists.
func (s *Store) ClickTotals(ctx context.Context, account int64, from, to time.Time) (sum arauto.ClickTotals, err error) {
	type group struct {
		source arauto.SourceType
		taken  bool
		n      int64
	}
	list, err := readAll(ctx, s, func(r rows) (g group, err error) { return g, r.Scan(&g.source, &g.taken, &g.n) },
		`SELECT c.source_type, `+takenColumn+`, COUNT(*) FROM click c`+takenJoin+` WHERE c.account_id = $1 AND c.at >= $2 AND c.at <= $3
		GROUP BY 1, 2`, account, ms(from), ms(to))
	for _, g := range list {
		*sum.Of(g.source, g.taken) += g.n
	}
	return sum, doing("add up clicks", err)
}

const (
	takenColumn = `(v.agent_id <> 0 OR v.assigned_at <> 0)`
	takenJoin   = ` JOIN conversation v ON v.account_id = c.account_id AND v.id = c.conversation_id`
)

// ClosedConversations counts the conversations that ended between two moments, both inclusive.
func (s *Store) ClosedConversations(ctx context.Context, account int64, from, to time.Time) (int64, error) {
	return readOne(ctx, s, scanInt, `SELECT COUNT(*) FROM conversation WHERE account_id = $1 AND closed_at > 0 AND closed_at >= $2 AND closed_at <= $3`, account, ms(from), ms(to))
}
