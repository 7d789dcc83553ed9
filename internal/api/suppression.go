package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"arauto"
)

// Suppressions is what the API asks of the store about who must not be contacted.
type Suppressions interface {
	// AddSuppressions answers in order.
	AddSuppressions(ctx context.Context, actor arauto.Actor, now time.Time, account int64, list []arauto.Suppression) ([]arauto.Suppression, error)
	LiftSuppression(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, evidence string) error
	// Suppressions lists newest first, ids below before (0 = from the newest); personKey "" = everybody's.
	Suppressions(ctx context.Context, account, before int64, limit int, personKey string) ([]arauto.Suppression, error)
}

type wireSuppression struct {
	ID        int64      `json:"id"`
	Phone     *string    `json:"phone"`
	Scope     string     `json:"scope" enum:"marketing,all"`
	Channel   *string    `json:"channel" doc:"null = every channel"`
	Source    string     `json:"source" doc:"opt_out_keyword, user_preferences, provider, api, upload"`
	Evidence  string     `json:"evidence"`
	ContactID *int64     `json:"contact_id" doc:"The contact it came from"`
	CreatedAt *time.Time `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at"`
	LiftedAt  *time.Time `json:"lifted_at" doc:"null = in force"`
}

func wordSuppression(s arauto.Suppression) wireSuppression {
	return wireSuppression{
		ID: s.ID, Phone: text(s.Phone), Scope: string(s.Scope), Channel: text(s.Channel), Source: s.Source, Evidence: s.Evidence,
		ContactID: number(s.Contact), CreatedAt: at(s.CreatedAt), ExpiresAt: at(s.ExpiresAt), LiftedAt: at(s.LiftedAt),
	}
}

type newSuppressions struct {
	Phones    []string   `json:"phones" minItems:"1" maxItems:"1000" nullable:"false"`
	Scope     string     `json:"scope,omitempty" enum:"marketing,all" default:"all"`
	Channel   string     `json:"channel,omitempty" enum:"whatsapp,voice" doc:"Absent = every channel"`
	Evidence  string     `json:"evidence" minLength:"1" maxLength:"1000" doc:"What was seen: a ticket, a call, a letter"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"Absent = never"`
}

type suppressedOne struct {
	Index int        `json:"index"`
	ID    *int64     `json:"id"`
	Error *wireFault `json:"error"`
}

type suppressedPage struct {
	Data     []suppressedOne `json:"data" nullable:"false"`
	Added    int             `json:"added"`
	Rejected int             `json:"rejected"`
}

func (a *API) suppressions() {
	handle(a, op{
		method: http.MethodPost, path: "/suppressions", scope: arauto.TokenWrite, tag: "suppressions", summary: "Do not contact these people",
		more: "Holds for every campaign from the next message on. Each phone has its own result.",
	}, a.suppress)
	handle(a, op{method: http.MethodGet, path: "/suppressions", scope: arauto.TokenRead, tag: "suppressions", summary: "Who must not be contacted, newest first"}, a.listSuppressions)
	handle(a, op{
		method: http.MethodDelete, path: "/suppressions/{id}", scope: arauto.TokenWrite, tag: "suppressions", summary: "Lift a suppression", status: http.StatusNoContent,
		more: "It is kept, with the evidence of both.",
	}, func(ctx context.Context, c Caller, in *struct {
		ByNumber
		Evidence string `query:"evidence" required:"true" minLength:"1" maxLength:"1000" doc:"Why the person may be contacted again"`
	},
	) (*nothing, error) {
		return nil, a.Store.LiftSuppression(ctx, actor(c), a.Now(), c.Account.ID, in.ID, in.Evidence)
	})
}

func (a *API) suppress(ctx context.Context, c Caller, in *struct{ Body newSuppressions }) (*suppressedPage, error) {
	b, now := in.Body, a.Now()
	if b.ExpiresAt != nil && !b.ExpiresAt.After(now) {
		return nil, arauto.Errorf(arauto.KindInvalid, "body.expires_at", "this moment has passed: choose a later one, or leave it out")
	}
	out := &suppressedPage{Data: make([]suppressedOne, len(b.Phones))}
	var good []arauto.Suppression
	var place []int // of each good one in the request
	for i, raw := range b.Phones {
		out.Data[i].Index = i
		phone, err := a.Phones.Parse(c.Account.Country, raw)
		if err != nil {
			out.Data[i].Error = &wireFault{Location: "body.phones[" + strconv.Itoa(i) + "]", Message: err.Error()}
			out.Rejected++
			continue
		}
		place = append(place, i)
		good = append(good, arauto.Suppression{
			Account: c.Account.ID, PersonKey: phone.PersonKey(), Phone: phone, Scope: arauto.SuppressionScope(b.Scope), Channel: arauto.Channel(b.Channel),
			Source: "api", Evidence: b.Evidence, CreatedAt: now, ExpiresAt: moment(b.ExpiresAt),
		})
	}
	if len(good) == 0 {
		return out, nil
	}
	stored, err := a.Store.AddSuppressions(ctx, actor(c), now, c.Account.ID, good)
	if err != nil {
		return nil, err
	}
	for j, s := range stored {
		out.Data[place[j]].ID = number(s.ID)
	}
	out.Added = len(stored)
	return out, nil
}

func (a *API) listSuppressions(ctx context.Context, c Caller, in *struct {
	Paging
	Phone string `query:"phone" maxLength:"40" doc:"One person's; in any common spelling"`
},
) (*page[wireSuppression], error) {
	before, err := in.key()
	if err != nil {
		return nil, err
	}
	if in.Phone == "" {
		rows, err := a.Store.Suppressions(ctx, c.Account.ID, before, in.Limit, "")
		return pageOf(ctx, in.Paging, rows, func(s arauto.Suppression) int64 { return s.ID }, wordSuppression), err
	}
	keys := a.personKeys(c, in.Phone)
	if len(keys) == 0 {
		return &page[wireSuppression]{Data: []wireSuppression{}}, nil
	}
	// One spelling is nearly always one person; where it may be two, the likelier comes first.
	rows, err := a.Store.Suppressions(ctx, c.Account.ID, before, in.Limit, keys[0])
	return pageOf(ctx, in.Paging, rows, func(s arauto.Suppression) int64 { return s.ID }, wordSuppression), err
}
