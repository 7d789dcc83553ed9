package api

import (
	"context"
	"net/http"
	"time"

	"arauto"
)

// Portfolios is what the API asks of the store about portfolios and about what numbers may still send.
type Portfolios interface {
	Portfolios(ctx context.Context, account, after int64, limit int) ([]arauto.Portfolio, error)
	Portfolio(ctx context.Context, account, id int64) (arauto.Portfolio, error)
	// UpdatePortfolio stores the name and the limit.
	UpdatePortfolio(ctx context.Context, actor arauto.Actor, now time.Time, p arauto.Portfolio) (arauto.Portfolio, error)
	// Reach is how much of the portfolio's 24 hours is used.
	Reach(ctx context.Context, now time.Time, account, portfolio int64) (arauto.Budget, error)
	// RampUp is how much of a number's day is used while it is being warmed up.
	RampUp(ctx context.Context, now time.Time, s arauto.Sender) (arauto.Budget, error)
}

// NumberSync asks Meta what a number may send.
type NumberSync interface {
	// SyncNumber returns when the sender's rate and its portfolio's limit are stored.
	SyncNumber(ctx context.Context, actor arauto.Actor, s arauto.Sender) (arauto.Sender, error)
}

type wireBudget struct {
	Limit  *int64     `json:"limit" doc:"null = no limit, or none that is known"`
	Used   int        `json:"used"`
	Left   *int64     `json:"left" doc:"null = no limit"`
	FreeAt *time.Time `json:"free_at" doc:"When more will be left; null = nothing is used"`
}

func wordBudget(b arauto.Budget) wireBudget {
	out := wireBudget{Used: b.Used, FreeAt: at(b.FreeAt)}
	if b.Limit > 0 {
		limit, left := int64(b.Limit), int64(b.Left())
		out.Limit, out.Left = &limit, &left
	}
	return out
}

type wirePortfolio struct {
	ID     int64      `json:"id"`
	AppID  int64      `json:"app_id"`
	MetaID *string    `json:"meta_id" doc:"null = not known; its WABAs are taken as one portfolio"`
	Name   string     `json:"name"`
	Limit  *int64     `json:"limit" doc:"People it may reach in any 24 hours, over all its numbers; null = no limit, or none that is known"`
	Reach  wireBudget `json:"reach" doc:"People reached in the last 24 hours; counted only while there is a limit"`
}

type portfolioChange struct {
	Name  *string `json:"name,omitempty" maxLength:"200"`
	Limit *int    `json:"limit,omitempty" minimum:"0" maximum:"100000000" doc:"0 = no limit. Meta's are 250, 2000, 10000 and 100000; its own word, when it comes, replaces this"`
}

func (a *API) portfolios() {
	handle(a, op{method: http.MethodGet, path: "/portfolios", scope: arauto.TokenRead, tag: "business", summary: "List business portfolios, with whom they reached in 24 hours"},
		func(ctx context.Context, c Caller, in *Paging) (*page[wirePortfolio], error) {
			after, err := in.key()
			if err != nil {
				return nil, err
			}
			rows, err := a.Store.Portfolios(ctx, c.Account.ID, after, in.Limit)
			if err != nil {
				return nil, err
			}
			words := make(map[int64]wirePortfolio, len(rows))
			for _, p := range rows {
				if words[p.ID], err = a.wordPortfolio(ctx, p); err != nil {
					return nil, err
				}
			}
			return pageOf(ctx, *in, rows, func(p arauto.Portfolio) int64 { return p.ID }, func(p arauto.Portfolio) wirePortfolio { return words[p.ID] }), nil
		})
	handle(a, op{method: http.MethodGet, path: "/portfolios/{id}", scope: arauto.TokenRead, tag: "business", summary: "A business portfolio"},
		func(ctx context.Context, c Caller, in *ByNumber) (*wirePortfolio, error) {
			return a.answerPortfolio(ctx)(a.Store.Portfolio(ctx, c.Account.ID, in.ID))
		})
	handle(a, op{method: http.MethodPatch, path: "/portfolios/{id}", scope: arauto.TokenAdmin, tag: "business", summary: "Name a business portfolio, or set its limit"},
		func(ctx context.Context, c Caller, in *struct {
			ByNumber
			Body portfolioChange
		},
		) (*wirePortfolio, error) {
			p, err := a.Store.Portfolio(ctx, c.Account.ID, in.ID)
			if err != nil {
				return nil, err
			}
			set(&p.Name, in.Body.Name)
			set(&p.Limit, in.Body.Limit)
			return a.answerPortfolio(ctx)(a.Store.UpdatePortfolio(ctx, actor(c), a.Now(), p))
		})
}

func (a *API) answerPortfolio(ctx context.Context) func(arauto.Portfolio, error) (*wirePortfolio, error) {
	return func(p arauto.Portfolio, err error) (*wirePortfolio, error) {
		if err != nil {
			return nil, err
		}
		out, err := a.wordPortfolio(ctx, p)
		return &out, err
	}
}

func (a *API) wordPortfolio(ctx context.Context, p arauto.Portfolio) (wirePortfolio, error) {
	b, err := a.Store.Reach(ctx, a.Now(), p.Account, p.ID)
	reach := wordBudget(b)
	return wirePortfolio{ID: p.ID, AppID: p.App, MetaID: text(p.MetaID), Name: p.Name, Limit: reach.Limit, Reach: reach}, err
}

// wirePace is what a number may send.
type wirePace struct {
	Rate        int        `json:"rate" doc:"Messages per second"`
	RampUp      wireBudget `json:"ramp_up" doc:"Messages on this day of a number that is being warmed up"`
	PortfolioID *int64     `json:"portfolio_id"`
	Reach       wireBudget `json:"reach" doc:"People whom all numbers of its portfolio reached in the last 24 hours"`
}

func (a *API) pace(ctx context.Context, c Caller, in *ByRef) (*wirePace, error) {
	s, err := a.sender(ctx, c, ref(in.ID))
	if err != nil {
		return nil, err
	}
	waba, err := a.Store.WABA(ctx, c.Account.ID, s.WABA)
	if err != nil {
		return nil, err
	}
	now := a.Now()
	ramp, err := a.Store.RampUp(ctx, now, s)
	if err != nil {
		return nil, err
	}
	out := &wirePace{Rate: s.Rate, RampUp: wordBudget(ramp), PortfolioID: number(waba.Portfolio)}
	reach, err := a.Store.Reach(ctx, now, c.Account.ID, waba.Portfolio)
	out.Reach = wordBudget(reach)
	return out, err
}

func (a *API) syncSender(ctx context.Context, c Caller, in *ByRef) (*wireSender, error) {
	s, err := a.sender(ctx, c, ref(in.ID))
	if err != nil {
		return nil, err
	}
	return answerSender(a.Numbers.SyncNumber(ctx, actor(c), s))
}
