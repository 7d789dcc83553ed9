package api

import (
	"context"
	"net/http"
	"time"

	"arauto"
)

// Conversions is what the API asks of the store about what Meta is told.
type Conversions interface {
	// Conversions lists newest first, ids below before; 0 = from the newest. State "" is any.
	Conversions(ctx context.Context, account int64, state arauto.ConversionState, before int64, limit int) ([]arauto.Conversion, error)
	// ReplayConversion is a conflict for one that was sent, or is on its way.
	ReplayConversion(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64) (arauto.Conversion, error)
	ConversionRules(ctx context.Context, account, after int64, limit int) ([]arauto.ConversionRule, error)
	// SaveConversionRule is not found when the account has no such activity code.
	SaveConversionRule(ctx context.Context, actor arauto.Actor, now time.Time, r arauto.ConversionRule) error
	DeleteConversionRule(ctx context.Context, actor arauto.Actor, now time.Time, account, code int64) error
}

type wireConversion struct {
	ID             int64      `json:"id"`
	ClickID        int64      `json:"click_id"`
	ChatID         int64      `json:"chat_id" doc:"Number of the conversation"`
	ActivityCodeID int64      `json:"activity_code_id"`
	SenderID       int64      `json:"sender_id"`
	CtwaClid       *string    `json:"ctwa_clid"`
	Event          string     `json:"event" example:"Purchase"`
	Value          *wireWorth `json:"value"`
	State          string     `json:"state" enum:"pending,sending,sent,failed,unknown,expired,skipped"`
	Detail         *string    `json:"detail" doc:"Why it is not sent"`
	ErrorCode      *int64     `json:"error_code" doc:"Meta's"`
	Tries          int        `json:"tries"`
	At             *time.Time `json:"at" doc:"When the conversation was closed"`
	ClickedAt      *time.Time `json:"clicked_at"`
	DueAt          *time.Time `json:"due_at" doc:"Of its next try"`
	DoneAt         *time.Time `json:"done_at"`
}

func wordConversion(c arauto.Conversion) wireConversion {
	out := wireConversion{
		ID: c.ID, ClickID: c.Click, ChatID: c.Conversation, ActivityCodeID: c.Code, SenderID: c.Sender, CtwaClid: text(c.Clid), Event: c.Event, State: string(c.State),
		Detail: text(c.Detail), ErrorCode: number(int64(c.ErrorCode)), Tries: c.Tries, At: at(c.At), ClickedAt: at(c.ClickedAt), DoneAt: at(c.DoneAt),
	}
	if c.State == arauto.ConversionPending {
		out.DueAt = at(c.DueAt)
	}
	if c.Value != (arauto.Money{}) {
		worth := wordWorth(c.Value)
		out.Value = &worth
	}
	return out
}

type wireConversionRule struct {
	ActivityCodeID int64      `json:"activity_code_id"`
	Event          string     `json:"event"`
	Value          *wireWorth `json:"value"`
}

func wordConversionRule(r arauto.ConversionRule) wireConversionRule {
	out := wireConversionRule{ActivityCodeID: r.Code, Event: r.Event}
	if r.Value != (arauto.Money{}) {
		worth := wordWorth(r.Value)
		out.Value = &worth
	}
	return out
}

type conversionRuleChange struct {
	Event string `json:"event" maxLength:"40" doc:"Meta's name of it, such as Purchase or LeadSubmitted"`
	Value *struct {
		Currency string `json:"currency" enum:"BRL,USD"`
		Amount   string `json:"amount" maxLength:"20" pattern:"^[0-9]{1,10}([.][0-9]{1,6})?$" example:"150.00"`
	} `json:"value,omitempty"`
}

func (a *API) conversions() {
	handle(a, op{
		method: http.MethodGet, path: "/conversions", scope: arauto.TokenRead, tag: "conversions", summary: "What Meta is told of clicks, newest first",
		more: "Closing a conversation that a click brought, with an activity code that has a rule, makes one. Each click's event is sent once.",
	}, func(ctx context.Context, c Caller, in *struct {
		Paging
		State string `query:"state" enum:"pending,sending,sent,failed,unknown,expired,skipped"`
	},
	) (*page[wireConversion], error) {
		before, err := in.key()
		if err != nil {
			return nil, err
		}
		rows, err := a.Store.Conversions(ctx, c.Account.ID, arauto.ConversionState(in.State), before, in.Limit)
		return pageOf(ctx, in.Paging, rows, func(c arauto.Conversion) int64 { return c.ID }, wordConversion), err
	})
	handle(a, op{
		method: http.MethodPost, path: "/conversions/{id}/replay", scope: arauto.TokenAdmin, tag: "conversions", summary: "Tell Meta again",
		more: "For one that failed, expired or whose fate is unknown. Of the latter Meta may count the event twice: it cannot be asked.",
	}, func(ctx context.Context, c Caller, in *ByNumber) (*wireConversion, error) {
		v, err := a.Store.ReplayConversion(ctx, actor(c), a.Now(), c.Account.ID, in.ID)
		out := wordConversion(v)
		return &out, err
	})
	a.conversionRules()
}

func (a *API) conversionRules() {
	handle(a, op{method: http.MethodGet, path: "/conversion-rules", scope: arauto.TokenRead, tag: "conversions", summary: "Which activity code is which event"},
		func(ctx context.Context, c Caller, in *Paging) (*page[wireConversionRule], error) {
			after, err := in.key()
			if err != nil {
				return nil, err
			}
			rows, err := a.Store.ConversionRules(ctx, c.Account.ID, after, in.Limit)
			return pageOf(ctx, *in, rows, func(r arauto.ConversionRule) int64 { return r.Code }, wordConversionRule), err
		})
	handle(a, op{
		method: http.MethodPut, path: "/conversion-rules/{id}", scope: arauto.TokenAdmin, tag: "conversions", summary: "Make an activity code an event, with a value",
		more: "It holds for what is closed from now on. A sub-code without a rule has its main code's.",
	}, func(ctx context.Context, c Caller, in *struct {
		ByNumber
		Body conversionRuleChange
	},
	) (*wireConversionRule, error) {
		r := arauto.ConversionRule{Account: c.Account.ID, Code: in.ID, Event: in.Body.Event}
		if v := in.Body.Value; v != nil {
			micros, err := arauto.ParseMicros(v.Amount)
			if err != nil {
				return nil, arauto.Errorf(arauto.KindInvalid, "body.value.amount", "%s", err.Error())
			}
			r.Value = arauto.Money{Currency: arauto.Currency(v.Currency), Micros: micros}
		}
		err := a.Store.SaveConversionRule(ctx, actor(c), a.Now(), r)
		out := wordConversionRule(r)
		return &out, err
	})
	handle(a, op{method: http.MethodDelete, path: "/conversion-rules/{id}", scope: arauto.TokenAdmin, tag: "conversions", summary: "End a rule", status: http.StatusNoContent},
		func(ctx context.Context, c Caller, in *ByNumber) (*nothing, error) {
			return nil, a.Store.DeleteConversionRule(ctx, actor(c), a.Now(), c.Account.ID, in.ID)
		})
}
