package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// voiceFlags are how a voice campaign dials; what is not given is as usual, or stays.
type voiceFlags struct {
	Mode             string        `enum:"preview,progressive,predictive," default:"" placeholder:"MODE" help:"Voice: preview (an agent reads, then calls), progressive (a call for each free agent) or predictive (more than that)."`
	CallerID         []string      `sep:"none" placeholder:"NUMBER" help:"Voice: a number that people may see, with country code; may be repeated. A contact that asks for another is not dialled."`
	MaxRedials       *int          `placeholder:"N" help:"Voice: how often a contact is called again; 3 unless given."`
	RedialInterval   time.Duration `placeholder:"LONG" help:"Voice: how much later, such as 2h, the default."`
	Redial           []redial      `sep:"none" placeholder:"OUTCOME=N[/LONG]" help:"Voice: what differs for an outcome, such as voicemail=1/4h; may be repeated. Outcomes: not_picked_up, not_reached, voicemail, carrier_error, dialer_error, abandoned_by_contact, abandoned_by_dialer."`
	MaxAbandonment   *float64      `placeholder:"PERCENT" help:"Voice, predictive: of the calls that people answer, the most that may find no agent; 3 unless given."`
	Overdial         *float64      `placeholder:"N" help:"Voice, predictive: multiplies the calls ahead of free agents, 1 to 10."`
	MaxCallsPerAgent *int          `placeholder:"N" help:"Voice, predictive: calls under way for each agent at most; 3 unless given."`
	Occupancy        *int          `placeholder:"PERCENT" help:"Voice, predictive: how much of their time agents are to speak; 0 = as much as abandonment lets them."`
	DetectMachines   *bool         `negatable:"" help:"Voice: hang up on answering machines; predictive campaigns always do."`
	RingTimeout      time.Duration `placeholder:"LONG" help:"Voice: how long a phone rings; 30s unless given."`
	ExternalID       *string       `name:"external-id" placeholder:"ID" help:"Voice: your own id for the campaign."`
	Target           *int          `placeholder:"N" help:"Voice: how many contacts you mean to have worked."`
}

// voice is what was asked for; empty = nothing.
func (k voiceFlags) voice() map[string]any {
	v := map[string]any{}
	if k.Mode != "" {
		v["mode"] = k.Mode
	}
	if len(k.CallerID) > 0 {
		v["caller_ids"] = k.CallerID
	}
	if len(k.Redial) > 0 {
		v["redials"] = k.Redial
	}
	if k.RedialInterval > 0 {
		v["redial_interval_minutes"] = k.RedialInterval.Minutes()
	}
	if k.RingTimeout > 0 {
		v["ring_timeout_seconds"] = k.RingTimeout.Seconds()
	}
	given(v, "max_redial_count", k.MaxRedials)
	given(v, "max_abandonment_percent", k.MaxAbandonment)
	given(v, "overdial_multiplier", k.Overdial)
	given(v, "max_calls_per_agent", k.MaxCallsPerAgent)
	given(v, "target_occupancy_percent", k.Occupancy)
	given(v, "detect_machines", k.DetectMachines)
	given(v, "external_campaign_id", k.ExternalID)
	given(v, "target_number_to_process", k.Target)
	return v
}

func given[T any](into map[string]any, key string, value *T) {
	if value != nil {
		into[key] = *value
	}
}

// wiredRedial is what differs for one outcome, as the API has it.
type wiredRedial struct {
	On       string  `json:"on"`
	Max      int     `json:"max"`
	Interval float64 `json:"interval_minutes,omitempty"`
}

// redial is that on the command line: voicemail=1/4h.
type redial struct{ wiredRedial }

// UnmarshalText reads OUTCOME=N or OUTCOME=N/LONG.
func (r *redial) UnmarshalText(text []byte) error {
	on, rest, ok := strings.Cut(string(text), "=")
	count, long, later := strings.Cut(rest, "/")
	n, err := strconv.Atoi(count)
	if !ok || err != nil {
		return fmt.Errorf("%q is not OUTCOME=N, such as voicemail=1 or voicemail=1/4h", text)
	}
	r.On, r.Max = on, n
	if later {
		wait, err := longDuration(long)
		if err != nil {
			return err
		}
		r.Interval = wait.Minutes()
	}
	return nil
}

// voiceParts are the words of a request that only voice campaigns have.
type voiceParts struct {
	QueueID string         `json:"queue_id,omitempty"`
	Voice   map[string]any `json:"voice,omitempty"`
}

func (k voiceFlags) parts(ctx context.Context, c *client, queue string) (p voiceParts, err error) {
	p.Voice = k.voice()
	if queue != "" {
		p.QueueID, err = queueID(ctx, c, queue)
	}
	return p, err
}

type campaignDialCmd struct {
	theCampaign
	voiceFlags
	Queue string `help:"Whose agents take the calls: id, UUID or name."`
}

func (k campaignDialCmd) Run(ctx context.Context, c *client) error {
	parts, err := k.parts(ctx, c, k.Queue)
	if err != nil {
		return err
	}
	if len(parts.Voice) == 0 && parts.QueueID == "" {
		return usageError("say what is to change, such as --overdial 1.5")
	}
	path, err := k.path(ctx, c)
	if err != nil {
		return err
	}
	var got campaign
	raw, err := c.call(ctx, http.MethodPatch, path, parts, &got, callTime)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.showCampaign(got) })
}

type campaignCompleteCmd struct{ theCampaign }

func (k campaignCompleteCmd) Run(ctx context.Context, c *client) error {
	return k.act(ctx, c, "complete", nil)
}

// wiredVoice is how a voice campaign dials, as the API has it.
type wiredVoice struct {
	Mode             string        `json:"mode"`
	CallerIDs        []string      `json:"caller_ids"`
	MaxRedials       int           `json:"max_redial_count"`
	RedialMinutes    float64       `json:"redial_interval_minutes"`
	Redials          []wiredRedial `json:"redials"`
	MaxAbandonment   float64       `json:"max_abandonment_percent"`
	Overdial         float64       `json:"overdial_multiplier"`
	MaxCallsPerAgent int           `json:"max_calls_per_agent"`
	Occupancy        int           `json:"target_occupancy_percent"`
	RingSeconds      float64       `json:"ring_timeout_seconds"`
	External         string        `json:"external_campaign_id"`
	Target           int64         `json:"target_number_to_process"`
}

// facts are what campaign show says of it; none for WhatsApp.
func (v *wiredVoice) facts(queue *int64) []string {
	if v == nil {
		return nil
	}
	again := fmt.Sprintf("%d times, after %s", v.MaxRedials, minutesWords(v.RedialMinutes))
	for _, r := range v.Redials {
		again += fmt.Sprintf("; %s %d", r.On, r.Max)
		if r.Interval > 0 {
			again += " after " + minutesWords(r.Interval)
		}
	}
	list := []string{
		"Dials", v.Mode, "Queue", word(queue), "Caller ids", strings.Join(v.CallerIDs, ", "), "Again", again, "Rings", fmt.Sprintf("%g s", v.RingSeconds),
		"External id", v.External,
	}
	if v.Mode == "predictive" {
		list = append(list, "Abandoned", fmt.Sprintf("at most %g %%", v.MaxAbandonment), "Overdial", fmt.Sprintf("%g, at most %d calls for each agent", v.Overdial, v.MaxCallsPerAgent))
	}
	if v.Target > 0 {
		list = append(list, "Target", thousands(v.Target))
	}
	return list
}

func minutesWords(n float64) string {
	return strings.TrimSuffix(time.Duration(n*float64(time.Minute)).String(), "0s")
}

// dialStatuses are a voice campaign's counts in the order in which reports show them.
func dialStatuses() []string {
	return []string{
		"upcoming", "dialing", "queued", "connected", "finished", "transferred", "transferred_finished", "not_picked_up", "not_reached",
		"abandoned_by_contact", "skipped", "skipped_closed", "invalid_number", "carrier_error", "abandoned_by_dialer", "voicemail", "dialer_error",
		"redial", "do_not_call", "invalid_outbound", "blocked",
	}
}
