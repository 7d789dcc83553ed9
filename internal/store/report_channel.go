package store

import (
	"context"

	"arauto"
)

// otherChannels are the campaigns that a filter by channel leaves out; none without one. Campaigns are few.
func (cq *contactQuery) otherChannels(ctx context.Context, q querier) (map[int64]bool, error) {
	if cq.filter.Channel == "" {
		return nil, nil
	}
	list, err := all(ctx, q, scanInt, `SELECT id FROM campaign WHERE account_id = $1 AND channel <> $2`, cq.account, cq.filter.Channel)
	others := make(map[int64]bool, len(list))
	for _, id := range list {
		others[id] = true
	}
	return others, err
}

// wantedStates are the states in which a filter looks: of dial statuses, those that they mean.
func wantedStates(f arauto.ContactFilter) []arauto.ContactState {
	if len(f.States) > 0 {
		return f.States
	}
	var states []arauto.ContactState
	for _, d := range f.Dials {
		states = append(states, d.State())
	}
	return states
}
