package storetest

import (
	"fmt"
	"testing"

	"arauto"
	"arauto/internal/store"
)

// testImport: a chunk's contacts and the job's progress go in together, or not at all.
func testImport(t *testing.T, s *store.Store) {
	ctx, a := t.Context(), newAccount(t, s, "a").ID
	c, err := s.CreateCampaign(ctx, arauto.System(a), base(), arauto.Campaign{Account: a, Name: "ofertas", Channel: arauto.ChannelWhatsApp})
	ok(t, err)
	l := hold(t, s, a, "job:1", "n1")
	j, err := s.StartJob(ctx, base(), l, newJob(t, s, a, c.ID))
	ok(t, err)
	count := func(added []arauto.Added, j *arauto.Job) {
		for _, one := range added {
			if one.Duplicate {
				j.Duplicate++
			} else {
				j.Accepted++
			}
		}
		j.Resume += fmt.Sprint(len(added), ";")
	}
	people := func(ids ...int) (list []arauto.Contact) {
		for _, id := range ids {
			phone := arauto.Phone(fmt.Sprintf("+55119876543%02d", id))
			list = append(list, arauto.Contact{PhoneRaw: string(phone), Phone: phone, PersonKey: phone.PersonKey()})
		}
		return list
	}
	added, j, err := s.AddChunk(ctx, base(), l, j, people(1, 2, 1), count)
	ok(t, err)
	same(t, "answers", added, []arauto.Added{{ID: added[0].ID}, {ID: added[0].ID + 1}, {ID: added[0].ID, Duplicate: true}})
	_, j, err = s.AddChunk(ctx, base(), l, j, nil, count)
	ok(t, err)
	_, j, err = s.AddChunk(ctx, base(), l, j, people(2, 3), count)
	ok(t, err)
	stored, err := s.Job(ctx, a, j.ID)
	ok(t, err)
	same(t, "as returned", j, stored)
	if j.State != arauto.JobRunning || j.Accepted != 3 || j.Duplicate != 2 || j.Resume != "3;0;2;" {
		t.Errorf("progress %+v", j)
	}

	unchanged := func(what string) {
		t.Helper()
		counts, err := s.Counts(ctx, a, []int64{c.ID})
		ok(t, err)
		stored, err := s.Job(ctx, a, j.ID)
		ok(t, err)
		if n := counts[c.ID].Total(); n != 3 || stored.Accepted != 3 || stored.Resume != j.Resume {
			t.Errorf("%s: %d contacts, the job has %+v", what, n, stored)
		}
	}
	older := l
	l = hold(t, s, a, "job:1", "n1")
	_, _, err = s.AddChunk(ctx, base(), older, j, people(4), count)
	refused(t, err, arauto.KindConflict, "")
	unchanged("an older fence")
	ok(t, s.CancelJob(ctx, arauto.System(a), base(), a, j.ID))
	_, _, err = s.AddChunk(ctx, base(), l, j, people(4), count)
	refused(t, err, arauto.KindConflict, "state")
	unchanged("a cancelled job")

	again, err := s.StartJob(ctx, base(), l, newJob(t, s, a, c.ID))
	ok(t, err)
	_, err = s.ChangeCampaign(ctx, arauto.System(a), base(), a, c.ID, arauto.CampaignCancel, "")
	ok(t, err)
	for _, list := range [][]arauto.Contact{nil, people(4)} {
		_, _, err = s.AddChunk(ctx, base(), l, again, list, count)
		refused(t, err, arauto.KindConflict, "campaign")
	}
	unchanged("a cancelled campaign")
}
