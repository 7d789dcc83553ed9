package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"arauto"
)

// Rulebook is what the API asks of the store about an account's rules.
type Rulebook interface {
	// ChangeRules lets change have the account's rules and keeps what it makes of them, as one step.
	ChangeRules(ctx context.Context, actor arauto.Actor, now time.Time, account int64, change func(*arauto.Rules) error) (arauto.Rules, error)
	// Recall makes contacts due that the gate put off, a bounded number; 0 = there are no more.
	Recall(ctx context.Context, now time.Time, account, campaign int64) (int, error)
}

// wireWindow is a stretch of the day on some weekdays.
type wireWindow struct {
	Days []string `json:"days" minItems:"1" maxItems:"7" nullable:"false" enum:"sun,mon,tue,wed,thu,fri,sat"`
	From string   `json:"from" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" doc:"HH:MM by the clock where the person is"`
	To   string   `json:"to" pattern:"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$" doc:"Not in it any more; earlier than from = on the next day"`
}

func weekdays() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

func wordWindows(list arauto.Windows) []wireWindow {
	out := make([]wireWindow, 0, len(list))
	for _, w := range list {
		one := wireWindow{Days: []string{}, From: wordMinute(w.From), To: wordMinute(w.To)}
		for i, name := range weekdays() {
			if w.Days.Has(time.Weekday(i)) {
				one.Days = append(one.Days, name)
			}
		}
		out = append(out, one)
	}
	return out
}

func wordMinute(m int) string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }

// readWindows reads what the document's patterns let through. 00:00 as an end is midnight.
func readWindows(list []wireWindow) arauto.Windows {
	out := make(arauto.Windows, 0, len(list))
	for _, w := range list {
		one := arauto.Window{From: readMinute(w.From), To: readMinute(w.To)}
		if one.To == 0 {
			one.To = 24 * 60
		}
		for i, name := range weekdays() {
			for _, day := range w.Days {
				if day == name {
					one.Days |= 1 << i
				}
			}
		}
		out = append(out, one)
	}
	return out
}

func readMinute(s string) int {
	var hour, minute int
	_, _ = fmt.Sscanf(s, "%02d:%02d", &hour, &minute) // the pattern was checked
	return hour*60 + minute
}

type wireCap struct {
	Limit     int  `json:"limit" minimum:"1" maximum:"64" doc:"Contacts with one person, over all campaigns and channels"`
	Days      int  `json:"days,omitempty" minimum:"0" maximum:"30" doc:"Calendar days where the person is, today among them; this or hours"`
	Hours     int  `json:"hours,omitempty" minimum:"0" maximum:"720" doc:"The last so many hours; this or days"`
	Marketing bool `json:"marketing,omitempty" doc:"Holds back marketing only; every contact counts"`
}

func wordCaps(list []arauto.Cap) []wireCap {
	out := make([]wireCap, 0, len(list))
	for _, c := range list {
		out = append(out, wireCap(c))
	}
	return out
}

func readCaps(list []wireCap) []arauto.Cap {
	out := make([]arauto.Cap, 0, len(list))
	for _, c := range list {
		out = append(out, arauto.Cap(c))
	}
	return out
}

type wirePackRef struct {
	Name    string `json:"name" minLength:"1" maxLength:"40"`
	Version int    `json:"version,omitempty" minimum:"0" doc:"Absent = the newest; it is kept as that version"`
}

func wordPackRefs(list []arauto.PackRef) []wirePackRef {
	out := make([]wirePackRef, 0, len(list))
	for _, r := range list {
		out = append(out, wirePackRef(r))
	}
	return out
}

// readPackRefs pins what names no version to the newest there is now.
func readPackRefs(list []wirePackRef) []arauto.PackRef {
	out := make([]arauto.PackRef, 0, len(list))
	for _, r := range list {
		if r.Version == 0 {
			for _, p := range arauto.Packs() {
				if p.Name == r.Name {
					r.Version = max(r.Version, p.Version)
				}
			}
		}
		out = append(out, arauto.PackRef(r))
	}
	return out
}

type wirePack struct {
	Name      string         `json:"name"`
	Version   int            `json:"version"`
	Title     string         `json:"title"`
	Countries []string       `json:"countries" nullable:"false" doc:"Whose numbers it speaks of, ISO 3166; none = every number"`
	Rules     []wirePackRule `json:"rules" nullable:"false" doc:"All that speak of a number hold"`
	Holidays  []wireFeast    `json:"holidays" nullable:"false" doc:"Of the year asked for"`
}

type wirePackRule struct {
	Title      string       `json:"title"`
	Source     string       `json:"source" doc:"Law and article"`
	Certainty  string       `json:"certainty" enum:"law,report,code,our_choice" doc:"law = its text was read; report = known from reports: check the text; code = a code of conduct or an order to some companies; our_choice = stricter than the source"`
	States     []string     `json:"states" nullable:"false" doc:"None = the whole country"`
	Marketing  bool         `json:"marketing" doc:"Speaks of marketing only"`
	Windows    []wireWindow `json:"windows" nullable:"false" doc:"None = at any time"`
	Holidays   bool         `json:"holidays" doc:"Nobody is contacted on the pack's holidays"`
	Caps       []wireCap    `json:"caps" nullable:"false"`
	OneChannel bool         `json:"one_channel_a_week" doc:"Who was contacted by one channel is not contacted by another in the same week"`
}

type wireFeast struct {
	Date  string `json:"date"`
	State string `json:"state,omitempty" doc:"Absent = the whole country"`
	Name  string `json:"name"`
}

func wordPack(p arauto.Pack, year int) wirePack {
	out := wirePack{
		Name: p.Name, Version: p.Version, Title: p.Title, Countries: append([]string{}, p.Countries...), Rules: []wirePackRule{}, Holidays: []wireFeast{},
	}
	for _, r := range p.Rules {
		out.Rules = append(out.Rules, wirePackRule{
			Title: r.Title, Source: r.Source, Certainty: string(r.Certainty), States: append([]string{}, r.Regions...), Marketing: r.Marketing,
			Windows: wordWindows(r.Windows), Holidays: r.Holidays, Caps: wordCaps(r.Caps), OneChannel: r.OneChannel,
		})
	}
	for _, h := range p.Calendar(year) {
		out.Holidays = append(out.Holidays, wireFeast{Date: h.Date.String(), State: h.Region, Name: h.Name})
	}
	return out
}

type wireHoliday struct {
	Date   string  `json:"date" doc:"2026-12-25, or --12-25 for every year"`
	Region *string `json:"region" doc:"null = everywhere; BR = a country; BR-SP = a state"`
	Name   string  `json:"name"`
}

func wordHoliday(h arauto.Holiday) wireHoliday {
	return wireHoliday{Date: h.Date.String(), Region: text(h.Region), Name: h.Name}
}

type whole[T any] struct {
	Data []T `json:"data" nullable:"false"`
}

// rules are the packs there are and the account's own holidays. The account's other rules are in the account.
func (a *API) rules() {
	handle(a, op{
		method: http.MethodGet, path: "/packs", scope: arauto.TokenRead, tag: "rules", summary: "Every rule pack in every version, with sources",
		more: "An account chooses packs in rules.packs. They are what we read in the sources they name, and no legal advice.",
	}, func(_ context.Context, _ Caller, in *struct {
		Year int `query:"year" minimum:"1970" maximum:"2199" doc:"Of the holidays; absent = this year"`
	},
	) (*whole[wirePack], error) {
		if in.Year == 0 {
			in.Year = a.Now().Year()
		}
		out := &whole[wirePack]{Data: []wirePack{}}
		for _, p := range arauto.Packs() {
			out.Data = append(out.Data, wordPack(p, in.Year))
		}
		return out, nil
	})
	handle(a, op{method: http.MethodGet, path: "/holidays", scope: arauto.TokenRead, tag: "rules", summary: "The account's own holidays, at most 500"},
		func(ctx context.Context, c Caller, _ *struct{}) (*whole[wireHoliday], error) {
			account, err := a.Store.Account(ctx, c.Account.ID)
			return wordHolidays(account.Rules.Holidays), err
		})
	handle(a, op{
		method: http.MethodPost, path: "/holidays", scope: arauto.TokenAdmin, tag: "rules", summary: "Contact nobody on that day",
		more: "It takes the place of one with the same day and region. Campaigns whose policy has work_holidays do not mind.",
	}, a.keepHoliday)
	handle(a, op{method: http.MethodDelete, path: "/holidays/{date}", scope: arauto.TokenAdmin, tag: "rules", summary: "Make a holiday a day like any other", status: http.StatusNoContent}, a.dropHoliday)
}

func wordHolidays(list arauto.Holidays) *whole[wireHoliday] {
	out := &whole[wireHoliday]{Data: make([]wireHoliday, 0, len(list))}
	for _, h := range list {
		out.Data = append(out.Data, wordHoliday(h))
	}
	return out
}

func (a *API) keepHoliday(ctx context.Context, c Caller, in *struct {
	Body struct {
		Date   string `json:"date" maxLength:"10" doc:"2026-12-25, or --12-25 for every year"`
		Name   string `json:"name" minLength:"1" maxLength:"200"`
		Region string `json:"region,omitempty" maxLength:"6" doc:"Absent = everywhere; BR = a country; BR-SP = a state"`
	}
},
) (*wireHoliday, error) {
	day, err := arauto.ParseDate(in.Body.Date)
	if err != nil {
		return nil, err
	}
	h := arauto.Holiday{Date: day, Region: in.Body.Region, Name: in.Body.Name}
	_, err = a.Store.ChangeRules(ctx, actor(c), a.Now(), c.Account.ID, func(r *arauto.Rules) error {
		r.Holidays = r.Holidays.With(h)
		return nil
	})
	out := wordHoliday(h)
	return &out, err
}

func (a *API) dropHoliday(ctx context.Context, c Caller, in *struct {
	Date   string `path:"date" maxLength:"10" doc:"As it was made with"`
	Region string `query:"region" maxLength:"6" doc:"As it was made with"`
},
) (*nothing, error) {
	day, err := arauto.ParseDate(in.Date)
	if err != nil {
		return nil, err
	}
	_, err = a.Store.ChangeRules(ctx, actor(c), a.Now(), c.Account.ID, func(r *arauto.Rules) error {
		without := r.Holidays.Without(day, in.Region)
		if len(without) == len(r.Holidays) {
			return arauto.Errorf(arauto.KindNotFound, "", "there is no holiday %s with that region in this account", day)
		}
		r.Holidays = without
		return nil
	})
	if err != nil {
		return nil, err
	}
	return nil, a.recallAll(ctx, c)
}

// recallTime is how long a request waits for contacts that were put off to be asked about again. Those that
// it does not get to are asked when they fall due.
const recallTime = 10 * time.Second

// recall makes a campaign's contacts due that the gate put off by rules that have changed since.
func (a *API) recall(ctx context.Context, account, campaign int64) error {
	for end := a.Now().Add(recallTime); a.Now().Before(end); {
		n, err := a.Store.Recall(ctx, a.Now(), account, campaign)
		if err != nil || n == 0 {
			return err
		}
	}
	return nil
}

// recallAll does so for the account's running campaigns, the newest of them.
func (a *API) recallAll(ctx context.Context, c Caller) error {
	running, err := a.Store.Campaigns(ctx, c.Account.ID, 0, 100, []arauto.CampaignState{arauto.CampaignRunning})
	if err != nil {
		return err
	}
	end := a.Now().Add(recallTime)
	for _, k := range running {
		if err := a.recall(ctx, c.Account.ID, k.ID); err != nil || a.Now().After(end) {
			return err
		}
	}
	return nil
}

// when puts into w what a policy says of when and how often.
func (w *wirePolicy) when(p arauto.Policy) {
	windows, minutes := wordWindows(p.Windows), int(p.MaxLateness/time.Minute)
	w.Windows, w.WorkHolidays, w.EndAt = &windows, &p.WorkHolidays, at(p.EndAt)
	w.MaxLatenessMinutes, w.Attempts, w.PackExemption = &minutes, &p.Attempts, &p.PackExemption
}

func (w wirePolicy) changeWhen(p *arauto.Policy) {
	if w.Windows != nil {
		p.Windows = readWindows(*w.Windows)
	}
	if w.EndAt != nil {
		p.EndAt = moment(w.EndAt)
	}
	if w.MaxLatenessMinutes != nil {
		p.MaxLateness = time.Duration(*w.MaxLatenessMinutes) * time.Minute
	}
	set(&p.WorkHolidays, w.WorkHolidays)
	set(&p.Attempts, w.Attempts)
	set(&p.PackExemption, w.PackExemption)
}

// when puts into w what an account's rules say of when and how often.
func (w *wireRules) when(r arauto.Rules) {
	packs, windows, caps := wordPackRefs(r.Packs), wordWindows(r.Windows), wordCaps(r.Caps)
	w.Packs, w.Windows, w.Caps, w.Attempts = &packs, &windows, &caps, &r.Attempts
}

func (w wireRules) changeWhen(r *arauto.Rules) {
	if w.Packs != nil {
		r.Packs = readPackRefs(*w.Packs)
	}
	if w.Windows != nil {
		r.Windows = readWindows(*w.Windows)
	}
	if w.Caps != nil {
		r.Caps = readCaps(*w.Caps)
	}
	set(&r.Attempts, w.Attempts)
}

// tellsWhen reports whether a change is about when and how often.
func (w wireRules) tellsWhen() bool { return w.Packs != nil || w.Windows != nil || w.Caps != nil }
