package importer_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/importer"

	"github.com/google/go-cmp/cmp"
)

// people is a JSON array of people with these last digits; 0 is a phone that is none.
func people(numbers ...int) string {
	var b strings.Builder
	b.WriteByte('[')
	for i, n := range numbers {
		if i > 0 {
			b.WriteByte(',')
		}
		phone := fmt.Sprintf("+55119876543%02d", n)
		if n == 0 {
			phone = "none"
		}
		fmt.Fprintf(&b, `{"name":"P%d row %d","phone_number":%q,"cpf":"%d"}`, n, i+1, phone, i+1)
	}
	return b.String() + "]"
}

func names(list []arauto.ContactRow) (all []string) {
	for _, c := range list {
		fields, _ := arauto.ParseFields(c.RawFields)
		cpf, _ := fields.Get("cpf")
		all = append(all, c.Name+" "+cpf)
	}
	return all
}

// readRejects is the file of rejects, "" when there is none.
func (w *world) readRejects(i *importer.Imports, job int64) string {
	w.t.Helper()
	f, err := i.Rejects(w.t.Context(), w.account.ID, job)
	if arauto.KindOf(err) == arauto.KindNotFound {
		return ""
	}
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

func TestImport_Policies(t *testing.T) {
	first := people(1, 2)
	for name, c := range map[string]struct {
		in      arauto.Intake
		file    string
		state   arauto.JobState
		numbers numbers
		want    []string
		rejects []string // that the file of rejects has
	}{
		"skip": {
			arauto.Intake{},
			people(3, 1, 0, 3, 4), arauto.JobCompleted,
			numbers{2, 2, 1},
			[]string{"P1 row 1 1", "P2 row 2 2", "P3 row 1 1", "P4 row 5 5"},
			[]string{`"row":2,"reason":"already in this campaign (contact 1)"}`, `"row":3,"reason":"phone_number: `, `"row":4,"reason":"already in this campaign (contact `},
		},
		"update": {
			arauto.Intake{Duplicates: arauto.DuplicatesUpdate},
			people(3, 1, 0, 3), arauto.JobCompleted,
			numbers{1, 2, 1},
			[]string{"P1 row 2 2", "P2 row 2 2", "P3 row 4 4"},
			[]string{`"row":3,"reason":"phone_number: `},
		},
		"fail": {
			arauto.Intake{Duplicates: arauto.DuplicatesFail},
			people(3, 0, 4), arauto.JobCompleted,
			numbers{2, 0, 1},
			[]string{"P1 row 1 1", "P2 row 2 2", "P3 row 1 1", "P4 row 3 3"},
			[]string{`"row":2,"reason":"phone_number: `},
		},
		"fail, in the campaign": {
			arauto.Intake{Duplicates: arauto.DuplicatesFail},
			people(3, 2, 4), arauto.JobFailed,
			numbers{0, 1, 0},
			[]string{"P1 row 1 1", "P2 row 2 2"},
			[]string{`"row":2,"reason":"already in this campaign (contact 2)"}`},
		},
		"fail, twice in the file": {
			arauto.Intake{Duplicates: arauto.DuplicatesFail},
			people(3, 4, 5, 6, 3), arauto.JobFailed,
			numbers{0, 1, 0},
			[]string{"P1 row 1 1", "P2 row 2 2"},
			[]string{`"row":5,"reason":"the same person as in row 1"}`},
		},
		"whole": {
			arauto.Intake{Whole: true},
			people(3, 4, 5), arauto.JobCompleted,
			numbers{3, 0, 0},
			[]string{"P1 row 1 1", "P2 row 2 2", "P3 row 1 1", "P4 row 2 2", "P5 row 3 3"},
			nil,
		},
		"whole, one is none": {
			arauto.Intake{Whole: true}, people(3, 4, 5, 0, 6), arauto.JobFailed, numbers{0, 0, 1}, []string{"P1 row 1 1", "P2 row 2 2"}, []string{`"row":4,"reason":"phone_number: `},
		},
		"whole, skipping": {
			arauto.Intake{Whole: true},
			people(3, 1, 3, 4), arauto.JobCompleted,
			numbers{2, 2, 0},
			[]string{"P1 row 1 1", "P2 row 2 2", "P3 row 1 1", "P4 row 4 4"},
			[]string{`"row":2,"reason":"already in this campaign (contact 1)"}`, `"row":3,"reason":"the same person as in row 1"}`},
		},
		"whole, updating": {
			arauto.Intake{Whole: true, Duplicates: arauto.DuplicatesUpdate},
			people(3, 1, 4, 3), arauto.JobCompleted,
			numbers{2, 2, 0},
			[]string{"P1 row 2 2", "P2 row 2 2", "P3 row 4 4", "P4 row 3 3"},
			nil,
		},
		"cut off": {
			arauto.Intake{Whole: true}, people(3, 4, 5)[:120], arauto.JobFailed, numbers{0, 0, 0}, []string{"P1 row 1 1", "P2 row 2 2"}, nil,
		},
		"cut off, not whole": {
			arauto.Intake{}, people(3, 4, 5)[:150], arauto.JobFailed, numbers{2, 0, 0}, []string{"P1 row 1 1", "P2 row 2 2", "P3 row 1 1", "P4 row 2 2"}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "BR")
			i := w.running()
			i.SetChunk(2)
			for n, file := range []string{first, c.file} {
				o := importer.Options{}
				if n == 1 {
					o.Intake = c.in
				}
				j, err := i.Start(t.Context(), w.actor(), w.account, w.campaign.ID, "p.json", strings.NewReader(file), o)
				if err != nil {
					t.Fatal(err)
				}
				if j, err = i.Wait(t.Context(), w.account.ID, j.ID); err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					continue
				}
				if j.State != c.state || numbersOf(j) != c.numbers {
					t.Errorf("%s with %+v, want %s with %+v: %s", j.State, numbersOf(j), c.state, c.numbers, j.Error)
				}
				if diff := cmp.Diff(c.want, names(w.contacts())); diff != "" {
					t.Error(diff)
				}
				rejects := w.readRejects(i, j.ID)
				if lines := strings.Count(rejects, `"reason":`); lines != len(c.rejects) {
					t.Errorf("%d rejects, want %d:\n%s", lines, len(c.rejects), rejects)
				}
				for _, want := range c.rejects {
					if !strings.Contains(rejects, want) {
						t.Errorf("no %s in\n%s", want, rejects)
					}
				}
				w.nothingStaged()
			}
		})
	}
}

// nothingStaged checks that what waited is gone, and that the counts are true.
func (w *world) nothingStaged() {
	w.t.Helper()
	if n, err := w.store.Staged(w.t.Context(), w.account.ID); err != nil || n != 0 {
		w.t.Errorf("%d rows are staged, %v", n, err)
	}
	kept, err := w.store.Counts(w.t.Context(), w.account.ID, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	counted, err := w.store.Recount(w.t.Context(), w.account.ID)
	if diff := cmp.Diff(counted, kept); diff != "" || err != nil {
		w.t.Error(err, diff)
	}
}

func TestImport_AcrossCampaigns(t *testing.T) {
	w := newWorld(t, "BR")
	i := w.running()
	other, err := w.store.CreateCampaign(t.Context(), w.actor(), now, arauto.Campaign{Account: w.account.ID, Name: "Outra", Channel: arauto.ChannelWhatsApp})
	if err != nil {
		t.Fatal(err)
	}
	run := func(campaign int64, across arauto.Across, numbers ...int) arauto.Job {
		t.Helper()
		j, err := i.Start(t.Context(), w.actor(), w.account, campaign, "p.json", strings.NewReader(people(numbers...)), importer.Options{Intake: arauto.Intake{Across: across}})
		if err != nil {
			t.Fatal(err)
		}
		if j, err = i.Wait(t.Context(), w.account.ID, j.ID); err != nil {
			t.Fatal(err)
		}
		return j
	}
	run(other.ID, arauto.AcrossNone, 1, 2)
	j := run(w.campaign.ID, arauto.AcrossOpen, 2, 3)
	if got := numbersOf(j); got != (numbers{1, 1, 0}) {
		t.Errorf("%+v", got)
	}
	if want := fmt.Sprintf(`"reason":"already in campaign %d (contact 2)"`, other.ID); !strings.Contains(w.readRejects(i, j.ID), want) {
		t.Errorf("no %s in %s", want, w.readRejects(i, j.ID))
	}
	if _, err := w.store.ChangeCampaign(t.Context(), w.actor(), now, w.account.ID, other.ID, arauto.CampaignCancel, ""); err != nil {
		t.Fatal(err)
	}
	if got := numbersOf(run(w.campaign.ID, arauto.AcrossAll, 1)); got != (numbers{0, 1, 0}) {
		t.Errorf("in any campaign: %+v", got)
	}
	if got := numbersOf(run(w.campaign.ID, arauto.AcrossOpen, 1)); got != (numbers{1, 0, 0}) {
		t.Errorf("in open campaigns: %+v", got)
	}
}

// late is a store into which somebody comes between the last row and the publishing.
type late struct {
	importer.Staging
	before func()
}

func (l late) Publish(ctx context.Context, now time.Time, lease arauto.Lease, j arauto.Job, in arauto.Intake, rows int64, update func(inserted, twice int64, j *arauto.Job)) ([]arauto.Conflict, arauto.Job, error) {
	l.before()
	return l.Staging.Publish(ctx, now, lease, j, in, rows, update)
}

func TestImport_SomebodyComesInMeanwhile(t *testing.T) {
	for policy, want := range map[arauto.Duplicates]struct {
		state   arauto.JobState
		numbers numbers
		names   []string
	}{
		arauto.DuplicatesSkip:   {arauto.JobCompleted, numbers{2, 1, 0}, []string{"first ", "P1 row 1 1", "P3 row 3 3"}},
		arauto.DuplicatesUpdate: {arauto.JobCompleted, numbers{2, 1, 0}, []string{"P2 row 2 2", "P1 row 1 1", "P3 row 3 3"}},
		arauto.DuplicatesFail:   {arauto.JobFailed, numbers{0, 1, 0}, []string{"first "}},
	} {
		t.Run(string(policy), func(t *testing.T) {
			w := newWorld(t, "BR")
			i := w.running()
			i.Staging = late{i.Staging, func() {
				phone := arauto.Phone("+5511987654302")
				if _, err := w.store.AddContacts(t.Context(), now, w.account.ID, w.campaign.ID, []arauto.Contact{{Name: "first", PhoneRaw: string(phone), Phone: phone, PersonKey: phone.PersonKey()}}); err != nil {
					t.Error(err)
				}
			}}
			j, err := i.Start(t.Context(), w.actor(), w.account, w.campaign.ID, "p.json", strings.NewReader(people(1, 2, 3)), importer.Options{Intake: arauto.Intake{Whole: true, Duplicates: policy}})
			if err != nil {
				t.Fatal(err)
			}
			if j, err = i.Wait(t.Context(), w.account.ID, j.ID); err != nil {
				t.Fatal(err)
			}
			if j.State != want.state || numbersOf(j) != want.numbers {
				t.Errorf("%s with %+v: %s", j.State, numbersOf(j), j.Error)
			}
			if diff := cmp.Diff(want.names, names(w.contacts())); diff != "" {
				t.Error(diff)
			}
			if rejects := w.readRejects(i, j.ID); policy != arauto.DuplicatesUpdate && !strings.Contains(rejects, `"row":2,"reason":"already in this campaign (contact 1)"`) {
				t.Error(rejects)
			}
			w.nothingStaged()
		})
	}
}

// A file that nobody looked at becomes a job that fails.
func TestStart_Unread(t *testing.T) {
	w := newWorld(t, "BR")
	i := w.running()
	for file, want := range map[string]string{
		"nome;fone\nAna;1": "not a JSON array", "": "the file is empty", `{"name":"Ana"}`: "not a JSON array", `[{"name":"Ana"}]`: "no column is the phone",
		"PK\x03\x04": "is a spreadsheet (XLSX)",
	} {
		j, err := i.Start(t.Context(), w.actor(), w.account, w.campaign.ID, "", strings.NewReader(file), importer.Options{Format: importer.FormatJSON, Unread: true, Intake: arauto.Intake{Whole: true}})
		if err != nil {
			t.Fatalf("%q: %v", file, err)
		}
		if j, err = i.Wait(t.Context(), w.account.ID, j.ID); err != nil || j.State != arauto.JobFailed || !strings.Contains(j.Error, want) {
			t.Errorf("%q: %s, %s, %v", file, j.State, j.Error, err)
		}
	}
}

// What a voice campaign knows of its contacts is found in the columns, and a phone that is none may be kept.
func TestImport_Dialled(t *testing.T) {
	w := newWorld(t, "BR")
	i := w.running()
	c, err := w.store.CreateCampaign(t.Context(), w.actor(), now, arauto.Campaign{Account: w.account.ID, Name: "Ligações", Channel: arauto.ChannelVoice, Voice: arauto.NewVoice(arauto.DialPreview)})
	if err != nil {
		t.Fatal(err)
	}
	file := `[{"name":"Ana","phone_number":"+1 111-111-1111","email":"a@x","outbound_number":"","external_unique_id":"7","Prioridade":5,"cpf":"1"},
		{"name":"Bia","phone_number":"12"},{"name":"Caio","phone_number":"+5511987654321","Prioridade":"muita"},
		{"name":"Davi","phone_number":"+5511987654322","Prioridade":500},{"name":"Eva","phone_number":""},{"name":"Bia de novo","phone_number":" 12"}]`
	for _, run := range []struct {
		in      arauto.Intake
		keep    bool
		numbers numbers
		state   arauto.JobState
	}{
		{arauto.Intake{Whole: true}, true, numbers{0, 1, 3}, arauto.JobFailed},
		{arauto.Intake{}, true, numbers{2, 1, 3}, arauto.JobCompleted},
		{arauto.Intake{}, false, numbers{0, 0, 6}, arauto.JobCompleted},
	} {
		j, err := i.Start(t.Context(), w.actor(), w.account, c.ID, "p.json", strings.NewReader(file), importer.Options{Intake: run.in, KeepMalformed: run.keep})
		if err != nil {
			t.Fatal(err)
		}
		if j, err = i.Wait(t.Context(), w.account.ID, j.ID); err != nil {
			t.Fatal(err)
		}
		if got := numbersOf(j); got != run.numbers || j.State != run.state {
			t.Errorf("%+v: %s with %+v, want %+v: %s\n%s", run.in, j.State, got, run.numbers, j.Error, w.readRejects(i, j.ID))
		}
	}
	rows, err := w.store.ContactRows(t.Context(), w.account.ID, arauto.ContactFilter{Campaigns: []int64{c.ID}}, 0, 10)
	if err != nil || len(rows) != 2 {
		t.Fatalf("%v, %v", err, rows)
	}
	bia, ana := rows[0].Contact, rows[1].Contact
	if ana.Email != "a@x" || ana.External != "7" || ana.Priority != 5 || ana.Dial != arauto.DialUpcoming || rows[1].RawFields != `{"cpf":"1"}` || ana.PhoneRaw != "+1 111-111-1111" {
		t.Errorf("Ana is %+v", rows[1])
	}
	if bia.Dial != arauto.DialInvalidNumber || bia.PhoneRaw != "12" || bia.State != arauto.ContactFailed {
		t.Errorf("Bia is %+v", bia)
	}
	if _, err := i.Start(t.Context(), w.actor(), w.account, w.campaign.ID, "p.json", strings.NewReader(file), importer.Options{KeepMalformed: true}); arauto.KindOf(err) != arauto.KindInvalid {
		t.Errorf("a WhatsApp campaign keeps them: %v", err)
	}
}
