package evolux

import (
	"net/url"
	"strings"
	"time"

	"arauto"
)

// defaultZone is where dates without an offset are read when the request names no time zone.
const defaultZone = "America/Sao_Paulo"

// parseZone reads the `timezone` key. The vendor's own example sends it twice, the second time as "=America/Sao_Paulo".
func parseZone(name string) (*time.Location, error) {
	if name == "" {
		name = defaultZone
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, invalid("timezone", "%.50q is not an IANA time zone such as America/Sao_Paulo", name)
	}
	return loc, nil
}

// zoneName undoes what the vendor's example and a '+' that its URL did not encode (Etc/GMT+3) do to a zone's name.
func zoneName(raw string) string {
	return strings.ReplaceAll(strings.TrimPrefix(raw, "="), " ", "+")
}

// decodeDate undoes a second percent-encoding: the vendor's example values are encoded already, and HTTP libraries encode
// them again.
func decodeDate(raw string) string {
	if !strings.Contains(strings.ToUpper(raw), "%3A") {
		return raw
	}
	if once, err := url.PathUnescape(raw); err == nil {
		return once
	}
	return raw
}

var (
	clocks  = []string{"T15:04:05", "T15:04"} // a fraction of a second is read without being named
	offsets = []string{"", "Z07:00", "Z0700", "Z07"}
)

// parseMoment reads an ISO date-time, in loc where it has no offset of its own. whole is true for a bare date.
func parseMoment(key, text string, loc *time.Location) (at time.Time, whole bool, err error) {
	const day = "2006-01-02"
	if at, err = time.ParseInLocation(day, text, loc); err == nil {
		return at, true, nil
	}
	canonical := text
	if len(text) > len(day) {
		// A blank between date and time is common; a later one was a '+'.
		date, clock := text[:len(day)], text[len(day):]
		if clock[0] == ' ' || clock[0] == 't' {
			clock = "T" + clock[1:]
		}
		canonical = date + strings.NewReplacer(" ", "+", "z", "Z").Replace(clock)
	}
	for _, clock := range clocks {
		for _, offset := range offsets {
			if at, err := time.ParseInLocation(day+clock+offset, canonical, loc); err == nil {
				return at, false, nil
			}
		}
	}
	return time.Time{}, false, invalid(key, "%.50q is not an ISO date and time such as 2024-09-05T00:00:00-03:00", text)
}

// readDates fills q.from and q.to, both inclusive; zero where the request says nothing.
func (q *query) readDates() error {
	loc, err := parseZone(q.timezone)
	if err != nil {
		return err
	}
	if q.start != "" {
		if q.from, _, err = parseMoment("start", q.start, loc); err != nil {
			return err
		}
	}
	if q.end != "" {
		var whole bool
		if q.to, whole, err = parseMoment("end", q.end, loc); err != nil {
			return err
		}
		if whole {
			q.to = q.to.AddDate(0, 0, 1).Add(-time.Millisecond)
		}
	}
	if err := q.checkDates(loc); err != nil {
		return err
	}
	q.from, q.to = q.from.Truncate(time.Millisecond), q.to.Truncate(time.Millisecond) // as moments are kept
	return nil
}

// checkDates holds the vendor's two rules. It answers 404 to both.
func (q *query) checkDates(loc *time.Location) error {
	switch {
	case q.start == "" && q.end == "":
		return nil
	case q.start == "":
		return arauto.Errorf(arauto.KindNotFound, "start", "there is an end without a start: give both, or start alone")
	}
	end := q.to
	if q.end == "" {
		end = q.now
	}
	if !q.from.Before(end) {
		return arauto.Errorf(arauto.KindNotFound, "start", "%s is not before the end, %s: give an earlier start",
			q.from.In(loc).Format(time.RFC3339), end.In(loc).Format(time.RFC3339))
	}
	last, today := end.In(loc).Format(time.DateOnly), q.now.In(loc).Format(time.DateOnly)
	if last > today {
		return arauto.Errorf(arauto.KindNotFound, "end", "%s is later than today, %s in %s: the end of today is the latest", last, today, loc)
	}
	return nil
}
