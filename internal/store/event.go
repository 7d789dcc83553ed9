package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"arauto"
)

// telling is a database whose transactions end by writing down what there is to tell of them.
type telling struct {
	database
	store *Store
}

func (d telling) write(ctx context.Context, fn func(querier) error) error {
	return d.database.write(ctx, d.told(ctx, fn))
}

func (d telling) bulk(ctx context.Context, fn func(querier) error) error {
	return d.database.bulk(ctx, d.told(ctx, fn))
}

func (d telling) told(ctx context.Context, fn func(querier) error) func(querier) error {
	return func(t querier) error {
		e := &events{querier: t, store: d.store}
		if err := fn(e); err != nil {
			return err
		}
		return e.write(ctx)
	}
}

// events is a transaction that remembers what its account's endpoints are to be told, and writes it last of
// all: on PostgreSQL the account's other notices wait from there to the commit, which is what makes ids ascend
// in the order of commit. Remembering is cheap: nothing is copied or encoded before it is known that somebody
// listens.
type events struct {
	querier
	store *Store
	now   time.Time
	list  []event
}

// event is one thing that happened. Of contacts, nearly all there is, it holds no more than where they are.
type event struct {
	kind    arauto.NoticeType
	account int64
	from    arauto.ContactState
	contact *arauto.Contact
	other   happening // where it is no contact
}

// happening knows how to word itself, given the names of what it points at.
type happening interface {
	// concerns is the campaign and the contact whose names it wants; 0 = none.
	concerns() (campaign, contact int64)
	payload(n names) any
}

// tell is what the transaction t remembers. t is a write: nothing happens in a read.
func tell(t querier) *events { return t.(*events) }

// contactsMoved tells of those changes that were written.
func (e *events) contactsMoved(now time.Time, list []contactChange, written []int64) {
	for i := range list {
		if written[i] == 1 {
			e.contactMoved(now, list[i].old.State, &list[i].new)
		}
	}
}

// contactMoved tells that a contact was in the state from and is as it is now. It is not to change before the
// transaction ends.
func (e *events) contactMoved(now time.Time, from arauto.ContactState, is *arauto.Contact) {
	if told, ok := arauto.ToldStates(from, is.State); ok && is.DeletedAt.IsZero() {
		e.now = now
		if e.list == nil {
			e.list = make([]event, 0, 256) // as many as a transaction of a busy line moves
		}
		e.list = append(e.list, event{kind: arauto.NoticeContactState, account: is.Account, from: told, contact: is})
	}
}

// campaignMoved tells that a campaign went to another state.
func (e *events) campaignMoved(now time.Time, was, is arauto.Campaign) {
	if was.State != is.State {
		e.happened(now, arauto.NoticeCampaignState, is.Account, campaignMove{was.State, is})
	}
}

// conversation tells that a conversation was opened or closed; phone is the person's, as far as it is at hand.
func (e *events) conversation(now time.Time, kind arauto.NoticeType, c arauto.Conversation, phone arauto.Phone, why string) {
	e.happened(now, kind, c.Account, conversationTurn{c, phone, why})
}

// clicked tells that an ad or a post brought somebody.
func (e *events) clicked(now time.Time, c arauto.Click, conversation string, phone arauto.Phone) {
	e.happened(now, arauto.NoticeClick, c.Account, clickMade{c, conversation, phone})
}

// jobEnded tells of imports that are over.
func (e *events) jobEnded(now time.Time, j arauto.Job) {
	if j.Kind == arauto.JobImport {
		e.happened(now, arauto.NoticeImportFinished, j.Account, importEnd{j})
	}
}

// jobMoved tells of imports, whenever another tenth of the file is done.
func (e *events) jobMoved(now time.Time, was, is arauto.Job) {
	if is.Kind == arauto.JobImport && is.Total > 0 && was.Done*10/is.Total < is.Done*10/is.Total && is.Done < is.Total {
		e.happened(now, arauto.NoticeImportProgress, is.Account, importMove{is})
	}
}

func (e *events) happened(now time.Time, kind arauto.NoticeType, account int64, h happening) {
	e.now = now
	e.list = append(e.list, event{kind: kind, account: account, other: h})
}

// write stores notices of what happened, account by account, for those who have an endpoint that wants them.
func (e *events) write(ctx context.Context) error {
	if len(e.list) == 0 {
		return nil
	}
	slices.SortStableFunc(e.list, func(a, b event) int { return cmp.Compare(a.account, b.account) })
	for rest := e.list; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].account == rest[0].account {
			n++
		}
		if err := e.writeAccount(ctx, rest[0].account, rest[:n]); err != nil {
			return doing("write down what happened", err)
		}
		rest = rest[n:]
	}
	return nil
}

func (e *events) writeAccount(ctx context.Context, account int64, list []event) error {
	// One look-up by key is all that it costs when nobody listens. Asking each time, rather than remembering for
	// a while, is what lets every change after an endpoint's creation be told, on whichever node it happens.
	wanted, err := all(ctx, e, scanTypes, `SELECT types FROM endpoint WHERE account_id = $1`, account)
	if err != nil || len(wanted) == 0 {
		return err
	}
	list = slices.DeleteFunc(slices.Clone(list), func(v event) bool {
		return !slices.ContainsFunc(wanted, func(types []arauto.NoticeType) bool { return arauto.Endpoint{Types: types}.Wants(v.kind) })
	})
	if len(list) == 0 {
		return nil
	}
	n, err := e.names(ctx, account, list)
	if err != nil {
		return err
	}
	first, at, err := nextMoments(ctx, e, account, noticeSequence, len(list), e.now)
	if err != nil {
		return err
	}
	rows := make([][]any, len(list))
	for i, v := range list {
		rows[i] = []any{account, first + int64(i), e.store.epoch, v.kind, at, jsonOf(v.payload(n))}
	}
	_, err = e.store.run(ctx, e, insertNotice, rows)
	return err
}

const noticeSequence = "notice"

var insertNotice = hot{
	each: `INSERT INTO notice (account_id, id, epoch, type, at, data) VALUES ($1, $2, $3, $4, $5, $6)`,
	set: `INSERT INTO notice (account_id, id, epoch, type, at, data)
		SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::text[])`,
	silent: true,
}

func scanTypes(r rows) (types []arauto.NoticeType, err error) {
	var text string
	if err := r.Scan(&text); err != nil {
		return nil, err
	}
	return types, fromJSON(text, &types)
}

// names is what payloads call the rows that they point at.
type names struct {
	campaigns map[int64]toldCampaign
	contacts  map[int64]toldContact
}

// names reads them. A list that says nothing of contacts but their moves needs only campaigns.
func (e *events) names(ctx context.Context, account int64, list []event) (n names, err error) {
	campaigns, contacts := map[int64]bool{}, map[int64]bool{}
	for _, v := range list {
		campaign, contact := v.concerns()
		campaigns[campaign], contacts[contact] = true, true
	}
	delete(campaigns, 0)
	delete(contacts, 0)
	n = names{map[int64]toldCampaign{}, map[int64]toldContact{}}
	if ids := keysOf(campaigns); len(ids) > 0 {
		found, err := all(ctx, e, func(r rows) (c toldCampaign, err error) { return c, r.Scan(&c.ID, &c.UUID, &c.Name) },
			`SELECT id, uuid, name FROM campaign WHERE `+e.store.db.keyed("id", "$1", "$2"), account, e.store.db.list(ids))
		if err != nil {
			return n, err
		}
		for _, c := range found {
			n.campaigns[c.ID] = c
		}
	}
	if ids := keysOf(contacts); len(ids) > 0 {
		found, err := all(ctx, e, func(r rows) (c toldContact, err error) { return c, r.Scan(&c.ID, &c.External, &c.Phone) },
			`SELECT id, external_id, phone FROM contact WHERE `+e.store.db.keyed("id", "$1", "$2"), account, e.store.db.list(ids))
		if err != nil {
			return n, err
		}
		for _, c := range found {
			n.contacts[c.ID] = c
		}
	}
	return n, nil
}

func (v event) concerns() (campaign, contact int64) {
	if v.contact != nil {
		return v.contact.Campaign, 0
	}
	return v.other.concerns()
}

func (v event) payload(n names) any {
	if v.contact != nil {
		return wordMove(n, v.from, v.contact)
	}
	return v.other.payload(n)
}
