package storetest

import (
	"fmt"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

// testSuppress: a file's entries and the job's progress go in together; lists are filtered, and lifted in bulk.
func testSuppress(t *testing.T, s *store.Store) {
	ctx, a := t.Context(), newAccount(t, s, "a").ID
	l := hold(t, s, a, "job:1", "n1")
	j, err := s.CreateJob(ctx, arauto.System(a), base(), arauto.Job{Account: a, Kind: arauto.JobSuppressions})
	ok(t, err)
	j, err = s.StartJob(ctx, base(), l, j)
	ok(t, err)
	entry := func(n int) arauto.Suppression {
		return arauto.Suppression{PersonKey: phoneOf(n).PersonKey(), Phone: phoneOf(n), Scope: arauto.SuppressAll, Source: "upload", Evidence: fmt.Sprint("row ", n)}
	}
	count := func(added []arauto.Added, j *arauto.Job) {
		for _, one := range added {
			if one.Duplicate {
				j.Duplicate++
			} else {
				j.Accepted++
			}
		}
	}
	added, j, err := s.SuppressChunk(ctx, base(), l, j, []arauto.Suppression{entry(0), entry(1), entry(0)}, count)
	ok(t, err)
	same(t, "answers", added, []arauto.Added{{ID: added[0].ID}, {ID: added[0].ID + 1}, {ID: added[0].ID, Duplicate: true}})
	added, j, err = s.SuppressChunk(ctx, base(), l, j, []arauto.Suppression{entry(1), entry(2)}, count)
	ok(t, err)
	same(t, "there and new", []bool{added[0].Duplicate, added[1].Duplicate}, []bool{true, false})
	stored, err := s.Job(ctx, a, j.ID)
	ok(t, err)
	same(t, "as returned", j, stored)
	same(t, "numbers", []int64{j.Accepted, j.Duplicate}, []int64{3, 2})
	_, _, err = s.SuppressChunk(ctx, base(), l, j, []arauto.Suppression{{Scope: arauto.SuppressAll}}, count)
	refused(t, err, arauto.KindInvalid, "suppressions[0].phone")
	ok(t, s.CancelJob(ctx, arauto.System(a), base(), a, j.ID))
	_, _, err = s.SuppressChunk(ctx, base(), l, j, []arauto.Suppression{entry(3)}, count)
	refused(t, err, arauto.KindConflict, "state")

	short, calls := entry(4), entry(5)
	short.ExpiresAt, short.Scope, short.Source = base().Add(time.Hour), arauto.SuppressMarketing, "api"
	calls.Channel = arauto.ChannelVoice
	more, err := s.AddSuppressions(ctx, arauto.System(a), base(), a, []arauto.Suppression{short, calls})
	ok(t, err)
	find := func(f arauto.SuppressionFilter, now time.Time) (ids []int64) {
		t.Helper()
		for before := int64(0); ; {
			list, next, err := s.FindSuppressions(ctx, now, a, f, before, 2)
			ok(t, err)
			for _, p := range list {
				ids = append(ids, p.ID)
			}
			if before = next; next == 0 {
				return ids
			}
		}
	}
	third, second, first := added[1].ID, added[0].ID, added[0].ID-1
	all := []int64{more[1].ID, more[0].ID, third, second, first}
	same(t, "all, newest first", find(arauto.SuppressionFilter{}, base()), all)
	same(t, "by scope", find(arauto.SuppressionFilter{Scope: arauto.SuppressMarketing}, base()), all[1:2])
	same(t, "by source", find(arauto.SuppressionFilter{Source: "api"}, base()), all[1:2])
	same(t, "what concerns a channel", find(arauto.SuppressionFilter{Channel: arauto.ChannelWhatsApp}, base()), all[1:])
	same(t, "of a person", find(arauto.SuppressionFilter{PersonKey: phoneOf(1).PersonKey()}, base()), []int64{second})
	same(t, "in force", find(arauto.SuppressionFilter{InForce: true}, base().Add(time.Hour)), []int64{more[1].ID, third, second, first})

	lifted, err := s.LiftSuppressions(ctx, ana(a), base().Add(time.Hour), a, []int64{first, second, first, 999}, "wrong file")
	ok(t, err)
	same(t, "lifted", lifted, []int64{first, second})
	lifted, err = s.LiftSuppressions(ctx, ana(a), base().Add(time.Hour), a, []int64{first}, "again")
	ok(t, err)
	same(t, "lifted again", len(lifted), 0)
	strange, err := s.LiftSuppressions(ctx, ana(a+1), base(), a+1, []int64{third}, "mine")
	ok(t, err)
	same(t, "another's", len(strange), 0)
	same(t, "in force after it", find(arauto.SuppressionFilter{InForce: true}, base().Add(time.Hour)), []int64{more[1].ID, third})
}
