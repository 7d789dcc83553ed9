package store

import (
	"context"
	"errors"
	"slices"
	"sort"
	"strings"

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
