package bulk

import (
	"context"
	"time"

	"arauto"
)

// Decisions queues and does jobs that apply a person's decision to the contacts of a campaign: it is the worker of
// JobSettle and JobRetry. Store, Now and Wake must be set; Wake tells whoever runs jobs that there is one.
type Decisions struct {
	Store DecisionStore
	Now   func() time.Time
	Wake  func()

	chunk int // 0 = chunkSize
}

// DecisionStore is where campaigns, contacts and jobs are kept.
type DecisionStore interface {
	Campaign(ctx context.Context, account, id int64) (arauto.Campaign, error)
	Counts(ctx context.Context, account int64, campaigns []int64) (map[int64]arauto.Counts, error)
	ContactBound(ctx context.Context, account int64) (int64, error)
	QueueBulk(ctx context.Context, actor arauto.Actor, now time.Time, j arauto.Job, asked string) (arauto.Job, error)
	// DecideChunk decides on the next contacts behind after and stores what update makes of the job, both or neither.
	DecideChunk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, b arauto.Bulk, after int64, limit int,
		update func(done arauto.Chunk, j *arauto.Job)) (arauto.Chunk, arauto.Job, error)
}

// Start queues b for a campaign, for those contacts that are in it now; kind is JobSettle or JobRetry. The error is
// invalid when b asks for what is never done, not found, or a conflict: the campaign takes nobody back.
func (d *Decisions) Start(ctx context.Context, actor arauto.Actor, kind arauto.JobKind, account, campaign int64, b arauto.Bulk) (arauto.Job, error) {
	if err := b.Check(); err != nil {
		return arauto.Job{}, err
	}
	c, err := d.Store.Campaign(ctx, account, campaign)
	if err != nil {
		return arauto.Job{}, err
	}
	if b.Decision == arauto.DecideAgain {
		if err := c.TriesAgain(b.Reopen); err != nil {
			return arauto.Job{}, err
		}
	}
	b.By = actor
	if b.Who.UpTo, err = d.Store.ContactBound(ctx, account); err != nil {
		return arauto.Job{}, err
	}
	counts, err := d.Store.Counts(ctx, account, []int64{campaign})
	if err != nil {
		return arauto.Job{}, err
	}
	j := arauto.Job{Account: account, Campaign: campaign, Kind: kind, Params: text(b)}
	for _, state := range b.Who.States {
		j.Total += counts[campaign][state]
	}
	j, err = d.Store.QueueBulk(ctx, actor, d.Now(), j, text(b.Who))
	if err == nil {
		d.Wake()
	}
	return j, err
}

// Work implements the worker of these jobs: Accepted counts the contacts that were changed, Rejected those that
// were meant and must not be touched, Done all that were looked at.
func (d *Decisions) Work(ctx context.Context, l arauto.Lease, j arauto.Job, _ func(arauto.Job) error) (arauto.Job, error) {
	b, err := params[arauto.Bulk](j)
	if err != nil {
		return j, err
	}
	at, err := resumed(j)
	if err != nil {
		return j, err
	}
	for !at.End {
		if err := ctx.Err(); err != nil {
			return j, err
		}
		if at, j, err = d.next(ctx, l, j, b, at); err != nil {
			return j, err
		}
	}
	j.Done = j.Total
	return j, nil
}

func (d *Decisions) next(ctx context.Context, l arauto.Lease, j arauto.Job, b arauto.Bulk, at resume) (resume, arauto.Job, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	limit := d.chunk
	if limit == 0 {
		limit = chunkSize
	}
	done, j, err := d.Store.DecideChunk(ctx, d.Now(), l, j, b, at.After, limit, func(c arauto.Chunk, j *arauto.Job) {
		j.Accepted += int64(c.Changed)
		j.Rejected += int64(c.Refused)
		j.Done = min(j.Done+int64(c.Looked), j.Total)
		j.Resume = resume{c.Last, c.End}.text()
	})
	return resume{done.Last, done.End}, j, err
}
