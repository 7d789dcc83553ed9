package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

type campaignCmd struct {
	remote

	Create     campaignCreateCmd     `cmd:"" help:"Create a campaign; it is a draft until it is started."`
	List       campaignListCmd       `cmd:"" help:"List campaigns, newest first."`
	Show       campaignShowCmd       `cmd:"" help:"A campaign and its counts."`
	Diagnose   campaignDiagnoseCmd   `cmd:"" help:"Why nothing, or not everything, is being sent right now."`
	DryRun     campaignDryRunCmd     `cmd:"" help:"Who would be contacted if it ran now, and who would not."`
	Test       campaignTestCmd       `cmd:"" help:"Send its message to one phone with sample values."`
	Estimate   campaignEstimateCmd   `cmd:"" help:"What its list would cost, by today's rates."`
	Pace       campaignPaceCmd       `cmd:"" help:"Change how fast it goes and who goes first."`
	Ceiling    campaignCeilingCmd    `cmd:"" help:"Change the most that it may cost: of a draft, or while it is paused."`
	Dial       campaignDialCmd       `cmd:"" help:"Change how a voice campaign dials."`
	Start      campaignStartCmd      `cmd:"" help:"Start it."`
	Pause      campaignPauseCmd      `cmd:"" help:"Try nobody new for now."`
	Resume     campaignResumeCmd     `cmd:"" help:"Go on after a pause."`
	Schedule   campaignScheduleCmd   `cmd:"" help:"Start it later."`
	Unschedule campaignUnscheduleCmd `cmd:"" help:"Make it a draft again."`
	Cancel     campaignCancelCmd     `cmd:"" help:"Give it up: its pending contacts are cancelled."`
	Complete   campaignCompleteCmd   `cmd:"" help:"End a voice campaign; who was not called keeps waiting in it."`
	Archive    campaignArchiveCmd    `cmd:"" help:"Put it out of the way."`
	Duplicate  campaignDuplicateCmd  `cmd:"" help:"Copy it without its contacts."`
	Unknown    campaignUnknownCmd    `cmd:"" help:"List contacts whose message may have been sent, with the evidence."`
	Settle     campaignSettleCmd     `cmd:"" help:"Decide on them: treat as sent, or send again."`
	Retry      campaignRetryCmd      `cmd:"" help:"Try failed contacts again, by error class."`
	Edit       campaignEditCmd       `cmd:"" help:"Remove, hold back, release or queue again many of its contacts."`
	Audience   campaignAudienceCmd   `cmd:"" help:"Add people of an earlier campaign: who did not reply, used a button, failed."`
}

// campaign is one as the API has it.
type campaign struct {
	ID         int64                   `json:"id"`
	UUID       string                  `json:"uuid"`
	Name       string                  `json:"name"`
	State      string                  `json:"state"`
	Pause      *string                 `json:"pause"`
	SenderID   *int64                  `json:"sender_id"`
	TemplateID *int64                  `json:"template_id"`
	Mapping    map[string]mappedSource `json:"mapping"`
	Standing   bool                    `json:"standing"`
	HoldAfter  int64                   `json:"hold_after"`
	Total      int64                   `json:"total"`
	Counts     map[string]int64        `json:"counts"`
	QueueID    *int64                  `json:"queue_id"`
	Voice      *wiredVoice             `json:"voice"`
	DialCounts map[string]int64        `json:"dial_counts"`
	Cost       cost                    `json:"cost"`
	Policy     struct {
		Ceiling *money `json:"ceiling"`
	} `json:"policy"`
	ScheduledFor *time.Time `json:"scheduled_for"`
	CreatedAt    *time.Time `json:"created_at"`
	StartedAt    *time.Time `json:"started_at"`
	EndedAt      *time.Time `json:"ended_at"`
}

type mappedSource struct {
	From    string `json:"from"`
	Text    string `json:"text"`
	Default string `json:"default,omitempty"`
}

// contactStates are the counts in the order of a contact's life.
func contactStates() []string {
	return []string{"pending", "sending", "unknown", "sent", "delivered", "read", "replied", "failed", "suppressed", "cancelled"}
}

// worked is how many contacts nothing more is to be done for.
func (k campaign) worked() int64 { return k.Total - k.Counts["pending"] - k.Counts["sending"] }

// ended says that the campaign does nothing more by itself.
func (k campaign) ended() bool {
	return k.State == "completed" || k.State == "cancelled" || k.State == "archived"
}

// status is the state with its reason.
func (k campaign) status() string {
	switch {
	case k.State == "paused" && word(k.Pause) != "":
		return "paused: " + *k.Pause
	case k.State == "scheduled":
		return "scheduled for " + local(k.ScheduledFor)
	}
	return k.State
}

// theCampaign is how a command names one.
type theCampaign struct {
	Campaign string `arg:"" help:"Number, UUID or name."`
}

func (t theCampaign) path(ctx context.Context, c *client) (string, error) {
	id, err := campaignID(ctx, c, t.Campaign)
	return "/campaigns/" + url.PathEscape(id), err
}

func campaignID(ctx context.Context, c *client, ref string) (string, error) {
	return resolve(ctx, c, "campaign", "/campaigns", ref, func(k campaign) (int64, []string) { return k.ID, []string{k.Name} })
}

type campaignCreateCmd struct {
	Name               string  `required:"" help:"What people call it."`
	Channel            string  `enum:"whatsapp,voice" default:"whatsapp" help:"How it reaches people: whatsapp or voice."`
	Queue              string  `help:"Voice: whose agents take the calls: id, UUID or name."`
	Sender             string  `help:"The number to write from: id, UUID or name."`
	Template           string  `help:"The message: id, UUID, name or name/language."`
	Map                []slot  `sep:"none" placeholder:"SLOT=SOURCE" help:"Fill a parameter of the template: body.1=field:cpf, body.1=contact:name or body.1=fixed:text. Contact has name, first_name, phone and external_id."`
	Default            []pair  `sep:"none" placeholder:"SLOT=TEXT" help:"What a parameter is where a contact has nothing; without it such a contact fails."`
	Standing           *bool   `negatable:"" help:"Wait for more contacts instead of completing, as voice campaigns do unless told otherwise."`
	HoldAfter          int     `placeholder:"N" help:"Pause once N contacts were sent to."`
	Rate               int     `placeholder:"N" help:"At most N messages a second, within its sender's rate."`
	Priority           int     `placeholder:"N" help:"Of one sender's campaigns, what is higher goes first; 0 is usual, -100 to 100."`
	FailurePercent     int     `placeholder:"N" help:"Pause when N % of the last 50 messages failed for one reason; 40 unless given, -1 = never."`
	RetryMarketingCap  bool    `help:"Try who met Meta's limit on marketing once more, a day later."`
	OnOpenConversation string  `enum:"send,fail" default:"send" help:"Who is in an open conversation already: send all the same, or fail that contact."`
	Ceiling            ceiling `placeholder:"AMOUNT" help:"Pause rather than cost more than that, by the account's rates: \"BRL 500\"."`
	Schedule           when    `placeholder:"TIME" help:"Start it then: \"2026-03-01 14:30\", RFC 3339 or +2h."`
	policyFlags
	voiceFlags
}

func (k campaignCreateCmd) Run(ctx context.Context, c *client) error {
	mapping, err := k.mapping()
	if err != nil {
		return err
	}
	if k.HoldAfter < 0 {
		return usageError("--hold-after: give a number above 0")
	}
	body := struct {
		Name         string                  `json:"name"`
		Channel      string                  `json:"channel,omitempty"`
		SenderID     string                  `json:"sender_id,omitempty"`
		TemplateID   string                  `json:"template_id,omitempty"`
		Mapping      map[string]mappedSource `json:"mapping,omitempty"`
		Standing     *bool                   `json:"standing,omitempty"`
		HoldAfter    int                     `json:"hold_after,omitempty"`
		Policy       map[string]any          `json:"policy,omitempty"`
		ScheduledFor *time.Time              `json:"scheduled_for,omitempty"`
		voiceParts
	}{Name: k.Name, Channel: strings.TrimPrefix(k.Channel, "whatsapp"), Mapping: mapping, Standing: k.Standing, HoldAfter: k.HoldAfter, Policy: k.policy(), ScheduledFor: k.Schedule.pointer()}
	if body.voiceParts, err = k.parts(ctx, c, k.Queue); err != nil {
		return err
	}
	if k.Sender != "" {
		if body.SenderID, err = senderID(ctx, c, k.Sender); err != nil {
			return err
		}
	}
	if k.Template != "" {
		if body.TemplateID, err = templateID(ctx, c, k.Template); err != nil {
			return err
		}
	}
	var made campaign
	raw, err := c.post(ctx, "/campaigns", body, &made)
	if err != nil {
		return err
	}
	if body.ScheduledFor != nil {
		if raw, err = c.post(ctx, fmt.Sprintf("/campaigns/%d/schedule", made.ID), nil, &made); err != nil {
			return fmt.Errorf("campaign %d is there as a draft, but it is not scheduled: %w", made.ID, err)
		}
	}
	return c.print(raw, func() error {
		return c.say("Campaign %d %q: %s", made.ID, plain(made.Name), plain(made.status()))
	})
}

// policy is what was asked for beyond the list and the message.
func (k campaignCreateCmd) policy() map[string]any {
	p := map[string]any{}
	if k.Rate != 0 {
		p["rate"] = k.Rate
	}
	if k.Priority != 0 {
		p["priority"] = k.Priority
	}
	if k.FailurePercent != 0 {
		p["failure_pause"] = map[string]int{"percent": k.FailurePercent}
	}
	if k.RetryMarketingCap {
		p["retry_marketing_cap"] = true
	}
	if k.Ceiling != "" {
		p["ceiling"] = k.Ceiling.money()
	}
	if k.OnOpenConversation != "send" {
		p["on_open_conversation"] = k.OnOpenConversation
	}
	k.into(p)
	return p
}

func (k campaignCreateCmd) mapping() (map[string]mappedSource, error) {
	mapping := map[string]mappedSource{}
	for _, m := range k.Map {
		if _, twice := mapping[m.name]; twice {
			return nil, usageError(fmt.Sprintf("--map: %s is filled twice", m.name))
		}
		mapping[m.name] = mappedSource{From: m.from, Text: m.text}
	}
	for _, d := range k.Default {
		m, ok := mapping[d.key]
		if !ok {
			return nil, usageError(fmt.Sprintf("--default: there is no --map for %s", d.key))
		}
		m.Default = d.value
		mapping[d.key] = m
	}
	return mapping, nil
}

type campaignPaceCmd struct {
	theCampaign
	Rate     *int `placeholder:"N" help:"At most N messages a second, within its sender's rate; 0 = as fast as that."`
	Priority *int `placeholder:"N" help:"Of one sender's campaigns, what is higher goes first; 0 is usual, -100 to 100."`
}

func (k campaignPaceCmd) Run(ctx context.Context, c *client) error {
	if k.Rate == nil && k.Priority == nil {
		return usageError("give --rate or --priority")
	}
	path, err := k.path(ctx, c)
	if err != nil {
		return err
	}
	type policy struct {
		Rate     *int `json:"rate,omitempty"`
		Priority *int `json:"priority,omitempty"`
	}
	var got campaign
	raw, err := c.call(ctx, http.MethodPatch, path, map[string]policy{"policy": {k.Rate, k.Priority}}, &got, callTime)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.say("Campaign %d %s: %s", got.ID, plain(got.Name), plain(got.status())) })
}

type campaignListCmd struct {
	listing
	State []string `enum:"draft,scheduled,running,paused,completed,cancelled,archived" placeholder:"STATE" help:"Only these: draft, scheduled, running, paused, completed, cancelled, archived."`
}

func (k campaignListCmd) Run(ctx context.Context, c *client) error {
	query := url.Values{}
	if len(k.State) > 0 {
		query.Set("state", strings.Join(k.State, ","))
	}
	return list(ctx, c, "/campaigns", query, k.listing, []string{"ID", "NAME", "STATE", "CONTACTS", "WORKED", "REPLIED", "CREATED"}, func(k campaign) []string {
		return []string{fmt.Sprint(k.ID), k.Name, k.status(), thousands(k.Total), thousands(k.worked()), thousands(k.Counts["replied"]), local(k.CreatedAt)}
	})
}

type campaignShowCmd struct {
	theCampaign
	Watch bool          `short:"w" help:"Follow it until it is done. Ctrl-C stops watching, not the campaign."`
	Every time.Duration `default:"1s" hidden:"" help:"How often to look."`
}

func (k campaignShowCmd) Run(ctx context.Context, c *client) error {
	path, err := k.path(ctx, c)
	if err != nil {
		return err
	}
	var got campaign
	raw, err := c.get(ctx, path, &got)
	if err == nil && k.Watch && !got.ended() {
		raw, err = k.watch(ctx, c, path, &got, raw)
	}
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.showCampaign(got) })
}

// watch draws until the campaign has ended, or until it is told to stop: then the last state is the answer.
func (k campaignShowCmd) watch(ctx context.Context, c *client, path string, got *campaign, last json.RawMessage) (json.RawMessage, error) {
	line := c.progress()
	var pace pace
	raw, err := follow(ctx, c, path, k.Every, line, func(now time.Time, seen campaign) (string, bool) {
		*got = seen
		return seen.line(pace.of(now, seen.worked())), seen.ended()
	})
	line.end()
	if raw != nil {
		last = raw
	}
	if errors.Is(err, context.Canceled) {
		c.note("Stopped watching. The campaign goes on by itself.")
		err = nil
	}
	return last, err
}

// line is a campaign in one line, what matters most first: a narrow terminal cuts the rest.
func (k campaign) line(rate float64) string {
	parts := []string{fmt.Sprintf("%s %s of %s %s", bar(k.worked(), k.Total), thousands(k.worked()), thousands(k.Total), k.status())}
	if rate >= 0.05 && k.State == "running" {
		parts = append(parts, fmt.Sprintf("%.1f/s", rate))
	}
	states := contactStates()
	slices.Reverse(states)
	for _, s := range states {
		if n := k.Counts[s]; n > 0 && s != "pending" {
			parts = append(parts, s+" "+thousands(n))
		}
	}
	return strings.Join(parts, "  ")
}

func (c *client) showCampaign(k campaign) error {
	var holds string
	if k.HoldAfter > 0 {
		holds = "after " + thousands(k.HoldAfter) + " sent"
	}
	fields := []string{
		"Campaign", fmt.Sprintf("%d %s", k.ID, k.Name), "UUID", k.UUID, "State", k.status(), "Sender", word(k.SenderID), "Template", word(k.TemplateID),
		"Standing", yes(k.Standing), "Pauses", holds, "Created", local(k.CreatedAt), "Started", local(k.StartedAt), "Ended", local(k.EndedAt),
	}
	fields = append(fields, k.Voice.facts(k.QueueID)...)
	slots := make([]string, 0, len(k.Mapping))
	for name := range k.Mapping {
		slots = append(slots, name)
	}
	slices.Sort(slots)
	for _, name := range slots {
		m := k.Mapping[name]
		source := m.From + ":" + m.Text
		if m.Default != "" {
			source += " (or " + m.Default + ")"
		}
		fields = append(fields, name, source)
	}
	fields = append(fields, "Contacts", thousands(k.Total))
	for _, s := range contactStates() {
		if n := k.Counts[s]; n > 0 && k.Voice == nil { // dial statuses are finer
			fields = append(fields, "  "+s, thousands(n))
		}
	}
	for _, s := range dialStatuses() {
		if n := k.DialCounts[s]; n > 0 {
			fields = append(fields, "  "+strings.ReplaceAll(s, "_", " "), thousands(n))
		}
	}
	fields = append(fields, k.Cost.facts(k.Policy.Ceiling)...)
	return c.facts(fields...)
}

type campaignDryRunCmd struct{ theCampaign }

func (k campaignDryRunCmd) Run(ctx context.Context, c *client) error {
	path, err := k.path(ctx, c)
	if err != nil {
		return err
	}
	var got struct {
		Total    int64 `json:"total"`
		Complete bool  `json:"complete"`
		WouldGo  int64 `json:"would_go"`
		Held     []struct {
			Outcome string `json:"outcome"`
			Words   string `json:"words"`
			Reason  string `json:"reason"`
			Count   int64  `json:"count"`
			Example int64  `json:"example_contact_id"`
		} `json:"held"`
		Problem *string `json:"problem"`
	}
	raw, err := c.call(ctx, http.MethodPost, path+"/dry-run", nil, &got, longTime)
	if err != nil {
		return err
	}
	return c.print(raw, func() error {
		rows := [][]string{{thousands(got.WouldGo), "go", "", ""}}
		for _, h := range got.Held {
			rows = append(rows, []string{thousands(h.Count), h.Outcome, cmp.Or(h.Words, h.Reason), fmt.Sprint(h.Example)})
		}
		if err := c.table([]string{"CONTACTS", "WOULD", "WHY", "E.G. CONTACT"}, rows); err != nil {
			return err
		}
		if !got.Complete {
			c.note("Only the newest %s were looked at.", thousands(got.Total))
		}
		if got.Problem != nil {
			c.note("It cannot start yet: %s", plain(*got.Problem))
		}
		return nil
	})
}

type campaignTestCmd struct {
	theCampaign
	Phone      string `arg:"" help:"Whom to send it to."`
	Name       string `help:"Sample name."`
	ExternalID string `help:"Sample external id."`
	Field      []pair `sep:"none" placeholder:"KEY=VALUE" help:"Sample custom field."`
}

func (k campaignTestCmd) Run(ctx context.Context, c *client) error {
	path, err := k.path(ctx, c)
	if err != nil {
		return err
	}
	body := struct {
		Phone      string            `json:"phone"`
		Name       string            `json:"name,omitempty"`
		ExternalID string            `json:"external_id,omitempty"`
		Fields     map[string]string `json:"fields,omitempty"`
	}{k.Phone, k.Name, k.ExternalID, pairs(k.Field)}
	var got struct {
		ProviderID string `json:"provider_id"`
		Held       bool   `json:"held"`
	}
	raw, err := c.call(ctx, http.MethodPost, path+"/test-send", body, &got, longTime)
	if err != nil {
		return err
	}
	return c.print(raw, func() error {
		words := "Taken by the provider as"
		if got.Held {
			words = "Taken, but held back by the provider for now, as"
		}
		return c.say("%s %s", words, plain(got.ProviderID))
	})
}
