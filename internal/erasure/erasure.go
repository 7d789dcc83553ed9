// Package erasure forgets a person: the worker of the jobs that do it. It goes from what is theirs alone to the
// texts and files that speak of many, and can be killed anywhere: what it has to know is kept, sealed, until the
// last trace is gone.
//
// It may not know how rows are kept nor what a file is for: which rows there are is the store's, and a file is
// lines, or an archive, or one piece.
package erasure

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"

	"arauto"
)

// Store is where what is known of people is kept.
type Store interface {
	// PlanErasure gathers what is there of the job's person, adds it to what the job knew and keeps it with the job.
	PlanErasure(ctx context.Context, l arauto.Lease, j arauto.Job) (arauto.Erasure, error)
	// EraseRows empties some of the rows that are the person's alone; left = call again.
	EraseRows(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, e arauto.Erasure) (left bool, err error)
	// ScrubDeleted empties contacts that were deleted before, among those behind after.
	ScrubDeleted(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, e arauto.Erasure, after int64) (next int64, end bool, err error)
	// Scrub takes the person out of the next rows that speak of many; waiting counts those it may not touch yet.
	Scrub(ctx context.Context, l arauto.Lease, j arauto.Job, traces arauto.Traces, at int64) (next int64, waiting int, end bool, err error)
	// EndErasure forgets what the job had to know.
	EndErasure(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job) error
	// OpenJobs lists jobs of every account that are queued or running.
	OpenJobs(ctx context.Context, limit int) ([]arauto.Job, error)
}

// Files are uploads, what was made of them, and what people sent. Keys begin with the account.
type Files interface {
	List(ctx context.Context, folder string) ([]string, error)
	Open(ctx context.Context, key string) (io.ReadSeekCloser, error)
	Put(ctx context.Context, key string, body io.Reader) (int64, error)
	Remove(ctx context.Context, key string) error
}

// Worker does jobs of the kind arauto.JobErase. Everything exported must be set.
type Worker struct {
	Store  Store
	Files  Files
	Now    func() time.Time
	Logger *slog.Logger
	// Compact makes the database give up what deleted and changed rows leave behind in its file.
	Compact func(context.Context) error
}

// stage is where a job stands. They follow one another.
type stage int

const (
	rows    stage = iota // what is the person's alone
	deleted              // contacts that were deleted before
	texts                // rows that speak of many
	files
	again // rows that came in between: a message that was under way
	compact
	done
)

// resume is where a job got to.
type resume struct {
	Stage stage `json:"stage"`
	At    int64 `json:"at"`
	Left  int   `json:"left"` // texts that could not be touched yet
	Tries int   `json:"tries"`
}

const (
	// patience is how often texts are looked at anew while some of them wait to be dealt with, one second apart.
	patience = 600
	stepTime = 2 * time.Minute
)

// Work implements the jobs' worker.
func (w *Worker) Work(ctx context.Context, l arauto.Lease, j arauto.Job, progress func(arauto.Job) error) (arauto.Job, error) {
	var at resume
	if j.Resume != "" {
		if err := json.Unmarshal([]byte(j.Resume), &at); err != nil {
			return j, fmt.Errorf("read where job %d got to: %w", j.ID, err)
		}
	}
	if at.Stage == done {
		return j, nil
	}
	plan, err := w.Store.PlanErasure(ctx, l, j)
	if err != nil {
		return j, err
	}
	x := &erasing{w, l, plan, plan.Traces()}
	for at.Stage != done {
		if at, err = x.step(ctx, j, at); err != nil {
			return j, err
		}
		text, err := json.Marshal(at)
		if err != nil {
			return j, err
		}
		j.Done++
		j.Resume = string(text)
		if err := progress(j); err != nil {
			return j, err
		}
	}
	return j, nil
}

// erasing is one call of Work.
type erasing struct {
	*Worker
	lease  arauto.Lease
	plan   arauto.Erasure
	traces arauto.Traces
}

func (x *erasing) step(ctx context.Context, j arauto.Job, at resume) (resume, error) {
	if at.Stage == files {
		return x.file(ctx, j, at) // which has as long for each: archives are large
	}
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	switch at.Stage {
	case rows, again:
		left, err := x.Store.EraseRows(ctx, x.Now(), x.lease, j, x.plan)
		if err == nil && !left {
			at = resume{Stage: at.Stage + 1}
		}
		return at, err
	case deleted:
		next, end, err := x.Store.ScrubDeleted(ctx, x.Now(), x.lease, j, x.plan, at.At)
		if at.At = next; err == nil && end {
			at = resume{Stage: texts}
		}
		return at, err
	case texts:
		return x.text(ctx, j, at)
	}
	if err := x.Compact(ctx); err != nil {
		return at, err
	}
	return resume{Stage: done}, x.Store.EndErasure(ctx, x.Now(), x.lease, j)
}

// text is a step through the rows that speak of many. Those that wait to be dealt with are waited for.
func (x *erasing) text(ctx context.Context, j arauto.Job, at resume) (resume, error) {
	next, waiting, end, err := x.Store.Scrub(ctx, x.lease, j, x.traces, at.At)
	if err != nil {
		return at, err
	}
	at.At, at.Left = next, at.Left+waiting
	switch {
	case !end:
		return at, nil
	case at.Left == 0:
		return resume{Stage: files}, nil
	}
	return x.later(ctx, at, "webhooks and jobs that speak of them have not been dealt with")
}

// later begins a stage anew a little later.
func (x *erasing) later(ctx context.Context, at resume, why string) (resume, error) {
	if at.Tries >= patience {
		return at, arauto.Errorf(arauto.KindConflict, "", "the person is not forgotten yet: %s. Nobody contacts them; ask again once that is over", why)
	}
	select {
	case <-ctx.Done():
		return at, ctx.Err()
	case <-time.After(time.Second):
		return resume{Stage: at.Stage, Tries: at.Tries + 1}, nil
	}
}

// file is the step through the account's files. Those of jobs that have not ended are still being read or written.
func (x *erasing) file(ctx context.Context, j arauto.Job, at resume) (resume, error) {
	open, err := x.Store.OpenJobs(ctx, 1000)
	if err != nil {
		return at, err
	}
	for _, o := range open {
		if o.Account == j.Account && o.Kind != arauto.JobErase && o.ID != j.ID {
			return x.later(ctx, at, fmt.Sprintf("job %d has not ended", o.ID))
		}
	}
	for _, key := range x.plan.Files {
		if err := x.Files.Remove(ctx, key); err != nil {
			return at, err
		}
	}
	keys, err := x.Files.List(ctx, fmt.Sprint(j.Account))
	if err != nil {
		return at, err
	}
	// Exports that were written before they were kept among the account's files; they expire within a week.
	former, err := x.Files.List(ctx, fmt.Sprintf("exports/%d", j.Account))
	if err != nil {
		return at, err
	}
	keys = append(keys, former...)
	for _, key := range keys {
		if err := x.cleanFile(ctx, key); err != nil {
			return at, fmt.Errorf("look through %s: %w", key, err)
		}
	}
	return resume{Stage: again}, nil
}
