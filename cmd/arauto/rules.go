package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// rulesCmd is when and how often people may be contacted.
type rulesCmd struct {
	remote

	Packs    rulesPacksCmd    `cmd:"" help:"The rule packs that there are, with their sources."`
	Show     rulesShowCmd     `cmd:"" help:"What this account asks of every campaign, and how long it keeps what."`
	Set      rulesSetCmd      `cmd:"" help:"Choose packs, hours, caps and how long data is kept."`
	Holidays rulesHolidaysCmd `cmd:"" help:"The account's own holidays."`
	Holiday  rulesHolidayCmd  `cmd:"" help:"Contact nobody on a day."`
	Workday  rulesWorkdayCmd  `cmd:"" help:"Make a holiday a day like any other."`
}

// window is a stretch of the day on some weekdays.
type window struct {
	Days []string `json:"days"`
	From string   `json:"from"`
	To   string   `json:"to"`
}

func (w window) String() string { return strings.Join(w.Days, ",") + " " + w.From + "-" + w.To }

// hours is a window as people type it.
type hours window

// UnmarshalText reads mon-fri,sun 09:00-21:00.
func (w *hours) UnmarshalText(text []byte) error {
	days, hours, ok := strings.Cut(strings.TrimSpace(string(text)), " ")
	from, to, spans := strings.Cut(strings.TrimSpace(hours), "-")
	if !ok || !spans {
		return fmt.Errorf("%q is no window: write it as \"mon-fri 09:00-21:00\"", text)
	}
	w.From, w.To = from, to
	for part := range strings.SplitSeq(strings.ToLower(days), ",") {
		first, last, span := strings.Cut(part, "-")
		if !span {
			last = first
		}
		begin, end := strings.Index(weekdays, first), strings.Index(weekdays, last)
		if len(first) != 3 || len(last) != 3 || begin < 0 || end < 0 || begin%4 != 0 || end%4 != 0 {
			return fmt.Errorf("%q is no weekday: write sun, mon, tue, wed, thu, fri or sat", part)
		}
		for at := begin; ; at = (at + 4) % len(weekdays) {
			w.Days = append(w.Days, weekdays[at:at+3])
			if at == end {
				break
			}
		}
	}
	return nil
}

const weekdays = "sun mon tue wed thu fri sat "

func windowsText(list []window) string {
	var all []string
	for _, w := range list {
		all = append(all, w.String())
	}
	return strings.Join(all, "; ")
}

type contactCap struct {
	Limit     int  `json:"limit"`
	Days      int  `json:"days,omitempty"`
	Hours     int  `json:"hours,omitempty"`
	Marketing bool `json:"marketing,omitempty"`
}

func (c contactCap) String() string {
	long := fmt.Sprintf("%dd", c.Days)
	if c.Hours > 0 {
		long = fmt.Sprintf("%dh", c.Hours)
	}
	if c.Marketing {
		long += " of marketing"
	}
	return fmt.Sprintf("%d/%s", c.Limit, long)
}

// often is a cap as people type it.
type often contactCap

// UnmarshalText reads 2/7d, 1/24h and marketing:1/7d.
func (c *often) UnmarshalText(text []byte) error {
	rest, marketing := strings.CutPrefix(string(text), "marketing:")
	c.Marketing = marketing
	var long int
	var unit string
	if n, err := fmt.Sscanf(rest, "%d/%d%1s", &c.Limit, &long, &unit); n != 3 || err != nil || unit != "d" && unit != "h" {
		return fmt.Errorf("%q is no cap: write 2/7d for two in seven days, 1/24h, or marketing:1/7d", text)
	}
	if unit == "d" {
		c.Days = long
	} else {
		c.Hours = long
	}
	return nil
}

func capsText(list []contactCap) string {
	var all []string
	for _, c := range list {
		all = append(all, c.String())
	}
	return strings.Join(all, "; ")
}

type packRef struct {
	Name    string `json:"name"`
	Version int    `json:"version,omitempty"`
}

type packRule struct {
	Title     string       `json:"title"`
	Source    string       `json:"source"`
	Certainty string       `json:"certainty"`
	States    []string     `json:"states"`
	Marketing bool         `json:"marketing"`
	Windows   []window     `json:"windows"`
	Caps      []contactCap `json:"caps"`
}

type rulesPacksCmd struct{}

func (rulesPacksCmd) Run(ctx context.Context, c *client) error {
	var got struct {
		Data []struct {
			packRef
			Rules []packRule `json:"rules"`
		} `json:"data"`
	}
	raw, err := c.get(ctx, "/packs", &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error {
		var rows [][]string
		for _, p := range got.Data {
			name := fmt.Sprintf("%s@%d", p.Name, p.Version)
			if len(p.Rules) == 0 {
				rows = append(rows, []string{name, "", "", "", "", "asks for nothing"})
			}
			for _, r := range p.Rules {
				what := "all"
				if r.Marketing {
					what = "marketing"
				}
				rows = append(rows, []string{name, strings.Join(r.States, ","), what, windowsText(r.Windows), capsText(r.Caps), r.Source + " (" + r.Certainty + ")"})
			}
		}
		return c.table([]string{"PACK", "STATES", "OF", "HOURS", "CAPS", "SOURCE"}, rows)
	})
}

// accountRules are an account's, as the API has them.
type accountRules struct {
	Packs    []packRef    `json:"packs"`
	Windows  []window     `json:"windows"`
	Caps     []contactCap `json:"caps"`
	Attempts int          `json:"attempts"`
	Dialer   int          `json:"outbound_dialer_rate"`

	Retention retention `json:"retention"`
}

func (c *client) showRules(r accountRules) error {
	var packs []string
	for _, p := range r.Packs {
		packs = append(packs, fmt.Sprintf("%s@%d", p.Name, p.Version))
	}
	attempts := ""
	if r.Attempts > 0 {
		attempts = fmt.Sprint(r.Attempts)
	}
	dialer := ""
	if r.Dialer > 0 {
		dialer = fmt.Sprintf("%d requests a second", r.Dialer)
	}
	facts := []string{"Packs", strings.Join(packs, ", "), "Hours", windowsText(r.Windows), "Caps", capsText(r.Caps), "Attempts", attempts, "Dialer API", dialer}
	return c.facts(append(facts, r.Retention.facts()...)...)
}

type rulesShowCmd struct{}

func (rulesShowCmd) Run(ctx context.Context, c *client) error {
	var got struct {
		Rules accountRules `json:"rules"`
	}
	raw, err := c.get(ctx, "/account", &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.showRules(got.Rules) })
}

type rulesSetCmd struct {
	Pack     []string `placeholder:"NAME[@VERSION]" help:"Rule packs instead of those chosen so far; none = no pack."`
	Window   []hours  `sep:"none" placeholder:"\"DAYS HH:MM-HH:MM\"" help:"Hours instead of those so far, by the clock where the person is: \"mon-fri 09:00-21:00\"."`
	AnyHour  bool     `help:"No hours of the account's own."`
	Cap      []often  `sep:"none" placeholder:"N/LONG" help:"Contacts with one person at most, instead of the caps so far: 2/7d, 1/24h, marketing:1/7d."`
	NoCap    bool     `help:"No caps of the account's own."`
	Attempts *int     `placeholder:"N" help:"Attempts at one contact at most; 0 = 6."`

	OutboundDialerRate *int `placeholder:"N" help:"Requests a second that the outbound dialer's contact API takes, over all tokens; 0 = 10."`

	retentionFlags
}

func (k rulesSetCmd) Run(ctx context.Context, c *client) error {
	rules := map[string]any{}
	if len(k.Pack) > 0 {
		list := []packRef{}
		for _, text := range k.Pack {
			if text == "none" {
				continue
			}
			name, version, pinned := strings.Cut(text, "@")
			ref := packRef{Name: name}
			if _, err := fmt.Sscan(version, &ref.Version); pinned && err != nil {
				return usageError("--pack: write NAME or NAME@VERSION, such as brazil@1")
			}
			list = append(list, ref)
		}
		rules["packs"] = list
	}
	if len(k.Window) > 0 || k.AnyHour {
		rules["windows"] = append([]hours{}, k.Window...)
	}
	if len(k.Cap) > 0 || k.NoCap {
		rules["caps"] = append([]often{}, k.Cap...)
	}
	if k.Attempts != nil {
		rules["attempts"] = *k.Attempts
	}
	if k.OutboundDialerRate != nil {
		rules["outbound_dialer_rate"] = *k.OutboundDialerRate
	}
	if kept := k.changes(); len(kept) > 0 {
		rules["retention"] = kept
	}
	if len(rules) == 0 {
		return usageError("say what is to change: --pack, --window, --cap, --attempts, --outbound-dialer-rate, or --webhook-days and its like")
	}
	var got struct {
		Rules accountRules `json:"rules"`
	}
	raw, err := c.call(ctx, http.MethodPatch, "/account", map[string]any{"rules": rules}, &got, longTime)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.showRules(got.Rules) })
}

type rulesHolidaysCmd struct{}

type holiday struct {
	Date   string  `json:"date"`
	Region *string `json:"region"`
	Name   string  `json:"name"`
}

func (rulesHolidaysCmd) Run(ctx context.Context, c *client) error {
	var got struct {
		Data []holiday `json:"data"`
	}
	raw, err := c.get(ctx, "/holidays", &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error {
		var rows [][]string
		for _, h := range got.Data {
			rows = append(rows, []string{h.Date, word(h.Region), h.Name})
		}
		return c.table([]string{"DATE", "REGION", "NAME"}, rows)
	})
}

type rulesHolidayCmd struct {
	Date   string `arg:"" help:"2026-12-25, or --12-25 after a bare -- for every year."`
	Name   string `arg:"" help:"What day it is."`
	Region string `help:"Where: BR, or BR-SP for a state; default: everywhere."`
}

func (k rulesHolidayCmd) Run(ctx context.Context, c *client) error {
	body := map[string]string{"date": k.Date, "name": k.Name}
	if k.Region != "" {
		body["region"] = k.Region
	}
	var got holiday
	raw, err := c.post(ctx, "/holidays", body, &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.say("Nobody is contacted on %s", plain(got.Date)) })
}

type rulesWorkdayCmd struct {
	Date   string `arg:"" help:"As the holiday has it."`
	Region string `help:"As the holiday has it."`
}

func (k rulesWorkdayCmd) Run(ctx context.Context, c *client) error {
	path := "/holidays/" + url.PathEscape(k.Date)
	if k.Region != "" {
		path += "?" + url.Values{"region": {k.Region}}.Encode()
	}
	if _, err := c.call(ctx, http.MethodDelete, path, nil, nil, longTime); err != nil {
		return err
	}
	if c.raw {
		return nil
	}
	return c.say("%s is a day like any other", plain(k.Date))
}

// policyFlags are what a new campaign may ask of when and how often.
type policyFlags struct {
	Window       []hours       `sep:"none" placeholder:"\"DAYS HH:MM-HH:MM\"" help:"When people may be contacted, by their own clocks, within the account's rules: \"mon-fri 09:00-21:00\"."`
	WorkHolidays bool          `help:"Contact people on the account's holidays too."`
	End          when          `placeholder:"TIME" help:"Contact nobody any more from then on: who is pending expires."`
	MaxLateness  time.Duration `placeholder:"LONG" help:"Hold a scheduled start that was missed by more than that, such as 30m."`
	Attempts     int           `placeholder:"N" help:"Attempts at one contact at most."`
}

// into adds to a policy what was asked for.
func (k policyFlags) into(policy map[string]any) {
	if len(k.Window) > 0 {
		policy["windows"] = k.Window
	}
	if k.WorkHolidays {
		policy["work_holidays"] = true
	}
	if end := k.End.pointer(); end != nil {
		policy["end_at"] = end
	}
	if k.MaxLateness > 0 {
		policy["max_lateness_minutes"] = int(k.MaxLateness / time.Minute)
	}
	if k.Attempts > 0 {
		policy["attempts"] = k.Attempts
	}
}
