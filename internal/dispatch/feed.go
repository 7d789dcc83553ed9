package dispatch

import (
	"context"
	"time"

	"arauto"
)

// feed is a running campaign and the contacts read for it that were not tried yet. They are reserved by
// being here: nobody else drives this line.
type feed struct {
	arauto.Work
	waiting []prepared
	dry     bool // nothing was due when it was last read
	// The next contacts are read while the last ones are being sent: from behind the last one read, and
	// from the start again once nothing is behind it.
	last    arauto.Contact
	reading chan read
}

// read is what came of reading ahead.
type read struct {
	due []prepared
	err error
}

// prepared is a contact with its message, filled but for the attempt's ref.
type prepared struct {
	arauto.Candidate
	message arauto.Message
}

// freshness is how old the list of campaigns may get. A pause does not wait for it: the gate sees the
// campaign's state in the transaction of every intent.
const freshness = 500 * time.Millisecond

// refresh reads which campaigns run and fills the feeds that have run empty.
func (r *run) refresh(ctx context.Context) error {
	now := r.Now()
	if r.freshAt.IsZero() || now.Sub(r.freshAt) >= freshness {
		work, err := r.Store.Work(ctx, r.sender.Account, r.sender.ID)
		if err != nil {
			return err
		}
		r.adopt(work)
		r.freshAt = now
	}
	for _, f := range r.work {
		if err := r.feed(ctx, f, now); err != nil {
			return err
		}
	}
	return r.giveWay(ctx, now)
}

// replyLag is how late campaigns learn of what conversations sent by the same number.
const replyLag = 100 * time.Millisecond

// giveWay takes what conversations sent from what campaigns may: Meta's limit is one for both, and whoever talks to
// somebody goes first. Nobody waits for the count: it is asked for beside the sending.
func (r *run) giveWay(ctx context.Context, now time.Time) error {
	if len(r.counting) > 0 {
		got := <-r.counting
		r.counting = nil
		if got.err != nil {
			return got.err
		}
		if r.counted {
			r.pacer.took(now, int(got.n-r.replies))
		}
		r.replies, r.counted = got.n, true
	}
	if r.counting != nil || now.Sub(r.repliesAt) < replyLag {
		return nil
	}
	r.counting, r.repliesAt = make(chan replies, 1), now
	go func(into chan<- replies) {
		n, err := r.Store.Replies(ctx, r.sender.Account, r.sender.ID)
		into <- replies{n, err}
	}(r.counting)
	return nil
}

// replies is how many messages of conversations have ever left by the sender.
type replies struct {
	n   int64
	err error
}

// feed keeps contacts waiting in f: it reads ahead when few are left, and waits for what is being read
// only when none are.
func (r *run) feed(ctx context.Context, f *feed, now time.Time) error {
	// From the start only when nothing waits: what waits would be read again.
	wanted := len(f.waiting) < 2*r.Batch && !f.dry && (f.last.ID != 0 || len(f.waiting) == 0)
	if f.reading == nil && wanted {
		f.reading = make(chan read, 1)
		go func(into chan<- read, last arauto.Contact) {
			due, err := r.Store.DueContacts(ctx, now, r.sender.Account, f.Campaign.ID, last.DueAt, last.ID, 4*r.Batch)
			list := make([]prepared, len(due))
			filler := f.Template.Filler(f.Campaign.Mapping)
			for i, c := range due {
				list[i] = prepare(filler, f.Campaign.Version, c)
			}
			into <- read{list, err}
		}(f.reading, f.last)
	}
	if f.reading == nil || len(f.waiting) > 0 && len(f.reading) == 0 {
		return nil
	}
	got := <-f.reading
	f.reading = nil
	if got.err != nil {
		return got.err
	}
	fromStart := f.last.ID == 0
	f.last = arauto.Contact{}
	if len(got.due) > 0 {
		f.last = got.due[len(got.due)-1].Contact
	}
	before := len(f.waiting)
	for _, p := range got.due {
		if !r.taken[p.Contact.ID] {
			f.waiting = append(f.waiting, p)
		}
	}
	// What is in flight is all there is: nothing new comes before the next look.
	f.dry = fromStart && len(f.waiting) == before && len(got.due) < 4*r.Batch
	return nil
}

func prepare(filler arauto.Filler, version int64, c arauto.Contact) prepared {
	message, err := filler.Fill(c)
	p := prepared{Candidate: arauto.Candidate{Contact: c, Version: version}, message: message}
	if err != nil {
		p.Unfit = err.Error()
	}
	return p
}

// adopt keeps what was read for campaigns that still run as they did.
func (r *run) adopt(work []arauto.Work) {
	old := map[int64]*feed{}
	for _, f := range r.work {
		old[f.Campaign.ID] = f
	}
	r.breakers.adopt(work)
	r.work = r.work[:0]
	for _, w := range work {
		f := old[w.Campaign.ID]
		if f == nil || f.Campaign.Version != w.Campaign.Version {
			f = &feed{Work: w}
		}
		f.dry = false
		r.work = append(r.work, f)
	}
	r.turn.adopt(r.Now(), r.work)
}

// dry reports whether nothing is due anywhere.
func (r *run) dry() bool {
	for _, f := range r.work {
		if !f.dry || len(f.waiting) > 0 {
			return false
		}
	}
	return true
}
