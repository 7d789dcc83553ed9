package wolkvox

import "time"

// dates are the bounds of a report, both inclusive: of the second that the last digits name, all.
func (a *API) dates(q *ask) (from, to time.Time, err error) {
	first, last := q.query.Get("date_ini"), q.query.Get("date_end")
	if first == "" || last == "" {
		return from, to, errNoParameters
	}
	start, ok := digits(first)
	end, also := digits(last)
	switch {
	case !ok || !also:
		return from, to, errBadDate
	case start.After(end):
		return from, to, errBackwards
	// On the digits given, whatever clocks do in between: the last second of the 31st day is the latest.
	case end.Sub(start) >= time.Duration(a.Limits.Days)*24*time.Hour:
		return from, to, errTooFar
	}
	return onClock(start, q.zone, earliest), onClock(end, q.zone, latest).Add(time.Second - time.Millisecond), nil
}

// digits reads a moment without a zone.
func digits(s string) (time.Time, bool) {
	const layout = "20060102150405"
	if len(s) != len(layout) {
		return time.Time{}, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return time.Time{}, false
		}
	}
	t, err := time.Parse(layout, s)
	return t, err == nil && t.Year() > 0
}

type side int

const (
	earliest side = -1
	latest   side = 1
)

// onClock is when clocks in a zone show what t shows in UTC. Where they show it twice, in the night that they are set
// back, the outer of the two counts, so that nothing falls between bounds.
func onClock(t time.Time, zone *time.Location, s side) time.Time {
	y, m, d := t.Date()
	at := time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), 0, zone)
	for _, shift := range []time.Duration{30 * time.Minute, time.Hour, 2 * time.Hour} {
		other := at.Add(shift * time.Duration(s))
		if other.Format(moments) == at.Format(moments) {
			return other
		}
	}
	return at
}
