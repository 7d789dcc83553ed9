package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"arauto"
	"arauto/internal/jobs"
	"arauto/internal/store"
	"arauto/internal/store/storetest"
)

// A world is a store with runners over it, inside a synctest bubble.
type world struct {
	t     *testing.T
	store *store.Store
}

type plainSealer struct{}

func (plainSealer) Seal(b []byte) ([]byte, error) { return b, nil }
func (plainSealer) Open(b []byte) ([]byte, error) { return b, nil }

const account = 7

// inWorld runs test in a bubble: its clock moves when everybody waits.
func inWorld(t *testing.T, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, err := store.Open(context.Background(), storetest.Fresh(t, filepath.Join(t.TempDir(), "arauto.db")), plainSealer{}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		test(&world{t, s})
	})
}

// run starts a runner; stop ends it gracefully.
func (w *world) run(node string, worker jobs.Worker, parallel int) (r *jobs.Runner, stop func()) {
	r = jobs.New(jobs.Config{
		Store: w.store, Leases: w.store, Node: node, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
		Workers: map[arauto.JobKind]jobs.Worker{arauto.JobImport: worker}, Parallel: parallel,
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := r.Run(ctx); err != nil {
			w.t.Error(err)
		}
	}()
	return r, func() { cancel(); <-ended }
}

func (w *world) create(kind arauto.JobKind) arauto.Job {
	w.t.Helper()
	j, err := w.store.CreateJob(context.Background(), arauto.System(account), time.Now(), arauto.Job{Account: account, Kind: kind})
	if err != nil {
		w.t.Fatal(err)
	}
	return j
}

func (w *world) job(id int64) arauto.Job {
	w.t.Helper()
	j, err := w.store.Job(context.Background(), account, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return j
}

type work func(ctx context.Context, j arauto.Job, progress func(arauto.Job) error) (arauto.Job, error)

func (f work) Work(ctx context.Context, _ arauto.Lease, j arauto.Job, progress func(arauto.Job) error) (arauto.Job, error) {
	return f(ctx, j, progress)
}

func untilDone(ctx context.Context, j arauto.Job, _ func(arauto.Job) error) (arauto.Job, error) {
	<-ctx.Done()
	return j, ctx.Err()
}

func TestRun_Completes(t *testing.T) {
	inWorld(t, func(w *world) {
		_, stop := w.run("a", work(func(_ context.Context, j arauto.Job, progress func(arauto.Job) error) (arauto.Job, error) {
			if j.State != arauto.JobRunning || j.Resume != "" {
				t.Errorf("began with %+v", j)
			}
			j.Accepted, j.Resume = 5, "half"
			if err := progress(j); err != nil {
				t.Error(err)
			}
			if got := w.job(j.ID); got.Accepted != 5 || got.Resume != "half" {
				t.Errorf("progress stored %+v", got)
			}
			j.Accepted, j.Resume = 9, "all"
			return j, nil
		}), 0)
		defer stop()
		j := w.create(arauto.JobImport)
		time.Sleep(1100 * time.Millisecond)
		if got := w.job(j.ID); got.State != arauto.JobCompleted || got.Accepted != 9 || got.Resume != "all" {
			t.Errorf("got %+v", got)
		}
	})
}

func TestRun_WakeStartsAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		r, stop := w.run("a", work(func(_ context.Context, j arauto.Job, _ func(arauto.Job) error) (arauto.Job, error) { return j, nil }), 0)
		defer stop()
		time.Sleep(10 * time.Millisecond)
		j := w.create(arauto.JobImport)
		r.Wake()
		time.Sleep(time.Millisecond)
		if got := w.job(j.ID); got.State != arauto.JobCompleted {
			t.Errorf("got %s", got.State)
		}
	})
}

func TestRun_OthersKindsAreLeft(t *testing.T) {
	inWorld(t, func(w *world) {
		_, stop := w.run("a", work(untilDone), 0)
		defer stop()
		j := w.create(arauto.JobTemplateSync)
		time.Sleep(time.Minute)
		if got := w.job(j.ID); got.State != arauto.JobQueued {
			t.Errorf("got %s", got.State)
		}
	})
}

func TestRun_BoundedAndEachOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		var now, most, all atomic.Int64
		worker := work(func(_ context.Context, j arauto.Job, _ func(arauto.Job) error) (arauto.Job, error) {
			all.Add(1)
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(20 * time.Second) // longer than a lease
			now.Add(-1)
			return j, nil
		})
		_, stop := w.run("a", worker, 3)
		defer stop()
		_, stopB := w.run("b", worker, 2)
		defer stopB()
		for range 12 {
			w.create(arauto.JobImport)
		}
		time.Sleep(2 * time.Minute)
		if most.Load() != 5 || all.Load() != 12 {
			t.Errorf("%d jobs were started, up to %d at once", all.Load(), most.Load())
		}
		for id := range int64(12) {
			if got := w.job(id + 1); got.State != arauto.JobCompleted {
				t.Errorf("job %d is %s", id+1, got.State)
			}
		}
	})
}

func TestRun_CancelStopsWithinASecond(t *testing.T) {
	inWorld(t, func(w *world) {
		stopped := make(chan time.Time, 1)
		r, stop := w.run("a", work(func(ctx context.Context, j arauto.Job, p func(arauto.Job) error) (arauto.Job, error) {
			j, err := untilDone(ctx, j, p)
			stopped <- time.Now()
			return j, err
		}), 0)
		defer stop()
		j := w.create(arauto.JobImport)
		r.Wake()
		time.Sleep(5 * time.Second)
		cancelled := time.Now()
		if err := w.store.CancelJob(context.Background(), arauto.System(account), time.Now(), account, j.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if took := (<-stopped).Sub(cancelled); took < 0 || took > time.Second {
			t.Errorf("stopped %v after it was cancelled", took)
		}
		if got := w.job(j.ID); got.State != arauto.JobCancelled {
			t.Errorf("got %s", got.State)
		}
	})
}

// A worker that makes progress learns of it there.
func TestRun_ProgressOfACancelledJob(t *testing.T) {
	inWorld(t, func(w *world) {
		_, stop := w.run("a", work(func(ctx context.Context, j arauto.Job, progress func(arauto.Job) error) (arauto.Job, error) {
			if err := w.store.CancelJob(ctx, arauto.System(account), time.Now(), account, j.ID); err != nil {
				t.Error(err)
			}
			err := progress(j)
			if arauto.KindOf(err) != arauto.KindConflict || ctx.Err() == nil {
				t.Errorf("progress said %v, the context %v", err, ctx.Err())
			}
			return j, err
		}), 0)
		defer stop()
		j := w.create(arauto.JobImport)
		time.Sleep(3 * time.Second)
		if got := w.job(j.ID); got.State != arauto.JobCancelled || got.Error != "" {
			t.Errorf("got %+v", got)
		}
	})
}

func TestRun_Fails(t *testing.T) {
	for name, c := range map[string]struct {
		work work
		want string
	}{
		"with its words": {func(_ context.Context, j arauto.Job, _ func(arauto.Job) error) (arauto.Job, error) {
			return j, errors.Join(errors.New("read file"), arauto.Errorf(arauto.KindInvalid, "file", "the file is empty"))
		}, "file: the file is empty"},
		"a panic": {
			func(context.Context, arauto.Job, func(arauto.Job) error) (arauto.Job, error) { panic("oops") },
			"a fault in the program stopped it; its log says more, under job 1",
		},
		"a conflict": {func(_ context.Context, j arauto.Job, _ func(arauto.Job) error) (arauto.Job, error) {
			return j, arauto.Errorf(arauto.KindConflict, "campaign", "the campaign is completed")
		}, "campaign: the campaign is completed"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				_, stop := w.run("a", work(func(ctx context.Context, j arauto.Job, progress func(arauto.Job) error) (arauto.Job, error) {
					stored := j
					stored.Accepted, stored.Resume = 3, "there"
					if err := progress(stored); err != nil {
						t.Error(err)
					}
					return c.work(ctx, j, progress)
				}), 0)
				defer stop()
				j := w.create(arauto.JobImport)
				time.Sleep(3 * time.Second)
				got := w.job(j.ID)
				if got.State != arauto.JobFailed || got.Error != c.want || got.Accepted != 3 || got.Resume != "there" {
					t.Errorf("got %+v", got)
				}
			})
		})
	}
}

func TestRun_GracefulStopIsResumed(t *testing.T) {
	inWorld(t, func(w *world) {
		j := w.create(arauto.JobImport)
		resumes := []string{"", "0", "1", "2", "3"}
		for i, want := range resumes {
			_, stop := w.run([]string{"a", "b"}[i%2], work(func(ctx context.Context, j arauto.Job, progress func(arauto.Job) error) (arauto.Job, error) {
				if j.Resume != want {
					t.Errorf("run %d began at %q", i, j.Resume)
				}
				if i < len(resumes)-1 {
					j.Resume = resumes[i+1]
					if err := progress(j); err != nil {
						t.Error(err)
					}
					return untilDone(ctx, j, progress)
				}
				return j, nil
			}), 0)
			time.Sleep(1100 * time.Millisecond) // the other node need not wait for the lease to run out
			stop()
			if got := w.job(j.ID); i < len(resumes)-1 && got.State != arauto.JobRunning {
				t.Errorf("after run %d the job is %s", i, got.State)
			}
		}
		if got := w.job(j.ID); got.State != arauto.JobCompleted {
			t.Errorf("got %s", got.State)
		}
	})
}

// Stopping and starting again is no crash, however often, and even before the first progress.
func TestRun_GracefulStopsAreNotCounted(t *testing.T) {
	inWorld(t, func(w *world) {
		j := w.create(arauto.JobImport)
		for range 6 {
			_, stop := w.run("a", work(untilDone), 0)
			time.Sleep(time.Second)
			stop()
			if got := w.job(j.ID); got.State != arauto.JobRunning || got.Resume != "" {
				t.Fatalf("got %+v", got)
			}
		}
	})
}

// crash leaves the store as a program does that is killed while it works on a job.
func (w *world) crash(worker jobs.Worker) {
	w.t.Helper()
	dead := &mortal{Store: w.store}
	r := jobs.New(jobs.Config{
		Store: dead, Leases: dead, Node: "a", Now: time.Now, Logger: slog.New(slog.DiscardHandler),
		Workers: map[arauto.JobKind]jobs.Worker{arauto.JobImport: worker},
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); r.Run(ctx) }()
	time.Sleep(1100 * time.Millisecond)
	dead.killed.Store(true)
	cancel()
	<-ended
}

// A mortal store hears nothing more once it was killed.
type mortal struct {
	*store.Store
	killed atomic.Bool
}

var errKilled = errors.New("killed")

func (m *mortal) Progress(ctx context.Context, l arauto.Lease, j arauto.Job) error {
	if m.killed.Load() {
		return errKilled
	}
	return m.Store.Progress(ctx, l, j)
}

func (m *mortal) Release(ctx context.Context, l arauto.Lease) error {
	if m.killed.Load() {
		return errKilled
	}
	return m.Store.Release(ctx, l)
}

func TestRun_CrashesThreeTimes(t *testing.T) {
	inWorld(t, func(w *world) {
		j := w.create(arauto.JobImport)
		for range 3 {
			w.crash(work(untilDone))
			if got := w.job(j.ID); got.State != arauto.JobRunning {
				t.Fatalf("after a crash the job is %s", got.State)
			}
		}
		_, stop := w.run("a", work(func(context.Context, arauto.Job, func(arauto.Job) error) (arauto.Job, error) {
			t.Error("started a fourth time")
			return arauto.Job{}, nil
		}), 0)
		defer stop()
		time.Sleep(2 * time.Second)
		if got := w.job(j.ID); got.State != arauto.JobFailed || !strings.Contains(got.Error, "started 3 times") || got.Resume != "" {
			t.Errorf("got %+v", got)
		}
	})
}

// Crashes between which the job gets further are not held against it.
func TestRun_CrashesWithProgress(t *testing.T) {
	inWorld(t, func(w *world) {
		j := w.create(arauto.JobImport)
		for i := range 6 {
			w.crash(work(func(ctx context.Context, j arauto.Job, progress func(arauto.Job) error) (arauto.Job, error) {
				if len(j.Resume) != i {
					t.Errorf("began at %q", j.Resume)
				}
				j.Resume += "x"
				if err := progress(j); err != nil {
					t.Error(err)
				}
				return untilDone(ctx, j, progress)
			}))
		}
		if got := w.job(j.ID); got.State != arauto.JobRunning || got.Resume != "xxxxxx" {
			t.Errorf("got %+v", got)
		}
	})
}

// Another node takes a dead one's job once its lease has run out.
func TestRun_DeadNodesJobIsTaken(t *testing.T) {
	inWorld(t, func(w *world) {
		j := w.create(arauto.JobImport)
		w.crash(work(untilDone))
		_, stop := w.run("b", work(func(_ context.Context, j arauto.Job, _ func(arauto.Job) error) (arauto.Job, error) { return j, nil }), 0)
		defer stop()
		time.Sleep(10 * time.Second)
		if got := w.job(j.ID); got.State != arauto.JobRunning {
			t.Errorf("taken from a node that may be alive: %s", got.State)
		}
		time.Sleep(15 * time.Second)
		if got := w.job(j.ID); got.State != arauto.JobCompleted {
			t.Errorf("got %s", got.State)
		}
	})
}

func TestRun_PassingErrors(t *testing.T) {
	inWorld(t, func(w *world) {
		var calls atomic.Int64
		_, stop := w.run("a", work(func(_ context.Context, j arauto.Job, _ func(arauto.Job) error) (arauto.Job, error) {
			if calls.Add(1) < 5 {
				return j, errors.New("the disk is slow")
			}
			return j, nil
		}), 0)
		defer stop()
		j := w.create(arauto.JobImport)
		time.Sleep(time.Minute)
		if got := w.job(j.ID); got.State != arauto.JobCompleted || calls.Load() != 5 {
			t.Errorf("after %d calls: %+v", calls.Load(), got)
		}
	})
}

func TestRun_PassingErrorThatStays(t *testing.T) {
	inWorld(t, func(w *world) {
		var calls atomic.Int64
		_, stop := w.run("a", work(func(_ context.Context, j arauto.Job, _ func(arauto.Job) error) (arauto.Job, error) {
			calls.Add(1)
			return j, errors.New("the disk is gone")
		}), 0)
		defer stop()
		j := w.create(arauto.JobImport)
		time.Sleep(10 * time.Minute)
		if got := w.job(j.ID); got.State != arauto.JobFailed || calls.Load() != 10 || !strings.Contains(got.Error, "10 times") {
			t.Errorf("after %d calls: %+v", calls.Load(), got)
		}
	})
}
