package storetest

import (
	"fmt"
	"testing"

	"arauto"
	"arauto/internal/store"
)

// naming is something that names an id, and perhaps the number it belongs to.
type naming struct {
	name string
	now  func(n *numbers, i int) error
	held func(n *numbers, by Held, i int, hold func()) error
}

var namings = []naming{
	{
		"a list with the id alone",
		func(n *numbers, i int) error {
			_, err := n.s.AddContacts(n.t.Context(), base(), n.account, n.campaigns[1], []arauto.Contact{byUserID(i)})
			return err
		},
		func(n *numbers, by Held, i int, hold func()) error {
			return by.AddHeld(n.t.Context(), base(), n.account, n.campaigns[1], []arauto.Contact{byUserID(i)}, hold)
		},
	},
	{
		"a list with both",
		func(n *numbers, i int) error {
			_, err := n.s.AddContacts(n.t.Context(), base(), n.account, n.campaigns[1], []arauto.Contact{by2(phoneOf(i), i)})
			return err
		},
		func(n *numbers, by Held, i int, hold func()) error {
			return by.AddHeld(n.t.Context(), base(), n.account, n.campaigns[1], []arauto.Contact{by2(phoneOf(i), i)}, hold)
		},
	},
	{
		"a status",
		func(n *numbers, i int) error {
			account, facts, err := n.named(i)
			if err == nil {
				_, err = n.s.ApplyFacts(n.t.Context(), base(), account, n.business.app.ID, facts)
			}
			return err
		},
		func(n *numbers, by Held, i int, hold func()) error {
			account, facts, err := n.named(i)
			if err != nil {
				return err
			}
			return by.ApplyHeld(n.t.Context(), base(), account, n.business.app.ID, facts, hold)
		},
	},
}

// named is a fact that gives a number and an id to one person.
func (n *numbers) named(i int) (arauto.Account, []arauto.Fact, error) {
	account, err := n.s.Account(n.t.Context(), n.account)
	return account, []arauto.Fact{{
		Kind: arauto.FactIdentity, At: base(), PhoneNumberID: n.senders[0].PhoneNumberID,
		Identity: arauto.Identity{WAID: phoneOf(i).Digits(), UserIDs: []string{userID(i)}},
	}}, err
}

// flightOnePerson: of two that name one id at the same moment, each before the other has committed, neither leaves a
// person of its own behind, and one message goes.
func flightOnePerson(t *testing.T, s *store.Store, by Held) {
	n := newNumbers(t, s, nil)
	i := 100
	for _, first := range namings {
		for _, second := range namings {
			if first.name == second.name {
				continue
			}
			i++
			what := fmt.Sprintf("%s, then %s", first.name, second.name)
			n.people(0, i, i+1)
			done := holding(func(hold func()) error { return first.held(n, by, i, hold) })
			ok(t, second.now(n, i))
			ok(t, <-done)
			person, err := s.Person(t.Context(), n.account, "bsuid:"+userID(i))
			ok(t, err)
			if person.Key != phoneOf(i).PersonKey() {
				t.Errorf("%s: the id's person is %s", what, person.Key)
			}
			rows, err := s.ContactRows(t.Context(), n.account, arauto.ContactFilter{}, 0, 2)
			ok(t, err)
			for _, r := range rows { // the newest: one in each campaign
				if r.PersonKey != person.Key {
					t.Errorf("%s: the contact in campaign %d is of %s", what, r.Campaign, r.PersonKey)
				}
			}
		}
	}
}
