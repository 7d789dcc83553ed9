package arauto_test

import (
	"testing"
	"time"

	"arauto"
)

func TestQueue_Check(t *testing.T) {
	good := arauto.Queue{Name: "Vendas", WaitText: "Só um momento.", WaitAfter: time.Minute, WrapUp: time.Minute}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*arauto.Queue){
		"no name":          func(q *arauto.Queue) { q.Name = "" },
		"spaces around":    func(q *arauto.Queue) { q.Name = " Vendas" },
		"no zone":          func(q *arauto.Queue) { q.Zone = "Mars/Base" },
		"text, no minutes": func(q *arauto.Queue) { q.WaitAfter = 0 },
		"minutes, no text": func(q *arauto.Queue) { q.WaitText = "" },
		"long wrap-up":     func(q *arauto.Queue) { q.WrapUp = 2 * time.Hour },
		"an empty window":  func(q *arauto.Queue) { q.Windows = arauto.Windows{{Days: arauto.Monday, From: 60, To: 60}} },
	} {
		q := good
		spoil(&q)
		if err := q.Check(); arauto.KindOf(err) != arauto.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestQueue_Open(t *testing.T) {
	q := arauto.Queue{Windows: arauto.Windows{{Days: arauto.Workdays, From: 9 * 60, To: 18 * 60}}}
	zone := time.FixedZone("", -3*3600)
	monday := time.Date(2026, 11, 23, 0, 0, 0, 0, zone)
	days := arauto.Holidays{{Date: arauto.Date{Year: 2026, Month: 11, Day: 24}, Name: "Aniversário"}}
	for _, c := range []struct {
		at   time.Duration
		open bool
		next time.Duration
	}{
		{9 * time.Hour, true, 0},
		{18*time.Hour - time.Second, true, 0},
		{8 * time.Hour, false, 9 * time.Hour},
		{18 * time.Hour, false, 57 * time.Hour}, // the next day is a holiday
	} {
		open, next := q.Open(monday.Add(c.at), zone, days)
		if open != c.open || !open && !next.Equal(monday.Add(c.next)) {
			t.Errorf("at %v: %v, %v", c.at, open, next)
		}
	}
	q.WorkHolidays = true
	if open, _ := q.Open(monday.Add(34*time.Hour), zone, days); !open {
		t.Error("works on holidays, and is closed")
	}
	q.Zone = "America/Noronha" // an hour ahead
	if open, _ := q.Open(monday.Add(8*time.Hour), zone, nil); !open {
		t.Error("by its own clock it is nine")
	}
	if open, _ := (arauto.Queue{}).Open(monday, zone, nil); !open {
		t.Error("without hours it is always open")
	}
}
