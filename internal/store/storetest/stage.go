package storetest

import (
	"fmt"
	"testing"

	"arauto"
	"arauto/internal/store"
)

// testStage: staged rows are nobody's until they are published, all of them in one step, and never twice.
func testStage(t *testing.T, s *store.Store) {
	ctx, a := t.Context(), newAccount(t, s, "a").ID
	c, err := s.CreateCampaign(ctx, arauto.System(a), base(), arauto.Campaign{Account: a, Name: "ofertas", Channel: arauto.ChannelWhatsApp})
	ok(t, err)
	l := hold(t, s, a, "job:1", "n1")
	j, err := s.StartJob(ctx, base(), l, newJob(t, s, a, c.ID))
	ok(t, err)
	person := func(n int, name string) arauto.Contact {
		phone := arauto.Phone(fmt.Sprintf("+55119876543%02d", n))
		return arauto.Contact{PhoneRaw: string(phone), Phone: phone, PersonKey: phone.PersonKey(), Name: name, Fields: arauto.Fields{{Key: "z", Value: name}, {Key: "a", Value: "\"1\""}}}
	}
	_, err = s.AddContacts(ctx, base(), a, c.ID, []arauto.Contact{person(1, "first")})
	ok(t, err)
	count := func(added []arauto.Added, j *arauto.Job) { j.Resume += fmt.Sprint(len(added), ";") }
	in := arauto.Intake{Duplicates: arauto.DuplicatesFail, Whole: true}
	added, j, err := s.StageChunk(ctx, base(), l, j, in, []int{2, 3, 4, 5}, []arauto.Contact{person(2, "b"), person(1, "c"), person(3, "d"), person(2, "e")}, count)
	ok(t, err)
	same(t, "staged", added, []arauto.Added{{}, {ID: 1, Duplicate: true}, {}, {Duplicate: true, Row: 2}})
	added, j, err = s.StageChunk(ctx, base(), l, j, in, []int{6, 7}, []arauto.Contact{person(3, "f"), person(4, "g")}, count)
	ok(t, err)
	same(t, "staged in another chunk", added, []arauto.Added{{Duplicate: true, Row: 4}, {}})

	there := func(want ...string) {
		t.Helper()
		rows, err := s.ContactRows(ctx, a, arauto.ContactFilter{Campaigns: []int64{c.ID}}, 0, 100)
		ok(t, err)
		names := []string{}
		for _, r := range rows {
			names = append(names, r.Name+r.RawFields)
		}
		same(t, "contacts, newest first", names, want)
		kept, err := s.Counts(ctx, a, []int64{c.ID})
		ok(t, err)
		counted, err := s.Recount(ctx, a)
		ok(t, err)
		same(t, "counts", kept[c.ID], counted[c.ID])
	}
	first := `first{"z":"first","a":"\"1\""}`
	there(first)

	// Somebody comes in meanwhile: nothing is published, and it is said who.
	_, err = s.AddContacts(ctx, base(), a, c.ID, []arauto.Contact{person(3, "between")})
	ok(t, err)
	between := `between{"z":"between","a":"\"1\""}`
	publish := func(rows int64) ([]arauto.Conflict, arauto.Job, error) {
		return s.Publish(ctx, base(), l, j, in, rows, func(inserted, twice int64, j *arauto.Job) {
			j.Accepted, j.Duplicate, j.Resume = inserted, twice, "published"
		})
	}
	conflicts, _, err := publish(3)
	ok(t, err)
	same(t, "conflicts", conflicts, []arauto.Conflict{{Row: 4, Added: arauto.Added{ID: 2, Duplicate: true}}})
	there(between, first)
	j, err = s.Unstage(ctx, base(), l, j, []int{4}, func(j *arauto.Job) { j.Duplicate = 3 })
	ok(t, err)
	if j.Duplicate != 3 {
		t.Errorf("the job has %+v", j)
	}
	if _, _, err = publish(3); arauto.KindOf(err) != arauto.KindInternal {
		t.Errorf("a row was lost, and %v", err)
	}
	there(between, first)
	older := l
	l = hold(t, s, a, "job:1", "n1")
	_, _, err = s.Publish(ctx, base(), older, j, in, 2, func(int64, int64, *arauto.Job) {})
	refused(t, err, arauto.KindConflict, "")
	there(between, first)
	conflicts, j, err = publish(2)
	ok(t, err)
	stored, err := s.Job(ctx, a, j.ID)
	ok(t, err)
	same(t, "as returned", j, stored)
	if len(conflicts) > 0 || j.Accepted != 2 || j.Resume != "published" {
		t.Errorf("%v, %+v", conflicts, j)
	}
	there(`g{"z":"g","a":"\"1\""}`, `b{"z":"b","a":"\"1\""}`, between, first)

	// What was published, or is nobody's, goes; what a running job staged stays.
	other, err := s.StartJob(ctx, base(), l, newJob(t, s, a, c.ID))
	ok(t, err)
	_, _, err = s.StageChunk(ctx, base(), l, other, in, []int{2}, []arauto.Contact{person(9, "x")}, count)
	ok(t, err)
	for more := true; more; {
		more, err = s.SweepStaged(ctx, a, j.ID)
		ok(t, err)
	}
	n, err := s.Staged(ctx, a)
	ok(t, err)
	same(t, "left of a running job", n, int64(1))
	ok(t, s.CancelJob(ctx, arauto.System(a), base(), a, other.ID))
	_, err = s.SweepStaged(ctx, a, 0)
	ok(t, err)
	n, err = s.Staged(ctx, a)
	ok(t, err)
	same(t, "left of a cancelled one", n, int64(0))
}

// testIntake: what becomes of people who are there already.
func testIntake(t *testing.T, s *store.Store) {
	ctx, a := t.Context(), newAccount(t, s, "a").ID
	var campaigns []arauto.Campaign
	for _, name := range []string{"one", "two"} {
		c, err := s.CreateCampaign(ctx, arauto.System(a), base(), arauto.Campaign{Account: a, Name: name, Channel: arauto.ChannelWhatsApp})
		ok(t, err)
		campaigns = append(campaigns, c)
	}
	one, two := campaigns[0].ID, campaigns[1].ID
	l := hold(t, s, a, "job:1", "n1")
	j, err := s.StartJob(ctx, base(), l, newJob(t, s, a, one))
	ok(t, err)
	person := func(n int, name, external string, fields ...arauto.Field) arauto.Contact {
		phone := arauto.Phone(fmt.Sprintf("+55119876543%02d", n))
		return arauto.Contact{PhoneRaw: string(phone), Phone: phone, PersonKey: phone.PersonKey(), Name: name, External: external, Fields: fields}
	}
	_, err = s.AddContacts(ctx, base(), a, one, []arauto.Contact{person(1, "Ana", "x1", arauto.Field{Key: "cpf", Value: "1"}, arauto.Field{Key: "uf", Value: "SP"})})
	ok(t, err)
	_, err = s.AddContacts(ctx, base(), a, two, []arauto.Contact{person(2, "Bia", "")})
	ok(t, err)
	add := func(in arauto.Intake, list ...arauto.Contact) []arauto.Added {
		t.Helper()
		var added []arauto.Added
		added, j, err = s.ImportChunk(ctx, base(), l, j, in, list, func([]arauto.Added, *arauto.Job) {})
		ok(t, err)
		return added
	}
	added := add(arauto.Intake{Duplicates: arauto.DuplicatesUpdate}, person(1, "Ana Lu", "", arauto.Field{Key: "CPF", Value: "2"}, arauto.Field{Key: "x", Value: "y"}), person(3, "Caio", "x3"), person(3, "", "x4"))
	same(t, "updated", added, []arauto.Added{{ID: 1, Duplicate: true}, {ID: added[1].ID}, {ID: added[1].ID, Duplicate: true}})
	ana, err := s.Contact(ctx, a, 1)
	ok(t, err)
	same(t, "Ana", fmt.Sprint(ana.Name, ana.External, ana.RawFields, ana.Version), fmt.Sprint("Ana Lu", "x1", `{"cpf":"2","uf":"SP","x":"y"}`, 2))
	caio, err := s.Contact(ctx, a, added[1].ID)
	ok(t, err)
	same(t, "Caio", caio.Name+caio.External, "Caiox4")
	same(t, "elsewhere", add(arauto.Intake{Across: arauto.AcrossOpen}, person(2, "Bia", "")), []arauto.Added{{ID: 2, Duplicate: true, Campaign: two}})
	present, err := s.Present(ctx, a, one, arauto.AcrossAll, []string{"5511987654302", "5511987654301", "5511987654377"})
	ok(t, err)
	same(t, "present", present, []arauto.Added{{ID: 2, Duplicate: true, Campaign: two}, {ID: 1, Duplicate: true}, {}})
	_, err = s.ChangeCampaign(ctx, arauto.System(a), base(), a, two, arauto.CampaignCancel, "")
	ok(t, err)
	again := add(arauto.Intake{Across: arauto.AcrossOpen}, person(2, "Bia", ""))
	if again[0].Duplicate {
		t.Errorf("a cancelled campaign counts as open: %+v", again)
	}
	counts, err := s.Recount(ctx, a)
	ok(t, err)
	kept, err := s.Counts(ctx, a, []int64{one})
	ok(t, err)
	same(t, "counts", kept[one], counts[one])
}
