package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	"arauto"
)

// Option is what a store may be opened with.
type Option func(*Store)

// Places says where people are: by a number, or by no more than the country of an id.
type Places interface {
	Place(arauto.Phone) arauto.Place
	Country(code string) arauto.Place
}

// Located tells the store where people are from, for the gate. Without it, everybody is judged by their
// account's time zone and no pack speaks of them.
func Located(places Places) Option {
	return func(s *Store) { s.places = places }
}

// accountText is what the gate asks of an account, as it is stored.
type accountText struct{ zone, language, rules string }

const accountTextColumns = `a.time_zone, a.language, a.rules`

// accountGate is the same, read.
type accountGate struct {
	rules    *arauto.Rules
	zone     *time.Location
	language arauto.Language
}

// accountGates remembers what was read: the same few texts come with every transaction.
type accountGates struct {
	mu   sync.Mutex
	read map[accountText]*accountGate
}

// maxAccountGates bounds what is remembered: accounts that send at the same time.
const maxAccountGates = 256

func (g *accountGates) of(text accountText) (*accountGate, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if found := g.read[text]; found != nil {
		return found, nil
	}
	zone, err := time.LoadLocation(text.zone)
	if err != nil {
		return nil, fmt.Errorf("load the account's time zone: %w", err)
	}
	read := &accountGate{rules: &arauto.Rules{}, zone: zone, language: arauto.Language(text.language)}
	if err := fromJSON(text.rules, read.rules); err != nil {
		return nil, err
	}
	if g.read == nil || len(g.read) >= maxAccountGates {
		g.read = map[accountText]*accountGate{}
	}
	g.read[text] = read
	return read, nil
}

// accountGate reads what the gate asks of the account.
func (s *Store) accountGate(ctx context.Context, q querier, account int64) (*accountGate, error) {
	text, err := one(ctx, q, func(r rows) (a accountText, err error) { return a, r.Scan(&a.zone, &a.language, &a.rules) },
		`SELECT `+accountTextColumns+` FROM account a WHERE a.id = $1`, account)
	if err != nil {
		return nil, noAccount(err, account)
	}
	return s.gates.of(text)
}

// ask puts into a gate's input what does not depend on the campaign: the account's rules and the person's place.
func (g *accountGate) ask(s *Store, in *arauto.GateInput) {
	in.Rules, in.Zone, in.Language = g.rules, g.zone, g.language
	switch {
	case s.places == nil:
	case in.Contact.Phone != "":
		in.Place = s.places.Place(in.Contact.Phone)
	case in.Contact.UserID != "":
		in.Place = s.places.Country(in.Contact.UserID.Country())
	}
}

// ChangeRules lets change have the account's rules and keeps what it makes of them, as one step: nobody else's
// change is lost. The error is change's own, invalid as of Rules.Check, or not found.
func (s *Store) ChangeRules(ctx context.Context, actor arauto.Actor, now time.Time, account int64, change func(*arauto.Rules) error) (arauto.Rules, error) {
	var rules arauto.Rules
	err := s.db.write(ctx, func(t querier) error {
		was, err := one(ctx, t, scanAccount, `SELECT `+accountColumns+` FROM account WHERE id = $1`+s.db.lock(), account)
		if err != nil {
			return noAccount(err, account)
		}
		rules = was.Rules
		if err := change(&rules); err != nil {
			return err
		}
		if err := rules.Check(); err != nil {
			return err
		}
		before, after := jsonOf(was.Rules), jsonOf(rules)
		if before == after {
			return nil
		}
		if _, err := t.exec(ctx, `UPDATE account SET rules = $2 WHERE id = $1`, account, after); err != nil {
			return err
		}
		c := diff{}
		c.field("rules", was.Rules, rules)
		actor.Account = account
		return s.audit(ctx, t, now, actor, "account.rules", subject("account", account), c.json())
	})
	return rules, doing("change the account's rules", err)
}
