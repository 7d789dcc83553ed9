package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"arauto"
)

// Intend asks the gate for each contact and makes the attempts it allows durable, all in one
// transaction that holds the sender's fence, its campaigns' states, the suppressions and each person's
// last touch. When it returns, every attempt in the answer may be posted, and no other. list holds
// contacts of campaigns of that sender; the answers are in its order.
func (s *Store) Intend(ctx context.Context, now time.Time, lease arauto.Lease, sender int64, list []arauto.Candidate) ([]arauto.Intended, error) {
	return s.Advance(ctx, now, lease, sender, nil, list)
}

// Advance is Record and Intend in one transaction: a busy line does both each time, and the disk is
// synced once. When the lease is no longer held the answers are recorded all the same, nothing is
// intended, and the error is a conflict.
func (s *Store) Advance(ctx context.Context, now time.Time, lease arauto.Lease, sender int64, answers []arauto.Answer, list []arauto.Candidate) ([]arauto.Intended, error) {
	if len(list) == 0 {
		return nil, s.Record(ctx, now, lease.Account, answers)
	}
	ids, err := s.ids.take(ctx, lease.Account, "attempt", len(list))
	if err != nil {
		return nil, err
	}
	var answered *recording
	if len(answers) > 0 {
		if answered, err = newRecording(now, answers); err != nil {
			return nil, err
		}
	}
	in := intending{store: s, now: now, account: lease.Account, sender: sender, ids: ids}
	var lost error
	err = s.db.write(ctx, func(t querier) error {
		in.answers, lost = nil, nil
		if err := s.record(ctx, t, now, lease.Account, answered); err != nil {
			return err
		}
		if lost = s.fenced(ctx, t, now, lease); lost != nil {
			if arauto.KindOf(lost) == arauto.KindConflict {
				return nil
			}
			return lost
		}
		return in.run(ctx, t, list)
	})
	if err == nil {
		err = lost
	}
	return in.answers, err
}

// intending is one call of Intend.
type intending struct {
	store   *Store
	now     time.Time
	account int64
	sender  int64
	ids     []int64 // of attempts

	pause        string
	stopped      map[string]arauto.StoppedCountry // of the sender's WABA, by calling code
	campaigns    map[int64]*campaignGate
	portfolio    int64 // of the sender
	reach        *reach
	ramp         *ramp
	rules        *accountGate
	suppressions map[string][]arauto.Suppression
	touches      map[string]arauto.Touches // by person, oldest first
	talking      map[string]bool           // who is in an open conversation; read only where a campaign asks

	answers []arauto.Intended
	changed []contactChange
	counts  changes
}

// campaignGate is a campaign as the gate sees it, and how many more may go before it holds.
type campaignGate struct {
	campaign  arauto.Campaign
	template  arauto.Template // read only where a message is to be filled
	marketing bool
	room      int64    // -1 = no limit
	ceiling   *ceiling // nil = none
}

func (in *intending) run(ctx context.Context, t querier, list []arauto.Candidate) error {
	in.answers, in.changed, in.counts = make([]arauto.Intended, len(list)), nil, changes{}
	if err := in.load(ctx, t, list); err != nil {
		return err
	}
	for i, c := range list {
		if err := in.decide(i, c); err != nil {
			return err
		}
	}
	if err := in.save(ctx, t); err != nil {
		return err
	}
	if err := in.counts.apply(ctx, t, in.account, slotDispatch); err != nil {
		return err
	}
	if err := in.pauseAtCeiling(ctx, t); err != nil {
		return err
	}
	return in.hold(ctx, t)
}

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
	if in.suppressions, err = in.store.suppressionsOf(ctx, t, in.account, keys); err != nil {
		return err
	}
	if in.talking, err = in.loadTalking(ctx, t, keys); err != nil {
		return err
	}
	return in.loadTouches(ctx, t, keys)
}

// loadTouches reads what went to those people lately, over all campaigns.
func (in *intending) loadTouches(ctx context.Context, t querier, keys []string) error {
	in.touches = make(map[string]arauto.Touches, len(keys))
	oldest := in.now.Add(-arauto.TouchesKept)
	_, err := all(ctx, t, func(r rows) (none struct{}, err error) {
		var key string
		var touch arauto.Touch
		var at int64
		if err := r.Scan(&key, &touch.Campaign, &touch.Channel, &at); err != nil {
			return none, err
		}
		if touch.At = moment(at); touch.At.After(oldest) {
			in.touches[key] = append(in.touches[key], touch)
		}
		return none, nil
	}, in.touchesOf(), in.account, in.store.db.list(keys))
	for key, touches := range in.touches {
		in.touches[key] = touches.Newest()
	}
	return err
}

// touchesOf asks person by person. A range of one key, in the order of keys, leaves PostgreSQL no index
// but the one that is meant: believing the table empty, it would walk all the account's contacts.
func (in *intending) touchesOf() string {
	const (
		touched = `SELECT account_id, person_key, campaign_id, CASE WHEN sent_at > 0 THEN sent_at ELSE updated_at END AS at FROM contact
			WHERE deleted_at = 0 AND (sent_at > 0 OR state IN ('sending', 'unknown')) AND `
		channel = ` JOIN campaign p ON p.account_id = c.account_id AND p.id = c.campaign_id`
	)
	if in.store.db.postgres() {
		return `SELECT c.person_key, c.campaign_id, p.channel, c.at FROM unnest($2::text[]) AS u(key) CROSS JOIN LATERAL (` +
			touched + `account_id = $1 AND person_key BETWEEN u.key AND u.key ORDER BY person_key, campaign_id OFFSET 0) c` + channel
	}
	return `SELECT c.person_key, c.campaign_id, p.channel, c.at FROM (` + touched + in.store.db.keyed("person_key", "$1", "$2") + `) c` + channel
}

func scanText(r rows) (s string, err error) { return s, r.Scan(&s) }

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
	g := &campaignGate{campaign: c, marketing: arauto.Template{Category: category}.Marketing(), room: -1}
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

func (in *intending) decide(i int, candidate arauto.Candidate) error {
	c := candidate.Contact
	g := in.campaigns[c.Campaign]
	input := in.input(c)
	input.Unfit = candidate.Unfit
	v := arauto.Decide(input, in.now)
	if v.Outcome == arauto.Go && (g.campaign.Sender != in.sender || candidate.Version != 0 && candidate.Version != g.campaign.Version) {
		// The campaign was changed since the message was filled: what was filled is not what is wanted now.
		v = arauto.Verdict{Outcome: arauto.Wait, Reason: arauto.ReasonCampaignState, Words: "changed a moment ago"}
	}
	if v.Outcome == arauto.Go && g.room == 0 {
		v = arauto.Verdict{Outcome: arauto.Wait, Reason: arauto.ReasonCampaignState, Words: heldWords}
	}
	if v.Outcome == arauto.Go {
		if wait, fits := g.ceiling.admit(in, c); !fits {
			v = wait
		}
	}
	next, err := in.consequence(i, c, v)
	if err != nil {
		return err
	}
	in.answers[i].Verdict, in.answers[i].Contact = v, next
	if v.Outcome == arauto.Go {
		if g.room > 0 {
			g.room--
		}
		in.reach.touch(c.PersonKey)
		in.ramp.add(1)
		in.touches[c.PersonKey] = in.touches[c.PersonKey].Add(arauto.Touch{At: in.now, Campaign: c.Campaign, Channel: g.campaign.Channel}, in.now)
	}
	if v.Outcome != arauto.Done && (next.State != c.State || !next.DueAt.Equal(c.DueAt)) {
		in.changed = append(in.changed, contactChange{at: i, old: c, new: next})
	}
	return nil
}

// input is what the gate looks at for c.
func (in *intending) input(c arauto.Contact) arauto.GateInput {
	g := in.campaigns[c.Campaign]
	input := arauto.GateInput{
		Contact: c, Campaign: g.campaign, SenderPause: in.pause, Marketing: g.marketing,
		Suppressions: in.suppressions[c.PersonKey], LastTouch: in.touches[c.PersonKey].Latest(), Touches: in.touches[c.PersonKey],
		OpenConversation: in.talking[c.PersonKey],
	}
	if stop, closed := in.stopped[c.Phone.CallingCode()]; closed {
		input.StoppedCountry = &stop
	}
	in.reach.fill(&input)
	in.ramp.fill(&input)
	in.rules.ask(in.store, &input)
	return input
}

const heldWords = "held after the first contacts, as asked: look at the results, then resume"

// consequence is the contact after the verdict.
func (in *intending) consequence(i int, c arauto.Contact, v arauto.Verdict) (arauto.Contact, error) {
	switch v.Outcome {
	case arauto.Go:
		return c.Apply(arauto.Event{Kind: arauto.EventIntended, At: in.now, Attempt: in.ids[i]})
	case arauto.Suppress:
		return c.Apply(arauto.Event{Kind: arauto.EventSuppressed, At: in.now, Reason: v.Reason, Detail: v.Words})
	case arauto.Fail:
		return c.Apply(arauto.Event{Kind: arauto.EventRefused, At: in.now, Reason: v.Reason, Detail: v.Words})
	}
	// What many wait for is in nobody's row: they would all be due at once, and few could go.
	if v.Until.After(c.DueAt) && !v.Shared() {
		c.DueAt, c.UpdatedAt = v.Until, in.now
	}
	return c, nil
}

// save writes down what the gate decided: the intents of those that go, and what became of the others.
func (in *intending) save(ctx context.Context, t querier) error {
	var going, rest []contactChange
	for _, ch := range in.changed {
		if in.answers[ch.at].Verdict.Outcome == arauto.Go {
			going = append(going, ch)
			continue
		}
		rest = append(rest, ch)
	}
	if err := in.saveIntents(ctx, t, going); err != nil {
		return err
	}
	if err := in.store.addReach(ctx, t, in.reach); err != nil {
		return err
	}
	if err := in.store.addRamp(ctx, t, in.ramp); err != nil {
		return err
	}
	written, err := in.store.saveContacts(ctx, t, in.now, rest)
	if err != nil {
		return err
	}
	for i, ch := range rest {
		if written[i] == 0 {
			in.stale(ch.at)
			continue
		}
		in.counts.moved(ch.old.Campaign, ch.old.State, ch.new.State)
		in.answers[ch.at].Contact = ch.new
	}
	return nil
}

// saveIntents makes intents durable. The contact's own row is left as it is until the answer comes: see
// the table intent.
func (in *intending) saveIntents(ctx context.Context, t querier, going []contactChange) error {
	intents := make([][]any, len(going))
	for i, ch := range going {
		intents[i] = []any{
			in.account, ch.old.PersonKey, ch.old.ID, ch.new.Attempt, ch.old.Campaign, in.sender, int64(ch.new.Attempts), in.store.epoch, ms(in.now), ch.old.Version,
		}
	}
	made, err := in.store.keepIntents(ctx, t, intents)
	if err != nil {
		return err
	}
	if err := in.recordedMeanwhile(ctx, t, going, made); err != nil {
		return err
	}
	if err := in.touchedMeanwhile(ctx, t, going, made); err != nil {
		return err
	}
	var not []contactChange
	for i, ch := range going {
		if made[i] == 0 {
			not = append(not, ch)
			continue
		}
		in.answers[ch.at].Attempt = arauto.Attempt{
			ID: ch.new.Attempt, Account: in.account, Campaign: ch.old.Campaign, Contact: ch.old.ID, Sender: in.sender,
			Previous: ch.old.Attempt, Number: ch.new.Attempts, Epoch: in.store.epoch, State: arauto.AttemptOpen, IntendedAt: in.now,
		}
	}
	in.ramp.add(-len(not))
	for _, ch := range not {
		if g := in.campaigns[ch.old.Campaign]; g.room >= 0 {
			g.room++
		}
	}
	if err := in.notMade(ctx, t, not); err != nil {
		return err
	}
	return in.reserve(ctx, t, going)
}

// recordedMeanwhile takes back the intents for contacts that were written while their insert waited for
// another's flight to the same person to end: on PostgreSQL it had looked at the contact before it waited.
func (in *intending) recordedMeanwhile(ctx context.Context, t querier, going []contactChange, made []int64) error {
	if !in.store.db.postgres() || len(going) == 0 {
		return nil
	}
	versions := make(map[int64]int64, len(going))
	ids := make([]int64, len(going))
	for i, ch := range going {
		ids[i] = ch.old.ID
	}
	now, err := all(ctx, t, scanPair, `SELECT id, version FROM contact WHERE `+in.store.db.keyed("id", "$1", "$2"), in.account, in.store.db.list(ids))
	if err != nil {
		return err
	}
	for _, c := range now {
		versions[c[0]] = c[1]
	}
	var back [][]any
	for i, ch := range going {
		if made[i] == 1 && versions[ch.old.ID] != ch.old.Version {
			made[i], back = 0, append(back, []any{in.account, ch.old.PersonKey, ch.new.Attempt})
		}
	}
	_, err = in.store.run(ctx, t, deleteIntent, back)
	return err
}

// touchedMeanwhile takes back the intents for people whom another sender wrote to, and had its answer
// recorded, between our look at their touches and now: where an account has caps, such a message counts. Now
// that the intents are there nobody else can begin. SQLite has one writer, and no meanwhile.
func (in *intending) touchedMeanwhile(ctx context.Context, t querier, going []contactChange, made []int64) error {
	if !in.store.db.postgres() || len(going) == 0 || len(in.rules.rules.Caps)+len(in.rules.rules.Packs) == 0 {
		return nil
	}
	keys, before := make([]string, len(going)), in.touches
	for i, ch := range going {
		keys[i] = ch.old.PersonKey
	}
	if err := in.loadTouches(ctx, t, keys); err != nil {
		return err
	}
	var back [][]any
	for i, ch := range going {
		known := before[ch.old.PersonKey]
		known = known[:len(known)-1] // the last is what was decided just now
		if made[i] == 1 && in.touches[ch.old.PersonKey].Latest().After(known.Latest()) {
			made[i], back = 0, append(back, []any{in.account, ch.old.PersonKey, ch.new.Attempt})
		}
	}
	in.touches = before
	_, err := in.store.run(ctx, t, deleteIntent, back)
	return err
}

// notMade says why intents were not made: something is in flight to the person, from whichever campaign
// and sender, or the contact was changed since it was read.
func (in *intending) notMade(ctx context.Context, t querier, list []contactChange) error {
	if len(list) == 0 {
		return nil
	}
	keys := make([]string, len(list))
	for i, ch := range list {
		keys[i] = ch.old.PersonKey
	}
	flying, err := all(ctx, t, scanText, `SELECT person_key FROM intent WHERE `+in.store.db.keyed("person_key", "$1", "$2"), in.account, in.store.db.list(keys))
	if err != nil {
		return err
	}
	for _, ch := range list {
		if !slices.Contains(flying, ch.old.PersonKey) {
			in.stale(ch.at)
			continue
		}
		in.answers[ch.at] = arauto.Intended{
			Contact: ch.old, InFlight: true, Verdict: arauto.Verdict{Outcome: arauto.Wait, Reason: arauto.ReasonJustContacted, Until: in.now.Add(time.Second)},
		}
	}
	return nil
}

// stale notes that a contact was changed since it was read.
func (in *intending) stale(i int) {
	in.answers[i] = arauto.Intended{Contact: in.answers[i].Contact, Stale: true, Verdict: arauto.Verdict{Outcome: arauto.Done, Reason: arauto.ReasonSettled}}
}

// hold pauses a campaign whose first contacts have all gone.
func (in *intending) hold(ctx context.Context, t querier) error {
	for _, g := range in.campaigns {
		if g.room != 0 {
			continue
		}
		next, err := g.campaign.Apply(arauto.CampaignPause, heldWords, in.now)
		if err != nil || next.State == g.campaign.State {
			continue // paused or ended by somebody else: nothing to hold
		}
		if _, err := in.store.saveMove(ctx, t, arauto.System(in.account), in.now, g.campaign, next, arauto.CampaignPause, heldWords); err != nil {
			return err
		}
	}
	return nil
}
