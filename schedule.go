package arauto

import (
	"fmt"
	"time"
)

// Days is a set of weekdays: bit 0 is Sunday, as time.Weekday counts.
type Days uint8

const (
	Sunday Days = 1 << iota
	Monday
	Tuesday
	Wednesday
	Thursday
	Friday
	Saturday

	Workdays = Monday | Tuesday | Wednesday | Thursday | Friday
	EveryDay = Workdays | Saturday | Sunday
)

// Has reports whether d is one of the days.
func (d Days) Has(day time.Weekday) bool { return d&(1<<day) != 0 }

// A Window is a stretch of the day on some weekdays, by the clock on the person's wall: From is in it, To
// is not. One that ends before it begins goes past midnight and belongs to the day it begins on.
type Window struct {
	Days Days
	From int // minutes after midnight, 0 to 1439
	To   int // minutes after midnight, 1 to 1440
}

// Windows are the times at which people may be contacted; none = at any time.
type Windows []Window

// MaxWindows is how many one list may have.
const MaxWindows = 28

const dayMinutes = 24 * 60

// Check is nil for windows that can be kept; field is what the error names.
func (w Windows) Check(field string) error {
	if len(w) > MaxWindows {
		return Errorf(KindInvalid, field, "give at most %d windows", MaxWindows)
	}
	for i, x := range w {
		at := fmt.Sprintf("%s[%d]", field, i)
		switch {
		case x.Days == 0 || x.Days > EveryDay:
			return Errorf(KindInvalid, at+".days", "name the weekdays of this window")
		case x.From < 0 || x.From >= dayMinutes || x.To < 1 || x.To > dayMinutes:
			return Errorf(KindInvalid, at, "a window is from 00:00 to 24:00")
		case x.From == x.To:
			return Errorf(KindInvalid, at, "this window ends when it begins: for the whole day write 00:00 to 24:00")
		}
	}
	return nil
}

// holds reports whether some window is open on that weekday at that minute of the wall's clock.
func (w Windows) holds(day time.Weekday, minute int) bool {
	for _, x := range w {
		if x.From < x.To {
			if x.Days.Has(day) && minute >= x.From && minute < x.To {
				return true
			}
			continue
		}
		if x.Days.Has(day) && minute >= x.From || x.Days.Has((day+6)%7) && minute < x.To {
			return true
		}
	}
	return false
}

// Horizon is how far ahead an opening is looked for.
const Horizon = 14 * 24 * time.Hour

// Open reports whether now is inside the windows in every one of zones, and otherwise the first moment that
// is; the zero time when there is none within Horizon. closed says which days are holidays; nil = none.
// No zones are UTC.
func (w Windows) Open(now time.Time, zones []*time.Location, closed func(Date) bool) (open bool, next time.Time) {
	if len(zones) == 0 {
		zones = []*time.Location{time.UTC}
	}
	o := opening{windows: w, zones: zones, closed: closed}
	if o.at(now) {
		return true, time.Time{}
	}
	next, _ = firstCommon(now, o)
	return false, next
}

// An opening is one rule about when: windows and days off, by every clock of some zones.
type opening struct {
	windows Windows
	zones   []*time.Location
	closed  func(Date) bool // nil = the holidays below

	campaign bool // the campaign's own
	holidays Holidays
	pack     *Pack // whose rule it is; nil = no pack's
	rule     *PackRule
	place    Place
}

func (o opening) at(now time.Time) bool {
	for _, zone := range o.zones {
		if !o.wall(now.In(zone)) {
			return false
		}
	}
	return true
}

// wall reports whether a clock that shows t may be on the wall.
func (o opening) wall(t time.Time) bool {
	if len(o.windows) > 0 && !o.windows.holds(t.Weekday(), t.Hour()*60+t.Minute()) {
		return false
	}
	_, off := o.off(t)
	return !off
}

// off reports whether t is on a holiday, and on which.
func (o opening) off(t time.Time) (name string, off bool) {
	if o.closed != nil {
		return "", o.closed(DateOf(t))
	}
	if len(o.holidays) > 0 {
		if h, found := o.holidays.On(DateOf(t), o.place); found {
			return h.Name, true
		}
	}
	if o.rule != nil && o.rule.Holidays {
		return o.pack.Holiday(DateOf(t), o.place)
	}
	return "", false
}

// firstCommon is the first moment from now on at which all of openings are open; false when there is none
// within Horizon.
func firstCommon(now time.Time, openings ...opening) (time.Time, bool) {
	end := now.Add(Horizon)
	for at := now; ; {
		latest := at
		for _, o := range openings {
			for _, zone := range o.zones {
				next, found := o.next(latest, end, zone)
				if !found {
					return time.Time{}, false
				}
				latest = next
			}
		}
		if latest.Equal(at) {
			return at, true
		}
		at = latest
	}
}

// next is the first moment from `from` on, before end, at which the clock of zone is right. Between two changes
// of the zone's offset the clock on the wall runs like any other: each such stretch is searched by itself,
// so that an hour which is skipped never opens anything, and one that comes twice opens twice.
func (o opening) next(from, end time.Time, zone *time.Location) (time.Time, bool) {
	for from.Before(end) {
		_, offset := from.In(zone).Zone()
		_, change := from.In(zone).ZoneBounds()
		if change.IsZero() || change.After(end) {
			change = end
		}
		if wall, found := o.nextWall(from.UTC().Add(time.Duration(offset)*time.Second), change.Sub(from)); found {
			return wall.Add(-time.Duration(offset) * time.Second), true
		}
		from = change
	}
	return time.Time{}, false
}

// nextWall is next on a wall's clock, written as UTC, that runs steadily for so long.
func (o opening) nextWall(wall time.Time, long time.Duration) (time.Time, bool) {
	end := wall.Add(long)
	for wall.Before(end) {
		if o.wall(wall) {
			return wall, true
		}
		wall = o.nextEdge(wall)
	}
	return time.Time{}, false
}

// nextEdge is the next moment at which the answer may change: a window's beginning, or midnight.
func (o opening) nextEdge(wall time.Time) time.Time {
	midnight := time.Date(wall.Year(), wall.Month(), wall.Day(), 0, 0, 0, 0, time.UTC)
	edge := midnight.AddDate(0, 0, 1)
	for _, x := range o.windows {
		if begin := midnight.Add(time.Duration(x.From) * time.Minute); begin.After(wall) && begin.Before(edge) {
			edge = begin
		}
	}
	return edge
}
