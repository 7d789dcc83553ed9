package api

import (
	"context"
	"net/http"
	"time"

	"arauto"
)

// Accounts is what the API asks of the store about accounts.
type Accounts interface {
	Account(ctx context.Context, id int64) (arauto.Account, error)
	UpdateAccount(ctx context.Context, actor arauto.Actor, now time.Time, a arauto.Account) (arauto.Account, error)
}

type wireAccount struct {
	ID          int64      `json:"id"`
	UUID        string     `json:"uuid"`
	Slug        string     `json:"slug"`
	Name        string     `json:"name"`
	Country     string     `json:"country" doc:"ISO 3166 alpha-2: national phone numbers are read in it"`
	TimeZone    string     `json:"time_zone"`
	Language    string     `json:"language" doc:"Of reasons and verdicts"`
	StopWords   []string   `json:"stop_words" nullable:"false"`
	ResumeWords []string   `json:"resume_words" nullable:"false"`
	Licences    int        `json:"licences" doc:"Each is worth 1,000 requests a day to the wolkvox API"`
	Rules       wireRules  `json:"rules" doc:"What the account asks of every campaign"`
	CreatedAt   *time.Time `json:"created_at"`
}

func wordAccount(a arauto.Account) *wireAccount {
	return &wireAccount{
		ID: a.ID, UUID: a.UUID, Slug: a.Slug, Name: a.Name, Country: a.Country, TimeZone: a.TimeZone, Language: string(a.Language),
		StopWords: append([]string{}, a.StopWords...), ResumeWords: append([]string{}, a.ResumeWords...), Licences: int(a.Rules.DailyRequests() / arauto.RequestsPerLicence),
		Rules: wordRules(a.Rules), CreatedAt: at(a.CreatedAt),
	}
}

type accountChange struct {
	Name        *string   `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Country     *string   `json:"country,omitempty" pattern:"^[A-Z]{2}$"`
	TimeZone    *string   `json:"time_zone,omitempty" maxLength:"64"`
	Language    *string   `json:"language,omitempty" enum:"pt,es,en"`
	StopWords   *[]string `json:"stop_words,omitempty" maxItems:"50" doc:"Whole messages that opt a person out; case and accents do not matter"`
	ResumeWords *[]string `json:"resume_words,omitempty" maxItems:"50" doc:"Whole messages that undo an opt-out"`
	Licences    *int      `json:"licences,omitempty" minimum:"1" maximum:"1000000" doc:"Each is worth 1,000 requests a day to the wolkvox API"`
	Rules       wireRules `json:"rules,omitempty" doc:"Only what is named changes"`
}

func (a *API) accounts() {
	handle(a, op{method: http.MethodGet, path: "/account", scope: arauto.TokenRead, tag: "account", summary: "The token's account"},
		func(ctx context.Context, c Caller, _ *struct{}) (*wireAccount, error) {
			account, err := a.Store.Account(ctx, c.Account.ID)
			return wordAccount(account), err
		})
	handle(a, op{method: http.MethodPatch, path: "/account", scope: arauto.TokenAdmin, tag: "account", summary: "Change the account"},
		func(ctx context.Context, c Caller, in *struct{ Body accountChange }) (*wireAccount, error) {
			account, err := a.Store.Account(ctx, c.Account.ID)
			if err != nil {
				return nil, err
			}
			set(&account.Name, in.Body.Name)
			set(&account.Country, in.Body.Country)
			set(&account.TimeZone, in.Body.TimeZone)
			set((*string)(&account.Language), in.Body.Language)
			set(&account.StopWords, in.Body.StopWords)
			set(&account.ResumeWords, in.Body.ResumeWords)
			set(&account.Rules.Licences, in.Body.Licences)
			in.Body.Rules.change(&account.Rules)
			if err := account.Check(); err != nil {
				return nil, err
			}
			if account, err = a.Store.UpdateAccount(ctx, actor(c), a.Now(), account); err != nil {
				return nil, err
			}
			if a.Forget != nil {
				a.Forget(c.Token.ID) // what is remembered of it holds the account's rules
			}
			if in.Body.Rules.tellsWhen() {
				err = a.recallAll(ctx, c)
			}
			return wordAccount(account), err
		})
}
