package bulk_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/bulk"
	"arauto/internal/jobs"
	"arauto/internal/store"
)

var (
	_ jobs.Worker    = (*bulk.Edits)(nil)
	_ bulk.EditStore = (*store.Store)(nil)
)

func (m mortal) EditChunk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, e arauto.Edit, before int64, limit int, update func(arauto.Chunk, *arauto.Job)) (c arauto.Chunk, next arauto.Job, err error) {
	err = m.fate.write(func() (err error) {
		c, next, err = m.Store.EditChunk(ctx, now, l, j, e, before, limit, update)
		return err
	})
	return c, next, err
}

func edits(s bulk.EditStore, chunk int) *bulk.Edits {
	d := &bulk.Edits{Store: s, Now: clock, Wake: func() {}}
	d.SetChunk(chunk)
	return d
}

func (w *world) edit(f *fate, e arauto.Edit) arauto.Job {
	w.t.Helper()
	j, err := edits(w.store, 0).Start(w.t.Context(), w.ana, w.account, w.campaign.ID, e)
	check(w.t, err)
	w.drive(j, f, func(s mortal, chunk int) jobs.Worker { return edits(s, chunk) })
	return j
}

// A third of them were refused, a third lost, a third taken.
func mixedFates(i int) arauto.Event {
	return []arauto.Event{{Kind: arauto.EventRefused, At: base, Reason: arauto.ReasonMedia}, lost(i), {Kind: arauto.EventAccepted, At: base}}[i%3]
}

func TestEdits_Remove(t *testing.T) {
	got := killedAnywhere(t, func(t *testing.T, f *fate) outcome {
		w := newWorld(t, 12, mixedFates)
		j := w.edit(f, arauto.Edit{Action: arauto.EditRemove, Who: arauto.ContactFilter{States: []arauto.ContactState{arauto.ContactFailed, arauto.ContactUnknown}}})
		left, err := w.store.RecountFailures(t.Context(), w.account, w.campaign.ID)
		check(t, err)
		if kept, err := w.store.Failures(t.Context(), w.account, w.campaign.ID); err != nil || len(kept) != 0 || len(left) != 0 {
			t.Errorf("failures are still counted: %v, %v (%v)", kept, left, err)
		}
		// The attempts are kept, and the phone may come back.
		attempts, err := w.store.AttemptsOf(t.Context(), w.account, w.contacts[0])
		if err != nil || len(attempts) != 1 {
			t.Errorf("the attempts of who was removed: %v (%v)", attempts, err)
		}
		return w.outcome(w.campaign.ID, j.ID)
	})
	if got.Job.Accepted != 8 || got.Job.Rejected != 0 || got.Job.Done != 8 || got.Job.Total != 8 || count(got, arauto.ContactSent) != 4 || len(got.States) != 4 {
		t.Errorf("%+v", got)
	}
}

// TestEdits_Live: whoever is being contacted is left as they are.
func TestEdits_Live(t *testing.T) {
	w := newWorld(t, 0, nil)
	ctx := t.Context()
	phone := arauto.Phone("+5511980000001")
	added, err := w.store.AddContacts(ctx, base, w.account, w.campaign.ID, []arauto.Contact{{Name: "Ana", Phone: phone, PersonKey: phone.PersonKey()}})
	check(t, err)
	due, err := w.store.DueContacts(ctx, base, w.account, w.campaign.ID, time.Time{}, 0, 1)
	check(t, err)
	sent, err := w.store.Intend(ctx, base, w.lease("sender"), w.campaign.Sender, []arauto.Candidate{{Contact: due[0]}})
	if err != nil || len(sent) != 1 {
		t.Fatalf("%v, %v", sent, err)
	}
	for _, action := range []arauto.EditAction{arauto.EditRemove, arauto.EditHold} {
		j := w.edit(&fate{}, arauto.Edit{Action: action, Who: arauto.ContactFilter{IDs: []int64{added[0].ID}}})
		if o := w.outcome(w.campaign.ID, j.ID); o.Job.Accepted != 0 || o.Job.Rejected != 1 || len(o.States) != 1 || o.States[0] != arauto.ContactSending {
			t.Errorf("%s: %+v", action, o)
		}
	}
}

func TestEdits_HoldReleaseRequeue(t *testing.T) {
	w := newWorld(t, 6, func(i int) arauto.Event {
		return arauto.Event{Kind: arauto.EventRefused, At: base, Reason: []arauto.Reason{arauto.ReasonMedia, arauto.ReasonBlocked}[i%2]}
	})
	waits := func() int {
		t.Helper()
		due, err := w.store.DueContacts(t.Context(), clock(), w.account, w.campaign.ID, time.Time{}, 0, 100)
		check(t, err)
		return len(due)
	}
	for i, step := range []struct {
		edit              arauto.Edit
		accepted, refused int64
		waiting           int
	}{
		{arauto.Edit{Action: arauto.EditRequeue, Who: arauto.ContactFilter{States: []arauto.ContactState{arauto.ContactFailed}}}, 3, 3, 3},
		{arauto.Edit{Action: arauto.EditHold, Who: arauto.ContactFilter{FieldKey: "CPF", FieldValue: "2"}}, 1, 0, 2},
		{arauto.Edit{Action: arauto.EditHold, Who: arauto.ContactFilter{Name: "pessoa"}}, 2, 4, 0},
		{arauto.Edit{Action: arauto.EditRelease, Who: arauto.ContactFilter{Reasons: []arauto.Reason{arauto.ReasonHeldBack}, Digits: "80000004"}}, 1, 0, 1},
		{arauto.Edit{Action: arauto.EditRelease, Who: arauto.ContactFilter{Reasons: []arauto.Reason{arauto.ReasonHeldBack}}}, 2, 0, 3},
		{arauto.Edit{Action: arauto.EditRemove, Who: arauto.ContactFilter{IDs: w.contacts[1:]}}, 5, 0, 1},
	} {
		j := w.edit(&fate{}, step.edit)
		o := w.outcome(w.campaign.ID, j.ID)
		if o.Job.Accepted != step.accepted || o.Job.Rejected != step.refused || waits() != step.waiting {
			t.Errorf("step %d, %s: %+v, %d wait", i+1, step.edit.Action, o.Job, waits())
		}
	}
	audits, err := w.store.Audits(t.Context(), w.account, 0, 100)
	check(t, err)
	told := 0
	for _, a := range audits {
		if strings.HasPrefix(a.Action, "campaign.contacts.") && a.Actor.Name == "Ana" {
			told++
		}
	}
	if told != 6 {
		t.Errorf("%d entries in the audit, want 6", told)
	}
}
