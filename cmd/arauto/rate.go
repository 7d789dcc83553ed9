package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

type rateCmd struct {
	remote
	List   rateListCmd   `cmd:"" help:"List what one message costs, by country and category."`
	Set    rateSetCmd    `cmd:"" help:"Enter one rate, or change it."`
	Import rateImportCmd `cmd:"" help:"Replace all rates by those of a CSV file."`
}

// rate is one as the API has it.
type rate struct {
	Country   string     `json:"country"`
	Category  string     `json:"category"`
	Currency  string     `json:"currency"`
	Rate      string     `json:"rate"`
	ValidFrom *time.Time `json:"valid_from,omitempty"`
}

type rates struct {
	Rates []rate `json:"rates"`
}

func (r rate) same(other rate) bool {
	return r.Country == other.Country && r.Category == other.Category && r.Currency == other.Currency && local(r.ValidFrom) == local(other.ValidFrom)
}

type rateListCmd struct{}

func (rateListCmd) Run(ctx context.Context, c *client) error {
	var got rates
	raw, err := c.get(ctx, "/rates", &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.showRates(got) })
}

func (c *client) showRates(list rates) error {
	var rows [][]string
	for _, r := range list.Rates {
		rows = append(rows, []string{r.Country, r.Category, r.Currency, r.Rate, local(r.ValidFrom)})
	}
	if len(rows) == 0 {
		c.note("There are no rates: enter those of your agreement with Meta, or of its rate card, with `arauto rate set` or `arauto rate import`.")
	}
	return c.table([]string{"COUNTRY", "CATEGORY", "CURRENCY", "RATE", "FROM"}, rows)
}

type rateSetCmd struct {
	Country  string `arg:"" help:"Two letters, or * for every other country."`
	Category string `arg:"" help:"marketing, utility, authentication, service or another that Meta names."`
	Currency string `arg:"" enum:"BRL,USD" help:"BRL or USD."`
	Rate     string `arg:"" help:"Of one message, such as 0.0625."`
	From     when   `placeholder:"TIME" help:"It holds from then on; default: always."`
}

func (k rateSetCmd) Run(ctx context.Context, c *client) error {
	var list rates
	if _, err := c.get(ctx, "/rates", &list); err != nil {
		return err
	}
	set := rate{Country: strings.ToUpper(k.Country), Category: strings.ToLower(k.Category), Currency: k.Currency, Rate: k.Rate, ValidFrom: k.From.pointer()}
	if i := slices.IndexFunc(list.Rates, set.same); i >= 0 {
		list.Rates[i] = set
	} else {
		list.Rates = append(list.Rates, set)
	}
	return c.putRates(ctx, list)
}

func (c *client) putRates(ctx context.Context, list rates) error {
	var got rates
	raw, err := c.call(ctx, http.MethodPut, "/rates", list, &got, callTime)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.say("There are %s rates", thousands(int64(len(got.Rates)))) })
}

type rateImportCmd struct {
	File string `arg:"" help:"CSV with the columns country, category, currency, rate and, if need be, valid_from (2026-10-01, in UTC, or RFC 3339); - is standard input."`
}

func (k rateImportCmd) Run(ctx context.Context, c *client) error {
	file := io.NopCloser(c.In)
	if k.File != "-" {
		var err error
		if file, err = os.Open(k.File); err != nil {
			return err
		}
	}
	defer file.Close()
	list, err := readRates(file)
	if err != nil {
		return fmt.Errorf("read %s: %w", k.File, err)
	}
	return c.putRates(ctx, list)
}

// maxRates is what the API takes.
const maxRates = 5000

func readRates(file io.Reader) (list rates, err error) {
	lines := csv.NewReader(file)
	lines.TrimLeadingSpace = true
	head, err := lines.Read()
	if err != nil {
		return list, err
	}
	at := map[string]int{}
	for i, name := range head {
		at[strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))] = i
	}
	for _, name := range []string{"country", "category", "currency", "rate"} {
		if _, there := at[name]; !there {
			return list, fmt.Errorf("there is no column %q", name)
		}
	}
	for {
		line, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		cell := func(name string) string { return strings.TrimSpace(line[at[name]]) }
		r := rate{Country: strings.ToUpper(cell("country")), Category: strings.ToLower(cell("category")), Currency: strings.ToUpper(cell("currency")), Rate: cell("rate")}
		if _, there := at["valid_from"]; there {
			if r.ValidFrom, err = readDay(cell("valid_from")); err != nil {
				return list, err
			}
		}
		if list.Rates = append(list.Rates, r); len(list.Rates) > maxRates {
			return list, fmt.Errorf("there are more than %d rates", maxRates)
		}
	}
}

// readDay is nil for an empty text.
func readDay(text string) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return &t, nil
		}
	}
	return nil, fmt.Errorf("%q is not a day such as 2026-10-01", text)
}

// money is an amount as the API has it.
type money struct {
	Currency string `json:"currency,omitempty"`
	Amount   string `json:"amount"`
}

// cost is a campaign's, as the API has it.
type cost struct {
	Estimated []money `json:"estimated"`
	Counted   []money `json:"counted"`
	Reserved  []money `json:"reserved"`
	Unrated   int64   `json:"unrated"`
	Free      int64   `json:"free"`
}

func amounts(list []money) string {
	words := make([]string, len(list))
	for i, m := range list {
		words[i] = m.Currency + " " + m.Amount
	}
	return strings.Join(words, ", ")
}

// facts are the lines of a campaign that are about money.
func (k cost) facts(ceiling *money) []string {
	some := func(n int64) string {
		if n == 0 {
			return ""
		}
		return thousands(n) + " messages"
	}
	list := []string{
		"Estimated", amounts(k.Estimated), "Cost", amounts(k.Counted), "  on its way", amounts(k.Reserved), "  without a rate", some(k.Unrated), "  free", some(k.Free),
	}
	if ceiling != nil && ceiling.Currency != "" {
		list = append(list, "Ceiling", ceiling.Currency+" "+ceiling.Amount)
	}
	return list
}

// ceiling is "BRL 500" on the command line; "0" takes it away.
type ceiling string

// UnmarshalText is kong's.
func (k *ceiling) UnmarshalText(text []byte) error {
	words := strings.Fields(string(text))
	if string(text) != "0" && (len(words) != 2 || words[0] != "BRL" && words[0] != "USD") {
		return fmt.Errorf("%q is not an amount such as \"BRL 500\"", text)
	}
	*k = ceiling(text)
	return nil
}

func (k ceiling) money() money {
	currency, amount, _ := strings.Cut(strings.Join(strings.Fields(string(k)), " "), " ")
	if amount == "" {
		return money{Amount: "0"}
	}
	return money{currency, amount}
}

type campaignCeilingCmd struct {
	theCampaign
	Ceiling ceiling `arg:"" help:"\"BRL 500\", or 0 for none."`
}

func (k campaignCeilingCmd) Run(ctx context.Context, c *client) error {
	path, err := k.path(ctx, c)
	if err != nil {
		return err
	}
	var got campaign
	body := map[string]any{"policy": map[string]any{"ceiling": k.Ceiling.money()}}
	raw, err := c.call(ctx, http.MethodPatch, path, body, &got, callTime)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.say("Campaign %d %s: %s", got.ID, plain(got.Name), plain(got.status())) })
}

type campaignEstimateCmd struct{ theCampaign }

func (k campaignEstimateCmd) Run(ctx context.Context, c *client) error {
	path, err := k.path(ctx, c)
	if err != nil {
		return err
	}
	var got struct {
		Contacts int64    `json:"contacts"`
		Total    []money  `json:"total"`
		Missing  []string `json:"missing"`
		Lines    []struct {
			Billing  string  `json:"billing"`
			Currency *string `json:"currency"`
			Category string  `json:"category"`
			Country  *string `json:"country"`
			Messages int64   `json:"messages"`
			Amount   string  `json:"amount"`
		} `json:"lines"`
	}
	raw, err := c.get(ctx, path+"/estimate", &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error {
		var rows [][]string
		for _, l := range got.Lines {
			amount := l.Amount
			if l.Billing == "unrated" {
				amount = "no rate"
			}
			rows = append(rows, []string{word(l.Country), l.Category, thousands(l.Messages), word(l.Currency), amount})
		}
		if err := c.table([]string{"COUNTRY", "CATEGORY", "CONTACTS", "CURRENCY", "AMOUNT"}, rows); err != nil {
			return err
		}
		for _, rate := range got.Missing {
			c.note("No rate for %s: enter it with `arauto rate set`.", plain(rate))
		}
		if len(got.Total) == 0 {
			return nil
		}
		return c.say("%s contacts: %s", thousands(got.Contacts), amounts(got.Total))
	})
}
