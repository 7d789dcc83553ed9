package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"arauto"
)

// TestSends sends one message outside every campaign.
type TestSends interface {
	// TestSend posts m from s and returns when the provider has answered: a receipt, an *arauto.SendError, or
	// an *arauto.Error. m carries no Ref.
	TestSend(ctx context.Context, actor arauto.Actor, s arauto.Sender, m arauto.Message) (arauto.Receipt, error)
}

const (
	trialPage = 1000
	// trialMost is how many contacts a dry run looks at: enough to see what is wrong with a list.
	trialMost = 200_000
	trialTime = 20 * time.Second
)

type wireTrial struct {
	Total    int64           `json:"total" doc:"Pending contacts looked at"`
	Complete bool            `json:"complete" doc:"False when the list is longer than what was looked at"`
	WouldGo  int64           `json:"would_go"`
	Estimate []wireMoney     `json:"estimate" nullable:"false" doc:"What those who would go cost, by today's rates; see /campaigns/{id}/estimate for what has no rate"`
	Held     []wireTrialHeld `json:"held" nullable:"false" doc:"The others, by outcome and reason; most first"`
	Problem  *string         `json:"problem" doc:"What keeps the campaign itself from starting"`
	Sentence string          `json:"sentence"`
}

type wireTrialHeld struct {
	Outcome string `json:"outcome" enum:"wait,suppress,fail"`
	Reason  string `json:"reason"`
	Words   string `json:"words"`
	Count   int64  `json:"count"`
	Example int64  `json:"example_contact_id"`
}

// trials are what can be tried before a campaign starts.
func (a *API) trials() {
	handle(a, op{
		method: http.MethodPost, path: "/campaigns/{id}/dry-run", scope: arauto.TokenWrite, tag: "campaigns",
		summary: "Ask the gate about every pending contact, as if the campaign ran now", more: "Nothing is sent or changed.",
	}, a.dryRun)
	handle(a, op{
		method: http.MethodPost, path: "/campaigns/{id}/test-send", scope: arauto.TokenWrite, tag: "campaigns",
		summary: "Send the campaign's message to one phone with sample values", more: "It leaves no contact; a person on the do-not-contact list is refused.",
	}, a.testSend)
}

func (a *API) dryRun(ctx context.Context, c Caller, in *ByRef) (*wireTrial, error) {
	campaign, err := a.campaign(ctx, c, ref(in.ID))
	if err != nil {
		return nil, err
	}
	// Contacts of a campaign that could not start still have verdicts; what is missing is told beside them.
	problem := a.startable(ctx, arauto.Campaign{
		ID: campaign.ID, Account: campaign.Account, Name: campaign.Name, State: arauto.CampaignDraft,
		Sender: campaign.Sender, Template: campaign.Template, Mapping: campaign.Mapping, Channel: campaign.Channel, Queue: campaign.Queue, Voice: campaign.Voice,
	}, arauto.CampaignStart)
	if kind := arauto.KindOf(problem); kind == arauto.KindInternal {
		return nil, problem
	}
	run := trial{campaign: campaign.ID, now: a.Now(), held: map[trialKey]*wireTrialHeld{}, countries: map[string]int64{}, complete: true}
	if err := a.look(ctx, c, &run); err != nil {
		return nil, err
	}
	out := run.answer(c.Account.Language, problem)
	_, lines, err := a.estimateOf(ctx, campaign, run.countries)
	out.Estimate = sums(lines, arauto.BillingRegular)
	return out, err
}

// look walks the pending contacts in short reads.
func (a *API) look(ctx context.Context, c Caller, run *trial) error {
	end := a.Now().Add(trialTime)
	filter := arauto.ContactFilter{Campaigns: []int64{run.campaign}, States: []arauto.ContactState{arauto.ContactPending}}
	below := int64(0)
	for {
		rows, err := a.Store.ContactRows(ctx, c.Account.ID, filter, below, trialPage)
		if err != nil || len(rows) == 0 {
			return err
		}
		ids := make([]int64, len(rows))
		for i, r := range rows {
			ids[i] = r.ID
		}
		inputs, err := a.Store.GateInputs(ctx, a.Now(), c.Account.ID, ids)
		if err != nil {
			return err
		}
		for _, input := range inputs {
			run.add(input)
		}
		below = ids[len(ids)-1]
		if len(rows) < trialPage {
			return nil
		}
		if run.total >= trialMost || a.Now().After(end) {
			run.complete = false
			return nil
		}
	}
}

// A trial is what the gate said so far.
type trial struct {
	campaign int64
	now      time.Time

	total, goes int64
	held        map[trialKey]*wireTrialHeld
	countries   map[string]int64 // of those who would go
	complete    bool
}

type trialKey struct {
	outcome arauto.Outcome
	reason  arauto.Reason
}

func (t *trial) add(in arauto.GateInput) {
	in.Campaign.State, in.Campaign.Pause = arauto.CampaignRunning, ""
	v := arauto.Decide(in, t.now)
	if v.Outcome == arauto.Done {
		return // it was worked since the page was read
	}
	t.total++
	if v.Outcome == arauto.Go {
		t.goes++
		t.countries[in.Contact.Country()]++
		return
	}
	key := trialKey{v.Outcome, v.Reason}
	if t.held[key] == nil {
		t.held[key] = &wireTrialHeld{Outcome: string(v.Outcome), Reason: string(v.Reason), Example: in.Contact.ID}
	}
	t.held[key].Count++
}

func (t *trial) answer(l arauto.Language, problem error) *wireTrial {
	out := &wireTrial{Total: t.total, Complete: t.complete, WouldGo: t.goes, Held: []wireTrialHeld{}}
	for _, h := range t.held {
		h.Words = arauto.Reason(h.Reason).Words(l)
		out.Held = append(out.Held, *h)
	}
	slices.SortFunc(out.Held, func(a, b wireTrialHeld) int {
		if a.Count != b.Count {
			return int(b.Count - a.Count)
		}
		return strings.Compare(a.Reason, b.Reason)
	})
	said := []string{fmt.Sprintf(phrase{"%s of %s would go", "%s de %s sairiam", "%s de %s saldrían"}.in(l), grouped(t.goes, l), grouped(t.total, l))}
	for _, h := range out.Held {
		said = append(said, grouped(h.Count, l)+": "+h.Words)
	}
	out.Sentence = strings.Join(said, "; ") + "."
	if problem != nil {
		words := problem.Error()
		out.Problem = &words
	}
	return out
}

type testBody struct {
	Phone      string `json:"phone" minLength:"1" maxLength:"40"`
	Name       string `json:"name,omitempty" maxLength:"200"`
	ExternalID string `json:"external_id,omitempty" maxLength:"200"`
	Fields     fields `json:"fields,omitempty"`
}

type wireReceipt struct {
	ProviderID string `json:"provider_id"`
	WAID       string `json:"wa_id"`
	Held       bool   `json:"held" doc:"Taken, but held back by the provider for now"`
}

func (a *API) testSend(ctx context.Context, c Caller, in *struct {
	ByRef
	Body testBody
},
) (*wireReceipt, error) {
	campaign, err := a.campaign(ctx, c, ref(in.ID))
	if err != nil {
		return nil, err
	}
	phone, err := a.Phones.Parse(c.Account.Country, in.Body.Phone)
	if err != nil {
		return nil, arauto.Errorf(arauto.KindInvalid, "body.phone", "%s", err.Error())
	}
	if campaign.Sender == 0 || campaign.Template == 0 {
		return nil, campaign.Startable(arauto.Template{}, arauto.Sender{})
	}
	s, err := a.Store.Sender(ctx, c.Account.ID, campaign.Sender)
	if err != nil {
		return nil, err
	}
	t, err := a.Store.Template(ctx, c.Account.ID, campaign.Template)
	if err != nil {
		return nil, err
	}
	if err := campaign.Startable(t, s); err != nil {
		return nil, err
	}
	if err := a.mayTest(ctx, c, campaign, t, phone); err != nil {
		return nil, err
	}
	m, err := t.Render(campaign.Mapping, arauto.Contact{
		Name: in.Body.Name, Phone: phone, PhoneRaw: in.Body.Phone, External: in.Body.ExternalID, Fields: in.Body.Fields.list,
	})
	if err != nil {
		return nil, err
	}
	got, err := a.TestSends.TestSend(ctx, actor(c), s, m)
	return &wireReceipt{got.ProviderID, got.WAID, got.Held != ""}, err
}

// mayTest refuses people who must not be contacted: a test is a message like any other.
func (a *API) mayTest(ctx context.Context, c Caller, campaign arauto.Campaign, t arauto.Template, phone arauto.Phone) error {
	key := phone.PersonKey()
	found, err := a.Store.SuppressionsOf(ctx, c.Account.ID, []string{key})
	if err != nil {
		return err
	}
	for _, s := range found[key] {
		if s.Holds(campaign.Channel, t.Marketing(), a.Now()) {
			return arauto.Errorf(arauto.KindConflict, "body.phone", "%s (%s)", arauto.ReasonSuppressed.Words(arauto.English), s.Source)
		}
	}
	return nil
}
