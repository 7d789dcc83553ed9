package api

import (
	"context"
	"net/http"
	"time"

	"arauto"
)

// Costs is what the API asks of the store about money.
type Costs interface {
	Rates(ctx context.Context, account int64) (arauto.Rates, error)
	// ReplaceRates makes list all the rates there are; the error is invalid and names the rate.
	ReplaceRates(ctx context.Context, actor arauto.Actor, now time.Time, account int64, list []arauto.Rate) error
	// Costs is what campaigns cost so far; Countries how many contacts of their lists are where.
	Costs(ctx context.Context, account int64, campaigns []int64) (map[int64][]arauto.CostLine, error)
	Countries(ctx context.Context, account int64, campaigns []int64) (map[int64]map[string]int64, error)
}

// wireMoney is an amount as a decimal: numbers in JSON lose digits.
type wireMoney struct {
	Currency string `json:"currency,omitempty" enum:"BRL,USD"`
	Amount   string `json:"amount" pattern:"^[0-9]{1,10}([.,][0-9]{1,6})?$" maxLength:"18" example:"500.00"`
}

func wordMoney(m arauto.Money) wireMoney {
	return wireMoney{string(m.Currency), arauto.FormatMicros(m.Micros)}
}

// noun reads what the pattern let through; 0 is no money in whichever currency.
func (w wireMoney) noun() arauto.Money {
	micros, err := arauto.ParseMicros(w.Amount)
	if err != nil {
		return arauto.Money{Currency: arauto.Currency(w.Currency), Micros: -1} // too much: Check says so
	}
	if micros == 0 {
		return arauto.Money{}
	}
	return arauto.Money{Currency: arauto.Currency(w.Currency), Micros: micros}
}

type wireRate struct {
	Country   string     `json:"country" minLength:"1" maxLength:"2" example:"BR" doc:"Two letters, or * for every country that has no rate of its own"`
	Category  string     `json:"category" minLength:"1" maxLength:"50" example:"marketing" doc:"As Meta names it in the price of a message: marketing, utility, authentication, service, …"`
	Currency  string     `json:"currency" enum:"BRL,USD"`
	Rate      string     `json:"rate" pattern:"^[0-9]{1,10}([.,][0-9]{1,6})?$" maxLength:"18" example:"0.0625" doc:"Of one message"`
	ValidFrom *time.Time `json:"valid_from,omitempty" doc:"Absent = always; of several, the one that began last holds"`
}

type rateList struct {
	Rates []wireRate `json:"rates" maxItems:"5000" nullable:"false"`
}

// wireCost is what a campaign costs, in each currency that the account keeps rates in.
type wireCost struct {
	Estimated []wireMoney `json:"estimated" nullable:"false" doc:"One message to everybody in the list, by today's rates; see /campaigns/{id}/estimate for what has none. Empty in lists of campaigns"`
	Counted   []wireMoney `json:"counted" nullable:"false" doc:"Of messages whose price Meta named, by the rates when it did"`
	Reserved  []wireMoney `json:"reserved" nullable:"false" doc:"Set aside for messages on their way; for campaigns with a ceiling only"`
	Unrated   int64       `json:"unrated" doc:"Messages that Meta charges and the account has no rate for"`
	Free      int64       `json:"free" doc:"Messages in a free window"`
}

func wordCost(lines []arauto.CostLine) wireCost {
	out := wireCost{Estimated: []wireMoney{}, Counted: sums(lines, arauto.BillingRegular), Reserved: sums(lines, arauto.BillingExpected)}
	byCurrency := map[arauto.Currency]int64{}
	for _, l := range lines {
		switch l.Billing {
		case arauto.BillingFree:
			out.Free += l.Messages
		case arauto.BillingUnrated:
			byCurrency[l.Currency] += l.Messages
			out.Unrated = max(out.Unrated, byCurrency[l.Currency])
		}
	}
	return out
}

// sums adds lines up, by currency.
func sums(lines []arauto.CostLine, billing arauto.Billing) []wireMoney {
	out := []wireMoney{}
	for _, currency := range arauto.Currencies() {
		total, found := arauto.Money{Currency: currency}, false
		for _, l := range lines {
			if l.Billing == billing && l.Currency == currency {
				total.Micros, found = total.Micros+l.Micros, true
			}
		}
		if found {
			out = append(out, wordMoney(total))
		}
	}
	return out
}

type wireCostLine struct {
	Billing  string  `json:"billing" enum:"regular,free,unrated,expected"`
	Currency *string `json:"currency"`
	Category string  `json:"category"`
	Country  *string `json:"country" doc:"null = the number does not say"`
	Messages int64   `json:"messages"`
	Amount   string  `json:"amount"`
}

func wordCostLines(lines []arauto.CostLine) []wireCostLine {
	out := make([]wireCostLine, 0, len(lines))
	for _, l := range lines {
		out = append(out, wireCostLine{string(l.Billing), text(l.Currency), l.Category, text(l.Country), l.Messages, arauto.FormatMicros(l.Micros)})
	}
	return out
}

type wireEstimate struct {
	Contacts int64          `json:"contacts" doc:"Everybody in the list, whatever became of them"`
	Category *string        `json:"category" doc:"The template's; null while the campaign has none"`
	Total    []wireMoney    `json:"total" nullable:"false" doc:"By currency, without what has no rate"`
	Lines    []wireCostLine `json:"lines" nullable:"false" doc:"By country and currency; unrated = there is no rate"`
	Missing  []string       `json:"missing" nullable:"false" doc:"The rates to enter, in words"`
}

type costDetail struct {
	wireCost
	Lines []wireCostLine `json:"lines" nullable:"false" doc:"By billing, currency, category and country"`
}

func (a *API) costs() {
	handle(a, op{method: http.MethodGet, path: "/rates", scope: arauto.TokenRead, tag: "money", summary: "What one message costs, by country and category"},
		func(ctx context.Context, c Caller, _ *struct{}) (*rateList, error) { return a.rates(ctx, c) })
	handle(a, op{
		method: http.MethodPut, path: "/rates", scope: arauto.TokenWrite, tag: "money", summary: "Replace all rates",
		more: "Arauto knows no prices of its own: enter those of your agreement with Meta, or of its rate card. What was counted stays counted.",
	}, a.putRates)
	handle(a, op{
		method: http.MethodGet, path: "/campaigns/{id}/estimate", scope: arauto.TokenRead, tag: "money", summary: "What a campaign's list would cost, by today's rates",
		more: "One message to everybody in the list. A dry run leaves out those whom the gate would not let through.",
	}, a.estimate)
	handle(a, op{
		method: http.MethodGet, path: "/campaigns/{id}/cost", scope: arauto.TokenRead, tag: "money", summary: "What a campaign cost so far",
		more: "A message is counted once, when Meta names its price, and taken off again when it fails.",
	}, func(ctx context.Context, c Caller, in *ByRef) (*costDetail, error) {
		campaign, err := a.campaign(ctx, c, ref(in.ID))
		if err != nil {
			return nil, err
		}
		cost, lines, err := a.costOf(ctx, campaign)
		return &costDetail{cost, wordCostLines(lines)}, err
	})
}

func (a *API) rates(ctx context.Context, c Caller) (*rateList, error) {
	list, err := a.Store.Rates(ctx, c.Account.ID)
	out := &rateList{Rates: make([]wireRate, 0, len(list))}
	for _, r := range list {
		out.Rates = append(out.Rates, wireRate{r.Country, r.Category, string(r.Currency), arauto.FormatMicros(r.Micros), at(r.ValidFrom)})
	}
	return out, err
}

func (a *API) putRates(ctx context.Context, c Caller, in *struct{ Body rateList }) (*rateList, error) {
	list := make([]arauto.Rate, len(in.Body.Rates))
	for i, w := range in.Body.Rates {
		micros, err := arauto.ParseMicros(w.Rate)
		if err != nil {
			micros = -1 // too much: Check says so
		}
		list[i] = arauto.Rate{
			Country: w.Country, Category: arauto.NormalCategory(w.Category), Currency: arauto.Currency(w.Currency), Micros: micros, ValidFrom: moment(w.ValidFrom),
		}
	}
	if err := a.Store.ReplaceRates(ctx, actor(c), a.Now(), c.Account.ID, list); err != nil {
		return nil, err
	}
	return a.rates(ctx, c)
}

func (a *API) estimate(ctx context.Context, c Caller, in *ByRef) (*wireEstimate, error) {
	campaign, err := a.campaign(ctx, c, ref(in.ID))
	if err != nil {
		return nil, err
	}
	people, err := a.Store.Countries(ctx, c.Account.ID, []int64{campaign.ID})
	if err != nil {
		return nil, err
	}
	category, lines, err := a.estimateOf(ctx, campaign, people[campaign.ID])
	out := &wireEstimate{Category: text(category), Total: sums(lines, arauto.BillingRegular), Lines: wordCostLines(lines), Missing: []string{}}
	for _, n := range people[campaign.ID] {
		out.Contacts += n
	}
	for _, l := range lines {
		if l.Billing == arauto.BillingUnrated {
			out.Missing = append(out.Missing, missingRate(l))
		}
	}
	return out, err
}

// missingRate is "BR marketing BRL", as the table of rates is keyed.
func missingRate(l arauto.CostLine) string {
	country, currency := l.Country, string(l.Currency)
	if country == "" {
		country = arauto.AnyCountry
	}
	if currency == "" {
		currency = "BRL or USD"
	}
	return country + " " + l.Category + " " + currency
}

// estimateOf prices people by country for a campaign; its template says the category, "" = none yet.
func (a *API) estimateOf(ctx context.Context, campaign arauto.Campaign, people map[string]int64) (category string, lines []arauto.CostLine, err error) {
	if campaign.Template == 0 {
		return "", nil, nil
	}
	t, err := a.Store.Template(ctx, campaign.Account, campaign.Template)
	if err != nil {
		return "", nil, err
	}
	rates, err := a.Store.Rates(ctx, campaign.Account)
	category = arauto.NormalCategory(t.Category)
	return category, arauto.Estimate(people, category, rates, a.Now()), err
}

// costOf is what one campaign is estimated to cost and cost so far.
func (a *API) costOf(ctx context.Context, campaign arauto.Campaign) (wireCost, []arauto.CostLine, error) {
	id := []int64{campaign.ID}
	lines, err := a.Store.Costs(ctx, campaign.Account, id)
	if err != nil {
		return wireCost{}, nil, err
	}
	people, err := a.Store.Countries(ctx, campaign.Account, id)
	if err != nil {
		return wireCost{}, nil, err
	}
	out := wordCost(lines[campaign.ID])
	_, estimate, err := a.estimateOf(ctx, campaign, people[campaign.ID])
	out.Estimated = sums(estimate, arauto.BillingRegular)
	return out, lines[campaign.ID], err
}
