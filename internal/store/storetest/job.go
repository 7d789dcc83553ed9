package storetest

import (
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

func newJob(t *testing.T, s *store.Store, account, campaign int64) arauto.Job {
	t.Helper()
	j, err := s.CreateJob(t.Context(), arauto.System(account), base(), arauto.Job{
		Account: account, Campaign: campaign, Kind: arauto.JobImport,
		Params: `{"file":"clientes.csv"}`, Total: 1000, State: arauto.JobFailed, Error: "left over",
	})
	ok(t, err)
	return j
}

func hold(t *testing.T, s *store.Store, account int64, line, node string) arauto.Lease {
	t.Helper()
	l, taken, err := s.Take(t.Context(), base(), account, line, node, 48*time.Hour)
	ok(t, err)
	if !taken {
		t.Fatalf("%s is held by %s", line, l.Holder)
	}
	return l
}

func testJob(t *testing.T, s *store.Store) {
	a, b := newAccount(t, s, "a").ID, newAccount(t, s, "b").ID
	t.Run("lists", func(t *testing.T) { testJobLists(t, s, a, b) })
	t.Run("life", func(t *testing.T) { testJobLife(t, s, a) })
	t.Run("ends", func(t *testing.T) { testJobEnds(t, s, a) })
	t.Run("cancelled", func(t *testing.T) { testJobCancelled(t, s, a) })
	t.Run("changes hands", func(t *testing.T) { testJobChangesHands(t, s, a, b) })
}

func testJobLists(t *testing.T, s *store.Store, a, b int64) {
	ctx := t.Context()
	one, two, theirs, three := newJob(t, s, a, 1), newJob(t, s, a, 2), newJob(t, s, b, 1), newJob(t, s, a, 1)
	if one.ID == 0 || one.UUID == "" || one.State != arauto.JobQueued || one.Error != "" {
		t.Fatalf("not fresh: %+v", one)
	}
	got, err := s.Job(ctx, a, one.ID)
	ok(t, err)
	same(t, "by id", got, one)
	got, err = s.JobByUUID(ctx, a, two.UUID)
	ok(t, err)
	same(t, "by UUID", got, two)
	list, err := s.Jobs(ctx, a, 0, 0, 2)
	ok(t, err)
	same(t, "newest first", list, []arauto.Job{three, two})
	list, err = s.Jobs(ctx, a, 1, three.ID, 10)
	ok(t, err)
	same(t, "of one campaign, the next page", list, []arauto.Job{one})
	open, err := s.OpenJobs(ctx, 10)
	ok(t, err)
	if len(open) != 4 {
		t.Errorf("%d open jobs over all accounts, want 4", len(open))
	}
	for _, j := range []arauto.Job{one, two, three, theirs} {
		ok(t, s.CancelJob(ctx, arauto.System(j.Account), base(), j.Account, j.ID))
	}
	open, err = s.OpenJobs(ctx, 10)
	ok(t, err)
	if len(open) != 0 {
		t.Errorf("still open: %+v", open)
	}
}

func testJobLife(t *testing.T, s *store.Store, a int64) {
	ctx, started := t.Context(), base().Add(time.Minute)
	j, l := newJob(t, s, a, 1), hold(t, s, a, "jobs:life", "n1")
	got, err := s.StartJob(ctx, started, l, j)
	ok(t, err)
	j.State, j.StartedAt = arauto.JobRunning, started
	same(t, "started", got, j)
	j.Done, j.Accepted, j.Duplicate, j.Rejected, j.Resume, j.Total = 500, 480, 15, 5, "byte 500", 2000
	ok(t, s.Progress(ctx, l, j))
	got, err = s.Job(ctx, a, j.ID)
	ok(t, err)
	same(t, "progress", got, j)
	got, err = s.StartJob(ctx, started.Add(time.Hour), l, arauto.Job{Account: a, ID: j.ID})
	ok(t, err)
	same(t, "started again: it goes on where it was", got, j)
	j.Done, j.Resume = 2000, ""
	ok(t, s.FinishJob(ctx, started.Add(2*time.Hour), l, j))
	j.State, j.FinishedAt = arauto.JobCompleted, started.Add(2*time.Hour)
	got, err = s.Job(ctx, a, j.ID)
	ok(t, err)
	same(t, "completed", got, j)
	_, err = s.StartJob(ctx, started, l, j)
	refused(t, err, arauto.KindConflict, "state")
	refused(t, s.Progress(ctx, l, j), arauto.KindConflict, "state")
	refused(t, s.FinishJob(ctx, started, l, j), arauto.KindConflict, "state")
	refused(t, s.CancelJob(ctx, arauto.System(a), started, a, j.ID), arauto.KindConflict, "state")
}

func testJobEnds(t *testing.T, s *store.Store, a int64) {
	ctx, l := t.Context(), hold(t, s, a, "jobs:ends", "n1")
	for name, c := range map[string]struct {
		change func(*arauto.Job)
		want   arauto.JobState
	}{
		"failed for its error": {func(j *arauto.Job) { j.Error = "the file is no CSV" }, arauto.JobFailed},
		"failed in a word":     {func(j *arauto.Job) { j.State = arauto.JobFailed }, arauto.JobFailed},
		"given up":             {func(j *arauto.Job) { j.State, j.Error = arauto.JobCancelled, "shut down" }, arauto.JobCancelled},
	} {
		t.Run(name, func(t *testing.T) {
			j, err := s.StartJob(ctx, base(), l, newJob(t, s, a, 1))
			ok(t, err)
			c.change(&j)
			ok(t, s.FinishJob(ctx, base(), l, j))
			got, err := s.Job(ctx, a, j.ID)
			ok(t, err)
			if got.State != c.want || got.Error != j.Error || got.FinishedAt.IsZero() {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func testJobCancelled(t *testing.T, s *store.Store, a int64) {
	ctx, l := t.Context(), hold(t, s, a, "jobs:cancelled", "n1")
	j, err := s.StartJob(ctx, base(), l, newJob(t, s, a, 1))
	ok(t, err)
	ok(t, s.CancelJob(ctx, arauto.System(a), base().Add(time.Minute), a, j.ID))
	ok(t, s.CancelJob(ctx, arauto.System(a), base().Add(time.Hour), a, j.ID))
	j.Done = 900
	refused(t, s.Progress(ctx, l, j), arauto.KindConflict, "state")
	refused(t, s.FinishJob(ctx, base(), l, j), arauto.KindConflict, "state")
	got, err := s.Job(ctx, a, j.ID)
	ok(t, err)
	if got.State != arauto.JobCancelled || got.Done != 0 || !got.FinishedAt.Equal(base().Add(time.Minute)) {
		t.Errorf("got %+v", got)
	}
	refused(t, s.CancelJob(ctx, arauto.System(a), base(), a, 999), arauto.KindNotFound, "")
	_, err = s.StartJob(ctx, base(), l, arauto.Job{Account: a, ID: 999})
	refused(t, err, arauto.KindNotFound, "")
}

func testJobChangesHands(t *testing.T, s *store.Store, a, b int64) {
	ctx := t.Context()
	old, taken, err := s.Take(ctx, base(), a, "jobs:hands", "n1", time.Hour)
	ok(t, err)
	if !taken {
		t.Fatal("nobody held it")
	}
	j, err := s.StartJob(ctx, base(), old, newJob(t, s, a, 1))
	ok(t, err)
	j.Resume = "byte 7"
	ok(t, s.Progress(ctx, old, j))
	ok(t, s.Release(ctx, old))
	now := hold(t, s, a, "jobs:hands", "n2")
	got, err := s.StartJob(ctx, base().Add(time.Minute), now, j)
	ok(t, err)
	if got.Resume != "byte 7" || !got.StartedAt.Equal(base()) {
		t.Errorf("the second node got %+v", got)
	}
	t.Run("the first can do no more", func(t *testing.T) {
		late := j
		late.Done, late.Error = 1, "late"
		refused(t, s.Progress(ctx, old, late), arauto.KindConflict, "")
		refused(t, s.FinishJob(ctx, base(), old, late), arauto.KindConflict, "")
		_, err := s.StartJob(ctx, base(), old, late)
		refused(t, err, arauto.KindConflict, "")
		stored, err := s.Job(ctx, a, j.ID)
		ok(t, err)
		same(t, "untouched", stored, got)
	})
	t.Run("nor a lease of another account", func(t *testing.T) {
		if err := s.Progress(ctx, hold(t, s, b, "jobs:hands", "n2"), j); err == nil {
			t.Error("another account's lease let it write")
		}
	})
	ok(t, s.FinishJob(ctx, base(), now, j))
}
