package store

import (
	"context"
	"maps"
	"slices"

	"arauto"
)

// load reads, and where it has to, keeps until the commit, what the gate is told about the contacts in list.
func (in *intending) load(ctx context.Context, t querier, list []arauto.Candidate) error {
	keys := make([]string, len(list))
	campaigns := map[int64]bool{}
	for i, c := range list {
		keys[i] = c.Contact.PersonKey
		campaigns[c.Contact.Campaign] = true
	}
	var text accountText
	var rampUp, limit int
	var waba, closed int64
	_, err := one(ctx, t, func(r rows) (none struct{}, err error) {
		return none, r.Scan(&in.pause, &in.portfolio, &rampUp, &limit, &waba, &closed, &text.zone, &text.language, &text.rules)
	}, `SELECT s.pause, w.portfolio_id, s.ramp_up,
		COALESCE((SELECT p.people_limit FROM portfolio p WHERE p.account_id = w.account_id AND p.id = w.portfolio_id), 0), w.id, CASE WHEN EXISTS (SELECT 1 FROM stopped_country k WHERE k.account_id = w.account_id AND k.waba_id = w.id)
		THEN 1 ELSE 0 END, `+accountTextColumns+` FROM sender s JOIN waba w ON w.account_id = s.account_id AND w.id = s.waba_id
		JOIN account a ON a.id = s.account_id WHERE s.account_id = $1 AND s.id = $2`+in.unmerged(), in.account, in.sender)
	if err != nil {
		return missing(err, "sender", in.sender)
	}
	if in.rules, err = in.store.gates.of(text); err != nil {
		return err
	}
	in.stopped = nil
	if closed > 0 {
		if in.stopped, err = in.store.stopped(ctx, t, in.account, waba); err != nil {
			return err
		}
	}
	if rampUp > 0 {
		// Two transactions of the line may be under way: they count one after the other.
		if _, err := one(ctx, t, scanInt, `SELECT id FROM sender WHERE account_id = $1 AND id = $2`+in.store.db.lock(), in.account, in.sender); err != nil {
			return missing(err, "sender", in.sender)
		}
	}
	if in.ramp, err = in.store.loadRamp(ctx, t, in.now, in.account, in.sender, rampUp); err != nil {
		return err
	}
	if in.reach, err = in.store.loadReach(ctx, t, in.now, in.account, in.portfolio, limit, keys); err != nil {
		return err
	}
	in.campaigns = map[int64]*campaignGate{}
	for _, id := range slices.Sorted(maps.Keys(campaigns)) { // in one order everywhere, since their rows are kept
		if in.campaigns[id], err = in.loadCampaign(ctx, t, id); err != nil {
			return err
		}
	}
	return in.loadPeople(ctx, t, keys)
}

// unmerged keeps two persons of the account from becoming one until the commit.
func (in *intending) unmerged() string {
	if in.store.db.postgres() {
		return ` FOR SHARE OF a`
	}
	return ""
}

// loadPeople reads what holds for the persons: their suppressions and when they were last touched.
func (in *intending) loadPeople(ctx context.Context, t querier, keys []string) (err error) {
	if in.suppressions, err = in.store.holdsOf(ctx, t, in.account, keys); err != nil {
		return err
	}
	if in.talking, err = in.loadTalking(ctx, t, keys); err != nil {
		return err
	}
	return in.loadContacts(ctx, t, keys)
}

// loadContacts reads the contacts of those people in all campaigns: which version each is at, and what went to
// the person lately.
func (in *intending) loadContacts(ctx context.Context, t querier, keys []string) error {
	in.versions, in.touches = make(map[int64]int64, len(keys)), make(map[string]arauto.Touches, len(keys))
	oldest := in.now.Add(-arauto.TouchesKept)
	_, err := all(ctx, t, func(r rows) (none struct{}, err error) {
		var key string
		var touch arauto.Touch
		var id, version, at int64
		if err := r.Scan(&key, &id, &version, &touch.Campaign, &at); err != nil {
			return none, err
		}
		in.versions[id] = version
		if touch.At = moment(at); touch.At.After(oldest) {
			in.touches[key] = append(in.touches[key], touch)
		}
		return none, nil
	}, in.contactsOf(), in.account, in.store.db.list(keys), ms(in.now))
	if err != nil {
		return err
	}
	return in.nameChannels(ctx, t)
}

// contactsOf asks person by person. A message that landed before its answer came is still in flight: it counts as sent
// just now. A range of one key, in the order of keys, leaves PostgreSQL no index
// but the one that is meant: believing the table empty, it would walk all the account's contacts.
func (in *intending) contactsOf() string {
	const known = `SELECT person_key, id, version, campaign_id, CASE WHEN sent_at > 0 THEN sent_at WHEN state = 'sending' AND dial = '' THEN CAST($3 AS bigint) WHEN state IN ('sending', 'unknown') THEN updated_at ELSE 0 END AS at
		FROM contact WHERE deleted_at = 0 AND `
	if in.store.db.postgres() {
		return `SELECT c.* FROM unnest($2::text[]) AS u(key) CROSS JOIN LATERAL (` +
			known + `account_id = $1 AND person_key BETWEEN u.key AND u.key ORDER BY person_key, campaign_id OFFSET 0) c`
	}
	return known + in.store.db.keyed("person_key", "$1", "$2")
}

// nameChannels says by which channel each touch was.
func (in *intending) nameChannels(ctx context.Context, t querier) error {
	channels := map[int64]arauto.Channel{}
	for id, g := range in.campaigns {
		channels[id] = g.campaign.Channel
	}
	var others []int64
	for _, touches := range in.touches {
		for _, touch := range touches {
			if _, known := channels[touch.Campaign]; !known {
				channels[touch.Campaign], others = "", append(others, touch.Campaign)
			}
		}
	}
	if len(others) > 0 {
		list, err := all(ctx, t, scanNamed, `SELECT channel, id FROM campaign WHERE `+in.store.db.keyed("id", "$1", "$2"), in.account, in.store.db.list(others))
		if err != nil {
			return err
		}
		for _, p := range list {
			channels[p.id] = arauto.Channel(p.name)
		}
	}
	for key, touches := range in.touches {
		for i := range touches {
			touches[i].Channel = channels[touches[i].Campaign]
		}
		in.touches[key] = touches.Newest()
	}
	return nil
}

// loadCampaign keeps the campaign's row as it is until the commit: whoever pauses it waits for this
// transaction, and everything after the pause sees it.
func (in *intending) loadCampaign(ctx context.Context, t querier, id int64) (*campaignGate, error) {
	lock := ""
	if in.store.db.postgres() {
		lock = ` FOR SHARE`
		// Who counts down to a hold or up to a ceiling does it alone.
		seen, err := in.store.campaign(ctx, t, in.account, id)
		if err != nil {
			return nil, err
		}
		if seen.HoldAfter > 0 || seen.Policy.Ceiling.Micros > 0 {
			lock = ` FOR UPDATE`
		}
	}
	c, err := one(ctx, t, scanCampaign, `SELECT `+campaignColumns+` FROM campaign WHERE account_id = $1 AND id = $2`+lock, in.account, id)
	if err != nil {
		return nil, missing(err, "campaign", id)
	}
	category, err := one(ctx, t, scanText, `SELECT category FROM template WHERE account_id = $1 AND id = $2`, in.account, c.Template)
	if err != nil {
		return nil, missing(err, "template", c.Template)
	}
	template := arauto.Template{Category: category}
	g := &campaignGate{campaign: c, marketing: template.Marketing(), needsPhone: template.NeedsPhone(), room: -1}
	if g.ceiling, err = in.loadCeiling(ctx, t, c, category); err != nil {
		return nil, err
	}
	if c.HoldAfter > 0 {
		// What is in flight first: a flight that ends between the two is then in both, rather than in neither.
		flying, err := one(ctx, t, scanInt, `SELECT count(*) FROM intent WHERE account_id = $1 AND campaign_id = $2`, in.account, id)
		if err != nil {
			return nil, err
		}
		counts, err := in.store.counts(ctx, t, in.account, []int64{id})
		if err != nil {
			return nil, err
		}
		g.room = max(0, int64(c.HoldAfter)-counts[id].Tried()-flying)
	}
	return g, nil
}
