package bulk

import (
	"context"
	"time"

	"arauto"
)

// Audiences queues and does jobs that put people of one campaign into another: it is the worker of JobAudience.
// Everything exported must be set; Wake tells whoever runs jobs that there is one.
type Audiences struct {
	Store  AudienceStore
	People People
	Now    func() time.Time
	Wake   func()

	chunk int // 0 = chunkSize
}

// AudienceStore is where campaigns, contacts and jobs are kept.
type AudienceStore interface {
	Campaign(ctx context.Context, account, id int64) (arauto.Campaign, error)
	ContactBound(ctx context.Context, account int64) (int64, error)
	QueueBulk(ctx context.Context, actor arauto.Actor, now time.Time, j arauto.Job, asked string) (arauto.Job, error)
	// Select reads those that sel picks among the next contacts behind after.
	Select(ctx context.Context, account, campaign int64, sel arauto.Selection, after int64, limit int) ([]arauto.Contact, arauto.Chunk, error)
	// AddChunk adds contacts to the job's campaign and stores what update makes of the job, both or neither.
	AddChunk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, list []arauto.Contact,
		update func(added []arauto.Added, j *arauto.Job)) ([]arauto.Added, arauto.Job, error)
	// AuditBulk stores a running job's progress and the entry that says what came of it, both or neither.
	AuditBulk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, by arauto.Actor, asked string) error
}

// People is what a preview asks about persons.
type People interface {
	InCampaign(ctx context.Context, account, campaign int64, personKeys []string) (map[string]bool, error)
	SuppressionsOf(ctx context.Context, account int64, personKeys []string) (map[string][]arauto.Suppression, error)
}

// asked is an audience as its job stores it.
type asked struct {
	arauto.Audience
	By arauto.Actor
}

// Start queues the addition of a to a campaign. Who belongs to the audience is frozen as the job reaches each
// contact, of those that are there now: what happens to them later changes nothing. The error is invalid, not
// found, or a conflict: the campaign takes no more contacts.
func (a *Audiences) Start(ctx context.Context, actor arauto.Actor, account, campaign int64, want arauto.Audience) (arauto.Job, error) {
	if err := a.check(ctx, account, campaign, want); err != nil {
		return arauto.Job{}, err
	}
	var err error
	if want.Who.UpTo, err = a.Store.ContactBound(ctx, account); err != nil {
		return arauto.Job{}, err
	}
	j, err := a.Store.QueueBulk(ctx, actor, a.Now(), arauto.Job{
		Account: account, Campaign: campaign, Kind: arauto.JobAudience, Params: text(asked{want, actor}),
	}, text(want))
	if err == nil {
		a.Wake()
	}
	return j, err
}

func (a *Audiences) check(ctx context.Context, account, campaign int64, want arauto.Audience) error {
	if want.From == campaign {
		return arauto.Errorf(arauto.KindInvalid, "from", "everybody of a campaign is in it already: name another one")
	}
	target, err := a.Store.Campaign(ctx, account, campaign)
	if err != nil {
		return err
	}
	if err := target.Accepts(); err != nil {
		return err
	}
	_, err = a.Store.Campaign(ctx, account, want.From)
	return err
}

// Work implements the worker of these jobs: Accepted counts people that were added, Duplicate those that were there.
func (a *Audiences) Work(ctx context.Context, l arauto.Lease, j arauto.Job, _ func(arauto.Job) error) (arauto.Job, error) {
	p, err := params[asked](j)
	if err != nil {
		return j, err
	}
	at, err := resumed(j)
	for err == nil && !at.End {
		if err := ctx.Err(); err != nil {
			return j, err
		}
		at, j, err = a.next(ctx, l, j, p, at)
	}
	return j, err
}

func (a *Audiences) next(ctx context.Context, l arauto.Lease, j arauto.Job, p asked, at resume) (resume, arauto.Job, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	picked, looked, err := a.Store.Select(ctx, j.Account, p.From, p.Who, at.After, a.size())
	if err != nil {
		return at, j, err
	}
	list := make([]arauto.Contact, len(picked))
	for i, c := range picked {
		list[i] = copied(c, j.Campaign)
	}
	// The end is stored by itself, with the audit entry: the chunk before it may be the last that adds.
	at = resume{After: looked.Last}
	_, j, err = a.Store.AddChunk(ctx, a.Now(), l, j, list, func(added []arauto.Added, j *arauto.Job) {
		for _, one := range added {
			switch {
			case one.Err != nil:
				j.Rejected++
			case one.Duplicate:
				j.Duplicate++
			default:
				j.Accepted++
			}
		}
		j.Done += int64(looked.Looked)
		j.Resume = at.text()
	})
	if err != nil || !looked.End {
		return at, j, err
	}
	at.End = true
	j.Total, j.Resume = j.Done, at.text()
	return at, j, a.Store.AuditBulk(ctx, a.Now(), l, j, p.By, text(p.Audience))
}

func (a *Audiences) size() int {
	if a.chunk == 0 {
		return chunkSize
	}
	return a.chunk
}

// copied is c as a new contact of another campaign: who they are, and nothing of what became of them.
func copied(c arauto.Contact, campaign int64) arauto.Contact {
	return arauto.Contact{
		Account: c.Account, Campaign: campaign, External: c.External, PersonKey: c.PersonKey, Name: c.Name,
		PhoneRaw: c.PhoneRaw, Phone: c.Phone, UserID: c.UserID, Fields: c.Fields,
	}
}

const (
	previewMost = 200_000
	previewTime = 20 * time.Second
)

// Preview counts whom Start would add, as things are, and changes nothing. marketing says whether the campaign's
// message is. The errors are Start's.
func (a *Audiences) Preview(ctx context.Context, account, campaign int64, want arauto.Audience, marketing bool) (arauto.AudiencePreview, error) {
	var v arauto.AudiencePreview
	if err := a.check(ctx, account, campaign, want); err != nil {
		return v, err
	}
	began := a.Now()
	for after := int64(0); v.Looked < previewMost && a.Now().Sub(began) < previewTime; {
		picked, looked, err := a.Store.Select(ctx, account, want.From, want.Who, after, a.size())
		if err != nil {
			return v, err
		}
		if err := a.count(ctx, account, campaign, picked, marketing, began, &v); err != nil {
			return v, err
		}
		v.Looked += int64(looked.Looked)
		if after = looked.Last; looked.End {
			v.Complete = true
			break
		}
	}
	return v, nil
}

func (a *Audiences) count(ctx context.Context, account, campaign int64, picked []arauto.Contact, marketing bool, now time.Time, v *arauto.AudiencePreview) error {
	keys := make([]string, len(picked))
	for i, c := range picked {
		keys[i] = c.PersonKey
	}
	there, err := a.People.InCampaign(ctx, account, campaign, keys)
	if err != nil {
		return err
	}
	held, err := a.People.SuppressionsOf(ctx, account, keys)
	if err != nil {
		return err
	}
	for _, key := range keys {
		v.Picked++
		switch {
		case there[key]:
			v.Already++
		case holds(held[key], marketing, now):
			v.Suppressed++
		}
	}
	return nil
}

func holds(list []arauto.Suppression, marketing bool, now time.Time) bool {
	for _, s := range list {
		if s.Holds(arauto.ChannelWhatsApp, marketing, now) {
			return true
		}
	}
	return false
}
