package storetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

// newLost writes to n people at base; nobody knows what became of any message.
func newLost(t *testing.T, s *store.Store, n int) posted {
	t.Helper()
	return newAnswered(t, s, n, func(int, arauto.Intended) (arauto.Event, arauto.Receipt) {
		return arauto.Event{Kind: arauto.EventLost, At: base(), Reason: arauto.ReasonNoAnswer, Detail: "timeout"}, arauto.Receipt{}
	})
}

func (p posted) campaign() arauto.Campaign {
	p.t.Helper()
	c, err := p.s.Campaign(p.t.Context(), p.account.ID, p.sent[0].Contact.Campaign)
	ok(p.t, err)
	return c
}

func (p posted) change(e arauto.CampaignEvent) {
	p.t.Helper()
	_, err := p.s.ChangeCampaign(p.t.Context(), arauto.System(p.account.ID), base(), p.account.ID, p.campaign().ID, e, "")
	ok(p.t, err)
}

// settle decides as Ana does, an hour later.
func (p posted) settle(d arauto.Decision, reopen bool, ids ...int64) []arauto.Settled {
	p.t.Helper()
	done, err := p.s.Settle(p.t.Context(), ana(p.account.ID), base().Add(time.Hour), p.account.ID, p.campaign().ID, d, ids, reopen)
	ok(p.t, err)
	return done
}

func ana(account int64) arauto.Actor { return arauto.Actor{Account: account, Token: 1, Name: "Ana"} }

func (p posted) ids(of ...int) (list []int64) {
	for _, i := range of {
		list = append(list, p.sent[i].Contact.ID)
	}
	return list
}

// audited is the newest entry of an action.
func (p posted) audited(action string) map[string]string {
	p.t.Helper()
	list, err := p.s.Audits(p.t.Context(), p.account.ID, 0, 100)
	ok(p.t, err)
	for _, a := range list {
		if a.Action == action {
			var about map[string]string
			ok(p.t, json.Unmarshal([]byte(a.Detail), &about))
			about["actor"], about["subject"] = a.Actor.Name, a.Subject
			return about
		}
	}
	p.t.Fatalf("nobody wrote down %s", action)
	return nil
}

func kinds(done []arauto.Settled) (list []arauto.Kind) {
	for _, d := range done {
		if d.Err == nil {
			list = append(list, "")
		} else {
			list = append(list, arauto.KindOf(d.Err))
		}
	}
	return list
}

func testSettle(t *testing.T, s *store.Store) {
	p := newLost(t, s, 8)
	ctx, a, campaign := t.Context(), p.account.ID, p.campaign().ID
	sub := func(name string, test func(t *testing.T, p posted)) {
		t.Run(name, func(t *testing.T) {
			p := p
			p.t = t
			test(t, p)
			p.countsHold()
		})
	}
	sub("listed with what is known, by key", func(t *testing.T, p posted) {
		ok(t, s.SaveWebhooks(ctx, base().Add(30*time.Minute), []arauto.Webhook{{Account: a, App: p.business.app.ID, Body: []byte("{}")}}))
		var ids []int64
		for after := int64(0); ; after = ids[len(ids)-1] {
			page, err := s.Unknowns(ctx, a, campaign, after, 3)
			ok(t, err)
			if len(page) == 0 {
				break
			}
			for _, u := range page {
				ids = append(ids, u.Contact.ID)
				if u.Attempt.Contact != u.Contact.ID || u.Attempt.State != arauto.AttemptUnknown || u.Attempt.Detail != "timeout" || u.Contact.Reason != arauto.ReasonNoAnswer {
					t.Errorf("evidence %+v", u)
				}
				if !u.Attempt.IntendedAt.Equal(base()) || !u.WebhookAt.Equal(base().Add(30*time.Minute)) {
					t.Errorf("intended %s, last heard %s", u.Attempt.IntendedAt, u.WebhookAt)
				}
			}
		}
		same(t, "ids", ids, p.ids(0, 1, 2, 3, 4, 5, 6, 7))
		strange, err := s.Unknowns(ctx, a+1, campaign, 0, 10)
		ok(t, err)
		same(t, "as a stranger", len(strange), 0)
	})
	sub("as sent", func(t *testing.T, p posted) {
		done := p.settle(arauto.DecideSent, false, append(p.ids(0, 1, 0), 999999)...)
		same(t, "answers", kinds(done), []arauto.Kind{"", "", arauto.KindConflict, arauto.KindNotFound})
		c := p.contact(0)
		if c.State != arauto.ContactSent || !c.SentAt.Equal(base()) || c.Reason != "" {
			t.Errorf("contact %+v", c)
		}
		attempts, err := s.AttemptsOf(ctx, a, c.ID)
		ok(t, err)
		if attempts[0].State != arauto.AttemptUnknown || attempts[0].Detail != "timeout | treated as sent by Ana" {
			t.Errorf("attempt %+v", attempts[0])
		}
		about := p.audited("campaign.settle")
		if about["actor"] != "Ana" || about["decision"] != "sent" || about["changed"] != "2" || about["refused"] != "2" || about["subject"] != fmt.Sprint("campaign ", campaign) {
			t.Errorf("audit %v", about)
		}
		p.facts(statusFact(arauto.Status{Event: arauto.EventFailed, Ref: p.sent[1].Attempt.Ref(), Code: 131026, Reason: arauto.ReasonNotOnWhatsApp}))
		if c := p.contact(1); c.State != arauto.ContactFailed {
			t.Errorf("a fact weighs more than somebody's word: %+v", c)
		}
	})
	sub("again, and a late fact of the first message", func(t *testing.T, p posted) {
		p.settle(arauto.DecideAgain, false, p.ids(2, 3)...)
		if c := p.contact(2); c.State != arauto.ContactPending || !c.DueAt.Equal(base().Add(time.Hour)) || c.Attempts != 1 || c.Tries() != 0 {
			t.Errorf("contact %+v", c)
		}
		p.facts(statusFact(arauto.Status{Event: arauto.EventSent, Ref: p.sent[2].Attempt.Ref()}))
		if c := p.contact(2); c.State != arauto.ContactSent {
			t.Errorf("it was sent after all: %+v", c)
		}
		due, err := s.DueContacts(ctx, base().Add(2*time.Hour), a, campaign, time.Time{}, 0, 10)
		ok(t, err)
		if len(due) != 1 || due[0].ID != p.sent[3].Contact.ID || due[0].Attempts != 1 || due[0].Tries() != 0 {
			t.Errorf("due: %+v", due)
		}
	})
	sub("a fact was faster: nothing is sent twice", func(t *testing.T, p posted) {
		p.facts(statusFact(arauto.Status{Event: arauto.EventDelivered, Ref: p.sent[4].Attempt.Ref()}))
		same(t, "answers", kinds(p.settle(arauto.DecideAgain, false, p.ids(4)...)), []arauto.Kind{arauto.KindConflict})
		if c := p.contact(4); c.State != arauto.ContactDelivered {
			t.Errorf("contact %+v", c)
		}
	})
	sub("of a completed campaign", func(t *testing.T, p posted) {
		p.change(arauto.CampaignComplete)
		_, err := s.Settle(ctx, ana(a), base(), a, campaign, arauto.DecideAgain, p.ids(5), false)
		refused(t, err, arauto.KindConflict, "reopen")
		p.settle(arauto.DecideSent, true, p.ids(6)...)
		same(t, "nobody waits", p.campaign().State, arauto.CampaignCompleted)
		same(t, "answers", kinds(p.settle(arauto.DecideAgain, true, p.ids(6)...)), []arauto.Kind{arauto.KindConflict})
		same(t, "still nobody waits", p.campaign().State, arauto.CampaignCompleted)
		p.settle(arauto.DecideAgain, true, p.ids(5)...)
		if c := p.campaign(); c.State != arauto.CampaignRunning || !c.EndedAt.IsZero() {
			t.Errorf("campaign %+v", c)
		}
		same(t, "who reopened it", p.audited("campaign.reopen")["actor"], "Ana")
	})
	sub("refused", func(t *testing.T, p posted) {
		_, err := s.Settle(ctx, ana(a), base(), a, campaign, "maybe", p.ids(7), false)
		refused(t, err, arauto.KindInvalid, "decision")
		_, err = s.Settle(ctx, ana(a+1), base(), a+1, campaign, arauto.DecideSent, p.ids(7), false)
		refused(t, err, arauto.KindNotFound, "")
		p.change(arauto.CampaignCancel)
		_, err = s.Settle(ctx, ana(a), base(), a, campaign, arauto.DecideAgain, p.ids(7), true)
		refused(t, err, arauto.KindConflict, "state")
		same(t, "what was sent may be said of a cancelled one", kinds(p.settle(arauto.DecideSent, false, p.ids(7)...)), []arauto.Kind{""})
	})
}

// testRetry: failures of one class go back, chunk by chunk, and none that must not.
func testRetry(t *testing.T, s *store.Store) {
	reasons := []arauto.Reason{arauto.ReasonTooFast, arauto.ReasonStoppedMarketing, arauto.ReasonTemplatePaused}
	p := newAnswered(t, s, 9, func(i int, _ arauto.Intended) (arauto.Event, arauto.Receipt) {
		return arauto.Event{Kind: arauto.EventRefused, At: base(), Reason: reasons[i%3], Code: 130000 + i%3}, arauto.Receipt{}
	})
	ctx, a, campaign := t.Context(), p.account.ID, p.campaign().ID
	p.change(arauto.CampaignComplete)
	l := hold(t, s, a, "job:1", "n1")
	queue := func() arauto.Job {
		t.Helper()
		j, err := s.QueueBulk(ctx, ana(a), base(), arauto.Job{Account: a, Campaign: campaign, Kind: arauto.JobRetry}, `{"codes":[130000]}`)
		ok(t, err)
		j, err = s.StartJob(ctx, base(), l, j)
		ok(t, err)
		return j
	}
	count := func(c arauto.Chunk, j *arauto.Job) {
		j.Accepted, j.Rejected, j.Done = j.Accepted+int64(c.Changed), j.Rejected+int64(c.Refused), j.Done+int64(c.Looked)
		j.Resume = fmt.Sprint(c.Last, c.End)
	}
	j := queue()
	same(t, "what was asked", p.audited("job.create")["asked"], `{"codes":[130000]}`)
	b := arauto.Bulk{Who: arauto.Selection{States: []arauto.ContactState{arauto.ContactFailed}, Codes: []int{130000, 130001}}, Decision: arauto.DecideAgain, By: ana(a)}
	_, _, err := s.DecideChunk(ctx, base(), l, j, b, 0, 4, count)
	refused(t, err, arauto.KindConflict, "reopen")
	b.Reopen = true
	_, _, err = s.DecideChunk(ctx, base(), arauto.Lease{Account: a, Line: "job:1", Holder: "n0", Fence: 99}, j, b, 0, 4, count)
	refused(t, err, arauto.KindConflict, "")

	var seen []arauto.Chunk
	for after := int64(0); ; {
		done, next, err := s.DecideChunk(ctx, base().Add(time.Hour), l, j, b, after, 4, count)
		ok(t, err)
		// The same again, as after a crash that lost the answer, finds nobody left there.
		j, after = next, done.Last
		if seen = append(seen, done); done.End {
			break
		}
	}
	if len(seen) != 3 || j.Accepted != 3 || j.Rejected != 3 || j.Done != 9 {
		t.Errorf("%+v: %+v", seen, j)
	}
	for i := range 9 {
		c := p.contact(i)
		want := []arauto.ContactState{arauto.ContactPending, arauto.ContactFailed, arauto.ContactFailed}[i%3]
		if c.State != want {
			t.Errorf("contact %d (%s) is %s, want %s", i, reasons[i%3], c.State, want)
		}
	}
	same(t, "campaign", p.campaign().State, arauto.CampaignRunning)
	about := p.audited("campaign.retry")
	if about["changed"] != "3" || about["refused"] != "3" || !strings.Contains(about["who"], "130000") || about["job"] != fmt.Sprint(j.ID) {
		t.Errorf("audit %v", about)
	}
	p.countsHold()

	t.Run("a cancelled job changes nothing", func(t *testing.T) {
		ok(t, s.CancelJob(ctx, ana(a), base(), a, j.ID))
		b.Who.Codes = nil
		_, _, err := s.DecideChunk(ctx, base(), l, j, b, 0, 100, count)
		refused(t, err, arauto.KindConflict, "state")
		same(t, "contact", p.contact(2).State, arauto.ContactFailed)
	})
	t.Run("without a class, all but those that must not", func(t *testing.T) {
		_, j, err := s.DecideChunk(ctx, base(), l, queue(), b, 0, 100, count)
		ok(t, err)
		if j.Accepted != 3 || j.Rejected != 3 || p.contact(1).State != arauto.ContactFailed || p.contact(2).State != arauto.ContactPending {
			t.Errorf("%+v", j)
		}
		p.countsHold()
	})
	t.Run("of another's campaign", func(t *testing.T) {
		_, err := s.QueueBulk(ctx, ana(a+1), base(), arauto.Job{Account: a + 1, Campaign: campaign, Kind: arauto.JobRetry}, "")
		refused(t, err, arauto.KindNotFound, "")
	})
}

func testSelect(t *testing.T, s *store.Store) {
	p := newPosted(t, s, 10)
	ctx, a, campaign := t.Context(), p.account.ID, p.campaign().ID
	p.facts(
		statusFact(arauto.Status{Event: arauto.EventRead, Ref: p.sent[1].Attempt.Ref()}),
		statusFact(arauto.Status{Event: arauto.EventFailed, Ref: p.sent[2].Attempt.Ref(), Reason: arauto.ReasonTooFast, Code: 130429}),
		p.typed(3, "wamid.A", "Sim"), p.typed(4, "wamid.B", "não"),
	)
	walk := func(sel arauto.Selection) (got []int64) {
		t.Helper()
		for after := int64(0); ; {
			picked, looked, err := s.Select(ctx, a, campaign, sel, after, 3)
			ok(t, err)
			for _, c := range picked {
				got = append(got, c.ID)
			}
			if looked.End {
				return got
			}
			after = looked.Last
		}
	}
	same(t, "no reply", walk(arauto.Selection{States: arauto.Reached()}), p.ids(0, 1, 5, 6, 7, 8, 9))
	same(t, "a reply", walk(arauto.Selection{States: []arauto.ContactState{arauto.ContactReplied}, ReplyText: "NAO"}), p.ids(4))
	same(t, "an error class", walk(arauto.Selection{States: []arauto.ContactState{arauto.ContactFailed}, Codes: []int{130429}}), p.ids(2))
	same(t, "up to one", walk(arauto.Selection{UpTo: p.sent[2].Contact.ID}), p.ids(0, 1, 2))
	there, err := s.InCampaign(ctx, a, campaign, []string{p.sent[0].Contact.PersonKey, "nobody"})
	ok(t, err)
	same(t, "in it", there, map[string]bool{p.sent[0].Contact.PersonKey: true})
	picked, looked, err := s.Select(ctx, a+1, campaign, arauto.Selection{}, 0, 10)
	ok(t, err)
	if len(picked) != 0 || !looked.End {
		t.Errorf("as a stranger: %+v", picked)
	}
}
