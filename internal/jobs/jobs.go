// Package jobs runs long work as leased rows: it goes on after a crash or on another node, can be cancelled, and
// cannot take the program down again and again.
//
// It may not know what the work is: that is a Worker's, one for each kind. Nor does it know where jobs are kept.
package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"arauto"
	"arauto/internal/line"
)

// Store is where jobs are kept.
type Store interface {
	// OpenJobs lists jobs of every account that are queued or running, the oldest first.
	OpenJobs(ctx context.Context, limit int) ([]arauto.Job, error)
	Job(ctx context.Context, account, id int64) (arauto.Job, error)
	// StartJob makes a job running and returns it as stored; a conflict when it has ended.
	StartJob(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job) (arauto.Job, error)
	// Progress stores a running job's numbers and Resume; a conflict when it has ended or the lease is lost.
	Progress(ctx context.Context, l arauto.Lease, j arauto.Job) error
	// FinishJob ends a job: as failed when it has an Error, else as completed. Conflicts are Progress's.
	FinishJob(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job) error
}

// A Worker does the jobs of one kind.
type Worker interface {
	// Work does j from where j.Resume says, "" being the beginning, and returns it with its last numbers; the
	// runner ends it. l is the lease under which j is driven, for writes of the worker's own. progress stores
	// numbers and Resume: what they say must be true after a crash. A Resume does not begin with "starts=".
	//
	// ctx ends when the job is cancelled, the lease is lost or the program stops: return then, with any error.
	// An *arauto.Error that is not internal fails the job with its words. Any other error is taken for a
	// passing one: Work is called again, from the last Resume, a limited number of times.
	Work(ctx context.Context, l arauto.Lease, j arauto.Job, progress func(arauto.Job) error) (arauto.Job, error)
}

// Config is what a Runner needs. Parallel is how many jobs it runs at once; 0 = DefaultParallel. Jobs whose
// kind has no worker here are left to other nodes.
type Config struct {
	Store    Store
	Leases   line.Leases
	Node     string
	Now      func() time.Time
	Logger   *slog.Logger
	Workers  map[arauto.JobKind]Worker
	Parallel int
}

// DefaultParallel is Config.Parallel where nothing else was asked for.
const DefaultParallel = 4

const (
	pollEvery    = time.Second
	watchEvery   = 500 * time.Millisecond // a cancelled job stops within a second
	listAtMost   = 500
	storeTimeout = 10 * time.Second
	leaseTTL     = line.DefaultTTL
)

// Runner runs jobs on one node. Make it with New.
type Runner struct {
	Config
	wake  chan struct{}
	slots chan struct{} // one token for each job that runs

	mu    sync.Mutex
	local map[key]*local
}

// A key is a job's. Ids are per account.
type key struct{ account, id int64 }

// local is what this node remembers of an open job.
type local struct {
	running bool
	notTill time.Time // not to be tried before
	tries   int       // in a row that ended in a passing error
	resume  string    // where the last of them got
}

// New is a Runner that does nothing before Run.
func New(c Config) *Runner {
	if c.Parallel == 0 {
		c.Parallel = DefaultParallel
	}
	return &Runner{Config: c, wake: make(chan struct{}, 1), slots: make(chan struct{}, c.Parallel), local: map[key]*local{}}
}

// Wake makes Run look for jobs now rather than within a second. It never blocks.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run drives jobs until ctx ends, then waits for its workers and returns nil. What they had not finished stays
// running and is free: another node, or this one after its restart, goes on with it.
func (r *Runner) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	defer workers.Wait()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for ctx.Err() == nil {
		r.startOpen(ctx, &workers)
		select {
		case <-ctx.Done():
		case <-poll.C:
		case <-r.wake:
		}
	}
	return nil
}

// startOpen drives every open job that nobody is known to drive, as far as there is room.
func (r *Runner) startOpen(ctx context.Context, workers *sync.WaitGroup) {
	listing, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	open, err := r.Store.OpenJobs(listing, listAtMost)
	if err != nil {
		if ctx.Err() == nil {
			r.Logger.Warn("jobs could not be listed", "err", err)
		}
		return
	}
	r.forgetEnded(open)
	for _, j := range open {
		worker, known := r.Workers[j.Kind]
		if !known || !r.claim(j) {
			continue
		}
		select {
		case r.slots <- struct{}{}:
		default:
			r.unclaim(j, time.Time{})
			return // a worker that ends wakes Run
		}
		workers.Go(func() {
			notTill := r.drive(ctx, j, worker)
			<-r.slots
			r.unclaim(j, notTill)
			r.Wake()
		})
	}
}

func (r *Runner) claim(j arauto.Job) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.local[key{j.Account, j.ID}]
	if l == nil {
		l = &local{}
		r.local[key{j.Account, j.ID}] = l
	}
	if l.running || r.Now().Before(l.notTill) {
		return false
	}
	l.running = true
	return true
}

func (r *Runner) unclaim(j arauto.Job, notTill time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.local[key{j.Account, j.ID}]
	l.running, l.notTill = false, notTill
}

// forgetEnded keeps what is remembered as small as the list of open jobs.
func (r *Runner) forgetEnded(open []arauto.Job) {
	there := make(map[key]bool, len(open))
	for _, j := range open {
		there[key{j.Account, j.ID}] = true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, l := range r.local {
		if !there[k] && !l.running {
			delete(r.local, k)
		}
	}
}
