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

// Diagnostics is what the API asks of the store, beside what `why` asks, to say what a campaign waits for.
type Diagnostics interface {
	// DueContacts reads pending contacts due by now, longest due first, behind the one with that due time and id.
	DueContacts(ctx context.Context, now time.Time, account, campaign int64, dueAfter time.Time, idAfter int64, limit int) ([]arauto.Contact, error)
}

const (
	// diagnosedMost is how many pending contacts are asked about: those that come next.
	diagnosedMost = 2000
	diagnosedPage = 500
	// diagnosedFailures is how many kinds of failure are listed: what matters is among the first.
	diagnosedFailures = 20
)

type wireDiagnostics struct {
	State     string             `json:"state"`
	Pause     *string            `json:"pause" doc:"Why it is paused"`
	Sentence  string             `json:"sentence" doc:"The whole answer in the account's language"`
	Obstacles []wireObstacle     `json:"obstacles" nullable:"false" doc:"What holds everybody back; none = look at the verdicts"`
	Pending   int64              `json:"pending" doc:"Contacts that wait"`
	Sending   int64              `json:"sending"`
	Unknown   int64              `json:"unknown" doc:"May have been sent: they wait for a person's decision"`
	Failed    int64              `json:"failed"`
	LookedAt  int64              `json:"looked_at" doc:"Pending contacts that the gate was asked about: those that come next"`
	Complete  bool               `json:"complete" doc:"False when more are pending than were looked at"`
	DueNow    int64              `json:"due_now" doc:"Of those looked at"`
	WouldGo   int64              `json:"would_go" doc:"Of those looked at, if nothing held everybody back"`
	Held      []wireDiagnosed    `json:"held" nullable:"false" doc:"The others, by outcome and reason; most first"`
	NextAt    *time.Time         `json:"next_at" doc:"When the next one may be contacted; null = not before something changes"`
	Failures  []wireFailureClass `json:"failures" nullable:"false" doc:"The failed ones, by reason and the provider's code; most first"`
	Ends      *time.Time         `json:"ends_at" doc:"When who is still pending expires"`
}

type wireObstacle struct {
	What  string `json:"what" enum:"campaign,template,sender,waba,list"`
	Words string `json:"words"`
}

type wireDiagnosed struct {
	Outcome string     `json:"outcome" enum:"wait,suppress,fail"`
	Reason  string     `json:"reason"`
	Words   string     `json:"words"`
	Count   int64      `json:"count"`
	NextAt  *time.Time `json:"next_at" doc:"The first moment at which one of them is asked about again"`
	Example int64      `json:"example_contact_id"`
	Because string     `json:"because" doc:"What the gate said of the example"`
}

func (a *API) diagnostics() {
	handle(a, op{
		method: http.MethodGet, path: "/campaigns/{id}/diagnostics", scope: arauto.TokenRead, tag: "why",
		summary: "Why nothing, or not everything, is being sent right now",
		more:    "It asks the gate that sending asks. Nothing is changed.",
	}, a.diagnose)
}

func (a *API) diagnose(ctx context.Context, c Caller, in *ByRef) (*wireDiagnostics, error) {
	campaign, err := a.campaign(ctx, c, ref(in.ID))
	if err != nil {
		return nil, err
	}
	counts, err := a.Store.Counts(ctx, c.Account.ID, []int64{campaign.ID})
	if err != nil {
		return nil, err
	}
	n := counts[campaign.ID]
	out := &wireDiagnostics{
		State: string(campaign.State), Pause: text(campaign.Pause), Pending: n[arauto.ContactPending], Sending: n[arauto.ContactSending],
		Unknown: n[arauto.ContactUnknown], Failed: n[arauto.ContactFailed], Ends: at(campaign.Policy.EndAt), Obstacles: []wireObstacle{}, Held: []wireDiagnosed{}, Failures: []wireFailureClass{},
	}
	failures, err := a.Store.Failures(ctx, c.Account.ID, campaign.ID)
	if err != nil {
		return nil, err
	}
	for _, f := range failures[:min(len(failures), diagnosedFailures)] {
		out.Failures = append(out.Failures, a.wordFailure(f, c.Account.Language))
	}
	d := diagnosis{now: a.Now(), language: c.Account.Language, out: out, held: map[trialKey]*wireDiagnosed{}}
	if err := a.obstacles(ctx, &d, campaign); err != nil {
		return nil, err
	}
	if err := a.askAbout(ctx, &d, campaign); err != nil {
		return nil, err
	}
	d.finish()
	return out, nil
}

// obstacles are what holds every contact of the campaign.
func (a *API) obstacles(ctx context.Context, d *diagnosis, campaign arauto.Campaign) error {
	if campaign.State != arauto.CampaignRunning {
		words := campaignWords(campaign.State, d.language)
		if campaign.Pause != "" {
			words += ": " + campaign.Pause
		}
		d.obstacle("campaign", words)
	}
	if campaign.Channel == arauto.ChannelVoice {
		if campaign.Queue == 0 {
			d.obstacle("campaign", phrase{"it has no queue", "falta a fila", "falta la cola"}.in(d.language))
		}
		d.obstacle("campaign", phrase{"this version places no calls yet", "esta versão ainda não faz ligações", "esta versión todavía no hace llamadas"}.in(d.language))
		return nil
	}
	if campaign.Sender == 0 || campaign.Template == 0 {
		d.obstacle("campaign", phrase{"it has no sender or no template", "falta o remetente ou o template", "falta el remitente o la plantilla"}.in(d.language))
		return nil
	}
	t, err := a.Store.Template(ctx, campaign.Account, campaign.Template)
	if err != nil {
		return err
	}
	if t.Status != arauto.TemplateApproved {
		d.obstacle("template", fmt.Sprintf(phrase{"template %s (%s) is %s at Meta", "o template %s (%s) está %s na Meta", "la plantilla %s (%s) está %s en Meta"}.in(d.language), t.Name, t.Language, t.Status))
	}
	s, err := a.Store.Sender(ctx, campaign.Account, campaign.Sender)
	if err != nil {
		return err
	}
	if s.Pause != "" {
		d.obstacle("sender", fmt.Sprintf(phrase{"sender %s is paused: %s", "o remetente %s está pausado: %s", "el remitente %s está en pausa: %s"}.in(d.language), s.Name, s.Pause))
	}
	w, err := a.Store.WABA(ctx, campaign.Account, s.WABA)
	if err != nil {
		return err
	}
	if w.Pause != "" {
		d.obstacle("waba", fmt.Sprintf(phrase{"WhatsApp Business Account %s is paused: %s", "a conta do WhatsApp Business %s está pausada: %s", "la cuenta de WhatsApp Business %s está en pausa: %s"}.in(d.language), w.MetaID, w.Pause))
	}
	return nil
}

// askAbout asks the gate about the contacts that come next, as if nothing held everybody back.
func (a *API) askAbout(ctx context.Context, d *diagnosis, campaign arauto.Campaign) error {
	// Who was put off comes after who is due: every pending contact has its turn.
	far := d.now.AddDate(100, 0, 0)
	var last arauto.Contact
	for d.out.LookedAt < diagnosedMost {
		rows, err := a.Store.DueContacts(ctx, far, campaign.Account, campaign.ID, last.DueAt, last.ID, diagnosedPage)
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			last = rows[len(rows)-1]
			ids := make([]int64, len(rows))
			for i, r := range rows {
				ids[i] = r.ID
				if !r.DueAt.After(d.now) {
					d.out.DueNow++
				}
			}
			inputs, err := a.Store.GateInputs(ctx, d.now, campaign.Account, ids)
			if err != nil {
				return err
			}
			for _, input := range inputs {
				d.add(input)
			}
		}
		if len(rows) < diagnosedPage {
			d.out.Complete = true
			return nil
		}
	}
	return nil
}

// A diagnosis is what was found so far.
type diagnosis struct {
	now      time.Time
	language arauto.Language
	out      *wireDiagnostics
	held     map[trialKey]*wireDiagnosed
	next     time.Time
}

func (d *diagnosis) obstacle(what, words string) {
	d.out.Obstacles = append(d.out.Obstacles, wireObstacle{what, words})
}

func (d *diagnosis) add(in arauto.GateInput) {
	in.Campaign.State, in.Campaign.Pause, in.SenderPause = arauto.CampaignRunning, "", ""
	v := arauto.Decide(in, d.now)
	if v.Outcome == arauto.Done {
		return // it is being sent, or was worked since it was read
	}
	d.out.LookedAt++
	if v.Outcome == arauto.Go {
		d.out.WouldGo++
		d.next = d.now
		return
	}
	h := d.held[trialKey{v.Outcome, v.Reason}]
	if h == nil {
		h = &wireDiagnosed{
			Outcome: string(v.Outcome), Reason: string(v.Reason), Words: v.Reason.Words(d.language), Example: in.Contact.ID,
			Because: verdictWords(in.Contact, v, d.language),
		}
		d.held[trialKey{v.Outcome, v.Reason}] = h
	}
	h.Count++
	if v.Until.IsZero() {
		return
	}
	if h.NextAt == nil || v.Until.Before(*h.NextAt) {
		h.NextAt = at(v.Until)
	}
	if d.next.IsZero() || v.Until.Before(d.next) {
		d.next = v.Until
	}
}

func (d *diagnosis) finish() {
	out, l := d.out, d.language
	for _, h := range d.held {
		out.Held = append(out.Held, *h)
	}
	slices.SortFunc(out.Held, func(a, b wireDiagnosed) int {
		if a.Count != b.Count {
			return int(b.Count - a.Count)
		}
		return strings.Compare(a.Outcome+a.Reason, b.Outcome+b.Reason)
	})
	if out.Pending == 0 && out.Sending == 0 {
		d.obstacle("list", phrase{"nobody waits to be contacted", "ninguém aguarda contato", "nadie espera ser contactado"}.in(l))
	}
	if len(out.Obstacles) == 0 {
		out.NextAt = at(d.next)
	}
	var said []string
	for _, o := range out.Obstacles {
		said = append(said, o.Words)
	}
	if out.LookedAt > 0 {
		said = append(said, fmt.Sprintf(phrase{
			"of the next %s, %s may be contacted now", "dos próximos %s, %s podem ser contatados agora", "de los próximos %s, %s pueden ser contactados ahora",
		}.in(l), grouped(out.LookedAt, l), grouped(out.WouldGo, l)))
	}
	for _, h := range out.Held {
		said = append(said, grouped(h.Count, l)+": "+h.Words)
	}
	out.Sentence = strings.Join(said, "; ") + "."
}
