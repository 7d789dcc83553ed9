package arauto

import (
	"fmt"
	"time"
)

// A Cap is how often a person may be contacted, over all campaigns and channels of an account. One of Days and
// Hours is set.
type Cap struct {
	Limit int
	Days  int // calendar days in the person's time zone, today among them
	Hours int // the last so many hours
	// Marketing says that the cap holds back marketing only. Every contact counts, of whichever kind.
	Marketing bool
}

// MaxCaps is how many one list may have.
const MaxCaps = 8

func checkCaps(caps []Cap, field string) error {
	if len(caps) > MaxCaps {
		return Errorf(KindInvalid, field, "give at most %d caps", MaxCaps)
	}
	// More than what is remembered of a person could never be counted.
	const most, days = MaxTouches, int(TouchesKept/(24*time.Hour)) - 1
	for i, c := range caps {
		at := fmt.Sprintf("%s[%d]", field, i)
		switch {
		case c.Limit < 1 || c.Limit > most:
			return Errorf(KindInvalid, at+".limit", "a cap is between 1 and %d contacts", most)
		case (c.Days == 0) == (c.Hours == 0):
			return Errorf(KindInvalid, at, "say either days or hours")
		case c.Days < 0 || c.Days > days || c.Hours < 0 || c.Hours > days*24:
			return Errorf(KindInvalid, at, "a cap looks back at most %d days", days)
		}
	}
	return nil
}

// counted are a person's touches as caps see them.
type counted struct {
	touches Touches // oldest first
	but     int64   // a campaign whose touches do not count; 0 = all do
	zones   []*time.Location
}

// nth is the n-th newest touch that counts; false when there are fewer.
func (t counted) nth(n int) (time.Time, bool) {
	for i := len(t.touches) - 1; i >= 0; i-- {
		if t.but != 0 && t.touches[i].Campaign == t.but {
			continue
		}
		if n--; n == 0 {
			return t.touches[i].At, true
		}
	}
	return time.Time{}, false
}

// full reports whether c is reached at now, and the first moment at which it is not: in every zone.
func (t counted) full(c Cap, now time.Time) (until time.Time, full bool) {
	oldest, enough := t.nth(c.Limit)
	if !enough {
		return time.Time{}, false
	}
	if c.Hours > 0 {
		until = oldest.Add(time.Duration(c.Hours) * time.Hour)
		return until, until.After(now)
	}
	for _, zone := range t.zones {
		until = later(until, startOf(DateOf(oldest.In(zone)).plus(c.Days), zone))
	}
	return until, until.After(now)
}

// otherChannel reports whether the person was touched by another channel in the week of now, which begins on a
// Monday, and when the next one begins: in every zone.
func (t counted) otherChannel(channel Channel, now time.Time) (until time.Time, other bool) {
	for i := len(t.touches) - 1; i >= 0; i-- {
		touch := t.touches[i]
		if touch.Channel == channel {
			continue
		}
		for _, zone := range t.zones {
			day := DateOf(touch.At.In(zone))
			until = later(until, startOf(day.plus(7-(int(day.weekday())+6)%7), zone))
		}
		return until, until.After(now)
	}
	return time.Time{}, false
}

// startOf is the first moment of day in zone. It is no earlier than 00:00, and later where the clock is put
// forward at midnight.
func startOf(day Date, zone *time.Location) time.Time {
	at := time.Date(day.Year, day.Month, day.Day, 0, 0, 0, 0, zone)
	if DateOf(at) != day { // 00:00 is skipped, and was read by the clock before the change
		_, at = at.ZoneBounds()
	}
	return at
}
