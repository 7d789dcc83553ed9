package dispatch_test

import (
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/sandbox"
)

// sent are the moments at which Meta was asked for each person.
func (w *world) sent() map[string]time.Time {
	moments := map[string]time.Time{}
	for e := range w.meta.Entries() {
		moments[arauto.Phone(e.To).PersonKey()] = e.At
	}
	return moments
}

func (w *world) only(c arauto.Campaign) arauto.ContactRow {
	w.t.Helper()
	rows, err := w.store.ContactRows(w.t.Context(), c.Account, arauto.ContactFilter{Campaigns: []int64{c.ID}}, 0, 2)
	w.check(err)
	if len(rows) != 1 {
		w.t.Fatalf("%d contacts, want one", len(rows))
	}
	return rows[0]
}

func (w *world) rules(change func(*arauto.Rules)) {
	_, err := w.store.ChangeRules(w.t.Context(), w.actor, time.Now(), w.account.ID, func(r *arauto.Rules) error {
		change(r)
		return nil
	})
	w.check(err)
}

// on makes a running campaign of those numbers.
func (w *world) on(name string, p arauto.Policy, numbers ...string) arauto.Campaign {
	c := w.campaign(0, 0, arauto.Campaign{Name: name, Policy: p, Standing: true})
	for _, n := range numbers {
		w.add(c, person(n))
	}
	return c
}

// from are windows that open on every day at the time that a clock shows at t, for so many minutes.
func from(t time.Time, zone string, minutes int) arauto.Windows {
	there, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	t = t.In(there)
	begin := t.Hour()*60 + t.Minute()
	return arauto.Windows{{Days: arauto.EveryDay, From: begin, To: begin + minutes}}
}

func TestRun_WaitsUntilTheWindowOpens(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		opening := time.Now().Add(2 * time.Minute).Truncate(time.Minute)
		c := w.on("hours", arauto.Policy{Windows: from(opening, "America/Sao_Paulo", 30)}, "+5511980000001")
		w.start()
		time.Sleep(10 * time.Second)
		if row := w.only(c); !row.DueAt.Equal(opening) || row.State != arauto.ContactPending {
			t.Fatalf("it is %s and due at %s, want pending until %s", row.State, row.DueAt, opening)
		}
		time.Sleep(2 * time.Minute)
		at, sent := w.sent()["5511980000001"]
		if late := at.Sub(opening); !sent || late < 0 || late > 2*time.Second {
			t.Fatalf("sent: %v at %s; the window opened at %s", sent, at, opening)
		}
	})
}

// Eirunepé is an hour behind Manaus and shares its area code: such a number is contacted when both clocks allow it.
func TestRun_WaitsForEveryZoneOfTheNumber(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		began := time.Now()
		opening := began.Add(time.Minute).Truncate(time.Minute)
		// It opens in the east an hour before it does in the west.
		w.on("two zones", arauto.Policy{Windows: from(opening, "America/Eirunepe", 90)}, "+5592980000001", "+5597980000001")
		w.start()
		time.Sleep(90 * time.Second)
		sent := w.sent()
		if at, ok := sent["5592980000001"]; !ok || at.Sub(began) > 5*time.Second {
			t.Errorf("Manaus: sent %v at %s, its clock had allowed it for an hour", ok, at)
		}
		if at, ok := sent["5597980000001"]; !ok || at.Before(opening) || at.Sub(opening) > 2*time.Second {
			t.Errorf("the west of the Amazon: sent %v at %s, want %s", ok, at, opening)
		}
	})
}

func TestRun_ACapHoldsAcrossCampaigns(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.rules(func(r *arauto.Rules) { r.Caps = []arauto.Cap{{Limit: 1, Hours: 1}} })
		first := w.on("first", arauto.Policy{}, "+5511980000001")
		w.start()
		w.until("the first was sent", func() bool { return len(w.sent()) == 1 })
		time.Sleep(10 * time.Second)
		second := w.on("second", arauto.Policy{}, "+5511980000001", "+5511980000002")
		w.until("the other person was sent to", func() bool { return len(w.sent()) == 2 })
		time.Sleep(10 * time.Second)
		rows, err := w.store.ContactRows(t.Context(), second.Account, arauto.ContactFilter{Campaigns: []int64{second.ID}, States: []arauto.ContactState{arauto.ContactPending}}, 0, 10)
		w.check(err)
		if len(rows) != 1 || rows[0].PersonKey != "5511980000001" {
			t.Fatalf("%d wait in the second campaign, want the one who was contacted", len(rows))
		}
		if want := w.only(first).SentAt.Add(time.Hour); !rows[0].DueAt.Equal(want) {
			t.Fatalf("due at %s, want an hour after the first message, %s", rows[0].DueAt, want)
		}
	})
}

func TestRun_ALateStartIsHeld(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		scheduled := func(name string, bears time.Duration, number string) arauto.Campaign {
			c, err := w.store.CreateCampaign(t.Context(), w.actor, time.Now(), arauto.Campaign{
				Account: w.account.ID, Sender: w.sender.ID, Template: w.template.ID, Channel: arauto.ChannelWhatsApp, Name: name,
				ScheduledFor: time.Now().Add(time.Minute), Policy: arauto.Policy{MaxLateness: bears},
			})
			w.check(err)
			w.add(c, person(number))
			return w.change(c, arauto.CampaignSchedule)
		}
		strict, patient := scheduled("strict", 10*time.Minute, "+5511980000001"), scheduled("patient", time.Hour, "+5511980000002")
		time.Sleep(31 * time.Minute) // nothing runs
		w.start()
		w.until("the patient one completed", func() bool { return w.state(patient).State == arauto.CampaignCompleted })
		time.Sleep(5 * time.Second)
		c := w.state(strict)
		if c.State != arauto.CampaignPaused || !strings.Contains(c.Pause, "0 h 30 min") || len(w.sent()) != 1 {
			t.Fatalf("the strict one is %s (%s), and %d were sent to", c.State, c.Pause, len(w.sent()))
		}
		w.change(strict, arauto.CampaignResume)
		w.until("it completed once somebody let it go", func() bool { return w.state(strict).State == arauto.CampaignCompleted })
	})
}

func TestRun_WhoIsPendingAtTheEndExpires(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		end := time.Now().Add(time.Minute).Truncate(time.Second)
		c := w.campaign(0, 3, arauto.Campaign{Policy: arauto.Policy{EndAt: end, Windows: from(time.Now().Add(time.Hour), "America/Sao_Paulo", 30)}})
		w.start()
		time.Sleep(55 * time.Second)
		if n := w.counts(c)[arauto.ContactPending]; n != 3 {
			t.Fatalf("%d pending before the end, want 3", n)
		}
		w.until("completed", func() bool { return w.state(c).State == arauto.CampaignCompleted })
		if late := time.Since(end); late > 3*time.Second || w.counts(c)[arauto.ContactFailed] != 3 || len(w.sent()) != 0 {
			t.Fatalf("%s after the end: %v, %d sent", late, w.counts(c), len(w.sent()))
		}
	})
}

// Those who may not be contacted now do not hold up those who may: a long row of them is passed at once.
func TestRun_WhoIsPutOffHoldsNobodyUp(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		began := time.Now()
		// Open in the Amazon's east, and an hour ahead in São Paulo long shut.
		c := w.campaign(0, 3000, arauto.Campaign{Standing: true, Policy: arauto.Policy{Windows: from(began, "America/Manaus", 30)}})
		w.add(c, person("+5592980000001"))
		w.start()
		w.until("the one who may be contacted was", func() bool { return len(w.sent()) == 1 })
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("3,000 who were put off took %s", took)
		}
		if n := w.counts(c)[arauto.ContactPending]; n != 3000 {
			t.Errorf("%d pending, want 3000", n)
		}
	})
}

// An id says no more than its country: such a person is contacted when the clocks of all of it allow it, and somebody
// with a number when theirs does. Both get one message, although nobody said who the id is.
func TestRun_WaitsForEveryZoneOfAnID(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		began := time.Now()
		opening := began.Add(time.Minute).Truncate(time.Minute)
		// It opens in São Paulo hours before it does in Acre (in the summer of 2000, when the bubble begins, three).
		c := w.on("four zones", arauto.Policy{Windows: from(opening, "America/Rio_Branco", 270)}, "+5511980000001")
		id := arauto.UserID(sandbox.Fate(0, "5511980000002").UserID)
		w.add(c, arauto.Contact{Name: "Ana", UserID: id, PersonKey: id.PersonKey()})
		w.start()
		time.Sleep(90 * time.Second)
		sent := w.sent()
		if at, ok := sent["5511980000001"]; !ok || at.Sub(began) > 5*time.Second {
			t.Errorf("São Paulo: sent %v at %s, its clock had allowed it for hours", ok, at)
		}
		if at, ok := sent["5511980000002"]; !ok || at.Before(opening) || at.Sub(opening) > 2*time.Second {
			t.Errorf("an id of Brazil: sent %v at %s, want %s", ok, at, opening)
		}
	})
}
