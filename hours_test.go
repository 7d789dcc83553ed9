package arauto_test

import (
	"strings"
	"testing"
	"time"

	"arauto"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func packs(names ...string) *arauto.Rules {
	r := &arauto.Rules{}
	for _, name := range names {
		r.Packs = append(r.Packs, arauto.PackRef{Name: name, Version: 1})
	}
	return r
}

func placeIn(t interface{ Fatal(...any) }, country, region string, zones ...string) arauto.Place {
	p := arauto.Place{Country: country, Region: region}
	for _, name := range zones {
		p.Zones = append(p.Zones, zone(t, name))
	}
	return p
}

func TestDecide_Hours(t *testing.T) {
	bogota := placeIn(t, "CO", "", "America/Bogota")
	fortaleza := placeIn(t, "BR", "CE", "America/Fortaleza")
	saoPaulo := placeIn(t, "BR", "SP", "America/Sao_Paulo")
	for _, c := range []struct {
		name   string
		now    string
		change func(*arauto.GateInput)
		reason arauto.Reason // "" = go
		until  string
		words  string
	}{
		{"no rules", "2026-03-01 03:00:00 -05:00", func(in *arauto.GateInput) { in.Place = bogota }, "", "", ""},
		{"Colombia, Saturday afternoon", "2026-03-07 16:10:00 -05:00", func(in *arauto.GateInput) {
			in.Place, in.Rules, in.Language = bogota, packs("colombia"), arauto.English
		}, arauto.ReasonOutsideWindow, "2026-03-09 07:00:00 -05:00", "Colombia · Ley 2300: Saturday 08:00–15:00, it is 16:10 in Bogota"},
		{"Colombia, Sunday", "2026-03-08 11:00:00 -05:00", func(in *arauto.GateInput) {
			in.Place, in.Rules, in.Language = bogota, packs("colombia"), arauto.Spanish
		}, arauto.ReasonOutsideWindow, "2026-03-09 07:00:00 -05:00", "Colombia · Ley 2300: domingo nunca, son las 11:00 en Bogota"},
		{"Colombia, a Monday that is a holiday", "2026-03-23 11:00:00 -05:00", func(in *arauto.GateInput) {
			in.Place, in.Rules = bogota, packs("colombia")
		}, arauto.ReasonHoliday, "2026-03-24 07:00:00 -05:00", "Colombia · Ley 2300: Día de San José (2026-03-23) is a holiday"},
		{"Colombia, and the campaign is exempt", "2026-03-08 11:00:00 -05:00", func(in *arauto.GateInput) {
			in.Place, in.Rules, in.Campaign.Policy.PackExemption = bogota, packs("colombia"), "confirmations"
		}, "", "", ""},
		{"a Colombian number where only Brazil's pack was chosen", "2026-03-08 11:00:00 -05:00", func(in *arauto.GateInput) {
			in.Place, in.Rules, in.Marketing = bogota, packs("brazil"), true
		}, "", "", ""},
		{"Brazil, marketing on a Tuesday night", "2026-03-03 21:30:00 -03:00", func(in *arauto.GateInput) {
			in.Place, in.Rules, in.Marketing = saoPaulo, packs("brazil", "colombia"), true
		}, arauto.ReasonOutsideWindow, "2026-03-04 09:00:00 -03:00", "Brasil · Anatel 2019: Tuesday 09:00–21:00, it is 21:30 in Sao Paulo"},
		{"Brazil, no marketing", "2026-03-03 21:30:00 -03:00", func(in *arauto.GateInput) {
			in.Place, in.Rules = saoPaulo, packs("brazil")
		}, "", "", ""},
		{"Ceará shuts at six, and speaks of everything", "2026-03-03 18:00:00 -03:00", func(in *arauto.GateInput) {
			in.Place, in.Rules, in.Language = fortaleza, packs("brazil"), arauto.Portuguese
		}, arauto.ReasonOutsideWindow, "2026-03-04 08:00:00 -03:00", "Brasil · Ceará, Lei 16.836: terça-feira 08:00–18:00, são 18:00 em Fortaleza"},
		{"country and state together", "2026-03-04 08:30:00 -03:00", func(in *arauto.GateInput) {
			in.Place, in.Rules, in.Marketing = fortaleza, packs("brazil"), true
		}, arauto.ReasonOutsideWindow, "2026-03-04 09:00:00 -03:00", "Brasil · Anatel 2019: Wednesday 09:00–21:00, it is 08:30 in Fortaleza"},
		{"the campaign's hours within the account's", "2026-03-03 08:00:00 -03:00", func(in *arauto.GateInput) {
			in.Place, in.Rules = saoPaulo, &arauto.Rules{Windows: office}
			in.Campaign.Policy.Windows = arauto.Windows{{Days: arauto.Wednesday, From: 20 * 60, To: 22 * 60}}
		}, arauto.ReasonOutsideWindow, "2026-03-04 20:00:00 -03:00", "the account's hours: Tuesday 09:00–21:00, it is 08:00 in Sao Paulo"},
		{"a number that does not say where it is goes by the account's clock", "2026-03-03 08:30:00 -03:00", func(in *arauto.GateInput) {
			in.Rules, in.Zone = &arauto.Rules{Windows: office}, zone(t, "America/Sao_Paulo")
		}, arauto.ReasonOutsideWindow, "2026-03-03 09:00:00 -03:00", "the account's hours: Tuesday 09:00–21:00, it is 08:30 in Sao Paulo"},
		{"the account's holiday", "2026-01-25 12:00:00 -03:00", func(in *arauto.GateInput) {
			in.Place = saoPaulo
			in.Rules = &arauto.Rules{Holidays: arauto.Holidays{{Date: day(t, "--01-25"), Region: "BR-SP", Name: "Aniversário de São Paulo"}}}
		}, arauto.ReasonHoliday, "2026-01-26 00:00:00 -03:00", "the account's hours: Aniversário de São Paulo (2026-01-25) is a holiday"},
		{"a campaign that works on holidays", "2026-01-25 12:00:00 -03:00", func(in *arauto.GateInput) {
			in.Place, in.Campaign.Policy.WorkHolidays = saoPaulo, true
			in.Rules = &arauto.Rules{Holidays: arauto.Holidays{{Date: day(t, "--01-25"), Region: "BR-SP", Name: "Aniversário de São Paulo"}}}
		}, "", "", ""},
		{"it ends before it opens again", "2026-03-07 16:10:00 -05:00", func(in *arauto.GateInput) {
			in.Place, in.Rules, in.Campaign.Policy.EndAt = bogota, packs("colombia"), at(t, "2026-03-08 00:00:00 -05:00")
		}, arauto.ReasonOutsideWindow, "2026-03-08 00:00:00 -05:00", "Colombia · Ley 2300: Saturday 08:00–15:00, it is 16:10 in Bogota"},
		{"it has ended", "2026-03-07 16:10:00 -05:00", func(in *arauto.GateInput) {
			in.Campaign.Policy.EndAt = at(t, "2026-03-07 16:10:00 -05:00")
		}, arauto.ReasonExpired, "", "the campaign ended at 2026-03-07 21:10"},
		{"never", "2026-03-03 08:00:00 -03:00", func(in *arauto.GateInput) {
			in.Place, in.Rules = saoPaulo, &arauto.Rules{Windows: arauto.Windows{{Days: arauto.Monday, From: 0, To: 60}}}
			in.Campaign.Policy.Windows = arauto.Windows{{Days: arauto.Tuesday, From: 0, To: 60}}
		}, arauto.ReasonOutsideWindow, "2026-03-17 08:00:00 -03:00", "the account's hours: Tuesday never, it is 08:00 in Sao Paulo; no moment in the next 14 days suits every rule and time zone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := at(t, c.now)
			in := ready()
			in.Contact.DueAt = time.Time{}
			c.change(&in)
			v := arauto.Decide(in, now)
			want := arauto.Verdict{Outcome: arauto.Go}
			if c.reason != "" {
				want = arauto.Verdict{Outcome: arauto.Wait, Reason: c.reason, Words: c.words}
			}
			if c.reason == arauto.ReasonExpired {
				want.Outcome = arauto.Fail
			}
			if c.until != "" {
				want.Until = at(t, c.until)
			}
			if diff := cmp.Diff(want, v); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestDecide_Caps(t *testing.T) {
	saoPaulo, amazon := placeIn(t, "BR", "SP", "America/Sao_Paulo"), placeIn(t, "BR", "AM", "America/Manaus", "America/Eirunepe")
	now := at(t, "2026-03-04 10:00:00 -03:00")
	touched := func(texts ...string) (list arauto.Touches) {
		for _, text := range texts {
			list = append(list, arauto.Touch{At: at(t, text).UTC(), Campaign: 7, Channel: arauto.ChannelWhatsApp})
		}
		return list
	}
	oneADay := &arauto.Rules{Caps: []arauto.Cap{{Limit: 1, Days: 1}}}
	for _, c := range []struct {
		name   string
		change func(*arauto.GateInput)
		until  string // "" = go
		words  string
	}{
		{"nobody contacted them", func(in *arauto.GateInput) { in.Rules = oneADay }, "", ""},
		{"today", func(in *arauto.GateInput) { in.Rules, in.Touches = oneADay, touched("2026-03-04 08:00:00 -03:00") }, "2026-03-05 00:00:00 -03:00", "the account's limit: 1 / 1 day"},
		{"yesterday, eleven hours ago", func(in *arauto.GateInput) { in.Rules, in.Touches = oneADay, touched("2026-03-03 23:00:00 -03:00") }, "", ""},
		{"by hours", func(in *arauto.GateInput) {
			in.Rules, in.Touches = &arauto.Rules{Caps: []arauto.Cap{{Limit: 1, Hours: 24}}}, touched("2026-03-03 23:00:00 -03:00")
		}, "2026-03-04 23:00:00 -03:00", "the account's limit: 1 / 24 hours"},
		{"two in seven days: free when the older one leaves", func(in *arauto.GateInput) {
			in.Rules = &arauto.Rules{Caps: []arauto.Cap{{Limit: 2, Days: 7}}}
			in.Touches = touched("2026-02-01 12:00:00 -03:00", "2026-02-27 12:00:00 -03:00", "2026-03-02 12:00:00 -03:00")
		}, "2026-03-06 00:00:00 -03:00", "the account's limit: 2 / 7 days"},
		{"the longest of several", func(in *arauto.GateInput) {
			in.Rules = &arauto.Rules{Caps: []arauto.Cap{{Limit: 1, Days: 1}, {Limit: 1, Days: 3}, {Limit: 1, Hours: 1}}}
			in.Touches = touched("2026-03-04 08:00:00 -03:00")
		}, "2026-03-07 00:00:00 -03:00", "the account's limit: 1 / 3 days"},
		{"for marketing, and it is none", func(in *arauto.GateInput) {
			in.Rules = &arauto.Rules{Caps: []arauto.Cap{{Limit: 1, Days: 1, Marketing: true}}}
			in.Touches = touched("2026-03-04 08:00:00 -03:00")
		}, "", ""},
		{"for marketing, and it is", func(in *arauto.GateInput) {
			in.Marketing = true
			in.Rules = &arauto.Rules{Caps: []arauto.Cap{{Limit: 1, Days: 1, Marketing: true}}}
			in.Touches = touched("2026-03-04 08:00:00 -03:00")
		}, "2026-03-05 00:00:00 -03:00", "the account's limit: 1 / 1 day"},
		{"its own attempt, which met a fault, counts for others only", func(in *arauto.GateInput) {
			in.Rules, in.Contact.Campaign, in.Contact.Attempts = oneADay, 7, 1
			in.Touches = touched("2026-03-04 08:00:00 -03:00")
		}, "", ""},
		{"one of an earlier life in the same campaign", func(in *arauto.GateInput) {
			in.Rules, in.Contact.Campaign = oneADay, 7
			in.Touches = touched("2026-03-04 08:00:00 -03:00")
		}, "2026-03-05 00:00:00 -03:00", "the account's limit: 1 / 1 day"},
		{"a day is over when it is in every zone", func(in *arauto.GateInput) {
			in.Place, in.Rules, in.Touches = amazon, oneADay, touched("2026-03-04 08:00:00 -03:00")
		}, "2026-03-05 00:00:00 -05:00", "the account's limit: 1 / 1 day"},
		{"Colombia: once a day", func(in *arauto.GateInput) {
			in.Place, in.Rules, in.Touches = placeIn(t, "CO", "", "America/Bogota"), packs("colombia"), touched("2026-03-04 07:30:00 -05:00")
		}, "2026-03-05 00:00:00 -05:00", "Colombia · Ley 2300: 1 / 1 day"},
		{"Colombia: by another channel this week", func(in *arauto.GateInput) {
			in.Place, in.Rules = placeIn(t, "CO", "", "America/Bogota"), packs("colombia")
			in.Touches = arauto.Touches{{At: at(t, "2026-03-02 09:00:00 -05:00"), Campaign: 7}}
		}, "2026-03-09 00:00:00 -05:00", "Colombia · Ley 2300: one channel a week"},
		{"Colombia: by another channel last week", func(in *arauto.GateInput) {
			in.Place, in.Rules = placeIn(t, "CO", "", "America/Bogota"), packs("colombia")
			in.Touches = arauto.Touches{{At: at(t, "2026-03-01 23:00:00 -05:00"), Campaign: 7}}
		}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := ready()
			in.Contact.DueAt, in.Place = time.Time{}, saoPaulo
			c.change(&in)
			want := arauto.Verdict{Outcome: arauto.Go}
			if c.until != "" {
				want = arauto.Verdict{Outcome: arauto.Wait, Reason: arauto.ReasonFrequencyCap, Words: c.words, Until: at(t, c.until)}
			}
			if diff := cmp.Diff(want, arauto.Decide(in, now)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestDecide_Attempts(t *testing.T) {
	for _, c := range []struct {
		account, campaign, attempts int
		want                        arauto.Outcome
	}{
		{0, 0, 5, arauto.Go},
		{3, 0, 2, arauto.Go},
		{3, 0, 3, arauto.Fail},
		{3, 2, 2, arauto.Fail},
		{2, 3, 2, arauto.Fail},
		{0, 1, 1, arauto.Fail},
	} {
		in := ready()
		in.Rules = &arauto.Rules{Attempts: c.account}
		in.Campaign.Policy.Attempts, in.Contact.Attempts = c.campaign, c.attempts
		if v := arauto.Decide(in, base); v.Outcome != c.want || v.Outcome == arauto.Fail && v.Reason != arauto.ReasonTooManyAttempts {
			t.Errorf("%+v: %+v", c, v)
		}
	}
}

func TestDecide_MarketingToTheUnitedStates(t *testing.T) {
	in := ready()
	in.Place = arauto.Place{Country: "US", Region: "FL", UnitedStates: true}
	if v := arauto.Decide(in, base); v.Outcome != arauto.Go {
		t.Errorf("utility: %+v", v)
	}
	in.Marketing = true
	if v := arauto.Decide(in, base); v.Outcome != arauto.Fail || v.Reason != arauto.ReasonUSMarketing {
		t.Errorf("marketing: %+v", v)
	}
	in.Place.UnitedStates = false
	if v := arauto.Decide(in, base); v.Outcome != arauto.Go {
		t.Errorf("marketing to a territory: %+v", v)
	}
}

func drawRules(t *rapid.T) *arauto.Rules {
	r := &arauto.Rules{}
	for _, p := range arauto.Packs() {
		if rapid.Bool().Draw(t, p.Name) {
			r.Packs = append(r.Packs, arauto.PackRef{Name: p.Name, Version: p.Version})
		}
	}
	if rapid.Bool().Draw(t, "account windows") {
		r.Windows = drawWindows(t)
	}
	for range rapid.IntRange(0, 2).Draw(t, "caps") {
		c := arauto.Cap{Limit: rapid.IntRange(1, 3).Draw(t, "limit"), Marketing: rapid.Bool().Draw(t, "of marketing")}
		if rapid.Bool().Draw(t, "by days") {
			c.Days = rapid.IntRange(1, 30).Draw(t, "days")
		} else {
			c.Hours = rapid.IntRange(1, 100).Draw(t, "hours")
		}
		r.Caps = append(r.Caps, c)
	}
	return r
}

// Whatever the rules: waiting has an end that lies ahead, and then that obstacle is gone; in which order an account
// names its packs and caps changes nothing about when.
func TestDecide_RulesProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(rapid.Int64Range(1420070400, 1790000000).Draw(t, "now"), 0).UTC()
		in := ready()
		in.Contact.DueAt = time.Time{}
		in.Rules, in.Marketing = drawRules(t), rapid.Bool().Draw(t, "marketing")
		in.Place = arauto.Place{
			Country: rapid.SampledFrom([]string{"BR", "CO", "US", ""}).Draw(t, "country"),
			Region:  rapid.SampledFrom([]string{"", "CE", "RJ", "FL", "RI"}).Draw(t, "region"), Zones: drawZones(t),
		}
		if rapid.Bool().Draw(t, "campaign windows") {
			in.Campaign.Policy.Windows = drawWindows(t)
		}
		for range rapid.IntRange(0, 4).Draw(t, "touches") {
			ago := time.Duration(rapid.IntRange(10, 1_000_000).Draw(t, "ago")) * time.Second
			in.Touches = in.Touches.Add(arauto.Touch{At: now.Add(-ago), Campaign: 9, Channel: rapid.SampledFrom([]arauto.Channel{arauto.ChannelWhatsApp, arauto.ChannelVoice}).Draw(t, "channel")}, now)
		}
		v := arauto.Decide(in, now)
		if (v.Outcome == arauto.Go) != (v.Reason == "") || v.Outcome == arauto.Wait && (!v.Until.After(now) || v.Words == "") {
			t.Fatalf("%+v at %s", v, now)
		}
		in.Rules.Packs, in.Rules.Caps = reversed(in.Rules.Packs), reversed(in.Rules.Caps)
		if other := arauto.Decide(in, now); other.Outcome != v.Outcome || !other.Until.Equal(v.Until) {
			t.Fatalf("%+v, and in another order %+v", v, other)
		}
		if v.PutOff() != (v.Outcome == arauto.Wait) {
			t.Fatalf("%+v: put off is %v", v, v.PutOff())
		}
		if v.Outcome != arauto.Wait || strings.Contains(v.Words, "14 days") {
			return
		}
		then := arauto.Decide(in, v.Until)
		if hours := func(r arauto.Reason) bool { return r == arauto.ReasonOutsideWindow || r == arauto.ReasonHoliday }; then.Reason == v.Reason || hours(then.Reason) && hours(v.Reason) {
			t.Fatalf("waited until %s and still: %+v", v.Until, then)
		}
		if before := arauto.Decide(in, v.Until.Add(-time.Nanosecond)); before.Outcome == arauto.Go {
			t.Fatalf("%+v, and yet it may go just before", v)
		}
	})
}

func reversed[T any](list []T) []T {
	var out []T
	for _, v := range list {
		out = append([]T{v}, out...)
	}
	return out
}

func BenchmarkDecide(b *testing.B) {
	in := ready()
	in.Place, in.Marketing = placeIn(b, "BR", "CE", "America/Fortaleza"), true
	in.Rules = packs("brazil", "colombia")
	in.Rules.Caps = []arauto.Cap{{Limit: 5, Days: 7}}
	now := time.Date(2026, 3, 4, 15, 0, 0, 0, time.UTC)
	in.Touches = arauto.Touches{{At: now.Add(-72 * time.Hour), Campaign: 9, Channel: arauto.ChannelWhatsApp}}
	in.Contact.DueAt = time.Time{}
	if v := arauto.Decide(in, now); v.Outcome != arauto.Go {
		b.Fatal(v)
	}
	b.ReportAllocs()
	for b.Loop() {
		arauto.Decide(in, now)
	}
}
