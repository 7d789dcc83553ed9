package arauto

import (
	"strconv"
	"strings"
	"time"
)

// A Touch is one attempt at a person, over all campaigns and channels: what caps across campaigns and a
// portfolio's day are judged by.
type Touch struct {
	At        time.Time // to the second
	Campaign  int64
	Portfolio int64 // that the message was sent from; 0 = not WhatsApp
}

// Touches are a person's recent touches, oldest first.
type Touches []Touch

const (
	// TouchesKept is how long a touch is remembered.
	TouchesKept = 31 * 24 * time.Hour
	// MaxTouches is how many are remembered of one person: the newest.
	MaxTouches = 64
)

// Add returns t with touch, without what is older than TouchesKept at now, and never more than MaxTouches.
func (t Touches) Add(touch Touch, now time.Time) Touches {
	oldest := now.Add(-TouchesKept)
	kept := make(Touches, 0, len(t)+1)
	for _, old := range t {
		if old.At.After(oldest) {
			kept = append(kept, old)
		}
	}
	touch.At = touch.At.Truncate(time.Second)
	kept = append(kept, touch)
	return kept[max(0, len(kept)-MaxTouches):]
}

// Since is how many touches there were at or after from.
func (t Touches) Since(from time.Time) int {
	n := 0
	for _, touch := range t {
		if !touch.At.Before(from) {
			n++
		}
	}
	return n
}

// Reached reports whether that portfolio touched the person at or after since.
func (t Touches) Reached(portfolio int64, since time.Time) bool {
	for _, touch := range t {
		if touch.Portfolio == portfolio && !touch.At.Before(since) {
			return true
		}
	}
	return false
}

// String is t as it is stored: seconds, campaign and portfolio in base 36, a touch a word.
func (t Touches) String() string {
	text := make([]byte, 0, 14*len(t))
	for i, touch := range t {
		if i > 0 {
			text = append(text, ' ')
		}
		text = strconv.AppendInt(text, touch.At.Unix(), 36)
		text = append(text, '.')
		text = strconv.AppendInt(text, touch.Campaign, 36)
		text = append(text, '.')
		text = strconv.AppendInt(text, touch.Portfolio, 36)
	}
	return string(text)
}

// ParseTouches reads what String wrote. A word that it did not write is left out: a touch forgotten is
// better than a person who can never be read again.
func ParseTouches(text string) Touches {
	if text == "" {
		return nil
	}
	t := make(Touches, 0, strings.Count(text, " ")+1)
	for word := range strings.SplitSeq(text, " ") {
		at, rest, _ := strings.Cut(word, ".")
		campaign, portfolio, whole := strings.Cut(rest, ".")
		seconds, e1 := strconv.ParseInt(at, 36, 64)
		c, e2 := strconv.ParseInt(campaign, 36, 64)
		p, e3 := strconv.ParseInt(portfolio, 36, 64)
		if whole && e1 == nil && e2 == nil && e3 == nil {
			t = append(t, Touch{At: time.Unix(seconds, 0).UTC(), Campaign: c, Portfolio: p})
		}
	}
	return t
}
