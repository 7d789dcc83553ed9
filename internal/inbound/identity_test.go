package inbound_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"arauto"
)

// statusOf is a status with what Meta says of the recipient and of the price.
func statusOf(in arauto.Intended, state string, more wire) wire {
	s := wire{"id": wamid(in), "status": state, "timestamp": fmt.Sprint(time.Now().Unix())}
	for k, v := range more {
		s[k] = v
	}
	return wire{"statuses": []wire{s}}
}

// update is a user_id_update.
func update(previous, current string, more wire) []byte {
	u := wire{"user_id": wire{"previous": previous, "current": current}, "timestamp": fmt.Sprint(time.Now().Unix())}
	for k, v := range more {
		u[k] = v
	}
	b, err := json.Marshal(wire{"object": "whatsapp_business_account", "entry": []wire{{"id": "waba1", "changes": []wire{
		{"field": "user_id_update", "value": wire{"metadata": wire{"phone_number_id": ourNumber}, "user_id_update": []wire{u}}},
	}}}})
	if err != nil {
		panic(err)
	}
	return b
}

// only makes a message of somebody whom Meta names by a user id alone.
func only(userID string) wire { return wire{"from": nil, "from_user_id": userID} }

func TestIdentity_SpellingsAnswer(t *testing.T) {
	for dialled, waid := range map[arauto.Phone]string{
		"+5511987654321": "551187654321",  // Brazil's ninth digit
		"+525512345678":  "5215512345678", // Mexico's 1
		"+5491123456789": "541123456789",  // Argentina's 9
	} {
		inWorld(t, nil, func(_ *testing.T, w *world) {
			in := w.send(dialled, time.Hour)
			w.post(w.app, body(ourNumber, w.says(arauto.Phone("+"+waid), "SAIR", nil)))
			w.wants(in, arauto.ContactReplied)
			if got := w.contact(in).Phone; got != dialled {
				t.Errorf("%s was rewritten to %s", dialled, got)
			}
			if holds := w.suppressions(dialled); len(holds) != 1 {
				t.Errorf("%s: %+v", dialled, holds)
			}
		})
	}
}

func TestIdentity_UserIDOnly(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		in := w.send(ana, time.Hour)
		w.post(w.app, body(ourNumber, w.says(ana, "Quem é?", only("BR.17"))))
		w.wants(in, arauto.ContactSent) // nobody knows yet who that is
		w.post(w.app, body(ourNumber, statusOf(in, "delivered", wire{"recipient_user_id": "BR.17"})))
		w.wants(in, arauto.ContactDelivered)
		w.post(w.app, body(ourNumber, w.says(ana, "SAIR", only("BR.17"))))
		w.wants(in, arauto.ContactReplied)
		if holds := w.suppressions(ana); len(holds) != 1 {
			t.Errorf("%+v", holds)
		}
		talks, err := w.store.Conversations(t.Context(), w.account.ID, 0, 10)
		w.check(err)
		messages, err := w.store.Messages(t.Context(), w.account.ID, talks[0].ID, 0, 10)
		w.check(err)
		if len(talks) != 1 || len(messages) != 2 {
			t.Errorf("%d conversations, %d messages in the first", len(talks), len(messages))
		}
	})
}

func TestIdentity_UserIDUpdate(t *testing.T) {
	stop := wire{"user_preferences": []wire{{"user_id": "BR.18", "category": "marketing_messages", "value": "stop", "timestamp": 1790000000}}}
	for name, order := range map[string][]int{"in order": {0, 1, 2}, "update first": {1, 0, 2}, "wish first": {2, 1, 0}} {
		inWorld(t, nil, func(_ *testing.T, w *world) {
			in := w.send(ana, time.Hour)
			told := [][]byte{body(ourNumber, statusOf(in, "delivered", wire{"recipient_user_id": "BR.17"})), update("BR.17", "BR.18", nil), body(ourNumber, stop)}
			for _, i := range append(order, order...) {
				w.post(w.app, told[i])
			}
			if holds := w.suppressions(ana); len(holds) != 1 || holds[0].Scope != arauto.SuppressMarketing {
				t.Errorf("%s: %+v", name, holds)
			}
		})
	}
}

func TestIdentity_SystemMessage(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		in := w.send(ana, time.Hour)
		w.post(w.app, body(ourNumber, statusOf(in, "read", wire{"recipient_user_id": "BR.17"})),
			body(ourNumber, w.says(ana, "", wire{"from": nil, "from_user_id": "BR.17", "type": "system", "system": wire{"type": "user_changed_user_id", "user_id": "BR.18"}})),
			body(ourNumber, w.says(ana, "Mudei de número", only("BR.18"))))
		w.wants(in, arauto.ContactReplied)
	})
}

func TestIdentity_StrangersUpdateIsNotBelieved(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		in := w.send(ana, time.Hour)
		w.post(w.app, body(ourNumber, statusOf(in, "read", wire{"recipient_user_id": "BR.17"})))
		w.post(w.other, update("BR.17", "BR.66", nil))
		w.post(w.app, body(ourNumber, w.says(ana, "SAIR", only("BR.66"))))
		if holds := w.suppressions(ana); len(holds) != 0 {
			t.Errorf("another app named our person: %+v", holds)
		}
	})
}

func TestCost_IsCountedFromStatuses(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.check(w.store.ReplaceRates(t.Context(), w.actor, time.Now(), w.account.ID, []arauto.Rate{{Country: "BR", Category: "utility", Currency: arauto.BRL, Micros: 40_000}}))
		in := w.send(ana, time.Hour)
		price := wire{"pricing": wire{"billable": true, "pricing_model": "PMP", "type": "regular", "category": "utility"}}
		for range 2 {
			w.post(w.app, body(ourNumber, statusOf(in, "delivered", price)), body(ourNumber, statusOf(in, "sent", price)))
		}
		costs, err := w.store.Costs(t.Context(), w.account.ID, []int64{in.Contact.Campaign})
		w.check(err)
		if got := arauto.Spent(costs[in.Contact.Campaign], arauto.BRL); got.Micros != 40_000 {
			t.Errorf("%+v", costs)
		}
	})
}
