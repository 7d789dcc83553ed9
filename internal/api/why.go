package api

import (
	"context"
	"net/http"
	"time"

	"arauto"
)

// Why is what the API asks of the store to say why somebody was, or was not, contacted.
type Why interface {
	// ContactsOf lists every contact of those people, newest first.
	ContactsOf(ctx context.Context, account int64, personKeys []string) ([]arauto.ContactRow, error)
	// GateInputs is what the gate looks at for each contact; one that is gone is left out.
	GateInputs(ctx context.Context, now time.Time, account int64, contacts []int64) ([]arauto.GateInput, error)
	SuppressionsOf(ctx context.Context, account int64, personKeys []string) (map[string][]arauto.Suppression, error)
}

// whyMost is how many contacts of one person are explained; the newest.
const whyMost = 100

type wireWhy struct {
	Contact      WireContact       `json:"contact"`
	Verdict      wireVerdict       `json:"verdict" doc:"What the gate says now"`
	Sentence     string            `json:"sentence" doc:"The verdict in the account's language"`
	LastTouchAt  *time.Time        `json:"last_touch_at" doc:"Of the person, over all campaigns"`
	Attempts     []wireAttempt     `json:"attempts" nullable:"false"`
	Suppressions []wireSuppression `json:"suppressions" nullable:"false" doc:"The person's, in force or not"`
}

type wireVerdict struct {
	Outcome string     `json:"outcome" enum:"go,wait,suppress,fail,done"`
	Reason  *string    `json:"reason"`
	Words   *string    `json:"words"`
	Until   *time.Time `json:"until" doc:"When to ask again; null = when something changes"`
}

type whyPhone struct {
	Data         []wireWhy         `json:"data" nullable:"false"`
	Suppressions []wireSuppression `json:"suppressions" nullable:"false" doc:"Also of people who are in no campaign"`
}

func (a *API) why() {
	handle(a, op{method: http.MethodGet, path: "/contacts/{id}/why", scope: arauto.TokenRead, tag: "why", summary: "Why a contact was or was not contacted"},
		func(ctx context.Context, c Caller, in *ByNumber) (*wireWhy, error) {
			row, err := a.Store.Contact(ctx, c.Account.ID, in.ID)
			if err != nil {
				return nil, err
			}
			list, err := a.explain(ctx, c, []arauto.ContactRow{row})
			if err != nil {
				return nil, err
			}
			return &list[0], nil
		})
	handle(a, op{method: http.MethodGet, path: "/why", scope: arauto.TokenRead, tag: "why", summary: "Why a person was or was not contacted, in every campaign"},
		func(ctx context.Context, c Caller, in *struct {
			Phone string `query:"phone" required:"true" minLength:"1" maxLength:"140" doc:"The whole number, in any common spelling, or a business-scoped id"`
		},
		) (*whyPhone, error) {
			return a.whyPhone(ctx, c, in.Phone)
		})
}

func (a *API) whyPhone(ctx context.Context, c Caller, phone string) (*whyPhone, error) {
	keys := a.personKeys(c, phone)
	if len(keys) == 0 {
		return nil, arauto.Errorf(arauto.KindInvalid, "query.phone", "this cannot be a phone number: give it with its country code, such as +5511999881122, or a business-scoped id")
	}
	rows, err := a.Store.ContactsOf(ctx, c.Account.ID, keys)
	if err != nil {
		return nil, err
	}
	found, err := a.Store.SuppressionsOf(ctx, c.Account.ID, keys)
	if err != nil {
		return nil, err
	}
	out := &whyPhone{Suppressions: []wireSuppression{}}
	for _, key := range keys {
		for _, s := range found[key] {
			out.Suppressions = append(out.Suppressions, wordSuppression(s))
		}
		delete(found, key) // two spellings may be one person
	}
	out.Data, err = a.explain(ctx, c, rows[:min(len(rows), whyMost)])
	return out, err
}

// explain asks the gate exactly what dispatch asks it.
func (a *API) explain(ctx context.Context, c Caller, rows []arauto.ContactRow) ([]wireWhy, error) {
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	inputs := map[int64]arauto.GateInput{}
	if len(ids) > 0 {
		list, err := a.Store.GateInputs(ctx, a.Now(), c.Account.ID, ids)
		if err != nil {
			return nil, err
		}
		for _, in := range list {
			inputs[in.Contact.ID] = in
		}
	}
	out := make([]wireWhy, 0, len(rows))
	for _, r := range rows {
		attempts, err := a.Store.AttemptsOf(ctx, c.Account.ID, r.ID)
		if err != nil {
			return nil, err
		}
		in, ok := inputs[r.ID]
		if !ok {
			in = arauto.GateInput{Contact: r.Contact}
			in.Contact.DeletedAt = a.Now() // it went while we looked
		}
		out = append(out, a.wordWhy(r, in, attempts, c.Account.Language))
	}
	return out, nil
}

func (a *API) wordWhy(r arauto.ContactRow, in arauto.GateInput, attempts []arauto.Attempt, l arauto.Language) wireWhy {
	v := arauto.Decide(in, a.Now())
	out := wireWhy{
		Contact: a.wordContact(r, l), Verdict: wireVerdict{Outcome: string(v.Outcome), Reason: text(v.Reason), Words: text(v.Words), Until: at(v.Until)},
		Sentence: verdictWords(r.Contact, v, l), LastTouchAt: at(in.LastTouch), Attempts: wordAttempts(attempts), Suppressions: []wireSuppression{},
	}
	for _, s := range in.Suppressions {
		out.Suppressions = append(out.Suppressions, wordSuppression(s))
	}
	return out
}
