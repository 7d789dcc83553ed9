package bulk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"arauto"
	"arauto/internal/bulk"
	"arauto/internal/jobs"
	"arauto/internal/store"
	"arauto/internal/store/storetest"
)

var (
	_ jobs.Worker        = (*bulk.Decisions)(nil)
	_ jobs.Worker        = (*bulk.Audiences)(nil)
	_ bulk.DecisionStore = (*store.Store)(nil)
	_ bulk.AudienceStore = (*store.Store)(nil)
	_ bulk.People        = (*store.Store)(nil)
)

var base = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return base.Add(time.Hour) }

type plainSealer struct{}

func (plainSealer) Seal(b []byte) ([]byte, error) { return b, nil }
func (plainSealer) Open(b []byte) ([]byte, error) { return b, nil }

// world is one account with a campaign whose contacts were all written to.
type world struct {
	t        *testing.T
	store    *store.Store
	account  int64
	ana      arauto.Actor
	campaign arauto.Campaign
	contacts []int64
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newWorld writes to n people; answer is what became of each message.
func newWorld(t *testing.T, n int, answer func(i int) arauto.Event) *world {
	t.Helper()
	ctx := t.Context()
	s, err := store.Open(ctx, storetest.Fresh(t, filepath.Join(t.TempDir(), "arauto.db")), plainSealer{}, base)
	check(t, err)
	t.Cleanup(func() { _ = s.Close() })
	owner, err := s.CreateAccount(ctx, arauto.Actor{Name: "cli"}, base, arauto.Account{Slug: "a", Name: "Loja", Country: "BR", TimeZone: "UTC", Language: arauto.Portuguese})
	check(t, err)
	a := owner.ID
	as := arauto.System(a)
	app, err := s.CreateApp(ctx, as, base, arauto.App{Account: a, MetaID: "1", Name: "app", Secret: "s", VerifyToken: "v"})
	check(t, err)
	waba, err := s.SaveWABA(ctx, as, base, arauto.WABA{Account: a, App: app.ID, MetaID: "2", Name: "waba"}, "3")
	check(t, err)
	sender, err := s.CreateSender(ctx, as, base, arauto.Sender{Account: a, WABA: waba.ID, Name: "vendas", PhoneNumberID: "4", Token: "t"})
	check(t, err)
	_, _, err = s.SaveTemplates(ctx, base, a, waba.ID, []arauto.Template{{MetaID: "m", Name: "aviso", Language: "pt_BR", Category: "MARKETING", Status: arauto.TemplateApproved, Body: "Olá"}})
	check(t, err)
	templates, err := s.Templates(ctx, a, 0, 1)
	check(t, err)
	w := &world{t: t, store: s, account: a, ana: arauto.Actor{Account: a, Token: 1, Name: "Ana"}}
	w.campaign = w.create("ofertas", sender.ID, templates[0].ID)
	var list []arauto.Contact
	for i := range n {
		phone := arauto.Phone(fmt.Sprintf("+55119%08d", 80000000+i))
		list = append(list, arauto.Contact{
			External: fmt.Sprint("crm-", i), Name: fmt.Sprint("Pessoa ", i), PhoneRaw: string(phone[3:]), Phone: phone, PersonKey: phone.PersonKey(),
			Fields: arauto.Fields{{Key: "cpf", Value: fmt.Sprint(i)}},
		})
	}
	_, err = s.AddContacts(ctx, base, a, w.campaign.ID, list)
	check(t, err)
	_, err = s.ChangeCampaign(ctx, as, base, a, w.campaign.ID, arauto.CampaignStart, "")
	check(t, err)
	due, err := s.DueContacts(ctx, base, a, w.campaign.ID, time.Time{}, 0, n)
	check(t, err)
	var candidates []arauto.Candidate
	for _, c := range due {
		candidates = append(candidates, arauto.Candidate{Contact: c})
		w.contacts = append(w.contacts, c.ID)
	}
	sent, err := s.Intend(ctx, base, w.lease("sender"), sender.ID, candidates)
	check(t, err)
	var answers []arauto.Answer
	for i, in := range sent {
		answers = append(answers, arauto.Answer{Contact: in.Contact, Attempt: in.Attempt, Event: answer(i)})
	}
	check(t, s.Record(ctx, base, a, answers))
	return w
}

func (w *world) create(name string, sender, template int64) arauto.Campaign {
	w.t.Helper()
	c, err := w.store.CreateCampaign(w.t.Context(), w.ana, base, arauto.Campaign{Account: w.account, Sender: sender, Template: template, Name: name, Channel: arauto.ChannelWhatsApp})
	check(w.t, err)
	return c
}

func (w *world) lease(line string) arauto.Lease {
	w.t.Helper()
	l, taken, err := w.store.Take(w.t.Context(), base, w.account, line, "n1", 48*time.Hour)
	check(w.t, err)
	if !taken {
		w.t.Fatal("the line is held")
	}
	return l
}

func (w *world) rows(campaign int64) []arauto.ContactRow {
	w.t.Helper()
	list, err := w.store.ContactRows(w.t.Context(), w.account, arauto.ContactFilter{Campaigns: []int64{campaign}}, 0, 1000)
	check(w.t, err)
	return list
}

// outcome is everything that is left behind by a job, but for when.
type outcome struct {
	States   []arauto.ContactState
	Names    []string
	Job      arauto.Job
	Campaign arauto.CampaignState
	Audit    []string
}

func (w *world) outcome(campaign, job int64) (o outcome) {
	w.t.Helper()
	ctx := w.t.Context()
	for _, r := range w.rows(campaign) {
		o.States, o.Names = append(o.States, r.State), append(o.Names, r.Name+" "+r.External+" "+r.PhoneRaw+" "+r.RawFields)
	}
	j, err := w.store.Job(ctx, w.account, job)
	check(w.t, err)
	o.Job = arauto.Job{State: j.State, Error: j.Error, Total: j.Total, Done: j.Done, Accepted: j.Accepted, Duplicate: j.Duplicate, Rejected: j.Rejected}
	c, err := w.store.Campaign(ctx, w.account, campaign)
	check(w.t, err)
	o.Campaign = c.State
	audits, err := w.store.Audits(ctx, w.account, 0, 100)
	check(w.t, err)
	for _, a := range audits {
		switch a.Action {
		case "campaign.settle", "campaign.retry", "campaign.audience", "campaign.reopen":
			o.Audit = append(o.Audit, a.Actor.Name+" "+a.Action+" "+a.Detail)
		}
	}
	kept, err := w.store.Counts(ctx, w.account, nil)
	check(w.t, err)
	counted, err := w.store.Recount(ctx, w.account)
	check(w.t, err)
	if diff := cmp.Diff(counted, kept); diff != "" {
		w.t.Errorf("counts (-counted +kept):\n%s", diff)
	}
	return o
}

// A fate ends the program just before or just after its nth write. What comes later does not happen.
type fate struct {
	at     int
	after  bool
	writes int
	dead   bool
}

var errKilled = errors.New("killed")

func (f *fate) write(do func() error) error {
	if f.dead {
		return errKilled
	}
	if f.writes++; f.writes != f.at {
		return do()
	}
	f.dead = true
	if f.after {
		if err := do(); err != nil {
			return err
		}
	}
	return errKilled
}

type mortal struct {
	*store.Store
	fate *fate
}

func (m mortal) DecideChunk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, b arauto.Bulk, after int64, limit int, update func(arauto.Chunk, *arauto.Job)) (c arauto.Chunk, next arauto.Job, err error) {
	err = m.fate.write(func() (err error) {
		c, next, err = m.Store.DecideChunk(ctx, now, l, j, b, after, limit, update)
		return err
	})
	return c, next, err
}

func (m mortal) AddChunk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, list []arauto.Contact, update func([]arauto.Added, *arauto.Job)) (added []arauto.Added, next arauto.Job, err error) {
	err = m.fate.write(func() (err error) {
		added, next, err = m.Store.AddChunk(ctx, now, l, j, list, update)
		return err
	})
	return added, next, err
}

func (m mortal) AuditBulk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, by arauto.Actor, asked string) error {
	return m.fate.write(func() error { return m.Store.AuditBulk(ctx, now, l, j, by, asked) })
}

// drive works on a job until it ends, through the death that f says.
func (w *world) drive(j arauto.Job, f *fate, worker func(s mortal, chunk int) jobs.Worker) {
	w.t.Helper()
	ctx := w.t.Context()
	for chunk := 3; ; {
		l := w.lease("job:1")
		started, err := w.store.StartJob(ctx, base, l, j)
		check(w.t, err)
		done, err := worker(mortal{w.store, f}, chunk).Work(ctx, l, started, nil)
		if f.dead {
			f.dead, f.at, chunk = false, 0, 4 // a later version may cut otherwise
			continue
		}
		check(w.t, err)
		check(w.t, w.store.FinishJob(ctx, base, l, done))
		return
	}
}

// killedAnywhere runs a job undisturbed, then once for each moment at which the program may die, and expects the
// same each time.
func killedAnywhere(t *testing.T, run func(t *testing.T, f *fate) outcome) outcome {
	t.Helper()
	whole := &fate{}
	want := run(t, whole)
	for at := range whole.writes {
		for _, after := range []bool{false, true} {
			if testing.Short() && after != (at%2 == 0) {
				continue // each costs a database of its own
			}
			t.Run(fmt.Sprintf("write %d, after it %v", at+1, after), func(t *testing.T) {
				if diff := cmp.Diff(want, run(t, &fate{at: at + 1, after: after})); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
	if whole.writes < 3 {
		t.Errorf("only %d writes: nothing was interrupted", whole.writes)
	}
	return want
}

func decisions(s bulk.DecisionStore, chunk int) *bulk.Decisions {
	d := &bulk.Decisions{Store: s, Now: clock, Wake: func() {}}
	d.SetChunk(chunk)
	return d
}

func lost(int) arauto.Event {
	return arauto.Event{Kind: arauto.EventLost, At: base, Reason: arauto.ReasonNoAnswer}
}

func count(o outcome, s arauto.ContactState) (n int) {
	for _, state := range o.States {
		if state == s {
			n++
		}
	}
	return n
}

func TestDecisions_SettleAll(t *testing.T) {
	for decision, want := range map[arauto.Decision]arauto.ContactState{arauto.DecideSent: arauto.ContactSent, arauto.DecideAgain: arauto.ContactPending} {
		t.Run(string(decision), func(t *testing.T) {
			got := killedAnywhere(t, func(t *testing.T, f *fate) outcome {
				w := newWorld(t, 10, lost)
				b := arauto.Bulk{Who: arauto.Selection{States: []arauto.ContactState{arauto.ContactUnknown}}, Decision: decision}
				j, err := decisions(w.store, 0).Start(t.Context(), w.ana, arauto.JobSettle, w.account, w.campaign.ID, b)
				check(t, err)
				w.drive(j, f, func(s mortal, chunk int) jobs.Worker { return decisions(s, chunk) })
				return w.outcome(w.campaign.ID, j.ID)
			})
			if got.Job.State != arauto.JobCompleted || got.Job.Accepted != 10 || got.Job.Total != 10 || got.Job.Done != 10 || count(got, want) != 10 || len(got.Audit) != 1 {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestDecisions_Retry(t *testing.T) {
	reasons := []arauto.Reason{arauto.ReasonTooFast, arauto.ReasonBlocked, arauto.ReasonMedia}
	failed := func(i int) arauto.Event {
		return arauto.Event{Kind: arauto.EventRefused, At: base, Reason: reasons[i%3], Code: i % 3}
	}
	b := arauto.Bulk{Who: arauto.Selection{States: []arauto.ContactState{arauto.ContactFailed}}, Decision: arauto.DecideAgain, Reopen: true}
	got := killedAnywhere(t, func(t *testing.T, f *fate) outcome {
		w := newWorld(t, 12, failed)
		_, err := w.store.ChangeCampaign(t.Context(), w.ana, base, w.account, w.campaign.ID, arauto.CampaignComplete, "")
		check(t, err)
		j, err := decisions(w.store, 0).Start(t.Context(), w.ana, arauto.JobRetry, w.account, w.campaign.ID, b)
		check(t, err)
		w.drive(j, f, func(s mortal, chunk int) jobs.Worker { return decisions(s, chunk) })
		return w.outcome(w.campaign.ID, j.ID)
	})
	if got.Job.Accepted != 8 || got.Job.Rejected != 4 || count(got, arauto.ContactPending) != 8 || got.Campaign != arauto.CampaignRunning || len(got.Audit) != 2 {
		t.Errorf("%+v", got)
	}

	t.Run("refused before it is queued", func(t *testing.T) {
		w := newWorld(t, 3, failed)
		start := func(b arauto.Bulk) error {
			_, err := decisions(w.store, 0).Start(t.Context(), w.ana, arauto.JobRetry, w.account, w.campaign.ID, b)
			return err
		}
		never := b
		never.Who.Reasons = []arauto.Reason{arauto.ReasonMedia, arauto.ReasonBlocked}
		if err := start(never); arauto.KindOf(err) != arauto.KindInvalid {
			t.Errorf("a reason that is never retried: %v", err)
		}
		anybody := b
		anybody.Who.States = nil
		if err := start(anybody); arauto.KindOf(err) != arauto.KindInvalid {
			t.Errorf("nobody named: %v", err)
		}
		_, err := w.store.ChangeCampaign(t.Context(), w.ana, base, w.account, w.campaign.ID, arauto.CampaignComplete, "")
		check(t, err)
		closed := b
		closed.Reopen = false
		if err := start(closed); arauto.KindOf(err) != arauto.KindConflict {
			t.Errorf("a completed campaign: %v", err)
		}
		list, err := w.store.Jobs(t.Context(), w.account, 0, 0, 10)
		check(t, err)
		if len(list) != 0 {
			t.Errorf("queued all the same: %+v", list)
		}
	})
}

func TestAudiences(t *testing.T) {
	accepted := func(i int) arauto.Event {
		if i%4 == 3 {
			return arauto.Event{Kind: arauto.EventRefused, At: base, Reason: arauto.ReasonMedia, Code: 131053}
		}
		return arauto.Event{Kind: arauto.EventAccepted, At: base}
	}
	audiences := func(w *world, s bulk.AudienceStore, chunk int) *bulk.Audiences {
		a := &bulk.Audiences{Store: s, People: w.store, Now: clock, Wake: func() {}}
		a.SetChunk(chunk)
		return a
	}
	noReply := arauto.Selection{States: arauto.Reached()}
	prepare := func(t *testing.T) (*world, arauto.Campaign) {
		w := newWorld(t, 12, accepted)
		target := w.create("lembrete", 0, 0)
		first := w.rows(w.campaign.ID)[11]
		_, err := w.store.AddContacts(t.Context(), base, w.account, target.ID, []arauto.Contact{{Name: "Já estava", Phone: first.Phone, PersonKey: first.PersonKey}})
		check(t, err)
		return w, target
	}
	got := killedAnywhere(t, func(t *testing.T, f *fate) outcome {
		w, target := prepare(t)
		j, err := audiences(w, w.store, 0).Start(t.Context(), w.ana, w.account, target.ID, arauto.Audience{From: w.campaign.ID, Who: noReply})
		check(t, err)
		w.drive(j, f, func(s mortal, chunk int) jobs.Worker { return audiences(w, s, chunk) })
		return w.outcome(target.ID, j.ID)
	})
	if got.Job.Accepted != 8 || got.Job.Duplicate != 1 || got.Job.Done != 9 || count(got, arauto.ContactPending) != 9 || len(got.Audit) != 1 {
		t.Errorf("%+v", got)
	}
	if want := `Pessoa 10 crm-10 11980000010 {"cpf":"10"}`; got.Names[0] != want {
		t.Errorf("copied %q, want %q", got.Names[0], want)
	}

	t.Run("who comes later is not of it", func(t *testing.T) {
		w, target := prepare(t)
		j, err := audiences(w, w.store, 0).Start(t.Context(), w.ana, w.account, target.ID, arauto.Audience{From: w.campaign.ID})
		check(t, err)
		_, err = w.store.AddContacts(t.Context(), base, w.account, w.campaign.ID, []arauto.Contact{{Phone: "+5511970000000", PersonKey: "5511970000000"}})
		check(t, err)
		w.drive(j, &fate{}, func(s mortal, chunk int) jobs.Worker { return audiences(w, s, chunk) })
		if got := w.outcome(target.ID, j.ID); got.Job.Accepted != 11 {
			t.Errorf("%+v", got.Job)
		}
	})
	t.Run("preview", func(t *testing.T) {
		w, target := prepare(t)
		key := w.rows(w.campaign.ID)[1].PersonKey
		_, err := w.store.AddSuppressions(t.Context(), w.ana, base, w.account, []arauto.Suppression{{PersonKey: key, Scope: arauto.SuppressMarketing, Source: "api"}})
		check(t, err)
		for marketing, suppressed := range map[bool]int64{true: 1, false: 0} {
			got, err := audiences(w, w.store, 5).Preview(t.Context(), w.account, target.ID, arauto.Audience{From: w.campaign.ID, Who: noReply}, marketing)
			check(t, err)
			if diff := cmp.Diff(arauto.AudiencePreview{Looked: 9, Complete: true, Picked: 9, Already: 1, Suppressed: suppressed}, got); diff != "" {
				t.Error(diff)
			}
		}
		if n := len(w.rows(target.ID)); n != 1 {
			t.Errorf("%d contacts after a look", n)
		}
	})
	t.Run("refused", func(t *testing.T) {
		w, target := prepare(t)
		for name, c := range map[string]struct {
			target int64
			from   int64
			want   arauto.Kind
		}{
			"itself":           {target.ID, target.ID, arauto.KindInvalid},
			"no such campaign": {target.ID, 99, arauto.KindNotFound},
			"no such target":   {99, w.campaign.ID, arauto.KindNotFound},
		} {
			if _, err := audiences(w, w.store, 0).Start(t.Context(), w.ana, w.account, c.target, arauto.Audience{From: c.from}); arauto.KindOf(err) != c.want {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err := w.store.ChangeCampaign(t.Context(), w.ana, base, w.account, target.ID, arauto.CampaignCancel, "")
		check(t, err)
		if _, err := audiences(w, w.store, 0).Start(t.Context(), w.ana, w.account, target.ID, arauto.Audience{From: w.campaign.ID}); arauto.KindOf(err) != arauto.KindConflict {
			t.Errorf("a cancelled campaign: %v", err)
		}
	})
}

// What a job was asked for is read alike by a later version.
func TestParams_AsStored(t *testing.T) {
	w := newWorld(t, 1, lost)
	j, err := decisions(w.store, 0).Start(t.Context(), w.ana, arauto.JobSettle, w.account, w.campaign.ID,
		arauto.Bulk{Who: arauto.Selection{States: []arauto.ContactState{arauto.ContactUnknown}}, Decision: arauto.DecideSent})
	check(t, err)
	var stored map[string]any
	check(t, json.Unmarshal([]byte(j.Params), &stored))
	if stored["Decision"] != "sent" || stored["By"].(map[string]any)["Name"] != "Ana" || stored["Who"].(map[string]any)["UpTo"] != 1.0 {
		t.Errorf("%s", j.Params)
	}
}
