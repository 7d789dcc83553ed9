package api

import (
	"context"
	"net/http"
	"time"

	"arauto"
)

// Codes knows what the provider's codes ask of the engine, and says them to people.
type Codes interface {
	// Table lists every rule, by code.
	Table() []arauto.CodeRule
	// Explain is the rule of one code; known is false where the table has none.
	Explain(code int) (r arauto.CodeRule, known bool)
}

// Stops is what the API asks of the store about what stands still under a WABA.
type Stops interface {
	// StoppedCountries lists countries by calling code, behind after.
	StoppedCountries(ctx context.Context, account, waba int64, after string, limit int) ([]arauto.StoppedCountry, error)
	LiftCountry(ctx context.Context, actor arauto.Actor, now time.Time, account, waba int64, calling string) error
	// PauseWABA pauses a WABA and its senders, or lets them go on for "".
	PauseWABA(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, why string) (arauto.WABA, error)
}

// wireCause is what stands behind a pause.
type wireCause struct {
	ByPerson bool       `json:"by_person" doc:"A person decided; otherwise the engine did"`
	Reason   *string    `json:"reason"`
	Code     *int       `json:"code" doc:"The provider's own code"`
	Since    *time.Time `json:"since"`
	Until    *time.Time `json:"until" doc:"When it ends by itself; null = with word from the provider, or by a person"`
}

// wordCause is null while nothing is paused: what is kept of the last pause is the engine's own business.
func wordCause(pause string, c arauto.Cause) *wireCause {
	if pause == "" {
		return nil
	}
	out := &wireCause{ByPerson: c.ByPerson(), Reason: text(c.Reason), Since: at(c.Since), Until: at(c.Until)}
	if c.Code != 0 || !c.ByPerson() && c.Reason == arauto.ReasonSenderTrouble {
		out.Code = &c.Code
	}
	return out
}

type wireCodeRule struct {
	Code      int               `json:"code"`
	LastCode  *int              `json:"last_code" doc:"Of a range of codes that mean the same; null = one code"`
	Reason    string            `json:"reason"`
	Scope     string            `json:"scope" enum:"contact,pair,campaign,template,sender,waba" doc:"What it speaks of"`
	Action    string            `json:"action" enum:"retry,wait,fail,suppress,pause" doc:"retry: the contact is tried again. wait: it fails, unless the campaign allows one more try. pause: the scope stands still and its contacts wait"`
	NotBefore int               `json:"not_before_seconds" doc:"Before the next try, or before a pause ends by itself; 0 = soon, or with word from the provider or by a person"`
	Tries     int               `json:"tries" doc:"Of one contact at most, when the action is retry"`
	What      map[string]string `json:"what" doc:"What happened, by language"`
	Next      map[string]string `json:"next_step" doc:"By language"`
}

func wordRule(r arauto.CodeRule) wireCodeRule {
	out := wireCodeRule{
		Code: r.First, Reason: string(r.Reason), Scope: string(r.Scope), Action: string(r.Action), NotBefore: r.After, Tries: r.Tries,
		What: map[string]string{}, Next: map[string]string{},
	}
	if r.Last != r.First {
		out.LastCode = &r.Last
	}
	for l, said := range r.What {
		out.What[string(l)] = said
	}
	for l, said := range r.Next {
		out.Next[string(l)] = said
	}
	return out
}

type codeTable struct {
	Data []wireCodeRule `json:"data" nullable:"false"`
}

type failureTable struct {
	Data []wireFailureClass `json:"data" nullable:"false"`
}

type wireStoppedCountry struct {
	Calling string     `json:"calling_code" doc:"Digits; where countries share a code, with what tells them apart"`
	Code    int        `json:"code" doc:"The provider's own"`
	Words   string     `json:"words" doc:"The provider's own"`
	Since   *time.Time `json:"since"`
}

type countryTable struct {
	Data []wireStoppedCountry `json:"data" nullable:"false"`
}

// mostCountries is more than there are calling codes in use.
const mostCountries = 1000

func (a *API) errors() {
	handle(a, op{
		method: http.MethodGet, path: "/errors", scope: arauto.TokenRead, tag: "errors", summary: "What each of Meta's codes means, what is done, and what to do",
		more: "A code that is not listed fails its contact and is counted. The whole table is one answer.",
	}, func(_ context.Context, _ Caller, _ *struct{}) (*codeTable, error) {
		out := &codeTable{Data: []wireCodeRule{}}
		for _, r := range a.Codes.Table() {
			out.Data = append(out.Data, wordRule(r))
		}
		return out, nil
	})
	handle(a, op{
		method: http.MethodGet, path: "/campaigns/{id}/failures", scope: arauto.TokenRead, tag: "errors", summary: "A campaign's failed contacts by reason and code",
		more: "Kept as contacts change, never counted: it costs the same for any list.",
	}, func(ctx context.Context, c Caller, in *ByRef) (*failureTable, error) {
		campaign, err := a.campaign(ctx, c, ref(in.ID))
		if err != nil {
			return nil, err
		}
		list, err := a.Store.Failures(ctx, c.Account.ID, campaign.ID)
		out := &failureTable{Data: []wireFailureClass{}}
		for _, f := range list {
			out.Data = append(out.Data, a.wordFailure(f, c.Account.Language))
		}
		return out, err
	})
	a.wabaPauses()
}

func (a *API) wabaPauses() {
	handle(a, op{method: http.MethodPost, path: "/wabas/{id}/pause", scope: arauto.TokenAdmin, tag: "business", summary: "Send nothing from any number of a WhatsApp Business Account for now"},
		func(ctx context.Context, c Caller, in *struct {
			ByNumber
			Body *whyBody
		},
		) (*wireWABA, error) {
			why := "paused by " + c.Token.Name
			if in.Body != nil && in.Body.Why != "" {
				why = in.Body.Why
			}
			w, err := a.Store.PauseWABA(ctx, actor(c), a.Now(), c.Account.ID, in.ID, why)
			out := wordWABA(w)
			return &out, err
		})
	handle(a, op{
		method: http.MethodPost, path: "/wabas/{id}/resume", scope: arauto.TokenAdmin, tag: "business", summary: "Send from a WhatsApp Business Account again",
		more: "Numbers that were paused on their own stay so.",
	}, func(ctx context.Context, c Caller, in *ByNumber) (*wireWABA, error) {
		w, err := a.Store.PauseWABA(ctx, actor(c), a.Now(), c.Account.ID, in.ID, "")
		out := wordWABA(w)
		return &out, err
	})
	handle(a, op{
		method: http.MethodGet, path: "/wabas/{id}/stopped-countries", scope: arauto.TokenRead, tag: "errors", summary: "Countries that Meta closed to a WhatsApp Business Account",
		more: "Contacts there fail without a message.",
	}, func(ctx context.Context, c Caller, in *ByNumber) (*countryTable, error) {
		if _, err := a.Store.WABA(ctx, c.Account.ID, in.ID); err != nil {
			return nil, err
		}
		list, err := a.Store.StoppedCountries(ctx, c.Account.ID, in.ID, "", mostCountries)
		out := &countryTable{Data: []wireStoppedCountry{}}
		for _, s := range list {
			out.Data = append(out.Data, wireStoppedCountry{Calling: s.Calling, Code: s.Code, Words: s.Words, Since: at(s.Since)})
		}
		return out, err
	})
	handle(a, op{
		method: http.MethodDelete, path: "/wabas/{id}/stopped-countries/{calling}", scope: arauto.TokenAdmin, tag: "errors", summary: "Write to a country again", status: http.StatusNoContent,
		more: "Contacts that failed for it may be tried again.",
	}, func(ctx context.Context, c Caller, in *struct {
		ByNumber
		Calling string `path:"calling" maxLength:"16" doc:"As the list has it"`
	},
	) (*nothing, error) {
		return nil, a.Store.LiftCountry(ctx, actor(c), a.Now(), c.Account.ID, in.ID, in.Calling)
	})
}

// wordContact is wordContact with what the provider's code means.
func (a *API) wordContact(r arauto.ContactRow, l arauto.Language) WireContact {
	out := wordContact(r, l)
	if r.Code != 0 {
		rule, _ := a.Codes.Explain(r.Code)
		out.CodeWords, out.NextStep = text(rule.What.In(l)), text(rule.Next.In(l))
	}
	return out
}
