package store

import (
	"context"
	"errors"
	"slices"
	"sort"
	"strings"
	"time"

	"arauto"
)

// Reports read contacts newest first, by descending id, in short keyset reads. Which index serves a page
// is decided from the kept counts: every (campaign, state) that holds contacts is one ordered stream of
// the index contact_state, and a page is the merge of the few streams that match. A page costs the same
// at any depth because nothing before it is looked at.

// maxStreams is how many streams are merged before walking the account's contacts in order is cheaper.
const maxStreams = 96

// stream is one run of the index contact_state.
type stream struct {
	campaign int64
	state    arauto.ContactState
	n        int64
}

// contactQuery is a filter made ready for one account: streams, id bounds and the rest as SQL.
type contactQuery struct {
	store   *Store
	account int64
	filter  arauto.ContactFilter
	streams []stream
	others  int64 // contacts of the campaigns asked for in states that are not
	walk    bool  // too many streams: walk by id instead
	indexed bool  // ask the search index: see finder
	from    int64 // lowest id
	upTo    int64 // highest id
	flights flightTerm
	phones  []string // those asked for, where their persons were merged with others; none = any
	where   string
	args    []any // from $5 on
}

func (s *Store) contactQuery(ctx context.Context, q querier, account int64, f arauto.ContactFilter) (*contactQuery, error) {
	query := &contactQuery{store: s, account: account, filter: f, upTo: 1 << 53}
	if err := query.inFlight(ctx, q); err != nil {
		return nil, err
	}
	if err := query.people(ctx, q); err != nil {
		return nil, err
	}
	if err := query.bound(ctx, q); err != nil {
		return nil, err
	}
	if err := query.chooseStreams(ctx, q); err != nil {
		return nil, err
	}
	// A few contacts are looked at faster than they are found.
	query.indexed = query.named() || query.filter.Searched() && (query.walk || query.most() > s.few)
	query.walk = query.walk || query.indexed
	query.conditions()
	return query, nil
}

// named reports whether people or contacts are asked for themselves: they are looked up.
func (cq *contactQuery) named() bool { return len(cq.filter.PersonKeys) > 0 || len(cq.filter.IDs) > 0 }

// fewContacts: a report of so many is read as a whole in less time than the index takes to answer.
const fewContacts = 2000

// most is how many contacts there are in the campaigns and states asked for.
func (cq *contactQuery) most() (n int64) {
	for _, st := range cq.streams {
		n += st.n
	}
	return n
}

// people looks up the keys that contacts of the persons asked for are kept under. Who was merged with others is
// still found by the numbers asked for alone: a merge changes no report.
func (cq *contactQuery) people(ctx context.Context, q querier) error {
	asked := cq.filter.PersonKeys
	if len(asked) == 0 {
		return nil
	}
	keys, err := cq.store.keysFor(ctx, q, cq.account, asked)
	if err != nil || slices.Equal(keys, asked) {
		return err
	}
	cq.filter.PersonKeys = keys
	for _, key := range asked {
		for _, phone := range arauto.PhoneOfWAID(key).Variants() {
			cq.phones = append(cq.phones, string(phone))
		}
	}
	return nil
}

// bound turns the moments of insertion into ids: both ascend together, so the first id at a moment is
// found by halving the range, in a few dozen look-ups by key.
func (cq *contactQuery) bound(ctx context.Context, q querier) error {
	var err error
	if !cq.filter.InsertedFrom.IsZero() {
		if cq.from, err = firstContactAt(ctx, q, cq.account, ms(cq.filter.InsertedFrom)); err != nil {
			return err
		}
	}
	if !cq.filter.InsertedTo.IsZero() {
		next, err := firstContactAt(ctx, q, cq.account, ms(cq.filter.InsertedTo)+1)
		if err != nil {
			return err
		}
		cq.upTo = next - 1
	}
	return nil
}

// firstContactAt is the lowest id whose contact was inserted at or after at; one past the last id when
// there is none.
func firstContactAt(ctx context.Context, q querier, account, at int64) (int64, error) {
	last, err := lastContact(ctx, q, account)
	if err != nil {
		return 0, err
	}
	low, high := int64(1), last+1
	for low < high {
		middle := low + (high-low)/2
		found, err := all(ctx, q, func(r rows) (v [2]int64, err error) { return v, r.Scan(&v[0], &v[1]) },
			`SELECT id, inserted_at FROM contact WHERE account_id = $1 AND id >= $2 ORDER BY id LIMIT 1`, account, middle)
		if err != nil {
			return 0, err
		}
		switch {
		case len(found) == 0 || found[0][1] >= at:
			high = middle
		default:
			low = found[0][0] + 1
		}
	}
	return low, nil
}

func lastContact(ctx context.Context, q querier, account int64) (int64, error) {
	id, err := one(ctx, q, scanInt, `SELECT value FROM sequence WHERE account_id = $1 AND name = 'contact'`, account)
	if errors.Is(err, errNoRow) {
		return 0, nil
	}
	return id, err
}

func (cq *contactQuery) chooseStreams(ctx context.Context, q querier) error {
	f := cq.filter
	campaigns := f.Campaigns
	if f.Template != 0 {
		with, err := all(ctx, q, scanInt, `SELECT id FROM campaign WHERE account_id = $1 AND template_id = $2`, cq.account, f.Template)
		if err != nil {
			return err
		}
		if campaigns = intersect(campaigns, with); len(campaigns) == 0 {
			cq.filter.Empty = true
			return nil
		}
	}
	if cq.walk = f.Searched() && len(campaigns) == 0 && len(wantedStates(f)) == 0 && f.Channel == ""; cq.walk {
		return nil // the index is asked, and whichever streams there are all belong to the answer
	}
	counts, err := cq.store.counts(ctx, q, cq.account, campaigns)
	if err != nil {
		return err
	}
	others, err := cq.otherChannels(ctx, q)
	if err != nil {
		return err
	}
	for campaign := range others {
		delete(counts, campaign)
	}
	wanted := map[arauto.ContactState]bool{}
	for _, state := range wantedStates(f) {
		wanted[state] = true
	}
	for campaign, byState := range counts {
		for state, n := range byState {
			switch {
			case n <= 0:
			case len(wanted) == 0 || wanted[state]:
				cq.streams = append(cq.streams, stream{campaign, state, n})
			default:
				cq.others += n
			}
		}
	}
	sort.Slice(cq.streams, func(i, j int) bool {
		a, b := cq.streams[i], cq.streams[j]
		return a.campaign < b.campaign || (a.campaign == b.campaign && a.state < b.state)
	})
	everything := len(campaigns) == 0 && len(wanted) == 0 && len(others) == 0
	cq.walk = len(cq.streams) > maxStreams || everything
	cq.filter.Campaigns = campaigns // the template's are among them
	return nil
}

func intersect(a, b []int64) []int64 {
	if len(a) == 0 {
		return b
	}
	in := map[int64]bool{}
	for _, v := range b {
		in[v] = true
	}
	var both []int64
	for _, v := range a {
		if in[v] {
			both = append(both, v)
		}
	}
	return both
}

// conditions writes what streams and bounds do not cover. $1 to $4 are account, lower bound, upper bound
// and limit.
func (cq *contactQuery) conditions() {
	f, s := cq.filter, cq.store
	var where strings.Builder
	add := func(sql string, arg any) {
		where.WriteString(" AND " + sql)
		cq.args = append(cq.args, arg)
	}
	placeholder := func() string { return "$" + itoa(5+len(cq.args)) }
	if len(f.PersonKeys) > 0 {
		add(s.db.in("c.person_key", placeholder()), s.db.list(f.PersonKeys))
	}
	if len(cq.phones) > 0 {
		add(s.db.in("c.phone", placeholder()), s.db.list(cq.phones))
	}
	if f.Name != "" {
		add("c.name_fold LIKE "+placeholder()+` ESCAPE '\'`, "%"+escapeLike(arauto.Fold(f.Name))+"%")
	}
	if f.FieldKey != "" {
		// The stored object is canonical, so the quoted value is in it if any field has it; which field is
		// checked on the row.
		value := (arauto.Fields{{Key: "", Value: f.FieldValue}}).AppendJSON(nil)
		add("c.fields LIKE "+placeholder()+` ESCAPE '\'`, "%"+escapeLike(string(value[len(`{"":`):len(value)-1]))+"%")
	}
	if len(f.Reasons) > 0 {
		add(s.db.in("c.reason", placeholder()), s.db.list(texts(f.Reasons)))
	}
	if f.Digits != "" {
		add("c.phone LIKE "+placeholder()+` ESCAPE '\'`, "%"+escapeLike(f.Digits)+"%")
	}
	const wish = `CASE WHEN c.scheduled_for > 0 THEN c.scheduled_for WHEN p.state = 'scheduled' THEN p.scheduled_for ELSE 0 END`
	switch f.Intent {
	case arauto.IntentFuture:
		add("c.state = 'pending' AND "+wish+" > "+placeholder(), ms(f.Now))
	case arauto.IntentNow:
		add("NOT (c.state = 'pending' AND "+wish+" > "+placeholder()+")", ms(f.Now))
	}
	if cq.flights == flightsNot {
		where.WriteString(" AND NOT (" + isFlying + ")")
	}
	if cq.walk {
		if len(f.Campaigns) > 0 {
			add(s.db.in("c.campaign_id", placeholder()), s.db.list(f.Campaigns))
		}
		switch states := s.db.in("c.state", placeholder()); {
		case len(f.States) == 0:
		case cq.flights == flightsToo:
			add("("+states+" OR "+isFlying+")", s.db.list(texts(f.States)))
		default:
			add(states, s.db.list(texts(f.States)))
		}
		where.WriteString(map[arauto.Channel]string{arauto.ChannelWhatsApp: " AND c.dial = ''", arauto.ChannelVoice: " AND c.dial <> ''"}[f.Channel])
	}
	if len(f.Dials) > 0 {
		add(s.db.in("c.dial", placeholder()), s.db.list(texts(f.Dials)))
	}
	cq.where = where.String()
}

// escapeLike makes s stand for itself in a LIKE pattern with \ as its escape.
func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

const (
	contactJoins = ` JOIN campaign p ON p.account_id = c.account_id AND p.id = c.campaign_id
		LEFT JOIN template t ON t.account_id = p.account_id AND t.id = p.template_id`
	rowColumns = `, p.uuid, p.name, COALESCE(t.name, ''), CASE WHEN c.scheduled_for > 0 THEN c.scheduled_for WHEN p.state = 'scheduled' THEN p.scheduled_for ELSE 0 END`
)

// qualified is contactColumns of c.
func qualified() string {
	names := strings.Split(contactColumns, ",")
	for i, n := range names {
		names[i] = "c." + strings.TrimSpace(n)
	}
	return strings.Join(names, ", ")
}

func scanContactRow(r rows) (arauto.ContactRow, error) {
	var s contactScan
	var row arauto.ContactRow
	var scheduled int64
	if err := r.Scan(append(s.into(), &row.CampaignUUID, &row.CampaignName, &row.TemplateName, &scheduled)...); err != nil {
		return row, err
	}
	row.Contact, row.RawFields, row.Scheduled = s.contact(), s.fields, moment(scheduled)
	return row, nil
}

// page reads up to limit matching rows with from ≤ id < before, newest first. key is the column list.
func page[T any](ctx context.Context, q querier, cq *contactQuery, scan func(rows) (T, error), columns, joins string, before int64, limit int) ([]T, error) {
	before = min(before, cq.upTo+1)
	args := append([]any{cq.account, cq.from, before, limit}, cq.args...)
	if cq.filter.Intent != arauto.IntentAny && !strings.Contains(joins, "JOIN campaign p") {
		joins = contactJoins
	}
	if cq.walk {
		return all(ctx, q, scan, `SELECT `+columns+` FROM contact c`+joins+` WHERE c.account_id = $1 AND c.id >= $2 AND c.id < $3 AND c.deleted_at = 0`+
			cq.where+` ORDER BY c.id DESC LIMIT $4`, args...)
	}
	var ids strings.Builder
	for i, st := range cq.streams {
		if i > 0 {
			ids.WriteString(" UNION ALL ")
		}
		n := len(args)
		args = append(args, st.campaign, st.state)
		ids.WriteString(`SELECT * FROM (SELECT c.account_id, c.id FROM contact c`)
		if cq.filter.Intent != arauto.IntentAny {
			ids.WriteString(contactJoins)
		}
		ids.WriteString(` WHERE c.account_id = $1 AND c.campaign_id = $` + itoa(n+1) + ` AND c.state = $` + itoa(n+2) +
			` AND c.id >= $2 AND c.id < $3 AND c.deleted_at = 0` + cq.where + ` ORDER BY c.id DESC LIMIT $4) s` + itoa(i))
	}
	if cq.flights == flightsToo {
		if len(cq.streams) > 0 {
			ids.WriteString(" UNION ALL ")
		}
		var leg string
		leg, args = cq.flightsLeg(args)
		ids.WriteString(leg)
	}
	// The contact's account is k's and not $1, so that no planner takes the account's contacts first and looks for each
	// among those found.
	return all(ctx, q, scan, `SELECT `+columns+` FROM (SELECT account_id, id FROM (`+ids.String()+`) m ORDER BY id DESC LIMIT $4) k
		JOIN contact c ON c.account_id = k.account_id AND c.id = k.id`+joins+` ORDER BY k.id DESC`, args...)
}

func itoa(n int) string {
	var b [8]byte
	i := len(b)
	for {
		i--
		b[i] = byte('0' + n%10)
		if n /= 10; n == 0 {
			return string(b[i:])
		}
	}
}

// nothing reports a query that cannot match.
func (cq *contactQuery) nothing() bool {
	return cq.filter.Empty || cq.from > cq.upTo || (!cq.walk && len(cq.streams) == 0 && cq.flights != flightsToo)
}

// ContactRows reads up to limit matching contacts below that id (0 = from the newest), newest first.
// Fewer than limit means there are no more.
func (s *Store) ContactRows(ctx context.Context, account int64, f arauto.ContactFilter, before int64, limit int) (list []arauto.ContactRow, err error) {
	err = s.db.snapshot(ctx, func(q querier) error {
		cq, err := s.contactQuery(ctx, q, account, f)
		if err != nil || cq.nothing() {
			return err
		}
		if cq.indexed {
			list, err = cq.search(ctx, q, below(before), limit)
			return err
		}
		next := below(before)
		for len(list) < limit {
			want := limit - len(list)
			rows, err := page(ctx, q, cq, scanContactRow, qualified()+rowColumns, contactJoins, next, want)
			if err != nil {
				return err
			}
			for _, r := range rows {
				if matchesField(f, r.RawFields) {
					list = append(list, r)
				}
			}
			if len(rows) < want {
				break
			}
			next = rows[len(rows)-1].ID
		}
		return s.showFlights(ctx, q, account, list)
	})
	return list, err
}

// search is ContactRows by the search index.
func (cq *contactQuery) search(ctx context.Context, q querier, before int64, limit int) ([]arauto.ContactRow, error) {
	d, err := newFinder(ctx, q, cq, false)
	if err != nil {
		return nil, err
	}
	d.seen = map[int64]arauto.ContactRow{}
	ids, err := d.found(ctx, before, limit)
	if err != nil {
		return nil, err
	}
	list, err := d.rows(ctx, ids)
	if err != nil {
		return nil, err
	}
	return list, cq.store.showFlights(ctx, q, cq.account, list)
}

// matchesField finishes what the SQL prefilter on fields began: which key holds the value.
func matchesField(f arauto.ContactFilter, raw string) bool {
	if f.FieldKey == "" {
		return true
	}
	fields, err := arauto.StoredFields(raw)
	if err != nil {
		return false
	}
	v, ok := fields.Get(f.FieldKey)
	return ok && v == f.FieldValue
}

// ContactBound is the highest contact id given out: rows above it came later.
func (s *Store) ContactBound(ctx context.Context, account int64) (id int64, err error) {
	err = s.db.read(ctx, func(q querier) error {
		id, err = lastContact(ctx, q, account)
		return err
	})
	return id, err
}

// Contact is the contact with that id, with what a report says about it.
func (s *Store) Contact(ctx context.Context, account, id int64) (row arauto.ContactRow, err error) {
	err = s.db.read(ctx, func(q querier) error {
		row, err = one(ctx, q, scanContactRow, `SELECT `+qualified()+rowColumns+` FROM contact c`+contactJoins+` WHERE c.account_id = $1 AND c.id = $2`, account, id)
		if err != nil {
			return missing(err, "contact", id)
		}
		list := []arauto.ContactRow{row}
		err = s.showFlights(ctx, q, account, list)
		row = list[0]
		return err
	})
	return row, err
}

// ContactsOf lists the contacts of those persons over all campaigns, newest first, at most 500.
func (s *Store) ContactsOf(ctx context.Context, account int64, personKeys []string) ([]arauto.ContactRow, error) {
	return s.ContactRows(ctx, account, arauto.ContactFilter{PersonKeys: personKeys}, 0, 500)
}

// UpdatedContacts reads up to limit matching contacts that changed at or after since, by (updated_at,
// id) ascending, after the position (since, idAfter). A contact that changes again while one reads shows
// up again, later.
func (s *Store) UpdatedContacts(ctx context.Context, account int64, f arauto.ContactFilter, since time.Time, idAfter int64, limit int) (list []arauto.ContactRow, err error) {
	err = s.db.read(ctx, func(q querier) error {
		cq := &contactQuery{store: s, account: account, filter: f, walk: true}
		if f.Empty {
			return nil
		}
		if err := cq.inFlight(ctx, q); err != nil {
			return err
		}
		if err := cq.people(ctx, q); err != nil {
			return err
		}
		cq.conditions()
		args := append([]any{account, ms(since), idAfter, limit}, cq.args...)
		where := cq.where
		if !f.InsertedFrom.IsZero() {
			args = append(args, ms(f.InsertedFrom))
			where += ` AND c.inserted_at >= $` + itoa(len(args))
		}
		if !f.InsertedTo.IsZero() {
			args = append(args, ms(f.InsertedTo))
			where += ` AND c.inserted_at <= $` + itoa(len(args))
		}
		if f.Template != 0 {
			args = append(args, f.Template)
			where += ` AND p.template_id = $` + itoa(len(args))
		}
		list, err = all(ctx, q, scanContactRow, `SELECT `+qualified()+rowColumns+` FROM contact c`+contactJoins+`
			WHERE c.account_id = $1 AND (c.updated_at, c.id) > ($2, $3) AND c.deleted_at = 0`+where+` ORDER BY c.updated_at, c.id LIMIT $4`, args...)
		if err != nil {
			return err
		}
		return s.showFlights(ctx, q, account, list)
	})
	return list, err
}
