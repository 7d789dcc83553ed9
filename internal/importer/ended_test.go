package importer_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"arauto"
	"arauto/internal/importer"
	"arauto/internal/jobs"
	"arauto/internal/store"
)

// gated lets one chunk in and holds the next until it is told to go on.
type gated struct {
	*store.Store
	calls   atomic.Int64
	reached chan struct{}
	goOn    chan struct{}
}

func (g *gated) ImportChunk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, in arauto.Intake, list []arauto.Contact, update func([]arauto.Added, *arauto.Job)) ([]arauto.Added, arauto.Job, error) {
	if g.calls.Add(1) == 2 {
		close(g.reached)
		<-g.goOn
	}
	return g.Store.ImportChunk(ctx, now, l, j, in, list, update)
}

// What was in before stays; nothing comes after.
func TestImport_EndedMidway(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(w *world, job int64)
		want arauto.JobState
		why  string
	}{
		"job cancelled": {func(w *world, job int64) {
			if err := w.store.CancelJob(w.t.Context(), w.actor(), now, w.account.ID, job); err != nil {
				w.t.Fatal(err)
			}
		}, arauto.JobCancelled, ""},
		"campaign cancelled": {func(w *world, _ int64) { w.change(arauto.CampaignCancel) }, arauto.JobFailed, "duplicate it and add the contacts to the copy"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "BR")
			g := &gated{Store: w.store, reached: make(chan struct{}), goOn: make(chan struct{})}
			i := w.imports(g, w.blobs, nil)
			i.SetChunk(2)
			runner := jobs.New(jobs.Config{
				Store: w.store, Leases: w.store, Node: "a", Now: time.Now, Logger: slog.New(slog.DiscardHandler),
				Workers: map[arauto.JobKind]jobs.Worker{arauto.JobImport: i},
			})
			j := w.start(i, strings.NewReader("nome;fone\nA;11987654321\nB;11987654322\nC;11987654323\nD;11987654324\nE;11987654325\n"), importer.Options{})
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { defer close(ended); runner.Run(ctx) }()
			<-g.reached
			c.end(w, j.ID)
			close(g.goOn)
			j, err := i.Wait(t.Context(), w.account.ID, j.ID)
			if err != nil {
				t.Fatal(err)
			}
			stop()
			<-ended
			if j.State != c.want || !strings.Contains(j.Error, c.why) || j.Accepted != 2 || len(w.contacts()) != 2 {
				t.Errorf("%+v, %d contacts", j, len(w.contacts()))
			}
		})
	}
}

// lookedAt calls looked when a job was read.
type lookedAt struct {
	importer.Store
	looked func()
}

func (s lookedAt) Job(ctx context.Context, account, id int64) (arauto.Job, error) {
	defer s.looked()
	return s.Store.Job(ctx, account, id)
}

func TestWait_GivesUp(t *testing.T) {
	w := newWorld(t, "BR")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	i := w.imports(lookedAt{w.store, cancel}, w.blobs, nil)
	j := w.start(i, strings.NewReader("nome;fone\n"), importer.Options{})
	if got, err := i.Wait(ctx, w.account.ID, j.ID); !errors.Is(err, context.Canceled) || got.State != arauto.JobQueued {
		t.Errorf("got %v, %v", got.State, err)
	}
}

func TestRejects_NotAnImport(t *testing.T) {
	w := newWorld(t, "BR")
	j, err := w.store.CreateJob(t.Context(), w.actor(), now, arauto.Job{Account: w.account.ID, Kind: arauto.JobTemplateSync})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []int64{j.ID, j.ID + 1} {
		if _, err := w.imports(w.store, w.blobs, nil).Rejects(t.Context(), w.account.ID, id); arauto.KindOf(err) != arauto.KindNotFound {
			t.Errorf("job %d: %v", id, err)
		}
	}
}
