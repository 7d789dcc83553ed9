package ccai

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A page is what a query asks for.
type page struct {
	number int
	size   int // 0 = everything
	after  int64
	since  time.Time
}

const (
	defaultPerPage = 100
	maxPerPage     = 10_000
	maxPage        = 1_000_000_000
)

// parsePage reads page, per_page, after_id and updated_since. Other keys are ignored, a copy of the campaign's id among
// them; an empty value counts as absent.
func parsePage(q url.Values) (p page, err error) {
	if p.number, err = parseCount(q, "page", maxPage); err != nil {
		return p, err
	}
	if p.size, err = parseCount(q, "per_page", maxPerPage); err != nil {
		return p, err
	}
	if p.number > 0 && p.size == 0 {
		p.size = defaultPerPage
	}
	p.number = max(p.number, 1)
	if since := q.Get("updated_since"); since != "" {
		if p.since, err = parseMoment(since); err != nil {
			return p, err
		}
	}
	if after := q.Get("after_id"); after != "" && p.size > 0 && p.since.IsZero() {
		id, ok := parseID(after)
		if !ok {
			return p, invalid("after_id", "%.50q is not an id: leave it out, or follow Link as it is", after)
		}
		p.after = id
	}
	return p, nil
}

func parseCount(q url.Values, key string, most int) (int, error) {
	text := q.Get(key)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, invalid(key, "%.50q is not a number from 1 to %d; leave page and per_page out for all contacts", text, most)
	}
	return n, nil
}

// skip is how many contacts the pages before p hold.
func (p page) skip() int64 { return int64(p.number-1) * int64(p.size) }

// links is the Link header: relative addresses, as this program cannot know by which name it was reached. That of the
// next page says behind whom it begins, so that the last page costs what the first one does.
func (p page) links(path string, total, lastID int64) string {
	last := max(1, int((total+int64(p.size)-1)/int64(p.size)))
	var list []string
	link := func(number int, after int64, rel string) {
		q := url.Values{"page": {strconv.Itoa(number)}, "per_page": {strconv.Itoa(p.size)}}
		switch {
		case !p.since.IsZero():
			q.Set("updated_since", p.since.Format(time.RFC3339Nano))
		case after > 0:
			q.Set("after_id", strconv.FormatInt(after, 10))
		}
		list = append(list, "<"+path+"?"+q.Encode()+`>; rel="`+rel+`"`)
	}
	link(1, 0, "first")
	if p.number > 1 {
		link(min(p.number-1, last), 0, "prev")
	}
	if p.number < last {
		link(p.number+1, lastID, "next")
	}
	link(last, 0, "last")
	return strings.Join(list, ", ")
}

// parseMoment reads updated_since in one of these spellings, in UTC where it names no offset. A '+' that was not encoded
// arrives as a blank.
func parseMoment(text string) (time.Time, error) {
	spelt := strings.TrimSpace(text)
	if at := strings.LastIndexByte(spelt, ' '); at > len("2006-01-02T") {
		spelt = spelt[:at] + "+" + spelt[at+1:]
	}
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", time.DateOnly,
	} {
		if at, err := time.Parse(layout, spelt); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, invalid("updated_since", "%.50q is not a moment such as 2024-08-05T14:51:49.000Z", text)
}
