package bulk

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"arauto"
)

// Edits queues and does jobs that remove, hold back, release or queue again contacts of a campaign: it is the worker of
// JobEdit. Everything exported must be set; Wake tells whoever runs jobs that there is one.
type Edits struct {
	Store EditStore
	Now   func() time.Time
	Wake  func()

	chunk int // 0 = chunkSize
}

// EditStore is where campaigns, contacts and jobs are kept.
type EditStore interface {
	Campaign(ctx context.Context, account, id int64) (arauto.Campaign, error)
	ContactBound(ctx context.Context, account int64) (int64, error)
	// CountContacts counts the matches up to that id.
	CountContacts(ctx context.Context, account int64, f arauto.ContactFilter, upTo int64) (int64, error)
	QueueBulk(ctx context.Context, actor arauto.Actor, now time.Time, j arauto.Job, asked string) (arauto.Job, error)
	// EditChunk edits the next contacts below before and stores what update makes of the job, both or neither.
	EditChunk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, e arauto.Edit, before int64, limit int,
		update func(done arauto.Chunk, j *arauto.Job)) (arauto.Chunk, arauto.Job, error)
}

// Preview counts whom e picks now.
func (d *Edits) Preview(ctx context.Context, account, campaign int64, e arauto.Edit) (int64, error) {
	if err := d.check(ctx, account, campaign, e); err != nil {
		return 0, err
	}
	e.Who.Campaigns = []int64{campaign}
	bound, err := d.Store.ContactBound(ctx, account)
	if err != nil {
		return 0, err
	}
	return d.Store.CountContacts(ctx, account, e.Who, bound)
}

func (d *Edits) check(ctx context.Context, account, campaign int64, e arauto.Edit) error {
	if err := e.Check(); err != nil {
		return err
	}
	c, err := d.Store.Campaign(ctx, account, campaign)
	if err == nil && e.Action == arauto.EditRequeue {
		err = c.TriesAgain(e.Reopen)
	}
	return err
}

// Start queues e for a campaign, for those contacts that are in it now. The error is invalid, not found, or a conflict:
// the campaign takes nobody back.
func (d *Edits) Start(ctx context.Context, actor arauto.Actor, account, campaign int64, e arauto.Edit) (arauto.Job, error) {
	total, err := d.Preview(ctx, account, campaign, e)
	if err != nil {
		return arauto.Job{}, err
	}
	e.By = actor
	if e.UpTo, err = d.Store.ContactBound(ctx, account); err != nil {
		return arauto.Job{}, err
	}
	j, err := d.Store.QueueBulk(ctx, actor, d.Now(), arauto.Job{Account: account, Campaign: campaign, Kind: arauto.JobEdit, Params: text(e), Total: total}, asks(e))
	if err == nil {
		d.Wake()
	}
	return j, err
}

// asks is what e asks for, as the audit keeps it: without anybody's name or number.
func asks(e arauto.Edit) string {
	return text(struct {
		Action                   arauto.EditAction
		States                   []arauto.ContactState `json:",omitempty"`
		Dials                    []arauto.Dial         `json:",omitempty"`
		Reasons                  []arauto.Reason       `json:",omitempty"`
		ByName, ByField, ByPhone bool                  `json:",omitempty"`
		Contacts                 int                   `json:",omitempty"`
	}{e.Action, e.Who.States, e.Who.Dials, e.Who.Reasons, e.Who.Name != "", e.Who.FieldKey != "", e.Who.Digits != "" || len(e.Who.PersonKeys) > 0, len(e.Who.IDs)})
}

// going is how far an edit is: those below Before are still to come.
type going struct {
	Before int64 `json:"before"`
	End    bool  `json:"end,omitempty"`
}

// Work implements the worker of these jobs: Accepted counts the contacts that were changed, Rejected those that were
// meant and not to be touched, Done all that were looked at.
func (d *Edits) Work(ctx context.Context, l arauto.Lease, j arauto.Job, _ func(arauto.Job) error) (arauto.Job, error) {
	e, err := params[arauto.Edit](j)
	if err != nil {
		return j, err
	}
	at := going{Before: e.UpTo + 1}
	if j.Resume != "" {
		if err := json.Unmarshal([]byte(j.Resume), &at); err != nil {
			return j, fmt.Errorf("read where job %d got to: %w", j.ID, err)
		}
	}
	for !at.End {
		if err := ctx.Err(); err != nil {
			return j, err
		}
		if at, j, err = d.next(ctx, l, j, e, at); err != nil {
			return j, err
		}
	}
	j.Done = j.Total
	return j, nil
}

func (d *Edits) next(ctx context.Context, l arauto.Lease, j arauto.Job, e arauto.Edit, at going) (going, arauto.Job, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	limit := d.chunk
	if limit == 0 {
		limit = chunkSize
	}
	done, j, err := d.Store.EditChunk(ctx, d.Now(), l, j, e, at.Before, limit, func(c arauto.Chunk, j *arauto.Job) {
		j.Accepted += int64(c.Changed)
		j.Rejected += int64(c.Refused)
		j.Done = min(j.Done+int64(c.Looked), j.Total)
		j.Resume = text(going{c.Last, c.End})
	})
	return going{done.Last, done.End}, j, err
}
