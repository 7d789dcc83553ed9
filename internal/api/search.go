package api

import (
	"context"
	"net/http"

	"arauto"
)

// Searching is what the API asks of the store about the search index.
type Searching interface {
	SearchProgress(ctx context.Context, account int64) (arauto.SearchProgress, error)
}

type wireSearch struct {
	IndexedTo int64 `json:"indexed_to" doc:"The highest contact id in the index"`
	Newest    int64 `json:"newest" doc:"The highest contact id there is"`
	Stale     int64 `json:"stale" doc:"Contacts in the index that changed since they were put there"`
	Behind    int64 `json:"behind" doc:"How many contacts are looked at row by row, at most"`
	Complete  bool  `json:"complete" doc:"False while so many are that answers take longer. They are exact either way"`
}

func (a *API) searching() {
	handle(a, op{
		method: http.MethodGet, path: "/search", scope: arauto.TokenRead, tag: "contacts", summary: "How far the search index is",
		more: "Names, parts of phones and custom fields are found by an index that follows the contacts within a minute. Whoever is not in it yet is found as well.",
	}, func(ctx context.Context, c Caller, _ *struct{}) (*wireSearch, error) {
		p, err := a.Store.SearchProgress(ctx, c.Account.ID)
		return &wireSearch{IndexedTo: p.IndexedTo, Newest: p.Newest, Stale: p.Stale, Behind: p.Behind(), Complete: p.Complete()}, err
	})
}
