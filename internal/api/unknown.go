package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"arauto"
)

// Unknowns is what the API asks of the store about messages whose fate is unknown, and about failures.
type Unknowns interface {
	// Unknowns lists by contact id ascending, from after.
	Unknowns(ctx context.Context, account, campaign, after int64, limit int) ([]arauto.Unknown, error)
	// Settle answers for each id in order; the error concerns all of them.
	Settle(ctx context.Context, actor arauto.Actor, now time.Time, account, campaign int64, d arauto.Decision, ids []int64, reopen bool) ([]arauto.Settled, error)
	// Failures are a campaign's failed contacts by reason and code, the most frequent first.
	Failures(ctx context.Context, account, campaign int64) ([]arauto.FailureClass, error)
}

// Decisions applies a person's decision to every contact of a campaign that it is about.
type Decisions interface {
	// Start queues it: kind is JobSettle or JobRetry. Invalid names what is never done.
	Start(ctx context.Context, actor arauto.Actor, kind arauto.JobKind, account, campaign int64, b arauto.Bulk) (arauto.Job, error)
}

type wireUnknown struct {
	ContactID     int64      `json:"contact_id"`
	Name          string     `json:"name"`
	Phone         *string    `json:"phone"`
	UserID        *string    `json:"user_id" doc:"The business-scoped id that somebody without a phone was written to by"`
	AttemptID     int64      `json:"attempt_id"`
	Ref           string     `json:"ref" doc:"Travelled with the message as biz_opaque_callback_data: a status with it settles the contact by itself"`
	SenderID      int64      `json:"sender_id"`
	IntendedAt    *time.Time `json:"intended_at" doc:"When the message was about to leave"`
	LostAt        *time.Time `json:"lost_at" doc:"When its answer was given up"`
	Reason        string     `json:"reason" doc:"no_answer: the provider was silent or unintelligible; interrupted: Arauto stopped before the answer was recorded"`
	ErrorCode     *int       `json:"error_code"`
	ErrorDetail   *string    `json:"error_detail" doc:"What was seen of the answer: a status, a timeout, how the connection ended"`
	LastWebhookAt *time.Time `json:"last_webhook_at" doc:"When the number's app last reported anything; if that was well after intended_at, the message probably never left"`
	Evidence      string     `json:"evidence" doc:"All of this in the account's language"`
}

func wordUnknown(u arauto.Unknown, l arauto.Language) wireUnknown {
	c, t := u.Contact, u.Attempt
	out := wireUnknown{
		ContactID: c.ID, Name: c.Name, Phone: text(c.Phone), UserID: text(c.UserID), AttemptID: t.ID, Ref: t.Ref(), SenderID: t.Sender, IntendedAt: at(t.IntendedAt), LostAt: at(c.UpdatedAt),
		Reason: string(c.Reason), ErrorDetail: text(t.Detail), LastWebhookAt: at(u.WebhookAt), Evidence: evidence(u, l),
	}
	if t.Code != 0 {
		out.ErrorCode = &t.Code
	}
	return out
}

// evidence says what is known of a message whose answer was lost.
func evidence(u arauto.Unknown, l arauto.Language) string {
	parts := []string{u.Contact.Reason.Words(l)}
	if u.Attempt.Code != 0 {
		parts = append(parts, strconv.Itoa(u.Attempt.Code))
	}
	if u.Attempt.Detail != "" {
		parts = append(parts, u.Attempt.Detail)
	}
	heard := phrase{
		"no webhook has come from this number's app since the message left", "nenhum webhook chegou do app deste número desde que a mensagem saiu",
		"no ha llegado ningún webhook de la app de este número desde que salió el mensaje",
	}
	if u.WebhookAt.After(u.Attempt.IntendedAt) {
		heard = phrase{
			"webhooks have come from this number's app since, and none speaks of this message", "chegaram webhooks do app deste número depois disso, e nenhum fala desta mensagem",
			"han llegado webhooks de la app de este número después, y ninguno habla de este mensaje",
		}
	}
	return sentence(append(parts, heard.in(l))...)
}

type settleBody struct {
	Decision string  `json:"decision" enum:"sent,again" doc:"sent: treat as sent. again: send once more; the person may get the message twice"`
	Contacts []int64 `json:"contacts,omitempty" maxItems:"1000" doc:"These; each has its own result"`
	All      bool    `json:"all,omitempty" doc:"Everybody whose outcome is unknown now: the answer is a job"`
	Reopen   bool    `json:"reopen,omitempty" doc:"With again: let a completed campaign run again"`
}

type settledOne struct {
	ContactID int64   `json:"contact_id"`
	State     *string `json:"state" doc:"Where the contact stands now"`
	Error     *string `json:"error" doc:"Why nothing was changed, such as that a webhook settled it before"`
}

type settledPage struct {
	Data    []settledOne `json:"data" nullable:"false"`
	Changed int          `json:"changed"`
	Refused int          `json:"refused"`
	Job     *wireJob     `json:"job" doc:"With all: its progress is at /jobs/{id}"`
}

type retryBody struct {
	Reasons []string `json:"reasons,omitempty" maxItems:"50" nullable:"false" doc:"Only failures for these reasons; one that is never tried again is refused"`
	Codes   []int    `json:"codes,omitempty" maxItems:"100" nullable:"false" doc:"Only failures with these codes of the provider"`
	Reopen  bool     `json:"reopen,omitempty" doc:"Let a completed campaign run again"`
}

type wireRetry struct {
	Classes    []wireFailureClass `json:"classes" nullable:"false" doc:"Failed contacts by reason and code; most first"`
	WouldRetry int64              `json:"would_retry"`
	Never      int64              `json:"never" doc:"Failed for reasons that are never tried again: the person's wish, a phone that is none, the provider's policies"`
}

type wireFailureClass struct {
	Reason    string  `json:"reason"`
	Words     string  `json:"words"`
	Code      *int    `json:"code" doc:"The provider's own"`
	Known     *bool   `json:"known" doc:"Whether the error table has the code; null without a code"`
	CodeWords *string `json:"code_words" doc:"What the code means, in the account's language"`
	NextStep  *string `json:"next_step" doc:"What to do about it, in the account's language"`
	Count     int64   `json:"count"`
	Retryable bool    `json:"retryable" doc:"False where another try would go against the person's wish, or meet the same refusal"`
}

func (a *API) unknowns() {
	handle(a, op{
		method: http.MethodGet, path: "/campaigns/{id}/unknown", scope: arauto.TokenRead, tag: "unknown", summary: "Contacts whose message's fate is unknown, with the evidence",
		more: "They are never sent to again by themselves. A webhook with the message's ref settles them; a person may decide.",
	}, a.listUnknown)
	handle(a, op{
		method: http.MethodPost, path: "/campaigns/{id}/unknown/settle", scope: arauto.TokenWrite, tag: "unknown", summary: "Decide on unknown outcomes",
		more: "What a webhook says later still counts: a message that was taken for sent may fail, one that is to be sent again may turn out to have arrived.",
	}, a.settle)
	handle(a, op{
		method: http.MethodGet, path: "/campaigns/{id}/retry", scope: arauto.TokenRead, tag: "unknown", summary: "Which failed contacts could be tried again, by error class",
	}, a.retryPreview)
	handle(a, op{
		method: http.MethodPost, path: "/campaigns/{id}/retry", scope: arauto.TokenWrite, tag: "unknown", summary: "Try failed contacts again", status: http.StatusAccepted,
		more: "By reason or code; without either, all whose reason allows it. The answer is a job.",
	}, a.retry)
}

func (a *API) listUnknown(ctx context.Context, c Caller, in *struct {
	ByRef
	Paging
},
) (*page[wireUnknown], error) {
	campaign, err := a.campaign(ctx, c, ref(in.ID))
	if err != nil {
		return nil, err
	}
	after, err := in.key()
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.Unknowns(ctx, c.Account.ID, campaign.ID, after, in.Limit)
	return pageOf(ctx, in.Paging, rows, func(u arauto.Unknown) int64 { return u.Contact.ID },
		func(u arauto.Unknown) wireUnknown { return wordUnknown(u, c.Account.Language) }), err
}

func (a *API) settle(ctx context.Context, c Caller, in *struct {
	ByRef
	Body settleBody
},
) (*settledPage, error) {
	campaign, err := a.campaign(ctx, c, ref(in.ID))
	if err != nil {
		return nil, err
	}
	b := in.Body
	if b.All == (len(b.Contacts) > 0) {
		return nil, arauto.Errorf(arauto.KindInvalid, "body.contacts", "name contacts, or say all")
	}
	out := &settledPage{Data: []settledOne{}}
	if b.All {
		job, err := a.Decisions.Start(ctx, actor(c), arauto.JobSettle, c.Account.ID, campaign.ID, arauto.Bulk{
			Who: arauto.Selection{States: []arauto.ContactState{arauto.ContactUnknown}}, Decision: arauto.Decision(b.Decision), Reopen: b.Reopen,
		})
		word := wordJob(job)
		out.Job = &word
		return out, err
	}
	done, err := a.Store.Settle(ctx, actor(c), a.Now(), c.Account.ID, campaign.ID, arauto.Decision(b.Decision), b.Contacts, b.Reopen)
	for _, one := range done {
		w := settledOne{ContactID: one.ID, State: text(one.State)}
		if out.Changed++; one.Err != nil {
			words := one.Err.Error()
			w.Error = &words
			out.Changed--
			out.Refused++
		}
		out.Data = append(out.Data, w)
	}
	return out, err
}

func (a *API) retryPreview(ctx context.Context, c Caller, in *ByRef) (*wireRetry, error) {
	campaign, err := a.campaign(ctx, c, ref(in.ID))
	if err != nil {
		return nil, err
	}
	classes, err := a.Store.Failures(ctx, c.Account.ID, campaign.ID)
	out := &wireRetry{Classes: []wireFailureClass{}}
	for _, f := range classes {
		w := a.wordFailure(f, c.Account.Language)
		if w.Retryable {
			out.WouldRetry += f.N
		} else {
			out.Never += f.N
		}
		out.Classes = append(out.Classes, w)
	}
	return out, err
}

func (a *API) wordFailure(f arauto.FailureClass, l arauto.Language) wireFailureClass {
	w := wireFailureClass{Reason: string(f.Reason), Words: f.Reason.Words(l), Count: f.N, Retryable: f.Reason.Retryable()}
	if f.Code != 0 {
		rule, known := a.Codes.Explain(f.Code)
		w.Code, w.Known, w.CodeWords, w.NextStep = &f.Code, &known, text(rule.What.In(l)), text(rule.Next.In(l))
	}
	return w
}

func (a *API) retry(ctx context.Context, c Caller, in *struct {
	ByRef
	Body retryBody
},
) (*wireJob, error) {
	campaign, err := a.campaign(ctx, c, ref(in.ID))
	if err != nil {
		return nil, err
	}
	who := arauto.Selection{States: []arauto.ContactState{arauto.ContactFailed}, Codes: in.Body.Codes}
	if who.Reasons, err = readReasons(in.Body.Reasons); err != nil {
		return nil, err
	}
	job, err := a.Decisions.Start(ctx, actor(c), arauto.JobRetry, c.Account.ID, campaign.ID, arauto.Bulk{Who: who, Decision: arauto.DecideAgain, Reopen: in.Body.Reopen})
	out := wordJob(job)
	return &out, err
}

// readReasons are reasons by their names; the error is invalid and names the one that is none.
func readReasons(names []string) (list []arauto.Reason, err error) {
	for i, name := range names {
		r := arauto.Reason(name)
		if r.Words(arauto.English) == name {
			return nil, arauto.Errorf(arauto.KindInvalid, "body.reasons["+strconv.Itoa(i)+"]", "%q is not a reason: see the reasons of failed contacts at /campaigns/{id}/retry", name)
		}
		list = append(list, r)
	}
	return list, nil
}
