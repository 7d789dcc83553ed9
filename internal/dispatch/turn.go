package dispatch

import (
	"cmp"
	"slices"
	"time"
)

// turn says whose contacts go next among the running campaigns of one sender.
//
// A campaign of higher priority takes all the room that it can use: those below it get what is left, which
// is nothing while it has enough contacts due and no rate of its own. Campaigns of equal priority share the
// room evenly, and each in turn is the first. A campaign with a rate of its own never takes more than that,
// and what it may not use is there for the others.
type turn struct {
	first  int              // who is asked first among equals
	pacers map[int64]*pacer // of the campaigns that have a rate of their own
}

// adopt makes room for the campaigns that run now and forgets the others. Campaigns of higher priority come
// first in feeds afterwards.
func (t *turn) adopt(now time.Time, feeds []*feed) {
	old := t.pacers
	t.pacers = map[int64]*pacer{}
	for _, f := range feeds {
		perSecond := f.Campaign.Policy.Rate
		if perSecond <= 0 {
			continue
		}
		p := old[f.Campaign.ID]
		if p == nil {
			p = newPacer(perSecond, now)
		}
		p.set(now, perSecond)
		t.pacers[f.Campaign.ID] = p
	}
	slices.SortStableFunc(feeds, func(a, b *feed) int { return cmp.Compare(b.Campaign.Policy.Priority, a.Campaign.Policy.Priority) })
}

// pick takes at most room contacts from feeds, which are in the order that adopt left them in. What a
// campaign's own rate allows is used up by being picked: see putBack.
func (t *turn) pick(now time.Time, room int, feeds []*feed) []prepared {
	var batch []prepared
	t.first++
	for len(feeds) > 0 && len(batch) < room {
		equal := 1
		for equal < len(feeds) && feeds[equal].Campaign.Policy.Priority == feeds[0].Campaign.Policy.Priority {
			equal++
		}
		batch = t.share(now, room, feeds[:equal], batch)
		feeds = feeds[equal:]
	}
	return batch
}

// share fills batch up to room from campaigns of one priority.
func (t *turn) share(now time.Time, room int, equals []*feed, batch []prepared) []prepared {
	for {
		able := 0
		for _, f := range equals {
			if t.ready(now, f) > 0 {
				able++
			}
		}
		left := room - len(batch)
		if able == 0 || left == 0 {
			return batch
		}
		part := max(1, left/able)
		for i := range equals {
			f := equals[(t.first+i)%len(equals)]
			n := min(part, t.ready(now, f), room-len(batch))
			batch = append(batch, f.waiting[:n]...)
			f.waiting = f.waiting[n:]
			if p := t.pacers[f.Campaign.ID]; p != nil {
				p.took(now, n)
			}
		}
	}
}

// ready is how many contacts f has that its own rate lets go.
func (t *turn) ready(now time.Time, f *feed) int {
	if p := t.pacers[f.Campaign.ID]; p != nil {
		return min(len(f.waiting), p.available(now))
	}
	return len(f.waiting)
}

// putBack returns what one picked contact of a campaign used of its rate: it did not go.
func (t *turn) putBack(now time.Time, campaign int64) {
	if p := t.pacers[campaign]; p != nil {
		p.took(now, -1)
	}
}

// wait is how long from now until a campaign that has contacts waiting may send one; 0 = one may now, or
// none has any.
func (t *turn) wait(now time.Time, feeds []*feed) time.Duration {
	var soonest time.Duration
	for _, f := range feeds {
		if len(f.waiting) == 0 {
			continue
		}
		p := t.pacers[f.Campaign.ID]
		if p == nil {
			return 0
		}
		wait := p.wait(now, 1)
		if wait == 0 {
			return 0
		}
		if soonest == 0 || wait < soonest {
			soonest = wait
		}
	}
	return soonest
}
