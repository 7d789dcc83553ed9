package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"arauto"
)

// Staging is where rows wait that go in whole or not at all.
type Staging interface {
	// StageChunk keeps rows of a list with the job's progress, both or neither; who is there already is not kept.
	StageChunk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, in arauto.Intake, rows []int, list []arauto.Contact,
		update func(added []arauto.Added, j *arauto.Job)) ([]arauto.Added, arauto.Job, error)
	// Publish puts every staged row, of which there must be so many, into the campaign in one step, or changes nothing and
	// says who came in meanwhile.
	Publish(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, in arauto.Intake, rows int64,
		update func(inserted, twice int64, j *arauto.Job)) ([]arauto.Conflict, arauto.Job, error)
	// Unstage gives up some rows, with the job's progress.
	Unstage(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, rows []int, update func(j *arauto.Job)) (arauto.Job, error)
	// SweepStaged removes what jobs left that have ended, and the job spent; it reports whether there is more.
	SweepStaged(ctx context.Context, account, spent int64) (more bool, err error)
}

const (
	publishTimeout = 10 * time.Minute
	sweepTimeout   = time.Minute
)

// workStaged does an import of which all goes in or nothing.
func (i *Imports) workStaged(ctx context.Context, r *run[arauto.Contact], in arauto.Intake) (j arauto.Job, err error) {
	r.staged, r.parse = true, r.contact
	r.add = func(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, rows []int, list []arauto.Contact, update func([]arauto.Added, *arauto.Job)) ([]arauto.Added, arauto.Job, error) {
		if r.resume.Staged+int64(len(rows)) > stagedAtMost {
			return nil, j, errTooManyStaged()
		}
		return i.Staging.StageChunk(ctx, now, l, j, in, rows, list, update)
	}
	if err := r.goOn(); err != nil {
		return r.job, err
	}
	defer func() { i.sweep(ctx, r, err) }()
	if !r.resume.Published {
		if err := r.all(ctx); err != nil {
			return r.job, err
		}
		if err := r.publish(ctx, in); err != nil {
			return r.job, err
		}
	}
	r.job.Done = r.job.Total
	return r.job, nil
}

// sweep takes away what was staged, unless the job goes on: what stays behind is found by the next import.
func (i *Imports) sweep(ctx context.Context, r *run[arauto.Contact], err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sweepTimeout)
	defer cancel()
	spent := int64(0)
	if err == nil || arauto.KindOf(err) == arauto.KindInvalid {
		spent = r.job.ID // it was published, or never will be; on a conflict another node may be at it
	}
	for more := true; more; {
		var failed error
		if more, failed = i.Staging.SweepStaged(ctx, r.job.Account, spent); failed != nil {
			return
		}
	}
}

// publish puts what is staged into the campaign, if nothing is wrong with any of it.
func (r *run[T]) publish(ctx context.Context, in arauto.Intake) error {
	for {
		if err := r.verdict(in); err != nil {
			return err
		}
		conflicts, err := r.publishOnce(ctx, in)
		if err != nil || len(conflicts) == 0 {
			return err
		}
		if err := r.giveUp(ctx, conflicts); err != nil {
			return err
		}
	}
}

func (r *run[T]) publishOnce(ctx context.Context, in arauto.Intake) ([]arauto.Conflict, error) {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	conflicts, job, err := r.Staging.Publish(ctx, r.Now(), r.lease, r.job, in, r.resume.Staged, func(inserted, twice int64, j *arauto.Job) {
		j.Accepted += inserted
		j.Duplicate += twice
		j.Done = j.Total
		j.Resume = resume{From: r.resume.Row, Row: r.resume.Row, Rejects: r.written, Published: true}.text()
	})
	if err == nil {
		r.job = job
	}
	return conflicts, err
}

// verdict is why nothing goes in; nil when all may.
func (r *run[T]) verdict(in arauto.Intake) error {
	var faults []string
	if in.Whole && r.job.Rejected > 0 {
		faults = append(faults, fmt.Sprintf("%d of its rows cannot be used", r.job.Rejected))
	}
	if in.Duplicates == arauto.DuplicatesFail && r.job.Duplicate > 0 {
		faults = append(faults, fmt.Sprintf("%d name somebody who is there already", r.job.Duplicate))
	}
	if len(faults) == 0 {
		return nil
	}
	return arauto.Errorf(arauto.KindInvalid, "file", "nothing was imported: %s; correct them (the file of rejects says which they are) and upload the file again", strings.Join(faults, ", and "))
}

// giveUp moves rows from what is staged to the rejects: their people came into the campaign meanwhile.
func (r *run[T]) giveUp(ctx context.Context, conflicts []arauto.Conflict) error {
	numbers := make([]int, len(conflicts))
	found := make(map[int]arauto.Added, len(conflicts))
	for n, c := range conflicts {
		numbers[n], found[c.Row] = c.Row, c.Added
	}
	file, err := r.Blobs.Open(ctx, r.params.Upload)
	if err != nil {
		return err
	}
	defer file.Close()
	again, err := r.open(r.params, file, r.job.Total)
	if err != nil {
		return err
	}
	defer again.close()
	for left := len(found); left > 0; {
		row, err := again.source.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if isRowError(err) {
				continue
			}
			return err
		}
		if a, twice := found[row.Number]; twice {
			left--
			if err := r.rejects.Write(row, r.twice(a)); err != nil {
				return err
			}
		}
	}
	if err := r.append(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	job, err := r.Staging.Unstage(ctx, r.Now(), r.lease, r.job, numbers, func(j *arauto.Job) {
		j.Duplicate += int64(len(numbers))
		next := r.resume
		next.From, next.Rejects, next.Staged = r.resume.Row, r.written, r.resume.Staged-int64(len(numbers))
		next.Duplicates, next.Elsewhere, next.Earlier = nil, nil, nil
		j.Resume = next.text()
	})
	if err == nil {
		r.job = job
		r.resume.Staged -= int64(len(numbers))
	}
	return err
}
