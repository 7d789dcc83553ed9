package store

import (
	"context"
	"slices"

	"arauto"
)

// Whoever is in flight is being sent to, though their row says pending until the message is answered. They are few, and
// in most moments of most accounts there are none: then a question is answered as if there never were.

// flightTerm is what the rows of a question leave out of who is in flight.
type flightTerm int

const (
	flightsAsRows flightTerm = iota // nobody is in flight, or it makes no difference: pending and sending are both asked for, or neither
	flightsToo                      // sending is asked for and pending is not: they belong to the answer as well
	flightsNot                      // pending is asked for and sending is not: they do not
)

// inFlight settles what the question means for those in flight.
func (cq *contactQuery) inFlight(ctx context.Context, q querier) error {
	states := cq.filter.States
	sending, pending := slices.Contains(states, arauto.ContactSending), slices.Contains(states, arauto.ContactPending)
	if sending == pending {
		return nil
	}
	any, err := all(ctx, q, scanInt, `SELECT attempt_id FROM intent WHERE account_id = $1 LIMIT 1`, cq.account)
	switch {
	case err != nil || len(any) == 0:
	case sending:
		cq.flights = flightsToo
	default:
		cq.flights = flightsNot
	}
	return err
}

// isFlying is the condition that c is in flight.
const isFlying = `c.state = 'pending' AND EXISTS (SELECT 1 FROM intent i WHERE i.account_id = c.account_id AND i.person_key = c.person_key AND i.contact_id = c.id)`

// flightsLeg is the ids of those in flight as one more stream: $1 to $4 are as page has them, and what more it asks is
// added to args.
func (cq *contactQuery) flightsLeg(args []any) (string, []any) {
	where, args := cq.flightsAsked(args)
	joins := ""
	if cq.filter.Intent != arauto.IntentAny {
		joins = contactJoins
	}
	return `SELECT * FROM (SELECT c.account_id, c.id FROM intent i CROSS JOIN contact c` + joins + ` WHERE i.account_id = $1 AND c.account_id = $1 AND c.id = i.contact_id AND c.state = 'pending'
		AND c.id >= $2 AND c.id < $3 AND c.deleted_at = 0` + where + cq.where + ` ORDER BY c.id DESC LIMIT $4) f`, args
}

// flightsAsked is what streams say by themselves: the campaigns and the channel.
func (cq *contactQuery) flightsAsked(args []any) (string, []any) {
	where := ""
	if len(cq.filter.Campaigns) > 0 {
		args = append(args, cq.store.db.list(cq.filter.Campaigns))
		where = " AND " + cq.store.db.in("c.campaign_id", "$"+itoa(len(args)))
	}
	if cq.filter.Channel == arauto.ChannelVoice {
		where += " AND c.dial <> ''"
	}
	return where, args
}

// countFlights is by how many the streams, counted as rows, are wrong.
func (cq *contactQuery) countFlights(ctx context.Context, q querier) (int64, error) {
	if cq.flights == flightsAsRows {
		return 0, nil
	}
	where, args := cq.flightsAsked([]any{cq.account, cq.from, cq.upTo})
	n, err := one(ctx, q, scanInt, `SELECT count(*) FROM intent i CROSS JOIN contact c WHERE i.account_id = $1 AND c.account_id = $1 AND c.id = i.contact_id AND c.state = 'pending'
		AND c.id >= $2 AND c.id <= $3 AND c.deleted_at = 0`+where, args...)
	if cq.flights == flightsNot {
		n = -n
	}
	return n, err
}
