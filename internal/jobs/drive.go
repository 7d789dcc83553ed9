package jobs

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"arauto"
	"arauto/internal/line"
)

const (
	// maxStarts is how often a job may be started without getting further before it is taken for one that
	// crashes the program.
	maxStarts = 3
	// maxTries is how many passing errors in a row, without getting further, a job may have: with the pauses
	// between them some five minutes.
	maxTries   = 10
	firstPause = time.Second
	longPause  = time.Minute
)

// drive takes a job's line and works on it. It returns the moment before which there is no use in trying again.
func (r *Runner) drive(ctx context.Context, j arauto.Job, w Worker) (notTill time.Time) {
	name := "job:" + strconv.FormatInt(j.ID, 10)
	o := line.Options{Now: r.Now, TTL: leaseTTL}
	taken, err := line.Try(ctx, r.Leases, j.Account, name, r.Node, o, func(ctx context.Context, l arauto.Lease) error {
		return r.work(ctx, l, j, w)
	})
	switch {
	case ctx.Err() != nil:
		return time.Time{}
	case err != nil && arauto.KindOf(err) != arauto.KindConflict:
		r.Logger.Warn("job was interrupted", "account", j.Account, "job", j.ID, "err", err)
		return r.nextTry(j)
	case err != nil || !taken:
		return r.Now().Add(leaseTTL / 3) // another node's, or ended
	}
	return time.Time{}
}

// work runs one job under its lease. The error is passing: the job stays running, and is tried again.
func (r *Runner) work(ctx context.Context, l arauto.Lease, j arauto.Job, w Worker) error {
	j, err := r.start(ctx, l, j)
	if err != nil || j.State.Ended() {
		return err
	}
	r.Logger.Info("job started", "account", j.Account, "job", j.ID, "kind", string(j.Kind), "resume", j.Resume != "")
	working, stop := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		r.watch(working, stop, j)
	}()
	done, err := r.call(working, l, j, w, stop)
	interrupted := working.Err() != nil
	stop()
	<-watched

	broken, crashed := errors.AsType[*panicked](err)
	switch {
	case err == nil:
		return r.finish(ctx, l, done)
	case crashed:
		r.Logger.Error("worker panicked", "account", j.Account, "job", j.ID, "panic", broken.value, "stack", broken.stack)
		return r.fail(ctx, l, j, "a fault in the program stopped it; its log says more, under job "+strconv.FormatInt(j.ID, 10))
	case interrupted:
		_, err := r.survived(ctx, l, j)
		return errors.Join(err, ctx.Err())
	case arauto.KindOf(err) != arauto.KindInternal:
		return r.fail(ctx, l, j, words(err))
	}
	return r.passed(ctx, l, j, err)
}

// start makes the job running and counts the start: only a crash leaves it counted. A job that was started too
// often already is failed, and returned as such.
func (r *Runner) start(ctx context.Context, l arauto.Lease, j arauto.Job) (arauto.Job, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	j, err := r.Store.StartJob(ctx, r.Now(), l, j)
	if err != nil {
		return j, err
	}
	starts, resume := splitResume(j.Resume)
	if starts >= maxStarts {
		j.Resume, j.State = resume, arauto.JobFailed
		return j, r.fail(ctx, l, j, fmt.Sprintf("it was started %d times, and each time the program ended before it got any further", starts))
	}
	counted := j
	counted.Resume = joinResume(starts+1, resume)
	j.Resume = resume
	return j, r.Store.Progress(ctx, l, counted)
}

// call runs the worker. A panic becomes an error, and a conflict at its progress ends its context.
func (r *Runner) call(ctx context.Context, l arauto.Lease, j arauto.Job, w Worker, stop context.CancelFunc) (done arauto.Job, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicked{value: fmt.Sprint(v), stack: string(debug.Stack())}
		}
	}()
	return w.Work(ctx, l, j, func(j arauto.Job) error {
		ctx, cancel := context.WithTimeout(ctx, storeTimeout)
		defer cancel()
		err := r.Store.Progress(ctx, l, j)
		if arauto.KindOf(err) == arauto.KindConflict {
			stop()
		}
		return err
	})
}

type panicked struct{ value, stack string }

func (p *panicked) Error() string { return "panic: " + p.value }

// watch calls stop once the job has ended elsewhere: somebody cancelled it.
func (r *Runner) watch(ctx context.Context, stop context.CancelFunc, j arauto.Job) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if now, err := r.Store.Job(ctx, j.Account, j.ID); err == nil && now.State.Ended() {
				stop()
				return
			}
		}
	}
}

// passed keeps the job for another try after cause, or fails it when it has had its tries.
func (r *Runner) passed(ctx context.Context, l arauto.Lease, j arauto.Job, cause error) error {
	stored, err := r.survived(ctx, l, j)
	if err != nil {
		return errors.Join(cause, err)
	}
	if tries := r.countTry(stored); tries < maxTries {
		return cause
	}
	r.Logger.Error("job was given up", "account", j.Account, "job", j.ID, "err", cause)
	return r.fail(ctx, l, j, fmt.Sprintf("a fault in the system stopped it %d times; the log says more, under job %d", maxTries, j.ID))
}

func (r *Runner) countTry(j arauto.Job) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.local[key{j.Account, j.ID}]
	if l.resume != j.Resume {
		l.resume, l.tries = j.Resume, 0
	}
	l.tries++
	return l.tries
}

func (r *Runner) nextTry(j arauto.Job) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	tries := r.local[key{j.Account, j.ID}].tries
	return r.Now().Add(min(firstPause<<max(tries-1, 0), longPause))
}

// survived takes the start back that start counted, unless progress has done so: the program did not crash.
func (r *Runner) survived(ctx context.Context, l arauto.Lease, j arauto.Job) (arauto.Job, error) {
	ctx, cancel := r.lasting(ctx)
	defer cancel()
	stored, err := r.Store.Job(ctx, j.Account, j.ID)
	if err != nil || stored.State.Ended() {
		return stored, err
	}
	starts, resume := splitResume(stored.Resume)
	if starts == 0 {
		return stored, nil
	}
	stored.Resume = resume
	return stored, r.Store.Progress(ctx, l, stored)
}

func (r *Runner) fail(ctx context.Context, l arauto.Lease, j arauto.Job, why string) error {
	ctx, cancel := r.lasting(ctx)
	defer cancel()
	stored, err := r.Store.Job(ctx, j.Account, j.ID) // its numbers may be ahead of j's
	if err != nil {
		return err
	}
	_, stored.Resume = splitResume(stored.Resume)
	stored.Error = why
	return r.finish(ctx, l, stored)
}

// finish ends the job. That it has ended already, or is another node's, is a conflict.
func (r *Runner) finish(ctx context.Context, l arauto.Lease, j arauto.Job) error {
	ctx, cancel := r.lasting(ctx)
	defer cancel()
	if err := r.Store.FinishJob(ctx, r.Now(), l, j); err != nil {
		return err
	}
	r.Logger.Info("job finished", "account", j.Account, "job", j.ID, "kind", string(j.Kind), "why", j.Error,
		"accepted", j.Accepted, "duplicate", j.Duplicate, "rejected", j.Rejected)
	return nil
}

// lasting is for what must be written although the program stops.
func (r *Runner) lasting(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
}

// words is what the error tells a person.
func words(err error) string {
	if e, ok := errors.AsType[*arauto.Error](err); ok {
		return e.Error()
	}
	return err.Error()
}

// startsMark begins a Resume in which starts are counted. The first progress of a worker writes its own Resume in
// its place, so that what is counted are starts since the job last got further.
const startsMark = "starts="

func joinResume(starts int, resume string) string {
	return startsMark + strconv.Itoa(starts) + ";" + resume
}

func splitResume(stored string) (starts int, resume string) {
	rest, marked := strings.CutPrefix(stored, startsMark)
	count, resume, ended := strings.Cut(rest, ";")
	starts, err := strconv.Atoi(count)
	if !marked || !ended || err != nil {
		return 0, stored
	}
	return starts, resume
}
