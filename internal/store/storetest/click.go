package storetest

import (
	"fmt"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

// clicking is a message of person i that an ad or a post brought, so long after base.
func (p posted) clicking(i int, id string, after time.Duration, r arauto.Referral) arauto.Fact {
	f := p.typed(i, id, "Vi o anúncio")
	f.At, f.Reply.Referral = base().Add(after), r
	return f
}

func ad(id, clid string) arauto.Referral {
	return arauto.Referral{
		SourceType: arauto.SourceAd, SourceID: &id, Clid: &clid, SourceURL: "https://fb.me/" + id, Headline: "Promoção “Verão”", Body: "Fale com a gente",
		MediaType: "image", ImageURL: "https://scontent.example/" + id + ".jpg", Raw: `{"source_id":"` + id + `"}`,
	}
}

func testClick(t *testing.T, s *store.Store) {
	p := newPosted(t, s, 6)
	ctx, a := t.Context(), p.account.ID
	video := arauto.Referral{SourceType: arauto.SourcePost, SourceURL: "https://fb.me/p", MediaType: "video", VideoURL: "https://scontent.example/v.mp4", ThumbnailURL: "t", Welcome: "Olá", Raw: `{"source_type":"post"}`}
	audio := p.clicking(1, "wamid.C2", time.Minute, video)
	audio.Reply.Kind, audio.Reply.Text = "audio", ""
	facts := []arauto.Fact{
		p.clicking(0, "wamid.C1", time.Minute, ad("120", "AR1")), audio, p.typed(2, "wamid.C3", "Oi"), p.clicking(2, "wamid.C4", time.Minute, ad("120", "")),
		p.clicking(0, "wamid.C5", time.Minute, ad("121", "AR5")),
	}
	p.facts(facts...)
	p.facts(facts...)
	all, err := s.Clicks(ctx, a, arauto.ClickFilter{}, 0, 10)
	ok(t, err)
	t.Run("kept once each, as it came", func(t *testing.T) {
		if len(all) != 4 {
			t.Fatalf("%d clicks", len(all))
		}
		var got []arauto.Referral
		for _, c := range all {
			one, err := s.Click(ctx, a, c.ID)
			ok(t, err)
			got = append(got, one.Referral)
			talk, err := s.ConversationByUUID(ctx, a, c.ConversationUUID)
			ok(t, err)
			if talk.ID != c.Conversation || talk.Person != c.Person || c.Message == 0 || c.Sender != p.business.sender.ID || !c.At.Equal(base().Add(time.Minute)) {
				t.Errorf("%+v of %+v", c, talk)
			}
		}
		same(t, "referrals, newest first", got, []arauto.Referral{ad("121", "AR5"), ad("120", ""), video, ad("120", "AR1")})
	})
	t.Run("first touch and every touch", func(t *testing.T) {
		var first, opened []bool
		for _, c := range all {
			first, opened = append(first, c.First), append(opened, c.Opened)
		}
		same(t, "first", first, []bool{false, true, true, true})
		same(t, "opened", opened, []bool{false, false, true, true})
		same(t, "contact", all[3].Contact, p.sent[0].Contact.ID)
	})
	t.Run("chosen", func(t *testing.T) {
		for name, c := range map[string]struct {
			f    arauto.ClickFilter
			want int
		}{
			"an ad": {arauto.ClickFilter{Source: "120"}, 2}, "a person": {arauto.ClickFilter{Person: all[0].Person}, 2},
			"later": {arauto.ClickFilter{From: base().Add(time.Hour)}, 0}, "until then": {arauto.ClickFilter{From: base(), To: base().Add(time.Minute)}, 4},
		} {
			list, err := s.Clicks(ctx, a, c.f, 0, 10)
			ok(t, err)
			same(t, name, len(list), c.want)
		}
		list, err := s.Clicks(ctx, a+1, arauto.ClickFilter{}, 0, 10)
		ok(t, err)
		same(t, "a stranger's", len(list), 0)
		_, err = s.Click(ctx, a+1, all[0].ID)
		refused(t, err, arauto.KindNotFound, "")
	})
	t.Run("merged", func(t *testing.T) {
		merged, err := s.MergePersons(ctx, arauto.System(a), base().Add(time.Hour), a, p.sent[2].Contact.PersonKey, p.sent[0].Contact.PersonKey)
		ok(t, err)
		list, err := s.Clicks(ctx, a, arauto.ClickFilter{Person: merged.ID}, 0, 10)
		ok(t, err)
		var first []bool
		for _, c := range list {
			first = append(first, c.First)
			same(t, "conversation", c.Conversation, list[0].Conversation)
		}
		same(t, "one first touch", first, []bool{false, false, true})
	})
}

// testClickSpan reads a report in pieces: what was counted is what is read, whatever comes in between.
func testClickSpan(t *testing.T, s *store.Store) {
	p := newPosted(t, s, 3)
	ctx, a := t.Context(), p.account.ID
	for i := range 7 {
		// Two in each moment, and one that comes before those that were stored earlier.
		after := time.Duration(10+i/2) * time.Second
		if i == 6 {
			after = time.Second
		}
		p.facts(p.clicking(i%3, fmt.Sprint("wamid.S", i), after, ad("120", "AR")))
	}
	from, to := base().Add(time.Second), base().Add(12*time.Second)
	span, err := s.ClickSpan(ctx, a, from, to, 100)
	ok(t, err)
	same(t, "span", span, arauto.ClickSpan{Count: 7, UpTo: 7, Width: 7 * int64(ad("120", "").Width())})
	less, err := s.ClickSpan(ctx, a, from, to, 5)
	ok(t, err)
	same(t, "counted no further", less.Count, 5)
	p.facts(p.clicking(1, "wamid.late", 11*time.Second, ad("120", "AR")))
	key := arauto.ClickKey{At: from}
	var ids []int64
	for {
		list, err := s.ClickDetails(ctx, a, key, to, span.UpTo, 2)
		ok(t, err)
		for _, c := range list {
			ids = append(ids, c.ID)
			key = arauto.ClickKey{At: c.At, ID: c.ID}
		}
		if len(list) < 2 {
			break
		}
	}
	same(t, "oldest first, each once", ids, []int64{7, 1, 2, 3, 4, 5, 6})
	narrow, err := s.ClickSpan(ctx, a, base().Add(10*time.Second), base().Add(10*time.Second), 100)
	ok(t, err)
	same(t, "both bounds count", narrow.Count, 2)
	none, err := s.ClickSpan(ctx, a+1, from, to, 100)
	ok(t, err)
	same(t, "a stranger's", none, arauto.ClickSpan{})
	sum, err := s.ClickTotals(ctx, a, from, to)
	ok(t, err)
	same(t, "totals", sum, arauto.ClickTotals{AdsLeft: 8})
}

// testSources adds up what the clicks of testClick's kind brought.
func testSources(t *testing.T, s *store.Store) {
	p := newPosted(t, s, 4)
	ctx, a := t.Context(), p.account.ID
	post := ad("900", "")
	post.SourceType = arauto.SourcePost
	nameless := ad("", "AR")
	nameless.SourceID = nil
	p.facts(
		p.clicking(0, "wamid.1", time.Minute, ad("120", "AR1")), p.clicking(0, "wamid.2", time.Minute, ad("120", "AR2")), p.clicking(1, "wamid.3", time.Minute, ad("120", "AR3")),
		p.clicking(1, "wamid.4", time.Minute, ad("121", "AR4")), p.clicking(2, "wamid.5", time.Minute, post), p.clicking(3, "wamid.6", time.Minute, nameless),
	)
	talk, err := s.ConversationByUUID(ctx, a, p.contact(0).Conversation)
	ok(t, err)
	_, err = s.CloseConversation(ctx, ana(a), base().Add(time.Hour), a, talk.UUID)
	ok(t, err)
	type row struct {
		Key                                    arauto.SourceKey
		Clicks, Conversations, Handled, Closed int64
	}
	var got []row
	after := arauto.SourceKey{}
	for {
		list, err := s.Sources(ctx, a, base(), base().Add(time.Hour), after, 2)
		ok(t, err)
		for _, r := range list {
			got = append(got, row{r.SourceKey, r.Clicks, r.Conversations, r.Handled, r.Closed})
			after = r.SourceKey
			if r.ID == "120" && (len(r.Outcomes) != 1 || r.Outcomes[0].Conversations != 1 || r.URL == "" || r.Headline == "") {
				t.Errorf("%+v", r)
			}
		}
		if len(list) < 2 {
			break
		}
	}
	same(t, "by source", got, []row{
		{arauto.SourceKey{Type: "ad"}, 1, 1, 0, 0},
		{arauto.SourceKey{Type: "ad", ID: "120"}, 3, 2, 0, 1},
		{arauto.SourceKey{Type: "ad", ID: "121"}, 1, 1, 0, 0},
		{arauto.SourceKey{Type: "post", ID: "900"}, 1, 1, 0, 0},
	})
	for name, span := range map[string][2]time.Time{"later": {base().Add(time.Hour), base().Add(2 * time.Hour)}, "before": {base(), base().Add(time.Second)}} {
		list, err := s.Sources(ctx, a, span[0], span[1], arauto.SourceKey{}, 10)
		ok(t, err)
		same(t, name, len(list), 0)
	}
	strange, err := s.Sources(ctx, a+1, base(), base().Add(time.Hour), arauto.SourceKey{}, 10)
	ok(t, err)
	same(t, "a stranger's", len(strange), 0)
}

func testAdmission(t *testing.T, s *store.Store) {
	ctx, a := t.Context(), newAccount(t, s, "a").ID
	rule := arauto.Allowance{Day: 20260310, Daily: 3, Together: 2, Hold: time.Minute}
	admit := func(token int64, day int) arauto.Admission {
		t.Helper()
		rule.Day = day
		got, err := s.Admit(ctx, time.Now(), a, token, rule)
		ok(t, err)
		return got
	}
	first, second := admit(1, 20260310), admit(1, 20260310)
	same(t, "two at once", []arauto.AdmissionVerdict{first.Verdict, second.Verdict}, []arauto.AdmissionVerdict{arauto.Admitted, arauto.Admitted})
	same(t, "a third", admit(1, 20260310).Verdict, arauto.OverTogether)
	same(t, "another token's", admit(2, 20260310).Verdict, arauto.Admitted)
	same(t, "the account's day is over", admit(3, 20260310).Verdict, arauto.OverDaily)
	used, err := s.Usage(ctx, a, 1, 20260310)
	ok(t, err)
	same(t, "what was let in counts", used, arauto.Usage{Token: 2, All: 3})
	same(t, "the next day, and slots are still held", admit(1, 20260311).Verdict, arauto.OverTogether)
	ok(t, s.Leave(ctx, first))
	again := admit(1, 20260311)
	same(t, "a slot that was left", again.Verdict, arauto.Admitted)
	ok(t, s.Leave(ctx, first))
	same(t, "leaving twice frees nobody's", admit(1, 20260311).Verdict, arauto.OverTogether)
	ok(t, s.SweepUsage(ctx, a, 20260311))
	used, err = s.Usage(ctx, a, 1, 20260310)
	ok(t, err)
	same(t, "swept", used, arauto.Usage{})
}

// testAdmissionCrash: a slot whose request died without leaving is free once its time ran out.
func testAdmissionCrash(t *testing.T, s *store.Store) {
	ctx, a := t.Context(), newAccount(t, s, "a").ID
	dead := arauto.Allowance{Day: 1, Daily: 100, Together: 1, Hold: -time.Second}
	first, err := s.Admit(ctx, time.Now(), a, 1, dead)
	ok(t, err)
	dead.Hold = time.Minute
	second, err := s.Admit(ctx, time.Now(), a, 1, dead)
	ok(t, err)
	same(t, "verdicts", []arauto.AdmissionVerdict{first.Verdict, second.Verdict}, []arauto.AdmissionVerdict{arauto.Admitted, arauto.Admitted})
	ok(t, s.Leave(ctx, first))
	third, err := s.Admit(ctx, time.Now(), a, 1, dead)
	ok(t, err)
	same(t, "the dead one frees nothing any more", third.Verdict, arauto.OverTogether)
	ok(t, s.Stay(ctx, time.Now(), first, -time.Minute))
	third, err = s.Admit(ctx, time.Now(), a, 1, dead)
	ok(t, err)
	same(t, "nor says how long it is kept", third.Verdict, arauto.OverTogether)
	ok(t, s.Stay(ctx, time.Now(), second, -time.Second))
	third, err = s.Admit(ctx, time.Now(), a, 1, dead)
	ok(t, err)
	same(t, "the one that is there does", third.Verdict, arauto.Admitted)
}
