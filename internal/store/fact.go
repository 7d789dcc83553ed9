package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"arauto"
)

// ApplyFacts applies what a provider said, for one app of one account, in one transaction, and answers
// for each fact in order. Applying a fact again changes nothing. A fact about a number or a WABA that is
// not the app's is refused: only the app whose secret signed it may speak of it.
func (s *Store) ApplyFacts(ctx context.Context, now time.Time, account arauto.Account, app int64, facts []arauto.Fact) ([]arauto.Applied, error) {
	var f *applying
	err := s.db.write(ctx, func(t querier) error {
		f = &applying{store: s, now: now, account: account, app: app, done: make([]arauto.Applied, len(facts)), counts: changes{}}
		if err := f.loadTree(ctx, t); err != nil {
			return err
		}
		// Statuses first, and together: they are most of the traffic. A reply of the same payload then
		// meets the message as it stands.
		if err := f.statuses(ctx, t, facts); err != nil {
			return err
		}
		for i := 0; i < len(facts); {
			n := f.repliesFrom(facts[i:])
			if n == 0 {
				if err := f.other(ctx, t, i, facts[i]); err != nil {
					return err
				}
				i++
				continue
			}
			if err := f.replies(ctx, t, i, facts[i:i+n]); err != nil {
				return err
			}
			i += n
		}
		return f.counts.apply(ctx, t, account.ID, slotFacts)
	})
	if err != nil {
		return nil, err
	}
	s.tellHalted(f.halted)
	return f.done, nil
}

// applying is one call of ApplyFacts.
type applying struct {
	store   *Store
	now     time.Time
	account arauto.Account
	app     int64

	numbers map[string]int64 // the app's phone_number_id → sender
	senders map[int64]bool
	wabas   map[string]int64

	done   []arauto.Applied
	halted []arauto.Halted // what is paused now, or goes on
	counts changes
	book   *rulebook // the account's rules, once somebody asked
}

type named64 struct {
	name string
	id   int64
}

func scanNamed(r rows) (n named64, err error) { return n, r.Scan(&n.name, &n.id) }

// loadTree reads which numbers and WABAs are the app's own.
func (f *applying) loadTree(ctx context.Context, t querier) error {
	senders, err := all(ctx, t, scanNamed, `SELECT phone_number_id, id FROM sender WHERE account_id = $1 AND app_id = $2`, f.account.ID, f.app)
	if err != nil {
		return err
	}
	wabas, err := all(ctx, t, scanNamed, `SELECT meta_id, id FROM waba WHERE account_id = $1 AND app_id = $2`, f.account.ID, f.app)
	f.numbers, f.senders, f.wabas = map[string]int64{}, map[int64]bool{}, map[string]int64{}
	for _, n := range senders {
		f.numbers[n.name] = n.id
		f.senders[n.id] = true
	}
	for _, n := range wabas {
		f.wabas[n.name] = n.id
	}
	return err
}

// belongs reports whether the app may speak of what the fact names.
func (f *applying) belongs(fact arauto.Fact) bool {
	if fact.PhoneNumberID != "" {
		return f.numbers[fact.PhoneNumberID] != 0
	}
	return f.wabas[fact.WABA] != 0
}

// statuses applies every status of the facts together.
func (f *applying) statuses(ctx context.Context, t querier, facts []arauto.Fact) error {
	attempts, err := f.attemptsOf(ctx, t, facts)
	if err != nil {
		return err
	}
	sayings, err := f.sayings(ctx, t, facts, attempts)
	if err != nil {
		return err
	}
	var events []attemptEvent
	var lost []arauto.Fact
	for i, fact := range facts {
		if fact.Kind != arauto.FactStatus || sayings[i] {
			continue
		}
		id := attempts[i]
		switch {
		case !f.belongs(fact):
			f.done[i] = arauto.Applied{Refused: true, Note: "number " + fact.PhoneNumberID + " is not one of this app"}
		case id == 0 && f.lost(fact):
			f.done[i] = arauto.Applied{Refused: true, Note: "message " + fact.Status.ProviderID + " was sent after the backup that this database was restored from: it is not known here"}
			lost = append(lost, fact)
		case id == 0:
			f.done[i] = arauto.Applied{Orphan: true, Note: "message " + fact.Status.ProviderID + " is not known"}
		case fact.Status.Event == "":
			f.done[i].Note = "a status that is not acted on"
		default:
			events = append(events, attemptEvent{
				attempt: id, event: statusEvent(fact),
				receipt: arauto.Receipt{ProviderID: fact.Status.ProviderID, WAID: fact.Status.WAID}, pricing: fact.Status.Pricing,
			})
		}
	}
	if err := f.store.hearOf(ctx, t, f.now, f.account.ID, lost); err != nil {
		return err
	}
	contacts, err := f.store.applyToAttempts(ctx, t, f.now, f.account.ID, events, f.counts)
	if err != nil {
		return err
	}
	if err := f.recipients(ctx, t, facts, attempts, contacts); err != nil {
		return err
	}
	return f.consequences(ctx, t, facts, attempts, contacts)
}

func statusEvent(fact arauto.Fact) arauto.Event {
	s := fact.Status
	return arauto.Event{Kind: s.Event, At: fact.At, Reason: s.Reason, Code: s.Code, Detail: s.Detail}
}

// providerStops keeps the opt-outs that a failure revealed (131050).
func (f *applying) providerStops(ctx context.Context, t querier, facts []arauto.Fact, attempts map[int]int64, contacts map[int64]arauto.Contact) error {
	byAttempt := map[int64]arauto.Contact{}
	for _, c := range contacts {
		byAttempt[c.Attempt] = c
	}
	for i, fact := range facts {
		if fact.Kind != arauto.FactStatus || fact.Status.Action != arauto.ActionSuppress || f.done[i].Refused {
			continue
		}
		if c, ok := byAttempt[attempts[i]]; ok {
			if err := f.store.suppress(ctx, t, f.said(fact), providerStop(c, fact.Status.Detail)); err != nil {
				return err
			}
		}
	}
	return nil
}

// said is when a fact happened, as far as it can have: the provider's clock may be ahead of ours.
func (f *applying) said(fact arauto.Fact) time.Time {
	if fact.At.IsZero() || fact.At.After(f.now) {
		return f.now
	}
	return fact.At
}

// attemptsOf finds the attempt that each status speaks of: by the ref that travelled with the message,
// else by the provider's id. Only attempts from the app's own senders count.
func (f *applying) attemptsOf(ctx context.Context, t querier, facts []arauto.Fact) (map[int]int64, error) {
	found := map[int]int64{}
	byRef := map[int64][]int{}
	byName := map[string][]int{}
	for i, fact := range facts {
		if fact.Kind != arauto.FactStatus {
			continue
		}
		epoch, id, ok := arauto.ParseAttemptRef(fact.Status.Ref)
		if ok {
			byRef[id] = append(byRef[id], i)
		}
		if epoch != f.store.epoch && fact.Status.ProviderID != "" {
			byName[fact.Status.ProviderID] = append(byName[fact.Status.ProviderID], i)
		}
	}
	ids, err := f.lookUp(ctx, t, keysOf(byRef))
	if err == nil && len(ids) < len(byRef) {
		ids, err = f.overtaken(ctx, t, byRef)
	}
	if err != nil {
		return nil, err
	}
	for _, a := range ids {
		for _, i := range byRef[a.id] {
			// After a restore an id is given a second time, to an attempt of another epoch.
			if epoch, _, _ := arauto.ParseAttemptRef(facts[i].Status.Ref); epoch == a.epoch {
				found[i] = a.id
			}
		}
	}
	named, err := f.named(ctx, t, slices.Collect(maps.Keys(byName))...)
	for _, a := range named {
		for _, i := range byName[a.providerID] {
			found[i] = a.id
		}
	}
	return found, err
}

// overtaken lands attempts whose answer is not recorded yet, and finds them again.
func (f *applying) overtaken(ctx context.Context, t querier, byRef map[int64][]int) ([]foundAttempt, error) {
	flights, err := f.store.flightsOf(ctx, t, f.account.ID, keysOf(byRef))
	if err != nil {
		return nil, err
	}
	flights = slices.DeleteFunc(flights, func(fl flight) bool { return !f.senders[fl.sender] })
	if err := f.store.land(ctx, t, f.now, f.account.ID, flights, f.counts); err != nil {
		return nil, err
	}
	return f.lookUp(ctx, t, keysOf(byRef))
}

type foundAttempt struct {
	id, sender, contact, epoch int64
	providerID                 string
}

// lookUp finds attempts of the app's senders by id.
func (f *applying) lookUp(ctx context.Context, t querier, ids []int64) ([]foundAttempt, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, err := all(ctx, t, func(r rows) (a foundAttempt, err error) {
		return a, r.Scan(&a.id, &a.sender, &a.contact, &a.epoch, &a.providerID)
	}, `SELECT id, sender_id, contact_id, epoch, provider_id FROM attempt WHERE `+f.store.db.keyed("id", "$1", "$2"), f.account.ID, f.store.db.list(ids))
	return slices.DeleteFunc(list, func(a foundAttempt) bool { return !f.senders[a.sender] }), err
}

// named finds attempts of the app's senders by the provider's ids of their messages.
func (f *applying) named(ctx context.Context, t querier, providerIDs ...string) ([]foundAttempt, error) {
	if len(providerIDs) == 0 {
		return nil, nil
	}
	keys := make([]int64, len(providerIDs))
	for i, id := range providerIDs {
		keys[i] = providerKey(id)
	}
	ids, err := f.store.attemptsKeyed(ctx, t, f.account.ID, keys)
	if err != nil {
		return nil, err
	}
	list, err := f.lookUp(ctx, t, ids)
	return slices.DeleteFunc(list, func(a foundAttempt) bool { return !slices.Contains(providerIDs, a.providerID) }), err
}

func keysOf[V any](m map[int64]V) []int64 {
	keys := make([]int64, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

// repliesFrom is how many facts at the start are messages to the app's own numbers: those are applied together.
func (f *applying) repliesFrom(facts []arauto.Fact) int {
	n := slices.IndexFunc(facts, func(fact arauto.Fact) bool { return fact.Kind != arauto.FactReply || !f.belongs(fact) })
	if n < 0 {
		n = len(facts)
	}
	return n
}

// other applies a fact that is neither a status nor a message.
func (f *applying) other(ctx context.Context, t querier, i int, fact arauto.Fact) (err error) {
	if fact.Kind == arauto.FactStatus {
		return nil
	}
	if !f.belongs(fact) && fact.Kind != arauto.FactOther {
		f.done[i] = arauto.Applied{Refused: true, Note: strings.TrimSpace("neither number " + fact.PhoneNumberID + " nor WABA " + fact.WABA + " is one of this app")}
		return nil
	}
	switch fact.Kind {
	case arauto.FactPreference:
		err = f.preference(ctx, t, fact)
	case arauto.FactIdentity:
		err = f.identity(ctx, t, fact.Identity)
	case arauto.FactTemplate:
		err = f.templateStatus(ctx, t, fact)
	case arauto.FactAccount:
		err = f.accountFact(ctx, t, fact)
	case arauto.FactCapacity:
		err = f.capacity(ctx, t, fact)
	case arauto.FactTrouble:
		f.done[i].Note, err = f.trouble(ctx, t, fact)
	default:
		f.done[i].Note = "kept, not acted on"
	}
	return err
}
